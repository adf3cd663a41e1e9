"""The platform's database: durable writes that share a commit, and reads that cost microseconds."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from vibe_jupyter.core.database import connections, schema
from vibe_jupyter.core.database.failures import database_errors, stopping
from vibe_jupyter.core.database.statements import Connection
from vibe_jupyter.core.database.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Database"]

A = TypeVar("A")
R = TypeVar("R")

_READERS = 8


class Database:
    """SQLite in a file, or PostgreSQL by URL: the same tables and the same statements.

    A *unit* is a function of a `Connection`; a store builds one for each thing it reads or writes.
    All methods may be called from any thread and any event loop.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.dialect = connections.dialect_of(url)
        self._writer = Writer(url)
        self._local = threading.local()
        self._readers: list[Any] = []
        self._executor: ThreadPoolExecutor | None = None
        self._is_closed = False

    @property
    def commits(self) -> int:
        """Return how many transactions this process has committed."""
        return self._writer.commits

    def open(self) -> None:
        """Bring the schema up to date under a lock that all processes share, and start the writer.

        Raises:
            VibeError: `database.*`, with what to do.
        """
        with database_errors():
            if self.dialect == "postgresql":
                self._executor = ThreadPoolExecutor(_READERS, thread_name_prefix="vibe-db-reader")
            schema.upgrade_if_needed(self.url)
            self._writer.start()

    def close(self) -> None:
        """Write what is queued and close all connections."""
        self._writer.close()
        self._is_closed = True
        if self._executor is not None:
            self._executor.shutdown()
        for connection in self._readers:
            connection.close()
        self._readers.clear()

    async def write(self, unit: Callable[[Connection], R]) -> R:
        """Run the unit in a transaction and return its value once that is on disk.

        A caller that is cancelled meanwhile does not undo it.
        """
        value: R = await self._writer.submit(unit, asyncio.get_running_loop())
        return value

    async def write_bulk(self, bulk: Callable[[Connection, list[A]], list[R]], argument: A) -> R:
        """Do the same with a unit that is run once for all who wait with it at that moment.

        Pass the same function each time. It gets their arguments and returns their values, in the same order; it may
        be called again with fewer of them.
        """
        value: R = await self._writer.submit_bulk(bulk, argument, asyncio.get_running_loop())
        return value

    def write_from_thread(self, unit: Callable[[Connection], R]) -> R:
        """Do the same, blocking: for threads without an event loop."""
        value: R = self._writer.submit_from_thread(unit).result()
        return value

    async def read(self, unit: Callable[[Connection], R]) -> R:
        """Run a short, indexed read: SQLite at once on this thread, PostgreSQL on a reader thread."""
        if self._executor is None:
            return self.read_here(unit)
        if self._is_closed:
            raise stopping()
        return await asyncio.get_running_loop().run_in_executor(self._executor, self.read_here, unit)

    def read_here(self, unit: Callable[[Connection], R]) -> R:
        """Do the same on this thread in any case, blocking."""
        if self._is_closed:
            raise stopping()
        with database_errors():
            connection = getattr(self._local, "connection", None)
            if connection is None or (self.dialect == "postgresql" and connection.broken):
                connection = self._local.connection = self._open_reader()
            return unit(Connection(connection, self.dialect))

    def _open_reader(self) -> Any:
        if self.dialect == "sqlite":
            connection: Any = connections.sqlite_reader(connections.sqlite_path(self.url))
        else:
            connection = connections.postgresql_reader(self.url)
        self._readers.append(connection)
        return connection
