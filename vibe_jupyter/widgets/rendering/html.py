"""A document as HTML that is calm in JupyterLab's themes and still a document where styles are stripped (GitHub).

Semantic tags carry the meaning, inline styles only polish it; colours are the theme's variables with a fallback
that reads on light and on dark. No class but the ones that keep MathJax away, no style sheet, no script.
"""

from __future__ import annotations

import base64
import binascii
from html import escape
from typing import TYPE_CHECKING, assert_never

from vibe_jupyter.widgets.rendering import document as d
from vibe_jupyter.widgets.rendering.formats import clean, number, size
from vibe_jupyter.widgets.rendering.glyphs import bar, segments
from vibe_jupyter.widgets.rendering.marks import marked_pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["write_html"]

_TITLE_LIMIT = 1000
_LINK_LIMIT = 2000
_IMAGE_BYTES = 8_000_000
_MARKDOWN_LIMIT = 50_000
_SCROLLS_FROM = 24
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"})
_SOUNDS = frozenset(
    {
        "audio/wav", "audio/x-wav", "audio/wave", "audio/mpeg", "audio/mp3", "audio/ogg", "audio/flac", "audio/aac",
        "audio/mp4", "audio/webm",
    }
)  # fmt: skip
_SPACE = "&#160;"
_LINE = "var(--jp-border-color2,rgba(128,128,128,.3))"
_COLOURS = {
    "good": "var(--jp-success-color1,#2e9e44)",
    "warn": "var(--jp-warn-color1,#c77700)",
    "bad": "var(--jp-error-color1,#d9363e)",
    "plain": "var(--jp-brand-color1,#3b82c4)",
}
_TRACK = (
    "display:inline-block;font-family:monospace;white-space:pre;line-height:1;font-size:.8em;vertical-align:middle;overflow:hidden;"
    "background:rgba(128,128,128,.16)"
)
_MARK = '<mark style="background:rgba(255,196,0,.32);color:inherit;border-radius:2px">'
_SERIES = (
    "var(--jp-brand-color1,#3b82c4)",
    "var(--jp-success-color1,#2e9e44)",
    "var(--jp-warn-color1,#c77700)",
    "#8e6bbf",
    "#2a9d9d",
    "#b0668a",
)


def write_html(blocks: Iterable[d.Block]) -> str:
    """Return blocks as one HTML element."""
    inner = "".join(_block(block) for block in blocks)
    return (
        '<div class="tex2jax_ignore mathjax_ignore" style="line-height:1.5;max-width:100%;overflow-x:auto">'
        f"{inner}</div>"
    )


def _block(block: d.Block) -> str:
    match block:
        case d.Line():
            return f'<p style="margin:.15em 0">{"".join(_inline(part) for part in block.inlines)}</p>'
        case d.Heading():
            return f'<p style="margin:.7em 0 .15em"><b>{_escaped(block.text, 200)}</b></p>'
        case d.Table():
            return _table(block)
        case d.Code():
            return f'<pre style="white-space:pre-wrap;margin:.3em 0">{_escaped(block.text, block.limit, False)}</pre>'
        case d.Markdown():
            return _markdown(block.text)
        case d.Image():
            return _image(block)
        case d.Audio():
            return _audio(block)
        case d.Fold():
            inner = "".join(_block(one) for one in block.blocks)
            return (
                f'<details style="margin:.3em 0"><summary style="cursor:pointer">{_escaped(block.summary, 200)}'
                f"</summary>{inner}</details>"
            )
        case _:
            assert_never(block)


def _inline(part: d.Inline, *, in_table: bool = False) -> str:
    match part:
        case str():
            return _escaped(part, 1000)
        case d.Text():
            return _text(part, in_table)
        case d.Marked():
            return _marked(part, in_table)
        case d.Bar():
            return _bar(part)
        case d.Command():
            return f'<code style="white-space:nowrap">{_escaped(part.spelled("notebook"), 300)}</code>'
        case d.Id():
            return _text(d.Text(part.shown, "code", title=part.text), in_table)
        case d.Link():
            return _link(part, in_table)
        case _:
            assert_never(part)


def _escaped(text: str, limit: int, one_line: bool = True) -> str:
    return escape(clean(text, limit=limit, one_line=one_line))


def _text(part: d.Text, in_table: bool) -> str:
    shown = _escaped(part.text, part.limit)
    title = part.title
    if title is None and len(part.text) > part.limit:
        title = part.text
    attribute = f' title="{_escaped(title, _TITLE_LIMIT)}"' if title else ""
    match part.style:
        case "plain":
            return f"<span{attribute}>{shown}</span>" if attribute else shown
        case "strong":
            return f"<b{attribute}>{shown}</b>"
        case "code":
            return f"<code{_code_style(in_table)}{attribute}>{shown}</code>"
        case "muted":
            return f'<span style="opacity:.65"{attribute}>{shown}</span>'
        case "good" | "warn" | "bad":
            return f'<span style="color:{_COLOURS[part.style]}"{attribute}>{shown}</span>'
        case _:
            assert_never(part.style)


def _link(link: d.Link, in_table: bool) -> str:
    label = f"{_escaped(link.label, 200)} " if link.label and link.label != link.url else ""
    if not link.is_web or len(link.url) > _LINK_LIMIT:
        return label + _text(d.Text(link.url, "code", limit=_LINK_LIMIT), in_table)
    url = _escaped(link.url, _LINK_LIMIT)
    return f'{label}<a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>'


