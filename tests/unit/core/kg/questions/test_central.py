"""The most central files are those that the most rests on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.timing import cpu_below
from tests.unit.core.kg.questions.graphs import graph_of
from vibe_jupyter.core.kg.questions.central import central_modules, page_ranks

FILES = {
    "core.py": "class Base: ...\n",
    "a.py": "from core import Base\nclass A(Base): ...\n",
    "b.py": "from core import Base\nfrom a import A\n",
    "c.py": "import core\nimport json\n",
    "lonely.py": "import json\n",
}


def test_what_others_use_comes_first_with_how_many_they_are(tmp_path: Path) -> None:
    found = central_modules(graph_of(tmp_path, FILES), "shop", "", 10)
    assert [(row.path, row.used_by, row.uses) for row in found.rows] == [
        ("core.py", 3, 0),
        ("a.py", 1, 1),
        ("b.py", 0, 2),
        ("c.py", 0, 1),
    ]
    assert found.total == 4
    short = central_modules(graph_of(tmp_path, FILES), "shop", "", 1)
    assert ([row.path for row in short.rows], short.is_truncated) == (["core.py"], True)


def test_ranks_are_those_of_the_equation() -> None:
    """Every rank is 0.15/n and 0.85 of what is passed on to it; an end passes its rank to all."""
    chance = random.Random(1)
    edges = [
        [(target, chance.randint(1, 5)) for target in chance.sample(range(30), chance.randint(0, 6))]
        for _ in range(30)
    ]
    ranks = page_ranks(edges)
    assert sum(ranks) == pytest.approx(1)
    expected = [0.15 / 30] * 30
    for source, targets in enumerate(edges):
        for target, weight in targets or [(other, 1) for other in range(30)]:
            expected[target] += 0.85 * ranks[source] * weight / (sum(w for _, w in targets) or 30)
    assert ranks == pytest.approx(expected, abs=2e-3)
    assert page_ranks([]) == []


def test_five_thousand_files_are_ranked_in_seconds() -> None:
    chance = random.Random(2)
    edges = [[(chance.randrange(5_000), 1) for _ in range(10)] for _ in range(5_000)]
    with cpu_below(10):
        assert page_ranks(edges) == page_ranks(edges)
