"""The public operations of tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from vibe_jupyter.core.operations import Encoded, operation
from vibe_jupyter.core.tasks.schemas import (
    Explanation,
    History,
    HistoryQuery,
    Task,
    TaskCreate,
    TaskEvent,
    TaskEventsQuery,
)

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.platform import Platform

__all__ = ["OPERATIONS"]


@operation(
    "tasks.create",
    "POST /tasks",
    verb="task",
    positional="text",
    scope="tasks:write",
    status=202,
    inline=True,
    mcp=True,
    hidden=("root", "input"),
)
async def create_task(platform: Platform, principal: Principal, body: TaskCreate) -> Encoded[Task]:
    """Create a task and hand it to the best target.

    The type says what is wanted, e.g. `file_search`; with free text alone its words decide. The task is stored
    before the answer is given: from then on it is not lost, whatever crashes.
    """
    return Encoded(await platform.tasks.create(principal, body))


@operation("tasks.history", "GET /tasks/history", verb="task list", scope="tasks:read", inline=True, mcp=True)
async def list_tasks(platform: Platform, principal: Principal, query: HistoryQuery) -> Encoded[History]:
    """List your tasks, newest first."""
    return Encoded(await platform.tasks.history(principal, query))


@operation(
    "tasks.get",
    "GET /tasks/{task_id}",
    verb="task show",
    positional="task_id",
    scope="tasks:read",
    inline=True,
    mcp=True,
)
async def get_task(platform: Platform, principal: Principal, task_id: str) -> Encoded[Task]:
    """Show one task with its state and result."""
    return Encoded(await platform.tasks.get(principal, task_id))


@operation(
    "tasks.cancel",
    "POST /tasks/{task_id}/cancel",
    verb="task cancel",
    positional="task_id",
    scope="tasks:write",
    mcp=True,
)
async def cancel_task(platform: Platform, principal: Principal, task_id: str) -> Encoded[Task]:
    """Cancel a task: a waiting one at once, a running one within a second."""
    return Encoded(await platform.tasks.cancel(principal, task_id))


@operation(
    "tasks.retry",
    "POST /tasks/{task_id}/retry",
    verb="task retry",
    positional="task_id",
    scope="tasks:write",
    status=202,
    inline=True,
)
async def retry_task(platform: Platform, principal: Principal, task_id: str) -> Encoded[Task]:
    """Run an ended task again, as a new task that names the old one in `retry_of`."""
    return Encoded(await platform.tasks.retry(principal, task_id))


@operation(
    "tasks.explain",
    "GET /tasks/{task_id}/explain",
    verb="task explain",
    positional="task_id",
    scope="tasks:read",
    inline=True,
)
async def explain_task(platform: Platform, principal: Principal, task_id: str) -> Explanation:
    """Explain why a task went to its target: all candidates with their scores, and why others were not asked."""
    return await platform.tasks.explain(principal, task_id)


@operation("tasks.events", "GET /tasks/{task_id}/events", scope="tasks:read", inline=True)
async def task_events(
    platform: Platform, principal: Principal, task_id: str, query: TaskEventsQuery
) -> AsyncIterator[TaskEvent]:
    """Follow a task: what has happened so far, then each event as it comes, up to its end."""
    async for event in platform.tasks.events(principal, task_id, query.after):
        yield event


OPERATIONS = (create_task, list_tasks, get_task, cancel_task, retry_task, explain_task, task_events)