def _code_style(in_table: bool) -> str:
    # JupyterLab lets code wrap everywhere: in a table it shall do as its column does.
    return ' style="background:none;padding:0;white-space:inherit"' if in_table else ""


def _marked(part: d.Marked, in_table: bool) -> str:
    pieces = []
    for text, is_marked in marked_pieces(part):
        shown = _escaped(text, part.limit)
        pieces.append(f"{_MARK}{shown}</mark>" if is_marked and shown else shown)
    title = f' title="{_escaped(part.text, _TITLE_LIMIT)}"' if len(part.text) > part.limit else ""
    inner = "".join(pieces)
    if part.style == "code":
        plain = "background:none;padding:0;" if in_table else ""
        style = f"{plain}white-space:pre-wrap;overflow-wrap:anywhere"
        return f'<code style="{style}"{title}>{inner}</code>'
    return f"<span{title}>{inner}</span>"


def _bar(part: d.Bar) -> str:
    title = f' title="{_escaped(part.title, _TITLE_LIMIT)}"' if part.title else ""
    if len(part.parts) == 1:
        colour = _COLOURS.get(part.style, _COLOURS["plain"])
        inner = f'<span style="color:{colour}">{bar(part.parts[0], part.width) or _SPACE}</span>'
    else:
        inner = "".join(
            _segment(_SERIES[index % len(_SERIES)], shade * length)
            for index, (shade, length) in enumerate(segments(part.parts, part.width))
            if length
        )
    return f'<span style="{_TRACK};width:{part.width}ch"{title}>{inner}</span>'


def _segment(colour: str, text: str) -> str:
    """Return a part of a bar: one plain colour, or its shade where styles are stripped."""
    return f'<span style="color:{colour};background:{colour}">{text}</span>'


def _table(table: d.Table) -> str:
    rows = table.rows[: table.limit]
    head = ""
    if any(column.title for column in table.columns):
        cells = "".join(
            f"<th{_aligned(column)}>{_escaped(column.title, 60)}</th>" for column in table.columns
        )
        head = f"<thead><tr>{cells}</tr></thead>"
    body = "".join(_row(table.columns, row) for row in rows)
    html = f'<table style="border-collapse:collapse;margin:.3em 0 .6em">{head}<tbody>{body}</tbody></table>'
    if len(rows) > _SCROLLS_FROM:
        html = f'<div style="max-height:32em;overflow:auto">{html}</div>'
    return html + _more(table)


def _row(columns: Sequence[d.Column], row: Sequence[d.Cell]) -> str:
    is_continued = len(row) > 2 and row[0] is None and row[1] is None
    style = "background:none" if is_continued else f"background:none;border-top:1px solid {_LINE}"
    cells = (f"<td{_aligned(column)}>{_cell(cell)}</td>" for column, cell in zip(columns, row, strict=False))
    return f'<tr style="{style}">{"".join(cells)}</tr>'


def _aligned(column: d.Column) -> str:
    align = ' align="right"' if column.align == "right" else ""
    nowrap = "" if column.is_fluid else ";white-space:nowrap"
    return f'{align} style="text-align:{column.align};vertical-align:top;padding:.2em .8em .2em 0{nowrap}"'


def _cell(cell: d.Cell) -> str:
    if cell is None:
        return ""
    parts = cell if isinstance(cell, tuple) else (cell,)
    return "".join(_inline(part, in_table=True) for part in parts)


def _more(table: d.Table) -> str:
    missing = (len(table.rows) if table.total is None else table.total) - min(len(table.rows), table.limit)
    if missing <= 0:
        return ""
    where = f" · {_escaped(table.more, 200)}" if table.more else ""
    return f'<p style="margin:.15em 0;opacity:.65">… and {number(missing)} more{where}</p>'


def _markdown(text: str) -> str:
    from markdown_it import MarkdownIt  # comes with rich

    parser = MarkdownIt("js-default", {"html": False, "maxNesting": 20}).disable("image")
    html: str = parser.render(clean(text, limit=_MARKDOWN_LIMIT, one_line=False))
    return html


def _image(image: d.Image) -> str:
    name = image.name or image.media_type
    if image.media_type not in _IMAGES:
        return _not_shown(f"{name}: {image.media_type} is not shown here")
    if image.media_type == "image/svg+xml":
        raw: bytes | None = image.data.encode("utf-8", "replace")
    else:
        raw = _decoded(image.data)
    if raw is None:
        return _not_shown(f"{name}: the image is not valid base64")
    if len(raw) > _IMAGE_BYTES:
        return _not_shown(f"{name}: an image of {size(len(raw))} is not shown here")
    source = base64.b64encode(raw).decode("ascii")
    return (
        f'<p><img src="data:{image.media_type};base64,{source}" alt="{_escaped(name, 200)}" '
        'style="max-width:100%"></p>'
    )


def _audio(audio: d.Audio) -> str:
    name = audio.name or audio.media_type
    media_type = audio.media_type.partition(";")[0].strip()
    if media_type not in _SOUNDS:
        return _not_shown(f"{name}: {audio.media_type} is not played here")
    raw = _decoded(audio.data)
    if raw is None:
        return _not_shown(f"{name}: the sound is not valid base64")
    if len(raw) > _IMAGE_BYTES:
        return _not_shown(f"{name}: a sound of {size(len(raw))} is not played here")
    source = base64.b64encode(raw).decode("ascii")
    return f'<p><audio controls src="data:{media_type};base64,{source}" title="{_escaped(name, 200)}"></audio></p>'


def _decoded(data: str) -> bytes | None:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _not_shown(why: str) -> str:
    return f"<p>{_escaped(why, 200)}</p>"
