"""The types of values: annotations, what calls give, loops, context managers, narrowing, containers."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from tests.timing import cpu_below
from tests.unit.core.kg.resolve.projects import Project, call, one_file
from vibe_jupyter.core.kg.resolve.annotations import parse_annotation

CLASSES = """
import typing
from contextlib import contextmanager
from typing import *
from collections.abc import Iterator, Mapping, Sequence
class Order:
    def save(self): ...
    def __enter__(self): return self
    def __iter__(self) -> "Iterator[Line]": ...
    def __getitem__(self, key) -> "Line": ...
    def __call__(self) -> "Line": ...
    def __aenter__(self): return self
class Line:
    def price(self): ...
    def save(self): ...
class Holder:
    order: Order
def make() -> Order: ...
def lines() -> "dict[str, Line]": ...
"""
ORDER, LINE = "scoped a.py#Order.save", "scoped a.py#Line.price"


def last(source: str) -> str:
    """What the last call of a source means that follows the classes above."""
    project = Project({"a.py": CLASSES + source})
    callee = max(project.facts["a.py"].calls, key=lambda c: (c.line, c.column)).callee
    return project.calls("a.py")[callee]


@pytest.mark.parametrize(
    "annotation",
    [
        "Order",
        '"Order"',
        "Optional[Order]",
        "typing.Optional[Order]",
        "Order | None",
        "None | Order",
        "'Order | None'",
        "Union[None, Order]",
        "Annotated[Order, 'text']",
        "ClassVar[Order]",
        "Final[Order]",
        'Optional["Order"]',
        "(Order)",
        "Order[int]",
    ],
)
def test_an_annotation_tells_what_a_parameter_is(annotation: str) -> None:
    assert last(f"def f(x: {annotation}): x.save()") == ORDER


@pytest.mark.parametrize(
    ("annotation", "use"),
    [
        ("list[Order]", "for o in x: o.save()"),
        ("Sequence[Order]", "for o in reversed(x): o.save()"),
        ("list[Order]", "for i, o in enumerate(x): o.save()"),
        ("set[Order]", "[o.save() for o in x]"),
        ("dict[str, Order]", "for o in x.values(): o.save()"),
        ("dict[str, Order]", "for k, o in x.items(): o.save()"),
        ("Mapping[Order, int]", "for o in x: o.save()"),
        ("dict[str, Order]", "x['a'].save()"),
        ("dict[str, Order]", "x.get('a').save()"),
        ("list[Order]", "x[0].save()"),
        ("list[Order]", "x.pop().save()"),
        ("tuple[int, Order]", "a, o = x; o.save()"),
        ("tuple[int, Order]", "(a, o) = x; o.save()"),
        ("dict[str, list[Order]]", "x['a'][0].save()"),
        ("type[Order]", "x().save()"),
        ("Awaitable[Order]", "y = await x; y.save()"),
        ("Iterator[tuple[int, Order]]", "for a, o in x: o.save()"),
    ],
)
def test_the_contents_of_containers_are_known(annotation: str, use: str) -> None:
    assert last(f"async def f(x: {annotation}):\n    {use}") == ORDER


@pytest.mark.parametrize(
    "use",
    [
        "x = Order()\nx.save()",
        "Order().save()",
        "make().save()",
        "x = make()\nx.save()",
        "x = y = Order()\ny.save()",
        "x = (make())\nx.save()",
        "x = None or make()\nx.save()",
        "x = make() if a else None\nx.save()",
        "x: Order = whatever()\nx.save()",
        "x = cast(Order, y)\nx.save()",
        "x = cast('Order', y)\nx.save()",
        "x = Holder().order\nx.save()",
        "x = [Order()]\nx[0].save()",
        "x = [make() for _ in y]\nfor o in x: o.save()",
        "if (x := make()): x.save()",
        "with Order() as x: x.save()",
        "async def f():\n    async with make() as x: x.save()",
        "def f(x):\n    if isinstance(x, Order): x.save()",
        "def f(x):\n    if not isinstance(x, Order): return\n    x.save()",
        "def f(x):\n    assert isinstance(x, Order)\n    x.save()",
        "try: ...\nexcept Order as x: x.save()",
        "x, y = Order(), 1\nx.save()",
        "x = Order\nx().save()",
        "def g(): return make()\ng().save()",
        "def g():\n    x = make()\n    return x\ng().save()",
        "async def g(): return make()\nasync def f(): (await g()).save()",
        "class Sub(Order): ...\nwith Sub() as x: x.save()",
        "for x in [Order()]: x.save()",
        "for x in (make(), 1): x.save()",
        "for x in Order(), 1: x.save()",
        "for n, x in [(1, Order())]: x.save()",
        "for n, x in enumerate([Order()]): x.save()",
    ],
)
def test_a_value_is_followed_to_its_class(use: str) -> None:
    assert last(use) == ORDER


@pytest.mark.parametrize(
    "use",
    [
        "for line in Order(): line.price()",
        "Order()[1].price()",
        "Order()().price()",
        "x = Order()\nx().price()",
        "lines()['a'].price()",
        "for line in lines().values(): line.price()",
        "def f(xs: list[Order]):\n    for x in xs:\n        for line in x: line.price()",
    ],
)
def test_the_protocols_of_a_class_are_followed(use: str) -> None:
    assert last(use) == LINE


def test_a_context_manager_function_gives_what_it_yields() -> None:
    assert (
        last("""
