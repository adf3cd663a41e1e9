"""A table in a file of this machine as a data set of the hub: Parquet, and the facts for its card."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput, NotFound
from vibe_jupyter.core.services.huggingface.schemas import Column, DatasetCard, TableFiles

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["table_files"]


def table_files(frame: Path, folder: Path, *, split: str, title: str) -> TableFiles:
    """Make a table ready for the hub; blocks.

    Args:
        frame: a Parquet, CSV or TSV file.
        folder: of the caller's; what has to be written is written there.
        split: what the rows are, e.g. `train`.
        title: of the card.

    Raises:
        NotFound: `path.not_found`.
        InvalidInput: `dataset.unreadable`, `dataset.unknown_format`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not frame.is_file():
        raise NotFound(f"{frame} is not there", code="path.not_found", hint="look at its name")
    suffix = frame.suffix.lower()
    try:
        if suffix in (".csv", ".tsv"):
            data = _as_parquet(frame, folder, split, "\t" if suffix == ".tsv" else ",")
        elif suffix in (".parquet", ".pq"):
            data = frame
        else:
            raise InvalidInput(
                f"{frame.name} is no table that we read",
                code="dataset.unknown_format", hint="write it as Parquet or CSV",
            )  # fmt: skip
        parquet = pq.ParquetFile(data)
        try:
            columns, rows = _columns(parquet), parquet.metadata.num_rows
        finally:
            parquet.close()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"{frame.name} cannot be read as a table: {str(error)[:300]}",
            code="dataset.unreadable", hint="open it and write it again, e.g. as Parquet",
        ) from error  # fmt: skip
    path = f"data/{split}.parquet"
    return TableFiles(
        files={path: data},
        card=DatasetCard(
            title=title, splits={split: path}, rows=rows, size_bytes=data.stat().st_size, columns=columns
        ),
    )


def _as_parquet(frame: Path, folder: Path, split: str, delimiter: str) -> Path:
    """Write a CSV file as Parquet, batch by batch: it need not fit into memory."""
    import pyarrow as pa
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{split}.parquet"
    descriptor, name = tempfile.mkstemp(prefix=".table.", suffix=".parquet", dir=folder)
    os.close(descriptor)
    try:
        with csv.open_csv(frame, parse_options=csv.ParseOptions(delimiter=delimiter)) as reader:
            schema = reader.schema
            with pq.ParquetWriter(name, schema) as writer:
                for batch in reader:
                    writer.write_table(pa.Table.from_batches([batch], schema))
        Path(name).replace(place)
    finally:
        Path(name).unlink(missing_ok=True)
    return place


def _columns(parquet: Any) -> list[Column]:
    schema: pa.Schema = parquet.schema_arrow
    missing = dict.fromkeys(schema.names, 0)
    metadata = parquet.metadata
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for number in range(row_group.num_columns):
            chunk = row_group.column(number)
            name = chunk.path_in_schema
            if name in missing and chunk.statistics is not None and chunk.statistics.null_count is not None:
                missing[name] += chunk.statistics.null_count
    return [Column(name=field.name, dtype=str(field.type), nulls=missing[field.name]) for field in schema]
