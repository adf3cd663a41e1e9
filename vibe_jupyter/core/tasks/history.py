"""Pages of a user's tasks: the statement for each combination of filters is built and compiled once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from vibe_jupyter.core.cursors import cursor_of, parse_cursor
from vibe_jupyter.core.database.models import Task as TaskModel
from vibe_jupyter.core.database.models import User, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.ids import iso
from vibe_jupyter.core.tasks import rows

if TYPE_CHECKING:
    from vibe_jupyter.core.database.statements import Connection
    from vibe_jupyter.core.tasks.schemas import HistoryQuery

__all__ = ["read_ended", "read_history"]

_TASKS = table_of(TaskModel)
_USERS = table_of(User)
_CREATED_AT = rows.COLUMNS.index(_TASKS.c.created_at)
_FILTERS = {
    "state": _TASKS.c.state == sa.bindparam("state"),
    "type": sa.or_(_TASKS.c.type == sa.bindparam("type"), _TASKS.c.capability == sa.bindparam("capability")),
    "target": _TASKS.c.target_id == sa.bindparam("target"),
    "since": _TASKS.c.created_at >= sa.bindparam("since"),
    "until": _TASKS.c.created_at < sa.bindparam("until"),
}
_COUNT_ALL = Statement(sa.select(_USERS.c.task_count).where(_USERS.c.id == sa.bindparam("user_id")))
_POSITION = sa.tuple_(_TASKS.c.created_at, _TASKS.c.id)
_ENDED = Statement(
    sa.select(*rows.COLUMNS)
    .where(
        _TASKS.c.user_id == sa.bindparam("user_id"),
        _TASKS.c.finished_at.is_not(None),
        sa.tuple_(_TASKS.c.finished_at, _TASKS.c.id)
        > sa.tuple_(sa.bindparam("ended", type_=sa.Text), sa.bindparam("id", type_=sa.Text)),
        _TASKS.c.finished_at < sa.bindparam("before"),
    )
    .order_by(_TASKS.c.finished_at, _TASKS.c.id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_FINISHED_AT = rows.COLUMNS.index(_TASKS.c.finished_at)


def read_history(connection: Connection, user_id: str, query: HistoryQuery) -> bytes:
    """Return a page as the API's JSON, newest task first."""
    values: dict[str, Any] = {"user_id": user_id}
    filters = []
    for name in _FILTERS:
        value = getattr(query, name)
        if value is not None:
            filters.append(name)
            values[name] = iso(value) if name in ("since", "until") else value
    if query.type is not None:
        values |= {"type": query.type.replace(".", "_"), "capability": query.type}
    page: dict[str, Any] = {"limit": query.limit + 1}
    if query.cursor is not None:
        page["after_created"], page["after_id"] = parse_cursor(query.cursor)
    elif query.offset:
        page["offset"] = query.offset
    names = tuple(filters)
    statement = _page(names, query.cursor is not None, "offset" in page, query.results)
    found = connection.all(statement, **values, **page)
    items, has_more = found[: query.limit], len(found) > query.limit
    count, counted = (_count(names), values) if names else (_COUNT_ALL, {"user_id": user_id})
    total = connection.scalar(count, **counted) or 0
    return rows.encode(
        {
            "items": [rows.task_json(row) for row in items],
            "total": total,
            "next_cursor": cursor_of(items[-1][_CREATED_AT], items[-1][0]) if has_more else None,
        }
    )


def read_ended(
    connection: Connection, user_id: str, after: str | None, before: str, limit: int
) -> list[dict[str, Any]]:
    """Return tasks in the order in which they ended, each with the cursor to go on behind it."""
    ended, id_ = parse_cursor(after) if after else ("", "")
    found = connection.all(_ENDED, user_id=user_id, ended=ended, id=id_, before=before, limit=limit)
    return [{**rows.task_json(row), "cursor": cursor_of(row[_FINISHED_AT], row[0])} for row in found]


@functools.cache
def _page(filters: tuple[str, ...], by_cursor: bool, by_offset: bool, results: bool) -> Statement:
    large = {_TASKS.c.result, _TASKS.c.parts}
    columns = [column if results or column not in large else sa.null() for column in rows.COLUMNS]
    statement = (
        sa.select(*columns)
        .where(_TASKS.c.user_id == sa.bindparam("user_id"), *(_FILTERS[name] for name in filters))
        .order_by(_TASKS.c.created_at.desc(), _TASKS.c.id.desc())
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )
    if by_cursor:
        behind = (sa.bindparam("after_created", type_=sa.Text), sa.bindparam("after_id", type_=sa.Text))
        statement = statement.where(sa.tuple_(*behind) > _POSITION)
    if by_offset:
        statement = statement.offset(sa.bindparam("offset", type_=sa.Integer))
    return Statement(statement)


@functools.cache
def _count(filters: tuple[str, ...]) -> Statement:
    return Statement(
        sa.select(sa.func.count())
        .select_from(_TASKS)
        .where(_TASKS.c.user_id == sa.bindparam("user_id"), *(_FILTERS[name] for name in filters))
    )
