"""Where something stands in a text, as people count: lines and columns from 1."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Position", "offset_of", "position_of"]

_LINE_END = re.compile(r"\r\n|\n|\r")


class Position(NamedTuple):
    """A place in a text."""

    line: int
    column: int
    """In characters."""
    text: str
    """The whole line, without its end."""

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"

    @property
    def facts(self) -> dict[str, int | str]:
        """Return it as JSON, for the `data` of an error."""
        return {"line": self.line, "column": self.column, "text": self.text}


def position_of(text: str, offset: int) -> Position:
    r"""Return the place of a character of `text`, or of its end.

    >>> position_of("SELECT *\r\n{ ?s }", 12)
    Position(line=2, column=3, text='{ ?s }')
    """
    line, start = 1, 0
    for end in _LINE_END.finditer(text, 0, offset):
        line, start = line + 1, end.end()
    following = _LINE_END.search(text, max(start, offset))
    return Position(line, offset - start + 1, text[start : following.start() if following else len(text)])


def offset_of(text: str, line: int, column: int) -> int:
    """Return the offset of a line and column, at most the length of `text`."""
    start = 0
    for _ in range(line - 1):
        end = _LINE_END.search(text, start)
        if end is None:
            return len(text)
        start = end.end()
    return min(start + column - 1, len(text))
