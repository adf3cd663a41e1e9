"""How a server is registered, read from its row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import BaseModel

from vibe_jupyter.core.errors import nearest
from vibe_jupyter.core.mcp.errors import UnknownServer
from vibe_jupyter.core.mcp.registry.masking import shown
from vibe_jupyter.core.mcp.registry.variables import SECRET, names_in
from vibe_jupyter.core.mcp.schemas import McpPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vibe_jupyter.core.mcp.registry.store import StoredServer

__all__ = ["STARTED_WITH", "ServerConfig", "ServerRecord", "record_of", "unknown_server"]

_HOW_WE_LIST = "elicitation-1 names-2"
"""What we tell servers that we can, and how we name what they offer: a change makes the remembered lists stale."""
STARTED_WITH = frozenset({"command", "args", "env", "cwd", "url", "headers"})


class ServerConfig(BaseModel):
    """How a server is reached, as it is stored."""

    command: str | None = None
    args: list[str] = []
    env: dict[str, str] = {}
    cwd: str | None = None
    url: str | None = None
    headers: dict[str, str] = {}
    inputs: dict[str, str] = {}
    timeout_s: float = 60
    start_timeout_s: float = 30
    concurrency: int = 64
    aliases: dict[str, str] = {}

    @property
    def argv(self) -> list[str]:
        """Return the program and its arguments; nothing unless it is one that is started."""
        return [self.command, *self.args] if self.command else []

    @property
    def places(self) -> dict[str, str]:
        """Return everything that may hold a reference, by its place."""
        single = {"command": self.command, "cwd": self.cwd, "url": self.url}
        return {
            **{place: text for place, text in single.items() if text},
            **{f"args[{number}]": word for number, word in enumerate(self.args)},
            **{f"env.{name}": value for name, value in self.env.items()},
            **{f"headers.{name}": value for name, value in self.headers.items()},
        }

    @property
    def references(self) -> list[str]:
        """Return the names of all variables and secrets that it refers to."""
        texts = [*self.places.values(), *self.inputs.values()]
        return [name for text in texts for name in names_in(text)]

    @property
    def secrets(self) -> frozenset[str]:
        """Return the names of all secrets that it refers to."""
        return frozenset(name.removeprefix(SECRET) for name in self.references if name.startswith(SECRET))


@dataclass(frozen=True)
class ServerRecord:
    """A registered server."""

    stored: StoredServer
    config: ServerConfig
    policy: McpPolicy

    @property
    def slug(self) -> str:
        """Return its id in the API."""
        return self.stored.slug

    @property
    def enabled(self) -> bool:
        """Return whether it may be used."""
        return bool(self.stored.enabled)

    @cached_property
    def config_key(self) -> str:
        """Return a hash of all that a remembered listing depends on."""
        what = self.config.model_dump_json(include=set(STARTED_WITH))
        return hashlib.sha256(f"{self.stored.transport} {what} {_HOW_WE_LIST}".encode()).hexdigest()

    @property
    def command(self) -> list[str]:
        """Return what runs, secrets masked."""
        return [shown(word) for word in self.config.argv]


def unknown_server(server: str, known: Iterable[str]) -> UnknownServer:
    """Return the error for a name that no server has."""
    names = list(known)
    near = nearest(server, names)
    hint = (
        f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}" if names else None
    )
    return UnknownServer(
        f"there is no MCP server {server}",
        hint=hint or "%vibe mcp add registers one, %vibe mcp import those of other programs",
        data={"nearest": near},
    )


def record_of(stored: StoredServer) -> ServerRecord:
    """Return a row as a record."""
    return ServerRecord(
        stored,
        ServerConfig.model_validate_json(stored.config),
        McpPolicy.model_validate_json(stored.policy),
    )
