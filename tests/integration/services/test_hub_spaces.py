"""Spaces that are made, looked at, given secrets and variables, paused and restarted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.services.fixtures_hub import ALICE, BOB, FINE, READER
from vibe_jupyter.core.services.failures import (
    ServiceAuthFailed,
    ServiceConflict,
    ServiceDenied,
    ServiceInvalid,
    ServiceNotFound,
)
from vibe_jupyter.core.services.huggingface.schemas import SpaceSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.services.fixtures_hub import HubDouble
    from vibe_jupyter.core.services.huggingface.service import HFService

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def service(hub_double: HubDouble) -> AsyncIterator[HFService]:
    async with hub_double.service() as opened:
        yield opened


async def test_a_token_says_whose_it_is_and_what_it_may_do(hub_double: HubDouble) -> None:
    async with hub_double.service(READER) as hub:
        me = await hub.whoami()
    assert (me.name, me.organizations, me.role) == ("alice", [], "read")


async def test_without_a_token_none_of_the_machine_is_taken(
    hub_double: HubDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", ALICE)
    async with hub_double.service(None) as hub:
        with pytest.raises(ServiceAuthFailed, match="nobody is signed in") as refused:
            await hub.whoami()
    assert hub_double.url in (refused.value.hint or "")
    assert not hub_double.hub.faults.journal


async def test_a_space_is_made_with_its_sdk_and_visibility(hub_double: HubDouble, service: HFService) -> None:
    name = hub_double.new_name()
    made = await service.create_space(SpaceSpec(id=name, sdk="docker", private=True, hardware="t4-small"))
    assert (made.id, made.sdk, made.private, made.created) == (f"alice/{name}", "docker", True, True)
    assert made.url == f"{hub_double.url}/spaces/alice/{name}"
    assert (await service.status(name)).requested_hardware == "t4-small"


async def test_a_space_can_belong_to_an_organization(hub_double: HubDouble, service: HFService) -> None:
    made = await service.create_space(SpaceSpec(id=f"acme/{hub_double.new_name()}", private=False))
    assert made.id.startswith("acme/")
    assert not made.private


async def test_a_space_that_is_there_is_returned_as_it_is(hub_double: HubDouble, service: HFService) -> None:
    name = hub_double.new_name()
    first = await service.create_space(SpaceSpec(id=name, private=True))
    again = await service.create_space(SpaceSpec(id=name, private=False))
    assert (again.created, again.private, again.commit) == (False, True, first.commit)


async def test_a_space_of_another_sdk_is_a_conflict(hub_double: HubDouble, service: HFService) -> None:
    name = hub_double.new_name()
    await service.create_space(SpaceSpec(id=name, sdk="static"))
    with pytest.raises(ServiceConflict, match="its sdk is static, not gradio") as conflict:
        await service.create_space(SpaceSpec(id=name, sdk="gradio"))
    assert conflict.value.data is not None
    assert conflict.value.data["sdk"] == "static"


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_a_space_is_made_once_though_the_answer_was_lost(
    hub_double: HubDouble, service: HFService, drop: str
) -> None:
    name = hub_double.new_name()
    hub_double.hub.plan("POST /api/repos/create", drop=drop)
    made = await service.create_space(SpaceSpec(id=name))
    assert made.id == f"alice/{name}"
    assert made.created
    assert hub_double.hub.faults.count("POST /api/repos/create") == (1 if drop == "after" else 2)


async def test_the_conflict_that_passes_is_waited_for(hub_double: HubDouble, service: HFService) -> None:
    busy = b'{"error": "Cannot create repo: another conflicting operation is in progress"}'
    hub_double.hub.plan("POST /api/repos/create", status=409, body=busy, times=2)
    assert (await service.create_space(SpaceSpec(id=hub_double.new_name()))).created


async def test_a_name_of_somebody_else_is_refused(hub_double: HubDouble, service: HFService) -> None:
    with pytest.raises(ServiceDenied, match="You don't have the rights to create a space"):
        await service.create_space(SpaceSpec(id=f"bob/{hub_double.new_name()}"))


@pytest.mark.parametrize(
    "name",
    ["", "a--b", "with space", "../up", "a/b/c", "x" * 97, "name.git", "-begins", "é", "a\nb", "owner/"],
)
async def test_an_odd_name_is_refused_before_anything_is_sent(
    hub_double: HubDouble, service: HFService, name: str
) -> None:
    with pytest.raises(ServiceInvalid, match="no name of a repository"):
        await service.create_space(SpaceSpec(id=name))
    assert not hub_double.hub.faults.journal


async def test_a_space_that_others_keep_private_is_not_found(
    hub_double: HubDouble, service: HFService
) -> None:
    made = await service.create_space(SpaceSpec(id=hub_double.new_name(), private=True))
    async with hub_double.service(BOB) as bob:
        with pytest.raises(ServiceNotFound):
            await bob.space(made.id)
    async with hub_double.service(None) as nobody:
        with pytest.raises(ServiceAuthFailed, match="only to who is signed in"):
            await nobody.space(made.id)


async def test_secrets_are_set_and_only_their_names_come_back(
    hub_double: HubDouble, service: HFService
) -> None:
    made = await service.create_space(SpaceSpec(id=hub_double.new_name()))
    await service.set_secrets(made.id, {"API_KEY": "canary-1", "OTHER": "canary-2"})
    assert await service.secret_names(made.id) == ["API_KEY", "OTHER"]
    assert hub_double.hub.repository("space", made.id).secrets["API_KEY"]["value"] == "canary-1"
    await service.remove_secret(made.id, "OTHER")
    assert await service.secret_names(made.id) == ["API_KEY"]


async def test_only_variables_that_differ_are_set(hub_double: HubDouble, service: HFService) -> None:
    made = await service.create_space(SpaceSpec(id=hub_double.new_name()))
    await service.set_variables(made.id, {"A": "1", "B": "2"})
    again = await service.set_variables(made.id, {"A": "1", "B": "3"})
    assert (again.set, again.unchanged) == (["B"], ["A"])
    assert await service.variable_names(made.id) == ["A", "B"]
    assert hub_double.hub.faults.count(f"POST /api/spaces/{made.id}/variables") == 3
    await service.remove_variable(made.id, "A")
    assert await service.variable_names(made.id) == ["B"]


async def test_a_variable_cannot_be_named_like_a_secret(hub_double: HubDouble, service: HFService) -> None:
    made = await service.create_space(SpaceSpec(id=hub_double.new_name()))
    await service.set_secrets(made.id, {"SAME": "canary"})
    with pytest.raises(ServiceInvalid, match="a secret and a variable cannot have the same name"):
        await service.set_variables(made.id, {"SAME": "x"})


@pytest.mark.parametrize("key", ["", "1ST", "WITH-DASH", "A B", "A\n"])
async def test_an_odd_name_of_a_variable_is_refused(
    hub_double: HubDouble, service: HFService, key: str
) -> None:
    with pytest.raises(ServiceInvalid, match="name of a variable"):
        await service.set_secrets("alice/any", {key: "canary"})
    assert not hub_double.hub.faults.journal


async def test_a_space_is_paused_and_restarted(hub_double: HubDouble, service: HFService) -> None:
    made = await service.create_space(SpaceSpec(id=hub_double.new_name()))
    assert (await service.pause(made.id)).stage == "PAUSED"
    assert (await service.restart(made.id, factory=True)).stage == "NO_APP_FILE"
    assert hub_double.hub.faults.count(r"restart\?factory=true") == 1


@pytest.mark.parametrize("token", [READER, FINE])
async def test_a_token_that_is_too_small_says_which_right_is_missing(
    hub_double: HubDouble, service: HFService, token: str
) -> None:
    made = await service.create_space(SpaceSpec(id=hub_double.new_name()))
    async with hub_double.service(token) as small:
        with pytest.raises(ServiceDenied) as refused:
            await small.restart(made.id)
    assert "role write" in (refused.value.hint or "")


async def test_a_space_that_was_renamed_is_found_under_its_old_name(
    hub_double: HubDouble, service: HFService
) -> None:
    made = await service.create_space(SpaceSpec(id=hub_double.new_name()))
    new = f"alice/{hub_double.new_name()}"
    state = hub_double.hub.state
    with state.lock:
        repository = state.repositories.pop(("space", made.id))
        repository.id = new
        state.repositories["space", new] = repository
        state.moved["space", made.id] = new
    assert (await service.space(made.id)).id == new
