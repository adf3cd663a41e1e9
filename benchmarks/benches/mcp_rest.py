"""Calls of MCP tools over REST, beside a bare session of the SDK to the same server in the same run."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_least, at_most
from benchmarks.load import LoadPlan, Stream
from benchmarks.requests import Fixed
from benchmarks.servers import VibeServer
from benchmarks.statistics import median
from tests.mcp_servers.processes import FAULTY, http_server

__all__ = ["run"]

_AT_ONCE = 50
_PATHS = ("HTTP", "stdio")


class _Tally:
    """What was measured of one way to call, a value for each round."""

    def __init__(self) -> None:
        self.p50_ms: list[float] = []
        self.per_s: list[float] = []
        self.errors = 0

    def row(self) -> list[Any]:
        return [median(self.p50_ms), median(self.per_s) if self.per_s else None, self.errors]


def run(context: Context) -> BenchResult:
    """Measure `POST /mcps/{id}/execute` to an HTTP server and to a stdio server."""
    result = BenchResult(
        name="mcp_rest",
        what="MCP tools over REST: one call after the other, and 50 at once",
        how="`POST /vibe/api/mcps/{id}/execute` from the load generator, a bare `mcp.Client` that stays connected, and "
        "one that connects for each call take turns; all call the same kind of server with the same arguments. The "
        "HTTP server is the SDK's (2026-07-28), the stdio server a small one of the standard library. The median "
        "round counts.",
        limits=[
            "One machine: the MCP server, ours, and the generator share its two cores.",
            "The bare client has no HTTP server before it: the ratio is all that a platform costs.",
        ],
        columns=["path", "way", "p50 ms", f"calls/s, {_AT_ONCE} at once", "errors"],
    )
    tallies: dict[tuple[str, str], _Tally] = {}
    with ExitStack() as running:
        url = f"http://127.0.0.1:{running.enter_context(http_server())}/mcp"
        vibe = None
        if context.with_vibe:
            vibe = running.enter_context(VibeServer(context.new_folder("mcp_rest")))
            vibe.ask("POST", "/vibe/api/mcps", {"name": "HTTP", "url": url})
            vibe.ask("POST", "/vibe/api/mcps", {"name": "stdio", "command": FAULTY[0], "args": FAULTY[1:]})
        for turn in range(context.rounds(quick=2, full=7)):
            for path in _PATHS:
                context.say(f"mcp_rest: round {turn + 1}, {path}")
                if vibe is not None:
                    _rest(context, vibe, path, tallies.setdefault((path, "REST"), _Tally()))
                asyncio.run(_bare(context, path, url, tallies))
    for (path, way), tally in tallies.items():
        result.rows.append([path, way, *tally.row()])
    if context.with_vibe:
        _compare(result, tallies)
    return result


def _call(path: str) -> tuple[str, dict[str, Any]]:
    return ("echo", {"text": "x"}) if path == "HTTP" else ("ok", {})


def _rest(context: Context, vibe: VibeServer, path: str, tally: _Tally) -> None:
    tool, arguments = _call(path)
    body = json.dumps({"tool": tool, "arguments": arguments}).encode()
    requests = Fixed(vibe.target(), "POST", f"/mcps/{path.lower()}/execute", body)
    duration_s = context.either(0.7, 2)
    for connections in (1, _AT_ONCE):
        stream = Stream("execute", requests, connections)
        plan = LoadPlan(vibe.port, (stream,), duration_s, vibe.pid)
        found = context.load.run(plan).streams["execute"]
        tally.errors += found.error_count
        if connections == 1:
            tally.p50_ms.append(median(found.latencies_s) * 1000)
        else:
            tally.per_s.append(found.completed_in_time / duration_s)


async def _bare(context: Context, path: str, url: str, tallies: dict[tuple[str, str], _Tally]) -> None:
    from mcp import Client, StdioServerParameters

    tool, arguments = _call(path)
    server: Any = url if path == "HTTP" else StdioServerParameters(command=FAULTY[0], args=FAULTY[1:])
    duration_s = context.either(0.7, 2)
    warm = tallies.setdefault((path, "bare SDK"), _Tally())
    async with Client(server, read_timeout_seconds=60) as client:

        async def call() -> None:
            await client.call_tool(tool, arguments)

        await call()
        warm.p50_ms.append(median(await _durations(call, duration_s)) * 1000)
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < duration_s:
            await asyncio.gather(*(call() for _ in range(_AT_ONCE)))
            done += _AT_ONCE
        warm.per_s.append(done / (time.perf_counter() - began))

    async def connect_and_call() -> None:
        async with Client(server, read_timeout_seconds=60) as once:
            await once.call_tool(tool, arguments)

    cold = tallies.setdefault((path, "bare SDK, connecting for each call"), _Tally())
    cold.p50_ms.append(median(await _durations(connect_and_call, duration_s)) * 1000)


async def _durations(one: Callable[[], Awaitable[None]], for_s: float) -> list[float]:
    found: list[float] = []
    began = time.perf_counter()
    while time.perf_counter() - began < for_s:
        at = time.perf_counter()
        await one()
        found.append(time.perf_counter() - at)
    return found


def _compare(result: BenchResult, tallies: dict[tuple[str, str], _Tally]) -> None:
    for path in _PATHS:
        rest, bare = tallies[path, "REST"], tallies[path, "bare SDK"]
        cold = tallies[path, "bare SDK, connecting for each call"]
        rest_ms, bare_ms, cold_ms = (median(one.p50_ms) for one in (rest, bare, cold))
        detail = f"{rest_ms:.2f} against {bare_ms:.2f} ms"
        if path == "HTTP":
            what = "p50 over REST to an HTTP server / of a bare SDK session"
            result.targets.append(at_most(what, rest_ms / bare_ms, 3, "x", detail))
        result.targets.append(at_most(f"REST adds, {path}", rest_ms - bare_ms, 5, "ms", detail))
        detail = f"{rest_ms:.2f} against {cold_ms:.2f} ms"
        what = f"a client that connects for each call takes longer than REST, {path}"
        result.targets.append(at_least(what, cold_ms / rest_ms, 1, "x", detail))
        result.targets.append(at_most(f"calls over REST that failed, {path}", rest.errors, 0, "calls"))
        result.notes.append(
            f"{path}, {_AT_ONCE} at once: {median(rest.per_s):.0f} calls/s over REST, "
            f"{median(bare.per_s):.0f} by the bare SDK"
        )
