"""The index over ended tasks: one SQLite file with FTS5, shared by all processes on a data directory.

It can always be built again from the history, so a file that is damaged or of another version is dropped.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import aiosqlite

from vibe_jupyter.core.oracles.task_search.words import text_of
from vibe_jupyter.core.words import compound_parts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

__all__ = ["Document", "Hit", "TaskIndex", "document_of"]

R = TypeVar("R")

_VERSION = 1
_SCHEMA = (
    """CREATE TABLE tasks (
        row INTEGER PRIMARY KEY, user_id TEXT NOT NULL, task_id TEXT NOT NULL, type TEXT NOT NULL,
        state TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (user_id, task_id)
    )""",
    "CREATE TABLE cursors (user_id TEXT PRIMARY KEY, cursor TEXT NOT NULL)",
    """CREATE VIRTUAL TABLE texts USING fts5(
        type, input, error, result, parts, tokenize = 'porter unicode61 remove_diacritics 2'
    )""",
    f"PRAGMA user_version = {_VERSION}",
)
_WEIGHTS = "4.0, 3.0, 2.0, 1.0, 0.5"  # of the columns of `texts`, in their order
_BEST_TASKS = f"""
SELECT task.row, task.task_id, task.type, task.state, task.created_at, -bm25(texts, {_WEIGHTS}) AS score
FROM texts JOIN tasks AS task ON task.row = texts.rowid
WHERE texts MATCH :match AND task.user_id = :user_id
    AND CASE WHEN :kind IS NULL THEN task.type <> :own_type ELSE task.type = :kind END
    AND (:state IS NULL OR task.state = :state)
