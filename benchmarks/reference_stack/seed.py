"""Seed databases for both variants: the rows of `benchmarks.seed_rows`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, insert

from benchmarks.reference_stack.database import Variant, create_schema
from benchmarks.reference_stack.models import Project, Task, User
from benchmarks.seed_rows import SeedPlan, batched_tasks

__all__ = ["seed", "token_of"]


def token_of(user_number: int) -> str:
    """Return the bearer token of a seeded user."""
    return f"token-of-user-{user_number:03d}"


def seed(variant: Variant, database: Path, plan: SeedPlan) -> None:
    """Create the database of a variant with the plan's users, projects and tasks."""
    engine = create_engine(f"sqlite:///{database}")
    if variant == "tuned":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    create_schema(variant, engine)
    with engine.begin() as connection:
        connection.execute(
            insert(User),
            [
                {"id": plan.user_id(number), "name": f"User {number}", "token": token_of(number)}
                for number in range(plan.users)
            ],
        )
        connection.execute(
            insert(Project),
            [
                {
                    "id": project.id,
                    "user_id": plan.user_id(project.user_number),
                    "name": project.name,
                    "description": project.description,
                    "template": project.template,
                    "path": project.path,
                    "github": project.github,
                    "created_at": project.created_at,
                    "updated_at": project.created_at,
                }
                for project in plan.projects()
            ],
        )
        for batch in batched_tasks(plan):
            connection.execute(
                insert(Task),
                [
                    {
                        "id": task.id,
                        "user_id": plan.user_id(task.user_number),
                        "type": task.type,
                        "input": task.input,
                        "required_capabilities": [],
                        "state": "succeeded",
                        "target": task.target,
                        "result": task.result,
                        "created_at": task.created_at,
                        "started_at": task.created_at,
                        "finished_at": task.finished_at,
                    }
                    for task in batch
                ],
            )
    engine.dispose()
