"""Users as the API speaks of them."""

from __future__ import annotations

from pydantic import BaseModel, Field

__all__ = ["Profile"]


class Profile(BaseModel):
    """Who you are here."""

    user_id: str = Field(description="Stable; `local` is the owner of this installation.")
    name: str
    via: str = Field(
        description="How you were recognised: `local` (this process) or `jupyter` (its token or cookie)."
    )
    scopes: list[str] = Field(description="What you may do.")
