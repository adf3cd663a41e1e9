"""What people add with SPARQL Update: it is seen by every query, survives regeneration, and is all they can change."""

from __future__ import annotations

import json
import random

import pytest

from tests.unit.core.kg.store.conftest import FUNCTIONS, Listener, calls, graph_text
from vibe_jupyter.core.errors import Conflict, VibeError
from vibe_jupyter.core.kg.store.local import LocalStore
from vibe_jupyter.core.kg.store.protocol import Changes, Limits
from vibe_jupyter.core.kg.store.vocabulary import CODE, SKOLEM, USER_FACTS

pytestmark = pytest.mark.asyncio

NOTES = "SELECT ?s ?o { ?s code:note ?o }"
USERS = "SELECT ?s ?p ?o { GRAPH code:UserFacts { ?s ?p ?o } }"


async def rows(store: LocalStore, query: str) -> list[tuple[str, ...]]:
    answer = json.loads((await store.query(query)).body)
    variables = answer["head"]["vars"]
    return sorted(tuple(row[name]["value"] for name in variables) for row in answer["results"]["bindings"])


async def test_a_fact_that_is_added_is_seen_once_and_recorded(store: LocalStore):
    result = await store.update("INSERT DATA { <urn:f1> code:note 'slow' ; code:note 'old' }")
    assert (result.added, result.removed) == (2, 0)
    assert await rows(store, NOTES) == [("urn:f1", "old"), ("urn:f1", "slow")]
    assert len(await rows(store, USERS)) == 2
    again = await store.update("INSERT DATA { <urn:f1> code:note 'slow' }")
    assert (again.added, again.generation) == (0, result.generation)
    statistics = await store.statistics()
    assert (statistics.triples, statistics.user_facts) == (FUNCTIONS * 4 + 2, 2)


@pytest.mark.parametrize(
    ("update", "added", "removed", "left"),
    [
        ("DELETE DATA { <urn:f1> code:note 'a' }", 0, 1, ["b", "c"]),
        ("DELETE DATA { <urn:f1> code:note 'never there' }", 0, 0, ["a", "b", "c"]),
        ("DELETE WHERE { <urn:f1> code:note ?o }", 0, 2, ["c"]),
        ("DELETE { ?s code:note ?o } WHERE { ?s code:note ?o FILTER(?o != 'b') }", 0, 2, ["b"]),
        ("INSERT { ?s code:note ?n } WHERE { ?s code:note ?o BIND(LCASE(UCASE(?o)) AS ?n) }", 0, 0, ["a", "b", "c"]),
        ("INSERT { ?s code:note 'd' } WHERE { ?s code:note ?o }", 2, 0, ["a", "b", "c", "d", "d"]),
        ("DELETE { ?s code:note ?o } INSERT { ?s code:note 'x' } WHERE { ?s code:note ?o }", 2, 3, ["x", "x"]),
        ("WITH code:UserFacts DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", 0, 3, []),
        (f"DELETE {{ ?s ?p ?o }} USING <{USER_FACTS}> WHERE {{ ?s ?p ?o }}", 0, 3, []),
        ("DELETE { ?s ?p ?o } WHERE { GRAPH code:UserFacts { ?s ?p ?o } }", 0, 3, []),
        ("CLEAR DEFAULT", 0, 3, []),
        ("clear silent all", 0, 3, []),
        ("DROP ALL", 0, 3, []),
        (f"CLEAR GRAPH <{USER_FACTS}>", 0, 3, []),
        (f"PREFIX c: <{CODE}> INSERT DATA {{ _:x c:note 'd' }} ; DELETE DATA {{ <urn:f1> c:note 'a' }}",
         1, 1, ["b", "c", "d"]),
        ("INSERT DATA { <urn:x> code:note 'd' } ; DELETE WHERE { <urn:x> code:note ?o }", 1, 1, ["a", "b", "c"]),
        ("CLEAR ALL ; INSERT DATA { <urn:f1> code:note 'a' , 'z' }", 1, 2, ["a", "z"]),
        ("INSERT DATA { <urn:f1> code:note 'z' } ; DELETE DATA { <urn:f1> code:note 'z' }", 0, 0, ["a", "b", "c"]),
        ("DELETE # {\n { ?s code:note 'a' } # INSERT\n INSERT { ?s code:note 'q' } WHERE { ?s code:note 'a' }",
         1, 1, ["b", "c", "q"]),
        ("", 0, 0, ["a", "b", "c"]),
    ],
)  # fmt: skip
async def test_what_an_update_does(store: LocalStore, update, added, removed, left):
    await store.update("INSERT DATA { <urn:f1> code:note 'a', 'b' . <urn:f2> code:note 'c' }")
    result = await store.update(update)
    assert (result.added, result.removed) == (added, removed)
    assert [note for _, note in sorted(await rows(store, NOTES), key=lambda row: row[1])] == left
    assert len(await rows(store, "SELECT ?f { ?f a code:Function }")) == FUNCTIONS


