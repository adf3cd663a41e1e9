"""One thread that writes: all units that wait while a commit is synced go into the next one, together."""

from __future__ import annotations

import concurrent.futures
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.database import connections
from vibe_jupyter.core.database.failures import explained, locked, stopping
from vibe_jupyter.core.database.statements import Connection
from vibe_jupyter.core.database.turn import Turn

if TYPE_CHECKING:
    import asyncio

__all__ = ["BulkUnit", "Unit", "Writer"]

Unit = Callable[[Connection], Any]
"""What is written as a whole or not at all; it may be called again after a lost connection."""

BulkUnit = Callable[[Connection, list[Any]], list[Any]]
"""The same for several callers at once: from their arguments, to their values. It fails for all or for none."""

_BATCH = 256
_LOOK_S, _OFTEN_FOR_S, _SELDOM_S = 0.0005, 0.25, 0.01


@dataclass(slots=True)
class _Item:
    unit: Unit
    future: Any
    loop: asyncio.AbstractEventLoop | None
    bulk: BulkUnit | None = None
    argument: Any = None
    value: Any = None
    error: Exception | None = None

    def resolve(self) -> None:
        if self.future.done():  # the caller was cancelled; the write happened all the same
            return
        if self.error is None:
            self.future.set_result(self.value)
        else:
            self.future.set_exception(self.error)


class _UnitFailed(Exception):
    """A unit among others failed, and with it the transaction."""


