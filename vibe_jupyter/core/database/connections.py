"""Open connections to the database in two recipes that hold under several processes: to write, and to read.

SQLite: WAL with synchronous=FULL, and every transaction begins IMMEDIATE; a deferred one would have to be
upgraded and fails at once when another process writes, whatever the busy timeout. PostgreSQL: autocommit
reads that the server itself keeps from writing.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from vibe_jupyter.core.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from psycopg import Connection as PsycopgConnection

__all__ = ["dialect_of", "migration_engine", "postgresql_reader", "prepare", "sqlite_reader", "writer"]

BUSY_TIMEOUT_MS = 30_000


def dialect_of(url: str) -> str:
    """Return `sqlite` or `postgresql`.

    Raises:
        InvalidInput: `database.unsupported`.
    """
    name = url.split(":", 1)[0].split("+", 1)[0]
    if name not in ("sqlite", "postgresql"):
        raise InvalidInput(
            f"the database {name!r} is not supported",
            code="database.unsupported",
            hint="use sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
        )
    return name


def sqlite_path(url: str) -> str:
    """Return the file of a `sqlite:///` URL."""
    return sa.make_url(url).database or ":memory:"


def sqlite_writer(path: str) -> sqlite3.Connection:
    """Open the file to write; it is made if it is not there.

    The connection itself does not wait for the lock: `writer.Writer` does, and looks much more often.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    pragmas = (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA busy_timeout=0")
    return connection


def sqlite_reader(path: str) -> sqlite3.Connection:
    """Open the file to read only; every statement sees the latest commit."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "query_only=ON", "cache_size=-16384"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def writer(url: str) -> Any:
    """Open a driver connection for the writer thread, which begins and commits by itself."""
    if dialect_of(url) == "sqlite":
        return sqlite_writer(sqlite_path(url))
    return _psycopg(url)


def postgresql_reader(url: str) -> PsycopgConnection[Any]:
    """Open an autocommit connection that the server keeps from writing."""
    return _psycopg(url, options="-c default_transaction_read_only=on")


def _psycopg(url: str, **options: Any) -> PsycopgConnection[Any]:
    import psycopg

    address = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, autocommit=True, connect_timeout=10, application_name="vibe", **options)


def prepare(url: str) -> None:
    """Make the SQLite file and its folder if they are not there, for their owner alone.

    Raises:
        Unavailable: `database.cannot_open`.
    """
    if dialect_of(url) != "sqlite":
        return
    file = Path(sqlite_path(url))
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise Unavailable(
            f"the database file {file} cannot be made: {error.strerror}",
            code="database.cannot_open",
            hint="check the folder, or set VIBE_DATA_DIR to another one (jupyter vibe doctor)",
        ) from error


def migration_engine(url: str) -> sa.Engine:
    """Return a SQLAlchemy engine for Alembic, whose SQLite transactions take the write lock as they begin."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def _connect(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None  # the driver must not begin anything: we do, below
            for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}")

        @sa.event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
