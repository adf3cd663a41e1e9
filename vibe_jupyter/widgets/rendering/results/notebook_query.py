"""Results of `notebook.query`: cells, errors, imports, stale outputs or headings, notebook by notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.oracles.notebook_query.schemas import NotebookQueryOutput, NotebookRow
from vibe_jupyter.widgets.rendering.document import NOTHING, Block, Cell, Column, Line, Marked, Table, Text
from vibe_jupyter.widgets.rendering.formats import counted
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERER"]

_NOUNS = {
    "cells": "cell",
    "errors": "error",
    "imports": "import",
    "stale": "stale cell",
    "outline": "heading",
}
_INDENT = "\u2003"  # an em space: HTML keeps it


def _summary(result: NotebookQueryOutput) -> str:
    noun = _NOUNS[result.what]
    if not result.rows:
        return f"no {noun} in {counted(result.notebooks_searched, 'notebook')}"
    return (
        f"{counted(result.total_rows, noun)} in {result.notebooks_matched} of "
        f"{counted(result.notebooks_searched, 'notebook')}"
    )


def _blocks(result: NotebookQueryOutput) -> Iterator[Block]:
    if result.rows:
        said = {"errors": "error", "imports": "module", "stale": "why", "outline": ""}.get(result.what)
        columns = [Column("notebook"), Column("cell", "right"), Column("", is_fluid=True)]
        if said:
            columns.append(Column(said, is_fluid=True))
        rows: list[tuple[Cell, ...]] = []
        for row, previous in zip(result.rows, [None, *result.rows], strict=False):
            is_repeated = previous is not None and previous.notebook == row.notebook
            name = Text(row.notebook, "muted" if is_repeated else "plain", limit=80)
            cell = NOTHING if row.cell is None else str(row.cell)
            rows.append((name, cell, _preview(row), *([_detail(row)] if said else [])))
        yield Table(tuple(columns), rows, total=result.total_rows, more="raise the limit to see them")
    else:
        yield Line(f"nothing of this kind under {result.root}")
    for problem in result.problems[:5]:
        yield Line(
            Text("▲ ", "warn"), Text(problem.notebook, "code"), f" could not be read: {problem.problem}"
        )
    if result.notebooks_unreadable > 5:
        yield Line(Text(f"… and {counted(result.notebooks_unreadable - 5, 'more such notebook')}", "muted"))


def _preview(row: NotebookRow) -> Cell:
    if row.level is not None:
        return Text(_INDENT * min(row.level - 1, 5) + row.preview, "strong" if row.level == 1 else "plain")
    indent = len(row.preview) - len(row.preview.lstrip())
    spans = [(max(start - indent, 0), end - indent) for start, end in row.spans]
    return Marked(
        row.preview[indent:].rstrip(), spans, "plain" if row.kind == "markdown" else "code", limit=120
    )


def _detail(row: NotebookRow) -> Cell:
    if row.ename:
        return (Text(row.ename, "bad"), Text(f": {row.evalue}" if row.evalue else "", limit=160))
    if row.module:
        return Text(row.module, "strong", limit=80)
    return Text(row.detail or (row.reason or "").replace("_", " "), limit=160)


RENDERER = Renderer(_blocks, summary=_summary, model=NotebookQueryOutput)
