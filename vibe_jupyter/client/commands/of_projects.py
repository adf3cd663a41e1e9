"""What the command line adds to the verbs of projects: the open one is meant where none is named."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.commands.local import MAGIC
from vibe_jupyter.client.commands.own import Order, OwnVerb, Place
from vibe_jupyter.client.commands.running import arguments_in
from vibe_jupyter.core.errors import InvalidInput, NotFound, nearest
from vibe_jupyter.core.projects.schemas import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.client.commands.local import Surface
    from vibe_jupyter.client.commands.parser import Parser

__all__ = ["VERBS", "here", "meant_project"]

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_LOOKED_THROUGH = 200


def here(place: Place, path: str) -> str:
    """Return a path as the platform understands it: seen from where the line was typed, if that is its machine."""
    return str(Path.cwd() / Path(path).expanduser()) if place.client.transport.is_local else path


def meant_project(place: Place, word: str | None) -> str:
    """Return the id of a project.

    Args:
        place: where the line was typed.
        word: an id, a name, or a variable with a project; None for the one that is open here, or else the one that the
            working directory belongs to.

    Raises:
        NotFound: `project.not_found`, with similar names.
        InvalidInput: `project.none_open`.
    """
    if word is None:
        return _project_here(place)
    value = place.names.get(word)
    if isinstance(value, Project):
        return value.id
    if _ID.match(word):
        return word
    named = place.client.projects.list(name=word).items
    if named:
        return str(named[0].id)
    archived = place.client.projects.list(name=word, archived=True).items
    if archived:
        return str(archived[0].id)
    known = place.client.projects.list(limit=_LOOKED_THROUGH).items
    ending = [project for project in known if len(word) >= 4 and project.id.endswith(word)]
    if len(ending) == 1:
        return str(ending[0].id)
    near = nearest(word, [project.name for project in known])
    raise NotFound(
        f"there is no project {word[:60]}",
        code="project.not_found",
        hint=f"did you mean {' or '.join(near)}?" if near else "%vibe project list shows yours",
    )


def _project_here(place: Place) -> str:
    if (project := place.client.open_project) is not None:
        return project.id
    if place.client.transport.is_local:
        folder = Path.cwd().resolve()
        known = place.client.projects.list(limit=_LOOKED_THROUGH).items
        holding = [one for one in known if folder.is_relative_to(one.path)]
        if holding:  # the innermost of those that hold it
            return str(max(holding, key=lambda one: len(one.path)).id)
    raise InvalidInput(
        "no project is open here",
        code="project.none_open",
        hint="open one: %vibe project open NAME, or name it with --project",
    )


def _new(place: Place, order: Order) -> Any:
    """Make a project in the folder where the line was typed, and open it."""
    arguments = _placed(place, {**arguments_in(order.body), **order.arguments})
    if "path" not in arguments and place.client.transport.is_local and isinstance(arguments.get("name"), str):
        from vibe_jupyter.core.projects.templating.naming import slug

        arguments["path"] = str(Path.cwd() / slug(arguments["name"]))
    if (template := arguments.get("template")) and _is_path(template):
        arguments["template"] = here(place, template)
    return _opened(place, place.client.projects.create(**arguments))


def _adopt(place: Place, order: Order) -> Any:
    """Make a project of a folder that is there, and open it."""
    return _opened(place, place.client.projects.adopt(**_placed(place, order.arguments)))


def _clone(place: Place, order: Order) -> Any:
    """Clone a repository into a project in the folder where the line was typed, and open it."""
    arguments = _placed(place, dict(order.arguments))
    no_wait = arguments.pop("no_wait", False)
    handle = place.client.tasks.get(place.client.projects.clone(**arguments).task_id)
    if no_wait:
        return handle
    done = place.follow(handle)
    if done.state == "succeeded":
        _opened(place, place.client.projects.get(done.result.project_id))
    return done


def _open(place: Place, order: Order) -> Any:
    word = order.arguments["name"]
    return _opened(place, place.client.projects.get(meant_project(place, word)))


def _close(place: Place, _order: Order) -> Any:
    was, place.client.open_project = place.client.open_project, None
    return f"{was.name} is not open any more" if was is not None else "no project was open"


def _opened(place: Place, project: Project) -> Project:
    place.client.open_project = project
    return project


def _placed(place: Place, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments with a path that the platform understands."""
    if isinstance(path := arguments.get("path"), str):
        return {**arguments, "path": here(place, path)}
    return arguments


