"""The fake hub is one to the official Python client."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.services.fixtures_hub import ALICE, BOB, FINE, READER, HubDouble

if TYPE_CHECKING:
    from huggingface_hub import HfApi


pytestmark = pytest.mark.filterwarnings(
    "ignore:Use .content=:DeprecationWarning"
)  # of how the client uses httpx2


@pytest.fixture
def api(hub_double: HubDouble, monkeypatch: pytest.MonkeyPatch) -> Iterator[HfApi]:
    import huggingface_hub
    from huggingface_hub import constants
    from huggingface_hub.utils import disable_progress_bars

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    disable_progress_bars()
    yield huggingface_hub.HfApi(endpoint=hub_double.url, token=ALICE)
    huggingface_hub.close_session()


@pytest.fixture
def space(api: HfApi, hub_double: HubDouble) -> str:
    repo_id = f"alice/{hub_double.new_name()}"
    api.create_repo(repo_id, repo_type="space", space_sdk="gradio", visibility="public")
    return repo_id


def test_it_says_whose_token_it_is(api: HfApi) -> None:
    me = api.whoami()
    assert (me["name"], me["auth"]["accessToken"]["role"]) == ("alice", "write")
    assert [one["name"] for one in me["orgs"]] == ["acme"]


def test_a_repository_is_made_once_and_moves(api: HfApi, hub_double: HubDouble) -> None:
    from huggingface_hub.errors import HfHubHTTPError

    name = hub_double.new_name()
    api.create_repo(f"alice/{name}", private=True)
    with pytest.raises(HfHubHTTPError) as taken:
        api.create_repo(f"alice/{name}")
    assert taken.value.response.status_code == 409
    assert api.repo_info(f"alice/{name}").private
    api.move_repo(f"alice/{name}", f"acme/{name}")
    assert api.repo_info(f"alice/{name}").id == f"acme/{name}"
    api.delete_repo(f"acme/{name}")
    assert not api.repo_exists(f"acme/{name}")


def test_a_folder_is_uploaded_listed_and_downloaded(
    api: HfApi, hub_double: HubDouble, space: str, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    (folder / "data").mkdir(parents=True)
    (folder / "app.py").write_text("print('hello')\n")
    (folder / "ä b.txt").write_text("odd\n")
    (folder / "data" / "weights.bin").write_bytes(bytes(5000))
    api.upload_folder(repo_id=space, repo_type="space", folder_path=folder, commit_message="All")
    entries = {one.path: one for one in api.list_repo_tree(space, repo_type="space", recursive=True)}
    assert {"app.py", "ä b.txt", "data/weights.bin"} < set(entries)
    assert entries["data/weights.bin"].lfs.size == 5000
    there = Path(api.snapshot_download(space, repo_type="space", local_dir=tmp_path / "copy"))
    assert (there / "data" / "weights.bin").read_bytes() == bytes(5000)
    assert (there / "app.py").read_text() == "print('hello')\n"
    info = api.get_paths_info(space, ["app.py", "nothing"], repo_type="space")
    assert [one.path for one in info] == ["app.py"]
    titles = [one.title for one in api.list_repo_commits(space, repo_type="space")]
    assert titles == ["All", "initial commit"]


def test_an_unchanged_folder_makes_no_commit(api: HfApi, space: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("print('hello')\n")
    (tmp_path / "weights.bin").write_bytes(bytes(100))
    for _ in range(2):
        api.upload_folder(repo_id=space, repo_type="space", folder_path=tmp_path)
    assert len(api.list_repo_commits(space, repo_type="space")) == 2


def test_a_stale_parent_is_refused(api: HfApi, space: str) -> None:
    from huggingface_hub import CommitOperationAdd
    from huggingface_hub.errors import HfHubHTTPError

    first = api.repo_info(space, repo_type="space").sha
    api.upload_file(path_or_fileobj=b"1", path_in_repo="a.txt", repo_id=space, repo_type="space")
    with pytest.raises(HfHubHTTPError) as stale:
        api.create_commit(
            space,
            [CommitOperationAdd("b.txt", b"2")],
            commit_message="x",
            repo_type="space",
            parent_commit=first,
        )
    assert stale.value.response.status_code == 412


def test_files_are_deleted_and_folders(api: HfApi, hub_double: HubDouble, space: str) -> None:
    from huggingface_hub import CommitOperationAdd
    from huggingface_hub.errors import HfHubHTTPError

    added = [CommitOperationAdd(path, path.encode()) for path in ("a.txt", "f/b.txt", "f/g/c.txt")]
    api.create_commit(space, added, commit_message="x", repo_type="space")
    api.delete_file("a.txt", space, repo_type="space")
    api.delete_folder("f", space, repo_type="space")
    assert hub_double.hub.paths("space", space) == [".gitattributes", "README.md"]
    with pytest.raises(HfHubHTTPError):
        api.delete_file("a.txt", space, repo_type="space")


def test_a_readme_that_is_wrong_is_refused(api: HfApi, space: str) -> None:
    with pytest.raises(ValueError, match="sdk"):
        api.upload_file(
            path_or_fileobj=b"---\nsdk: cobol\n---\n",
            path_in_repo="README.md",
            repo_id=space,
            repo_type="space",
        )


def test_what_is_missing_has_its_own_error(api: HfApi, space: str) -> None:
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    with pytest.raises(RepositoryNotFoundError):
        api.repo_info("alice/never-made")
    with pytest.raises(RevisionNotFoundError):
        api.repo_info(space, repo_type="space", revision="nowhere")
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(space, "nothing.txt", repo_type="space")


def test_secrets_and_variables(api: HfApi, space: str) -> None:
    api.add_space_secret(space, "KEY", "hidden")
    api.add_space_variable(space, "PLACE", "here")
    assert set(api.get_space_secrets(space)) == {"KEY"}
    assert "hidden" not in repr(api.get_space_secrets(space)["KEY"].__dict__)
    assert api.get_space_variables(space)["PLACE"].value == "here"
    api.delete_space_secret(space, "KEY")
    api.delete_space_variable(space, "PLACE")
    assert not api.get_space_secrets(space)
    assert not api.get_space_variables(space)


def test_a_space_builds_runs_pauses_and_logs(api: HfApi, space: str) -> None:
    assert api.get_space_runtime(space).stage == "NO_APP_FILE"
    api.upload_file(path_or_fileobj=b"print(1)\n", path_in_repo="app.py", repo_id=space, repo_type="space")
    assert [api.get_space_runtime(space).stage for _ in range(3)] == ["BUILDING", "APP_STARTING", "RUNNING"]
    assert any("Pushing image" in line for line in api.fetch_space_logs(space, build=True))
    assert api.pause_space(space).stage == "PAUSED"
    assert api.restart_space(space).stage == "BUILDING"
    assert api.wait_for_space(space, poll_interval=0.01).stage == "RUNNING"
    assert api.request_space_hardware(space, "t4-small").requested_hardware == "t4-small"


@pytest.mark.parametrize(
    ("token", "status"),
    [(READER, 403), (FINE, 403), (BOB, 403), ("hf_unknownToEverybody", 401), (False, 401)],
)
def test_who_may_not_write_is_told_so(api: HfApi, space: str, token: str | bool, status: int) -> None:
    from huggingface_hub.errors import HfHubHTTPError

    with pytest.raises(HfHubHTTPError) as refused:
        api.upload_file(
            path_or_fileobj=b"1", path_in_repo="a.txt", repo_id=space, repo_type="space", token=token
        )
    assert refused.value.response.status_code == status
    assert refused.value.response.headers["X-Error-Message"]
    assert refused.value.request_id


def test_a_large_file_goes_in_parts(api: HfApi, hub_double: HubDouble, space: str, tmp_path: Path) -> None:
    hub_double.hub.state.part_bytes = 1000
    data = os.urandom(2500)
    (tmp_path / "weights.bin").write_bytes(data)
    api.upload_file(
        path_or_fileobj=tmp_path / "weights.bin", path_in_repo="w.bin", repo_id=space, repo_type="space"
    )
    assert hub_double.hub.content("space", space, "w.bin") == data
    assert hub_double.hub.faults.count("PUT /_storage/part/") == 3


def test_a_space_is_cloned_with_git(api: HfApi, hub_double: HubDouble, space: str, tmp_path: Path) -> None:
    api.upload_file(path_or_fileobj=b"print(1)\n", path_in_repo="app.py", repo_id=space, repo_type="space")
    url = f"{hub_double.url}/spaces/{space}"
    subprocess.run(["git", "clone", "--quiet", url, "copy"], cwd=tmp_path, check=True, capture_output=True)
    log = subprocess.run(
        ["git", "log", "--format=%s"], cwd=tmp_path / "copy", check=True, capture_output=True, text=True
    )
    assert (tmp_path / "copy" / "app.py").read_text() == "print(1)\n"
    assert log.stdout.splitlines() == ["Upload app.py with huggingface_hub", "initial commit"]
