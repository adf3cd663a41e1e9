"""A tool's arguments: checked against its JSON Schema before anything is sent, and read from a command line.

A schema comes from a server that need not be trusted. It is used as data alone: nothing is fetched, and what is too
large or cannot be a schema is not applied; the server will judge the arguments itself then.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import nearest
from vibe_jupyter.core.mcp.errors import BadArguments, BadResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vibe_jupyter.core.mcp.schemas import ToolInfo

__all__ = ["check_arguments", "check_output", "parse_text_arguments", "properties_of"]

_SHOWN_FAULTS = 20
_MAX_SCHEMA_BYTES = 256 * 1024
_MAX_PATTERN = 200
_MAX_CHECKED_BYTES = 1024 * 1024
"""Larger arguments are left to the server: to check them would hold up everybody else."""


@dataclass(frozen=True)
class _Checker:
    faults: Callable[[Any], list[tuple[list[str | int], str]]] | None
    problem: str | None = None


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
    checker = _checker(_Schema(tool.fingerprint, tool.input_schema))
    faults = _faults(checker, arguments)
    if not faults:
        return
    place, message = faults[0]
    where = ".".join(map(str, place))
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    raise BadArguments(
        f"{server}.{tool.name}: {where + ': ' if where else ''}{message}{more}"[:2000],
        hint=_hint(tool, arguments),
        errors=[{"loc": ["arguments", *place], "msg": message} for place, message in faults[:_SHOWN_FAULTS]],
        data={"maybe_executed": False},
    )


def check_output(server: str, tool: ToolInfo, content: Any) -> None:
    """Refuse structured content that violates the tool's own output schema.

    Raises:
        BadResult: naming the first faulty place.
    """
    if tool.output_schema is None:
        return
    if faults := _faults(_checker(_Schema(f"{tool.fingerprint} output", tool.output_schema)), content):
        place, message = faults[0]
        where = ".".join(map(str, place)) or "the result"
        raise BadResult(
            f"{server}.{tool.name} sent what violates its own schema: {where}: {message}"[:2000],
            hint="this is a bug of the server",
            data={"maybe_executed": True},
        )


def properties_of(schema: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties of an object's schema, those that can be read.

    >>> properties_of({"properties": {"path": {"type": "string"}, "odd": True}})
    {'path': {'type': 'string'}, 'odd': {}}
    """
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {name: own if isinstance(own, dict) else {} for name, own in properties.items()}


def parse_text_arguments(schema: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what was typed as the values that the schema wants.

    A text stays one where the schema wants one, even if it looks like a number; lists and objects are JSON or YAML,
    lists also `a,b`. What does not fit is left as text: the check says what is wrong with it.

    >>> schema = {"properties": {"n": {"type": "integer"}, "s": {"type": "string"}, "l": {"type": "array"}}}
    >>> parse_text_arguments(schema, {"n": "3", "s": "3", "l": "a,b"})
    {'n': 3, 's': '3', 'l': ['a', 'b']}
    """
    properties = properties_of(schema)
    return {name: _typed(_types(properties.get(name, {}), schema), text) for name, text in texts.items()}


def _typed(types: set[str], text: str) -> Any:
    if "string" in types and not ("null" in types and text == "null"):
        return text
    lowered = text.strip().lower()
    if "boolean" in types and lowered in ("true", "false", "yes", "no", "on", "off"):
        return lowered in ("true", "yes", "on")
    if "null" in types and lowered in ("null", "none"):
        return None
    for name, kind in (("integer", int), ("number", float)):
        if name in types:
            try:
                return kind(text)
            except ValueError:
                continue
    if types and not types & {"array", "object"}:
        return text
    value = _yaml(text)
    if "array" in types and not isinstance(value, list | dict):
        return [_yaml(part) for part in text.split(",")]
    return value


def _yaml(text: str) -> Any:
    """Return a JSON or YAML value; what is none is the text itself."""
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # `2024-13-45` looks like a date and is none
        return text.strip()


def _types(own: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> set[str]:
    """Return the JSON types that a property may have; empty if it says nothing."""
    if depth > 8:
        return set()
    if isinstance(reference := own.get("$ref"), str) and reference.startswith("#/"):
        target: Any = schema
        for part in reference[2:].split("/"):
            target = target.get(part) if isinstance(target, dict) else None
        return _types(target, schema, depth + 1) if isinstance(target, dict) else set()
    kind = own.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return {one for one in kind if isinstance(one, str)}
    if isinstance(values := own.get("enum"), list):
        return {"string"} if all(isinstance(value, str) for value in values) else set()
    found: set[str] = set()
    for key in ("anyOf", "oneOf", "allOf"):
        branches = own.get(key)
        for branch in branches if isinstance(branches, list) else []:
            if isinstance(branch, dict):
                found |= _types(branch, schema, depth + 1)
    return found


def _faults(checker: _Checker, value: Any) -> list[tuple[list[str | int], str]]:
    if checker.faults is None or len(json.dumps(value, default=str)) > _MAX_CHECKED_BYTES:
        return []
    return checker.faults(value)


@functools.lru_cache(maxsize=1000)
def _checker(schema: _Schema) -> _Checker:
    """Return what checks values against a schema; one that cannot be applied checks nothing and says why."""
    text = json.dumps(schema.content)
    if len(text) > _MAX_SCHEMA_BYTES:
        return _Checker(None, "its schema is too large to be checked")
    import jsonschema
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    plain = json.loads(text)
    kind: Any = jsonschema.validators.validator_for(plain, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(plain)
    except jsonschema.SchemaError as error:
        return _Checker(None, f"its schema is none: {error.message}"[:300])
    except RecursionError:
        return _Checker(None, "its schema is nested too deeply")
    validator = kind(_without_patterns(plain), registry=Registry())  # an empty registry fetches nothing

    def faults(value: Any) -> list[tuple[list[str | int], str]]:
        found: list[tuple[list[str | int], str]] = []
        try:
            for error in validator.iter_errors(value):
                found.append((list(error.absolute_path), error.message[:300]))
                if len(found) >= _SHOWN_FAULTS:
                    break
        except (Unresolvable, RecursionError):
            return []  # it refers to what we do not fetch, or to itself without end
        return found

    return _Checker(faults)


def _without_patterns(schema: Any) -> Any:
    """Return a schema without regular expressions that could take forever: long ones, and repeats in repeats."""
    if isinstance(schema, dict):
        return {
            key: _without_patterns(value)
            for key, value in schema.items()
            if not (key == "pattern" and isinstance(value, str) and _is_dangerous(value))
            and not (
                key == "patternProperties" and isinstance(value, dict) and any(map(_is_dangerous, value))
            )
        }
    return [_without_patterns(item) for item in schema] if isinstance(schema, list) else schema


def _is_dangerous(pattern: str) -> bool:
    repeats = sum(pattern.count(sign) for sign in "*+{")
    return len(pattern) > _MAX_PATTERN or (repeats > 1 and "(" in pattern) or repeats > 4


def _hint(tool: ToolInfo, arguments: Mapping[str, Any]) -> str:
    properties = properties_of(tool.input_schema)
    for name in arguments:
        if name not in properties and (near := nearest(name, properties, 1)):
            return f"did you mean {near[0]}?"
    required = tool.input_schema.get("required")
    needed = {one for one in required if isinstance(one, str)} if isinstance(required, list) else set()
    fields = ", ".join(f"{name}{'' if name in needed else '?'}" for name in list(properties)[:20])
    return f"it takes {fields}" if fields else "it takes no arguments"
