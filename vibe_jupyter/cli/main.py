"""The command line: parse, run, print. Exit codes: 0 done, 1 failed, 2 not understood."""

from __future__ import annotations

import functools
import json
import os
import sys
import traceback
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.commands.helping import asked_for_help, help_of
from vibe_jupyter.client.commands.own import Order
from vibe_jupyter.client.commands.running import run
from vibe_jupyter.client.commands.verbs import find_verb, help_text, parse
from vibe_jupyter.core.errors import InvalidInput, VibeError
from vibe_jupyter.core.operations import Document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.handles import TaskHandle

__all__ = ["main"]

_UNCUT = 100_000
"""Columns of a pipe or a file: nothing is cut there."""
_SHOWN_OF_ERROR = 4000
_OF_SESSIONS = frozenset({"mcp logs", "mcp health"})
_NOTHING_KEPT = """\
without a Jupyter server each command starts its MCP servers anew, and ends them: of earlier ones nothing is kept"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    place = _Terminal()
    try:
        return _main(words, place)
    except VibeError as error:
        if os.environ.get("VIBE_DEBUG", "").lower() in ("1", "true", "yes", "on"):
            traceback.print_exc()
        from vibe_jupyter.core.plain_text import clean

        error.hint = _hint(error.hint, place)
        for line in [f"{error.code}: {error.message}", *error.lines[1:]]:
            print(clean(line, limit=_SHOWN_OF_ERROR, one_line=False), file=sys.stderr)
        return 2 if error.code.startswith(("command.", "config.")) else 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader has seen enough
        sys.stderr.close()
        return 0


def _main(words: list[str], place: _Terminal) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(f"usage: jupyter vibe VERB ...\n\n{help_text('cli')}")
        return 0
    if words == ["--version"]:
        from vibe_jupyter import __version__

        print(__version__)
        return 0
    if (asked := asked_for_help(words, "cli")) is not None:
        print(_text(help_of("cli", asked, lambda: place.client)))
        return 0
    verb, rest = find_verb(words, "cli")
    arguments, fields = parse(verb, rest, "cli", lambda typed: verb.schema(place.client, typed))
    if verb.words == "help":
        print(_text(help_of("cli", arguments.get("verb") or (), lambda: place.client)))
        return 0
    as_json = bool(arguments.get("json"))
    if verb.local is None:
        arguments.pop("json", None)
    result = run(verb, Order(arguments, fields), place)
    if isinstance(result, Document) and not as_json:
        return _put_out(result)
    if result is not None:
        print(_json(result) if as_json else _text(result))
    if verb.words in _OF_SESSIONS and place.keeps_nothing:
        print(_NOTHING_KEPT, file=sys.stderr)
    return _exit_code(result)


class _Terminal:
    """Where a line was typed."""

    names: Mapping[str, Any] = {}

    @functools.cached_property
    def client(self) -> VibeClient:
        """Return the client."""
        from vibe_jupyter.client.api import connect

        return connect()

    @property
    def keeps_nothing(self) -> bool:
        """Return whether the MCP servers that a line has started end with it."""
        from vibe_jupyter.client.in_process import InProcessTransport

        return "client" in vars(self) and isinstance(self.client.transport, InProcessTransport)

    def follow(self, handle: TaskHandle) -> TaskHandle:
        """Wait for a task."""
        from vibe_jupyter.widgets.progress import follow

        return follow(handle)

    def value_of(self, text: str) -> Any:
        """Return JSON or YAML, or what `@FILE` has of it."""
        return _input(text)


def _hint(hint: str | None, place: _Terminal) -> str | None:
    """Return a hint as it holds in a terminal."""
    if hint is None:
        return None
    if "%vibe mcp logs" in hint and place.keeps_nothing:
        hint = "what the server has said last stands above; run its command by itself to see all of it"
    return hint.replace("%%vibe", "jupyter vibe").replace("%vibe", "jupyter vibe")


def _put_out(document: Document) -> int:
    """Write a file's bytes where the output goes to a file or pipe; save it where a person looks on."""
    if sys.stdout.isatty():
        print(f"saved {document.save()} ({document.media_type}, {len(document.content):,} bytes)")
        return 0
    sys.stdout.buffer.write(document.content)
    sys.stdout.flush()
    return 0


def _input(text: str) -> Any:
    """Return `--input`: JSON or YAML, or `@FILE` with it."""
    from vibe_jupyter.client.commands.tasks import parse_body

    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{text[1:]} cannot be read: {error}", code="command.invalid") from error
    return parse_body(text)


def _plain(result: Any) -> Any:
    from pydantic import BaseModel

    result = getattr(result, "task", result)
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json")
    if isinstance(result, list):
        return [_plain(item) for item in result]
    if is_dataclass(result):
        from vibe_jupyter.widgets.rendering.strict_json import as_json

        return as_json(result)
    return result


def _json(result: Any) -> str:
    return json.dumps(_plain(result), ensure_ascii=False)


def _text(result: Any) -> str:
    from vibe_jupyter.widgets.rendering import as_text

    if isinstance(result, str):
        return result
    if sys.stdout.isatty():
        return str(as_text(result, color=True))
    return str(as_text(result, width=_UNCUT))


def _exit_code(result: Any) -> int:
    """Return 1 where the answer itself is that something is wrong."""
    if isinstance(result, list):
        return int(any(getattr(item, "status", None) == "problem" for item in result))
    return int(getattr(result, "ok", True) is False)
