"""The history in the graph: kept up to date as all else is, and asked who knows what."""

from __future__ import annotations

import random
from pathlib import Path

import pyoxigraph as ox
import pytest

from tests.unit.core.kg.history.repositories import Repository
from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.kg.build.generate import generate
from vibe_jupyter.core.kg.questions.who import who_knows
from vibe_jupyter.core.kg.store.generations import GraphFolder


def store_of(folder: Path) -> ox.Store:
    return ox.Store.read_only(str(GraphFolder(folder).existing().store))


def facts(folder: Path) -> set[str]:
    """Every fact but those of the generations themselves."""
    lines = {str(quad) for quad in store_of(folder)}
    return {line for line in lines if "#generation:" not in line}


@pytest.mark.parametrize("seed", range(6))
def test_equals_a_clean_graph_after_any_commits(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    repository = Repository(tmp_path / "project")
    names = [f"m{i}.py" for i in range(8)]
    repository.commit({name: f"def f{name[1]}(): ...\n" for name in names})
    for step in range(4):
        for _ in range(chance.randint(0, 3)):
            chosen = chance.sample(names, chance.randint(1, 3))
            text = f"def g(): return {chance.random()}\n"
            repository.commit(dict.fromkeys(chosen, text), chance.choice(["Ann", "Bob"]))
        if chance.random() < 0.3:
            (repository.root / chance.choice(names)).unlink(missing_ok=True)
        generate(str(tmp_path / "graph"), "kg", str(repository.root))
        generate(str(tmp_path / f"clean{step}"), "kg", str(repository.root))
        assert facts(tmp_path / "graph") == facts(tmp_path / f"clean{step}")


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.commit({"a.py": "def f(): ...\n"})
    first = generate(str(tmp_path / "graph"), "kg", str(repository.root))
    again = generate(str(tmp_path / "graph"), "kg", str(repository.root))
    assert (again["generation"], again["added"]) == (first["generation"], 0)
    repository.commit({"other.txt": "x"})
    assert generate(str(tmp_path / "graph"), "kg", str(repository.root))["added"] > 0


def test_who_knows_code(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.commit({"a.py": "def f(): ...\n"}, "Ann")
    repository.commit({"a.py": "def f(): return 1\n", "b.py": "x = 1\n"}, "Bob")
    repository.commit({"a.py": "def f(): return 2\n"}, "Bob")
    generate(str(tmp_path / "graph"), "kg", str(repository.root))
    store = store_of(tmp_path / "graph")
    found = who_knows(store, "kg", "a.f", 10)
    assert [(row.name, row.email, row.commits) for row in found.rows] == [
        ("Bob", "bob@example.org", 2),
        ("Ann", "ann@example.org", 1),
    ]
    assert found.commits == 3
    assert sum(row.share for row in found.rows) == pytest.approx(1, abs=1e-3)
    assert [row.name for row in who_knows(store, "kg", "b.py", 10).rows] == ["Bob"]


def test_commits_that_people_made_up_break_nothing(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.commit({"a.py": "def f(): ...\n"}, "Ann")
    generate(str(tmp_path / "graph"), "kg", str(repository.root))
    store = ox.Store()
    store.extend(list(store_of(tmp_path / "graph")))
    store.update(
        """PREFIX code: <https://w3id.org/vibe-jupyter/code#> INSERT { <urn:a> code:changed ?f .
        <urn:b> code:changed ?f ; code:author <urn:me> ; code:committedAt "soon" .
        <urn:c> code:changed ?f ; code:author <urn:me> ; code:committedAt "2026-01-01T00:00:00" }
        WHERE { ?f a code:File }"""
    )
    assert [(row.name, row.commits) for row in who_knows(store, "kg", "a.f", 10).rows] == [("Ann", 1)]


def test_files_that_change_together(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    for number in range(3):
        repository.commit({"a.py": f"a = {number}\n", "b.py": f"b = {number}\n"})
    repository.commit({"b.py": "b = 9\n", "c.py": "c = 9\n"})
    generate(str(tmp_path / "graph"), "kg", str(repository.root))
    rows = store_of(tmp_path / "graph").query(
        "PREFIX code: <https://w3id.org/vibe-jupyter/code#> SELECT ?path ?n "
        "{ ?c a code:CoChange ; code:count ?n ; code:file/code:path ?path } ORDER BY ?path"
    )
    assert [(row["path"].value, row["n"].value) for row in rows] == [("a.py", "3"), ("b.py", "3")]  # type: ignore[union-attr]


def test_a_project_without_a_history_says_so(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/a.py").write_text("def f(): ...\n")
    generate(str(tmp_path / "graph"), "kg", str(tmp_path / "project"))
    with pytest.raises(NotFound) as caught:
        who_knows(store_of(tmp_path / "graph"), "kg", "f", 10)
    assert caught.value.code == "kg.no_history"


def test_other_names_for_people_are_seen(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.commit({"a.py": "x = 1\n"})
    generate(str(tmp_path / "graph"), "kg", str(repository.root))
    (repository.root / ".mailmap").write_text("Zed <zed@example.org> <ann@example.org>\n")
    generate(str(tmp_path / "graph"), "kg", str(repository.root))
    assert [row.name for row in who_knows(store_of(tmp_path / "graph"), "kg", "a.py", 9).rows] == ["Zed"]


def test_a_shallow_clone_says_so_until_it_is_whole(tmp_path: Path) -> None:
    origin = Repository(tmp_path / "origin")
    for number, who in enumerate(["Ann", "Ann", "Bob"]):
        origin.commit({"a.py": f"x = {number}\n"}, who)
    origin.git("clone", "-q", "--depth", "1", f"file://{origin.root}", str(tmp_path / "project"))
    generate(str(tmp_path / "graph"), "kg", str(tmp_path / "project"))
    assert any("shallow clone" in fact for fact in facts(tmp_path / "graph"))
    origin.git("-C", str(tmp_path / "project"), "fetch", "-q", "--unshallow")
    generate(str(tmp_path / "graph"), "kg", str(tmp_path / "project"))
    generate(str(tmp_path / "clean"), "kg", str(tmp_path / "project"))
    assert facts(tmp_path / "graph") == facts(tmp_path / "clean")
    assert not any("shallow clone" in fact for fact in facts(tmp_path / "graph"))


def test_a_clean_graph_trusts_no_history_that_was_kept(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.commit({"a.py": "x = 1\n"})
    generate(str(tmp_path / "graph"), "kg", str(repository.root))
    (kept,) = (tmp_path / "graph").rglob("history.nt")
    kept.write_text("")
    generate(str(tmp_path / "graph"), "kg", str(repository.root), clean=True)
    assert len(who_knows(store_of(tmp_path / "graph"), "kg", "a.py", 9).rows) == 1
