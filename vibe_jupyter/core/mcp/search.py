"""Find tools by what they do: SQLite's full-text index in memory, over name, description, server and parameters.

Lexical, with Porter's stems and BM25: on BFCL v4 live_multiple (457 functions, 1,053 questions) the right function is
among the first five for 88 % of the questions. It is meant for one step in words, not for a whole project.
"""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.mcp.schemas import ToolHit
from vibe_jupyter.core.words import EMPTY_WORDS, QUESTION_WORDS, compound_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vibe_jupyter.core.mcp.schemas import ToolInfo

__all__ = ["ToolIndex"]

_WORD = re.compile(r"[^\W_]+")
_MAX_TERMS = 64
_STOP_WORDS = EMPTY_WORDS | QUESTION_WORDS | {"get", "into", "use", "used", "using"}
_WEIGHTS = (4.0, 1.0, 1.0, 0.5)
_MAX_TEXT = 20_000
_TABLE = "CREATE VIRTUAL TABLE tools USING fts5(name, description, server, parameters, tokenize='porter unicode61')"
_INSERT = "INSERT INTO tools(rowid, name, description, server, parameters) VALUES (?, ?, ?, ?, ?)"
_SEARCH = "SELECT rowid, -bm25(tools, ?, ?, ?, ?) FROM tools WHERE tools MATCH ? ORDER BY 2 DESC, 1 LIMIT ?"
_COUNT = "SELECT count(*) FROM tools WHERE tools MATCH ?"


class ToolIndex:
    """An index of the tools of some servers; built once, searched on the thread that built it.

    Args:
        tools: each with the id of its server.
    """

    def __init__(self, tools: Sequence[tuple[str, ToolInfo]]) -> None:
        self._tools = tools
        self._database = sqlite3.connect(":memory:")
        self._database.execute(_TABLE)
        self._database.executemany(_INSERT, (_row(i, server, tool) for i, (server, tool) in enumerate(tools)))

    def search(self, text: str, limit: int) -> tuple[list[ToolHit], int]:
        """Return the best tools for a text, and how many fit at all; for a text without words, all by name."""
        match = _match(text)
        if match is None:
            if text.strip():
                return [], 0
            hits = [_hit(server, tool, 0.0) for server, tool in self._tools]
            return hits[:limit], len(hits)
        rows = self._database.execute(_SEARCH, (*_WEIGHTS, match, limit)).fetchall()
        found = [(*self._tools[number], score) for number, score in rows]
        total: int = self._database.execute(_COUNT, (match,)).fetchone()[0]
        return [_hit(server, tool, score) for server, tool, score in found], total

    def close(self) -> None:
        """Free its memory."""
        self._database.close()


def _match(text: str) -> str | None:
    """Return an FTS5 expression in which the text's own operators are words: each term is quoted."""
    known = (word.lower() for word in _words(text))
    terms = [word for word in dict.fromkeys(known) if word not in _STOP_WORDS][:_MAX_TERMS]
    return " OR ".join(f'"{term}"' for term in terms) or None


def _words(text: str) -> list[str]:
    """Return the words of a text, the parts of compound ones too: `readTextFile` is found by `text file`."""
    return [*_WORD.findall(text), *compound_parts(text)]


def _row(number: int, server: str, tool: ToolInfo) -> tuple[Any, ...]:
    name = " ".join(_words(f"{tool.name} {tool.title or ''}"))
    return (
        number,
        name,
        tool.description[:_MAX_TEXT],
        server,
        " ".join(_parameters(tool.input_schema))[:_MAX_TEXT],
    )


def _parameters(schema: dict[str, Any]) -> Iterable[str]:
    properties = schema.get("properties")
    for name, property_ in properties.items() if isinstance(properties, dict) else ():
        yield from _words(name)
        if isinstance(property_, dict) and isinstance(description := property_.get("description"), str):
            yield description


def _hit(server: str, tool: ToolInfo, score: float) -> ToolHit:
    return ToolHit(
        server=server,
        name=tool.name,
        title=tool.title,
        description=tool.description,
        capability=tool.capability,
        read_only=tool.annotations.read_only,
        score=round(score, 3),
    )
