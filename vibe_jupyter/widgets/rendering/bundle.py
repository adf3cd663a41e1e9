"""A value as MIME bundle, HTML or text."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from vibe_jupyter.widgets.rendering.registry import document, result_summary, task_of
from vibe_jupyter.widgets.rendering.strict_json import as_json

if TYPE_CHECKING:
    from vibe_jupyter.core.tasks.schemas import Task, TaskEvent

__all__ = ["JSON_TYPE", "as_html", "as_text", "mimebundle", "progress_line", "summary"]

_NOTEBOOK_WIDTH = 100


JSON_TYPE = "application/vnd.vibe.result+json"
"""Not `application/json`: JupyterLab ranks that above HTML and would show a tree of JSON instead of the result."""


def mimebundle(value: Any) -> dict[str, Any]:
    """Return a value as `text/plain`, `text/html` and, where it is data, as JSON under `JSON_TYPE`."""
    from vibe_jupyter.widgets.rendering.html import write_html
    from vibe_jupyter.widgets.rendering.text import write_text

    blocks = document(value)
    bundle: dict[str, Any] = {
        "text/plain": write_text(blocks, width=_NOTEBOOK_WIDTH, surface="notebook"),
        "text/html": write_html(blocks),
    }
    if (data := as_json(value)) is not None:
        bundle[JSON_TYPE] = data
    return bundle


def as_html(value: Any) -> str:
    """Return a value as one HTML element, everything from data escaped."""
    from vibe_jupyter.widgets.rendering.html import write_html

    return write_html(document(value))


def as_text(value: Any, width: int | None = None, color: bool = False) -> str:
    """Return a value as text for a terminal.

    Args:
        value: any result of an operation, a handle, an error, or JSON.
        width: columns; default: those of the terminal.
        color: whether to paint with ANSI colours.
    """
    from vibe_jupyter.widgets.rendering.text import write_text

    columns = shutil.get_terminal_size((_NOTEBOOK_WIDTH, 24)).columns if width is None else width
    return write_text(document(value), width=columns, color=color)


def summary(value: Any) -> str:
    """Return the result of a task, or of a handle's task, in a few words: `7 matches in 3 files`."""
    return result_summary(task_of(value))


def progress_line(task: Task, event: TaskEvent | None = None, elapsed_s: float | None = None) -> str:
    """Return how far a task is, in one line of text."""
    from vibe_jupyter.widgets.rendering.cards import ProgressLine

    return as_text(ProgressLine(task, event, elapsed_s), width=_NOTEBOOK_WIDTH)
