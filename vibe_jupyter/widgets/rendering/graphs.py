"""How knowledge graphs are shown, and what is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.client.query_answers import Table as QueryTable
from vibe_jupyter.core.kg.model.names import shown_iri
from vibe_jupyter.core.kg.schemas import KgGenerated, KgInfo, KgList, KgStatus
from vibe_jupyter.widgets.rendering.document import Block, Cell, Column, Command, Id, Line, Table, Text
from vibe_jupyter.widgets.rendering.formats import counted, number, size
from vibe_jupyter.widgets.rendering.registry import Renderer
from vibe_jupyter.widgets.rendering.tasks import when_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERERS"]

_SHOWN = 200


def _generated(done: KgGenerated) -> Iterator[Block]:
    changed = f"{counted(done.parsed, 'file')} read, {number(done.added)} facts added, {number(done.removed)} removed"
    yield Line(Text(done.kg_id, "code"), " · ", counted(done.files, "file"), " · ", changed)
    for problem in done.problems[:20]:
        yield Line(
            Text("▲ ", "warn"), Text(problem.path, "code", limit=200), " ", Text(problem.reason, limit=300)
        )
    if len(done.problems) > 20:
        yield Line(Text(f"… and {len(done.problems) - 20} more files that could not be read", "warn"))


def _generated_summary(done: KgGenerated) -> str:
    return f"{counted(done.files, 'file')} in {done.kg_id}"


def _info(info: KgInfo) -> Iterator[Block]:
    yield Line(Text(info.kg_id, "strong"), "  ", Text(info.root, "muted", limit=300))
    if info.generated_at is None:
        yield Line(Text("not generated yet", "muted"))
        return
    own = f", {number(info.user_facts)} of them added by people" if info.user_facts else ""
    yield Line(
        f"{number(info.facts)} facts{own} · {size(info.size_bytes)} · changed ", when_cell(info.generated_at)
    )
    rows: list[tuple[Cell, ...]] = [
        (Text(name, "code", limit=100), Text(number(count))) for name, count in list(info.counts.items())[:40]
    ]
    if rows:
        yield Table((Column("class"), Column("number")), rows, limit=_SHOWN)


def _status(status: KgStatus) -> Iterator[Block]:
    yield Line(Text(status.kg_id or "no graph yet", "strong"), "  ", Text(status.root, "muted", limit=300))
    if status.generated_at is not None:
        own = f", {number(status.user_facts)} of them added by people" if status.user_facts else ""
        yield Line(
            f"{counted(status.files, 'file')} · {number(status.facts)} facts{own} · {size(status.size_bytes)}"
            " · changed ",
            when_cell(status.generated_at),
        )
    if status.only:
        yield Line(Text("only of ", "muted"), Text(", ".join(status.only), "code", limit=300))
    if status.task is not None:
        said = f" · {status.task.message}" if status.task.message else ""
        yield Line(f"▸ a task generates it: {status.task.state}{said}  ", Id(status.task.id))
    elif status.generated_at is None:
        yield Line(Command("kg generate"), " makes one")
    yield from _freshness(status)
    for problem in status.problems[:20]:
        yield Line(
            Text("▲ ", "warn"), Text(problem.path, "code", limit=200), " ", Text(problem.reason, limit=300)
        )
    if status.problem_count > 20:
        yield Line(Text(f"… and {status.problem_count - 20} more; .problems has them", "warn"))


def _freshness(status: KgStatus) -> Iterator[Block]:
    if status.generated_at is None:
        return
    if status.is_current:
        yield Line(Text("✓ ", "good"), "up to date: no file changed since")
        return
    changes = status.changes
    if not changes.total:
        yield Line(Text("▲ ", "warn"), "another version generated it; ", Command("kg generate"), " renews it")
        return
    yield Line(
        Text("▲ ", "warn"),
        f"{counted(changes.total, 'file')} changed since; ",
        Command("kg generate"),
        " brings it up to date",
    )
    rows: list[tuple[Cell, ...]] = [
        (Text(what, "muted"), Text(path, "code", limit=300))
        for what, paths in (("new", changes.new), ("changed", changes.changed), ("removed", changes.removed))
        for path in paths
    ]
    yield Table((Column(""), Column("file", is_fluid=True)), rows[:20], total=changes.total)


def _list(graphs: KgList) -> Iterator[Block]:
    if not graphs.graphs:
        yield Line("no knowledge graph yet; ", Text("%vibe kg generate", "code"), " makes one of this folder")
        return
    columns = (
        Column("id"),
        Column("facts"),
        Column("size"),
        Column("changed"),
        Column("project", is_fluid=True),
    )
    yield Table(columns, [_row(info) for info in graphs.graphs], limit=_SHOWN)


def _row(info: KgInfo) -> tuple[Cell, ...]:
    when = when_cell(info.generated_at) if info.generated_at else Text("never", "muted")
    return (
        Text(info.kg_id, "code", limit=100),
        Text(number(info.facts)),
        Text(size(info.size_bytes)),
        when,
        Text(info.root, limit=300),
    )


def _query_table(table: QueryTable) -> Iterator[Block]:
    rows: list[tuple[Cell, ...]] = [tuple(_value(value) for value in row) for row in table.rows[:_SHOWN]]
    yield Table(tuple(Column(name) for name in table.columns), rows, limit=_SHOWN)
    more = f", the first {_SHOWN} are shown; .to_pandas() has all" if len(table) > _SHOWN else ""
    yield Line(Text(f"{counted(len(table), 'row')}{more}", "muted"))


def _value(value: object) -> Text:
    if isinstance(value, str) and (short := shown_iri(value)) != value:
        return Text(short, "code", title=value)
    return Text("" if value is None else str(value), limit=200)


RENDERERS = {
    KgGenerated: Renderer(_generated, summary=_generated_summary, model=KgGenerated),
    KgInfo: Renderer(_info),
    KgList: Renderer(_list),
    KgStatus: Renderer(_status),
    QueryTable: Renderer(_query_table),
}