async def test_facts_of_people_survive_regeneration_and_change(store: LocalStore):
    await store.update("INSERT DATA { <urn:f1> code:note 'mine' . <urn:f1> code:calls <urn:gone> }")
    await store.load(calls(1, 2).encode())
    assert await rows(store, NOTES) == [("urn:f1", "mine")]
    await store.apply(Changes(removed=[calls(1, 2)], added=[calls(3, 4)]))
    assert await rows(store, "SELECT ?a ?b { ?a code:calls ?b }") == [
        ("urn:f1", "urn:gone"),
        ("urn:f3", "urn:f4"),
    ]
    assert len(await rows(store, USERS)) == 2


async def test_a_fact_that_regeneration_removes_stays_if_somebody_added_it(store: LocalStore):
    known = calls(1, 8)
    assert (await store.update(f"INSERT DATA {{ {known} }}")).added == 1
    assert (await store.statistics()).triples == FUNCTIONS * 4
    assert (await store.apply(Changes(removed=[known]))).removed == 0
    assert len(await rows(store, "SELECT * { <urn:f1> code:calls ?b }")) == 3
    assert (await store.update(f"DELETE DATA {{ {known} }}")).removed == 1
    assert len(await rows(store, "SELECT * { <urn:f1> code:calls ?b }")) == 2


async def test_a_fact_that_somebody_takes_back_stays_if_it_is_generated(store: LocalStore):
    known, new = calls(1, 8), calls(700, 701)
    await store.update(f"INSERT DATA {{ {known} {new} }}")
    await store.apply(Changes(added=[new]))  # the generator finds it later
    assert (await store.update(f"DELETE DATA {{ {known} {new} }}")).removed == 2
    assert len(await rows(store, "SELECT * { <urn:f1> code:calls ?b }")) == 3
    assert len(await rows(store, "SELECT * { <urn:f700> code:calls ?b }")) == 1
    assert await rows(store, USERS) == []


async def test_the_same_holds_after_a_full_load(store: LocalStore):
    both, mine = calls(1, 8), calls(700, 701)
    await store.update(f"INSERT DATA {{ {both} {mine} }}")
    await store.load([graph_text()])
    assert (await store.statistics()).triples == FUNCTIONS * 4 + 1
    assert (await store.update("CLEAR ALL")).removed == 2
    assert len(await rows(store, "SELECT ?a ?b { ?a code:calls ?b }")) == FUNCTIONS * 3


async def test_a_generated_fact_cannot_be_deleted(store: LocalStore):
    before = await store.statistics()
    for update in (
        f"DELETE DATA {{ {calls(1, 8)} }}",
        "DELETE WHERE { ?a code:calls ?b }",
        "INSERT DATA { <urn:f1> code:note 'x' } ; DELETE { ?a code:calls ?b } WHERE { ?a code:calls ?b }",
    ):
        with pytest.raises(Conflict, match="was generated from the files") as caught:
            await store.update(update)
        assert (caught.value.code, caught.value.status) == ("kg.generated_fact", 409)
    assert await store.statistics() == before
    assert await rows(store, NOTES) == []


async def test_blank_nodes_become_iris_that_can_be_deleted_again(store: LocalStore):
    await store.update(
        "INSERT DATA { <urn:f1> code:note [ code:by 'me' ; code:on _:day ] . _:day code:is 'Monday' }"
    )
    ((note, day),) = await rows(
        store, "SELECT ?n ?d { <urn:f1> code:note ?n . ?n code:on ?d . ?d code:is 'Monday' }"
    )
    assert note.startswith(SKOLEM)
    assert day.startswith(SKOLEM)
    assert note != day
    assert (await store.update("INSERT { ?s code:seen [] } WHERE { ?s code:note ?n }")).added == 1
    assert (await store.update(f"DELETE WHERE {{ <{note}> ?p ?o }}")).removed == 2


