from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from vibe_jupyter.core.database.models import Lease, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.tasks.leases import Leases
from vibe_jupyter.core.tasks.process_identity import ProcessIdentity

if TYPE_CHECKING:
    from vibe_jupyter.core.database.database import Database

pytestmark = pytest.mark.asyncio

LEASES = table_of(Lease)
HERE = ProcessIdentity.current()
ELSEWHERE = dataclasses.replace(HERE, host="elsewhere", boot_id="0 pid:[1]")
GONE = dataclasses.replace(HERE, started="12")


@pytest.fixture
def leases(database: Database) -> Leases:
    return Leases(database, ttl_s=30)


async def settle(
    database: Database,
    leases: Leases,
    name: str,
    who: ProcessIdentity,
    *,
    expires: float,
    serves_shared: bool = True,
) -> None:
    """Begin a lease for somebody else."""
    await leases.acquire(name, serves_shared=serves_shared)
    values = {**dataclasses.asdict(who), "expires": expires}
    change = Statement(sa.update(LEASES).where(LEASES.c.executor_id == name).values(**values))
    await database.write(lambda c: c.run(change))


async def expires(database: Database, name: str) -> float:
    query = Statement(sa.select(LEASES.c.expires).where(LEASES.c.executor_id == name))
    return float(await database.read(lambda c: c.scalar(query)))


FUTURE, PAST = 4e9, 1e9


async def test_a_lease_runs_from_the_databases_own_time(database: Database, leases: Leases) -> None:
    import time

    assert await leases.acquire("me", serves_shared=True)
    assert await expires(database, "me") == pytest.approx(time.time() + 30, abs=5)


async def test_a_name_is_taken_once(leases: Leases) -> None:
    assert await leases.acquire("me", serves_shared=True)
    assert not await leases.acquire("me", serves_shared=True)


async def test_a_late_lease_that_nobody_has_claimed_is_prolonged(database: Database, leases: Leases) -> None:
    await settle(database, leases, "me", HERE, expires=PAST)
    assert await leases.renew("me")
    assert await expires(database, "me") > PAST


async def test_a_process_that_is_gone_is_claimed_at_once(database: Database, leases: Leases) -> None:
    await settle(database, leases, "other", GONE, expires=FUTURE)
    assert await leases.claim_dead("me") == ["other"]


async def test_a_process_that_can_be_seen_is_never_taken_for_dead(database: Database, leases: Leases) -> None:
    await settle(database, leases, "other", HERE, expires=PAST)
    assert await leases.claim_dead("me") == []


async def test_a_process_elsewhere_is_dead_when_its_lease_has_run_out(
    database: Database, leases: Leases
) -> None:
    await settle(database, leases, "living", ELSEWHERE, expires=FUTURE)
    await settle(database, leases, "dead", ELSEWHERE, expires=PAST)
    assert await leases.claim_dead("me") == ["dead"]


async def test_one_of_many_gets_a_claim(database: Database, leases: Leases) -> None:
    await settle(database, leases, "dead", GONE, expires=FUTURE)
    for number in range(8):
        await leases.acquire(f"r{number}", serves_shared=True)
    claims = await asyncio.gather(*(leases.claim_dead(f"r{n}") for n in range(8)))
    assert sorted(claims) == [[]] * 7 + [["dead"]]


async def test_who_was_claimed_has_lost_the_lease(database: Database, leases: Leases) -> None:
    await settle(database, leases, "late", ELSEWHERE, expires=PAST)
    assert await leases.claim_dead("me") == ["late"]
    assert not await leases.renew("late")
    assert not await leases.acquire("late", serves_shared=True)
    await leases.release("late", is_clean=True)  # which is not its own to release any more
    assert await leases.prolong_claim("me", "late")
    await leases.bury("me", "late")
    assert await leases.acquire("late", serves_shared=True)


async def test_a_claim_runs_out_when_its_reaper_dies_too(database: Database) -> None:
    leases = Leases(database, ttl_s=30)
    await settle(database, leases, "dead", GONE, expires=FUTURE)
    await leases.acquire("first", serves_shared=True)
    leases.claim_ttl_s = -1
    assert await leases.claim_dead("first") == ["dead"]
    leases.claim_ttl_s = 30
    assert await leases.claim_dead("second") == ["dead"]
    assert not await leases.prolong_claim("first", "dead")
    await leases.bury("first", "dead")
    assert await leases.prolong_claim("second", "dead")


async def test_the_claim_of_a_reaper_that_is_gone_itself_counts_for_nothing(
    database: Database, leases: Leases
) -> None:
    await settle(database, leases, "dead", GONE, expires=FUTURE)
    await leases.acquire("killed", serves_shared=False)
    await leases.acquire("ended", serves_shared=False)
    assert await leases.claim_dead("ended") == ["dead"]
    assert await leases.claim_dead("killed") == [], "who has claimed it lives"
    await leases.release("ended", is_clean=True)
    assert await leases.has_dead("killed")
    assert await leases.claim_dead("killed") == ["dead"]
    who = Statement(sa.update(LEASES).where(LEASES.c.executor_id == "killed").values(started="12"))
    await database.write(lambda c: c.run(who))
    assert sorted(await leases.claim_dead("me")) == ["dead", "killed"]


async def test_a_lease_released_with_work_undone_is_dead_at_once(database: Database, leases: Leases) -> None:
    await leases.acquire("other", serves_shared=True)
    await leases.release("other", is_clean=False)
    assert await leases.claim_dead("me") == ["other"]


async def test_a_lease_released_clean_leaves_nothing(leases: Leases) -> None:
    await leases.acquire("other", serves_shared=True)
    await leases.release("other", is_clean=True)
    assert await leases.claim_dead("me") == []
    assert await leases.acquire("other", serves_shared=True)


async def test_only_a_living_server_serves(database: Database, leases: Leases) -> None:
    await settle(database, leases, "gone server", GONE, expires=FUTURE)
    await settle(database, leases, "late server", ELSEWHERE, expires=PAST)
    await settle(database, leases, "kernel", HERE, expires=FUTURE, serves_shared=False)
    assert not await leases.is_shared_served()
    await settle(database, leases, "server", ELSEWHERE, expires=FUTURE)
    assert await leases.is_shared_served()
