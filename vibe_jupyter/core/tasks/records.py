"""A task between the API and its row: one that is about to be stored, and one as the platform itself reads it."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal

import orjson

from vibe_jupyter.core.mcp.calls import MAX_CALL_TIMEOUT_S
from vibe_jupyter.core.tasks import rows
from vibe_jupyter.core.tasks.schemas import FINAL_STATES

__all__ = ["NewTask", "StoredTask"]

_in_order = itemgetter(*(column.name for column in rows.COLUMNS))
_NO_COLUMN = {
    **dict.fromkeys((column.name for column in rows.COLUMNS), None),
    "state": "queued",
    "attempts": 0,
}


@dataclass(frozen=True)
class NewTask:
    """A task that was checked and is about to be stored; JSON columns as text."""

    id: str
    user_id: str
    type: str
    capability: str
    input: str
    required_capabilities: str
    root: str
    priority: int
    timeout_s: float
    is_shared: bool
    project_id: str | None = None
    idempotency_key: str | None = None
    retry_of: str | None = None
    explanation: str | None = None

    def row(self, created_at: str) -> tuple[Any, ...]:
        """Return it as a row of `rows.COLUMNS`, as it was stored."""
        row: tuple[Any, ...] = _in_order({**_NO_COLUMN, **self.__dict__, "created_at": created_at})
        return row


@dataclass(frozen=True)
class StoredTask:
    """What the platform needs of a task to run it, whoever it belongs to."""

    id: str
    user_id: str
    type: str
    capability: str
    input: str
    required_capabilities: str
    root: str
    priority: int
    timeout_s: float
    state: str
    target_id: str | None
    executor_id: str | None
    is_shared: int
    attempts: int
    revivals: int
    cancel_requested: int
    explanation: str | None
    project_id: str | None

    @property
    def is_final(self) -> bool:
        """Return whether it has ended."""
        return self.state in FINAL_STATES

    @property
    def caller(self) -> Literal["owner", "agent"]:
        """Return who has asked for it."""
        return "agent" if orjson.loads(self.explanation or "{}").get("caller") == "agent" else "owner"

    @property
    def call_timeout_s(self) -> float | None:
        """Return how long a call of a tool may take, if who asked for the task has said how long that may take."""
        asked = orjson.loads(self.explanation or "{}").get("timeout_s")
        return min(asked, MAX_CALL_TIMEOUT_S) if isinstance(asked, int | float) else None
