"""The text of a file in pieces of bounded size, whatever its encoding; what holds no text is refused."""

from __future__ import annotations

import codecs
import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Piece", "SkippedFileError", "read_pieces", "read_whole"]

_PIECE_BYTES = 4 * 2**20
_OVERLAP_BYTES = 4096
_BINARY_LOOK_BYTES = 8192
_BINARY_STARTS = (b"%PDF-",)
_WIDE_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class SkippedFileError(Exception):
    """The content of a file is not searched, for this reason."""

    def __init__(self, reason: Literal["binary", "too_large"]) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of a file as UTF-8.

    Args:
        first_line: 1-based.
        content: whole lines; but a line that is too long for a piece goes on in the next one, which repeats
            its last few kilobytes so that no match is cut in two.
        fraction: how much of the file has been read, in [0, 1].
    """

    first_line: int
    content: bytes
    fraction: float


def read_pieces(path: str, max_bytes: int) -> Iterator[Piece]:
    """Yield the lines of the file at `path`.

    Raises:
        SkippedFileError: it is binary, or larger than `max_bytes`.
        OSError: it cannot be read.
    """
    line, rest, bytes_read = 1, b"", 0
    with io.FileIO(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > max_bytes:
            raise SkippedFileError("too_large")
        for block in _utf8_blocks(file, size):
            bytes_read = min(size, bytes_read + _PIECE_BYTES)
            content = rest + block
            end = content.rfind(b"\n") + 1
            if end == 0 and len(content) < _PIECE_BYTES:
                rest = content
                continue
            yield Piece(line, content[:end] if end else content, bytes_read / max(1, size))
            line += content.count(b"\n", 0, end)
            rest = content[end:] if end else content[-_OVERLAP_BYTES:]
    if rest:
        yield Piece(line, rest, 1.0)


def read_whole(path: str, max_bytes: int) -> bytes:
    """Return the content of the file at `path`.

    Raises:
        SkippedFileError: it is larger than `max_bytes`.
        OSError: it cannot be read.
    """
    with io.FileIO(path) as file:
        if os.fstat(file.fileno()).st_size > max_bytes:
            raise SkippedFileError("too_large")
        return file.readall()


def _utf8_blocks(file: io.FileIO, size: int) -> Iterator[bytes]:
    """Yield the content, that of wide encodings with a byte order mark re-encoded."""
    block = file.read(size + 1 if size < _PIECE_BYTES else _PIECE_BYTES)
    encoding = next((name for mark, name in _WIDE_MARKS if block.startswith(mark)), None)
    if encoding is None:
        if b"\x00" in block[:_BINARY_LOOK_BYTES] or block.startswith(_BINARY_STARTS):
            raise SkippedFileError("binary")
        yield block.removeprefix(codecs.BOM_UTF8)
        is_complete = len(block) == size
        while not is_complete and (block := file.read(_PIECE_BYTES)):
            yield block
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    while block:
        yield decoder.decode(block).encode()
        block = file.read(_PIECE_BYTES)
    yield decoder.decode(b"", final=True).encode()
