"""Where the nodes of a small graph are drawn: in columns, so that edges lead from left to right where they can.

Longest-path layers and barycentre sweeps after Sugiyama, Tagawa and Toda (1981), without their dummy nodes. The same
graph is always laid out in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["columns_of"]

_SWEEPS = 6
_ALONE_IN_A_COLUMN = 8


def columns_of(count: int, edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the nodes 0 to `count` - 1 in columns, each from top to bottom; those without edges come last.

    >>> columns_of(4, [(0, 1), (1, 2), (2, 1)])
    [[0], [1], [2], [3]]
    """
    pairs = sorted({(a, b) for a, b in edges if a != b})
    forward = _without_circles(count, pairs)
    linked = {node for pair in pairs for node in pair}
    depth = _depths(count, forward)
    columns: list[list[int]] = [[] for _ in range(max((depth[node] for node in linked), default=-1) + 1)]
    for node in range(count):
        if node in linked:
            columns[depth[node]].append(node)
    _untangle(columns, forward)
    alone = [node for node in range(count) if node not in linked]
    columns += [alone[i : i + _ALONE_IN_A_COLUMN] for i in range(0, len(alone), _ALONE_IN_A_COLUMN)]
    return columns


def _without_circles(count: int, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the edges with those turned round that close a circle."""
    following: list[list[int]] = [[] for _ in range(count)]
    entered = [0] * count
    for a, b in pairs:
        following[a].append(b)
        entered[b] += 1
    state = [0] * count  # 1: on the way from the root, 2: done
    turned: set[tuple[int, int]] = set()
    for root in sorted(range(count), key=lambda node: (entered[node], node)):
        if state[root]:
            continue
        state[root] = 1
        way = [(root, iter(following[root]))]
        while way:
            node, rest = way[-1]
            upcoming = next(rest, None)
            if upcoming is None:
                state[node] = 2
                way.pop()
            elif state[upcoming] == 1:
                turned.add((node, upcoming))
            elif not state[upcoming]:
                state[upcoming] = 1
                way.append((upcoming, iter(following[upcoming])))
    return sorted({(b, a) if (a, b) in turned else (a, b) for a, b in pairs})


def _depths(count: int, forward: Sequence[tuple[int, int]]) -> list[int]:
    depth = [0] * count
    for _ in range(count):
        is_settled = True
        for a, b in forward:
            if depth[b] <= depth[a]:
                depth[b] = depth[a] + 1
                is_settled = False
        if is_settled:
            break
    for node in range(count):  # a source stands next to what it leads to
        ends = [depth[b] for a, b in forward if a == node]
        if ends and not any(b == node for _, b in forward):
            depth[node] = min(ends) - 1
    return depth


def _untangle(columns: list[list[int]], forward: Sequence[tuple[int, int]]) -> None:
    """Order each column by the mean height of the neighbours, to and fro."""
    neighbours: dict[int, list[int]] = {}
    for a, b in forward:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    height = {
        node: i - len(column) / 2 for column in columns for i, node in enumerate(column)
    }  # columns are centred
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = {
                node: sum(height[other] for other in neighbours[node]) / len(neighbours[node])
                for node in column
            }
            column.sort(key=lambda node: (wanted[node], node))
            for i, node in enumerate(column):
                height[node] = i - len(column) / 2
