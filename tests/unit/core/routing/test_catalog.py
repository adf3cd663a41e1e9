"""Each user's view on the targets: what everybody has, and the tools of the user's own servers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.factories import make_target
from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.routing.catalog import Catalog
from vibe_jupyter.core.routing.registry import Registry
from vibe_jupyter.core.routing.router import TaskRouter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vibe_jupyter.core.routing.targets import Target

pytestmark = pytest.mark.asyncio


@dataclass
class Source:
    """Targets by user, with a count of what was asked."""

    owned: dict[str, list[str]] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    reads: int = 0
    builds: int = 0
    learned: list[str] = field(default_factory=list)

    async def revision(self, user_id: str) -> int:
        self.reads += 1
        return self.revisions.get(user_id, 0)

    async def targets(self, user_id: str) -> list[Target]:
        self.builds += 1
        await asyncio.sleep(0)  # others come in between
        names = self.owned.get(user_id, [])
        return [make_target(name, type="mcp", capabilities=(name,), is_personal=True) for name in names]

    async def learn(self, user_id: str, words: Iterable[str]) -> None:
        self.learned += words
        self.change(user_id, [*self.owned.get(user_id, []), "mcp.late.tool"])

    def change(self, user_id: str, names: list[str]) -> None:
        self.owned[user_id] = names
        self.revisions[user_id] = self.revisions.get(user_id, 0) + 1


@pytest.fixture
def source() -> Source:
    return Source({"ann": ["mcp.files.read", "mcp.files.list"], "bob": []})


@pytest.fixture
def catalog(source: Source) -> Catalog:
    return Catalog(Registry([make_target("probe")]), source)


async def test_a_user_sees_what_everybody_has_and_their_own(catalog: Catalog) -> None:
    assert set((await catalog.registry("ann")).targets) == {"probe", "mcp.files.read", "mcp.files.list"}
    assert set((await catalog.registry("bob")).targets) == {"probe"}


async def test_while_nothing_changes_one_read_is_all(catalog: Catalog, source: Source) -> None:
    first = await catalog.registry("ann")
    assert [await catalog.registry("ann") for _ in range(5)] == [first] * 5
    assert (source.reads, source.builds) == (6, 1)


async def test_a_change_by_any_process_is_seen_at_once(catalog: Catalog, source: Source) -> None:
    await catalog.registry("ann")
    source.change("ann", ["mcp.files.read", "mcp.git.log"])
    assert set((await catalog.registry("ann")).targets) == {"probe", "mcp.files.read", "mcp.git.log"}
    source.change("ann", [])
    assert await catalog.registry("ann") is catalog.base


async def test_a_target_keeps_its_record_over_changes(catalog: Catalog, source: Source) -> None:
    before = (await catalog.registry("ann")).targets
    before["mcp.files.read"].stats.end(ok=False, latency_s=1, now=0)
    source.change("ann", ["mcp.git.log", "mcp.files.read"])
    after = (await catalog.registry("ann")).targets
    assert after["mcp.files.read"] is not before["mcp.files.read"]
    assert after["mcp.files.read"].stats is before["mcp.files.read"].stats
    assert after["probe"] is before["probe"]
    assert after["mcp.git.log"].stats.calls == 0


async def test_two_users_with_servers_of_one_name_have_nothing_in_common(
    catalog: Catalog, source: Source
) -> None:
    source.change("bob", ["mcp.files.read"])
    ann, bob = [(await catalog.registry(user)).targets["mcp.files.read"] for user in ("ann", "bob")]
    assert ann is not bob
    assert ann.stats is not bob.stats


@pytest.mark.parametrize("word", ["probe_run", "probe.run"])
async def test_what_everybody_has_is_found_without_a_read(
    catalog: Catalog, source: Source, word: str
) -> None:
    assert await catalog.knowing("ann", [word, "probe.run"]) is catalog.base
    assert (source.reads, source.builds) == (0, 0)


@pytest.mark.parametrize("word", ["mcp.files.read", "mcp_files_read"])
async def test_a_tool_is_known_by_both_spellings(catalog: Catalog, word: str) -> None:
    registry = await catalog.knowing("ann", [word])
    assert registry.capability(word).name == "mcp.files.read"
    assert registry.require([word]) == ["mcp.files.read"]


async def test_a_server_that_was_never_asked_is_asked_when_it_is_named(
    catalog: Catalog, source: Source
) -> None:
    registry = await catalog.knowing("bob", ["probe_run", "mcp.late.tool"])
    assert source.learned == ["mcp.late.tool"]
    assert registry.capability("mcp.late.tool").name == "mcp.late.tool"


async def test_anothers_tool_is_unknown_and_the_nearest_own_is_named(catalog: Catalog) -> None:
    assert not (await catalog.registry("bob")).knows("mcp.files.read")
    with pytest.raises(InvalidInput) as caught:
        (await catalog.registry("ann")).capability("mcp.files.raed")
    assert caught.value.code == "route.unknown_type"
    assert "mcp.files.read" in str(caught.value.hint)


async def test_a_decision_names_only_the_tools_that_were_in_question(
    catalog: Catalog, source: Source
) -> None:
    source.change("ann", [f"mcp.many.tool{number}" for number in range(500)])
    registry = await catalog.registry("ann")
    assert TaskRouter(registry).route("probe.run").rejected == {}
    decision = TaskRouter(registry).route("mcp.many.tool7")
    assert decision.target.id == "mcp.many.tool7"
    assert decision.rejected == {"probe": "does not offer mcp.many.tool7"}


async def test_many_at_once_get_one_view_each(catalog: Catalog) -> None:
    found = await asyncio.gather(*(catalog.registry("ann") for _ in range(20)))
    stats = {id(registry.targets["mcp.files.read"].stats) for registry in found}
    assert len(stats) == 1


async def test_without_a_source_there_is_only_the_base() -> None:
    catalog = Catalog(Registry([make_target("probe")]))
    assert await catalog.registry("ann") is catalog.base
    assert await catalog.knowing("ann", ["mcp.files.read"]) is catalog.base
