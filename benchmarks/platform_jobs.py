"""Our platform as a runner of jobs, in one process and without a server: the other side of the drain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["PlatformJobs"]


class PlatformJobs:
    """An in-process Platform with one oracle that sleeps."""

    def __init__(self, folder: Path, concurrency: int) -> None:
        self._folder = folder
        self._concurrency = concurrency

    async def start(self) -> None:
        """Start the platform."""
        raise NotImplementedError("the platform does not exist yet")

    async def stop(self) -> None:
        """Stop the platform."""

    async def submit(self, body_s: float) -> Any:
        """Create a task."""
        raise NotImplementedError

    async def finished(self, job_id: Any) -> None:
        """Wait for its result."""
        raise NotImplementedError
