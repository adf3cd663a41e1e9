"""Templates, as the API speaks of them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["TemplateInfo", "TemplateQuestion"]


class TemplateQuestion(BaseModel):
    """One thing that a template wants to know."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="Under which the answer is given.")
    type: str = Field(description="`str`, `int`, `float`, `bool`, `json`, `yaml` or `path`.")
    help: str = Field(description="What is asked.")
    default: Any = Field(
        default=None, description="Taken without an answer; null if it follows from other answers."
    )
    choices: list[Any] | None = Field(default=None, description="The answers that there are; null: any.")
    multiple: bool = Field(default=False, description="Whether the answer is a list of choices.")
    secret: bool = Field(default=False, description="Whether the answer is kept nowhere.")


class TemplateInfo(BaseModel):
    """A template that comes with the platform."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="By which a project asks for it.")
    title: str = Field(description="What it is called.")
    summary: str = Field(description="What it is for, in a sentence.")
    makes: list[str] = Field(description="What is in the project, part by part.")
    questions: list[TemplateQuestion] = Field(description="What it asks, each with a default.")
