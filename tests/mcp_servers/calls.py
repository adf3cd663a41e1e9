"""What tests do with a pool and its servers' processes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.spec import Call, ServerSpec

__all__ = ["ended", "failure", "is_alive", "text", "until"]


async def text(
    pool: SessionPool, spec: ServerSpec, tool: str, arguments: dict[str, Any] | None = None, **how: Any
) -> str:
    """Return the text that a tool answers."""
    result = await pool.call(spec, Call(tool, arguments or {}, **how))
    return str(result.content[0].text)  # type: ignore[union-attr]


async def failure(
    pool: SessionPool, spec: ServerSpec, tool: str, arguments: dict[str, Any] | None = None, **how: Any
) -> VibeError:
    """Return the error that a call ends with."""
    with pytest.raises(VibeError) as caught:
        await pool.call(spec, Call(tool, arguments or {}, **how))
    return caught.value


def is_alive(pid: int) -> bool:
    """Return whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter if it ends while this is read
        return False


async def ended(pid: int) -> None:
    """Wait until a process has ended."""
    await until(lambda: not is_alive(pid))


async def until(is_so: Any, limit_s: float = 10.0) -> None:
    """Wait until something is so that tells nobody when."""
    async with asyncio.timeout(limit_s):
        while not is_so():
            await asyncio.sleep(0.005)
