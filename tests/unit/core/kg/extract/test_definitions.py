"""What a Python file defines: classes, functions, methods, parameters, variables and fields, with their places."""

from __future__ import annotations

import pytest

from tests.unit.core.kg.extract.reading import by_name, facts_of, outline
from vibe_jupyter.core.kg.extract.facts import Parameter, decode_facts, encode_facts
from vibe_jupyter.core.kg.extract.python import extract_python
from vibe_jupyter.core.kg.model.names import definition_fragments


def test_classes_hold_methods_and_functions_hold_functions() -> None:
    facts = facts_of("""
        class Order:
            class Line:
                def price(self): ...

            def total(self):
                def add(): ...

        def main(): ...
    """)
    assert outline(facts) == [
        "class Order",
        "class Order.Line",
        "method Order.Line.price",
        "method Order.total",
        "function Order.total.add",
        "function main",
    ]


def test_a_definition_spans_from_its_keyword_to_the_end_of_its_body() -> None:
    facts = facts_of("""\
        import x

        @x.decorator
        async def first(
            a,
        ):
            return a

        class Second: pass
    """)
    first, second = facts.definitions
    assert (first.start_line, first.end_line, first.name_line, first.name_column) == (4, 7, 4, 10)
    assert (second.start_line, second.end_line, second.name_column) == (9, 9, 6)


def test_parameters_have_kind_annotation_and_whether_there_is_a_default() -> None:
    (function,) = facts_of("""
        def f(a, /, b: int, c=1, d: "list[Order]" = None, *rest: str, e, **more): ...
    """).definitions
    assert function.parameters == (
        Parameter("a"),
        Parameter("b", "", "int"),
        Parameter("c", has_default=True),
        Parameter("d", "", '"list[Order]"', has_default=True),
        Parameter("rest", "*", "str"),
        Parameter("e"),
        Parameter("more", "**"),
    )


def test_decorators_are_kept_without_their_arguments_and_stay_with_their_own_definition() -> None:
    facts = facts_of("""
        @registry.add
        @wraps("name")
        class Outer:
            @staticmethod
            def inner(): ...
    """)
    assert [d.decorators for d in facts.definitions] == [("registry.add", "wraps()"), ("staticmethod",)]


def test_a_decorated_class_does_not_pass_its_decorator_on_to_its_last_method() -> None:
    facts = facts_of("""
        @dataclass
        class Point:
            def norm(self): ...
    """)
    assert [d.decorators for d in facts.definitions] == [("dataclass",), ()]


def test_bases_are_what_is_inherited_from_without_type_arguments_and_keywords() -> None:
    (cls,) = facts_of("class A(Base, mixins.Mixin, Generic[T], make(), metaclass=Meta): ...").definitions
    assert cls.bases == ("Base", "mixins.Mixin", "Generic", "make()")


def test_type_parameters_stand_in_the_way_of_nothing() -> None:
    facts = facts_of("""
        class Box[T](Base):
            def get[U: int](self, value: U) -> T: ...
    """)
    assert outline(facts) == ["class Box", "method Box.get"]
    assert facts.definitions[0].bases == ("Base",)
    assert facts.definitions[1].annotation == "T"


def test_a_type_statement_defines_a_type() -> None:
    facts = facts_of("type Orders[T] = list[Order]")
    assert outline(facts) == ["type Orders"]


@pytest.mark.parametrize(
    ("source", "documentation"),
    [
        ('def f():\n    """One line."""', "One line."),
        ("def f():\n    '''  Spaces.  '''", "Spaces."),
        ('def f():\n    """First.\n\n    Second.\n        Third.\n    """', "First.\n\nSecond.\n    Third."),
        ('def f(): "on the same line"', "on the same line"),
        ('def f():\n    # a remark\n\n    r"""raw \\d"""', "raw \\d"),
        ('def f():\n    "it\'s \\"quoted\\" \\\\ and\\n as written"', 'it\'s "quoted" \\ and\\n as written'),
        ('def f():\n    """\\\n    continued"""', "continued"),
        ('def f():\n    """é — 中"""', "é — 中"),
        ('def f():\n    """"""', ""),
        ('def f():\n    ""', ""),
        ('def f():\n    b"bytes"', ""),
        ('def f():\n    f"{x}"', ""),
        ('def f():\n    x = "no"', ""),
        ('def f():\n    return "no"', ""),
        ('def f():\n    "value".upper()', ""),
        ('def f():\n    "a %s" % x', ""),
    ],
)
def test_the_documentation_is_the_string_that_opens_the_body(source: str, documentation: str) -> None:
    assert facts_of(source).definitions[0].documentation == documentation


