"""JSON of a size that its reader takes: in the same shape, with long texts and lists that end early."""

from __future__ import annotations

from itertools import islice
from typing import Any

import orjson

__all__ = ["shortened"]

_MOST_KEYS = 200
_LEVELS = ((16_000, 500), (2_000, 100), (300, 20), (80, 5))
"""How long a text and how many items of a list may be: the first that is enough is taken."""


def shortened(value: Any, max_bytes: int) -> bytes | None:
    """Return the JSON of a value with less in it, in at most so many bytes; None if that is not possible.

    >>> shortened({"a": "x" * 81, "b": [1] * 30}, 130)[-38:]
    b' [1 more characters]","b":[1,1,1,1,1]}'
    """
    for length, items in _LEVELS:
        found = orjson.dumps(_cut(value, length, items))
        if len(found) <= max_bytes:
            return found
    return None


def _cut(value: Any, length: int, items: int) -> Any:
    if isinstance(value, str) and len(value) > length:
        return f"{value[:length]}… [{len(value) - length:,} more characters]"
    if isinstance(value, list):
        return [_cut(item, length, items) for item in value[:items]]
    if isinstance(value, dict):
        return {
            _cut(key, length, items): _cut(item, length, items)
            for key, item in islice(value.items(), _MOST_KEYS)
        }
    return value
