"""The garbage collector in a process that stays."""

from __future__ import annotations

import gc

__all__ = ["spare_collector"]

_YOUNG = 10_000
"""New objects until the collector looks at them, in place of 700: a hundred requests under way are more than that."""


def spare_collector() -> None:
    """Take all objects that live now out of the garbage collector's sight; call it once a process has started.

    They are modules, classes and schemas, some 250,000, and stay until the end; to look at all of them again and
    again cost a tenth of each request, in pauses of a fifth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
