"""What runs in a worker process: take a job, run its function in the main thread, answer, repeat.

A worker must never outlive its parent, not even inside a C loop that holds the GIL (a catastrophic regular
expression does). Two guards together see to that:

- Linux: the kernel kills us when the thread that forked us ends (`PR_SET_PDEATHSIG`). That thread runs the
  event loop of the pool; once it is gone nobody can talk to us any more, so the tie to a thread is wanted.
- everywhere: a thread of ours sees the end of the request pipe and ends the process, with its own children.
  It needs the GIL, so on macOS and Windows a C loop that holds it is finished first.
"""

from __future__ import annotations

import faulthandler
import io
import os
import pickle
import signal
import sys
import threading
import time
from importlib import import_module
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO

from vibe_jupyter.core.workers.protocol import (
    HEADER,
    MAX_FRAME_BYTES,
    Kind,
    Target,
    dump,
    job_marker,
    pack_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["claim_pipes", "die_with", "main"]

EXIT_GRACE_S = 1.0
"""How long exit handlers may take once the parent has closed the pipe."""
MAX_JOBS = 1000
MAX_RESIDENT_BYTES = 512 * 2**20
"""Past these a worker asks to be replaced: memory that libraries hold on to is given back that way."""

_JOINED_BYTES = 64 * 1024
"""A frame up to this size is written in one system call."""
_PR_SET_PDEATHSIG = 1


def main(parent_pid: int) -> None:
    """Serve jobs until the parent closes the pipe."""
    die_with(parent_pid)
    requests, fd = claim_pipes()
    replies = Replies(fd)
    faulthandler.enable(2)
    jobs: SimpleQueue[bytes | None] = SimpleQueue()
    threading.Thread(target=_read_jobs, args=(requests, jobs, replies), name="requests", daemon=True).start()
    while (payload := jobs.get()) is not None:
        _run(payload, replies)


def die_with(parent_pid: int) -> None:
    """End this process with its parent, at once; on Linux only."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before the call above
        os._exit(1)


def claim_pipes() -> tuple[BinaryIO, int]:
    """Move the pipes off the standard streams: what runs here prints to stderr and reads nothing.

    Returns the pipe to read from, and the file descriptor to write to.
    """
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    return os.fdopen(requests, "rb"), replies


def _read_jobs(requests: BinaryIO, jobs: SimpleQueue[bytes | None], replies: Replies) -> None:
    while len(header := requests.read(HEADER.size)) == HEADER.size:
        _, size = HEADER.unpack(header)
        payload = requests.read(size)
        if len(payload) < size:
            break
        replies.begin_job()
        jobs.put(payload)
    if not replies.busy:
        jobs.put(None)
        time.sleep(EXIT_GRACE_S)  # the main thread runs exit handlers and ends the process, and us with it
    _end_at_once()


def _end_at_once() -> None:
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


class Replies:
    """The way back to the parent; reports may come from any thread."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.Lock()
        self.busy = False
        self.job_number = 0

    def begin_job(self) -> None:
        """Mark that a job waits or runs."""
        self.job_number += 1
        self.busy = True

    def reporter(self) -> Callable[..., None]:
        """Return the `report` of the current job; it falls silent when the job is over."""
        number = self.job_number

        def report(fraction: float | None, message: str = "", **data: Any) -> None:
            payload = dump((fraction, message, data))
            with self._lock:
                if self.busy and self.job_number == number:
                    self._write(Kind.REPORT, payload)

        return report

    def finish_job(self, kind: Kind, payload: list[bytes], *, worn: bool) -> None:
        """Send the outcome; nothing of this job follows it."""
        with self._lock:
            self.busy = False
            if worn:
                self._write(Kind.WORN, [])
            self._write(kind, payload)

    def _write(self, kind: Kind, payload: list[bytes]) -> None:
        size = sum(map(len, payload))
        pieces = [HEADER.pack(kind, size), *payload]
        for part in pieces if size > _JOINED_BYTES else [b"".join(pieces)]:
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(self._fd, rest) :]


def _run(payload: bytes, replies: Replies) -> None:
    os.write(2, job_marker(replies.job_number))
    try:
        kind, outcome = Kind.RESULT, _call(io.BytesIO(payload), replies)
    except BaseException as error:  # noqa: BLE001 - all of them are the parent's to judge, SystemExit too
        if error.__traceback__ is not None:
            error.__traceback__ = error.__traceback__.tb_next
        kind, outcome = Kind.ERROR, pack_error(error)
    sys.stdout.flush()
    worn = replies.job_number >= MAX_JOBS or _resident_bytes() > MAX_RESIDENT_BYTES
    replies.finish_job(kind, outcome, worn=worn)


def _call(payload: io.BytesIO, replies: Replies) -> list[bytes]:
    target: Target
    target, search_path, folder = pickle.load(payload)  # noqa: S301 - from our parent
    sys.path[:] = search_path
    if folder is not None:
        os.chdir(folder)
    function: Any = import_module(target.module)
    for name in target.qualname.split("."):
        function = getattr(function, name)
    try:
        args, kwargs = pickle.load(payload)  # noqa: S301 - from our parent
    except Exception as error:
        raise TypeError(f"an argument of {target.name} cannot be rebuilt in a worker: {error}") from error
    if target.takes_report:
        kwargs["report"] = replies.reporter()
    result = function(*args, **kwargs)
    try:
        pickled = dump(result)
    except Exception as error:
        raise TypeError(
            f"{target.name} returned a {type(result).__qualname__} that cannot be pickled: {error}"
        ) from error
    if (size := sum(map(len, pickled))) > MAX_FRAME_BYTES:
        from vibe_jupyter.core.errors import TooLarge

        raise TooLarge(
            f"{target.name} returned {size:,} bytes, more than {MAX_FRAME_BYTES:,}",
            code="worker.too_large",
            hint="write it to a file and return the path",
        )
    return pickled


def _resident_bytes() -> int:
    """Return our memory now, 0 where that is not cheap to know.

    Not `ru_maxrss`: on Linux that starts at the size of the parent we were forked from.
    """
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - pathlib is not worth its import here
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        return 0
