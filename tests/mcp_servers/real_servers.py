"""How other people's MCP servers are started: those of npm as `tests/npm` locks them, those of PyPI as in `[test]`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.npm_modules import node, npm_modules

__all__ = [
    "everything_command",
    "filesystem_command",
    "git_server_command",
    "memory_command",
    "time_server_command",
]


def everything_command() -> list[str]:
    """Return the reference server of every feature; it speaks 2025-11-25."""
    return [*_npm("server-everything"), "stdio"]


def filesystem_command(*folders: Path) -> list[str]:
    """Return a server of files in some folders; it speaks 2025-11-25."""
    return [*_npm("server-filesystem"), *map(str, folders)]


def memory_command() -> list[str]:
    """Return a server that keeps a graph in the file that its variable `MEMORY_FILE_PATH` names."""
    return _npm("server-memory")


def time_server_command() -> list[str]:
    """Return a server of times; it speaks 2026-07-28."""
    return [sys.executable, "-m", "mcp_server_time", "--local-timezone", "UTC"]


def git_server_command(repository: Path) -> list[str]:
    """Return a server of one repository; it speaks 2026-07-28."""
    return [sys.executable, "-m", "mcp_server_git", "--repository", str(repository)]


def _npm(package: str) -> list[str]:
    return [node(), str(npm_modules() / "@modelcontextprotocol" / package / "dist" / "index.js")]
