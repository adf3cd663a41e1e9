"""All definitions of a graph with what uses them, read at once: a few scans cost less than many look-ups."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from vibe_jupyter.core.kg.questions.files import files_of, pairs
from vibe_jupyter.core.kg.questions.symbols import PROPERTIES, RDF_TYPE, is_number
from vibe_jupyter.core.kg.store.vocabulary import CODE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Definition", "Definitions"]

_DEFAULT = ox.DefaultGraph()


class Definition(NamedTuple):
    """A definition, with its lines."""

    iri: str
    kind: str
    name: str
    qualified_name: str
    path: str
    start: int
    end: int


class Definitions:
    """The definitions of a graph.

    Args:
        store: the graph.
    """

    def __init__(self, store: ox.Store) -> None:
        self.paths = files_of(store)
        in_file = dict(pairs(store, PROPERTIES.in_file))
        kinds = {
            subject: value.removeprefix(CODE)
            for subject, value in pairs(store, RDF_TYPE)
            if subject in in_file and value.startswith(CODE)
        }
        names = dict(_literals(store, PROPERTIES.name))
        qualified = dict(_literals(store, PROPERTIES.qualified_name))
        starts = {iri: int(text) for iri, text in _literals(store, PROPERTIES.start_line) if is_number(text)}
        ends = {iri: int(text) for iri, text in _literals(store, PROPERTIES.end_line) if is_number(text)}
        self.all = {
            iri: Definition(
                iri,
                kind,
                names.get(iri, ""),
                qualified.get(iri, ""),
                self.paths[in_file[iri]],
                starts.get(iri, 0),
                ends.get(iri, 0),
            )
            for iri, kind in sorted(kinds.items())
            if in_file[iri] in self.paths
        }
        self.externals = {
            iri: names.get(iri, "")
            for quad in store.quads_for_pattern(None, RDF_TYPE, ox.NamedNode(f"{CODE}External"), _DEFAULT)
            if (iri := getattr(quad.subject, "value", ""))
        }
        self.decorators: dict[str, list[str]] = defaultdict(list)
        for iri, decorator in _literals(store, PROPERTIES.decorator):
            self.decorators[iri].append(decorator)
        self.parents: dict[str, str] = {}
        self.members: dict[str, set[str]] = defaultdict(set)
        for parent, iri in pairs(store, PROPERTIES.defines):
            self.parents[iri] = parent
            self.members[parent].add(names.get(iri, ""))
        self._bases: dict[str, list[str]] = defaultdict(list)
        for iri, base in pairs(store, PROPERTIES.inherits):
            self._bases[iri].append(base)
        self.used = set(self._used(store))
        self.ancestors = cache(self._ancestors)

    def around(self, definition: Definition) -> list[str]:
        """Return the definitions that one lies in, the nearest first."""
        found: list[str] = []
        iri = self.parents.get(definition.iri, "")
        while iri in self.all and iri not in found:
            found.append(iri)
            iri = self.parents.get(iri, "")
        return found

    def _ancestors(self, iri: str) -> frozenset[str]:
        """Return all that a class inherits from."""
        found: set[str] = set()
        waiting = [iri]
        while waiting:
            for base in self._bases.get(waiting.pop(), ()):
                if base not in found:
                    found.add(base)
                    waiting.append(base)
        return frozenset(found - {iri})

    def _used(self, store: ox.Store) -> Iterator[str]:
        """Yield what is called from outside of itself, imported, or inherited from."""
        for site, callee in pairs(store, PROPERTIES.callee):
            caller = site.rpartition("@")[0]
            if caller != callee and not caller.startswith(f"{callee}."):
                yield callee
        for name in (PROPERTIES.imports, PROPERTIES.inherits):
            for subject, target in pairs(store, name):
                if subject != target and not subject.startswith(f"{target}."):
                    yield target


def _literals(store: ox.Store, name: ox.NamedNode) -> Iterator[tuple[str, str]]:
    for quad in store.quads_for_pattern(None, name, None, _DEFAULT):
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal):
            yield quad.subject.value, quad.object.value
