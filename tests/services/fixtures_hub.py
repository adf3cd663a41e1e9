"""A Hugging Face hub for the tests, one for each test process; each test finds it without faults, its journal empty."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from tests.services.hub.server import FakeHub
from tests.services.hub.state import Account
from vibe_jupyter.core.services.huggingface.service import HFService

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ALICE", "BOB", "FINE", "READER", "HubDouble", "hub_double", "hub_process"]

_numbers = itertools.count(1)

ALICE, BOB, READER, FINE = (
    "hf_canaryOfAlice0000000000000000001",
    "hf_canaryOfBob00000000000000000002",
    "hf_canaryOfReader000000000000000003",
    "hf_canaryOfFine0000000000000000004",
)
"""Tokens: of an owner who may write, of somebody else, and of the owner again, once to read only, once fine-grained."""


@dataclasses.dataclass(frozen=True)
class HubDouble:
    """The hub of a test.

    Args:
        hub: what answers; it takes faults and keeps the journal.
    """

    hub: FakeHub

    @property
    def url(self) -> str:
        return self.hub.url

    def service(self, token: str | None = ALICE, **options: Any) -> HFService:
        """Return a service that waits for nothing."""
        without = {"timeout_s": 20, "max_wait_s": 2, "backoff_s": 0.001, "log_idle_s": 0.2}
        return HFService(token, endpoint=self.url, **{**without, **options})

    def new_name(self) -> str:
        """Return the name of a repository that no test has."""
        return f"demo-{next(_numbers)}"


@pytest.fixture(scope="session")
def hub_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHub]:
    """Return a hub that all tests of this process share."""
    tokens = {
        ALICE: Account("alice", organizations=("acme",)),
        BOB: Account("bob"),
        READER: Account("alice", role="read"),
        FINE: Account("alice", role="fineGrained"),
    }
    with FakeHub(tmp_path_factory.mktemp("hub"), tokens) as hub:
        yield hub


@pytest.fixture
def hub_double(hub_process: FakeHub) -> Iterator[HubDouble]:
    """Return the hub of this test."""
    hub_process.faults.clear()
    state = hub_process.state
    usual = (state.page_size, state.large_bytes, state.part_bytes)
    yield HubDouble(hub_process)
    state.page_size, state.large_bytes, state.part_bytes = usual
    hub_process.faults.clear()
