"""A document as text for terminals, logs and `text/plain`: aligned columns, nothing wider than asked."""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import TYPE_CHECKING, Literal, assert_never

from vibe_jupyter.widgets.rendering import document as d
from vibe_jupyter.widgets.rendering.formats import clean, number
from vibe_jupyter.widgets.rendering.glyphs import bar, segments
from vibe_jupyter.widgets.rendering.marks import marked_pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["write_text"]

Surface = Literal["notebook", "terminal"]
_SGR: dict[str, str] = {"strong": "1", "code": "36", "muted": "2", "good": "32", "warn": "33", "bad": "31"}
_MARK, _BAR = "1;33", "34"
_SERIES = ("34", "32", "33", "35", "36", "31")
_GAP = "  "
_NARROWEST = 6
_CELL_LIMIT = 500

Run = tuple[str, str]
"""Text with its SGR code, empty for none."""


def write_text(
    blocks: Iterable[d.Block], *, width: int, color: bool = False, surface: Surface = "terminal"
) -> str:
    """Return blocks as lines of at most `width` characters; lines of prose are not cut but left to wrap."""
    writer = _Writer(width, color, surface)
    return "\n".join(line for block in blocks for line in writer.block(block))


class _Writer:
    def __init__(self, width: int, color: bool, surface: Surface) -> None:
        self.width, self.color, self.surface = max(width, 20), color, surface

    def block(self, block: d.Block) -> Iterator[str]:
        match block:
            case d.Line():
                yield self._painted(self._runs(block.inlines)).rstrip()
            case d.Heading():
                yield ""
                yield self._painted([(clean(block.text, limit=200), "1")])
            case d.Table():
                yield from self._table(block)
            case d.Code():
                yield clean(block.text, limit=block.limit, one_line=False)
            case d.Markdown():
                yield clean(block.text, limit=50_000, one_line=False)
            case d.Image():
                yield self._painted(
                    [(f"({clean(block.name or block.media_type, limit=200)}: an image)", "2")]
                )
            case d.Audio():
                yield self._painted([(f"({clean(block.name or block.media_type, limit=200)}: a sound)", "2")])
            case d.Fold():
                yield self._painted([(f"▸ {clean(block.summary, limit=200)}", "2")])
            case _:
                assert_never(block)

    def _runs(self, cell: d.Cell) -> list[Run]:
        if cell is None:
            return []
        parts = cell if isinstance(cell, tuple) else (cell,)
        return [run for part in parts for run in self._inline(part)]

    def _inline(self, part: d.Inline) -> Iterator[Run]:
        match part:
            case str():
                yield clean(part, limit=1000), ""
            case d.Text():
                yield clean(part.text, limit=part.limit), _SGR.get(part.style, "")
            case d.Marked():
                base = _SGR.get(part.style, "") if part.style != "code" else ""
                for text, is_marked in marked_pieces(part):
                    yield clean(text, limit=part.limit), _MARK if is_marked else base
            case d.Bar(parts=(fraction,)):
                yield bar(fraction, part.width, track="·"), _SGR.get(part.style, _BAR)
            case d.Bar():
                lengths = segments(part.parts, part.width)
                for index, (shade, length) in enumerate(lengths):
                    yield shade * length, _SERIES[index % len(_SERIES)]
                yield "·" * (part.width - sum(length for _, length in lengths)), "2"
            case d.Command():
                yield clean(part.spelled(self.surface), limit=300), _SGR["code"]
            case d.Id():
                yield clean(part.shown, limit=8), _SGR["code"]
            case d.Link():
                if part.label and part.label != part.url:
                    yield f"{clean(part.label, limit=200)} ", ""
                yield clean(part.url, limit=2000), _SGR["code"]
            case _:
                assert_never(part)

    def _painted(self, runs: Sequence[Run]) -> str:
        if not self.color:
            return "".join(text for text, _ in runs)
        return "".join(f"\x1b[{code}m{text}\x1b[0m" if code and text else text for text, code in runs)

    def _table(self, table: d.Table) -> Iterator[str]:
        titles = [clean(column.title, limit=60) for column in table.columns]
        rows = [[self._runs(cell) for cell in row] for row in table.rows[: table.limit]]
        has_head = any(titles)
        widths = self._widths(table.columns, titles if has_head else [""] * len(titles), rows)
        if has_head:
            yield from self._row(table.columns, [[(title, "1")] for title in titles], widths)
            yield self._painted([(_GAP.join("─" * width for width in widths), "2")])
        for row in rows:
            yield from self._row(table.columns, row, widths)
        missing = (len(table.rows) if table.total is None else table.total) - len(rows)
        if missing > 0:
            where = f" · {clean(table.more, limit=200)}" if table.more else ""
            yield self._painted([(f"… and {number(missing)} more{where}", "2")])

    def _widths(
        self, columns: Sequence[d.Column], titles: Sequence[str], rows: Sequence[Sequence[Sequence[Run]]]
    ) -> list[int]:
        widths = [columns_of(title) for title in titles]
        for row in rows:
            for index, runs in enumerate(row[: len(widths)]):
                cells = min(sum(columns_of(text) for text, _ in runs), _CELL_LIMIT)
                widths[index] = max(widths[index], cells)
        room = self.width - len(_GAP) * (len(widths) - 1)
        while sum(widths) > room:
            fluid = [index for index, column in enumerate(columns) if column.is_fluid]
            candidates = [index for index in fluid if widths[index] > 2 * _NARROWEST] or range(len(widths))
            widest = max(candidates, key=widths.__getitem__)
            if widths[widest] <= _NARROWEST:
                break
            others = max((widths[index] for index in candidates if index != widest), default=0)
            excess = sum(widths) - room
            floor = max(widths[widest] - excess, min(others, widths[widest] - 1), _NARROWEST)
            widths[widest] = floor
        return widths

    def _row(
        self, columns: Sequence[d.Column], cells: Sequence[Sequence[Run]], widths: Sequence[int]
    ) -> Iterator[str]:
        """Yield the lines of a row: one, or more where a column wraps."""
        wrapped = [
            wrapped_runs(runs, width) if column.wraps else [fitted_runs(runs, width)]
            for column, runs, width in zip(columns, cells, widths, strict=False)
        ]
        for parts in itertools.zip_longest(*wrapped, fillvalue=[]):
            shown = []
            for column, fitted, width in zip(columns, parts, widths, strict=False):
                padding = " " * (width - sum(columns_of(text) for text, _ in fitted))
                painted = self._painted(fitted)
                shown.append(padding + painted if column.align == "right" else painted + padding)
            yield _GAP.join(shown).rstrip()


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(sign) for sign in text)


