"""What was too large to come with a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vibe_jupyter.client.namespaces import BaseClient

__all__ = ["payload_of"]


def payload_of(client: BaseClient, handle: str) -> bytes:
    """Return the payload with a handle; blocks, also for async code.

    Raises:
        NotFound: `payload.not_found`.
    """
    get = next(operation for operation in client.operations if operation.name == "payloads.get")
    content: bytes = client.transport.call(get, {"handle": handle}).content
    return content
