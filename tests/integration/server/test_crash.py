"""The promise of a 202: a task that was accepted ends, whatever becomes of the server."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import JupyterServer

_TASKS = 500
_CLIENTS = 8
_LIMIT_S = 90.0
_LOOK_S = 0.02


class Flood:
    """Clients that post tasks until there are enough, or the server is gone."""

    def __init__(self, server: JupyterServer) -> None:
        self.accepted: dict[str, str] = {}
        self._server = server
        self._numbers = itertools.count()
        self._threads = [threading.Thread(target=self._post) for _ in range(_CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _post(self) -> None:
        with self._server.http() as client:
            while (number := next(self._numbers)) < _TASKS:
                body = {"type": "probe_run", "input": {"text": f"{number}", "seconds": 0.01}}
                try:
                    answer = client.post("tasks", json=body)
                except httpx.TransportError:  # killed: what was not answered was not promised
                    return
                assert answer.status_code == 202, answer.text
                self.accepted[answer.json()["id"]] = str(number)


def history(server: JupyterServer, **query: Any) -> list[dict[str, Any]]:
    """Return all tasks, over all pages."""
    found: list[dict[str, Any]] = []
    with server.http() as client:
        cursor: dict[str, str] = {}
        while True:
            page = client.get("tasks/history", params={"limit": 200, **query, **cursor}).json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}


def total(client: httpx.Client, state: str) -> int:
    answer = client.get("tasks/history", params={"limit": 1, "state": state})
    count: int = answer.json()["total"]
    return count


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(_LOOK_S)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_500_tasks_and_a_server_killed_half_way(start_server: Callable[..., JupyterServer]) -> None:
    server = start_server("crash")
    flood = Flood(server)
    flood.start()
    with server.http() as client:
        until(lambda: len(flood.accepted) >= 250 and total(client, "succeeded") >= 60)
    server.kill()
    flood.join()
    promised = dict(flood.accepted)
    assert len(promised) >= 250

    server.start()
    with server.http() as client:
        restarted, before = time.monotonic(), total(client, "succeeded")
        until(lambda: total(client, "succeeded") > before)
        assert time.monotonic() - restarted < 10
        until(lambda: total(client, "queued") + total(client, "running") == 0)

    ended = {task["id"]: task for task in history(server)}
    lost = promised.keys() - ended.keys()
    assert not lost
    assert {ended[task_id]["state"] for task_id in promised} == {"succeeded"}
    assert {ended[task_id]["result"]["text"] for task_id in promised} == set(promised.values())
    # What was stored and not answered may be there, too; it has ended all the same.
    assert {task["state"] for task in ended.values()} == {"succeeded"}
