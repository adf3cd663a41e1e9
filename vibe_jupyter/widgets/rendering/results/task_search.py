"""Results of `task.search`: past tasks with the place where the words stand."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from vibe_jupyter.core.oracles.task_search.schemas import FoundTask, TaskSearchOutput
from vibe_jupyter.widgets.rendering.document import Block, Cell, Column, Id, Line, Marked, Table, Text
from vibe_jupyter.widgets.rendering.formats import counted, number
from vibe_jupyter.widgets.rendering.registry import Renderer
from vibe_jupyter.widgets.rendering.tasks import state_cell, when_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERER"]


def _summary(result: TaskSearchOutput) -> str:
    if not result.tasks:
        return f"nothing found in {counted(result.indexed_tasks, 'task')}"
    found = f"{number(len(result.tasks))} of {counted(result.indexed_tasks, 'task')}"
    return found if result.matched_all_words else f"{found}, with some of the words"


def _blocks(result: TaskSearchOutput) -> Iterator[Block]:
    if not result.tasks:
        yield Line("no task of yours has ", Text(result.query, "code"))
        return
    columns = (Column("id"), Column("type"), Column("state"), Column("when"), Column("", is_fluid=True))
    yield Table(columns, [_row(task) for task in result.tasks], limit=200)


def _row(task: FoundTask) -> tuple[Cell, ...]:
    text, spans = _unmarked(task.snippet)
    return (
        Id(task.id),
        Text(task.type, "code", limit=40),
        state_cell(task.state),
        _when(task.created_at),
        Marked(text, spans, "plain"),
    )


def _when(created_at: str) -> Text:
    try:
        return when_cell(datetime.fromisoformat(created_at))
    except ValueError:
        return Text(created_at, limit=30)


def _unmarked(snippet: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a snippet without the signs around its matches, and where these are."""
    text, spans = "", []
    for piece in snippet.split("⟦"):
        match, sign, rest = piece.partition("⟧")
        if sign:
            spans.append((len(text), len(text) + len(match)))
        text += match + rest
    return text, spans


RENDERER = Renderer(_blocks, summary=_summary, model=TaskSearchOutput)
