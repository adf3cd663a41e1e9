"""The platform itself: the status card, whether it is up, who you are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vibe_jupyter.core.accounts.schemas import Profile
from vibe_jupyter.core.status.schemas import Health, Status
from vibe_jupyter.widgets.rendering.cards import StatusCard
from vibe_jupyter.widgets.rendering.document import (
    Block,
    Cell,
    Command,
    Inline,
    Line,
    Text,
)
from vibe_jupyter.widgets.rendering.formats import counted, number
from vibe_jupyter.widgets.rendering.generic import facts
from vibe_jupyter.widgets.rendering.registry import Renderer
from vibe_jupyter.widgets.rendering.tasks import tasks_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RENDERERS", "problem_lines"]


def _card(card: StatusCard) -> Iterator[Block]:
    status = card.status
    yield Line(
        Text("vibe", "strong"),
        f" {status.version} · ",
        card.where,
        " · data in ",
        Text(_home(status.data_dir), "code"),
    )
    unfinished = ", ".join(f"{number(count)} {state}" for state, count in status.tasks.items() if count)
    yield Line(
        f"{counted(status.oracles, 'oracle')} ready · ",
        *_mcp(status),
        f" · {unfinished or 'no task is waiting'}",
    )
    yield from problem_lines(status.problems)
    if card.recent:
        yield tasks_table(card.recent)
    if card.next_steps:
        steps: list[Inline] = [inline for step in card.next_steps for inline in (" · ", step)]
        yield Line(Text("try: ", "muted"), *steps[1:])


def _mcp(status: Status) -> list[Inline]:
    """Return how many MCP servers there are, and what finds more."""
    said: list[Inline] = [counted(status.mcp_servers, "MCP server")]
    if not status.mcp_found:
        return said
    where = _home(status.mcp_found[0]) if len(status.mcp_found) == 1 else f"{len(status.mcp_found)} files"
    return [*said, " (", Command("mcp import"), " found ", Text(where, "code"), ")"]


def _status(status: Status) -> Iterator[Block]:
    pairs: list[tuple[str, Cell]] = [
        ("version", f"{status.version}, API level {status.api_level}"),
        ("runs as", status.mode),
        ("user", status.user_id),
        ("root", Text(_home(status.root), "code")),
        ("data", Text(_home(status.data_dir), "code")),
        ("database", status.database),
        ("oracles", number(status.oracles)),
        ("MCP servers", number(status.mcp_servers)),
        (
            "tasks",
            ", ".join(f"{number(count)} {state}" for state, count in status.tasks.items())
            or "none unfinished",
        ),
    ]
    yield facts(pairs)
    yield from problem_lines(status.problems)


def problem_lines(problems: Sequence[str]) -> Iterator[Block]:
    """Return what is not as it should be, one line each, the first five."""
    for problem in problems[:5]:
        yield Line(Text("▲ ", "warn"), Text(problem, limit=300))
    if len(problems) > 5:
        yield Line(Text(f"… and {counted(len(problems) - 5, 'more problem')}", "muted"))


def _home(path: str) -> str:
    home = str(Path.home())
    return "~" + path.removeprefix(home) if home != "/" and path.startswith(home + "/") else path


def _health(health: Health) -> Iterator[Block]:
    yield Line(Text(health.name, "strong"), f" {health.version} is up · API level {health.api_level}")


def _profile(profile: Profile) -> Iterator[Block]:
    yield Line(
        Text(profile.name, "strong"), " (", Text(profile.user_id, "code"), f") · recognised by {profile.via}"
    )
    yield Line(Text("may: ", "muted"), Text(", ".join(profile.scopes) or "nothing", limit=600))


RENDERERS: dict[type, Renderer] = {
    StatusCard: Renderer(_card),
    Status: Renderer(_status),
    Health: Renderer(_health),
    Profile: Renderer(_profile),
}
