"""Results of `project.push`: what is on GitHub now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.projects.publishing.schemas import PushDone
from vibe_jupyter.widgets.rendering.document import Block, Line, Link, Text
from vibe_jupyter.widgets.rendering.formats import counted
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERER"]


def _blocks(done: PushDone) -> Iterator[Block]:
    made = "made " if done.created else ""
    yield Line(made, Link(done.url, done.full_name), " · branch ", Text(done.branch, "code", limit=200))
    if not done.changed:
        yield Line(Text("everything was there already: no commit was made", "muted"))
        return
    deleted = f", {counted(done.files_deleted, 'file')} deleted" if done.files_deleted else ""
    yield Line(
        Link(done.commit_url, done.commit[:8]), f" · {counted(done.files_changed, 'file')} changed{deleted}"
    )


def _summary(done: PushDone) -> str:
    return f"{counted(done.files_changed, 'file')} to {done.full_name}" if done.changed else "nothing new"


RENDERER = Renderer(_blocks, summary=_summary, model=PushDone)
