"""The tests of a symbol are those that surely run it."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from tests.unit.core.kg.questions.graphs import graph_of
from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.kg.questions.tests_of import tests_of as those_that_test

FILES = {
    "shop/__init__.py": "",
    "shop/prices.py": """
        def parse_price(text):
            return float(text)
        def total(texts):
            return sum(parse_price(text) for text in texts)
        def unseen():
            return parse_price("1")
    """,
    "shop/orders.py": """
        from shop.prices import total
        class Order:
            def pay(self):
                return total([])
    """,
    "tests/conftest.py": "from shop.orders import Order\ndef make_order():\n    return Order()\n",
    "tests/test_prices.py": """
        from shop.prices import parse_price, total
        def test_parse():
            assert parse_price("1") == 1
        def test_total():
            assert total(["1"]) == 1
        def test_guess(thing):
            thing.unseen()
    """,
    "tests/test_orders.py": """
        from shop.orders import Order
        from tests.conftest import make_order
        class TestOrder:
            def test_pay(self):
                Order().pay()
            def test_made(self):
                make_order()
    """,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ox.Store:
    return graph_of(tmp_path_factory.mktemp("shop"), FILES)


def found(store: ox.Store, text: str) -> list[tuple[str, int, str]]:
    return [(row.name, row.depth, row.via) for row in those_that_test(store, "shop", text, 100).rows]


def test_those_that_call_it_themselves_come_first(store: ox.Store) -> None:
    assert found(store, "parse_price") == [
        ("test_parse", 1, "shop.prices.parse_price"),
        ("test_total", 2, "shop.prices.total"),
        ("test_pay", 3, "shop.orders.Order.pay"),
    ]


def test_a_class_is_tested_by_what_makes_it_or_calls_its_methods(store: ox.Store) -> None:
    assert found(store, "Order") == [
        ("test_pay", 1, "shop.orders.Order"),
        ("test_made", 2, "conftest.make_order"),
    ]


def test_a_file_is_named_by_its_path_or_its_module(store: ox.Store) -> None:
    by_path = found(store, "shop/prices.py")
    assert by_path == found(store, "shop.prices")
    assert [(name, depth) for name, depth, _ in by_path] == [
        ("test_parse", 1),
        ("test_total", 1),
        ("test_pay", 2),
    ]


def test_a_guess_is_no_test(store: ox.Store) -> None:
    assert found(store, "unseen") == []


def test_a_limit_is_told_and_another_name_is_no_answer(store: ox.Store) -> None:
    cut = those_that_test(store, "shop", "parse_price", 1)
    assert (len(cut.rows), cut.is_truncated) == (1, True)
    with pytest.raises(NotFound) as caught:
        those_that_test(store, "shop", "parse_prices", 1)
    assert "parse_price" in (caught.value.hint or "")


def test_scripts_are_tested_by_files(tmp_path: Path) -> None:
    files = {
        "cart.ts": "export function total() { return 1 }\n",
        "cart.test.ts": "import { total } from './cart'\nfunction go() { total() }\nit('adds', () => go())\n",
    }
    assert found(graph_of(tmp_path, files), "total") == [("cart.test", 1, "cart.total")]


def test_through_fixtures(tmp_path: Path) -> None:
    files = FILES | {
        "tests/conftest.py": FILES["tests/conftest.py"]
        + "import pytest\n@pytest.fixture\ndef order():\n    return make_order()\n",
        "tests/test_fixture.py": "def test_with(order):\n    assert order\n",
    }
    rows = those_that_test(graph_of(tmp_path, files), "shop", "Order", 50).rows
    (row,) = [row for row in rows if row.path == "tests/test_fixture.py"]
    assert (row.name, row.via) == ("test_with", "conftest.order")
