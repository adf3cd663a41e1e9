"""Any JSON: a table if there are rows, else names and values, else the JSON itself, limited in depth and size."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vibe_jupyter.widgets.rendering.document import (
    NOTHING,
    Block,
    Cell,
    Code,
    Column,
    Heading,
    Line,
    Table,
    Text,
)
from vibe_jupyter.widgets.rendering.formats import counted, number, pruned, shorten, value

__all__ = ["facts", "generic", "rows_table"]

_COLUMNS = 10
_FACTS = 40
_CELL = 120
_SAMPLE = 200
_SHORT = 28


def generic(item: Any) -> list[Block]:
    """Return any JSON as a document."""
    if isinstance(item, Mapping):
        return _object(item) if item else [Line(Text("an empty object", "muted"))]
    if isinstance(item, (list, tuple)):
        return _array(item) if item else [Line(Text("an empty list", "muted"))]
    if item is None:
        return [Line(Text("nothing", "muted"))]
    if isinstance(item, str):
        return [Code(item)] if "\n" in item or len(item) > 200 else [Line(item)]
    return [Line(value(item))]


def rows_table(
    rows: Sequence[Mapping[str, Any]], *, more: str | None = None, limit: int = 100
) -> list[Block]:
    """Return rows as a table; the columns are the names in the first rows, in the order of their appearance."""
    names = list(dict.fromkeys(str(name) for row in rows[:_SAMPLE] for name in row))
    shown, hidden = names[:_COLUMNS], names[_COLUMNS:]
    columns = tuple(_column(rows[:_SAMPLE], name) for name in shown)
    cells = [tuple(_cell(row.get(name)) for name in shown) for row in rows[:limit]]
    blocks: list[Block] = [Table(columns, cells, total=len(rows), more=more, limit=limit)]
    if hidden:
        kept = ", ".join(shorten(name, 30) for name in hidden[:8])
        rest = ", …" if len(hidden) > 8 else ""
        blocks.append(Line(Text(f"{counted(len(hidden), 'more column')}: {kept}{rest}", "muted", limit=400)))
    return blocks


def facts(pairs: Sequence[tuple[str, Cell]]) -> Table:
    """Return names with their values."""
    return Table(
        (Column(), Column(is_fluid=True)), [(Text(name, "muted", limit=60), cell) for name, cell in pairs]
    )


def _object(item: Mapping[str, Any]) -> list[Block]:
    tables = {name: inner for name, inner in item.items() if _is_rows(inner)}
    others = [(str(name), _cell(inner)) for name, inner in item.items() if name not in tables]
    blocks: list[Block] = []
    if others:
        blocks.append(facts(others[:_FACTS]))
    if len(others) > _FACTS:
        blocks.append(Line(Text(f"… and {number(len(others) - _FACTS)} more", "muted")))
    for name, rows in list(tables.items())[:5]:
        blocks += [Heading(str(name)), *rows_table(rows)]
    if len(tables) > 5:
        rest = ", ".join(shorten(str(name), 30) for name in list(tables)[5:15])
        blocks.append(
            Line(Text(f"… and {counted(len(tables) - 5, 'more table')}: {rest}", "muted", limit=400))
        )
    return blocks


def _array(item: Sequence[Any]) -> list[Block]:
    if _is_rows(item):
        return rows_table(item)
    if all(_is_scalar(inner) for inner in item):
        table = Table((Column(is_fluid=True),), [(_cell(inner),) for inner in item[:100]], total=len(item))
        return [table]
    text = json.dumps(pruned(item, depth=6, items=50), indent=2, ensure_ascii=False, default=str)
    return [Code(text, limit=8_000)]


def _cell(item: Any) -> Cell:
    if item is None:
        return NOTHING
    return Text(value(item), "code" if isinstance(item, (dict, list, tuple)) else "plain", limit=_CELL)


def _is_scalar(item: Any) -> bool:
    return item is None or isinstance(item, (str, int, float, bool))


def _is_rows(item: Any) -> bool:
    return (
        isinstance(item, (list, tuple))
        and bool(item)
        and all(isinstance(row, Mapping) for row in item)
        and any(item[:_SAMPLE])
    )


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Column:
    """Return a column as its values need it: numbers right, long texts fluid."""
    values = [item for row in rows if (item := row.get(name)) is not None]
    if values and all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in values):
        return Column(name, "right")
    return Column(name, is_fluid=any(not _is_scalar(item) or len(value(item)) > _SHORT for item in values))
