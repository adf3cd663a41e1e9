"""The platform in this very process: for papermill, plain IPython, scripts and wherever no server is found."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.accounts.principal import OWNER
from vibe_jupyter.core.errors import VibeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator

    from vibe_jupyter.core.operations import Operation
    from vibe_jupyter.core.platform import Platform

__all__ = ["InProcessTransport", "shared_platform"]

_END = object()
_lock = threading.Lock()
_shared: Platform | None = None


def shared_platform() -> Platform:
    """Return the one in-process platform of this process, started at the first call, stopped at exit."""
    global _shared
    with _lock:
        if _shared is None:
            from vibe_jupyter.core.platform import Platform
            from vibe_jupyter.core.settings import load_settings

            platform = Platform(load_settings(), Path.cwd(), "in-process")
            platform.start()
            # Before the interpreter joins its threads: the executors of the platform must still work then.
            threading._register_atexit(stop_shared_platform)  # type: ignore[attr-defined]
            atexit.register(stop_shared_platform)
            _shared = platform
        return _shared


def stop_shared_platform() -> None:
    """Stop the in-process platform if there is one; the next call starts a new one."""
    global _shared
    with _lock:
        platform, _shared = _shared, None
        if platform is not None:
            platform.stop()


class InProcessTransport:
    """Runs operations as the owner, on the platform's own loop."""

    is_local = True

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.where = "in this process"

    def call(self, operation: Operation, values: dict[str, Any]) -> Any:
        """See `Transport.call`."""
        return operation.decode(self._platform.call(self._run(operation, values)))

    async def acall(self, operation: Operation, values: dict[str, Any]) -> Any:
        """See `Transport.acall`."""
        return operation.decode(await self._platform.acall(self._run(operation, values)))

    def stream(self, operation: Operation, values: dict[str, Any]) -> Iterator[Any]:
        """See `Transport.stream`."""
        items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        coroutine = self._pump(operation, self._bound(operation, values), items.put)
        pump = asyncio.run_coroutine_threadsafe(coroutine, self._platform.loop)
        try:
            while (item := items.get()) is not _END:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            pump.cancel()

    async def astream(self, operation: Operation, values: dict[str, Any]) -> AsyncIterator[Any]:
        """See `Transport.astream`."""
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[Any] = asyncio.Queue()

        def put(item: Any) -> None:
            with contextlib.suppress(RuntimeError):  # its loop was closed: nobody listens any more
                loop.call_soon_threadsafe(items.put_nowait, item)

        coroutine = self._pump(operation, self._bound(operation, values), put)
        pump = asyncio.run_coroutine_threadsafe(coroutine, self._platform.loop)
        try:
            while (item := await items.get()) is not _END:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            pump.cancel()

    def close(self) -> None:
        """See `Transport.close`."""

    def _run(self, operation: Operation, values: dict[str, Any]) -> Coroutine[Any, Any, Any]:
        bound = self._bound(operation, values)
        result: Coroutine[Any, Any, Any] = operation.function(self._platform, OWNER, **bound)
        return result

    def _bound(self, operation: Operation, values: dict[str, Any]) -> dict[str, Any]:
        if self._platform.loop.is_closed():
            raise _stopped()
        OWNER.require(operation.scope)
        return operation.bind(values)

    async def _pump(self, operation: Operation, bound: dict[str, Any], put: Any) -> None:
        try:
            async for item in operation.function(self._platform, OWNER, **bound):
                put(item)
        except asyncio.CancelledError:
            put(_stopped())  # or nobody listens any more
            raise
        except Exception as error:  # noqa: BLE001 - raised again where the items are read
            put(error)
        else:
            put(_END)


def _stopped() -> VibeError:
    return VibeError(
        "the platform of this process was stopped",
        code="platform.stopped",
        hint="unfinished tasks go on when it starts again: connect() starts it",
    )
