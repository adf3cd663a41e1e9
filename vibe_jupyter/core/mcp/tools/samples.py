"""A small part of large JSON that is JSON itself: so that it can be shown as what it is."""

from __future__ import annotations

from typing import Any

import orjson

__all__ = ["counted_rows", "sample_of"]

_MAX_BYTES = 8000
_ITEMS = (20, 5, 2)
_NAMES = 50
_TEXT = 300
_DEPTH = 5


def sample_of(value: Any) -> str:
    """Return the beginning of each list and text in a value, as JSON of 8 kB at the most.

    >>> sample_of({"rows": [{"n": 1}] * 1000, "unit": "m"}).count('{"n":1}')
    20
    """
    for items in _ITEMS:
        text = orjson.dumps(_part(value, items, _DEPTH))
        if len(text) <= _MAX_BYTES:
            return text.decode()
    return '"too deep or too wide to be shown in part"'


def counted_rows(value: Any) -> str | None:
    """Return how many items the lists of a value have that are not all in its sample.

    >>> counted_rows({"rows": [{}] * 30_000, "units": ["m"]}), counted_rows([1])
    ('rows: 30,000 items', None)
    """
    lists = value.items() if isinstance(value, dict) else [("", value)]
    said = [
        f"{name}: {len(one):,} items".removeprefix(": ")
        for name, one in lists
        if isinstance(one, list) and len(one) > _ITEMS[-1]
    ]
    return ", ".join(said[:5])[:_TEXT] or None


def _part(value: Any, items: int, depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _TEXT else f"{value[:_TEXT]}…"
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, list):
        return [_part(one, items, depth - 1) for one in value[:items]]
    return {
        name[:_TEXT]: _part(value[name], items, depth - 1)
        for name, _ in zip(value, range(_NAMES), strict=False)
    }
