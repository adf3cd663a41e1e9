"""Calls of MCP tools through the session pool, beside a bare session of the SDK in the same run."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import BenchResult, at_least, at_most
from tests.mcp_servers.processes import FAULTY, dropping_proxy, http_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.context import Context

__all__ = ["run"]

_ROUNDS, _CALLS, _AT_ONCE = 15, 300, 50


def run(context: Context) -> BenchResult:
    """Measure everything that the sessions promise."""
    result = BenchResult(
        name="mcp_sessions",
        what="MCP sessions: warm calls, calls at once, large results, crashes, dropped connections",
        how="The pool of `core/mcp/sessions` and a bare `mcp.Client` call the same kind of server in turn, in the "
        f"same process, {_ROUNDS} rounds of {_CALLS} calls each; the median round counts. The stdio server is a small "
        "one of the standard library, so that what the client costs is all there is; the HTTP server is the SDK's.",
        limits=["One machine, client and server share its two cores.", "The pool alone: no policy, no REST."],
        columns=["path", "pool p50 ms", "bare p50 ms", "ratio", "pool calls/s", "bare calls/s", "ratio"],
    )
    asyncio.run(_measure(result, context, is_quick=context.is_quick))
    return result


async def _measure(result: BenchResult, context: Context, *, is_quick: bool) -> None:
    rounds = 5 if is_quick else _ROUNDS
    with http_server() as port:
        url = f"http://127.0.0.1:{port}/mcp"
        for name, era, tool in (
            ("stdio", "legacy", "ok"),
            ("HTTP 2025-11-25", "legacy", "echo"),
            ("HTTP 2026-07-28", None, "echo"),
        ):
            await _compare(result, name, era, tool, url if name.startswith("HTTP") else None, rounds)
        await _dropped(result, port)
        await _large(result, "stdio", _spec("large"), "big", "n")
        for year, era in (("2025-11-25", "legacy"), ("2026-07-28", None)):
            await _large(result, f"HTTP {year}", _spec("large", url, era), "big", "size")
    await _crashes(result, context.folder, 10 if is_quick else 100)
    await _remembered_era(result)
    await _thousand(result, context.folder)


def _spec(key: str, url: str | None = None, era: Any = None, **env: str) -> Any:
    from vibe_jupyter.core.mcp.spec import ServerSpec

    if url is not None:
        return ServerSpec(key, key, "http", url=url, era=era)
    return ServerSpec(key, key, "stdio", tuple(FAULTY), env=env, era=era)


async def _compare(result: BenchResult, name: str, era: Any, tool: str, url: str | None, rounds: int) -> None:
    from mcp import Client, StdioServerParameters

    from vibe_jupyter.core.mcp.sessions.pool import SessionPool
    from vibe_jupyter.core.mcp.spec import Call

    arguments = {"text": "x"} if tool == "echo" else {}
    pool, spec = SessionPool(), _spec(name, url, era)
    call = Call(tool, arguments)
    server: Any = url or StdioServerParameters(command=FAULTY[0], args=FAULTY[1:])
    async with Client(server, mode="legacy" if era else "auto", read_timeout_seconds=60) as client:

        async def ours() -> None:
            await pool.call(spec, call)

        async def bare() -> None:
            await client.call_tool(tool, arguments)

        await ours()
        await bare()
        p50: dict[str, list[float]] = {"ours": [], "bare": []}
        rate: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(rounds):
            for who, one in (("ours", ours), ("bare", bare)):
                p50[who].append(await _p50(one))
                rate[who].append(await _rate(one))
    await pool.aclose()
    warm = {who: statistics.median(values) for who, values in p50.items()}
    many = {who: statistics.median(values) for who, values in rate.items()}
    ratio, throughput = warm["ours"] / warm["bare"], many["ours"] / many["bare"]
    result.rows.append([name, warm["ours"], warm["bare"], ratio, many["ours"], many["bare"], throughput])
    detail = f"{warm['ours']:.3f} / {warm['bare']:.3f} ms"
    result.targets.append(
        at_most(f"warm call, {name}: p50 of the pool / of the bare SDK", ratio, 1.3, "x", detail)
    )
    detail = f"{many['ours']:.0f} / {many['bare']:.0f} per s"
    result.targets.append(at_least(f"{_AT_ONCE} at once, {name}: calls/s", throughput, 0.8, "x", detail))


async def _p50(one: Callable[[], Awaitable[None]]) -> float:
    durations = []
    for _ in range(_CALLS):
        began = time.perf_counter()
        await one()
        durations.append(time.perf_counter() - began)
    return statistics.median(durations) * 1000


async def _rate(one: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    for _ in range(_CALLS // _AT_ONCE):
        await asyncio.gather(*(one() for _ in range(_AT_ONCE)))
    return _CALLS // _AT_ONCE * _AT_ONCE / (time.perf_counter() - began)


async def _dropped(result: BenchResult, upstream: int) -> None:
    """One connection of fifty is closed, before the answer and in the middle of it."""
    from vibe_jupyter.core.errors import VibeError
    from vibe_jupyter.core.mcp.sessions.pool import SessionPool
    from vibe_jupyter.core.mcp.spec import Call

    with dropping_proxy(upstream) as port:
        for era in ("legacy", None):
            for word in ("DROP", "CUT"):
                pool, spec = SessionPool(), _spec("web", f"http://127.0.0.1:{port}/mcp", era)
                await pool.call(spec, Call("echo", {"text": "warm"}))
                calls = (Call("echo", {"text": word if n == 25 else str(n)}) for n in range(50))
                answers = await asyncio.gather(
                    *(pool.call(spec, one) for one in calls), return_exceptions=True
                )
                failed = sum(isinstance(answer, VibeError) for answer in answers)
                await pool.aclose()
                what = f"calls of 50 that fail by one {word.lower()}, {'2025-11-25' if era else '2026-07-28'}"
                result.targets.append(at_most(what, failed, 1, "calls"))
                result.targets.append(at_least(what, failed, 1, "calls"))


async def _large(result: BenchResult, path: str, spec: Any, tool: str, size: str) -> None:
    from vibe_jupyter.core.errors import VibeError
    from vibe_jupyter.core.mcp.sessions.pool import SessionPool
    from vibe_jupyter.core.mcp.spec import Call

    pool = SessionPool()
    await pool.call(spec, Call(tool, {size: 1}))
    stalls = []
    for _ in range(5):
        stall = _Stall()
        await pool.call(spec, Call(tool, {size: 8 << 20}))
        stalls.append(stall.end() * 1000)
    what = f"longest stall of the loop by an 8 MB result, {path}"
    result.targets.append(at_most(what, statistics.median(stalls), 100, "ms"))
    began = time.perf_counter()
    try:
        await pool.call(spec, Call(tool, {size: 50 << 20}))
        detail = ""
    except VibeError as error:
        detail = error.code
    result.targets.append(at_most(f"a 50 MB result, {path}", time.perf_counter() - began, 2, "s", detail))
    await pool.aclose()


class _Stall:
    """The longest time in which the loop did not come round."""

    def __init__(self) -> None:
        self._longest = 0.0
        self._task = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        at = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            self._longest, at = max(self._longest, now - at), now

    def end(self) -> float:
        self._task.cancel()
        return self._longest


async def _crashes(result: BenchResult, folder: Path, cycles: int) -> None:
    from vibe_jupyter.core.errors import VibeError
    from vibe_jupyter.core.mcp.sessions.pool import SessionPool
    from vibe_jupyter.core.mcp.spec import Call

    starts = folder / "crash-starts"
    pool, spec = SessionPool(), _spec("crash", COUNT_FILE=str(starts))
    await pool.call(spec, Call("ok", {}))
    await pool.close("crash")
    colds, fails, nexts = [], [], []
    for _ in range(5):
        began = time.perf_counter()
        await pool.call(spec, Call("ok", {}))
        colds.append(time.perf_counter() - began)
        await pool.close("crash")
    for _ in range(cycles):
        await pool.call(spec, Call("ok", {}))
        waiting = asyncio.ensure_future(pool.call(spec, Call("slow", {"seconds": 60})))
        while not pool.health("crash").in_flight:
            await asyncio.sleep(0)
        began = time.perf_counter()
        answers = await asyncio.gather(pool.call(spec, Call("crash", {})), waiting, return_exceptions=True)
        fails.append(time.perf_counter() - began)
        assert all(isinstance(answer, VibeError) for answer in answers)
        began = time.perf_counter()
        await pool.call(spec, Call("ok", {}))
        nexts.append(time.perf_counter() - began)
    await pool.aclose()
    left = [pid for pid in map(int, starts.read_text().split()) if _is_alive(pid)]
    cold, later = statistics.median(colds), statistics.median(nexts)
    result.targets.append(at_most("a crash fails the calls in flight within", max(fails) * 1000, 100, "ms"))
    detail = f"cold start {cold * 1000:.0f} ms, after a crash {later * 1000:.0f} ms"
    result.targets.append(
        at_most("the next call, beyond a cold start", (later - cold) * 1000, 200, "ms", detail)
    )
    result.targets.append(at_most(f"processes left after {cycles} crashes", len(left), 0, "processes"))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def _remembered_era(result: BenchResult) -> None:
    """A server that ignores what it does not know: the probe of the era waits ten seconds for nothing."""
    from vibe_jupyter.core.mcp.sessions.pool import SessionPool
    from vibe_jupyter.core.mcp.spec import Call

    pool = SessionPool()
    began = time.perf_counter()
    await pool.call(_spec("known", era="legacy", MODE="ignore-unknown"), Call("ok", {}))
    took = time.perf_counter() - began
    await pool.aclose()
    result.targets.append(at_most("second connect to a server that ignores unknown methods", took, 0.5, "s"))


async def _thousand(result: BenchResult, folder: Path) -> None:
    from vibe_jupyter.core.mcp.sessions.pool import SessionPool
    from vibe_jupyter.core.mcp.spec import Call

    starts = folder / "thousand-starts"
    pool, spec = SessionPool(), _spec("thousand", COUNT_FILE=str(starts))
    for _ in range(20):
        await asyncio.gather(*(pool.call(spec, Call("ok", {})) for _ in range(50)))
    await pool.aclose()
    count = len(starts.read_text().splitlines())
    result.targets.append(at_most("server processes for 1,000 calls", count, 1, "processes"))
