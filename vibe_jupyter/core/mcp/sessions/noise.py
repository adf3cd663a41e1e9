"""What a server says that is no message: a banner, a debug line, or a flood of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Noise"]

_MOST_LINES, _MOST_BYTES = 10_000, 64 << 20
"""So much in a row, with no answer in between, is the end."""


class Noise:
    """Counts the noise of one session.

    Args:
        too_much: called once, when there was so much that the session had better end.

    Attributes:
        lines: how many lines were no messages, blank ones not counted.
        fault: why the session had better end; None while it need not.
    """

    def __init__(self, too_much: Callable[[], None] | None = None) -> None:
        self._too_much = too_much
        self._row_lines = self._row_bytes = 0
        self.lines = 0
        self.fault: str | None = None

    def heard(self, size: int) -> None:
        """Note a line that is no message."""
        self.lines += 1
        self._row_lines += 1
        self.skipped(size)

    def skipped(self, size: int) -> None:
        """Note bytes that say nothing."""
        self._row_bytes += size
        if self.fault is None and (self._row_lines >= _MOST_LINES or self._row_bytes >= _MOST_BYTES):
            much = (
                f"{self._row_lines:,} lines"
                if self._row_lines
                else f"{self._row_bytes:,} bytes of blank lines"
            )
            self.fault = f"it sent {much} in a row that are no messages"
            if self._too_much is not None:
                self._too_much()

    def answered(self) -> None:
        """Note that there was an answer in between."""
        self._row_lines = self._row_bytes = 0
