"""Where other programs keep their configuration of MCP servers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from vibe_jupyter.core.mcp.errors import ConfigError
from vibe_jupyter.core.mcp.registry import jsonc

__all__ = ["MAX_BYTES", "find_configs", "is_of_the_user", "read_config"]

MAX_BYTES = 4 * 2**20
"""`~/.claude.json` holds the history of all projects as well."""
_IN_PROJECT = (".mcp.json", ".cursor/mcp.json", ".vscode/mcp.json", ".jupyter/mcp_settings.json")
_IN_HOME = (".claude.json", ".cursor/mcp.json", ".jupyter/mcp_settings.json")


def find_configs(root: Path, home: Path | None = None) -> list[Path]:
    """Return the files that are there: of the project first, then of the user. Only looks, reads nothing."""
    places = [*(root / name for name in _IN_PROJECT), *_own_places(home or Path.home())]
    return list(dict.fromkeys(place for place in places if os.path.isfile(place)))  # noqa: PTH113 - never raises


def is_of_the_user(path: Path, home: Path | None = None) -> bool:
    """Return whether a file is the user's own one of such a program, and not one that came with a project."""
    return path.resolve() in {place.resolve() for place in _own_places(home or Path.home())}


def read_config(path: Path) -> Any:
    """Return what a file holds; blocking.

    Raises:
        ConfigError: if it cannot be read, with line and column where it is no JSON.
    """
    try:
        if not path.is_file():
            raise ConfigError(f"there is no file {path}", code="mcp.config_not_found")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # a file may be longer than it says, or have no end
        if len(content) > MAX_BYTES:
            raise ConfigError(f"{path} is larger than {MAX_BYTES >> 20} MB: no configuration of MCP servers")
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    return jsonc.parse(text, str(path))


def _own_places(home: Path) -> list[Path]:
    settings = _application_support(home)
    return [
        *(home / name for name in _IN_HOME),
        settings / "Claude" / "claude_desktop_config.json",
        settings / "Code" / "User" / "mcp.json",
    ]


def _application_support(home: Path) -> Path:
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", home / "AppData" / "Roaming"))
    return Path(os.environ.get("XDG_CONFIG_HOME", home / ".config"))
