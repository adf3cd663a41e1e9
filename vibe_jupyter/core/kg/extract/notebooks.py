"""Notebooks as facts: their code cells are one Python module, in the order in which they stand.

What is not Python (magics, shell commands, cells of another language) becomes `pass`, so that all lines stay in place.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import symtable
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.kg.extract.facts import Cell, FileFacts, Problem
from vibe_jupyter.core.kg.extract.ipython import plain_python
from vibe_jupyter.core.kg.extract.markdown import sections_of
from vibe_jupyter.core.kg.extract.python import extract_python
from vibe_jupyter.core.oracles.notebook_cells import read_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.core.oracles.notebook_cells import Cell as StoredCell

    _Statement = tuple[ast.stmt, set[str], set[str], set[str]]

__all__ = ["extract_notebook", "names_of"]

_LANGUAGE = re.compile(r"(?:i?python\d?|xpython)\b.*", re.IGNORECASE)
_MAX_CELLS = 10_000
_MAX_ERROR = 300
_MAX_COUNT = 2**53  # larger ones are no counts, and no numbers that all programs can read
_BUILTINS = frozenset(dir(builtins)) | {"display", "get_ipython", "In", "Out", "_", "__", "___", "__file__"}
_INNER = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
_CONTEXTS: dict[type[ast.expr_context], int] = {ast.Load: 0, ast.Store: 1, ast.Del: 2}


def extract_notebook(source: bytes) -> FileFacts:
    """Return the facts of a notebook; one that cannot be read as such has a problem, and no cells."""
    try:
        stored = [_readable(cell) for cell in read_cells(source)]
    except ValueError as error:
        return FileFacts("jupyter", 0, problems=[Problem(1, str(error))])
    is_python = _runs_python(source)
    texts = [_plain(cell) if is_python else None for cell in stored[:_MAX_CELLS]]
    unended = {place: reason for place, text in enumerate(texts) if text and (reason := _never_ends(text))}
    for place in unended:  # it would swallow the cells after it
        texts[place] = "\n" * (texts[place] or "").count("\n")
    joined = "\n".join(text for text in texts if text is not None)
    facts = extract_python(joined.encode("utf-8", "replace"))
    facts.language = "jupyter"
    line = 1
    for cell, text in zip(stored, texts, strict=False):
        lines = text.count("\n") + 1 if text is not None else 0
        defines, uses = names_of(text) if text is not None else ((), ())
        facts.cells.append(
            Cell(
                cell.kind,
                line if lines else 0,
                lines,
                cell.execution_count,
                _error(cell),
                defines,
                uses,
                cell.id or "",
            )
        )
        if len(facts.cells) - 1 in unended:
            facts.problems.append(Problem(line, unended[len(facts.cells) - 1]))
        if cell.kind == "markdown":
            facts.sections.extend(sections_of(cell.source.replace("\r", "\n"), len(facts.cells) - 1))
        line += lines
    if len(stored) > _MAX_CELLS:
        facts.problems.append(
            Problem(1, f"only the first {_MAX_CELLS:,} of its {len(stored):,} cells are read")
        )
    return facts


def names_of(source: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names that a cell binds for the cells after it, and those that it needs from the cells before it.

    Both are sorted; a cell that is no Python has none. Names of Python itself are left out.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            table = symtable.symtable(source, "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (), ()
    defines = {
        s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()
    }
    used = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    for inner in _tables(table):
        for symbol in inner.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                used.add(symbol.get_name())
            if symbol.is_declared_global() and symbol.is_assigned():
                defines.add(symbol.get_name())
    statements = [(statement, *_names(statement)) for statement in tree.body]
    uses = (used - defines) | _needed_first(statements, defines & used)
    deleted = {name for _statement, _read, _bound, deleted in statements for name in deleted}
    uses |= deleted - {name for _statement, _read, bound, _deleted in statements for name in bound}
    return tuple(sorted(defines - deleted)), tuple(sorted(uses - _BUILTINS))


def _never_ends(source: str) -> str:
    """Return why a cell would go on in the next one; nothing where it ends."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except SyntaxError as error:
        message = error.msg or ""
        return (
            message if "never closed" in message or "unterminated" in message or "too many" in message else ""
        )
    except (ValueError, RecursionError, MemoryError) as error:
        return f"it cannot be parsed: {error}"
    return ""


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    waiting = list(table.get_children())
    while waiting:
        inner = waiting.pop()
        yield inner
        waiting.extend(inner.get_children())


def _needed_first(statements: list[_Statement], names: set[str]) -> set[str]:
    """Return those of some names that a cell reads in a statement that comes before, or is, the first that binds them.

    What a function reads, it reads when it is called. `total += 1` reads what it binds.
    """
    found: set[str] = set()
    bound: set[str] = set()
    for statement, reads, binds, _deletes in statements:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            is_simple = isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr)
            found |= (reads & names) - bound - (set() if is_simple else binds)
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            found |= {statement.target.id} - bound
        bound |= binds | _named(statement)
    return found


def _names(node: ast.AST) -> tuple[set[str], set[str], set[str]]:
    """Return the names that a statement reads, binds and deletes itself; what a function's body does is not its own."""
    found: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    waiting: list[ast.AST] = [node]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, ast.Name):
            found[_CONTEXTS[type(inner.ctx)]].add(inner.id)
        elif not isinstance(inner, _INNER):
            waiting.extend(ast.iter_child_nodes(inner))
    return found


def _named(node: ast.AST) -> set[str]:
    found: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(inner.name)
        elif isinstance(inner, ast.Import | ast.ImportFrom):
            found.update((alias.asname or alias.name).split(".")[0] for alias in inner.names)
    return found


def _plain(cell: StoredCell) -> str | None:
    return plain_python(cell.source.replace("\r", "\n")) if cell.kind == "code" else None


def _runs_python(source: bytes) -> bool:
    """Whether the notebook's kernel runs Python; one that says nothing does."""
    metadata: Any = json.loads(source.decode("utf-8-sig", "replace")).get("metadata")
    if not isinstance(metadata, dict):
        return True
    for key, field in (("language_info", "name"), ("kernelspec", "language"), ("kernelspec", "name")):
        said = metadata.get(key)
        name = said.get(field) if isinstance(said, dict) else None
        if isinstance(name, str) and name:
            return _LANGUAGE.fullmatch(name) is not None
    return True


def _error(cell: StoredCell) -> str:
    for output in cell.outputs:
        if output.get("output_type") in ("error", "pyerr"):
            name, value = output.get("ename", ""), output.get("evalue", "")
            return _text(" ".join(f"{name}: {value}".split())[:_MAX_ERROR])
    return ""


def _readable(cell: StoredCell) -> StoredCell:
    """Return a cell without what JSON can hold and a file or a number in it cannot: lone surrogates, huge counts."""
    count = cell.execution_count
    return replace(
        cell,
        kind=_text(cell.kind),
        source=_text(cell.source),
        id=cell.id if cell.id is None else _text(cell.id),
        execution_count=count if count is not None and abs(count) < _MAX_COUNT else None,
    )


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
