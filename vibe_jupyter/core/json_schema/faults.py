"""What is wrong with a value, in words that a person understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Fault", "fault_of"]

_SHOWN = 300
_WORDS = {
    "required": "is missing",
    "additionalProperties": "is unknown",
    "minimum": "should be at least {}",
    "maximum": "should be at most {}",
    "exclusiveMinimum": "should be more than {}",
    "exclusiveMaximum": "should be less than {}",
    "multipleOf": "should be a multiple of {}",
    "minLength": "should have at least {} characters",
    "maxLength": "should have at most {} characters",
    "minItems": "should have at least {} items",
    "maxItems": "should have at most {} items",
    "minProperties": "should have at least {} fields",
    "maxProperties": "should have at most {} fields",
    "uniqueItems": "should have no item twice",
    "pattern": "should match {}",
    "format": "should be of the format {}",
    "const": "should be {}",
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with a value, and where in it. The message never repeats the value, which may be a secret."""

    place: tuple[str | int, ...]
    message: str


def fault_of(error: Any) -> Fault:
    """Return what an error of the library means."""
    error = _deepest(error)
    place, said = tuple(error.absolute_path), error.validator_value
    match error.validator:
        case "type":
            kinds = " or ".join(map(str, said)) if isinstance(said, list) else said
            is_fraction = isinstance(error.instance, float) and "integer" in kinds
            message = f"should be {kinds}, is {error.instance if is_fraction else _kind_of(error.instance)}"
        case "enum":
            message = f"should be one of {', '.join(_shown(value) for value in said[:20])}"
        case "anyOf" | "oneOf" if kinds := _of_all(error, "type"):
            message = f"should be {' or '.join(map(str, kinds))}, is {_kind_of(error.instance)}"
        case "anyOf" | "oneOf" if values := _of_all(error, "const"):
            message = f"should be one of {', '.join(_shown(value) for value in values[:20])}"
        case keyword if keyword in _WORDS:
            message = _WORDS[keyword].format(_shown(said))
        case None:  # of a schema that is `false`
            message = "is not allowed"
        case keyword:
            message = f"does not fit {keyword} of the schema"
    return Fault(place, message[:_SHOWN])


def _deepest(error: Any) -> Any:
    """Return what is wrong in the one branch that fits the value's type, where only one does."""
    while error.validator in ("anyOf", "oneOf"):
        here = len(error.absolute_path)
        inner = [one for one in error.context if one.validator != "type" or len(one.absolute_path) > here]
        branches = {one.schema_path[0] for one in inner}
        refused = {one.schema_path[0] for one in error.context if one not in inner}
        if len(branches - refused) != 1:
            return error
        error = next(one for one in inner if one.schema_path[0] in branches - refused)
    return error


def _of_all(error: Any, keyword: str) -> list[Any]:
    """Return what the branches want, if this keyword is all that they disagree about."""
    if any(one.validator != keyword for one in error.context):
        return []
    return [one.validator_value for one in error.context]


def _kind_of(value: Any) -> str:
    names: Iterator[str] = (
        name
        for name, kinds in (
            ("null", type(None)), ("boolean", bool), ("integer", int), ("number", float), ("string", str),
            ("array", list), ("object", dict),
        )
        if isinstance(value, kinds)
    )  # fmt: skip
    return next(names, type(value).__name__)


def _shown(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, default=str)[:100]
