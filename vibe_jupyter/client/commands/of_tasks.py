"""What the command line adds to the verbs of tasks: input in any form, and waiting."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.commands.own import Order, OwnVerb, Place
from vibe_jupyter.core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.commands.local import Surface
    from vibe_jupyter.client.commands.parser import Parser

__all__ = ["VERBS"]


def _create(place: Place, order: Order) -> Any:
    from vibe_jupyter.client.commands.tasks import create_task, parse_body

    arguments = dict(order.arguments)
    text = " ".join(arguments.pop("text", ()))
    no_wait = arguments.pop("no_wait", False)
    name = arguments.pop("input", None)
    value = None if name is None else place.value_of(name)
    if order.body is not None:
        if value is not None:
            raise InvalidInput(
                "the input comes from --input or from the cell, not from both", code="command.invalid"
            )
        value = parse_body(order.body)
    handle = create_task(place.client, arguments, text=text, value=value, fields=order.fields, name=name)
    return handle if no_wait else place.follow(handle)


def _retry(place: Place, order: Order) -> Any:
    from vibe_jupyter.client.commands.tasks import task_id_of

    handle = place.client.tasks.retry(task_id_of(place.client, order.arguments["task_id"], place.names))
    return handle if order.arguments.get("no_wait") else place.follow(handle)


def _waiting(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("--no-wait", action="store_true", help="return at once, while the task runs")


def _input_and_waiting(parser: Parser, surface: Surface) -> None:
    _waiting(parser, surface)
    source = "a variable" if surface == "magic" else "JSON, or @FILE with JSON or YAML"
    parser.add_argument("--input", metavar="VAR" if surface == "magic" else "JSON", help=f"input: {source}")


def _input_schema(client: VibeClient, words: Sequence[str]) -> Mapping[str, Any] | None:
    """Return the schema of the input of the type that is named."""
    named = {word.partition("=")[0]: word.partition("=")[2] for word in words}
    kind = named.get("--type") or next(
        (after for word, after in itertools.pairwise(words) if word == "--type"), None
    )
    if kind is None:
        return None
    from vibe_jupyter.client.task_types import task_type

    known = task_type(client, kind)
    return None if known is None else known.schema


VERBS = (
    OwnVerb(
        _create,
        operation="tasks.create",
        add_arguments=_input_and_waiting,
        schema=_input_schema,
        takes_body=True,
    ),
    OwnVerb(_retry, operation="tasks.retry", add_arguments=_waiting),
)
