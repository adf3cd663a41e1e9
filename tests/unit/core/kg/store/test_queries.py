"""Questions to a graph: formats, limits, runaways, and the workers that answer."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import signal
import time
from contextlib import suppress
from xml.etree import ElementTree as ET

import pyoxigraph as ox
import pytest

from tests.unit.core.kg.store.conftest import FUNCTIONS, calls, graph_text
from vibe_jupyter.core.errors import TooLarge, UpstreamTimeout, VibeError
from vibe_jupyter.core.kg.store.local import LocalStore
from vibe_jupyter.core.kg.store.pool import QueryPool
from vibe_jupyter.core.kg.store.protocol import Changes, Limits, TripleStore
from vibe_jupyter.core.kg.store.vocabulary import CODE

pytestmark = pytest.mark.asyncio

ALL_CALLS = "SELECT ?a ?b { ?a code:calls ?b }"
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f . ?g ?s ?h . ?i ?t ?j }"


async def workers_of(pool: QueryPool) -> set[int]:
    return {worker._transport.get_pid() for worker in pool._workers}


def rows_of(result) -> int:
    return len(json.loads(result.body)["results"]["bindings"])


async def test_it_is_a_triple_store(store: LocalStore):
    assert isinstance(store, TripleStore)


async def test_the_prefixes_are_known_and_json_is_the_default(store: LocalStore):
    result = await store.query("SELECT ?f { ?f a code:Function } ORDER BY ?f LIMIT 1")
    assert result.kind == "solutions"
    assert result.media_type == "application/sparql-results+json"
    assert json.loads(result.body) == {
        "head": {"vars": ["f"]},
        "results": {"bindings": [{"f": {"type": "uri", "value": "urn:f0"}}]},
    }


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv"])
async def test_a_table_comes_in_every_format_of_sparql_results(store: LocalStore, name):
    result = await store.query(ALL_CALLS, formats=[name])
    assert result.format == name
    if name == "csv":  # the engine reads all but this
        rows = list(csv.reader(io.StringIO(result.body.decode())))[1:]
    else:
        rows = list(ox.parse_query_results(result.body, getattr(ox.QueryResultsFormat, name.upper())))
    assert len(rows) == FUNCTIONS * 3


async def test_ask_is_a_boolean(store: LocalStore):
    result = await store.query("ASK { ?f a code:Function }", formats=["turtle", "xml"])
    assert (result.kind, result.format) == ("boolean", "xml")
    assert "true" in "".join(ET.fromstring(result.body).itertext())


@pytest.mark.parametrize("name", ["turtle", "ntriples", "jsonld", "rdfxml", "nquads", "trig"])
async def test_a_graph_comes_in_every_format_of_rdf(store: LocalStore, name):
    result = await store.query(
        "CONSTRUCT { ?b code:calledBy ?a } { ?a code:calls ?b }", formats=["json", name]
    )
    assert (result.kind, result.format) == ("graph", name)
    parsed = list(ox.parse(result.body, ox.RdfFormat.from_media_type(result.media_type)))
    assert len({str(quad.triple) for quad in parsed}) == FUNCTIONS * 3


async def test_turtle_uses_the_prefixes(store: LocalStore):
    result = await store.query("DESCRIBE <urn:f1>")
    assert b"@prefix code:" in result.body
    assert b"code:calls" in result.body


async def test_a_format_that_cannot_hold_the_answer_is_not_acceptable(store: LocalStore):
    with pytest.raises(VibeError, match="table or boolean") as caught:
        await store.query(ALL_CALLS, formats=["turtle"])
    assert (caught.value.code, caught.value.status) == ("kg.not_acceptable", 406)


async def test_variables_can_be_bound_to_terms(store: LocalStore):
    result = await store.query("SELECT ?a ?b { ?a code:calls ?b }", bindings={"a": "<urn:f1>"})
    assert rows_of(result) == 3


async def test_the_record_of_peoples_facts_can_be_the_dataset_and_nothing_else_can(store: LocalStore):
    assert rows_of(await store.query(ALL_CALLS, default_graphs=[f"{CODE}UserFacts"])) == 0
    with pytest.raises(VibeError, match="not fetched") as caught:
        await store.query(ALL_CALLS, default_graphs=["http://127.0.0.1:9/x"])
    assert caught.value.code == "kg.query_refused"


async def test_a_runaway_ends_at_its_limit_and_no_other_query_notices(store: LocalStore, pool: QueryPool):
    await store.query("ASK {}")
    start = time.perf_counter()
    runaway = asyncio.create_task(store.query(RUNAWAY, timeout_s=0.5))
    await asyncio.sleep(0)
    others = 0
    while not runaway.done():
        assert rows_of(await store.query(ALL_CALLS)) == FUNCTIONS * 3
        others += 1
    with pytest.raises(UpstreamTimeout, match=r"stopped after 0\.5 s") as caught:
        await runaway
    assert time.perf_counter() - start < 1.5
    assert (caught.value.code, caught.value.status) == ("kg.query_timeout", 504)
    assert others > 10


async def test_the_process_of_a_runaway_is_gone_and_another_one_stands_ready(
    store: LocalStore, pool: QueryPool
):
    await store.query("ASK {}")
    before = await workers_of(pool)
    with pytest.raises(UpstreamTimeout):
        await store.query(RUNAWAY, timeout_s=0.1)
    await asyncio.gather(*pool._background)
    after = await workers_of(pool)
    assert after
    async with asyncio.timeout(5):
        while any(is_running(pid) for pid in before - after):
            await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


async def test_cancelling_a_query_kills_it(store: LocalStore, pool: QueryPool):
    await store.query("ASK {}")
    (pid,) = await workers_of(pool)
    task = asyncio.create_task(store.query(RUNAWAY))
    async with asyncio.timeout(5):
        while pool._idle:
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all(worker._transport.get_pid() != pid or not worker.reusable for worker in pool._workers)


async def test_too_many_rows_are_an_error_that_suggests_limit(tmp_path, pool: QueryPool):
    small = LocalStore(tmp_path / "kg" / "g2", pool, Limits(max_rows=50))
    await small.load([graph_text()])
    for text in (ALL_CALLS, "CONSTRUCT WHERE { ?a code:calls ?b }"):
        with pytest.raises(TooLarge, match="more than 50 rows") as caught:
            await small.query(text)
        assert caught.value.code == "kg.query_too_large"
        assert "LIMIT" in (caught.value.hint or "")
    assert rows_of(await small.query(f"{ALL_CALLS} LIMIT 50")) == 50


@pytest.mark.parametrize("name", ["json", "csv", "tsv", "xml"])
async def test_who_asks_for_the_first_rows_is_told_that_there_are_more(store: LocalStore, name):
    result = await store.query(ALL_CALLS, formats=[name], max_rows=10)
    assert result.truncated
    whole = await store.query(ALL_CALLS, formats=[name], max_rows=FUNCTIONS * 3)
    assert not whole.truncated
    limited = await store.query(f"{ALL_CALLS} LIMIT 10", formats=[name])
    assert result.body == limited.body


async def test_the_first_triples_are_well_formed_too(store: LocalStore):
    result = await store.query("CONSTRUCT WHERE { ?a code:calls ?b }", max_rows=7)
    assert result.truncated
    assert len(list(ox.parse(result.body, ox.RdfFormat.TURTLE))) == 7


async def test_a_result_of_too_many_bytes_is_an_error(store: LocalStore):
    for text in (ALL_CALLS, "CONSTRUCT WHERE { ?a code:calls ?b }"):
        with pytest.raises(TooLarge, match="more than 1,000 bytes"):
            await store.query(text, max_bytes=1000)


async def test_memory_is_limited_and_said(store: LocalStore, pool: QueryPool):
    with pytest.raises(TooLarge, match="needs more memory than the 256 MB") as caught:
        await store.query(
            "SELECT * { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f . ?g ?s ?h } ORDER BY ?f ?d ?b ?h", timeout_s=10
        )
    assert caught.value.code == "kg.query_too_large"
    assert rows_of(await store.query(ALL_CALLS)) == FUNCTIONS * 3


async def test_a_worker_that_is_killed_from_outside_fails_its_own_query_only(
    store: LocalStore, pool: QueryPool
):
    await store.query("ASK {}")
    (pid,) = await workers_of(pool)
    task = asyncio.create_task(store.query(RUNAWAY))
    async with asyncio.timeout(5):
        while pool._idle:
            await asyncio.sleep(0)
    os.kill(pid, signal.SIGSEGV)
    with pytest.raises(VibeError, match="crashed") as caught:
        await task
    assert caught.value.code == "kg.query_failed"
    assert rows_of(await store.query(ALL_CALLS)) == FUNCTIONS * 3


async def test_queries_see_a_commit_at_once(store: LocalStore):
    assert rows_of(await store.query(ALL_CALLS)) == FUNCTIONS * 3
    result = await store.apply(Changes(added=[calls(500, 501)]))
    answer = await store.query(ALL_CALLS)
    assert rows_of(answer) == FUNCTIONS * 3 + 1
    assert answer.generation == result.generation


async def test_a_worker_for_the_new_state_is_started_with_the_commit(store: LocalStore, pool: QueryPool):
    await store.query("ASK {}")
    result = await store.apply(Changes(added=[calls(500, 501)]))
    await asyncio.gather(*pool._background)
    assert [worker.generation.name for worker in pool._idle] == [result.generation]
    before = await workers_of(pool)
    assert (await store.query("ASK {}")).generation == result.generation
    assert await workers_of(pool) == before


async def test_no_query_sees_half_of_a_change(store: LocalStore):
    pair = "SELECT ?x { VALUES ?f { <urn:left> <urn:right> } ?f code:turn ?x }"
    turns = 8

    def facts(turn: int) -> list[str]:
        return [f'<urn:{side}> <{CODE}turn> "{turn}" .' for side in ("left", "right")]

    async def write() -> None:
        for turn in range(turns):
            await store.apply(Changes(removed=facts(turn - 1), added=facts(turn)))

    async def read() -> list[str]:
        seen = []
        while not writing.done():
            answer = json.loads((await store.query(pair)).body)["results"]["bindings"]
            values = [row["x"]["value"] for row in answer]
            assert values in ([], values[:1] * 2)
            seen += values[:1]
        return seen

    writing = asyncio.create_task(write())
    seen = await read()
    await writing
    assert seen == sorted(seen)
    assert len(list((store.folder.path / "generations").iterdir())) <= 2


async def test_a_graph_that_is_removed_is_empty_and_can_be_made_again(store: LocalStore, pool: QueryPool):
    await store.query("ASK {}")
    await store.remove()
    with pytest.raises(VibeError) as caught:
        await store.query("ASK {}")
    assert caught.value.code == "kg.empty"
    await store.load([calls(1, 2)])
    assert rows_of(await store.query(ALL_CALLS)) == 1


async def test_a_large_result_arrives_whole_and_does_not_stop_the_loop(tmp_path, pool: QueryPool):
    store = LocalStore(tmp_path / "kg" / "g3", pool)
    text = "".join(f'<urn:s{n}> <urn:p> "{"x" * 200}{n}" .\n' for n in range(50_000))
    await store.load(text.encode())
    await store.query("ASK {}")
    task = asyncio.create_task(store.query("SELECT * { ?s ?p ?o }"))
    longest, last = 0.0, time.perf_counter()
    while not task.done():
        await asyncio.sleep(0)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    assert rows_of(task.result()) == 50_000
    assert task.result().size_bytes > 15_000_000
    assert longest < 0.5


async def test_waiting_for_a_worker_has_a_limit_too(tmp_path):
    pool = QueryPool(1, warm=1)
    try:
        store = LocalStore(tmp_path / "kg" / "g1", pool)
        await store.load([graph_text()])
        runaway = asyncio.create_task(store.query(RUNAWAY, timeout_s=5))
        await asyncio.sleep(0)
        with pytest.raises(VibeError) as caught:
            await store.query("ASK {}", timeout_s=0.1)
        assert caught.value.code == "kg.queries_waiting"
        runaway.cancel()
        with pytest.raises(asyncio.CancelledError):
            await runaway
        await store.query("ASK {}")
    finally:
        await pool.close()


async def test_idle_workers_are_ended(tmp_path):
    pool = QueryPool(2, idle_s=0.05)
    try:
        store = LocalStore(tmp_path / "kg" / "g1", pool)
        await store.load([graph_text()])
        await store.query("ASK {}")
        async with asyncio.timeout(5):
            while pool._workers:
                await asyncio.sleep(0.01)
        await store.query("ASK {}")
    finally:
        await pool.close()
    with pytest.raises(VibeError) as caught:
        await store.query("ASK {}")
    assert caught.value.code == "kg.closed"


async def test_the_whole_graph_can_be_dumped(store: LocalStore):
    for name in ("turtle", "nquads", "jsonld", "ntriples"):
        result = await store.dump(name)
        assert (
            len(list(ox.parse(result.body, ox.RdfFormat.from_media_type(result.media_type)))) == FUNCTIONS * 4
        )
    with pytest.raises(TooLarge, match="the graph has more than 100 bytes"):
        await store.dump(max_bytes=100)
