"""What one look at the installation found."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Check"]


class Check(BaseModel):
    """The outcome of one check.

    `warning` means that it works, with a risk or less than it could; `problem`, that something fails.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    status: Literal["ok", "warning", "problem"]
    message: str
    fix: str | None = Field(default=None, description="The command or the step that mends or extends it.")
