"""Values held to a JSON Schema that need not be trusted.

A schema is data: nothing is fetched for it, and it gets no more than a small share of the processor, whatever it
says. What cannot be checked in that share is not checked; whoever the value is for will judge it.
"""

from __future__ import annotations

from typing import Any

from vibe_jupyter.core.json_schema.bounded import (
    Share,
    ShareUsedUpError,
    bounded_class,
    specifications,
    undialected,
)
from vibe_jupyter.core.json_schema.faults import Fault, fault_of

__all__ = ["SchemaChecker"]

_MAX_SCHEMA_BYTES = 256 * 1024
_SCHEMA_SHARE_S = 0.5
_VALUE_SHARE_S = 0.05
"""Time of the processor, not of the clock: so a busy machine checks no less."""
_SHOWN_FAULTS = 20
_SHOWN = 300


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
        except ValueError:  # a number that is too long to be written
            self.problem = "its schema cannot be read"
        except ShareUsedUpError:
            self.problem = "its schema is too much to be checked"

    def faults(self, value: Any) -> list[Fault]:
        """Return the first faults; none where nothing can be checked."""
        if self._validator is None:
            return []
        from referencing.exceptions import Unresolvable

        found: list[Fault] = []
        try:
            with Share(_VALUE_SHARE_S):
                for error in self._validator.iter_errors(value):
                    found.append(fault_of(error))
                    if len(found) >= _SHOWN_FAULTS:
                        break
        except (Unresolvable, RecursionError, ArithmeticError, ShareUsedUpError):
            return found  # it refers to what is not here, or to itself without end, or takes too long, or overflows
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
        bounded, known = bounded_class(kind), specifications()
        with Share(_SCHEMA_SHARE_S):
            meta = bounded_class(_kind(kind.META_SCHEMA))(undialected(kind.META_SCHEMA), registry=known)
            error = next(meta.iter_errors(plain), None)
        if error is not None:
            place = ".".join(map(str, error.absolute_path)) or "the whole"
            self.problem = f"its schema is none: {place}"[:_SHOWN]
            return None
        checker = Draft202012Validator.FORMAT_CHECKER if formats else None
        return bounded(undialected(plain), registry=known, format_checker=checker)


def _kind(schema: dict[str, Any]) -> Any:
    """Return the validator class of the draft that a schema names."""
    import jsonschema

    named = schema.get("$schema")
    try:
        known = {"$schema": named} if isinstance(named, str) else {}
        return jsonschema.validators.validator_for(known, default=jsonschema.Draft202012Validator)
    except ValueError:  # no URL
        return jsonschema.Draft202012Validator
