"""The words of the API, as our own API has them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["ProfileRead", "ProjectList", "ProjectRead", "TaskCreate", "TaskHistory", "TaskRead"]


class TaskCreate(BaseModel):
    """A request for a task."""

    type: str
    input: dict[str, Any]
    required_capabilities: list[str] = []


class ProfileRead(BaseModel):
    """Who is asking."""

    user_id: str
    name: str
    via: str
    scopes: list[str]


class ProjectRead(BaseModel):
    """A project as answered."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    description: str
    template: str | None
    path: str
    created_at: datetime
    updated_at: datetime
    github: dict[str, Any] | None
    space: dict[str, Any] | None


class ProjectList(BaseModel):
    """A page of projects."""

    items: list[ProjectRead]
    total: int
    next_cursor: str | None


class TaskRead(BaseModel):
    """A task as answered."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    type: str
    input: dict[str, Any]
    required_capabilities: list[str]
    state: str
    target: dict[str, Any] | None
    progress: dict[str, Any] | None
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class TaskHistory(BaseModel):
    """A page of tasks, newest first."""

    items: list[TaskRead]
    total: int
    next_cursor: str | None
