"""Tables from a notebook's memory: put into a file in the data directory, where a task can read them."""

from __future__ import annotations

import contextlib
import decimal
import numbers
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput, Unavailable, VibeError
from vibe_jupyter.core.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.client.api import VibeClient

__all__ = ["is_frame", "save"]

_KEPT_S = 86_400.0
_MAX_NAME = 40


def is_frame(value: Any) -> bool:
    """Return whether it is a table: a pandas or polars DataFrame, or an Arrow table. None of them is imported."""
    return any(
        (kind.__module__.partition(".")[0], kind.__name__)
        in {("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table")}
        for kind in type(value).__mro__
    )


def save(value: Any, client: VibeClient, name: str | None = None) -> Path:
    """Write a table to a Parquet file that is kept for a day, and return its path.

    What Parquet cannot hold, such as mixed types, is written as text; the file says so to who profiles it.

    Args:
        value: the table.
        client: whose data directory it goes to.
        name: the variable that holds it; shown instead of the file. Default: its type.

    Raises:
        Unavailable: `frame.remote`, if the platform does not see this machine's files; `frame.not_stored`.
        InvalidInput: `frame.unwritable`, if it cannot be written even so.
    """
    if not client.transport.is_local:
        raise Unavailable(
            "the server runs on another machine and cannot read this notebook's memory",
            code="frame.remote",
            hint="write the table to a file that the server sees, and pass its path",
        )
    name = name or type(value).__name__
    folder = Path(client.platform.status().data_dir) / "frames"
    path = folder / f"{name[:_MAX_NAME]}-{new_id()}.parquet"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clean(folder)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            _write(value, name, out)
    except BaseException as error:
        with contextlib.suppress(OSError):
            path.unlink()
        if not isinstance(error, OSError):
            raise
        raise Unavailable(
            f"the table cannot be put into {folder}: {error.strerror or error}",
            code="frame.not_stored",
            hint="check the folder's permissions and the free space",
        ) from error
    return path


def _write(value: Any, name: str, out: Any) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq

        arrays, fields, notes = [], [], []
        for label, values in _columns(value):
            array, kind, note = _storable(values)
            shown = _text(label)
            arrays.append(array)
            fields.append(pa.field(shown, array.type, metadata={"vibe.type": kind} if kind else None))
            if note:
                notes.append(f"{shown}: {note}")
        metadata = {"vibe.name": name, "vibe.notes": "\n".join(notes)}
        pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata)), out)
    except (OSError, MemoryError, VibeError):
        raise
    except Exception as error:
        raise InvalidInput(
            f"the table cannot be written as Parquet: {type(error).__name__}: {_text(error)}"[:500],
            code="frame.unwritable",
            hint="write it to a CSV file, and profile that: .to_csv('table.csv')",
        ) from error


def _columns(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield label and values of each column; an index of pandas that holds more than row numbers is one."""
    if type(value).__module__.partition(".")[0] in ("polars", "pyarrow"):
        names = value.columns if hasattr(value, "get_columns") else value.column_names
        yield from zip(
            names, value.get_columns() if hasattr(value, "get_columns") else value.columns, strict=True
        )
        return
    for place, label in enumerate(value.columns):
        yield label, value.iloc[:, place]
    if type(value.index).__name__ != "RangeIndex":
        for level, label in enumerate(value.index.names):
            shown = f"__index_level_{level}__" if label is None else label
            yield shown, value.index.get_level_values(level).to_series()


def _storable(values: Any) -> tuple[Any, str | None, str | None]:
    """Return an Arrow array that Parquet can hold, the type to show if that is another, and a remark."""
    import pyarrow as pa

    dtype = str(getattr(values, "dtype", None) or values.type)
    if dtype.startswith("Sparse"):
        values = values.sparse.to_dense()
    kinds: list[str] = []
    if dtype in ("object", "category"):
        kinds = sorted({_kind(kind) for kind in set(map(type, values[values.notna()]))})
        if kinds == ["integer", "number"]:
            kinds = ["number"]
    if len(kinds) <= 1:
        try:
            array = _to_arrow(values)
            if not isinstance(array.type, pa.BaseExtensionType) and _fits_parquet(array.type):
                return array, None, None
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            pass
    if kinds == ["text"]:
        return _to_texts(values), None, "not all of it is valid Unicode; shown with escapes"
    if len(kinds) > 1:
        return _to_texts(values), None, f"mixed types ({', '.join(kinds)}), read as text"
    shown = kinds[0] if kinds else dtype
    return _to_texts(values), _text(shown), f"{_text(shown)} values, read as text"


def _to_arrow(values: Any) -> Any:
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        return values
    return values.to_arrow() if hasattr(values, "to_arrow") else pa.array(values, from_pandas=True)


def _fits_parquet(kind: Any) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.write_table(pa.schema([("a", kind)]).empty_table(), pa.BufferOutputStream())
    except (pa.ArrowException, TypeError, ValueError):
        return False
    return True


def _to_texts(values: Any) -> Any:
    import pyarrow as pa

    is_missing = values.isna() if hasattr(values, "isna") else (value is None for value in _listed(values))
    pairs = zip(_listed(values), is_missing, strict=True)
    return pa.array([None if gone else _text(value) for value, gone in pairs], pa.large_string())


def _listed(values: Any) -> list[Any]:
    found: list[Any] = next(
        getattr(values, way) for way in ("to_pylist", "to_list", "tolist") if hasattr(values, way)
    )()
    return found


def _text(value: Any) -> str:
    """Return a value as text that UTF-8 can hold, whatever its class makes of that."""
    try:
        return str(value).encode("utf-8", "backslashreplace").decode()
    except Exception:  # noqa: BLE001 - anybody's class
        return f"<{type(value).__name__}>"


def _kind(kind: type) -> str:
    """Name a type as the reader of JSON Lines does, others as Python does."""
    if kind.__name__ in ("bool", "bool_"):
        return "true/false"
    if issubclass(kind, numbers.Integral):
        return "integer"
    if issubclass(kind, numbers.Real):
        return "number"
    names = {str: "text", dict: "object", list: "list", tuple: "list", decimal.Decimal: "number"}
    return next((name for known, name in names.items() if issubclass(kind, known)), kind.__name__)


def _clean(folder: Path) -> None:
    """Delete what is older than a day; another process may do so at the same time."""
    oldest = time.time() - _KEPT_S
    for file in folder.glob("*.parquet"):
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_mtime < oldest:
                file.unlink()
