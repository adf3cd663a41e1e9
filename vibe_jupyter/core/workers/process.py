"""One worker process as its parent sees it.

This uses `loop.subprocess_exec` with a protocol of our own rather than streams: frames are cut as they
arrive, large ones without a copy, and a kill needs no reader to be drained first.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.workers.pipes import close_pipes
from vibe_jupyter.core.workers.protocol import HEADER, FrameDecoder, Kind, job_marker, load

__all__ = ["Report", "Worker", "worker_environment"]

Report = Callable[[float | None, str, dict[str, Any]], None]

_BOOT = "import sys; sys.path[:] = sys.argv[2:]; from {module} import main; main(int(sys.argv[1]))"
_SEND_BYTES = 256 * 1024
_STDERR_BYTES = 8 * 1024
_EXIT_GRACE_S = 1.0
_DRAIN_GRACE_S = 0.5

_SECRET_NAMES = frozenset({"DATABASE_URL", "REDIS_URL"})
_SECRET_ENDINGS = ("TOKEN", "SECRET", "PASSWORD", "API_KEY")


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a worker may know of our environment: no settings of ours, no credentials."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("VIBE_") and name not in _SECRET_NAMES and not name.endswith(_SECRET_ENDINGS)
    }


def importable_path() -> list[str]:
    """Return our module search path, for the worker to find what we can import."""
    return [entry for entry in sys.path if isinstance(entry, str)]


def boot_command(module: str = "vibe_jupyter.core.workers.child") -> list[str]:
    """Return the command line of a process of ours, which runs `main` of the module.

    `-c` and not `-m`, so that it finds us on the search path we hand over, installed or not; `-P` so that
    files of the working folder cannot pose as modules of the standard library.
    """
    return [sys.executable, "-P", "-c", _BOOT.format(module=module), str(os.getpid()), *importable_path()]


class Worker(asyncio.SubprocessProtocol):
    """A worker process: `start` it, `call` it one job at a time, then `retire` or `kill` it.

    Args:
        on_exit: called once with the worker when its process and all its pipes are gone.
    """

    def __init__(self, on_exit: Callable[[Worker], None]) -> None:
        self._on_exit = on_exit
        self._loop = asyncio.get_running_loop()
        self._decoder = FrameDecoder()
        self._outcome: asyncio.Future[tuple[Kind, list[bytes]]] | None = None
        self._report: Report | None = None
        self._name = ""
        self._job_number = 0
        self._job_began = False
        self._stderr = b""
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._timer: asyncio.TimerHandle | None = None
        self._ended_for: Exception | None = None
        self.reusable = True
        """False once it was told to end, has ended, or said that it is worn."""
        self.gone = asyncio.Event()

    @classmethod
    async def start(cls, on_exit: Callable[[Worker], None]) -> Worker:
        """Start a process; it needs some 30 ms before its first job, which may be sent at once.

        Its own session makes it the leader of a process group, to be killed with all that it started, and
        keeps the terminal's Ctrl-C away from it.
        """
        _, worker = await asyncio.get_running_loop().subprocess_exec(
            lambda: cls(on_exit),
            *boot_command(),
            env=worker_environment(os.environ),
            start_new_session=True,
        )
        return worker

    async def call(
        self, name: str, request: Sequence[bytes], report: Report | None
    ) -> tuple[Kind, list[bytes]]:
        """Send a job and wait for its RESULT or ERROR.

        The caller kills the worker when this is cancelled or raises.

        Args:
            name: of the function, for messages.
            request: the payload of the JOB frame in pieces.
            report: gets the function's reports.

        Raises:
            VibeError: `worker.died`.
        """
        self._name, self._report, self._job_began = name, report, False
        self._job_number += 1
        outcome: asyncio.Future[tuple[Kind, list[bytes]]] = self._loop.create_future()
        self._outcome = outcome
        if not self.reusable:
            raise self._died()
        await self._send(request)
        return await outcome

    async def _send(self, request: Sequence[bytes]) -> None:
        pipe = self._transport.get_pipe_transport(0)
        assert isinstance(pipe, asyncio.WriteTransport)
        pipe.write(HEADER.pack(Kind.JOB, sum(map(len, request))))
        for piece in request:
            for start in range(0, len(piece), _SEND_BYTES):
                await self._can_write.wait()
                if not self.reusable:
                    return
                pipe.write(memoryview(piece)[start : start + _SEND_BYTES])

    def retire(self) -> None:
        """Let an idle worker end by itself: it sees the end of its pipe; killed if that takes a second."""
        self.reusable = False
        if (pipe := self._transport.get_pipe_transport(0)) is not None:
            pipe.close()

    def kill(self, reason: Exception | None = None) -> None:
        """End the process and all that it started, now; a running call raises `reason` or `worker.died`."""
        self.reusable = False
        self._ended_for = self._ended_for or reason
        if self._transport.get_returncode() is None:
            self._kill_group()
        close_pipes(self._transport)

    def _kill_group(self) -> None:
        if sys.platform == "win32":
            self._transport.kill()
            return
        # macOS answers EPERM for a group of zombies.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._transport.get_pid(), signal.SIGKILL)

    # What asyncio tells us.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pause_writing(self) -> None:
        """Hold back the rest of a large request."""
        self._can_write.clear()

    def resume_writing(self) -> None:
        """Go on with it."""
        self._can_write.set()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take frames from the reply pipe, or text for the tail of stderr."""
        if fd == 2:
            self._keep_stderr(data)
            return
        try:
            for kind, chunks in self._decoder.feed(data):
                self._take_frame(kind, chunks)
        except Exception as error:  # noqa: BLE001 - a broken stream or the callback's own error: the caller gets it
            self._settle(error)

    def _take_frame(self, kind: Kind, chunks: list[bytes]) -> None:
        if kind is Kind.WORN:
            self.reusable = False
        elif self._outcome is None or self._outcome.done():
            return
        elif kind is Kind.REPORT:
            if self._report is not None:
                self._report(*load(chunks))
        else:
            self._outcome.set_result((kind, chunks))

    def _keep_stderr(self, data: bytes) -> None:
        tail = self._stderr + data
        _, marker, after = tail.rpartition(job_marker(self._job_number))
        if marker:
            self._job_began, tail = True, after
        self._stderr = tail[-_STDERR_BYTES:]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Give a worker that has closed its end, or whose end we closed, a moment to exit."""
        self._can_write.set()
        if fd != 2:
            self.reusable = False
            if self._timer is None and self._transport.get_returncode() is None:
                self._timer = self._loop.call_later(_EXIT_GRACE_S, self.kill)

    def process_exited(self) -> None:
        """Kill what it left running, which may hold the pipes open; take what is still in them."""
        self.reusable = False
        if sys.platform != "win32" and not _exists(self._transport.get_pid()):
            self._kill_group()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(_DRAIN_GRACE_S, close_pipes, self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the running call: process and pipes are gone."""
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()
        self._settle(self._died())
        self.gone.set()
        self._on_exit(self)

    def _settle(self, error: Exception) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_exception(error)

    def _died(self) -> Exception:
        if self._ended_for is not None:
            return self._ended_for
        code = self._transport.get_returncode()
        name = signal_name(code)
        how = f"was killed by {name}" if name else f"ended with exit code {code}"
        output = self._stderr.decode(errors="replace").strip()
        facts = {"exit_code": code, "signal": name, "stderr": output}
        if self._job_began:
            message, hint = f"the worker process that ran {self._name} {how}", _hint(name)
        else:
            message = f"the worker process for {self._name} {how} before it began"
            hint = output.splitlines()[-1] if output else "try again"
        return VibeError(message, code="worker.died", hint=hint, data=facts)


def _exists(pid: int) -> bool:
    """Tell whether a process has this pid.

    The pid of one that was reaped is not given away while its group has members. So if there is such a process,
    then the group is empty and the pid is somebody else's by now.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def signal_name(code: int | None) -> str | None:
    """Return the name of the signal that an exit status of asyncio stands for, None if it is no signal."""
    if code is None or code >= 0:
        return None
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _hint(name: str | None) -> str:
    if name == "SIGKILL":
        return "the system kills processes when memory runs out: try a smaller input"
    if name is not None:
        return "a native library crashed on this input; its last output is in data.stderr"
    return "the function ended its own process instead of returning; its last output is in data.stderr"
