"""The public operation of payloads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from vibe_jupyter.core.operations import Document, operation

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.platform import Platform

__all__ = ["OPERATIONS"]


@operation("payloads.get", "GET /payloads/{handle}", verb="payload", positional="handle", scope="tasks:read")
async def get_payload(platform: Platform, principal: Principal, handle: str) -> Document:
    """Get a result that was too large to be shown, as a file."""
    return await asyncio.to_thread(platform.payloads.get, principal.user_id, handle)


OPERATIONS = (get_payload,)
