"""Graphs as static SVG: without scripts, links or style sheets, so that it is shown wherever a notebook is read.

All text comes from data; it is cleaned and escaped before it stands in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from vibe_jupyter.widgets.rendering.formats import clean, counted, number
from vibe_jupyter.widgets.rendering.layers import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["MAX_NODES", "PictureEdge", "PictureNode", "draw"]

MAX_NODES = 60
"""More are cut: nobody can follow them."""

_ROW, _BOX, _GAP, _MARGIN = 36, 26, 76, 18
_CHARACTER = 6.7
_LABEL = 38
_COLOURS = ("#3b6fb6", "#c2561a", "#2e8b57", "#8e5bb5", "#a0522d", "#5f6b7a")
_FILLS = {
    "Class": "#fdf1dd", "Interface": "#fdf1dd", "Enumeration": "#fdf1dd",
    "Function": "#e4eefb", "Method": "#e4eefb", "Module": "#e7f5ea", "Notebook": "#e7f5ea", "File": "#e7f5ea",
    "External": "#f1f1f1",
}  # fmt: skip
_PLAIN = "#f3f0fa"


@dataclass(frozen=True, slots=True)
class PictureNode:
    """A node: what it is called, what it is, and its full name, shown when one points at it."""

    label: str
    kind: str = ""
    title: str = ""
    is_value: bool = False
    """Whether it is a text or a number, not a thing."""


@dataclass(frozen=True, slots=True)
class PictureEdge:
    """An edge between two nodes, by their places in the list."""

    source: int
    target: int
    kind: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    x: float
    y: float
    width: float


def draw(nodes: Sequence[PictureNode], edges: Sequence[PictureEdge], caption: str = "") -> str:
    """Return a graph as SVG; of more than 60 nodes, the first ones, and it says so.

    >>> draw([PictureNode("a"), PictureNode("b")], [PictureEdge(0, 1, "calls")]).startswith("<svg")
    True
    """
    shown = list(nodes[:MAX_NODES])
    kept = [edge for edge in edges if edge.source < len(shown) and edge.target < len(shown)]
    said = [caption or f"{counted(len(nodes), 'node')}, {counted(len(edges), 'edge')}"]
    if len(shown) < len(nodes):
        said.append(f"the first {len(shown)} of {number(len(nodes))} nodes are drawn")
    colours = {
        kind: _COLOURS[i % len(_COLOURS)] for i, kind in enumerate(dict.fromkeys(e.kind for e in kept))
    }
    places, width, height = _placed(shown, kept)
    legend = [kind for kind in colours if kind]
    width = max(
        width,
        *(
            _length(text) + 2 * _MARGIN
            for text in (" · ".join(said), "".join(legend) + 6 * len(legend) * " ")
        ),
    )
    return "".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height + 48:.0f}" '
                f'viewBox="0 0 {width:.0f} {height + 48:.0f}" role="img" '
                'font-family="system-ui,sans-serif" font-size="12" style="max-width:100%;height:auto">'
            ),
            f"<title>{_text(' · '.join(said), 300)}</title>",
            f'<rect width="{width:.0f}" height="{height + 48:.0f}" rx="6" fill="#ffffff" stroke="#d8dce2"/>',
            *_arrows(colours),
            *(_edge(edge, places, colours[edge.kind], list(colours).index(edge.kind)) for edge in kept),
            *(_node(node, place) for node, place in zip(shown, places, strict=True)),
            *_legend(legend, colours, height + 14),
            f'<text x="{_MARGIN}" y="{height + 36:.0f}" fill="#5b6470">{_text(" · ".join(said), 300)}</text>',
            "</svg>",
        ]
    )


def _placed(nodes: Sequence[PictureNode], edges: Sequence[PictureEdge]) -> tuple[list[_Place], float, float]:
    """Return where each node stands, and how large the whole is."""
    columns = columns_of(len(nodes), [(edge.source, edge.target) for edge in edges])
    height = max((len(column) for column in columns), default=0) * _ROW
    places: dict[int, _Place] = {}
    x: float = _MARGIN
    for column in columns:
        widths = {i: _length(_cut(nodes[i].label)) + 20 for i in column}
        widest = max(widths.values())
        top = _MARGIN + (height - len(column) * _ROW) / 2
        for row, i in enumerate(column):
            places[i] = _Place(x + (widest - widths[i]) / 2, top + row * _ROW, widths[i])
        x += widest + _GAP
    return [places[i] for i in range(len(nodes))], x - _GAP + _MARGIN, height + 2 * _MARGIN


def _node(node: PictureNode, place: _Place) -> str:
    title = " · ".join(part for part in (node.kind, node.title or node.label) if part)
    fill = "#ffffff" if node.is_value else _FILLS.get(node.kind, _PLAIN)
    dash = ' stroke-dasharray="3 2"' if node.is_value or node.kind == "External" else ""
    style = ' font-style="italic"' if node.is_value else ""
    return (
        f"<g><title>{_text(title, 300)}</title>"
        f'<rect x="{place.x:.1f}" y="{place.y:.1f}" width="{place.width:.1f}" height="{_BOX}" rx="5" '
        f'fill="{fill}" stroke="#9aa5b1"{dash}/>'
        f'<text x="{place.x + place.width / 2:.1f}" y="{place.y + 17:.1f}" text-anchor="middle" fill="#1f2630"{style}>'
        f"{_text(_cut(node.label), _LABEL + 1)}</text></g>"
    )


def _edge(edge: PictureEdge, places: Sequence[_Place], colour: str, number_of_kind: int) -> str:
    a, b = places[edge.source], places[edge.target]
    ay, by = a.y + _BOX / 2, b.y + _BOX / 2
    if edge.source == edge.target:
        x, y = a.x + a.width - 14, a.y
        line = f"M{x:.1f} {y:.1f} c-2 -16 22 -16 12 -1"
    elif b.x >= a.x + a.width:
        start, end = a.x + a.width, b.x - 6
        bend = max(24.0, (end - start) / 2)
        line = (
            f"M{start:.1f} {ay:.1f} C{start + bend:.1f} {ay:.1f} {end - bend:.1f} {by:.1f} {end:.1f} {by:.1f}"
        )
    else:  # back: it leaves on the left and comes in on the right, below the way forth
        start, end, ay, by = a.x, b.x + b.width + 6, ay + 6, by + 6
        line = f"M{start:.1f} {ay:.1f} C{start - 40:.1f} {ay + 18:.1f} {end + 40:.1f} {by + 18:.1f} {end:.1f} {by:.1f}"
    arrow = f'marker-end="url(#vibe-arrow-{number_of_kind})"'
    return f'<path d="{line}" fill="none" stroke="{colour}" stroke-opacity=".75" {arrow}/>'


def _arrows(colours: dict[str, str]) -> Iterator[str]:
    yield "<defs>"
    for i, colour in enumerate(colours.values()):
        yield (
            f'<marker id="vibe-arrow-{i}" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="8" markerHeight="8" '
            f'orient="auto"><path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>'
        )
    yield "</defs>"


def _legend(kinds: Sequence[str], colours: dict[str, str], y: float) -> Iterator[str]:
    x: float = _MARGIN
    for kind in kinds:
        yield f'<path d="M{x:.1f} {y - 4:.1f}h18" stroke="{colours[kind]}" stroke-width="2"/>'
        yield f'<text x="{x + 23:.1f}" y="{y:.1f}" fill="#5b6470">{_text(kind, _LABEL)}</text>'
        x += 23 + _length(_cut(kind)) + 18


def _cut(text: str) -> str:
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"


def _length(text: str) -> float:
    """Return about how wide a text is, in pixels; letters of Asia are twice as wide."""
    return sum(_CHARACTER if ord(character) < 0x1100 else 2 * _CHARACTER for character in text)


def _text(text: str, limit: int) -> str:
    return escape(clean(text, limit=limit))
