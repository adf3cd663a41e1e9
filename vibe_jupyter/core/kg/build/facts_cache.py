"""Facts by the hash of the bytes they were read from: what did not change is never parsed again."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import msgspec

from vibe_jupyter.core.kg.extract.facts import FileFacts, decode_facts, encode_facts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["EXTRACTOR_VERSION", "FactsCache"]

EXTRACTOR_VERSION = 15
"""Raised with every change of what an extractor finds: older facts are then read anew."""


class FactsCache:
    """A file of facts, shared by all builds of a graph. Used by one process at a time (the graph's writer)."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = self._open(path)
        except sqlite3.OperationalError:
            raise  # the disk is full, or somebody holds it
        except sqlite3.DatabaseError:  # damaged: it can be made again from the project's files
            for end in ("", "-wal", "-shm"):
                path.with_name(path.name + end).unlink(missing_ok=True)
            self._connection = self._open(path)

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                "CREATE TABLE IF NOT EXISTS facts (sha BLOB NOT NULL, language TEXT NOT NULL,"
                " version INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (sha, language, version)) WITHOUT ROWID;"
            )
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def get(self, sha: bytes, language: str) -> FileFacts | None:
        """Return the facts of a file with these bytes; None where they are not known to this version."""
        row = self._connection.execute(
            "SELECT body FROM facts WHERE sha = ? AND language = ? AND version = ?",
            (sha, language, EXTRACTOR_VERSION),
        ).fetchone()
        if row is None:
            return None
        try:
            return decode_facts(row[0])
        except msgspec.DecodeError:
            return None  # damaged: read the file again

    def put(self, entries: Iterable[tuple[bytes, FileFacts]]) -> None:
        """Keep facts, in one transaction."""
        self._connection.execute("BEGIN")
        self._connection.executemany(
            "INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)",
            ((sha, facts.language, EXTRACTOR_VERSION, encode_facts(facts)) for sha, facts in entries),
        )
        self._connection.execute("COMMIT")

    def keep_only(self, hashes: set[bytes]) -> None:
        """Forget the facts of bytes that no file has any more."""
        known = {row[0] for row in self._connection.execute("SELECT sha FROM facts")}
        self._connection.execute("BEGIN")
        self._connection.executemany("DELETE FROM facts WHERE sha = ?", ((sha,) for sha in known - hashes))
        self._connection.execute("COMMIT")
