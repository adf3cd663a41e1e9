"""What a question about notebooks is and what it answers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

__all__ = [
    "NotebookProblem",
    "NotebookQueryInput",
    "NotebookQueryOutput",
    "NotebookRow",
    "StaleReason",
    "Topic",
]

Topic = Literal["cells", "errors", "imports", "stale", "outline"]
StaleReason = Literal["never_executed", "out_of_order", "outputs_without_count", "changed_since_run"]


class NotebookQueryInput(BaseModel):
    """What to ask, of which notebooks. Nothing is executed."""

    query: str = Field(
        default="",
        max_length=1000,
        description="A sentence such as `which notebooks have errors`, or words to find in cells. A notebook or "
        "folder that it names narrows the question.",
    )
    path: str = Field(
        default=".",
        min_length=1,
        max_length=4096,
        description="The folder or notebook to look at, absolute or relative to the project's root.",
    )
    what: Literal["auto", "cells", "errors", "imports", "stale", "outline"] = Field(
        default="auto",
        description="`cells`: those with the words of the query; `errors`: stored outputs with an error; "
        "`imports`: imported modules; `stale`: outputs that do not fit the order of the cells; `outline`: "
        "headings; `auto`: what the query is about.",
    )
    kind: Literal["code", "markdown", "raw"] | None = Field(
        default=None, description="Only cells of this kind; of use for `cells`."
    )
    limit: int = Field(default=100, ge=1, le=1000, description="How many rows to return at most.")


class NotebookRow(BaseModel):
    """A cell that answers the question, or a line in it; fields that the question has no use for are null."""

    notebook: str = Field(description="Relative to `root`, POSIX style.")
    cell: int | None = Field(description="0-based index; null for the notebook as a whole.")
    cell_id: str | None = None
    kind: str | None = Field(default=None, description="code, markdown, raw; heading in format 3.")
    execution_count: int | None = None
    line: int | None = Field(default=None, description="1-based, in the cell.")
    preview: str = Field(description="The line, or the first of the cell, as plain text.")
    spans: list[tuple[int, int]] = Field(
        default_factory=list, description="Where in `preview` the words are: [start, end) in characters."
    )
    detail: str = Field(default="", description="What there is to say about it, for a person.")
    score: float | None = Field(default=None, description="In (0, 1], of `cells` with words.")
    ename: str | None = Field(default=None, description="Of `errors`: the exception.")
    evalue: str | None = Field(default=None, description="Of `errors`: its message.")
    module: str | None = Field(default=None, description="Of `imports`: its dotted name.")
    reason: StaleReason | None = Field(default=None, description="Of `stale`.")
    level: int | None = Field(default=None, description="Of `outline`: 1 for the largest heading.")


class NotebookProblem(BaseModel):
    """A notebook that could not be read, and why."""

    notebook: str
    problem: str


class NotebookQueryOutput(BaseModel):
    """The rows by notebook and cell; cells with words, the best first."""

    query: str
    what: Topic = Field(description="What the query was taken to ask for.")
    words: list[str] = Field(description="The words that narrowed the rows.")
    root: str = Field(description="The folder that the notebooks' paths are relative to; absolute.")
    rows: list[NotebookRow]
    total_rows: int = Field(description="Also those beyond `limit`.")
    truncated: bool = Field(description="Whether there are more than `rows`.")
    notebooks_searched: int
    notebooks_matched: int = Field(description="Notebooks with at least one row.")
    problems: list[NotebookProblem] = Field(description="Notebooks that could not be read, 100 at most.")
    notebooks_unreadable: int = Field(description="How many there are of these.")
