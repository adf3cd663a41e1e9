"""What only IPython understands in a cell, taken out line by line: all other lines stay in place."""

from __future__ import annotations

import re

__all__ = ["plain_python"]

_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_PYTHON_MAGICS = frozenset(
    ["time", "timeit", "capture", "prun", "memit", "mprun", "debug", "python", "python3"]
)
_TIMED = re.compile(r"^([ \t]*)%time[ \t]+(?=[^-\s])")
_LINE_MAGIC = re.compile(r"^([ \t]*)(?:[%!].*|\?{1,2}[\w.*]+\s*|[\w.]+\?{1,2}\s*)$")
_ASSIGNED_MAGIC = re.compile(r"^([ \t]*[\w.,][\w., \t]*=[ \t]*)[%!][^=].*$")
_PIECE = re.compile(
    r"#.*|\"\"\"|'''|\"(?:[^\"\\]|\\.)*(?:\"|\\?$)|'(?:[^'\\]|\\.)*(?:'|\\?$)|[([{]|[)\]}]|\\$",
)
_END = {quote: re.compile(rf"(?:[^\\]|\\.)*?{quote}") for quote in ('"""', "'''")}


def plain_python(source: str) -> str:
    """Return a code cell with `pass` in place of what only IPython understands.

    A line that goes on with one before it, `% (name, total)`, is Python.
    """
    magic = _CELL_MAGIC.match(source)
    lines = source.split("\n")
    if magic and magic[1] not in _PYTHON_MAGICS:
        return "\n" * (len(lines) - 1)
    plain: list[str] = []
    statement = _Statement()
    is_shell = False  # the line before was taken out, and goes on in this one
    for line in lines:
        shown = line
        if is_shell:
            shown = ""
        elif not statement.is_open:
            shown = _TIMED.sub(r"\1", line)
            if shown == line:
                shown = _ASSIGNED_MAGIC.sub(r"\1None", _LINE_MAGIC.sub(r"\1pass", line))
        is_shell = shown != line and line.endswith("\\") and not shown.endswith("\\")
        statement.read(shown)
        plain.append(shown)
    return "\n".join(plain)


class _Statement:
    """Whether a statement goes on in the next line: by a bracket, a long string or a backslash."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._is_continued = False

    @property
    def is_open(self) -> bool:
        return bool(self._depth or self._quote or self._is_continued)

    def read(self, line: str) -> None:
        position = 0
        self._is_continued = False
        while True:
            if self._quote:
                end = _END[self._quote].match(line, position)
                if end is None:
                    return
                self._quote, position = "", end.end()
            piece = _PIECE.search(line, position)
            if piece is None:
                return
            position = piece.end()
            if piece[0] in _END:
                self._quote = piece[0]
            elif piece[0] in "([{":
                self._depth += 1
            elif piece[0] in ")]}":
                self._depth = max(0, self._depth - 1)
            elif piece[0][0] != "#" and piece[0].endswith("\\"):
                self._is_continued = True
