"""The breaker: after failures in a row nobody calls for a while, and then one call tries."""

from __future__ import annotations

import pytest

from vibe_jupyter.core.mcp.sessions import breaker as module
from vibe_jupyter.core.mcp.sessions.breaker import Breaker


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def opened(clock: Clock) -> Breaker:
    del clock
    breaker = Breaker()
    for _ in range(3):
        assert breaker.enter() is False
        breaker.failed()
        breaker.leave(is_trial=False)
    return breaker


def test_it_opens_after_three_failures_in_a_row(opened: Breaker) -> None:
    assert opened.enter() is None
    assert 1 < opened.rests_for_s < 3


def test_a_success_in_between_begins_the_count_anew(clock: Clock) -> None:
    del clock
    breaker = Breaker()
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.enter() is False


def test_after_the_rest_one_call_tries_and_no_other(opened: Breaker, clock: Clock) -> None:
    clock.now += 3
    assert opened.enter() is True
    assert opened.enter() is None
    opened.succeeded()
    opened.leave(is_trial=True)
    assert opened.enter() is False


def test_a_trial_that_fails_is_followed_by_a_longer_rest(opened: Breaker, clock: Clock) -> None:
    rests = []
    for _ in range(8):
        clock.now += opened.rests_for_s
        assert opened.enter() is True
        opened.failed()
        opened.leave(is_trial=True)
        rests.append(opened.rests_for_s)
    assert rests[1] > rests[0]
    assert max(rests) <= 72


def test_a_trial_that_says_nothing_leaves_the_next_call_to_try(opened: Breaker, clock: Clock) -> None:
    clock.now += 3
    assert opened.enter() is True
    opened.leave(is_trial=True)
    assert opened.enter() is True


def test_calls_that_end_late_change_nothing(opened: Breaker, clock: Clock) -> None:
    rest = opened.rests_for_s
    for _ in range(50):
        opened.failed()
        opened.leave(is_trial=False)
    assert opened.rests_for_s == rest
    clock.now += 3
    assert opened.enter() is True
    opened.leave(is_trial=False)
    assert opened.enter() is None
