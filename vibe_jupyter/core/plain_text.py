"""Text from outside made harmless: no terminal sequence, no other control, no change of reading direction."""

from __future__ import annotations

import re

__all__ = ["clean", "shorten"]

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\|\x9c)?"  # OSC: titles, links
    r"|\x1b[ -/]*[0-~]"
)
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # reading direction
    "\u2028\u2029\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]"  # surrogates cannot be encoded
)


def clean(text: str, *, limit: int, one_line: bool = True) -> str:
    """Return text cut to `limit`, without terminal sequences, with other controls and bidi marks made visible."""
    if len(text) > 4 * limit + 4096:
        text = text[: 4 * limit + 4096]  # what is cut off anyway costs nothing
    text = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    text = _UNSAFE.sub(_visible, text)
    if one_line and ("\n" in text or "\t" in text):
        text = text.strip("\n").replace("\n", " ↵ ").replace("\t", "    ")
    return shorten(text, limit)


def _visible(match: re.Match[str]) -> str:
    point = ord(match.group())
    if point < 0x20:
        return chr(0x2400 + point)
    return "\ufffd" if point >= 0xD800 else f"⟨U+{point:04X}⟩"


def shorten(text: str, limit: int) -> str:
    """Return text cut to `limit` characters, the last one then being an ellipsis."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"
