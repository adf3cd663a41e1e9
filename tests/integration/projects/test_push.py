"""A project is pushed to GitHub and offered there, by tasks: once, whatever happens meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from pydantic import SecretStr

from tests.services.fixtures_github import ALICE, READER
from tests.services.github_front import Fault
from vibe_jupyter.core.errors import Failed, VibeError
from vibe_jupyter.core.services.github.schemas import RepoSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.factories import PlatformFactory
    from tests.servers import JupyterServer
    from tests.services.fixtures_github import GitHubDouble
    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.core.projects.schemas import Project

pytestmark = pytest.mark.slow


@pytest.fixture
def vibe(
    make_platform: PlatformFactory, github_double: GitHubDouble, monkeypatch: pytest.MonkeyPatch
) -> VibeClient:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    made = make_platform.client(
        github_api_url=github_double.url, github_url=github_double.url, github_pause_s=0
    )
    made.secrets.set("GITHUB_TOKEN", value=SecretStr(ALICE))
    return made


@pytest.fixture
def project(vibe: VibeClient, github_double: GitHubDouble, tmp_path: Path) -> Project:
    name = github_double.new_name()
    folder = tmp_path / "work" / name
    (folder / "src").mkdir(parents=True)
    (folder / "README.md").write_text("# Shop\n")
    (folder / "src" / "app.py").write_text("print(1)\n")
    (folder / "logo.png").write_bytes(bytes(range(256)))
    (folder / ".gitignore").write_text("local/\n")
    (folder / "local").mkdir()
    (folder / "local" / "private.txt").write_text("stays here")
    return vibe.projects.adopt(path=str(folder))


def push(vibe: VibeClient, project: Project, **options: Any) -> Any:
    started = vibe.projects.push(project.id, **options)
    return vibe.tasks.get(started.task_id).wait().result


def failure(vibe: VibeClient, project: Project, **options: Any) -> VibeError:
    with pytest.raises(Failed) as caught:
        push(vibe, project, **options)
    return caught.value


def test_the_first_push_makes_a_private_repository_with_all_files_in_one_commit(
    vibe: VibeClient, project: Project, github_double: GitHubDouble
) -> None:
    done = push(vibe, project)
    assert (done.created, done.changed, done.files_changed) == (True, True, 4)
    assert done.full_name == f"alice/{project.name}"
    link = vibe.projects.get(project.id).github
    assert link is not None
    assert (link.full_name, link.branch, link.commit) == (done.full_name, done.branch, done.commit)
    assert link.pushed_at is not None
    again = push(vibe, project)
    assert (again.created, again.changed, again.commit) == (False, False, done.commit)


def test_a_change_is_one_commit_with_what_differs(vibe: VibeClient, project: Project) -> None:
    first = push(vibe, project)
    (Path(project.path) / "src" / "app.py").unlink()
    (Path(project.path) / "new.txt").write_text("new\n")
    second = push(vibe, project, commit_message="Another way")
    assert (second.files_changed, second.files_deleted) == (1, 1)
    assert second.commit != first.commit


async def _files(github: Any, full_name: str) -> set[str]:
    return {file.path for file in await github.list_files(full_name)}


@pytest.mark.asyncio
async def test_what_somebody_else_pushed_is_left_alone_unless_one_says_so(
    vibe: VibeClient, project: Project, github_double: GitHubDouble
) -> None:
    done = push(vibe, project)
    github_double.add_file(done.full_name, "theirs.txt", b"theirs\n")
    (Path(project.path) / "README.md").write_text("# Ours\n")
    error = failure(vibe, project)
    assert error.code == "github.conflict"
    assert "nothing was pushed" in error.message
    assert "--overwrite" in str(error.hint)
    async with github_double.service() as github:
        assert "theirs.txt" in await _files(github, done.full_name)
    assert push(vibe, project, overwrite=True).changed
    async with github_double.service() as github:
        assert "theirs.txt" not in await _files(github, done.full_name)


@pytest.mark.asyncio
async def test_a_repository_of_that_name_is_not_taken_for_ours_unless_it_is_named(
    vibe: VibeClient, project: Project, github_double: GitHubDouble
) -> None:
    async with github_double.service() as github:
        await github.create_repository(RepoSpec(name=project.name))
    error = failure(vibe, project)
    assert error.code == "project.repository_taken"
    assert f"--github alice/{project.name}" in str(error.hint)
    done = push(vibe, project, github=project.name)
    assert (done.created, done.changed) == (False, True)


def test_a_lost_answer_makes_nothing_twice(
    vibe: VibeClient, project: Project, github_double: GitHubDouble
) -> None:
    github_double.front.inject(Fault(r"POST /user/repos", drop="after"))
    done = push(vibe, project)
    assert done.changed
    made = [one for one in github_double.front.journal if one.line.startswith("POST /user/repos")]
    assert len(made) == 1


def test_a_token_in_a_file_is_not_pushed(vibe: VibeClient, project: Project) -> None:
    (Path(project.path) / "settings.py").write_text('TOKEN = "hf_' + "a" * 30 + '"\n')
    error = failure(vibe, project)
    assert error.code == "project.holds_secrets"
    assert "settings.py" in error.message
    assert vibe.projects.get(project.id).github is None
    assert push(vibe, project, allow_secrets=True).changed


def test_a_token_that_may_too_little_says_which_scope_is_missing(vibe: VibeClient, project: Project) -> None:
    vibe.secrets.set("GITHUB_TOKEN", value=SecretStr(READER))
    error = failure(vibe, project)
    assert error.code == "github.denied"
    assert "repo" in error.message


def test_without_a_token_it_says_how_to_give_one(vibe: VibeClient, project: Project) -> None:
    vibe.secrets.remove("GITHUB_TOKEN")
    error = failure(vibe, project)
    assert error.code == "secrets.missing"
    assert "secrets set GITHUB_TOKEN" in str(error.hint)


def test_a_branch_is_offered_as_a_pull_request_once(vibe: VibeClient, project: Project) -> None:
    push(vibe, project)
    (Path(project.path) / "README.md").write_text("# Better\n")
    done = push(vibe, project, branch="better")
    assert done.branch == "better"

    def offer() -> Any:
        started = vibe.projects.pull_request(project.id, title="A better README", description="It is better.")
        return vibe.tasks.get(started.task_id).wait().result

    first, second = offer(), offer()
    assert (first.head, first.base, first.existed) == ("better", "main", False)
    assert (second.number, second.existed) == (first.number, True)


def test_what_was_never_pushed_cannot_be_offered(vibe: VibeClient, project: Project) -> None:
    started = vibe.projects.pull_request(project.id, title="Too early")
    with pytest.raises(Failed) as caught:
        vibe.tasks.get(started.task_id).wait()
    assert caught.value.code == "project.not_pushed"


def test_a_push_whose_process_is_killed_goes_on_and_makes_nothing_twice(
    start_server: Callable[..., JupyterServer], github_double: GitHubDouble, tmp_path: Path
) -> None:
    """On a real server: the process that runs its tasks dies while GitHub makes the repository."""
    server = start_server(
        "push",
        env={
            "VIBE_GITHUB_API_URL": github_double.url,
            "VIBE_GITHUB_URL": github_double.url,
            "VIBE_GITHUB_PAUSE_S": "0",
        },
    )
    name = github_double.new_name()
    (server.root / name).mkdir()
    for number in range(30):
        (server.root / name / f"file-{number}.txt").write_text(f"{number}\n")
    going_on = threading.Event()
    github_double.front.inject(Fault(r"POST /repos/.*/git/trees", hold=going_on))
    with server.vibe() as vibe:
        vibe.secrets.set("GITHUB_TOKEN", value=SecretStr(ALICE))
        project = vibe.projects.adopt(path=name)
        handle = vibe.tasks.get(vibe.projects.push(project.id).task_id)
        assert github_double.front.began.wait(60)
        (process,) = _task_processes(server)
        process.kill()
        going_on.set()
        done = handle.wait().result
        assert done.changed
        assert vibe.projects.get(project.id).github.commit == done.commit
    assert len(github_double.front.asked(r"POST /user/repos")) == 1


def _task_processes(server: JupyterServer) -> list[psutil.Process]:
    children = psutil.Process(server.pid).children()
    return [child for child in children if "execution.child_main" in " ".join(child.cmdline())]
