"""The database of DBOS's own tables: `dbos.db` beside ours, or the schema `dbos` on PostgreSQL.

On SQLite DBOS gets one connection. SQLite has one writer anyway, and many threads that wait in its busy handler
sleep past their turn (measured: a fifth less tasks a second).

What we ask of DBOS is synced to disk before we believe it: a submitted task, a taken-over one. What it notes while
it runs is not (`synchronous=NORMAL`): if a power cut takes back that a task was claimed or has ended, it is run
again and its body finds in our own table, which is always synced, that nothing is left to do. Measured: a fifth more
tasks a second on a disk that syncs in 0.3 ms, and most disks are slower.
"""

from __future__ import annotations

import contextlib
import os
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.database.failures import explained
from vibe_jupyter.core.errors import Unavailable, VibeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

__all__ = ["THREADS", "close_database", "engine_errors", "is_new", "is_synced", "open_database"]

is_synced: ContextVar[bool] = ContextVar("is_synced", default=False)
"""Whether what this context commits has to be on disk before it goes on."""

THREADS = {"sqlite": 4, "postgresql": 16}
"""How many threads DBOS may have for its statements; more were not faster."""

SCHEMA = "dbos"
"""Where DBOS keeps its tables on PostgreSQL."""

_POOL_SIZE = 8
_IDLE_TRANSACTION_LIMIT_MS = 60_000
_PRAGMAS = ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "wal_autocheckpoint=4000")


def open_database(url: str) -> Engine:
    """Return the SQLAlchemy engine that DBOS is given; a SQLite file is made for its owner's eyes only."""
    import sqlalchemy as sa

    if not url.startswith("sqlite"):
        options = f"-c idle_in_transaction_session_timeout={_IDLE_TRANSACTION_LIMIT_MS}"
        arguments = {"options": options, "application_name": "vibe-tasks", "connect_timeout": 10}
        return sa.create_engine(url, pool_size=_POOL_SIZE, pool_pre_ping=True, connect_args=arguments)
    path = Path(sa.make_url(url).database or "")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = sa.create_engine(
        url, connect_args={"check_same_thread": False}, pool_size=1, max_overflow=0, pool_timeout=120
    )
    sa.event.listen(engine, "connect", _connected)
    sa.event.listen(engine, "checkout", _checked_out)
    return engine


def is_new(engine: Engine) -> bool:
    """Return whether DBOS has no tables in the database yet; blocking."""
    import sqlalchemy as sa

    schema = None if engine.dialect.name == "sqlite" else SCHEMA
    return not sa.inspect(engine).has_table("workflow_status", schema=schema)


@contextlib.contextmanager
def engine_errors() -> Iterator[None]:
    """Let what SQLAlchemy raises leave the block as an error that says what to do.

    Raises:
        VibeError: `database.*`.
    """
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.exc import TimeoutError as PoolTimeoutError

    try:
        yield
    except DBAPIError as error:
        original = error.orig if isinstance(error.orig, Exception) else error
        raise _about_the_engine(explained(original)) from error
    except PoolTimeoutError as error:
        raise _about_the_engine(error) from error


def _about_the_engine(error: Exception) -> VibeError:
    if not isinstance(error, VibeError):
        return Unavailable(f"the task engine's database failed: {error}", code="database.unavailable")
    if error.code == "database.corrupt":
        return Unavailable(
            "dbos.db, the task engine's file, is damaged or no database",
            code=error.code,
            hint="stop all servers and move dbos.db and its -wal file away; tasks that waited start anew",
        )
    return error


def close_database(engine: Engine) -> None:
    """Close all connections, and those that a thread of DBOS's still holds as soon as it gives them back."""
    import sqlalchemy as sa

    sa.event.listen(engine, "checkin", _invalidate)
    engine.dispose()


def _invalidate(_connection: Any, record: Any) -> None:
    record.invalidate()


def _connected(connection: Any, _record: Any) -> None:
    connection.isolation_level = "IMMEDIATE"  # DBOS's migrations begin by themselves, which rules out None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _checked_out(connection: Any, record: Any, _proxy: Any) -> None:
    """Give the connection the durability that the one who takes it needs."""
    wanted = "FULL" if is_synced.get() else "NORMAL"
    if record.info.get("synchronous") != wanted:
        connection.execute(f"PRAGMA synchronous={wanted}")
        record.info["synchronous"] = wanted
