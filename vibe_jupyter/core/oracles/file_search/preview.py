"""A line as it can be shown anywhere: cut around its match, no escape sequences, no control characters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.core.oracles.file_search.schemas import Span

__all__ = ["plain", "preview"]

_WIDTH = 200
_BEFORE = 60
_CUT = "…"
_UNSHOWN = re.compile(
    r"\x1b\[[0-9;:?<=>]*[ -/]*[@-~]"  # ANSI colours and cursor moves
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles, links
    r"|\x1b[@-_]?"
    r"|[\x00-\x08\x0a-\x1f\x7f-\x9f]"
    r"|[\u200e\u200f\u2028-\u202e\u2066-\u2069]"  # what turns the direction of a text, or breaks its line
    r"|[\ud800-\udfff]"  # halves of characters, which UTF-8 cannot hold
)


def preview(line: str, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    r"""Return at most 200 characters of `line` around the first of `spans`, and the spans in them.

    >>> preview("   x = \x1b[31mlogin\x1b[0m()\n", [(12, 17)])
    ('x = login()', [(4, 9)])
    """
    start = len(line) - len(line.lstrip())
    end = max(start, len(line.rstrip()))
    cut_before = cut_after = ""
    if end - start > _WIDTH:
        first = spans[0][0] if spans else start
        start = max(start, min(first - _BEFORE, end - _WIDTH + 2))
        cut_before = _CUT if line[:start].strip() else ""
        if end - start > _WIDTH - 1:
            end, cut_after = start + _WIDTH - 2, _CUT
    unshown = [match.span() for match in _UNSHOWN.finditer(line, start, end)]
    shown: list[Span] = []
    for span_start, span_end in spans:
        a, b = (
            place - start - sum(min(stop, place) - begin for begin, stop in unshown if begin < place)
            for place in (max(start, span_start), min(end, span_end))
        )
        if a < b:
            shown.append((a + len(cut_before), b + len(cut_before)))
    return cut_before + plain(line[start:end]) + cut_after, shown


def plain(text: str) -> str:
    """Return `text` without what is not shown; a tab becomes a space."""
    return _UNSHOWN.sub("", text).replace("\t", " ")
