"""The process beside a server that runs its tasks: it comes when it is needed, and goes with the server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.servers import JupyterServer

_LIMIT_S = 30.0
_LOOK_S = 0.02


def task_processes(server: JupyterServer) -> list[psutil.Process]:
    """Return the process that runs the server's tasks, if there is one."""
    children = psutil.Process(server.pid).children()
    return [child for child in children if "execution.child_main" in " ".join(child.cmdline())]


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + _LIMIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(_LOOK_S)
    return found


def post(client: httpx.Client, **input_: Any) -> str:
    task_id: str = client.post("tasks", json={"type": "probe_run", "input": input_}).json()["id"]
    return task_id


def state(client: httpx.Client, task_id: str) -> str:
    found: str = client.get(f"tasks/{task_id}").json()["state"]
    return found


def begin(client: httpx.Client, seconds: float) -> str:
    """Create a task that takes so long, and return its id when it runs."""
    task_id = post(client, seconds=seconds)
    until(lambda: state(client, task_id) == "running")
    return task_id


def wait(client: httpx.Client, task_id: str) -> dict[str, Any]:
    """Follow the events of a task to its end, and return it."""
    assert client.get(f"tasks/{task_id}/events").status_code == 200
    task: dict[str, Any] = client.get(f"tasks/{task_id}").json()
    return task


def test_it_is_started_by_the_first_task_and_ends_with_the_server(
    start_server: Callable[..., JupyterServer],
) -> None:
    server = start_server("one")
    assert task_processes(server) == []
    with server.http() as client:
        assert wait(client, post(client, text="x"))["state"] == "succeeded"
        (process,) = task_processes(server)
        assert wait(client, post(client, text="y"))["state"] == "succeeded"
        assert task_processes(server) == [process]
    server.stop()
    assert not process.is_running()
    assert "has ended" not in server.log, "an ordinary end is nothing to be told of"


@pytest.mark.slow
def test_if_it_is_killed_the_server_goes_on_and_so_do_the_tasks(
    start_server: Callable[..., JupyterServer],
) -> None:
    server = start_server("killed")
    with server.http() as client:
        stuck, quick = post(client, text="x", seconds=2), post(client, text="y")
        assert wait(client, quick)["state"] == "succeeded"
        until(lambda: state(client, stuck) == "running")
        (process,) = task_processes(server)
        process.kill()
        assert client.get("health").status_code == 200
        behind = post(client, text="accepted meanwhile")
        assert wait(client, behind)["state"] == "succeeded"
        assert wait(client, stuck)["state"] == "succeeded"
        assert task_processes(server) != [process]
        events = client.get(f"tasks/{stuck}/events").text
        assert "event: revived" in events


@pytest.mark.slow
def test_a_task_of_the_server_is_cancelled_at_once(start_server: Callable[..., JupyterServer]) -> None:
    server = start_server("cancel")
    with server.http() as client:
        task_id = begin(client, 60)
        began = time.monotonic()
        assert client.post(f"tasks/{task_id}/cancel").status_code == 200
        assert wait(client, task_id)["state"] == "cancelled"
        assert time.monotonic() - began < 1


@pytest.mark.slow
def test_it_dies_with_a_server_that_is_killed(start_server: Callable[..., JupyterServer]) -> None:
    server = start_server("orphan")
    with server.http() as client:
        begin(client, 60)
    (process,) = task_processes(server)
    server.kill()
    process.wait(_LIMIT_S)


@pytest.mark.slow
def test_if_it_cannot_start_the_status_says_so_and_tasks_wait(
    start_server: Callable[..., JupyterServer],
) -> None:
    server = start_server("broken")
    (server.data_dir / "dbos.db").write_bytes(b"this is no database " * 500)
    with server.http() as client:
        task_id = post(client, text="waits")
        problems = until(lambda: client.get("status").json()["problems"])
        assert any("tasks wait" in problem and "dbos.db" in problem for problem in problems), problems
        assert state(client, task_id) == "queued"
        (server.data_dir / "dbos.db").unlink()
        assert wait(client, task_id)["state"] == "succeeded"
        assert client.get("status").json()["problems"] == []
