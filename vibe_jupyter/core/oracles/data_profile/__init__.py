"""The shape of a data file: columns, types, gaps, ranges and frequent values, without loading it whole."""

from vibe_jupyter.core.oracles.data_profile.oracle import DataProfile
from vibe_jupyter.core.oracles.data_profile.schemas import (
    ColumnSummary,
    DataProfileInput,
    DataProfileOutput,
    ValueCount,
)

__all__ = ["ColumnSummary", "DataProfile", "DataProfileInput", "DataProfileOutput", "ValueCount"]
