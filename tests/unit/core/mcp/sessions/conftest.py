"""A pool, and what it has told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.spec import SessionFacts


@dataclass
class Told:
    """What a pool has told."""

    facts: list[SessionFacts] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest_asyncio.fixture
async def pool(told: Told) -> AsyncIterator[SessionPool]:
    pool = SessionPool(
        on_facts=lambda _key, facts: told.facts.append(facts),
        on_tools_changed=lambda _key: told.changed.set(),
    )
    yield pool
    await pool.aclose()
