"""Checks of the database and of the SQLite library."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vibe_jupyter.core.doctor.check import Check

if TYPE_CHECKING:
    from sqlalchemy import URL

    from vibe_jupyter.core.settings import Settings

__all__ = ["check_database", "check_engine_database", "check_full_text", "check_sqlite_library"]

_NAME = "database"
_QUICK_CHECK_S = 1.0
_STEPS_PER_LOOK = 10_000
_WITHOUT_RESET_BUG = (3, 51, 3)
_WITHDRAWN = (3, 52, 0)


def check_database(settings: Settings) -> Check:
    """Open the database as it is configured, and look whether it is whole. Changes nothing."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(settings.effective_database_url)
    except ArgumentError:  # its message shows the URL, with the password
        fix = "for example postgresql+psycopg://user:password@host/vibe"
        return Check(name=_NAME, status="problem", message="DATABASE_URL is not a database URL", fix=fix)
    if url.get_backend_name() == "postgresql":
        return _check_postgresql(url)
    if url.get_backend_name() == "sqlite":
        return _check_sqlite(url)
    message = f"{url.get_backend_name()} is not supported"
    return Check(name=_NAME, status="problem", message=message, fix="use SQLite (the default) or PostgreSQL")


def check_engine_database(settings: Settings) -> Check:
    """Look whether the task engine's own file is whole, where it has one. Changes nothing."""
    from sqlalchemy.engine import make_url

    name = "task engine"
    if not settings.effective_database_url.startswith("sqlite"):
        return Check(name=name, status="ok", message="keeps its tables in the database")
    file = Path(make_url(settings.engine_database_url).database or "")
    if not file.exists():
        return Check(name=name, status="ok", message=f"{file} is made on first use")
    damage: str | None
    try:
        with contextlib.closing(_opened(file)) as database:
            found = _quick_check(database)
            damage = None if found in ("ok", None) else found
    except sqlite3.OperationalError as error:
        return Check(
            name=name, status="problem", message=f"{file} does not open: {error}", fix="check its mode"
        )
    except sqlite3.DatabaseError as error:
        found, damage = None, str(error)
    if damage is not None:
        return Check(
            name=name,
            status="problem",
            message=f"{file} is damaged: {damage}"[:300],
            fix=f"stop all servers and move {file.name} with its -wal and -shm files away: a new one is made, "
            "and the tasks that wait are handed over anew",
        )
    state = "whole" if found else "too large for a full look"
    message = f"SQLite, {file}, {file.stat().st_size / 1e6:.1f} MB, {state}"
    return Check(name=name, status="ok", message=message)


def check_sqlite_library(settings: Settings, version: tuple[int, ...] = sqlite3.sqlite_version_info) -> Check:
    """Warn of SQLite releases that can corrupt a database in WAL mode.

    Releases 3.7.0 to 3.51.2 have the "WAL reset" bug: two connections that checkpoint and write at the same
    moment may, rarely, corrupt the file. It is fixed in 3.51.3; 3.52.0 was withdrawn.
    """
    name = "SQLite library"
    shown = ".".join(map(str, version))
    if version >= _WITHOUT_RESET_BUG and version != _WITHDRAWN:
        return Check(name=name, status="ok", message=shown)
    if not settings.effective_database_url.startswith("sqlite"):
        return Check(name=name, status="ok", message=f"{shown}, used for local indexes only")
    reason = (
        "was withdrawn" if version == _WITHDRAWN else "may, rarely, corrupt a database with several writers"
    )
    return Check(
        name=name,
        status="warning",
        message=f"{shown} {reason} (fixed in 3.51.3)",
        fix="a Python with SQLite 3.51.3 or newer; until then one server per data directory, or PostgreSQL "
        "by DATABASE_URL",
    )


def check_full_text(_settings: Settings) -> Check:
    """Check that SQLite was built with FTS5, which the search over tasks needs."""
    name = "full-text search"
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute("CREATE VIRTUAL TABLE probe USING fts5(text, tokenize = 'porter unicode61')")
        except sqlite3.OperationalError:
            message = "SQLite was built without FTS5: task_search does not work"
            return Check(
                name=name, status="problem", message=message, fix="use a Python whose SQLite has FTS5"
            )
    return Check(name=name, status="ok", message="FTS5 is available")


def _check_sqlite(url: URL) -> Check:
    if not url.database or url.database == ":memory:":
        message = "SQLite in memory: tasks are lost when the process ends"
        return Check(name=_NAME, status="warning", message=message, fix="unset DATABASE_URL")
    file = Path(url.database)
    if not file.exists():
        return Check(name=_NAME, status="ok", message=f"SQLite, {file} is made on first use")
    restore = f"stop all servers, move {file.name} away, and restore it from a backup"
    try:
        with contextlib.closing(_opened(file)) as database:
            found = _quick_check(database)
            if found not in ("ok", None):
                return Check(
                    name=_NAME, status="problem", message=f"{file} is damaged: {found}"[:300], fix=restore
                )
            mode = database.execute("PRAGMA journal_mode").fetchone()[0]
            revision = _sqlite_revision(database)
    except sqlite3.OperationalError as error:
        return Check(
            name=_NAME, status="problem", message=f"{file} does not open: {error}", fix="check its mode"
        )
    except sqlite3.DatabaseError as error:
        return Check(name=_NAME, status="problem", message=f"{file}: {error}", fix=restore)
    state = "whole" if found else "too large for a full look"
    message = f"SQLite, {file}, {file.stat().st_size / 1e6:.1f} MB, {state}, {revision}"
    if mode != "wal":
        fix = f'sqlite3 "{file}" "PRAGMA journal_mode = WAL"'
        return Check(
            name=_NAME, status="warning", message=f"{message}, journal mode {mode}, not WAL", fix=fix
        )
    return Check(name=_NAME, status="ok", message=message)


def _opened(file: Path) -> sqlite3.Connection:
    """Open the file read-only, so that a look can neither create nor change anything."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=1)


def _quick_check(database: sqlite3.Connection) -> str | None:
    """Return `ok`, or the first damage; None if a second is not enough to tell."""
    deadline = time.monotonic() + _QUICK_CHECK_S
    database.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS_PER_LOOK)
    try:
        return str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return None
    finally:
        database.set_progress_handler(None, 0)


def _sqlite_revision(database: sqlite3.Connection) -> str:
    tables = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = database.execute("SELECT version_num FROM alembic_version").fetchone() if tables else None
    return f"schema {row[0]}" if row else "no schema yet"


def _check_postgresql(url: URL) -> Check:
    shown = url.set(drivername="postgresql").render_as_string(hide_password=True)
    try:
        import psycopg
    except ImportError:
        fix = 'pip install "vibe-jupyter[postgres]"'
        return Check(name=_NAME, status="problem", message="PostgreSQL needs psycopg", fix=fix)
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(address, connect_timeout=2, autocommit=True) as connection:
            version = connection.info.server_version // 10_000
            known = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
            row = (
                connection.execute("SELECT version_num FROM alembic_version").fetchone()
                if known and known[0]
                else None
            )
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        fix = "check DATABASE_URL, and that the server runs"
        return Check(
            name=_NAME, status="problem", message=f"{shown} does not answer: {reason[0]}"[:300], fix=fix
        )
    revision = f"schema {row[0]}" if row else "no schema yet"
    return Check(name=_NAME, status="ok", message=f"PostgreSQL {version}, {shown}, {revision}")
