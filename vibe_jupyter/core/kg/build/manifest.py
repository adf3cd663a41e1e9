"""What a build knew: the files it saw, and what each file's answers rest on. The next build starts from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Activity", "FileRecord", "Manifest", "manifest_path", "read_manifest", "write_manifest"]

FORMAT = 1
_NAME = "manifest.msgpack"


class FileRecord(msgspec.Struct, array_like=True):
    """One file of a build."""

    path: str
    language: str
    size: int
    modified_ns: int
    sha: bytes = b""
    module: str = ""
    problem: str = ""  # why its content is not in the graph
    reads: bytes = b""  # the keys of the lookups its answers rest on: sorted unsigned 32-bit numbers
    callables: dict[
        str, str
    ] = {}  # functions, methods: the name's only fragment in this file, or "" where it has more
    others: list[str] = []  # the names of its classes, types and variables
    has_mentions: bool = False  # it is a document that speaks of names


class Activity(msgspec.Struct, array_like=True, frozen=True):
    """One generation of the graph: when, of how many files, and how many of them were parsed."""

    number: int
    started: str  # ISO 8601
    ended: str
    files: int
    parsed: int


class Manifest(msgspec.Struct):
    """All files of a build, sorted by path, and the builds so far."""

    format: int
    extractor: int
    files: list[FileRecord]
    activities: list[Activity] = []
    history: str = ""  # what the part from git was made of
    only: list[str] = []  # the files and folders that it was made of; empty: all


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a generation; None where there is none that this version can use."""
    try:
        manifest = msgspec.msgpack.decode((folder / _NAME).read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return manifest if manifest.format == FORMAT else None


def manifest_path(folder: Path) -> Path:
    """Return the file of the manifest beside a generation."""
    return folder / _NAME


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest beside a generation that is being made."""
    (folder / _NAME).write_bytes(msgspec.msgpack.encode(manifest))
