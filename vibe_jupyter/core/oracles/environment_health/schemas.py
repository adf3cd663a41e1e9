"""What a health check answers; it is asked for nothing."""

from __future__ import annotations

from pydantic import BaseModel, Field

from vibe_jupyter.core.doctor.check import Check

__all__ = ["EnvironmentHealthInput", "EnvironmentHealthOutput"]


class EnvironmentHealthInput(BaseModel):
    """Nothing to say: the installation that runs the task is checked."""


class EnvironmentHealthOutput(BaseModel):
    """All checks, and the verdict."""

    ok: bool = Field(description="Whether there is no problem; warnings are allowed.")
    problems: int
    warnings: int
    checks: list[Check]
