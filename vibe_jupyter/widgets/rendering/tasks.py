"""Tasks: the line above a result, the result, why it failed; and the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.tasks.schemas import History, Task
from vibe_jupyter.widgets.rendering import formats, registry
from vibe_jupyter.widgets.rendering.document import (
    NOTHING,
    Audio,
    Block,
    Cell,
    Code,
    Column,
    Command,
    Fold,
    Id,
    Image,
    Inline,
    Line,
    Markdown,
    Table,
    Text,
)
from vibe_jupyter.widgets.rendering.errors import failure
from vibe_jupyter.widgets.rendering.progress import STATES, dotted, progress_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from vibe_jupyter.core.oracles.base import Part

__all__ = ["RENDERERS", "state_cell", "tasks_table", "when_cell"]

_TELLING = ("query", "text", "question", "prompt", "path")
"""Fields that say what was asked, the foremost first; a stored input has its fields in the alphabet's order."""


def _task(task: Task) -> Iterator[Block]:
    match task.state:
        case "succeeded":
            yield _header(task)
            yield from registry.result_document(task)
            yield from (_part(part) for part in task.parts)
        case "failed":
            yield Line(*_who(task), *dotted(Text("failed", "bad"), *_took(task)))
            if task.error is not None:
                yield from failure(task.error.code, task.error.message, task.error.hint)
        case "cancelled":
            yield Line(*_who(task), *dotted("cancelled", *_took(task)))
        case _:
            yield Line(*progress_of(task))
            yield Line(Text("follow it: ", "muted"), Command("task show", task.id[-8:]))


def _header(task: Task) -> Line:
    said = registry.result_summary(task)
    why = (Text("  (why? ", "muted"), Command("task explain", "_", task.id[-8:]), Text(")", "muted"))
    return Line(*_who(task), *dotted(*_took(task), *([said] if said else [])), *why)


def _who(task: Task) -> list[Inline]:
    sign, style = STATES[task.state]
    start: list[Inline] = [] if task.state == "succeeded" else [Text(sign, style), " "]
    start.append(Text(task.capability or task.type, "code", limit=80))
    if task.target is not None:
        start += [" by ", Text(f"{task.target.type} {task.target.id}", "strong", limit=100)]
    return start


def _took(task: Task) -> list[Inline]:
    if task.finished_at is None:
        return []
    seconds = (task.finished_at - (task.started_at or task.created_at)).total_seconds()
    return [Text(formats.duration(seconds), title=f"ended {formats.moment(task.finished_at)}")]


def _part(part: Part) -> Block:
    if part.media_type in ("text/markdown", "text/x-markdown"):
        return Markdown(part.data)
    if part.media_type.startswith("image/"):
        return Image(part.media_type, part.data, part.name)
    if part.media_type.startswith("audio/"):
        return Audio(part.media_type, part.data, part.name)
    title = f"{part.name or 'part'} ({part.media_type})"
    if part.media_type == "text/plain":
        return Code(part.data)
    if part.media_type.startswith("text/") or part.media_type in ("application/json", "application/xml"):
        return Fold(f"source of {title}", (Code(part.data),))
    return Line(Text(f"{title} is not shown here", "muted"))


def state_cell(state: str) -> Text:
    """Return a state with its sign and colour."""
    sign, style = STATES.get(state, ("", "plain"))
    return Text(f"{sign} {state}".strip(), style)


def when_cell(when: datetime) -> Text:
    """Return how long ago, with the time in full as its title."""
    return Text(formats.ago(when), title=formats.moment(when))


def tasks_table(tasks: Sequence[Task], total: int | None = None, more: str | None = None) -> Table:
    """Return tasks as a table."""
    columns = (
        Column("id"), Column("type"), Column("input", is_fluid=True), Column("state"), Column("target"),
        Column("when"), Column("took", "right"),
    )  # fmt: skip
    return Table(columns, [_row(task) for task in tasks], total=total, more=more, limit=200)


def _row(task: Task) -> tuple[Cell, ...]:
    return (
        Id(task.id),
        Text(task.capability or task.type, "code", limit=40),
        Text(_asked(task.input), limit=60),
        state_cell(task.state),
        Text(task.target.id, limit=40) if task.target else NOTHING,
        when_cell(task.created_at),
        _took(task)[0] if task.finished_at else NOTHING,
    )


def _asked(input_: dict[str, Any]) -> str:
    """Return what a task is recognised by: what was asked and where, else its texts, or all of its input."""
    texts = {
        name: value
        for name, value in input_.items()
        if isinstance(value, str) and value.strip() not in ("", ".")
    }
    told = [texts[name] for name in _TELLING if name in texts] or list(texts.values())
    return " · ".join(told[:2]) if told else formats.compact(input_) if input_ else ""


def _history(history: History) -> Iterator[Block]:
    if not history.items:
        yield Line("no tasks here yet. Try: ", Command("task", '"where is the login handled?"'))
        return
    more = "with --limit and --offset" if history.next_cursor else None
    yield tasks_table(history.items, total=max(history.total, len(history.items)), more=more)
    yield Line(Text(f"as of {formats.moment(formats.now())}", "muted"))


def _many(tasks: Sequence[Task]) -> Iterator[Block]:
    yield tasks_table(tasks)


RENDERERS: dict[type, registry.Renderer] = {
    Task: registry.Renderer(_task, many=_many),
    History: registry.Renderer(_history),
}
