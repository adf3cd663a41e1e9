"""Read CSV and TSV as a stream, with types that are corrected when a later part of the file disagrees."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as arrow_csv

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.oracles.data_profile.formats import DataFile, unreadable
from vibe_jupyter.core.oracles.data_profile.streams import ByteSource

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CsvReader", "columns_of_codes", "find_delimiter"]

_BLOCK_BYTES = 4 * 2**20
_MAX_BLOCK_BYTES = 256 * 2**20  # 4 MiB times 8, twice
_HUGE_ROW_BYTES = 256 * 1024
_CONFLICT = re.compile(
    r"In CSV column #(\d+): .*?CSV conversion error to (.+?): (?:invalid value '(.*)'|.*)", re.DOTALL
)
_TYPES_BY_TRIAL = (pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("s"), pa.timestamp("ns"))
_DELIMITERS = ",;\t|"
_HEAD_BYTES = 65_536
_CODE = re.compile(r"0[0-9]+\Z")
_CODE_LINES = 1_000


class CsvReader:
    """Batches of a CSV. Types come from the first 4 MiB; a column that breaks its type is read again, wider.

    `adapt` says whether reading once more will help; rows of up to 128 MiB get larger blocks. Re-reading is
    limited: once more than twice the file has been read for nothing, every further conflict turns the column
    into text at once.
    """

    name: str | None = None
    rows: int | None = None

    def __init__(self, file: DataFile, *, delimiter: str | None = None, encoding: str = "utf-8") -> None:
        self._file = file
        self._encoding = encoding
        head = _read_head(file, encoding)
        self._delimiter = delimiter or ("\t" if file.format == "tsv" else find_delimiter(head))
        self._source = ByteSource(file)
        self._codes = columns_of_codes(head, self._delimiter)
        self._types: dict[str, pa.DataType] = dict.fromkeys(self._codes, pa.string())
        self._names: list[str] = []
        self._mixed: dict[str, str] = {}
        self._block_bytes = _BLOCK_BYTES
        self._bytes_in_vain = 0
        self._has_huge_rows = False
        self._ragged = 0
        self._ragged_example = ""
        self._rows_read = 0

    @property
    def warnings(self) -> list[str]:
        """What was put up with while reading."""
        found = [
            f"{name}: mixed types, read as text because of {value!r}" for name, value in self._mixed.items()
        ]
        if self._has_huge_rows:
            found.append("some rows are huge: is there a quote that is never closed?")
        found += [f"{name}: kept as text because of leading zeros" for name in self._codes]
        if self._ragged:
            found.append(
                f"skipped {self._ragged:,} of {self._ragged + self._rows_read:,} rows, which have too many "
                f"or too few values; the first is {self._ragged_example!r}"
            )
        if self._delimiter != ("\t" if self._file.format == "tsv" else ","):
            found.append(f"the columns are separated by {self._delimiter!r}")
        if self._names and all(_parses(name, pa.float64()) for name in self._names):
            found.append("the first line looks like data, not like column names")
        return found

    def fraction(self) -> float | None:
        """How much of the file's bytes were read, in [0, 1]."""
        return self._source.fraction()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, at least one batch (maybe an empty one), so that the columns are known.

        Raises:
            pa.ArrowInvalid: the content does not fit; ask `adapt`.
        """
        self._ragged = self._rows_read = 0
        with self._source.open() as stream:
            reader = arrow_csv.open_csv(
                stream,
                read_options=arrow_csv.ReadOptions(block_size=self._block_bytes, encoding=self._encoding),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=self._skip
                ),
                convert_options=arrow_csv.ConvertOptions(
                    strings_can_be_null=True, column_types=self._types, auto_dict_encode=False
                ),
            )
            self._names = reader.schema.names
            self._reject_other_encodings(reader.schema)
            yield pa.RecordBatch.from_pylist([], schema=reader.schema)
            for batch in reader:
                self._rows_read += batch.num_rows
                self._has_huge_rows |= batch.nbytes > _HUGE_ROW_BYTES * batch.num_rows
                yield batch
        if not self._rows_read and not self._ragged:
            raise InvalidInput(
                f"{self._file.path.name} has a header and no rows",
                code="data.empty",
                hint=f"its columns are {', '.join(self._names[:20])}",
                data={"columns": self._names},
            )
        if self._ragged > self._rows_read:
            raise unreadable(
                self._file.path,
                f"{self._ragged:,} of {self._ragged + self._rows_read:,} rows do not have {len(self._names)} "
                "values",
                "check the delimiter (pass delimiter=';' for example) and whether the first line is a header",
            )

    def adapt(self, error: Exception) -> bool:
        """Return whether to read again, after a column was given a wider type.

        Raises:
            InvalidInput: `data.unreadable`, for a text that is not in the encoding asked for.
        """
        message = str(error)
        if "UTF8" in message or "utf-8" in message:
            raise self._wrong_encoding() from error
        if "straddling" in message:
            self._block_bytes *= 8
            return self._block_bytes <= _MAX_BLOCK_BYTES
        match = _CONFLICT.search(message)
        if match is None or int(match[1]) >= len(self._names):
            return False
        name, old, value = self._names[int(match[1])], match[2], match[3] or ""
        if self._types.get(name) == pa.string():
            return False
        self._bytes_in_vain += self._source.bytes_read()
        wider = self._wider(old, value)
        self._types[name] = wider
        if wider == pa.string() and old != "null":
            self._mixed[name] = value[:80]
        return True

    def _wider(self, old: str, value: str) -> pa.DataType:
        if self._bytes_in_vain > 2 * self._file.size_bytes + 16 * _BLOCK_BYTES:
            return pa.string()
        fits = next((kind for kind in _TYPES_BY_TRIAL if _parses(value, kind)), pa.string())
        if old == "null":
            return fits
        if old == "int64" and fits in (pa.int64(), pa.float64()):
            return pa.float64()
        if old.startswith(("date", "timestamp")) and pa.types.is_timestamp(fits):
            return fits if str(fits) != old else pa.string()
        return pa.string()

    def _skip(self, row: Any) -> str:
        self._ragged += 1
        if self._ragged == 1:
            self._ragged_example = (row.text or "")[:80]
        return "skip"

    def _reject_other_encodings(self, schema: pa.Schema) -> None:
        if any(pa.types.is_binary(field.type) for field in schema):
            raise self._wrong_encoding()

    def _wrong_encoding(self) -> Exception:
        hint = "pass encoding='latin-1', or utf-16 for a file from Excel's 'Unicode text'"
        return unreadable(self._file.path, f"its text is not valid {self._encoding.upper()}", hint)


def find_delimiter(head: str) -> str:
    """Return the separator that stands most often in the first line, outside quotes; a comma if none does.

    >>> find_delimiter('"a,b";c;d')
    ';'
    """
    first = re.sub(r'"[^"]*"', "", next((line for line in head.splitlines() if line.strip()), ""))
    best = max(_DELIMITERS, key=first.count)
    return best if first.count(best) else ","


def columns_of_codes(head: str, delimiter: str) -> list[str]:
    r"""Return the columns with a value such as 00501: codes of places or parts, not numbers.

    >>> columns_of_codes("zip,n\n00501,7\n", ",")
    ['zip']
    """
    try:
        names, *rows = csv.reader(head.splitlines()[:_CODE_LINES], delimiter=delimiter)
    except (csv.Error, ValueError):  # Arrow judges what is broken
        return []
    found = {
        names[place] for row in rows for place, value in enumerate(row[: len(names)]) if _CODE.match(value)
    }
    return [name for name in names if name in found]


def _read_head(file: DataFile, encoding: str) -> str:
    """Return the first 64 KiB as text.

    Raises:
        InvalidInput: `data.unreadable`, where they are not text.
    """
    with ByteSource(file).open() as stream:
        head: bytes = stream.read(_HEAD_BYTES)
    if encoding == "utf-8" and head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise unreadable(file.path, "its text is UTF-16", "pass encoding='utf-16'")
    if b"\x00" in head and not encoding.startswith(("utf-16", "utf-32")):
        raise unreadable(file.path, "it holds binary data", "is it really a CSV? pass format= if it is not")
    return head.decode(encoding, errors="replace").removeprefix("\ufeff")


def _parses(text: str, kind: pa.DataType) -> bool:
    try:
        return bool(pa.scalar(text.strip()).cast(kind).is_valid)
    except pa.ArrowException:
        return False
