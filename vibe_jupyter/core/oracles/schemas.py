"""Targets and their capabilities as the API speaks of them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

__all__ = ["CapabilityInfo", "OracleInfo", "OracleList"]


class CapabilityInfo(BaseModel):
    """Something that can be done."""

    name: str = Field(description="The capability, e.g. file.search.")
    task_type: str = Field(description="The task type that asks for it, e.g. file_search.")
    summary: str
    text_field: str | None = Field(description="The input field that a free text goes to.")
    examples: list[str]
    input_schema: dict[str, Any] = Field(description="JSON Schema of a task's input.")
    output_schema: dict[str, Any] = Field(description="JSON Schema of its result.")
    table: str | None = Field(description="The field of the result that holds rows.")


class OracleInfo(BaseModel):
    """A deterministic local target."""

    id: str
    title: str
    capabilities: list[CapabilityInfo]
    idempotent: bool
    unavailable: str | None = Field(default=None, description="Why it cannot be used now.")


class OracleList(BaseModel):
    """All oracles that are installed here."""

    oracles: list[OracleInfo]
    problems: dict[str, str] = Field(description="Entry points that could not be loaded, and why.")