def _columns(sign: str) -> int:
    if unicodedata.combining(sign) or sign in "\u200b\u200c\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def fitted_runs(runs: Sequence[Run], width: int) -> list[Run]:
    """Return runs cut to `width` columns, with an ellipsis in the last one where something is missing."""
    if sum(columns_of(text) for text, _ in runs) <= width:
        return list(runs)
    fitted: list[Run] = []
    room = width - 1
    for text, code in runs:
        for kept, sign in enumerate(text):
            room -= _columns(sign)
            if room < 0:
                return [*fitted, (text[:kept].rstrip() + "…", code)]
        fitted.append((text, code))
    return fitted


def wrapped_runs(runs: Sequence[Run], width: int) -> list[list[Run]]:
    """Return runs in lines of at most `width` columns, broken at spaces, and within a word that is longer."""
    lines: list[list[Run]] = [[]]
    room = width
    for text, code in runs:
        for word in re.findall(r"\s+|\S+", text):
            if word.isspace() and columns_of(word) > room:
                room = 0
                continue
            for piece in _pieces(word, width):
                needed = columns_of(piece)
                if needed > room:
                    lines.append([])
                    room = width
                before = lines[-1].pop()[0] if lines[-1] and lines[-1][-1][1] == code else ""
                lines[-1].append((before + piece, code))
                room -= needed
    return lines


def _pieces(word: str, width: int) -> Iterator[str]:
    if columns_of(word) <= width:
        yield word
        return
    piece = ""
    for sign in word:
        if columns_of(piece + sign) > width:
            yield piece
            piece = ""
        piece += sign
    yield piece
