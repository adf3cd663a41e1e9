"""Which format and compression a file has: by its content first, by its name second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DataFile", "identify", "unreadable"]

_BY_SUFFIX = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".parq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
_CODEC_BY_SUFFIX = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".zstd": "zstd"}
_CODEC_BY_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"SQLite format 3\x00": "a SQLite database",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"Obj\x01": "an Avro file",
    b"FEA1": "a Feather file of version 1",
}
_ADVICE = {
    ".xlsx": "save the sheet as CSV, or pandas.read_excel(...).to_parquet(...)",
    ".xls": "save the sheet as CSV, or pandas.read_excel(...).to_parquet(...)",
    ".json": "write one JSON object per line and name it .jsonl, or pass format='jsonl' if it is so already",
    ".ipynb": "notebooks are for notebook_query",
}
_TEXT_FORMATS = ("csv", "tsv", "jsonl")
_HEAD_BYTES = 4096
SUPPORTED = "CSV, TSV, JSON Lines (also .gz, .bz2, .zst), Parquet, Arrow IPC and Feather are supported"


@dataclass(frozen=True)
class DataFile:
    """A file that can be read: `codec` is Arrow's name of its compression, None for none."""

    path: Path
    format: str
    codec: str | None
    size_bytes: int
    warnings: tuple[str, ...] = ()


def unreadable(path: Path, reason: str, hint: str, **data: Any) -> InvalidInput:
    """Return the error for a file whose content does not hold what its format promises."""
    return InvalidInput(
        f"{path.name} cannot be read: {reason}", code="data.unreadable", hint=hint, data=data or None
    )


def identify(path: Path, asked: str | None = None) -> DataFile:
    """Tell how `path` is to be read; `asked` is the format that the person named.

    Raises:
        InvalidInput: `data.is_directory`, `data.empty`, `data.unreadable` or `data.unsupported_format`.
    """
    head, size_bytes = _head(path)
    binary = _is_binary(head)
    codec = next((name for magic, name in _CODEC_BY_MAGIC.items() if binary and head.startswith(magic)), None)
    named, suffix = _format_by_name(path)
    found = _format_by_content(head)
    if found is not None:
        other = asked or named
        warned = () if other in (None, found) else (f"named as {other}, but the content is {found}",)
        return DataFile(path, found, None, size_bytes, warned)
    wanted = asked or named
    if wanted in ("parquet", "arrow"):
        raise unreadable(
            path,
            f"it does not begin as a {wanted} file does",
            "the file may be cut off or of another format: pass format='csv' or 'jsonl' if it is text",
        )
    foreign = next((kind for magic, kind in _FOREIGN.items() if binary and head.startswith(magic)), None)
    if foreign or wanted is None:
        what = (
            f"is {foreign}"
            if foreign
            else f"has the unknown ending {suffix!r}"
            if suffix
            else "has no ending"
        )
        advice = _ADVICE.get(suffix, "for a text table pass format='csv', 'tsv' or 'jsonl'")
        raise InvalidInput(
            f"{path.name} {what}, which cannot be profiled",
            code="data.unsupported_format",
            hint=f"{SUPPORTED}; {advice}",
        )
    assert wanted in _TEXT_FORMATS
    return DataFile(path, wanted, codec, size_bytes)


def _head(path: Path) -> tuple[bytes, int]:
    if path.is_dir():
        inside = sorted(child.name for child in path.iterdir() if _format_by_name(child)[0])
        hint = f"name one of its files: {', '.join(inside[:5])}" if inside else "name a data file in it"
        raise InvalidInput(f"{path.name} is a folder", code="data.is_directory", hint=hint)
    if not path.is_file():
        raise unreadable(path, "it is not a regular file", "name a file on disk")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            size_bytes = path.stat().st_size
    except OSError as error:
        raise unreadable(path, error.strerror or str(error), "check the file's permissions") from error
    if not head.strip():
        raise InvalidInput(
            f"{path.name} is empty", code="data.empty", hint="check what should have written it"
        )
    return head, size_bytes


def _format_by_name(path: Path) -> tuple[str | None, str]:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _CODEC_BY_SUFFIX:
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    return _BY_SUFFIX.get(suffix), suffix


def _is_binary(head: bytes) -> bool:
    """Tell binary from text, since a CSV may well begin with a column that is called PAR1."""
    return any(byte < 0x09 or 0x0E <= byte < 0x1B or 0x1C <= byte < 0x20 for byte in head)


def _format_by_content(head: bytes) -> str | None:
    if not _is_binary(head):
        return None
    if head.startswith((b"PAR1", b"PARE")):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    return None