@pytest.mark.parametrize(
    ("update", "place", "what"),
    [
        ("INSERT DATA { GRAPH <urn:g> { <urn:a> <urn:b> <urn:c> } }", "line 1, column 15", "GRAPH"),
        ("DELETE WHERE {\n GRAPH ?g { ?s ?p ?o } }", "line 2, column 2", "GRAPH"),
        ("INSERT { GRAPH code:UserFacts { ?s ?p ?o } } WHERE { ?s ?p ?o }", "line 1, column 10", "GRAPH"),
        ("WITH <urn:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", "line 1, column 6", "the graph <urn:g>"),
        ("PREFIX code: <urn:x> WITH code:UserFacts DELETE { ?s ?p ?o } WHERE {}", "line 1, column 27", "the graph"),
        ("DELETE { ?s ?p ?o } USING <urn:g> WHERE { ?s ?p ?o }", "line 1, column 21", "USING"),
        ("CREATE GRAPH <urn:g>", "line 1, column 1", "CREATE"),
        ("INSERT DATA { <urn:a> <urn:b> 1 } ; COPY DEFAULT TO <urn:g>", "line 1, column 37", "COPY"),
        ("MOVE <urn:g> TO DEFAULT", "line 1, column 1", "MOVE"),
        ("ADD <urn:g> TO DEFAULT", "line 1, column 1", "ADD"),
        ("CLEAR GRAPH <urn:g>", "line 1, column 13", "the graph <urn:g>"),
        ("CLEAR NAMED", "line 1, column 7", "NAMED"),
        ("LOAD <http://127.0.0.1:9/>", "line 1, column 1", "LOAD"),
        ("INSERT { ?s ?p ?o } WHERE { SERVICE <urn:g> { ?s ?p ?o } }", "line 1, column 29", "SERVICE"),
    ],
)  # fmt: skip
async def test_what_is_not_about_peoples_facts_is_refused_with_its_place(
    store: LocalStore, update, place, what
):
    with pytest.raises(VibeError) as caught:
        await store.update(update)
    assert caught.value.code == "kg.query_refused"
    assert caught.value.message.startswith(f"SPARQL {place}: {what}")


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ("INSERT DATA { ?s <urn:p> 1 }", 'SPARQL line 1, column 15: a variable in INSERT DATA means nothing, found'),
        ("DELETE DATA { _:b <urn:p> 1 }", "SPARQL line 1, column 15: a variable or blank node in DELETE DATA"),
        ("DELETE WHERE { [] <urn:p> ?o }", "SPARQL line 1, column 16: a blank node in DELETE WHERE"),
        ("DELETE { ?s ?p [] } WHERE { ?s ?p ?o }", "SPARQL line 1, column 16: a blank node in DELETE"),
        ("INSERT { ?s ?p ?o }", "SPARQL line 1, column 20: expected USING or WHERE, found the end"),
        ("INSRT DATA { }", "SPARQL line 1, column 1: expected "),
        ("INSERT DATA {\n  <urn:a> code;b 1 }", 'SPARQL line 2, column 11: expected a variable or IRI, found "code;b"'),
        ("INSERT DATA { <urn:a> no:b 1 }", 'SPARQL line 1, column 23: the prefix of "no:b" is not known'),
        ("INSERT DATA { <a> <urn:b> 1 }", "SPARQL line 1, column 15: the IRI <a> is relative"),
        ("INSERT { ?s <urn:p> ?n } WHERE { ?s ?p ?o BIND(1 AS ?n) BIND(2 AS ?n) }", "SPARQL line 1, column 1: in this"),
        ("SELECT * { ?s ?p ?o }", "SPARQL line 1, column 1: expected "),
        (f"INSERT DATA {{ <urn:a> <urn:b> {'(' * 2000} }}", "SPARQL line 1, column "),
    ],
)  # fmt: skip
async def test_a_malformed_update_says_what_is_wrong_and_changes_nothing(store: LocalStore, update, message):
    before = store.folder.existing()
    with pytest.raises(VibeError) as caught:
        await store.update(update)
    assert (caught.value.code, caught.value.status) == ("kg.query_syntax", 400)
    assert caught.value.message.startswith(message)
    assert store.folder.existing() == before


