"""Whose turn it is: requests with one token are made one after the other, with pauses, whichever object makes them."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Line", "line_of"]

_MAX_LINES = 1024


class Line:
    """Where the requests of one token wait for each other, whichever object makes them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.lock = asyncio.Lock()
        self.flight: Future[Any] | None = None
        self._last = self._last_write = -math.inf

    async def pause(self, pause_s: float, write_pause_s: float) -> None:
        """Wait until the next request may be made."""
        due = max(self._last + pause_s, self._last_write + write_pause_s)
        if (wait_s := due - self.loop.time()) > 0:
            await asyncio.sleep(wait_s)

    def record(self, *, writes: bool) -> None:
        """Note that a request has just ended."""
        self._last = self.loop.time()
        if writes:
            self._last_write = self._last

    def leave(self) -> None:
        """Let the next one in; not before a request that was given up has come back."""
        flight, self.flight = self.flight, None
        if flight is None or flight.done():
            self.lock.release()
        else:
            flight.add_done_callback(self._left)

    def _left(self, _flight: Future[Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(self.lock.release)


_lines: dict[tuple[asyncio.AbstractEventLoop, str], Line] = {}


def line_of(key: str) -> Line:
    """Return the running loop's line of a token; those of closed loops, and the oldest of very many, are forgotten."""
    loop = asyncio.get_running_loop()
    if (loop, key) not in _lines:
        idle = [where for where, line in list(_lines.items()) if not line.lock.locked()]
        surplus = len(_lines) - _MAX_LINES
        for place, where in enumerate(idle):
            if where[0].is_closed() or place < surplus:
                _lines.pop(where, None)
        _lines[loop, key] = Line(loop)
    return _lines[loop, key]
