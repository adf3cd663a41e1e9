"""Answers as objects of rdflib, for what is built on it (JSON-LD tools, SHACL, graph objects in a notebook).

rdflib is never asked to run queries and never reads a format that may name other documents: JSON-LD is read by the
engine first, so that no remote context is fetched.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.kg.store.formats import FORMATS
from vibe_jupyter.core.kg.store.vocabulary import PREFIXES

if TYPE_CHECKING:
    from rdflib import Dataset, Graph
    from rdflib.query import Result

__all__ = ["to_rdflib", "to_rdflib_result"]


def to_rdflib(body: bytes, shape: str = "turtle") -> Graph | Dataset:
    """Return a graph of rdflib, a dataset for formats that name graphs; the usual prefixes are bound.

    Args:
        body: the text of a graph.
        shape: its format, one of `formats.GRAPH_FORMATS`.

    Raises:
        InvalidInput: `kg.invalid_format`, `kg.invalid_triples`.
    """
    import pyoxigraph as ox
    from rdflib import Dataset, Graph

    form = FORMATS.get(shape)
    if form is None or form.of == "solutions":
        raise InvalidInput(f"{shape} is no format of graphs", code="kg.invalid_format")
    plain = ox.RdfFormat.N_TRIPLES if form.of == "graph" else ox.RdfFormat.N_QUADS
    try:
        quads = ox.parse(body, getattr(ox.RdfFormat, form.engine_name))
        if form.of == "graph":
            text = ox.serialize((quad.triple for quad in quads), format=plain)
        else:
            text = ox.serialize(quads, format=plain)
    except SyntaxError as error:
        raise InvalidInput(f"this is no {shape}: {error}", code="kg.invalid_triples") from None
    graph = Graph(bind_namespaces="none") if form.of == "graph" else Dataset()
    for prefix, iri in PREFIXES.items():
        graph.bind(prefix, iri, replace=True)
    graph.parse(data=text, format="nt" if form.of == "graph" else "nquads")
    return graph


def to_rdflib_result(body: bytes) -> Result:
    """Return a result of rdflib from SPARQL 1.1 JSON results."""
    from rdflib.query import Result

    return Result.parse(io.BytesIO(body), format="json")
