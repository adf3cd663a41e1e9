"""Our endpoint under the official conformance suite, in both revisions, and in the hands of the MCP Inspector.

The suite asks for a server with tools, resources and prompts of its own choice: the same endpoint, on the same route of
a real Jupyter server, carries that one. Scenarios run one at a time, as small machines need.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.npm_modules import node, npm_modules
from tests.servers import REPOSITORY, JupyterServer

MOUNT = "from tests.mcp_servers.conformance_server import mount\nmount()\n"
REQUIRED = {"2025-11-25": 30, "2026-07-28": 37}
"""How many scenarios each revision requires of a server."""
WITHOUT_A_FIXTURE = {
    "2025-11-25": (
        "server-initialize", "ping", "tools-list", "server-sse-multiple-streams", "server-session-lifecycle",
        "dns-rebinding-protection",
    ),
    "2026-07-28": (
        "tools-list", "server-sse-multiple-streams", "http-header-validation",
        "input-required-result-unsupported-methods", "dns-rebinding-protection",
    ),
}  # fmt: skip
"""What needs no tools, resources or prompts that the suite has named."""
PASSED = re.compile(r"^Passed: (\d+)/\1, 0 failed", re.MULTILINE)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def modules() -> Path:
    return npm_modules()


@contextmanager
def front(server: JupyterServer) -> Iterator[str]:
    """Yield the URL of a front that adds the token, which the suite cannot send."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.mcp_servers.token_front", str(server.port)],
        cwd=REPOSITORY,
        env={**os.environ, "FRONT_TOKEN": server.token},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/vibe/mcp"
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def failures(modules: Path, url: str, revision: str, scenarios: list[str]) -> dict[str, str]:
    """Run scenarios, and return what was said of each that has not passed in full."""
    found = {}
    for scenario in scenarios:
        done = subprocess.run(
            [
                node(), str(modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"), "server",
                "--url", url, "--scenario", scenario, "--spec-version", revision, "--timeout", "60000",
            ],
            capture_output=True,
            text=True,
            timeout=90,
        )  # fmt: skip
        if done.returncode or not PASSED.search(done.stdout):
            found[scenario] = (done.stdout + done.stderr)[-2000:]
    return found


@pytest.mark.parametrize("revision", REQUIRED)
def test_every_required_scenario_passes(modules: Path, tmp_path: Path, revision: str) -> None:
    lists = modules / "@modelcontextprotocol" / "conformance" / "requirements" / f"{revision}.yaml"
    required = yaml.safe_load(lists.read_text())["server"]
    assert len(required) == REQUIRED[revision]
    with JupyterServer(tmp_path, config=MOUNT) as server, front(server) as url:
        assert failures(modules, url, revision, required) == {}
        assert "Traceback" not in server.log


@pytest.mark.parametrize("revision", WITHOUT_A_FIXTURE)
def test_our_own_server_passes_what_needs_no_fixture(
    modules: Path, server: JupyterServer, revision: str
) -> None:
    with front(server) as url:
        assert failures(modules, url, revision, [*WITHOUT_A_FIXTURE[revision]]) == {}


@pytest.mark.parametrize("revision", WITHOUT_A_FIXTURE)
def test_a_server_without_a_token_cannot_be_rebound(modules: Path, tmp_path: Path, revision: str) -> None:
    with JupyterServer(tmp_path, token="") as server:
        url = f"{server.url}vibe/mcp"
        assert failures(modules, url, revision, ["dns-rebinding-protection", "tools-list"]) == {}


def test_the_inspector_calls_a_tool(modules: Path, server: JupyterServer) -> None:
    launcher = modules / "@modelcontextprotocol" / "inspector" / "clients" / "launcher" / "build" / "index.js"

    def inspect(*options: str) -> dict[str, object]:
        done = subprocess.run(
            [node(), str(launcher), "--cli", f"{server.url}vibe/mcp", "--header",
             f"Authorization: Bearer {server.token}", *options],
            capture_output=True,
            text=True,
            timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, object] = json.loads(done.stdout)
        return found

    names = {tool["name"] for tool in inspect("--method", "tools/list")["tools"]}  # type: ignore[attr-defined]
    assert {"tasks_create", "tasks_wait", "mcps_execute"} <= names
    called = inspect("--method", "tools/call", "--tool-name", "tasks_history", "--tool-arg", "limit=1")
    assert not called.get("isError")
    assert "items" in called["structuredContent"]  # type: ignore[operator]
