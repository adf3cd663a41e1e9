"""The statements of the task store, compiled once each."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from vibe_jupyter.core.database.models import Outbox, Project, TaskEvent, User, table_of
from vibe_jupyter.core.database.models import Task as TaskModel
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.tasks import rows

_TASKS, _EVENTS, _OUTBOX = table_of(TaskModel), table_of(TaskEvent), table_of(Outbox)
_USERS, _PROJECTS = table_of(User), table_of(Project)


def _bind(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name)


_ID = _TASKS.c.id == _bind("task_id")
_OF_USER = (_ID, _TASKS.c.user_id == _bind("user_id"))
_STORED = (
    "id", "user_id", "type", "capability", "input", "required_capabilities", "root", "priority", "timeout_s",
    "state", "target_id", "executor_id", "is_shared", "attempts", "revivals", "cancel_requested", "explanation",
    "project_id",
)  # fmt: skip

INSERT_TASK = Statement(sa.insert(_TASKS))
INSERT_EVENT = Statement(sa.insert(_EVENTS))
INSERT_OUTBOX = Statement(sa.insert(_OUTBOX))
DELETE_OUTBOX = Statement(sa.delete(_OUTBOX).where(_OUTBOX.c.task_id == _bind("done")))
COUNT_UP = Statement(
    sa.update(_USERS).where(_USERS.c.id == _bind("owner")).values(task_count=_USERS.c.task_count + _bind("n"))
)
SELECT_TASK = Statement(sa.select(*rows.COLUMNS).where(*_OF_USER))
SELECT_EXPLANATION = Statement(sa.select(_TASKS.c.explanation).where(*_OF_USER))
SELECT_STORED = Statement(sa.select(*(_TASKS.c[name] for name in _STORED)).where(_ID))
SELECT_BY_KEY = Statement(
    sa.select(
        *(_TASKS.c[name] for name in ("id", "input", "required_capabilities")),
        *(_TASKS.c[name] for name in ("type", "priority", "timeout_s", "root", "project_id")),
    ).where(_TASKS.c.user_id == _bind("user_id"), _TASKS.c.idempotency_key == _bind("key"))
)
SELECT_PROJECT = Statement(
    sa.select(_PROJECTS.c.root).where(_PROJECTS.c.id == _bind("id"), _PROJECTS.c.user_id == _bind("user_id"))
)
SELECT_EVENTS = Statement(
    sa.select(_EVENTS.c.seq, _EVENTS.c.type, _EVENTS.c.at, _EVENTS.c.data)
    .where(_EVENTS.c.task_id == _bind("task_id"), _EVENTS.c.seq > _bind("after"))
    .order_by(_EVENTS.c.seq)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
SELECT_SEQ = Statement(sa.select(_TASKS.c.last_seq, _TASKS.c.state).where(*_OF_USER))
SELECT_OUTBOX_USERS = Statement(
    sa.select(_OUTBOX.c.user_id).where(_OUTBOX.c.executor_id == _bind("executor_id")).distinct()
)
SELECT_OUTBOX = Statement(
    sa.select(_OUTBOX.c.task_id, -_OUTBOX.c.rank, _OUTBOX.c.is_shared)
    .where(_OUTBOX.c.executor_id == _bind("executor_id"), _OUTBOX.c.user_id == _bind("user_id"))
    .order_by(_OUTBOX.c.rank, _OUTBOX.c.task_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
ADOPT_OUTBOX = Statement(
    sa.update(_OUTBOX).where(_OUTBOX.c.executor_id == _bind("dead")).values(executor_id=_bind("me"))
)
SELECT_UNFINISHED = Statement(sa.select(_TASKS.c.id).where(_TASKS.c.finished_at.is_(None)).limit(1))
SELECT_RUNNING = Statement(
    sa.select(_TASKS.c.id).where(
        _TASKS.c.finished_at.is_(None),
        _TASKS.c.executor_id == _bind("executor_id"),
        _TASKS.c.state == "running",
    )
)
SELECT_CANCELLING = Statement(
    sa.select(_TASKS.c.id).where(
        _TASKS.c.finished_at.is_(None),
        _TASKS.c.executor_id == _bind("executor_id"),
        _TASKS.c.cancel_requested == 1,
    )
)
SELECT_COUNTS = Statement(
    sa.select(_TASKS.c.state, sa.func.count())
    .where(_TASKS.c.user_id == _bind("user_id"), _TASKS.c.finished_at.is_(None))
    .group_by(_TASKS.c.state)
)
_BUMP = {"last_seq": _TASKS.c.last_seq + 1}
_UNENDED = _TASKS.c.finished_at.is_(None)  # nothing happens to a task behind its final event
BUMP_SEQ = Statement(sa.update(_TASKS).where(_ID, _UNENDED).values(**_BUMP).returning(_TASKS.c.last_seq))
START = Statement(
    sa.update(_TASKS)
    .where(
        _ID,
        _TASKS.c.finished_at.is_(None),
        _TASKS.c.cancel_requested == 0,
        sa.or_(
            _TASKS.c.state == "queued",
            sa.and_(_TASKS.c.state == "running", _TASKS.c.executor_id == _bind("me")),
        ),
    )
    .values(
        state="running",
        executor_id=_bind("me"),
        target_id=_bind("target"),
        target_type=_bind("target_kind"),
        explanation=_bind("why"),
        attempts=_TASKS.c.attempts + 1,
        started_at=sa.func.coalesce(_TASKS.c.started_at, _bind("at")),
        **_BUMP,
    )
    .returning(_TASKS.c.last_seq)
)
PROGRESS = Statement(
    sa.update(_TASKS)
    .where(_ID, _TASKS.c.executor_id == _bind("me"), _TASKS.c.state == "running")
    .values(progress=_bind("how_far"), **_BUMP)
    .returning(_TASKS.c.last_seq)
)
FINISH = Statement(
    sa.update(_TASKS)
    .where(_ID, _TASKS.c.finished_at.is_(None), _TASKS.c.executor_id == _bind("me"))
    .values(
        state=_bind("final"),
        result=_bind("outcome"),
        parts=_bind("rich"),
        error=_bind("failure"),
        finished_at=_bind("at"),
        **_BUMP,
    )
    .returning(_TASKS.c.last_seq)
)
END_UNSTARTED = Statement(
    sa.update(_TASKS)
    .where(_ID, _TASKS.c.finished_at.is_(None))
    .values(state=_bind("final"), error=_bind("failure"), finished_at=_bind("at"), **_BUMP)
    .returning(_TASKS.c.last_seq)
)
REQUEST_CANCEL = Statement(
    sa.update(_TASKS).where(_ID, _UNENDED).values(cancel_requested=1, **_BUMP).returning(_TASKS.c.last_seq)
)
REQUEUE = Statement(
    sa.update(_TASKS)
    .where(_ID, _TASKS.c.finished_at.is_(None))
    .values(
        state="queued",
        executor_id=None,
        progress=None,
        is_shared=_bind("shared"),
        revivals=_TASKS.c.revivals + _bind("n"),
        **_BUMP,
    )
    .returning(_TASKS.c.last_seq)
)
SELECT_EXPIRED = Statement(
    sa.select(_TASKS.c.id, _TASKS.c.user_id)
    .where(_TASKS.c.finished_at.is_not(None), _TASKS.c.finished_at < _bind("before"))
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
DELETE_TASK = Statement(sa.delete(_TASKS).where(_TASKS.c.id == _bind("doomed")))
INSERT_USER = Statement(sa.insert(_USERS))
SELECT_USER = Statement(sa.select(_USERS.c.name, _USERS.c.created_at).where(_USERS.c.id == _bind("user_id")))
