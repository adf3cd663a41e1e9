"""Count how often each value occurs, in bounded memory."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["ValueCounts"]

_MERGE_ROWS = 65_536
_CANDIDATES = 1_000


class ValueCounts:
    """The distinct values of a stream of arrays of one type, with their counts.

    Exact up to `max_values` distinct values or `max_bytes` of them. Beyond that `distinct` is a lower bound,
    and only the values that were most frequent until then go on being counted; if no value had come twice by
    then, counting stops, for the column is as good as unique.
    """

    def __init__(self, kind: pa.DataType, *, max_values: int = 100_000, max_bytes: int = 16 * 2**20) -> None:
        self._max_values = max_values
        self._max_bytes = max_bytes
        self._merged: pa.Table = pa.table({"value": pa.array([], kind), "count": pa.array([], pa.int64())})
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self._counted = 0
        self._candidate_counts: list[int] | None = None
        self.is_exact = True
        self.distinct_seen = 0

    def update(self, values: pa.Array) -> None:
        """Count `values`, which holds no nulls."""
        if len(values) == 0:
            return
        if not self.is_exact:
            self._count_candidates(values)
            return
        counts = pc.value_counts(values)
        self._counted += len(values)
        self._pending.append(pa.table({"value": counts.field(0), "count": counts.field(1)}))
        self._pending_rows += len(counts)
        if self._pending_rows > max(_MERGE_ROWS, self._merged.num_rows):
            self._merge()

    @property
    def distinct(self) -> int:
        """The number of distinct values; a lower bound unless `is_exact`."""
        if self.is_exact:
            self._merge()
        return self._merged.num_rows if self.is_exact else self.distinct_seen

    @property
    def is_unique_so_far(self) -> bool:
        """Whether no value came twice, as long as all were counted."""
        return self.distinct == self._counted

    def top(self, count: int) -> list[tuple[pa.Scalar, int]]:
        """Return the most frequent values, ties by first appearance; none if nothing comes twice."""
        if self.is_exact:
            self._merge()
            counts = self._merged["count"].to_pylist()
        else:
            counts = self._candidate_counts or []
        best = sorted(range(len(counts)), key=lambda index: -counts[index])[:count]
        if not best or (counts[best[0]] == 1 and len(counts) > count):
            return []
        values = self._merged["value"]
        return [(values[index], counts[index]) for index in best]

    def weigh(self, matches: Any) -> float:
        """Return the fraction, in [0, 1], of counted values for which the kernel `matches` is true."""
        self._merge()
        total = pc.sum(self._merged["count"]).as_py()
        if not total:
            return 0.0
        matching = self._merged.filter(matches(self._merged["value"]))
        return float((pc.sum(matching["count"]).as_py() or 0) / total)

    def _merge(self) -> None:
        if not self._pending:
            return
        together = pa.concat_tables([self._merged, *self._pending]).combine_chunks()
        # Arrow 26 groups by float64 thirty times slower than by these codes.
        codes = together["value"].chunk(0).dictionary_encode()
        coded = pa.table({"code": codes.indices, "count": together["count"]})
        grouped = coded.group_by("code", use_threads=False).aggregate([("count", "sum")])
        values = codes.dictionary.take(grouped["code"].combine_chunks())
        self._merged = pa.table({"value": values, "count": grouped["count_sum"]}).combine_chunks()
        self._pending, self._pending_rows = [], 0
        if self._merged.num_rows > self._max_values or self._merged.nbytes > self._max_bytes:
            self._keep_candidates()

    def _keep_candidates(self) -> None:
        self.distinct_seen = self._merged.num_rows
        self.is_exact = False
        order = pc.select_k_unstable(self._merged, k=_CANDIDATES, sort_keys=[("count", "descending")])
        self._merged = self._merged.take(order).combine_chunks()
        if not self.is_unique_so_far:
            self._candidate_counts = self._merged["count"].to_pylist()

    def _count_candidates(self, values: pa.Array) -> None:
        if self._candidate_counts is None:
            return
        known = self._merged["value"].combine_chunks()
        places = pc.index_in(values, value_set=known).drop_null()
        for pair in pc.value_counts(places).to_pylist():
            self._candidate_counts[pair["values"]] += pair["counts"]
