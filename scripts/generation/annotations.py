"""Types as a person writes them."""

from __future__ import annotations

import types
import typing
from typing import Any, Literal, get_args, get_origin

__all__ = ["Names", "in_words"]


class Names:
    """Writes types as source code and remembers what has to be imported for that."""

    def __init__(self) -> None:
        self.imports: dict[str, set[str]] = {}

    def source_of(self, annotation: Any) -> str:
        """Return a type as source code: `dict[str, Any]`, `Literal['a', 'b'] | None`."""
        origin, arguments = get_origin(annotation), get_args(annotation)
        if annotation is None or annotation is type(None):
            return "None"
        if annotation is Any:
            return self.imported("typing", "Any")
        if origin is typing.Annotated:  # what is said about a part is for validation
            return self.source_of(arguments[0])
        if origin in (types.UnionType, typing.Union):
            return " | ".join(self.source_of(part) for part in arguments)
        if origin is Literal:
            values = ", ".join(_literal(value) for value in arguments)
            return f"{self.imported('typing', 'Literal')}[{values}]"
        if origin is not None:
            inner = ", ".join("..." if part is Ellipsis else self.source_of(part) for part in arguments)
            return f"{self.source_of(origin)}[{inner}]"
        return self.imported(annotation.__module__, annotation.__qualname__)

    def imported(self, module: str, name: str) -> str:
        """Return the name, which the source has to import."""
        if module != "builtins":
            self.imports.setdefault(module, set()).add(name)
        return name


def in_words(schema: dict[str, Any]) -> str:
    """Return what a field takes, from its JSON Schema: `text`, `whole number, 1 to 200`, `a` or `b`."""
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if options:
        return " or ".join(in_words(option) for option in options)
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if schema.get("format") == "date-time":
        return "time (ISO 8601)"
    kind = str(schema.get("type", "anything"))
    words = {
        "string": "text", "integer": "whole number", "number": "number", "boolean": "true or false",
        "object": "object", "anything": "anything",
    }  # fmt: skip
    if kind == "array":
        return f"list of {in_words(schema.get('items', {}))}"
    return f"{words[kind]}{_limits(schema)}"


def _limits(schema: dict[str, Any]) -> str:
    """Return the bounds of a number or of the length of a text."""
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    found = []
    if low is not None and high is not None:
        found.append(f"{_number(low)} to {_number(high)}")
    else:
        bounds = (("at least", low), ("more than", above), ("less than", below), ("at most", high))
        found += [f"{words} {_number(bound)}" for words, bound in bounds if bound is not None]
    if (length := schema.get("maxLength")) is not None:
        found.append(f"at most {_number(length)} character{'' if length == 1 else 's'}")
    return f", {', '.join(found)}" if found else ""


def _number(value: float) -> str:
    return f"{value:,.10g}" if isinstance(value, float) else f"{value:,}"


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
