"""A file's facts as N-Triples: what is said, that any text can be said, and that it is said as the store says it."""

from __future__ import annotations

from collections import Counter
from textwrap import dedent

import pyoxigraph as ox
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.kg.resolve.projects import Project
from vibe_jupyter.core.kg.extract.facts import Call, Definition, FileFacts, Parameter, Problem, Scope
from vibe_jupyter.core.kg.extract.python import extract_python
from vibe_jupyter.core.kg.model.names import CODE, definition_fragments, graph_base
from vibe_jupyter.core.kg.model.ntriples import literal
from vibe_jupyter.core.kg.model.triples import BlockWriter, ResolvedCall, ResolvedFile

BASE = graph_base("kg")
TEXT = st.text(max_size=30) | st.sampled_from(
    [
        '"',
        "\\",
        '\\"""',
        "\n\r\t\b\f\v\0\x7f\x85\u2028\u2029",
        "> . <x> <y> <z",
        "é中😀",
        "%20",
        "a#b?c",
        "<>{}|^`",
    ]
)
IDENTIFIER = st.from_regex(r"[^\W\d]\w{0,12}", fullmatch=True)


def parsed(block: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(block.encode(), format=ox.RdfFormat.N_TRIPLES)]


def said(block: str, subject: str) -> dict[str, set[str]]:
    """What a block says of a subject, by the last part of the property."""
    found: dict[str, set[str]] = {}
    for triple in parsed(block):
        assert isinstance(triple.subject, ox.NamedNode)
        assert isinstance(triple.object, ox.NamedNode | ox.Literal)
        if triple.subject.value == BASE + subject:
            name = triple.predicate.value.rpartition("#")[2]
            value = triple.object.value.removeprefix(BASE).removeprefix(CODE)
            found.setdefault(name, set()).add(value)
    return found


def structure(source: str, path: str = "shop/orders.py", module: str = "shop.orders") -> str:
    return BlockWriter(BASE).structure(path, extract_python(dedent(source).encode()), module)


def test_a_file_is_a_file_and_a_module() -> None:
    assert said(structure('"""Doc."""\nx = 1\n'), "shop/orders.py") == {
        "type": {"File", "Module"},
        "path": {"shop/orders.py"},
        "name": {"orders"},
        "qualifiedName": {"shop.orders"},
        "language": {"python"},
        "lines": {"2"},
        "documentation": {"Doc."},
        "defines": {"shop/orders.py#x"},
    }


def test_a_method_has_its_place_its_parameters_and_its_words() -> None:
    block = structure("""\
        class Order:
            @retry
            async def pay(self, bill: Bill, *rest) -> bool:
                '''Pay it.'''
    """)
    assert said(block, "shop/orders.py#Order.pay") == {
        "type": {"Method"},
        "name": {"pay"},
        "qualifiedName": {"shop.orders.Order.pay"},
        "inFile": {"shop/orders.py"},
        "startLine": {"3"},
        "endLine": {"4"},
        "documentation": {"Pay it."},
        "annotation": {"bool"},
        "decorator": {"retry"},
        "isAsync": {"true"},
        "parameter": {f"shop/orders.py#Order.pay({name})" for name in ("self", "bill", "rest")},
    }
    assert said(block, "shop/orders.py#Order.pay(bill)") == {
        "type": {"Parameter"},
        "name": {"bill"},
        "position": {"1"},
        "annotation": {"Bill"},
    }
    assert said(block, "shop/orders.py#Order.pay(rest)")["name"] == {"*rest"}
    assert said(block, "shop/orders.py#Order")["defines"] == {"shop/orders.py#Order.pay"}


def test_problems_are_said_with_their_line() -> None:
    assert said(structure("def f(:\n    pass\n"), "shop/orders.py")["problem"] == {"line 1: expected ')'"}


def test_a_file_that_could_not_be_read_is_there_all_the_same() -> None:
    block = BlockWriter(BASE).unreadable("a b/ü.py", "python", "binary")
    assert said(block, "a%20b/%C3%BC.py") == {
        "type": {"File"},
        "path": {"a b/ü.py"},
        "name": {"ü.py"},
        "language": {"python"},
        "problem": {"binary"},
    }


