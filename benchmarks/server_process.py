"""A server as a process of its own on a free port: started, awaited until it answers, ended."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

from benchmarks.requests import Target

__all__ = ["REPOSITORY", "ServerProcess", "free_port"]

REPOSITORY = Path(__file__).resolve().parent.parent
START_LIMIT_S = 30.0
STOP_LIMIT_S = 15.0


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ServerProcess:
    """Base of the measured servers; a context manager. Subclasses say which command to run."""

    name: str
    ready_path: str = "/"
    """An answer of this path that is no server error says that the server is up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """Return the command line."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Return the variables to set beside those of this process."""
        return {}

    def target(self) -> Target:
        """Return where load goes."""
        return Target(self.port)

    def search_root(self) -> Path:
        """Return the folder that the created tasks search: five small files."""
        root = self.folder / "root"
        root.mkdir(exist_ok=True)
        for number in range(5):
            (root / f"module_{number}.py").write_text(
                f"def find_{number}(haystack):\n    return haystack\n" * 5
            )
        return root

    @property
    def pid(self) -> int:
        """The id of the server's process."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    @property
    def log(self) -> Path:
        """Where the server's output goes."""
        return self.folder / f"{self.name}.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        # No setting of the person who runs this may reach a measured server.
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith(("VIBE_", "JUPYTER_"))
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=REPOSITORY,
                env=inherited | {"PYTHONPATH": str(REPOSITORY)} | self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            if self._answers():
                return
            try:
                self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            break
        self.stop()
        raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text(errors='replace')[-4000:]}")

    def _answers(self) -> bool:
        try:
            self.ask("GET", self.ready_path)
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False
        return True

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        """Make one request with the server's credentials and return the answer's body."""
        headers = {"Content-Type": "application/json"}
        if authorization := self.target().authorization:
            headers["Authorization"] = authorization
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as response:
            answer: bytes = response.read()
        return answer

    def stop(self) -> None:
        """End the process, by force if it does not end by itself."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
