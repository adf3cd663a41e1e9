"""A call that goes on while somebody waits for it, does something else meanwhile, and may give it up."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Coroutine

    from vibe_jupyter.client.transport import Transport
    from vibe_jupyter.core.operations import Operation

__all__ = ["PendingCall", "in_background"]

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_loop_of_process: int | None = None


def in_background(coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
    """Run a coroutine on a loop of our own, on a thread of its own; cancelling the future cancels it."""
    return asyncio.run_coroutine_threadsafe(coroutine, _background_loop())


class PendingCall:
    """An operation that was asked for and has not answered yet.

    >>> call = PendingCall(transport, operation, {"mcp_id": "git", "tool": "git_log"})     # doctest: +SKIP
    >>> call.result()                                                                      # doctest: +SKIP
    """

    def __init__(self, transport: Transport, operation: Operation, values: dict[str, Any]) -> None:
        self._future = in_background(transport.acall(operation, values))

    def when_done(self, tell: Callable[[], None]) -> None:
        """Call a function once there is an answer, be it an error; from another thread."""
        self._future.add_done_callback(lambda _: tell())

    def result(self) -> Any:
        """Wait for the answer and return it; raises what the operation raises."""
        return self._future.result()

    def cancel(self) -> None:
        """Give it up: the platform stops what it does for it."""
        self._future.cancel()


def _background_loop() -> asyncio.AbstractEventLoop:
    global _loop, _loop_of_process
    with _lock:
        if _loop is None or _loop_of_process != os.getpid():  # a fork has no thread of ours
            _loop, _loop_of_process = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=_loop.run_forever, name="vibe-calls", daemon=True).start()
        return _loop
