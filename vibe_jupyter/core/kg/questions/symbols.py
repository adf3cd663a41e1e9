"""Finding the symbol that a name means: that one, or an error that says what there is instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyoxigraph as ox

from vibe_jupyter.core.errors import Conflict, NotFound, nearest
from vibe_jupyter.core.kg.schemas import KgSymbol
from vibe_jupyter.core.kg.store.vocabulary import CODE, PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "PROPERTIES",
    "RDF_TYPE",
    "cell_of",
    "describe",
    "find_symbol",
    "first",
    "is_number",
    "number",
    "similar_names",
    "subjects_named",
    "values",
]

RDF_TYPE = ox.NamedNode(f"{PREFIXES['rdf']}type")
_DEFAULT = ox.DefaultGraph()
_KINDS = [
    "Class",
    "Interface",
    "Enumeration",
    "TypeAlias",
    "Namespace",
    "Function",
    "Method",
    "Notebook",
    "Module",
    "Variable",
    "Field",
    "Cell",
    "Section",
    "Document",
    "DataFile",
    "External",
    "File",
]
_MAX_SHOWN = 8
_DECLARES = re.compile(r"(?:\.d)?\.[cm]?ts$|\.pyi?$")
"""What is left out of a path: a stub and the source beside it are about the same."""


class PROPERTIES:
    """The properties that questions look at."""

    name = ox.NamedNode(f"{CODE}name")
    qualified_name = ox.NamedNode(f"{CODE}qualifiedName")
    path = ox.NamedNode(f"{CODE}path")
    in_file = ox.NamedNode(f"{CODE}inFile")
    start_line = ox.NamedNode(f"{CODE}startLine")
    documentation = ox.NamedNode(f"{CODE}documentation")
    caller = ox.NamedNode(f"{CODE}caller")
    callee = ox.NamedNode(f"{CODE}callee")
    calls = ox.NamedNode(f"{CODE}calls")
    inherits = ox.NamedNode(f"{CODE}inherits")
    imports = ox.NamedNode(f"{CODE}imports")
    defines = ox.NamedNode(f"{CODE}defines")
    decorator = ox.NamedNode(f"{CODE}decorator")
    end_line = ox.NamedNode(f"{CODE}endLine")
    language = ox.NamedNode(f"{CODE}language")
    loads = ox.NamedNode(f"{CODE}loads")
    tests = ox.NamedNode(f"{CODE}tests")
    uses_fixture = ox.NamedNode(f"{CODE}usesFixture")
    reads = ox.NamedNode(f"{CODE}reads")
    writes = ox.NamedNode(f"{CODE}writes")
    in_cell = ox.NamedNode(f"{CODE}inCell")
    has_cell = ox.NamedNode(f"{CODE}hasCell")
    problem = ox.NamedNode(f"{CODE}problem")
    position = ox.NamedNode(f"{CODE}position")
    line = ox.NamedNode(f"{CODE}line")
    resolution = ox.NamedNode(f"{CODE}resolution")


def values(store: ox.Store, subject: ox.NamedNode, name: ox.NamedNode) -> Iterator[str]:
    """Yield the values of a property as text, IRIs and literals alike."""
    for quad in store.quads_for_pattern(subject, name, None, _DEFAULT):
        if isinstance(quad.object, (ox.NamedNode, ox.Literal)):
            yield quad.object.value


def first(store: ox.Store, subject: ox.NamedNode, name: ox.NamedNode) -> str:
    """Return the one value of a property, or an empty text."""
    return next(values(store, subject, name), "")


def number(store: ox.Store, subject: ox.NamedNode, name: ox.NamedNode) -> int:
    """Return the number that a property has, or 0; people may add facts that are none."""
    return next((int(value) for value in values(store, subject, name) if is_number(value)), 0)


def is_number(text: str) -> bool:
    """Whether a text is a number as the generator writes it."""
    return text.isascii() and text.isdigit() and len(text) < 16


def describe(store: ox.Store, node: ox.NamedNode) -> KgSymbol:
    """Return what the graph says of a symbol."""
    types = {value.removeprefix(CODE) for value in values(store, node, RDF_TYPE)}
    kind = next((k for k in _KINDS if k in types), next(iter(sorted(types)), ""))
    file = first(store, node, PROPERTIES.in_file)
    if kind == "Cell":
        return _describe_cell(store, node)
    path = first(store, ox.NamedNode(file) if file else node, PROPERTIES.path)
    name = first(store, node, PROPERTIES.name) or path
    return KgSymbol(
        iri=node.value,
        kind=kind,
        name=name,
        qualified_name=first(store, node, PROPERTIES.qualified_name) or name,
        path=path,
        line=number(store, node, PROPERTIES.start_line),
        cell=cell_of(store, node),
    )


def _describe_cell(store: ox.Store, node: ox.NamedNode) -> KgSymbol:
    """Return a cell: it is named by its place in its notebook."""
    holders = store.quads_for_pattern(None, PROPERTIES.has_cell, node, _DEFAULT)
    notebook = next((quad.subject for quad in holders if isinstance(quad.subject, ox.NamedNode)), None)
    path = first(store, notebook, PROPERTIES.path) if notebook else ""
    position = number(store, node, PROPERTIES.position)
    name = f"cell {position}"
    return KgSymbol(
        iri=node.value,
        kind="Cell",
        name=name,
        qualified_name=f"{path} {name}",
        path=path,
        line=0,
        cell=position,
    )


def cell_of(store: ox.Store, node: ox.NamedNode) -> int | None:
    """Return the position of the cell in which a definition or call site of a notebook begins."""
    cell = first(store, node, PROPERTIES.in_cell)
    return number(store, ox.NamedNode(cell), PROPERTIES.position) if cell else None


def find_symbol(store: ox.Store, text: str) -> list[ox.NamedNode]:
    """Return the nodes of the symbol that a name means; overloads and branches of one name are several.

    Args:
        store: the graph.
        text: a name, qualified as far as it must be, with dots, after the path of its file and a colon if need be
            (`shop/orders.py:total`); the path of a file; or an IRI in `<>`.

    Raises:
        NotFound: `kg.unknown_symbol`, with the nearest names.
        Conflict: `kg.ambiguous_symbol`, with all that it may mean.
    """
    wanted = text.strip().removesuffix("()")
    if wanted.startswith("<") and wanted.endswith(">"):
        node = _iri(wanted[1:-1])
        if node is not None and any(store.quads_for_pattern(node, RDF_TYPE, None, _DEFAULT)):
            return [node]
        raise NotFound(f"the graph says nothing of {wanted[:200]}", code="kg.unknown_symbol")
    by_name: dict[tuple[str, str], list[ox.NamedNode]] = {}
    for node in _meant(store, wanted):
        qualified = first(store, node, PROPERTIES.qualified_name)
        if qualified:
            path = _DECLARES.sub("", _path_of(store, node))
            by_name.setdefault((qualified, path), []).append(node)
    if not by_name:
        raise _unknown(store, wanted)
    if len(by_name) > 1:
        shown = [_place(store, nodes[0]) for _, nodes in sorted(by_name.items())[:_MAX_SHOWN]]
        more = f", and {len(by_name) - _MAX_SHOWN} more" if len(by_name) > _MAX_SHOWN else ""
        raise Conflict(
            f"{wanted} may be any of {len(by_name)} symbols: {', '.join(shown)}{more}",
            code="kg.ambiguous_symbol",
            hint="say more of its qualified name, or the path of its file in front: shop/orders.py:total",
            data={"candidates": [name for name, _ in sorted(by_name)[:100]]},
        )
    return sorted(next(iter(by_name.values())), key=lambda node: node.value)


def _meant(store: ox.Store, wanted: str) -> list[ox.NamedNode]:
    """Return all that a text may mean: a module does not hide a function of its name."""
    path, colon, name = wanted.rpartition(":")
    if colon and path and name:
        inside = [node for node in _meant(store, name) if f"/{_path_of(store, node)}".endswith(f"/{path}")]
        return [node for node in inside if first(store, node, PROPERTIES.in_file)]
    exact = _subjects(store, PROPERTIES.qualified_name, wanted)
    found = exact or _subjects(store, PROPERTIES.path, wanted)
    last = wanted.rpartition(".")[2]
    if last == wanted:
        return list(dict.fromkeys([*found, *_subjects(store, PROPERTIES.name, last)]))
    if found:
        return found
    ending = f".{wanted}"
    named = _subjects(store, PROPERTIES.name, last)
    return [node for node in named if first(store, node, PROPERTIES.qualified_name).endswith(ending)]


def _path_of(store: ox.Store, node: ox.NamedNode) -> str:
    file = first(store, node, PROPERTIES.in_file)
    return first(store, ox.NamedNode(file) if file else node, PROPERTIES.path)


def subjects_named(store: ox.Store, text: str) -> list[ox.NamedNode]:
    """Return the definitions and files that have a text as their name or qualified name, things outside left out."""
    found = [*_subjects(store, PROPERTIES.qualified_name, text), *_subjects(store, PROPERTIES.name, text)]
    return [node for node in found if _is_searchable(store, node)]


def _is_searchable(store: ox.Store, node: ox.NamedNode) -> bool:
    return any(
        any(store.quads_for_pattern(node, name, None, _DEFAULT))
        for name in (PROPERTIES.in_file, PROPERTIES.path)
    )


def _subjects(store: ox.Store, name: ox.NamedNode, value: str) -> list[ox.NamedNode]:
    quads = store.quads_for_pattern(None, name, ox.Literal(value), _DEFAULT)
    return [quad.subject for quad in quads if isinstance(quad.subject, ox.NamedNode)]


def _place(store: ox.Store, node: ox.NamedNode) -> str:
    symbol = describe(store, node)
    if not symbol.path:
        return symbol.qualified_name
    return f"{symbol.qualified_name} ({symbol.path}{f':{symbol.line}' if symbol.line else ''})"


def similar_names(store: ox.Store, wanted: str) -> list[str]:
    """Return the names in the project that are spelled almost like one that is not there."""
    last = wanted.rpartition(".")[2]
    names: set[str] = set()
    for quad in store.quads_for_pattern(None, PROPERTIES.name, None, _DEFAULT):
        if isinstance(quad.object, ox.Literal) and quad.object.value[:1].lower() == last[:1].lower():
            names.add(quad.object.value)
    return nearest(last, _short(names))


def _unknown(store: ox.Store, wanted: str) -> NotFound:
    similar = similar_names(store, wanted)
    return NotFound(
        f"the project defines nothing called {wanted[:200]}",
        code="kg.unknown_symbol",
        hint=f"did you mean {', '.join(similar)}?"
        if similar
        else "%vibe kg find WORDS searches names and documentation",
        data={"similar": similar},
    )


def _short(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if len(name) <= 64)[:5_000]


def _iri(text: str) -> ox.NamedNode | None:
    try:
        return ox.NamedNode(text)
    except ValueError:
        return None
