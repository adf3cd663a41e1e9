"""What people ask of a project is answered exactly, or it is said what is not known."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from tests.unit.core.kg.questions.graphs import graph_of
from vibe_jupyter.core.errors import Conflict, NotFound
from vibe_jupyter.core.kg.build.generate import generate
from vibe_jupyter.core.kg.questions.calls import impact, path_between, related
from vibe_jupyter.core.kg.questions.symbols import find_symbol
from vibe_jupyter.core.kg.questions.unused import unused
from vibe_jupyter.core.kg.store.generations import GraphFolder

FILES = {
    "shop/__init__.py": "",
    "shop/billing.py": (
        "from shop import pay\n\n\n"
        "class Bill:\n"
        '    """What a customer owes."""\n\n'
        "    def total(self):\n        return 1\n\n"
        "    def charge(self):\n        return pay.send(self.total())\n\n\n"
        "class Invoice(Bill):\n"
        "    def charge(self):\n        return super().charge()\n"
    ),
    "shop/pay.py": (
        "import json\n\n\ndef send(amount):\n    return json.dumps(amount)\n\n\n"
        "def refund(amount):\n    return send(-amount)\n"
    ),
    "shop/app.py": (
        "from shop.billing import Bill\n\n\n"
        "def checkout():\n    bill = Bill()\n    bill.charge()\n\n\n"
        "def guess(thing):\n    thing.refund(1)\n\n\n"
        "def total():\n    return 2\n"
    ),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ox.Store:
    folder = tmp_path_factory.mktemp("shop")
    for path, text in FILES.items():
        file = folder / "project" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    generate(str(folder / "graph"), "shop", str(folder / "project"))
    return ox.Store.read_only(str(GraphFolder(folder / "graph").existing().store))


def names(rows: list) -> list[str]:
    return [row.qualified_name for row in rows]


class TestFinding:
    @pytest.mark.parametrize(
        "text", ["shop.billing.Bill.charge", "billing.Bill.charge", "Bill.charge", "Bill.charge()"]
    )
    def test_a_name_is_qualified_as_far_as_it_must_be(self, store: ox.Store, text: str) -> None:
        assert [n.value.rpartition("#")[2] for n in find_symbol(store, text)] == ["Bill.charge"]

    def test_a_name_of_several_symbols_lists_them(self, store: ox.Store) -> None:
        with pytest.raises(Conflict) as caught:
            find_symbol(store, "charge")
        assert caught.value.code == "kg.ambiguous_symbol"
        assert caught.value.data["candidates"] == ["shop.billing.Bill.charge", "shop.billing.Invoice.charge"]

    def test_an_unknown_name_is_answered_with_near_ones_and_never_for_another(self, store: ox.Store) -> None:
        with pytest.raises(NotFound) as caught:
            find_symbol(store, "shop.pay.refnd")
        assert caught.value.code == "kg.unknown_symbol"
        assert "refund" in (caught.value.hint or "")

    def test_files_of_one_name_are_told_apart(self, tmp_path: Path) -> None:
        run = "def run(): ...\n\ndef {}():\n    run()\n"
        store = graph_of(tmp_path, {"a/main.py": run.format("y"), "b/main.py": run.format("z")})
        with pytest.raises(Conflict) as caught:
            related(store, "shop", "run", "callers", 10)
        assert "a/main.py:1" in caught.value.message
        assert "b/main.py:1" in caught.value.message
        found = related(store, "shop", "b/main.py:run", "callers", 10)
        assert [row.path for row in found.rows] == ["b/main.py"]
        with pytest.raises(NotFound):
            find_symbol(store, "c/main.py:run")

    def test_a_module_hides_no_function_of_its_name(self, tmp_path: Path) -> None:
        store = graph_of(tmp_path, {"charge.py": "def charge(): ...\n"})
        with pytest.raises(Conflict, match="2 symbols"):
            find_symbol(store, "charge")
        assert len(find_symbol(store, "charge.charge")) == len(find_symbol(store, "charge.py")) == 1

    def test_facts_of_people_that_are_no_numbers_break_nothing(self, tmp_path: Path) -> None:
        graph = graph_of(tmp_path, {"m.py": "def f(): ...\n\ndef g():\n    f()\n"})
        store = ox.Store()
        store.extend(list(graph))
        code = "https://w3id.org/vibe-jupyter/code#"
        for subject in list(graph.quads_for_pattern(None, ox.NamedNode(f"{code}startLine"), None)):
            store.add(ox.Quad(subject.subject, ox.NamedNode(f"{code}startLine"), ox.Literal("<b>x</b>")))
        for call in list(graph.quads_for_pattern(None, ox.NamedNode(f"{code}line"), None)):
            store.add(ox.Quad(call.subject, ox.NamedNode(f"{code}line"), ox.Literal("NaN")))
        (row,) = related(store, "shop", "f", "callers", 10).rows
        assert (row.line, row.at_line) == (3, 4)
        assert unused(store, "shop", tmp_path / "project", "", 10).examined == 2

    def test_a_part_of_a_name_is_no_name(self, store: ox.Store) -> None:
        with pytest.raises(NotFound):
            find_symbol(store, "illing.Bill")


class TestCalls:
    def test_callers_are_call_sites_with_their_lines(self, store: ox.Store) -> None:
        found = related(store, "shop", "pay.send", "callers", 10)
        assert [(r.qualified_name, r.path, r.at_line, r.resolution) for r in found.rows] == [
            ("shop.billing.Bill.charge", "shop/billing.py", 11, "imported"),
            ("shop.pay.refund", "shop/pay.py", 9, "scoped"),
        ]

    def test_a_guess_by_the_name_is_told_as_one(self, store: ox.Store) -> None:
        found = related(store, "shop", "refund", "callers", 10)
        assert [(r.qualified_name, r.resolution) for r in found.rows] == [("shop.app.guess", "unique-name")]

    def test_callees_tell_what_lies_outside(self, store: ox.Store) -> None:
        found = related(store, "shop", "pay.send", "callees", 10)
        assert [(r.kind, r.name, r.resolution) for r in found.rows] == [
            ("External", "json.dumps", "external")
        ]

    def test_a_limit_is_told(self, store: ox.Store) -> None:
        found = related(store, "shop", "pay.send", "callers", 1)
        assert (len(found.rows), found.is_truncated) == (1, True)

    def test_impact_goes_on_from_user_to_user_with_the_certainty_of_the_way(self, store: ox.Store) -> None:
        found = impact(store, "shop", "pay.send", 100)
        rows = {row.qualified_name: (row.depth, row.certainty) for row in found.rows}
        assert rows["shop.billing.Bill.charge"] == (1, "certain")
        assert rows["shop.app.checkout"] == (2, "certain")
        assert rows["shop.billing.Invoice.charge"] == (2, "certain")
        assert rows["shop.app.guess"] == (2, "likely")

    def test_a_class_reaches_those_that_inherit_from_it(self, store: ox.Store) -> None:
        assert "shop.billing.Invoice" in names(impact(store, "shop", "Bill", 100).rows)

    def test_a_path_is_the_shortest_way_of_calls(self, store: ox.Store) -> None:
        found = path_between(store, "shop", "checkout", "pay.send")
        assert names(found.steps) == ["shop.app.checkout", "shop.billing.Bill.charge", "shop.pay.send"]

    def test_no_path_is_no_steps(self, store: ox.Store) -> None:
        assert path_between(store, "shop", "pay.send", "checkout").steps == []
