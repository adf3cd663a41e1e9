"""A hundred users at once, by locust, against a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.servers import VibeServer

LOCUSTFILE = Path(__file__).with_name("locustfile.py")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VibeServer]:
    with VibeServer(tmp_path_factory.mktemp("load") / "server") as running:
        yield running


def locust(server: VibeServer, token: str, *, users: int, seconds: int) -> subprocess.CompletedProcess[str]:
    size = ("--users", str(users), "--spawn-rate", "50", "--run-time", f"{seconds}s")
    return subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary", *size],
        env=os.environ | {"VIBE_SERVER_URL": f"http://127.0.0.1:{server.port}", "VIBE_SERVER_TOKEN": token},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.mark.slow
def test_a_hundred_users_get_every_answer_within_two_seconds(server: VibeServer) -> None:
    done = locust(server, server.token, users=100, seconds=12)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_load_test_fails_when_answers_are_wrong(server: VibeServer) -> None:
    done = locust(server, "a wrong token", users=2, seconds=2)
    assert done.returncode == 1, done.stdout
    assert "requests failed" in done.stdout
