"""A build reads what changed and nothing else, and trusts nothing that it cannot read back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from tests.unit.core.kg.build.project import Project
from vibe_jupyter.core.kg.build.facts_cache import FactsCache
from vibe_jupyter.core.kg.build.generate import generate
from vibe_jupyter.core.kg.build.manifest import read_manifest, write_manifest
from vibe_jupyter.core.kg.extract.python import extract_python
from vibe_jupyter.core.kg.store.generations import GraphFolder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(tmp_path)
    found.write("shop/orders.py", "class Order:\n    def save(self): ...\n")
    found.write("run.py", "from shop.orders import Order\ndef main(): Order().save()\n")
    found.write("other.py", "def unrelated(): ...\n")
    found.build()
    return found


def test_only_files_that_changed_are_parsed(project: Project) -> None:
    project.write("other.py", "def unrelated(): ...\ndef more(): ...\n")
    built = project.build()
    assert (built.parsed, built.rewritten) == (1, ["other.py"])


def test_a_comment_rewrites_its_file_alone(project: Project, tmp_path: Path) -> None:
    project.write("shop/orders.py", "# a remark\nclass Order:\n    def save(self): ...\n")
    built = project.build()
    assert (built.parsed, built.rewritten) == (1, ["shop/orders.py"])
    assert built.blocks == project.clean(tmp_path)


def test_a_change_reaches_the_files_that_use_it(project: Project, tmp_path: Path) -> None:
    project.write("shop/orders.py", "class Base:\n    def save(self): ...\nclass Order(Base): ...\n")
    built = project.build()
    assert (built.parsed, built.rewritten) == (1, ["run.py", "shop/orders.py"])
    assert built.blocks == project.clean(tmp_path)


def test_a_file_that_was_touched_is_read_and_not_rewritten(project: Project) -> None:
    project.write("other.py", "def unrelated(): ...\n")
    built = project.build()
    assert (built.parsed, built.rewritten) == (0, [])


def test_a_file_that_moved_is_not_parsed_again(project: Project, tmp_path: Path) -> None:
    (project.root / "other.py").rename(project.root / "moved.py")
    built = project.build()
    assert (built.parsed, built.rewritten) == (0, ["moved.py"])
    assert built.blocks == project.clean(tmp_path)


def test_a_new_init_renames_the_modules_below_it(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("lib/tools/one.py", "def f(): ...\n")
    project.write("lib/tools/two.py", "from one import f\nf()\n")
    assert '"one"' in project.build().blocks["lib/tools/one.py"]
    project.write("lib/tools/__init__.py", "")
    built = project.build()
    assert (built.parsed, built.rewritten) == (
        1,
        ["lib/tools/__init__.py", "lib/tools/one.py", "lib/tools/two.py"],
    )
    assert '"tools.one"' in built.blocks["lib/tools/one.py"]
    assert built.blocks == project.clean(tmp_path)


def test_a_second_function_of_a_name_ends_a_guess_elsewhere(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("a.py", "class A:\n    def only(self): ...\n")
    project.write("b.py", "def f(x): x.only()\n")
    assert "unique-name" in project.build().blocks["b.py"]
    project.write("c.py", "def only(): ...\n")
    built = project.build()
    assert built.rewritten == ["b.py", "c.py"]
    assert "unique-name" not in built.blocks["b.py"]


@pytest.mark.parametrize("use", ["class Order(Base): ...", "made = Base\nclass Order(made): ..."])
def test_a_branch_that_is_none_any_more_reaches_the_files_that_use_it(
    project: Project, tmp_path: Path, use: str
) -> None:
    bases = "class A:\n    def save(self): ...\nclass B:\n    def save(self): ...\n"
    project.write("shop/orders.py", f"{bases}if A:\n    Base = A\nelse:\n    Base = B\n{use}\n")
    assert "#A.save" in project.build().blocks["run.py"]
    project.write("shop/orders.py", f"{bases}if A:\n    Base = A\nBase = B\n{use}\n")
    built = project.build()
    assert "#B.save" in built.blocks["run.py"]
    assert built.blocks == project.clean(tmp_path)


def test_a_file_that_cannot_be_read_is_in_the_graph_with_the_reason(project: Project) -> None:
    project.write("blob.py", b"x = '\x00'\n")
    project.write("broken.py", "def f(:\n    pass\ndef g(): ...\n")
    built = project.build()
    assert built.problems == {"blob.py": "binary"}
    assert 'code#problem> "binary"' in built.blocks["blob.py"]
    assert "broken.py#g" in built.blocks["broken.py"]
    assert "expected ')'" in built.blocks["broken.py"]


def test_a_file_that_could_not_be_opened_is_tried_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("late.py", "def late(): ...\n")
    opened = Path.open

    def refuse(self: Path, *how: Any, **more: Any) -> Any:
        if self.name == "late.py":
            raise PermissionError(13, "Permission denied")
        return opened(self, *how, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        assert project.build().problems == {"late.py": "cannot be read: Permission denied"}
    built = project.build()
    assert built.problems == {}
    assert "late.py#late" in built.blocks["late.py"]


def test_a_file_that_changes_between_two_looks_is_what_was_parsed(project: Project) -> None:
    """The hash that is kept is of the bytes that the facts are of."""
    project.write("other.py", "def second(): ...\n")
    built = project.build()
    record = next(r for r in built.manifest.files if r.path == "other.py")
    with closing(FactsCache(project.cache)) as cache:
        assert cache.get(record.sha, "python") == extract_python((project.root / "other.py").read_bytes())


def _delete(cache: Path) -> None:
    cache.unlink()


def _garble(cache: Path) -> None:
    cache.write_bytes(b"this is no database" * 500)


def _forget_rows(cache: Path) -> None:
    with closing(FactsCache(cache)) as facts:
        facts.keep_only(set())


def _damage_rows(cache: Path) -> None:
    with closing(FactsCache(cache)) as facts:
        facts._connection.execute("UPDATE facts SET body = x'c1'")


@pytest.mark.parametrize("harm", [_delete, _garble, _forget_rows, _damage_rows])
@pytest.mark.parametrize("path", ["run.py", "shop/orders.py"])
def test_a_cache_that_is_lost_or_damaged_is_made_again(
    project: Project, tmp_path: Path, harm: Callable[[Path], None], path: str
) -> None:
    harm(project.cache)
    project.write(path, (project.root / path).read_text() + "def added(): Order()\n")
    assert project.build().blocks == project.clean(tmp_path)


def test_a_manifest_comes_back_as_it_was_written(project: Project, tmp_path: Path) -> None:
    assert project.old is not None
    write_manifest(tmp_path, project.old)
    assert read_manifest(tmp_path) == project.old


@pytest.mark.parametrize("content", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x80"])
def test_a_damaged_manifest_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.msgpack").write_bytes(content)
    assert read_manifest(tmp_path) is None


def test_facts_of_another_version_are_read_anew(project: Project, tmp_path: Path) -> None:
    assert project.old is not None
    project.old.extractor -= 1
    built = project.build()
    assert len(built.rewritten) == 3
    assert built.blocks == project.clean(tmp_path)


@pytest.mark.parametrize(
    "words",
    ["a form feed \x0c here", "U+2028 \u2028 here", "\x1c\x1d\x85", 'quoted " and \\ and <b> .'],
)
def test_strange_words_are_replaced_as_any_other(tmp_path: Path, words: str) -> None:
    graph, other = tmp_path / "graph", tmp_path / "clean"
    project = Project(tmp_path)
    base = "https://w3id.org/vibe-jupyter/graph/kg/#external:json.loads"
    for i in range(8):
        project.write(f"more{i}.py", "import json\njson.loads()\n")
    for text in (f'r"""{words} <{base}> ."""\ndef f(): ...\n', 'def f():\n    """Now without."""\n'):
        project.write("a.py", text)
        generate(str(graph), "kg", str(project.root))
    generate(str(other), "kg", str(project.root))
    assert _triples(graph) == _triples(other)


def _triples(graph: Path) -> set[str]:
    store = ox.Store.read_only(str(GraphFolder(graph).existing().store))
    return {str(quad.triple) for quad in store if "#generation:" not in str(quad.triple)}
