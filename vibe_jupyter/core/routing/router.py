"""Which target does a task: filter, score, rank, and say why.

The model is the Kubernetes scheduler's: filters with a reason for each "no", then weighted scores, so that every
decision can be explained. Deterministic local targets come first, models last.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from vibe_jupyter.core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vibe_jupyter.core.routing.registry import Registry
    from vibe_jupyter.core.routing.targets import Target

__all__ = ["Decision", "Routable", "TaskRouter"]

_DETERMINISM = {"oracle": 1.0, "mcp": 0.7, "agent": 0.3}
_NEUTRAL_LATENCY_S = 0.1
_SHOWN = 5
_LACKS = "does not offer"


class Routable(Protocol):
    """What the router asks of a task."""

    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def required_capabilities(self) -> Sequence[str]: ...  # noqa: D102


@dataclass(frozen=True)
class _Request:
    capabilities: frozenset[str]
    now: float
    median_latency_s: float = _NEUTRAL_LATENCY_S


def _lacks(target: Target, request: _Request) -> str | None:
    missing = sorted(request.capabilities - set(target.capabilities))
    return f"{_LACKS} {', '.join(missing)}" if missing else None


def _is_unavailable(target: Target, _request: _Request) -> str | None:
    return target.unavailable


def _is_broken(target: Target, request: _Request) -> str | None:
    stats = target.stats
    if request.now < stats.open_until:
        seconds = stats.open_until - request.now
        return f"failed {stats.failures_in_a_row} times in a row, rests for {seconds:.0f} s"
    if stats.open_until and stats.failures_in_a_row and stats.in_flight:
        return "failed lately and is being tried again"
    return None


# In order: the first one that says no gives the reason that is shown.
_FILTERS: tuple[Callable[[Target, _Request], str | None], ...] = (_lacks, _is_unavailable, _is_broken)


def _load(target: Target, _request: _Request) -> float:
    limit = target.concurrency or 16
    return max(0.0, 1 - target.stats.in_flight / limit)


# Each: its name, its weight, and its value in [0, 1].
_SCORES: tuple[tuple[str, float, Callable[[Target, _Request], float]], ...] = (
    ("success", 0.30, lambda target, request: target.stats.success_at(request.now)),
    ("determinism", 0.25, lambda target, _: _DETERMINISM[target.type]),
    ("latency", 0.15, lambda target, request: 1 / (1 + target.stats.latency_s / request.median_latency_s)),
    ("specificity", 0.15, lambda target, request: len(request.capabilities) / len(target.capabilities)),
    ("cost", 0.10, lambda target, _: 1 / (1 + 100 * target.cost)),
    ("load", 0.05, _load),
)


@dataclass(frozen=True)
class Decision:
    """Targets that can do it, best first, and why the others cannot."""

    capability: str
    required: tuple[str, ...]
    ranked: tuple[tuple[Target, dict[str, float]], ...]
    rejected: dict[str, str]

    @property
    def target(self) -> Target:
        """Return the best one."""
        return self.ranked[0][0]

    @property
    def fallbacks(self) -> tuple[Target, ...]:
        """Return the others, best first."""
        return tuple(target for target, _ in self.ranked[1:])

    def explain(self) -> dict[str, Any]:
        """Return it as the fields of an `Explanation`."""
        return {
            "capability": self.capability,
            "required_capabilities": list(self.required),
            "chosen": self.target.id,
            "fallbacks": [target.id for target in self.fallbacks[:_SHOWN]],
            "candidates": [
                {
                    "id": target.id,
                    "type": target.type,
                    "score": round(sum(parts.values()), 4),
                    "parts": {name: round(value, 4) for name, value in parts.items()},
                }
                for target, parts in self.ranked[:_SHOWN]
            ],
            "rejected": self.rejected,
        }


class TaskRouter:
    """Routes by capability. `clock` gives seconds and never goes back."""

    def __init__(self, registry: Registry, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._clock = clock

    def route_task(self, task: Routable) -> Decision:
        """Rank the targets for a task of a known type.

        Raises:
            InvalidInput: `route.unknown_type` or `route.unknown_capability`, with the nearest known ones.
            Unavailable: `route.no_target`, with the reason for each one.
        """
        capability = self._registry.capability(task.type).name
        return self.route(capability, self._registry.require(task.required_capabilities))

    def route(self, capability: str, required: Sequence[str] = ()) -> Decision:
        """Rank the targets for a capability, and for what else the target must offer.

        Raises:
            Unavailable: `route.no_target`.
        """
        needed = frozenset({capability, *required})
        request = _Request(needed, self._clock())
        rejected: dict[str, str] = {}
        kept: list[Target] = []
        for target in self._registry.candidates(capability):
            reason = next((no for refuses in _FILTERS if (no := refuses(target, request))), None)
            if reason is None:
                kept.append(target)
            else:
                rejected[target.id] = reason
        if not kept:
            raise _no_target(needed, rejected)
        median = statistics.median(target.stats.latency_s for target in kept) or _NEUTRAL_LATENCY_S
        request = _Request(needed, request.now, median)
        scored = [(target, _parts(target, request)) for target in kept]
        scored.sort(key=lambda pair: (-sum(pair[1].values()), pair[0].id))
        return Decision(capability, tuple(sorted(required)), tuple(scored), rejected)


def _parts(target: Target, request: _Request) -> dict[str, float]:
    return {name: weight * value(target, request) for name, weight, value in _SCORES}


def _no_target(needed: frozenset[str], rejected: dict[str, str]) -> Unavailable:
    # Why one cannot that could tells more than what the others cannot anyway.
    telling = sorted(rejected.items(), key=lambda item: item[1].startswith(_LACKS))
    reasons = "; ".join(f"{name} {reason}" for name, reason in telling[:4])
    return Unavailable(
        f"nothing here can do {' with '.join(sorted(needed))} now",
        code="route.no_target",
        hint=reasons or "no oracle is installed",
        data={"rejected": rejected},
    )
