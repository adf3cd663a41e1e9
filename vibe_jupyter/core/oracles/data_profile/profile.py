"""Profile one file; runs in a worker process, so this module itself imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.oracles.data_profile.formats import DataFile, identify, unreadable

if TYPE_CHECKING:
    import pyarrow as pa

    from vibe_jupyter.core.oracles.data_profile.columns import ColumnProfile

__all__ = ["Reader", "profile_file"]

_COUNTS_BYTES = 512 * 2**20
_MAX_COLUMN_COUNTS_BYTES = 16 * 2**20
_MAX_COLUMNS = 2_000
_MAX_WARNINGS = 50

Report = Callable[..., None]


class Reader(Protocol):
    """A file as a stream of record batches."""

    @property
    def name(self) -> str | None:
        """What the table was called in a notebook's memory, if it comes from there."""

    @property
    def rows(self) -> int | None:
        """Rows in the file, where its format says so."""

    @property
    def warnings(self) -> list[str] | tuple[str, ...]:
        """What was put up with while reading."""

    def fraction(self) -> float | None:
        """How far reading is, in [0, 1]."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows from the start; may be called again after `adapt`."""

    def adapt(self, error: Exception) -> bool:
        """Change how to read after `error`; return whether reading again will help."""


def profile_file(path: str, options: dict[str, Any], report: Report | None = None) -> dict[str, Any]:
    """Return the fields of a `DataProfileOutput`, but for the path.

    Args:
        path: an existing file.
        options: the fields of `DataProfileInput`, but for the path.
        report: called after each batch with `fraction`, `message` and the facts `rows`, `size_bytes`.

    Raises:
        InvalidInput: `data.empty`, `data.is_directory`, `data.unreadable`, `data.unsupported_format`.
    """
    import pyarrow as pa

    file = identify(Path(path), options["format"])
    try:
        reader = _open(file, options)
        while True:
            try:
                table = _Table(file, options, report)
                table.read(reader)
                break
            except (pa.ArrowInvalid, UnicodeError) as error:
                if not reader.adapt(error):
                    raise
    except (pa.ArrowException, OSError, UnicodeError, EOFError) as error:
        raise _explained(file, error) from error
    return {"name": reader.name, "format": file.format, "size_bytes": file.size_bytes, **table.result(reader)}


def _open(file: DataFile, options: dict[str, Any]) -> Reader:
    if file.format in ("csv", "tsv"):
        from vibe_jupyter.core.oracles.data_profile.csv_reader import CsvReader

        return CsvReader(file, delimiter=options["delimiter"], encoding=options["encoding"])
    if file.format == "jsonl":
        from vibe_jupyter.core.oracles.data_profile.jsonl_reader import JsonLinesReader

        return JsonLinesReader(file)
    from vibe_jupyter.core.oracles.data_profile.columnar_readers import ArrowReader, ParquetReader

    return ParquetReader(file) if file.format == "parquet" else ArrowReader(file)


def _explained(file: DataFile, error: Exception) -> InvalidInput:
    """Return the error for a person, from what Arrow or the system says."""
    message = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "Empty CSV file" in message or "Empty JSON file" in message:
        return InvalidInput(f"{file.path.name} holds no data", code="data.empty", hint="check what wrote it")
    hints = {
        "parquet": "the file may be cut off: copy it again, or write it anew",
        "arrow": "the file may be cut off: copy it again, or write it anew",
        "jsonl": "each line must be one JSON object",
    }
    hint = hints.get(file.format, "check the delimiter, the quotes and the encoding")
    if file.codec:
        hint = f"the {file.codec} data may be cut off or damaged: test it with the tool that made it"
    return unreadable(file.path, message[:300], hint)


class _Table:
    """The profile of a table while it is being read."""

    def __init__(self, file: DataFile, options: dict[str, Any], report: Report | None) -> None:
        self._file = file
        self._report = report
        self._sample_rows: int = options["sample_rows"]
        self._max_rows: int | None = options["max_rows"]
        self._columns: list[ColumnProfile] = []
        self._names: list[str] = []
        self._notes: list[str] = []
        self._sample: list[dict[str, Any]] = []
        self._rows = 0
        self._is_complete = True

    def read(self, reader: Reader) -> None:
        """Take in all rows, or as many as were asked for."""
        for batch in reader.batches():
            if not self._names:
                self._start(batch.schema)
            if self._max_rows is not None and batch.num_rows > self._max_rows - self._rows:
                self._is_complete = False
                self._add(batch.slice(0, self._max_rows - self._rows))
                return
            self._add(batch)
            self._tell(reader.fraction())

    def result(self, reader: Reader) -> dict[str, Any]:
        """Return the fields of the answer that come from the rows."""
        notes = [*self._file.warnings, *self._notes, *reader.warnings]
        if not self._rows:
            notes.append("the file has columns but no rows")
        else:
            notes += [note for column in self._columns for note in column.warnings()]
        if len(notes) > _MAX_WARNINGS:
            notes[_MAX_WARNINGS:] = [f"and {len(notes) - _MAX_WARNINGS} more like these"]
        return {
            "rows": self._rows if self._is_complete else reader.rows,
            "rows_profiled": self._rows,
            "columns": [column.summary() for column in self._columns],
            "sample": self._sample,
            "warnings": notes,
        }

    def _start(self, schema: pa.Schema) -> None:
        from vibe_jupyter.core.oracles.data_profile.columns import ColumnProfile

        self._names, repeated = _unique_names(schema.names)
        if repeated:
            self._notes.append(
                f"duplicated column names, numbered here: {', '.join(map(repr, repeated[:10]))}"
            )
        if len(self._names) > _MAX_COLUMNS:
            self._notes.append(
                f"only the first {_MAX_COLUMNS:,} of {len(self._names):,} columns are profiled"
            )
            del self._names[_MAX_COLUMNS:]
        max_bytes = min(_MAX_COLUMN_COUNTS_BYTES, _COUNTS_BYTES // max(1, len(self._names)))
        fields = zip(self._names, schema, strict=False)
        self._columns = [ColumnProfile(name, field, max_bytes=max_bytes) for name, field in fields]

    def _add(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows == 0:
            return
        self._add_sample(batch)
        self._rows += batch.num_rows
        for index, column in enumerate(self._columns):
            column.update(batch.column(index))

    def _add_sample(self, batch: pa.RecordBatch) -> None:
        from vibe_jupyter.core.oracles.data_profile.json_values import json_value

        for row in range(min(self._sample_rows - len(self._sample), batch.num_rows)):
            values = (json_value(batch.column(index)[row]) for index in range(len(self._names)))
            self._sample.append(dict(zip(self._names, values, strict=True)))

    def _tell(self, fraction: float | None) -> None:
        if self._report is not None:
            size = self._file.size_bytes
            done = f" ({_size(size * fraction)} of {_size(size)})" if fraction is not None else ""
            self._report(fraction, f"reading {self._file.path.name}{done}", rows=self._rows, size_bytes=size)


def _unique_names(names: list[str]) -> tuple[list[str], list[str]]:
    """Return the names, numbered where they repeat or named by place where empty, and those that repeat."""
    unique: list[str] = []
    taken: set[str] = set(names)
    seen: set[str] = set()
    for place, name in enumerate(names, start=1):
        shown = name or f"column_{place}"
        number = 2
        while shown in seen or (shown != name and shown in taken):
            shown, number = f"{name or 'column'}_{number}", number + 1
        seen.add(shown)
        unique.append(shown)
    return unique, sorted({name for name in names if name and names.count(name) > 1})


def _size(size_bytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"
