"""Clones by the git command from a real git server: the token stays secret, nothing is run, nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.services.git_http import GitServer, git, new_repository
from vibe_jupyter.core.errors import Conflict, Forbidden, InvalidInput
from vibe_jupyter.core.services.failures import (
    ExternalError,
    ServiceAuthFailed,
    ServiceDenied,
    ServiceInvalid,
    ServiceNotFound,
    ServiceRateLimited,
    ServiceTimeout,
    ServiceUnavailable,
    ServiceUnreachable,
)
from vibe_jupyter.core.services.git import Cloned, CloneProgress, clone

pytestmark = pytest.mark.asyncio

TOKEN = "ghp_canaryOfTheClone000000000000000000001"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    """Return a git server with a repository of three commits and an empty one, for those with the token."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    root = tmp_path / "served"
    new_repository(root, "alice/demo", [{"a": "1"}, {"a": "2", "deep/b": "x"}, {"a": "3"}])
    new_repository(root, "alice/empty", [])
    with GitServer(root, [TOKEN]).running() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder whose parent holds nothing else."""
    (tmp_path / "projects").mkdir()
    return tmp_path / "projects" / "demo"


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir())


def gits() -> list[psutil.Process]:
    """Return git's processes below this one, but for those of the server."""
    below = alive(psutil.Process().children(recursive=True), patience_s=0)
    return [one for one in below if "git" in one.cmdline()[0] and "http-backend" not in one.cmdline()]


