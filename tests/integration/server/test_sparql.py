"""The SPARQL 1.1 Protocol endpoint of a graph, asked by hand and by the clients that people have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.servers import JupyterServer

pytestmark = pytest.mark.slow

NAMES = "SELECT ?name { ?f a code:Function ; code:name ?name } ORDER BY ?name"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def endpoint(server: JupyterServer) -> str:
    """Return the path of an endpoint below the API, of a graph with two functions."""
    source = "def helper():\n    return 1\n\n\ndef main():\n    return helper()\n"
    return f"/kg/{server.graph_of('sparql-project', {'app.py': source})}/sparql"


def names(answer: httpx.Response) -> list[str]:
    return [row["name"]["value"] for row in answer.json()["results"]["bindings"]]


class TestQueries:
    def test_by_get(self, api: httpx.Client, endpoint: str) -> None:
        answer = api.get(endpoint, params={"query": NAMES})
        assert answer.headers["content-type"] == "application/sparql-results+json"
        assert names(answer) == ["helper", "main"]

    def test_by_post_of_a_form(self, api: httpx.Client, endpoint: str) -> None:
        assert names(api.post(endpoint, data={"query": NAMES})) == ["helper", "main"]

    def test_by_post_of_the_query(self, api: httpx.Client, endpoint: str) -> None:
        answer = api.post(
            endpoint, content=NAMES, headers={"Content-Type": "application/sparql-query; charset=utf-8"}
        )
        assert names(answer) == ["helper", "main"]

    @pytest.mark.parametrize(
        ("accept", "given"),
        [
            ("application/sparql-results+xml", "application/sparql-results+xml"),
            ("text/csv", "text/csv; charset=utf-8"),
            ("text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
            ("text/turtle, text/csv;q=0.5", "text/csv; charset=utf-8"),
            ("application/json", "application/sparql-results+json"),
            ("*/*", "application/sparql-results+json"),
        ],
    )
    def test_in_the_form_that_is_wanted(
        self, api: httpx.Client, endpoint: str, accept: str, given: str
    ) -> None:
        answer = api.get(endpoint, params={"query": NAMES}, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, given)

    @pytest.mark.parametrize(
        ("accept", "given"),
        [
            ("text/turtle", "text/turtle; charset=utf-8"),
            ("application/n-triples", "application/n-triples"),
            ("application/ld+json", "application/ld+json"),
        ],
    )
    def test_graphs_too(self, api: httpx.Client, endpoint: str, accept: str, given: str) -> None:
        query = "CONSTRUCT { ?f a code:Function } WHERE { ?f a code:Function }"
        answer = api.get(endpoint, params={"query": query}, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, given)

    def test_without_a_query_it_describes_itself(self, api: httpx.Client, endpoint: str) -> None:
        answer = api.get(endpoint, headers={"Accept": "text/turtle"})
        assert answer.status_code == 200
        assert "a sd:Service" in answer.text
        assert endpoint in answer.text


class TestMistakes:
    def test_no_form_that_can_hold_the_answer(self, api: httpx.Client, endpoint: str) -> None:
        answer = api.get(endpoint, params={"query": NAMES}, headers={"Accept": "image/png"})
        assert (answer.status_code, answer.json()["code"]) == (406, "kg.not_acceptable")

    @pytest.mark.parametrize("query", ["SELECT ?s code;calls {}", "", "INSERT DATA { <urn:a> <urn:b> 1 }"])
    def test_no_query(self, api: httpx.Client, endpoint: str, query: str) -> None:
        assert api.get(endpoint, params={"query": query}).status_code == 400

    def test_more_than_one_query(self, api: httpx.Client, endpoint: str) -> None:
        answer = api.get(endpoint, params=[("query", NAMES), ("query", NAMES)])
        assert (answer.status_code, answer.json()["code"]) == (400, "kg.protocol")

    def test_a_query_of_a_kind_that_is_none(self, api: httpx.Client, endpoint: str) -> None:
        answer = api.post(endpoint, content=NAMES, headers={"Content-Type": "text/plain"})
        assert answer.status_code == 415

    def test_a_body_that_is_no_utf_8(self, api: httpx.Client, endpoint: str) -> None:
        answer = api.post(
            endpoint, content=b"ASK {\xff}", headers={"Content-Type": "application/sparql-query"}
        )
        assert answer.status_code == 400

    def test_both_query_and_update(self, api: httpx.Client, endpoint: str) -> None:
        assert api.post(endpoint, data={"query": NAMES, "update": "CLEAR ALL"}).status_code == 400

    def test_an_update_by_get(self, api: httpx.Client, endpoint: str) -> None:
        assert api.get(endpoint, params={"update": "CLEAR ALL"}).status_code == 400

    def test_a_graph_of_elsewhere(self, api: httpx.Client, endpoint: str) -> None:
        answer = api.get(endpoint, params={"query": NAMES, "default-graph-uri": "http://127.0.0.1:9/x"})
        assert (answer.status_code, answer.json()["code"]) == (403, "kg.query_refused")

    def test_nobody(self, server: JupyterServer, endpoint: str) -> None:
        url = f"{server.url}vibe/api{endpoint}"
        with httpx.Client(trust_env=False) as stranger:
            assert stranger.get(url, params={"query": NAMES}).status_code == 401
            assert stranger.post(url, data={"query": NAMES}).status_code in (401, 403)


class TestUpdates:
    def test_facts_of_people_survive_a_generation(
        self, api: httpx.Client, server: JupyterServer, endpoint: str
    ) -> None:
        kg_id = endpoint.split("/")[2]
        update = "INSERT DATA { <urn:note> code:name 'mine' }"
        added = api.post(endpoint, content=update, headers={"Content-Type": "application/sparql-update"})
        assert (added.status_code, added.json()["added"]) == (200, 1)
        (server.root / "sparql-project" / "more.py").write_text("def more():\n    return 2\n")
        with server.vibe() as vibe:
            vibe.tasks.get(vibe.kg.generate(path="sparql-project").task_id).wait()
            assert vibe.kg.get(kg_id).user_facts == 1
        ask = api.get(endpoint, params={"query": "ASK { <urn:note> code:name 'mine' }"})
        assert ask.json()["boolean"] is True
        gone = api.post(endpoint, data={"update": "DELETE WHERE { <urn:note> ?p ?o }"})
        assert gone.json()["removed"] == 1
        (server.root / "sparql-project" / "more.py").unlink()
        with server.vibe() as vibe:
            vibe.tasks.get(vibe.kg.generate(path="sparql-project").task_id).wait()

    def test_a_generated_fact_stays(self, api: httpx.Client, endpoint: str) -> None:
        answer = api.post(endpoint, data={"update": "DELETE WHERE { ?f code:name 'helper' }"})
        assert (answer.status_code, answer.json()["code"]) == (409, "kg.generated_fact")


class TestClients:
    def test_sparqlwrapper(self, server: JupyterServer, endpoint: str) -> None:
        from SPARQLWrapper import JSON, SPARQLWrapper

        client = SPARQLWrapper(f"{server.url}vibe/api{endpoint}")
        client.addCustomHttpHeader("Authorization", f"Bearer {server.token}")
        client.setReturnFormat(JSON)
        client.setQuery(f"PREFIX code: <https://w3id.org/vibe-jupyter/code#> {NAMES}")
        found = client.queryAndConvert()
        assert [row["name"]["value"] for row in found["results"]["bindings"]] == ["helper", "main"]

    def test_rdflib(self, server: JupyterServer, endpoint: str) -> None:
        from rdflib import Graph
        from rdflib.plugins.stores.sparqlstore import SPARQLStore

        store = SPARQLStore(
            f"{server.url}vibe/api{endpoint}", headers={"Authorization": f"Bearer {server.token}"}
        )
        found = Graph(store).query(f"PREFIX code: <https://w3id.org/vibe-jupyter/code#> {NAMES}")
        assert [str(row.name) for row in found] == ["helper", "main"]
