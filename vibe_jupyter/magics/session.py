"""One shell's session with the platform: parse a line, run it, show what comes of it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from vibe_jupyter.client.commands.helping import asked_for_help, help_of
from vibe_jupyter.client.commands.own import Order
from vibe_jupyter.client.commands.parser import split_line
from vibe_jupyter.client.commands.running import run
from vibe_jupyter.client.commands.verbs import find_verb, parse
from vibe_jupyter.core.errors import InvalidInput, VibeError
from vibe_jupyter.core.settings import load_settings
from vibe_jupyter.magics.display import show_listings, show_models

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.commands.verbs import Verb
    from vibe_jupyter.client.handles import TaskHandle

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
        show_listings(shell)

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
        if (asked := asked_for_help(words, "magic")) is not None:
            return help_of("magic", asked, lambda: self.client)
        verb, rest = find_verb(words, "magic")
        if cell is not None and not verb.takes_body:
            raise InvalidInput(
                f"%%vibe {verb.words} takes no cell", code="command.no_cell", hint=f"use %vibe {verb.words}"
            )
        arguments, fields = parse(verb, rest, "magic", lambda typed: verb.schema(self.client, typed))
        out = arguments.pop("out", None)
        if out is not None and not out.isidentifier():
            raise InvalidInput(f"{out!r} is no variable name", code="command.invalid", hint="e.g. -o result")
        result = self._run(verb, Order(arguments, fields, cell))
        if out is None:
            return result
        self._shell.user_ns[out] = result
        return None

    def _run(self, verb: Verb, order: Order) -> Any:
        if verb.words == "help":
            return help_of("magic", order.arguments.get("verb") or (), lambda: self.client)
        if verb.words == "connect":
            return self._connect(order.arguments)
        return run(verb, order, self)

    @property
    def names(self) -> dict[str, Any]:
        """Return the user's variables."""
        names: dict[str, Any] = self._shell.user_ns
        return names

    def follow(self, handle: TaskHandle) -> TaskHandle:
        """Wait for a task, showing how far it is."""
        from vibe_jupyter.widgets.progress import follow

        return follow(handle)

    def value_of(self, text: str) -> Any:
        """Return the value of a variable."""
        from vibe_jupyter.core.errors import nearest

        if text not in self._shell.user_ns:
            near = nearest(text, self.variables)
            raise InvalidInput(
                f"there is no variable {text!r}",
                code="command.no_variable",
                hint=f"did you mean {near[0]}?" if near else "run the cell that makes it first",
            )
        return self._shell.user_ns[text]

    def _connect(self, arguments: dict[str, Any]) -> Any:
        from vibe_jupyter.client.api import connect

        client = connect(arguments.get("url"), arguments.get("token"))
        client.platform.health()
        self._use(client)
        return self._card()

    def _use(self, client: VibeClient) -> None:
        self._client = client
        show_models(self._shell, client.operations)

    def _card(self) -> Any:
        from vibe_jupyter.widgets.rendering import StatusCard

        client = self.client
        recent = client.tasks.history(limit=5, results=False).items
        return StatusCard(status=client.platform.status(), recent=recent, where=client.where)
