"""The task engine against a plain job table: bodies a second, and one job from end to end."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from benchmarks.context import Context
from benchmarks.drain_run import SUBMITTERS, DrainPlan, DrainReport, JobRunner, measure_apart
from benchmarks.figures import BenchResult, at_least, at_most
from benchmarks.job_table import JobTable
from benchmarks.statistics import median, percentile

__all__ = ["run"]

CONCURRENCY = 32
_BODIES_S = {"empty": 0.0, "10 ms": 0.01}


def run(context: Context) -> BenchResult:
    """Measure both in fresh processes, the rounds interleaved."""
    jobs = context.rounds(quick=200, full=1_000)
    result = BenchResult(
        name="drain",
        what="Jobs run a second, and one job from submission to its stored result",
        how=f"{SUBMITTERS} callers submit {jobs} jobs in all, up to {CONCURRENCY} run at once; the time "
        "goes from the first submission to the last stored result, the median of the rounds is shown. "
        "Single jobs are submitted one after the other. The control is a plain SQLAlchemy + asyncio job "
        "table (WAL, synchronous=FULL).",
        limits=[
            "The job table has no routing, events, outbox, cancellation, timeout, fairness or take-over.",
            "A 10 ms body sleeps in asyncio: it measures the overlap, not work.",
        ],
        columns=[
            *("body", "runner", "jobs/s", "CPU us/job", "submit p50 ms", "submit p99 ms"),
            *("single p50 ms", "single p99 ms", "RSS MB"),
        ],
    )
    runners: dict[str, Callable[[Path], JobRunner]] = {
        "job_table": functools.partial(JobTable, workers=CONCURRENCY)
    }
    if context.with_vibe:
        from benchmarks.platform_jobs import PlatformJobs

        runners["vibe"] = functools.partial(PlatformJobs, concurrency=CONCURRENCY)
    reports: dict[tuple[str, str], list[DrainReport]] = {}
    for turn in range(context.rounds(quick=1, full=3)):
        for body, body_s in _BODIES_S.items():
            for name, make in runners.items():
                context.say(f"drain: round {turn + 1}, {name}, {body}")
                plan = DrainPlan(jobs, body_s)
                report = measure_apart(make, plan, context.folder)
                reports.setdefault((body, name), []).append(report)
    for (body, name), found in reports.items():
        result.rows.append([body, name, *_row(found)])
    if context.with_vibe:
        _compare(result, reports)
    return result


def _jobs_per_s(reports: list[DrainReport]) -> float:
    return median([report.jobs_per_s for report in reports])


def _single_ms(reports: list[DrainReport], percent: float) -> float:
    return percentile((value for report in reports for value in report.single_latencies_s), percent) * 1e3


def _row(reports: list[DrainReport]) -> list[str | float | int | None]:
    submits = [value * 1e3 for report in reports for value in report.submit_latencies_s]
    return [
        round(_jobs_per_s(reports)),
        round(median([report.cpu_us_per_job for report in reports])),
        *(round(percentile(submits, percent), 1) for percent in (50, 99)),
        *(round(_single_ms(reports, percent), 1) for percent in (50, 99)),
        round(max(report.rss_bytes for report in reports) / 2**20),
    ]


def _compare(result: BenchResult, reports: dict[tuple[str, str], list[DrainReport]]) -> None:
    for body in _BODIES_S:
        ours, control = _jobs_per_s(reports[body, "vibe"]), _jobs_per_s(reports[body, "job_table"])
        detail = f"{ours:.0f} against {control:.0f} jobs/s"
        result.targets.append(
            at_least(f"drain, body {body}: against a job table", ours / control, 1, "x", detail)
        )
    single, control = (_single_ms(reports["empty", name], 50) for name in ("vibe", "job_table"))
    result.targets.append(
        at_most(
            "one oracle task, end to end, p50",
            single,
            60,
            "ms",
            f"job table {control:.1f} ms, which routes nothing",
        )
    )
