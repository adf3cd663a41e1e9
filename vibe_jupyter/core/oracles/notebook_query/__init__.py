"""Ask about the notebooks of a project: cells, stored errors, imports, stale outputs, outlines."""

from vibe_jupyter.core.oracles.notebook_query.oracle import NotebookQuery
from vibe_jupyter.core.oracles.notebook_query.schemas import (
    NotebookProblem,
    NotebookQueryInput,
    NotebookQueryOutput,
    NotebookRow,
)

__all__ = ["NotebookProblem", "NotebookQuery", "NotebookQueryInput", "NotebookQueryOutput", "NotebookRow"]
