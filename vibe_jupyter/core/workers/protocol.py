"""What travels between the parent and a worker: frames of one byte kind, eight bytes length, and a payload.

The worker imports this module before its first job, so it needs the standard library only and little of it.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HEADER", "MAX_FRAME_BYTES", "FrameDecoder", "Kind", "Target", "WorkerTraceback", "job_marker"]

HEADER = struct.Struct(">BQ")
MAX_FRAME_BYTES = 2**30
"""Larger arguments and results are refused: they belong in a file."""

PICKLE_PROTOCOL = 5


class Kind(IntEnum):
    """What a frame carries."""

    JOB = 1
    """To the worker: two pickles in a row, a `Job` as a tuple and `(args, kwargs)`."""
    REPORT = 2
    """From the worker: the pickle of `(fraction, message, data)`."""
    RESULT = 3
    """From the worker: the pickle of what the function returned."""
    ERROR = 4
    """From the worker: see `pack_error`."""
    WORN = 5
    """From the worker, before its result: do not use me again."""


@dataclass(frozen=True)
class Target:
    """A function as the worker finds it again."""

    module: str
    qualname: str
    takes_report: bool

    @property
    def name(self) -> str:
        """Return the dotted name, for messages."""
        return f"{self.module}.{self.qualname}"


class WorkerTraceback(Exception):  # noqa: N818 - it is shown as a cause, never raised
    """The traceback that an exception had in its worker, as text; the `__cause__` of what is raised here."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def job_marker(number: int) -> bytes:
    """Return what a worker writes to stderr before a job, so that nobody is shown another job's output."""
    return b"\0vibe job %d\0" % number


class FrameDecoder:
    """Cuts a stream of bytes into frames; a payload stays in chunks, so that nothing large is copied."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._kind = Kind.JOB
        self._chunks: list[bytes] = []
        self._missing_bytes = 0

    def feed(self, data: bytes) -> Iterator[tuple[Kind, list[bytes]]]:
        """Yield the frames that `data` completes.

        Raises:
            ValueError: these are not frames.
        """
        position = 0
        while position < len(data):
            if self._missing_bytes:
                chunk = data[position : position + self._missing_bytes]
                self._chunks.append(chunk)
                self._missing_bytes -= len(chunk)
                position += len(chunk)
            else:
                part = data[position : position + HEADER.size - len(self._header)]
                self._header += part
                position += len(part)
                if len(self._header) < HEADER.size:
                    return
                kind, self._missing_bytes = HEADER.unpack(self._header)
                self._kind = Kind(kind)
                self._header.clear()
                if self._missing_bytes > MAX_FRAME_BYTES:
                    raise ValueError(f"a frame of {self._missing_bytes} bytes is too large")
            if not self._missing_bytes:
                chunks, self._chunks = self._chunks, []
                yield self._kind, chunks


def pack_error(error: BaseException) -> bytes:
    """Return an exception as bytes: its traceback, type and text, and itself if it survives pickling.

    Only an `Exception` travels as itself: a `SystemExit` would end our loop, a cancellation its task.
    """
    import traceback

    stack = "".join(traceback.format_exception(error))
    summary = traceback.format_exception_only(error)[-1].strip()
    pickled = None
    if isinstance(error, Exception):
        try:
            pickled = pickle.dumps(error, PICKLE_PROTOCOL)
            if type(pickle.loads(pickled)) is not type(error):  # noqa: S301 - made one line above
                pickled = None
        except Exception:  # noqa: BLE001 - whatever its own pickling code raises means: send the text instead
            pickled = None
    return pickle.dumps((stack, summary, pickled), PICKLE_PROTOCOL)


def unpack_error(payload: bytes) -> Exception:
    """Return the exception of `pack_error`, or a RuntimeError with its type and text.

    Its `__cause__` is the traceback in the worker.
    """
    stack, summary, pickled = pickle.loads(payload)  # noqa: S301 - from our own process
    error: object = None
    if pickled is not None:
        try:
            error = pickle.loads(pickled)  # noqa: S301 - from our own process
        except Exception:  # noqa: BLE001 - its module may not be importable here: then its text must do
            error = None
    result = error if isinstance(error, Exception) else RuntimeError(summary)
    result.__cause__ = WorkerTraceback(stack)
    return result
