"""How answers to the questions about a project are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.question_schemas import KgCentral, KgCycles, KgDataUses, KgTests, KgUnused, KgWho
from vibe_jupyter.core.kg.schemas import KgImpact, KgPath, KgRelations, KgSymbol, KgSymbols
from vibe_jupyter.widgets.rendering.document import Block, Cell, Column, Line, Table, Text
from vibe_jupyter.widgets.rendering.formats import counted, number
from vibe_jupyter.widgets.rendering.registry import Renderer
from vibe_jupyter.widgets.rendering.tasks import when_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RENDERERS"]

_RELATIONS = {"callers": "is called by", "callees": "calls"}
_MORE = Line(Text("… and more: raise --limit", "muted"))


def _place(symbol: KgSymbol) -> Text:
    return Text(_at(symbol.path, symbol.cell, symbol.line) if symbol.path else "outside", "muted", limit=200)


def _at(path: str, cell: int | None, line: int) -> str:
    """Return `shop/orders.py:3`, `eda.ipynb[2]:3` (the third line of cell 2), or the path alone."""
    in_cell = f"[{cell}]" if cell is not None else ""
    return f"{path}{in_cell}:{line}" if line else f"{path}{in_cell}"


def _name(symbol: KgSymbol) -> Text:
    return Text(symbol.qualified_name or symbol.name, "code", limit=200)


def _title(symbol: KgSymbol) -> list[Text | str]:
    return [Text(symbol.kind.lower(), "muted"), " ", _name(symbol), "  ", _place(symbol)]


def _listing(columns: Sequence[str], rows: list[tuple[Cell, ...]], is_truncated: bool) -> Iterator[Block]:
    """Yield a table whose last column takes the room, and whether there is more."""
    *first, last = columns
    yield Table((*map(Column, first), Column(last, is_fluid=True)), rows, limit=10_000)
    if is_truncated:
        yield _MORE


def _symbols(found: KgSymbols) -> Iterator[Block]:
    if not found.symbols:
        yield Line(
            "nothing in ", Text(found.kg_id, "code"), " has all of ", Text(found.text, "code", limit=200)
        )
        if found.similar:
            yield Line(
                Text("spelled almost so: ", "muted"), Text(", ".join(found.similar), "code", limit=300)
            )
        return
    if not found.is_exact and len(found.text.split()) == 1:
        yield Line(
            "nothing is called ",
            Text(found.text, "code", limit=200),
            " itself; these have it in a name or their text",
        )
    rows: list[tuple[Cell, ...]] = [
        (Text(s.kind.lower(), "muted"), _name(s), _place(s)) for s in found.symbols
    ]
    yield Table((Column("kind"), Column("name"), Column("where", is_fluid=True)), rows, limit=1000)
    if found.is_truncated:
        yield Line(Text("… and more: raise --limit, or say more words", "muted"))


def _relations(found: KgRelations) -> Iterator[Block]:
    yield Line(*_title(found.symbol))
    if not found.rows:
        what = (
            "nothing in this project calls it"
            if found.relation == "callers"
            else "it calls nothing by a name"
        )
        yield Line(Text(what, "muted"))
        return
    rows: list[tuple[Cell, ...]] = []
    for row in found.rows:
        path = row.path if found.relation == "callers" else found.symbol.path
        guessed = row.resolution == "unique-name"
        rows.append(
            (
                _name(row),
                Text(_at(path, row.at_cell, row.at_line), "muted", limit=200),
                Text("a guess by its name" if guessed else row.resolution, "warn" if guessed else "muted"),
            )
        )
    yield from _listing((_RELATIONS[found.relation], "at", "found"), rows, found.is_truncated)


def _impact(found: KgImpact) -> Iterator[Block]:
    yield Line(*_title(found.symbol))
    if not found.rows:
        yield Line(Text("nothing in this project uses it", "muted"))
        return
    rows: list[tuple[Cell, ...]] = [
        (
            Text(str(row.depth)),
            _name(row),
            _place(row),
            Text(row.via, "code", limit=100),
            Text(row.certainty, "warn" if row.certainty == "likely" else "muted"),
        )
        for row in found.rows
    ]
    yield from _listing(("steps", "affected", "where", "through", "certainty"), rows, found.is_truncated)


def _path(found: KgPath) -> Iterator[Block]:
    if not found.steps:
        yield Line("no way of calls leads from ", _name(found.source), " to ", _name(found.target))
        return
    rows: list[tuple[Cell, ...]] = [
        (Text(str(i)), _name(step), _place(step)) for i, step in enumerate(found.steps)
    ]
    yield Table((Column("step"), Column("calls"), Column("where", is_fluid=True)), rows, limit=1000)


def _tests(found: KgTests) -> Iterator[Block]:
    yield Line(*_title(found.symbol))
    if not found.rows:
        yield Line(Text("no test surely runs it", "warn"))
        return
    rows: list[tuple[Cell, ...]] = [
        (Text(str(row.depth)), _name(row), _place(row), Text(row.via, "code", limit=200))
        for row in found.rows
    ]
    yield from _listing(("steps", "test", "where", "calls"), rows, found.is_truncated)


def _unused(found: KgUnused) -> Iterator[Block]:
    looked = f"{number(found.examined)} functions, methods and classes looked at"
    if not found.rows:
        yield Line(Text(f"everything is used: {looked}", "muted"))
    else:
        yield Line(f"{counted(found.total, 'definition')} that nothing uses; {looked}")
        rows: list[tuple[Cell, ...]] = [
            (
                Text(row.kind.lower(), "muted"),
                _name(row),
                _place(row),
                Text(row.certainty, "warn" if row.certainty == "likely" else "muted"),
                Text("; ".join(row.caution), "muted", limit=300),
            )
            for row in found.rows
        ]
        columns = (
            Column("kind"),
            Column("unused"),
            Column("where"),
            Column("certainty"),
            Column("but", is_fluid=True),
        )
        yield Table(columns, rows, limit=10_000)
    if found.unread:
        shown = ", ".join(found.unread[:5])
        yield Line(Text(f"what these files use is not known: {shown}", "warn", limit=500))
    if found.is_truncated:
        yield _MORE


def _cycles(found: KgCycles) -> Iterator[Block]:
    if not found.rows:
        yield Line(Text("no file imports itself in a circle", "muted"))
        return
    rows: list[tuple[Cell, ...]] = [
        (Text(number(row.size)), Text(" → ".join([*row.cycle, row.cycle[0]]), "code", limit=1000))
        for row in found.rows
    ]
    yield from _listing(("files", "a shortest way round"), rows, found.is_truncated)


def _central(found: KgCentral) -> Iterator[Block]:
    if not found.rows:
        yield Line(Text("no file uses another one", "muted"))
        return
    rows: list[tuple[Cell, ...]] = [
        (
            Text(row.path, "code", limit=300),
            Text(number(row.used_by)),
            Text(number(row.uses)),
            Text(f"{row.rank:.4f}", "muted"),
        )
        for row in found.rows
    ]
    yield from _listing(("file", "used by", "uses", "rank"), rows, found.is_truncated)


def _who(found: KgWho) -> Iterator[Block]:
    yield Line(*_title(found.symbol))
    if not found.rows:
        yield Line(Text("no commit that is known changed it", "muted"))
        return
    rows: list[tuple[Cell, ...]] = [
        (
            Text(row.name, limit=100),
            Text(number(row.commits)),
            Text(f"{row.share:.0%}"),
            when_cell(row.last_at),
            Text(row.email, "muted", limit=100),
        )
        for row in found.rows
    ]
    yield from _listing(("who", "commits", "share", "last", "e-mail"), rows, found.is_truncated)


def _data(found: KgDataUses) -> Iterator[Block]:
    yield Line(Text("data file", "muted"), " ", _name(found.file))
    rows: list[tuple[Cell, ...]] = [
        (_name(row), Text(row.relation), Text(row.kind.lower(), "muted"), _place(row)) for row in found.rows
    ]
    yield from _listing(("who", "does", "kind", "where"), rows, found.is_truncated)


RENDERERS = {
    KgSymbols: Renderer(_symbols),
    KgRelations: Renderer(_relations),
    KgImpact: Renderer(_impact),
    KgPath: Renderer(_path),
    KgTests: Renderer(_tests),
    KgUnused: Renderer(_unused),
    KgCycles: Renderer(_cycles),
    KgCentral: Renderer(_central),
    KgDataUses: Renderer(_data),
    KgWho: Renderer(_who),
}
