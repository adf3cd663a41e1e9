"""The end of all that our servers have started, also when we are killed and can end nothing ourselves.

A server's process ends with us (see `process.tether`), but not what it has started: a browser, a database, the real
server behind `npx`. So beside the servers runs one small process, which outlives us by a moment. It knows their
process groups; on Linux it also finds what has left its group, by a variable that all of them inherit.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from vibe_jupyter.core.logs import get_logger

__all__ = ["Reaper"]

_PROGRAM = Path(__file__).with_name("reaper_program.py")
_MARK = "VIBE_MCP_OWNER"
_PATIENCE_S = 2.0
_IS_WINDOWS = sys.platform == "win32"

log = get_logger("mcp")


class Reaper:
    """Watches the servers of one pool.

    Attributes:
        env: what the environment of a server gets, for what it starts to be found.
    """

    def __init__(self) -> None:
        mark = secrets.token_hex(8)
        self.env = {} if _IS_WINDOWS else {_MARK: mark}
        self._command = [sys.executable, "-I", "-S", str(_PROGRAM), f"{_MARK}={mark}"]
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def start(self) -> None:
        """Start it, if it does not run; takes a few milliseconds."""
        if _IS_WINDOWS or self._is_closed or self._process is not None:
            return
        try:
            self._process = subprocess.Popen(
                self._command,
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            log.warning("what servers start may outlive us if we are killed", reason=str(error))
            return
        for group in self._groups:
            self._tell(f"+{group}")

    def watch(self, group: int) -> None:
        """Note a process group, by the id of its leader, which lives."""
        self.start()
        self._groups.add(group)
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        """Note that a process group was ended."""
        self._groups.discard(group)
        self._tell(f"-{group}")

    def close(self) -> None:
        """End it; blocks until it has ended."""
        self._is_closed = True
        self._tell("bye")
        self._part()

    def _tell(self, line: str) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except OSError:  # somebody has ended it: the next server gets another one
            self._part()

    def _part(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
