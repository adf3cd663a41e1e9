"""What is wrong with what was asked of a server that is no call of a tool: a resource, or a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import nearest
from vibe_jupyter.core.mcp.errors import BadArguments, RemoteError, UnknownTool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vibe_jupyter.core.errors import VibeError
    from vibe_jupyter.core.mcp.offers import KnownServer
    from vibe_jupyter.core.mcp.schemas import PromptInfo

__all__ = ["check_prompt", "unknown_resource"]

_RESOURCE_NOT_FOUND = -32002  # https://modelcontextprotocol.io/specification/2025-11-25/server/resources


def unknown_resource(server: KnownServer, uri: str, error: VibeError) -> VibeError:
    """Return what it means that a server refuses to read a resource, in words about resources."""
    if isinstance(error, RemoteError) and (error.data or {}).get("code") != _RESOURCE_NOT_FOUND:
        return error
    slug = server.record.slug
    known = [one.uri for one in server.listing.resources] if server.listing is not None else []
    if uri in known:
        return error
    near = nearest(uri, known)
    return UnknownTool(
        f"{slug} does not read {uri}: {error.message.removeprefix(f'{slug}: ')}"[:1000],
        code="mcp.unknown_resource",
        hint=f"did you mean {' or '.join(near)}?"
        if near
        else f"%vibe mcp resources {slug} lists what it offers",
        data={"nearest": near, "maybe_executed": False},
    )


def check_prompt(server: str, prompt: PromptInfo, arguments: Mapping[str, str]) -> None:
    """Refuse to fill in a prompt without what it needs.

    Raises:
        BadArguments: naming what is missing.
    """
    missing = [one.name for one in prompt.arguments if one.required and one.name not in arguments]
    if missing:
        raise BadArguments(
            f"{server}.{prompt.name}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
            hint=f"--{missing[0]} VALUE; %vibe mcp prompts {server} lists what each takes",
            errors=[{"loc": ["arguments", name], "msg": "is missing"} for name in missing],
            data={"maybe_executed": False},
        )
