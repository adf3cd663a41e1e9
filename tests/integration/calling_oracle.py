"""An oracle that calls a tool of an MCP server: wherever it runs, the call goes to who has the session."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.oracles.base import Capability, Context, Oracle


class CallInput(BaseModel):
    """Which tool, with what."""

    tool: str
    arguments: dict[str, Any] = {}
    catch: bool = False
    """Whether an error is the result."""


class CallOutput(BaseModel):
    """What it answered, or why not."""

    answer: Any = None
    error_type: str | None = None
    problem: dict[str, Any] | None = None


class Calling(Oracle):
    """Calls a tool of the server `fake`."""

    id = "calling"
    title = "Call a tool"
    capabilities = (Capability("calling.run", "Call a tool", CallInput, CallOutput),)
    idempotent = False

    async def run(self, context: Context, input: BaseModel) -> CallOutput:
        assert isinstance(input, CallInput)
        try:
            result = await context.call_tool("fake", input.tool, input.arguments, timeout_s=600)
        except VibeError as error:
            if not input.catch:
                raise
            return CallOutput(error_type=type(error).__name__, problem=error.problem())
        return CallOutput(answer=result.structured_content)
