"""The command line: parse, run, print. Exit codes: 0 done, 1 failed, 2 not understood."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.commands.verbs import find_verb, help_text, is_group, parse
from vibe_jupyter.core.errors import InvalidInput, VibeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.client.commands.verbs import Verb

__all__ = ["main"]

_UNCUT = 100_000
"""Columns of a pipe or a file: nothing is cut there."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _main(words)
    except VibeError as error:
        if os.environ.get("VIBE_DEBUG", "").lower() in ("1", "true", "yes", "on"):
            traceback.print_exc()
        print(f"{error.code}: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return 2 if error.code.startswith(("command.", "config.")) else 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader has seen enough
        sys.stderr.close()
        return 0


def _main(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(f"usage: jupyter vibe VERB ...\n\n{help_text('cli')}")
        return 0
    if words == ["--version"]:
        from vibe_jupyter import __version__

        print(__version__)
        return 0
    if words[-1] in ("-h", "--help"):
        print(help_text("cli", words[:-1]))
        return 0
    if is_group(words, "cli"):
        print(help_text("cli", words))
        return 0
    verb, rest = find_verb(words, "cli")
    arguments, fields = parse(verb, rest, "cli")
    if verb.words == "help":
        print(help_text("cli", arguments.get("verb") or ()))
        return 0
    as_json = bool(arguments.get("json"))
    result = _run(verb, arguments, fields)
    if result is not None:
        print(_json(result) if as_json else _text(result))
    return _exit_code(result)


def _run(verb: Verb, arguments: dict[str, Any], fields: dict[str, str]) -> Any:
    if verb.local is not None:
        return verb.local.run(arguments)
    from vibe_jupyter.client.api import connect
    from vibe_jupyter.client.commands.tasks import create_task, task_id_of

    assert verb.operation is not None
    arguments.pop("json", None)
    no_wait = arguments.pop("no_wait", False)
    client = connect()
    if verb.words == "task":
        text = " ".join(arguments.pop("text", ()))
        value = _input(arguments.pop("input")) if "input" in arguments else None
        handle = create_task(client, arguments, text=text, value=value, fields=fields)
        return handle if no_wait else _follow(handle)
    if "task_id" in verb.operation.path_names:
        arguments["task_id"] = task_id_of(client, arguments["task_id"], {})
    slice_, _, name = verb.operation.name.partition(".")
    result = getattr(getattr(client, slice_), name)(**arguments)
    return _follow(result) if verb.operation.name == "tasks.retry" and not no_wait else result


def _follow(handle: Any) -> Any:
    from vibe_jupyter.widgets.progress import follow

    return follow(handle, None)


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
