"""How a call reaches the platform: the two ways have the same four methods and the same errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from vibe_jupyter.core.operations import Operation

__all__ = ["Transport"]


class Transport(Protocol):
    """Carries operations to the platform. All methods raise `VibeError`s."""

    where: str
    """One phrase for a person: which server, or that it runs in this process."""
    is_local: bool
    """Whether the platform sees the same files as we do."""

    def call(self, operation: Operation, values: dict[str, Any]) -> Any:
        """Run a `call` operation with flat arguments and return its result as an object."""

    async def acall(self, operation: Operation, values: dict[str, Any]) -> Any:
        """Do the same without blocking the running event loop."""

    def stream(self, operation: Operation, values: dict[str, Any]) -> Iterator[Any]:
        """Run a `stream` operation; closing the iterator ends it."""

    def astream(self, operation: Operation, values: dict[str, Any]) -> AsyncIterator[Any]:
        """Do the same without blocking the running event loop."""

    def close(self) -> None:
        """Let go of connections; the platform of this process goes on for its other clients."""
