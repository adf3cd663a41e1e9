"""What travels between the parent and a worker: frames of one byte kind, eight bytes length, and a payload.

The worker imports this module before its first job, so it needs the standard library only and little of it.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections import deque
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _typeshed import ReadableBuffer, WriteableBuffer

__all__ = [
    "HEADER",
    "MAX_FRAME_BYTES",
    "FrameDecoder",
    "Kind",
    "Target",
    "WorkerTraceback",
    "dump",
    "job_marker",
    "load",
    "pack_error",
    "unpack_error",
]

HEADER = struct.Struct(">BQ")
MAX_FRAME_BYTES = 2**30
"""Larger arguments and results are refused: they belong in a file."""

_PICKLE_PROTOCOL = 5


class Kind(IntEnum):
    """What a frame carries."""

    JOB = 1
    """To the worker: two pickles in a row, see `pool.pack_request`."""
    REPORT = 2
    """From the worker: the pickle of `(fraction, message, data)`."""
    RESULT = 3
    """From the worker: the pickle of what the function returned."""
    ERROR = 4
    """From the worker: see `pack_error`."""
    WORN = 5
    """From the worker, before its result: do not use me again."""


class Target(NamedTuple):
    """A function as the worker finds it again."""

    module: str
    qualname: str
    takes_report: bool

    @property
    def name(self) -> str:
        """Return the dotted name, for messages."""
        return f"{self.module}.{self.qualname}"


class WorkerTraceback(Exception):
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


def dump(value: object) -> list[bytes]:
    """Return the pickle of `value` in pieces; the large `bytes` in it are not copied.

    The pickler calls our Python code for every 64 KiB, which lets other threads have the GIL; `pickle.dumps`
    of a million objects would keep it, and stop the event loop. The same holds for `load`.
    """
    pieces = _Pieces()
    pickle.dump(value, pieces, _PICKLE_PROTOCOL)
    return pieces.written


def load(pieces: list[bytes]) -> Any:
    """Return the value of `dump`; it comes from a process of our own."""
    if len(pieces) == 1:
        return pickle.loads(pieces[0])  # noqa: S301
    return pickle.load(_PieceReader(pieces))  # noqa: S301


class _Pieces:
    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: ReadableBuffer) -> None:
        self.written.append(data if isinstance(data, bytes) else bytes(data))


class _PieceReader(io.RawIOBase):
    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = deque(pieces)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer) -> int:
        view = memoryview(target).cast("B")
        filled = 0
        while filled < len(view) and (self._rest or self._pieces):
            if not self._rest:
                self._rest = memoryview(self._pieces.popleft())
            size = min(len(view) - filled, len(self._rest))
            view[filled : filled + size] = self._rest[:size]
            self._rest = self._rest[size:]
            filled += size
        return filled


def pack_error(error: BaseException) -> list[bytes]:
    """Return an exception as a payload: its traceback, type and text, and itself if it survives pickling.

    Only an `Exception` travels as itself: a `SystemExit` would end our loop, a cancellation its task.
    """
    import traceback

    stack = "".join(traceback.format_exception(error))
    summary = traceback.format_exception_only(error)[-1].strip()
    pickled = None
    if isinstance(error, Exception):
        try:
            pickled = pickle.dumps(error, _PICKLE_PROTOCOL)
            if type(pickle.loads(pickled)) is not type(error):  # noqa: S301 - made one line above
                pickled = None
        except Exception:  # noqa: BLE001 - whatever its own pickling code raises means: send the text instead
            pickled = None
    return dump((stack, summary, pickled))


def unpack_error(payload: list[bytes]) -> Exception:
    """Return the exception of `pack_error`, or a RuntimeError with its type and text.

    Its `__cause__` is the traceback in the worker.
    """
    stack, summary, pickled = load(payload)
    error: object = None
    if pickled is not None:
        try:
            error = pickle.loads(pickled)  # noqa: S301 - from our own process
        except Exception:  # noqa: BLE001 - its module may not be importable here: then its text must do
            error = None
    result = error if isinstance(error, Exception) else RuntimeError(summary)
    result.__cause__ = WorkerTraceback(stack)
    return result
