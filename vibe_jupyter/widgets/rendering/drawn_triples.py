"""The triples of a CONSTRUCT or DESCRIBE query as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from vibe_jupyter.core.kg.model.names import CODE, shown_iri
from vibe_jupyter.widgets.rendering.pictures import PictureEdge, PictureNode, draw

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["picture_of"]

_RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_LABELS = (f"{CODE}qualifiedName", f"{CODE}name", "http://www.w3.org/2000/01/rdf-schema#label")


def picture_of(triples: Sequence[ox.Triple]) -> str:
    """Return triples as SVG: names and classes of things are written on them, all else are edges."""
    labels = _texts(triples)
    kinds: dict[str, str] = {}
    relations = [
        t for t in triples if not (t.predicate.value in _LABELS and isinstance(t.object, ox.Literal))
    ]
    if any(t.predicate.value != _RDF_TYPE for t in relations):
        for triple in relations:
            if triple.predicate.value == _RDF_TYPE and isinstance(triple.object, ox.NamedNode):
                kinds.setdefault(str(triple.subject), shown_iri(triple.object.value).removeprefix("code:"))
        relations = [t for t in relations if t.predicate.value != _RDF_TYPE]
    degree: dict[str, int] = {}
    terms: dict[str, ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple] = {}
    for triple in relations:
        for term in (triple.subject, triple.object):
            terms[str(term)] = term
            degree[str(term)] = degree.get(str(term), 0) + 1
    for triple in triples:  # what has a name only is a thing as well
        terms.setdefault(str(triple.subject), triple.subject)
    order = sorted(terms, key=lambda key: (-degree.get(key, 0), key))
    place = {key: i for i, key in enumerate(order)}
    nodes = [_node(terms[key], labels.get(key), kinds.get(key, "")) for key in order]
    edges = [
        PictureEdge(
            place[str(t.subject)], place[str(t.object)], shown_iri(t.predicate.value).removeprefix("code:")
        )
        for t in sorted(relations, key=str)
    ]
    return draw(nodes, edges)


def _texts(triples: Sequence[ox.Triple]) -> dict[str, str]:
    """Return what things are called, by the best of the properties that say it."""
    found: dict[str, tuple[int, str]] = {}
    for triple in triples:
        if triple.predicate.value in _LABELS and isinstance(triple.object, ox.Literal):
            candidate = (_LABELS.index(triple.predicate.value), triple.object.value)
            key = str(triple.subject)
            found[key] = min(found.get(key, candidate), candidate)
    return {key: text for key, (_, text) in found.items()}


def _node(
    term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple, label: str | None, kind: str
) -> PictureNode:
    if isinstance(term, ox.Literal):
        return PictureNode(term.value or '""', is_value=True)
    if isinstance(term, ox.NamedNode):
        return PictureNode(label or shown_iri(term.value), kind, term.value)
    return PictureNode(label or str(term), kind)
