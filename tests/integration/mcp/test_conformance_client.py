"""Our sessions under the official conformance suite, as a client, in both revisions.

The suite plays the server, and signs people in. Its scenarios run all at once, against one client that is warm; one
that does not pass then is judged alone, for some of them measure times.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.npm_modules import node, npm_modules
from tests.servers import REPOSITORY

REQUIRED = {"2025-11-25": 18, "2026-07-28": 32}
"""How many scenarios each revision requires of a client."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def suite() -> Path:
    return npm_modules() / "@modelcontextprotocol" / "conformance"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the command by which the suite starts a client."""
    with (tmp_path_factory.mktemp("client") / "stderr.txt").open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.mcp_servers.conformance_client"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            relay = str(REPOSITORY / "tests" / "mcp_servers" / "conformance_relay.py")
            yield shlex.join([sys.executable, "-S", "-E", relay, str(port)])
        finally:
            process.kill()
            process.wait(10)
            process.stdout.close()


def run(suite: Path, client: str, folder: Path, *options: str) -> dict[str, str]:
    """Let the suite run scenarios; return what is wrong with each, which is empty if it passes in full."""
    command = [node(), str(suite / "dist" / "index.js"), "client", "--command", client, "-o", str(folder)]
    done = subprocess.run(
        [*command, "--timeout", "60000", *options], capture_output=True, text=True, timeout=120, check=False
    )
    found = {}
    for file in folder.glob("**/checks.json"):
        place = file.parent
        scenario = place.relative_to(folder).as_posix()[: -len("-2026-01-01T00-00-00-000Z")]
        bad = [check for check in json.loads(file.read_text()) if check["status"] in ("FAILURE", "WARNING")]
        said = (place / "stdout.txt").read_text().strip()
        found[scenario] = json.dumps(bad, indent=1) if bad else said.removeprefix("ok")
    assert found, done.stdout + done.stderr
    return found


@pytest.mark.parametrize("revision", REQUIRED)
def test_every_required_scenario_passes(
    suite: Path, client: str, tmp_path: Path, revision: str, subtests: pytest.Subtests
) -> None:
    required = yaml.safe_load((suite / "requirements" / f"{revision}.yaml").read_text())["client"]
    assert len(required) == REQUIRED[revision]
    together = run(suite, client, tmp_path / "together", "--requirements", revision)
    for scenario in required:
        wrong = together.get(scenario, "it was not run")
        if wrong:
            alone = run(suite, client, tmp_path / "alone", "--scenario", scenario, "--spec-version", revision)
            wrong = alone.get(scenario, wrong)
        with subtests.test(scenario):
            assert wrong == ""
