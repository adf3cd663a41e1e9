"""What keeps a server that fails from being asked again and again."""

from __future__ import annotations

import random
import time

__all__ = ["Breaker"]

_OPEN_AFTER = 3
_FIRST_REST_S, _LONGEST_REST_S = 2.0, 60.0


class Breaker:
    """Opens after three failures in a row; then lets one call try, and rests longer each time that this one fails.

    Only failures that are the server's fault count: it did not start, crashed, broke the connection, did not answer.
    Times are seconds of `time.monotonic`.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._rest_s = _FIRST_REST_S
        self._open_until = 0.0
        self._is_tried = False

    @property
    def rests_for_s(self) -> float:
        """Return for how long no call gets through; 0 if one may."""
        if not self._open_until:
            return 0.0
        left = self._open_until - time.monotonic()
        return max(left, 0.1) if left > 0 or self._is_tried else 0.0

    @property
    def failures(self) -> int:
        """Return how many calls have failed in a row."""
        return self._failures

    def enter(self) -> bool:
        """Ask whether a call may go on; the first one after a rest is the one that tries."""
        if self.rests_for_s:
            return False
        self._is_tried = bool(self._open_until)
        return True

    def succeeded(self) -> None:
        """Note that the server answered."""
        if self._failures:
            self._failures, self._open_until, self._is_tried, self._rest_s = 0, 0.0, False, _FIRST_REST_S

    def failed(self) -> None:
        """Note a failure of the server."""
        self._failures += 1
        self._is_tried = False
        if self._failures >= _OPEN_AFTER:
            self._open_until = time.monotonic() + self._rest_s * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
            self._rest_s = min(2 * self._rest_s, _LONGEST_REST_S)

    def left(self) -> None:
        """Note that a call ended without saying anything about the server: it was cancelled, or wrong itself."""
        self._is_tried = False

    def reset(self) -> None:
        """Forget everything, because a person has done something about it."""
        self.__init__()  # type: ignore[misc]
