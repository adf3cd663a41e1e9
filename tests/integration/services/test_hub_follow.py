"""Following a Space until it runs, or says why it does not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from vibe_jupyter.core.services.failures import (
    ServiceInvalid,
    ServiceNotFound,
    ServiceRateLimited,
    ServiceTimeout,
    ServiceUnavailable,
    ServiceUnreachable,
)
from vibe_jupyter.core.services.huggingface.schemas import LogLine, SpaceSpec, SpaceStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from tests.services.fixtures_hub import HubDouble
    from vibe_jupyter.core.services.huggingface.service import HFService

    Deploy = Callable[..., Coroutine[None, None, str]]

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def service(hub_double: HubDouble) -> AsyncIterator[HFService]:
    async with hub_double.service() as opened:
        yield opened


@pytest.fixture
def deployed(hub_double: HubDouble, service: HFService, tmp_path: Path) -> Deploy:
    """Return what makes a Space of some files and returns its id."""

    async def deploy(sdk: str = "gradio", **contents: str) -> str:
        made = await service.create_space(SpaceSpec(id=hub_double.new_name(), sdk=sdk))
        files = {}
        for name, text in contents.items():
            path = {"app": "app.py", "requirements": "requirements.txt", "index": "index.html"}.get(
                name, name
            )
            files[path] = tmp_path / path
            files[path].write_text(text)
        await service.deploy(made.id, files, message="First")
        return made.id

    return deploy


async def test_it_is_followed_from_its_build_until_it_runs(service: HFService, deployed: Deploy) -> None:
    space = await deployed(app="print(1)\n")
    stages: list[str] = []
    lines: list[LogLine] = []
    status = await service.follow(
        space, on_stage=lambda one: stages.append(one.stage), on_log=lines.append, timeout_s=20, poll_s=0.01
    )
    assert stages == ["BUILDING", "APP_STARTING", "RUNNING"]
    assert status.is_running
    assert status.app_url == f"https://{space.replace('/', '-')}.hf.space"
    assert {line.kind for line in lines} == {"build", "run"}
    texts = [line.text for line in lines]
    assert "--> Pushing image" in texts
    assert "* Running on local URL:  http://0.0.0.0:7860" in texts
    assert len(texts) == len(set(texts))


async def test_a_static_space_runs_at_once(service: HFService, deployed: Deploy) -> None:
    space = await deployed("static", index="<h1>Hello</h1>")
    assert (await service.follow(space, timeout_s=20, poll_s=0.01)).stage == "RUNNING"


async def test_a_missing_package_is_named(service: HFService, deployed: Deploy) -> None:
    space = await deployed(app="print(1)\n", requirements="does-not-exist\n")
    with pytest.raises(ServiceInvalid, match="No matching distribution found for does-not-exist") as failed:
        await service.follow(space, timeout_s=20, poll_s=0.01)
    assert "requirements.txt names does-not-exist" in (failed.value.hint or "")
    assert failed.value.data is not None
    assert failed.value.data["stage"] == "BUILD_ERROR"
    assert "\x1b" not in repr(failed.value.data)
    assert failed.value.data["url"].endswith(space)


async def test_a_missing_module_is_named(service: HFService, deployed: Deploy) -> None:
    space = await deployed(app="import missing_module\n")
    with pytest.raises(ServiceInvalid, match="ModuleNotFoundError") as failed:
        await service.follow(space, timeout_s=20, poll_s=0.01)
    assert "add the package of missing_module to requirements.txt" in (failed.value.hint or "")


async def test_an_app_that_raises_is_quoted(service: HFService, deployed: Deploy) -> None:
    space = await deployed(app='raise RuntimeError("no model here")\n')
    with pytest.raises(ServiceInvalid, match=r"RUNTIME_ERROR.*RuntimeError: no model here") as failed:
        await service.follow(space, timeout_s=20, poll_s=0.01)
    assert failed.value.status == 422


async def test_a_space_without_its_app_file_says_so(hub_double: HubDouble, service: HFService) -> None:
    made = await service.create_space(SpaceSpec(id=hub_double.new_name()))
    with pytest.raises(ServiceInvalid, match="NO_APP_FILE") as failed:
        await service.follow(made.id, timeout_s=20, poll_s=0.01)
    assert "app_file" in (failed.value.hint or "")


async def test_a_configuration_error_is_quoted(
    hub_double: HubDouble, service: HFService, deployed: Deploy
) -> None:
    space = await deployed(app="print(1)\n")
    repository = hub_double.hub.repository("space", space)
    from tests.services.hub.git_repository import Change

    repository.git.commit([Change("README.md", b"# nothing\n")], message="x", author="alice")
    repository.build(hub_double.hub.state.storage)
    with pytest.raises(ServiceInvalid, match="Missing configuration in README"):
        await service.follow(space, timeout_s=20, poll_s=0.01)


async def test_a_paused_space_does_not_run(service: HFService, deployed: Deploy) -> None:
    space = await deployed(app="print(1)\n")
    await service.pause(space)
    with pytest.raises(ServiceInvalid, match="PAUSED") as failed:
        await service.follow(space, timeout_s=20, poll_s=0.01)
    assert "restart" in (failed.value.hint or "")


@pytest.mark.parametrize("before", ["RUNNING", "BUILD_ERROR"])
async def test_the_commit_that_was_deployed_is_waited_for(
    hub_double: HubDouble, service: HFService, deployed: Deploy, before: str
) -> None:
    """Just after a commit the hub still tells what became of the commit before."""
    space = await deployed(app="print(1)\n")
    commit = (await service.space(space)).commit
    old = json.dumps({"stage": before, "sha": "0" * 40, "hardware": {}}).encode()
    hub_double.hub.plan(f"GET /api/spaces/{space}/runtime", garble=True, body=old, times=2)
    stages: list[SpaceStatus] = []
    status = await service.follow(space, commit=commit, on_stage=stages.append, timeout_s=20, poll_s=0.01)
    assert status.commit == commit
    assert stages[0].stage == before


async def test_a_build_without_end_ends_with_the_time(
    hub_double: HubDouble, service: HFService, deployed: Deploy
) -> None:
    space = await deployed(app="print(1)\n")
    hub_double.hub.plan("/runtime", garble=True, body=b'{"stage": "BUILDING"}', times=10_000)
    with pytest.raises(ServiceTimeout, match=r"is still BUILDING after 0\.1 s"):
        await service.follow(space, timeout_s=0.1, poll_s=0.01, on_log=lambda _: None)


async def test_it_survives_a_bad_connection(
    hub_double: HubDouble, service: HFService, deployed: Deploy
) -> None:
    space = await deployed(app="print(1)\n")
    hub_double.hub.plan("/runtime", drop="before", times=2)
    hub_double.hub.plan("/runtime", status=502)
    hub_double.hub.plan("/logs/build", drop="before")
    lines: list[LogLine] = []
    status = await service.follow(space, on_log=lines.append, timeout_s=20, poll_s=0.01)
    assert status.stage == "RUNNING"
    assert "--> Pushing image" in [line.text for line in lines]


async def test_a_log_that_cannot_be_read_ends_nothing(
    hub_double: HubDouble, service: HFService, deployed: Deploy
) -> None:
    space = await deployed(app="print(1)\n")
    hub_double.hub.plan("/logs/", status=403, body=b'{"error": "no"}', times=10)
    status = await service.follow(space, on_log=lambda _: None, timeout_s=20, poll_s=0.01)
    assert status.is_running


async def test_what_the_listener_raises_is_raised(service: HFService, deployed: Deploy) -> None:
    def refuse(_: LogLine) -> None:
        raise ZeroDivisionError

    space = await deployed(app="print(1)\n")
    with pytest.raises(ZeroDivisionError):
        await service.follow(space, on_log=refuse, timeout_s=20, poll_s=0.01)


async def test_following_can_be_cancelled(
    hub_double: HubDouble, service: HFService, deployed: Deploy
) -> None:
    space = await deployed(app="print(1)\n")
    hub_double.hub.plan("/runtime", garble=True, body=b'{"stage": "BUILDING"}', times=10_000)
    seen = asyncio.Event()
    task = asyncio.create_task(service.follow(space, on_log=lambda _: seen.set(), timeout_s=60, poll_s=0.01))
    await asyncio.wait_for(seen.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert {one.get_name() for one in asyncio.all_tasks()} == {asyncio.current_task().get_name()}  # type: ignore[union-attr]


async def test_a_log_is_read_from_a_line_on(service: HFService, deployed: Deploy) -> None:
    space = await deployed(app="print(1)\n")
    await service.follow(space, timeout_s=20, poll_s=0.01)
    everything = [line async for line in service.logs(space, "build")]
    assert len(everything) > 2
    rest = [line async for line in service.logs(space, "build", since=everything[1].timestamp)]
    assert rest == everything[2:]


async def test_a_log_of_an_app_that_runs_ends_when_it_is_quiet(service: HFService, deployed: Deploy) -> None:
    space = await deployed(app="print(1)\n")
    await service.follow(space, timeout_s=20, poll_s=0.01)
    lines = [line.text async for line in service.logs(space, "run")]
    assert lines[-1] == "* Running on local URL:  http://0.0.0.0:7860"


async def test_the_log_of_no_space_is_not_found(service: HFService) -> None:
    with pytest.raises(ServiceNotFound):
        _ = [line async for line in service.logs("alice/nothing", "run")]


async def test_a_log_that_breaks_off_goes_on_where_it_was(
    hub_double: HubDouble, service: HFService, deployed: Deploy
) -> None:
    space = await deployed(app="print(1)\n")
    await service.follow(space, timeout_s=20, poll_s=0.01)
    whole = [line async for line in service.logs(space, "build")]
    hub_double.hub.plan("/logs/build", drop="middle", times=2)
    assert [line async for line in service.logs(space, "build")] == whole
    assert hub_double.hub.faults.count("/logs/build") == 4


async def test_a_log_that_breaks_off_again_and_again_is_given_up(
    hub_double: HubDouble, service: HFService, deployed: Deploy
) -> None:
    space = await deployed(app="print(1)\n")
    hub_double.hub.plan("/logs/build", drop="middle", times=100)
    with pytest.raises(ServiceUnreachable, match="again and again"):
        _ = [line async for line in service.logs(space, "build")]
    hub_double.hub.faults.clear()
    hub_double.hub.plan("/logs/build", status=503, times=100)
    with pytest.raises(ServiceUnavailable):
        _ = [line async for line in service.logs(space, "build")]


async def test_a_failure_without_a_readable_log_is_told_all_the_same(
    hub_double: HubDouble, service: HFService, deployed: Deploy
) -> None:
    space = await deployed(app="raise RuntimeError\n")
    hub_double.hub.plan("/logs/run", status=403, body=b'{"error": "no logs for you"}', times=10)
    with pytest.raises(ServiceInvalid, match="RUNTIME_ERROR") as failed:
        await service.follow(space, timeout_s=20, poll_s=0.01)
    assert failed.value.data is not None
    assert "no logs for you" in repr(failed.value.data["log"])


async def test_what_the_hub_asks_to_wait_is_bounded_for_logs_too(
    hub_double: HubDouble, service: HFService, deployed: Deploy
) -> None:
    space = await deployed(app="print(1)\n")
    hub_double.hub.plan("/logs/build", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(ServiceRateLimited):
        _ = [line async for line in service.logs(space, "build")]
