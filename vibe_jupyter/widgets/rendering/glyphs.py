"""Bars out of block characters: they need no style sheet and read the same everywhere."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["bar", "segments"]

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SHADES = "█▓▒░▚▞"


def bar(fraction: float, width: int, *, track: str = "") -> str:
    """Return a bar of up to `width` characters for a fraction in [0, 1]; what is not nothing is seen.

    >>> bar(0.5, 5, track="·")
    '██▌··'
    """
    fraction = min(max(fraction, 0.0), 1.0) if isfinite(fraction) else 0.0
    eighths = round(fraction * width * 8)
    if fraction > 0:
        eighths = max(eighths, 1)
    whole, rest = divmod(eighths, 8)
    filled = "█" * whole + (_EIGHTHS[rest] if rest else "")
    return filled + track * (width - len(filled))


def segments(parts: Sequence[float], width: int) -> list[tuple[str, int]]:
    """Return a stacked bar: for each part its own shade, and how many characters it fills.

    Rounded so that the whole is right: each boundary goes to the nearest character.
    """
    filled: list[tuple[str, int]] = []
    total, at = 0.0, 0
    for index, part in enumerate(parts):
        total += max(part, 0.0) if isfinite(part) else 0.0
        end = round(min(total, 1.0) * width)
        filled.append((_SHADES[index % len(_SHADES)], end - at))
        at = end
    return filled
