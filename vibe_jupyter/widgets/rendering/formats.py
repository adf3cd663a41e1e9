"""How values are spelled: numbers, sizes, durations, times, and text from outside made harmless."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from vibe_jupyter.core.plain_text import clean, shorten

__all__ = [
    "ago",
    "clean",
    "compact",
    "counted",
    "duration",
    "moment",
    "now",
    "number",
    "pruned",
    "seconds_between",
    "shorten",
    "size",
    "value",
]

_LARGEST = 2**64


def number(quantity: float | None, *, grouped_from: int = 1_000) -> str:
    """Return a number with thousands separators, a fraction with up to six significant digits."""
    if quantity is None:
        return ""
    if isinstance(quantity, int):
        if abs(quantity) >= _LARGEST:
            return (
                f"about 2^{quantity.bit_length() - 1}"
                if quantity > 0
                else f"about -2^{quantity.bit_length() - 1}"
            )
        return f"{quantity:,}" if abs(quantity) >= grouped_from else str(quantity)
    if not math.isfinite(quantity):
        return "NaN" if math.isnan(quantity) else "∞" if quantity > 0 else "-∞"
    if quantity and not 1e-4 <= abs(quantity) < 1e12:
        return f"{quantity:.4g}"
    if abs(quantity) >= grouped_from:
        return f"{quantity:,.2f}".rstrip("0").rstrip(".")
    return f"{quantity:.6g}"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return `1 file`, `1,204 files`."""
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def size(count_bytes: float) -> str:
    """Return a size in decimal units: `1.2 GB`."""
    if count_bytes < 1000:
        return f"{count_bytes:.0f} B"
    units = ("kB", "MB", "GB", "TB")
    power = min(int(math.log10(count_bytes * 1.0005) // 3), len(units))
    scaled = count_bytes / 1000**power
    return f"{scaled:.1f} {units[power - 1]}" if scaled < 99.5 else f"{scaled:,.0f} {units[power - 1]}"


def duration(seconds: float) -> str:
    """Return `0.04 s`, `8.3 s`, `2 min 5 s`, `1 h 3 min`, `2 d 4 h`."""
    seconds = max(seconds, 0.0)
    if seconds < 0.001:
        return "<0.001 s"
    if seconds < 0.0095:
        return f"{seconds:.3f} s"
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for large, small, large_s, small_s in (
        ("min", "s", 60, 1),
        ("h", "min", 3600, 60),
        ("d", "h", 86_400, 3600),
    ):
        if whole < 60:
            return f"{whole} s"
        if whole < large_s * (60 if large == "min" else 24) or large == "d":
            rest = whole % large_s // small_s
            return f"{number(whole // large_s)} {large}" + (f" {rest} {small}" if rest else "")
    return f"{whole} s"


def now() -> datetime:
    """Return the time that `ago` counts from."""
    return datetime.now(UTC)


def ago(when: datetime) -> str:
    """Return how long ago it was: `3 min ago`; from a month on, the date."""
    seconds = (now() - _aware(when)).total_seconds()
    if seconds < 0:
        return moment(when) if seconds < -60 else "now"
    for limit, unit_s, unit in (
        (60, 1, "s"),
        (3600, 60, "min"),
        (86_400, 3600, "h"),
        (30 * 86_400, 86_400, "d"),
    ):
        if seconds < limit:
            return f"{int(seconds // unit_s)} {unit} ago" if seconds >= 5 else "now"
    return f"{_aware(when):%Y-%m-%d}"


def seconds_between(start: datetime, end: datetime) -> float:
    """Return how many seconds lie between two times, never less than none."""
    return max((_aware(end) - _aware(start)).total_seconds(), 0.0)


def moment(when: datetime) -> str:
    """Return the time in full: `2026-11-25 14:31:43 UTC`."""
    return f"{_aware(when).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _aware(when: datetime) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def value(item: Any) -> str:
    """Return any JSON value as a person reads it, in one line."""
    if item is None:
        return ""
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, (int, float)):
        return number(item, grouped_from=10_000)  # a year stays a year
    return item if isinstance(item, str) else compact(item)


def compact(item: Any) -> str:
    """Return JSON in one line, limited in depth and length."""
    return json.dumps(pruned(item, depth=4, items=12), ensure_ascii=False, default=str)


def pruned(item: Any, *, depth: int, items: int) -> Any:
    """Return JSON cut to a depth and to so many items of each object and list; what is cut is counted."""
    if isinstance(item, dict):
        if not depth:
            return "{…}" if item else {}
        inner = {
            shorten(str(key), 80): pruned(value, depth=depth - 1, items=items)
            for key, value in islice(item.items(), items)
        }
        return {**inner, "…": f"{number(len(item) - items)} more"} if len(item) > items else inner
    if isinstance(item, (list, tuple)):
        if not depth:
            return "[…]" if item else []
        shown = [pruned(value, depth=depth - 1, items=items) for value in item[:items]]
        return [*shown, f"… {number(len(item) - items)} more"] if len(item) > items else shown
    if item is None or isinstance(item, bool):
        return item
    if isinstance(item, (int, float)):
        is_plain = abs(item) < _LARGEST if isinstance(item, int) else math.isfinite(item)
        return item if is_plain else number(item)
    return shorten(str(item), 300)
