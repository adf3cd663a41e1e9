"""A server's process: its pipes, its end, and the end of all that it has started.

Like `core.workers.process` this is an asyncio protocol of our own: `asyncio.subprocess.Process.wait` of Python 3.11
waits for the pipes too, and a grandchild that holds one would hide that the server has crashed.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import os
import shutil
import signal
import subprocess
import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from vibe_jupyter.core.workers.pipes import close_pipes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vibe_jupyter.core.mcp.sessions.reaper import Reaper

__all__ = ["ServerProcess", "tether"]

_BUFFER_BYTES = 1 << 20
_STDERR_LINES, _STDERR_COLUMNS = 200, 500
_GRACE_S = 1.0
_DRAIN_S = 0.05
"""How long after the end of the process its pipes may still bring something."""
_IS_WINDOWS = sys.platform == "win32"
_KILL = signal.SIGTERM if _IS_WINDOWS else signal.SIGKILL


class ServerProcess(asyncio.SubprocessProtocol):
    """Made by `start`; ended by `end`.

    Attributes:
        stdout: what it writes; ends with the process, even if a child of its own keeps the pipe open.
        exited: done with the exit code when the process has ended.
    """

    def __init__(self, reaper: Reaper | None = None) -> None:
        self._reaper = reaper
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._stderr: deque[bytes] = deque(maxlen=_STDERR_LINES)
        self._stderr_rest = b""
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._gone = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self.stdout = asyncio.StreamReader(limit=_BUFFER_BYTES, loop=loop)
        self.exited: asyncio.Future[int] = loop.create_future()

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | None = None,
        reaper: Reaper | None = None,
    ) -> ServerProcess:
        """Start a program in a process group of its own. On Linux it is killed with us, if we are killed.

        Args:
            reaper: ends what it has started in that case.

        Raises:
            OSError: if there is no such program or folder.
        """
        program = _located(argv[0], env, cwd)
        spawning = asyncio.ensure_future(
            asyncio.get_running_loop().subprocess_exec(
                lambda: cls(reaper),
                *(*tether(), program, *argv[1:]),
                env=dict(env),
                cwd=cwd,
                start_new_session=not _IS_WINDOWS,
            )
        )
        try:
            _, process = await asyncio.shield(spawning)
        except asyncio.CancelledError:  # one that starts all the same must not be left alone
            spawning.add_done_callback(_kill_started)
            await asyncio.wait({spawning})
            raise
        return process

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._transport.get_pid()

    @property
    def stderr(self) -> tuple[str, ...]:
        """Return the last lines of its standard error."""
        rest = [self._stderr_rest] if self._stderr_rest else []
        return tuple(line.decode(errors="replace") for line in [*self._stderr, *rest])

    async def exit_code(self, patience_s: float = 0.2) -> int | None:
        """Return how it has ended; a pipe may close a moment before that is known. None if it lives."""
        await asyncio.wait({self.exited}, timeout=patience_s)
        return self.exited.result() if self.exited.done() else None

    async def write(self, data: bytes, *, waits: bool = True) -> bool:
        """Write to its standard input when it has read what came before; return False if it surely has not got it."""
        if waits:
            await self._can_write.wait()
        pipe = self._transport.get_pipe_transport(0)
        if pipe is None or pipe.is_closing() or self.exited.done():
            return False
        assert isinstance(pipe, asyncio.WriteTransport)
        pipe.write(data)
        return not pipe.is_closing()  # as it is if nobody has the other end any more

    async def end(self) -> None:
        """Tell it to stop by closing its standard input, then less politely; and all that it has started."""
        try:
            if (pipe := self._transport.get_pipe_transport(0)) is not None:
                pipe.close()
            if await self.exit_code(_GRACE_S) is None:
                self._signal(signal.SIGTERM)
                await self.exit_code(_GRACE_S)
        finally:
            self.kill()
            await self.exit_code(_GRACE_S)
            close_pipes(self._transport)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._gone.wait(), _GRACE_S)

    def kill(self) -> None:
        """End it and all that it has started, now."""
        self._signal(_KILL)

    def _signal(self, sign: signal.Signals) -> None:
        if _IS_WINDOWS:
            if not self.exited.done():
                self._transport.send_signal(sign)
            return
        if self.exited.done() and _is_taken(self.pid):
            return
        with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            os.killpg(self.pid, sign)

    # What asyncio tells us.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; let the reader of standard output slow the process down."""
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        stdout = transport.get_pipe_transport(1)
        assert stdout is not None
        self.stdout.set_transport(stdout)
        if self._reaper is not None:
            self._reaper.watch(self.pid)

    def pause_writing(self) -> None:
        """Hold back what is written next."""
        self._can_write.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._can_write.set()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Pass on standard output, and keep the end of standard error."""
        if fd == 1:
            self.stdout.feed_data(data)
            return
        *lines, rest = (self._stderr_rest + data).split(b"\n")
        self._stderr_rest = rest[-_STDERR_COLUMNS:]
        self._stderr.extend(line[:_STDERR_COLUMNS].rstrip(b"\r") for line in lines[-_STDERR_LINES:])

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """End the reader of standard output, or who waits to write."""
        if fd == 1:
            self.stdout.feed_eof()
        elif fd == 0:
            self._can_write.set()

    def process_exited(self) -> None:
        """Kill what it left running, which may hold the pipes; take what is still in them."""
        if not self.exited.done():
            self.exited.set_result(self._transport.get_returncode() or 0)
        self.kill()
        if self._reaper is not None:
            self._reaper.forget(self.pid)
        self._timer = self._loop.call_later(_DRAIN_S, close_pipes, self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that process and pipes are gone."""
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()
        self._gone.set()


@functools.cache
def tether() -> tuple[str, ...]:
    """Return what is put before a command for its process to be killed with the thread that started it.

    On Linux that is `setpriv` of util-linux, which asks the kernel for it (`PR_SET_PDEATHSIG`) and becomes the
    command, for about 1 ms. Elsewhere, and with a `setpriv` that cannot do it (busybox), a server sees that we have
    gone by the end of its standard input alone. The first call starts a process: make it on a thread.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    if setpriv is None:
        return ()
    words = (setpriv, "--pdeathsig", "KILL", "--")
    try:
        tried = subprocess.run(
            [*words, "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return words if tried.returncode == 0 else ()


def _located(program: str, env: Mapping[str, str], cwd: str | None) -> str:
    """Return where a program is, by the PATH of its own environment; on Windows `npx` is an `npx.cmd`.

    Raises:
        OSError: as starting it would: no such program, no such folder, or no right to run it.
    """
    if cwd is not None and not os.path.isdir(cwd):  # noqa: PTH112 - a stat in the loop; nothing to gain
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), cwd)
    where = program
    if os.path.dirname(program) and cwd is not None:  # noqa: PTH120
        where = os.path.join(cwd, program)  # noqa: PTH118
    found = shutil.which(where, path=env.get("PATH"))
    if found is not None:
        return os.path.abspath(found)  # noqa: PTH100 - a symbolic link may be how a program knows itself
    wrong = errno.EACCES if os.path.dirname(program) and os.path.exists(where) else errno.ENOENT  # noqa: PTH110, PTH120
    raise OSError(wrong, os.strerror(wrong), program)


def _kill_started(spawning: asyncio.Future[tuple[asyncio.SubprocessTransport, ServerProcess]]) -> None:
    if not spawning.cancelled() and spawning.exception() is None:
        spawning.result()[1].kill()


def _is_taken(pid: int) -> bool:
    """Return whether a process has the id of one that has ended.

    The id is not given away while its group has members: so then the group is empty, and the id somebody else's.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
