"""How long the last calls took."""

from __future__ import annotations

from collections import deque

__all__ = ["Latencies"]

_KEPT = 200


class Latencies:
    """The last 200 durations, in milliseconds."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=_KEPT)

    def add(self, duration_ms: float) -> None:
        """Note one."""
        self._last.append(duration_ms)

    def percentile(self, fraction: float) -> float | None:
        """Return the duration that this fraction of the calls stayed below; None before the first.

        >>> latencies = Latencies()
        >>> for duration in (4.0, 1.0, 3.0, 2.0): latencies.add(duration)
        >>> latencies.percentile(0.5), latencies.percentile(0.95)
        (3.0, 4.0)
        """
        if not self._last:
            return None
        ordered = sorted(self._last)
        return round(ordered[min(int(fraction * len(ordered)), len(ordered) - 1)], 3)
