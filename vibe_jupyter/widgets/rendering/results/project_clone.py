"""Results of `project.clone`: the project that has come of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.projects.cloning import ProjectCloned
from vibe_jupyter.widgets.rendering.document import Block, Id, Line, Text
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERER"]


def _blocks(done: ProjectCloned) -> Iterator[Block]:
    yield Line(
        Text(done.name, "strong"), "  ", Text(done.path, "muted", limit=300), "  ", Id(done.project_id)
    )
    commit = f" at {done.commit[:8]}" if done.commit else ", without a commit yet"
    yield Line("branch ", Text(done.branch, "code", limit=200), commit)


def _summary(done: ProjectCloned) -> str:
    return done.name


RENDERER = Renderer(_blocks, summary=_summary, model=ProjectCloned)
