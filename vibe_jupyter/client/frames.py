"""Tables from a notebook's memory: put into a file in the data directory, where a task can read them."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput, Unavailable
from vibe_jupyter.core.ids import new_id

if TYPE_CHECKING:
    from vibe_jupyter.client.api import VibeClient

__all__ = ["is_frame", "save"]

_KEPT_S = 86_400.0


def is_frame(value: Any) -> bool:
    """Return whether it is a table: a pandas or polars DataFrame, or an Arrow table. None of them is imported."""
    return any(
        (kind.__module__.partition(".")[0], kind.__name__)
        in {("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table")}
        for kind in type(value).__mro__
    )


def save(value: Any, client: VibeClient) -> Path:
    """Write a table to a Parquet file that is kept for a day, and return its path.

    Raises:
        Unavailable: `frame.remote`, if the platform does not see this machine's files.
        InvalidInput: `frame.unwritable`, if it holds what Parquet cannot.
    """
    if not client.transport.is_local:
        raise Unavailable(
            "the server runs on another machine and cannot read this notebook's memory",
            code="frame.remote",
            hint="write the table to a file that the server sees, and pass its path",
        )
    folder = Path(client.platform.status().data_dir) / "frames"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _clean(folder)
    path = folder / f"{new_id()}.parquet"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        _write(value, out)
    return path


def _write(value: Any, out: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if type(value).__module__.startswith("polars"):
            table = value.to_arrow()
        else:
            table = value if isinstance(value, pa.Table) else pa.Table.from_pandas(value, preserve_index=None)
        pq.write_table(table, out)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidInput(
            f"the table cannot be written as Parquet: {error}"[:500],
            code="frame.unwritable",
            hint="convert columns with mixed types first, e.g. with .astype(str)",
        ) from error


def _clean(folder: Path) -> None:
    """Delete what is older than a day; another process may do so at the same time."""
    oldest = time.time() - _KEPT_S
    for file in folder.glob("*.parquet"):
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_mtime < oldest:
                file.unlink()
