"""Which pieces of a text are marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.widgets.rendering.formats import shorten

if TYPE_CHECKING:
    from vibe_jupyter.widgets.rendering.document import Marked

__all__ = ["marked_pieces"]


def marked_pieces(part: Marked) -> list[tuple[str, bool]]:
    """Return the text in pieces, cut to its limit, each with whether it is marked."""
    text = shorten(part.text, part.limit)
    pieces: list[tuple[str, bool]] = []
    at = 0
    for span in sorted(part.spans):
        start, end = max(span[0], at), min(span[1], len(text))
        if start < end:
            pieces += [(text[at:start], False), (text[start:end], True)]
            at = end
    return [piece for piece in [*pieces, (text[at:], False)] if piece[0]]
