"""The shape of results: rows that were measured, and targets that they meet or miss."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["BenchResult", "TargetLine", "at_least", "at_most"]

Cell = str | float | int | None


@dataclass(frozen=True)
class TargetLine:
    """One promise, what was measured for it, and what its control was in the same run."""

    what: str
    value: float
    bound: float
    direction: Literal["at least", "at most"]
    unit: str
    detail: str = ""
    """The two figures behind a ratio, for people."""

    @property
    def is_met(self) -> bool:
        """Whether the value keeps the promise; something that could not be measured does not."""
        if math.isnan(self.value):
            return False
        return self.value >= self.bound if self.direction == "at least" else self.value <= self.bound


def at_least(what: str, value: float, bound: float, unit: str, detail: str = "") -> TargetLine:
    """Return a target whose value should be large."""
    return TargetLine(what, value, bound, "at least", unit, detail)


def at_most(what: str, value: float, bound: float, unit: str, detail: str = "") -> TargetLine:
    """Return a target whose value should be small."""
    return TargetLine(what, value, bound, "at most", unit, detail)


@dataclass
class BenchResult:
    """What one benchmark found."""

    name: str
    what: str
    how: str
    limits: list[str]
    columns: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    targets: list[TargetLine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What happened in this very run: errors, a part that could not run."""
