"""REST writes: `POST /tasks`, durable, 100 connections on 100,000 rows, a fresh database for each round."""

from __future__ import annotations

from benchmarks.bare_tornado import SMALL_PATH
from benchmarks.benches.reads import CONNECTIONS
from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_least, at_most
from benchmarks.load import LoadPlan, Stream
from benchmarks.reference_stack.database import VARIANTS
from benchmarks.requests import CreateTask, Fixed, Requests
from benchmarks.server_process import ServerProcess
from benchmarks.servers import BareTornado, ReferenceServer, VibeServer
from benchmarks.tally import TALLY_COLUMNS, Tally

__all__ = ["run"]

_SMALL_BODY = b'{"type": "file_search", "input": {"query": "needle", "path": "/tmp"}}'


def run(context: Context) -> BenchResult:
    """Measure each server alone, the rounds interleaved."""
    result = BenchResult(
        name="post",
        what="REST writes: a task accepted durably (202 after the commit is on disk)",
        how=f"{CONNECTIONS} keep-alive connections in a closed loop, bodies differ; each round starts the "
        f"server anew on a fresh copy of {context.seed_plan.tasks:,} rows, so that no backlog of one is the "
        "burden of another. synchronous=FULL everywhere. `event loop` is the part of the CPU of the "
        "server's first thread.",
        limits=[
            "We write a task, its first event and its outbox entry in one commit; the reference one row.",
            "`vibe` runs the tasks meanwhile, and their CPU counts too; `vibe, engine held` only accepts.",
        ],
        columns=["server", *TALLY_COLUMNS, "event loop us/request"],
    )
    tallies: dict[str, Tally] = {}
    for turn in range(context.rounds(quick=1, full=3)):
        for label, server in _fresh_servers(context):
            context.say(f"post: round {turn + 1}, {label}")
            with server:
                stream = Stream("post", _requests(server), CONNECTIONS, expected_status=202)
                plan = LoadPlan(server.port, (stream,), context.either(1.5, 4), server.pid)
                tallies.setdefault(label, Tally("post")).add(context.load.run(plan))
    for label, tally in tallies.items():
        result.rows.append([label, *tally.cells(), round(tally.main_thread_cpu_us)])
        result.notes += [f"{label}: {count}x {error}" for error, count in tally.errors.most_common(3)]
    if context.with_vibe:
        _compare(result, tallies)
    return result


def _fresh_servers(context: Context) -> list[tuple[str, ServerProcess]]:
    folder = context.new_folder("post")
    servers: list[tuple[str, ServerProcess]] = [("bare_tornado", BareTornado(folder / "tornado"))]
    for variant in VARIANTS:
        own = folder / variant
        own.mkdir()
        server = ReferenceServer(own, variant, context.reference_database(variant, own))
        servers.append((server.name, server))
    if context.with_vibe:
        for label, is_held in (("vibe", False), ("vibe, engine held", True)):
            vibe = VibeServer(folder / label.replace(", ", "_").replace(" ", "_"), holds_engine=is_held)
            context.vibe_database(vibe.data_dir)
            servers.append((label, vibe))
    return servers


def _requests(server: ServerProcess) -> Requests:
    if isinstance(server, BareTornado):
        return Fixed(server.target(), "POST", SMALL_PATH, _SMALL_BODY)
    return CreateTask(server.target(), str(server.search_root()))


def _compare(result: BenchResult, tallies: dict[str, Tally]) -> None:
    held, running = tallies["vibe, engine held"], tallies["vibe"]
    usual, tuned, floor = (tallies[name] for name in ("reference_usual", "reference_tuned", "bare_tornado"))
    result.targets += [
        at_least(
            "POST: CPU per request, less than the tuned reference",
            tuned.cpu_us / held.cpu_us,
            5,
            "x",
            f"{held.cpu_us:.0f} against {tuned.cpu_us:.0f} us; {running.cpu_us:.0f} us with the tasks run",
        ),
        at_most(
            "POST: CPU per request, of a bare tornado handler",
            held.cpu_us / floor.cpu_us,
            4,
            "x",
            f"{held.cpu_us:.0f} against {floor.cpu_us:.0f} us",
        ),
        at_least(
            "POST: requests/s, against the usual reference, while the tasks run",
            running.requests_per_s / usual.requests_per_s,
            10,
            "x",
            f"{running.requests_per_s:.0f} against {usual.requests_per_s:.0f}; "
            f"engine held {held.requests_per_s:.0f}",
        ),
        at_most("POST: p99", running.latency_ms(99) / 1e3, 1, "s", f"tuned {tuned.latency_ms(99):.0f} ms"),
    ]