@contextmanager
def opened() -> Iterator[Order]: ...
with opened() as x: x.save()
""")
        == ORDER
    )


def test_an_enter_that_is_inherited_gives_the_class_that_inherits() -> None:
    assert (
        last("""
class Sub(Order):
    def only(self): ...
with Sub() as x: x.only()
""")
        == "scoped a.py#Sub.only"
    )


def test_both_sides_of_a_union_are_called() -> None:
    assert last("def f(x: Order | Line): x.save()") == "scoped a.py#Order.save a.py#Line.save"


def test_a_name_means_what_it_was_given_last_before_the_line() -> None:
    project = Project({"a.py": CLASSES + "x = Order()\nx.save()\nx = Line()\nx.save()\n"})
    found = [
        answer.targets
        for c, answer in zip(project.facts["a.py"].calls, project.resolve("a.py").calls, strict=True)
        if c.callee == "x.save"
    ]
    assert [targets[0].rpartition("#")[2] for targets in found] == ["Order.save", "Line.save"]


def test_narrowing_ends_with_its_block() -> None:
    project = Project(
        {"a.py": CLASSES + "def f(x: Line):\n    if isinstance(x, Order):\n        x.save()\n    x.save()\n"}
    )
    found = [
        answer.targets[0].rpartition("#")[2]
        for c, answer in zip(project.facts["a.py"].calls, project.resolve("a.py").calls, strict=True)
        if c.callee == "x.save"
    ]
    assert found == ["Order.save", "Line.save"]


def test_an_alias_of_a_type_is_followed() -> None:
    assert last("Maybe = Union[Order, None]\ndef f(x: Maybe): x.save()") == ORDER
    assert last("Many = list[Order]\ndef f(x: Many):\n    for o in x: o.save()") == ORDER
    assert last("type Many = list[Order]\ndef f(x: Many):\n    for o in x: o.save()") == ORDER


def test_self_as_an_annotation_is_the_class() -> None:
    assert last("class Sub(Order):\n    def me(self) -> Self: ...\nSub().me().save()") == ORDER


@pytest.mark.parametrize(
    "source",
    [
        "def f(): return f()\nf().go()",
        "def f(): return g()\ndef g(): return f()\nf().go()",
        "x = y\ny = x\nx.go()",
        "x = x.x\nx.go()",
        "for x in x: x.go()",
        "class A:\n    def f(self): return self.f().f()\nA().f().go()",
        "class A:\n    def __call__(self): return self()\nA()().go()",
        "class A:\n    def __iter__(self): return self\nfor a in A(): a.go()",
        "class A:\n    def __getitem__(self, i): return self[i]\nA()[0].go()",
        "class A(A.b): ...\nA().go()",
        "class A:\n    x = A\nA.x.x.x.go()",
        "X = 'X'\ndef f(x: X): x.go()",
        "X = Union[X, 'X']\ndef f(x: X): x.go()",
    ],
)
def test_what_runs_in_a_ring_ends(source: str) -> None:
    assert next(answer for callee, answer in one_file(source).items() if callee.endswith("go")) in (
        "unresolved",
        "external list[].go",
        "external str()().go",
    )


def test_a_long_chain_is_given_up_not_followed_to_a_crash() -> None:
    source = "def f0() -> int: ...\n" + "".join(f"def f{i + 1}(): return f{i}()\n" for i in range(3_000))
    found = one_file(source + "f3000().go()\n")
    assert found["f3000().go"] == "unresolved"


def test_a_class_called_through_a_value_is_a_guess_and_no_edge() -> None:
    source = """
        class A:
            @classmethod
            def make(cls): return cls()
            def again(self):
                kind = A
                kind()
    """
    project = Project({"a.py": source})
    found = project.calls("a.py")
    assert found == {"cls": "unique-name a.py#A", "kind": "unique-name a.py#A"}
    assert "code#calls>" not in project.triples("a.py")
    assert "code#callee>" in project.triples("a.py")


def test_an_alias_from_an_import_is_no_guess() -> None:
    files = {"m.py": "class A: ...", "run.py": "from m import A as B\nB()"}
    assert call(files, "B") == "imported m.py#A"
    assert "code#calls>" in Project(files).triples("run.py")


def test_the_only_function_of_a_name_is_a_guess_and_no_edge() -> None:
    project = Project({"a.py": "class A:\n    def only_here(self): ...\ndef f(x): x.only_here()\n"})
    assert project.calls("a.py") == {"x.only_here": "unique-name a.py#A.only_here"}
    assert "code#calls>" not in project.triples("a.py")


def test_one_of_several_of_a_name_is_not_guessed() -> None:
    assert one_file("""
        class A:
            def run(self): ...
        class B:
            def run(self): ...
        def f(x): x.run()
    """) == {"x.run": "unresolved"}


def test_what_is_known_to_be_something_else_is_not_guessed() -> None:
    assert one_file("""
        class A:
            def join(self): ...
        class B: ...
        "".join(x)
        B().join()
    """) == {"str().join": "external str().join", "B": "scoped a.py#B", "B().join": "unique-name a.py#A.join"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Order", "Order"),
        ("a.b.Order", "a.b.Order"),
        ("Ölpreis", "Ölpreis"),
        ("Literal['a', 'b']", "Literal"),
        ("list[", "list"),
        ("x if y else z", "x"),
        ("None", None),
        ("", None),
        ("42", None),
        ("*", None),
    ],
)
def test_annotations_are_read_as_far_as_they_are_types(text: str, name: str | None) -> None:
    found = parse_annotation(text)
    assert (found and found.name) == name


def test_an_annotation_nested_without_end_is_given_up() -> None:
    assert parse_annotation("list[" * 100_000) is None
    assert parse_annotation("(" * 100_000) is None


BRANCHES = """
    class A:
        def go(self): ...
    class B:
        def go(self): ...
    class C:
        def go(self): ...
