"""Which oracles there are, and what one can ask of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.oracles.schemas import CapabilityInfo, OracleInfo, OracleList
from vibe_jupyter.widgets.rendering.document import Block, Cell, Column, Command, Line, Table, Text
from vibe_jupyter.widgets.rendering.formats import counted
from vibe_jupyter.widgets.rendering.platform import problem_lines
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERERS"]


def _oracles(listing: OracleList) -> Iterator[Block]:
    rows = [row for oracle in listing.oracles for row in _oracle_rows(oracle)]
    columns = (
        Column("capability"),
        Column("what it does", is_fluid=True),
        Column("for example", is_fluid=True),
    )
    yield Table(columns, rows)
    ready = [oracle for oracle in listing.oracles if oracle.unavailable is None]
    yield Line(
        Text(f"{counted(len(ready), 'oracle')} ready · ask one: ", "muted"),
        Command("task", '"..." --type TYPE'),
    )
    yield from problem_lines([f"{name}: {why}" for name, why in listing.problems.items()])


def _oracle_rows(oracle: OracleInfo) -> Iterator[tuple[Cell, ...]]:
    for known in oracle.capabilities:
        yield (
            Text(known.name, "code"),
            _what(oracle, known),
            Text(known.examples[0] if known.examples else "", "muted"),
        )


def _what(oracle: OracleInfo, known: CapabilityInfo) -> Cell:
    summary = Text(known.summary, limit=160)
    if oracle.unavailable is None:
        return summary
    return (summary, Text(f" · not now: {oracle.unavailable}", "warn"))


def _oracle(oracle: OracleInfo) -> Iterator[Block]:
    yield Line(Text(oracle.title, "strong"), " · ", Text(oracle.id, "code"))
    yield from _oracles(OracleList(oracles=[oracle], problems={}))


RENDERERS: dict[type, Renderer] = {OracleList: Renderer(_oracles), OracleInfo: Renderer(_oracle)}
