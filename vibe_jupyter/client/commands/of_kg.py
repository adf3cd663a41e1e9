"""What the command line adds to the verbs of knowledge graphs: waiting, and queries in the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.commands.of_projects import here
from vibe_jupyter.client.commands.own import Order, OwnVerb, Place
from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.kg.schemas import KgOptions

if TYPE_CHECKING:
    from vibe_jupyter.client.commands.local import Surface
    from vibe_jupyter.client.commands.parser import Parser

__all__ = ["VERBS"]


def _generate(place: Place, order: Order) -> Any:
    """Generate the graph of the open project, of the folder where the line was typed or of another; wait for it."""
    arguments = dict(order.arguments)
    project = {"project_id": arguments["project_id"]} if "project_id" in arguments else {}
    if not project and "path" not in arguments and (is_open := place.client.open_project) is not None:
        project = {"project_id": is_open.id}
    if "path" in arguments or not project:
        project["path"] = here(place, arguments.get("path", "."))
    started = place.client.kg.generate(
        **project,
        files=arguments.get("files") or [],
        options=KgOptions(clean=arguments.get("clean", False)),
    )
    handle = place.client.tasks.get(started.task_id)
    return handle if arguments.get("no_wait") else place.follow(handle)


def _status(place: Place, order: Order) -> Any:
    """Show whether the graph of the open project is up to date, or that of a folder."""
    arguments = dict(order.arguments)
    if "kg_id" not in arguments:
        is_open = place.client.open_project
        arguments["path"] = here(place, arguments.get("path") or (is_open.path if is_open else "."))
    return place.client.kg.status(**arguments)


def _export(place: Place, order: Order) -> Any:
    """Write a graph to a file; without an id, that of the one that was generated last."""
    arguments = dict(order.arguments)
    kg_id = arguments.pop("kg_id", None) or _last(place)
    return place.client.kg.export(kg_id, **arguments)


def _generate_options(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("--clean", action="store_true", help="read all files anew, also unchanged ones")
    parser.add_argument(
        "--files", nargs="+", metavar="FILE", help="only these files and folders, relative to the project's"
    )
    parser.add_argument("--no-wait", action="store_true", help="return at once, while the task runs")


def _with_text(order: Order, name: str, example: str) -> dict[str, Any]:
    """Return the arguments of a verb whose text stands in the line or in the cell.

    Raises:
        InvalidInput: there is none, or there are two.
    """
    arguments = dict(order.arguments)
    if order.body is not None:
        if arguments.get(name):
            raise InvalidInput(
                f"the {name} comes from the line or from the cell, not from both", code="command.invalid"
            )
        arguments[name] = order.body
    if not (arguments.get(name) or "").strip():
        raise InvalidInput(
            f"no {name} was given",
            code="command.invalid",
            hint=f"put it into the cell below: %%vibe kg {name}, then {example}",
        )
    return arguments


def _query(place: Place, order: Order) -> Any:
    """Ask a graph; the query stands in the line or in the cell. Tables come with `.to_pandas()`."""
    arguments = _with_text(order, "query", "SELECT ?f { ?f a code:Function }")
    document = place.client.kg.query(**arguments)
    if arguments.get("format"):
        return document
    from vibe_jupyter.client.query_answers import answer_of

    return answer_of(document)


def _update(place: Place, order: Order) -> Any:
    """Change the facts that people add; the update stands in the line or in the cell."""
    return place.client.kg.update(**_with_text(order, "update", "INSERT DATA { <shop> <urn:owner> 'Ann' }"))


def _update_text(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("update", nargs="?", help="the update; or put it into the cell below")


def _show(place: Place, order: Order) -> Any:
    """Show a graph; without an id, the one that was generated last."""
    kg_id = order.arguments.get("kg_id") or _last(place)
    return place.client.kg.get(kg_id)


def _last(place: Place) -> str:
    graphs = place.client.kg.list().graphs
    if not graphs:
        raise InvalidInput(
            "there is no knowledge graph yet", code="kg.none", hint="make one: %vibe kg generate"
        )
    return str(graphs[0].kg_id)


def _optional_graph(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("kg_id", nargs="?", help="the graph; default: the one that was generated last")


def _query_text(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("query", nargs="?", help="the query; or put it into the cell below")


VERBS = (
    OwnVerb(_generate, operation="kg.generate", add_arguments=_generate_options),
    OwnVerb(
        _query,
        operation="kg.query",
        replaces=frozenset({"query"}),
        add_arguments=_query_text,
        takes_body=True,
    ),
    OwnVerb(_status, operation="kg.status"),
    OwnVerb(_export, operation="kg.export", replaces=frozenset({"kg_id"}), add_arguments=_optional_graph),
    OwnVerb(
        _update,
        operation="kg.update",
        replaces=frozenset({"update"}),
        add_arguments=_update_text,
        takes_body=True,
    ),
    OwnVerb(_show, operation="kg.get", replaces=frozenset({"kg_id"}), add_arguments=_optional_graph),
)
