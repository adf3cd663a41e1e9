"""How a server with us in it starts and ends, also where something is wrong."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.server_sent_events import Event, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers import JupyterServer


def not_started(server: JupyterServer) -> dict[str, Any]:
    with server.http() as client:
        response = client.get("/tasks/history")
        assert client.get("/health").status_code == 503
    assert response.status_code == 503
    assert response.headers["retry-after"]
    problem: dict[str, Any] = response.json()
    assert problem["code"] == "platform.not_started"
    assert problem["hint"]
    return problem


def test_a_database_that_comes_later_is_the_one_that_was_asked_for(
    start_server: Callable[..., JupyterServer], tmp_path: Path
) -> None:
    late = tmp_path / "late" / "vibe.db"
    late.parent.touch()
    server = start_server(env={"VIBE_DATABASE_URL": f"sqlite:///{late}"}, ready="api")
    not_started(server)
    late.parent.unlink()
    late.parent.mkdir()
    with server.http() as client:
        created = client.post("/tasks", json={"type": "probe_run", "input": {}})
        assert created.status_code == 202, created.text
    assert late.exists()
    assert not (server.data_dir / "vibe.db").exists()
    notes = list((server.data_dir / "servers").glob("*.json"))
    assert json.loads(notes[0].read_text())["url"] == server.url


def test_a_data_directory_that_cannot_be_is_told(
    start_server: Callable[..., JupyterServer], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    server = start_server(data_dir=tmp_path / "file" / "data", ready="api")
    assert "file" in not_started(server)["detail"]
    assert "Traceback" not in server.log


def test_a_wrong_setting_is_named(start_server: Callable[..., JupyterServer]) -> None:
    server = start_server(
        env={"VIBE_TASK_CONCURRENCY": "many", "VIBE_DATABASE_URL": "sqlite:////x"}, ready="api"
    )
    problem = not_started(server)
    assert "VIBE_TASK_CONCURRENCY" in problem["detail"]
    assert "restart" in problem["hint"]
    assert "VIBE_TASK_CONCURRENCY" in server.log


@pytest.mark.slow
def test_a_stop_ends_open_streams_and_leaves_nothing_behind(
    start_server: Callable[..., JupyterServer],
) -> None:
    server = start_server()
    note = server.data_dir / "servers" / f"{server.pid}.json"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    assert stat.S_IMODE(note.parent.stat().st_mode) == 0o700
    with server.http() as client:
        task_id = client.post("/tasks", json={"type": "probe_run", "input": {"seconds": 60}}).json()["id"]
        with client.stream("GET", f"/tasks/{task_id}/events") as response:
            items = read(response.iter_lines())
            while not (isinstance(item := next(items), Event) and item.event == "running"):
                pass
            assert server.stop() == 0
            try:
                rest = [item.event for item in items if isinstance(item, Event)]
            except httpx.TransportError:
                rest = []
            assert not {"failed", "cancelled", "succeeded"} & set(rest)
    assert not note.exists()
    assert "Traceback" not in server.log
    assert "was never" not in server.log


def test_a_busy_server_that_is_stopped_says_so(start_server: Callable[..., JupyterServer]) -> None:
    server = start_server()
    answers: list[httpx.Response] = []
    is_over = threading.Event()

    def ask() -> None:
        with server.http() as client, contextlib.suppress(httpx.TransportError):
            task_id = client.post("/tasks", json={"type": "probe_run"}).json()["id"]
            while not is_over.is_set():
                answers.append(client.post("/tasks", json={"type": "probe_run"}))
                answers.append(client.get("/tasks/history"))
                answers.append(client.post(f"/tasks/{task_id}/cancel"))
                if answers[-1].status_code == 503:
                    is_over.wait(0.05)  # who is refused is in less of a hurry

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(ask)
        time.sleep(1)
        assert server.stop() == 0
        is_over.set()
    refused = [answer for answer in answers if answer.status_code not in (200, 202, 409)]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} <= {(503, "platform.stopping")}
    assert all(answer.headers["retry-after"] and answer.json()["hint"] for answer in refused)
    assert "Traceback" not in server.log
    assert "was never" not in server.log


def test_two_servers_on_one_data_directory(start_server: Callable[..., JupyterServer]) -> None:
    first = start_server("first")
    second = start_server("second", data_dir=first.data_dir)
    with first.http() as one, second.http() as other:
        task_id = one.post("/tasks", json={"type": "probe_run", "input": {"steps": 3}}).json()["id"]
        events = [
            item
            for item in read(other.get(f"/tasks/{task_id}/events").iter_lines())
            if isinstance(item, Event)
        ]
        assert events[-1].event == "succeeded"
        assert one.get(f"/tasks/{task_id}").json() == other.get(f"/tasks/{task_id}").json()
        elsewhere = other.post("/tasks", json={"type": "probe_run", "input": {"seconds": 60}}).json()["id"]
        assert one.post(f"/tasks/{elsewhere}/cancel").status_code == 200
        assert '"cancelled"' in one.get(f"/tasks/{elsewhere}/events").text
    notes = sorted(path.stem for path in (first.data_dir / "servers").glob("*.json"))
    assert notes == sorted([str(first.pid), str(second.pid)])
    assert os.getpid() not in map(int, notes)
