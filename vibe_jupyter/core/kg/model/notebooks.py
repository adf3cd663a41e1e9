"""Notebooks and data files as triples: cells in their order, what they share, and what they read and write."""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from vibe_jupyter.core.kg.extract.facts import FILE_FOLDER
from vibe_jupyter.core.kg.model.names import CODE, SAFE, file_iri
from vibe_jupyter.core.kg.model.ntriples import INTEGER, TYPE, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.core.kg.extract.facts import Cell, DataUse, FileFacts

__all__ = ["CellLines", "cell_fragment", "cells_block", "data_block", "data_iri", "in_cells"]

_TYPES = {"code": "code", "markdown": "markdown", "heading": "markdown"}  # headings are of old formats


def cell_fragment(position: int) -> str:
    """Return the fragment of a cell's IRI; cells count from 0."""
    return f"cell-{position}"


class CellLines:
    """Finds the cell that holds a line of a notebook's code."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        code = [(cell.first_line, position) for position, cell in enumerate(cells) if cell.first_line]
        self._starts = [first for first, _position in code]
        self._positions = [position for _first, position in code]

    def at(self, line: int) -> tuple[int, int]:
        """Return the position of the line's cell, from 0, and the line in it, from 1."""
        at = max(bisect_right(self._starts, line) - 1, 0)
        return self._positions[at], line - self._starts[at] + 1


def in_cells(facts: FileFacts) -> FileFacts:
    """Return a notebook's facts with lines as people count them: from 1 in each cell."""
    replace = msgspec.structs.replace
    lines = CellLines(facts.cells)

    def line(number: int) -> int:
        return lines.at(number)[1]

    def end(start: int, number: int) -> int:
        return line(start) + number - start

    return replace(
        facts,
        definitions=[
            replace(d, start_line=line(d.start_line), end_line=end(d.start_line, d.end_line))
            for d in facts.definitions
        ],
        calls=[replace(call, line=line(call.line)) for call in facts.calls],
        problems=[
            replace(p, message=f"cell {lines.at(p.line)[0]}: {p.message}", line=line(p.line))
            if any(cell.first_line for cell in facts.cells)
            else p
            for p in facts.problems
        ],
    )


def cells_block(
    file: str,
    facts: FileFacts,
    fragments: Sequence[str],
    calls: Sequence[str],
) -> str:
    """Return the triples of a notebook's cells.

    Args:
        file: the notebook's IRI.
        facts: of the notebook, with lines through all cells.
        fragments: of its definitions.
        calls: of its call sites.
    """
    out: list[str] = []
    put = out.append
    defined_by: dict[str, int] = {}
    for position, cell in enumerate(facts.cells):
        me = f"<{file}#{cell_fragment(position)}>"
        put(
            f"<{file}> <{CODE}hasCell> {me} .\n{me} {TYPE} <{CODE}Cell> .\n"
            f'{me} <{CODE}position> "{position}"^^{INTEGER} .\n'
            f"{me} <{CODE}cellType> {literal(_TYPES.get(cell.kind, 'raw'))} .\n"
        )
        if cell.execution_count is not None:
            put(f'{me} <{CODE}executionCount> "{cell.execution_count}"^^{INTEGER} .\n')
        if cell.error:
            put(f"{me} <{CODE}error> {literal(cell.error)} .\n")
        earlier = sorted({defined_by[name] for name in cell.uses if name in defined_by})
        out.extend(f"{me} <{CODE}usesName> {literal(name)} .\n" for name in cell.uses)
        out.extend(f"{me} <{CODE}usesCell> <{file}#{cell_fragment(at)}> .\n" for at in earlier)
        for name in cell.defines:
            put(f"{me} <{CODE}definesName> {literal(name)} .\n")
            defined_by[name] = position
    places = [(fragment, d.start_line) for fragment, d in zip(fragments, facts.definitions, strict=True)]
    places += [(fragment, call.line) for fragment, call in zip(calls, facts.calls, strict=True)]
    lines = CellLines(facts.cells)
    for fragment, line in places:
        put(f"<{file}#{fragment}> <{CODE}inCell> <{file}#{cell_fragment(lines.at(line)[0])}> .\n")
    return "".join(out)


def data_iri(base: str, name: str) -> str:
    """Return the IRI of a data file, by its path in the project or its name outside; no source file has it."""
    return f"{base}#data:{quote(name, safe=SAFE)}"


def data_block(
    base: str,
    path: str,
    facts: FileFacts,
    fragments: Sequence[str],
) -> str:
    """Return the triples of what a file reads and writes.

    A path that is not absolute begins at the notebook's folder, where its kernel runs, or at the project's root, where
    scripts are started.
    """
    file = file_iri(base, path)
    cells = CellLines(facts.cells)
    lines: set[str] = set()
    for use in facts.data:
        name, is_inside = _place(path, use, is_notebook=bool(facts.cells))
        data = data_iri(base, name)
        subject = file
        if use.caller >= 0 and facts.definitions[use.caller].kind in ("function", "method", "class"):
            subject = f"{file}#{fragments[use.caller]}"
        elif facts.cells:
            subject = f"{file}#{cell_fragment(cells.at(use.line)[0])}"
        lines.add(f"<{subject}> <{CODE}{use.relation}> <{data}> .\n")
        lines.add(f"<{data}> {TYPE} <{CODE}DataFile> .\n")
        lines.add(
            f"<{data}> <{CODE}name> {literal(name.rpartition('/')[2] or name if is_inside else name)} .\n"
        )
        if is_inside:
            lines.add(f"<{data}> <{CODE}path> {literal(name)} .\n")
    return "".join(sorted(lines))


def _place(path: str, use: DataUse, *, is_notebook: bool) -> tuple[str, bool]:
    """Return where a data file lies, and whether that is in the project."""
    folder = posixpath.dirname(path)
    said = use.path.replace("\\", "/")
    if said.startswith(FILE_FOLDER):
        said = posixpath.join(folder, said.removeprefix(FILE_FOLDER).lstrip("/"))
    elif "://" in said or said.startswith(("/", "~")) or said[1:2] == ":":
        return said, False
    elif is_notebook:
        said = posixpath.join(folder, said)
    inside = posixpath.normpath(said)
    return (use.path.replace(FILE_FOLDER, "."), False) if inside.startswith("..") else (inside, True)
