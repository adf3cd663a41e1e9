"""The servers that are measured: ours, the reference stack twice, a bare tornado, a bare Jupyter server."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from benchmarks.bare_tornado import SMALL_PATH
from benchmarks.reference_stack.database import Variant
from benchmarks.reference_stack.seed import token_of
from benchmarks.requests import Target
from benchmarks.server_process import ServerProcess

__all__ = ["BareTornado", "JupyterServer", "ReferenceServer", "VibeServer"]


class BareTornado(ServerProcess):
    """The floor of any tornado server."""

    name = "bare_tornado"
    ready_path = SMALL_PATH

    def command(self) -> list[str]:
        return [sys.executable, "-m", "benchmarks.bare_tornado", str(self.port)]


class ReferenceServer(ServerProcess):
    """One variant of the reference stack on an existing database."""

    ready_path = "/openapi.json"

    def __init__(self, folder: Path, variant: Variant, database: Path) -> None:
        super().__init__(folder)
        self.name = f"reference_{variant}"
        self._variant = variant
        self._database = database

    def command(self) -> list[str]:
        module = [sys.executable, "-m", "benchmarks.reference_stack", self._variant]
        return [*module, "--database", str(self._database), "--port", str(self.port)]

    def target(self) -> Target:
        return Target(self.port, authorization=f"Bearer {token_of(0)}")


class JupyterServer(ServerProcess):
    """A Jupyter server with folders of its own; the extensions of this environment, ours switched off."""

    name = "jupyter_bare"
    ready_path = "/api"
    module = "jupyter_server"
    with_vibe = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.token = secrets.token_hex(16)
        self.data_dir = folder / "data"
        self.data_dir.mkdir(mode=0o700)

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", self.module, "--no-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"),
            f"--ServerApp.root_dir={self.search_root()}",
            f"--ServerApp.jpserver_extensions=vibe_jupyter={self.with_vibe}",
            f"--IdentityProvider.token={self.token}",
        ]

    def environment(self) -> dict[str, str]:
        return {
            "JUPYTER_CONFIG_DIR": str(self.folder / "jupyter_config"),
            "JUPYTER_DATA_DIR": str(self.folder / "jupyter_data"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "jupyter_runtime"),
            "IPYTHONDIR": str(self.folder / "ipython"),
            "VIBE_DATA_DIR": str(self.data_dir),
        }


class VibeServer(JupyterServer):
    """A Jupyter server with our extension, called with its own token, that is, as the local owner."""

    name = "vibe"
    ready_path = "/vibe/api/health"
    with_vibe = True

    def __init__(self, folder: Path, *, holds_engine: bool = False) -> None:
        super().__init__(folder)
        if holds_engine:
            self.module = "benchmarks.held_server"

    def target(self) -> Target:
        return Target(self.port, "/vibe/api", f"token {self.token}")
