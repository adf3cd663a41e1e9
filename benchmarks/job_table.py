"""The control of the drain: a job table on the async ORM and aiosqlite, with asyncio workers in one process.

Written as one does it well: WAL, synchronous=FULL, jobs handed to the workers through a queue in memory, not
by polling, three durable commits a job (accepted, running, done). It routes nothing, records no events, and
after a crash somebody must put the unfinished rows back into the queue.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, String, event, update
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = ["JobTable"]

POOL_SIZE = 2
"""Tried: 1, 2, 8, 32. SQLite has one writer at a time: many connections wait in its busy handler."""


class _Base(DeclarativeBase):
    pass


class _Job(_Base):
    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20), default="queued", index=True)
    input: Mapped[dict[str, Any]] = mapped_column(JSON)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobTable:
    """Accepts jobs, runs their bodies, remembers them."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._engine = create_async_engine(
            f"sqlite+aiosqlite:///{folder / 'jobs.db'}", pool_size=POOL_SIZE, max_overflow=0
        )
        event.listen(self._engine.sync_engine, "connect", _set_pragmas)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._worker_count = workers
        self._queue: asyncio.Queue[tuple[int, float]] = asyncio.Queue()
        self._done: dict[int, asyncio.Event] = {}
        self._workers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Create the table and start the workers."""
        async with self._engine.begin() as connection:
            await connection.run_sync(_Base.metadata.create_all)
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._worker_count)]

    async def stop(self) -> None:
        """Stop the workers."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._engine.dispose()

    async def submit(self, body_s: float) -> int:
        """Accept a job whose body takes so many seconds, durably."""
        async with self._sessions() as session:
            job = _Job(input={"seconds": body_s})
            session.add(job)
            await session.commit()
        self._done[job.id] = asyncio.Event()
        self._queue.put_nowait((job.id, body_s))
        return job.id

    async def finished(self, job_id: int) -> None:
        """Wait until a job is done and its result is stored."""
        await self._done[job_id].wait()
        del self._done[job_id]

    async def _work(self) -> None:
        while True:
            job_id, body_s = await self._queue.get()
            await self._move(job_id, "queued", state="running", started_at=datetime.now(UTC))
            if body_s:
                await asyncio.sleep(body_s)
            result = {"slept_s": body_s}
            await self._move(
                job_id, "running", state="succeeded", result=result, finished_at=datetime.now(UTC)
            )
            self._done[job_id].set()

    async def _move(self, job_id: int, from_state: str, **values: Any) -> None:
        """Change a job, unless somebody else did first."""
        async with self._sessions() as session:
            await session.execute(
                update(_Job).where(_Job.id == job_id, _Job.state == from_state).values(values)
            )
            await session.commit()


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