def test_a_module_and_a_class_have_documentation_too() -> None:
    facts = extract_python(
        b'#!/usr/bin/env python\n# coding: utf-8\n"""The module."""\nclass A:\n    """The class."""\n'
    )
    assert facts.documentation == "The module."
    assert facts.definitions[0].documentation == "The class."


def test_variables_of_modules_and_fields_of_classes_are_defined_where_they_are_first_bound() -> None:
    facts = facts_of("""\
        LIMIT: int = 3
        LIMIT = 4
        class Order:
            number: str
            total = 0
            def f(self):
                local = 1
                self.attribute = 2
    """)
    assert outline(facts) == [
        "variable LIMIT",
        "class Order",
        "field Order.number",
        "field Order.total",
        "method Order.f",
    ]
    limit = by_name(facts)["LIMIT"]
    assert (limit.start_line, limit.annotation) == (1, "int")


def test_a_name_that_is_imported_or_defined_before_is_no_variable() -> None:
    facts = facts_of("""
        import json
        json = None
        def f(): ...
        f = wraps(f)
    """)
    assert outline(facts) == ["function f"]


def test_definitions_of_one_name_in_one_scope_have_fragments_of_their_own() -> None:
    facts = facts_of("""
        @overload
        def get(x: int) -> int: ...
        @overload
        def get(x: str) -> str: ...
        def get(x): ...

        class Order:
            @property
            def total(self): ...
            @total.setter
            def total(self, value):
                def check(): ...
    """)
    assert definition_fragments(facts) == [
        *("get", "get~2", "get~3"),
        *("Order", "Order.total", "Order.total~2", "Order.total~2.check"),
    ]


def test_both_branches_of_an_if_are_definitions() -> None:
    facts = facts_of("""
        if windows:
            def open(): ...
        else:
            def open(): ...
        try:
            class A: ...
        except ImportError:
            class A: ...
    """)
    assert definition_fragments(facts) == ["open", "open~2", "A", "A~2"]


def test_async_functions_and_generators_say_so() -> None:
    facts = facts_of("""
        async def a(): await b()
        def c(): yield 1
        def d():
            yield from c()
        def e():
            def inner(): yield
    """)
    functions = by_name(facts)
    assert [name for name, d in functions.items() if d.is_async] == ["a"]
    assert [name for name, d in functions.items() if d.is_generator] == ["c", "d", "e.inner"]


def test_a_function_returns_what_its_annotation_says_and_else_its_return_statements() -> None:
    functions = by_name(
        facts_of("""
        def a() -> Order: return other()
        def b():
            if x: return Order()
            return None
        def c(): return self.x or make(1)
        def d(): return Order(1) if x else (
            # a remark
            Bill()
        )
    """)
    )
    assert (functions["a"].annotation, functions["a"].returns) == ("Order", ())
    assert functions["b"].returns == ("Order()",)
    assert functions["c"].returns == ("self.x", "make()")
    assert functions["d"].returns == ("Order()", "Bill()")


def test_a_return_in_a_lambda_free_nested_function_is_not_the_outer_ones() -> None:
    functions = by_name(
        facts_of("""
        def outer():
            def inner(): return Order()
            return inner
    """)
    )
    assert functions["outer"].returns == ("inner",)


def test_names_need_not_be_ascii() -> None:
    facts = facts_of("""
        class Größe:
            def länge(self, überhang: "Größe"): self.länge()
    """)
    assert outline(facts) == ["class Größe", "method Größe.länge"]
    assert definition_fragments(facts) == ["Gr%C3%B6%C3%9Fe", "Gr%C3%B6%C3%9Fe.l%C3%A4nge"]
    assert facts.definitions[1].parameters[1] == Parameter("überhang", "", '"Größe"')


def test_facts_survive_the_cache() -> None:
    facts = facts_of("""
        import os
        class A(B):
            x: int = 1
            def f(self, y=os.sep): return self.x
    """)
    assert decode_facts(encode_facts(facts)) == facts
