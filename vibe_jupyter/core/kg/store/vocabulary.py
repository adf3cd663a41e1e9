"""Names that the store itself knows: the predefined prefixes, and the graph of what people have added."""

from __future__ import annotations

__all__ = ["CODE", "PREFIXES", "SKOLEM", "USER_FACTS"]

CODE = "https://w3id.org/vibe-jupyter/code#"

USER_FACTS = f"{CODE}UserFacts"
"""The named graph that records the facts people added; each of them is in the default graph as well."""

SKOLEM = "https://w3id.org/vibe-jupyter/.well-known/genid/"
"""Blank nodes of people become IRIs that begin so (RDF 1.1, 3.5): they keep their identity and can be deleted."""

PREFIXES = {
    "code": CODE,
    "schema": "https://schema.org/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "doap": "http://usefulinc.com/ns/doap#",
    "prov": "http://www.w3.org/ns/prov#",
    "spdx": "http://spdx.org/rdf/terms#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dcterms": "http://purl.org/dc/terms/",
    "void": "http://rdfs.org/ns/void#",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
}
"""The prefixes that every query may use without declaring them."""
