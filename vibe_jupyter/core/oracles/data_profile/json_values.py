"""Turn Arrow values into what JSON can hold, without losing what a reader needs."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
from typing import Any

import pyarrow as pa
import pyarrow.types as pat

__all__ = ["json_value", "plain"]

_MAX_TEXT = 200
_MAX_ITEMS = 20
_MAX_DEPTH = 8
_EXPONENTS = {"s": 0, "ms": -3, "us": -6, "ns": -9}
_ZEROS = re.compile(r"(:\d\d)(?:\.0+|(\.\d*[1-9])0+)(?=$|[Z+-])")
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")


def json_value(scalar: pa.Scalar) -> Any:
    """Return an Arrow scalar for JSON: dates as ISO 8601 with a space, NaN as None, bytes as their length.

    Dates go through Arrow's own formatting, since Python's datetime ends at microseconds and the year 9999.
    """
    if not scalar.is_valid:
        return None
    kind = scalar.type
    if pat.is_timestamp(kind) or pat.is_date(kind) or pat.is_time(kind):
        return _iso_time(scalar)
    if pat.is_duration(kind):
        return f"PT{decimal.Decimal(scalar.value).scaleb(_EXPONENTS[kind.unit]):f}S"
    try:
        return plain(scalar.as_py())
    except (ValueError, OverflowError, RecursionError, pa.ArrowException):  # out of Python's range
        return _shortened(str(scalar))


def _iso_time(scalar: pa.Scalar) -> str:
    try:
        text = str(scalar.cast(pa.string()).as_py())
    except pa.ArrowException:  # a time zone that this machine does not know
        text = "out of range"
    if "out of range" in text:
        return f"{scalar.value} ({scalar.type})"
    text = _ZEROS.sub(r"\1\2", text)
    return _OFFSET.sub(r"\1:\2", text.removesuffix(" 00:00:00"))


def plain(value: Any, depth: int = 0) -> Any:
    """Return a Python value for JSON; long texts and lists and deep nesting are cut with an ellipsis."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, decimal.Decimal):
        return _from_decimal(value)
    if isinstance(value, dict | list | tuple):
        return "…" if depth >= _MAX_DEPTH else _plain_items(value, depth + 1)
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return _shortened(str(value))


def _plain_items(items: dict[Any, Any] | list[Any] | tuple[Any, ...], depth: int) -> Any:
    if isinstance(items, dict):
        return {str(key): plain(item, depth) for key, item in list(items.items())[:_MAX_ITEMS]}
    rest = ["…"] if len(items) > _MAX_ITEMS else []
    return [plain(item, depth) for item in items[:_MAX_ITEMS]] + rest


def _finite(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)


def _from_decimal(value: decimal.Decimal) -> float | str | None:
    """Return a number where the float says exactly the same, otherwise the digits as text."""
    number = float(value)
    return _finite(number) if decimal.Decimal(repr(number)) == value or value.is_nan() else str(value)


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
