"""Call sites: what is called, where its name stands, and whose body the call belongs to."""

from __future__ import annotations

import pytest

from tests.unit.core.kg.extract.reading import calls, facts_of
from vibe_jupyter.core.kg.extract.python import extract_python


@pytest.mark.parametrize(
    ("source", "callee"),
    [
        ("f()", "f"),
        ("a.b.c()", "a.b.c"),
        ("a . b ()", "a.b"),
        ("f(1)[0].g()", "f()[].g"),
        ("(f)()", "f"),
        ("(await f()).g()", "f()!.g"),
        ("super().save()", "super().save"),
        ("'{}'.format(x)", "str().format"),
        ("[].append(x)", "list().append"),
        ("(a + b).c()", "?.c"),
        ("(x := f()).g()", "f().g"),
        ("a.größe()", "a.größe"),
    ],
)
def test_a_callee_is_a_path(source: str, callee: str) -> None:
    assert callee in [c.callee for c in facts_of(source).calls]


@pytest.mark.parametrize("source", ["f()()", "f[0]()", "(a + b)()", "(lambda: 1)()"])
def test_what_is_not_called_by_a_name_is_no_call_site(source: str) -> None:
    assert [c.callee for c in facts_of(source).calls if c.callee != "f"] == []


def test_line_and_column_are_those_of_the_called_name_in_bytes() -> None:
    facts = extract_python("é = 1; x.größe(\n    y)\n(\n  a\n  .b\n)()\n".encode())
    assert next((c.callee, c.line, c.column) for c in facts.calls) == ("x.größe", 1, 10)


def test_a_call_over_lines_stands_where_its_name_stands() -> None:
    facts = extract_python(b"(\n  query\n  .filter(1)\n  .all()\n)\n")
    assert sorted((c.callee, c.line, c.column) for c in facts.calls) == [
        ("query.filter", 3, 3),
        ("query.filter().all", 4, 3),
    ]


def test_calls_belong_to_the_innermost_definition() -> None:
    facts = facts_of("""
        setup()
        class A:
            x = field()
            def f(self):
                inside()
                def g(): deeper()
                after()
        done()
    """)
    assert calls(facts) == [
        ("", "setup"),
        ("A", "field"),
        ("A.f", "inside"),
        ("A.f.g", "deeper"),
        ("A.f", "after"),
        ("", "done"),
    ]


def test_defaults_annotations_decorators_and_bases_belong_to_the_scope_outside() -> None:
    facts = facts_of("""
        class A(base()):
            @decorate()
            def f(self, x: kind() = default()) -> result(): body()
    """)
    assert calls(facts) == [
        ("", "base"),
        ("A", "decorate"),
        ("A", "kind"),
        ("A", "default"),
        ("A", "result"),
        ("A.f", "body"),
    ]


def test_a_default_in_a_lambda_in_a_default_is_outside_of_both() -> None:
    facts = facts_of("def f(x=lambda y=g(): h()): ...")
    assert calls(facts) == [("", "g"), ("", "h")]


def test_a_lambda_has_names_but_is_nobody() -> None:
    facts = facts_of("""
        def f():
            key = lambda order, *rest: order.total()
            key()
    """)
    assert calls(facts) == [("f", "order.total"), ("f", "key")]
    total, key = facts.calls
    assert set(facts.scopes[total.scope].names) == {"order", "rest"}
    assert facts.scopes[total.scope].parent == key.scope


def test_calls_in_comprehensions_f_strings_and_arguments_are_found() -> None:
    facts = facts_of("""
        x = [a(i) for i in b() if c(i)]
        y = f"{d(1)!r:>{e()}}"
        f(*g(), **h(), key=k())
        match m():
            case Point(x=0) if n(): ...
    """)
    assert {c.callee for c in facts.calls} == set("abcdefghkmn")


def test_a_call_in_an_await_with_assert_del_or_raise_is_found() -> None:
    facts = facts_of("""
        async def f():
            await a()
            async with b() as x: ...
            async for y in c(): ...
            assert d(), e()
            del g()[0]
            raise h() from i()
    """)
    assert {c.callee for c in facts.calls} == set("abcdeghi")
