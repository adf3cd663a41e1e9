"""The oracle `notebook_query`: finds the notebooks that are meant and reads them in a worker process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.oracles.base import Capability, Context, Oracle
from vibe_jupyter.core.oracles.file_search.sentence import named_place
from vibe_jupyter.core.oracles.notebook_query.schemas import NotebookQueryInput, NotebookQueryOutput

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

__all__ = ["NotebookQuery"]

_NO_PLACES = frozenset({"notebook", "notebooks"})


class NotebookQuery(Oracle):
    """Look into stored notebooks: cells, errors, imports, stale outputs, headings; nothing is executed."""

    id = "notebook_query"
    title = "Ask about notebooks"
    capabilities = (
        Capability(
            name="notebook.query",
            summary="Look into Jupyter notebooks (.ipynb): search their cells, list stored errors and "
            "tracebacks, imported modules, stale or out of order outputs and cells never executed, and headings",
            input=NotebookQueryInput,
            output=NotebookQueryOutput,
            text_field="query",
            table="rows",
            examples=(
                "which notebooks have errors",
                "find the cell that trains the model",
                "which notebooks import pandas",
                "show stale outputs in my notebooks",
                "cells that were executed out of order",
                "which cells were never executed",
                "outline of analysis.ipynb",
                "list the headings of every notebook",
                "does any notebook fail with a KeyError",
                "what modules do the notebooks in experiments import",
                "which notebook plots the confusion matrix",
                "show all markdown cells of intro.ipynb",
            ),
        ),
    )

    async def run(self, context: Context, input: BaseModel) -> NotebookQueryOutput:
        """Ask the notebooks that `input.path`, or the query, names.

        Raises:
            NotFound: `path.not_found`, `notebook_query.no_such_notebook`.
            Forbidden: `path.outside_root`.
            InvalidInput: `notebook_query.not_a_notebook`.
        """
        from vibe_jupyter.core.oracles.notebook_query.query import query_notebooks

        assert isinstance(input, NotebookQueryInput)
        query, target = _place(context, input)
        if not target.is_dir() and not (target.is_file() and target.suffix == ".ipynb"):
            raise InvalidInput(
                f"{target.name} is neither a notebook nor a folder",
                code="notebook_query.not_a_notebook",
                hint="name an .ipynb file or a folder; file_search looks into other files",
            )
        wanted = input.model_copy(update={"query": query})
        result = await context.in_process(
            query_notebooks, str(target), wanted.model_dump(), project=str(context.root)
        )
        return NotebookQueryOutput.model_validate(result)


def _place(context: Context, wanted: NotebookQueryInput) -> tuple[str, Path]:
    """Return the query, and where to look; a folder at the end of the query is taken from it."""
    if wanted.path == ".":
        found = named_place(context, wanted.query, but_not=_NO_PLACES)
        if found is not None and (found[1].is_dir() or found[1].suffix == ".ipynb"):
            return found
    return wanted.query, context.resolve(wanted.path)
