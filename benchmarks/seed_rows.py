"""The task rows that every seeded database holds: the same users, ids, inputs and results in each."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["SeedPlan", "SeededProject", "SeededTask", "batched_tasks", "seeded_tasks"]

_UUID_V7 = 0x7 << 76
_UUID_VARIANT = 0x2 << 62


def _two_days_ago() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)


@dataclass(frozen=True)
class SeedPlan:
    """How many rows over how many users; user 0 is the one that the load comes from."""

    tasks: int = 100_000
    users: int = 100
    projects_per_user: int = 30
    first_at: datetime = field(default_factory=_two_days_ago)
    """When the oldest task was created, one a second follows: recent, or our server would prune them."""

    def user_id(self, number: int) -> str:
        """Return the id of a seeded user."""
        return str(uuid.UUID(int=number + 1))

    def projects(self) -> Iterator[SeededProject]:
        """Generate the projects of all users, the users in turn; the newest page of each is not all of them."""
        for number in range(self.users * self.projects_per_user):
            created_at = self.first_at + timedelta(minutes=number)
            yield SeededProject(
                id=_uuid7(int(created_at.timestamp() * 1000), number),
                user_number=number % self.users,
                name=f"project {number}",
                path=f"/home/user/projects/project-{number}",
                created_at=created_at,
            )

    def ids_of(self, user_number: int) -> tuple[str, ...]:
        """Return the ids of a user's tasks, oldest first."""
        return tuple(task.id for task in seeded_tasks(self) if task.user_number == user_number)


@dataclass(frozen=True)
class SeededProject:
    """One project from a template that was pushed."""

    id: str
    user_number: int
    name: str
    path: str
    created_at: datetime
    description: str = "Who leaves, and why"
    template: str = "gradio-space"

    @property
    def github(self) -> dict[str, Any]:
        """Return where it was pushed to."""
        name = f"someone/{self.name.replace(' ', '-')}"
        return {
            "full_name": name, "url": f"https://github.com/{name}", "branch": "main", "commit": "0" * 40,
            "pushed_at": None,
        }  # fmt: skip


@dataclass(frozen=True)
class SeededTask:
    """One finished file search."""

    number: int
    id: str
    user_number: int
    type: str
    input: dict[str, Any]
    target: dict[str, str]
    result: dict[str, Any]
    created_at: datetime
    finished_at: datetime


def seeded_tasks(plan: SeedPlan) -> Iterator[SeededTask]:
    """Generate the plan's tasks, oldest first, the users in turn; ids are UUIDv7 of their time."""
    for number in range(plan.tasks):
        created_at = plan.first_at + timedelta(seconds=number)
        yield SeededTask(
            number=number,
            id=_uuid7(int(created_at.timestamp() * 1000), number),
            user_number=number % plan.users,
            type="file_search",
            input={"query": f"needle {number}", "path": "/home/user/project"},
            target={"id": "file_search", "type": "oracle"},
            result=_result(number),
            created_at=created_at,
            finished_at=created_at + timedelta(milliseconds=20),
        )


def batched_tasks(plan: SeedPlan, size: int = 5_000) -> Iterator[tuple[SeededTask, ...]]:
    """Generate the plan's tasks in batches."""
    tasks = seeded_tasks(plan)
    while batch := tuple(itertools.islice(tasks, size)):
        yield batch


def _uuid7(milliseconds: int, number: int) -> str:
    return str(uuid.UUID(int=(milliseconds << 80) | _UUID_V7 | _UUID_VARIANT | number))


def _result(number: int) -> dict[str, Any]:
    matches = [
        {
            "path": f"src/module_{number % 97}.py",
            "line": line,
            "preview": f"def find_needle_{line}(haystack):",
        }
        for line in (12, 48, 131)
    ]
    return {"matches": matches, "truncated": False}
