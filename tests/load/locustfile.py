"""100 users who create tasks, read them and page through their history; every answer must come within 2 s.

    VIBE_SERVER_URL=http://127.0.0.1:8888 VIBE_SERVER_TOKEN=... \
        locust -f tests/load/locustfile.py --headless --users 100 --spawn-rate 50 --run-time 30s

Exits with 1 when an answer was slow or wrong, or when there was none at all.
`VIBE_LOAD_PATH` names the folder that the tasks search, one that the server may read: its root by default.
"""

from __future__ import annotations

import os
import random
from collections import deque
from typing import Any

from locust import FastHttpUser, between, events, task
from locust.env import Environment

LIMIT_MS = 2_000
_PATH = os.environ.get("VIBE_LOAD_PATH", ".")
_slow: list[str] = []


class Person(FastHttpUser):
    """Somebody with a client of ours; there are as many as `--users` says."""

    host = os.environ.get("VIBE_SERVER_URL", "http://127.0.0.1:8888").rstrip("/")
    wait_time = between(0.3, 1.2)
    network_timeout = connection_timeout = 30.0

    def on_start(self) -> None:
        """Begin with one task, so that there is something to read."""
        token = os.environ.get("VIBE_SERVER_TOKEN", "")
        self._headers = {"Authorization": f"token {token}"} if token else {}
        self._recent: deque[str] = deque(maxlen=20)
        self.create()

    @task(2)
    def create(self) -> None:
        """Create a file search."""
        body = {
            "type": "file_search",
            "input": {"query": f"needle {random.randrange(1_000_000)}", "path": _PATH},
        }
        created = self._call("POST", "/tasks", "/tasks", expected=202, json=body)
        if created:
            self._recent.append(created["id"])

    @task(6)
    def read(self) -> None:
        """Read one of the tasks created last."""
        if self._recent:
            task_id = random.choice(self._recent)
            found = self._call("GET", f"/tasks/{task_id}", "/tasks/{id}")
            if found and found["id"] != task_id:
                raise AssertionError(f"asked for {task_id}, got {found['id']}")

    @task(3)
    def page(self) -> None:
        """Read the newest page of the history, sometimes the one after it."""
        first = self._call("GET", "/tasks/history?limit=20", "/tasks/history")
        if first and first["next_cursor"] and random.random() < 0.3:
            path = f"/tasks/history?limit=20&cursor={first['next_cursor']}"
            self._call("GET", path, "/tasks/history?cursor=")

    @task(1)
    def explain(self) -> None:
        """Ask why a task went where it went."""
        if self._recent:
            self._call("GET", f"/tasks/{random.choice(self._recent)}/explain", "/tasks/{id}/explain")

    def _call(
        self, method: str, path: str, name: str, expected: int = 200, **options: Any
    ) -> dict[str, Any] | None:
        """Call our API; a wrong status counts as a failure under the route's name."""
        with self.client.request(
            method,
            f"/vibe/api{path}",
            name=f"/vibe/api{name}",
            headers=self._headers,
            catch_response=True,
            **options,
        ) as response:
            if response.status_code != expected:
                reason = (response.text or "")[:200] if response.status_code else response.error
                response.failure(f"{response.status_code}: {reason}")
                return None
            answer: dict[str, Any] = response.json()
            return answer


@events.request.add_listener
def note_slow_answers(request_type: str, name: str, response_time: float, **_: Any) -> None:
    """Remember answers over the limit."""
    if response_time > LIMIT_MS:
        _slow.append(f"{request_type} {name}: {response_time:.0f} ms")


@events.quitting.add_listener
def judge(environment: Environment, **_: Any) -> None:
    """Set the exit code, and say why it is 1."""
    total = environment.stats.total
    reasons = []
    if total.num_requests == 0:
        reasons.append("no request was made")
    if total.num_failures:
        reasons.append(f"{total.num_failures} of {total.num_requests} requests failed")
    if _slow:
        reasons.append(f"{len(_slow)} answers took over {LIMIT_MS} ms, such as {_slow[0]}")
    environment.process_exit_code = 1 if reasons else 0
    print("load: " + ("; ".join(reasons) or f"{total.num_requests} requests, all within {LIMIT_MS} ms"))