def test_a_call_says_who_calls_what_where_and_how_that_is_known() -> None:
    project = Project({"m.py": "def g(): ...", "run.py": "from m import g\ndef f():\n    h()\n    g()\n"})
    block = project.triples("run.py")
    assert said(block, "run.py#f@2") == {
        "type": {"Call"},
        "caller": {"run.py#f"},
        "callee": {"m.py#g"},
        "calleeName": {"g"},
        "line": {"4"},
        "resolution": {"imported"},
    }
    assert said(block, "run.py#f")["calls"] == {"m.py#g"}
    assert said(block, "run.py#f@1")["resolution"] == {"unresolved"}
    assert said(block, "run.py")["imports"] == {"m.py#g"}


def test_calls_of_the_module_are_the_files() -> None:
    block = Project({"run.py": "def f(): ...\nf()\n"}).triples("run.py")
    assert said(block, "run.py#@1")["caller"] == {"run.py"}
    assert said(block, "run.py")["calls"] == {"run.py#f"}


def test_a_thing_outside_has_an_iri_and_no_edge() -> None:
    block = Project({"run.py": "import json\njson.loads()\n"}).triples("run.py")
    assert said(block, "run.py#@1")["callee"] == {"#external:json.loads"}
    assert "calls" not in said(block, "run.py")


def test_an_edge_between_two_functions_is_said_once() -> None:
    block = Project({"run.py": "def f(): ...\ndef g():\n    f()\n    f()\n"}).triples("run.py")
    assert [count for count in Counter(block.splitlines()).values() if count > 1] == []


@given(TEXT)
def test_a_literal_is_written_as_the_store_writes_it(text: str) -> None:
    assert literal(text) == str(ox.Literal(text))


def _is_canonical(block: str) -> bool:
    return [f"{triple} ." for triple in parsed(block)] == block.split("\n")[:-1]


@given(st.lists(IDENTIFIER, max_size=5), TEXT, TEXT, TEXT)
def test_any_text_can_be_said(names: list[str], path: str, words: str, module: str) -> None:
    """Each line is one triple, spelled as the store spells it, without blank nodes."""
    definitions = [
        Definition(
            "method",
            name,
            i - 1,
            0,
            1,
            2,
            1,
            0,
            documentation=words,
            annotation=words,
            decorators=(words,),
            parameters=(Parameter(name, "**", words),),
        )
        for i, name in enumerate([*names, words])
    ]
    facts = FileFacts(
        "python",
        3,
        words,
        definitions,
        [Scope("module", -1, -1)],
        [Call(0, -1, words, 1, 0), Call(0, 0, words, 1, 0)],
        [],
        [Problem(1, words)],
    )
    writer = BlockWriter(BASE)
    outside = writer.external(words)
    resolved = ResolvedFile(module, [ResolvedCall("external", (outside,))] * 2, {0: (outside,)}, [(outside,)])
    for block in (
        writer.structure(path, facts, module),
        writer.relations(path, facts, resolved),
        writer.unreadable(path, "python", words),
    ):
        assert _is_canonical(block)
        for triple in parsed(block):
            assert isinstance(triple.subject, ox.NamedNode)
            assert isinstance(triple.object, ox.NamedNode | ox.Literal)


@given(
    st.text(alphabet="ab_é中 .()[]:=\n\"'\\#@,*", max_size=80), st.lists(IDENTIFIER, min_size=3, max_size=3)
)
def test_whatever_a_source_holds_its_block_can_be_loaded(junk: str, names: list[str]) -> None:
    a, b, c = names
    source = f"class {a}({b}):\n    {junk}\n    def {c}(self, {a}={b}()): {b}.{c}({junk})\n"
    project = Project({"a.py": source})
    block = BlockWriter(BASE).structure("a.py", project.facts["a.py"], "a")
    assert _is_canonical(block)
    assert _is_canonical(project.triples("a.py"))
    fragments = definition_fragments(project.facts["a.py"])
    assert len(set(fragments)) == len(fragments)
