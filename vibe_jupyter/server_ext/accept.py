"""Content negotiation: which of our formats a client wants most (RFC 9110, 12.5.1)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from tornado import web

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vibe_jupyter.server_ext.handlers import VibeHandler

__all__ = ["ALSO_MEANT", "answer", "preferred"]

ALSO_MEANT = {
    "application/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/x-turtle": "turtle",
}
"""What clients ask for that means one of our formats of answers."""


def preferred(accept: str | None, known: Mapping[str, str]) -> list[str]:
    """Return names of formats, the one wanted most first; all of them where a client says nothing.

    Args:
        accept: the header.
        known: formats by media type; of equally wanted ones the first comes first.

    Example:
        >>> preferred("text/csv;q=0.5, text/turtle", {"text/csv": "csv", "text/turtle": "turtle"})
        ['turtle', 'csv']
    """
    if accept is None or not accept.strip():
        return list(dict.fromkeys(known.values()))
    ranges = [_range(text) for text in accept.split(",") if text.strip()]
    wanted: dict[str, tuple[float, int]] = {}
    for place, (media_type, name) in enumerate(known.items()):
        fitting = [(len(pattern.rstrip("*")), q) for pattern, q in ranges if _fits(pattern, media_type)]
        quality = max(fitting)[1] if fitting else 0.0  # the most specific range decides
        if quality > 0 and (name not in wanted or wanted[name] < (quality, -place)):
            wanted[name] = (quality, -place)
    return sorted(wanted, key=lambda name: wanted[name], reverse=True)


def _range(text: str) -> tuple[str, float]:
    pattern, *parameters = (part.strip() for part in text.lower().split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = min(1.0, max(0.0, float(value)))
            except ValueError:
                quality = 0.0
    return pattern, quality


def _fits(pattern: str, media_type: str) -> bool:
    return (
        pattern in ("*/*", "*")
        or pattern == media_type
        or (pattern.endswith("/*") and media_type.startswith(pattern[:-1]))
    )


def answer(handler: VibeHandler, body: bytes, media_type: str) -> None:
    """Answer with what was negotiated, under its own name; a browser that opens it runs nothing in it."""
    handler.update_api_activity()
    handler.set_status(HTTPStatus.OK)
    text = "" if media_type.startswith("application/") else "; charset=utf-8"
    handler.set_header("Content-Type", media_type + text)
    handler.set_header("Vary", "Accept")
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
    web.RequestHandler.finish(handler, body)
