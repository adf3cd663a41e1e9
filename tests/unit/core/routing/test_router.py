from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.factories import make_target
from vibe_jupyter.core.errors import InvalidInput, Unavailable
from vibe_jupyter.core.routing.registry import Registry, load_oracles
from vibe_jupyter.core.routing.router import TaskRouter
from vibe_jupyter.core.routing.targets import Target


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def wanted(type_: str = "probe_run", *required: str) -> Any:
    return SimpleNamespace(type=type_, required_capabilities=list(required))


def router(*targets: Target, clock: Clock | None = None) -> TaskRouter:
    return TaskRouter(Registry(targets), clock or Clock())


def test_a_file_search_goes_to_an_oracle() -> None:
    decision = TaskRouter(load_oracles()).route_task(wanted("file_search"))
    assert (decision.target.id, decision.target.type) == ("file_search", "oracle")
    assert TaskRouter(load_oracles()).route_task(wanted("file.search")).target is not None


def test_deterministic_targets_come_before_models() -> None:
    decision = router(
        make_target("model", type="agent"), make_target("tool", type="mcp"), make_target("local")
    ).route_task(wanted())
    assert [target.id for target in (decision.target, *decision.fallbacks)] == ["local", "tool", "model"]


def test_ties_are_decided_by_name_so_that_a_choice_can_be_repeated() -> None:
    assert router(make_target("b"), make_target("a")).route_task(wanted()).target.id == "a"


def test_the_one_that_does_just_this_comes_before_the_one_that_does_everything() -> None:
    broad = make_target("a-broad", capabilities=("probe.run", "x.y", "y.z", "z.x"))
    assert router(broad, make_target("z-narrow")).route_task(wanted()).target.id == "z-narrow"


def test_the_slow_and_the_dear_come_later() -> None:
    clock = Clock()
    slow, dear, good = make_target("a-slow"), make_target("b-dear", cost=1.0), make_target("c-good")
    slow.stats.end(ok=True, latency_s=30, now=clock.now)
    good.stats.end(ok=True, latency_s=0.1, now=clock.now)
    dear.stats.end(ok=True, latency_s=0.1, now=clock.now)
    assert router(slow, dear, good, clock=clock).route_task(wanted()).target.id == "c-good"


def test_three_failures_in_a_row_rest_a_target_and_one_try_brings_it_back() -> None:
    clock = Clock()
    flaky, spare = make_target("a"), make_target("b", type="mcp")
    for _ in range(3):
        flaky.stats.end(ok=False, latency_s=0.1, now=clock.now)
    decision = router(flaky, spare, clock=clock).route_task(wanted())
    assert decision.target is spare
    assert decision.rejected == {"a": "failed 3 times in a row, rests for 8 s"}
    clock.now += 9
    assert "a" not in router(flaky, spare, clock=clock).route_task(wanted()).rejected
    flaky.stats.in_flight = 1
    assert "is being tried again" in router(flaky, spare, clock=clock).route_task(wanted()).rejected["a"]
    flaky.stats.in_flight = 0
    flaky.stats.end(ok=True, latency_s=0.1, now=clock.now)
    assert router(flaky, spare, clock=clock).route_task(wanted()).rejected == {}


def test_a_bad_record_fades() -> None:
    clock = Clock()
    target = make_target()
    target.stats.end(ok=False, latency_s=0.1, now=clock.now)
    bad = target.stats.success_at(clock.now)
    assert bad < target.stats.success_at(clock.now + 600) < target.stats.success_at(clock.now + 6000) <= 1


def test_every_score_is_the_sum_of_its_parts() -> None:
    explained = (
        router(make_target("a"), make_target("b", type="agent", cost=0.02)).route_task(wanted()).explain()
    )
    for candidate in explained["candidates"]:
        assert candidate["score"] == pytest.approx(sum(candidate["parts"].values()), abs=1e-3)
    assert explained["chosen"] == explained["candidates"][0]["id"]


def test_nobody_is_left_and_everybody_has_a_reason() -> None:
    with pytest.raises(Unavailable) as caught:
        router(make_target("a", unavailable="needs a model: none is set")).route_task(wanted())
    assert caught.value.code == "route.no_target"
    assert caught.value.data == {"rejected": {"a": "needs a model: none is set"}}


@pytest.mark.parametrize(
    ("task", "code", "near"),
    [
        (wanted("prob_run"), "route.unknown_type", "probe_run"),
        (wanted("probe_run", "probe.ran"), "route.unknown_capability", "probe.run"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(task: Any, code: str, near: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        router(make_target()).route_task(task)
    assert caught.value.code == code
    assert near in str(caught.value.hint)


def test_an_oracle_that_cannot_be_loaded_keeps_no_other_from_working(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    broken = importlib.metadata.EntryPoint("broken", "no.such.module:Oracle", "vibe_jupyter.oracles")
    found = importlib.metadata.entry_points(group="vibe_jupyter.oracles")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [*found, broken])
    registry = load_oracles()
    assert "ModuleNotFoundError" in registry.problems["broken"]
    assert "file_search" in registry.targets
