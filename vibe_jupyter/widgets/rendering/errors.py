"""Errors in at most four lines: what failed, why, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.tasks.schemas import TaskError
from vibe_jupyter.widgets.rendering.document import Block, Line, Text
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERERS", "failure"]


def failure(code: str, message: str, hint: str | None) -> Iterator[Block]:
    """Return code and message, and the hint."""
    yield Line(Text(f"[{code}]", "strong", limit=100), " ", Text(message, limit=600))
    if hint:
        yield Line(Text("hint: ", "muted"), Text(hint, limit=600))


def _failure_of(error: VibeError | TaskError) -> Iterator[Block]:
    return failure(error.code, error.message, error.hint)


RENDERERS: dict[type, Renderer] = {VibeError: Renderer(_failure_of), TaskError: Renderer(_failure_of)}
