"""Spaces beside their files: what they do, their secrets and variables, and following one until it runs."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Literal, Self

from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.plain_text import clean
from vibe_jupyter.core.services.failures import ExternalError, ServiceInvalid, ServiceTimeout
from vibe_jupyter.core.services.huggingface.names import checked_keys
from vibe_jupyter.core.services.huggingface.repositories import named
from vibe_jupyter.core.services.huggingface.schemas import SpaceStatus, Variables
from vibe_jupyter.core.services.huggingface.space_logs import collected, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vibe_jupyter.core.services.huggingface.calling import HubCalls
    from vibe_jupyter.core.services.huggingface.repositories import Repositories
    from vibe_jupyter.core.services.huggingface.schemas import LogKind, LogLine
    from vibe_jupyter.core.services.huggingface.space_logs import SpaceLogs

__all__ = ["Spaces"]

_ERROR_MAX_CHARACTERS = 2000
_LOG_LIMIT_S = 20.0
_LAST_LINES_S = 5.0
_QUIET_S = 1.0
_BELIEVED_AFTER_S = 15.0
_log = get_logger("huggingface")
_FAILED = frozenset({"BUILD_ERROR", "RUNTIME_ERROR", "CONFIG_ERROR", "NO_APP_FILE"})


class Spaces:
    """What is done with a Space that is there."""

    def __init__(self, calls: HubCalls, repositories: Repositories, logs: SpaceLogs) -> None:
        self._calls = calls
        self._repositories = repositories
        self._logs = logs

    async def status(self, space_id: str, *, operation: str = "status") -> SpaceStatus:
        """Return what a Space does now."""
        return await self._runtime(space_id, "GET", "runtime", operation)

    async def restart(self, space_id: str, *, factory: bool) -> SpaceStatus:
        """Restart a Space; with `factory` it is built from nothing."""
        parameters = {"factory": "true"} if factory else None
        return await self._runtime(space_id, "POST", "restart", "restart", parameters)

    async def pause(self, space_id: str) -> SpaceStatus:
        """Stop a Space until somebody restarts it."""
        return await self._runtime(space_id, "POST", "pause", "pause")

    async def names(self, space_id: str, what: Literal["secrets", "variables"]) -> list[str]:
        """Return the names of a Space's secrets or variables, sorted."""
        return sorted(await self._settings(space_id, what, f"list_{what}"))

    async def set_values(
        self, space_id: str, what: Literal["secrets", "variables"], values: Mapping[str, str]
    ) -> Variables:
        """Set secrets or variables. Of variables only those that differ: each change restarts the Space."""
        operation = f"set_{what}"
        checked_keys(values, operation)
        is_secret = what == "secrets"
        known = {} if is_secret else await self._settings(space_id, what, operation)
        changed = [name for name, value in values.items() if is_secret or known.get(name) != value]
        for name in changed:
            await self._calls.ask(
                operation, "POST", f"{self._repositories.api('space', space_id)}/{what}", lambda _: None,
                subject=f"{name} of {named('space', space_id)}",
                json={"key": name, "value": values[name]}, secrets=list(values.values()) if is_secret else (),
            )  # fmt: skip
        return Variables(set=changed, unchanged=[name for name in values if name not in changed])

    async def remove_value(self, space_id: str, what: Literal["secrets", "variables"], name: str) -> None:
        """Remove a secret or variable."""
        operation = f"remove_{what}"
        checked_keys([name], operation)
        await self._calls.ask(
            operation, "DELETE", f"{self._repositories.api('space', space_id)}/{what}", lambda _: None,
            subject=f"{name} of {named('space', space_id)}", json={"key": name},
        )  # fmt: skip

    async def follow(
        self,
        space_id: str,
        *,
        on_stage: Callable[[SpaceStatus], None] | None,
        on_log: Callable[[LogLine], None] | None,
        timeout_s: float,
        poll_s: float,
        commit: str | None,
    ) -> SpaceStatus:
        """Wait until a Space runs; see `HFService.follow`."""
        began = time.monotonic()
        deadline = began + timeout_s
        stage: str | None = None
        async with _LogReaders(self._logs, space_id, on_log) as readers:
            while True:
                status = await self.status(space_id, operation="follow")
                if status.stage != stage:
                    stage = status.stage
                    if on_stage is not None:
                        on_stage(status)
                    readers.look_at("build" if stage.endswith("BUILDING") else "run")
                # Just after a commit the hub still speaks of the one before.
                is_of_before = commit is not None and status.commit not in (None, commit)
                if is_of_before and stage in _FAILED and time.monotonic() - began > _BELIEVED_AFTER_S:
                    is_of_before = False  # what was never built runs no commit
                if status.is_final and not is_of_before:
                    await readers.last_lines(min(_QUIET_S, self._logs.idle_s))
                    break
                if time.monotonic() >= deadline:
                    raise ServiceTimeout(
                        f"{named('space', space_id)} is still {stage} after {timeout_s:g} s",
                        service="huggingface", operation="follow",
                        hint="it goes on without us: ask for its status later", data={"stage": stage},
                    )  # fmt: skip
                await asyncio.sleep(min(poll_s, max(0.0, deadline - time.monotonic())))
        if status.is_running:
            return status
        raise await self._failed(status)

    async def _failed(self, status: SpaceStatus) -> ServiceInvalid:
        """Return the error for a Space that does not run, with what its logs say."""
        kind: LogKind = "build" if status.stage == "BUILD_ERROR" else "run"
        lines: list[str] = []
        if status.stage in ("BUILD_ERROR", "RUNTIME_ERROR"):
            try:
                lines = await collected(self._logs.lines(status.id, kind, follow=False), _LOG_LIMIT_S)
            except ExternalError as error:
                lines = [f"(its log cannot be read: {error.message})"]
        reason = reason_of(status.stage, status.error, lines)
        return ServiceInvalid(
            f"{named('space', status.id)} does not run ({status.stage}): {reason.words}",
            service="huggingface", operation="follow", hint=f"{reason.hint}; its page: {status.url}",
            data={"stage": status.stage, "reason": reason.words, "log": reason.lines, "url": status.url},
        )  # fmt: skip

    async def _runtime(
        self, space_id: str, method: str, verb: str, operation: str, parameters: dict[str, str] | None = None
    ) -> SpaceStatus:
        page = self._repositories.page("space", space_id)

        def read(data: Any) -> SpaceStatus:
            hardware = data.get("hardware") or {}
            domains = [one["domain"] for one in data.get("domains") or [] if one.get("domain")]
            error = data.get("errorMessage")
            return SpaceStatus(
                id=space_id, stage=str(data["stage"]), url=page,
                hardware=hardware.get("current"), requested_hardware=hardware.get("requested"),
                app_url=f"https://{domains[0]}" if domains else None,
                error=clean(str(error), limit=_ERROR_MAX_CHARACTERS, one_line=False) if error else None,
                commit=data.get("sha"),
            )  # fmt: skip

        return await self._calls.ask(
            operation, method, f"{self._repositories.api('space', space_id)}/{verb}", read,
            subject=named("space", space_id), params=parameters,
        )  # fmt: skip

    async def _settings(self, space_id: str, what: str, operation: str) -> dict[str, str | None]:
        """Return the values by name; the hub keeps those of secrets to itself."""
        return await self._calls.ask(
            operation, "GET", f"{self._repositories.api('space', space_id)}/{what}",
            lambda data: {str(name): one.get("value") for name, one in data.items()},
            subject=f"the {what} of {named('space', space_id)}",
        )  # fmt: skip


