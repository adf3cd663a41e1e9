"""What a Space's build and app write, line by line, and what of it says why it failed."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from vibe_jupyter.core.masking import masked
from vibe_jupyter.core.plain_text import clean
from vibe_jupyter.core.services.failures import ExternalError
from vibe_jupyter.core.services.huggingface.names import quoted
from vibe_jupyter.core.services.huggingface.schemas import LogLine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from vibe_jupyter.core.services.huggingface.calling import HubCalls
    from vibe_jupyter.core.services.huggingface.schemas import LogKind

__all__ = ["Reason", "SpaceLogs", "collected", "reason_of"]

_OPERATION = "logs"
_LINE_MAX_CHARACTERS = 4000
_QUIET_S = 120.0
_RECONNECTS = 5
_SHOWN_LINES = 20


class SpaceLogs:
    """Reads the logs of Spaces.

    Args:
        idle_s: the hub keeps a log open although all of it has come: so long without a line, in seconds, and it has.
    """

    def __init__(self, calls: HubCalls, *, idle_s: float) -> None:
        self._calls = calls
        self.idle_s = idle_s

    async def lines(
        self, space_id: str, kind: LogKind, *, follow: bool, since: str | None = None
    ) -> AsyncIterator[LogLine]:
        """Yield the lines of a log; each once, also over a connection that broke.

        Args:
            follow: whether to wait for further lines until the hub closes the log.
            since: timestamp of a line; that one and older ones are left out.

        Raises:
            ExternalError: the log cannot be read, or not any longer.
        """
        import httpx2

        path = f"/api/spaces/{quoted(space_id)}/logs/{kind}"
        seen = _Seen(since)
        failures = 0
        while True:
            came = False
            try:
                async with self._calls.stream(
                    _OPERATION, path, subject=f"the {kind} log of {space_id}",
                    idle_s=_QUIET_S if follow else self.idle_s,
                ) as response:  # fmt: skip
                    seen.start_again()
                    async for line in response.aiter_lines():
                        for shown in _log_lines(line, kind):
                            if seen.is_new(shown):
                                came = True
                                yield shown
                return
            except httpx2.ReadTimeout:
                if not follow:
                    return
            except httpx2.TransportError as problem:
                failures = 1 if came else failures + 1
                if failures > _RECONNECTS:
                    raise self._broken(problem, space_id, kind) from None
            except ExternalError as error:
                failures = 1 if came else failures + 1
                if not error.retryable or failures > _RECONNECTS:
                    raise
                await self._calls.pause(error, failures)

    def _broken(self, problem: Exception, space_id: str, kind: LogKind) -> ExternalError:
        from vibe_jupyter.core.services.failures import ServiceUnreachable

        return ServiceUnreachable(
            f"the {kind} log of {space_id} breaks off again and again ({type(problem).__name__})",
            service="huggingface", operation=_OPERATION, hint="look at the connection",
        )  # fmt: skip


class _Seen:
    """What has been yielded: the hub sends a log from its beginning, again with every connection."""

    def __init__(self, since: str | None) -> None:
        self._last = since
        self._at_last = None if since is not None else 0  # lines with that timestamp; None: all of them
        self._skipped = 0

    def start_again(self) -> None:
        self._skipped = 0

    def is_new(self, line: LogLine) -> bool:
        stamp = line.timestamp or ""
        if self._last is not None and stamp < self._last:
            return False
        if stamp == self._last:
            if self._at_last is None:
                return False
            self._skipped += 1
            if self._skipped <= self._at_last:
                return False
            self._at_last += 1
            return True
        self._last, self._at_last, self._skipped = stamp, 1, 1
        return True


def _log_lines(line: str, kind: LogKind) -> list[LogLine]:
    """Return what one line of the event stream holds; nothing for signs of life and for what is no event."""
    if not line.startswith("data:"):
        return []
    try:
        event = json.loads(line[5:])
        text, stamp = str(event["data"]), event.get("timestamp")
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
    return [
        LogLine(kind=kind, text=clean(masked(part), limit=_LINE_MAX_CHARACTERS), timestamp=stamp)
        for part in text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    ]


class Reason(NamedTuple):
    """Why a Space failed.

    Args:
        words: the line that says it.
        hint: what to change.
        lines: the end of the log around it.
    """

    words: str
    hint: str
    lines: list[str]


_REASONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"No matching distribution found for (?P<what>\S+)"),
        "requirements.txt names {what}, which PyPI does not have so: correct the name or the version",
    ),
    (
        re.compile(r"ResolutionImpossible|conflicting dependencies"),
        "requirements.txt asks for versions that exclude each other: loosen one of them",
    ),
    (
        re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '(?P<what>[^']+)'"),
        "add the package of {what} to requirements.txt",
    ),
    (
        re.compile(r"can't open file '(?P<what>[^']+)'"),
        "app_file in README.md must name the file that is the app; {what} is not there",
    ),
    (re.compile(r"^\s*(?:SyntaxError|IndentationError|TabError): .+"), "correct it and deploy again"),
    (
        re.compile(r"Memory limit exceeded|OOMKilled|exit code: 137"),
        "it needs more memory than the hardware has: load less, or take larger hardware",
    ),
    (
        re.compile(r"launch timed out|was not healthy"),
        "the app must listen on 0.0.0.0, port 7860 (or app_port of README.md)",
    ),
    (
        re.compile(r"storage limit exceeded", re.IGNORECASE),
        "the app writes more than the Space's disk holds",
    ),
    (
        re.compile(r"^(?:[\w.]+(?:Error|Exception|Exit|Interrupt))\b.*"),
        "correct it in the app and deploy again",
    ),
    (re.compile(r"^(?:ERROR|error|E:)\b.*|failed to solve.*"), "correct it and deploy again"),
)
_STAGE_HINTS = {
    "NO_APP_FILE": "add the app's file, or name yours in README.md as app_file",
    "CONFIG_ERROR": "correct what README.md declares between its lines of dashes",
    "PAUSED": "restart the Space",
    "STOPPED": "restart the Space",
    "DELETING": "make it again",
}


def reason_of(stage: str, error: str | None, lines: Sequence[str]) -> Reason:
    """Return why a Space came to a stage in which it does not run.

    Args:
        stage: in the hub's words.
        error: the hub's own message, if it gives one.
        lines: its log, oldest first.

    >>> reason_of("RUNTIME_ERROR", None, ["Traceback", "ModuleNotFoundError: No module named 'torch'"]).hint
    'add the package of torch to requirements.txt'
    """
    texts = [line.strip() for line in lines if line.strip()]
    if error:
        texts.extend(
            part.strip() for part in clean(error, limit=_LINE_MAX_CHARACTERS, one_line=False).splitlines()
        )
    for pattern, hint in _REASONS:
        for text in reversed(texts):
            if found := pattern.search(text):
                words = found.groupdict()
                return Reason(text, hint.format(**words), texts[-_SHOWN_LINES:])
    last = texts[-1] if texts else {"NO_APP_FILE": "there is no app file"}.get(stage, f"it is {stage}")
    hint = _STAGE_HINTS.get(stage, "look at its log")
    return Reason(last, hint, texts[-_SHOWN_LINES:])


async def collected(lines: AsyncIterator[LogLine], limit_s: float) -> list[str]:
    """Return the texts of a log, as far as they come in time."""
    texts: list[str] = []
    try:
        async with asyncio.timeout(limit_s):
            async for line in lines:
                texts.append(line.text)  # noqa: PERF401 - what came before the time is up stays
    except TimeoutError:
        texts.append(f"(the log went on for more than {limit_s:g} s)")
    return texts
