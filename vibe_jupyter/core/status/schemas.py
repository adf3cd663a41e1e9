"""What the platform says of itself."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

__all__ = ["API_LEVEL", "API_LEVEL_HEADER", "Health", "Status"]

API_LEVEL = 1
"""Raised when clients and servers of different releases stop understanding each other."""
API_LEVEL_HEADER = "X-Vibe-Api-Level"
"""On every answer of a server, errors too: a client looks at it before it believes anything else."""


class Health(BaseModel):
    """Whether the platform is up, and which one it is."""

    status: Literal["ok"] = "ok"
    name: Literal["vibe-jupyter"] = "vibe-jupyter"
    version: str
    api_level: int = Field(description="A client of another level says which side to upgrade.")


class Status(BaseModel):
    """Where this platform runs and what it has to do."""

    version: str
    api_level: int
    mode: Literal["server", "worker", "in-process"]
    user_id: str
    root: str = Field(description="Folder that relative paths start from.")
    data_dir: str
    database: Literal["sqlite", "postgresql"]
    oracles: int
    mcp_servers: int = Field(default=0, description="How many MCP servers you have registered.")
    mcp_found: list[str] = Field(
        default_factory=list,
        description="Configuration files of other programs, whose servers could be imported.",
    )
    tasks: dict[str, int] = Field(description="How many unfinished tasks of yours are in which state.")
    problems: list[str] = Field(description="What is not as it should be, one line each.")
