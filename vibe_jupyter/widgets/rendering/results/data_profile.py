"""Results of `data.profile`: the columns with types, nulls and ranges, the first rows, and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.oracles.data_profile.schemas import ColumnSummary, DataProfileOutput
from vibe_jupyter.widgets.rendering.document import (
    NOTHING,
    Bar,
    Block,
    Cell,
    Column,
    Heading,
    Inline,
    Line,
    Table,
    Text,
)
from vibe_jupyter.widgets.rendering.formats import counted, number, size, value
from vibe_jupyter.widgets.rendering.generic import rows_table
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERER"]

_BOUND = 24


def _summary(result: DataProfileOutput) -> str:
    columns = counted(len(result.columns), "column")
    rows = f"{number(result.rows_profiled)}+ rows" if result.rows is None else counted(result.rows, "row")
    kept = "in memory" if result.name else f"{result.format}, {size(result.size_bytes)}"
    return f"{rows}, {columns} · {kept}"


def _blocks(result: DataProfileOutput) -> Iterator[Block]:
    yield Line(Text(result.name or result.path, "code", limit=300), *_how_much(result))
    for warning in result.warnings[:10]:
        yield Line(Text("▲ ", "warn"), Text(warning, limit=400))
    if result.columns:
        columns = (
            Column("column"), Column("type"), Column("nulls"), Column("different", "right"),
            Column("range", is_fluid=True), Column("most frequent", is_fluid=True),
        )  # fmt: skip
        yield Table(columns, [_row(column, result.rows_profiled) for column in result.columns])
    if result.sample:
        yield Heading("first row" if len(result.sample) == 1 else f"first {len(result.sample)} rows")
        yield from rows_table(result.sample)


def _how_much(result: DataProfileOutput) -> list[Inline]:
    if result.rows == result.rows_profiled:
        return []
    of = "" if result.rows is None else f" of {number(result.rows)}"
    return [f" · {number(result.rows_profiled)}{of} rows read"]


def _row(column: ColumnSummary, rows: int) -> tuple[Cell, ...]:
    return (
        Text(column.name, "strong", limit=40),
        Text(column.type, "code", limit=24),
        _nulls(column),
        _distinct(column, rows),
        _range(column),
        _frequent(column),
    )


def _nulls(column: ColumnSummary) -> Cell:
    if not column.nulls:
        return NOTHING
    percent = f"{column.null_fraction:.0%}" if column.null_fraction >= 0.01 else "<1%"
    label = Text(f" {percent.replace('%', ' %')}", title=f"{number(column.nulls)} nulls")
    return (Bar((column.null_fraction,), 6, "warn"), label)


def _distinct(column: ColumnSummary, rows: int) -> Cell:
    if column.distinct is None:
        return NOTHING
    if column.distinct_is_exact and column.distinct == rows > 1:
        return Text("all", title=f"{number(rows)} values, each of them once")
    return number(column.distinct) + ("" if column.distinct_is_exact else "+")


def _range(column: ColumnSummary) -> Cell:
    if column.min is None and column.max is None:
        return NOTHING
    span = _bound(column.min) if column.min == column.max else f"{_bound(column.min)} … {_bound(column.max)}"
    if column.mean is None:
        return Text(span, title=f"{value(column.min)} … {value(column.max)}")
    spread = f" ± {_brief(column.std)}" if column.std is not None else ""
    return (Text(span), Text(f"  mean {_brief(column.mean)}{spread}", "muted"))


def _bound(item: Any) -> str:
    text = value(item)
    return text if len(text) <= _BOUND else text[: _BOUND - 1] + "…"


def _brief(quantity: float) -> str:
    return number(float(f"{quantity:.4g}"), grouped_from=10_000)


def _frequent(column: ColumnSummary) -> Cell:
    shown = [top for top in column.top[:3] if top.count > 1]
    if not shown:
        return Text(", ".join(_bound(item) for item in column.sample[:3]), "muted", limit=70)
    parts: list[Inline] = []
    for top in shown:
        parts += [
            ", " if parts else "",
            Text(_bound(top.value)),
            Text(f" ({number(top.count)})", "muted"),
        ]
    return tuple(parts)


RENDERER = Renderer(_blocks, summary=_summary, model=DataProfileOutput)
