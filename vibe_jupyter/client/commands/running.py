"""Do what was typed, once it is understood: the same in a notebook and in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.commands.own import Order, Place
    from vibe_jupyter.client.commands.verbs import Verb

__all__ = ["arguments_in", "parsed_cell", "run", "server_id_of"]


def run(verb: Verb, order: Order, place: Place) -> Any:
    """Run a verb and return its result.

    Raises:
        VibeError: why it was not done.
    """
    if verb.local is not None:
        return verb.local.run(order.arguments)
    if verb.own is not None:
        return verb.own.run(place, order)
    assert verb.operation is not None
    arguments = {**arguments_in(order.body), **order.arguments}
    client, names = place.client, place.names
    if "task_id" in verb.operation.path_names:
        from vibe_jupyter.client.commands.tasks import task_id_of

        arguments["task_id"] = task_id_of(client, arguments["task_id"], names)
    if "mcp_id" in verb.operation.path_names:
        arguments["mcp_id"] = server_id_of(arguments["mcp_id"], names)
    if "question_id" in verb.operation.path_names:
        arguments["question_id"] = _question_id_of(client, arguments["question_id"], names)
    slice_, _, name = verb.operation.name.partition(".")
    return getattr(getattr(client, slice_), name)(**arguments)


def server_id_of(word: str, names: Mapping[str, Any]) -> str:
    """Return the id of a server that a word means: that of a variable with one, else the word."""
    from vibe_jupyter.core.mcp.schemas import McpServer

    value = names.get(word)
    return value.id if isinstance(value, McpServer) else word


def _question_id_of(client: VibeClient, word: str, names: Mapping[str, Any]) -> str:
    """Return the id of a question that a word means: a variable with one, a whole id, or the end of one."""
    from vibe_jupyter.core.questions.schemas import Question

    value = names.get(word)
    if isinstance(value, Question):
        return value.id
    recent = client.questions.list(state="all", limit=200).questions
    fitting = [question.id for question in recent if question.id.endswith(word)]
    if len(fitting) > 1:
        raise NotFound(f"{len(fitting)} questions fit {word}", code="question.not_found", hint=fitting[0])
    return fitting[0] if fitting else word


def parsed_cell(body: str) -> Any:
    """Return what a cell holds that is no task: an object, or a text.

    Raises:
        InvalidInput: `command.invalid`, if it begins as an object and is neither JSON nor YAML.
    """
    from vibe_jupyter.client.commands.tasks import parse_body

    try:
        return parse_body(body)
    except InvalidInput as error:
        message = error.message.replace("the input", "the cell", 1)
        raise InvalidInput(
            message,
            code="command.invalid",
            hint="one NAME: VALUE in each line; a value with brackets, quotes or a colon in quotes",
        ) from None


def arguments_in(body: str | None) -> dict[str, Any]:
    """Return the arguments in a cell.

    Raises:
        InvalidInput: `command.invalid`, if it is no object.
    """
    value = None if body is None else parsed_cell(body)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidInput(
            "the cell is no object", code="command.invalid", hint="give JSON or YAML, e.g. url: http://..."
        )
    return value