async def test_using_graph_uri_of_the_protocol(store: LocalStore):
    await store.update("INSERT DATA { <urn:f1> code:note 'a' }")
    result = await store.update("DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", using_graphs=[USER_FACTS])
    assert result.removed == 1
    with pytest.raises(VibeError, match="not here"):
        await store.update("DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", using_graphs=["urn:other"])
    with pytest.raises(VibeError, match="cannot be used beside"):
        await store.update("WITH code:UserFacts DELETE { ?s ?p ?o } WHERE {}", using_graphs=[USER_FACTS])


async def test_a_pattern_that_runs_away_is_stopped_and_the_lock_is_free_again(tmp_path, pool):
    store = LocalStore(tmp_path / "kg" / "g1", pool, Limits(timeout_s=0.3))
    await store.load([graph_text()])
    pattern = "?a ?p ?b . ?c ?q ?d . ?e ?r ?f . ?g ?s ?h . FILTER(?h < ?b && ?d < ?f)"
    for update in (
        f"INSERT {{ ?a ?p ?b }} WHERE {{ {pattern} }}",
        f"INSERT DATA {{ <urn:a> <urn:b> 1 }} ; INSERT {{ ?a ?p ?b }} WHERE {{ {pattern} }}",
    ):
        with pytest.raises(VibeError) as caught:
            await store.update(update)
        assert caught.value.code == "kg.query_timeout"
    assert (await store.update("INSERT DATA { <urn:a> <urn:b> 1 }")).added == 1


async def test_an_update_while_somebody_writes_is_told_so(store: LocalStore):
    with store.folder.writer(), pytest.raises(Conflict) as caught:
        await store.update("INSERT DATA { <urn:a> <urn:b> 1 }")
    assert caught.value.code == "kg.busy"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_the_graph_is_always_the_union_of_what_is_generated_and_what_people_added(
    store: LocalStore, seed
):
    """A model with two sets of facts beside the store, under random loads, changes and updates."""
    chance = random.Random(seed)
    generated, users = set(), set()
    await store.load(b"")
    facts = [f"<urn:s{n}> <{CODE}p> <urn:o{n % 3}>" for n in range(12)]
    for _ in range(25):
        some = set(chance.sample(facts, chance.randrange(1, 6)))
        kind = chance.choice(["load", "add", "remove", "insert", "insert", "delete", "clear"])
        if kind == "load":
            generated = some
            await store.load([f"{fact} .\n" for fact in some])
        elif kind == "add":
            generated |= some
            await store.apply(Changes(added=[f"{fact} ." for fact in some]))
        elif kind == "remove":
            generated -= some
            await store.apply(Changes(removed=[f"{fact} ." for fact in some]))
        elif kind == "insert":
            users |= some
            await store.update(f"INSERT DATA {{ {' . '.join(some)} }}")
        elif kind == "clear":
            users = set()
            await store.update("CLEAR ALL")
        else:
            if refused := some & (generated - users):
                with pytest.raises(Conflict):
                    await store.update(f"DELETE DATA {{ {' . '.join(some)} }}")
            else:
                users -= some
                await store.update(f"DELETE DATA {{ {' . '.join(some)} }}")
            assert refused <= generated
        every = {f"<{s}> <{p}> <{o}>" for s, p, o in await rows(store, "SELECT ?s ?p ?o { ?s ?p ?o }")}
        assert every == generated | users
        assert {f"<{s}> <{p}> <{o}>" for s, p, o in await rows(store, USERS)} == users
        statistics = await store.statistics()
        assert (statistics.triples, statistics.user_facts) == (len(every), len(users))


async def test_an_update_sends_no_request(store: LocalStore, listener: Listener):
    for update in (
        f"LOAD <{listener.url}>",
        f"INSERT {{ ?a ?b ?c }} WHERE {{ ?s ?p ?o SERVICE <{listener.url}> {{ ?a ?b ?c }} }}",
    ):
        with pytest.raises(VibeError):
            await store.update(update)
    assert listener.settled_hits() == 0
