"""A first module: replace it with what your package is about."""

from collections.abc import Sequence


def mean(numbers: Sequence[float]) -> float:
    """Return the arithmetic mean.

    Raises:
        ValueError: there are no numbers.
    """
    if not numbers:
        raise ValueError("the mean of no numbers is not defined")
    return sum(numbers) / len(numbers)
