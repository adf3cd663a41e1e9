"""A push makes a branch hold exactly the files of a snapshot, by one commit, and overwrites nothing unknown."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from tests.integration.services.pushes import files, pushed_repository
from tests.services.fixtures_github import BOB, READER, GitHubDouble
from tests.services.github_front import Fault
from vibe_jupyter.core.services.failures import (
    ServiceAuthFailed,
    ServiceConflict,
    ServiceDenied,
    ServiceInvalid,
    ServiceUnreachable,
)
from vibe_jupyter.core.services.github.schemas import PushProgress, RepoSpec
from vibe_jupyter.core.services.github.snapshot import FileContent

pytestmark = pytest.mark.asyncio

BINARY = bytes(range(256)) * 4


async def contents(github, full_name, ref="main"):
    """Return all files on a branch with their content."""
    listed = await github.list_files(full_name, ref)
    return {one.path: await github.read_file(full_name, one.path, ref) for one in listed}


async def test_a_thousand_files_make_one_commit(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"README.md": "# Demo\n"})
    many = {f"package_{number % 10}/module_{number}.py": f"N = {number}\n" for number in range(999)}
    pushed = await github.push(
        base.full_name, files({"README.md": "# Demo\n", **many}),
        branch="main", message="A thousand files", expected_head=base.commit,
    )  # fmt: skip
    assert pushed.changed
    assert pushed.files_changed == 999
    assert [commit.message for commit in await github.commits(base.full_name)] == [
        "A thousand files",
        "First",
    ]
    assert len(await github.list_files(base.full_name)) == 1000
    assert len(github_double.front.asked("^POST .*/git/commits")) == 1
    assert github_double.front.asked("/git/blobs") == []


async def test_an_empty_repository_gets_one_commit_too(github_double: GitHubDouble):
    github = github_double.service()
    made = await github.create_repository(RepoSpec(name=github_double.new_name()))
    assert made.empty
    many = {f"folder/{number}.txt": f"{number}" for number in range(1000)}
    pushed = await github.push(made.full_name, files(many), branch="main", message="All", expected_head=None)
    (only,) = await github.commits(made.full_name)
    assert (only.sha, only.message) == (pushed.commit, "All")
    assert pushed.files_changed == 1000
    assert len(await github.list_files(made.full_name)) == 1000
    assert not (await github.repository(made.full_name)).empty


async def test_where_commits_may_not_be_replaced_the_first_ones_follow_each_other(
    github_double: GitHubDouble,
):
    github = github_double.service()
    made = await github.create_repository(RepoSpec(name=github_double.new_name()))
    rule = {"message": "Repository rule violations found\n\nCannot force-push to this branch"}
    github_double.front.inject(Fault("^PATCH .*/git/refs/heads/main", status=422, body=rule))
    pushed = await github.push(
        made.full_name, files({"a": "1", "b": "2"}), branch="main", message="All", expected_head=None
    )
    commits = await github.commits(made.full_name)
    assert [commit.sha for commit in commits] == [pushed.commit, pushed.base]
    assert await contents(github, made.full_name) == {"a": b"1", "b": b"2"}


async def test_another_branch_of_an_empty_repository_follows_on_the_default_one(github_double: GitHubDouble):
    github = github_double.service()
    made = await github.create_repository(RepoSpec(name=github_double.new_name()))
    await github.push(
        made.full_name, files({"a": "1", "b": "2"}), branch="feat/x", message="All", expected_head=None
    )
    request = await github.create_pull_request(
        made.full_name, head="feat/x", base="main", title="All", body=""
    )
    assert (request.head, request.base) == ("feat/x", "main")


async def test_only_what_differs_is_sent(github_double: GitHubDouble):
    github = github_double.service()
    before = {
        "keep.py": "same\n",
        "change.py": "old\n",
        "gone.py": "x\n",
        "image.png": BINARY,
        "moved.txt": "long\n",
    }
    base = await pushed_repository(github, github_double, before)
    after = {"keep.py": "same\n", "change.py": "new\n", "copy/image.png": BINARY, "elsewhere.txt": "long\n"}
    pushed = await github.push(
        base.full_name, files(after), branch="main", message="Change", expected_head=base.commit
    )
    (tree,) = github_double.front.bodies("^POST .*/git/trees")
    sent = {line["path"]: line.get("content") for line in tree["tree"]}
    assert sent == {
        "change.py": "new\n", "gone.py": None, "image.png": None, "moved.txt": None,
        "copy/image.png": None, "elsewhere.txt": None,
    }  # fmt: skip
    assert pushed.bytes_sent == len("new\n")
    assert (pushed.files_changed, pushed.files_deleted) == (3, 3)
    assert github_double.front.asked("/git/blobs") == []
    assert await contents(github, base.full_name) == {
        path: text if isinstance(text, bytes) else text.encode() for path, text in after.items()
    }


async def test_equal_contents_are_sent_once(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    await github.push(
        base.full_name, files({"one.bin": BINARY, "two.bin": BINARY, "a/__init__.py": "", "b/__init__.py": ""}),
        branch="main", message="Twins", expected_head=base.commit,
    )  # fmt: skip
    assert len(github_double.front.asked("/git/blobs")) == 2


async def test_a_tree_that_github_does_not_list_in_whole_is_read_folder_by_folder(
    github_double: GitHubDouble,
):
    github = github_double.service()
    texts = {"a": "1", "x/b": "2", "x/y/c": "3", "z/d": "4"}
    base = await pushed_repository(github, github_double, texts)
    cut = {"sha": "0" * 40, "tree": [], "truncated": True}
    github_double.front.inject(Fault("/git/trees/.*recursive", status=200, body=cut, times=2))
    assert [one.path for one in await github.list_files(base.full_name)] == sorted(texts)
    github_double.front.inject(Fault("/git/trees/.*recursive", status=200, body=cut))
    again = await github.push(
        base.full_name, files(texts), branch="main", message="Again", expected_head=base.commit
    )
    assert not again.changed


async def test_a_push_without_a_change_makes_no_commit(github_double: GitHubDouble):
    github = github_double.service()
    texts = {"a.py": "1\n", "b.bin": BINARY}
    base = await pushed_repository(github, github_double, texts)
    for expected_head in (base.commit, None, "0" * 40):
        again = await github.push(
            base.full_name, files(texts), branch="main", message="Again", expected_head=expected_head
        )
        assert not again.changed
        assert again.commit == base.commit
    assert github_double.front.asked("^(POST|PUT|PATCH|DELETE)") == []


@pytest.mark.parametrize(
    "texts",
    [
        {"empty.txt": ""},
        {"binary": BINARY},
        {"nul.txt": "a\0b"},
        {"latin-1.txt": "caf\xe9".encode("latin-1")},
        {"über/naïve name.txt": "日本語 \U0001f600\r\n\u2028\n"},
        {"large.txt": "x" * 400_000},
        {"a b%20c#d?.txt": "odd name"},
    ],
    ids=lambda texts: next(iter(texts)),
)
async def test_every_byte_arrives(github_double: GitHubDouble, texts):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"other": "1"})
    await github.push(base.full_name, files(texts), branch="main", message="Bytes", expected_head=base.commit)
    expected = {path: text if isinstance(text, bytes) else text.encode() for path, text in texts.items()}
    assert await contents(github, base.full_name) == expected


async def test_a_tree_that_is_too_large_for_one_request_is_stored_in_several(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"old": "1", "stays": "2"})
    many = {"stays": "2", **{f"{number:04}.txt": f"{number}" for number in range(1500)}}
    await github.push(base.full_name, files(many), branch="main", message="Many", expected_head=base.commit)
    first, second = github_double.front.bodies("^POST .*/git/trees")
    assert len(first["tree"]) == 1000
    assert len(second["tree"]) == 501
    assert len(await github.list_files(base.full_name)) == 1501
    assert len(await github.commits(base.full_name)) == 2


async def test_a_file_becomes_a_folder_and_a_folder_a_file(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "file", "b/c": "deep", "d": "stays"})
    after = {"a/x": "deep now", "b": "file now", "d": "stays"}
    await github.push(base.full_name, files(after), branch="main", message="Turn", expected_head=base.commit)
    assert await contents(github, base.full_name) == {path: text.encode() for path, text in after.items()}


async def test_files_that_may_be_run_and_links_stay_so(github_double: GitHubDouble, tmp_path: Path):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"run.sh": "#!/bin/sh\n"})
    (tmp_path / "link").symlink_to("run.sh")
    snapshot = {
        **files({"run.sh": "#!/bin/sh\n"}, executable=frozenset({"run.sh"})),
        "link": FileContent(tmp_path / "link", link=True),
    }
    await github.push(base.full_name, snapshot, branch="main", message="Run", expected_head=base.commit)
    kinds = {one.path: one.kind for one in await github.list_files(base.full_name)}
    assert kinds == {"run.sh": "executable", "link": "link"}


async def test_a_new_branch_follows_on_the_default_one(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1", "b": "2"})
    pushed = await github.push(
        base.full_name, files({"a": "3"}), branch="feat/deep/er", message="New", expected_head=None
    )
    assert pushed.base == base.commit
    assert await contents(github, base.full_name, "feat/deep/er") == {"a": b"3"}
    assert await contents(github, base.full_name) == {"a": b"1", "b": b"2"}


async def test_a_new_branch_without_a_change_is_made_all_the_same(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    pushed = await github.push(
        base.full_name, files({"a": "1"}), branch="copy", message="New", expected_head=None
    )
    assert pushed.commit == base.commit
    assert {one.name: one.sha for one in await github.branches(base.full_name)} == {
        "main": base.commit, "copy": base.commit,
    }  # fmt: skip


# Conflicts


async def test_what_somebody_else_pushed_is_not_overwritten(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1", "b": "1", "c": "1"})
    theirs = await github.push(
        base.full_name, files({"a": "theirs", "c": "1", "d": "new"}),
        branch="main", message="Theirs", expected_head=base.commit,
    )  # fmt: skip
    github_double.front.reset()
    with pytest.raises(ServiceConflict) as raised:
        await github.push(
            base.full_name, files({"a": "ours", "b": "1", "c": "1"}),
            branch="main", message="Ours", expected_head=base.commit,
        )  # fmt: skip
    error = raised.value
    assert error.data is not None
    assert (error.data["head"], error.data["base"]) == (theirs.commit, base.commit)
    assert error.data["paths"] == ["a", "b", "d"]
    assert error.hint is not None
    assert "another branch" in error.hint
    assert github_double.front.asked("^(POST|PUT|PATCH|DELETE)") == []
    assert await contents(github, base.full_name) == {"a": b"theirs", "c": b"1", "d": b"new"}


async def test_said_explicitly_our_files_follow_on_theirs(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    theirs = await github.push(
        base.full_name, files({"a": "theirs"}), branch="main", message="Theirs", expected_head=base.commit
    )
    ours = await github.push(
        base.full_name, files({"a": "ours"}), branch="main", message="Ours", expected_head=theirs.commit
    )
    assert [commit.sha for commit in await github.commits(base.full_name)] == [
        ours.commit, theirs.commit, base.commit,
    ]  # fmt: skip


async def test_a_branch_that_is_not_expected_may_only_be_added_to(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"README.md": "made on GitHub"})
    for ours in ({"README.md": "ours"}, {"main.py": "ours"}):
        with pytest.raises(ServiceConflict, match="other files") as raised:
            await github.push(base.full_name, files(ours), branch="main", message="Ours", expected_head=None)
        assert raised.value.data is not None
        assert raised.value.data["paths"] == ["README.md"]
    both = {"README.md": "made on GitHub", "main.py": "ours"}
    pushed = await github.push(base.full_name, files(both), branch="main", message="More", expected_head=None)
    assert pushed.base == base.commit


async def test_somebody_who_pushes_in_the_middle_of_ours_wins(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    release = threading.Event()
    github_double.front.inject(Fault("^POST .*/git/commits", hold=release))
    ours = asyncio.create_task(
        github.push(
            base.full_name, files({"a": "ours"}), branch="main", message="Ours", expected_head=base.commit
        )
    )
    await asyncio.to_thread(github_double.front.began.wait, 10)
    commit = await asyncio.to_thread(github_double.add_file, base.full_name, "theirs", b"1")
    release.set()
    with pytest.raises(ServiceConflict, match="meanwhile") as raised:
        await ours
    assert raised.value.data is not None
    assert raised.value.data["head"] == commit
    assert raised.value.data["paths"] == ["theirs"]
    assert await contents(github, base.full_name) == {"a": b"1", "theirs": b"1"}


async def test_somebody_who_pushes_into_the_same_empty_repository_loses_nothing(github_double: GitHubDouble):
    github = github_double.service()
    made = await github.create_repository(RepoSpec(name=github_double.new_name()))
    release = threading.Event()
    github_double.front.inject(Fault("^POST .*/git/commits", hold=release))
    ours = asyncio.create_task(
        github.push(
            made.full_name, files({"a": "1", "b": "2"}), branch="main", message="Ours", expected_head=None
        )
    )
    await asyncio.to_thread(github_double.front.began.wait, 10)
    await asyncio.to_thread(github_double.add_file, made.full_name, "theirs", b"1")
    release.set()
    with pytest.raises(ServiceConflict, match="meanwhile"):
        await ours
    assert (await contents(github, made.full_name))["theirs"] == b"1"


async def test_somebody_who_fills_an_empty_repository_first_loses_nothing(github_double: GitHubDouble):
    github = github_double.service()
    made = await github.create_repository(RepoSpec(name=github_double.new_name()))
    release = threading.Event()
    github_double.front.inject(Fault("^PUT .*/contents", hold=release, drop="before"))
    texts = {"a": "1", "b": "2", "c": "3"}
    asked = {"branch": "main", "message": "Ours", "expected_head": None}
    ours = asyncio.create_task(github.push(made.full_name, files(texts), **asked))
    await asyncio.to_thread(github_double.front.began.wait, 10)
    for path in ("a", "b"):
        await asyncio.to_thread(github_double.add_file, made.full_name, path, texts[path].encode())
    release.set()
    with pytest.raises(ServiceConflict, match="pushed first"):
        await ours
    await github.push(made.full_name, files(texts), **asked)  # theirs are among ours
    assert [commit.message for commit in await github.commits(made.full_name)] == ["Ours", "Add b", "Add a"]


async def test_a_branch_that_has_gone_is_said_to_have_gone(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    side = await github.push(
        base.full_name, files({"a": "2"}), branch="side", message="Side", expected_head=None
    )
    await github.delete_branch(base.full_name, "side")
    with pytest.raises(ServiceConflict, match="gone") as raised:
        await github.push(
            base.full_name, files({"a": "3"}), branch="side", message="More", expected_head=side.commit
        )
    assert raised.value.data is not None
    assert "head" not in raised.value.data


async def test_a_protected_branch_is_named_so_and_left_alone(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    said = {"message": "Changes must be made through a pull request."}
    github_double.front.inject(Fault("^PATCH .*/git/refs/heads/main", status=422, body=said))
    with pytest.raises(ServiceDenied, match="protected") as raised:
        await github.push(
            base.full_name, files({"a": "2"}), branch="main", message="More", expected_head=base.commit
        )
    assert raised.value.hint is not None
    assert "pull request" in raised.value.hint
    assert await contents(github, base.full_name) == {"a": b"1"}


# Who may


async def test_somebody_elses_repository_is_not_pushed_to(github_double: GitHubDouble):
    alice, bob = github_double.service(), github_double.service(BOB)
    base = await pushed_repository(alice, github_double, {"a": "1"}, private=False)
    with pytest.raises(ServiceDenied, match="not yours"):
        await bob.push(
            base.full_name, files({"a": "2"}), branch="main", message="Mine", expected_head=base.commit
        )


async def test_the_scope_that_a_workflow_needs_is_asked_for_before_anything_is_sent(
    github_double: GitHubDouble,
):
    bob = github_double.service(BOB)
    base = await pushed_repository(bob, github_double, {"a": "1"})
    workflow = {"a": "1", ".github/workflows/test.yml": "on: push\n"}
    with pytest.raises(ServiceDenied, match="scope workflow") as raised:
        await bob.push(
            base.full_name, files(workflow), branch="main", message="CI", expected_head=base.commit
        )
    assert raised.value.data is not None
    assert raised.value.data["missing_scopes"] == ["workflow"]
    assert github_double.front.asked("^(POST|PUT|PATCH)") == []
    empty = await bob.create_repository(RepoSpec(name=github_double.new_name()))
    with pytest.raises(ServiceDenied, match="scope workflow"):
        await bob.push(empty.full_name, files(workflow), branch="main", message="CI", expected_head=None)
    assert (await bob.repository(empty.full_name)).empty


async def test_a_token_that_may_only_read_is_told_the_scope_that_it_lacks(github_double: GitHubDouble):
    base = await pushed_repository(github_double.service(), github_double, {"a": "1"})
    with pytest.raises(ServiceDenied, match="public_repo or repo") as raised:
        await github_double.service(READER).push(
            base.full_name, files({"a": "2"}), branch="main", message="More", expected_head=base.commit
        )
    assert raised.value.data is not None
    assert raised.value.data["missing_scopes"] == ["public_repo", "repo"]
    assert raised.value.data["scopes"] == ["read:user"]


async def test_nobody_pushes_without_a_token(github_double: GitHubDouble):
    base = await pushed_repository(github_double.service(), github_double, {"a": "1"}, private=False)
    with pytest.raises((ServiceAuthFailed, ServiceDenied)):
        await github_double.service(None).push(
            base.full_name, files({"a": "2"}), branch="main", message="More", expected_head=base.commit
        )


# What GitHub does not take


async def test_a_file_that_is_too_large_is_named_before_anything_is_sent(
    github_double: GitHubDouble, tmp_path: Path
):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    large = tmp_path / "model.bin"
    with large.open("wb") as file:
        os.truncate(file.fileno(), 101 * 2**20)
    with pytest.raises(ServiceInvalid, match=r"data/model\.bin \(101 MB\)"):
        await github.push(
            base.full_name, {"a": FileContent(lambda: b"1"), "data/model.bin": FileContent(large)},
            branch="main", message="Large", expected_head=base.commit,
        )  # fmt: skip
    assert github_double.front.asked("^(POST|PUT|PATCH|DELETE)") == []


@pytest.mark.parametrize(
    "branch", ["", "a..b", "-x", "a b", "x.lock", "refs/heads/x", "a//b", "a\\b", "../x"]
)
async def test_an_impossible_branch_never_becomes_a_url(github_double: GitHubDouble, branch):
    with pytest.raises(ServiceInvalid, match="no name of a branch"):
        await github_double.service().push(
            "alice/seeded", files({"a": "1"}), branch=branch, message="m", expected_head=None
        )
    assert github_double.front.asked() == []


# Losses on the way


async def test_a_push_whose_every_answer_is_lost_once_makes_one_commit(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1", "b.bin": b"\0"})
    for what in ("/git/blobs", "/git/trees", "/git/commits", "/git/refs/heads"):
        github_double.front.inject(Fault(f"^(POST|PATCH) .*{what}", drop="after"))
    pushed = await github.push(
        base.full_name, files({"a": "2", "b.bin": BINARY}),
        branch="main", message="Through", expected_head=base.commit,
    )  # fmt: skip
    assert [commit.sha for commit in await github.commits(base.full_name)] == [pushed.commit, base.commit]


async def test_an_empty_repository_whose_answers_are_lost_gets_its_files_once(github_double: GitHubDouble):
    github = github_double.service()
    made = await github.create_repository(RepoSpec(name=github_double.new_name()))
    github_double.front.inject(
        Fault("^PUT .*/contents", drop="after"), Fault("^PATCH .*/git/refs", drop="after")
    )
    pushed = await github.push(
        made.full_name, files({"a": "1", "b": "2"}), branch="main", message="All", expected_head=None
    )
    assert [commit.sha for commit in await github.commits(made.full_name)] == [pushed.commit]


async def test_a_new_branch_whose_answer_is_lost_is_there_once(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    github_double.front.inject(Fault("^POST .*/git/refs$", drop="after"))
    pushed = await github.push(
        base.full_name, files({"a": "2"}), branch="side", message="Side", expected_head=None
    )
    assert len(github_double.front.asked("^POST .*/git/refs$")) == 1
    assert pushed.commit in {one.sha for one in await github.branches(base.full_name)}


async def test_a_push_that_broke_off_anywhere_is_finished_by_the_next_one(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    texts = {"a": "2", "b.bin": BINARY}
    steps = ("/git/ref/heads", "/git/blobs", "/git/trees", "/git/commits", "/git/refs/heads")
    for step in steps:
        github_double.front.reset()
        github_double.front.inject(Fault(step, drop="before", times=99))
        with pytest.raises(ServiceUnreachable):
            await github.push(
                base.full_name, files(texts), branch="main", message="More", expected_head=base.commit
            )
    github_double.front.reset()
    await github.push(base.full_name, files(texts), branch="main", message="More", expected_head=base.commit)
    assert len(await github.commits(base.full_name)) == 2


async def test_a_file_that_changes_while_it_is_pushed_stops_the_push(
    github_double: GitHubDouble, tmp_path: Path
):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    versions = iter([b"one", b"two"])
    with pytest.raises(ServiceConflict, match=r"a changed while"):
        await github.push(
            base.full_name, {"a": FileContent(lambda: next(versions))},
            branch="main", message="More", expected_head=base.commit,
        )  # fmt: skip
    assert await contents(github, base.full_name) == {"a": b"1"}


async def test_progress_is_told_up_to_the_end(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    told: list[PushProgress] = []
    await github.push(
        base.full_name, files({"a": "2", "b": "3"}),
        branch="main", message="More", expected_head=base.commit, on_progress=told.append,
    )  # fmt: skip
    assert [one.step for one in told] == ["compare", "files", "files", "files", "commit", "done"]
    assert (told[3].done, told[3].total) == (2, 2)
