"""What one notebook has to say on each topic but `cells`: errors, imports, stale outputs, headings."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.oracles.file_search.preview import plain, preview
from vibe_jupyter.core.oracles.notebook_query.staleness import stale_cells
from vibe_jupyter.core.oracles.project_stats.python_source import parse, python_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vibe_jupyter.core.oracles.notebook_cells import Cell
    from vibe_jupyter.core.oracles.notebook_query.schemas import Topic

__all__ = ["FINDINGS", "Row", "row_of"]

Row = dict[str, Any]

_MAX_TEXT = 300
_MAX_TRACEBACK_ENTRIES = 200
_MAX_ENTRY = 20_000
_LINE_OF_CELL = re.compile(r"^(?:.*Cell In ?\[\d+\], line |-+> ?)(\d+)", re.MULTILINE)
_IMPORT_LINE = re.compile(r"^\s*(?:import|from)\s+([A-Za-z_][\w.]*)")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_HTML_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


def row_of(cell: Cell, line: int | None = None, **more: Any) -> Row:
    """Return the row for a cell, with the text of a line of it or of its first one."""
    lines = cell.source.split("\n")
    text = lines[line - 1] if line is not None else next(filter(str.strip, lines), "")
    return {
        "cell": cell.index,
        "cell_id": plain(cell.id) if cell.id is not None else None,
        "kind": plain(cell.kind),
        "execution_count": cell.execution_count,
        "line": line,
        "preview": preview(text, ())[0],
        **more,
    }


def _errors(cells: Sequence[Cell]) -> Iterator[Row]:
    """Yield the errors in stored outputs; the traceback tells the line of the cell."""
    for cell in cells:
        for output in cell.outputs:
            if output.get("output_type") not in ("error", "pyerr"):  # `pyerr` up to format 3
                continue
            entries = output.get("traceback")
            entries = entries[:_MAX_TRACEBACK_ENTRIES] if isinstance(entries, list) else []
            lines = (line for entry in entries for line in _ends(str(entry)).split("\n"))
            traceback = "\n".join(plain(line) for line in lines)
            ename, evalue = _short(output.get("ename", "")), _short(output.get("evalue", ""))
            last = traceback.strip().rpartition("\n")[2]
            line = _failing_line(traceback, cell)
            detail = _short(last) or ": ".join(filter(None, (ename, evalue)))
            yield row_of(cell, line, ename=ename, evalue=evalue, detail=detail)


def _imports(cells: Sequence[Cell]) -> Iterator[Row]:
    """Yield each module that a code cell imports, once for a cell."""
    for cell in cells:
        if cell.kind != "code":
            continue
        found: dict[str, int] = {}
        for module, line in _imported(python_of(cell.source)):
            found.setdefault(module, line)
        for module, line in found.items():
            text = row_of(cell, line, module=plain(module))
            yield {**text, "detail": text["preview"]}


def _stale(cells: Sequence[Cell]) -> Iterator[Row]:
    for cell, reason, detail in stale_cells(cells):
        if cell is None:
            yield {"cell": None, "preview": "", "reason": reason, "detail": detail}
        else:
            yield row_of(cell, reason=reason, detail=detail)


def _outline(cells: Sequence[Cell]) -> Iterator[Row]:
    for cell in cells:
        if cell.kind == "heading":  # format 3
            headings: list[tuple[int, int, str]] = [(1, cell.level or 1, cell.source.split("\n")[0])]
        else:
            headings = list(_headings(cell.source)) if cell.kind == "markdown" else []
        for line, level, text in headings:
            shown = preview(text, ())[0]
            yield row_of(cell, line, level=level) | {"preview": shown, "detail": f"{'#' * level} {shown}"}


FINDINGS: dict[Topic, Callable[[Sequence[Cell]], Iterator[Row]]] = {
    "errors": _errors,
    "imports": _imports,
    "stale": _stale,
    "outline": _outline,
}


def _short(value: object) -> str:
    text = " ".join(plain(line) for line in str(value)[: 2 * _MAX_TEXT].split("\n")).strip()
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def _ends(text: str) -> str:
    """Return beginning and end of a traceback's entry that is a book of its own."""
    half = _MAX_ENTRY // 2
    return text if len(text) <= _MAX_ENTRY else f"{text[:half]}\n{text[-half:]}"


def _failing_line(traceback: str, cell: Cell) -> int | None:
    """Return the line of the outermost frame, which is the cell's; None if the cell has no such line."""
    found = _LINE_OF_CELL.search(traceback)
    line = int(found[1][:9]) if found else 0
    return line if 1 <= line <= cell.source.count("\n") + 1 else None


def _imported(source: str) -> Iterator[tuple[str, int]]:
    """Yield module and line; in what is no Python as a whole, those that a line on its own tells."""
    try:
        tree = parse(source)
    except SyntaxError:
        for number, line in enumerate(source.split("\n"), start=1):
            if found := _IMPORT_LINE.match(line):
                yield found[1], number
        return
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        else:
            yield "." * node.level + (node.module or ""), node.lineno


def _headings(source: str) -> Iterator[tuple[int, int, str]]:
    """Yield line, level and text of the headings in Markdown (CommonMark 4.2 and 4.3) and of HTML ones."""
    fence, before = "", ""
    for number, line in enumerate(source.split("\n"), start=1):
        mark = _FENCE.match(line)
        if fence or mark:
            if mark and not fence:
                fence = mark[1]
            elif mark and mark[1].startswith(fence):
                fence = ""
            before = ""
        elif found := _HEADING.match(line):
            yield number, len(found[1]), (found[2] or "").strip()
            before = ""
        elif before and (underline := _UNDERLINE.match(line)):
            yield number - 1, 1 if underline[1].startswith("=") else 2, before
            before = ""
        else:
            for level, text in _HTML_HEADING.findall(line):
                yield number, int(level), _TAG.sub("", text).strip()
            before = "" if line.lstrip().startswith(("- ", "* ", "+ ", ">", "|")) else line.strip()
