"""A knowledge graph over REST in the form that a client asks for."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import networkx as nx
import pyoxigraph as ox
import pytest

if TYPE_CHECKING:
    import httpx

    from tests.servers import JupyterServer

pytestmark = pytest.mark.slow

CODE = '''"""<script>alert(1)</script> & co."""


def helper():
    return 1


class Bill:
    def charge(self):
        return helper()
'''
SELECT = "SELECT ?name { ?f a code:Function ; code:name ?name } ORDER BY ?name"
CONSTRUCT = "CONSTRUCT { ?a code:calls ?b } WHERE { ?a code:calls ?b }"


@pytest.fixture(scope="module")
def kg_id(server: JupyterServer) -> str:
    main = "import app\n\n\ndef main():\n    app.Bill().charge()\n"
    return server.graph_of("kg-forms", {"app.py": CODE, "main.py": main})


def media_type(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.headers["Content-Type"]).partition(";")[0]


class TestTheGraph:
    @pytest.mark.parametrize(
        "accept", [None, "*/*", "application/json", "text/html,application/xhtml+xml,*/*;q=0.8"]
    )
    def test_is_a_summary_unless_something_else_is_asked_for(
        self, api: httpx.Client, kg_id: str, accept: str | None
    ) -> None:
        answer = api.get(f"/kg/{kg_id}", headers={"Accept": accept} if accept else {})
        assert media_type(answer) == "application/json"
        assert answer.json()["counts"]["Function"] >= 2
        assert answer.headers["Vary"] == "Accept"

    @pytest.mark.parametrize(
        "asked",
        [
            {"headers": {"Accept": "application/vnd.vibe.graph+json"}},
            {"params": {"format": "graph"}},
            {"params": {"format": "graph"}, "headers": {"Accept": "text/turtle"}},
        ],
    )
    def test_has_nodes_and_edges(
        self, api: httpx.Client, kg_id: str, asked: dict[str, dict[str, str]]
    ) -> None:
        answer = api.get(f"/kg/{kg_id}", **asked)  # type: ignore[arg-type]
        assert media_type(answer) == "application/vnd.vibe.graph+json"
        found = answer.json()
        names = {node["id"]: node["label"] for node in found["nodes"]}
        edges = {(names[edge["source"]], edge["kind"], names[edge["target"]]) for edge in found["edges"]}
        assert ("main.main", "calls", "app.Bill.charge") in edges
        assert ("main", "imports", "app") in edges
        assert not found["is_truncated"]

    def test_says_when_nodes_are_cut(self, api: httpx.Client, kg_id: str) -> None:
        found = api.get(f"/kg/{kg_id}", params={"format": "graph", "max_nodes": "2"}).json()
        assert [node["label"] for node in found["nodes"]] == ["app", "main"]
        assert found["is_truncated"]
        assert found["total_nodes"] > 2
        assert "imports" in [edge["kind"] for edge in found["edges"]]

    @pytest.mark.parametrize("limit", ["0", "-1", "many", "1000000"])
    def test_refuses_limits_that_are_none(self, api: httpx.Client, kg_id: str, limit: str) -> None:
        assert api.get(f"/kg/{kg_id}", params={"format": "graph", "max_nodes": limit}).status_code == 422

    @pytest.mark.parametrize(
        ("accept", "form"),
        [
            ("text/turtle", ox.RdfFormat.TURTLE),
            ("application/n-quads", ox.RdfFormat.N_QUADS),
            ("application/n-triples", ox.RdfFormat.N_TRIPLES),
            ("application/ld+json", ox.RdfFormat.JSON_LD),
            ("application/rdf+xml", ox.RdfFormat.RDF_XML),
        ],
    )
    def test_is_had_in_the_forms_of_rdf(
        self, api: httpx.Client, kg_id: str, accept: str, form: ox.RdfFormat
    ) -> None:
        answer = api.get(f"/kg/{kg_id}", headers={"Accept": f"{accept}, text/html;q=0.1"})
        assert media_type(answer) == accept
        assert len(list(ox.parse(answer.content, form))) > 20

    def test_is_graphml_that_others_read(self, api: httpx.Client, kg_id: str) -> None:
        answer = api.get(f"/kg/{kg_id}", headers={"Accept": "application/graphml+xml"})
        assert media_type(answer) == "application/graphml+xml"
        graph = nx.read_graphml(io.BytesIO(answer.content), force_multigraph=True)
        assert graph.graph["kg_id"] == kg_id
        assert graph.graph["is_truncated"] is False
        names = nx.get_node_attributes(graph, "label")
        edges = {(names[a], relation, names[b]) for a, b, relation in graph.edges(data="relation")}
        assert ("app.Bill.charge", "calls", "app.helper") in edges
        assert set(nx.get_node_attributes(graph, "kind").values()) >= {"Module", "Class", "Method"}

    @pytest.mark.parametrize("asked", [{"headers": {"Accept": "image/png"}}, {"params": {"format": "docx"}}])
    def test_is_not_acceptable_in_other_forms(
        self, api: httpx.Client, kg_id: str, asked: dict[str, dict[str, str]]
    ) -> None:
        answer = api.get(f"/kg/{kg_id}", **asked)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (406, "kg.not_acceptable")
        assert "turtle" in answer.json()["hint"]

    def test_of_an_unknown_id_is_not_found_in_any_form(self, api: httpx.Client, kg_id: str) -> None:
        for form in ("graph", "turtle", "graphml", "summary"):
            answer = api.get(f"/kg/{kg_id}x", params={"format": form})
            assert (answer.status_code, answer.json()["code"]) == (404, "kg.not_found")


class TestAnswers:
    def ask(self, api: httpx.Client, kg_id: str, query: str, accept: str) -> httpx.Response:
        return api.post("/kg/query", json={"kg_id": kg_id, "query": query}, headers={"Accept": accept})

    @pytest.mark.parametrize("accept", ["*/*", "application/json", "application/sparql-results+json"])
    def test_are_json_results_by_default(self, api: httpx.Client, kg_id: str, accept: str) -> None:
        answer = self.ask(api, kg_id, SELECT, accept)
        assert media_type(answer) == "application/sparql-results+json"
        values = [row["name"]["value"] for row in answer.json()["results"]["bindings"]]
        assert values == ["helper", "main"]

    def test_are_csv_tsv_and_xml(self, api: httpx.Client, kg_id: str) -> None:
        answer = self.ask(api, kg_id, SELECT, "text/csv")
        assert media_type(answer) == "text/csv"
        assert list(csv.reader(io.StringIO(answer.text))) == [["name"], ["helper"], ["main"]]
        assert self.ask(api, kg_id, SELECT, "text/tab-separated-values").text.split("\n")[0] == "?name"
        answer = self.ask(api, kg_id, SELECT, "application/sparql-results+xml")
        assert "<sparql" in answer.text

    @pytest.mark.parametrize(
        ("accept", "given", "form"),
        [
            ("*/*", "text/turtle", ox.RdfFormat.TURTLE),
            ("text/turtle", "text/turtle", ox.RdfFormat.TURTLE),
            ("application/n-triples", "application/n-triples", ox.RdfFormat.N_TRIPLES),
            ("application/ld+json", "application/ld+json", ox.RdfFormat.JSON_LD),
            ("application/json", "application/ld+json", ox.RdfFormat.JSON_LD),
        ],
    )
    def test_that_are_graphs_have_the_forms_of_graphs(
        self, api: httpx.Client, kg_id: str, accept: str, given: str, form: ox.RdfFormat
    ) -> None:
        answer = self.ask(api, kg_id, CONSTRUCT, accept)
        assert media_type(answer) == given
        assert len(list(ox.parse(answer.content, form))) == 3

    def test_have_the_form_that_the_body_names_before_all(self, api: httpx.Client, kg_id: str) -> None:
        answer = api.post(
            "/kg/query",
            json={"kg_id": kg_id, "query": SELECT, "format": "csv"},
            headers={"Accept": "application/json"},
        )
        assert media_type(answer) == "text/csv"

    @pytest.mark.parametrize(
        ("query", "accept"), [(SELECT, "text/turtle"), (CONSTRUCT, "text/csv"), (SELECT, "image/png")]
    )
    def test_are_not_acceptable_where_no_form_fits(
        self, api: httpx.Client, kg_id: str, query: str, accept: str
    ) -> None:
        answer = self.ask(api, kg_id, query, accept)
        assert (answer.status_code, answer.json()["code"]) == (406, "kg.not_acceptable")
        assert json.loads(answer.text)["status"] == 406
