"""The SQL of MCP servers: how they are registered, what they offer, what was decided about their tools."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from vibe_jupyter.core.database.models import McpApproval, McpListing, McpServer, Project, User, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.errors import Conflict
from vibe_jupyter.core.ids import new_id, now
from vibe_jupyter.core.projects.failures import no_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.database.statements import Connection
    from vibe_jupyter.core.secrets.sealing import ConfigSecrets

__all__ = ["SEEN", "McpStore", "StoredApproval", "StoredListing", "StoredServer"]

SEEN = "seen"
"""In the place of a decision: nothing was decided, but a later change of the tool shall be noticed."""

_SERVERS, _LISTINGS, _APPROVALS = map(table_of, (McpServer, McpListing, McpApproval))
_USERS, _PROJECTS = map(table_of, (User, Project))
_OF_USER = _SERVERS.c.user_id == sa.bindparam("of_user")
_IS = _SERVERS.c.id == sa.bindparam("of_id")
_COLUMNS = (
    _SERVERS.c.id, _SERVERS.c.user_id, _SERVERS.c.slug, _SERVERS.c.name, _SERVERS.c.project_id, _SERVERS.c.transport,
    _SERVERS.c.config, _SERVERS.c.policy, _SERVERS.c.enabled, _SERVERS.c.source, _SERVERS.c.created_at,
    _SERVERS.c.updated_at,
)  # fmt: skip
_CHANGEABLE = ("name", "project_id", "config", "policy", "enabled", "updated_at")
_ALL = Statement(sa.select(*_COLUMNS).where(_OF_USER).order_by(_SERVERS.c.slug))
_ONE = Statement(sa.select(*_COLUMNS).where(_OF_USER, _SERVERS.c.slug == sa.bindparam("of_slug")))
_TAKEN = Statement(sa.select(_SERVERS.c.id).where(_OF_USER, _SERVERS.c.slug == sa.bindparam("of_slug")))
_INSERT = Statement(sa.insert(_SERVERS))
_UPDATE = Statement(
    sa.update(_SERVERS)
    .where(_IS, _OF_USER)
    .values({name: sa.bindparam(f"new_{name}") for name in _CHANGEABLE})
)
_DELETE = Statement(sa.delete(_SERVERS).where(_IS, _OF_USER))
_REVISION = Statement(sa.select(_USERS.c.mcp_revision).where(_USERS.c.id == sa.bindparam("of_user")))
_BUMP = Statement(
    sa.update(_USERS)
    .where(_USERS.c.id == sa.bindparam("of_user"))
    .values(mcp_revision=_USERS.c.mcp_revision + 1)
)
_PROJECT = Statement(
    sa.select(_PROJECTS.c.id).where(
        _PROJECTS.c.id == sa.bindparam("of_id"), _PROJECTS.c.user_id == sa.bindparam("of_user")
    )
)
_LISTINGS_OF = Statement(
    sa.select(
        _LISTINGS.c.server_id, _LISTINGS.c.config_key, _LISTINGS.c.era, _LISTINGS.c.era_checked_at,
        _LISTINGS.c.listed_at, _LISTINGS.c.listing,
    )
    .join(_SERVERS, _SERVERS.c.id == _LISTINGS.c.server_id)
    .where(_OF_USER)
)  # fmt: skip
_HAS_LISTING = Statement(
    sa.select(_LISTINGS.c.config_key).where(_LISTINGS.c.server_id == sa.bindparam("of_id"))
)
_DROP_LISTING = Statement(sa.delete(_LISTINGS).where(_LISTINGS.c.server_id == sa.bindparam("of_id")))
_INSERT_LISTING = Statement(sa.insert(_LISTINGS))
_SET_ERA = Statement(
    sa.update(_LISTINGS)
    .where(_LISTINGS.c.server_id == sa.bindparam("of_id"))
    .values(era=sa.bindparam("new_era"), era_checked_at=sa.bindparam("at"))
)
_SET_LISTING = Statement(
    sa.update(_LISTINGS)
    .where(_LISTINGS.c.server_id == sa.bindparam("of_id"))
    .values(listing=sa.bindparam("new_listing"), listed_at=sa.bindparam("at"))
)
_APPROVALS_OF = Statement(
    sa.select(_APPROVALS.c.server_id, _APPROVALS.c.tool, _APPROVALS.c.approval, _APPROVALS.c.fingerprint)
    .join(_SERVERS, _SERVERS.c.id == _APPROVALS.c.server_id)
    .where(_OF_USER)
)
_DROP_APPROVAL = Statement(
    sa.delete(_APPROVALS).where(
        _APPROVALS.c.server_id == sa.bindparam("of_id"), _APPROVALS.c.tool == sa.bindparam("of_tool")
    )
)
_INSERT_APPROVAL = Statement(sa.insert(_APPROVALS))
_HAS_APPROVAL = Statement(
    sa.select(_APPROVALS.c.approval).where(
        _APPROVALS.c.server_id == sa.bindparam("of_id"), _APPROVALS.c.tool == sa.bindparam("of_tool")
    )
)


@dataclass(frozen=True)
class StoredServer:
    """A row: `config` and `policy` are JSON, with references in the place of secrets."""

    id: str
    user_id: str
    slug: str
    name: str
    project_id: str | None
    transport: str
    config: str
    policy: str
    enabled: int
    source: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class StoredListing:
    """What a server offered when it was asked last, for the configuration that it had then."""

    server_id: str
    config_key: str
    era: str | None
    era_checked_at: str | None
    listed_at: str | None
    listing: str | None


@dataclass(frozen=True)
class StoredApproval:
    """What was decided about a tool, for one fingerprint; `seen` if it was only looked at."""

    server_id: str
    tool: str
    approval: str
    fingerprint: str


class McpStore:
    """Every change that affects what tools there are counts up the user's revision, in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def revision(self, user_id: str) -> int:
        """Return a number that is another one after each change; one indexed read."""
        return int(await self._db.read(lambda c: c.scalar(_REVISION, of_user=user_id)) or 0)

    async def servers(self, user_id: str) -> list[StoredServer]:
        """Return a user's servers by slug."""
        return [StoredServer(*row) for row in await self._db.read(lambda c: c.all(_ALL, of_user=user_id))]

    async def insert(
        self, user_id: str, slug: str, values: dict[str, Any], secrets: ConfigSecrets
    ) -> StoredServer:
        """Store a new server with its secrets.

        Raises:
            Conflict: `mcp.name_taken`.
            NotFound: `project.not_found`.
        """
        at = now()
        server = StoredServer(id=new_id(), user_id=user_id, slug=slug, created_at=at, updated_at=at, **values)

        def unit(c: Connection) -> None:
            if c.first(_TAKEN, of_user=user_id, of_slug=slug) is not None:
                raise Conflict(
                    f"there is a server {slug} already",
                    code="mcp.name_taken",
                    hint=f"choose another name, or change it: %vibe mcp set {slug}",
                )
            _check_project(c, user_id, server.project_id)
            c.run(_INSERT, **asdict(server))
            secrets.store(c, user_id)
            c.run(_BUMP, of_user=user_id)

        await self._db.write(unit)
        return server

    async def change(
        self,
        user_id: str,
        slug: str,
        change: Callable[[StoredServer], tuple[StoredServer, ConfigSecrets]],
    ) -> StoredServer | None:
        """Store what `change` makes of a server, and its secrets; None if there is no such server.

        What others change at the same time is not lost: `change` sees it.

        Raises:
            NotFound: `project.not_found`.
        """

        def unit(c: Connection) -> StoredServer | None:
            row = c.first(_ONE, of_user=user_id, of_slug=slug)
            if row is None:
                return None
            old = StoredServer(*row)
            changed, secrets = change(old)
            changed = replace(changed, updated_at=now())
            if changed.project_id != old.project_id:
                _check_project(c, user_id, changed.project_id)
            new = {f"new_{name}": getattr(changed, name) for name in _CHANGEABLE}
            c.run(_UPDATE, of_id=old.id, of_user=user_id, **new)
            secrets.store(c, user_id)
            c.run(_BUMP, of_user=user_id)
            return changed

        return await self._db.write(unit)

    async def delete(self, server: StoredServer, secrets: ConfigSecrets) -> None:
        """Forget a server, with what it offers, what was decided about it, and its secrets."""

        def unit(c: Connection) -> None:
            if c.run(_DELETE, of_id=server.id, of_user=server.user_id):
                secrets.store(c, server.user_id)
                c.run(_BUMP, of_user=server.user_id)

        await self._db.write(unit)

    async def listings(self, user_id: str) -> dict[str, StoredListing]:
        """Return what a user's servers offer, by server."""
        rows = await self._db.read(lambda c: c.all(_LISTINGS_OF, of_user=user_id))
        return {row[0]: StoredListing(*row) for row in rows}

    async def set_era(self, server: StoredServer, config_key: str, era: str) -> None:
        """Note which protocol a server speaks."""
        await self._db.write(lambda c: self._change(c, server, config_key, _SET_ERA, new_era=era, at=now()))

    async def set_listing(
        self, server: StoredServer, config_key: str, listing: str, *, is_news: bool = True
    ) -> None:
        """Note what a server offers; if that is no news, nobody needs to read it again."""

        def unit(c: Connection) -> None:
            self._change(c, server, config_key, _SET_LISTING, new_listing=listing, at=now())
            if is_news:
                c.run(_BUMP, of_user=server.user_id)

        await self._db.write(unit)

    @staticmethod
    def _change(
        c: Connection, server: StoredServer, config_key: str, statement: Statement, **values: Any
    ) -> None:
        if c.scalar(_TAKEN, of_user=server.user_id, of_slug=server.slug) != server.id:
            return  # it was removed meanwhile; another one may have its name
        if c.scalar(_HAS_LISTING, of_id=server.id) != config_key:
            c.run(_DROP_LISTING, of_id=server.id)
            nothing = dict.fromkeys(("era", "era_checked_at", "listed_at", "listing"))
            c.run(_INSERT_LISTING, server_id=server.id, config_key=config_key, **nothing)
        c.run(statement, of_id=server.id, **values)

    async def approvals(self, user_id: str) -> list[StoredApproval]:
        """Return what was decided about a user's tools."""
        rows = await self._db.read(lambda c: c.all(_APPROVALS_OF, of_user=user_id))
        return [StoredApproval(*row) for row in rows]

    async def approve(self, server: StoredServer, approval: StoredApproval) -> None:
        """Remember a decision."""

        def unit(c: Connection) -> None:
            if c.scalar(_TAKEN, of_user=server.user_id, of_slug=server.slug) != server.id:
                return  # it was removed meanwhile
            c.run(_DROP_APPROVAL, of_id=server.id, of_tool=approval.tool)
            c.run(_INSERT_APPROVAL, **asdict(approval), decided_at=now())
            c.run(_BUMP, of_user=server.user_id)

        await self._db.write(unit)

    async def pin(self, server: StoredServer, fingerprints: Mapping[str, str]) -> None:
        """Remember how tools look for which nothing is remembered yet, by name."""

        def unit(c: Connection) -> None:
            if c.scalar(_TAKEN, of_user=server.user_id, of_slug=server.slug) != server.id:
                return  # it was removed meanwhile
            for tool, fingerprint in fingerprints.items():
                if c.first(_HAS_APPROVAL, of_id=server.id, of_tool=tool) is None:
                    seen = StoredApproval(server.id, tool, SEEN, fingerprint)
                    c.run(_INSERT_APPROVAL, **asdict(seen), decided_at=now())
            c.run(_BUMP, of_user=server.user_id)

        await self._db.write(unit)


def _check_project(c: Connection, user_id: str, project_id: str | None) -> None:
    if project_id is not None and c.first(_PROJECT, of_id=project_id, of_user=user_id) is None:
        raise no_project(project_id)
