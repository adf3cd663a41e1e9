"""IRIs: the same for the same file and qualified name, valid for any path, and never two things' at once."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.kg.extract.python import extract_python
from vibe_jupyter.core.kg.model.names import (
    call_fragments,
    definition_fragments,
    external_iri,
    file_iri,
    graph_base,
    qualified_names,
)

BASE = graph_base("kg_1")


def test_the_iris_of_a_graph_start_with_its_name() -> None:
    assert BASE == "https://w3id.org/vibe-jupyter/graph/kg_1/"
    assert graph_base("a/b c") == "https://w3id.org/vibe-jupyter/graph/a%2Fb%20c/"


@pytest.mark.parametrize(
    ("path", "iri"),
    [
        ("shop/orders.py", "shop/orders.py"),
        ("a b/ü#1?.py", "a%20b/%C3%BC%231%3F.py"),
        ("100%/x<y>.py", "100%25/x%3Cy%3E.py"),
        ('"quoted"\\back.py', "%22quoted%22%5Cback.py"),
        ("new\nline.py", "new%0Aline.py"),
    ],
)
def test_a_path_is_escaped(path: str, iri: str) -> None:
    assert file_iri(BASE, path) == BASE + iri


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_two_paths_have_two_valid_iris(first: str, second: str) -> None:
    assert ox.NamedNode(file_iri(BASE, first)).value.isascii()
    assert (file_iri(BASE, first) == file_iri(BASE, second)) == (first == second)
    assert ox.NamedNode(external_iri(BASE, first)) != ox.NamedNode(file_iri(BASE, second))


def test_iris_do_not_change_when_something_is_added_elsewhere() -> None:
    before = extract_python(b"class A:\n    def f(self): ...\ndef g(): ...\n")
    after = extract_python(
        b"import x\ndef new(): ...\nclass A:\n    y = 1\n    def f(self): ...\ndef g(): ...\n"
    )
    assert set(definition_fragments(before)) <= set(definition_fragments(after))


def test_qualified_names_run_from_the_module_down() -> None:
    facts = extract_python(b"class A:\n    class B:\n        def f(self):\n            def g(): ...\n")
    assert qualified_names(facts) == ["A", "A.B", "A.B.f", "A.B.f.g"]


def test_call_sites_are_counted_for_each_caller() -> None:
    facts = extract_python(b"a()\ndef f():\n    b()\n    c()\nd()\n")
    assert call_fragments(facts, definition_fragments(facts)) == ["@1", "f@1", "f@2", "@2"]


@given(st.lists(st.sampled_from(["f", "g", "f2", "F"]), max_size=12))
def test_no_two_definitions_of_a_file_share_a_fragment(names: list[str]) -> None:
    source = "".join(f"def {name}():\n    def {name}(): ...\n" for name in names)
    fragments = definition_fragments(extract_python(source.encode()))
    assert len(set(fragments)) == len(fragments)
