"""Read JSON Lines as a stream: by Arrow where all lines agree, else line by line with types of our own."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.json as arrow_json

from vibe_jupyter.core.oracles.data_profile.formats import DataFile, unreadable
from vibe_jupyter.core.oracles.data_profile.streams import ByteSource

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["JsonLinesReader"]

_BLOCK_BYTES = 4 * 2**20
_MAX_LINE_BYTES = 64 * 2**20
_BATCH_BYTES = 4 * 2**20
_MAX_COLUMNS = 1_000
_INT64 = range(-(2**63), 2**63)


class JsonLinesReader:
    """Batches of a JSON Lines file.

    Arrow's reader is fast and wants every line to have the fields and types of the first block. Where one
    does not, `adapt` turns to two slower passes of our own: the first finds every field with its types, the
    second reads; a field of mixed types becomes text.
    """

    name: str | None = None
    rows: int | None = None

    def __init__(self, file: DataFile) -> None:
        self._file = file
        self._source = ByteSource(file)
        self._schema: pa.Schema | None = None
        self._bad_lines = 0
        self._first_bad_line = 0
        self._good_lines = 0
        self._mixed: dict[str, list[str]] = {}
        self._has_more_fields = False
        self._pass = 0

    @property
    def warnings(self) -> list[str]:
        """What was put up with while reading."""
        found = [
            f"{name}: mixed types ({', '.join(kinds)}), read as text" for name, kinds in self._mixed.items()
        ]
        if self._bad_lines:
            found.append(
                f"skipped {self._bad_lines:,} of {self._bad_lines + self._good_lines:,} lines, which are not "
                f"JSON objects; line {self._first_bad_line:,} is the first"
            )
        if self._has_more_fields:
            found.append(f"only the first {_MAX_COLUMNS:,} fields are profiled")
        return found

    def fraction(self) -> float | None:
        """How much of the file's bytes were read, in [0, 1]; over both passes if there are two."""
        share = self._source.fraction()
        return share if self._pass == 0 else (self._pass - 1 + share) / 2

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows.

        Raises:
            pa.ArrowInvalid: the lines differ in fields or types; ask `adapt`.
            InvalidInput: `data.unreadable`, where most lines are no JSON objects.
        """
        return self._batches_by_arrow() if self._pass == 0 else self._batches_by_line()

    def adapt(self, _error: Exception) -> bool:
        """Return whether to read again, line by line; True once."""
        self._pass += 1
        return self._pass == 1

    def _batches_by_arrow(self) -> Iterator[pa.RecordBatch]:
        with self._source.open() as stream:
            yield from arrow_json.open_json(
                stream, read_options=arrow_json.ReadOptions(block_size=_BLOCK_BYTES)
            )

    def _batches_by_line(self) -> Iterator[pa.RecordBatch]:
        schema = self._find_schema()
        self._pass = 2
        yield pa.RecordBatch.from_pylist([], schema=schema)
        rows: list[dict[str, Any]] = []
        size_bytes = 0
        for row, line_bytes in self._lines():
            rows.append(row)
            size_bytes += line_bytes
            if size_bytes >= _BATCH_BYTES:
                yield _to_batch(rows, schema)
                rows, size_bytes = [], 0
        if rows:
            yield _to_batch(rows, schema)

    def _find_schema(self) -> pa.Schema:
        kinds: dict[str, set[str]] = {}
        for row, _ in self._lines():
            for name, value in row.items():
                if name not in kinds:
                    if len(kinds) >= _MAX_COLUMNS:
                        self._has_more_fields = True
                        continue
                    kinds[name] = set()
                kinds[name].add(_kind(value))
        if self._bad_lines > self._good_lines:
            raise unreadable(
                self._file.path,
                f"{self._bad_lines:,} of {self._bad_lines + self._good_lines:,} lines are not JSON objects, "
                f"the first is line {self._first_bad_line:,}",
                'each line must be one object such as {"a": 1}; rewrite a document of several lines',
            )
        return pa.schema([self._field(name, found - {"null"}) for name, found in kinds.items()])

    def _field(self, name: str, kinds: set[str]) -> pa.Field:
        if len(kinds) == 1 or kinds == {"integer", "number"}:
            kind = "number" if len(kinds) == 2 else next(iter(kinds))
            types = {
                "integer": pa.int64(),
                "number": pa.float64(),
                "text": pa.string(),
                "true/false": pa.bool_(),
            }
            if kind in types:
                return pa.field(name, types[kind])
            return pa.field(name, pa.string(), metadata={"vibe.type": kind})
        if not kinds:
            return pa.field(name, pa.null())
        self._mixed[name] = sorted(kinds)
        return pa.field(name, pa.string())

    def _lines(self) -> Iterator[tuple[dict[str, Any], int]]:
        self._bad_lines = self._good_lines = 0
        with self._source.open() as stream, io.BufferedReader(stream, _BLOCK_BYTES) as lines:
            number = 0
            while line := lines.readline(_MAX_LINE_BYTES):
                number += 1
                if not line.strip():
                    continue
                row = _parse(line)
                if row is not None:
                    self._good_lines += 1
                    yield row, len(line)
                else:
                    self._bad_lines += 1
                    self._first_bad_line = number if self._bad_lines == 1 else self._first_bad_line


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return row if isinstance(row, dict) else None


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true/false"
    if isinstance(value, int):
        return "integer" if value in _INT64 else "number"
    return {float: "number", str: "text", dict: "object", list: "list"}[type(value)]


def _to_batch(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [
        pa.array([_convert(row.get(field.name), field.type) for row in rows], field.type) for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _convert(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if kind == pa.string():
        return value if isinstance(value, str) else orjson.dumps(value).decode()
    return float(value) if kind == pa.float64() and not math.isinf(value) else value
