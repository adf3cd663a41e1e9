"""One contract for four ways of calling: in this process or over HTTP, sync or async.

What a person writes against one of them holds for the others: results, events and errors are the same.
"""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import PlatformFactory, Probe
from vibe_jupyter.client import Record, VibeClient
from vibe_jupyter.client.in_process import InProcessTransport
from vibe_jupyter.core.errors import Conflict, Failed, InvalidInput, NotFound, VibeError
from vibe_jupyter.core.routing.registry import Registry, load_oracles
from vibe_jupyter.core.routing.targets import oracle_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import JupyterServer

FOREIGN = "01890000-0000-7000-8000-000000000000"


@dataclass
class Caller:
    """A client, and what turns each of its answers into a plain value: async ones run on a loop of their own."""

    vibe: VibeClient
    is_async: bool

    @property
    def client(self) -> Any:
        return self.vibe.aio if self.is_async else self.vibe

    def __call__(self, answer: Any) -> Any:
        if inspect.isawaitable(answer):
            return asyncio.run(_awaited(answer))
        if inspect.isasyncgen(answer):
            return asyncio.run(_collected(answer))
        return list(answer) if inspect.isgenerator(answer) else answer

    def create(self, type_: str = "probe_run", **more: Any) -> Any:
        return self(self.client.tasks.create(type=type_, **more))

    def done(self, type_: str = "probe_run", **more: Any) -> Any:
        return self(self.create(type_, **more).wait(raise_on_failure=False))


async def _awaited(answer: Any) -> Any:
    return await answer


async def _collected(answer: Any) -> list[Any]:
    return [item async for item in answer]


@pytest.fixture(scope="module")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VibeClient]:
    factory = PlatformFactory(tmp_path_factory.mktemp("in-process"))
    registry = Registry([*load_oracles().targets.values(), oracle_target(Probe())])
    platform = factory(registry=registry)
    (platform.root / "src").mkdir()
    (platform.root / "src" / "haystack.py").write_text("def find():\n    return 'a needle in here'\n")
    yield VibeClient(InProcessTransport(platform))
    factory.stop_all()


@pytest.fixture(scope="module")
def over_http(server: JupyterServer) -> Iterator[VibeClient]:
    with server.vibe() as vibe:
        yield vibe


@pytest.fixture(params=["in_process", "over_http"])
def vibe(request: pytest.FixtureRequest) -> VibeClient:
    found: VibeClient = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest, vibe: VibeClient) -> Caller:
    return Caller(vibe, request.param == "async")


