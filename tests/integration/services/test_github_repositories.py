"""Who we are on GitHub, and repositories, branches, pull requests, files and issues there."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.services.pushes import files, pushed_repository
from tests.services.fixtures_github import ALICE, BOB, READER, GitHubDouble
from tests.services.github_front import Fault
from vibe_jupyter.core.services.failures import (
    ServiceAuthFailed,
    ServiceConflict,
    ServiceDenied,
    ServiceInvalid,
    ServiceNotFound,
    ServiceUnreachable,
)
from vibe_jupyter.core.services.github.schemas import RepoSpec
from vibe_jupyter.core.services.github.service import GitHubService

pytestmark = pytest.mark.asyncio


async def test_a_token_tells_whose_it_is_and_what_it_may(github_double: GitHubDouble):
    me = await github_double.service().whoami()
    assert (me.login, me.name) == ("alice", "Alice")
    assert me.scopes == ["repo", "user", "delete_repo", "workflow"]
    assert (await github_double.service(READER).whoami()).scopes == ["read:user"]


async def test_a_token_that_is_none_is_refused_with_what_to_do(github_double: GitHubDouble):
    for token in (None, "ghp_unknown"):
        with pytest.raises(ServiceAuthFailed) as raised:
            await github_double.service(token).whoami()
        assert raised.value.status == 424
        assert raised.value.hint is not None
        assert "store a" in raised.value.hint


@pytest.mark.parametrize("token", ["", "two words", "line\nend", "t\xf6ken", "\u200bghp"])
async def test_a_token_that_cannot_be_one_is_refused_without_being_shown(github_double: GitHubDouble, token):
    with pytest.raises(ServiceAuthFailed, match="characters") as raised:
        github_double.service(token)
    assert not token or token not in str(raised.value)


async def test_an_enterprise_server_is_asked_below_its_path(github_double: GitHubDouble):
    github_double.front.inject(Fault("^GET /api/v3/user$", status=200, body={"login": "carol", "id": 7}))
    service = GitHubService(ALICE, api_url=f"{github_double.url}/api/v3/", url=github_double.url, pause_s=0)
    me = await service.whoami()
    assert (me.login, me.scopes) == ("carol", None)


# Repositories


async def test_a_repository_is_made_as_it_was_specified(github_double: GitHubDouble):
    github = github_double.service()
    name = github_double.new_name()
    spec = RepoSpec(
        name=name,
        description="A demo",
        private=False,
        homepage="https://example.com",
        topics=["data", "demo-2"],
    )
    made = await github.create_repository(spec)
    assert made == await github.repository(f"alice/{name}")
    assert (made.full_name, made.private, made.empty) == (f"alice/{name}", False, True)
    assert made.clone_url.endswith(f"/alice/{name}.git")
    assert made.permissions.push
    (body,) = github_double.front.bodies("^POST /user/repos")
    assert (body["description"], body["homepage"]) == ("A demo", "https://example.com")
    assert github_double.front.bodies("^PUT .*/topics") == [{"names": ["data", "demo-2"]}]


async def test_a_repository_is_private_unless_one_says_otherwise(github_double: GitHubDouble):
    made = await github_double.service().create_repository(RepoSpec(name=github_double.new_name()))
    assert made.private


async def test_an_organisation_may_own_it(github_double: GitHubDouble):
    name = github_double.new_name()
    made = await github_double.service().create_repository(RepoSpec(name=name, owner="acme"))
    assert made.full_name == f"acme/{name}"


async def test_a_name_that_is_taken_is_a_conflict_that_says_whether_it_is_ours_to_use(
    github_double: GitHubDouble,
):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    with pytest.raises(ServiceConflict, match="already") as raised:
        await github.create_repository(RepoSpec(name=base.full_name.partition("/")[2]))
    assert raised.value.data is not None
    shown = {name: raised.value.data[name] for name in ("full_name", "empty", "private", "push")}
    assert shown == {"full_name": base.full_name, "empty": False, "private": True, "push": True}
    assert github_double.front.asked("^POST") == []


@pytest.mark.parametrize("drops", [1, 3])
async def test_a_repository_whose_answer_is_lost_is_made_once(github_double: GitHubDouble, drops: int):
    github = github_double.service()
    name = github_double.new_name()
    looks = Fault(f"^GET /repos/alice/{name}", drop="before", skip=1, times=drops - 1)
    github_double.front.inject(Fault("^POST /user/repos", drop="after"), looks)
    made = await github.create_repository(RepoSpec(name=name))
    assert made.full_name == f"alice/{name}"
    assert len(github_double.front.asked("^POST /user/repos")) == 1


async def test_a_repository_whose_request_is_lost_is_made_after_all(github_double: GitHubDouble):
    github = github_double.service()
    github_double.front.inject(Fault("^POST /user/repos", drop="before"))
    made = await github.create_repository(RepoSpec(name=github_double.new_name()))
    assert (await github.repository(made.full_name)).empty
    assert len(github_double.front.asked("^POST /user/repos")) == 2


async def test_a_repository_that_somebody_else_makes_meanwhile_is_a_conflict(github_double: GitHubDouble):
    said = {
        "message": "Repository creation failed.",
        "errors": [
            {"resource": "Repository", "field": "name", "message": "name already exists on this account"}
        ],
    }
    github_double.front.inject(Fault("^POST /user/repos", status=422, body=said))
    with pytest.raises(ServiceConflict, match="name already exists"):
        await github_double.service().create_repository(RepoSpec(name=github_double.new_name()))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("my repo!", "my-repo"), ("übung", "bung"), ("..", "letters"), (".", "letters"), ("a/../../b", "a-..-..-b"),
        ("x.git", "letters"), ("", "letters"), ("a" * 101, "a"),
    ],
)  # fmt: skip
async def test_an_odd_name_is_refused_with_a_near_one(github_double: GitHubDouble, name, hint):
    with pytest.raises(ServiceInvalid) as raised:
        await github_double.service().create_repository(RepoSpec(name=name))
    assert raised.value.hint is not None
    assert hint in raised.value.hint
    assert github_double.front.asked() == []


async def test_odd_owners_and_topics_are_refused(github_double: GitHubDouble):
    github = github_double.service()
    for spec in (RepoSpec(name="a", owner="../user"), RepoSpec(name="a", topics=["Has Space"])):
        with pytest.raises(ServiceInvalid):
            await github.create_repository(spec)
    for full_name in ("alice", "alice/..", "../alice", "alice/a/b", "a?b/c", "alice/%2e%2e", "", "/"):
        with pytest.raises(ServiceInvalid, match="no repository"):
            await github.repository(full_name)
    assert github_double.front.asked() == []


async def test_a_repository_is_deleted(github_double: GitHubDouble):
    github = github_double.service()
    made = await github.create_repository(RepoSpec(name=github_double.new_name()))
    await github.delete_repository(made.full_name)
    with pytest.raises(ServiceNotFound):
        await github.repository(made.full_name)


async def test_a_missing_scope_is_named(github_double: GitHubDouble):
    with pytest.raises(ServiceDenied, match="scope public_repo or repo") as raised:
        await github_double.service(READER).create_repository(RepoSpec(name=github_double.new_name()))
    assert raised.value.data is not None
    assert raised.value.data["missing_scopes"] == ["public_repo", "repo"]


async def test_somebody_elses_private_repository_is_not_found(github_double: GitHubDouble):
    made = await github_double.service().create_repository(RepoSpec(name=github_double.new_name()))
    for token in (BOB, None):
        with pytest.raises(ServiceNotFound):
            await github_double.service(token).repository(made.full_name)


async def test_what_is_public_is_read_without_a_token(github_double: GitHubDouble):
    anonymous = github_double.service(None)
    seeded = await anonymous.repository("alice/seeded")
    assert not seeded.permissions.push
    assert "README.md" in {one.path for one in await anonymous.list_files("alice/seeded")}
    with pytest.raises(ServiceAuthFailed, match="without a token"):
        await anonymous.create_branch("alice/seeded", "x")


# Branches, files, commits


async def test_branches_are_made_listed_and_deleted(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    made = await github.create_branch(base.full_name, "feat/x")
    assert (made.name, made.sha) == ("feat/x", base.commit)
    assert await github.create_branch(base.full_name, "feat/x", base.commit) == made
    assert {one.name for one in await github.branches(base.full_name)} == {"main", "feat/x"}
    for _ in range(2):
        await github.delete_branch(base.full_name, "feat/x")
    assert [one.name for one in await github.branches(base.full_name)] == ["main"]
    with pytest.raises(ServiceInvalid):
        await github.delete_branch(base.full_name, "main")


async def test_a_branch_elsewhere_of_that_name_is_a_conflict(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    side = await github.push(
        base.full_name, files({"a": "2"}), branch="side", message="Side", expected_head=None
    )
    with pytest.raises(ServiceConflict) as raised:
        await github.create_branch(base.full_name, "side")
    assert raised.value.data is not None
    assert (raised.value.data["head"], raised.value.data["base"]) == (side.commit, base.commit)


async def test_an_empty_repository_has_no_branch_file_or_commit(github_double: GitHubDouble):
    github = github_double.service()
    made = await github.create_repository(RepoSpec(name=github_double.new_name()))
    assert await github.branches(made.full_name) == []
    assert await github.list_files(made.full_name) == []
    assert await github.commits(made.full_name) == []
    with pytest.raises(ServiceInvalid, match="no commit"):
        await github.create_branch(made.full_name, "x")


async def test_all_pages_are_read(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    for number in range(101):
        await github.create_branch(base.full_name, f"b{number:03}", base.commit)
    assert len(await github.branches(base.full_name)) == 102


async def test_files_are_read_as_they_were_at_a_commit(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"deep/er/a.txt": "one", "b": "x"})
    await github.push(
        base.full_name,
        files({"deep/er/a.txt": "two"}),
        branch="main",
        message="Two",
        expected_head=base.commit,
    )
    assert await github.read_file(base.full_name, "deep/er/a.txt") == b"two"
    assert await github.read_file(base.full_name, "deep/er/a.txt", base.commit) == b"one"
    assert [one.path for one in await github.list_files(base.full_name, base.commit)] == [
        "b",
        "deep/er/a.txt",
    ]
    with pytest.raises(ServiceNotFound):
        await github.read_file(base.full_name, "no/such.txt")
    with pytest.raises(ServiceInvalid, match="no file"):
        await github.read_file(base.full_name, "deep")
    for path in ("../../user", "/etc/passwd", "", "a//b"):
        with pytest.raises(ServiceInvalid, match="no path"):
            await github.read_file(base.full_name, path)


async def test_a_file_that_is_not_sent_along_is_read_by_its_id(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"large": "content"})
    (listed,) = await github.list_files(base.full_name)
    without = {"type": "file", "encoding": "none", "content": "", "size": 2_000_000, "sha": listed.sha}
    github_double.front.inject(Fault("/contents/large", status=200, body=without))
    assert await github.read_file(base.full_name, "large") == b"content"


async def test_a_file_is_deleted_by_a_commit(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1", "b": "2"})
    await github.delete_file(base.full_name, "a", message="Remove a")
    assert [one.path for one in await github.list_files(base.full_name)] == ["b"]
    newest = (await github.commits(base.full_name, limit=1))[0]
    assert (newest.message, newest.author) == ("Remove a", "alice")
    with pytest.raises(ServiceNotFound):
        await github.delete_file(base.full_name, "a", message="Again")


# Pull requests


async def test_a_pull_request_is_opened_once(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    await github.push(base.full_name, files({"a": "2"}), branch="feat/x", message="X", expected_head=None)
    asked = {"head": "feat/x", "base": "main", "title": "Two", "body": "Because."}
    made = await github.create_pull_request(base.full_name, **asked, draft=True)
    assert (made.head, made.base, made.title, made.state, made.draft) == (
        "feat/x",
        "main",
        "Two",
        "open",
        True,
    )
    assert not made.existed
    assert made.url.endswith(f"/{base.full_name}/pull/{made.number}")
    again = await github.create_pull_request(base.full_name, **asked)
    assert again.existed
    assert again.number == made.number
    assert len(github_double.front.asked("^POST .*/pulls")) == 1


async def test_a_pull_request_whose_answer_is_lost_is_opened_once(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    await github.push(base.full_name, files({"a": "2"}), branch="x", message="X", expected_head=None)
    github_double.front.inject(Fault("^POST .*/pulls", drop="after"))
    made = await github.create_pull_request(base.full_name, head="x", base="main", title="X", body="")
    assert made.state == "open"
    assert len(github_double.front.asked("^POST .*/pulls")) == 1


async def test_a_pull_request_that_somebody_opens_meanwhile_is_returned(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    await github.push(base.full_name, files({"a": "2"}), branch="x", message="X", expected_head=None)
    asked = {"head": "x", "base": "main", "title": "X", "body": ""}
    made = await github.create_pull_request(base.full_name, **asked)
    github_double.front.inject(Fault("^GET .*/pulls", status=200, body="[]"))
    again = await github.create_pull_request(base.full_name, **asked)
    assert (again.number, again.existed) == (made.number, True)


async def test_a_pull_request_needs_two_branches_that_differ(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    await github.create_branch(base.full_name, "same")
    with pytest.raises(ServiceInvalid, match="No commits between main and same"):
        await github.create_pull_request(base.full_name, head="same", base="main", title="X", body="")
    with pytest.raises(ServiceInvalid, match="invalid"):
        await github.create_pull_request(base.full_name, head="none", base="main", title="X", body="")


# Issues


async def test_issues_are_listed_without_pull_requests(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    for number in range(3):
        await asyncio.to_thread(
            github_double.post,
            f"/repos/{base.full_name}/issues",
            {"title": f"Issue {number}", "body": "Broken"},
        )
    await github.push(base.full_name, files({"a": "2"}), branch="x", message="X", expected_head=None)
    await github.create_pull_request(base.full_name, head="x", base="main", title="X", body="")
    found = await github.issues(base.full_name)
    assert {one.title for one in found} == {"Issue 0", "Issue 1", "Issue 2"}
    assert len(await github.issues(base.full_name, limit=2)) == 2
    assert await github.issues(base.full_name, "closed") == []
    one = await github.issue(base.full_name, found[0].number)
    assert (one.author, one.body, one.state) == ("alice", "Broken", "open")
    with pytest.raises(ServiceNotFound):
        await github.issue(base.full_name, 999)


async def test_no_way_there_is_said_within_the_limit():
    async with GitHubService(
        ALICE, api_url="http://127.0.0.1:9", url="http://127.0.0.1:9", pause_s=0, backoff_s=0.001
    ) as github:
        with pytest.raises(ServiceUnreachable, match="no way leads to GitHub") as raised:
            await github.whoami()
    assert not raised.value.maybe_done
