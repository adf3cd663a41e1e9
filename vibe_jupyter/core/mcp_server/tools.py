"""What our MCP server offers: the marked operations of the table as tools, and one tool to wait with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from vibe_jupyter.core.mcp_server.waiting import WAIT, WaitArguments, wait_for_task
from vibe_jupyter.core.table import OPERATIONS
from vibe_jupyter.core.tasks.schemas import Task

if TYPE_CHECKING:
    from mcp_types import Tool
    from pydantic import BaseModel

    from vibe_jupyter.core.operations import Operation

__all__ = ["ADDS_ONLY", "ASKS_ONLY", "MARKED", "REACHES_OUT", "REPEATABLE", "declared_tools", "tool_name"]

ASKS_ONLY = frozenset({"kg.query"})
"""Operations that change nothing, although they are sent by POST."""
ADDS_ONLY = frozenset({"tasks.create", "kg.generate"})
"""Operations that change something and destroy nothing."""
REPEATABLE = frozenset({"tasks.cancel", "kg.generate"})
"""Operations that change nothing more when they are called again."""
REACHES_OUT = frozenset({"tasks.create", "mcps.capabilities", "mcps.execute"})
"""Operations that may lead to programs of others, and so to all that these can do."""


_DOCUMENT = {
    "type": "object",
    "properties": {
        "media_type": {"type": "string", "description": "What the text is."},
        "text": {"type": "string"},
    },
    "required": ["media_type", "text"],
}
"""What a tool answers whose operation answers with a file."""


def tool_name(operation: Operation) -> str:
    """Return what an operation is called as a tool: `tasks.create` -> `tasks_create`."""
    return operation.name.replace(".", "_")


MARKED = {tool_name(operation): operation for operation in OPERATIONS if operation.mcp}
"""The operations that are tools, by the tool's name."""


def declared_tools() -> list[Tool]:
    """Return all tools with their schemas."""
    from mcp_types import Tool, ToolAnnotations

    waiting = Tool(
        name=WAIT,
        title="Wait for a task",
        description=wait_for_task.__doc__,
        input_schema=_input(WaitArguments),
        output_schema=Task.model_json_schema(mode="serialization", schema_generator=_WithoutTitles),
        annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
    )
    return [*(_tool(name, operation) for name, operation in MARKED.items()), waiting]


def _tool(name: str, operation: Operation) -> Tool:
    from mcp_types import Tool, ToolAnnotations

    reads = operation.method == "GET" or operation.name in ASKS_ONLY
    output = _DOCUMENT
    if operation.kind != "document":
        output = operation.result.json_schema(mode="serialization", schema_generator=_WithoutTitles)
    if output.get("type") != "object":
        raise TypeError(f"{operation.name}: a tool answers with an object")
    return Tool(
        name=name,
        title=operation.summary.rstrip("."),
        description=operation.description,
        input_schema=_input(operation.arguments),
        output_schema=output,
        annotations=ToolAnnotations(
            read_only_hint=reads,
            destructive_hint=not reads and operation.name not in ADDS_ONLY,
            idempotent_hint=reads or operation.name in REPEATABLE,
            open_world_hint=operation.name in REACHES_OUT,
        ),
    )


def _input(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=_WithoutTitles)
    for name in ("title", "description"):  # of the model: what the tool does is said elsewhere
        schema.pop(name, None)
    return {"properties": {}, **schema}


class _WithoutTitles(GenerateJsonSchema):
    """Leaves out the fields' titles, which say their names once more: an agent pays for each word."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Set none on a field."""
        del schema
        return False
