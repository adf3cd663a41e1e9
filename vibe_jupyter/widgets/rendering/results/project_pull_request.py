"""Results of `project.pull_request`: what is open now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.projects.publishing.schemas import PullRequestOpened
from vibe_jupyter.widgets.rendering.document import Block, Line, Link, Text
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERER"]


def _blocks(opened: PullRequestOpened) -> Iterator[Block]:
    yield Line(Link(opened.url, f"#{opened.number}"), " ", Text(opened.title, "strong", limit=200))
    way = f"{opened.head} into {opened.base}"
    yield Line(
        Text(way, "code", limit=200), Text(", which was open before" if opened.existed else "", "muted")
    )


def _summary(opened: PullRequestOpened) -> str:
    return f"#{opened.number}"


RENDERER = Renderer(_blocks, summary=_summary, model=PullRequestOpened)
