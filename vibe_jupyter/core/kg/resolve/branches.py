"""Where the branches of a statement meet again: after it, a name may be what any of them bound."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.core.kg.extract.facts import Branch

__all__ = ["meets_from"]


def meets_from(branches: Sequence[Branch], bound: int, line: int) -> int:
    """Return the first line of the bindings that are as good at a line as one in a later branch; 0 for no such branch.

    Args:
        branches: of the file, see `FileFacts`.
        bound: the line of the binding.
        line: where the name is used.
    """
    first = 0
    index = bisect_right(branches, bound, key=_start) - 1
    while index >= 0:
        branch = branches[index]
        if bound <= branch.end_line < line:
            first = min(first, branch.statement) if first else branch.statement
        index = branch.outer
    return first


def _start(branch: Branch) -> int:
    return branch.start_line
