"""Our endpoint under the official conformance suite, in both revisions, and in the hands of the MCP Inspector.

The suite asks for a server with tools, resources and prompts of its own choice: the same endpoint, on the same route of
a real Jupyter server, carries that one. Scenarios run one after the other, as small machines need, and all that a
revision requires in one process of the suite.
"""

from __future__ import annotations

import json
import os
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


def run(modules: Path, url: str, folder: Path, *options: str) -> dict[str, str]:
    """Let the suite run scenarios; return what is wrong with each, which is empty if it passes in full."""
    suite = modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    command = [node(), str(suite), "server", "--url", url, "-o", str(folder), "--timeout", "60000", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    found = {}
    for file in folder.glob("server-*/checks.json"):
        scenario = file.parent.name[len("server-") : -len("-2026-01-01T00-00-00-000Z")]
        checks = json.loads(file.read_text())
        bad = [check for check in checks if check["status"] not in ("SUCCESS", "INFO", "SKIPPED")]
        passed = any(check["status"] == "SUCCESS" for check in checks)
        found[scenario] = json.dumps(bad, indent=1) if bad else "" if passed else "nothing was checked"
    assert found, done.stdout + done.stderr
    return found


def failures(modules: Path, url: str, folder: Path, revision: str, scenarios: list[str]) -> dict[str, str]:
    """Run scenarios alone, and return what was said of each that has not passed in full."""
    found = {}
    for scenario in scenarios:
        found |= run(modules, url, folder, "--scenario", scenario, "--spec-version", revision)
    return {scenario: wrong for scenario in scenarios if (wrong := found.get(scenario, "it was not run"))}


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Yield a server whose endpoint carries the suite's tools, resources and prompts."""
    with JupyterServer(tmp_path_factory.mktemp("mounted"), config=MOUNT) as server:
        yield server


@pytest.fixture(scope="module")
def tokenless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    with JupyterServer(tmp_path_factory.mktemp("tokenless"), token="") as server:
        yield server


@pytest.mark.parametrize("revision", REQUIRED)
def test_every_required_scenario_passes(
    modules: Path, mounted: JupyterServer, tmp_path: Path, revision: str
) -> None:
    lists = modules / "@modelcontextprotocol" / "conformance" / "requirements" / f"{revision}.yaml"
    required = yaml.safe_load(lists.read_text())["server"]
    assert len(required) == REQUIRED[revision]
    with front(mounted) as url:
        found = run(modules, url, tmp_path, "--requirements", revision)
    assert {scenario: found.get(scenario, "it was not run") for scenario in required} == dict.fromkeys(
        required, ""
    )
    assert "Traceback" not in mounted.log


@pytest.mark.parametrize("revision", WITHOUT_A_FIXTURE)
def test_our_own_server_passes_what_needs_no_fixture(
    modules: Path, server: JupyterServer, tmp_path: Path, revision: str
) -> None:
    with front(server) as url:
        assert failures(modules, url, tmp_path, revision, [*WITHOUT_A_FIXTURE[revision]]) == {}


@pytest.mark.parametrize("revision", WITHOUT_A_FIXTURE)
def test_a_server_without_a_token_cannot_be_rebound(
    modules: Path, tokenless: JupyterServer, tmp_path: Path, revision: str
) -> None:
    url = f"{tokenless.url}vibe/mcp"
    assert failures(modules, url, tmp_path, revision, ["dns-rebinding-protection", "tools-list"]) == {}


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
