"""Values held to a JSON Schema that need not be trusted.

A schema is data: nothing is fetched for it, and it gets no more than a small share of the processor, whatever it
says. What cannot be checked in that share is not checked; whoever the value is for will judge it.
"""

from __future__ import annotations

import functools
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.patterns import matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Fault", "SchemaChecker"]

_MAX_SCHEMA_BYTES = 256 * 1024
_SCHEMA_SHARE_S = 0.15
_VALUE_SHARE_S = 0.05
"""Time of the processor, not of the clock: so a busy machine checks no less."""
_SHOWN_FAULTS = 20
_STEPS = 16
_SHOWN = 300


@dataclass(frozen=True)
class Fault:
    """What is wrong with a value, and where in it. The message never repeats the value, which may be a secret."""

    place: tuple[str | int, ...]
    message: str


class SchemaChecker:
    """Checks values against one schema, of the draft that it names, else 2020-12.

    Args:
        formats: whether `format` counts; JSON Schema itself takes it for a remark.

    >>> checker = SchemaChecker({"properties": {"n": {"type": "integer"}}, "required": ["n"]})
    >>> checker.faults({"n": "3"})
    [Fault(place=('n',), message='should be integer, is string')]
    >>> SchemaChecker({"type": 3}).problem
    'its schema is none: type'
    """

    def __init__(self, schema: dict[str, Any], *, formats: bool = False) -> None:
        self.problem: str | None = None
        """Why nothing is checked; None if it is."""
        self._validator: Any = None
        try:
            self._validator = self._prepared(schema, formats=formats)
        except RecursionError:
            self.problem = "its schema is nested too deeply"
        except _ShareUsedUpError:
            self.problem = "its schema is too much to be checked"

    def faults(self, value: Any) -> list[Fault]:
        """Return the first faults; none where nothing can be checked."""
        if self._validator is None:
            return []
        from referencing.exceptions import Unresolvable

        found: list[Fault] = []
        try:
            with _Share(_VALUE_SHARE_S):
                for error in self._validator.iter_errors(value):
                    found.append(_fault(error))
                    if len(found) >= _SHOWN_FAULTS:
                        break
        except (Unresolvable, RecursionError, _ShareUsedUpError):
            return found  # it refers to what is not here, or to itself without end, or takes too long
        return found

    def _prepared(self, schema: dict[str, Any], *, formats: bool) -> Any:
        import json

        from jsonschema import Draft202012Validator

        text = json.dumps(schema)
        if len(text) > _MAX_SCHEMA_BYTES:
            self.problem = "its schema is too large to be checked"
            return None
        plain = json.loads(text)
        kind = _kind(plain)
        bounded, known = _bounded(kind), _specifications()
        with _Share(_SCHEMA_SHARE_S):
            meta = _bounded(_kind(kind.META_SCHEMA))(_undialected(kind.META_SCHEMA), registry=known)
            error = next(meta.iter_errors(plain), None)
        if error is not None:
            place = ".".join(map(str, error.absolute_path)) or "the whole"
            self.problem = f"its schema is none: {place}"[:_SHOWN]
            return None
        checker = Draft202012Validator.FORMAT_CHECKER if formats else None
        return bounded(_undialected(plain), registry=known, format_checker=checker)


class _ShareUsedUpError(Exception):
    """The checker has had its share."""


_clock = threading.local()