def alive(processes: list[psutil.Process], patience_s: float = 5) -> list[psutil.Process]:
    """Return those that do not end within some seconds; a zombie has ended."""
    _, living = psutil.wait_procs(processes, timeout=patience_s)
    return [one for one in living if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def make(folder: Path) -> None:
    folder.mkdir()


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_a_repository_is_cloned_with_its_history(server: GitServer, folder: Path):
    told: list[CloneProgress] = []
    cloned = await clone(
        f"{server.url}/alice/demo.git", folder, token=TOKEN, allow_private=True, on_progress=told.append
    )
    assert cloned == Cloned(git("rev-parse", "HEAD", folder=folder), "main")
    assert (folder / "a").read_text() == "3"
    assert (folder / "deep" / "b").read_text() == "x"
    assert git("rev-list", "--count", "HEAD", folder=folder) == "3"
    assert git("status", "--porcelain", folder=folder) == ""
    assert told[-1].percent == 100
    assert "Receiving objects" in {one.step for one in told}
    assert left_in(folder) == ["demo"]


async def test_only_the_last_commits_and_one_branch_are_taken_if_one_says_so(server: GitServer, folder: Path):
    work = server.root / "alice-demo-work"
    git("push", "-q", str(server.root / "alice" / "demo.git"), "HEAD~1:refs/heads/old", folder=work)
    url = f"{server.url}/alice/demo.git"
    cloned = await clone(url, folder, token=TOKEN, depth=1, branch="old", allow_private=True)
    assert cloned.branch == "old"
    assert (folder / "a").read_text() == "2"
    assert git("rev-list", "--count", "--all", folder=folder) == "1"


async def test_an_empty_repository_is_cloned_too(server: GitServer, folder: Path):
    cloned = await clone(f"{server.url}/alice/empty.git", folder, token=TOKEN, allow_private=True)
    assert cloned == Cloned(None, "main")
    assert (folder / ".git").is_dir()


async def test_an_empty_folder_is_taken_and_a_full_one_left_alone(server: GitServer, folder: Path):
    url = f"{server.url}/alice/demo.git"
    make(folder)
    await clone(url, folder, token=TOKEN, allow_private=True)
    with pytest.raises(Conflict, match="not empty"):
        await clone(url, folder, token=TOKEN, allow_private=True)
    assert left_in(folder) == ["demo"]


async def test_a_file_url_is_cloned_only_where_it_is_allowed(server: GitServer, folder: Path):
    url = (server.root / "alice" / "demo.git").as_uri()
    with pytest.raises(InvalidInput, match="no URL of a server"):
        await clone(url, folder, allow_private=True)
    assert (await clone(url, folder, allow_file=True)).branch == "main"


# The token


async def test_the_token_is_in_no_argument_file_log_or_error(server: GitServer, folder: Path, caplog):
    caplog.set_level("DEBUG")
    server.hold.clear()
    task = asyncio.create_task(clone(f"{server.url}/alice/demo.git", folder, token=TOKEN, allow_private=True))
    await asyncio.to_thread(server.held.wait, 20)
    ours = psutil.Process().children(recursive=True)
    arguments = [word for process in ours for word in process.cmdline()]
    server.hold.set()
    await task
    assert "clone" in arguments
    assert [word for word in arguments if TOKEN in word or "Authorization" in word] == []
    assert [data for data in contents(folder) if TOKEN.encode() in data or b"extraHeader" in data] == []
    assert git("config", "remote.origin.url", folder=folder) == f"{server.url}/alice/demo.git"
    with pytest.raises(ExternalError) as raised:
        await clone(f"{server.url}/alice/none.git", folder.parent / "none", token=TOKEN, allow_private=True)
    assert TOKEN not in f"{raised.value!r} {raised.value.problem()} {caplog.text} {server.lines}"


async def test_git_gets_the_token_for_one_host_and_nothing_else_of_our_environment(
    folder: Path, tmp_path: Path, monkeypatch
):
    seen = tmp_path / "seen"
    program = tmp_path / "bin" / "git"
    make(program.parent)
    program.write_text(f"#!/bin/sh\n/usr/bin/env > {seen}\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    for name in (
        "VIBE_SECRET_KEY",
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "GIT_SSH_COMMAND",
        "LD_PRELOAD_OF_MINE",
    ):
        monkeypatch.setenv(name, "canary-of-the-environment")
    with pytest.raises(ExternalError):
        await clone("http://127.0.0.1:9/alice/demo.git", folder, token=TOKEN, allow_private=True)
    given = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
    config = {
        given[f"GIT_CONFIG_KEY_{number}"]: given[f"GIT_CONFIG_VALUE_{number}"]
        for number in range(int(given["GIT_CONFIG_COUNT"]))
    }
    headers = [name for name, value in config.items() if value.startswith("Authorization")]
    assert headers == ["http.http://127.0.0.1:9/.extraHeader"]
    assert config["http.curloptResolve"] == "127.0.0.1:9:127.0.0.1"
    assert "canary-of-the-environment" not in given.values()


async def test_a_token_goes_over_https_or_to_this_machine_only(folder: Path):
    with pytest.raises(InvalidInput, match="https only"):
        await clone("http://8.8.8.8/alice/demo.git", folder, token=TOKEN)


async def test_passwords_of_whoever_runs_the_server_are_not_sent(
    server: GitServer, folder: Path, tmp_path: Path, monkeypatch
):
    home = tmp_path / "home"
    home.mkdir()
    host = server.url.removeprefix("http://").partition(":")[0]
    (home / ".netrc").write_text(f"machine {host} login x password {TOKEN}\n")
    (home / ".netrc").chmod(0o600)
    (home / ".git-credentials").write_text(f"http://x:{TOKEN}@{server.url.removeprefix('http://')}\n")
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_ASKPASS", "/bin/echo")
    with pytest.raises(ServiceAuthFailed):
        await clone(f"{server.url}/alice/demo.git", folder, allow_private=True)


# What is not run, and where nothing leads


async def test_no_hook_template_or_setting_of_this_machine_is_used(
    server: GitServer, folder: Path, tmp_path: Path, monkeypatch
):
    proof, template = tmp_path / "ran", tmp_path / "template"
    (template / "hooks").mkdir(parents=True)
    (template / "hooks" / "post-checkout").write_text(f"#!/bin/sh\ntouch {proof}\n")
    (template / "hooks" / "post-checkout").chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(template))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor=touch {proof}'")
    await clone(f"{server.url}/alice/demo.git", folder, token=TOKEN, allow_private=True)
    assert not proof.exists()
    assert not (folder / ".git" / "hooks").exists()


