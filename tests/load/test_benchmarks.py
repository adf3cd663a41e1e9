"""The benchmarks' own parts: what they measure with, and what they compare with, must be right to be believed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import urllib.error
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import report, seed_vibe
from benchmarks.bare_tornado import SMALL_PATH
from benchmarks.figures import BenchResult, at_least, at_most
from benchmarks.job_table import JobTable
from benchmarks.load import LoadPlan, LoadReport, Stream, run_load
from benchmarks.reference_stack import seed as reference_seed
from benchmarks.reference_stack.database import VARIANTS, Variant
from benchmarks.requests import Fixed
from benchmarks.seed_rows import SeedPlan
from benchmarks.server_process import ServerProcess
from benchmarks.servers import BareTornado, ReferenceServer
from benchmarks.statistics import median, percentile

PLAN = SeedPlan(tasks=60, users=3)


def small_load(server: ServerProcess, expected_status: int = 200) -> LoadReport:
    stream = Stream(
        "small", Fixed(server.target(), "GET", SMALL_PATH), connections=4, expected_status=expected_status
    )
    return run_load(LoadPlan(server.port, (stream,), duration_s=0.3, server_pid=server.pid, warm_up_s=0.1))


def test_the_generator_counts_each_answer_once_and_reads_the_servers_cpu(tmp_path: Path) -> None:
    with BareTornado(tmp_path) as server:
        found = small_load(server)
    small = found.streams["small"]
    assert small.error_count == 0
    assert len(small.latencies_s) == small.completed >= small.completed_in_time > 50
    assert 0 < found.cpu_us_per_request < 10_000
    assert found.server_rss_bytes > 10 * 2**20


def test_an_unexpected_status_is_an_error_not_a_fast_answer(tmp_path: Path) -> None:
    with BareTornado(tmp_path) as server:
        small = small_load(server, expected_status=204).streams["small"]
    assert small.completed == 0
    assert small.error_count > 50
    assert next(iter(small.errors)).startswith("200: {")


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_reference_stack_answers_as_our_api_does(tmp_path: Path, variant: Variant) -> None:
    database = tmp_path / "tasks.db"
    reference_seed.seed(variant, database, PLAN)
    with ReferenceServer(tmp_path, variant, database) as server:
        created = json.loads(server.ask("POST", "/tasks", {"type": "file_search", "input": {"query": "x"}}))
        history = json.loads(server.ask("GET", "/tasks/history?limit=20"))
        oldest = json.loads(server.ask("GET", f"/tasks/{PLAN.ids_of(0)[0]}"))
        with pytest.raises(urllib.error.HTTPError, match="404"):
            server.ask("GET", f"/tasks/{PLAN.ids_of(1)[0]}")  # somebody else's
    assert {
        "id",
        "type",
        "input",
        "required_capabilities",
        "state",
        "target",
        "progress",
        "result",
        "error",
    } < set(created)
    assert history["total"] == 21
    assert [item["id"] for item in history["items"]] == [created["id"], *reversed(PLAN.ids_of(0)[1:])]
    assert oldest["result"]["matches"]


def test_our_seed_holds_the_same_tasks_as_the_reference(tmp_path: Path) -> None:
    seed_vibe.seed(tmp_path / "vibe.db", PLAN)
    reference_seed.seed("tuned", tmp_path / "reference.db", PLAN)
    ids = []
    for name in ("vibe", "reference"):
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as connection:
            ids.append(connection.execute("SELECT id FROM tasks ORDER BY created_at").fetchall())
    assert len(ids[0]) == PLAN.tasks
    assert ids[0] == ids[1]


def test_the_job_table_stores_the_result_of_each_job(tmp_path: Path) -> None:
    async def run() -> None:
        table = JobTable(tmp_path, workers=4)
        await table.start()
        try:
            jobs = [await table.submit(0) for _ in range(20)]
            await asyncio.gather(*map(table.finished, jobs))
        finally:
            await table.stop()

    asyncio.run(run())
    with closing(sqlite3.connect(tmp_path / "jobs.db")) as connection:
        states = connection.execute(
            "SELECT state, count(*), count(finished_at) FROM jobs GROUP BY state"
        ).fetchall()
    assert states == [("succeeded", 20, 20)]


def test_statistics() -> None:
    assert percentile([4, 1, 3, 2], 50) == 2
    assert percentile(range(1, 101), 99) == 99
    assert percentile([], 99) != percentile([], 99)  # NaN
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 2, 3]) == 2.5


def result_named(name: str, *, value: float) -> dict[str, object]:
    result = BenchResult(name, "what", "how", ["a limit"], ["server", "us"], [["ours", value]])
    result.targets = [at_least("faster", value, 5, "x"), at_most("slower", value, 5, "x")]
    return report.as_json(result, {"python": "3"})


def test_the_page_says_of_each_target_whether_it_was_met(tmp_path: Path) -> None:
    report.update([result_named("a", value=7.0)], tmp_path)
    page = (tmp_path / "RESULTS.md").read_text()
    assert "| faster | at least 5 x | 7 x | met |" in page
    assert "| slower | at most 5 x | 7 x | **MISSED** |" in page


def test_what_could_not_be_measured_is_not_met(tmp_path: Path) -> None:
    report.update([result_named("a", value=float("nan"))], tmp_path)
    page = (tmp_path / "RESULTS.md").read_text()
    assert page.count("not measured | **MISSED**") == 2
    assert json.loads((tmp_path / "results.json").read_text())["a"]["rows"] == [["ours", None]]


def test_a_run_of_one_benchmark_keeps_the_results_of_the_others(tmp_path: Path) -> None:
    report.update([result_named("a", value=1.0), result_named("b", value=2.0)], tmp_path)
    report.update([result_named("b", value=3.0)], tmp_path)
    stored = json.loads((tmp_path / "results.json").read_text())
    assert {name: result["rows"][0][1] for name, result in stored.items()} == {"a": 1.0, "b": 3.0}
