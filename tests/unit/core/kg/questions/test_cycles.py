"""Import cycles are those that loading the files would run into."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.timing import cpu_below
from tests.unit.core.kg.questions.graphs import graph_of
from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.kg.questions.cycles import components, import_cycles, shortest_cycle

FILES = {
    "shop/__init__.py": "from shop.orders import Order\n",
    "shop/orders.py": "from shop import pay\nfrom shop.text import clean\nclass Order: ...\n",
    "shop/pay.py": "from shop.log import note\ndef send(): ...\n",
    "shop/log.py": "import shop.orders\ndef note(): ...\n",
    "shop/text.py": "def clean():\n    from shop.orders import Order\n    return Order()\n",
    "web/a.ts": "import { b } from './b'\nexport const a = () => b()\n",
    "web/b.ts": "import { a } from './a'\nexport const b = () => a()\n",
    "web/types.ts": "import type { a } from './a'\nexport type T = typeof a\n",
    "lib/one.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import lib.two\n",
    "lib/two.py": "import lib.one\n",
    "lib/self.py": "import lib.self\n",
}


def test_a_cycle_is_told_with_its_files_and_one_way_round(tmp_path: Path) -> None:
    found = import_cycles(graph_of(tmp_path, FILES), "shop", "", 10)
    assert [(row.size, row.files, row.cycle) for row in found.rows] == [
        (
            3,
            ["shop/log.py", "shop/orders.py", "shop/pay.py"],
            ["shop/log.py", "shop/orders.py", "shop/pay.py"],
        ),
        (2, ["web/a.ts", "web/b.ts"], ["web/a.ts", "web/b.ts"]),
    ]
    assert (found.total, found.is_truncated) == (2, False)


def test_a_limit_and_a_folder_are_kept(tmp_path: Path) -> None:
    store = graph_of(tmp_path, FILES)
    found = import_cycles(store, "shop", "", 1)
    assert (len(found.rows), found.total, found.is_truncated) == (1, 2, True)
    assert [row.files[0] for row in import_cycles(store, "shop", "./web/", 10).rows] == ["web/a.ts"]
    assert import_cycles(store, "shop", "lib", 10).rows == []
    with pytest.raises(NotFound) as caught:
        import_cycles(store, "shop", "weeb", 10)
    assert (caught.value.code, caught.value.hint) == ("kg.no_such_folder", "did you mean web?")


def reachable(edges: Mapping[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(edges[start])
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(edges[node])
    return found


@pytest.mark.parametrize("seed", range(30))
def test_components_and_ways_round_are_those_of_the_definition(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"n{i:02}" for i in range(chance.randint(1, 14))]
    edges = {name: sorted(chance.sample(names, chance.randint(0, min(3, len(names))))) for name in names}
    reach = {name: reachable(edges, name) for name in names}
    expected = {
        tuple(sorted({name, *(o for o in names if o in reach[name] and name in reach[o])})) for name in names
    }
    groups = components(edges)
    assert {tuple(sorted(group)) for group in groups} == expected
    for group in groups:
        if len(group) > 1:
            cycle = shortest_cycle({n: [t for t in edges[n] if t != n] for n in names}, sorted(group))
            assert all(
                after in edges[node] for node, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True)
            )
            lengths = [way_back(edges, node, set(group)) for node in group]
            assert len(cycle) == min(lengths)


def way_back(edges: Mapping[str, list[str]], start: str, group: set[str]) -> int:
    """The length of the shortest way from a node to itself, loops at one node left out."""
    level, length, seen = {start}, 0, {start}
    while True:
        length += 1
        level = {t for node in level for t in edges[node] if t in group and t != node}
        if start in level:
            return length
        level -= seen
        seen |= level


def test_a_ring_of_ten_thousand_files_needs_no_recursion_and_little_time() -> None:
    names = [f"{i:05}" for i in range(10_000)]
    edges = {name: [names[(i + 1) % len(names)]] for i, name in enumerate(names)}
    with cpu_below(10):
        (group,) = components(edges)
        assert len(shortest_cycle(edges, sorted(group))) == 10_000
