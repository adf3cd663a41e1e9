"""The same promises against the real GitHub: `GITHUB_TOKEN=... pytest -m live`, with a token that may delete."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.services.pushes import files
from vibe_jupyter.core.services.failures import ServiceConflict, ServiceNotFound
from vibe_jupyter.core.services.github.schemas import Repository, RepoSpec
from vibe_jupyter.core.services.github.service import GitHubService

TOKEN = os.environ.get("GITHUB_TOKEN")
API_URL, URL = "https://api.github.com", "https://github.com"

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.live,
    pytest.mark.skipif(TOKEN is None, reason="GITHUB_TOKEN is not set"),
    pytest.mark.timeout(600),
]


@pytest_asyncio.fixture
async def github(request: pytest.FixtureRequest) -> AsyncIterator[GitHubService]:
    """Return a service with the pauses that it has for users; only where somebody asked for live tests."""
    if "live" not in request.config.getoption("-m"):
        pytest.skip("not asked for by -m live")
    async with GitHubService(TOKEN, api_url=API_URL, url=URL) as service:
        yield service


@pytest_asyncio.fixture
async def repository(github: GitHubService) -> AsyncIterator[Repository]:
    """Return a private repository that is deleted afterwards."""
    me = await github.whoami()
    if me.scopes is not None and "delete_repo" not in me.scopes:
        pytest.skip("the token could not delete what the test makes")
    made = await github.create_repository(RepoSpec(name=f"vibe-live-{secrets.token_hex(4)}"))
    yield made
    await github.delete_repository(made.full_name)
    with pytest.raises(ServiceNotFound):
        await github.repository(made.full_name)


async def test_what_is_public_is_read(github: GitHubService):
    found = await github.repository("octocat/Hello-World")
    assert not found.empty
    assert b"Hello World" in await github.read_file(found.full_name, "README")
    assert "README" in {one.path for one in await github.list_files(found.full_name)}


async def test_a_project_is_pushed_changed_and_left_alone(github: GitHubService, repository: Repository):
    texts = {f"folder/{number}.txt": f"{number}\n" for number in range(1000)}
    everything = files({**texts, "empty": "", "binary": bytes(range(256))})
    name = repository.full_name
    first = await github.push(name, everything, branch="main", message="First", expected_head=None)
    assert [one.sha for one in await github.commits(name)] == [first.commit]
    assert len(await github.list_files(name)) == 1002
    again = await github.push(name, everything, branch="main", message="Again", expected_head=first.commit)
    assert not again.changed
    second = await github.push(
        name, files({"folder": "a file now", "empty": ""}),
        branch="main", message="Second", expected_head=first.commit,
    )  # fmt: skip
    assert {one.path for one in await github.list_files(name)} == {"folder", "empty"}
    with pytest.raises(ServiceConflict):
        await github.push(name, everything, branch="main", message="Late", expected_head=first.commit)
    await github.push(name, everything, branch="feat/x", message="Side", expected_head=None)
    opened = await github.create_pull_request(name, head="feat/x", base="main", title="Side", body="")
    same = await github.create_pull_request(name, head="feat/x", base="main", title="Side", body="")
    assert (same.number, same.existed) == (opened.number, True)
    heads = {one.name: one.sha for one in await github.branches(name)}
    assert heads["main"] == second.commit
