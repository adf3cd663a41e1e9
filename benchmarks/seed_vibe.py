"""The seed database of our platform: the same rows, after our migrations, with the events of each task."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, delete, insert

from benchmarks.seed_rows import SeededProject, SeededTask, SeedPlan, batched_tasks
from vibe_jupyter.core.database.database import Database
from vibe_jupyter.core.database.models import Project, Task, TaskEvent, User

__all__ = ["LOCAL_OWNER", "seed"]

LOCAL_OWNER = "local"
"""Whom the Jupyter token stands for: user 0 of the plan."""


def seed(database_file: Path, plan: SeedPlan) -> None:
    """Create the database with the plan's users and tasks, and two events for each task."""
    url = f"sqlite:///{database_file}"
    database = Database(url)
    database.open()
    database.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(delete(User))
        connection.execute(insert(User), [_user(plan, number) for number in range(plan.users)])
        connection.execute(insert(Project), [_project(plan, project) for project in plan.projects()])
        for batch in batched_tasks(plan):
            connection.execute(insert(Task), [_task(plan, task) for task in batch])
            connection.execute(insert(TaskEvent), [event for task in batch for event in _events(task)])
    engine.dispose()


def _user_id(plan: SeedPlan, number: int) -> str:
    return LOCAL_OWNER if number == 0 else plan.user_id(number)


def _user(plan: SeedPlan, number: int) -> dict[str, Any]:
    count = len(range(number, plan.tasks, plan.users))
    created_at = _text(plan.first_at)
    return {
        "id": _user_id(plan, number),
        "name": f"User {number}",
        "created_at": created_at,
        "task_count": count,
    }


def _project(plan: SeedPlan, project: SeededProject) -> dict[str, Any]:
    return {
        "id": project.id,
        "user_id": _user_id(plan, project.user_number),
        "name": project.name,
        "root": project.path,
        "description": project.description,
        "template": project.template,
        "github": _json(project.github),
        "created_at": _text(project.created_at),
        "updated_at": _text(project.created_at),
    }


def _task(plan: SeedPlan, task: SeededTask) -> dict[str, Any]:
    return {
        "id": task.id,
        "user_id": _user_id(plan, task.user_number),
        "type": task.type,
        "capability": "file.search",
        "input": _json(task.input),
        "required_capabilities": "[]",
        "root": task.input["path"],
        "priority": 0,
        "timeout_s": 3600.0,
        "state": "succeeded",
        "target_id": task.target["id"],
        "target_type": task.target["type"],
        "is_shared": 1,
        "attempts": 1,
        "last_seq": 2,
        "created_at": _text(task.created_at),
        "started_at": _text(task.created_at),
        "finished_at": _text(task.finished_at),
        "result": _json(task.result),
    }


def _events(task: SeededTask) -> list[dict[str, Any]]:
    return [
        {"task_id": task.id, "seq": 1, "type": "queued", "at": _text(task.created_at), "data": "{}"},
        {"task_id": task.id, "seq": 2, "type": "succeeded", "at": _text(task.finished_at), "data": "{}"},
    ]


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
