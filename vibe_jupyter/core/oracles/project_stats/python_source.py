"""What one Python source or notebook holds, by its syntax tree: imports and tests. Nothing is run."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibe_jupyter.core.oracles.notebook_cells import read_cells

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePath

__all__ = [
    "Notebook",
    "count_tests",
    "imported_modules",
    "is_test_file",
    "parse",
    "python_of",
    "read_notebook",
    "required_modules",
]

_OTHER_LANGUAGE = re.compile(r"%%(?!time|timeit|capture|prun)\w+")
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception"})
_MAGIC = re.compile(r"\s*[%!?]|.*\?\s*$")


@dataclass(frozen=True)
class Notebook:
    """A notebook's size, and the Python in its code cells with magics and shell lines taken out."""

    cells: int
    code_cells: int
    source: str


def parse(source: str | bytes) -> ast.Module:
    """Return the tree of `source`.

    Raises:
        SyntaxError: also for bytes in no known encoding, null bytes and nesting that is too deep.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the user's escapes, not ours
        try:
            return ast.parse(source)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error)) from error


def imported_modules(tree: ast.Module) -> set[str]:
    r"""Return the top-level names of all absolute imports, wherever they stand.

    >>> sorted(imported_modules(parse("import a.b, c\nfrom d.e import f\nfrom . import g")))
    ['a', 'c', 'd']
    """
    return _names_in(ast.walk(tree))


def required_modules(tree: ast.Module) -> set[str]:
    r"""Return those of `imported_modules` that the code cannot do without: it catches no ImportError of theirs.

    >>> required_modules(parse("import a\ntry:\n  import b\nexcept ImportError:\n  import c"))
    {'a'}
    """
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, ast.Try) and any(map(_catches_import_errors, node.handlers)):
            waiting += [*node.orelse, *node.finalbody]
        else:
            waiting += ast.iter_child_nodes(node)
    return _names_in(found)


def is_test_file(path: PurePath) -> bool:
    """Return whether pytest would collect `path` by its default patterns."""
    return path.suffix == ".py" and (path.name.startswith("test_") or path.stem.endswith("_test"))


def count_tests(tree: ast.Module) -> int:
    """Count functions `test*` at the top and in classes `Test*` or subclasses of `...TestCase`."""
    count = 0
    waiting: list[ast.AST] = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count += node.name.startswith("test")
            elif isinstance(node, ast.ClassDef) and (node.name.startswith("Test") or _is_test_case(node)):
                waiting.append(node)
    return count


def read_notebook(text: str) -> Notebook:
    """Read a notebook of any version of the format.

    Raises:
        ValueError: the text is not a notebook.
    """
    cells = read_cells(text)
    code = [cell for cell in cells if cell.kind == "code"]
    return Notebook(len(cells), len(code), "\n".join(python_of(cell.source) for cell in code))


def python_of(cell: str) -> str:
    """Return a cell with its magics emptied, so that the rest parses; of other languages, nothing."""
    if _OTHER_LANGUAGE.match(cell.lstrip()):
        return ""
    return "\n".join("" if _MAGIC.match(line) else line for line in cell.splitlines())


def _names_in(nodes: Iterable[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in _IMPORT_ERRORS) for kind in caught)


def _is_test_case(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).endswith("TestCase") for base in node.bases)
