"""Answers as rdflib objects, without rdflib ever reaching out."""

from __future__ import annotations

import json

import pytest
from rdflib import Dataset, Graph, URIRef
from rdflib.namespace import RDF

from tests.unit.core.kg.store.conftest import FUNCTIONS, Listener
from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.kg.store.interchange import to_rdflib, to_rdflib_result
from vibe_jupyter.core.kg.store.local import LocalStore
from vibe_jupyter.core.kg.store.vocabulary import CODE, USER_FACTS

pytestmark = [pytest.mark.asyncio, pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")]


@pytest.mark.parametrize("shape", ["turtle", "ntriples", "jsonld", "rdfxml"])
async def test_a_graph_becomes_a_graph(store: LocalStore, shape):
    result = await store.query("CONSTRUCT WHERE { ?f a code:Function }", formats=[shape])
    graph = to_rdflib(result.body, result.format)
    assert isinstance(graph, Graph)
    assert len(graph) == FUNCTIONS
    assert (URIRef("urn:f1"), RDF.type, URIRef(f"{CODE}Function")) in graph
    assert "code:Function" in graph.serialize(format="turtle")


async def test_a_dump_of_quads_becomes_a_dataset(store: LocalStore):
    await store.update("INSERT DATA { <urn:a> code:note 'mine' }")
    dataset = to_rdflib((await store.dump("nquads")).body, "nquads")
    assert isinstance(dataset, Dataset)
    assert len(dataset.graph(URIRef(USER_FACTS))) == 1


async def test_a_table_becomes_a_result(store: LocalStore):
    result = to_rdflib_result((await store.query("SELECT ?f { ?f a code:Function }")).body)
    assert {str(row["f"]) for row in result} == {f"urn:f{n}" for n in range(FUNCTIONS)}


async def test_a_remote_context_is_not_fetched(listener: Listener):
    hostile = {"@context": listener.url, "@id": "urn:a", "urn:b": {"@id": "urn:c"}}
    with pytest.raises(InvalidInput):
        to_rdflib(json.dumps(hostile).encode(), "jsonld")
    assert listener.settled_hits() == 0


async def test_what_is_no_graph_is_refused():
    with pytest.raises(InvalidInput):
        to_rdflib(b"{}", "json")
    with pytest.raises(InvalidInput):
        to_rdflib(b"<a", "turtle")