class TestTasks:
    def test_a_task_is_created_waited_for_and_read(self, call: Caller) -> None:
        task = call.create("file_search", input={"query": "needle", "path": "src"})
        assert (task.state, task.result, task.is_final) == ("queued", None, False)
        heard: list[str] = []
        same = call(task.wait(lambda event: heard.append(event.type)))
        assert same is task
        assert heard[0] == "queued"
        assert heard[-1] == task.state == "succeeded"
        assert isinstance(task.result, Record)
        assert task.matches[0].path == task.result["matches"][0]["path"] == "haystack.py"
        assert task.task.target.id == "file_search"
        with pytest.raises(AttributeError, match="has no 'colour'"):
            _ = task.colour

    def test_its_events_come_in_order_and_resume(self, call: Caller) -> None:
        task = call.create(input={"seconds": 0.2, "steps": 2})
        events = call(task.events())
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert [event.type for event in events][:2] == ["queued", "running"]
        assert events[-1].type == "succeeded"
        assert call(task.events()) == events
        assert call(task.events(after=2)) == events[2:]
        assert call(task.events(after=len(events))) == []
        assert call(call.client.tasks.events(task.id, after="strange"))[0].type == "gap"
        assert call(call.client.tasks.events(task, after="3")) == events[3:]

    def test_a_running_one_is_cancelled(self, call: Caller) -> None:
        task = call.create(input={"seconds": 60})
        call(task.cancel())
        with pytest.raises(Failed) as raised:
            call(task.wait())
        assert raised.value.code == "task.cancelled"
        assert (task.state, task.is_final) == ("cancelled", True)
        assert call(task.wait(raise_on_failure=False)).state == "cancelled"

    def test_a_failed_one_raises_what_it_failed_with(self, call: Caller) -> None:
        task = call.create("file_search", input={"query": "x", "path": "sr"})
        with pytest.raises(Failed) as raised:
            call(task.wait())
        assert raised.value.code == task.error.code == "path.not_found"
        assert "src" in (raised.value.hint or "")
        assert (raised.value.data or {})["task_id"] == task.id

    def test_an_ended_one_is_retried(self, call: Caller) -> None:
        old = call.done(input={"text": "again"}, priority=3)
        new = call(old.retry())
        assert new.task.retry_of == old.id
        assert call(new.wait()).text == "again"
        assert new.task.priority == 3

    def test_it_is_explained(self, call: Caller) -> None:
        task = call.done()
        why = call(task.explain())
        assert (why.task_id, why.chosen, why.capability) == (task.id, "probe", "probe.run")
        assert why == call(call.client.tasks.explain(task.id))

    def test_it_is_found_again(self, call: Caller) -> None:
        task = call.done(input={"text": "found"})
        for given in (task, task.task, task.id):
            assert call(call.client.tasks.get(given)).result == task.result
        assert call(call.create(input={}).refresh()).id

    def test_history_is_walked(self, call: Caller) -> None:
        ids = [call.create(input={"text": str(number)}).id for number in range(5)][::-1]
        seen: list[str] = []
        cursor: str | None = None
        while len(seen) < 5:
            page = call(call.client.tasks.history(limit=2, cursor=cursor))
            seen += [task.id for task in page.items]
            cursor = page.next_cursor
        assert seen[:5] == ids
        since = call(call.client.tasks.get(ids[-1])).task.created_at
        page = call(call.client.tasks.history(since=since, type="probe.run", state=None, limit=200))
        assert [task.id for task in page.items][:5] == ids
        assert page.total == len(page.items)

    def test_a_repeated_key_is_one_task(self, call: Caller, request: pytest.FixtureRequest) -> None:
        key = request.node.name
        assert call.create(idempotency_key=key).id == call.create(idempotency_key=key).id

    def test_free_text_finds_its_kind(self, call: Caller) -> None:
        task = call.done("ask", input={"text": 'search the files for "needle"'})
        assert (task.task.capability, task.state) == ("file.search", "succeeded")

    def test_what_json_can_say_of_python_is_said(self, call: Caller) -> None:
        task = call.done("file_search", input={"query": "needle", "path": Path("src"), "include": ("*.py",)})
        assert task.state == "succeeded"
        assert task.task.input == {"query": "needle", "path": "src", "include": ["*.py"]}


class TestTheRest:
    def test_who_and_where(self, call: Caller) -> None:
        assert call(call.client.user.profile()).user_id == "local"
        assert call(call.client.platform.health()).status == "ok"
        assert call(call.client.platform.status()).user_id == "local"
        oracles = {oracle.id for oracle in call(call.client.oracles.list()).oracles}
        assert {"file_search", "probe"} <= oracles

    def test_methods_are_named_and_documented(self, call: Caller) -> None:
        assert call.client.tasks.create.__doc__.startswith("Create a task")
        assert list(inspect.signature(call.client.tasks.get).parameters) == ["task_id"]
        assert {"create", "history", "get"} <= set(dir(call.client.tasks))
        with pytest.raises(AttributeError, match="did you mean history"):
            _ = call.client.tasks.histori
        with pytest.raises(TypeError, match="by name"):
            call(call.client.tasks.create("probe_run"))