async def test_submodules_are_not_fetched(server: GitServer, folder: Path, tmp_path: Path):
    work = tmp_path / "with-module"
    git("clone", "-q", str(server.root / "alice" / "demo.git"), str(work), folder=tmp_path)
    (work / ".gitmodules").write_text(
        f'[submodule "m"]\n\tpath = m\n\turl = {server.url}/alice/secret.git\n\tupdate = !touch pwned\n'
    )
    head = git("rev-parse", "HEAD", folder=work)
    git("update-index", "--add", "--cacheinfo", f"160000,{head},m", folder=work)
    git("add", ".gitmodules", folder=work)
    git("commit", "-q", "-m", "Module", folder=work)
    git("push", "-q", "origin", "main", folder=work)
    await clone(f"{server.url}/alice/demo.git", folder, token=TOKEN, allow_private=True)
    assert list((folder / "m").iterdir()) == []
    assert [line for line in server.lines if "secret" in line] == []


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% pwned", "ssh://-oProxyCommand=touch/x", "git@github.com:alice/demo.git", "file:///etc",
        "/etc", "--upload-pack=touch pwned", "ftp://example.com/x.git", "", "http://", "https://exa mple.com/x",
        "https://example.com/\n-x",
    ],
)  # fmt: skip
async def test_only_http_urls_are_cloned(folder: Path, url: str):
    with pytest.raises(InvalidInput):
        await clone(url, folder)
    assert left_in(folder) == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://localhost/x", "http://10.0.0.1/x", "http://[::1]/x"]
)
async def test_addresses_of_this_network_are_not_asked(folder: Path, url: str):
    with pytest.raises(Forbidden, match="address"):
        await clone(url, folder)


async def test_a_url_holds_no_password(folder: Path):
    with pytest.raises(InvalidInput, match="password") as raised:
        await clone(f"https://alice:{TOKEN}@github.com/alice/demo.git", folder)
    assert TOKEN not in str(raised.value.problem())


@pytest.mark.parametrize("branch", ["--upload-pack=x", "-b", "a b", "a..b\n", "x~1", ""])
async def test_a_branch_is_no_option(server: GitServer, folder: Path, branch: str):
    with pytest.raises((InvalidInput, ServiceNotFound)):
        await clone(f"{server.url}/alice/demo.git", folder, branch=branch, token=TOKEN, allow_private=True)


# Failures leave nothing behind


async def test_a_repository_that_is_not_shown_says_what_to_do(server: GitServer, folder: Path):
    for token, words in ((None, "private, or there is none"), ("ghp_wrong", "not accepted")):
        with pytest.raises(ServiceAuthFailed, match=words) as raised:
            await clone(f"{server.url}/alice/demo.git", folder, token=token, allow_private=True)
        assert raised.value.code == "git.auth"
    assert left_in(folder) == []


async def test_what_is_not_there_is_not_found(server: GitServer, folder: Path):
    with pytest.raises(ServiceNotFound):
        await clone(f"{server.url}/alice/none.git", folder / "deep" / "er", token=TOKEN, allow_private=True)
    with pytest.raises(ServiceNotFound, match="no-such"):
        await clone(f"{server.url}/alice/demo.git", folder, token=TOKEN, branch="no-such", allow_private=True)
    assert left_in(folder) == []


