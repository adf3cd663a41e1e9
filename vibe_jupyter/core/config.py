"""The settings in force, and where each one comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pydantic import AliasChoices, BaseModel, Field, SecretStr

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic.fields import FieldInfo

from vibe_jupyter.core.settings import Settings, load_settings

__all__ = ["EffectiveSetting", "effective_settings", "variables_of"]


class EffectiveSetting(BaseModel):
    """One setting."""

    variable: str = Field(description="The environment variable that sets it.")
    value: str = Field(
        description="A secret is shown as whether it is set; a folder that tasks may read, as whether it is there."
    )
    source: str = Field(description="`environment`, the `.env` file, or `default`.")
    description: str


def effective_settings() -> list[EffectiveSetting]:
    """Return every setting with its value and source.

    Raises:
        InvalidInput: `config.invalid`.
    """
    settings = load_settings()
    file = Settings.env_file()
    in_file = _names_in(file.read_text(encoding="utf-8")) if file.is_file() else set()
    return [
        EffectiveSetting(
            variable=variables_of(name, info)[0],
            value=_shown(getattr(settings, name)),
            source=_source(name, info, in_file, str(file)),
            description=info.description or "",
        )
        for name, info in Settings.model_fields.items()
    ]


def variables_of(name: str, info: FieldInfo) -> list[str]:
    """Return the environment variables of a setting, the first one first to be looked at."""
    if isinstance(info.validation_alias, AliasChoices):
        return [str(choice) for choice in info.validation_alias.choices]
    return [f"VIBE_{name.upper()}"]


def _source(name: str, info: FieldInfo, in_file: set[str], file: str) -> str:
    for variable in variables_of(name, info):
        if os.environ.get(variable):
            return f"environment ({variable})"
    if in_file.intersection(variables_of(name, info)):
        return file
    return "default"


def _names_in(text: str) -> set[str]:
    lines = (line.strip().removeprefix("export ") for line in text.splitlines())
    return {
        line.partition("=")[0].strip().upper() for line in lines if "=" in line and not line.startswith("#")
    }


def _folder(path: Path) -> str:
    return str(path) if path.is_dir() else f"{path} (no such folder)"


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(set, not shown)"
    if isinstance(value, tuple):
        return os.pathsep.join(map(_folder, value)) or "(none)"
    return "(not set)" if value is None else str(value)
