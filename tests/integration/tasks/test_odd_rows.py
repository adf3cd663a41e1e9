"""A row that another release or another program has stored must not hide all the others."""

from __future__ import annotations

import math

import sqlalchemy as sa

from tests.factories import PlatformFactory, probe_registry
from vibe_jupyter.core.database.models import Task, table_of
from vibe_jupyter.core.database.statements import Statement

TASKS = table_of(Task)
WITHOUT_LIMIT = Statement(
    sa.update(TASKS).where(TASKS.c.id == sa.bindparam("task_id")).values(timeout_s=sa.bindparam("limit"))
)


def test_a_task_without_a_finite_time_limit_is_listed(make_platform: PlatformFactory) -> None:
    vibe = make_platform.client(registry=probe_registry())
    odd = vibe.tasks.create(type="probe_run").wait()
    other = vibe.tasks.create(type="probe_run").wait()
    database = make_platform.started[0].database
    database.write_from_thread(lambda c: c.run(WITHOUT_LIMIT, task_id=odd.id, limit=math.inf))
    items = vibe.tasks.history().items
    assert [(task.id, task.timeout_s) for task in items] == [(other.id, 3600), (odd.id, None)]
    assert odd.refresh().task.timeout_s is None
    assert odd.retry().task.timeout_s == 3600
