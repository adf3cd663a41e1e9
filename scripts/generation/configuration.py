"""Every setting: as a table, and as an `.env` file in which everything is a comment."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticUndefined

from generation.annotations import in_words
from generation.markdown import table
from vibe_jupyter.core.config import variables_of
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ["configuration", "env_example"]

_DEFAULTS = {"data_dir": "the user's data folder, on Linux ~/.local/share/vibe-jupyter"}
_KINDS = {"data_dir": "folder", "allowed_roots": "folders", "database_url": "URL", "server_url": "URL"}
_HEAD = """\
# Every setting with its default. Copy this file to `.env` in the data directory (`jupyter vibe config` shows where
# that is), or to a file that VIBE_ENV_FILE names, and take the # away where you change something. An `.env` file in
# the working directory is not read. The environment wins over the file.
# Made by `python scripts/generate.py` from vibe_jupyter/core/settings.py: do not edit.
"""


def configuration() -> str:
    """Return the settings as a table."""
    rows = []
    for name, info in Settings.model_fields.items():
        variables = " or ".join(f"`{variable}`" for variable in variables_of(name, info))
        default = _DEFAULTS.get(name) or f"`{_written(info)}`"
        rows.append((variables, _kind(name), "none" if default == "``" else default, _meaning(info)))
    return table(("Variable", "Takes", "Default", "Meaning"), rows)


def env_example() -> str:
    """Return `.env.example`."""
    parts = [_HEAD]
    for name, info in Settings.model_fields.items():
        first, *others = variables_of(name, info)
        text = _meaning(info) + (f" Also read from {', '.join(others)}." if others else "")
        text += f" Default: {_DEFAULTS[name]}." if name in _DEFAULTS else ""
        comment = "\n".join(f"# {line}" for line in textwrap.wrap(text, 108))
        parts.append(f"{comment}\n# {first}={_written(info)}\n")
    return "\n".join(parts)


def _written(info: FieldInfo) -> str:
    """Return the default as it would stand in the environment; nothing where there is none."""
    default = None if info.default is PydanticUndefined else info.default
    if default is None or default == ():
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def _kind(name: str) -> str:
    properties: dict[str, Any] = Settings.model_json_schema(by_alias=False)["properties"]
    return _KINDS.get(name) or in_words(properties[name])


def _meaning(info: FieldInfo) -> str:
    """Return the description; the separator of paths is the platform's, this text is not."""
    return (info.description or "").replace(repr(os.pathsep), "a colon, on Windows a semicolon")
