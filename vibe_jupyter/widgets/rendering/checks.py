"""Checks of the doctor: each ok, warning or problem, with what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.doctor.check import Check
from vibe_jupyter.widgets.rendering.document import Block, Cell, Column, Line, Style, Table, Text
from vibe_jupyter.widgets.rendering.formats import counted
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RENDERERS", "checks_table", "verdict"]

_SIGNS: dict[str, tuple[str, Style]] = {
    "ok": ("✓ ok", "good"),
    "warning": ("▲ warning", "warn"),
    "problem": ("✗ problem", "bad"),
}


def checks_table(checks: Sequence[Check]) -> Table:
    """Return checks as a table; a fix stands under its finding."""
    rows: list[tuple[Cell, ...]] = []
    for check in checks:
        sign, style = _SIGNS[check.status]
        rows.append((Text(sign, style), Text(check.name, "strong"), Text(check.message, limit=400)))
        if check.fix:
            rows.append((None, None, (Text("→ ", "muted"), Text(check.fix, "code", limit=400))))
    return Table((Column(), Column(), Column(is_fluid=True, wraps=True)), rows, limit=200)


def verdict(checks: Sequence[Check]) -> str:
    """Return the outcome in a few words: `12 ok, 1 warning, 1 problem`."""
    statuses = [check.status for check in checks]
    said = [f"{statuses.count('ok')} ok"]
    if count := statuses.count("warning"):
        said.append(counted(count, "warning"))
    if count := statuses.count("problem"):
        said.append(counted(count, "problem"))
    return ", ".join(said)


def _many(checks: Sequence[Check]) -> Iterator[Block]:
    yield checks_table(checks)
    yield Line(Text(verdict(checks), "muted"))


RENDERERS: dict[type, Renderer] = {Check: Renderer(lambda check: _many([check]), many=_many)}
