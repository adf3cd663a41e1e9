"""How a handle waits, where the platform answers by a script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from vibe_jupyter.client import handles
from vibe_jupyter.client.handles import AsyncTaskHandle, TaskHandle
from vibe_jupyter.core.errors import Unavailable
from vibe_jupyter.core.tasks.schemas import Task, TaskEvent

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GONE = Unavailable("gone", code="server.lost")


def task(state: str = "running") -> Task:
    values: dict[str, Any] = dict.fromkeys(Task.model_fields)
    values |= {"id": "t1", "type": "probe_run", "capability": "probe.run", "input": {}, "state": state}
    values |= {
        "required_capabilities": [],
        "parts": [],
        "priority": 0,
        "timeout_s": 1,
        "root": "/",
        "attempts": 1,
    }
    return Task(**{**values, "created_at": NOW})


def event(seq: int, type_: str) -> TaskEvent:
    return TaskEvent(seq=seq, type=type_, task_id="t1", at=NOW)


class Script:
    """Stands for `vibe.tasks`: each connection of `events` gives a list of events, and an error to end with."""

    def __init__(self, *connections: list[TaskEvent | Unavailable], states: tuple[Any, ...] = ()) -> None:
        self._connections = list(connections)
        self._states = list(states)
        self.asked_after: list[str | None] = []

    def _items(self, after: str | None) -> Iterator[TaskEvent]:
        self.asked_after.append(after)
        for item in self._connections.pop(0):
            if isinstance(item, Unavailable):
                raise item
            yield item

    def events(self, task_id: str, after: str | None = None) -> Iterator[TaskEvent]:
        return self._items(after)

    def fetch(self, task_id: str) -> Task:
        state = self._states.pop(0) if self._states else "succeeded"
        if isinstance(state, Unavailable):
            raise state
        return task(state)


class AsyncScript(Script):
    async def _aitems(self, after: str | None) -> AsyncIterator[TaskEvent]:
        for item in self._items(after):
            yield item

    def events(self, task_id: str, after: str | None = None) -> Any:
        return self._aitems(after)

    async def afetch(self, task_id: str) -> Task:
        return self.fetch(task_id)


async def waited(
    kind: str, *connections: list[Any], states: tuple[Any, ...] = ()
) -> tuple[list[int], Any, Script]:
    """Wait with a handle of either kind; return the numbers it has told, itself, and what it was told by."""
    heard: list[int] = []
    script = (Script if kind == "sync" else AsyncScript)(*connections, states=states)
    namespace: Any = script
    if kind == "sync":
        return heard, TaskHandle(namespace, task()).wait(lambda one: heard.append(one.seq)), script
    handle = AsyncTaskHandle(namespace, task())
    return heard, await handle.wait(lambda one: heard.append(one.seq)), script


pytestmark = [pytest.mark.asyncio, pytest.mark.parametrize("kind", ["sync", "async"])]


async def test_a_broken_stream_is_taken_up_where_it_broke(kind: str) -> None:
    heard, handle, script = await waited(
        kind, [event(1, "queued"), event(2, "running"), GONE], [GONE], [event(3, "succeeded")]
    )
    assert heard == [1, 2, 3]
    assert script.asked_after == [None, "2", "2"]
    assert handle.state == "succeeded"


async def test_a_stream_that_ends_before_the_task_is_taken_up_too(kind: str) -> None:
    heard, handle, _ = await waited(
        kind, [event(1, "queued")], [event(2, "succeeded")], states=("running", "succeeded")
    )
    assert heard == [1, 2]
    assert handle.state == "succeeded"


async def test_a_stream_behind_the_end_is_the_end(kind: str) -> None:
    heard, handle, _ = await waited(kind, [event(1, "queued"), GONE], [])
    assert heard == [1]
    assert handle.state == "succeeded"


async def test_a_server_that_goes_after_the_last_event_is_waited_for(kind: str) -> None:
    _, handle, _ = await waited(kind, [event(1, "succeeded")], states=(GONE, GONE, "succeeded"))
    assert handle.state == "succeeded"


async def test_patience_ends_and_the_task_is_called_safe(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handles, "_PATIENCE_S", 0.0)
    with pytest.raises(Unavailable, match="not lost") as raised:
        await waited(kind, [event(1, "queued"), GONE])
    assert raised.value.code == "server.lost"
    assert raised.value.data == {"task_id": "t1"}


async def test_a_sign_of_life_restores_patience(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handles, "_PATIENCE_S", 0.25)
    connections = [[event(number, "progress"), GONE] for number in range(1, 5)]
    heard, _, _ = await waited(kind, *connections, [event(5, "succeeded")])
    assert heard == [1, 2, 3, 4, 5]
