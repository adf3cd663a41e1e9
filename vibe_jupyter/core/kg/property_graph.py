"""A graph as nodes and edges, for programs that draw or measure graphs and do not speak RDF.

Nodes are what a project is made of: files, definitions, cells, things outside. Call sites, parameters and the runs of
the generator are left out; `code:calls` tells the calls. Of a large graph the first nodes are told, files before
classes before functions, and the edges between these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import pyoxigraph as ox

from vibe_jupyter.core.kg.questions.symbols import RDF_TYPE, describe
from vibe_jupyter.core.kg.schemas import KgEdge, KgNode, KgOutline
from vibe_jupyter.core.kg.store.vocabulary import CODE, PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GRAPHML_TYPE", "OUTLINE_TYPE", "as_graphml", "outline"]

OUTLINE_TYPE = "application/vnd.vibe.graph+json"
GRAPHML_TYPE = "application/graphml+xml"

_FIRST = (
    "Module", "Notebook", "Document", "Manifest", "File", "Class", "Interface", "Enumeration", "TypeAlias",
    "Namespace", "Function", "Method", "DataFile", "Dependency", "Cell", "Section", "Variable", "Field",
)  # fmt: skip
"""Which nodes are told first, where not all are."""
_LAST = "External"
_LEFT_OUT = frozenset({f"{CODE}Call", f"{CODE}Parameter"})
_DEFAULT = ox.DefaultGraph()
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def outline(store: ox.Store, kg_id: str, max_nodes: int) -> KgOutline:
    """Return the nodes and edges of a graph, at most `max_nodes` nodes."""
    ranked = _ranked(store)
    chosen = ranked[:max_nodes]
    known = {node.value for node in chosen}
    nodes, edges = [], []
    for node in chosen:
        about = describe(store, node)
        nodes.append(
            KgNode(
                id=node.value,
                kind=about.kind,
                label=about.qualified_name or _end(node.value),
                path=about.path,
                line=about.line,
            )
        )
        edges += [
            KgEdge(source=node.value, target=quad.object.value, kind=_short(quad.predicate.value))
            for quad in store.quads_for_pattern(node, None, None, _DEFAULT)
            if isinstance(quad.object, ox.NamedNode) and quad.object.value in known
        ]
    edges.sort(key=lambda edge: (edge.source, edge.kind, edge.target))
    return KgOutline(
        kg_id=kg_id,
        nodes=nodes,
        edges=edges,
        total_nodes=len(ranked),
        is_truncated=len(chosen) < len(ranked),
    )


def as_graphml(found: KgOutline) -> str:
    """Return nodes and edges as GraphML (http://graphml.graphdrawing.org/specification.html)."""
    return "".join(_graphml(found))


def _ranked(store: ox.Store) -> list[ox.NamedNode]:
    """Return all nodes, the ones to be told first in front; always in the same order."""
    ranks: dict[str, int] = {}
    order = {f"{CODE}{name}": rank for rank, name in enumerate(_FIRST)}
    order[f"{CODE}{_LAST}"] = len(order) + 1
    for row in store.query("SELECT DISTINCT ?class { ?s a ?class }"):  # type: ignore[union-attr]
        kind = row[0]
        if (
            not isinstance(kind, ox.NamedNode)
            or kind.value in _LEFT_OUT
            or kind.value.startswith(PREFIXES["prov"])
        ):
            continue
        rank = order.get(kind.value, len(_FIRST))
        for quad in store.quads_for_pattern(None, RDF_TYPE, kind, _DEFAULT):
            if isinstance(quad.subject, ox.NamedNode):
                iri = quad.subject.value
                ranks[iri] = min(rank, ranks.get(iri, rank))
    return [ox.NamedNode(iri) for iri in sorted(ranks, key=lambda iri: (ranks[iri], iri))]


def _graphml(found: KgOutline) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for name, of, kind in (
        ("kg_id", "graph", "string"),
        ("total_nodes", "graph", "long"),
        ("is_truncated", "graph", "boolean"),
        ("label", "node", "string"),
        ("kind", "node", "string"),
        ("path", "node", "string"),
        ("line", "node", "long"),
        ("relation", "edge", "string"),
    ):
        yield f'  <key id="{name}" for="{of}" attr.name="{name}" attr.type="{kind}"/>\n'
    yield f'  <graph edgedefault="directed">\n{_data("kg_id", found.kg_id)}'
    yield _data("total_nodes", str(found.total_nodes)) + _data(
        "is_truncated", str(found.is_truncated).lower()
    )
    for node in found.nodes:
        yield f"    <node id={_attribute(node.id)}>\n{_data('label', node.label)}{_data('kind', node.kind)}"
        if node.path:
            yield _data("path", node.path)
        if node.line:
            yield _data("line", str(node.line))
        yield "    </node>\n"
    for number, edge in enumerate(found.edges):
        ends = f"source={_attribute(edge.source)} target={_attribute(edge.target)}"
        yield f'    <edge id="e{number}" {ends}>{_data("relation", edge.kind).strip()}</edge>\n'
    yield "  </graph>\n</graphml>\n"


def _data(key: str, text: str) -> str:
    return f'      <data key="{key}">{escape(_NOT_IN_XML.sub(" ", text))}</data>\n'


def _attribute(text: str) -> str:
    return quoteattr(_NOT_IN_XML.sub(" ", text))


def _short(iri: str) -> str:
    """Return a property as one reads it: `calls`, `schema:author`; in full where it has no prefix of ours."""
    if iri.startswith(CODE):
        return iri.removeprefix(CODE)
    return next(
        (f"{name}:{iri.removeprefix(base)}" for name, base in PREFIXES.items() if iri.startswith(base)), iri
    )


def _end(iri: str) -> str:
    return re.split(r"[#/]", iri.rstrip("#/"))[-1] or iri
