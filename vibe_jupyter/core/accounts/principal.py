"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass

from vibe_jupyter.core.errors import Forbidden

__all__ = ["ALL_SCOPES", "OWNER", "OWNER_SCOPE", "Principal"]

OWNER_SCOPE = "owner"
"""What may run code of one's own choice on this machine: a command of an MCP server or of an agent."""

ALL_SCOPES = frozenset(
    {
        "tasks:read",
        "tasks:write",
        "oracles:read",
        "profile:read",
        "profile:write",
        "projects:read",
        "projects:write",
        "secrets:read",
        "secrets:write",
        "platform:read",
        "questions:read",
        "questions:write",
        "mcps:read",
        "mcps:call",
        "mcps:write",
        "kg:read",
        "kg:write",
        OWNER_SCOPE,
    }
)


@dataclass(frozen=True)
class Principal:
    """A user, what they may do, and how we know them."""

    user_id: str
    scopes: frozenset[str]
    via: str
    """`jupyter` for the token or cookie of the server, `local` for the process's own user."""
    name: str = ""

    def require(self, scope: str | None) -> None:
        """Refuse what the principal may not do.

        Raises:
            Forbidden: `auth.scope_missing`.
        """
        if scope is not None and scope not in self.scopes:
            raise Forbidden(
                f"this needs the scope {scope}",
                code="auth.scope_missing",
                hint=f"{self.user_id} has {', '.join(sorted(self.scopes)) or 'none'}",
            )


OWNER = Principal("local", ALL_SCOPES, "local", "Local owner")
"""The single user of an installation: stable, with nothing to configure."""
