"""The validators of the library `jsonschema`, made to stop when they have had their share of the processor."""

from __future__ import annotations

import functools
import threading
import time
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.json_schema.patterns import matcher

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Share", "ShareUsedUpError", "bounded_class", "specifications", "undialected"]

_STEPS = 16
_clock = threading.local()


class ShareUsedUpError(Exception):
    """The checker has had its share."""


class Share:
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
        raise ShareUsedUpError


@functools.cache
def bounded_class(kind: Any) -> Any:
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


def undialected(schema: Any) -> Any:
    """Return a schema that names no draft, in no part: where one is named, the library takes its own class again."""
    if isinstance(schema, dict):
        return {
            key: undialected(value)
            for key, value in schema.items()
            if not (key == "$schema" and isinstance(value, str))
        }
    return [undialected(item) for item in schema] if isinstance(schema, list) else schema


@functools.cache
def specifications() -> Any:
    """Return the schemas of schemas, all that a reference beyond its own schema can mean: nothing is fetched."""
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
    from referencing import Registry
    from referencing.jsonschema import specification_with

    return Registry().with_resources(
        (
            address,
            specification_with(resource.contents["$schema"]).create_resource(undialected(resource.contents)),
        )
        for address, resource in REGISTRY.items()
    )
