"""The same promises against the real hub: `HF_TOKEN=... pytest -m live`, with a token that may write."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from vibe_jupyter.core.services.failures import ServiceAuthFailed, ServiceConflict, ServiceNotFound
from vibe_jupyter.core.services.huggingface.schemas import DatasetSpec, SpaceSpec
from vibe_jupyter.core.services.huggingface.service import HFService

TOKEN = os.environ.get("HF_TOKEN")  # before the tests' own environment takes it away
ENDPOINT = "https://huggingface.co"

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.live,
    pytest.mark.skipif(TOKEN is None, reason="HF_TOKEN is not set"),
    pytest.mark.timeout(600),
]


@pytest_asyncio.fixture
async def hub(request: pytest.FixtureRequest) -> AsyncIterator[HFService]:
    """Return a service as users have it; only where somebody asked for live tests."""
    if "live" not in request.config.getoption("-m"):
        pytest.skip("not asked for by -m live")
    async with HFService(TOKEN, endpoint=ENDPOINT) as service:
        yield service


@pytest_asyncio.fixture
async def space(hub: HFService) -> AsyncIterator[str]:
    """Return a private static Space that is deleted afterwards."""
    made = await hub.create_space(SpaceSpec(id=f"vibe-live-{secrets.token_hex(4)}", sdk="static"))
    yield made.id
    _delete(made.id, "space")
    with pytest.raises(ServiceNotFound):
        await hub.space(made.id)


def _delete(repo_id: str, kind: str) -> None:
    from huggingface_hub import HfApi

    HfApi(endpoint=ENDPOINT, token=TOKEN).delete_repo(repo_id, repo_type=kind)


async def test_a_static_space_is_deployed_followed_and_left_alone(
    hub: HFService, space: str, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("<h1>Hello</h1>")
    (tmp_path / "model.bin").write_bytes(secrets.token_bytes(5000))
    files = {name: tmp_path / name for name in ("index.html", "model.bin")}
    first = await hub.deploy(space, files, message="First")
    assert first.changed
    assert first.supplied == ["README.md"]
    assert (await hub.follow(space, commit=first.commit, timeout_s=300)).is_running
    again = await hub.deploy(space, files, message="Again")
    assert (again.changed, again.commit) == (False, first.commit)
    (tmp_path / "index.html").write_text("<h1>Hello again</h1>")
    second = await hub.deploy(space, files, message="Second", expected_parent=first.commit)
    assert second.uploaded == ["index.html"]
    (tmp_path / "index.html").write_text("<h1>Too late</h1>")
    with pytest.raises(ServiceConflict):
        await hub.deploy(space, files, message="Third", expected_parent=first.commit)


async def test_secrets_and_variables_of_a_space(hub: HFService, space: str) -> None:
    await hub.set_secrets(space, {"VIBE_TEST": "not to be seen"})
    await hub.set_variables(space, {"VIBE_PLACE": "here"})
    assert await hub.secret_names(space) == ["VIBE_TEST"]
    assert (await hub.set_variables(space, {"VIBE_PLACE": "here"})).unchanged == ["VIBE_PLACE"]
    await hub.remove_secret(space, "VIBE_TEST")
    assert await hub.secret_names(space) == []


async def test_a_space_that_is_there_is_returned(hub: HFService, space: str) -> None:
    assert not (await hub.create_space(SpaceSpec(id=space, sdk="static"))).created
    with pytest.raises(ServiceConflict):
        await hub.create_space(SpaceSpec(id=space, sdk="docker"))


async def test_a_table_is_uploaded_once(hub: HFService, tmp_path: Path) -> None:
    made = await hub.create_dataset(DatasetSpec(id=f"vibe-live-{secrets.token_hex(4)}"))
    try:
        (tmp_path / "t.csv").write_text("a,b\n1,x\n")
        ready = await hub.dataframe_files(tmp_path / "t.csv", tmp_path / "out")
        first = await hub.upload_dataset(made.id, ready.files, message="First", card=ready.card)
        again = await hub.upload_dataset(made.id, ready.files, message="Again", card=ready.card)
        assert (first.changed, again.changed) == (True, False)
    finally:
        _delete(made.id, "dataset")


async def test_a_wrong_token_is_refused(hub: HFService) -> None:
    async with HFService("hf_" + "x" * 34, endpoint=ENDPOINT) as stranger:
        with pytest.raises(ServiceAuthFailed):
            await stranger.whoami()
