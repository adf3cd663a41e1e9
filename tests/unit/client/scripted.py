"""A platform that answers from a table: for what a client does with answers, not for what makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vibe_jupyter.client.api import VibeClient
from vibe_jupyter.core.mcp.schemas import McpCapabilities, ToolInfo
from vibe_jupyter.core.operations import Operation


class ScriptedTransport:
    """Answers each operation by its name; notes what was asked."""

    where = "in a test"
    is_local = True

    def __init__(self, **answers: Callable[[dict[str, Any]], Any]) -> None:
        self.answers = {name.replace("__", "."): answer for name, answer in answers.items()}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, operation: Operation, values: dict[str, Any]) -> Any:
        operation.bind(values)  # what it would refuse is refused here, too
        self.asked.append((operation.name, values))
        return self.answers[operation.name](values)

    async def acall(self, operation: Operation, values: dict[str, Any]) -> Any:
        return self.call(operation, values)

    def stream(self, operation: Operation, values: dict[str, Any]) -> Any:
        raise NotImplementedError

    def astream(self, operation: Operation, values: dict[str, Any]) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        return


def scripted_client(**answers: Callable[[dict[str, Any]], Any]) -> tuple[VibeClient, ScriptedTransport]:
    transport = ScriptedTransport(**answers)
    return VibeClient(transport), transport


def make_tool(name: str = "read", schema: dict[str, Any] | None = None, **more: Any) -> ToolInfo:
    values = {
        "name": name,
        "description": f"Does {name}.",
        "input_schema": schema or {"type": "object", "properties": {}},
        "capability": f"mcp.files.{name}",
        "fingerprint": "f" * 32,
        "allowed": True,
    }
    return ToolInfo(**{**values, **more})


def make_offer(*tools: ToolInfo, server: str = "files", **more: Any) -> McpCapabilities:
    return McpCapabilities(id=server, server="files 1.0", tools=list(tools), **more)