class _LogReaders:
    """Reads one log at a time beside the polling, and tells its lines; a log that cannot be read ends nothing."""

    def __init__(self, logs: SpaceLogs, space_id: str, on_log: Callable[[LogLine], None] | None) -> None:
        self._logs = logs
        self._id = space_id
        self._on_log = on_log
        self._tasks: dict[LogKind, asyncio.Task[None]] = {}
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def look_at(self, kind: LogKind) -> None:
        """Begin to read a log, unless it has been begun or nobody wants its lines."""
        if self._on_log is not None and kind not in self._tasks:
            self._tasks[kind] = asyncio.create_task(self._read(kind, self._on_log))

    async def last_lines(self, quiet_s: float) -> None:
        """Wait until the logs have ended or are quiet: the log of an app that runs never ends.

        Raises:
            Exception: what `on_log` has raised.
        """
        deadline = time.monotonic() + _LAST_LINES_S
        while (going_on := {task for task in self._tasks.values() if not task.done()}) and (
            time.monotonic() < deadline
        ):
            self._news.clear()
            news = asyncio.create_task(self._news.wait())
            happened, _ = await asyncio.wait(
                {*going_on, news}, timeout=quiet_s, return_when=asyncio.FIRST_COMPLETED
            )
            news.cancel()
            if not happened:
                break
        for task in self._tasks.values():
            if task.done():
                task.result()

    async def _read(self, kind: LogKind, on_log: Callable[[LogLine], None]) -> None:
        try:
            async for line in self._logs.lines(self._id, kind, follow=True):
                on_log(line)
                self._news.set()
        except ExternalError as error:
            _log.info("a log cannot be followed", log=kind, space=self._id, code=error.code)