async def test_a_redirect_is_not_followed(server: GitServer, folder: Path):
    server.moved["/alice/old.git/info/refs"] = "http://169.254.169.254/latest/info/refs"
    with pytest.raises(ServiceNotFound, match="301") as raised:
        await clone(f"{server.url}/alice/old.git", folder, token=TOKEN, allow_private=True)
    assert raised.value.hint == "it has moved: use the address that it has today"
    assert left_in(folder) == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, ServiceDenied), (404, ServiceNotFound), (429, ServiceRateLimited), (503, ServiceUnavailable)],
)
async def test_what_a_server_answers_is_translated(server: GitServer, folder: Path, status: int, kind: type):
    server.refusals["/alice/demo.git/info/refs"] = status
    with pytest.raises(kind) as raised:
        await clone(f"{server.url}/alice/demo.git", folder, token=TOKEN, allow_private=True)
    assert type(raised.value) is kind


async def test_a_connection_that_breaks_in_the_middle_is_unreachable(server: GitServer, folder: Path):
    server.breaks = True
    with pytest.raises(ServiceUnreachable):
        await clone(f"{server.url}/alice/demo.git", folder, token=TOKEN, allow_private=True)
    assert left_in(folder) == []


async def test_no_network_is_said(folder: Path):
    with pytest.raises(ServiceUnreachable, match="connect"):
        await clone("http://127.0.0.1:9/alice/demo.git", folder, allow_private=True)
    with pytest.raises(ServiceUnreachable, match="no host"):
        await clone("https://no-such-host.invalid/alice/demo.git", folder)
    assert left_in(folder) == []


async def test_without_git_one_is_told_to_install_it(
    server: GitServer, folder: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceUnavailable, match="not installed"):
        await clone(f"{server.url}/alice/demo.git", folder, token=TOKEN, allow_private=True)
    assert left_in(folder) == []


async def test_what_takes_too_long_is_ended(server: GitServer, folder: Path):
    server.hold.clear()
    with pytest.raises(ServiceTimeout, match="more than 1 s"):
        await clone(f"{server.url}/alice/demo.git", folder, token=TOKEN, allow_private=True, timeout_s=1)
    assert left_in(folder) == []
    assert gits() == []


async def test_cancelling_ends_git_and_all_that_it_has_started(server: GitServer, folder: Path):
    server.hold.clear()
    task = asyncio.create_task(clone(f"{server.url}/alice/demo.git", folder, token=TOKEN, allow_private=True))
    await asyncio.to_thread(server.held.wait, 20)
    running = gits()
    assert {Path(process.cmdline()[0]).name for process in running} >= {"git", "git-remote-http"}
    task.cancel()
    await asyncio.wait({task}, timeout=10)  # far from the time for which the server would hold it
    assert task.cancelled()
    assert left_in(folder) == []
    assert alive(running) == []


async def test_a_git_that_is_killed_is_a_failure(server: GitServer, folder: Path):
    server.hold.clear()
    task = asyncio.create_task(clone(f"{server.url}/alice/demo.git", folder, token=TOKEN, allow_private=True))
    await asyncio.to_thread(server.held.wait, 20)
    for process in gits():
        process.kill()
    with pytest.raises(ExternalError):
        await task
    assert left_in(folder) == []


async def test_files_that_cannot_lie_here_are_a_failure_too(server: GitServer, folder: Path, tmp_path: Path):
    work = tmp_path / "odd"
    git("clone", "-q", str(server.root / "alice" / "demo.git"), str(work), folder=tmp_path)
    blob = git("hash-object", "-w", "a", folder=work)
    evil = tmp_path / "tree"
    evil.write_bytes(b"100644 GIT~1\0" + bytes.fromhex(blob))
    tree = git("hash-object", "-t", "tree", "-w", "--literally", str(evil), folder=work)
    commit = git("commit-tree", "-m", "Evil", tree, folder=work)
    git("push", "-q", "origin", f"{commit}:refs/heads/evil", folder=work)
    with pytest.raises(ServiceInvalid):
        await clone(f"{server.url}/alice/demo.git", folder, token=TOKEN, branch="evil", allow_private=True)
    assert left_in(folder) == []
