"""CPython's own parser is the judge: on the standard library both find the same."""

from __future__ import annotations

import ast
import sysconfig
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from vibe_jupyter.core.kg.extract.facts import FileFacts
from vibe_jupyter.core.kg.extract.python import extract_python

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
FOLDERS = [
    "",
    "asyncio",
    "concurrent/futures",
    "email",
    "http",
    "importlib",
    "json",
    "logging",
    "unittest",
    "xml/dom",
]


@cache
def parsed(folder: str) -> list[tuple[str, ast.Module, FileFacts]]:
    """Every second file of a folder, read by both."""
    found = []
    for path in sorted((LIBRARY / folder).glob("*.py"))[::2]:
        source = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old escapes
            tree = ast.parse(source)
        found.append((path.name, tree, extract_python(source)))
    assert found
    return found


def definitions(tree: ast.AST, parent: str = "") -> Iterator[tuple[str, str, int]]:
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield parent, child.name, child.lineno
            yield from definitions(child, child.name)
        else:
            yield from definitions(child, parent)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_same_definitions_with_parent_and_line(folder: str) -> None:
    for name, tree, facts in parsed(folder):
        ours = [
            (facts.definitions[d.parent].name if d.parent >= 0 else "", d.name, d.start_line)
            for d in facts.definitions
            if d.kind not in ("variable", "field")
        ]
        assert sorted(ours) == sorted(definitions(tree)), name
        assert facts.problems == [], name


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_same_ends_and_bases_and_parameters(folder: str) -> None:
    for name, tree, facts in parsed(folder):
        lines = (LIBRARY / folder / name).read_bytes().splitlines()
        nodes = {
            (node.name, node.lineno): node
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        }
        for definition in facts.definitions:
            if definition.kind in ("variable", "field"):
                continue
            node = nodes[definition.name, definition.start_line]
            assert node.end_lineno is not None
            after = lines[node.end_lineno : definition.end_line]  # remarks at a body's end belong to it
            assert all(not line.strip() or line.lstrip().startswith(b"#") for line in after), definition.name
            assert len(definition.decorators) == len(node.decorator_list), (name, definition.name)
            if isinstance(node, ast.ClassDef):
                assert len(definition.bases) == len(node.bases), (name, definition.name)
                continue
            a = node.args
            expected = [
                x.arg for x in (*a.posonlyargs, *a.args, a.vararg, *a.kwonlyargs, a.kwarg) if x is not None
            ]
            assert [p.name for p in definition.parameters] == expected, (name, definition.name)
            assert definition.is_async == isinstance(node, ast.AsyncFunctionDef), (name, definition.name)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_same_calls_by_name(folder: str) -> None:
    for name, tree, facts in parsed(folder):
        theirs = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func
                if isinstance(called, ast.Name):
                    theirs.append((called.id, called.lineno, called.col_offset))
                elif isinstance(called, ast.Attribute):
                    assert called.end_lineno is not None
                    assert called.end_col_offset is not None
                    width = len(called.attr.encode())
                    theirs.append((called.attr, called.end_lineno, called.end_col_offset - width))
        ours = [(c.callee.rpartition(".")[2], c.line, c.column) for c in facts.calls]
        assert sorted(ours) == sorted(theirs), name


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_same_documentation(folder: str) -> None:
    """But for what stands behind a backslash: we keep `\\n` as it is written, which is what people read."""
    for name, tree, facts in parsed(folder):
        ours = {(d.name, d.start_line): d.documentation for d in facts.definitions}
        for node in ast.walk(tree):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                continue
            theirs = (ast.get_docstring(node) or "").strip()
            found = ours[node.name, node.lineno]
            if "\\" not in found and "\n" in found:
                assert found.strip() == theirs[:2_000].strip(), (name, node.name)
