"""What gives names their meaning: imports, assignments, loops, `with`, `except`, `global`, `isinstance`."""

from __future__ import annotations

import pytest

from tests.unit.core.kg.extract.reading import bindings, facts_of
from vibe_jupyter.core.kg.extract.facts import Import


def test_every_kind_of_import() -> None:
    facts = facts_of("""\
        import os
        import os.path
        import numpy as np, json
        from shop import orders
        from shop.orders import Order as O, Line
        from . import sibling
        from ..up import (
            one,  # a remark
            two as zwei,
        )
        from . model import *
        from __future__ import annotations
    """)
    assert facts.imports == [
        Import("os", "", 1),
        Import("os.path", "", 2),
        Import("numpy", "", 3),
        Import("json", "", 3),
        Import("shop", "orders", 4),
        Import("shop.orders", "Order", 5),
        Import("shop.orders", "Line", 5),
        Import(".", "sibling", 6),
        Import("..up", "one", 7),
        Import("..up", "two", 7),
        Import(".model", "*", 11),
    ]
    assert facts.scopes[0].stars == [".model"]
    assert bindings(facts, "os") == [("module", "os"), ("module", "os")]
    assert bindings(facts, "np") == [("module", "numpy")]
    assert bindings(facts, "O") == [("member", "shop.orders.Order")]
    assert bindings(facts, "zwei") == [("member", "..up.two")]
    assert bindings(facts, "Order") == bindings(facts, "two") == []


def test_an_import_in_a_function_binds_there_only() -> None:
    facts = facts_of("def f():\n    import json\n")
    assert bindings(facts, "json") == []
    assert bindings(facts, "json", 1) == [("module", "json")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = Order(1)", [("value", "Order()")]),
        ("x: Order = make()", [("type", "Order")]),
        ("x: Order", [("type", "Order")]),
        ("x = a or b() or c.d", [("value", "a"), ("value", "b()"), ("value", "c.d")]),
        ("x = A() if y else B()", [("value", "A()"), ("value", "B()")]),
        ("x = ((A()))", [("value", "A()")]),
        ("x = None", [("value", "None")]),
        ("x = await f()", [("value", "f()!")]),
        ("x = [Order(), 1]", [("collection", "Order()")]),
        ("x = cast('Order', y)", [("type", "Order")]),
        ("for x in orders: ...", [("element", "orders")]),
        ("for x in sorted(orders): ...", [("element", "orders")]),
        ("for i, x in enumerate(orders): ...", [("element", "orders")]),
        ("for x in items.values(): ...", [("element", "items.values()")]),
        ("y = [x for x in orders]", [("element", "orders")]),
        ("with open_it() as x: ...", [("entered", "open_it()")]),
        ("with (a as b, open_it() as x): ...", [("entered", "open_it()")]),
        ("try: ...\nexcept Missing as x: ...", [("type", "Missing")]),
        ("try: ...\nexcept (Missing, Gone) as x: ...", [("type", "Missing | Gone")]),
        ("try: ...\nexcept* Missing as x: ...", [("type", "Missing")]),
        ("if (x := find()): ...", [("value", "find()")]),
        ("x, y = A(), B()", [("value", "A()")]),
        ("(y, x) = A(), B()", [("value", "B()")]),
        ("y, (x, z) = A(), (B(), C())", [("value", "B()")]),
        ("x, y = pair", [("value", "pair")]),
    ],
)
def test_what_a_statement_gives_a_name(source: str, expected: list[tuple[str, str]]) -> None:
    assert bindings(facts_of(source), "x") == expected


def test_unpacking_remembers_the_place() -> None:
    facts = facts_of("first, second = pair()")
    assert [facts.scopes[0].names[name][0].item for name in ("first", "second")] == [0, 1]


def test_parameters_are_names_of_the_body() -> None:
    facts = facts_of("def f(a, b: Order, *c, **d): ...")
    assert [bindings(facts, name, 1) for name in "abcd"] == [
        [("unknown", "")],
        [("type", "Order")],
        [("value", "tuple()")],
        [("value", "dict()")],
    ]


def test_the_first_parameter_of_a_method_is_the_instance_or_the_class() -> None:
    facts = facts_of("""
        class A:
            def f(this): ...
            @classmethod
            def g(kind): ...
            @staticmethod
            def h(x): ...
            def __new__(cls): ...
            def __init_subclass__(cls): ...
    """)
    firsts = [next(iter(scope.names.values()))[0].kind for scope in facts.scopes[2:]]
    assert firsts == ["self", "class", "unknown", "class", "class"]


def test_attributes_set_on_self_are_the_classs() -> None:
    facts = facts_of("""
        class A:
            def __init__(me, db: Database):
                me.db = db
                me.orders: list[Order] = []
                me.nested.value = 1
                other.x = 2
    """)
    attributes = facts.scopes[1].attributes
    assert {name: [(b.kind, b.text) for _, b in found] for name, found in attributes.items()} == {
        "db": [("value", "db")],
        "orders": [("type", "list[Order]")],
    }


def test_global_and_nonlocal_bind_in_the_scope_they_mean() -> None:
    facts = facts_of("""
        def f():
            global made
            made = Order()
            kept = None
            def g():
                nonlocal kept
                kept = Bill()
    """)
    assert bindings(facts, "made") == [("value", "Order()")]
    assert bindings(facts, "kept", 1) == [("value", "None"), ("value", "Bill()")]
    assert bindings(facts, "kept", 0) == []


@pytest.mark.parametrize("word", ["global", "nonlocal"])
def test_global_at_the_top_of_a_module_changes_nothing(word: str) -> None:
    facts = facts_of(f"{word} x\nx = Order()\nx.save()\n")
    assert bindings(facts, "x") == [("value", "Order()")]


def test_nonlocal_passes_over_classes() -> None:
    facts = facts_of("""
        def f():
            x = 1
            class A:
                x = 2
                def g(self):
                    nonlocal x
                    x = Order()
    """)
    assert bindings(facts, "x", 1) == [("value", "int()"), ("value", "Order()")]


def test_isinstance_narrows_its_block_and_what_follows_a_guard() -> None:
    facts = facts_of("""\
        def f(x, y, z):
            if isinstance(x, Order) and ready:
                x.total()
            if not isinstance(y, (Bill, Order)):
                return
            assert isinstance(z, Bill)
    """)
    names = facts.scopes[1].names
    assert [(b.kind, b.text, b.line, b.until) for b in (names[n][-1] for n in "xyz")] == [
        ("type", "Order", 2, 3),
        ("type", "Bill | Order", 5, 0),
        ("type", "Bill", 6, 0),
    ]


def test_a_name_that_is_assigned_very_often_keeps_a_bounded_number_of_meanings() -> None:
    facts = facts_of("\n".join(f"x = f{i}" for i in range(5_000)))
    assert len(facts.scopes[0].names["x"]) <= 200
    assert len(facts.definitions) == 1
