"""How many tasks run at once in this process, and whose turn it is when one ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Slots"]


@dataclass(slots=True, eq=False)
class _Waiter:
    user_id: str
    priority: int
    turn: asyncio.Future[None]


class Slots:
    """Room for `total` tasks, of which one user takes at most `per_user`.

    Who waits is served by priority, then by arrival; a user whose share is used up holds nobody else up.
    """

    def __init__(self, total: int, per_user: int) -> None:
        self._free = total
        self._per_user = per_user
        self._taken: Counter[str] = Counter()
        self._waiters: list[_Waiter] = []

    def try_take(self, user_id: str) -> bool:
        """Take a slot if there is one and nobody waits for it."""
        if self._has_room(user_id) and not any(self._has_room(waiter.user_id) for waiter in self._waiters):
            self._take(user_id)
            return True
        return False

    async def take(self, user_id: str, priority: int) -> None:
        """Take a slot, waiting for one if need be."""
        if self.try_take(user_id):
            return
        waiter = _Waiter(user_id, priority, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self._waiters.sort(key=lambda waiter: -waiter.priority)  # stable: equals stay in order of arrival
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif not waiter.turn.cancelled():  # it was given a slot in the same moment
                self.give_back(user_id)
            raise

    def give_back(self, user_id: str) -> None:
        """Return a slot; the next in line gets it."""
        self._free += 1
        self._taken[user_id] -= 1
        if not self._taken[user_id]:
            del self._taken[user_id]
        for waiter in self._waiters:
            if self._has_room(waiter.user_id):
                self._waiters.remove(waiter)
                self._take(waiter.user_id)
                waiter.turn.set_result(None)
                return

    @contextlib.asynccontextmanager
    async def held(self, user_id: str, priority: int) -> AsyncIterator[None]:
        """Hold a slot for the length of the block."""
        await self.take(user_id, priority)
        try:
            yield
        finally:
            self.give_back(user_id)

    def _has_room(self, user_id: str) -> bool:
        return self._free > 0 and self._taken[user_id] < self._per_user

    def _take(self, user_id: str) -> None:
        self._free -= 1
        self._taken[user_id] += 1
