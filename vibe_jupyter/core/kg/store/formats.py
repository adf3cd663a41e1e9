"""The formats in which the engine writes answers and graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["FORMATS", "GRAPH_FORMATS", "SOLUTION_FORMATS", "Format"]


@dataclass(frozen=True)
class Format:
    """One way to write an answer."""

    name: str
    media_type: str
    of: Literal["solutions", "graph", "dataset"]
    """What it can hold: the rows of SELECT and the boolean of ASK; a graph; a graph and which parts of it are named."""
    engine_name: str
    """Its name in pyoxigraph's `QueryResultsFormat` or `RdfFormat`."""


FORMATS = {
    known.name: known
    for known in (
        Format("json", "application/sparql-results+json", "solutions", "JSON"),
        Format("xml", "application/sparql-results+xml", "solutions", "XML"),
        Format("csv", "text/csv", "solutions", "CSV"),
        Format("tsv", "text/tab-separated-values", "solutions", "TSV"),
        Format("turtle", "text/turtle", "graph", "TURTLE"),
        Format("ntriples", "application/n-triples", "graph", "N_TRIPLES"),
        Format("jsonld", "application/ld+json", "graph", "JSON_LD"),
        Format("rdfxml", "application/rdf+xml", "graph", "RDF_XML"),
        Format("nquads", "application/n-quads", "dataset", "N_QUADS"),
        Format("trig", "application/trig", "dataset", "TRIG"),
    )
}
"""All formats by name."""

SOLUTION_FORMATS = tuple(name for name, known in FORMATS.items() if known.of == "solutions")
GRAPH_FORMATS = tuple(name for name, known in FORMATS.items() if known.of != "solutions")
