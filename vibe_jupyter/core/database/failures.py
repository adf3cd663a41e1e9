"""What a database's own errors mean to a person."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import InvalidInput, Unavailable, VibeError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["database_errors", "explained", "locked", "stopping"]


class StorageFullError(VibeError):
    """There is no room to store it (507)."""

    status, code = 507, "database.full"


_SQLITE = {
    sqlite3.SQLITE_FULL: StorageFullError(
        "the disk is full: nothing was stored",
        hint="free some space, then try again; what was accepted before is safe",
    ),
    sqlite3.SQLITE_BUSY: Unavailable(
        "the database stayed locked by another process for 30 s: nothing was stored",
        code="database.locked",
        hint="end the process that holds vibe.db open (jupyter vibe doctor), then try again",
    ),
    sqlite3.SQLITE_CORRUPT: Unavailable(
        "the database file is damaged",
        code="database.corrupt",
        hint="stop all servers, move vibe.db and its -wal file away and restore a backup; "
        "sqlite3 vibe.db '.recover' saves what can be read",
    ),
    sqlite3.SQLITE_NOTADB: Unavailable(
        "vibe.db is not a SQLite database",
        code="database.corrupt",
        hint="move the file away, or set VIBE_DATA_DIR to another folder",
    ),
    sqlite3.SQLITE_READONLY: Unavailable(
        "the database cannot be written: the file or its folder is read-only",
        code="database.read_only",
        hint="check the owner and the mode of the data directory (jupyter vibe doctor)",
    ),
    sqlite3.SQLITE_CANTOPEN: Unavailable(
        "the database file cannot be opened",
        code="database.cannot_open",
        hint="check that the data directory exists and is yours (jupyter vibe doctor)",
    ),
    sqlite3.SQLITE_IOERR: Unavailable(
        "reading or writing the database file failed",
        code="database.io",
        hint="check the disk; a network file system is not supported (jupyter vibe doctor)",
    ),
}


def stopping() -> Unavailable:
    """Return what whoever comes while the platform stops is told."""
    return Unavailable(
        "the platform is stopping: nothing was done",
        code="platform.stopping",
        hint="send it again to the server that comes next",
    )


def locked() -> VibeError:
    """Return the error of a database that another process does not let go."""
    known = _SQLITE[sqlite3.SQLITE_BUSY]
    return type(known)(known.message, code=known.code, hint=known.hint)


def explained(error: Exception) -> Exception:
    """Return what `error` means in our terms; the error itself where it says nothing to a person."""
    cause = getattr(error, "orig", None)  # what SQLAlchemy has wrapped
    if isinstance(cause, Exception):
        return explained(cause)
    if isinstance(error, sqlite3.Error):
        known = _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        return error if known is None else type(known)(known.message, code=known.code, hint=known.hint)
    if type(error).__module__.startswith("psycopg") and type(error).__name__ in _REFUSED_VALUE:
        return InvalidInput("the database cannot store this text: it holds a null character or broken UTF-8")
    if type(error).__module__.startswith("psycopg") and type(error).__name__ in _LOST_CONNECTION:
        return Unavailable(
            "PostgreSQL does not answer",
            code="database.unavailable",
            hint="check VIBE_DATABASE_URL and that the server runs (jupyter vibe doctor)",
        )
    return error


_REFUSED_VALUE = ("DataError", "UntranslatableCharacter", "CharacterNotInRepertoire")
_LOST_CONNECTION = ("OperationalError", "AdminShutdown", "ConnectionTimeout", "CannotConnectNow")


class _InOurTerms:
    """No generator: it surrounds every read."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Exception) and (meant := explained(error)) is not error:
            raise meant from error


_IN_OUR_TERMS = _InOurTerms()


def database_errors() -> AbstractContextManager[None]:
    """Let what the driver raises leave the block in our terms."""
    return _IN_OUR_TERMS
