"""The tables of classes and properties, from the ontology itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from generation.markdown import table
from vibe_jupyter.core.kg.ontology import turtle
from vibe_jupyter.core.kg.store.vocabulary import CODE, PREFIXES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["classes", "properties"]

_OWL = "http://www.w3.org/2002/07/owl#"


def classes() -> str:
    """Return the table of classes."""
    rows = _asked(
        "SELECT ?term (GROUP_CONCAT(DISTINCT STR(?above); separator=' ') AS ?is) ?comment {"
        " ?term a owl:Class ; rdfs:comment ?comment OPTIONAL { ?term rdfs:subClassOf ?above } }"
        " GROUP BY ?term ?comment"
    )
    return table(
        ["class", "is also", "meaning"], [[_short(term), _list(above), text] for term, above, text in rows]
    )


def properties() -> str:
    """Return the table of properties."""
    rows = _asked(
        "SELECT ?term ?domain ?range (GROUP_CONCAT(DISTINCT STR(?above); separator=' ') AS ?is) ?comment {"
        " ?term rdfs:comment ?comment ; a ?kind FILTER(?kind IN (owl:ObjectProperty, owl:DatatypeProperty))"
        " OPTIONAL { ?term rdfs:domain ?domain } OPTIONAL { ?term rdfs:range ?range }"
        " OPTIONAL { ?term rdfs:subPropertyOf ?above } } GROUP BY ?term ?domain ?range ?comment"
    )
    return table(
        ["property", "of", "value", "is also", "meaning"],
        [
            [_short(term), _list(domain), _list(value), _list(above), text]
            for term, domain, value, above, text in rows
        ],
    )


def _asked(query: str) -> list[Sequence[str]]:
    """Return the rows of a query on the ontology, in its order."""
    text = turtle("words")
    store = ox.Store()
    store.load(text, ox.RdfFormat.TURTLE)
    solutions = store.query(query, prefixes={**PREFIXES, "owl": _OWL})
    assert isinstance(solutions, ox.QuerySolutions)
    rows = [
        ["" if value is None else value.value for value in (row[i] for i in range(len(solutions.variables)))]
        for row in solutions
    ]
    return sorted(rows, key=lambda row: text.index(f"\ncode:{row[0].removeprefix(CODE)} a "))


def _short(iri: str) -> str:
    return next(
        (f"`{prefix}:{iri[len(full) :]}`" for prefix, full in PREFIXES.items() if iri.startswith(full)), iri
    )


def _list(iris: str) -> str:
    return ", ".join(_short(iri) for iri in sorted(iris.split()))
