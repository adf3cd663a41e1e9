"""Options from a JSON Schema: what may be typed behind `mcp call git.git_log`, and what each option takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BOOLEANS", "SchemaOption", "option_named", "options_of", "refuse_unknown", "text_property"]

BOOLEANS = frozenset({"true", "false", "yes", "no", "on", "off"})
"""Words that a boolean option takes as its value; any other word behind it is not its own."""
_MAX_DEPTH = 8


@dataclass(frozen=True)
class SchemaOption:
    """A property of an object's schema, as an option.

    Args:
        name: the property's own name.
        kind: what it takes in a word: `text`, `N`, `X`, `true|false`, `JSON`, `A,B`.
        choices: the values that it takes, where they are few.
        has_default: whether the schema names a default.
    """

    name: str
    kind: str
    is_required: bool
    description: str
    choices: tuple[Any, ...]
    default: Any
    has_default: bool

    @property
    def flag(self) -> str:
        """Return how it is typed; underscores and dashes mean the same."""
        return f"--{self.name}"

    @property
    def is_boolean(self) -> bool:
        """Return whether it needs no value."""
        return self.kind == "true|false"

    @property
    def is_list(self) -> bool:
        """Return whether it takes several values, and so may be repeated."""
        return self.kind == "A,B"


def options_of(schema: Mapping[str, Any]) -> list[SchemaOption]:
    """Return the properties of an object's schema as options, the required ones first.

    >>> [option.flag for option in options_of({"properties": {"n": {}, "path": {}}, "required": ["path"]})]
    ['--path', '--n']
    """
    from vibe_jupyter.core.mcp.tools.arguments import properties_of

    required = schema.get("required")
    needed = {one for one in required if isinstance(one, str)} if isinstance(required, list) else set()
    options = [
        _option(name, own, schema, is_required=name in needed) for name, own in properties_of(schema).items()
    ]
    return sorted(options, key=lambda option: not option.is_required)


def option_named(typed: str, schema: Mapping[str, Any]) -> SchemaOption | None:
    """Return the option that a flag means: `--max-count` is `max_count`, or `maxCount`."""
    options = {option.name: option for option in options_of(schema)}
    name = typed.removeprefix("--")
    if name in options:
        return options[name]
    fitting = [option for option in options.values() if _plain(option.name) == _plain(name)]
    return fitting[0] if len(fitting) == 1 else None


def text_property(schema: Mapping[str, Any]) -> str | None:
    """Return the property that free text is for: the only required text, or the only text of all."""
    texts = [option for option in options_of(schema) if option.kind == "text"]
    required = [option for option in texts if option.is_required]
    fitting = required or texts
    return fitting[0].name if len(fitting) == 1 else None


def refuse_unknown(flag: str, schema: Mapping[str, Any], of: str) -> InvalidInput:
    """Return the error for an option that is none, with the nearest ones."""
    flags = [option.flag for option in options_of(schema)]
    near = nearest(flag, flags)
    hint = f"it takes {', '.join(flags)}" if flags else "it takes no options"
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    return InvalidInput(f"{of} has no option {flag}", code="command.invalid", hint=hint)


def _option(
    name: str, own: Mapping[str, Any], schema: Mapping[str, Any], *, is_required: bool
) -> SchemaOption:
    target = _resolved(own, schema)
    choices = target.get("enum")
    description = own.get("description", target.get("description", ""))
    default = own.get("default", target.get("default"))
    return SchemaOption(
        name=name,
        kind=_kind(target, schema),
        is_required=is_required,
        description=description if isinstance(description, str) else "",
        choices=tuple(choices) if isinstance(choices, list) else (),
        default=default,
        has_default="default" in own or "default" in target,
    )


def _kind(target: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    kinds = _kinds(target, schema) - {"null"}
    if len(kinds) == 1:
        words = {
            "string": "text", "integer": "N", "number": "X", "boolean": "true|false", "array": "A,B", "object": "JSON",
        }  # fmt: skip
        return words.get(kinds.pop(), "JSON")
    return "X" if kinds == {"integer", "number"} else "text" if "string" in kinds else "JSON"


def _kinds(own: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> set[str]:
    """Return the JSON types that a property may have."""
    kind = own.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return {one for one in kind if isinstance(one, str)}
    values = own.get("enum")
    if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
        return {"string"}
    if depth >= _MAX_DEPTH:
        return set()
    return {
        one
        for key in ("anyOf", "oneOf", "allOf")
        if isinstance(branches := own.get(key), list)
        for branch in branches
        if isinstance(branch, dict)
        for one in _kinds(_resolved(branch, schema), schema, depth + 1)
    }


def _resolved(own: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a local reference points to, or the branch of a property that may be null."""
    for _ in range(_MAX_DEPTH):
        reference = own.get("$ref")
        branches = own.get("anyOf", own.get("oneOf"))
        if isinstance(reference, str) and reference.startswith("#/"):
            target: Any = schema
            for part in reference[2:].split("/"):
                target = target.get(part) if isinstance(target, dict) else None
        elif isinstance(branches, list):
            others = [one for one in branches if isinstance(one, dict) and one.get("type") != "null"]
            target = others[0] if len(others) == 1 else None
        else:
            return own
        if not isinstance(target, dict):
            return own
        own = target
    return own


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").casefold()
