"""Nothing that people send makes the engine open a URL: tried on a real listener, with a control that it would."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import suppress

import pyoxigraph as ox
import pytest

from tests.unit.core.kg.store.conftest import Listener, graph_text
from vibe_jupyter.core.errors import Forbidden, VibeError
from vibe_jupyter.core.kg.store.generations import GraphFolder
from vibe_jupyter.core.kg.store.guard import guard
from vibe_jupyter.core.kg.store.local import LocalStore
from vibe_jupyter.core.kg.store.pool import QueryPool
from vibe_jupyter.core.kg.store.protocol import Limits
from vibe_jupyter.core.kg.store.vocabulary import USER_FACTS
from vibe_jupyter.core.kg.store.writing import load_graph

SERVICES = [
    "SELECT * { ?s ?p ?o SERVICE <URL> { ?a ?b ?c } }",
    "SELECT * { ?s ?p ?o . SERVICE SILENT <URL> { ?a ?b ?c } }",
    "SELECT * { ?s ?p ?o SERVICESILENT<URL>{ ?a ?b ?c } }",
    "PREFIX : <URL> SELECT * { ?s ?p ?o SERVICE:x { ?a ?b ?c } }",
    "PREFIX e: <URL> SELECT * { ?s ?p ?o SERVICEe:x { ?a ?b ?c } }",
    "SELECT * { ?s ?p ?o.SERVICE<URL>{ ?a ?b ?c } }",
    "SELECT * { ?s ?p ?o sErViCe <URL> { ?a ?b ?c } }",
    "SELECT * { ?s ?p ?o FILTER EXISTS { SERVICE <URL> { ?a ?b ?c } } }",
    "SELECT * { ?s ?p ?o MINUS { SERVICE <URL> { ?s ?p ?o } } }",
    "SELECT * { ?s ?p ?o { SELECT * { SERVICE <URL> { ?a ?b ?c } } } }",
    "ASK { ?s ?p ?o SERVICE <URL> { ?a ?b ?c } }",
    "CONSTRUCT { ?a ?b ?c } { ?s ?p ?o SERVICE <URL> { ?a ?b ?c } }",
    "DESCRIBE ?a { ?s ?p ?o SERVICE <URL> { ?a ?b ?c } }",
    "SELECT * { ?s ?p 1SERVICE<URL>{ ?a ?b ?c } }",
    "SELECT * { ?s ?p ?o # SERVICE\rSERVICE <URL> { ?a ?b ?c } }",
    "SELECT * { ?s ?p ?o OPTIONAL { SERVICE <URL> { ?a ?b ?c } } }",
    "SELECT * { { ?s ?p ?o } UNION { SERVICE <URL> { ?a ?b ?c } } }",
]
LOADS = [
    "LOAD <URL>", "LOAD SILENT <URL>", "LOADSILENT<URL>", "PREFIX : <URL> LOAD:x", "lOaD <URL> INTO GRAPH <urn:g>",
    "INSERT DATA { <urn:a> <urn:b> <urn:c> } ; LOAD <URL>", "LOAD <file:///etc/hosts>",
]  # fmt: skip
UPDATES = [
    *LOADS,
    "INSERT { ?a ?b ?c } WHERE { ?s ?p ?o SERVICE <URL> { ?a ?b ?c } }",
    "DELETE { ?a ?b ?c } WHERE { ?s ?p ?o SERVICE <URL> { ?a ?b ?c } }",
]
FRAGMENTS = [
    "# x\n", "# x\r", "'", '"', "'''", '"""', "<", ">", "<a:b#>", "<'>", "<urn:x>", "\\", "\\'", "?x", "$y", ":l",
    "e:l", " ", "\n", ".", ";", "{", "}", "(", ")", "1", "1.", "1e5", "@en", "^^", "_:b", "a", "true", "FILTER(?x<?y)",
    "%27",
    "\u00b7", "\u00e9", "{|", "~", "&&", "FILTER(?s<'>' || ", "FILTER(?s<a:b#>'' || ", ")", "BIND('''", "''' AS ?z)",
]  # fmt: skip
SPELLINGS = [
    "SERVICE",
    "service",
    "SERVICESILENT",
    "SERVICE SILENT",
    "sErvIce",
    "xSERVICE",
    "1SERVICE",
    ".SERVICE",
]
TARGETS = ["<URL>", " <URL> ", ":x", "e:x", " # y\n<URL>", "?x"]


