"""One shell's session with the platform: parse a line, run it, show what comes of it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from vibe_jupyter.client.commands.parser import split_line
from vibe_jupyter.client.commands.verbs import find_verb, help_text, parse
from vibe_jupyter.core.errors import InvalidInput, VibeError
from vibe_jupyter.core.settings import load_settings

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.commands.verbs import Verb

__all__ = ["Session", "session_of"]

_sessions: WeakKeyDictionary[InteractiveShell, Session] = WeakKeyDictionary()


def session_of(shell: InteractiveShell) -> Session:
    """Return the session of a shell."""
    if shell not in _sessions:
        _sessions[shell] = Session(shell)
    return _sessions[shell]


class Session:
    """What `%vibe` remembers between cells: the client."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._client: VibeClient | None = None

    @property
    def client(self) -> VibeClient:
        """Return the client; the first use finds a server or starts the platform in this process."""
        if self._client is None:
            from vibe_jupyter.client.api import connect

            self._use(connect())
        assert self._client is not None
        return self._client

    @property
    def is_connected(self) -> bool:
        """Return whether the platform was asked before: completion never connects by itself."""
        return self._client is not None

    @property
    def variables(self) -> list[str]:
        """Return the names of the user's own variables."""
        hidden = self._shell.user_ns_hidden
        return [name for name in self._shell.user_ns if not name.startswith("_") and name not in hidden]

    def run(self, line: str, cell: str | None) -> Any:
        """Run a line, with the cell below it, and return what the cell's value shall be.

        Raises:
            VibeError: with what to do; it fails the cell, and so a headless run.
        """
        try:
            return self._run_line(line, cell)
        except VibeError:
            if load_settings().debug:
                traceback.print_exc()
            raise

    def _run_line(self, line: str, cell: str | None) -> Any:
        words = split_line(line)
        if not words:
            if cell is not None and cell.strip():
                raise InvalidInput(
                    "%%vibe needs a verb", code="command.no_verb", hint="e.g. %%vibe task --type file_search"
                )
            return self._card()
        if words[-1] in ("--help", "-h", "?"):
            return _Text(help_text("magic", words[:-1]))
        verb, rest = find_verb(words, "magic")
        arguments, fields = parse(verb, rest, "magic")
        out = arguments.pop("out", None)
        if out is not None and not out.isidentifier():
            raise InvalidInput(f"{out!r} is no variable name", code="command.invalid", hint="e.g. -o result")
        result = self._run(verb, arguments, fields, cell)
        if out is None:
            return result
        self._shell.user_ns[out] = result
        return None

    def _run(self, verb: Verb, arguments: dict[str, Any], fields: dict[str, str], cell: str | None) -> Any:
        if verb.words == "help":
            return _Text(help_text("magic", arguments.get("verb") or ()))
        if verb.words == "connect":
            return self._connect(arguments)
        if cell is not None and verb.words != "task":
            raise InvalidInput(
                f"%%vibe {verb.words} takes no cell", code="command.no_cell", hint=f"use %vibe {verb.words}"
            )
        if verb.local is not None:
            return verb.local.run(arguments)
        assert verb.operation is not None
        if verb.words == "task":
            return self._task(arguments, fields, cell)
        if "task_id" in verb.operation.path_names:
            from vibe_jupyter.client.commands.tasks import task_id_of

            arguments["task_id"] = task_id_of(self.client, arguments["task_id"], self._shell.user_ns)
        no_wait = arguments.pop("no_wait", False)
        slice_, _, name = verb.operation.name.partition(".")
        result = getattr(getattr(self.client, slice_), name)(**arguments)
        if verb.operation.name == "tasks.retry" and not no_wait:
            return self._follow(result)
        return result

    def _task(self, arguments: dict[str, Any], fields: dict[str, str], cell: str | None) -> Any:
        from vibe_jupyter.client.commands.tasks import create_task, parse_body

        text = " ".join(arguments.pop("text", ()))
        no_wait = arguments.pop("no_wait", False)
        name = arguments.pop("input", None)
        value = None if name is None else self._variable(name)
        if cell is not None:
            if value is not None:
                raise InvalidInput(
                    "the input comes from --input or from the cell, not from both", code="command.invalid"
                )
            value = parse_body(cell)
        handle = create_task(self.client, arguments, text=text, value=value, fields=fields, name=name)
        return handle if no_wait else self._follow(handle)

    def _follow(self, handle: Any) -> Any:
        from vibe_jupyter.widgets.progress import follow

        return follow(handle, self._shell)

    def _variable(self, name: str) -> Any:
        from vibe_jupyter.core.errors import nearest

        if name not in self._shell.user_ns:
            near = nearest(name, self.variables)
            raise InvalidInput(
                f"there is no variable {name!r}",
                code="command.no_variable",
                hint=f"did you mean {near[0]}?" if near else "run the cell that makes it first",
            )
        return self._shell.user_ns[name]

    def _connect(self, arguments: dict[str, Any]) -> Any:
        from vibe_jupyter.client.api import connect

        client = connect(arguments.get("url"), arguments.get("token"))
        client.platform.health()
        self._use(client)
        return self._card()

    def _use(self, client: VibeClient) -> None:
        self._client = client
        from vibe_jupyter.magics.display import show_models

        show_models(self._shell, client.operations)

    def _card(self) -> Any:
        from vibe_jupyter.widgets.rendering import StatusCard

        client = self.client
        recent = client.tasks.history(limit=5, results=False).items
        return StatusCard(status=client.platform.status(), recent=recent, where=client.where)


class _Text:
    """A text that is shown as it stands."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text
