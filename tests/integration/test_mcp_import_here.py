"""`%vibe mcp import` in a kernel whose folder is not the server's root."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kernels import Kernel
from tests.servers import JupyterServer

pytestmark = pytest.mark.slow


def test_files_of_the_kernels_own_folder_are_found(server: JupyterServer, tmp_path: Path) -> None:
    folder = tmp_path / "a-project"
    folder.mkdir()
    (folder / ".mcp.json").write_text(json.dumps({"mcpServers": {"mine": {"command": "mine"}}}))
    env = {"VIBE_SERVER_URL": server.url, "VIBE_SERVER_TOKEN": server.token, "HOME": str(tmp_path)}
    with Kernel(folder, IPYTHONDIR=str(tmp_path / "ipython"), **env) as kernel:
        kernel.run("%load_ext vibe_jupyter")
        ran = kernel.run("%vibe mcp import", allow_stdin=False)
    assert str(folder / ".mcp.json") in "".join(ran.text.split("\n"))
    assert "1 server would be added" in ran.text
