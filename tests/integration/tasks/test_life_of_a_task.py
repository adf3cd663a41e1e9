"""Tasks through the whole platform in one process: service, relay, engine, runner, store."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tests.factories import ProbeInput, ProbeOutput, make_target, probe_registry
from vibe_jupyter.client.api import VibeClient
from vibe_jupyter.client.in_process import InProcessTransport
from vibe_jupyter.core.accounts.principal import OWNER
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.errors import Failed, InvalidInput, NotFound, Unavailable, VibeError
from vibe_jupyter.core.oracles.base import Capability, Part
from vibe_jupyter.core.routing.registry import Registry
from vibe_jupyter.core.tasks.execution.child import ChildExecution

if TYPE_CHECKING:
    from pydantic import BaseModel

    from tests.factories import PlatformFactory
    from vibe_jupyter.client.handles import TaskHandle
    from vibe_jupyter.core.oracles.base import Context


@pytest.fixture
def vibe(make_platform: PlatformFactory) -> VibeClient:
    return make_platform.client(registry=probe_registry())


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give what runs a moment to end, not the 5 s that it needs not and will not take."""
    monkeypatch.setattr("vibe_jupyter.core.tasks.dbos_engine._GRACE_S", 0.5)


def run(vibe: VibeClient, **input_: Any) -> TaskHandle:
    return vibe.tasks.create(type="probe_run", input=input_)


def kinds(handle: TaskHandle) -> list[str]:
    return [event.type for event in handle.events()]


def wait_for(handle: TaskHandle, kind: str) -> None:
    for event in handle.events():
        if event.type == kind:
            return
    raise AssertionError(f"the task ended without {kind}")


class TestSuccess:
    def test_from_accepted_to_its_result(self, vibe: VibeClient) -> None:
        accepted = run(vibe, text="hello")
        assert accepted.state == "queued"
        done = accepted.wait()
        assert (done.state, done.task.target.id, done.task.target.type) == ("succeeded", "probe", "oracle")
        assert done.text == "hello"
        assert done.result["text"] == "hello"
        assert done.task.created_at <= done.task.started_at <= done.task.finished_at
        assert kinds(done) == ["queued", "running", "succeeded"]

    def test_progress_is_told_and_kept(self, vibe: VibeClient) -> None:
        seen = []
        done = run(vibe, steps=4, seconds=0.6).wait(on_event=seen.append)
        told = [event.data for event in seen if event.type == "progress"]
        assert told[-1] == {"fraction": 1.0, "message": "step 4", "data": {"step": 3}}
        assert [step["fraction"] for step in told] == sorted(step["fraction"] for step in told)
        assert done.task.progress.fraction == 1.0

    def test_a_flood_of_progress_is_thinned_out(self, make_platform: PlatformFactory) -> None:
        async def flood(context: Context, input: BaseModel) -> ProbeOutput:
            del input
            for step in range(20_000):
                context.progress(step / 20_000, f"step {step}")
            context.progress(1.0, "the last word")
            return ProbeOutput(text="", calls=1)

        vibe = make_platform.client(registry=Registry([make_target(run=flood)]))
        events = [event for event in run(vibe).wait().events() if event.type == "progress"]
        assert 1 <= len(events) < 20
        assert events[-1].data["message"] == "the last word"

    def test_rich_parts_and_the_log_of_events_are_kept(self, make_platform: PlatformFactory) -> None:
        async def rich(context: Context, input: BaseModel) -> ProbeOutput:
            del input
            context.add_part(Part(media_type="text/markdown", data="# Title", name="report"))
            return ProbeOutput(text="", calls=1)

        vibe = make_platform.client(registry=Registry([make_target(run=rich)]))
        (part,) = run(vibe).wait().task.parts
        assert (part.media_type, part.data, part.name) == ("text/markdown", "# Title", "report")

    def test_free_text_finds_its_kind(self, vibe: VibeClient) -> None:
        done = vibe.tasks.create(input={"text": "probe this"}).wait()
        assert (done.task.type, done.task.capability) == ("ask", "probe.run")
        assert done.text == "probe this"
        explanation = done.explain()
        assert (explanation.asked, explanation.chosen) == ("probe this", "probe")
        assert explanation.matched

    def test_an_explanation_says_who_was_chosen_and_why_not_the_others(
        self, make_platform: PlatformFactory
    ) -> None:
        targets = [
            make_target("a"),
            make_target("b", unavailable="needs a model: none is set"),
            make_target("c", capabilities=("other.thing",)),
        ]
        vibe = make_platform.client(registry=Registry(targets))
        explanation = run(vibe).wait().explain()
        assert explanation.chosen == "a"
        assert explanation.rejected == {"b": "needs a model: none is set", "c": "does not offer probe.run"}
        (candidate,) = explanation.candidates
        assert candidate.score == pytest.approx(sum(candidate.parts.values()), abs=0.01)

    def test_what_the_target_must_offer_besides(self, make_platform: PlatformFactory) -> None:
        targets = [make_target("a"), make_target("b", capabilities=("probe.run", "other.thing"))]
        vibe = make_platform.client(registry=Registry(targets))
        done = vibe.tasks.create(type="probe_run", required_capabilities=["other.thing"]).wait()
        assert done.task.target.id == "b"
        assert done.task.required_capabilities == ["other.thing"]


