"""Projects from end to end: over REST, from the client, and in a notebook's lines."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from pydantic import SecretStr

from vibe_jupyter.client.in_process import stop_shared_platform
from vibe_jupyter.core.errors import VibeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.factories import PlatformFactory
    from tests.servers import JupyterServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(server: JupyterServer) -> dict[str, Any]:
    """Return a project made over REST."""
    import httpx

    answer = httpx.post(
        f"{server.url}vibe/api/projects",
        headers={"Authorization": f"token {server.token}"},
        json={"name": "Churn dashboard", "description": "Who leaves, and why", "template": "gradio-space"},
        timeout=60,
    )
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


class TestRest:
    def test_a_new_project_is_shown_in_the_fixed_shape(
        self, project: dict[str, Any], server: JupyterServer
    ) -> None:
        shape = {
            "id", "name", "description", "template", "path", "created_at", "updated_at", "github", "space",
        }  # fmt: skip
        assert shape <= set(project)
        assert project["template"] == "gradio-space"
        assert (project["github"], project["space"]) == (None, None)
        assert Path(project["path"]) == server.root.resolve() / "churn-dashboard"
        assert (Path(project["path"]) / "app.py").exists()

    def test_it_is_listed_shown_renamed_and_found_by_name(
        self, api: httpx.Client, project: dict[str, Any]
    ) -> None:
        listed = api.get("/projects/list").json()
        assert {"items", "total", "next_cursor"} == set(listed)
        assert project["id"] in [one["id"] for one in listed["items"]]
        at = f"/projects/{project['id']}"
        assert api.get(at).json()["missing"] is False
        renamed = api.put(at, json={"name": "Renamed", "description": "new"}).json()
        assert (renamed["name"], renamed["description"]) == ("Renamed", "new")
        assert renamed["updated_at"] > project["updated_at"]
        assert api.get("/projects/list", params={"name": "Renamed"}).json()["total"] == 1
        api.put(at, json={"name": project["name"]})

    def test_pages_go_on_where_the_one_before_ended(self, api: httpx.Client, server: JupyterServer) -> None:
        for number in range(5):
            folder = server.root / f"paged-{number}"
            folder.mkdir()
            answer = api.post("/projects/adopt", json={"path": str(folder)})
            assert answer.status_code == 201, answer.text
        seen: list[str] = []
        cursor = None
        while True:
            page = api.get("/projects/list", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
            body = page.json()
            seen += [one["name"] for one in body["items"]]
            assert body["total"] >= 6
            cursor = body["next_cursor"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == body["total"]
        assert [name for name in seen if name.startswith("paged")] == [f"paged-{n}" for n in (4, 3, 2, 1, 0)]

    def test_archived_projects_are_away_until_they_are_restored(
        self, api: httpx.Client, server: JupyterServer
    ) -> None:
        (server.root / "old").mkdir()
        old = api.post("/projects/adopt", json={"path": "old", "name": "Old one"}).json()
        assert api.post(f"/projects/{old['id']}/archive").json()["archived_at"] is not None
        assert api.get("/projects/list", params={"name": "Old one"}).json()["total"] == 0
        assert api.get("/projects/list", params={"archived": True}).json()["items"][0]["id"] == old["id"]
        (server.root / "newer").mkdir()
        api.post("/projects/adopt", json={"path": "newer", "name": "Old one"})
        taken = api.post(f"/projects/{old['id']}/restore")
        assert (taken.status_code, taken.json()["code"]) == (409, "project.name_taken")
        again = api.post("/projects/adopt", json={"path": "old", "name": "Another"})
        assert (again.status_code, again.json()["code"]) == (409, "project.already_there")
        assert "restore" in again.json()["hint"]

    def test_a_file_is_written_read_and_brought_back(
        self, api: httpx.Client, project: dict[str, Any]
    ) -> None:
        at = f"/projects/{project['id']}"
        before = (Path(project["path"]) / "app.py").read_bytes()
        written = api.put(f"{at}/file", json={"file": "app.py", "text": "print('é')\n"})
        assert written.status_code == 200
        assert api.get(f"{at}/file", params={"file": "app.py"}).content == "print('é')\n".encode()
        differs = api.get(f"{at}/diff", params={"since": written.json()["checkpoint"]}).json()
        assert [(one["path"], one["status"]) for one in differs["files"]] == [("app.py", "modified")]
        assert "+print('é')" in differs["patch"]
        undone = api.post(f"{at}/undo", json={}).json()
        assert undone["written"] == ["app.py"]
        assert (Path(project["path"]) / "app.py").read_bytes() == before

    def test_bytes_and_deletions_too(self, api: httpx.Client, project: dict[str, Any]) -> None:
        at = f"/projects/{project['id']}"
        content = bytes(range(256))
        body = {"file": "data/raw.bin", "base64": base64.b64encode(content).decode()}
        assert api.put(f"{at}/file", json=body).json()["size_bytes"] == 256
        assert api.get(f"{at}/file", params={"file": "data/raw.bin"}).content == content
        assert api.delete(f"{at}/file", params={"file": "data/raw.bin"}).status_code == 200
        assert not (Path(project["path"]) / "data").exists()
        api.post(f"{at}/undo", json={})
        assert (Path(project["path"]) / "data" / "raw.bin").read_bytes() == content

    def test_checkpoints_are_made_listed_and_named(self, api: httpx.Client, project: dict[str, Any]) -> None:
        at = f"/projects/{project['id']}"
        made = api.post(f"{at}/checkpoints", json={"message": "before I try things"})
        assert made.status_code == 201
        listed = api.get(f"{at}/checkpoints").json()["checkpoints"]
        assert listed[0]["message"] == "before I try things"
        assert listed[-1]["message"] == "made from gradio-space"
        unknown = api.post(f"{at}/undo", json={"checkpoint": "no such"})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "checkpoint.not_found")

    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            ("../outside.txt", 403, "path.outside_root"),
            ("/etc/passwd", 403, "path.outside_root"),
            ("link-out/passwd", 403, "path.outside_root"),
            ("sub/../../outside.txt", 403, "path.outside_root"),
            (".git/hooks/post-commit", 403, "path.not_yours"),
            (".GIT/config", 403, "path.not_yours"),
            ("sub/.git/config", 403, "path.not_yours"),
            ("a\0b", 422, "path.invalid"),
            ("sub/", 422, "path.invalid"),
            ("  ", 422, "path.invalid"),
            (".", 403, "path.outside_root"),
            ("x" * 300, 409, "file.cannot_write"),
        ],
    )
    def test_no_path_leads_out_of_the_project(
        self, api: httpx.Client, project: dict[str, Any], path: str, status: int, code: str
    ) -> None:
        link = Path(project["path"]) / "link-out"
        if not link.is_symlink():
            link.symlink_to("/etc")
        answer = api.put(f"/projects/{project['id']}/file", json={"file": path, "text": "x"})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        if code != "file.cannot_write" and path.isprintable() and path.strip() == path:
            answer = api.delete(f"/projects/{project['id']}/file", params={"file": path})
            assert (answer.status_code, answer.json()["code"]) == (status, code)

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"name": "x/y"}, 422, "project.invalid_name"),
            ({"name": " "}, 422, "project.invalid_name"),
            ({"name": "a\nb"}, 422, "project.invalid_name"),
            ({"name": "Churn dashboard"}, 409, None),
            ({"name": "new", "template": "nope"}, 404, "template.not_found"),
            ({"name": "new", "template": "ext::sh"}, 404, "template.not_found"),
            ({"name": "new", "template": "ssh://host/x"}, 422, "template.source_invalid"),
            ({"name": "new", "path": "/etc/new"}, 403, "path.outside_root"),
            ({"name": "new", "path": "../new"}, 403, "path.outside_root"),
            ({"name": "new", "path": "x" * 300}, 422, "path.invalid"),
            ({"name": "new", "answers": {"sdk": 1}}, 422, "template.unknown_question"),
            ({"template": "python-package"}, 422, "request.invalid"),
        ],
    )
    def test_bad_projects_are_refused_and_leave_nothing(
        self,
        api: httpx.Client,
        project: dict[str, Any],
        server: JupyterServer,
        body: dict[str, Any],
        status: int,
        code: str | None,
    ) -> None:
        before = sorted(server.root.iterdir())
        answer = api.post("/projects", json=body)
        assert answer.status_code == status, answer.text
        assert code is None or answer.json()["code"] == code
        assert sorted(server.root.iterdir()) == before

    def test_a_folder_that_is_gone_says_so_and_comes_back(
        self, api: httpx.Client, server: JupyterServer
    ) -> None:
        (server.root / "fragile").mkdir()
        (server.root / "fragile" / "a.txt").write_text("kept")
        made = api.post("/projects/adopt", json={"path": "fragile"}).json()
        at = f"/projects/{made['id']}"
        api.post(f"{at}/checkpoints", json={"message": "all"})
        shutil.rmtree(server.root / "fragile")
        assert api.get(at).json()["missing"] is True
        for answer in (
            api.get(f"{at}/files"),
            api.put(f"{at}/file", json={"file": "a", "text": "b"}),
            api.post(
                "/tasks", json={"type": "file_search", "input": {"query": "x"}, "project_id": made["id"]}
            ),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "project.folder_missing")
        api.post(f"{at}/undo", json={})
        assert (server.root / "fragile" / "a.txt").read_text() == "kept"

    def test_unknown_projects_are_not_found_everywhere(self, api: httpx.Client) -> None:
        at = "/projects/00000000-0000-7000-8000-000000000000"
        answers = [
            api.get(at), api.put(at, json={}), api.post(f"{at}/archive"), api.post(f"{at}/restore"),
            api.get(f"{at}/files"), api.get(f"{at}/file", params={"file": "a"}), api.get(f"{at}/checkpoints"),
            api.put(f"{at}/file", json={"file": "a", "text": ""}), api.get(f"{at}/diff"),
            api.delete(f"{at}/file", params={"file": "a"}), api.post(f"{at}/checkpoints", json={}),
            api.post(f"{at}/undo", json={}),
        ]  # fmt: skip
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
            (404, "project.not_found")
        }

    def test_the_platforms_own_folder_cannot_become_a_project(
        self, api: httpx.Client, server: JupyterServer
    ) -> None:
        answer = api.post("/projects/adopt", json={"path": "."})
        holds = server.data_dir.resolve().is_relative_to(server.root.resolve())
        assert (answer.status_code == 422) == holds

    def test_a_task_of_a_project_starts_in_its_folder(
        self, api: httpx.Client, project: dict[str, Any]
    ) -> None:
        body = {"type": "file_search", "input": {"query": "text"}, "project_id": project["id"]}
        task = api.post("/tasks", json=body).json()
        assert task["root"] == project["path"]
        assert task["project_id"] == project["id"]

    def test_its_knowledge_graph_is_made_by_its_id(self, api: httpx.Client, project: dict[str, Any]) -> None:
        answer = api.post("/kg/generate", json={"project_id": project["id"]})
        assert answer.status_code == 202
        assert api.get(f"/tasks/{answer.json()['task_id']}").json()["root"] == project["path"]


@pytest.mark.asyncio
async def test_one_that_is_given_up_half_way_leaves_nothing(
    make_platform: PlatformFactory, tmp_path: Path
) -> None:
    template = tmp_path / "template"
    template.mkdir()
    fifo = tmp_path / "reached"
    os.mkfifo(fifo)
    (template / "copier.yml").write_text(f"_tasks:\n  - echo reached > {fifo}; sleep 600\n")
    (template / "file.txt").write_text("made")
    client = make_platform.client()
    (place := tmp_path / "place").mkdir()
    call = asyncio.create_task(
        client.aio.projects.create(
            name="slow", template=str(template), trust_template=True, path=str(place / "slow")
        )
    )
    assert await asyncio.to_thread(fifo.read_text) == "reached\n"
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(10):
        while list(place.iterdir()):
            await asyncio.sleep(0.01)
    assert client.projects.list().total == 0


def test_without_git_a_project_is_made_and_only_its_checkpoints_are_missing(
    make_platform: PlatformFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_platform.client()
    monkeypatch.setenv("PATH", "/nonexistent")
    made = client.projects.create(name="without", path=str(tmp_path / "without"))
    assert (tmp_path / "without" / "pyproject.toml").exists()
    assert client.projects.list().items[0].id == made.id
    with pytest.raises(VibeError) as caught:
        client.projects.write(made.id, file="a.txt", text="a")
    assert caught.value.code == "git.missing"
    assert not (tmp_path / "without" / "a.txt").exists()


class TestLines:
    """What is typed in a notebook."""

    @pytest.fixture
    def shell(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
        folder = tmp_path / "work"
        folder.mkdir()
        monkeypatch.chdir(folder)
        shell = InteractiveShell()
        shell.run_line_magic("load_ext", "vibe_jupyter")
        yield shell
        stop_shared_platform()
        InteractiveShell.clear_instance()

    def run(self, shell: InteractiveShell, source: str) -> Any:
        outcome = shell.run_cell(source, store_history=True)
        outcome.raise_error()
        return outcome.result

    def test_the_journey_of_a_new_project(self, shell: InteractiveShell, tmp_path: Path) -> None:
        made = self.run(shell, "%vibe project new churn-dashboard --template gradio-space")
        root = tmp_path / "work" / "churn-dashboard"
        assert Path(made.path) == root
        found = self.run(shell, '%vibe task "text" --type file_search')
        assert found.task.project_id == made.id
        assert {match.path for match in found.matches} >= {"text_facts.py", "app.py"}
        self.run(shell, '%vibe project checkpoint "before I try things"')
        before = (root / "text_facts.py").read_bytes()
        self.run(shell, "%%vibe project write text_facts.py\nprint('broken')\n")
        assert (root / "text_facts.py").read_text() == "print('broken')\n"
        diff = self.run(shell, '%vibe project diff "before I try things"')
        assert [one.path for one in diff.files] == ["text_facts.py"]
        undone = self.run(shell, "%vibe project undo")
        assert undone.written == ["text_facts.py"]
        assert (root / "text_facts.py").read_bytes() == before
        kg = self.run(shell, "%vibe kg generate")
        assert kg.task.project_id == made.id
        assert Path(kg.root) == root

    def test_another_is_opened_by_name_and_the_working_directory_means_its_own(
        self, shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = self.run(shell, "%vibe project new first")
        second = self.run(shell, "%vibe project new second --template data-analysis")
        assert self.run(shell, "%vibe project show").id == second.id
        assert self.run(shell, "%vibe project open first").id == first.id
        assert self.run(shell, "%vibe project show").id == first.id
        assert self.run(shell, "%vibe project show second").id == second.id
        assert self.run(shell, "%vibe project rename 'First of all'").name == "First of all"
        self.run(shell, "%vibe project rename first")
        assert "first" in self.run(shell, "%vibe project close")
        monkeypatch.chdir(tmp_path / "work" / "second" / "data")
        assert self.run(shell, "%vibe project show").id == second.id
        monkeypatch.chdir(tmp_path)
        with pytest.raises(VibeError) as caught:
            self.run(shell, "%vibe project files")
        assert caught.value.code == "project.none_open"
        with pytest.raises(VibeError, match="no project frist") as caught:
            self.run(shell, "%vibe project open frist")
        assert "first" in str(caught.value.hint)

    def test_everything_is_shown(self, shell: InteractiveShell) -> None:
        from vibe_jupyter.widgets.rendering import as_text, mimebundle

        assert "no secret yet" in str(as_text(self.run(shell, "%vibe secrets list")))
        made = self.run(shell, "%vibe project new shown --description 'what <b>it</b> is for'")
        client = self.run(shell, "from vibe_jupyter import connect; connect()")
        given = client.secrets.set("MY_TOKEN", value=SecretStr("a-value-of-mine"), project_id=made.id)
        self.run(shell, "%%vibe project write notes.md\n# Notes\n")
        values = {
            "the project": (made, ["shown", "what <b>it</b> is for", "python-package"]),
            "a list": (self.run(shell, "%vibe project list"), ["shown", "python-package"]),
            "templates": (self.run(shell, "%vibe project templates"), ["gradio-space", "license"]),
            "files": (self.run(shell, "%vibe project files"), ["notes.md", "README.md"]),
            "checkpoints": (self.run(shell, "%vibe project checkpoints"), ["made from python-package"]),
            "a diff": (self.run(shell, "%vibe project diff"), ["notes.md", "+# Notes"]),
            "a secret": (given, ["MY_TOKEN", made.id[-8:], "given"]),
            "secrets": (client.secrets.list(project_id=made.id), ["MY_TOKEN", made.id[-8:]]),
            "an undo": (self.run(shell, "%vibe project undo"), ["notes.md", "made from"]),
        }
        for what, (value, expected) in values.items():
            text = str(as_text(value, width=200))
            assert [part for part in expected if part not in text] == [], f"{what}: {text}"
            assert "<b>it</b>" not in mimebundle(value)["text/html"]
