"""The SQL of projects. A user sees only their own: another's is not found."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from vibe_jupyter.core.cursors import cursor_of, parse_cursor
from vibe_jupyter.core.database.models import Project, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.errors import Conflict
from vibe_jupyter.core.ids import new_id, now
from vibe_jupyter.core.projects.failures import no_project

if TYPE_CHECKING:
    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.database.statements import Connection
    from vibe_jupyter.core.projects.schemas import ProjectsQuery

__all__ = ["ProjectStore", "StoredProject"]

_PROJECTS = table_of(Project)
_NAMES = (
    "id", "user_id", "name", "root", "description", "template", "github", "space", "created_at", "updated_at",
    "archived_at",
)  # fmt: skip
_COLUMNS = tuple(_PROJECTS.c[name] for name in _NAMES)
_OF_USER = _PROJECTS.c.user_id == sa.bindparam("of_user")
_IS = _PROJECTS.c.id == sa.bindparam("of_id")
_LIVES = _PROJECTS.c.archived_at.is_(None)
_ONE = Statement(sa.select(*_COLUMNS).where(_OF_USER, _IS))
_BY_ROOT = Statement(sa.select(*_COLUMNS).where(_OF_USER, _PROJECTS.c.root == sa.bindparam("of_root")))
_BY_NAME = Statement(
    sa.select(_PROJECTS.c.id).where(_OF_USER, _LIVES, _PROJECTS.c.name == sa.bindparam("named"))
)
_ROOTS = Statement(sa.select(_PROJECTS.c.root).where(_OF_USER, _LIVES))
_INSERT = Statement(sa.insert(_PROJECTS))
_DELETE = Statement(sa.delete(_PROJECTS).where(_OF_USER, _IS))
_CHANGEABLE = ("name", "description", "github", "space", "updated_at", "archived_at")
_UPDATE = Statement(
    sa.update(_PROJECTS)
    .where(_OF_USER, _IS)
    .values({name: sa.bindparam(f"new_{name}") for name in _CHANGEABLE})
)


@dataclass(frozen=True)
class StoredProject:
    """A row."""

    id: str
    user_id: str
    name: str
    root: str
    description: str
    template: str | None
    github: str | None
    space: str | None
    created_at: str
    updated_at: str | None
    archived_at: str | None

    def link(self, name: str) -> dict[str, Any] | None:
        """Return what is stored of `github` or `space`."""
        text = getattr(self, name)
        found: dict[str, Any] | None = json.loads(text) if text else None
        return found


class ProjectStore:
    """Projects by user."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def insert(
        self, user_id: str, *, name: str, root: str, description: str, template: str | None
    ) -> StoredProject:
        """Store a new project.

        Raises:
            Conflict: `project.name_taken`, `project.already_there`.
        """
        at = now()
        project = StoredProject(
            new_id(), user_id, name, root, description, template, None, None, at, at, None
        )

        def unit(c: Connection) -> StoredProject:
            _check_name(c, user_id, name)
            if (row := c.first(_BY_ROOT, of_user=user_id, of_root=root)) is not None:
                raise _already_there(StoredProject(*row))
            c.run(_INSERT, **vars(project))
            return project

        return await self._db.write(unit)

    async def check_free(self, user_id: str, *, name: str, root: str) -> None:
        """Refuse a name or a folder that a project of the user has.

        Raises:
            Conflict: `project.name_taken`, `project.already_there`.
        """

        def unit(c: Connection) -> None:
            _check_name(c, user_id, name)
            if (row := c.first(_BY_ROOT, of_user=user_id, of_root=root)) is not None:
                raise _already_there(StoredProject(*row))

        await self._db.read(unit)

    async def get(self, user_id: str, project_id: str) -> StoredProject:
        """Return a project.

        Raises:
            NotFound: `project.not_found`.
        """
        row = await self._db.read(lambda c: c.first(_ONE, of_user=user_id, of_id=project_id))
        if row is None:
            raise no_project(project_id)
        return StoredProject(*row)

    async def page(self, user_id: str, query: ProjectsQuery) -> tuple[list[StoredProject], int, str | None]:
        """Return a page of projects, how many there are, and where the next page begins."""
        values: dict[str, Any] = {"of_user": user_id}
        if query.name is not None:
            values["named"] = query.name
        page: dict[str, Any] = {"limit": query.limit + 1}
        if query.cursor is not None:
            page["after_created"], page["after_id"] = parse_cursor(query.cursor)
        elif query.offset:
            page["offset"] = query.offset
        select, count = _listing(
            query.archived, query.name is not None, query.cursor is not None, "offset" in page
        )
        found, total = await self._db.read(
            lambda c: (c.all(select, **values, **page), c.scalar(count, **values))
        )
        items = [StoredProject(*row) for row in found[: query.limit]]
        has_more = len(found) > query.limit
        return items, int(total or 0), cursor_of(items[-1].created_at, items[-1].id) if has_more else None

    async def roots(self, user_id: str) -> list[str]:
        """Return the folders of a user's projects that are not archived."""
        rows = await self._db.read(lambda c: c.all(_ROOTS, of_user=user_id))
        return [root for (root,) in rows]

    async def update(self, user_id: str, project_id: str, **changes: Any) -> StoredProject:
        """Change a project; `github` and `space` are given as JSON text or None.

        Raises:
            NotFound: `project.not_found`.
            Conflict: `project.name_taken`.
        """

        def unit(c: Connection) -> StoredProject:
            row = c.first(_ONE, of_user=user_id, of_id=project_id)
            if row is None:
                raise no_project(project_id)
            old = StoredProject(*row)
            new = StoredProject(**{**vars(old), "updated_at": now(), **changes})
            if new.archived_at is None and (new.name != old.name or old.archived_at is not None):
                _check_name(c, user_id, new.name, but=project_id)
            c.run(
                _UPDATE,
                of_user=user_id,
                of_id=project_id,
                **{f"new_{name}": getattr(new, name) for name in _CHANGEABLE},
            )
            return new

        return await self._db.write(unit)

    async def delete(self, user_id: str, project_id: str) -> None:
        """Forget a project that has come to nothing."""
        await self._db.write(lambda c: c.run(_DELETE, of_user=user_id, of_id=project_id))


