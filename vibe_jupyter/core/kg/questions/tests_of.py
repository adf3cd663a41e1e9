"""Which tests run a symbol: backwards from it through calls that are certain, and through fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from vibe_jupyter.core.kg.model.testing import Named, is_test
from vibe_jupyter.core.kg.question_schemas import KgTest, KgTests
from vibe_jupyter.core.kg.questions.symbols import PROPERTIES, describe, find_symbol, values

if TYPE_CHECKING:
    from vibe_jupyter.core.kg.schemas import KgSymbol

__all__ = ["tests_of"]

_DEFAULT = ox.DefaultGraph()
_SCRIPT = "Module"


def tests_of(store: ox.Store, kg_id: str, text: str, limit: int) -> KgTests:
    """Return the tests that surely call a symbol, or what calls it, nearest first.

    A class is run by what calls one of its methods, a file by what calls anything that it defines.

    Raises:
        NotFound, Conflict: see `find_symbol`.
    """
    nodes = find_symbol(store, text)
    reached = _with_members(store, nodes)
    level = sorted(reached)
    rows: list[KgTest] = []
    depth = 0
    while level and len(rows) <= limit:
        depth += 1
        found: dict[str, str] = {}
        for callee in level:
            for name in (PROPERTIES.tests, PROPERTIES.calls, PROPERTIES.uses_fixture):
                for quad in store.quads_for_pattern(None, name, ox.NamedNode(callee), _DEFAULT):
                    if isinstance(quad.subject, ox.NamedNode) and quad.subject.value not in reached:
                        found.setdefault(quad.subject.value, callee)
        described = {iri: describe(store, ox.NamedNode(iri)) for iri in found}
        tests = [iri for iri, symbol in described.items() if _is_test(store, symbol)]
        rows.extend(
            KgTest(
                **described[iri].model_dump(),
                depth=depth,
                via=describe(store, ox.NamedNode(found[iri])).qualified_name,
            )
            for iri in sorted(tests, key=lambda iri: (described[iri].path, described[iri].line, iri))
        )
        reached.update(found)
        level = sorted(found.keys() - set(tests))
    return KgTests(
        kg_id=kg_id, symbol=describe(store, nodes[0]), rows=rows[:limit], is_truncated=len(rows) > limit
    )


def _with_members(store: ox.Store, nodes: list[ox.NamedNode]) -> set[str]:
    """Return symbols with all that is defined inside of them."""
    found = {node.value for node in nodes}
    waiting = list(nodes)
    while waiting:
        for quad in store.quads_for_pattern(waiting.pop(), PROPERTIES.defines, None, _DEFAULT):
            if isinstance(quad.object, ox.NamedNode) and quad.object.value not in found:
                found.add(quad.object.value)
                waiting.append(quad.object)
    return found


def _is_test(store: ox.Store, symbol: KgSymbol) -> bool:
    if symbol.kind == _SCRIPT:
        return is_test(symbol.path, None)
    decorators = list(values(store, ox.NamedNode(symbol.iri), PROPERTIES.decorator))
    return is_test(symbol.path, Named(symbol.kind, symbol.name, decorators))
