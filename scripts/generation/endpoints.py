"""Every operation as the four surfaces speak of it, and every model that they answer with."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from generation.annotations import in_words
from generation.markdown import table
from vibe_jupyter.client.commands import local
from vibe_jupyter.client.commands.parser import Pairs
from vibe_jupyter.client.commands.verbs import OWN_VERBS, verbs_of
from vibe_jupyter.core.table import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.client.commands.verbs import Surface
    from vibe_jupyter.core.operations import Operation

__all__ = ["answers", "fields_table", "local_verbs", "operations", "overview"]

_API = "/vibe/api"
_PROGRAMS: tuple[tuple[Surface, str], ...] = (("magic", "%vibe"), ("cli", "jupyter vibe"))


def overview() -> str:
    """Return one line for each operation."""
    rows = [
        (
            f"[`{operation.name}`](#{_anchor(operation.name)})",
            f"`{operation.method} {_API}{operation.path}`",
            f"`{operation.scope}`" if operation.scope else "anybody",
            f"`%vibe {operation.verb}`" if operation.verb else "",
            operation.summary,
        )
        for operation in OPERATIONS
    ]
    return table(("Operation", "HTTP", "Scope", "Verb", "What it does"), rows)


def operations() -> str:
    """Return a section for each operation."""
    return "\n".join(_section(operation) for operation in OPERATIONS)


def local_verbs() -> str:
    """Return the verbs that a surface does by itself, or makes of several operations."""
    rows = []
    for verb in local.VERBS:
        forms = [
            _usage(surface, program, verb.words) for surface, program in _PROGRAMS if surface in verb.surfaces
        ]
        rows.append((" and ".join(f"`{form}`" for form in forms), verb.summary))
    for own in OWN_VERBS:
        if own.operation is None:
            forms = [
                _usage(surface, program, own.words)
                for surface, program in _PROGRAMS
                if surface in own.surfaces
            ]
            rows.append((" and ".join(f"`{form}`" for form in forms), own.description.splitlines()[0]))
    return table(("Form", "What it does"), rows)


def answers() -> str:
    """Return the fields of every model in an answer, each model once."""
    sections: dict[str, str] = {}
    for operation in OPERATIONS:
        schema = operation.result.json_schema(mode="serialization")
        models = {schema.get("title", ""): schema, **schema.get("$defs", {})}
        for name, model in models.items():
            what = model.get("description", "")
            sections.setdefault(name, f"### {name}\n\n{what}\n\n{fields_table(model, input_=False)}")
    return "\n".join(sections.values())


def fields_table(schema: dict[str, Any], *, input_: bool) -> str:
    """Return the fields of a model: what each takes, its default if it is an input, and what it means."""
    required = schema.get("required", [])
    rows = []
    for name, field in schema.get("properties", {}).items():
        may_be_null = any(option.get("type") == "null" for option in field.get("anyOf", ()))
        takes = in_words(field) + (" or null" if may_be_null and not input_ else "")
        default = ("required" if name in required else _default(field),) if input_ else ()
        rows.append((f"`{name}`", takes, *default, field.get("description", "")))
    head = ("Field", "Takes", "Default", "Meaning") if input_ else ("Field", "Is", "Meaning")
    return table(head, rows)


def _section(operation: Operation) -> str:
    forms = [("HTTP", f"`{operation.method} {_API}{operation.path}`"), ("Python", f"`{_call(operation)}`")]
    if operation.verb is not None:
        forms += [
            (program, f"`{_usage(surface, program, operation.verb)}`") for surface, program in _PROGRAMS
        ]
    forms += [
        ("Scope", f"`{operation.scope}`" if operation.scope else "none: anybody may ask"),
        ("Answer", _answer(operation)),
    ]
    schema = operation.arguments.model_json_schema()
    for name in operation.path_names:
        schema["properties"][name].setdefault("description", "Part of the path.")
    arguments = fields_table(schema, input_=True).replace("| Field |", "| Argument |", 1)
    where = _where(operation)
    lines = [f"### {operation.name}", "", operation.description, "", table(("", ""), forms)]
    return "\n".join([*lines, *([where, ""] if where else []), arguments])


def _where(operation: Operation) -> str:
    """Return how the arguments travel over HTTP."""
    ways = [*(["the query string"] if operation.query else []), *(["a JSON body"] if operation.body else [])]
    return f"Arguments, over HTTP in {' and '.join(ways)}:" if ways else ""


def _answer(operation: Operation) -> str:
    kind = operation.result_type
    name = f"[{kind.__name__}](#{_anchor(kind.__name__)})" if issubclass(kind, BaseModel) else str(kind)
    if operation.kind == "document":
        return f"{operation.status}, the file; its type is in `X-Media-Type`"
    if operation.kind == "stream":
        return f"{operation.status}, server-sent events; the data of each is a {name}"
    return f"{operation.status}, {name}"


def _call(operation: Operation) -> str:
    fields = operation.arguments.model_fields
    optional = [f"{name}=..." for name in fields if name not in operation.path_names]
    return f"vibe.{operation.name}({', '.join([*operation.path_names, *optional])})"


def _usage(surface: Surface, program: str, words: str) -> str:
    """Return how a verb is typed; argparse's own usage differs between versions of Python."""
    parser = verbs_of(surface)[words].parser(surface)
    actions = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    free = [action for action in actions if not action.option_strings]
    flags = [action for action in actions if action.option_strings]
    return " ".join([program, words, *map(_free, free), *_flags(flags)])


def _free(action: argparse.Action) -> str:
    name = (action.dest if action.metavar is None else str(action.metavar)).upper()
    return {"*": f"[{name} ...]", "?": f"[{name}]"}.get(str(action.nargs), name)


def _flags(actions: list[argparse.Action]) -> Iterator[str]:
    for action in actions:
        flag = action.option_strings[-1] if len(action.option_strings[0]) == 2 else action.option_strings[0]
        if isinstance(action, argparse.BooleanOptionalAction):
            yield f"[--[no-]{flag.removeprefix('--')}]"
        elif action.nargs == 0:
            yield f"[{flag}]"
        else:
            value = (
                "|".join(map(str, action.choices))
                if action.choices
                else action.metavar or action.dest.upper()
            )
            yield f"[{flag} {value}]{' ...' if isinstance(action, Pairs) else ''}"


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return "" if default in (None, [], {}, "") else f"`{json.dumps(default, ensure_ascii=False)}`"


def _anchor(heading: str) -> str:
    """Return the anchor that a Markdown renderer gives a heading."""
    return heading.lower().replace(".", "")
