"""A secret goes in by every way there is, is used and told by a task in every way: nowhere does it come out."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.integration.leaking_oracle import How
from tests.kernels import Kernel
from tests.servers import REPOSITORY, JupyterServer
from vibe_jupyter.core.secrets.keys import KeyRing
from vibe_jupyter.core.secrets.sealing import SecretBox
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.slow

BY_REST, BY_PROMPT, BY_VARIABLE, BY_STDIN, BY_ENVIRONMENT = (
    f'cAnary/{way}"é+b9\\21=sEcret' for way in ("rest", "prompt", "variable", "stdin", "environment")
)
VALUES = {
    "BY_REST": BY_REST,
    "BY_PROMPT": BY_PROMPT,
    "BY_VARIABLE": BY_VARIABLE,
    "BY_STDIN": BY_STDIN,
    "GITHUB_TOKEN": BY_ENVIRONMENT,
}
WAYS: tuple[How, ...] = ("result", "part", "progress", "error", "bug", "unavailable")


def forms(value: str) -> set[bytes]:
    """All that a value may be written as: as it is, for JSON, Python and URLs, in base64 at any place, backwards."""
    plain = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(value)[1:-1])[1:-1],
        repr(value)[1:-1],
        urllib.parse.quote(value),
        urllib.parse.quote(value, safe=""),
        value.encode().hex(),
    }
    found = {one.encode() for form in plain for one in (form, form[::-1])}
    for encoding in ("utf-8", "latin-1", "utf-16-le"):
        data = value.encode(encoding)
        found.add(data)
        for before in range(3):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                code = encode(bytes(before) + data)
                found.add(code[(8 * before + 5) // 6 : 8 * (before + len(data)) // 6])
    beginning = value.split('"')[0].encode()  # cut off in the middle
    return {*found, beginning}


def leaks(said: dict[str, bytes], values: dict[str, str]) -> list[str]:
    """Return where which value stands, without repeating it."""
    return [
        f"{name} in {where}"
        for name, value in values.items()
        for where, content in said.items()
        if any(form in content for form in forms(value))
    ]


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file() and not file.is_symlink()
    }


class Run:
    """A server, a kernel, a terminal and a notebook; and all that they have said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        site = folder / "plugin"
        info = site / "vibe_leaking-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vibe-leaking\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            "[vibe_jupyter.oracles]\nleaking = tests.integration.leaking_oracle:Leaking\n"
        )
        path = f"{REPOSITORY}:{site}"
        self.server = JupyterServer(
            folder / "server",
            env={"PYTHONPATH": path, "VIBE_LOG_LEVEL": "DEBUG", "GITHUB_TOKEN": BY_ENVIRONMENT},
            options=("--log-level=DEBUG",),
        )
        self.said: dict[str, bytes] = {}
        self.tasks: dict[str, dict[str, Any]] = {}

    @property
    def client_environment(self) -> dict[str, str]:
        """What a kernel or a terminal beside the server has: no token of the server's."""
        environment = {
            **self.server.environment,
            "VIBE_SERVER_URL": self.server.url,
            "VIBE_SERVER_TOKEN": self.server.token,
            "VIBE_DATA_DIR": str(self.folder / "client-data"),
        }
        del environment["GITHUB_TOKEN"]
        return environment

    def note(self, where: str, content: str | bytes) -> None:
        assert where not in self.said
        self.said[where] = content if isinstance(content, bytes) else content.encode()

    def answer(self, where: str, response: httpx.Response, status: int) -> Any:
        self.note(where, response.content + str(response.headers).encode())
        assert response.status_code == status, response.status_code
        return response.json() if response.content else None

    def by_rest(self) -> None:
        with self.server.http() as api:
            self.answer("PUT", api.put("/secrets/BY_REST", json={"value": BY_REST}), 200)
            for number, body in enumerate(
                (
                    {"value": [BY_REST]},
                    {"value": BY_REST, "name": BY_REST},
                    {"value": BY_REST, "project_id": "none"},
                )
            ):
                response = api.put("/secrets/BY_REST", json=body)
                self.note(f"bad PUT {number}", response.content)
                assert response.status_code in (404, 422)
            self.note("broken PUT", api.put(
                "/secrets/BY_REST", content=f'{{"value": "{BY_REST}', headers={"Content-Type": "application/json"}
            ).content)  # fmt: skip
            listed = self.answer("GET", api.get("/secrets"), 200)
            assert [one["name"] for one in listed["secrets"]] == ["BY_REST"]
            self.answer("OpenAPI", api.get("/openapi.json"), 200)

    def by_kernel(self) -> None:
        environment = {**self.client_environment, "MY_VARIABLE": BY_VARIABLE}
        with Kernel(self.server.root, **environment) as kernel:
            ran = {
                "prompt": kernel.run("%vibe secrets set BY_PROMPT", BY_PROMPT),
                "variable": kernel.run(
                    "%vibe secrets set BY_VARIABLE --from-env MY_VARIABLE", allow_stdin=False
                ),
                "list": kernel.run("%vibe secrets list", allow_stdin=False),
                "nobody": kernel.run("%vibe secrets set NONE", allow_stdin=False),
                "repr": kernel.run("vars(_)", allow_stdin=False),
                "use": kernel.run("%vibe task --type leaking_run --name BY_PROMPT", allow_stdin=False),
                "fail": kernel.run(
                    "%vibe task --type leaking_run --name BY_PROMPT --how bug", allow_stdin=False
                ),
                "doctor": kernel.run("%vibe doctor", allow_stdin=False),
                "config": kernel.run("%vibe config", allow_stdin=False),
            }
        for name, one in ran.items():
            self.note(f"cell {name}", json.dumps([one.outputs, one.prompts], default=str))
        assert ran["prompt"].prompts == ["BY_PROMPT: "]
        assert not ran["prompt"].error + ran["variable"].error + ran["use"].error
        assert "BY_VARIABLE" in ran["list"].text
        assert "secrets.nobody_there" in ran["nobody"].error
        assert "leaking failed with RuntimeError" in ran["fail"].error

    def by_terminal(self) -> None:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "jupyter-vibe"), "secrets", "set", "BY_STDIN", "--stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.client_environment,
            cwd=self.server.root,
        )
        assert process.stdin is not None
        process.stdin.write(BY_STDIN.encode())
        process.stdin.flush()
        self.note("argv", Path(f"/proc/{process.pid}/cmdline").read_bytes())
        out, err = process.communicate(timeout=60)
        self.note("terminal", out + err)
        assert process.returncode == 0, err

    def by_papermill(self) -> None:
        notebook, ran = self.folder / "in.ipynb", self.folder / "out.ipynb"
        cells = [
            "%vibe task --type leaking_run --name BY_STDIN",
            "%vibe secrets list",
            "%vibe task --type leaking_run --name BY_STDIN --how error",
        ]
        made = [nbformat.v4.new_code_cell(cell) for cell in cells]
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": spec}), notebook)
        done = subprocess.run(
            [str(Path(sys.executable).parent / "papermill"), str(notebook), str(ran), "--log-level", "DEBUG"],
            env=self.client_environment, cwd=self.server.root, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        self.note("papermill", done.stdout + done.stderr)
        self.note("notebook", ran.read_bytes())
        assert b"leaking.told" in ran.read_bytes(), "the run has come to the cell that fails"

    def tell(self) -> None:
        with self.server.http() as api:
            for name in VALUES:
                for how in WAYS:
                    body = {"type": "leaking_run", "input": {"name": name, "how": how}}
                    task = self.answer(f"POST {name} {how}", api.post("/tasks", json=body), 202)
                    with api.stream("GET", f"/tasks/{task['id']}/events", timeout=120) as stream:
                        self.note(f"SSE {name} {how}", b"".join(stream.iter_bytes()))
                    got = self.answer(f"GET {name} {how}", api.get(f"/tasks/{task['id']}"), 200)
                    self.tasks[f"{name} {how}"] = got
                    self.answer(f"explain {name} {how}", api.get(f"/tasks/{task['id']}/explain"), 200)
            self.answer("history", api.get("/tasks/history"), 200)

    def environments(self) -> None:
        """Look at the command lines of all our processes: an environment is the user's own, an argv is everybody's."""
        import psutil

        for process in psutil.Process(self.server.pid).children(recursive=True):
            self.note(f"argv of {process.pid}", " ".join(process.cmdline()))
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
            if b"vibe_jupyter.core" in Path(f"/proc/{process.pid}/cmdline").read_bytes():
                self.note(f"environment of {process.pid}", environment)

    def on_disk(self) -> None:
        for where, content in files_in(self.folder).items():
            self.said[f"file {where}"] = content


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    told = Run(tmp_path_factory.mktemp("canary"))
    with told.server:
        told.by_rest()
        told.by_kernel()
        told.by_terminal()
        told.by_papermill()
        told.tell()
        told.environments()
        told.on_disk()
    for where, content in files_in(told.folder).items():
        told.said[f"file {where} in the end"] = content
    return told


def test_the_search_finds_every_form() -> None:
    for form in forms(BY_REST):
        assert leaks({"here": b"<" + form + b">"}, {"BY_REST": BY_REST}) == ["BY_REST in here"]
    assert leaks({"here": b"nothing"}, {"BY_REST": BY_REST}) == []


def test_every_value_came_in_and_was_used(run: Run) -> None:
    for name, value in VALUES.items():
        told = run.tasks[f"{name} result"]
        assert told["state"] == "succeeded", told["error"]
        assert told["result"]["length"] == len(value), "the very value"
        assert all("***" in said for said in told["result"]["said"])
        assert run.tasks[f"{name} error"]["error"]["code"] == "leaking.told"
        assert run.tasks[f"{name} bug"]["error"]["code"] == "target.bug"
        assert "***" in run.tasks[f"{name} bug"]["error"]["message"]


def test_the_rows_hold_them_encrypted(run: Run) -> None:
    assert any(b"user/BY_REST" in content for where, content in run.said.items() if "vibe.db" in where)
    ring = KeyRing(Settings(data_dir=run.server.data_dir))
    sealed = SecretBox(ring).seal("local", "user/BY_REST", BY_REST)
    assert leaks({"sealed": sealed.encode()}, VALUES) == []
    assert SecretBox(ring).open("local", "user/BY_REST", sealed) == BY_REST


def test_everything_was_looked_at(run: Run) -> None:
    places = " ".join(run.said)
    for place in (
        "vibe.db",
        "dbos.db",
        "server.log",
        "SSE",
        "OpenAPI",
        "notebook",
        "argv of",
        "environment of",
    ):
        assert place in places, place
    assert b"it is " in run.said["file " + str(run.server.folder / "server.log")], "DEBUG lines are there"


def test_it_comes_out_nowhere(run: Run) -> None:
    assert leaks(run.said, VALUES) == []
