"""The servers of this folder, started for a test."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vibe_jupyter.core.mcp.spec import Limits, ServerSpec

__all__ = [
    "FAULTY",
    "Started",
    "dropping_proxy",
    "faulty_spec",
    "http_server",
    "modern_stdio_spec",
    "scripted",
    "started",
]

FAULTY = [sys.executable, "-S", str(Path(__file__).with_name("faulty_server.py"))]
"""The command of the stdio server with every fault."""
_ROOT = Path(__file__).parents[2]


def scripted(folder: Path) -> list[str]:
    """Return the command of the stdio server that says what the files of a folder tell it to."""
    return [sys.executable, "-S", str(Path(__file__).with_name("scripted_server.py")), str(folder)]


def faulty_spec(name: str = "faulty", *, limits: Limits | None = None, **env: str) -> ServerSpec:
    """Return how the faulty server is reached."""
    return ServerSpec(name, name, "stdio", tuple(FAULTY), env=env, limits=limits or Limits())


def modern_stdio_spec(name: str = "modern", *, limits: Limits | None = None) -> ServerSpec:
    """Return how a stdio server of the modern era is reached."""
    command = (sys.executable, "-W", "ignore", "-m", "tests.mcp_servers.http_server", "stdio")
    return ServerSpec(name, name, "stdio", command, cwd=str(_ROOT), limits=limits or Limits())


@dataclass(frozen=True)
class Started:
    """A server process that listens."""

    port: int
    process: subprocess.Popen[str]


@contextlib.contextmanager
def http_server(kind: str = "http", port: int = 0) -> Iterator[int]:
    """Start the HTTP server, and yield its port."""
    with started("http_server", kind, str(port)) as found:
        yield found.port


@contextlib.contextmanager
def dropping_proxy(upstream: int) -> Iterator[int]:
    """Start a front that spoils chosen requests, and yield its port."""
    with started("dropping_proxy", str(upstream)) as found:
        yield found.port


@contextlib.contextmanager
def started(module: str, *arguments: str) -> Iterator[Started]:
    """Start a module of this folder that says its port, and kill it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", f"tests.mcp_servers.{module}", *arguments],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Started(int(process.stdout.readline()), process)
    finally:
        process.kill()  # it would wait for open event streams
        process.wait(10)
        process.stdout.close()