class _Share:
    """Bounds what is checked inside, in this thread."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        _clock.steps = 0
        _clock.end = time.thread_time() + self._seconds

    def __exit__(self, *_: object) -> None:
        _clock.end = float("inf")


def _step() -> None:
    _clock.steps += 1
    if _clock.steps % _STEPS == 0 and time.thread_time() > _clock.end:
        raise _ShareUsedUpError


def _kind(schema: dict[str, Any]) -> Any:
    """Return the validator class of the draft that a schema names."""
    import jsonschema

    named = schema.get("$schema")
    try:
        known = {"$schema": named} if isinstance(named, str) else {}
        return jsonschema.validators.validator_for(known, default=jsonschema.Draft202012Validator)
    except ValueError:  # no URL
        return jsonschema.Draft202012Validator


def _undialected(schema: Any) -> Any:
    """Return a schema that names no draft, in no part: where one is named, the library takes its own class again."""
    if isinstance(schema, dict):
        return {
            key: _undialected(value)
            for key, value in schema.items()
            if not (key == "$schema" and isinstance(value, str))
        }
    return [_undialected(item) for item in schema] if isinstance(schema, list) else schema


@functools.cache
def _specifications() -> Any:
    """Return the schemas of schemas, all that a reference beyond its own schema can mean: nothing is fetched."""
    from jsonschema_specifications import REGISTRY
    from referencing import Registry
    from referencing.jsonschema import specification_with

    return Registry().with_resources(
        (
            address,
            specification_with(resource.contents["$schema"]).create_resource(_undialected(resource.contents)),
        )
        for address, resource in REGISTRY.items()
    )


@functools.cache
def _bounded(kind: Any) -> Any:
    """Return a validator class whose every keyword looks at the clock, and takes no longer than what it looks at."""
    from jsonschema import validators

    functions = dict(kind.VALIDATORS)
    for name, check in (("additionalProperties", _additional), ("required", _required)):
        if name in functions:
            functions[name] = functools.partial(check, functions[name])
    functions |= {"pattern": _pattern, "uniqueItems": _unique}
    functions |= dict.fromkeys(_SKIPPED & set(functions), _nothing)
    extend: Any = validators.extend
    return extend(kind, {name: _timed(check) for name, check in functions.items()})


_SKIPPED = frozenset({"patternProperties", "unevaluatedItems", "unevaluatedProperties"})
"""Expressions over all names at once; and walks through the schema that pass by the clock."""


def _timed(check: Callable[..., Any]) -> Callable[..., Any]:
    def timed(validator: Any, said: Any, value: Any, schema: dict[str, Any]) -> Any:
        _step()
        return check(validator, said, value, schema)

    return timed


def _nothing(*_: Any) -> tuple[()]:
    return ()


def _additional(original: Callable[..., Any], validator: Any, said: Any, value: Any, schema: Any) -> Any:
    """Name each unknown property by itself; behind patterns that are not read, anything may be known."""
    from jsonschema import ValidationError

    if "patternProperties" in schema or not isinstance(value, dict):
        return
    if said is not False:
        yield from original(validator, said, value, schema) or ()
        return
    known = schema.get("properties", {})
    for name in value:
        if name not in known:
            yield ValidationError("", path=(name,))


def _required(original: Callable[..., Any], validator: Any, said: Any, value: Any, schema: Any) -> Any:
    """Name each missing property where it is missing."""
    from jsonschema import ValidationError

    if not isinstance(said, list):  # of the first drafts
        yield from original(validator, said, value, schema) or ()
    elif isinstance(value, dict):
        for name in said:
            if name not in value:
                yield ValidationError("", path=(name,))


def _pattern(_validator: Any, said: Any, value: Any, _schema: Any) -> Any:
    from jsonschema import ValidationError

    if isinstance(value, str) and isinstance(said, str) and not matcher(said)(value):
        yield ValidationError("")


def _unique(_validator: Any, said: Any, value: Any, _schema: Any) -> Any:
    """Compare by what items look like as JSON: in one pass, where comparing each with each could take hours."""
    import json

    from jsonschema import ValidationError

    if said and isinstance(value, list):
        seen: set[str] = set()
        for item in value:
            _step()
            text = json.dumps(item, sort_keys=True)
            if text in seen:
                yield ValidationError("")
                return
            seen.add(text)


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


def _fault(error: Any) -> Fault:
    error = _deepest(error)
    place, said = tuple(error.absolute_path), error.validator_value
    match error.validator:
        case "type":
            kinds = " or ".join(map(str, said)) if isinstance(said, list) else said
            message = f"should be {kinds}, is {_kind_of(error.instance)}"
        case "enum":
            message = f"should be one of {', '.join(_shown(value) for value in said[:20])}"
        case "anyOf" | "oneOf" if kinds := _of_all(error, "type"):
            message = f"should be {' or '.join(map(str, kinds))}, is {_kind_of(error.instance)}"
        case "anyOf" | "oneOf" if values := _of_all(error, "const"):
            message = f"should be one of {', '.join(_shown(value) for value in values[:20])}"
        case keyword if keyword in _WORDS:
            message = _WORDS[keyword].format(_shown(said))
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
