"""The Python client: the same calls in this process or over HTTP, sync and async."""

from vibe_jupyter.client.api import AsyncVibeClient, VibeClient, connect
from vibe_jupyter.client.handles import AsyncTaskHandle, Record, TaskHandle

__all__ = ["AsyncTaskHandle", "AsyncVibeClient", "Record", "TaskHandle", "VibeClient", "connect"]
