"""Text search over names and documentation: exact names first, parts, no other symbol in silence."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pyoxigraph as ox
import pytest

from tests.unit.core.kg.questions.graphs import write
from vibe_jupyter.core.errors import Conflict
from vibe_jupyter.core.kg.build.generate import generate
from vibe_jupyter.core.kg.questions.find import find
from vibe_jupyter.core.kg.schemas import KgSymbols
from vibe_jupyter.core.kg.store.generations import GraphFolder
from vibe_jupyter.core.kg.store.writing import beside
from vibe_jupyter.widgets.rendering import as_text

FILES = {
    "shop/__init__.py": "",
    "shop/orders.py": """
        class OrderTotals:
            '''What a customer owes, \U0001f9fe and "more".'''

            def total(self): ...

        def order_total(): ...

        def grand_total_of_orders(): ...
    """,
    "shop/pay.py": """
        def pay(total):
            '''Pay a bill over a card.'''
    """,
    "docs/broken.py": "def broken(:\n",
}


class Project:
    """A project on disk with its graph."""

    def __init__(self, folder: Path) -> None:
        self.root, self._graph = folder / "project", folder / "graph"

    def generate(self, *, clean: bool = False) -> None:
        generate(str(self._graph), "shop", str(self.root), clean=clean)

    @property
    def beside(self) -> Path:
        return beside(GraphFolder(self._graph).existing())

    def find(self, text: str, limit: int = 20) -> KgSymbols:
        store = ox.Store.read_only(str(GraphFolder(self._graph).existing().store))
        return find(store, "shop", self.beside, text, limit)

    def names(self, text: str) -> list[str]:
        return [symbol.qualified_name for symbol in self.find(text).symbols]

    def entries(self) -> list[tuple[str, ...]]:
        with sqlite3.connect(self.beside / "words.db") as database:
            return sorted(database.execute("SELECT iri, name, qualified_name, documentation FROM words"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    write(made.root, FILES)
    made.generate()
    return made


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("total", "shop.orders.OrderTotals.total"),
        ("order_total", "shop.orders.order_total"),
        ("order total", "shop.orders.order_total"),
        ("OrderTotals", "shop.orders.OrderTotals"),
        ("ordertotals", "shop.orders.OrderTotals"),
        ("customer owes", "shop.orders.OrderTotals"),
        ("shop.orders.order_total()", "shop.orders.order_total"),
        ("gran", "shop.orders.grand_total_of_orders"),
        ("card", "shop.pay.pay"),
    ],
)
def test_the_best_comes_first(project: Project, text: str, first: str) -> None:
    assert project.names(text)[0] == first


def test_all_words_must_be_there(project: Project) -> None:
    found = project.find("total zebra")
    assert (found.symbols, found.is_truncated, found.is_exact) == ([], False, False)


def test_a_name_that_is_not_there_is_said(project: Project) -> None:
    assert project.find("order_total").is_exact
    assert not project.find("orders_total_of").is_exact
    assert not project.find("gran").is_exact
    assert project.find("ordr_total").similar[0] == "order_total"


def test_a_name_may_be_qualified_as_far_as_one_likes(project: Project) -> None:
    found = project.find("OrderTotals.total")
    assert (found.symbols[0].qualified_name, found.is_exact) == ("shop.orders.OrderTotals.total", True)
    assert not project.find("orders.total").is_exact


def test_near_names_are_shown_as_such(project: Project) -> None:
    for text, is_said in (("orders.total", True), ("OrderTotals.total", False), ("order total", False)):
        shown = as_text(project.find(text))
        assert ("nothing is called" in shown) == is_said, shown


def test_a_cut_search_says_so(project: Project) -> None:
    found = project.find("shop", 2)
    assert (len(found.symbols), found.is_truncated) == (2, True)


@pytest.mark.parametrize(
    "text",
    [
        '"',
        "*",
        "total*",
        'a" OR "b',
        "name:total",
        "NEAR(a b)",
        "-total",
        "()",
        "{}",
        "\x00",
        "^t",
        "🧾",
    ],
)
def test_text_is_never_an_expression(project: Project, text: str) -> None:
    assert isinstance(project.find(text).symbols, list)


def test_a_file_with_mistakes_is_found(project: Project) -> None:
    assert "docs/broken.py" in [symbol.path for symbol in project.find("broken").symbols]


def test_a_change_leaves_the_index_as_a_clean_build_does(project: Project) -> None:
    write(project.root, {"shop/pay.py": "def refund(): ...\n", "shop/new.py": "class Fresh: ...\n"})
    (project.root / "docs/broken.py").unlink()
    for i in range(12):  # so many that one change is no reason to load anew
        write(project.root, {f"more/m{i}.py": f"def f{i}(): ...\n"})
    project.generate()
    write(project.root, {"shop/pay.py": "def charge(): ...\n"})
    (project.root / "more/m3.py").unlink()
    project.generate()
    changed = project.entries()
    assert project.names("charge") == ["shop.pay.charge"]
    assert project.names("refund") == project.names("f3") == project.names("broken") == []
    project.generate(clean=True)
    assert project.entries() == changed


def test_a_graph_without_an_index_says_what_to_do(project: Project) -> None:
    (project.beside / "words.db").unlink()
    with pytest.raises(Conflict, match="older version"):
        project.find("total")
