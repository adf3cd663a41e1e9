"""The W3C's tests of the SPARQL 1.1 Protocol, by their names.

https://github.com/w3c/rdf-tests/tree/main/sparql/sparql11/protocol. Those that need a data set of the client's choice
are refused here: a graph is one project's, and nothing else is fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.servers import JupyterServer

pytestmark = pytest.mark.slow

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
QUERY = {"Content-Type": "application/sparql-query"}
UPDATE = {"Content-Type": "application/sparql-update"}
TEXT = {"Content-Type": "text/plain"}
OF_TABLES = ("application/sparql-results+json", "application/sparql-results+xml")
OF_GRAPHS = ("text/turtle", "application/rdf+xml")
DATA = "http://kasei.us/2009/09/sparql/data/data"
CONFLICT = """PREFIX foaf: <http://xmlns.com/foaf/0.1/>
WITH <http://example/addresses> DELETE { ?person foaf:givenName 'Bill' } INSERT { ?person foaf:givenName 'William' }
WHERE { ?person foaf:givenName 'Bill' }"""


@pytest.fixture(scope="module")
def endpoint(server: JupyterServer) -> str:
    """Return the path of an endpoint below the API."""
    return f"/kg/{server.graph_of('protocol-project', {'app.py': 'def main(): ...'})}/sparql"


def ask(api: httpx.Client, endpoint: str, query: str) -> bool:
    answer: bool = api.get(endpoint, params={"query": query}).raise_for_status().json()["boolean"]
    return answer


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        pytest.param("PUT", {"params": {"query": "ASK {}"}}, id="bad_query_method"),
        pytest.param("GET", {"params": {"query": ["ASK {}", "SELECT * {}"]}}, id="bad_multiple_queries"),
        pytest.param("POST", {"content": "ASK {}", "headers": TEXT}, id="bad_query_wrong_media_type"),
        pytest.param("POST", {"content": "query=ASK%20%7B%7D"}, id="bad_query_missing_form_type"),
        pytest.param("POST", {"content": "ASK {}"}, id="bad_query_missing_direct_type"),
        pytest.param(
            "POST",
            {
                "content": "ASK {}".encode("utf-16"),
                "headers": {"Content-Type": "application/sparql-query; charset=UTF-16"},
            },
            id="bad_query_non_utf8",
        ),
        pytest.param("GET", {"params": {"query": "ASK {"}}, id="bad_query_syntax"),
        pytest.param("GET", {"params": {"update": "CLEAR ALL"}}, id="bad_update_get"),
        pytest.param(
            "POST", {"data": {"update": ["CLEAR NAMED", "CLEAR DEFAULT"]}}, id="bad_multiple_updates"
        ),
        pytest.param("POST", {"content": "CLEAR NAMED", "headers": TEXT}, id="bad_update_wrong_media_type"),
        pytest.param("POST", {"content": "update=CLEAR%20NAMED"}, id="bad_update_missing_form_type"),
        pytest.param(
            "POST",
            {
                "content": "CLEAR NAMED".encode("utf-16-le"),
                "headers": {"Content-Type": "application/sparql-update; charset=UTF-16"},
            },
            id="bad_update_non_utf8",
        ),
        pytest.param("POST", {"data": {"update": "CLEAR XYZ"}}, id="bad_update_syntax"),
        pytest.param(
            "POST",
            {"data": {"update": CONFLICT, "using-named-graph-uri": "http://example/people"}},
            id="bad_update_dataset_conflict",
        ),
    ],
)
def test_what_is_no_request(api: httpx.Client, endpoint: str, method: str, request_: dict[str, Any]) -> None:
    answer = api.request(method, endpoint, **request_)
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        pytest.param("GET", {"params": {"query": "ASK {}"}}, id="query_get"),
        pytest.param("POST", {"data": {"query": "ASK {}"}}, id="query_post_form"),
        pytest.param("POST", {"content": "ASK {}", "headers": QUERY}, id="query_post_direct"),
    ],
)
def test_queries(api: httpx.Client, endpoint: str, method: str, request_: dict[str, Any]) -> None:
    answer = api.request(method, endpoint, **request_)
    assert (answer.status_code, answer.json()["boolean"]) == (200, True)
    assert answer.headers["content-type"] in OF_TABLES


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        pytest.param("SELECT (1 AS ?value) {}", OF_TABLES, id="query_content_type_select"),
        pytest.param("ASK {}", OF_TABLES, id="query_content_type_ask"),
        pytest.param("DESCRIBE <http://example.org/>", OF_GRAPHS, id="query_content_type_describe"),
        pytest.param("CONSTRUCT { <s> <p> 1 } WHERE {}", OF_GRAPHS, id="query_content_type_construct"),
    ],
)
def test_content_types(api: httpx.Client, endpoint: str, query: str, kinds: tuple[str, ...]) -> None:
    for accept in (None, *kinds):
        answer = api.post(endpoint, content=query, headers=QUERY | ({"Accept": accept} if accept else {}))
        assert answer.status_code == 200, answer.text
        kind = answer.headers["content-type"].split(";")[0]
        assert kind == accept if accept else kind in kinds


def test_relative_iris_begin_at_the_graph(api: httpx.Client, endpoint: str) -> None:
    assert ask(api, endpoint, "ASK { <app.py> a code:File }")
    note = "INSERT DATA { <app.py> <urn:owner> 'Ann' }"
    assert api.post(endpoint, content=note, headers=UPDATE).status_code == 200
    assert ask(api, endpoint, "ASK { ?file code:path 'app.py' ; <urn:owner> 'Ann' }")


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({"data": {"update": "CLEAR ALL"}}, id="update_post_form"),
        pytest.param({"content": "CLEAR ALL", "headers": UPDATE}, id="update_post_direct"),
    ],
)
def test_updates(api: httpx.Client, endpoint: str, request_: dict[str, Any]) -> None:
    note = "INSERT DATA { <http://example.org/s> <http://example.org/p> 1 }"
    assert api.post(endpoint, content=note, headers=UPDATE).status_code == 200
    assert ask(api, endpoint, "ASK { <http://example.org/s> ?p ?o }")
    assert api.post(endpoint, **request_).status_code == 200
    assert not ask(api, endpoint, "ASK { <http://example.org/s> ?p ?o }")
    assert ask(api, endpoint, "ASK { ?f a code:Function }")


def test_update_base_uri(api: httpx.Client, endpoint: str) -> None:
    update = "BASE <http://example.org/> INSERT DATA { <s> <p> 'o' }"
    assert api.post(endpoint, content=update, headers=UPDATE).status_code == 200
    assert ask(api, endpoint, "ASK { <http://example.org/s> <http://example.org/p> 'o' }")


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        pytest.param(
            f"?default-graph-uri={DATA}1.rdf",
            {"content": "ASK { ?s ?p ?o }", "headers": QUERY},
            id="query_dataset_default_graph",
        ),
        pytest.param(
            "",
            {"method": "GET", "params": {"query": "ASK {}", "default-graph-uri": [f"{DATA}1.rdf", f"{DATA}2.rdf"]}},
            id="query_dataset_default_graphs_get",
        ),
        pytest.param(
            f"?default-graph-uri={DATA}1.rdf&default-graph-uri={DATA}2.rdf",
            {"content": "ASK { ?s ?p ?o }", "headers": QUERY},
            id="query_dataset_default_graphs_post",
        ),
        pytest.param(
            "",
            {"method": "GET", "params": {"query": "ASK { GRAPH ?g {} }", "named-graph-uri": f"{DATA}1.rdf"}},
            id="query_dataset_named_graphs_get",
        ),
        pytest.param(
            f"?named-graph-uri={DATA}1.rdf",
            {"content": "ASK { GRAPH ?g { ?s ?p ?o } }", "headers": QUERY},
            id="query_dataset_named_graphs_post",
        ),
        pytest.param(
            f"?default-graph-uri={DATA}3.rdf&named-graph-uri={DATA}1.rdf",
            {"content": "SELECT ?g { ?x ?y ?o GRAPH ?g { ?s ?p ?o } }", "headers": QUERY},
            id="query_dataset_full",
        ),
        pytest.param(
            f"?default-graph-uri={DATA}2.rdf",
            {"content": f"ASK FROM <{DATA}1.rdf> {{ ?s ?p ?o }}", "headers": QUERY},
            id="query_multiple_dataset",
        ),
        pytest.param(
            f"?using-graph-uri={DATA}1.rdf",
            {"content": "INSERT { ?s a <urn:x> } WHERE { ?s ?p ?o }", "headers": UPDATE},
            id="update_dataset_default_graph",
        ),
        pytest.param(
            f"?using-graph-uri={DATA}1.rdf&using-graph-uri={DATA}2.rdf",
            {"content": "INSERT { ?s a <urn:x> } WHERE { ?s ?p ?o }", "headers": UPDATE},
            id="update_dataset_default_graphs",
        ),
        pytest.param(
            f"?using-named-graph-uri={DATA}1.rdf",
            {"content": "INSERT { ?s a <urn:x> } WHERE { GRAPH ?g { ?s ?p ?o } }", "headers": UPDATE},
            id="update_dataset_named_graphs",
        ),
        pytest.param(
            f"?using-graph-uri={DATA}1.rdf&using-named-graph-uri={DATA}2.rdf",
            {"content": "INSERT { ?s a <urn:x> } WHERE { ?s ?p ?o GRAPH ?g {} }", "headers": UPDATE},
            id="update_dataset_full",
        ),
    ],
)  # fmt: skip
def test_data_sets_of_elsewhere_are_refused(
    api: httpx.Client, endpoint: str, path: str, request_: dict[str, Any]
) -> None:
    answer = api.request(url=endpoint + path, **({"method": "POST"} | request_))
    assert (answer.status_code, answer.json()["code"]) == (403, "kg.query_refused")
