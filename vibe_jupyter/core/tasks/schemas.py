"""A task as the API speaks of it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vibe_jupyter.core.oracles.base import Part

__all__ = [
    "FINAL_STATES",
    "Candidate",
    "Explanation",
    "History",
    "HistoryQuery",
    "Task",
    "TaskCreate",
    "TaskError",
    "TaskEvent",
    "TaskEventsQuery",
    "TaskProgress",
    "TaskState",
    "TaskTarget",
]

TaskState = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
TargetType = Literal["oracle", "mcp", "agent"]
Name = Annotated[str, Field(min_length=1, max_length=200)]

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
FINAL_STATES = frozenset({"succeeded", "failed", "cancelled"})


class TaskCreate(BaseModel):
    """What is wanted."""

    model_config = ConfigDict(
        extra="forbid",
        ser_json_inf_nan="constants",  # so that they are refused, and not silently null, on their way out
        json_schema_extra={"examples": [{"type": "file_search", "input": {"query": "login", "path": "."}}]},
    )

    type: str = Field(
        default="ask",
        min_length=1,
        max_length=200,
        description="What kind of task, e.g. file_search; a capability such as file.search is understood too. "
        'The default `ask` takes {"text": ...} and finds the kind by its words.',
    )
    input: dict[str, Any] = Field(
        default_factory=dict, description="What the task works on; checked against the capability's schema."
    )
    required_capabilities: list[Name] = Field(
        default_factory=list, max_length=20, description="What the target must offer beyond the type's own."
    )
    priority: int = Field(default=0, ge=-100, le=100, description="Tasks with a higher one start earlier.")
    timeout_s: float | None = Field(
        default=None, gt=0, le=7 * 86_400, description="Time limit of one attempt in seconds."
    )
    idempotency_key: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="A second request with the same key answers with the first one's task.",
    )
    project_id: str | None = Field(default=None, max_length=100, description="The project it belongs to.")
    root: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        description="Absolute folder that relative paths of the input start from; default: the server's root.",
    )


class TaskTarget(BaseModel):
    """Who does it."""

    id: str
    type: TargetType


class TaskError(BaseModel):
    """Why it failed."""

    code: str = Field(description="`area.reason`, stable.")
    message: str
    hint: str | None = None


class TaskProgress(BaseModel):
    """How far it is."""

    fraction: float | None = Field(default=None, description="In [0, 1]; null if unknown.")
    message: str = ""
    data: dict[str, Any] | None = None


class Task(BaseModel):
    """One request with its state and result."""

    id: str = Field(description="UUIDv7: sorts by time of creation.")
    type: str
    input: dict[str, Any]
    required_capabilities: list[str]
    state: TaskState
    target: TaskTarget | None
    progress: TaskProgress | None
    result: Any = Field(description="The JSON result of a task that succeeded.")
    error: TaskError | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    capability: str = Field(description="What is asked of the target; for type `ask`, what the words meant.")
    parts: list[Part] = Field(default_factory=list, description="Rich parts of the result.")
    priority: int = 0
    timeout_s: float | None = Field(description="Null if what is stored is no finite number.")
    project_id: str | None = None
    root: str
    retry_of: str | None = Field(default=None, description="The task that this one is a retry of.")
    attempts: int = 0

    @property
    def is_final(self) -> bool:
        """Return whether it has ended."""
        return self.state in FINAL_STATES


class HistoryQuery(BaseModel):
    """Which tasks, newest first."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=200, description="How many at most.")
    offset: int = Field(
        default=0, ge=0, le=1_000_000, description="How many to skip; for deep pages use the cursor."
    )
    cursor: str | None = Field(
        default=None,
        max_length=200,
        description="The `next_cursor` of the page before; opaque.",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]{32}$"},
    )
    state: TaskState | None = Field(default=None, description="Only tasks in this state.")
    type: str | None = Field(default=None, max_length=200, description="Only tasks of this type.")
    target: str | None = Field(
        default=None, max_length=200, description="Only tasks of the target with this id."
    )
    since: datetime | None = Field(default=None, description="Only tasks created at or after this time.")
    until: datetime | None = Field(default=None, description="Only tasks created before this time.")
    results: bool = Field(
        default=True, description="Whether to include `result` and `parts`, which may be large."
    )

    @field_validator("since", "until", mode="before")
    @classmethod
    def _is_a_date(cls, value: Any) -> Any:
        """Refuse a count of seconds, as which a bare year would be taken."""
        if isinstance(value, str) and not _DATE.match(value):
            raise ValueError("should be a time such as 2026-01-31T12:00:00Z")
        return value


class History(BaseModel):
    """A page of tasks."""

    items: list[Task]
    total: int = Field(description="How many tasks match, on all pages.")
    next_cursor: str | None = Field(
        description="Pass it as `cursor` for the next page; null on the last one."
    )


class TaskEvent(BaseModel):
    """Something that happened to a task."""

    seq: int = Field(description="Counts from 1 without gaps within a task.")
    type: str = Field(
        description="queued, running, progress, retrying, fallback, cancelling, revived, succeeded, failed, "
        "cancelled; `gap` if events are missing before the next one, `problem` if tasks cannot be run for now."
    )
    task_id: str
    at: datetime
    data: dict[str, Any] = Field(default_factory=dict)


class TaskEventsQuery(BaseModel):
    """From where on."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = Field(
        default=None,
        max_length=64,
        description="Only events behind this id. The header Last-Event-ID says the same.",
    )


class Candidate(BaseModel):
    """A target that could do it, with the parts of its score."""

    id: str
    type: TargetType
    score: float
    parts: dict[str, float] = Field(description="What each criterion adds to the score.")


class Explanation(BaseModel):
    """Why a task went where it went."""

    task_id: str
    type: str
    capability: str
    asked: str | None = Field(default=None, description="The free text, for type `ask`.")
    caller: Literal["owner", "agent"] = Field(
        default="owner",
        description="Who asked: for an agent's task a person is asked before a tool is called.",
    )
    matched: list[Any] = Field(
        default_factory=list,
        description="For free text: capabilities with how well the words fit, best first.",
    )
    required_capabilities: list[str] = Field(default_factory=list)
    chosen: str | None = None
    fallbacks: list[str] = Field(default_factory=list)
    candidates: list[Candidate] = Field(default_factory=list)
    rejected: dict[str, str] = Field(
        default_factory=dict, description="Why each other target was not considered."
    )
