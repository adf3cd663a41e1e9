"""A graph that is generated again is the graph that a clean generation gives."""

from __future__ import annotations

import random
from pathlib import Path

import pyoxigraph as ox
import pytest

from tests.unit.core.kg.build.projects import change
from vibe_jupyter.core.errors import Conflict
from vibe_jupyter.core.kg.build.generate import generate, generating
from vibe_jupyter.core.kg.store.generations import GraphFolder
from vibe_jupyter.core.locks import Lock


def facts_of(graph: Path) -> set[str]:
    """Return the generated facts, but for when they were generated."""
    store = ox.Store.read_only(str(GraphFolder(graph).existing().store))
    return {
        str(quad.triple)
        for quad in store.quads_for_pattern(None, None, None, ox.DefaultGraph())
        if "#generation:" not in str(quad.triple)
    }


@pytest.mark.parametrize("seed", range(6))
def test_equals_a_clean_generation_after_any_changes(tmp_path: Path, seed: int) -> None:
    chance = random.Random(1000 + seed)
    root = tmp_path / "project"
    root.mkdir()
    for _ in range(10):
        change(root, chance)
    generate(str(tmp_path / "graph"), "kg", str(root))
    for step in range(3):
        for _ in range(chance.randint(1, 2)):
            change(root, chance)
        generate(str(tmp_path / "graph"), "kg", str(root))
        generate(str(tmp_path / f"clean{step}"), "kg", str(root))
        assert facts_of(tmp_path / "graph") == facts_of(tmp_path / f"clean{step}")


def test_makes_no_generation_where_nothing_changed(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "one.py").write_text("def one():\n    return 1\n")
    first = generate(str(tmp_path / "graph"), "kg", str(root))
    second = generate(str(tmp_path / "graph"), "kg", str(root))
    assert second["generation"] == first["generation"]
    assert (second["parsed"], second["added"], second["removed"]) == (0, 0, 0)


def test_every_generation_is_an_activity(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    for text in ("a = 1\n", "b = 2\n"):
        (root / "one.py").write_text(text)
        generate(str(tmp_path / "graph"), "kg", str(root))
    store = ox.Store.read_only(str(GraphFolder(tmp_path / "graph").existing().store))
    activity = ox.NamedNode("http://www.w3.org/ns/prov#Activity")
    kind = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    assert len(list(store.quads_for_pattern(None, kind, activity))) == 2


def test_a_second_writer_is_told_so(tmp_path: Path) -> None:
    graph = tmp_path / "graph"
    graph.mkdir()
    lock = Lock(graph / "build.lock", create=True)
    assert lock.try_take()
    try:
        with pytest.raises(Conflict) as caught:
            generate(str(graph), "kg", str(tmp_path))
        assert caught.value.code == "kg.busy"
    finally:
        lock.close()


def test_a_graph_is_not_removed_while_it_is_generated(tmp_path: Path) -> None:
    folder = GraphFolder(tmp_path / "graph")
    with generating(folder), pytest.raises(Conflict), generating(folder):
        pass
    with generating(folder):
        folder.remove()
    root = tmp_path / "project"
    root.mkdir()
    assert generate(str(tmp_path / "graph"), "kg", str(root))["files"] == 0
