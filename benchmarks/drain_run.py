"""One measurement of something that runs jobs: how many a second, and how long one takes from end to end."""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.process_stats import ProcessTree

__all__ = ["DrainPlan", "DrainReport", "JobRunner", "measure_apart"]

SUBMITTERS = 50
"""How many callers submit at once."""


class JobRunner(Protocol):
    """What is compared: it accepts jobs durably, runs their bodies and stores their results."""

    async def start(self) -> None:
        """Be ready for jobs."""
        ...

    async def stop(self) -> None:
        """End everything."""
        ...

    async def submit(self, body_s: float) -> Any:
        """Accept a job whose body sleeps so many seconds (0: nothing); return its id once it is durable."""
        ...

    async def finished(self, job_id: Any) -> None:
        """Wait until the job is done and its result is stored."""
        ...


@dataclass(frozen=True)
class DrainPlan:
    """How many jobs of which length."""

    jobs: int
    body_s: float
    single_jobs: int = 60
    """Jobs submitted one after the other, for the latency without a queue."""


@dataclass
class DrainReport:
    """What one runner did."""

    jobs_per_s: float
    """All jobs, from the first submission to the last stored result."""
    submit_latencies_s: list[float]
    single_latencies_s: list[float]
    cpu_us_per_job: float
    rss_bytes: int


def measure_apart(make: Callable[[Path], JobRunner], plan: DrainPlan, folder: Path) -> DrainReport:
    """Measure in a fresh process with a fresh folder; `make` must be picklable."""
    with (
        tempfile.TemporaryDirectory(dir=folder) as own,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        return pool.submit(_measure, make, plan, Path(own)).result()


def _measure(make: Callable[[Path], JobRunner], plan: DrainPlan, folder: Path) -> DrainReport:
    return asyncio.run(_drain(make(folder), plan))


async def _drain(runner: JobRunner, plan: DrainPlan) -> DrainReport:
    await runner.start()
    try:
        for _ in range(5):
            await runner.finished(await runner.submit(0))
        single = [await _single(runner, plan.body_s) for _ in range(plan.single_jobs)]
        slots, submits = asyncio.Semaphore(SUBMITTERS), []

        async def submit() -> Any:
            async with slots:
                began = time.perf_counter()
                job_id = await runner.submit(plan.body_s)
                submits.append(time.perf_counter() - began)
                return job_id

        async def whole() -> None:
            await runner.finished(await submit())

        process = ProcessTree(multiprocessing.current_process().pid or 0)
        before, began = process.usage(), time.perf_counter()
        await asyncio.gather(*(whole() for _ in range(plan.jobs)))
        elapsed, after = time.perf_counter() - began, process.usage()
    finally:
        await runner.stop()
    cpu_s = after.cpu_s - before.cpu_s
    return DrainReport(plan.jobs / elapsed, submits, single, cpu_s / plan.jobs * 1e6, after.rss_bytes)


async def _single(runner: JobRunner, body_s: float) -> float:
    began = time.perf_counter()
    await runner.finished(await runner.submit(body_s))
    return time.perf_counter() - began
