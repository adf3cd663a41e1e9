"""A GitHub for the tests: npm's `emulate` behind our strict front, one for each test process."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import itertools
import json
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.npm_modules import node, npm_modules
from tests.services.github_front import GitHubFront
from vibe_jupyter.core.services.github.service import GitHubService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "ALICE",
    "BOB",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "READER",
    "GitHubDouble",
    "github_double",
    "github_process",
    "new_github",
]

_FOLDER = Path(__file__).parent
_START_LIMIT_S = 60.0
_numbers = itertools.count(1)

ALICE, BOB, READER = (
    "ghp_canaryOfAlice000000000000000000000001",
    "ghp_canaryOfBob0002",
    "ghp_canaryOfReader03",
)
"""Tokens: of an owner with all scopes, of somebody else, and of Alice again without the scope repo."""
CLIENT_ID, CLIENT_SECRET = "Iv1.vibe", "canary-secret-of-the-app"


@dataclasses.dataclass(frozen=True)
class GitHubDouble:
    """The GitHub of a test.

    Args:
        front: what answers; it takes faults and keeps the journal.
        callback: the only URL that its OAuth app may redirect to.
    """

    front: GitHubFront
    callback: str = "http://127.0.0.1:8888/vibe/api/auth/github/callback"

    @property
    def url(self) -> str:
        """Base URL of the REST API and of the pages."""
        return self.front.url

    @property
    def git_root(self) -> Path:
        """Return the folder whose bare repositories it serves to git."""
        assert self.front.git_root is not None
        return self.front.git_root

    def service(self, token: str | None = ALICE, **options: float) -> GitHubService:
        """Return a service without pauses."""
        without = {"pause_s": 0, "write_pause_s": 0, "backoff_s": 0.001, "max_wait_s": 2, "timeout_s": 15}
        return GitHubService(token, api_url=self.url, url=self.url, **{**without, **options})

    def add_file(self, full_name: str, path: str, data: bytes) -> str:
        """Commit one file to the default branch, as somebody at another machine would; return the commit."""
        body = {"message": f"Add {path}", "content": base64.b64encode(data).decode()}
        return str(self.post(f"/repos/{full_name}/contents/{path}", body, method="PUT")["commit"]["sha"])

    def post(self, path: str, body: Any, *, token: str = ALICE, method: str = "POST") -> Any:
        """Send something past our own code, and return the answer."""
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def new_name(self) -> str:
        """Return the name of a repository that no test has."""
        return f"demo-{next(_numbers)}"


class _Emulator:
    def __init__(self, folder: Path) -> None:
        scopes = {
            ALICE: ["repo", "user", "delete_repo", "workflow"], BOB: ["repo", "user"], READER: ["read:user"]
        }  # fmt: skip
        self._git_root = folder / "git"
        self._git_root.mkdir()
        self.front = GitHubFront(scopes, {CLIENT_ID: CLIENT_SECRET}, self._git_root)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        logins = {ALICE: "alice", BOB: "bob", READER: "alice"}
        people = ("alice", "bob")
        seed = {
            "tokens": {
                token: {"login": logins[token], "scopes": scopes} for token, scopes in self.front.scopes.items()
            },
            "github": {
                "users": [
                    {"login": login, "name": login.title(), "email": f"{login}@example.com"} for login in people
                ],
                "orgs": [{"login": "acme", "name": "Acme", "members": [{"login": "alice", "role": "admin"}]}],
                "repos": [{"owner": "alice", "name": "seeded", "auto_init": True, "language": "Python"}],
                "oauth_apps": [
                    {
                        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "name": "vibe",
                        "redirect_uris": [GitHubDouble.callback],
                    }
                ],
            },
        }  # fmt: skip
        (self._folder / "seed.json").write_text(json.dumps(seed), encoding="utf-8")  # YAML reads JSON
        program = npm_modules(_FOLDER) / "emulate" / "dist" / "index.js"
        log = self._folder / "emulate.log"
        for _ in range(3):  # between finding a free port and taking it somebody may come first
            port = _free_port()
            command = [
                node(), str(program), "start", "--service", "github", "--port", str(port),
                "--seed", "seed.json", "--base-url", self.front.url,
            ]  # fmt: skip
            with log.open("wb") as output:
                self._process = subprocess.Popen(
                    command,
                    cwd=self._folder,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                )
            if self._answers(port):
                self.front.upstream_port = port
                self.front.start()
                return
            self.end()
        pytest.fail(
            f"the emulator did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
        )

    def _answers(self, port: int) -> bool:
        """Wait until it does, or has ended."""
        assert self._process is not None
        until = time.monotonic() + _START_LIMIT_S
        while self._process.poll() is None and time.monotonic() < until:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}/meta", timeout=5),
            ):
                return True
            time.sleep(0.02)  # it says nothing else when it is ready
        return False

    def end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


def _free_port() -> int:
    import socket

    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port: int = some.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def github_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubFront]:
    """Return the front of an emulator that all tests of this process share."""
    emulator = _Emulator(tmp_path_factory.mktemp("github"))
    emulator.start()
    try:
        yield emulator.front
    finally:
        emulator.front.stop()
        emulator.end()


@pytest.fixture
def github_double(github_process: GitHubFront, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubDouble]:
    """Return the GitHub of this test: no fault is planned, the journal is empty, and no proxy leads away from it."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    github_process.reset()
    yield GitHubDouble(github_process)
    github_process.reset()


@pytest.fixture
def new_github(github_double: GitHubDouble) -> Callable[..., GitHubService]:
    """Return what makes services for a token."""
    return github_double.service
