"""Lines from a pipe, one after the other, without keeping others from their turn."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from vibe_jupyter.core.mcp.sessions.wire import ENDS

if TYPE_CHECKING:
    from vibe_jupyter.core.mcp.sessions.noise import Noise

__all__ = ["Lines"]

_CHUNK = 1 << 20
_BLANK = re.compile(rb"[ \t\r\n]*")
_TURN_LINES, _TURN_S = 200, 0.005
"""After so many lines, or so long, others have their turn."""
_FLOOD_LINES = 1000
"""From so many on, with no answer in between, others have as much time as these lines."""


class Lines:
    """Lines that are not blank. Each is joined once, not anew for every piece that arrives.

    Args:
        max_bytes: of a line that is longer only the two ends are kept.
        noise: told of the blank lines, which are skipped.

    Attributes:
        since_answer: how many lines there were since the last answer; set to 0 by who reads them.
    """

    def __init__(self, stdout: asyncio.StreamReader, max_bytes: int, noise: Noise) -> None:
        self._stdout = stdout
        self._max_bytes = max_bytes
        self._noise = noise
        self._loop = asyncio.get_running_loop()
        self._chunk, self._at = b"", 0
        self._parts: list[bytes] = []
        self._size = 0
        self._turn_lines, self._turn_began = 0, self._loop.time()
        self.since_answer = 0

    async def next(self) -> tuple[bytes, bool] | None:
        """Return a line, and whether it is whole; None after the last one."""
        self.since_answer += 1
        self._turn_lines += 1
        if self._turn_lines > _TURN_LINES or self._loop.time() - self._turn_began > _TURN_S:
            if self._at < len(self._chunk):  # else the next one is waited for anyway
                await asyncio.sleep(_TURN_S if self.since_answer > _FLOOD_LINES else 0)
            self._begin_turn()
        while True:
            if (line := self._cut()) is not None:
                return line
            chunk = await self._stdout.read(_CHUNK)
            if not chunk:
                return None
            self._chunk, self._at = chunk, 0
            self._begin_turn()

    def _begin_turn(self) -> None:
        self._turn_lines, self._turn_began = 0, self._loop.time()

    def _cut(self) -> tuple[bytes, bool] | None:
        """Take the next line from what has arrived; keep what is none yet."""
        chunk, start = self._chunk, self._at
        if not self._parts:
            blank = _BLANK.match(chunk, start)
            assert blank is not None
            self._noise.skipped(blank.end() - start)
            start = blank.end()
        end = chunk.find(b"\n", start)
        self._parts.append(chunk[start:end] if end >= 0 else chunk[start:])
        self._size += len(self._parts[-1])
        is_whole = self._size <= self._max_bytes
        if not is_whole:  # its ends may hold its id
            read = b"".join(self._parts)
            self._parts = [read[:ENDS], read[-ENDS:]]
        if end < 0:
            self._at = len(chunk)
            if not self._size:
                self._parts = []
            return None
        self._at = end + 1
        line = b"".join(self._parts)
        self._parts, self._size = [], 0
        return line, is_whole
