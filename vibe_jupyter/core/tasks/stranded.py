"""Tasks that wait in our table and that no engine knows: its database is a new one, because the old one was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from vibe_jupyter.core.database.models import Outbox, Task, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.tasks.engine import Job

if TYPE_CHECKING:
    from vibe_jupyter.core.database.database import Database

__all__ = ["stranded_jobs"]

_T, _OUTBOX = table_of(Task), table_of(Outbox)
_SELECT = Statement(
    sa.select(_T.c.id, _T.c.user_id, _T.c.priority, _T.c.is_shared)
    .where(
        _T.c.finished_at.is_(None),
        _T.c.state == "queued",
        ~sa.exists(sa.select(_OUTBOX.c.task_id).where(_OUTBOX.c.task_id == _T.c.id)),
    )
    .order_by(_T.c.id)
)


async def stranded_jobs(database: Database) -> list[Job]:
    """Return the tasks that were handed to an engine and have not begun, as jobs to be handed over again."""
    rows = await database.read(lambda c: c.all(_SELECT))
    return [
        Job(task_id, user_id, priority, shared=bool(shared)) for task_id, user_id, priority, shared in rows
    ]
