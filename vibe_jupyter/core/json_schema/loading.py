"""What a check needs is loaded at the first one, which takes a second and more: on a thread, so nobody else waits."""

from __future__ import annotations

import asyncio

from vibe_jupyter.core.json_schema.checker import SchemaChecker

__all__ = ["load_checker"]

_is_loaded = False


async def load_checker() -> None:
    """Load what `SchemaChecker` needs, to be awaited before it is used on an event loop; at once if it is there."""
    global _is_loaded
    if not _is_loaded:
        await asyncio.to_thread(_load)
        _is_loaded = True


def _load() -> None:
    SchemaChecker({"type": "object"}, formats=True).faults({})
