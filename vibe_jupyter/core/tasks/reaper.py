"""Keeps this process's lease, and takes over the tasks of processes that are gone.

DBOS without its Conductor finishes the work of a dead process only if the same executor id comes back. So each
process has a lease; who finds a dead one claims it, which one process can at a time, and hands its tasks on.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vibe_jupyter.core.tasks.leases import LeaseStore

__all__ = ["PATIENCE_S", "Reaper", "Survivor", "beat_s"]

_MAX_BEAT_S = 5.0
PATIENCE_S = 2.0
"""A process that runs its own tasks only leaves the dead alone for so long: it may be here for one question."""
_BEATS_PER_TTL = 5

log = get_logger("tasks")


def beat_s(ttl_s: float) -> float:
    """Return how often a lease of `ttl_s` seconds is renewed, in seconds."""
    return min(ttl_s / _BEATS_PER_TTL, _MAX_BEAT_S)


class Survivor(Protocol):
    """What the reaper asks of the engine of its own process."""

    executor_id: str
    serves_shared: bool

    async def suspend(self) -> None:
        """Stop all bodies at once: others may be running the same tasks."""
        ...

    async def resume(self) -> None:
        """Run tasks again, and what was left of the own ones."""
        ...

    async def take_over(self, dead: str, keep_claim: Callable[[], Awaitable[bool]]) -> bool:
        """Hand on all tasks of a dead process, asking now and then whether that is still ours to do.

        Returns false if it was not.
        """
        ...


class Reaper:
    """Renews, then reaps, again and again; only right after a renewal, so that who was away looks at itself first."""

    def __init__(self, leases: LeaseStore, survivor: Survivor) -> None:
        self._leases = leases
        self._survivor = survivor
        self._renewed_at = time.monotonic()
        self._reaps_from = self._renewed_at + (0 if survivor.serves_shared else PATIENCE_S)
        self._is_suspended = False
        self._beat_s = beat_s(leases.ttl_s)

    async def acquire(self) -> None:
        """Begin the lease; nothing may run without it."""
        await self._leases.acquire(self._survivor.executor_id, serves_shared=self._survivor.serves_shared)

    async def run(self) -> None:
        """Beat; ends by cancellation only."""
        while True:
            try:
                await self.beat()
            except VibeError as error:  # a full or locked database: what is dead stays dead
                log.warning("lease was not renewed", reason=str(error))
                await self._suspend_if_late()
            until_reaping_s = self._reaps_from - time.monotonic()
            await asyncio.sleep(min(self._beat_s, until_reaping_s) if until_reaping_s > 0 else self._beat_s)

    async def beat(self) -> None:
        """Renew the lease and take over what is dead."""
        me = self._survivor.executor_id
        if not await self._renew(me) or time.monotonic() < self._reaps_from:
            return
        for dead in await self._leases.claim_dead(me):
            log.info("process is gone", executor_id=dead)

            async def keep_claim(name: str = dead) -> bool:
                return await self._renew(me) and await self._leases.prolong_claim(me, name)

            if await self._survivor.take_over(dead, keep_claim):
                await self._leases.bury(me, dead)  # last, so that a reaper may die half-way

    async def _renew(self, me: str) -> bool:
        if not await self._leases.renew(me):
            await self._suspend()
            if not await self._leases.acquire(me, serves_shared=self._survivor.serves_shared):
                return False  # it is being reaped; once that is done we begin anew
        self._renewed_at = time.monotonic()
        if self._is_suspended:
            await self._survivor.resume()
            self._is_suspended = False
        return True

    async def _suspend_if_late(self) -> None:
        if self._leases.can_be_lost and time.monotonic() - self._renewed_at > self._leases.ttl_s:
            await self._suspend()

    async def _suspend(self) -> None:
        if not self._is_suspended:
            self._is_suspended = True
            log.warning("lease was lost: other processes go on with the tasks of this one")
            await self._survivor.suspend()
