"""JSON as editors write it: with comments and trailing commas. An error names line and column."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from vibe_jupyter.core.mcp.errors import ConfigError

__all__ = ["Object", "parse"]

# Each alternative ends where it must, what is never closed at the end of the text, and none gives back what it has
# taken: so a text is read once, whatever it holds.
_PIECE = re.compile(
    r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)|\s++|.', re.DOTALL
)
_NOT_NEWLINE = re.compile(r"[^\n]")


class Object(dict[str, Any]):
    """A JSON object that remembers which of its keys stood there more than once; the last one counts."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counts = Counter(name for name, _ in pairs) if len(self) < len(pairs) else {}
        self.repeated = frozenset(name for name, count in counts.items() if count > 1)


def parse(text: str, where: str) -> Any:
    r"""Return the value.

    Raises:
        ConfigError: with file, line and column.

    >>> parse('{"a": [1, 2,], // two\n "b": "// no comment",}', "here")
    {'a': [1, 2], 'b': '// no comment'}
    """
    try:
        try:
            return json.loads(text, object_pairs_hook=Object)
        except json.JSONDecodeError:
            return json.loads(_plain(text), object_pairs_hook=Object)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{where}, line {error.lineno}, column {error.colno}: {error.msg}",
            hint="it must be JSON; comments and trailing commas are understood",
            data={"line": error.lineno, "column": error.colno},
        ) from None
    except RecursionError:
        raise ConfigError(f"{where}: it is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise ConfigError(f"{where}: {error}") from None


def _plain(text: str) -> str:
    """Return the text with spaces in the place of comments and trailing commas: all else stays where it is."""
    parts: list[str] = []
    before, comma = "", None  # the last piece that counts, and where a comma waits for what follows it
    for piece in _PIECE.findall(text):
        if piece.startswith("//") or (piece.startswith("/*") and piece.endswith("*/", 2)):
            parts.append(_NOT_NEWLINE.sub(" ", piece))
            continue
        if not piece.isspace():
            if piece in "]}" and comma is not None:
                parts[comma] = " "
            is_in_place = before not in ("", ",", "[", "{", ":")
            comma = len(parts) if piece == "," and is_in_place else None
            before = piece
        parts.append(piece)
    return "".join(parts)