def one_triple() -> ox.Store:
    """An empty left side would short-circuit: nothing would be sent, with or without a guard."""
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal(1)))
    return store


def send(store: ox.Store, text: str) -> None:
    with suppress(SyntaxError, OSError, ValueError, RuntimeError):
        found = store.query(text, prefixes={"": "http://127.0.0.1/", "e": "http://127.0.0.1/"})
        if not isinstance(found, ox.QueryBoolean):
            for number, _ in enumerate(found):
                if number > 100:
                    break


@pytest.mark.parametrize("text", SERVICES)
def test_a_service_would_send_a_request_and_is_refused(listener: Listener, text):
    text = text.replace("URL", listener.url)
    send(one_triple(), text)
    assert listener.settled_hits() >= 1, "the control shows nothing"
    with pytest.raises(Forbidden, match="SERVICE is not allowed") as caught:
        guard(text)
    assert caught.value.code == "kg.query_refused"


@pytest.mark.parametrize("text", UPDATES)
def test_an_update_that_would_send_a_request_is_refused(listener: Listener, text):
    text = text.replace("URL", listener.url)
    with suppress(OSError):
        one_triple().update(text)
    assert listener.settled_hits() >= ("file:" not in text)
    with pytest.raises(Forbidden, match=r"(LOAD|SERVICE) is not allowed"):
        guard(text)


@pytest.mark.parametrize("seed", range(4))
def test_no_generated_spelling_gets_past_the_guard(listener: Listener, seed):
    chance = random.Random(seed)
    store = one_triple()
    passed = 0
    for _ in range(40_000):
        text = hostile_query(chance).replace("URL", listener.url)
        try:
            guard(text)
        except VibeError:
            continue
        passed += 1
        send(store, text)
    assert listener.settled_hits() == 0
    assert passed > 0


def hostile_query(chance: random.Random) -> str:
    def some(most: int) -> str:
        return "".join(chance.choice(FRAGMENTS) for _ in range(chance.randrange(most)))

    call = chance.choice(SPELLINGS) + chance.choice(TARGETS)
    if chance.random() < 0.5:  # spelt so that only one of many readings has a call in it
        call = f"{chance.choice(FRAGMENTS)}{call}{chance.choice(FRAGMENTS)}"
    return f"SELECT * {{ ?s ?p ?o {some(4)} {call} {{ ?a ?b ?c }} {some(4)} }}"


def test_the_generator_would_reach_the_listener_without_the_guard(listener: Listener):
    chance = random.Random(1)
    store = one_triple()
    for _ in range(2_000):
        send(store, hostile_query(chance).replace("URL", listener.url))
    assert listener.settled_hits() > 20


