"""Who runs tasks, and until when it is taken to be alive: one row for each process.

On SQLite all processes are on one machine, so a process counts as dead when it is gone, and never while it is
there: a laptop that slept must not bury its own processes. Across machines a lease that was not renewed counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from vibe_jupyter.core.database.models import Lease, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.tasks.process_identity import ProcessIdentity

if TYPE_CHECKING:
    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.database.statements import Connection

__all__ = ["LeaseStore", "Leases"]


class LeaseStore(Protocol):
    """The leases of all processes; `executor_id` is always the caller's own."""

    ttl_s: float
    can_be_lost: bool
    """Whether others may take a living process for dead: those on another machine, when it is late."""

    async def acquire(self, executor_id: str, *, serves_shared: bool) -> bool:
        """Begin a lease; false if there is one under this name already."""
        ...

    async def renew(self, executor_id: str) -> bool:
        """Prolong the lease; false if another process has claimed it, or it is gone."""
        ...

    async def release(self, executor_id: str, *, is_clean: bool) -> None:
        """End the lease; if something was left undone, as one that is dead from now on."""
        ...

    async def claim_dead(self, executor_id: str) -> list[str]:
        """Return the dead processes that from now on only the caller may reap, until `claim_ttl_s` is over."""
        ...

    async def prolong_claim(self, executor_id: str, dead: str) -> bool:
        """Go on reaping; false if the claim has gone to another process."""
        ...

    async def bury(self, executor_id: str, dead: str) -> None:
        """Delete the lease of a dead process: all of its tasks have been taken over."""
        ...

    async def is_shared_served(self) -> bool:
        """Return whether any living process takes tasks from all others."""
        ...


class _Now(FunctionElement[float]):
    """The database's time in seconds since 1970, so that the clocks of its clients do not matter."""

    type = sa.Double()
    inherit_cache = True


