"""From what a person typed to a task: the text, the type, and the input in whatever form it came."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client import frames
from vibe_jupyter.client.commands.fields import last
from vibe_jupyter.client.commands.parser import scalar
from vibe_jupyter.client.commands.schema_options import options_of
from vibe_jupyter.client.task_types import task_type
from vibe_jupyter.core.errors import Forbidden, InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.handles import TaskHandle
    from vibe_jupyter.client.task_types import TaskType

__all__ = ["create_task", "parse_body", "task_id_of"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_ID_PART = re.compile(r"[0-9a-f-]{4,36}\Z")
_FIELD = re.compile(r"[a-z_]\w*\Z")
_OBJECT_START = re.compile(r"""((---|#.*)?[ \t\r]*\n)*[ \t]*(\{\s*)?(["']?)[a-z_]\w*\4\s*:(\s|\Z)|\{\s*["]""")
_PROFILE = "data_profile"


def create_task(
    client: VibeClient,
    arguments: dict[str, Any],
    *,
    text: str = "",
    value: Any = None,
    fields: Mapping[str, str | list[str]] | None = None,
    name: str | None = None,
) -> TaskHandle:
    """Create a task from a command line.

    Args:
        arguments: further arguments of `tasks.create`.
        text: the free text; it goes to the type's text field, or decides the type if none is given.
        value: the input: an object, a text, or a table (DataFrame, Arrow table), which is put into a file.
        fields: single fields of the input, as text, or the texts of a repeated one; a tool's schema says what they
            are, else each is read as YAML where it is no plain text.
        name: the variable that holds `value`, if any.

    Raises:
        InvalidInput: what is wrong; see `tasks.create`.
    """
    kind = arguments.pop("type", None)
    input_: dict[str, Any] = {}
    if frames.is_frame(value):
        input_["path"] = str(frames.save(value, client, name))
        kind = kind or _PROFILE
    elif isinstance(value, dict):
        input_.update(value)
    elif isinstance(value, str):
        text = text or value
    elif value is not None:
        raise InvalidInput(
            f"an input cannot be a {type(value).__name__}",
            code="task.invalid_input",
            hint="give an object (dict), a text or a DataFrame",
        )
    known = task_type(client, kind) if kind not in (None, "ask") and (text or fields) else None
    input_.update(_typed(fields or {}, known))
    if kind in (None, "ask"):
        if input_ and not text:
            raise InvalidInput(
                "the input has fields, but no type says what they mean",
                code="task.no_type",
                hint="add --type, e.g. --type file_search; %vibe oracles lists them",
            )
        if not text.strip():
            raise InvalidInput(
                "say what you want done",
                code="task.no_text",
                hint='e.g. task "where is the login handled?", or name a --type',
            )
        if input_:
            raise InvalidInput(
                f"{', '.join(input_)}: fields of the input need a type",
                code="task.no_type",
                hint="add --type, e.g. --type file_search; %vibe oracles lists them",
            )
        return _create(client, {**arguments, "type": "ask", "input": {"text": text}})
    if text:
        input_.setdefault(_text_field(kind, known), text)
    return _create(client, {**arguments, "type": kind, "input": input_})


def parse_body(body: str) -> Any:
    """Return a cell's body as an object if it is JSON or YAML of one, else as the text it is.

    A sentence with a colon is text: `Find this: the login`. An object begins with a field's name or a brace.

    Raises:
        InvalidInput: `task.invalid_input`, if it begins as an object and is neither JSON nor YAML.
    """
    import yaml

    text = body.strip()
    if not text:
        return None
    with contextlib.suppress(ValueError):
        value = json.loads(text)
        return value if isinstance(value, dict) else text
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        if _OBJECT_START.match(text):
            raise _unreadable(error) from None
        return text
    is_object = isinstance(value, dict) and any(_FIELD.match(str(key)) for key in value)
    return value if is_object else text


def task_id_of(client: VibeClient, word: str, names: Mapping[str, Any]) -> str:
    """Return the id that a word means: a variable with a task, a whole id, or the beginning or end of one.

    Raises:
        NotFound: `task.not_found`, also if more than one recent task fits.
    """
    value = names.get(word)
    known = getattr(getattr(value, "task", value), "id", None)
    if isinstance(known, str):
        return known
    if _UUID.match(word):
        return word
    if _ID_PART.match(word):
        recent = client.tasks.history(limit=200, results=False).items
        fitting = [task.id for task in recent if task.id.startswith(word) or task.id.endswith(word)]
        if len(fitting) == 1:
            return str(fitting[0])
        if fitting:
            raise NotFound(
                f"{len(fitting)} tasks fit {word}",
                code="task.not_found",
                hint=f"e.g. {', '.join(fitting[:3])}",
            )
    if word in names:
        raise NotFound(
            f"the variable {word} holds no task but {_kind_of(value)}",
            code="task.not_found",
            hint='keep a result with -o, e.g. task "where is the login handled?" -o found; then: task explain found',
        )
    raise NotFound(
        f"there is no task {word}",
        code="task.not_found",
        hint="give an id, a part of one, or a variable such as _; task list shows yours",
    )


def _kind_of(value: Any) -> str:
    return "None" if value is None else f"an object of type {type(value).__name__}"


def _create(client: VibeClient, arguments: dict[str, Any]) -> TaskHandle:
    """Create a task whose files are those of the open project, or else of the folder where it was typed.

    A tool has no part in that: it must work also from a folder that the server may not read.
    """
    handle: TaskHandle
    if not client.transport.is_local or "root" in arguments or client.open_project is not None:
        handle = client.tasks.create(**arguments)
        return handle
    import os

    here = os.getcwd()  # noqa: PTH109 - as the person sees it, links and all
    try:
        handle = client.tasks.create(**arguments, root=here)
    except Forbidden as error:
        if error.code != "path.outside_root":
            raise
        known = task_type(client, arguments["type"], may_start=False)
        if known is None or not known.is_tool:
            raise
        handle = client.tasks.create(**arguments)
    return handle


def _typed(fields: Mapping[str, str | list[str]], known: TaskType | None) -> dict[str, Any]:
    if known is not None and known.is_tool:
        from vibe_jupyter.core.mcp.tools.arguments import parse_text_arguments

        return parse_text_arguments(known.schema, fields)
    options = options_of(known.schema) if known is not None else []
    lists = {option.name for option in options if option.is_list}
    return {
        name: _flat(map(scalar, raw)) if isinstance(raw, list) and name in lists else scalar(last(raw))
        for name, raw in fields.items()
    }


def _flat(values: Iterable[Any]) -> list[Any]:
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _text_field(kind: str, known: TaskType | None) -> str:
    field = "query" if known is None else known.text_field
    if field is None:
        raise InvalidInput(
            f"{kind} takes no text", code="task.invalid_input", hint="leave the text out, or another --type"
        )
    return field


def _unreadable(error: Exception) -> InvalidInput:
    mark = getattr(error, "problem_mark", None)
    place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return InvalidInput(
        f"the input begins as an object, but is neither JSON nor YAML{place}: "
        f"{getattr(error, 'problem', None) or error}",
        code="task.invalid_input",
        hint="put a value with brackets, quotes or a colon into quotes, e.g. query: 'def f(a: int)'",
    )