@pytest.mark.parametrize(
    "text",
    [
        'SELECT * { ?s ?p ?l FILTER regex(?l, "load|service") }',
        "SELECT * { ?s ?p <https://example.org/services/load> }",
        "SELECT * { ?load code:loads ?service }",
        "SELECT * { ?s ?p ?o # SERVICE <http://x/>\n}",
        "SELECT * { ?a code:from ?b . ?b :using ?c }",
        "SELECT * { ?s ?p '''LOAD \"x\" ''' }",
        "SELECT * { ?s <http://www.w3.org/2001/XMLSchema#service> ?o FILTER(?s < ?o && ?o > 3) }",
        f"SELECT * FROM <{USER_FACTS}> FROM NAMED <{USER_FACTS}> {{ ?s ?p ?o }}",
        f"SELECT * FROM # people's\n NAMED<{USER_FACTS}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    ],
)
def test_what_only_looks_like_it_is_allowed(text):
    guard(text)


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("SELECT *\n{ ?s ?p ?o\n  SERVICE <u:x> {} }", "line 3, column 3", "SERVICE"),
        ("SELECT * { é:x ?p 1service<u:x>{} }", "line 1, column 20", "SERVICE"),
        ("SELECT * FROM <http://example.org/g> { ?s ?p ?o }", "line 1, column 10", "FROM"),
        ("SELECT * FROM NAMED <http://example.org/g> { ?s ?p ?o }", "line 1, column 10", "FROM"),
        ("SELECT * FROMNAMED<x:y>{ ?s ?p ?o }", "line 1, column 10", "FROM"),
        (f"SELECT * FROM <{USER_FACTS}> FROM <x:y> {{ ?s ?p ?o }}", "line 1, column 62", "FROM"),
        ("DELETE { ?s ?p ?o }\r\nUSING <x:y> WHERE { ?s ?p ?o }", "line 2, column 1", "USING"),
        ("PREFIX download: <x:y> SELECT * {}", "line 1, column 12", "LOAD"),
        ("SELECT * { ?s?p<a:b#>?o }", "line 1, column 16", "<a:b#>"),
        ("SELECT * { ?s ?p 'x }", "line 1, column 18", "a string that does not end"),
    ],
)
def test_a_refusal_says_where_and_what(text, place, what):
    with pytest.raises(VibeError) as caught:
        guard(text)
    assert caught.value.status in (400, 403)
    assert caught.value.message.startswith(f"SPARQL {place}: {what}")
    assert caught.value.data is not None
    assert caught.value.data["text"] in text
    assert caught.value.hint


@pytest.mark.asyncio
@pytest.mark.parametrize("text", SERVICES)
async def test_a_worker_sends_nothing_even_without_the_guard(
    store: LocalStore, pool: QueryPool, listener: Listener, text
):
    job = {
        "do": "query", "base": "", "text": text.replace("URL", listener.url),
        "formats": ["json", "turtle"], "max_rows": 10,
        "may_truncate": True, "max_bytes": 10_000, "default_graphs": [], "named_graphs": [], "bindings": {},

    }  # fmt: skip
    with suppress(VibeError):
        await pool.run(store.folder, job, Limits())
    assert listener.settled_hits() == 0
    await store.query("ASK { ?s ?p ?o }")


WITHOUT_SOCKETS = """
import sys
from pathlib import Path
import pyoxigraph as ox
from vibe_jupyter.core.kg.store import walls
folder, url, wall = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
if wall == "sockets":
    if not walls.refuse_sockets():
        print("no such wall here")
        raise SystemExit
store = ox.Store.read_only(str(folder))
if wall == "descriptors":
    walls.limit_descriptors(folder)
try:
    for _ in store.query("SELECT * { ?s ?p ?o SERVICE <%s> { ?a ?b ?c } }" % url):
        pass
except OSError as error:
    print("stopped:", error)
print(len(list(store.query("SELECT * { ?s ?p ?o } LIMIT 5"))))
"""


@pytest.mark.parametrize("wall", ["none", "sockets", "descriptors"])
def test_each_wall_holds_by_itself(tmp_path, listener: Listener, wall):
    graph = GraphFolder(tmp_path / "kg" / "g1")
    load_graph(graph, graph_text().encode())
    folder = graph.existing().store
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SOCKETS, str(folder), listener.url, wall],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "stopped:" in done.stdout or "no such wall" in done.stdout
    assert done.stdout.rstrip().endswith("5") or "no such wall" in done.stdout
    assert listener.settled_hits() == (wall == "none")
