"""Results of `file.search`: path, line and preview with the match marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.oracles.file_search.schemas import FileMatch, FileSearchOutput
from vibe_jupyter.widgets.rendering.document import Block, Cell, Column, Line, Marked, Table, Text
from vibe_jupyter.widgets.rendering.formats import counted, number
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERER"]


def _summary(result: FileSearchOutput) -> str:
    if not result.matches:
        return f"no match in {counted(result.files_searched, 'file')}"
    if result.truncated:
        matches = counted(result.total_matches, "match", "matches")
        return f"{matches}, the {'best ' if result.mode == 'words' else 'first '}{number(len(result.matches))} here"
    files = len({match.path for match in result.matches})
    return f"{counted(result.total_matches, 'match', 'matches')} in {counted(files, 'file')}"


def _blocks(result: FileSearchOutput) -> Iterator[Block]:
    if result.matches:
        columns = (Column("file"), Column("line", "right"), Column("", is_fluid=True))
        rows = [
            _row(match, is_repeated=previous is not None and previous.path == match.path)
            for match, previous in zip(result.matches, [None, *result.matches], strict=False)
        ]
        yield Table(columns, rows, total=result.total_matches, more="raise the limit to see them")
    else:
        said = ", ".join(result.words) if result.words else result.query
        yield Line("nothing matches ", Text(said, "code"), Text(f" under {result.root}", "muted"))
    skipped = result.files_skipped
    left_out = [
        f"{number(count)} {why}"
        for count, why in (
            (skipped.binary, "binary"),
            (skipped.too_large, "too large"),
            (skipped.unreadable, "unreadable"),
        )
        if count
    ]
    if skipped.unreadable or skipped.too_large or (left_out and not result.matches):
        yield Line(Text(f"not searched: {', '.join(left_out)}", "muted"))


def _row(match: FileMatch, *, is_repeated: bool) -> tuple[Cell, ...]:
    name = Text(match.path, "muted" if is_repeated else "plain", limit=80)
    path: Cell = name if match.cell is None else (name, Text(f" cell {match.cell}", "muted"))
    if match.kind == "name":
        return (Marked(match.preview, match.spans, "plain", limit=80), None, Text("the file's name", "muted"))
    indent = len(match.preview) - len(match.preview.lstrip())
    spans = [(max(start - indent, 0), end - indent) for start, end in match.spans]
    line = None if match.line is None else str(match.line)
    return (path, line, Marked(match.preview[indent:].rstrip(), spans))


RENDERER = Renderer(_blocks, summary=_summary, model=FileSearchOutput)
