"""A tool's arguments: checked against its JSON Schema before anything is sent, and read from a command line.

A schema comes from a server that need not be trusted: where it cannot be applied, or not in reasonable time, the
arguments are sent as they are, and the server judges them itself.
"""

from __future__ import annotations

import functools
import json
import math
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import nearest
from vibe_jupyter.core.json_schema.checker import SchemaChecker
from vibe_jupyter.core.mcp.errors import BadArguments, BadResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vibe_jupyter.core.mcp.schemas import ToolInfo

__all__ = ["check_arguments", "check_output", "parse_text_arguments", "problems_of", "properties_of"]

_SHOWN_FAULTS = 20
_COMPARED_ARGUMENTS = 5
_SHOWN_PROBLEMS = 50
_LOOKED_AT_S = 1.0
_MAX_BRANCHES = 200
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")


@dataclass(frozen=True)
class _Schema:
    """A schema under a name that no other one has: by that it is remembered."""

    name: str
    content: dict[str, Any] = field(compare=False)


def check_arguments(server: str, tool: ToolInfo, arguments: dict[str, Any]) -> None:
    """Refuse arguments that do not fit the tool's schema.

    Raises:
        BadArguments: with the faulty places in `errors`.
    """
    faults = _checker(_Schema(tool.fingerprint, tool.input_schema)).faults(arguments)
    if not faults:
        return
    where = ".".join(map(str, faults[0].place))
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    raise BadArguments(
        f"{server}.{tool.name}: {where + ' ' if where else ''}{faults[0].message}{more}"[:2000],
        hint=_hint(tool, arguments),
        errors=[
            {"loc": ["arguments", *fault.place], "msg": fault.message} for fault in faults[:_SHOWN_FAULTS]
        ],
        data={"maybe_executed": False},
    )


def check_output(server: str, tool: ToolInfo, content: Any) -> None:
    """Refuse structured content that violates the tool's own output schema.

    Raises:
        BadResult: naming the first faulty place.
    """
    if tool.output_schema is None:
        return
    if faults := _checker(_Schema(f"{tool.fingerprint} output", tool.output_schema)).faults(content):
        where = ".".join(map(str, faults[0].place)) or "the result"
        raise BadResult(
            f"{server}.{tool.name} sent what violates its own schema: {where} {faults[0].message}"[:2000],
            hint="this is a bug of the server",
            data={"maybe_executed": True},
        )


def problems_of(tools: Sequence[ToolInfo]) -> list[str]:
    """Return why what goes to some tools, or comes from them, is not checked.

    It blocks, for some milliseconds for each tool and not much longer than a second for all.
    """
    found: list[str] = []
    end = time.thread_time() + _LOOKED_AT_S
    for place, tool in enumerate(tools):
        if len(found) >= _SHOWN_PROBLEMS or time.thread_time() > end:
            found.append(f"the schemas of {len(tools) - place} more tools were not looked at")
            break
        found += _problems(tool)
    return found


def _problems(tool: ToolInfo) -> list[str]:
    schemas = [("arguments", _Schema(tool.fingerprint, tool.input_schema))]
    if tool.output_schema is not None:
        schemas.append(("results", _Schema(f"{tool.fingerprint} output", tool.output_schema)))
    return [
        f"{tool.name}: its {what} are not checked: {problem}"[:500]
        for what, schema in schemas
        if (problem := _checker(schema).problem) is not None
    ]


@functools.lru_cache(maxsize=1000)
def _checker(schema: _Schema) -> SchemaChecker:
    return SchemaChecker(schema.content)


