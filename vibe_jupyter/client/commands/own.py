"""Verbs to which the command line adds something: more than one operation, a wait, options of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from vibe_jupyter.client.commands.local import BOTH, Surface

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.commands.fields import Fields
    from vibe_jupyter.client.commands.parser import Parser
    from vibe_jupyter.client.handles import TaskHandle

__all__ = ["Order", "OwnVerb", "Place", "nothing_more"]


class Place(Protocol):
    """Where a line was typed: a notebook, or a terminal."""

    @property
    def client(self) -> VibeClient:
        """Return the client; the first use connects."""

    @property
    def names(self) -> Mapping[str, Any]:
        """Return the person's variables; none in a terminal."""

    def value_of(self, text: str) -> Any:
        """Return what `--input` means here."""

    def follow(self, handle: TaskHandle) -> TaskHandle:
        """Wait for a task, showing how far it is."""


@dataclass(frozen=True)
class Order:
    """What was typed.

    Args:
        arguments: the declared ones.
        fields: `--name value` pairs whose names only a schema knows.
        body: the cell below the line.
    """

    arguments: dict[str, Any]
    fields: Fields = field(default_factory=dict)
    body: str | None = None


def nothing_more(_parser: Parser, _surface: Surface) -> None:
    """Add no options."""


@dataclass(frozen=True)
class OwnVerb:
    """A verb that the command line does with the client.

    Args:
        run: does it; it imports what it needs itself.
        operation: the operation whose verb, arguments and description it takes over; None for a verb of its own,
            which then has `words` and a `description`.
        replaces: arguments of the operation that are given in another way.
        add_arguments: adds the options that are its own.
        schema: finds the JSON Schema of its fields, given the client and what was typed; None if it has no fields.
        help: tells more about what was typed, e.g. about one tool; None if it has nothing to tell.
        takes_body: whether the cell below may hold its input.
        takes_command: whether all behind `--` is a command to be registered.
        more_help: what its help says below the options.
        surfaces: where it makes sense.
        refusal: makes the error for words that it does not take, where one of them may be a secret; default: one that
            names them.
    """

    run: Callable[[Place, Order], Any]
    operation: str | None = None
    words: str = ""
    description: str = ""
    replaces: frozenset[str] = frozenset()
    add_arguments: Callable[[Parser, Surface], None] = nothing_more
    schema: Callable[[VibeClient, Sequence[str]], Mapping[str, Any] | None] | None = None
    help: Callable[[VibeClient, Sequence[str]], Any] | None = None
    takes_body: bool = False
    takes_command: bool = False
    more_help: str = ""
    surfaces: frozenset[Surface] = BOTH
    refusal: Callable[[], Exception] | None = None
