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

    def enter(self) -> bool | None:
        """Ask whether a call may go on: None if not, else whether it is the one that tries after a rest."""
        if not self._open_until:
            return False
        if self.rests_for_s:
            return None
        self._is_tried = True
        return True

    def leave(self, *, is_trial: bool) -> None:
        """Note that a call has ended; what it says about the server was noted before."""
        if is_trial:
            self._is_tried = False

    def succeeded(self) -> None:
        """Note that the server answered."""
        if self._failures:
            self._failures, self._open_until, self._rest_s = 0, 0.0, _FIRST_REST_S

    def failed(self) -> None:
        """Note a failure of the server."""
        if self._open_until and not self._is_tried:
            return  # of a call that was under way when the others failed: nothing new
        self._failures += 1
        if self._failures >= _OPEN_AFTER:
            self._open_until = time.monotonic() + self._rest_s * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
            self._rest_s = min(2 * self._rest_s, _LONGEST_REST_S)

    def reset(self) -> None:
        """Forget everything, because a person has done something about it."""
        self.__init__()  # type: ignore[misc]
