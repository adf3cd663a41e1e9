"""The parts of a path, see `extract/facts`."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["split_path"]

_STEP = re.compile(r"\.([^\s.()\[\]!<>{}]+)|(\(\))|(\[\])|(!)")
_NAME = re.compile(r"[^.()\[\]!]*")
_CLOSING = {"(": ")", "{": "}", "<": ">"}


@lru_cache(maxsize=200_000)
def split_path(path: str) -> tuple[str, tuple[str, ...]]:
    """Return what a path starts with, and its steps: an attribute's name, `()`, `[]` or `!`.

    Example:
        >>> split_path("(Map<string, Order>).get().total")
        ('(Map<string, Order>)', ('get', '()', 'total'))
    """
    opening = path[:1]
    if opening not in _CLOSING:
        found = _NAME.match(path)
        end = found.end() if found else 0
    elif opening == "<":
        end = path.find(">") + 1
    else:
        end, depth = 0, 0
        closing = _CLOSING[opening]
        for end, mark in enumerate(path, 1):  # noqa: B007 - its last value is used
            depth += (mark == opening) - (mark == closing)
            if depth == 0:
                break
    return path[:end], tuple([m[1] or m[0] for m in _STEP.finditer(path, end)])