def _is_path(template: str) -> bool:
    return template.startswith((".", "/", "~")) and "://" not in template


def _on_project(name: str, place: Place, order: Order) -> Any:
    """Call an operation on the project that is meant."""
    arguments = {**arguments_in(order.body), **order.arguments}
    arguments["project_id"] = meant_project(place, arguments.get("project_id"))
    result = getattr(place.client.projects, name)(**arguments)
    is_open = (
        place.client.open_project is not None and place.client.open_project.id == arguments["project_id"]
    )
    if is_open and isinstance(result, Project):
        place.client.open_project = None if result.archived_at is not None else result
    return result


def _start(name: str, place: Place, order: Order) -> Any:
    """Start a task on the project that is meant, and follow it."""
    arguments = {**arguments_in(order.body), **order.arguments}
    no_wait = arguments.pop("no_wait", False)
    project_id = arguments["project_id"] = meant_project(place, arguments.get("project_id"))
    started = getattr(place.client.projects, name)(**arguments)
    handle = place.client.tasks.get(started.task_id)
    if no_wait:
        return handle
    done = place.follow(handle)
    if place.client.open_project is not None and place.client.open_project.id == project_id:
        place.client.open_project = place.client.projects.get(project_id)
    return done


def _write(place: Place, order: Order) -> Any:
    """Write a file of a project; its text is the cell below, or `--text`."""
    arguments = dict(order.arguments)
    if order.body is not None:
        if "text" in arguments:
            raise InvalidInput(
                "the text comes from --text or from the cell, not from both", code="command.invalid"
            )
        arguments["text"] = order.body
    arguments["project_id"] = meant_project(place, arguments.get("project_id"))
    return place.client.projects.write(**arguments)


def _first(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("project_id", nargs="?", help="its name or id; default: the open one")


def _flag(parser: Parser, _surface: Surface) -> None:
    parser.add_argument(
        "--project", dest="project_id", metavar="PROJECT", help="its name or id; default: the open one"
    )


def _waiting(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("--no-wait", action="store_true", help="return at once, while the task runs")


def _flag_and_waiting(parser: Parser, surface: Surface) -> None:
    _flag(parser, surface)
    _waiting(parser, surface)


def _named(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("name", help="its name or id, or a variable with a project")


def _verb(name: str, where: Callable[[Parser, Surface], None]) -> OwnVerb:
    return OwnVerb(
        functools.partial(_on_project, name),
        operation=f"projects.{name}",
        replaces=frozenset({"project_id"}),
        add_arguments=where,
    )


VERBS = (
    OwnVerb(_new, operation="projects.create", takes_body=True),
    OwnVerb(_adopt, operation="projects.adopt"),
    OwnVerb(_clone, operation="projects.clone", add_arguments=_waiting),
    *(_verb(name, _first) for name in ("get", "archive", "restore", "files", "checkpoints")),
    *(_verb(name, _flag) for name in ("update", "read", "delete", "checkpoint", "diff", "undo")),
    *(
        OwnVerb(
            functools.partial(_start, name),
            operation=f"projects.{name}",
            replaces=frozenset({"project_id"}),
            add_arguments=_flag_and_waiting,
            takes_body=True,
        )
        for name in ("push", "pull_request")
    ),
    OwnVerb(
        _write,
        operation="projects.write",
        replaces=frozenset({"project_id"}),
        add_arguments=_flag,
        takes_body=True,
    ),
    OwnVerb(
        _open,
        words="project open",
        description="Open a project: what you do from now on in this notebook belongs to it.",
        add_arguments=_named,
        surfaces=MAGIC,
    ),
    OwnVerb(
        _close,
        words="project close",
        description="Let go of the open project; nothing happens to its files.",
        surfaces=MAGIC,
    ),
)
