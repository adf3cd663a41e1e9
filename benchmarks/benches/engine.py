"""POST for 30 s while the engine runs the tasks, and what readers feel of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_most
from benchmarks.load import LoadPlan, Stream
from benchmarks.requests import CreateTask, GetTask
from benchmarks.server_process import ServerProcess
from benchmarks.servers import ReferenceServer, VibeServer
from benchmarks.tally import Tally

__all__ = ["run"]

_WRITERS, _READERS = 90, 10


def run(context: Context) -> BenchResult:
    """Measure the tuned reference, which runs nothing, then ours, which runs what it accepts."""
    duration_s = context.either(5, 30)
    result = BenchResult(
        name="engine",
        what=f"{duration_s:g} s of POST with the engine running the tasks, and GET meanwhile",
        how=f"{_WRITERS} connections create file searches in a folder of five small files, {_READERS} read "
        "tasks by id; what was drained and the backlog are counted in the database when the load ends. The "
        "tuned reference gets the same load, but runs no tasks: it is the control of the latencies.",
        limits=[
            "One process serves, writes and runs tasks: the engine takes what the closed loop leaves it."
        ],
        columns=[
            *("server", "accepted/s", "drained/s", "backlog", "failed tasks"),
            *("POST p99 ms", "GET/s", "GET p50 ms", "GET p99 ms", "errors", "RSS MB"),
        ],
    )
    folder = context.new_folder("engine")
    tuned_folder = folder / "tuned"
    tuned_folder.mkdir()
    tuned = ReferenceServer(tuned_folder, "tuned", context.reference_database("tuned", tuned_folder))
    with tuned:
        control = _load(context, tuned, duration_s)
    result.rows.append(["reference_tuned", *_row(control, None)])
    if context.with_vibe:
        vibe = VibeServer(folder / "vibe")
        database = context.vibe_database(vibe.data_dir)
        with vibe:
            ours = _load(context, vibe, duration_s)
            drained = _Drained.count(database, context.seed_plan.tasks)
        result.rows.append(["vibe", *_row(ours, drained)])
        read, control_read = ours["get"].latency_ms(99), control["get"].latency_ms(99)
        result.targets.append(
            at_most(
                "GET p99 while tasks are accepted and run", read / 1e3, 1, "s", f"tuned {control_read:.0f} ms"
            )
        )
    for tallies, name in ((control, "reference_tuned"), *([(ours, "vibe")] if context.with_vibe else [])):
        for tally in tallies.values():
            result.notes += [
                f"{name}, {tally.stream}: {count}x {error}" for error, count in tally.errors.most_common(3)
            ]
    return result


def _load(context: Context, server: ServerProcess, duration_s: float) -> dict[str, Tally]:
    context.say(f"engine: {server.name}, {duration_s:g} s")
    create = Stream(
        "post", CreateTask(server.target(), str(server.search_root())), _WRITERS, expected_status=202
    )
    read = Stream("get", GetTask(server.target(), context.seed_plan.ids_of(0)), _READERS)
    # No warm-up: each accepted task must fall into the measured time.
    report = context.load.run(LoadPlan(server.port, (create, read), duration_s, server.pid, warm_up_s=0))
    return {name: Tally(name, [report]) for name in report.streams}


class _Drained:
    """How far the engine came with the tasks of the load."""

    def __init__(self, finished: int, backlog: int, failed: int) -> None:
        self.finished, self.backlog, self.failed = finished, backlog, failed

    @classmethod
    def count(cls, database: Path, seeded: int) -> _Drained:
        sql = "SELECT count(*), count(finished_at), total(state = 'failed') FROM tasks"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            tasks, finished, failed = connection.execute(sql).fetchone()
        return cls(finished - seeded, tasks - finished, int(failed))


def _row(tallies: dict[str, Tally], drained: _Drained | None) -> list[str | float | int | None]:
    post, get = tallies["post"], tallies["get"]
    report = post.reports[0]
    return [
        round(post.requests_per_s),
        round(drained.finished / report.duration_s) if drained else None,
        drained.backlog if drained else None,
        drained.failed if drained else None,
        round(post.latency_ms(99), 1),
        round(get.requests_per_s),
        round(get.latency_ms(50), 1),
        round(get.latency_ms(99), 1),
        post.errors.total() + get.errors.total(),
        round(report.server_rss_bytes / 2**20),
    ]