Bad = "Callable[[Caller], Any]"
ERRORS: dict[str, tuple[Bad, type[VibeError], str]] = {
    "unknown type": (lambda call: call.create("file_serch"), InvalidInput, "route.unknown_type"),
    "unknown capability": (
        lambda call: call.create(required_capabilities=["file.serch"]), InvalidInput, "route.unknown_capability",
    ),
    "ambiguous text": (
        lambda call: call.create("ask", input={"text": "python files errors"}), InvalidInput, "route.ambiguous",
    ),
    "unknown argument": (lambda call: call.create(colour="red"), InvalidInput, "request.invalid"),
    "wrong argument": (lambda call: call.create(priority="high"), InvalidInput, "request.invalid"),
    "two wrong arguments": (lambda call: call.create(priority="high", timeout_s=0), InvalidInput, "request.invalid"),
    "missing argument": (lambda call: call(call.client.tasks.get()), InvalidInput, "request.invalid"),
    "wrong filter": (lambda call: call(call.client.tasks.history(state="lost")), InvalidInput, "request.invalid"),
    "wrong cursor": (lambda call: call(call.client.tasks.history(cursor="x")), InvalidInput, "request.invalid"),
    "a year": (lambda call: call(call.client.tasks.history(since="2026")), InvalidInput, "request.invalid"),
    "wrong input": (
        lambda call: call.create("file_search", input={"query": "x", "limit": "many"}),
        InvalidInput, "task.invalid_input",
    ),
    "unknown input": (
        lambda call: call.create("file_search", input={"query": "x", "colour": "red"}),
        InvalidInput, "task.invalid_input",
    ),
    "bad regex": (
        lambda call: call.create("file_search", input={"query": "a(b", "mode": "regex"}),
        InvalidInput, "file_search.bad_regex",
    ),
    "no number": (lambda call: call.create(input={"seconds": float("nan")}), InvalidInput, "request.invalid"),
    "no end": (lambda call: call.create(input={"seconds": float("inf")}), InvalidInput, "request.invalid"),
    "no JSON": (lambda call: call.create(input={"text": object()}), InvalidInput, "request.invalid"),
    "no UTF-8": (lambda call: call.create(input={"text": "\ud800"}), InvalidInput, "request.invalid"),
    "too deep": (lambda call: call.create(input={"text": _deep(5000)}), InvalidInput, "request.invalid"),
    "a circle": (lambda call: call.create(input=_circle()), InvalidInput, "request.invalid"),
    "no project": (lambda call: call.create(project_id="none"), NotFound, "project.not_found"),
    "relative root": (lambda call: call.create(root="src"), InvalidInput, "path.invalid"),
    "root with null": (lambda call: call.create(root="/a\0b"), InvalidInput, "path.invalid"),
    "foreign id": (lambda call: call(call.client.tasks.get(FOREIGN)), NotFound, "task.not_found"),
    "strange id": (lambda call: call(call.client.tasks.get("a/b?c#d é\0%2F")), NotFound, "task.not_found"),
    "no id": (lambda call: call(call.client.tasks.get("")), InvalidInput, "request.invalid"),
    "dots": (lambda call: call(call.client.tasks.cancel("..")), InvalidInput, "request.invalid"),
    "foreign events": (lambda call: call(call.client.tasks.events(FOREIGN)), NotFound, "task.not_found"),
    "foreign cancel": (lambda call: call(call.client.tasks.cancel(FOREIGN)), NotFound, "task.not_found"),
    "foreign retry": (lambda call: call(call.client.tasks.retry(FOREIGN)), NotFound, "task.not_found"),
    "foreign explanation": (lambda call: call(call.client.tasks.explain(FOREIGN)), NotFound, "task.not_found"),
}  # fmt: skip


def _deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


def _circle() -> dict[str, Any]:
    circle: dict[str, Any] = {}
    circle["text"] = circle
    return circle


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_the_same_whichever_way_it_comes(
    name: str, in_process: VibeClient, over_http: VibeClient
) -> None:
    attempt, kind, code = ERRORS[name]
    found = []
    for vibe in (in_process, over_http):
        for is_async in (False, True):
            with pytest.raises(VibeError) as raised:
                attempt(Caller(vibe, is_async))
            error = raised.value
            assert type(error) is kind
            found.append((error.code, error.message, error.hint, error.errors, error.data))
    assert found[0][0] == code
    assert all(one == found[0] for one in found[1:])


class TestStates:
    def test_an_ended_task_is_not_cancelled(self, call: Caller) -> None:
        with pytest.raises(Conflict) as raised:
            call(call.done().cancel())
        assert raised.value.code == "task.already_ended"

    def test_a_running_task_is_not_retried(self, call: Caller) -> None:
        task = call.create(input={"seconds": 60})
        with pytest.raises(Conflict) as raised:
            call(task.retry())
        assert raised.value.code == "task.not_ended"
        call(task.cancel())

    def test_a_key_for_something_else(self, call: Caller, request: pytest.FixtureRequest) -> None:
        key = request.node.name
        call.create(idempotency_key=key)
        with pytest.raises(Conflict) as raised:
            call.create(input={"text": "other"}, idempotency_key=key)
        assert raised.value.code == "task.idempotency_mismatch"
