"""The fake hub is one to the official JavaScript client."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.npm_modules import node, npm_modules
from tests.services.fixtures_hub import ALICE, HubDouble

_FOLDER = Path(__file__).parents[2] / "services" / "hub"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the script, in a folder where Node finds the client."""
    folder = tmp_path_factory.mktemp("javascript")
    (folder / "node_modules").symlink_to(npm_modules(_FOLDER))
    return Path(shutil.copy(_FOLDER / "javascript_client.mjs", folder))


def test_the_javascript_client_does_all_its_steps(hub_double: HubDouble, client: Path) -> None:
    done = subprocess.run(
        [node(), str(client), hub_double.url, ALICE], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)
    assert steps == {
        "whoami": "alice", "existed": False, "exists": True,
        "files": {
            ".gitattributes": [steps["files"][".gitattributes"][0], False],
            "README.md": [steps["files"]["README.md"][0], False],
            "index.html": [15, False], "data/model.bin": [20_000, True],
        },
        "text": "<h1>Hello</h1>\n", "large": True, "afterwards": False,
        "titles": ["Both", "One goes", "Two files", "initial commit"],
        "twice": [409, "You already created this space repo"],
        "stranger": [401, "Invalid credentials in Authorization header"],
        "end": False,
    }  # fmt: skip


def test_its_requests_carry_no_token_into_the_journal(hub_double: HubDouble, client: Path) -> None:
    subprocess.run([node(), str(client), hub_double.url, ALICE], capture_output=True, timeout=60, check=True)
    journal = repr(hub_double.hub.faults.journal)
    assert "POST" in journal
    assert ALICE not in journal
