"""A real Jupyter server as a process of its own: nothing of it is shared with the person who runs the tests."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx

from vibe_jupyter.client.api import VibeClient
from vibe_jupyter.client.http import HttpTransport

__all__ = ["REPOSITORY", "JupyterServer", "free_port"]

REPOSITORY = Path(__file__).resolve().parent.parent
START_LIMIT_S = 60.0
STOP_LIMIT_S = 20.0
_POLL_S = 0.05
_FOREIGN = ("VIBE_", "JPY_", "JUPYTER", "OTEL_")
_FOREIGN_NAMES = ("DATABASE_URL", "REDIS_URL", "DEBUG", "LOG_LEVEL", "IPYTHONDIR")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_OTHERS = {
    "jupyterlab": False,
    "jupyter_lsp": False,
    "jupyter_server_terminals": False,
    "notebook_shim": False,
}
"""Extensions that a bare server need not load: it starts in half the time."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free, and that nobody is given who asks for any.

    It lies below those that systems give to connections and to port 0: several processes run tests.
    """
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class JupyterServer:
    """A server with folders, port and token of its own; a context manager. It may be killed and started again.

    Args:
        folder: where all its folders and its log lie.
        app: `jupyter_server`, or `jupyterlab` for one with the whole frontend.
        token: its token; an empty one makes a server without authentication.
        port: default: one that is free.
        base_url: the path below which it serves.
        certificate: file with a certificate and its key, for a server that speaks TLS.
        root: its root folder; default: a new one in `folder`.
        data_dir: our data directory; default: a new one in `folder`.
        extension: whether our extension is enabled.
        ready: what is asked until it answers without a server error.
        config: text of a `jupyter_server_config.py`.
        env: further environment variables.
        probe: whether the oracle `tests.factories.Probe` is installed, as a third party's package.
        options: further command-line options.
    """

    def __init__(
        self,
        folder: Path,
        *,
        app: str = "jupyter_server",
        token: str | None = None,
        port: int | None = None,
        base_url: str = "/",
        certificate: Path | None = None,
        root: Path | None = None,
        data_dir: Path | None = None,
        extension: bool = True,
        ready: str = "vibe/api/health",
        config: str = "",
        env: dict[str, str] | None = None,
        probe: bool = True,
        options: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self.app = app
        self.token = secrets.token_hex(16) if token is None else token
        self.root = root or folder / "root"
        self.data_dir = data_dir or folder / "vibe-data"
        self.runtime_dir = folder / "jupyter" / "runtime"
        self.port = port or free_port()
        self.base_url = base_url
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}{base_url}"
        self._certificate = certificate
        self._extension = extension
        self._ready = ready if extension else "api"
        self._options = options
        self._config = config
        self._env = env or {}
        self._probe = probe
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "server.log"

    @property
    def pid(self) -> int:
        """Return the id of the server's process."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    @property
    def log(self) -> str:
        """Return what the server has written, over all its starts."""
        return self._log.read_text(errors="replace")

    @property
    def authorization(self) -> dict[str, str]:
        """Return the header of the owner."""
        return {"Authorization": f"token {self.token}"} if self.token else {}

    @property
    def environment(self) -> dict[str, str]:
        """Return the server's whole environment; also right for a process that shall use the same folders."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_FOREIGN) and name not in _FOREIGN_NAMES and name.lower() not in _PROXIES
        }
        paths = [str(REPOSITORY), *([str(self._plugin())] if self._probe else [])]
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(paths),
            "JUPYTER_CONFIG_DIR": str(self.folder / "jupyter" / "config"),
            "JUPYTER_DATA_DIR": str(self.folder / "jupyter" / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime_dir),
            "IPYTHONDIR": str(self.folder / "ipython"),
            "VIBE_DATA_DIR": str(self.data_dir),
            **self._env,
        }

    def start(self) -> Self:
        """Start it and return when it answers.

        Raises:
            RuntimeError: if it ends or stays silent; with its log.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        config = self.folder / "jupyter" / "config"
        config.mkdir(parents=True, exist_ok=True)
        extensions = {
            "vibe_jupyter": self._extension,
            "tests.inspection": True,
            **(_OTHERS if self.app == "jupyter_server" else {}),
        }
        settings = {"ServerApp": {"jpserver_extensions": extensions}}
        (config / "jupyter_server_config.json").write_text(json.dumps(settings))
        if self._config:
            (config / "jupyter_server_config.py").write_text(self._config)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_up()
        return self

    def kill(self) -> None:
        """End it as a crash or a power cut would (SIGKILL); its kernels and workers notice by themselves."""
        assert self._process is not None
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(STOP_LIMIT_S)

    def stop(self) -> int:
        """Ask it to end (SIGTERM) and return its exit code; a second call does nothing."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"the server did not end within {STOP_LIMIT_S} s:\n{self._tail()}") from None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def http(self, **options: Any) -> httpx.Client:
        """Return a plain HTTP client that is signed in as the owner; `base_url` is the API."""
        headers = {**self.authorization, **options.pop("headers", {})}
        options = {
            "timeout": 30,
            "trust_env": False,
            "verify": False,
            **options,
        }  # no authorities need be read
        return httpx.Client(base_url=f"{self.url}vibe/api", headers=headers, **options)

    def graph_of(self, folder: str, files: dict[str, str]) -> str:
        """Write a project below the root and have its knowledge graph made; return the graph's id."""
        for path, text in files.items():
            file = self.root / folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        with self.vibe() as vibe:
            started = vibe.kg.generate(path=folder)
            vibe.tasks.get(started.task_id).wait()
        return str(started.kg_id)

    def vibe(self) -> VibeClient:
        """Return our client, over HTTP."""
        return VibeClient(HttpTransport(self.url, self.token or None))

    def _command(self) -> list[str]:
        command = [
            sys.executable, "-m", self.app, "--no-browser", "--allow-root", "--ip=127.0.0.1",
            f"--port={self.port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}", f"--ServerApp.base_url={self.base_url}",
        ]  # fmt: skip
        if self._certificate:
            command += [f"--ServerApp.certfile={self._certificate}"]
        if not self.token:
            command += [
                "--PasswordIdentityProvider.hashed_password=",
                "--ServerApp.allow_remote_access=False",
            ]
        if self.app == "jupyterlab":
            command += [
                "--LabApp.extension_manager=readonly", "--LabApp.news_url=None",
                "--LabApp.expose_app_in_browser=True",
            ]  # fmt: skip
        return [*command, *self._options]

    def _plugin(self) -> Path:
        """Make what pip would leave of a package that registers the probe as an oracle."""
        site = self.folder / "site"
        info = site / "vibe_probe-1.0.dist-info"
        if not info.exists():
            info.mkdir(parents=True)
            (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vibe-probe\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text("[vibe_jupyter.oracles]\nprobe = tests.factories:Probe\n")
        return site

    def _wait_until_up(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_LIMIT_S
        with httpx.Client(trust_env=False, timeout=5, verify=False) as client:
            while time.monotonic() < deadline:
                with suppress(httpx.TransportError):
                    if client.get(self.url + self._ready).status_code < 500:
                        return
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(_POLL_S)
                    break
        code = self._process.poll()
        self.kill()
        how = f"ended with code {code}" if code is not None else f"did not answer within {START_LIMIT_S} s"
        raise RuntimeError(f"{self.app} {how}:\n{self._tail()}")

    def _tail(self) -> str:
        return self.log[-6000:]
