"""Which outputs of a notebook do not fit its cells as they stand, as far as the file tells."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vibe_jupyter.core.oracles.notebook_cells import Cell
    from vibe_jupyter.core.oracles.notebook_query.schemas import StaleReason

__all__ = ["run_time", "stale_cells"]


def stale_cells(cells: Sequence[Cell]) -> Iterator[tuple[Cell | None, StaleReason, str]]:
    """Yield cell, reason, and what to say about it; without a cell, about the notebook as a whole.

    A cell is out of order when one above it ran later: by the time of each run where all runs have one
    (JupyterLab's `execution` metadata, Colab, Deepnote, papermill), else by the execution counts.
    """
    code = [cell for cell in cells if cell.kind == "code" and cell.source.strip()]
    executed = [cell for cell in code if cell.execution_count is not None]
    if code and not executed and not any(cell.outputs for cell in code):
        yield None, "never_executed", f"none of its {len(code)} code cells has been executed"
        return
    disorder = _disorder(executed)
    for cell in code:
        if cell.execution_count is not None:
            if cell.index in disorder:
                yield cell, "out_of_order", disorder[cell.index]
        elif cell.outputs:
            yield (
                cell,
                "outputs_without_count",
                "it has outputs, but no execution count: they are from elsewhere",
            )
        else:
            yield cell, "never_executed", "it has not been executed, other cells have"
        if cell.metadata.get("deepnote_to_be_reexecuted") is True:
            yield cell, "changed_since_run", "its source was changed after it ran"


def run_time(cell: Cell) -> dt.datetime | None:
    """Return when a cell was last executed, if a tool has noted it in the metadata."""
    notes = cell.metadata
    execution, papermill = _table(notes, "execution"), _table(notes, "papermill")
    texts = (
        execution.get("iopub.execute_input"),
        execution.get("shell.execute_reply.started"),
        papermill.get("start_time"),
    )
    for text in texts:
        if isinstance(text, str):
            try:
                time = dt.datetime.fromisoformat(text)
            except ValueError:
                continue
            return time if time.tzinfo else time.replace(tzinfo=dt.UTC)
    for milliseconds in (_table(notes, "executionInfo").get("timestamp"), notes.get("execution_start")):
        if isinstance(milliseconds, int) and 0 < milliseconds < 10**14:
            return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    return None


def _disorder(executed: list[Cell]) -> dict[int, str]:
    """Return what to say about each cell above which one ran later."""
    times = [(cell, time) for cell in executed if (time := run_time(cell)) is not None]
    found: dict[int, str] = {}
    if len(times) == len(executed):
        latest: tuple[Cell, dt.datetime] | None = None
        for cell, time in times:
            if latest is not None and time < latest[1]:
                found[cell.index] = (
                    f"cell {latest[0].index} above it ran later, at {latest[1]:%Y-%m-%d %H:%M:%S}"
                )
            else:
                latest = (cell, time)
        return found
    last: tuple[Cell, int] | None = None
    for cell in executed:
        count = cell.execution_count or 0
        if last is not None and count <= last[1]:
            found[cell.index] = (
                f"it ran as [{count}], but cell {last[0].index} above it as [{last[1]}]"
                if count < last[1]
                else f"it ran as [{count}], as cell {last[0].index} did: the kernel was restarted in between"
            )
        else:
            last = (cell, count)
    return found


def _table(metadata: dict[str, Any], key: str) -> dict[str, Any]:
    value = metadata.get(key)
    return value if isinstance(value, dict) else {}