"""


@pytest.mark.parametrize(
    ("use", "meant"),
    [
        ("if c:\n    x = A()\nelse:\n    x = B()\nx.go()", "A"),
        ("if c:\n    x = A()\nelif d:\n    x = B()\nelse:\n    x = C()\nx.go()", "A"),
        ("if c:\n    x = A()\nelse:\n    x = B()\n    x.go()", "B"),
        ("x = C()\nif c:\n    x = A()\nelse:\n    x = B()\nx.go()", "A"),
        ("try:\n    x = A()\nexcept E:\n    x = B()\nx.go()", "A"),
        ("if c:\n    x = A()\nelse:\n    x = None\nx.go()", "A"),
        ("if c:\n    x = A()\nelse:\n    x = B()\nx = C()\nx.go()", "C"),
        (
            "if c:\n    x = A()\nelse:\n    if d:\n        x = B()\n    else:\n        x = C()\n    x.go()",
            "B",
        ),
        ("if c:\n    x = A()\nelse:\n    if d:\n        x = B()\n    else:\n        x = C()\nx.go()", "A"),
        ("if c: x = A()\nelse: x = len(c)\nx.go()", "A"),
        ("if c:\n    x = len(c)\nelse:\n    x = B()\nx.go()", "B"),
    ],
)
def test_after_branches_the_first_that_tells_counts(use: str, meant: str) -> None:
    found = one_file(dedent(BRANCHES) + "def f(c, d):\n" + indent(use, "    "))
    assert found["x.go"] == f"scoped a.py#{meant}.go"


def test_very_many_branches_take_time_in_proportion() -> None:
    source = "def f(c):\n" + "    if c:\n        x = A()\n    else:\n        x = B()\n    x.go()\n" * 3_000
    with cpu_below(5):
        one_file(source)
