"""Read Parquet and Arrow IPC (Feather) files in batches of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.core.oracles.data_profile.formats import DataFile

__all__ = ["ArrowReader", "ParquetReader"]

_BATCH_BYTES = 16 * 2**20
_MAX_BATCH_ROWS = 131_072
_MIN_BATCH_ROWS = 64
_MAX_NAME = 200
_STREAM_START = b"\xff\xff\xff\xff"


class ParquetReader:
    """Batches of a Parquet file, about 16 MiB of decoded data each."""

    def __init__(self, file: DataFile) -> None:
        # Without buffering a whole column chunk is read at once, which may be as large as the file.
        self._parquet = pq.ParquetFile(file.path, buffer_size=2**20, pre_buffer=False)
        self.rows: int | None = self._parquet.metadata.num_rows
        self._rows_read = 0
        # What the client says of a table from a notebook's memory.
        said = self._parquet.schema_arrow.metadata or {}
        self.name = said.get(b"vibe.name", b"").decode(errors="replace")[:_MAX_NAME] or None
        self.warnings = said.get(b"vibe.notes", b"").decode(errors="replace").splitlines()

    def fraction(self) -> float | None:
        """How many of the rows were read, in [0, 1]."""
        return self._rows_read / self.rows if self.rows else None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, at least one batch (maybe an empty one)."""
        yield pa.RecordBatch.from_pylist([], schema=self._parquet.schema_arrow)
        for batch in self._parquet.iter_batches(batch_size=self._batch_rows()):
            self._rows_read += batch.num_rows
            yield batch

    def adapt(self, _error: Exception) -> bool:
        """Return False: what cannot be decoded now cannot be decoded later."""
        return False

    def _batch_rows(self) -> int:
        metadata = self._parquet.metadata
        groups = range(metadata.num_row_groups)
        decoded_bytes = sum(metadata.row_group(index).total_byte_size for index in groups)
        row_bytes = max(1, decoded_bytes // max(1, metadata.num_rows))
        return int(min(_MAX_BATCH_ROWS, max(_MIN_BATCH_ROWS, _BATCH_BYTES // row_bytes)))


class ArrowReader:
    """Batches of an Arrow IPC file (Feather 2) or stream, mapped into memory, so read only as far as used."""

    name: str | None = None
    rows: int | None = None
    warnings: tuple[str, ...] = ()

    def __init__(self, file: DataFile) -> None:
        self._size_bytes = file.size_bytes
        self._source = pa.memory_map(str(file.path))
        self._is_stream = self._source.read(4) == _STREAM_START
        self._source.seek(0)
        self._reader: Any = (pa.ipc.open_stream if self._is_stream else pa.ipc.open_file)(self._source)
        self._fraction = 0.0

    def fraction(self) -> float | None:
        """How many of the batches, or of a stream's bytes, were read, in [0, 1]."""
        return self._fraction

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, at least one batch (maybe an empty one)."""
        yield pa.RecordBatch.from_pylist([], schema=self._reader.schema)
        for batch in self._stored():
            batch.validate()
            for start in range(0, batch.num_rows, _MAX_BATCH_ROWS):
                yield batch.slice(start, _MAX_BATCH_ROWS)

    def adapt(self, _error: Exception) -> bool:
        """Return False: what cannot be decoded now cannot be decoded later."""
        return False

    def _stored(self) -> Iterator[pa.RecordBatch]:
        if self._is_stream:
            for batch in self._reader:
                self._fraction = min(1.0, self._source.tell() / max(1, self._size_bytes))
                yield batch
            return
        for index in range(self._reader.num_record_batches):
            self._fraction = index / self._reader.num_record_batches
            yield self._reader.get_batch(index)
