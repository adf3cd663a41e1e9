"""One column of a profile, updated batch by batch: gaps, moments, extremes, distinct and frequent values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from vibe_jupyter.core.oracles.data_profile.json_values import json_value
from vibe_jupyter.core.oracles.data_profile.value_counts import ValueCounts

__all__ = ["ColumnProfile", "Moments"]

_TOP = 5
_SAMPLE = 3
_MAX_TYPE_NAME = 200
_NUMBER = r"^\s*[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\s*$"
_MOSTLY = 0.9
_MIN_ROWS_OF_AN_ID = 20


@dataclass
class Moments:
    """Mean and squared deviations of a stream of numbers, merged batch by batch (Chan et al. 1979)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, values: pa.Array) -> None:
        """Add an array of float64 without nulls."""
        count = len(values)
        if count == 0:
            return
        mean: float = pc.mean(values).as_py()
        squares: float = pc.variance(values).as_py() * count
        delta, total = mean - self.mean, self.count + count
        self.mean += delta * count / total
        self.squares += squares + delta * delta * self.count * count / total
        self.count = total

    @property
    def std(self) -> float | None:
        """The sample standard deviation (n - 1), None below two values."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else None


class ColumnProfile:
    """What is known of one column so far.

    Args:
        name: as shown, unique in its table.
        field: the Arrow field; its metadata `vibe.type`, if any, is the type shown.
        max_bytes: the memory for its distinct values.
    """

    def __init__(self, name: str, field: pa.Field, *, max_bytes: int = 16 * 2**20) -> None:
        self.name = name
        self.rows = 0
        self.nulls = 0
        self.not_numbers = 0
        self.infinities = 0
        self._type_name = (
            (field.metadata or {}).get(b"vibe.type", str(field.type).encode()).decode()[:_MAX_TYPE_NAME]
        )
        self._kind = _plain_type(field.type)
        self._is_number = _is_number(self._kind)
        self._moments = Moments()
        self._extremes: pa.Array | None = None
        self._sample: list[Any] = []
        can_count = not (pat.is_nested(self._kind) or pat.is_null(self._kind) or pat.is_interval(self._kind))
        self._counts = ValueCounts(self._kind, max_bytes=max_bytes) if can_count else None

    def update(self, array: pa.Array) -> None:
        """Take in the next values of this column."""
        self.rows += len(array)
        self.nulls += array.null_count if not pat.is_null(array.type) else len(array)
        values = _plain_array(array, self._kind).drop_null()
        if pat.is_floating(self._kind):
            values = self._without_nan(values)
        if len(values) == 0:
            return
        if self._is_number:
            self._add_moments(values)
        self._add_extremes(values)
        if self._counts is not None:
            self._counts.update(values)
        self._add_sample(values)

    def summary(self) -> dict[str, Any]:
        """Return the fields of a `ColumnSummary`."""
        low, high = self._range()
        std = self._moments.std
        counts = self._counts
        return {
            "name": self.name,
            "type": self._type_name,
            "nulls": self.nulls,
            "null_fraction": round(self.nulls / self.rows, 6) if self.rows else 0.0,
            "distinct": counts.distinct if counts else 0 if pat.is_null(self._kind) else None,
            "distinct_is_exact": counts.is_exact if counts else pat.is_null(self._kind),
            "min": low,
            "max": high,
            "mean": _finite(self._moments.mean) if self._moments.count else None,
            "std": _finite(std) if std is not None else None,
            "top": [{"value": json_value(v), "count": n} for v, n in counts.top(_TOP)] if counts else [],
            "sample": self._sample,
        }

    def warnings(self) -> list[str]:
        """Return what is odd about this column, each a clause that begins with its name."""
        if self.rows and self.nulls == self.rows:
            return [f"{self.name}: has no values at all"]
        found = []
        if self.rows and self.nulls / self.rows >= _MOSTLY:
            found.append(f"{self.name}: {_percent(self.nulls / self.rows)} of the values are missing")
        if self.not_numbers:
            found.append(f"{self.name}: {self.not_numbers:,} NaN, left out of min, max, mean and distinct")
        if self.infinities:
            found.append(f"{self.name}: {self.infinities:,} infinite, left out of mean and std")
        if self._counts is not None:
            found += self._warnings_on_values(self._counts)
        return found

    def _warnings_on_values(self, counts: ValueCounts) -> list[str]:
        present = self.rows - self.nulls - self.not_numbers
        found = []
        if counts.distinct == 1 and present > 1:
            gaps = " or nothing" if self.nulls else ""
            found.append(f"{self.name}: constant, always {json_value(counts.top(1)[0][0])!r}{gaps}")
        could_be_id = pat.is_integer(self._kind) or _is_text(self._kind)
        if could_be_id and not self.nulls and present >= _MIN_ROWS_OF_AN_ID and counts.is_unique_so_far:
            seen = "every value" if counts.is_exact else f"each of the first {counts.distinct:,} values"
            found.append(f"{self.name}: likely an id, {seen} is different")
        if _is_text(self._kind) and present:
            share = counts.weigh(lambda values: pc.match_substring_regex(values, _NUMBER))
            if share >= _MOSTLY:
                found.append(f"{self.name}: numbers stored as text ({_percent(share)} of the values)")
        return found

    def _without_nan(self, values: pa.Array) -> pa.Array:
        is_nan = pc.is_nan(values)
        found = pc.sum(is_nan).as_py() or 0
        self.not_numbers += found
        return values.filter(pc.invert(is_nan)) if found else values

    def _add_moments(self, values: pa.Array) -> None:
        numbers = values.cast(pa.float64(), safe=False)
        is_finite = pc.is_finite(numbers)
        finite = pc.sum(is_finite).as_py() or 0
        self.infinities += len(numbers) - finite
        self._moments.add(numbers if finite == len(numbers) else numbers.filter(is_finite))

    def _add_extremes(self, values: pa.Array) -> None:
        if pat.is_duration(self._kind):
            values = values.cast(pa.int64())
        if not (self._is_number or _is_text(self._kind) or _is_ordered(values.type)):
            return
        pair = _extremes_of(values)
        self._extremes = (
            pair if self._extremes is None else _extremes_of(pa.concat_arrays([self._extremes, pair]))
        )

    def _range(self) -> tuple[Any, Any]:
        if self._extremes is None:
            return None, None
        pair = self._extremes.cast(self._kind) if pat.is_duration(self._kind) else self._extremes
        return json_value(pair[0]), json_value(pair[1])

    def _add_sample(self, values: pa.Array) -> None:
        for scalar in values[: _SAMPLE * 5] if len(self._sample) < _SAMPLE else ():
            value = json_value(scalar)
            if len(self._sample) < _SAMPLE and value not in self._sample:
                self._sample.append(value)


def _extremes_of(values: pa.Array) -> pa.Array:
    both = pc.min_max(values)
    return pa.array([both["min"], both["max"]], values.type)


def _percent(share: float) -> str:
    """Round down, so that only all is shown as 100 %."""
    return f"{math.floor(share * 1000) / 10:g} %"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _is_number(kind: pa.DataType) -> bool:
    return bool(pat.is_integer(kind) or pat.is_floating(kind) or pat.is_decimal(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pat.is_string(kind) or pat.is_large_string(kind))


def _is_ordered(kind: pa.DataType) -> bool:
    return bool(
        pat.is_boolean(kind) or (pat.is_temporal(kind) and not pat.is_interval(kind)) or pat.is_integer(kind)
    )


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type to compute in, for encodings that few of Arrow's kernels know."""
    if isinstance(kind, pa.BaseExtensionType):
        return _plain_type(kind.storage_type)
    if pat.is_dictionary(kind) or pat.is_run_end_encoded(kind):
        return _plain_type(kind.value_type)
    if pat.is_string_view(kind):
        return pa.large_string()
    if pat.is_binary_view(kind):
        return pa.large_binary()
    return pa.float32() if pat.is_float16(kind) else kind


def _plain_array(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    if array.type.equals(wanted):
        return array
    if isinstance(array, pa.ExtensionArray):
        return _plain_array(array.storage, wanted)
    if pat.is_dictionary(array.type):
        return _plain_array(array.dictionary_decode(), wanted)
    if pat.is_run_end_encoded(array.type):
        return _plain_array(pc.run_end_decode(array), wanted)
    return array.cast(wanted)