class Writer:
    """Group commit. A failing unit fails only its own caller.

    Units are run as if none would fail; if one does, all of them once more, each with a savepoint of its own.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._dialect = connections.dialect_of(url)
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="vibe-db-writer", daemon=True)
        self._connection: Any = None
        self._turn: Turn | None = None
        self._is_closed = False
        self.commits = 0
        """How many transactions were committed; fewer than units when callers wait side by side."""

    def start(self) -> None:
        """Open the connection, so that what is wrong with the database is said here, and start the thread."""
        self._connection = connections.writer(self._url)
        if self._dialect == "sqlite":
            self._turn = Turn(connections.sqlite_path(self._url))
        self._thread.start()

    def submit(self, unit: Unit, loop: asyncio.AbstractEventLoop) -> asyncio.Future[Any]:
        """Return a future of `loop` that resolves to the unit's value once it is on disk."""
        future: asyncio.Future[Any] = loop.create_future()
        self._put(_Item(unit, future, loop))
        return future

    def submit_bulk(
        self, bulk: BulkUnit, argument: Any, loop: asyncio.AbstractEventLoop
    ) -> asyncio.Future[Any]:
        """Do the same for a unit that runs once for all who wait with it, with their arguments."""
        future: asyncio.Future[Any] = loop.create_future()
        self._put(_Item(lambda c: bulk(c, [argument])[0], future, loop, bulk, argument))
        return future

    def submit_from_thread(self, unit: Unit) -> concurrent.futures.Future[Any]:
        """Do the same for a caller without an event loop."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._put(_Item(unit, future, None))
        return future

    def close(self) -> None:
        """Write what is queued, then end the thread and close the connection."""
        if not self._is_closed:
            self._is_closed = True
            self._queue.put(None)
            self._thread.join()
            self._refuse_the_rest()

    def _put(self, item: _Item) -> None:
        if self._is_closed:
            raise stopping()
        self._queue.put(item)

    def _refuse_the_rest(self) -> None:
        """Answer those who had found it open and came behind the end."""
        while not self._queue.empty():
            if (item := self._queue.get()) is not None:
                item.error = stopping()
                self._resolve([item])

    def _run(self) -> None:
        is_open = True
        while is_open:
            items = [self._queue.get()]
            while len(items) < _BATCH:
                try:
                    items.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            is_open = None not in items
            batch = [item for item in items if item is not None]
            if batch:
                self._commit(batch)
                self._resolve(batch)
        self._connection.close()
        if self._turn is not None:
            self._turn.close()

    def _commit(self, batch: list[_Item]) -> None:
        """Run the units in one transaction; if the connection was lost, once more on a new one."""
        for is_last_try in (False, True):
            try:
                try:
                    self._transact(lambda c: self._run_together(batch, c))
                except _UnitFailed:
                    self._transact(lambda c: self._run_apart(batch, c))
            except Exception as error:  # noqa: BLE001 - handed to each caller
                if not is_last_try and self._reconnected():
                    continue
                meant = explained(error)
                for item in batch:
                    item.error = meant
            return

    def _transact(self, run: Callable[[Connection], None]) -> None:
        connection = Connection(self._connection, self._dialect)
        try:
            self._begin()
            run(connection)
            self._execute("COMMIT")
        except BaseException:
            self._rollback()
            raise
        finally:
            if self._turn is not None:
                self._turn.give()
        self.commits += 1

    def _begin(self) -> None:
        """Begin a transaction; on SQLite wait for our turn first, and then for programs that are not ours."""
        if self._turn is None:
            self._execute("BEGIN")
            return
        began, is_ours = time.monotonic(), False
        while True:
            is_ours = is_ours or self._turn.try_take()
            if is_ours and self._has_begun():
                return
            waited_s = time.monotonic() - began
            if waited_s * 1000 > connections.BUSY_TIMEOUT_MS:
                raise locked()
            time.sleep(_LOOK_S if waited_s < _OFTEN_FOR_S else _SELDOM_S)

    def _has_begun(self) -> bool:
        try:
            self._execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True

    def _run_together(self, batch: list[_Item], connection: Connection) -> None:
        groups: dict[Any, list[_Item]] = {}
        for item in batch:
            groups.setdefault(item.bulk or item.unit, []).append(item)
        try:
            for items in groups.values():
                if (bulk := items[0].bulk) is None:
                    for item in items:
                        item.value = item.unit(connection)
                else:
                    values = bulk(connection, [item.argument for item in items])
                    for item, value in zip(items, values, strict=True):
                        item.value = value
        except Exception as error:
            if not self._is_in_transaction():  # lost, or SQLite has rolled all of it back, as on a full disk
                raise
            raise _UnitFailed from error

    def _run_apart(self, batch: list[_Item], connection: Connection) -> None:
        for item in batch:
            self._run_unit(item, connection)

    def _run_unit(self, item: _Item, connection: Connection) -> None:
        item.value, item.error = None, None
        self._execute("SAVEPOINT unit")
        try:
            item.value = item.unit(connection)
        except Exception as error:
            if not self._is_in_transaction():  # lost, or SQLite has rolled all of it back, as on a full disk
                raise
            item.error = explained(error)
            self._execute("ROLLBACK TO unit")
        self._execute("RELEASE unit")

    def _execute(self, sql: str) -> None:
        self._connection.execute(sql)

    def _rollback(self) -> None:
        if self._is_in_transaction():
            self._execute("ROLLBACK")

    def _is_in_transaction(self) -> bool:
        if self._dialect == "sqlite":
            return bool(self._connection.in_transaction)
        return not self._is_lost()

    def _is_lost(self) -> bool:
        return self._dialect == "postgresql" and bool(self._connection.broken or self._connection.closed)

    def _reconnected(self) -> bool:
        """Replace a lost connection; false if it was not lost or there is no new one."""
        if not self._is_lost():
            return False
        import psycopg

        try:
            self._connection = connections.writer(self._url)
        except psycopg.OperationalError:
            return False
        return True

    @staticmethod
    def _resolve(batch: list[_Item]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Item]] = {}
        for item in batch:
            if item.loop is None:
                item.resolve()
            else:
                by_loop.setdefault(item.loop, []).append(item)
        for loop, items in by_loop.items():
            try:
                loop.call_soon_threadsafe(_resolve_all, items)
            except RuntimeError:  # the caller's loop was closed meanwhile: nobody waits any more
                continue


def _resolve_all(items: list[_Item]) -> None:
    for item in items:
        item.resolve()
