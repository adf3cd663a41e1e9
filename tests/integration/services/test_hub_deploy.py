"""Deploying: one commit of what differs, none if nothing does, never two."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from vibe_jupyter.core.errors import Conflict, InvalidInput, NotFound
from vibe_jupyter.core.services.failures import (
    ServiceAuthFailed,
    ServiceConflict,
    ServiceDenied,
    ServiceInvalid,
    ServiceUnavailable,
)
from vibe_jupyter.core.services.huggingface import names
from vibe_jupyter.core.services.huggingface.schemas import SpaceSpec, UploadProgress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.services.fixtures_hub import HubDouble
    from vibe_jupyter.core.services.huggingface.service import HFService

pytestmark = pytest.mark.asyncio

_README = "---\ntitle: Mine\nsdk: gradio\napp_file: app.py\n---\n\n# Mine\n"


@pytest_asyncio.fixture
async def service(hub_double: HubDouble) -> AsyncIterator[HFService]:
    async with hub_double.service() as opened:
        yield opened


@pytest_asyncio.fixture
async def space(hub_double: HubDouble, service: HFService) -> str:
    return (await service.create_space(SpaceSpec(id=hub_double.new_name()))).id


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return written(
        tmp_path, {"app.py": b"print(1)\n", "README.md": _README.encode(), "data/x.csv": b"a\n1\n"}
    )


def written(folder: Path, contents: dict[str, bytes]) -> dict[str, Path]:
    made = {}
    for path, content in contents.items():
        made[path] = folder / path
        made[path].parent.mkdir(parents=True, exist_ok=True)
        made[path].write_bytes(content)
    return made


async def test_files_arrive_in_one_commit(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    done = await service.deploy(space, files, message="First\n\nWith reasons.")
    assert done.changed
    assert done.uploaded == ["README.md", "app.py", "data/x.csv"]
    assert not done.supplied
    assert hub_double.hub.titles("space", space) == ["First", "initial commit"]
    assert hub_double.hub.content("space", space, "data/x.csv") == b"a\n1\n"
    assert done.commit == hub_double.hub.repository("space", space).git.head


async def test_nothing_changed_makes_no_commit(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    first = await service.deploy(space, files, message="First")
    hub_double.hub.faults.clear()
    again = await service.deploy(space, files, message="Again")
    assert (again.changed, again.commit, again.unchanged) == (False, first.commit, 3)
    assert hub_double.hub.titles("space", space) == ["First", "initial commit"]
    assert all(entry.method == "GET" for entry in hub_double.hub.faults.journal)


async def test_only_what_differs_is_sent(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    await service.deploy(space, files, message="First")
    files["app.py"].write_text("print(2)\n")
    done = await service.deploy(space, files, message="Second")
    assert (done.uploaded, done.unchanged) == (["app.py"], 2)


async def test_what_is_gone_is_deleted_but_never_the_hubs_own_file(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    await service.deploy(space, files, message="First")
    del files["data/x.csv"]
    done = await service.deploy(space, files, message="Second")
    assert (done.uploaded, done.deleted) == ([], ["data/x.csv"])
    assert hub_double.hub.paths("space", space) == [".gitattributes", "README.md", "app.py"]


async def test_others_stay_if_that_is_wished(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    await service.deploy(space, files, message="First")
    done = await service.deploy(space, {"app.py": files["app.py"]}, message="x", delete_others=False)
    assert not done.changed
    assert "data/x.csv" in hub_double.hub.paths("space", space)


async def test_a_large_file_goes_to_the_storage_without_the_token(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], tmp_path: Path
) -> None:
    files |= written(tmp_path, {"model.bin": bytes(range(256)) * 40, "same.bin": bytes(range(256)) * 40})
    told: list[UploadProgress] = []
    done = await service.deploy(space, files, message="First", on_progress=told.append)
    assert {"model.bin", "same.bin"} < set(done.uploaded)
    assert hub_double.hub.content("space", space, "model.bin") == bytes(range(256)) * 40
    puts = [entry for entry in hub_double.hub.faults.journal if entry.method == "PUT"]
    assert [entry.authorized for entry in puts] == [False]
    assert [one.step for one in told if one.step != "large_files"] == ["compare", "commit", "done"]
    assert not (await service.deploy(space, files, message="Again")).changed


async def test_a_large_file_goes_in_parts_and_is_whole(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], tmp_path: Path
) -> None:
    hub_double.hub.state.part_bytes = 1000
    files |= written(tmp_path, {"model.bin": bytes(2500)})
    hub_double.hub.plan("PUT /_storage/part/.*number=2", drop="after")
    told: list[UploadProgress] = []
    await service.deploy(space, files, message="First", on_progress=told.append)
    assert hub_double.hub.content("space", space, "model.bin") == bytes(2500)
    sizes = [one.done for one in told if one.step == "large_files"]
    assert (sizes[0], sizes[-1]) == (0, 2500)


async def test_a_readme_that_says_too_little_is_completed_and_yours_untouched(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    files["README.md"].write_text("# Just words\n")
    done = await service.deploy(space, files, message="First")
    assert done.supplied == ["README.md"]
    assert files["README.md"].read_text() == "# Just words\n"
    there = (hub_double.hub.content("space", space, "README.md") or b"").decode()
    assert "sdk: gradio\n" in there
    assert "app_file: app.py\n" in there
    assert there.endswith("---\n\n# Just words\n")
    assert not (await service.deploy(space, files, message="Again")).changed


async def test_a_project_without_a_readme_gets_one(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    del files["README.md"]
    done = await service.deploy(space, files, message="First")
    assert done.supplied == ["README.md"]
    assert not done.deleted
    assert (await service.status(space)).stage == "BUILDING"


async def test_no_app_among_the_files_is_said_before_anything_is_sent(
    hub_double: HubDouble, service: HFService, space: str, tmp_path: Path
) -> None:
    with pytest.raises(ServiceInvalid, match="no file looks like the app") as refused:
        await service.deploy(space, written(tmp_path, {"notes.txt": b"x"}), message="First")
    assert "app_file" in (refused.value.hint or "")
    assert hub_double.hub.titles("space", space) == ["initial commit"]


async def test_a_readme_that_the_hub_finds_wrong_is_refused_before_files_are_sent(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], tmp_path: Path
) -> None:
    files["README.md"].write_text("---\nsdk: cobol\napp_file: app.py\n---\n")
    files |= written(tmp_path, {"model.bin": bytes(100)})
    with pytest.raises(ServiceInvalid, match=r"must be one of \[gradio"):
        await service.deploy(space, files, message="First")
    assert hub_double.hub.faults.count("PUT ") == 0


async def test_what_the_gitignore_leaves_out_stays_here(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], tmp_path: Path
) -> None:
    files |= written(tmp_path, {".gitignore": b"*.log\n", "run.log": b"noise"})
    done = await service.deploy(space, files, message="First")
    assert done.ignored == ["run.log"]
    assert "run.log" not in hub_double.hub.paths("space", space)
    assert not (await service.deploy(space, files, message="Again")).changed


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_a_commit_whose_answer_was_lost_is_made_once(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], drop: str
) -> None:
    hub_double.hub.plan("POST .*/commit/main", drop=drop)
    done = await service.deploy(space, files, message="First")
    assert done.changed
    assert hub_double.hub.titles("space", space) == ["First", "initial commit"]
    assert done.commit == hub_double.hub.repository("space", space).git.head
    assert done.uploaded == ["README.md", "app.py", "data/x.csv"]


@pytest.mark.parametrize("status", [500, 503, 504])
async def test_a_server_error_at_the_commit_is_tried_again(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], status: int
) -> None:
    hub_double.hub.plan("POST .*/commit/main", status=status, times=2)
    assert (await service.deploy(space, files, message="First")).changed
    assert hub_double.hub.titles("space", space) == ["First", "initial commit"]


async def test_a_hub_that_stays_down_is_given_up_at_the_commit(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    hub_double.hub.plan("POST .*/commit/main", status=503, times=100)
    with pytest.raises(ServiceUnavailable):
        await service.deploy(space, files, message="First")
    assert hub_double.hub.faults.count("POST .*/commit/main") == 4


async def test_a_deploy_that_was_killed_goes_on_where_it_stood(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], tmp_path: Path
) -> None:
    """The first one ends after the large file and before the commit; the second one sends no large file."""
    files |= written(tmp_path, {"model.bin": bytes(5000)})
    hub_double.hub.plan("POST .*/commit/main", status=403, body=b'{"error": "not now"}')
    with pytest.raises(ServiceDenied):
        await service.deploy(space, files, message="First")
    await service.deploy(space, files, message="First")
    assert hub_double.hub.faults.count("PUT ") == 1
    assert hub_double.hub.titles("space", space) == ["First", "initial commit"]


async def test_a_commit_of_somebody_else_in_between_is_built_upon(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    hub_double.hub.plan("POST .*/commit/main", status=412, body=b'{"error": "A commit has happened since"}')
    assert (await service.deploy(space, files, message="First")).changed
    assert hub_double.hub.faults.count("POST .*/commit/main") == 2


async def test_nothing_is_overwritten_that_was_not_expected(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    first = await service.deploy(space, files, message="First")
    files["app.py"].write_text("print(2)\n")
    second = await service.deploy(space, files, message="Second", expected_parent=first.commit)
    files["app.py"].write_text("print(3)\n")
    with pytest.raises(ServiceConflict, match="has changed since") as conflict:
        await service.deploy(space, files, message="Third", expected_parent=first.commit)
    assert conflict.value.data is not None
    assert conflict.value.data["head"] == second.commit
    assert hub_double.hub.titles("space", space)[0] == "Second"


async def test_a_commit_that_comes_at_the_last_moment_is_a_conflict_if_none_was_expected(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    first = await service.deploy(space, files, message="First")
    files["app.py"].write_text("print(2)\n")
    hub_double.hub.plan("POST .*/commit/main", status=412, body=b'{"error": "A commit has happened since"}')
    with pytest.raises(ServiceConflict, match="has changed since"):
        await service.deploy(space, files, message="Second", expected_parent=first.commit)
    assert hub_double.hub.titles("space", space)[0] == "First"


async def test_the_expected_commit_holds_also_if_the_answer_was_lost(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    first = await service.deploy(space, files, message="First")
    files["app.py"].write_text("print(2)\n")
    hub_double.hub.plan("POST .*/commit/main", drop="after")
    assert (await service.deploy(space, files, message="Second", expected_parent=first.commit)).changed
    assert hub_double.hub.titles("space", space) == ["Second", "First", "initial commit"]


async def test_all_pages_of_the_remote_files_are_compared(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], tmp_path: Path
) -> None:
    files |= written(tmp_path, {f"many/{number}.txt": b"x" for number in range(25)})
    await service.deploy(space, files, message="First")
    hub_double.hub.state.page_size = 10
    assert not (await service.deploy(space, files, message="Again")).changed
    assert hub_double.hub.faults.count("cursor=") == 2


async def test_a_thousand_files_are_one_commit(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], tmp_path: Path
) -> None:
    files |= written(tmp_path, {f"many/{number}.txt": str(number).encode() for number in range(1000)})
    assert (await service.deploy(space, files, message="First")).changed
    assert hub_double.hub.titles("space", space) == ["First", "initial commit"]
    assert not (await service.deploy(space, files, message="Again")).changed


@pytest.mark.parametrize(
    "path",
    [
        "/abs",
        "../up",
        "a/../b",
        "a//b",
        "./a",
        "a\\b",
        ".git/config",
        "a/.GIT/x",
        "nul\0",
        "x" * 256,
        "",
        "a/",
    ],
)
async def test_an_odd_path_is_refused_before_anything_is_sent(
    hub_double: HubDouble, service: HFService, files: dict[str, Path], path: str
) -> None:
    with pytest.raises(ServiceInvalid, match="path of a file"):
        await service.deploy("alice/any", {path: files["app.py"]}, message="x")
    assert not hub_double.hub.faults.journal


async def test_a_file_cannot_be_a_folder_too(service: HFService, files: dict[str, Path]) -> None:
    with pytest.raises(ServiceInvalid, match="a file and the folder"):
        await service.deploy("alice/any", {"a": files["app.py"], "a/b": files["app.py"]}, message="x")


async def test_a_file_over_the_limit_is_refused_before_anything_is_sent(
    hub_double: HubDouble, service: HFService, files: dict[str, Path], tmp_path: Path
) -> None:
    huge = tmp_path / "huge.bin"
    with huge.open("wb") as file:
        file.truncate(names.FILE_MAX_BYTES + 1)  # a hole, no bytes
    with pytest.raises(ServiceInvalid, match=r"huge.bin has 50 GB, the hub takes 50 GB at most"):
        await service.deploy("alice/any", {**files, "huge.bin": huge}, message="x")
    with huge.open("wb") as file:
        file.truncate(names.SPACE_MAX_BYTES)
    with pytest.raises(ServiceInvalid, match=r"a Space takes 1 GB at most"):
        await service.deploy("alice/any", {**files, "huge.bin": huge}, message="x")
    assert not hub_double.hub.faults.journal


async def test_a_file_that_has_gone_and_a_folder_are_named(
    hub_double: HubDouble, service: HFService, files: dict[str, Path], tmp_path: Path
) -> None:
    files["app.py"].unlink()
    with pytest.raises(NotFound, match=r"app.py is not there any more"):
        await service.deploy("alice/any", files, message="x")
    with pytest.raises(InvalidInput, match="no regular file"):
        await service.deploy("alice/any", {"data": tmp_path / "data"}, message="x")
    assert not hub_double.hub.faults.journal


async def test_a_commit_wants_words(service: HFService, files: dict[str, Path]) -> None:
    with pytest.raises(ServiceInvalid, match="a commit needs a message"):
        await service.deploy("alice/any", files, message=" \n")


async def test_nobody_deploys_without_a_token(hub_double: HubDouble, files: dict[str, Path]) -> None:
    async with hub_double.service(None) as nobody:
        with pytest.raises(ServiceAuthFailed):
            await nobody.deploy("alice/any", files, message="x")


async def test_odd_names_and_contents_arrive_as_they_are(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], tmp_path: Path
) -> None:
    odd = {
        'ä "quoted" %41.txt': b"",
        "tab name.txt": b"\xff\xfe text \r\n",
        "empty.bin": b"",
        "日本/語.txt": b"\xe2",
    }
    files |= written(tmp_path, odd)
    await service.deploy(space, files, message="First")
    for path, content in odd.items():
        assert hub_double.hub.content("space", space, path) == content
    assert not (await service.deploy(space, files, message="Again")).changed


@pytest.mark.parametrize("name", ["notes.txt", "model.bin"])
async def test_a_file_that_is_written_to_meanwhile_is_not_uploaded_half(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], tmp_path: Path, name: str
) -> None:
    files |= written(tmp_path, {name: b"x" * 5000})

    def shorten(progress: UploadProgress) -> None:
        if progress.step == ("large_files" if name == "model.bin" else "commit"):
            files[name].write_bytes(b"x")

    with pytest.raises(Conflict, match="was changed while it was uploaded"):
        await service.deploy(space, files, message="First", on_progress=shorten)
    assert hub_double.hub.titles("space", space) == ["initial commit"]


async def test_a_deploy_can_be_cancelled_and_done_again(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path]
) -> None:
    hub_double.hub.plan("POST .*/commit/main", status=503, headers={"Retry-After": "0.2"})
    committing = asyncio.Event()

    def told(progress: UploadProgress) -> None:
        if progress.step == "commit":
            committing.set()

    task = asyncio.create_task(service.deploy(space, files, message="First", on_progress=told))
    await asyncio.wait_for(committing.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await service.deploy(space, files, message="First")
    assert hub_double.hub.titles("space", space) == ["First", "initial commit"]


async def test_two_deploys_at_once_end_with_one_of_them(
    hub_double: HubDouble, service: HFService, space: str, files: dict[str, Path], tmp_path: Path
) -> None:
    """Neither fails, and no mixture of both is left."""
    other = written(tmp_path / "other", {"app.py": b"print('other')\n", "README.md": _README.encode()})
    await asyncio.gather(
        service.deploy(space, files, message="One"), service.deploy(space, other, message="Other")
    )
    there = {
        path: hub_double.hub.content("space", space, path) for path in hub_double.hub.paths("space", space)
    }
    del there[".gitattributes"]
    candidates = [{path: file.read_bytes() for path, file in one.items()} for one in (files, other)]
    assert there in candidates
