"""A bounded place for the engine's serialisers to write to: so many bytes, so many rows, and it stops them.

The engine has no limit on rows and its results cannot be cut in Python without serialising them here, at several times
the cost. So rows are counted in what it writes. Only once there *could* be too many (a cheap count that strings in the
data may inflate) is the text looked at exactly, every byte at most once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["BoundedOutput", "Full", "TooManyRows"]


class Full(Exception):
    """The result has more bytes than allowed."""


class TooManyRows(Exception):
    """The result has more rows than allowed; those that are allowed are in the output, well-formed."""


@dataclass(frozen=True)
class _Rows:
    """How a format separates rows."""

    separator: bytes
    scan: re.Pattern[bytes]
    """Matches separators as group 1; strings that could hide one; and as group 2 what the end of the text may have cut
    off, from where the scan goes on once there is more."""
    separators_before: int
    """How many separators there are in a result without rows, made up for by the first row's own (-1: it has none)."""
    cut_behind: bool
    """Whether a separator belongs to the row before it."""
    tail: bytes
    """What ends a result."""


_FORMATS = {
    "json": _Rows(
        b",{",
        re.compile(rb'"(?:[^"\\]|\\.)*"|(,\{)|("(?:[^"\\]|\\.)*\\?\Z|,\Z)', re.DOTALL),
        -1,
        False,
        b"]}}",
    ),
    "xml": _Rows(b"<result>", re.compile(rb"(<result>)|(<[a-z]{0,6}\Z)"), 0, False, b"</results></sparql>"),
    "csv": _Rows(b"\n", re.compile(rb'"[^"]*"|(\n)|("[^"]*\Z)'), 1, True, b""),
    "tsv": _Rows(b"\n", re.compile(rb"(\n)"), 1, True, b""),
}


class BoundedOutput:
    """A file that pyoxigraph writes to.

    Args:
        max_bytes: more raise `Full`.
        rows_as: the format of SPARQL results whose rows are counted; None counts nothing.
        max_rows: more raise `TooManyRows`; at least 1.
    """

    def __init__(self, max_bytes: int, rows_as: str | None = None, max_rows: int = 1) -> None:
        self.body = bytearray()
        self._max_bytes = max_bytes
        self._rows = _FORMATS[rows_as] if rows_as is not None else None
        self._max_rows = max_rows
        self._scanned = 0
        self._exact = 0
        self._possible = 0
        self._cut = 0
        self._ended = False

    def write(self, data: bytes) -> int:
        """Take what the engine has written."""
        if self._ended:  # the engine writes the rest of its buffer although it was stopped
            return len(data)
        known = len(self.body)
        self.body += data
        if self._rows is not None:
            start = max(self._scanned, known - len(self._rows.separator) + 1)
            self._possible += self.body.count(self._rows.separator, start)
            if self._exact + self._possible >= self._first_over(self._rows):
                self._scan(self._rows)
        if len(self.body) > self._max_bytes:
            self._ended = True
            raise Full
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is nothing behind us."""

    def _first_over(self, rows: _Rows) -> int:
        """Return the number of the separator that proves one row too many."""
        return self._max_rows + 1 + rows.separators_before

    def _scan(self, rows: _Rows) -> None:
        first_over = self._first_over(rows)
        position = len(self.body)
        for found in rows.scan.finditer(self.body, self._scanned):
            if found[2] if rows.scan.groups > 1 else None:
                position = found.start()
                break
            if found[1] is None:
                continue
            self._exact += 1
            if self._exact == first_over - rows.cut_behind:
                self._cut = found.end() if rows.cut_behind else found.start()
            if self._exact == first_over:
                del found
                self._truncate(rows)
        self._scanned, self._possible = position, 0

    def _truncate(self, rows: _Rows) -> None:
        self.body = self.body[: self._cut] + rows.tail
        self._ended = True
        raise TooManyRows
