"""The oracle `data_profile`: finds the file that is meant and profiles it in a worker process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.oracles.base import Capability, Context, Oracle
from vibe_jupyter.core.oracles.data_profile.schemas import DataProfileInput, DataProfileOutput
from vibe_jupyter.core.oracles.path_text import find_path

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["DataProfile"]


class DataProfile(Oracle):
    """Profile a table file of any size: memory stays bounded, progress is told by bytes or rows read."""

    id = "data_profile"
    title = "Profile a data file"
    capabilities = (
        Capability(
            name="data.profile",
            summary="Profile a data file (CSV, TSV, Parquet, JSON Lines, Arrow): columns, types, missing "
            "values, ranges, distinct and most frequent values, sample rows",
            input=DataProfileInput,
            output=DataProfileOutput,
            text_field="path",
            table="columns",
            examples=(
                "profile data/events.parquet",
                'what is in "sales.csv"?',
                "summarize the columns of customers.csv",
                "how many rows and columns does orders.parquet have",
                "which columns of train.csv have missing values",
                "describe the dataset logs.jsonl",
                "show me the schema and data types of features.feather",
                "statistics of measurements.tsv: mean, min, max",
                "count the nulls per column in a table",
                "preview a few sample rows of prices.parquet",
                "distinct and most frequent values of the city column in shops.csv",
                "overview of the data frame",
                "value ranges and distribution in readings.arrow",
                "is the id column of members.csv unique",
            ),
        ),
    )

    async def run(self, context: Context, input: BaseModel) -> DataProfileOutput:
        """Profile the file that `input.path` names.

        Raises:
            NotFound: `path.not_found`.
            InvalidInput: `data.empty`, `data.unreadable`, `data.unsupported_format`, `data.is_directory`.
        """
        from vibe_jupyter.core.oracles.data_profile.profile import profile_file

        assert isinstance(input, DataProfileInput)
        path = find_path(context, input.path)
        result = await context.in_process(profile_file, str(path), input.model_dump(exclude={"path"}))
        return DataProfileOutput(path=str(path), **result)
