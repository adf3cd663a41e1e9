"""Who calls whom: directly, transitively, and on which way."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import pyoxigraph as ox

from vibe_jupyter.core.kg.questions.symbols import PROPERTIES, cell_of, describe, find_symbol, first, number
from vibe_jupyter.core.kg.schemas import KgAffected, KgImpact, KgPath, KgRelated, KgRelations, KgSymbol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

__all__ = ["impact", "path_between", "related"]

_DEFAULT = ox.DefaultGraph()
_CERTAIN = ("scoped", "imported")


def related(
    store: ox.Store, kg_id: str, text: str, relation: Literal["callers", "callees"], limit: int
) -> KgRelations:
    """Return the call sites of a symbol, or those in it; a guess by the name alone is marked as one.

    Raises:
        NotFound, Conflict: see `find_symbol`.
    """
    nodes = find_symbol(store, text)
    rows: list[KgRelated] = []
    for node in nodes:
        for site, other in _sites(store, node, relation):
            described = describe(store, other)
            rows.append(
                KgRelated.model_validate(
                    {
                        **described.model_dump(),
                        "at_line": number(store, site, PROPERTIES.line),
                        "at_cell": cell_of(store, site),
                        "resolution": first(store, site, PROPERTIES.resolution) or "unresolved",
                    }
                )
            )
    rows.sort(
        key=lambda row: (
            row.resolution not in _CERTAIN,
            row.path,
            row.at_cell or 0,
            row.at_line,
            row.qualified_name,
        )
    )
    return KgRelations(
        kg_id=kg_id,
        symbol=describe(store, nodes[0]),
        relation=relation,
        rows=rows[:limit],
        is_truncated=len(rows) > limit,
    )


def impact(store: ox.Store, kg_id: str, text: str, limit: int) -> KgImpact:
    """Return all that calls a symbol, inherits from it or has it as a fixture, directly or not, nearest first.

    A way is as certain as its least certain step; of two ways to the same symbol the shorter one is told, and of two
    equally long ones the certain one.

    Raises:
        NotFound, Conflict: see `find_symbol`.
    """
    nodes = find_symbol(store, text)
    rows: list[KgAffected] = []
    reached = {node.value for node in nodes}
    level = [(node, True) for node in nodes]
    depth = 0
    while level and len(rows) <= limit:
        depth += 1
        found: dict[str, tuple[bool, ox.NamedNode]] = {}
        for node, is_certain in level:
            for user, step_is_certain in _users(store, node):
                if user.value in reached:
                    continue
                certain = is_certain and step_is_certain
                if user.value not in found or (certain and not found[user.value][0]):
                    found[user.value] = (certain, node)
        level = []
        for iri, (certain, via) in sorted(found.items()):
            reached.add(iri)
            node = ox.NamedNode(iri)
            level.append((node, certain))
            rows.append(
                KgAffected(
                    **describe(store, node).model_dump(),
                    depth=depth,
                    certainty="certain" if certain else "likely",
                    via=describe(store, via).qualified_name,
                )
            )
    return KgImpact(
        kg_id=kg_id, symbol=describe(store, nodes[0]), rows=rows[:limit], is_truncated=len(rows) > limit
    )


def path_between(store: ox.Store, kg_id: str, source: str, target: str) -> KgPath:
    """Return the shortest way of certain calls from one symbol to another.

    Raises:
        NotFound, Conflict: see `find_symbol`.
    """
    starts, ends = find_symbol(store, source), {node.value for node in find_symbol(store, target)}
    came_from: dict[str, str] = {node.value: "" for node in starts}
    waiting = deque(node.value for node in starts)
    steps: list[KgSymbol] = []
    while waiting:
        here = waiting.popleft()
        if here in ends:
            while here:
                steps.append(describe(store, ox.NamedNode(here)))
                here = came_from[here]
            break
        for quad in store.quads_for_pattern(ox.NamedNode(here), PROPERTIES.calls, None, _DEFAULT):
            if isinstance(quad.object, ox.NamedNode) and quad.object.value not in came_from:
                came_from[quad.object.value] = here
                waiting.append(quad.object.value)
    return KgPath(
        kg_id=kg_id,
        source=describe(store, starts[0]),
        target=describe(store, ox.NamedNode(min(ends))),
        steps=steps[::-1],
    )


def _sites(
    store: ox.Store, node: ox.NamedNode, relation: Literal["callers", "callees"]
) -> Iterator[tuple[ox.NamedNode, ox.NamedNode]]:
    """Yield the call sites, each with the symbol at its other end."""
    mine, others = (
        (PROPERTIES.callee, PROPERTIES.caller)
        if relation == "callers"
        else (PROPERTIES.caller, PROPERTIES.callee)
    )
    for quad in store.quads_for_pattern(None, mine, node, _DEFAULT):
        site = quad.subject
        if not isinstance(site, ox.NamedNode):
            continue
        for other in store.quads_for_pattern(site, others, None, _DEFAULT):
            if isinstance(other.object, ox.NamedNode):
                yield site, other.object


def _users(store: ox.Store, node: ox.NamedNode) -> Iterator[tuple[ox.NamedNode, bool]]:
    """Yield what uses a symbol, each with whether that is certain."""
    for site, caller in _sites(store, node, "callers"):
        yield caller, first(store, site, PROPERTIES.resolution) in _CERTAIN
    for name in (PROPERTIES.inherits, PROPERTIES.uses_fixture):
        for quad in store.quads_for_pattern(None, name, node, _DEFAULT):
            if isinstance(quad.subject, ox.NamedNode):
                yield quad.subject, True
