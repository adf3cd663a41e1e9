"""`envFile` of a configuration: a file with `NAME=value` lines, whose values are taken over at the import."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from vibe_jupyter.core.mcp.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_env_file", "workspace_of"]

_MAX_BYTES = 256 * 1024


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables of a file, with values that stand for themselves: `${` in one is plain text; blocking.

    Raises:
        ConfigError: if it cannot be read; no value is named.
    """
    from dotenv import dotenv_values

    try:
        if not path.is_file():
            raise ConfigError(
                f"envFile: there is no file {path}", hint="make it, or name its variables under env"
            )
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)  # what it says of its size may be untrue
        if len(content) > _MAX_BYTES:
            raise ConfigError(f"envFile: {path} is larger than {_MAX_BYTES >> 10} KB")
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"envFile: {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"envFile: {path} is no UTF-8 text") from error
    found = dotenv_values(stream=StringIO(text), interpolate=False)
    return {name: value.replace("${", "$${") for name, value in found.items() if value is not None}


def workspace_of(config: Path) -> Path:
    """Return the folder that a configuration file is for: that around its `.vscode` or `.cursor`.

    >>> from pathlib import PurePosixPath
    >>> workspace_of(PurePosixPath("/w/.vscode/mcp.json")), workspace_of(PurePosixPath("/w/.mcp.json"))
    (PurePosixPath('/w'), PurePosixPath('/w'))
    """
    folder = config.parent
    return folder.parent if folder.name in (".vscode", ".cursor", ".jupyter") else folder
