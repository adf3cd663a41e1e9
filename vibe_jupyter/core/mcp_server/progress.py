"""How far a call is, as its client is told."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Report = Callable[[float, float | None, str | None], Awaitable[None]]
    Tell = Callable[[float | None, str], None]

__all__ = ["telling"]

_STEP = 1e-6
_SILENCE_S = 10.0
"""After so long without news the last news is told again: many clients give up on a call that is silent."""


@contextlib.asynccontextmanager
async def telling(report: Report, *, silence_s: float = _SILENCE_S) -> AsyncIterator[Tell]:
    """Yield what takes news from any thread: a fraction in [0, 1] or None, and a message.

    By the protocol each value is larger than the last one, whatever the fractions are.

    Args:
        report: sends value, total and message to the client; does nothing if it does not want to know.
    """
    loop = asyncio.get_running_loop()
    news: asyncio.Queue[tuple[float | None, str] | None] = asyncio.Queue()

    async def pass_on() -> None:
        value, total, message = 0.0, None, "working"
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    item = await news.get()
            except TimeoutError:
                item = (None, message)
            if item is None:
                return
            fraction, message = item
            total = 1.0 if fraction is not None else total
            if (larger := max(fraction or 0.0, value + _STEP)) <= 1.0:  # else it is about to be done
                value = larger
                await report(value, total, message or None)

    def tell(fraction: float | None, message: str) -> None:
        loop.call_soon_threadsafe(news.put_nowait, (fraction, message))

    passing = asyncio.create_task(pass_on())
    try:
        yield tell
        loop.call_soon(news.put_nowait, None)  # behind what was told before
        await passing
    finally:
        passing.cancel()
        await asyncio.gather(passing, return_exceptions=True)
