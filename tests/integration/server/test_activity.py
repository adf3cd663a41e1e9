"""What keeps an idle culler away: tasks that run; not pages that are merely open."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

from tests.server_sent_events import Comment, Event, read

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.servers import JupyterServer

HEARTBEATS = ("--VibeApp.heartbeat_s=0.2",)


def last_activity(client: httpx.Client, server: JupyterServer) -> str:
    status = client.get(f"{server.url}api/status")  # which does not count itself
    assert status.status_code == 200
    return str(status.json()["last_activity"])


def test_a_running_task_is_activity_and_an_open_stream_is_not(
    start_server: Callable[..., JupyterServer],
) -> None:
    busy = start_server("busy", options=HEARTBEATS)
    idle = start_server("idle", data_dir=busy.data_dir, options=HEARTBEATS)
    with busy.http() as owner, idle.http() as watcher:
        task_id = owner.post("/tasks", json={"type": "probe_run", "input": {"seconds": 60}}).json()["id"]
        with watcher.stream("GET", f"/tasks/{task_id}/events") as response:
            items = read(response.iter_lines())
            events = (item for item in items if isinstance(item, Event))
            assert next(event for event in events if event.event == "running")
            before = last_activity(owner, busy)
            of_idle = last_activity(watcher, idle)
            deadline = time.monotonic() + 10
            while last_activity(owner, busy) == before:
                assert time.monotonic() < deadline, "a running task does not count"
                next(items)
            comments = (item for item in items if isinstance(item, Comment))
            assert len(list(itertools.islice(comments, 3))) == 3
            assert last_activity(watcher, idle) == of_idle, "an open stream counts"
        assert watcher.get("/status", params={"no_track_activity": "1"}).status_code == 200
        assert watcher.get("/health").status_code == 200
        assert watcher.get(f"/tasks/{task_id}/events?after=x" + "x" * 80).status_code == 422
        assert last_activity(watcher, idle) == of_idle, "asking quietly counts"
        assert watcher.get("/status").status_code == 200
        assert last_activity(watcher, idle) > of_idle
        owner.post(f"/tasks/{task_id}/cancel")
