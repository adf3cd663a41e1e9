"""Bounds on the time that code takes, which hold on a slow machine and under coverage too."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Took", "cpu_below", "slowness"]

_ROUNDS = 20_000
_USUAL_S = 0.004
"""What `_work` takes on the machine that the bounds were written on, without coverage."""


class Took:
    """How long something took, as it would have on the usual machine."""

    seconds = 0.0


@contextmanager
def cpu_below(seconds: float) -> Iterator[Took]:
    """Fail if the block takes more processor time of this thread than so many seconds on the usual machine.

    Other threads, which earlier tests may have left, do not count; nor does how slow this machine is just now, or
    what coverage adds.
    """
    took = Took()
    before = slowness()
    began = time.thread_time()
    yield took
    spent = time.thread_time() - began
    took.seconds = spent / max(before, slowness())
    assert took.seconds < seconds, f"took {spent:.3f} s, {took.seconds:.3f} s on the usual machine"


def slowness() -> float:
    """Return how many times longer plain Python takes here and now than on the usual machine; 1 at least."""
    return max(1.0, min(_timed() for _ in range(3)) / _USUAL_S)


def _timed() -> float:
    began = time.thread_time()
    _work()
    return time.thread_time() - began


def _work() -> int:
    counts: dict[int, int] = {}
    for number in range(_ROUNDS):
        key = (number * 7919) % 1009
        counts[key] = counts.get(key, 0) + 1
    return len(counts)
