"""News for whoever waits in this process: that something was stored, never what.

The events themselves are rows; a listener reads them behind its own cursor. So nothing is lost when it is slow,
and a listener in another process, which hears no news, only looks less often.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["News", "NewsBoard"]


class News:
    """One listener's bell, on its own event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """Wake the listener; from any thread."""
        with contextlib.suppress(RuntimeError):  # its loop was closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._bell.set)

    async def wait(self, timeout_s: float) -> bool:
        """Return as soon as there is news, or false after `timeout_s` seconds without any."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._bell.wait()
        except TimeoutError:
            return False
        self._bell.clear()
        return True


class NewsBoard:
    """Topics, each with its listeners. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[News]] = {}
        self._lock = threading.Lock()

    def publish(self, topic: str) -> None:
        """Wake everybody who listens to the topic."""
        if topic not in self._listeners:
            return
        with self._lock:
            listeners = list(self._listeners.get(topic, ()))
        for news in listeners:
            news.ring()

    @contextlib.contextmanager
    def subscribe(self, topic: str) -> Iterator[News]:
        """Listen on the running loop for the length of the block."""
        news = News(asyncio.get_running_loop())
        with self._lock:
            self._listeners.setdefault(topic, set()).add(news)
        try:
            yield news
        finally:
            with self._lock:
                listeners = self._listeners[topic]
                listeners.discard(news)
                if not listeners:
                    del self._listeners[topic]