@compiles(_Now, "sqlite")
def _now_sqlite(_element: _Now, _compiler: Any, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(_Now, "postgresql")
def _now_postgresql(_element: _Now, _compiler: Any, **_: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


_T = table_of(Lease)
_ME, _DEAD = sa.bindparam("me", type_=sa.Text), sa.bindparam("dead", type_=sa.Text)
_TTL = sa.bindparam("ttl", type_=sa.Double)
_IS_MINE = _T.c.executor_id == _ME
_IS_UNCLAIMED = sa.or_(_T.c.reaper.is_(None), _T.c.reaper_until < _Now())

_SELECT_ONE = Statement(sa.select(_T.c.pid).where(_IS_MINE))
_INSERT = Statement(
    sa.insert(_T).values(
        executor_id=_ME,
        host=sa.bindparam("host"),
        boot_id=sa.bindparam("boot_id"),
        pid=sa.bindparam("pid"),
        started=sa.bindparam("started"),
        serves_shared=sa.bindparam("serves_shared"),
        expires=_Now() + _TTL,
        reaper=sa.null(),
        reaper_until=sa.null(),
    )
)
_RENEW = Statement(sa.update(_T).where(_IS_MINE, _T.c.reaper.is_(None)).values(expires=_Now() + _TTL))
_RELEASE = Statement(sa.delete(_T).where(_IS_MINE, _T.c.reaper.is_(None)))
_EXPIRE = Statement(
    sa.update(_T).where(_IS_MINE, _T.c.reaper.is_(None)).values(expires=0.0, pid=0, started="")
)
_SELECT_ALL = Statement(
    sa.select(
        _T.c.executor_id, _T.c.expires, sa.case((_IS_UNCLAIMED, sa.null()), else_=_T.c.reaper).label("reaper"),
        _T.c.host, _T.c.boot_id, _T.c.pid, _T.c.started, (_T.c.expires < _Now()).label("is_late"),
    )
)  # fmt: skip
_IS_CLAIMED_BY = _T.c.reaper == sa.bindparam("reaper_seen", type_=sa.Text)
_CLAIM = Statement(
    sa.update(_T)
    .where(
        _T.c.executor_id == _DEAD,
        _T.c.expires == sa.bindparam("seen", type_=sa.Double),
        sa.or_(_IS_UNCLAIMED, _IS_CLAIMED_BY),
    )
    .values(reaper=_ME, reaper_until=_Now() + _TTL)
)
_PROLONG = Statement(
    sa.update(_T).where(_T.c.executor_id == _DEAD, _T.c.reaper == _ME).values(reaper_until=_Now() + _TTL)
)
_BURY = Statement(sa.delete(_T).where(_T.c.executor_id == _DEAD, _T.c.reaper == _ME))
_SELECT_SERVERS = Statement(
    sa.select(
        _T.c.host, _T.c.boot_id, _T.c.pid, _T.c.started, (_T.c.expires < _Now()).label("is_late")
    ).where(_T.c.serves_shared == 1, _T.c.reaper.is_(None))
)


class Leases:
    """The leases in our own database."""

    def __init__(self, database: Database, ttl_s: float) -> None:
        self._db = database
        self.ttl_s = ttl_s
        self.claim_ttl_s = 2 * ttl_s
        self.can_be_lost = database.dialect != "sqlite"

    async def acquire(self, executor_id: str, *, serves_shared: bool) -> bool:
        """Begin a lease; false if there is one under this name already."""
        who = ProcessIdentity.current()

        def unit(c: Connection) -> bool:
            if c.first(_SELECT_ONE, me=executor_id) is not None:
                return False
            c.run(
                _INSERT, me=executor_id, host=who.host, boot_id=who.boot_id, pid=who.pid, started=who.started,
                serves_shared=int(serves_shared), ttl=self.ttl_s,
            )  # fmt: skip
            return True

        return await self._db.write(unit)

    async def renew(self, executor_id: str) -> bool:
        """Prolong the lease, also one that is late and that nobody has claimed; false if it is lost."""
        return await self._change(_RENEW, me=executor_id, ttl=self.ttl_s)

    async def release(self, executor_id: str, *, is_clean: bool) -> None:
        """End the lease; if something was left undone, as one that is dead from now on."""
        await self._change(_RELEASE if is_clean else _EXPIRE, me=executor_id)

    async def claim_dead(self, executor_id: str) -> list[str]:
        """Return the dead processes that from now on only the caller may reap."""
        return [
            dead
            for dead, seen, reaper in await self._dead(executor_id)
            if await self._change(
                _CLAIM, me=executor_id, dead=dead, seen=seen, reaper_seen=reaper, ttl=self.claim_ttl_s
            )
        ]

    async def has_dead(self, executor_id: str) -> bool:
        """Return whether any process is dead that nobody reaps."""
        return bool(await self._dead(executor_id))

    async def _dead(self, executor_id: str) -> list[tuple[str, float, str | None]]:
        """Return `(executor_id, expires, reaper)` of dead others; a reaper that is itself gone does not count."""
        leases = await self._db.read(lambda c: c.all(_SELECT_ALL))
        dead = [
            (name, expires, reaper)
            for name, expires, reaper, *who, is_late in leases
            if name != executor_id and self._is_dead(ProcessIdentity(*who), is_late=bool(is_late))
        ]
        alive = {name for name, *_ in leases} - {name for name, *_ in dead}
        return [lease for lease in dead if lease[2] not in alive]

    async def prolong_claim(self, executor_id: str, dead: str) -> bool:
        """Go on reaping; false if the claim has gone to another process."""
        return await self._change(_PROLONG, me=executor_id, dead=dead, ttl=self.claim_ttl_s)

    async def bury(self, executor_id: str, dead: str) -> None:
        """Delete the lease of a dead process."""
        await self._change(_BURY, me=executor_id, dead=dead)

    async def is_shared_served(self) -> bool:
        """Return whether any living process takes tasks from all others."""
        servers = await self._db.read(lambda c: c.all(_SELECT_SERVERS))
        return any(
            not self._is_dead(ProcessIdentity(*who), is_late=bool(is_late)) for *who, is_late in servers
        )

    async def _change(self, statement: Statement, **values: Any) -> bool:
        return bool(await self._db.write(lambda c: c.run(statement, **values)))

    def _is_dead(self, who: ProcessIdentity, *, is_late: bool) -> bool:
        """Tell by the process itself where it can be seen; else by its lease."""
        is_gone = who.is_gone()
        return is_late if is_gone is None else is_gone
