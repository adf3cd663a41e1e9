"""The servers of this folder, started for a test."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vibe_jupyter.core.mcp.spec import Limits, ServerSpec

__all__ = ["FAULTY", "dropping_proxy", "faulty_spec", "http_server"]

FAULTY = [sys.executable, "-S", str(Path(__file__).with_name("faulty_server.py"))]
"""The command of the stdio server with every fault."""
_ROOT = Path(__file__).parents[2]


def faulty_spec(name: str = "faulty", *, limits: Limits | None = None, **env: str) -> ServerSpec:
    """Return how the faulty server is reached."""
    return ServerSpec(name, name, "stdio", tuple(FAULTY), env=env, limits=limits or Limits())


@contextlib.contextmanager
def http_server(kind: str = "http", port: int = 0) -> Iterator[int]:
    """Start the HTTP server, and yield its port."""
    with _started("http_server", kind, str(port)) as found:
        yield found


@contextlib.contextmanager
def dropping_proxy(upstream: int) -> Iterator[int]:
    """Start a front that spoils chosen requests, and yield its port."""
    with _started("dropping_proxy", str(upstream)) as found:
        yield found


@contextlib.contextmanager
def _started(module: str, *arguments: str) -> Iterator[int]:
    process: subprocess.Popen[Any] = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", f"tests.mcp_servers.{module}", *arguments],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()  # it would wait for open event streams
        process.wait(10)
        process.stdout.close()
