"""The pipes to a child process."""

from __future__ import annotations

import asyncio

__all__ = ["close_pipes"]


def close_pipes(transport: asyncio.SubprocessTransport) -> None:
    """Close all pipes to a process, also those that what it has started still holds.

    Not by `transport.close()`: that polls the process, and so steals the exit code from asyncio's watcher.
    """
    for fd in (0, 1, 2):
        pipe = transport.get_pipe_transport(fd)
        if pipe is None or pipe.is_closing():
            continue
        if isinstance(pipe, asyncio.WriteTransport):
            pipe.abort()
        else:
            pipe.close()
