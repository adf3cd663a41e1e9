"""Questions to a person: what is asked, by whom, and what it is about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.questions.schemas import Question, QuestionList
from vibe_jupyter.widgets.rendering.document import (
    Block,
    Cell,
    Code,
    Column,
    Command,
    Id,
    Inline,
    Line,
    Link,
    Style,
    Table,
    Text,
)
from vibe_jupyter.widgets.rendering.formats import (
    ago,
    counted,
    duration,
    moment,
    now,
    number,
    seconds_between,
    size,
)
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERERS"]

_ARGUMENT, _LATER_ARGUMENT, _NAME = 1000, 300, 60
_FIRST_ARGUMENTS, _MAX_ARGUMENTS = 50, 1000
_STATES: dict[str, tuple[str, Style]] = {
    "open": ("? open", "warn"),
    "answered": ("✓ answered", "good"),
    "expired": ("○ expired", "muted"),
    "withdrawn": ("○ withdrawn", "muted"),
}


def _question(question: Question) -> Iterator[Block]:
    yield Line(Text("? ", "warn"), *_asker(question), *_left(question))
    if question.kind == "approval":
        yield from _approval(question)
        return
    yield from _said(question.message)
    if question.kind == "visit":
        yield Line(
            "go to ", Link(str(question.context.get("url", ""))), Text(" (it is not opened for you)", "muted")
        )
    elif question.state == "open" and question.answer_schema:
        yield Line(Text("Enter takes the default or leaves an optional one out, ! declines", "muted"))
    if question.answer is not None:
        yield Line(Text("answer: ", "muted"), str(question.answer.get("action", "")))


def _approval(question: Question) -> Iterator[Block]:
    context = question.context
    yield Line(Text(question.message, "strong", limit=400))
    arguments = context.get("arguments")
    if isinstance(arguments, dict) and arguments:
        yield from _arguments(arguments)
    else:
        yield Line(Text("without arguments", "muted"))
    if isinstance(whole := context.get("arguments_cut_from_bytes"), int):
        yield Line(Text(f"the arguments have {size(whole)}: they are not shown in full", "bad"))
    if told := context.get("description"):
        said = " ".join(str(told).split())
        yield Line(Text("it says of itself: ", "muted"), Text(said, "muted", limit=300))


def _arguments(arguments: dict[str, Any]) -> Iterator[Block]:
    """Show all that would be sent, and say where it is not all: nobody shall agree to what they have not seen."""
    cut = 0
    rows: list[tuple[Cell, Cell]] = []
    for place, (name, given) in enumerate(list(arguments.items())[:_MAX_ARGUMENTS]):
        text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, default=str)
        limit = _ARGUMENT if place < _FIRST_ARGUMENTS else _LATER_ARGUMENT
        cut += len(text) > limit or len(name) > _NAME
        rows.append((_whole(name, "muted", _NAME), _whole(text, "code", limit)))
    yield Table((Column(), Column(is_fluid=True, wraps=True)), rows, limit=_MAX_ARGUMENTS)
    if (hidden := len(arguments) - len(rows)) > 0:
        yield Line(Text(f"! and {number(hidden)} more arguments, not shown", "warn"))
    if cut:
        yield Line(Text(f"! {counted(cut, 'argument')} not shown in full", "warn"))


def _whole(text: str, style: Style, limit: int) -> Cell:
    """Return a text, or its beginning and how long it is."""
    if len(text) <= limit:
        return Text(text, style, limit=limit)
    return (
        Text(text[:limit], style, limit=limit),
        Text(f" … {number(len(text))} characters in all", "warn"),
    )


def _said(message: str) -> Iterator[Block]:
    """Return the words of a server: plain text, whatever they look like."""
    if "\n" in message.strip() or len(message) > 200:
        yield Code(message, limit=4000)
    else:
        yield Line(Text(message.strip() or "it says nothing", "strong"))


def _asker(question: Question) -> list[Inline]:
    server, tool = question.context.get("server"), question.context.get("tool")
    if not server:
        return [question.kind]
    verb = {"approval": "wants to be called", "elicitation": "asks", "visit": "wants you to go to a page"}
    name = f"{server}.{tool}" if tool else str(server)
    return [Text(name, "code", limit=120), f" {verb[question.kind]}"]


def _left(question: Question) -> list[Inline]:
    if question.state != "open":
        return [" · ", Text(*_STATES[question.state])]
    left_s = seconds_between(now(), question.expires_at)
    return [Text(f" · {duration(left_s)} left", "muted", title=moment(question.expires_at))]


def _list(listing: QuestionList) -> Iterator[Block]:
    if not listing.questions:
        yield Line("nothing waits for you")
        return
    columns = (Column("id"), Column("state"), Column("of"), Column("question", is_fluid=True), Column("when"))
    yield Table(columns, [_row(question) for question in listing.questions], limit=200)
    waiting = [question for question in listing.questions if question.state == "open"]
    if waiting:
        end = waiting[0].id[-8:]
        yield Line(
            Text("look: ", "muted"), Command("question", end), Text(" · answer: ", "muted"),
            Command("answer", f"{end} --action accept|decline"),
        )  # fmt: skip


def _row(question: Question) -> tuple[Cell, ...]:
    server, tool = question.context.get("server"), question.context.get("tool")
    return (
        Id(question.id),
        Text(*_STATES[question.state]),
        Text(f"{server}.{tool}" if server else question.kind, "code", limit=80),
        Text(question.message, limit=200),
        Text(ago(question.created_at), title=moment(question.created_at)),
    )


RENDERERS: dict[type, Renderer] = {Question: Renderer(_question), QuestionList: Renderer(_list)}
