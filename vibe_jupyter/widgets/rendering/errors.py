"""Errors in at most four lines: what failed, why, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.tasks.schemas import TaskError
from vibe_jupyter.widgets.rendering.document import Block, Code, Line, Text
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RENDERERS", "failure"]

_SHOWN_STDERR = 2


def failure(
    code: str, message: str, hint: str | None, stderr: Sequence[str] = (), pointer: str | None = None
) -> Iterator[Block]:
    """Return code and message, the place in the text, what a failed process has said last, and the hint."""
    yield Line(Text(f"[{code}]", "strong", limit=100), " ", Text(message, limit=600))
    if pointer:
        yield Code(pointer, limit=1000)
    for line in stderr[-_SHOWN_STDERR:]:
        yield Line(Text("  stderr: ", "muted"), Text(line, limit=300))
    if hint:
        yield Line(Text("hint: ", "muted"), Text(hint, limit=600))


def _failure_of(error: VibeError | TaskError) -> Iterator[Block]:
    data = error.data if isinstance(error, VibeError) else None
    return failure(
        error.code, error.message, error.hint, (data or {}).get("stderr") or (), (data or {}).get("pointer")
    )


RENDERERS: dict[type, Renderer] = {VibeError: Renderer(_failure_of), TaskError: Renderer(_failure_of)}
