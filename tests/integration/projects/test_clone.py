"""A git repository becomes a project: cloned by a task, once, and of a failure nothing is left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from tests.services.git_http import GitServer, new_repository
from vibe_jupyter.core.errors import Failed, VibeError
from vibe_jupyter.core.projects import cloning
from vibe_jupyter.core.projects.cloning import CloneInput, clone_project
from vibe_jupyter.core.projects.store import ProjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.factories import PlatformFactory
    from vibe_jupyter.client.api import VibeClient

pytestmark = pytest.mark.slow
TOKEN = "ghp_canaryOfTheClone000000000000000000002"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    root = tmp_path / "served"
    new_repository(root, "alice/shop", [{"README.md": "# Shop\n", "src/app.py": "print(1)\n"}])
    new_repository(root, "alice/empty", [])
    with GitServer(root, [TOKEN]).running() as running:
        yield running


@pytest.fixture
def vibe(make_platform: PlatformFactory, server: GitServer, monkeypatch: pytest.MonkeyPatch) -> VibeClient:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    made = make_platform.client(github_url=server.url)
    made.secrets.set("GITHUB_TOKEN", value=SecretStr(TOKEN))
    return made


def clone(vibe: VibeClient, url: str, **options: Any) -> Any:
    return vibe.tasks.get(vibe.projects.clone(url=url, **options).task_id).wait().result


def test_it_is_a_project_with_its_files_that_knows_where_it_came_from(
    vibe: VibeClient, server: GitServer, tmp_path: Path
) -> None:
    done = clone(vibe, "alice/shop", path=str(tmp_path / "new" / "shop"))
    project = vibe.projects.get(done.project_id)
    assert project.name == "shop"
    assert (Path(project.path) / "src" / "app.py").read_text() == "print(1)\n"
    assert project.template == f"{server.url.rstrip('/')}/alice/shop.git"
    assert project.github is not None
    assert (project.github.full_name, project.github.commit) == ("alice/shop", done.commit)
    assert TOKEN not in (Path(project.path) / ".git" / "config").read_text()


def test_an_empty_repository_is_an_empty_project(vibe: VibeClient, tmp_path: Path) -> None:
    done = clone(vibe, "alice/empty", path=str(tmp_path / "new" / "empty"), name="Nothing yet")
    assert (done.name, done.commit) == ("Nothing yet", None)


@pytest.mark.parametrize(
    ("url", "code"),
    [("alice/gone", "git.not_found"), ("http://127.0.0.1:9/x/y.git", "git.unreachable")],
)
def test_of_one_that_cannot_be_cloned_nothing_is_left(
    vibe: VibeClient, tmp_path: Path, url: str, code: str
) -> None:
    (tmp_path / "new").mkdir()
    with pytest.raises(Failed) as caught:
        clone(vibe, url, path=str(tmp_path / "new" / "it"))
    assert caught.value.code == code
    assert list((tmp_path / "new").iterdir()) == []
    assert vibe.projects.list().total == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"url": "ext::sh -c id"}, "url.invalid"),
        ({"url": "git@host:owner/name"}, "url.invalid"),
        ({"url": "file:///etc"}, "url.invalid"),
        ({"url": "https://example.org/"}, "url.invalid"),
        ({"url": "alice/shop", "path": "taken"}, "project.folder_not_empty"),
        ({"url": "alice/shop", "name": "a/b"}, "project.invalid_name"),
    ],
)
def test_bad_ones_are_refused_before_anything_is_asked(
    vibe: VibeClient, options: dict[str, Any], code: str
) -> None:
    root = vibe.transport._platform.root
    (root / "taken").mkdir()
    (root / "taken" / "mine.txt").write_text("mine")
    with pytest.raises(VibeError) as caught:
        vibe.projects.clone(**options)
    assert caught.value.code == code
    assert vibe.tasks.history().total == 0


def test_a_task_that_is_asked_for_directly_is_checked_as_well(
    vibe: VibeClient, server: GitServer, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    url = f"{server.url.rstrip('/')}/alice/shop.git"
    for name, path, code in (
        ("a/b", "new/shop", "project.invalid_name"),
        ("shop", "../outside/shop", "path.outside_root"),
        ("shop", "/etc/shop", "path.outside_root"),
    ):
        task = vibe.tasks.create(
            type="project_clone", input={"url": url, "name": name, "path": path}, root=str(tmp_path)
        )
        with pytest.raises(Failed) as caught:
            task.wait()
        assert caught.value.code == code
    assert vibe.projects.list().total == 0


@pytest.mark.asyncio
async def test_who_goes_on_after_a_crash_finds_what_was_cloned(
    vibe: VibeClient, server: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{server.url.rstrip('/')}/alice/shop.git"
    wanted = CloneInput(url=url, name="shop", path=str(tmp_path / "new" / "shop"))
    (tmp_path / "new").mkdir()
    store = ProjectStore(vibe.transport._platform.database)
    options: Any = {"github_url": server.url, "token": TOKEN, "allow_private": True}

    class Crash(BaseException):
        """The process ends here."""

    async def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(cloning, "_link", crash)
        with pytest.raises(Crash):
            await clone_project(store, "local", wanted, tell=lambda *_: None, **options)
    done = await clone_project(store, "local", wanted, tell=lambda *_: None, **options)
    assert vibe.projects.list().total == 1
    assert vibe.projects.get(done.project_id).path == wanted.path
