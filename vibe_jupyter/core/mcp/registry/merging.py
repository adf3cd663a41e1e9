"""What an update makes of how a server is registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.mcp.errors import ConfigError
from vibe_jupyter.core.mcp.registry.masking import HIDDEN
from vibe_jupyter.core.mcp.registry.records import STARTED_WITH, ServerConfig

if TYPE_CHECKING:
    from vibe_jupyter.core.mcp.registry.records import ServerRecord
    from vibe_jupyter.core.mcp.schemas import McpUpdate

__all__ = ["Merged", "merge"]

_OF_COMMANDS = frozenset({"command", "args", "env", "cwd"})
_CAN_BE_NOTHING = "cwd"


@dataclass(frozen=True)
class Merged:
    """A configuration, and the part of it that somebody gives just now."""

    config: ServerConfig
    given: ServerConfig
    is_started_otherwise: bool
    """Whether anything has changed that the server is started or reached with."""

    @property
    def takes_secrets_elsewhere(self) -> bool:
        """Return whether what was there before, headers above all, would be sent to a new URL."""
        carried = {*self.config.headers} - {*self.given.headers}
        return self.given.url is not None and bool(carried)


def merge(old: ServerRecord, body: McpUpdate) -> Merged:
    """Return the configuration that an update leads to; what it leaves out stays.

    Of `env` and `headers` it replaces single values: null removes one, `***` keeps it.

    Raises:
        ConfigError: about what a server of its kind does not have.
    """
    kind = old.stored.transport
    changes = {
        name: getattr(body, name) for name in ServerConfig.model_fields if name in body.model_fields_set
    }
    unwanted = STARTED_WITH - _OF_COMMANDS if kind == "stdio" else _OF_COMMANDS
    for name in sorted(unwanted & set(changes)):
        raise ConfigError(
            f"{name}: a server of the kind {kind} has none",
            hint="remove it, and add another",
            errors=[{"loc": [name], "msg": "not wanted"}],
        )
    config: dict[str, Any] = old.config.model_dump()
    given: dict[str, Any] = {}
    for name, value in changes.items():
        if name in ("env", "headers") and value is not None:
            kept = config[name]
            new = {
                key: one
                for key, one in value.items()
                if one is not None and (one != HIDDEN or key not in kept)
            }
            config[name] = {
                **{key: one for key, one in kept.items() if value.get(key, HIDDEN) is not None},
                **new,
            }
            given[name] = new
        elif value is not None or name == _CAN_BE_NOTHING:
            config[name] = given[name] = value
    return Merged(
        ServerConfig.model_validate(config),
        ServerConfig.model_validate(given),
        is_started_otherwise=bool(STARTED_WITH & set(changes)),
    )
