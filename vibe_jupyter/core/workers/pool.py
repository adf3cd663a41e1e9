"""A pool of killable worker processes for blocking or untrusted work.

Threads cannot be stopped, so a user's regular expression or a parser on a strange file runs here. A crash or
a kill costs one process, never the platform. It guards against work that hangs, crashes or eats memory; it is
no sandbox against code that wants to do harm.

>>> pool = WorkerPool(2)                                              # doctest: +SKIP
>>> async with asyncio.timeout(5):                                    # doctest: +SKIP
...     await pool.run(re.findall, pattern, text)
"""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from vibe_jupyter.core.errors import TooLarge, Unavailable
from vibe_jupyter.core.workers.process import Worker, importable_path
from vibe_jupyter.core.workers.protocol import MAX_FRAME_BYTES, Kind, Target, dump, load, unpack_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.core.workers.process import Report

__all__ = ["WorkerPool"]

P = ParamSpec("P")
R = TypeVar("R")

_INLINE_BYTES = 64 * 1024
"""Up to this size a result is unpickled on the loop; a larger one in a thread."""


class WorkerPool:
    """At most `size` worker processes, started when needed and used again while they are healthy.

    It belongs to the event loop it is used on; that loop may run in any thread.

    Args:
        size: how many jobs run at once; others wait in the order in which they came.
        idle_s: a worker without a job for so many seconds is ended.
    """

    def __init__(self, size: int, *, idle_s: float = 300) -> None:
        if size < 1:
            raise ValueError("size must be at least 1")
        self._idle_s = idle_s
        self._slots = asyncio.Semaphore(size)
        self._idle: dict[Worker, asyncio.TimerHandle] = {}
        self._workers: set[Worker] = set()
        self._starting: set[asyncio.Task[Worker]] = set()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="vibe-workers")
        self._closed = False

    async def run(
        self, function: Callable[..., R], /, *args: Any, report: Report | None = None, **kwargs: Any
    ) -> R:
        """Run `function(*args, **kwargs)` in a worker process; cancelling this kills the process at once.

        Args:
            function: a function at the top level of an importable module. If it has a parameter `report`,
                it is given `report(fraction, message="", **data)`.
            args: pickled, as are `kwargs` and the result.
            report: called on this loop as `report(fraction, message, data)`, in order.
            kwargs: see `args`.

        Raises:
            TypeError: the function, an argument or the result cannot travel.
            VibeError: `worker.died` (crashed, killed), `worker.closed`, `worker.not_started`,
                `worker.too_large`.
            Exception: what the function raised; its `__cause__` has the traceback of the worker.
        """
        target = locate(function)
        async with self._slots:
            request = await self._in_thread(pack_request, target, args, kwargs)
            worker = await self._take()
            try:
                kind, chunks = await worker.call(target.name, request, report)
            except BaseException:
                worker.kill()
                raise
            self._give_back(worker)
            if kind is Kind.ERROR:
                raise await self._in_thread(unpack_error, chunks)
            if sum(map(len, chunks)) <= _INLINE_BYTES:
                result: R = _load_result(target, chunks)
                return result
            return await self._in_thread(_load_result, target, chunks)

    async def prestart(self) -> None:
        """Start one worker and wait until it answers, so that the first job need not."""
        await self.run(os.getpid)

    async def close(self) -> None:
        """End all workers and wait for that; running and waiting jobs fail with `worker.closed`."""
        self._closed = True
        if self._starting:
            await asyncio.wait(self._starting)
        for worker in tuple(self._workers):
            if worker in self._idle:
                self._idle.pop(worker).cancel()
                worker.retire()
            else:
                worker.kill(_closed())
        for worker in tuple(self._workers):
            await worker.gone.wait()
        self._threads.shutdown(wait=False)

    async def _in_thread(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        # Not the loop's default executor: the task engine claims that one.
        if self._closed:
            raise _closed()
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: function(*args, **kwargs)
        )

    async def _take(self) -> Worker:
        while self._idle:
            worker, timer = self._idle.popitem()
            timer.cancel()
            if worker.reusable:
                return worker
        if self._closed:
            raise _closed()
        # A start that has begun is finished even if this job is cancelled: the next job can have the worker.
        starting = asyncio.create_task(self._start(), name="start worker")
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(self._keep_started)
            raise

    async def _start(self) -> Worker:
        try:
            worker = await Worker.start(self._forget)
        except OSError as error:
            raise Unavailable(
                f"no worker process could be started: {error}",
                code="worker.not_started",
                hint="the system is out of processes or memory; try again later",
            ) from error
        if not worker.gone.is_set():
            self._workers.add(worker)
        return worker

    def _keep_started(self, starting: asyncio.Task[Worker]) -> None:
        if not starting.cancelled() and starting.exception() is None:
            self._give_back(starting.result())

    def _give_back(self, worker: Worker) -> None:
        if worker.reusable and not self._closed:
            loop = asyncio.get_running_loop()
            self._idle[worker] = loop.call_later(self._idle_s, self._retire, worker)
        else:
            worker.retire()

    def _retire(self, worker: Worker) -> None:
        self._idle.pop(worker, None)
        worker.retire()

    def _forget(self, worker: Worker) -> None:
        self._workers.discard(worker)
        if (timer := self._idle.pop(worker, None)) is not None:
            timer.cancel()


