"""How often DBOS looks into a queue: often while something waits in it, rarely when nothing does.

Looking costs about 2 ms, so looking every 10 ms would take a fifth of a core from an idle laptop. The interval is a
column of the queue, which DBOS reads each time; other processes that serve the queue share it. A shorter interval
takes hold by and by (dbos 3.4: a tenth each time), in ten times the old one, which is why it is kept low for a while
after each task.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dbos import Queue

__all__ = ["IDLE_S", "QueuePace"]

BUSY_S = 0.01
WARM_S = 0.05
IDLE_S = 0.25

_STAY_WARM_S = 30.0
_LOOK_S = 0.2
_SAY_AGAIN_S = 2.0
"""After this long it is said again, for another process may have said something else."""


class QueuePace:
    """Sets the pace of one queue.

    Args:
        queue: DBOS's.
        has_waiting: whether anything waits in it.
    """

    def __init__(self, queue: Queue, has_waiting: Callable[[], Awaitable[bool]]) -> None:
        self._queue = queue
        self._has_waiting = has_waiting
        self._bell = asyncio.Event()
        self._said = (IDLE_S, time.monotonic())
        self.is_busy = False
        """Whether something may be waiting in the queue."""

    def quicken(self) -> None:
        """Say that something was put into the queue."""
        self.is_busy = True
        self._bell.set()

    def warm(self) -> None:
        """Say that a task has come in, and more may follow."""
        self._bell.set()

    async def run(self) -> None:
        """Follow what happens; ends by cancellation only."""
        while True:
            await self._bell.wait()
            await self._stay_awake()
            await self._say(IDLE_S)

    async def _stay_awake(self) -> None:
        """Return when nothing has come in for a while."""
        while self._bell.is_set() or self.is_busy:
            self._bell.clear()
            if self.is_busy:
                await self._say(BUSY_S)
                await asyncio.sleep(_LOOK_S)
                self.is_busy = await self._has_waiting() or (self._bell.is_set() and self.is_busy)
                self._bell.set()
            else:
                await self._say(WARM_S)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._bell.wait(), _STAY_WARM_S)

    async def _say(self, interval_s: float) -> None:
        said, at = self._said
        if said != interval_s or time.monotonic() - at > _SAY_AGAIN_S:
            await self._queue.set_polling_interval_sec_async(interval_s)
            self._said = (interval_s, time.monotonic())
