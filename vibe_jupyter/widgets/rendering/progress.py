"""How far a task is: in the task itself, in the line that changes while one waits, and event by event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.tasks.schemas import FINAL_STATES, Task, TaskEvent
from vibe_jupyter.widgets.rendering import formats
from vibe_jupyter.widgets.rendering.cards import ProgressLine
from vibe_jupyter.widgets.rendering.document import Bar, Block, Inline, Line, Style, Text
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RENDERERS", "STATES", "dotted", "progress_of"]

STATES: dict[str, tuple[str, Style]] = {
    "queued": ("○", "muted"),
    "running": ("▸", "plain"),
    "waiting": ("?", "warn"),
    "succeeded": ("✓", "good"),
    "failed": ("✗", "bad"),
    "cancelled": ("■", "muted"),
}
"""For each state its sign and how it is meant."""

_STEPS = {
    "running": "started",
    "retrying": "trying again",
    "fallback": "asking the next target",
    "cancelling": "being cancelled",
    "revived": "taken over after a crash",
    "gap": "some events are missing here",
}
_BAR = 12


def dotted(*parts: Inline) -> list[Inline]:
    """Return parts with a dot before each."""
    return [inline for part in parts for inline in (" · ", part)]


def progress_of(task: Task) -> list[Inline]:
    """Return the state of a task that has not ended, with a bar if it says how far it is."""
    said: list[Inline] = [task.state]
    bar: list[Inline] = []
    if task.state == "running" and (progress := task.progress) is not None:
        said = _how_far(progress.fraction, progress.message)
        bar = [] if progress.fraction is None else [Bar((progress.fraction,), _BAR), " "]
    sign, style = STATES[task.state]
    elapsed_s = formats.seconds_between(task.started_at or task.created_at, formats.now())
    return [Text(sign, style), " ", _name(task), " · ", *bar, said[0], *dotted(*said[1:], _whole(elapsed_s))]


def _line(line: ProgressLine) -> Iterator[Block]:
    task, event = line.task, line.event
    state = task.state if event is None else event.type
    sign, style = STATES.get(state, STATES["running"])
    elapsed_s = line.elapsed_s
    if elapsed_s is None:
        until = formats.now() if event is None else event.at
        elapsed_s = formats.seconds_between(task.started_at or task.created_at, until)
    said = [task.state] if event is None else _step(event)
    can_interrupt = line.can_interrupt and state not in FINAL_STATES
    end: list[Inline] = dotted(Text("interrupt cancels", "muted")) if can_interrupt else []
    yield Line(Text(sign, style), " ", _name(task), *dotted(*said, _whole(elapsed_s)), *end)


def _event(event: TaskEvent) -> Iterator[Block]:
    said = _step(event)
    facts: list[Inline] = []
    if event.type != "progress" and event.data:
        facts = ["  ", Text(formats.compact(event.data), "muted")]
    yield Line(Text(formats.moment(event.at), "muted"), "  ", said[0], *dotted(*said[1:]), *facts)


def _events(events: Sequence[TaskEvent]) -> Iterator[Block]:
    for event in events:
        yield from _event(event)


def _step(event: TaskEvent) -> list[Inline]:
    if event.type == "progress":
        return _how_far(event.data.get("fraction"), event.data.get("message"))
    return [Text(_STEPS.get(event.type, event.type), limit=60)]


def _how_far(fraction: Any, message: Any) -> list[Inline]:
    said: list[Inline] = []
    if isinstance(fraction, (int, float)):
        said.append(f"{min(max(fraction, 0.0), 1.0) * 100:.0f} %")
    if message:
        said.append(Text(str(message), limit=120))
    return said or ["running"]


def _name(task: Task) -> Text:
    return Text(task.capability or task.type, "code", limit=80)


def _whole(seconds: float) -> str:
    return formats.duration(seconds) if seconds >= 59.5 else f"{seconds:.0f} s"


RENDERERS: dict[type, Renderer] = {
    ProgressLine: Renderer(_line),
    TaskEvent: Renderer(_event, many=_events),
}
