"""How often DBOS looks into a queue: often while something waits in it, rarely when nothing does.

Looking costs about 2 ms, so looking every 10 ms would take a fifth of a core from an idle laptop. The interval is a
column of the queue, which DBOS reads each time; other processes that serve the queue share it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dbos import Queue

__all__ = ["IDLE_S", "QueuePace"]

BUSY_S = 0.01
WARM_S = 0.05
IDLE_S = 0.5

_LOOK_S = 0.2
_STAY_WARM_S = 10.0
_SAY_AGAIN = 5  # looks, for another process may have said something else


class QueuePace:
    """Sets the pace of one queue; `quicken` is called when something was put into it.

    Args:
        queue: DBOS's.
        has_waiting: whether anything waits in it.
    """

    def __init__(self, queue: Queue, has_waiting: Callable[[], Awaitable[bool]]) -> None:
        self._queue = queue
        self._has_waiting = has_waiting
        self._bell = asyncio.Event()
        self.is_busy = False
        """Whether something may be waiting in the queue."""

    def quicken(self) -> None:
        """Say that something waits."""
        self.is_busy = True
        self._bell.set()

    async def run(self) -> None:
        """Follow what happens; ends by cancellation only."""
        while True:
            await self._bell.wait()
            await self._drain()
            await self._queue.set_polling_interval_sec_async(WARM_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), _STAY_WARM_S)
                continue
            await self._queue.set_polling_interval_sec_async(IDLE_S)

    async def _drain(self) -> None:
        looks = 0
        while self.is_busy:
            if looks % _SAY_AGAIN == 0:
                await self._queue.set_polling_interval_sec_async(BUSY_S)
            looks += 1
            await asyncio.sleep(_LOOK_S)
            self._bell.clear()
            self.is_busy = await self._has_waiting() or self._bell.is_set()
