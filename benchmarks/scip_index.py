"""Reads SCIP indexes: what a compiler says each name in a project means.

The format is protobuf, https://github.com/sourcegraph/scip/blob/main/scip.proto, of which little is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["ScipIndex", "is_local", "read_scip"]

Place = tuple[int, int]  # a line, from 1, and a column, from 0


class ScipIndex(NamedTuple):
    """The symbol at each place of each file, and where symbols are defined: (file, line, column).

    Symbols that are local to a document have its path before them. One symbol may have several definitions: scip-python
    names a function inside a method without the method.
    """

    at: dict[str, dict[Place, str]]
    defined: dict[str, list[tuple[str, int, int]]]


def is_local(symbol: str) -> bool:
    """Whether a symbol means something in its own document alone: a variable of a function, for instance."""
    return " local " in symbol


def read_scip(path: Path) -> ScipIndex:
    """Read an index without generated protobuf classes."""
    index = ScipIndex({}, {})
    for number, document in _fields(path.read_bytes()):
        if number == 2:  # Index.documents
            _read_document(bytes(document), index)
    return index


def _read_document(document: bytes, index: ScipIndex) -> None:
    parts = list(_fields(document))
    name = next(bytes(v).decode() for k, v in parts if k == 1)  # Document.relative_path
    places = index.at.setdefault(name, {})
    for key, occurrence in parts:
        if key != 2:  # Document.occurrences
            continue
        said = dict(_fields(bytes(occurrence)))  # 1 range (packed), 2 symbol, 3 roles (bit 0: a definition)
        line, i = _varint(bytes(said[1]), 0)
        column, _ = _varint(bytes(said[1]), i)
        symbol = bytes(said.get(2, b"")).decode()
        if symbol.startswith("local "):
            symbol = f"{name} {symbol}"
        if int(said.get(3, 0)) & 1:
            index.defined.setdefault(symbol, []).append((name, line + 1, column))
        places.setdefault((line + 1, column), symbol)


def _varint(data: bytes, i: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[i]
        i += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, i


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    i = 0
    while i < len(data):
        key, i = _varint(data, i)
        if key & 7 == 0:
            number, i = _varint(data, i)
            yield key >> 3, number
        else:
            size = {1: 8, 5: 4}.get(key & 7)
            if size is None:
                size, i = _varint(data, i)
            yield key >> 3, data[i : i + size]
            i += size
