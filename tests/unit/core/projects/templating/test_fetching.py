from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.git_over_http import commit_files, git, serve_repositories
from vibe_jupyter.core.errors import Forbidden, InvalidInput, Unavailable, VibeError
from vibe_jupyter.core.projects.templating import fetching
from vibe_jupyter.core.projects.templating.catalog import TemplateSource, template_source
from vibe_jupyter.core.projects.templating.fetching import Fetched, fetch
from vibe_jupyter.core.projects.templating.making import make
from vibe_jupyter.core.services.failures import (
    ServiceAuthFailed,
    ServiceNotFound,
    ServiceTimeout,
    ServiceUnreachable,
)

ANSWERS_FILE = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two repositories: one with releases, and one without."""
    root = tmp_path_factory.mktemp("repositories")
    releases = root / "releases"
    commit_files(releases, {"copier.yml": "n: 1\n", "version.txt": "1.9\n", **ANSWERS_FILE}, tag="v1.9")
    commit_files(releases, {"version.txt": "1.10\n"}, tag="v1.10")
    commit_files(releases, {"version.txt": "2.0b1\n"}, tag="v2.0b1")
    commit_files(releases, {"version.txt": "nightly\n"}, tag="nightly")
    git(releases, "switch", "--quiet", "--create", "feature/x")
    commit_files(releases, {"version.txt": "feature\n"})
    git(releases, "switch", "--quiet", "main")
    commit_files(releases, {"version.txt": "main\n"})
    commit_files(root / "unreleased", {"copier.yml": "", "version.txt": "head\n"})
    return root


@pytest.fixture(scope="module")
def url(repositories: Path) -> Iterator[str]:
    with serve_repositories(repositories) as url:
        yield url


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def source(text: str) -> TemplateSource:
    return template_source(text, allow_private=True)


def version_in(fetched: Fetched) -> str:
    return (fetched.folder / "version.txt").read_text().strip()


def refused(text: str, scratch: Path) -> VibeError:
    with pytest.raises(VibeError) as caught:
        fetch(source(text), scratch)
    return caught.value


def test_the_newest_release_is_taken(url: str, scratch: Path, repositories: Path):
    fetched = fetch(source(f"{url}/releases"), scratch)
    assert version_in(fetched) == "1.10"
    assert fetched.version == "v1.10"
    assert fetched.commit == git(repositories / "releases", "rev-parse", "v1.10")
    assert not (fetched.folder / ".git").exists()


def test_without_releases_it_is_the_default_branch(url: str, scratch: Path):
    fetched = fetch(source(f"{url}/unreleased"), scratch)
    assert (version_in(fetched), fetched.version) == ("head", None)
    assert len(fetched.commit) == 40


@pytest.mark.parametrize(
    ("ref", "content"),
    [
        ("v1.9", "1.9"),
        ("v2.0b1", "2.0b1"),
        ("nightly", "nightly"),
        ("main", "main"),
        ("feature/x", "feature"),
    ],
)
def test_a_tag_or_branch_can_be_asked_for(url: str, scratch: Path, ref: str, content: str):
    fetched = fetch(source(f"{url}/releases@{ref}"), scratch)
    assert (version_in(fetched), fetched.version) == (content, ref)


def test_a_commit_can_be_asked_for(url: str, scratch: Path, repositories: Path):
    commit = git(repositories / "releases", "rev-parse", "v1.9")
    fetched = fetch(source(f"{url}/releases@{commit}"), scratch)
    assert (version_in(fetched), fetched.version, fetched.commit) == ("1.9", None, commit)


def test_a_ref_of_a_folder_is_taken_from_its_repository(repositories: Path, scratch: Path):
    folder = repositories / "releases"
    there = TemplateSource("folder", "./releases@v1.9", str(folder), "v1.9")
    assert version_in(fetch(there, scratch)) == "1.9"


def test_a_project_is_made_of_a_repository(url: str, tmp_path: Path):
    text = f"{url}/releases@v1.9"
    made = make(source(text), tmp_path / "project", {"n": 2})
    assert (made.template, made.version, made.answers) == (text, "v1.9", {"n": 2})
    assert made.files == (".copier-answers.yml", "version.txt")
    remembered = yaml.safe_load((tmp_path / "project" / ".copier-answers.yml").read_text())
    assert remembered == {"_commit": "v1.9", "_src_path": text, "n": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["project"]


@pytest.mark.parametrize("ref", ["v9", "0" * 40, "abc1234"])
def test_an_unknown_ref_is_named(url: str, scratch: Path, ref: str):
    error = refused(f"{url}/releases@{ref}", scratch)
    assert isinstance(error, InvalidInput)
    assert error.code == "template.ref_not_found"
    assert ref in error.message


def test_a_repository_that_is_not_there(url: str, scratch: Path):
    error = refused(f"{url}/nothing", scratch)
    assert isinstance(error, ServiceNotFound)
    assert error.code == "git.not_found"


def test_a_repository_that_wants_a_password_is_not_asked_with_one(url: str, scratch: Path):
    error = refused(f"{url}/private/releases", scratch)
    assert isinstance(error, ServiceAuthFailed)
    assert "name the folder" in (error.hint or "")


def test_a_redirect_is_not_followed(url: str, scratch: Path):
    error = refused(f"{url}/moved/releases", scratch)
    assert isinstance(error, ServiceUnreachable)
    assert error.hint == "it redirects to another place: name that one"


def test_what_is_no_git_server_is_told_so(url: str, scratch: Path):
    error = refused(f"{url}/broken/releases", scratch)
    assert isinstance(error, ServiceNotFound)


def test_a_server_that_is_not_there(scratch: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = refused(f"http://127.0.0.1:{port}/a/b", scratch)
    assert isinstance(error, ServiceUnreachable)
    assert error.retryable


def test_a_server_that_says_nothing_is_not_waited_for_long(scratch: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching, "_TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        error = refused(f"http://127.0.0.1:{listener.getsockname()[1]}/a/b", scratch)
    assert isinstance(error, ServiceTimeout)


def test_without_git_it_is_said_what_is_missing(scratch: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    error = refused("http://127.0.0.1:9/a/b", scratch)
    assert isinstance(error, Unavailable)
    assert error.code == "git.missing"


# Where git may connect to, and what it may know.


@pytest.fixture
def known_here_only(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a name that this process resolves, and git does not."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *more: Any, **how: Any) -> Any:
        return real("127.0.0.1" if host == "templates.test" else host, *more, **how)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    for name in fetching._PROXIES:
        monkeypatch.delenv(name, raising=False)
    return "templates.test"


def test_git_connects_to_the_address_that_was_checked(url: str, scratch: Path, known_here_only: str):
    named = url.replace("127.0.0.1", known_here_only)
    assert version_in(fetch(source(f"{named}/unreleased"), scratch)) == "head"


def test_a_name_that_means_this_machine_is_refused(url: str, scratch: Path, known_here_only: str):
    named = url.replace("127.0.0.1", known_here_only)
    with pytest.raises(Forbidden) as caught:
        fetch(template_source(f"{named}/unreleased", allow_private=False), scratch)
    assert caught.value.code == "url.forbidden_address"


def test_a_name_that_nobody_knows(scratch: Path, monkeypatch: pytest.MonkeyPatch):
    for name in fetching._PROXIES:
        monkeypatch.delenv(name, raising=False)
    error = refused("https://nowhere.invalid/a/b", scratch)
    assert isinstance(error, ServiceUnreachable)


def test_the_proxy_of_the_environment_is_used(url: str, scratch: Path, monkeypatch: pytest.MonkeyPatch):
    """It looks the name up; here it is the server itself, which is asked for a full URL and knows no such path."""
    monkeypatch.setenv("http_proxy", url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert version_in(fetch(source("http://templates.test/unreleased"), scratch)) == "head"


def test_the_settings_and_passwords_of_this_user_do_not_exist(
    url: str, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = tmp_path / "home"
    home.mkdir()
    ran = tmp_path / "ran"
    (home / ".netrc").write_text("machine 127.0.0.1 login me password s3cret\n")
    (home / ".gitconfig").write_text(
        f'[credential]\nhelper = "!touch {ran}; echo password=x"\n[url "file:///nowhere/"]\ninsteadOf = {url}/\n'
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_ASKPASS", f"touch {ran}")
    assert isinstance(refused(f"{url}/private/releases", scratch), ServiceAuthFailed)
    assert not ran.exists()


def test_submodules_and_hooks_of_a_template_do_nothing(
    repositories: Path, url: str, scratch: Path, tmp_path: Path
):
    folder = repositories / "with-submodule"
    commit_files(
        folder, {"version.txt": "x", ".gitmodules": f'[submodule "s"]\npath = s\nurl = {url}/unreleased\n'}
    )
    commit = git(repositories / "unreleased", "rev-parse", "HEAD")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{commit},s")
    git(folder, "commit", "--quiet", "--message", "a submodule")
    fetched = fetch(source(f"{url}/with-submodule"), scratch)
    assert not any((fetched.folder / "s").iterdir())