class TestFailure:
    def test_a_failure_names_code_message_and_hint(self, make_platform: PlatformFactory) -> None:
        async def fail(context: Context, input: BaseModel) -> ProbeOutput:
            raise NotFound("there is no such thing", code="thing.not_found", hint="make one")

        vibe = make_platform.client(registry=Registry([make_target(run=fail)]))
        handle = run(vibe)
        with pytest.raises(Failed) as caught:
            handle.wait()
        assert (caught.value.code, caught.value.message, caught.value.hint) == (
            "thing.not_found", "there is no such thing", "make one",
        )  # fmt: skip
        assert handle.state == "failed"
        assert kinds(handle) == ["queued", "running", "failed"]

    def test_what_may_pass_is_tried_again_and_succeeds(self, vibe: VibeClient) -> None:
        done = run(vibe, fail="once").wait()
        assert (done.calls, done.task.attempts) == (2, 2)
        assert kinds(done) == ["queued", "running", "retrying", "running", "succeeded"]

    def test_tries_are_bounded(self, vibe: VibeClient) -> None:
        handle = run(vibe, fail="unavailable").wait(raise_on_failure=False)
        assert (handle.state, handle.error.code, handle.task.attempts) == ("failed", "probe.busy", 3)
        assert kinds(handle).count("retrying") == 2

    def test_a_target_with_lasting_effects_is_never_tried_twice(self, make_platform: PlatformFactory) -> None:
        vibe = make_platform.client(registry=Registry([make_target(idempotent=False)]))
        handle = run(vibe, fail="unavailable").wait(raise_on_failure=False)
        assert (handle.state, handle.task.attempts) == ("failed", 1)

    def test_the_next_best_target_is_asked_instead(self, make_platform: PlatformFactory) -> None:
        async def busy(context: Context, input: BaseModel) -> ProbeOutput:
            raise Unavailable("not now", code="probe.busy")

        targets = [make_target("first", run=busy), make_target("second", type="mcp")]
        vibe = make_platform.client(registry=Registry(targets))
        done = run(vibe).wait()
        assert done.task.target.id == "second"
        assert kinds(done) == ["queued", "running", "fallback", "running", "succeeded"]

    def test_a_bug_of_a_target_fails_its_task_alone(self, vibe: VibeClient) -> None:
        handle = run(vibe, fail="bug").wait(raise_on_failure=False)
        assert (handle.error.code, handle.state) == ("target.bug", "failed")
        assert "RuntimeError: a bug" in handle.error.message
        assert run(vibe).wait().state == "succeeded"

    def test_a_full_disk_is_waited_for_and_is_not_the_targets_fault(
        self, make_platform: PlatformFactory, capfd: pytest.CaptureFixture[str]
    ) -> None:
        started, go_on = threading.Event(), threading.Event()

        async def large(context: Context, input: BaseModel) -> ProbeOutput:
            started.set()
            while not go_on.is_set():
                await asyncio.sleep(0.01)
            context.progress(0.5, "y" * 400)
            return ProbeOutput(text="x" * 1_000_000, calls=1)

        target = make_target(run=large)
        platform = make_platform(registry=Registry([target]))
        if platform.database.dialect != "sqlite":
            pytest.skip("whose disk that is cannot be limited from here")

        def limit(pages: int) -> None:
            pragma = Statement(sa.text(f"PRAGMA max_page_count = {pages}"))
            platform.call(platform.database.write(lambda c: c.all(pragma)))

        handle = run(VibeClient(InProcessTransport(platform)))
        assert started.wait(30)
        limit(1)  # SQLite takes no less than there are
        go_on.set()
        deadline, logged = time.monotonic() + 30, ""
        while "a task waits for the database" not in logged:
            assert time.monotonic() < deadline, "the disk did not get full"
            time.sleep(0.02)
            logged += capfd.readouterr().err
        assert handle.refresh().state == "running"
        limit(1_000_000)
        assert handle.wait().state == "succeeded"
        assert handle.task.attempts == 1
        assert target.stats.failures_in_a_row == 0

    def test_a_problem_of_the_engine_is_told_to_who_waits_for_a_start_alone(
        self, make_platform: PlatformFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        platform = make_platform(registry=probe_registry())
        vibe = VibeClient(InProcessTransport(platform))
        running = run(vibe, seconds=1.5)
        wait_for(running, "running")

        async def fail() -> None:
            raise Unavailable("the moon is full")

        monkeypatch.setattr(platform.execution._relay, "empty", fail)
        monkeypatch.setattr("vibe_jupyter.core.tasks.relay._RETRY_S", 0.01)
        waiting = run(vibe)
        assert running.wait().state == "succeeded"
        with pytest.raises(VibeError, match="the moon is full") as caught:
            waiting.wait()
        assert caught.value.code == "task.cannot_run"

    def test_what_the_engine_gives_up_fails_with_the_last_reason(
        self, make_platform: PlatformFactory, short_grace: None
    ) -> None:
        platform = make_platform(registry=probe_registry())
        handle = run(VibeClient(InProcessTransport(platform)), seconds=600)
        wait_for(handle, "running")
        platform.call(platform.execution._give_up(handle.id, OSError("a bug of ours")))
        assert handle.refresh().state == "failed"
        assert handle.error.code == "task.given_up"
        assert "OSError: a bug of ours" in handle.error.message

    def test_a_result_that_is_too_large(
        self, make_platform: PlatformFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("vibe_jupyter.core.tasks.runner.MAX_RESULT_BYTES", 1000)
        vibe = make_platform.client(registry=probe_registry())
        handle = run(vibe, text="x" * 2000).wait(raise_on_failure=False)
        assert handle.error.code == "task.result_too_large"

    def test_nobody_can_do_it(self, make_platform: PlatformFactory) -> None:
        vibe = make_platform.client(
            registry=Registry([make_target(unavailable="needs a model: none is set")])
        )
        handle = run(vibe).wait(raise_on_failure=False)
        assert handle.error.code == "route.no_target"
        assert "needs a model" in handle.error.hint


class TestTime:
    def test_a_time_limit_ends_a_task(self, vibe: VibeClient) -> None:
        handle = vibe.tasks.create(type="probe_run", input={"seconds": 60}, timeout_s=0.2)
        began = time.monotonic()
        handle.wait(raise_on_failure=False)
        assert time.monotonic() - began < 5
        assert (handle.state, handle.error.code) == ("failed", "task.timeout")
        assert "0.2 s" in handle.error.message

    def test_cancel_stops_a_running_task_within_a_second(self, vibe: VibeClient) -> None:
        handle = run(vibe, seconds=60)
        wait_for(handle, "running")
        began = time.monotonic()
        handle.cancel()
        handle.wait(raise_on_failure=False)
        assert time.monotonic() - began < 1
        assert handle.state == "cancelled"
        assert kinds(handle) == ["queued", "running", "cancelling", "cancelled"]
        with pytest.raises(Failed, match="cancelled"):
            handle.raise_for_state()

    def test_cancel_stops_work_in_another_process(self, make_platform: PlatformFactory) -> None:
        async def stuck(context: Context, input: BaseModel) -> ProbeOutput:
            await context.in_process(time.sleep, 60)
            raise AssertionError("not reached")

        vibe = make_platform.client(registry=Registry([make_target(run=stuck)]))
        handle = run(vibe)
        wait_for(handle, "running")
        began = time.monotonic()
        handle.cancel()
        handle.wait(raise_on_failure=False)
        assert time.monotonic() - began < 2
        assert handle.state == "cancelled"

    def test_a_waiting_task_is_cancelled_at_once_and_never_runs(self, make_platform: PlatformFactory) -> None:
        vibe = make_platform.client(
            registry=probe_registry(), task_concurrency=1, task_concurrency_per_user=1
        )
        first = run(vibe, seconds=1)
        wait_for(first, "running")
        second = run(vibe)
        assert second.cancel().state == "cancelled"
        first.wait()
        assert kinds(second) == ["queued", "cancelled"]

    def test_an_ended_task_cannot_be_cancelled_but_run_again(self, vibe: VibeClient) -> None:
        done = run(vibe, text="again").wait()
        with pytest.raises(VibeError) as caught:
            done.cancel()
        assert caught.value.code == "task.already_ended"
        again = done.retry()
        assert (again.task.retry_of, again.id != done.id) == (done.id, True)
        assert again.wait().text == "again"

    def test_a_running_task_cannot_be_run_again(self, vibe: VibeClient) -> None:
        handle = run(vibe, seconds=30)
        with pytest.raises(VibeError) as caught:
            handle.retry()
        assert caught.value.code == "task.not_ended"
        handle.cancel()


class TestOrderAndLimits:
    def test_a_higher_priority_starts_earlier(self, make_platform: PlatformFactory) -> None:
        order: list[str] = []
        gate = threading.Event()

        async def note(context: Context, input: BaseModel) -> ProbeOutput:
            assert isinstance(input, ProbeInput)
            if input.text == "gate":
                await context.in_thread(gate.wait, 30)
            order.append(input.text)
            return ProbeOutput(text="", calls=1)

        vibe = make_platform.client(
            registry=Registry([make_target(run=note)]), task_concurrency=1, task_concurrency_per_user=1
        )
        first = run(vibe, text="gate")
        wait_for(first, "running")
        waiting = [
            vibe.tasks.create(type="probe_run", input={"text": f"p{priority}"}, priority=priority)
            for priority in (-5, 0, 50, 10)
        ]
        gate.set()
        for handle in waiting:
            handle.wait()
        assert order == ["gate", "p50", "p10", "p0", "p-5"]

    def test_a_targets_own_limit(self, make_platform: PlatformFactory) -> None:
        at_once = 0
        most = 0

        async def count(context: Context, input: BaseModel) -> ProbeOutput:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await context.in_thread(time.sleep, 0.05)
            at_once -= 1
            return ProbeOutput(text="", calls=1)

        vibe = make_platform.client(registry=Registry([make_target(run=count, concurrency=2)]))
        for handle in [run(vibe) for _ in range(8)]:
            handle.wait()
        assert most == 2


class TestAcceptance:
    """What is refused before it is stored."""

    @pytest.mark.parametrize(
        ("request_", "code", "where"),
        [
            ({"type": "prob_run"}, "route.unknown_type", "type"),
            ({"type": "probe_run", "input": {"seconds": "long"}}, "task.invalid_input", "input.seconds"),
            ({"type": "probe_run", "input": {"secs": 1}}, "task.invalid_input", "input.secs"),
            ({"type": "probe_run", "required_capabilities": ["probe.ran"]}, "route.unknown_capability",
             "required_capabilities"),
            ({"input": {"text": ""}}, "task.invalid_input", "input.text"),
            ({"input": {"text": "entirely unrelated words"}}, "route.ambiguous", "input.text"),
            ({"type": "probe_run", "priority": 1000}, "request.invalid", "priority"),
            ({"type": "probe_run", "timeout_s": 0}, "request.invalid", "timeout_s"),
            ({"type": "probe_run", "root": "relative"}, "path.invalid", "root"),
        ],
    )  # fmt: skip
    def test_a_request_that_is_wrong(
        self, vibe: VibeClient, request_: dict[str, Any], code: str, where: str
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            vibe.tasks.create(**request_)
        assert caught.value.code == code
        assert where in [".".join(map(str, fault["loc"])) for fault in caught.value.errors]
        assert vibe.tasks.history().total == 0

    def test_an_unknown_type_is_answered_with_the_nearest(self, vibe: VibeClient) -> None:
        with pytest.raises(InvalidInput, match="did you mean probe_run"):
            vibe.tasks.create(type="prob_run")

    def test_ambiguous_words_name_the_candidates(self, make_platform: PlatformFactory) -> None:
        twin = {"text_field": "text", "examples": ("count the blue birds",)}
        targets = [
            make_target("a", capabilities=("bird.count",)),
            make_target("b", capabilities=("blue.count",)),
        ]
        for target in targets:
            (name,) = target.capabilities
            target.capabilities[name] = Capability(name, "Count", ProbeInput, ProbeOutput, **twin)
        vibe = make_platform.client(registry=Registry(targets))
        with pytest.raises(InvalidInput) as caught:
            vibe.tasks.create(input={"text": "count the blue birds"})
        assert caught.value.code == "route.ambiguous"
        assert {each["type"] for each in caught.value.data["candidates"]} == {"bird_count", "blue_count"}

    def test_the_same_key_is_the_same_task(self, vibe: VibeClient) -> None:
        first = vibe.tasks.create(type="probe_run", input={"text": "a"}, idempotency_key="k")
        second = vibe.tasks.create(type="probe_run", input={"text": "a"}, idempotency_key="k")
        assert first.id == second.id
        assert vibe.tasks.history().total == 1
        with pytest.raises(VibeError) as caught:
            vibe.tasks.create(type="probe_run", input={"text": "b"}, idempotency_key="k")
        assert caught.value.code == "task.idempotency_mismatch"

    def test_an_unknown_project(self, vibe: VibeClient) -> None:
        with pytest.raises(NotFound) as caught:
            vibe.tasks.create(type="probe_run", project_id="nope")
        assert caught.value.code == "project.not_found"


def test_a_user_sees_their_own_tasks_only(make_platform: PlatformFactory) -> None:
    import dataclasses

    from vibe_jupyter.core.tasks.schemas import HistoryQuery

    platform = make_platform(registry=probe_registry())
    vibe = make_platform.client(registry=probe_registry())
    mine = run(vibe).wait()
    stranger = dataclasses.replace(OWNER, user_id="mallory")
    for ask in (platform.tasks.get, platform.tasks.cancel, platform.tasks.retry, platform.tasks.explain):
        with pytest.raises(NotFound):
            platform.call(ask(stranger, mine.id))
    assert b'"total":0' in platform.call(platform.tasks.history(stranger, HistoryQuery()))


def test_old_tasks_are_deleted_with_their_events(make_platform: PlatformFactory) -> None:
    platform = make_platform(registry=probe_registry())
    vibe = make_platform.client(registry=probe_registry())
    old, new = run(vibe).wait(), run(vibe).wait()
    assert (
        platform.call(platform.task_store.prune(str(new.task.created_at.isoformat()).replace("+00:00", "Z")))
        == 1
    )
    with pytest.raises(NotFound):
        vibe.tasks.get(old.id)
    assert platform.call(platform.task_store.events(old.id, 0)) == []
    assert vibe.tasks.history().total == 1


def test_stopping_a_platform_leaves_what_runs_to_the_next_one(
    make_platform: PlatformFactory, short_grace: None
) -> None:
    calls: list[str] = []

    async def first_time_stuck(context: Context, input: BaseModel) -> ProbeOutput:
        calls.append(context.task_id)
        if len(calls) == 1:
            await asyncio.sleep(600)
        return ProbeOutput(text="goes on", calls=len(calls))

    registry = Registry([make_target(run=first_time_stuck)])
    first = make_platform("worker", registry=registry)
    handle = run(VibeClient(InProcessTransport(first)))
    wait_for(handle, "running")
    first.stop()
    vibe = make_platform.client("worker", registry=registry)
    done = vibe.tasks.get(handle.id).wait()
    assert (done.text, calls) == ("goes on", [handle.id, handle.id])
    assert "revived" in kinds(done)


def test_a_servers_process_for_tasks_ends_when_it_has_long_been_idle_and_comes_back(
    make_platform: PlatformFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibe_jupyter.core.tasks.execution.child._IDLE_S", 0.3)
    platform = make_platform("server", lease_ttl_s=1)
    vibe = VibeClient(InProcessTransport(platform))
    execution = platform.execution
    assert isinstance(execution, ChildExecution)
    for _ in range(2):
        found = vibe.tasks.create(type="environment_health", input={})
        assert found.wait().state == "succeeded"
        deadline = time.monotonic() + 30
        while execution.is_started:
            assert time.monotonic() < deadline, "it stays"
            time.sleep(0.05)


_ONE_TASK = """
import sys
from pathlib import Path
from tests.factories import probe_registry
from vibe_jupyter.client.api import VibeClient
from vibe_jupyter.client.in_process import InProcessTransport
from vibe_jupyter.core.platform import Platform
from vibe_jupyter.core.settings import load_settings
platform = Platform(load_settings(), Path.cwd(), "in-process", probe_registry())
platform.start()
handle = VibeClient(InProcessTransport(platform)).tasks.create(type="probe_run", input={"seconds": 3})
next(event for event in handle.events() if event.type == "running")
print(handle.id, flush=True)
sys.stdin.read()
"""


def test_who_asks_one_question_only_does_not_hold_up_the_tasks_of_the_dead(
    make_platform: PlatformFactory, tmp_path: Path
) -> None:
    paths = {"VIBE_DATA_DIR": str(tmp_path / "vibe-data"), "PYTHONPATH": str(Path(__file__).parents[3])}
    if make_platform.url is not None:
        paths["VIBE_DATABASE_URL"] = make_platform.url
    with subprocess.Popen(
        [sys.executable, "-c", _ONE_TASK],
        env={**os.environ, **paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as killed:
        task_id = killed.stdout.readline().decode().strip()
        killed.kill()
    for _ in range(3):
        visitor = make_platform(registry=probe_registry())
        assert VibeClient(InProcessTransport(visitor)).tasks.get(task_id).state == "running"
        visitor.stop()
    began = time.monotonic()
    vibe = make_platform.client(registry=probe_registry())
    handle = vibe.tasks.get(task_id).wait()
    assert kinds(handle).count("revived") == 1
    assert time.monotonic() - began < 13, "10 s, and the 3 that it takes"