def locate(function: Callable[..., Any]) -> Target:
    """Return where a worker finds `function`.

    Raises:
        TypeError: it is not at the top level of an importable module.
    """
    module = getattr(function, "__module__", None)
    qualname = getattr(function, "__qualname__", None)
    if module == "__main__":
        raise TypeError(
            f"{qualname} is defined in __main__ (a notebook or script), which no worker can import; "
            "put it in a module"
        )
    found: Any = sys.modules.get(module) if isinstance(module, str) else None
    for name in qualname.split(".") if isinstance(qualname, str) else ():
        found = getattr(found, name, None)
    if found is None or found is not function:
        raise TypeError(
            f"{function!r} cannot run in a worker process: it must be a function at the top level of "
            "a module, not a lambda, a local function, a method or a partial"
        )
    return Target(str(module), str(qualname), takes_report=_takes_report(function))


def _takes_report(function: Callable[..., Any]) -> bool:
    try:
        parameter = inspect.signature(function).parameters.get("report")
    except ValueError:  # a built-in without a signature
        return False
    return parameter is not None and parameter.kind in (
        parameter.POSITIONAL_OR_KEYWORD,
        parameter.KEYWORD_ONLY,
    )


def pack_request(target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[bytes]:
    """Return the payload of a JOB frame, in pieces.

    Raises:
        TypeError: an argument cannot be pickled.
        TooLarge: `worker.too_large`.
    """
    try:
        folder = os.getcwd()  # noqa: PTH109 - a worker takes text
    except FileNotFoundError:  # somebody deleted it: the worker stays where it is
        folder = None
    try:
        arguments = dump((args, kwargs))
    except Exception as error:
        raise TypeError(f"an argument of {target.name} cannot be pickled: {error}") from error
    request = [*dump((target, importable_path(), folder)), *arguments]
    if sum(map(len, request)) > MAX_FRAME_BYTES:
        raise TooLarge(
            f"the arguments of {target.name} are larger than {MAX_FRAME_BYTES:,} bytes",
            code="worker.too_large",
            hint="pass the path of a file instead",
        )
    return request


def _load_result(target: Target, chunks: list[bytes]) -> Any:
    try:
        return load(chunks)
    except Exception as error:
        raise TypeError(f"the result of {target.name} cannot be rebuilt here: {error}") from error


def _closed() -> Unavailable:
    return Unavailable(
        "the worker pool was closed", code="worker.closed", hint="the platform is shutting down"
    )
