"""The SQL of users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from vibe_jupyter.core.database.models import User, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.ids import now

if TYPE_CHECKING:
    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.database.statements import Connection

__all__ = ["AccountStore"]

_USERS = table_of(User)
_SELECT = Statement(sa.select(_USERS.c.name).where(_USERS.c.id == sa.bindparam("user_id")))
_INSERT = Statement(sa.insert(_USERS))


class AccountStore:
    """Users by id."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def ensure(self, user_id: str, name: str) -> None:
        """Store a user unless they are there already; blocking."""
        if self._db.read_here(lambda c: c.first(_SELECT, user_id=user_id)) is not None:
            return

        def unit(c: Connection) -> None:
            if c.first(_SELECT, user_id=user_id) is None:
                c.run(_INSERT, id=user_id, name=name, created_at=now(), task_count=0, mcp_revision=0)

        self._db.write_from_thread(unit)
