"""The SQL of secrets.

Values are encrypted inside the transaction that stores them, when it has the table's lock: so none is encrypted with a
key that a rotation, which holds that lock while it goes through the table, is about to take away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from vibe_jupyter.core.database.models import Project, Secret, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.ids import now

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.database.statements import Connection

__all__ = ["SecretStore", "bring_up_to_date"]

_SECRETS = table_of(Secret)
_PROJECTS = table_of(Project)
_OF_USER = _SECRETS.c.user_id == sa.bindparam("of_user")
_NAMED = _SECRETS.c.name == sa.bindparam("named")
_GET = Statement(sa.select(_SECRETS.c.ciphertext).where(_OF_USER, _NAMED))
_NAMES = Statement(
    sa.select(_SECRETS.c.name, _SECRETS.c.created_at).where(_OF_USER).order_by(_SECRETS.c.name)
)
_ALL = Statement(
    sa.select(_SECRETS.c.user_id, _SECRETS.c.name, _SECRETS.c.ciphertext).order_by(
        _SECRETS.c.user_id, _SECRETS.c.name
    )
)
_DELETE = Statement(sa.delete(_SECRETS).where(_OF_USER, _NAMED))
_INSERT = Statement(sa.insert(_SECRETS))
_REPLACE = Statement(sa.update(_SECRETS).where(_OF_USER, _NAMED).values(ciphertext=sa.bindparam("renewed")))
_PROJECT = Statement(
    sa.select(_PROJECTS.c.id).where(
        _PROJECTS.c.id == sa.bindparam("project"), _PROJECTS.c.user_id == sa.bindparam("of_user")
    )
)
_LOCK_TO_WRITE = Statement(sa.text("LOCK TABLE secrets IN ROW EXCLUSIVE MODE"))
_LOCK_TO_GO_THROUGH = Statement(sa.text("LOCK TABLE secrets IN SHARE ROW EXCLUSIVE MODE"))
_SHOWN_ID = 60


class SecretStore:
    """Ciphertexts of all users by name."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def names(self, user_id: str) -> list[tuple[str, str]]:
        """Return the names of a user's secrets, each with when it was stored, in the order of the names."""
        found: list[tuple[str, str]] = await self._db.read(
            lambda c: [(name, at) for name, at in c.all(_NAMES, of_user=user_id)]
        )
        return found

    async def ciphertexts(self, user_id: str, names: Iterable[str]) -> dict[str, str | None]:
        """Return what is stored by name; None where nothing is."""
        wanted = list(names)
        return await self._db.read(
            lambda c: {name: c.scalar(_GET, of_user=user_id, named=name) for name in wanted}
        )

    async def put(
        self, user_id: str, name: str, seal: Callable[[], str], *, project_id: str | None = None
    ) -> str:
        """Store what `seal` returns, in the place of what was there, and return when.

        Args:
            project_id: the project that it is for; it must be the user's own.

        Raises:
            NotFound: `project.not_found`.
        """

        def unit(c: Connection) -> str:
            _lock(c, _LOCK_TO_WRITE)
            if project_id is not None:
                _require_project(c, user_id, project_id)
            at = now()
            c.run(_DELETE, of_user=user_id, named=name)
            c.run(_INSERT, user_id=user_id, name=name, ciphertext=seal(), created_at=at)
            return at

        return await self._db.write(unit)

    async def require_project(self, user_id: str, project_id: str) -> None:
        """Refuse a project that is not there, or is somebody else's.

        Raises:
            NotFound: `project.not_found`.
        """
        await self._db.read(lambda c: _require_project(c, user_id, project_id))

    async def delete(self, user_id: str, name: str) -> bool:
        """Delete one; false if it was not there."""
        return bool(await self._db.write(lambda c: c.run(_DELETE, of_user=user_id, named=name)))

    async def delete_all(self, user_id: str, prefix: str) -> None:
        """Delete all whose names begin so."""
        await self._db.write(lambda c: bring_up_to_date(c, user_id, prefix, kept=(), new=(), seal=str))

    def renew(self, renewed: Callable[[str, str, str], str | None]) -> list[tuple[str, str]]:
        """Put another ciphertext in the place of each, all in one transaction; blocking.

        Args:
            renewed: returns it, given the user's id, the name and the present one; None leaves that as it is.

        Returns:
            Whose was left as it is, and its name.
        """

        def unit(c: Connection) -> list[tuple[str, str]]:
            _lock(c, _LOCK_TO_GO_THROUGH)
            left = []
            for user_id, name, ciphertext in c.all(_ALL):
                new = renewed(user_id, name, ciphertext)
                if new is None:
                    left.append((user_id, name))
                else:
                    c.run(_REPLACE, of_user=user_id, named=name, renewed=new)
            return left

        return self._db.write_from_thread(unit)


def bring_up_to_date(
    c: Connection,
    user_id: str,
    prefix: str,
    *,
    kept: Collection[str],
    new: Collection[str],
    seal: Callable[[str], str],
) -> None:
    """Store new secrets and delete all others whose names begin with the prefix, but for those that are kept."""
    _lock(c, _LOCK_TO_WRITE)
    for name, _ in c.all(_NAMES, of_user=user_id):
        if name.startswith(prefix) and name not in kept:
            c.run(_DELETE, of_user=user_id, named=name)
    for name in new:
        c.run(_INSERT, user_id=user_id, name=name, ciphertext=seal(name), created_at=now())


def _lock(c: Connection, statement: Statement) -> None:
    """Take the lock that a transaction on SQLite has from its beginning."""
    if c.dialect == "postgresql":
        c.run(statement)


def _require_project(c: Connection, user_id: str, project_id: str) -> None:
    if c.first(_PROJECT, project=project_id, of_user=user_id) is None:
        raise NotFound(
            f"there is no project {project_id[:_SHOWN_ID]}",
            code="project.not_found",
            hint="leave project_id out for a secret of all your work",
        )