def _check_name(c: Connection, user_id: str, name: str, but: str | None = None) -> None:
    row = c.first(_BY_NAME, of_user=user_id, named=name)
    if row is not None and row[0] != but:
        raise Conflict(
            f"you have a project {name!r} already",
            code="project.name_taken",
            hint="take another name, or archive that one: %vibe project archive",
            data={"project_id": row[0]},
        )


def _already_there(project: StoredProject) -> Conflict:
    is_archived = project.archived_at is not None
    return Conflict(
        f"{project.root} is the folder of your project {project.name!r}"
        + (", which is archived" if is_archived else ""),
        code="project.already_there",
        hint=f"%vibe project {'restore' if is_archived else 'open'} {project.id if is_archived else project.name}",
        data={"project_id": project.id},
    )


@functools.cache
def _listing(archived: bool, by_name: bool, by_cursor: bool, by_offset: bool) -> tuple[Statement, Statement]:
    """Return the statements of a page and of how many there are."""
    which = [_OF_USER, _PROJECTS.c.archived_at.is_not(None) if archived else _LIVES]
    if by_name:
        which.append(_PROJECTS.c.name == sa.bindparam("named"))
    count = sa.select(sa.func.count()).select_from(_PROJECTS).where(*which)
    page = (
        sa.select(*_COLUMNS)
        .where(*which)
        .order_by(_PROJECTS.c.created_at.desc(), _PROJECTS.c.id.desc())
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )
    if by_cursor:
        behind = (sa.bindparam("after_created", type_=sa.Text), sa.bindparam("after_id", type_=sa.Text))
        page = page.where(sa.tuple_(*behind) > sa.tuple_(_PROJECTS.c.created_at, _PROJECTS.c.id))
    if by_offset:
        page = page.offset(sa.bindparam("offset", type_=sa.Integer))
    return Statement(page), Statement(count)