def properties_of(schema: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties of an object's schema, those that can be read.

    >>> properties_of({"properties": {"path": {"type": "string"}, "odd": True}})
    {'path': {'type': 'string'}, 'odd': {}}
    """
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {name: own if isinstance(own, dict) else {} for name, own in properties.items()}


def parse_text_arguments(schema: Mapping[str, Any], texts: Mapping[str, str | list[str]]) -> dict[str, Any]:
    """Return what was typed as the values that the schema wants.

    A text stays one where the schema wants one, even if it looks like a number; lists and objects are JSON or YAML,
    lists also `a,b`, or several texts; of several for one value the last counts. What does not fit is left as text:
    the check says what is wrong with it.

    >>> schema = {"properties": {"n": {"type": "integer"}, "s": {"type": "string"}, "l": {"type": "array"}}}
    >>> parse_text_arguments(schema, {"n": "3", "s": "3", "l": "a,b"})
    {'n': 3, 's': '3', 'l': ['a', 'b']}
    >>> parse_text_arguments(schema, {"n": ["3", "4"], "l": ["a", "b,c"]})
    {'n': 4, 'l': ['a', 'b', 'c']}
    """
    properties = properties_of(schema)
    return {
        name: _typed(properties.get(name, {}), schema, text)
        if isinstance(text, str)
        else _collected(properties.get(name, {}), schema, text)
        for name, text in texts.items()
    }


def _collected(own: Mapping[str, Any], schema: Mapping[str, Any], texts: list[str]) -> Any:
    """Return what several texts say together, if a list is wanted."""
    if not any("array" in _types(branch) for branch in _branches(own, schema)):
        return _typed(own, schema, texts[-1])
    values = [_typed(own, schema, text) for text in texts]
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _typed(own: Mapping[str, Any], schema: Mapping[str, Any], text: str) -> Any:
    branches = list(_branches(own, schema))
    for value in _listed(branches):
        if text == (value if isinstance(value, str) else json.dumps(value)):
            return value
    types = {kind for branch in branches for kind in _types(branch)}
    if "string" in types:
        return _in_place_of_text(types, text)
    word = text.strip()
    lowered = word.lower()
    if "boolean" in types and lowered in ("true", "false", "yes", "no", "on", "off"):
        return lowered in ("true", "yes", "on")
    if "null" in types and lowered in ("null", "none"):
        return None
    if types & {"integer", "number"} and (number := _number(word)) is not None:
        return number
    if types and not types & {"array", "object"}:
        return text
    value = _json(text)
    if "array" in types and not isinstance(value, list | dict):
        items: Mapping[str, Any] = next(
            (own["items"] for own in branches if isinstance(own.get("items"), dict)), {}
        )
        return [_typed(items, schema, part.strip()) for part in text.split(",")] if word else []
    return value


def _in_place_of_text(types: set[str], text: str) -> Any:
    """Return a text, where one is wanted: unless it is null or a list or object in JSON, and that will do as well."""
    kind = {"[": "array", "{": "object", "n": "null"}.get(text.strip()[:1])
    if kind in types:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _number(word: str) -> int | float | None:
    """Return a number as it was typed; none that JSON does not have."""
    if _INTEGER.match(word) and len(word) < 1000:
        return int(word)
    # Also where a whole one is wanted: then the check says what it is, and not that it is a text.
    if _NUMBER.match(word) and math.isfinite(number := float(word)):
        return number
    return None


@functools.cache
def _loader() -> Any:
    """Return a reader of YAML that takes dates for text, as JSON has none."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012 - so the library has it
            first: [(tag, form) for tag, form in resolvers if not tag.endswith(":timestamp")]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return Loader


def _json(text: str) -> Any:
    """Return a JSON or YAML value; what is none, or cannot be said in JSON, is the text itself."""
    import yaml

    try:
        try:  # first: 1e-05 is a number in JSON, and a text in YAML 1.1
            value = json.loads(text)
        except ValueError:
            value = yaml.load(text, Loader=_loader())  # noqa: S506 - a safe one
        return json.loads(json.dumps(value, allow_nan=False))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return text.strip()


def _branches(own: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a property's schema with all that it refers to and chooses from, of which there may be no end."""
    waiting = [own]
    for _ in range(_MAX_BRANCHES):
        if not waiting:
            return
        branch = waiting.pop(0)
        yield branch
        if isinstance(reference := branch.get("$ref"), str) and reference.startswith("#/"):
            target: Any = schema
            for part in reference[2:].split("/"):
                name = part.replace("~1", "/").replace("~0", "~")
                target = target.get(name) if isinstance(target, dict) else None
            waiting += [target] if isinstance(target, dict) else []
        for key in ("anyOf", "oneOf", "allOf"):
            choices = branch.get(key)
            waiting += [one for one in choices if isinstance(one, dict)] if isinstance(choices, list) else []


def _listed(branches: list[Mapping[str, Any]]) -> Iterator[Any]:
    for branch in branches:
        values = branch.get("enum")
        yield from values if isinstance(values, list) else []
        if "const" in branch:
            yield branch["const"]


def _types(branch: Mapping[str, Any]) -> set[str]:
    """Return the JSON types that a schema names, or that the values have which it lists; empty if neither."""
    kind = branch.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return {one for one in kind if isinstance(one, str)}
    values = list(_listed([branch]))
    return {"string"} if values and all(isinstance(value, str) for value in values) else set()


def _hint(tool: ToolInfo, arguments: Mapping[str, Any]) -> str:
    properties = properties_of(tool.input_schema)
    for name in list(arguments)[:_COMPARED_ARGUMENTS]:
        if name not in properties and (near := nearest(name, properties, 1)):
            return f"did you mean {near[0]}?"
    required = tool.input_schema.get("required")
    needed = {one for one in required if isinstance(one, str)} if isinstance(required, list) else set()
    fields = ", ".join(f"{name}{'' if name in needed else '?'}" for name in list(properties)[:20])
    return f"it takes {fields}" if fields else "it takes no arguments"
