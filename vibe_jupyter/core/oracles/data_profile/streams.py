"""The bytes of a file, decompressed, with a count of how far the file itself was read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.core.oracles.data_profile.formats import DataFile

__all__ = ["ByteSource"]


class ByteSource:
    """Opens a file as often as needed; `fraction` follows the bytes on disk, compressed or not."""

    def __init__(self, file: DataFile) -> None:
        self._file = file
        self._raw: pa.NativeFile | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[pa.NativeFile]:
        """Yield a readable stream of the decompressed content."""
        with pa.OSFile(str(self._file.path), "rb") as raw:
            self._raw = raw
            if self._file.codec is None:
                yield raw
            else:
                with pa.CompressedInputStream(raw, self._file.codec) as stream:
                    yield stream

    def bytes_read(self) -> int:
        """Return how many bytes of the file on disk were read since it was last opened."""
        if self._raw is None or self._raw.closed:
            return self._file.size_bytes
        return int(self._raw.tell())

    def fraction(self) -> float:
        """Return the same in [0, 1]."""
        return min(1.0, self.bytes_read() / max(1, self._file.size_bytes))
