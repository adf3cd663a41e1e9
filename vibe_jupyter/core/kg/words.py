"""The words of a graph's symbols, for text search: an FTS5 table beside each generation.

It is made with the generation and never changed afterwards; the next one starts from a copy.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from vibe_jupyter.core.errors import Conflict
from vibe_jupyter.core.words import compound_parts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Entry", "find_entries", "write_words"]

_NAME = "words.db"
_MAX_DOCUMENTATION = 4_000
_MAX_CANDIDATES = 400
_WORD = re.compile(r"[^\W_]+")
_PARTS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


class Entry(NamedTuple):
    """What one symbol can be found by."""

    iri: str
    name: str
    qualified_name: str
    documentation: str


def write_words(
    new: Path, old: Path | None, gone: Iterable[str], entries: Iterable[tuple[str, list[Entry]]]
) -> None:
    """Make the index of a generation.

    Args:
        new: the folder of the new generation's own files.
        old: that of the one before, if most of it stays.
        gone: the paths of files whose entries go.
        entries: by path, what comes.
    """
    target = new / _NAME
    if old is not None and (old / _NAME).exists():
        shutil.copyfile(old / _NAME, target)
    with closing(sqlite3.connect(target, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")  # what publishes the generation brings it to the disk
        database.execute("PRAGMA journal_mode = OFF")
        database.execute(
            "CREATE TABLE IF NOT EXISTS places (path TEXT PRIMARY KEY, first INTEGER, last INTEGER) WITHOUT ROWID"
        )
        database.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5("
            "name, qualified_name, documentation, iri UNINDEXED, tokenize = 'unicode61 remove_diacritics 2')"
        )
        database.execute("BEGIN")
        for path in gone:
            found = database.execute(
                "DELETE FROM places WHERE path = ? RETURNING first, last", (path,)
            ).fetchone()
            if found:
                database.execute("DELETE FROM words WHERE rowid BETWEEN ? AND ?", found)
        (last,) = database.execute("SELECT coalesce(max(last), 0) FROM places").fetchone()
        for path, found in entries:
            rows = [
                (
                    last + i,
                    _split(e.name),
                    _split(e.qualified_name),
                    e.documentation[:_MAX_DOCUMENTATION],
                    e.iri,
                )
                for i, e in enumerate(found, 1)
            ]
            database.executemany(
                "INSERT INTO words (rowid, name, qualified_name, documentation, iri) VALUES (?, ?, ?, ?, ?)",
                rows,
            )
            database.execute("INSERT INTO places VALUES (?, ?, ?)", (path, last + 1, last + len(rows)))
            last += len(rows)
        database.execute("COMMIT")


def find_entries(folder: Path, text: str, limit: int) -> tuple[list[str], bool]:
    """Return the IRIs of the symbols whose name, qualified name or documentation has all words of a text, best first.

    A word fits as a whole, as a part of a name (`total` in `order_total`, `orderTotal`), or as the beginning of one, in
    this order; a name counts more than a qualified name, and that more than the documentation.

    Args:
        folder: of the generation's own files.
        text: words; they are never read as an expression.
        limit: how many at most.

    Raises:
        Conflict: `kg.outdated`, for a graph that was made by an older version.
    """
    words = [word.lower() for term in text.split() for word in _WORD.findall(_split(term))]
    if not words:
        return [], False
    file = folder / _NAME
    if not file.exists():
        raise Conflict(
            "this graph was made by an older version and has no index of words",
            code="kg.outdated",
            hint="%vibe kg generate brings it up to date",
        )
    expression = " AND ".join(f'"{word}"*' for word in dict.fromkeys(words))
    with closing(sqlite3.connect(f"file:{quote(str(file))}?immutable=1", uri=True)) as database:
        rows = database.execute(
            "SELECT iri, name, qualified_name, documentation FROM words WHERE words MATCH ? "
            "AND rank MATCH 'bm25(10.0, 4.0, 1.0)' ORDER BY rank LIMIT ?",
            (expression, max(limit + 1, _MAX_CANDIDATES)),
        ).fetchall()
    wanted = text.strip().removesuffix("()").lower()
    ranked = sorted((-_score(wanted, words, Entry(*row)), place, row[0]) for place, row in enumerate(rows))
    return [iri for _, _, iri in ranked[:limit]], len(ranked) > limit


def _split(name: str) -> str:
    """Return a name with the parts that stand in it without a border."""
    parts = [part for word in _WORD.findall(name) for part in compound_parts(word)]
    return "\n".join([name, " ".join(parts)]) if parts else name


def _score(wanted: str, words: list[str], entry: Entry) -> float:
    name, qualified = entry.name.split("\n")[0], entry.qualified_name.split("\n")[0]
    exact = 100.0 if wanted in (name.lower(), qualified.lower()) else 0.0
    return exact + sum(max(4 * _fit(word, name), 2 * _fit(word, qualified), 1.0) for word in words)


def _fit(word: str, name: str) -> int:
    lowered = name.lower()
    if word == lowered:
        return 4
    if word not in lowered:
        return 0
    parts = {part.lower() for part in _PARTS.findall(name)}
    return 3 if word in parts else 2 if any(part.startswith(word) for part in parts) else 1
