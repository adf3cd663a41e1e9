"""REST reads: a task, the newest 20 of the history and of the projects, the profile; 100 connections, 100,000 rows."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.bare_tornado import SMALL_PATH
from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_least, at_most
from benchmarks.load import LoadPlan, Stream
from benchmarks.reference_stack.database import VARIANTS
from benchmarks.requests import Fixed, GetTask, History, Requests
from benchmarks.server_process import ServerProcess
from benchmarks.servers import BareTornado, ReferenceServer, VibeServer
from benchmarks.tally import TALLY_COLUMNS, Tally

__all__ = ["CONNECTIONS", "run"]

CONNECTIONS = 100


def run(context: Context) -> BenchResult:
    """Measure all servers side by side, the rounds interleaved."""
    result = BenchResult(
        name="reads",
        what="REST reads: one task by id, the newest 20 of the history and of the projects with total, the profile",
        how=f"{CONNECTIONS} keep-alive connections in a closed loop from a process of their own, "
        f"{context.seed_plan.tasks:,} task rows over {context.seed_plan.users} users with "
        f"{context.seed_plan.projects_per_user} projects each, all requests of one "
        "user (as the local owner is one); all servers run side by side, the rounds take turns. CPU is user "
        "+ system time of the server's process tree.",
        limits=[
            "Two cores carry server and generator; requests/s vary between runs, CPU per request much less.",
            "The reference looks up an opaque token in its users table; checking a JWT would come on top.",
            "Our total is a counter in the user's row, the reference counts rows: that is part of the gain.",
        ],
        columns=["route", "server", *TALLY_COLUMNS],
    )
    tallies: dict[tuple[str, str], Tally] = {}
    with ExitStack() as running:
        servers = _servers(context, running)
        for turn in range(context.rounds(quick=1, full=3)):
            for server in servers:
                for route, requests in _routes(server, context).items():
                    context.say(f"reads: round {turn + 1}, {server.name}, {route}")
                    stream = Stream(route, requests, CONNECTIONS)
                    plan = LoadPlan(server.port, (stream,), context.either(1.5, 4), server.pid)
                    tallies.setdefault((route, server.name), Tally(route)).add(context.load.run(plan))
    for (route, name), tally in sorted(tallies.items()):
        result.rows.append([route, name, *tally.cells()])
        result.notes += [f"{name}, {route}: {count}x {error}" for error, count in tally.errors.most_common(3)]
    if context.with_vibe:
        _compare(result, tallies)
    return result


def _servers(context: Context, running: ExitStack) -> list[ServerProcess]:
    folder = context.new_folder("reads")
    servers: list[ServerProcess] = [BareTornado(folder / "tornado")]
    for variant in VARIANTS:
        own = folder / variant
        own.mkdir()
        servers.append(ReferenceServer(own, variant, context.reference_database(variant, own)))
    if context.with_vibe:
        vibe = VibeServer(folder / "vibe")
        context.vibe_database(vibe.data_dir)
        servers.append(vibe)
    for server in servers:
        running.enter_context(server)
    return servers


def _routes(server: ServerProcess, context: Context) -> dict[str, Requests]:
    target = server.target()
    if isinstance(server, BareTornado):
        return {"small answer": Fixed(target, "GET", SMALL_PATH)}
    return {
        "task": GetTask(target, context.seed_plan.ids_of(0)),
        "history": History(target),
        "projects": Fixed(target, "GET", "/projects/list?limit=20"),
        "profile": Fixed(target, "GET", "/user/profile"),
    }


def _compare(result: BenchResult, tallies: dict[tuple[str, str], Tally]) -> None:
    floor = tallies["small answer", "bare_tornado"]
    for route in ("task", "history", "projects", "profile"):
        ours, tuned = tallies[route, "vibe"], tallies[route, "reference_tuned"]
        result.targets += [
            at_least(
                f"GET {route}: CPU per request, less than the tuned reference",
                tuned.cpu_us / ours.cpu_us,
                5,
                "x",
                f"{ours.cpu_us:.0f} against {tuned.cpu_us:.0f} us",
            ),
            at_most(
                f"GET {route}: CPU per request, of a bare tornado handler",
                ours.cpu_us / floor.cpu_us,
                2.5,
                "x",
                f"{ours.cpu_us:.0f} against {floor.cpu_us:.0f} us",
            ),
            at_most(
                f"GET {route}: p99", ours.latency_ms(99) / 1e3, 1, "s", f"tuned {tuned.latency_ms(99):.0f} ms"
            ),
        ]
