"""What a profile is asked for and what it answers."""

from __future__ import annotations

import codecs
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

__all__ = ["ColumnSummary", "DataFormat", "DataProfileInput", "DataProfileOutput", "ValueCount"]

DataFormat = Literal["csv", "tsv", "jsonl", "parquet", "arrow"]


class DataProfileInput(BaseModel):
    """Which file to profile, and how much of it."""

    path: str = Field(
        min_length=1,
        max_length=4096,
        description="The file: CSV, TSV, JSON Lines (each also .gz, .bz2, .zst), Parquet, Arrow IPC or "
        "Feather. A sentence that names one file is understood too.",
    )
    sample_rows: int = Field(default=5, ge=0, le=100, description="How many first rows to show.")
    max_rows: int | None = Field(
        default=None, ge=1, description="Stop after so many rows; default: read the whole file."
    )
    format: DataFormat | None = Field(
        default=None, description="The file's format, where neither its name nor its content tells."
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="Column separator of a CSV; default: found out."
    )
    encoding: str = Field(default="utf-8", description="Text encoding of a CSV, e.g. latin-1 or utf-16.")

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"{value!r} is no text encoding; try utf-8, latin-1 or utf-16") from None


class ValueCount(BaseModel):
    """A value and how often it occurs."""

    value: Any
    count: int


class ColumnSummary(BaseModel):
    """One column over all profiled rows. Times: `2020-01-31 12:30:00`, at midnight the day; bytes: their length."""

    name: str
    type: str = Field(description="The Arrow type, e.g. int64, double, string, timestamp[us].")
    nulls: int
    null_fraction: float = Field(description="In [0, 1].")
    distinct: int | None = Field(description="Different values, nulls aside; None for nested values.")
    distinct_is_exact: bool = Field(description="If false, there are more than `distinct` different values.")
    min: Any = None
    max: Any = None
    mean: float | None = Field(default=None, description="Of the finite values of a numeric column.")
    std: float | None = Field(
        default=None, description="Sample standard deviation (n - 1) of the same values."
    )
    top: list[ValueCount] = Field(
        default_factory=list,
        description="The most frequent values, best first; lower bounds where `distinct` is not exact.",
    )
    sample: list[Any] = Field(default_factory=list, description="A few of the first values that differ.")


class DataProfileOutput(BaseModel):
    """A data file in brief."""

    path: str
    name: str | None = Field(
        default=None, description="What a table from a notebook's memory is called there; None for a file."
    )
    format: DataFormat
    size_bytes: int = Field(description="Size of the file on disk, compressed if it is.")
    rows: int | None = Field(description="Rows in the file; None if unknown because `max_rows` was reached.")
    rows_profiled: int
    columns: list[ColumnSummary]
    sample: list[dict[str, Any]] = Field(description="The first rows.")
    warnings: list[str] = Field(description="What a careful reader of this data should know.")
