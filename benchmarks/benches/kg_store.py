"""The store of knowledge graphs beside bare pyoxigraph: loading, asking, changing, and stopping what runs away."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_most
from benchmarks.statistics import median

__all__ = ["run"]

_PREFIX = "https://w3id.org/vibe-jupyter/code#"
_LOAD = """
import json, sys, time
from pathlib import Path
how, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
import pyoxigraph as ox
from vibe_jupyter.core.kg.store.generations import GraphFolder
from vibe_jupyter.core.kg.store.writing import load_graph
def peak():  # not ru_maxrss: that begins with what the parent had
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
before, wall, cpu = peak(), time.perf_counter(), time.process_time()
if how == "bare":
    store = ox.Store(str(target))
    store.bulk_load(path=source, format=ox.RdfFormat.N_TRIPLES)
    store.flush()
    del store
else:
    load_graph(GraphFolder(target), source)
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, peak() - before]))
"""

_QUERIES = {
    "point": "SELECT ?n { <urn:f/77> code:name ?n }",
    "2-hop": "SELECT ?c { <urn:f/77> code:calls/code:calls ?c }",
    "1,000 rows": "SELECT ?f ?n { ?f code:name ?n } LIMIT 1000",
}
_RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a code:calls+ ?b }"


def run(context: Context) -> BenchResult:
    """Load, ask, change and kill."""
    triples = 100_000 if context.is_quick else 1_000_000
    rounds = context.rounds(quick=1, full=3)
    result = BenchResult(
        name="kg_store",
        what="The store of knowledge graphs beside bare pyoxigraph",
        how=f"{triples:,} triples of functions, names, files and calls. Loads: each in a fresh process, the least of "
        f"{rounds}. Queries: warm, JSON results, ours through guard, worker process and pipes against the same call in "
        "the process itself; median. A change: 10 triples out, 10 in.",
        limits=[
            "The graph is made up: labels are short and calls are uniform.",
            "Our loads are synced to the disk, the control's are not.",
        ],
        columns=["what", "bare", "ours", "unit"],
    )  # fmt: skip
    folder = context.new_folder("kg")
    source = folder / "graph.nt"
    with source.open("w", encoding="utf-8") as file:
        file.writelines(_graph(triples))
    loads = {how: _load(context, how, source, folder, rounds) for how in ("bare", "ours")}
    for unit, index in (("s wall", 0), ("s CPU", 1), ("MB peak", 2)):
        result.rows.append([f"load {triples:,}", loads["bare"][index], loads["ours"][index], unit])
    if not context.with_vibe:
        return result
    ratio = loads["ours"][1] / loads["bare"][1]
    figures = f"{loads['ours'][1]:.2f} against {loads['bare'][1]:.2f} s"
    result.targets.append(at_most("graph load: CPU of a bare bulk_load", ratio, 1.3, "x", figures))
    result.targets.append(at_most(f"graph load of {triples:,}: peak memory", loads["ours"][2], 400, "MB"))
    asyncio.run(_ask(context, folder / "ours", result))
    return result


def _graph(triples: int) -> Iterator[str]:
    functions = triples // 6
    for n in range(functions):
        me = f"<urn:f/{n}>"
        yield (
            f"{me} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{_PREFIX}Function> .\n"
            f'{me} <{_PREFIX}name> "function_{n}" .\n'
            f"<urn:file/{n // 20}> <{_PREFIX}defines> {me} .\n"
        )
        for step in (1, 2, 3):
            yield f"{me} <{_PREFIX}calls> <urn:f/{(n * 7 + step) % functions}> .\n"


def _load(context: Context, how: str, source: Path, folder: Path, rounds: int) -> list[float]:
    found = []
    for turn in range(rounds):
        context.say(f"kg_store: load {how} {turn + 1}")
        target = folder / (how if turn == 0 else f"{how}-{turn}")
        done = subprocess.run(
            [sys.executable, "-c", _LOAD, how, str(source), str(target)],
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(json.loads(done.stdout))
    return [min(values) for values in zip(*found, strict=True)]


async def _ask(context: Context, path: Path, result: BenchResult) -> None:
    import pyoxigraph as ox

    from vibe_jupyter.core.kg.store.local import LocalStore
    from vibe_jupyter.core.kg.store.pool import QueryPool
    from vibe_jupyter.core.kg.store.protocol import Changes

    pool = QueryPool()
    store = LocalStore(path, pool)
    calls = context.rounds(quick=100, full=1_000)
    bare = ox.Store.read_only(str(store.folder.existing().store))
    began = time.perf_counter()
    await store.query("ASK {}")
    result.rows.append(["first query, worker started", None, _ms(began), "ms"])

    for name, text in _QUERIES.items():
        context.say(f"kg_store: {name}")
        control = _bare_ms(bare, text, calls)
        ours = []
        for _ in range(calls):
            began = time.perf_counter()
            await store.query(text)
            ours.append(_ms(began))
        result.rows.append([f"{name} query, p50", control, median(ours), "ms"])
        if name != "1,000 rows":
            what, figures = (
                f"{name} query: over bare pyoxigraph, p50",
                f"{median(ours):.2f} against {control:.2f} ms",
            )
            result.targets.append(at_most(what, median(ours) - control, 1, "ms", figures))
    late, gone = await _kills(context, store, pool)
    result.rows.append(["runaway: answered after its limit", None, late, "ms"])
    result.rows.append(["runaway: process gone after its limit", None, gone, "ms"])
    result.targets.append(at_most("a runaway ends after its limit, worst", gone, 100, "ms"))
    del bare
    commits = []
    for n in range(context.rounds(quick=3, full=20)):
        out = [f'<urn:f/{n * 10 + k}> <{_PREFIX}name> "function_{n * 10 + k}" .' for k in range(10)]
        began = time.perf_counter()
        await store.apply(Changes(removed=out, added=[line.replace("function_", "renamed_") for line in out]))
        commits.append(_ms(began))
    result.rows.append(["change of 20 triples, published, p50", None, median(commits), "ms"])
    await pool.close()


async def _kills(context: Context, store: Any, pool: Any) -> tuple[float, float]:
    """Return the worst of: until the answer, and until the process is gone."""
    from vibe_jupyter.core.errors import UpstreamTimeout

    late, gone = [], []
    for _ in range(context.rounds(quick=2, full=10)):
        await store.query("ASK {}")
        worker = next(reversed(pool._idle))
        began = time.perf_counter()
        with suppress(UpstreamTimeout):
            await store.query(_RUNAWAY, timeout_s=0.3)
        late.append(_ms(began) - 300)
        await worker.gone.wait()
        gone.append(_ms(began) - 300)
        await asyncio.gather(*pool._background)
    return max(late), max(gone)


def _bare_ms(store: Any, text: str, calls: int) -> float:
    import pyoxigraph as ox

    from vibe_jupyter.core.kg.store.vocabulary import PREFIXES

    found = []
    for _ in range(calls):
        began = time.perf_counter()
        store.query(text, prefixes=PREFIXES).serialize(format=ox.QueryResultsFormat.JSON)
        found.append(_ms(began))
    return median(found)


def _ms(began: float) -> float:
    return (time.perf_counter() - began) * 1e3
