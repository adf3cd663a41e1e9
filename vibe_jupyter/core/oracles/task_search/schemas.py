"""What a search over past tasks is asked for and what it answers."""

from __future__ import annotations

from pydantic import BaseModel, Field, field_validator

__all__ = ["FoundTask", "TaskSearchInput", "TaskSearchOutput"]


class TaskSearchInput(BaseModel):
    """Words to look for in past tasks."""

    query: str = Field(
        min_length=1,
        max_length=1000,
        description="Words from a task's type, input, result or error. Tasks with all of them come first; if "
        "there are none, those with any.",
    )
    limit: int = Field(default=20, ge=1, le=200, description="How many tasks to return at most.")
    type: str | None = Field(
        default=None, max_length=200, description="Only tasks of this type, e.g. file_search or file.search."
    )
    state: str | None = Field(
        default=None, max_length=50, description="Only tasks that ended so, e.g. failed."
    )

    @field_validator("type")
    @classmethod
    def _as_task_type(cls, value: str | None) -> str | None:
        return value.replace(".", "_") if value else None


class FoundTask(BaseModel):
    """A task that matches."""

    id: str
    type: str
    state: str
    created_at: str = Field(description="ISO 8601, UTC.")
    snippet: str = Field(description="Where the words stand, as plain text; each match is inside ⟦ and ⟧.")
    score: float = Field(
        description="BM25 with weights; higher is better, comparable within one answer only."
    )


class TaskSearchOutput(BaseModel):
    """The best matches first."""

    query: str
    tasks: list[FoundTask]
    matched_all_words: bool = Field(description="False if no task has all the words, so any of them counted.")
    indexed_tasks: int = Field(description="How many of the user's ended tasks were searched.")
