"""What the demo did: one line a task, and how to look at the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.client.demo import DemoReport
from vibe_jupyter.widgets.rendering.document import NOTHING, Block, Column, Line, Table, Text
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERERS"]


def _report(report: DemoReport) -> Iterator[Block]:
    rows = [
        (
            Text("✓", "good") if task.state == "succeeded" else Text("✗", "bad"),
            Text(task.type, "strong"),
            Text(f"{task.target.type} {task.target.id}") if task.target else NOTHING,
            Text(task.why, "muted"),
            Text(f"{task.seconds:.2f} s"),
            Text(task.summary),
        )
        for task in report.tasks
    ]
    columns = (
        Column(), Column("task"), Column("done by"), Column("why", is_fluid=True, wraps=True), Column("took", "right"),
        Column("result", is_fluid=True, wraps=True),
    )  # fmt: skip
    yield Table(columns, rows)
    verdict = "All tasks succeeded." if report.ok else "Not every task succeeded."
    yield Line(Text(verdict, "good" if report.ok else "bad"), f" The executed notebook: {report.notebook}")
    if report.kept:
        yield Line(
            Text("kept: ", "warn"), f"{report.kept} holds changes; this demo went to a new folder beside it"
        )
    if report.install_with:
        yield Line(
            "JupyterLab is not installed here; get it:  ", Text(report.install_with, "code", limit=1000)
        )
    yield Line("look at it:  ", Text(report.open_with, "code", limit=1000))


RENDERERS: dict[type, Renderer] = {DemoReport: Renderer(_report)}
