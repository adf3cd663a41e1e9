"""Keep the best matches while they are found, though what a word is worth is known only at the end."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.core.oracles.file_search.matching import Hit

__all__ = ["Ranking"]

P = ParamSpec("P")
T = TypeVar("T")
Qualities = tuple[float, ...]


class Ranking(Generic[T]):
    """The best `limit` of all matches: by score, then in the order in which they were offered.

    A word that few files have weighs more (inverse document frequency), which only the last file settles.
    Until then matches are kept apart by all that their score depends on; of those that will be equal, the
    first `limit` are enough. So memory does not grow with the number of matches.
    """

    def __init__(self, limit: int, terms: int) -> None:
        self._limit = limit
        self._files = 0
        self._files_with = [0] * terms
        self._in_this_file: set[Qualities] = set()
        self._alike: dict[tuple[Qualities, float], list[tuple[int, T]]] = {}
        self.total = 0

    def offer(
        self, hit: Hit, bonus: Qualities | None, make: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Count a match, and make and keep it if it may be among the best.

        Args:
            hit: how well it matches.
            bonus: qualities for the terms that the hit lacks.
            make: called with the further arguments.
        """
        self._in_this_file.add(hit.qualities)
        qualities = hit.qualities if bonus is None else tuple(map(max, hit.qualities, bonus))
        alike = self._alike.setdefault((qualities, hit.factor), [])
        if len(alike) < self._limit:
            alike.append((self.total, make(*args, **kwargs)))
        self.total += 1

    def end_file(self) -> None:
        """Say that what is offered from now on is in another file."""
        self._files += 1
        for term in range(len(self._files_with)):
            self._files_with[term] += any(qualities[term] > 0 for qualities in self._in_this_file)
        self._in_this_file.clear()

    def best(self) -> list[tuple[float, T]]:
        """Return score in (0, 1] and match, the best first."""
        weights = [math.log(1 + (self._files + 1) / (found + 0.5)) for found in self._files_with]
        most = max((factor for _, factor in self._alike), default=1.0) * sum(weights) or 1.0
        scored = (
            (max(0.0001, round(_score(qualities, factor, weights) / most, 4)), order, match)
            for (qualities, factor), alike in self._alike.items()
            for order, match in alike
        )
        found = heapq.nsmallest(self._limit, scored, key=lambda entry: (-entry[0], entry[1]))
        return [(score, match) for score, _, match in found]


def _score(qualities: Qualities, factor: float, weights: list[float]) -> float:
    return factor * sum(weight * quality for weight, quality in zip(weights, qualities, strict=True))
