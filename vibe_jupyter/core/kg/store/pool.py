"""A few warm query workers for all graphs; each is bound to one generation and is killed at its query's deadline."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from vibe_jupyter.core.errors import Unavailable, UpstreamTimeout, VibeError
from vibe_jupyter.core.kg.store.process import Gone, QueryProcess, not_started

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.core.kg.store.generations import Generation, GraphFolder
    from vibe_jupyter.core.kg.store.protocol import Limits, QueryResult
    from vibe_jupyter.core.settings import Settings
    from vibe_jupyter.core.workers.process import Worker

__all__ = ["QueryPool"]

P = ParamSpec("P")
R = TypeVar("R")

_TRIES = 20


class QueryPool:
    """At most `size` worker processes that answer queries; of those without work, `warm` are kept.

    It belongs to the event loop it is used on.

    Args:
        size: how many queries run at once; others wait in the order in which they came.
        warm: how many workers are kept when they have nothing to do.
        memory_bytes: what a worker may need beyond what it has after opening a graph.
        idle_s: a worker without a query for so many seconds is ended.
    """

    def __init__(
        self, size: int = 4, *, warm: int = 2, memory_bytes: int = 2**30, idle_s: float = 300
    ) -> None:
        if not 1 <= warm <= size:
            raise ValueError("warm must be between 1 and size")
        self._warm = warm
        self._memory_bytes = memory_bytes
        self._idle_s = idle_s
        self._slots = asyncio.Semaphore(size)
        self._idle: dict[QueryProcess, asyncio.TimerHandle] = {}
        self._workers: set[QueryProcess] = set()
        self._starting: set[asyncio.Task[QueryProcess]] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="vibe-kg")
        self._closed = False

    @classmethod
    def of(cls, settings: Settings) -> QueryPool:
        """Return a pool as the settings say."""
        size = settings.kg_query_workers
        return cls(size, warm=min(2, size), memory_bytes=settings.kg_query_memory_mb * 2**20)

    async def run(self, folder: GraphFolder, job: dict[str, Any], limits: Limits) -> QueryResult:
        """Have a job done on the current generation of a graph.

        Cancelling this kills the worker, as the deadline does.

        Raises:
            VibeError: `kg.query_timeout`, `kg.queries_waiting`, `kg.empty`, `kg.closed`, and what `QueryProcess.ask`
                raises.
        """
        try:
            async with asyncio.timeout(limits.timeout_s):
                await self._slots.acquire()
        except TimeoutError:
            raise Unavailable(
                f"other queries have kept all workers busy for {limits.timeout_s:g} s",
                code="kg.queries_waiting",
                hint="try again when they have ended",
            ) from None
        try:
            worker = await self._take(folder)
            return await self._ask(worker, job, limits)
        finally:
            self._slots.release()

    async def _ask(self, worker: QueryProcess, job: dict[str, Any], limits: Limits) -> QueryResult:
        try:
            async with asyncio.timeout(limits.timeout_s):
                result = await worker.ask(job, limits)
        except TimeoutError:
            self._replace(worker)
            raise _stopped(limits) from None
        except VibeError:
            self._give_back(worker)
            raise
        except BaseException:
            self._replace(worker)
            raise
        self._give_back(worker)
        return result

    async def run_once(self, generation: Generation, job: dict[str, Any], limits: Limits) -> QueryResult:
        """Have a job done on a generation that is not published yet, by a worker that ends with it."""
        worker = await self._start(generation)
        try:
            async with asyncio.timeout(limits.timeout_s):
                return await worker.ask(job, limits)
        except TimeoutError:
            raise _stopped(limits) from None
        finally:
            worker.kill()
            await worker.gone.wait()

    async def prestart(self, folder: GraphFolder) -> None:
        """Have a worker ready for the current generation of a graph, and none for older ones."""
        self._give_back(await self._take(folder))

    async def close(self) -> None:
        """End all workers and wait for that; queries that run fail with `kg.closed`."""
        self._closed = True
        for task in tuple(self._background):
            task.cancel()
        self._end_all()
        if self._starting:
            await asyncio.wait(self._starting)
        self._end_all()
        for worker in tuple(self._workers):
            await worker.gone.wait()
        self._threads.shutdown(wait=False)

    def _end_all(self) -> None:
        for worker in tuple(self._workers):
            if worker in self._idle:
                self._retire(worker)
            else:
                worker.kill(_closed())

    async def in_thread(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a function that blocks, e.g. on the disk, off the loop."""
        if self._closed:
            raise _closed()
        # Not the loop's default executor: the task engine claims that one.
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: function(*args, **kwargs)
        )

    async def renew(self, folder: GraphFolder) -> None:
        """End the idle workers on older generations of a graph, or on all of one that was removed.

        If there were any, one for the current generation is started meanwhile, so that the next query need not wait.
        """
        current = folder.current()
        stale = [
            worker
            for worker in self._idle
            if worker.generation.folder.parent.parent == folder.path and worker.generation != current
        ]
        for worker in stale:
            self._retire(worker)
        if stale and current is not None:
            self._start_in_background(current)
        for worker in stale:
            await worker.gone.wait()

    async def _take(self, folder: GraphFolder) -> QueryProcess:
        for _ in range(_TRIES):
            if self._closed:
                raise _closed()
            generation = folder.existing()
            self._retire_stale(generation)
            for worker in reversed(self._idle):
                if worker.generation == generation:
                    self._idle.pop(worker).cancel()
                    if worker.reusable:
                        return worker
                    break
            else:
                with suppress(Gone):  # a writer was faster: look again
                    return await self._start(generation)
        raise Unavailable("the graph changes too fast to be opened", code="kg.busy", hint="try again")

    def _retire_stale(self, current: Generation) -> None:
        """End the idle workers on other generations of a graph."""
        for worker in tuple(self._idle):
            stale = worker.generation
            if stale != current and stale.folder.parent == current.folder.parent:
                self._retire(worker)

    async def _start(self, generation: Generation) -> QueryProcess:
        # A start that has begun is finished even if its query is cancelled: the next one can have the worker.
        starting = asyncio.create_task(self._spawn(generation), name="start query worker")
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(self._keep_started)
            raise

    async def _spawn(self, generation: Generation) -> QueryProcess:
        try:
            worker = await QueryProcess.start_for(generation, self._memory_bytes, self._forget)
        except OSError as error:
            raise not_started(error) from error
        if not worker.gone.is_set():
            self._workers.add(worker)
        try:
            if self._closed:
                raise _closed()
            await worker.open()
        except BaseException:
            worker.kill()
            raise
        return worker

    def _keep_started(self, starting: asyncio.Task[QueryProcess]) -> None:
        if not starting.cancelled() and starting.exception() is None:
            self._give_back(starting.result())

    def _give_back(self, worker: QueryProcess) -> None:
        if not worker.reusable or self._closed:
            worker.retire()
            return
        loop = asyncio.get_running_loop()
        self._idle[worker] = loop.call_later(self._idle_s, self._retire, worker)
        while len(self._idle) > self._warm:
            self._retire(next(iter(self._idle)))

    def _retire(self, worker: QueryProcess) -> None:
        if (timer := self._idle.pop(worker, None)) is not None:
            timer.cancel()
        worker.retire()

    def _replace(self, worker: QueryProcess) -> None:
        """Kill a worker that does not end by itself, and start another one, so that the next query need not wait."""
        worker.kill()
        if self._closed or len(self._idle) + len(self._background) >= self._warm:
            return
        self._start_in_background(worker.generation)

    def _start_in_background(self, generation: Generation) -> None:
        task = asyncio.create_task(self._restart(generation), name="start query worker")
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _restart(self, generation: Generation) -> None:
        with suppress(Gone, VibeError):  # who asks next will be told
            self._give_back(await self._start(generation))

    def _forget(self, worker: Worker) -> None:
        assert isinstance(worker, QueryProcess)
        self._workers.discard(worker)
        if (timer := self._idle.pop(worker, None)) is not None:
            timer.cancel()


def _stopped(limits: Limits) -> UpstreamTimeout:
    return UpstreamTimeout(
        f"the query was stopped after {limits.timeout_s:g} s",
        code="kg.query_timeout",
        hint="paths of any length (+, *) and patterns that share no variable grow fast: begin at one node, or "
        "add patterns; the limit is VIBE_KG_QUERY_TIMEOUT_S",
    )


def _closed() -> Unavailable:
    return Unavailable(
        "the query workers were stopped", code="kg.closed", hint="the platform is shutting down"
    )
