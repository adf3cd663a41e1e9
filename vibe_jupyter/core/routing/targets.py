"""What can do a task, and how well it has done lately."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydantic import BaseModel

    from vibe_jupyter.core.oracles.base import Capability, Context, Oracle

__all__ = ["Stats", "Target", "TargetType", "oracle_target"]

TargetType = Literal["oracle", "mcp", "agent"]

_ALPHA = 0.1  # weight of the newest observation, once there are some
_FORGET_S = (
    600.0  # a bad record fades to neutral with this time constant, so that a recovered target is tried
)
_BREAK_AFTER = 3  # failures in a row
_LONGEST_BREAK_S = 60.0


@dataclass
class Stats:
    """Exponentially weighted success and latency of one target, and its circuit breaker. Times are seconds."""

    latency_s: float = 0.0
    success: float = 1.0
    calls: int = 0
    in_flight: int = 0
    failures_in_a_row: int = 0
    open_until: float = 0.0
    last_end: float = 0.0

    def success_at(self, now: float) -> float:
        """Return the success rate in [0, 1], fading towards 1 while nothing is tried."""
        faded = 1 - math.exp(-max(0.0, now - self.last_end) / _FORGET_S)
        return self.success + (1 - self.success) * faded

    def end(self, *, ok: bool, latency_s: float, now: float) -> None:
        """Note how a call ended; the first calls count more."""
        self.calls += 1
        weight = max(_ALPHA, 1 / (self.calls + 1))
        self.success = self.success_at(now)
        self.success += weight * (float(ok) - self.success)
        self.latency_s += weight * (latency_s - self.latency_s)
        self.last_end = now
        self.failures_in_a_row = 0 if ok else self.failures_in_a_row + 1
        if self.failures_in_a_row >= _BREAK_AFTER:
            self.open_until = now + min(_LONGEST_BREAK_S, 2.0**self.failures_in_a_row)


@dataclass(eq=False)
class Target:
    """Something that offers capabilities.

    Args:
        run: does a task of one of the capabilities; see `Oracle.run`.
        unavailable: why it cannot be used here, in words that complete "it ..."; None if it can.
        cost: of one call in US dollars, as an estimate.
        concurrency: at most so many of its tasks at once in this process; None for no limit of its own.
        is_personal: whether it is one user's own; another user's may have the same id.
    """

    id: str
    type: TargetType
    title: str
    capabilities: dict[str, Capability]
    run: Callable[[Context, BaseModel], Awaitable[BaseModel]]
    idempotent: bool = True
    unavailable: str | None = None
    cost: float = 0.0
    concurrency: int | None = None
    is_personal: bool = False
    stats: Stats = field(default_factory=Stats)


def oracle_target(oracle: Oracle) -> Target:
    """Return an oracle as a target."""
    return Target(
        id=oracle.id,
        type="oracle",
        title=oracle.title,
        capabilities={capability.name: capability for capability in oracle.capabilities},
        run=oracle.run,
        idempotent=oracle.idempotent,
        concurrency=oracle.concurrency,
    )
