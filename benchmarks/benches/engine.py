"""POST for 30 s while the engine runs the tasks, and what readers notice of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_least, at_most
from benchmarks.load import LoadPlan, Stream
from benchmarks.reference_stack.database import VARIANTS
from benchmarks.requests import CreateTask, GetTask
from benchmarks.server_process import ServerProcess
from benchmarks.servers import ReferenceServer, VibeServer
from benchmarks.tally import Tally

__all__ = ["run"]

_WRITERS, _READERS = 90, 10
_READER_PAUSE_S = 0.5


def run(context: Context) -> BenchResult:
    """Measure the reference, which runs nothing, then ours, which runs what it accepts."""
    duration_s = context.either(5, 30)
    result = BenchResult(
        name="engine",
        what=f"{duration_s:g} s of POST with the engine running the tasks, and GET meanwhile",
        how=f"{_WRITERS} connections create file searches in a folder of five small files, in a closed loop; "
        f"{_READERS} read tasks by id and rest {_READER_PAUSE_S:g} s after each answer, so that all servers have "
        "about the same to read; what was drained and the backlog are counted in the database when the load "
        "ends. The reference gets the same load, but runs no tasks.",
        limits=[
            "The server, the process that runs its tasks and the generator share two cores.",
            "The tasks (nice 10) get what the closed loop leaves.",
        ],
        columns=[
            *("server", "accepted/s", "drained/s", "backlog", "failed tasks"),
            *("POST p99 ms", "GET/s", "GET p50 ms", "GET p99 ms", "errors", "RSS MB"),
        ],
    )
    folder = context.new_folder("engine")
    measured: dict[str, dict[str, Tally]] = {}
    for variant in VARIANTS:
        own = folder / variant
        own.mkdir()
        with ReferenceServer(own, variant, context.reference_database(variant, own)) as reference:
            measured[reference.name] = _load(context, reference, duration_s)
        result.rows.append([reference.name, *_row(measured[reference.name], None)])
    if context.with_vibe:
        vibe = VibeServer(folder / "vibe")
        database = context.vibe_database(vibe.data_dir)
        with vibe:
            measured["vibe"] = _load(context, vibe, duration_s)
            drained = _Drained.count(database, context.seed_plan.tasks)
        result.rows.append(["vibe", *_row(measured["vibe"], drained)])
        _compare(result, measured, duration_s)
    for name, tallies in measured.items():
        for tally in tallies.values():
            result.notes += [
                f"{name}, {tally.stream}: {count}x {error}" for error, count in tally.errors.most_common(3)
            ]
    return result


def _compare(result: BenchResult, measured: dict[str, dict[str, Tally]], duration_s: float) -> None:
    ours, usual, tuned = (measured[name] for name in ("vibe", "reference_usual", "reference_tuned"))
    accepted, accepted_usual = ours["post"].requests_per_s, usual["post"].requests_per_s
    result.targets += [
        at_least(
            f"POST for {duration_s:g} s: accepted/s, against the usual reference, while the tasks run",
            accepted / accepted_usual,
            10,
            "x",
            f"{accepted:.0f} against {accepted_usual:.0f}",
        ),
        at_most(
            "GET p99 while tasks are accepted and run",
            ours["get"].latency_ms(99) / 1e3,
            1,
            "s",
            f"tuned {tuned['get'].latency_ms(99):.0f} ms",
        ),
    ]


def _load(context: Context, server: ServerProcess, duration_s: float) -> dict[str, Tally]:
    context.say(f"engine: {server.name}, {duration_s:g} s")
    create = Stream(
        "post", CreateTask(server.target(), str(server.search_root())), _WRITERS, expected_status=202
    )
    read = Stream(
        "get", GetTask(server.target(), context.seed_plan.ids_of(0)), _READERS, pause_s=_READER_PAUSE_S
    )
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