ORDER BY score DESC, task.created_at DESC
LIMIT :limit
"""  # noqa: S608 - constants only
_SNIPPET_COLUMNS = (1, 2, 3, 0, 4)
_SNIPPET_TOKENS = 24
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_FIELD_CHARS = 16_384
_OWN_TYPE = "task_search"


@dataclass(frozen=True)
class Document:
    """A task as it is indexed."""

    task_id: str
    type: str
    state: str
    created_at: str
    texts: tuple[str, ...]
    """What goes into the columns of the full-text table: type with state, input, error, result, parts."""


@dataclass(frozen=True)
class Hit:
    """A task that matches."""

    id: str
    type: str
    state: str
    created_at: str
    snippet: str
    score: float


def document_of(task: dict[str, Any]) -> Document:
    """Return what is indexed of a task as the API shows it; long results are cut at 16,384 characters."""
    kind = str(task.get("type") or "")
    created_at = task.get("created_at") or ""
    state = str(task.get("state") or "")
    fields = (text_of(task.get(field), _FIELD_CHARS) for field in ("input", "error", "result"))
    texts = (f"{kind} {state}", *fields)
    return Document(
        task_id=str(task["id"]),
        type=kind,
        state=state,
        created_at=created_at if isinstance(created_at, str) else created_at.isoformat(),
        texts=(*texts, " ".join(compound_parts(" ".join(texts)))),
    )


class TaskIndex:
    """Reads and writes the index file; keeps no connection between calls."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def cursor(self, user_id: str) -> str | None:
        """Return up to where the history of `user_id` is indexed."""
        async with self._open() as database:
            found = await _scalar(database, "SELECT cursor FROM cursors WHERE user_id = ?", user_id)
        return None if found is None else str(found)

    async def add(self, user_id: str, documents: list[Document], *, after: str | None, cursor: str) -> None:
        """Index `documents`, the page of history between `after` and `cursor`, in one transaction.

        Another process may index the same page at the same time: a task is stored once, and the cursor moves
        only if it still is where this page begins.
        """
        keys = [(user_id, document.task_id) for document in documents]
        rows = [(*key, d.type, d.state, d.created_at) for key, d in zip(keys, documents, strict=True)]
        async with self._open() as database:
            await database.execute("BEGIN IMMEDIATE")
            await database.executemany(
                "INSERT INTO tasks (user_id, task_id, type, state, created_at) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET "
                "type = excluded.type, state = excluded.state, created_at = excluded.created_at",
                rows,
            )
            await database.executemany(
                "DELETE FROM texts WHERE rowid = (SELECT row FROM tasks WHERE user_id = ? AND task_id = ?)",
                keys,
            )
            await database.executemany(
                "INSERT INTO texts (rowid, type, input, error, result, parts) "
                "SELECT row, ?, ?, ?, ?, ? FROM tasks WHERE user_id = ? AND task_id = ?",
                [(*document.texts, *key) for key, document in zip(keys, documents, strict=True)],
            )
            await database.execute(
                "INSERT INTO cursors (user_id, cursor) SELECT ?, ? WHERE ? IS "
                "(SELECT cursor FROM cursors WHERE user_id = ?) "
                "ON CONFLICT DO UPDATE SET cursor = excluded.cursor",
                (user_id, cursor, after, user_id),
            )
            await database.execute("COMMIT")

    async def search(
        self, user_id: str, match: str, *, limit: int, kind: str | None = None, state: str | None = None
    ) -> list[Hit]:
        """Return the best tasks of `user_id` for an FTS5 expression.

        Past searches are left out unless `kind`, a task type, asks for them: they repeat every query.
        """
        values = {"match": match, "user_id": user_id, "kind": kind, "state": state, "limit": limit}
        async with self._open() as database:
            rows = list(await database.execute_fetchall(_BEST_TASKS, {**values, "own_type": _OWN_TYPE}))
            snippets = await _snippets(database, match, [row[0] for row in rows])
        return [
            Hit(task_id, kind, state, created_at, snippets.get(row, ""), round(score, 4))
            for row, task_id, kind, state, created_at, score in rows
        ]

    async def count(self, user_id: str) -> int:
        """Return how many tasks of `user_id` are indexed."""
        async with self._open() as database:
            return int(await _scalar(database, "SELECT count(*) FROM tasks WHERE user_id = ?", user_id))

    async def rebuilt_if_damaged(self, use: Callable[[], Awaitable[R]]) -> R:
        """Return `use()`; if the file turns out to be damaged, drop it and do it once more from nothing."""
        try:
            return await use()
        except _OtherVersionError:
            pass
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
                raise
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        return await use()

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[aiosqlite.Connection]:
        if not self._path.exists():
            await _create(self._path)
        async with aiosqlite.connect(self._path, isolation_level=None) as database:
            await database.execute("PRAGMA busy_timeout = 30000")
            await database.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes is indexed again
            if await _scalar(database, "PRAGMA user_version") != _VERSION:
                raise _OtherVersionError
            yield database


class _OtherVersionError(Exception):
    """The file was made by another release of ours, or its making was cut off."""


async def _create(path: Path) -> None:
    """Make the file aside and link it into place, whole: many processes may begin at the same moment.

    In place they would meet while the first one switches to WAL, which SQLite answers with "database is
    locked" at once, whatever the busy timeout.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        async with aiosqlite.connect(draft, isolation_level=None) as database:
            await database.execute("PRAGMA journal_mode = WAL")
            for statement in _SCHEMA:
                await database.execute(statement)
        with contextlib.suppress(FileExistsError):  # another one was first
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


async def _scalar(database: aiosqlite.Connection, statement: str, *values: Any) -> Any:
    rows = list(await database.execute_fetchall(statement, values))
    return rows[0][0] if rows else None


async def _snippets(database: aiosqlite.Connection, match: str, rows: list[int]) -> dict[int, str]:
    """Return for each row the snippet of the first column with a match, the most telling column first."""
    if not rows:
        return {}
    columns = ", ".join(f"snippet(texts, {c}, '⟦', '⟧', '…', {_SNIPPET_TOKENS})" for c in _SNIPPET_COLUMNS)
    marks = ", ".join("?" * len(rows))
    statement = f"SELECT rowid, {columns} FROM texts WHERE texts MATCH ? AND rowid IN ({marks})"  # noqa: S608
    found = await database.execute_fetchall(statement, (match, *rows))
    return {row[0]: next((text for text in row[1:] if text and "⟦" in text), "") for row in found}
