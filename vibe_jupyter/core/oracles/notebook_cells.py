"""The cells of a notebook file of any version of the format, read tolerantly: nothing is validated or run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Cell", "read_cells"]


@dataclass(frozen=True)
class Cell:
    """A cell as it is stored.

    Args:
        index: 0-based, over all worksheets of an old notebook.
        kind: `code`, `markdown`, `raw`, or in old notebooks `heading` and `html`.
        source: its text, lines separated by a line feed.
        id: the cell's id, which notebooks have since format 4.5.
        execution_count: None if it was never executed or its outputs were cleared.
        outputs: as they are stored, each an object.
        metadata: as it is stored.
        level: of a heading cell, which format 3 has.
    """

    index: int
    kind: str
    source: str
    id: str | None = None
    execution_count: int | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    level: int | None = None


def read_cells(content: str | bytes) -> list[Cell]:
    """Read the content of an `.ipynb` file.

    Raises:
        ValueError: it is no notebook; the message says why, for a person.
    """
    text = content.decode("utf-8-sig", errors="replace") if isinstance(content, bytes) else content
    try:
        notebook = json.loads(text)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}" if text.strip() else "it is empty") from error
    if not isinstance(notebook, dict):
        raise ValueError("it is JSON, but not an object with cells")
    sheets = notebook["worksheets"] if _is_list(notebook.get("worksheets")) else [notebook]
    if not all(isinstance(sheet, dict) and _is_list(sheet.get("cells")) for sheet in sheets):
        raise ValueError("it is JSON, but has no list of cells")
    stored = [cell for sheet in sheets for cell in sheet["cells"]]
    return [_cell(index, cell) for index, cell in enumerate(stored) if isinstance(cell, dict)]


def _cell(index: int, cell: dict[str, Any]) -> Cell:
    identity, metadata = cell.get("id"), cell.get("metadata")
    outputs = cell["outputs"] if _is_list(cell.get("outputs")) else []
    return Cell(
        index=index,
        kind=str(cell.get("cell_type", "raw")),
        source=_text(cell.get("source", cell.get("input", ""))),  # `input` up to format 3
        id=identity if isinstance(identity, str) else None,
        execution_count=_integer(cell.get("execution_count", cell.get("prompt_number"))),
        outputs=[output for output in outputs if isinstance(output, dict)],
        metadata=metadata if isinstance(metadata, dict) else {},
        level=_integer(cell.get("level")),
    )


def _text(source: object) -> str:
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return text.replace("\r\n", "\n")


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_list(value: object) -> bool:
    return isinstance(value, list)
