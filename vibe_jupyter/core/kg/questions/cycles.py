"""Import cycles: files of which each one loads, in the end, itself.

What counts is `code:loads`: imports inside functions and those for types only break a cycle, and are how people do it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.question_schemas import KgCycle, KgCycles
from vibe_jupyter.core.kg.questions.files import files_of, is_under, lies_under, pairs
from vibe_jupyter.core.kg.questions.symbols import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyoxigraph as ox

__all__ = ["components", "import_cycles", "shortest_cycle"]

_SHOWN_FILES = 200
_MOST_STEPS = 2_000_000
"""So many edges are followed to find a shorter cycle; the first one is found in any case."""


def import_cycles(store: ox.Store, kg_id: str, under: str, limit: int) -> KgCycles:
    """Return the files that load one another, each group with one shortest way round.

    Raises:
        NotFound: `kg.no_such_folder`.
    """
    paths = files_of(store)
    wanted = lies_under(under, paths.values())
    loads: dict[str, list[str]] = {path: [] for path in paths.values()}
    for source, target in pairs(store, PROPERTIES.loads):
        if source in paths and target in paths:
            loads[paths[source]].append(paths[target])
    for targets in loads.values():
        targets.sort()
    groups = [sorted(group) for group in components(loads) if len(group) > 1]
    if wanted:
        groups = [group for group in groups if any(is_under(path, wanted) for path in group)]
    groups.sort(key=lambda group: (-len(group), group))
    rows = [
        KgCycle(size=len(group), files=group[:_SHOWN_FILES], cycle=shortest_cycle(loads, group))
        for group in groups[:limit]
    ]
    return KgCycles(kg_id=kg_id, rows=rows, total=len(groups), is_truncated=len(groups) > limit)


def components(edges: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the strongly connected components (R. Tarjan 1972), without recursion.

    >>> sorted(sorted(c) for c in components({"a": ["b"], "b": ["a", "c"], "c": []}))
    [['a', 'b'], ['c']]
    """
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    waiting: list[str] = []
    is_waiting: set[str] = set()
    found: list[list[str]] = []
    for root in edges:
        if root in numbers:
            continue
        path = [(root, iter(edges[root]))]
        numbers[root] = lowest[root] = len(numbers)
        waiting.append(root)
        is_waiting.add(root)
        while path:
            node, following = path[-1]
            for target in following:
                if target not in numbers:
                    numbers[target] = lowest[target] = len(numbers)
                    waiting.append(target)
                    is_waiting.add(target)
                    path.append((target, iter(edges[target])))
                    break
                if target in is_waiting:
                    lowest[node] = min(lowest[node], numbers[target])
            else:
                path.pop()
                if path:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == numbers[node]:
                    group = [waiting.pop()]
                    while group[-1] != node:
                        group.append(waiting.pop())
                    is_waiting.difference_update(group)
                    found.append(group)
    return found


def shortest_cycle(edges: Mapping[str, Sequence[str]], group: Sequence[str]) -> list[str]:
    """Return a way round inside of a component of more than one node, as short as there is one.

    The first of equally short ones, by the order of `group` and of the edges. In a component of tens of thousands of
    edges without a short way round, one that is short from where it begins.
    """
    inside = set(group)
    best: list[str] = []
    steps = 0
    for start in group:
        came_from = {start: ""}
        level = deque([(start, 1)])
        while level:
            node, length = level.popleft()
            if best and length >= len(best):
                break
            for target in edges[node]:
                steps += 1
                if target == start:
                    best = [node]
                    while came_from[best[-1]]:
                        best.append(came_from[best[-1]])
                    best.reverse()
                    level.clear()
                    break
                if target in inside and target not in came_from:
                    came_from[target] = node
                    level.append((target, length + 1))
        if len(best) == 2 or (best and steps > _MOST_STEPS):
            break
    return best
