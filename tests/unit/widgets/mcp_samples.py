"""MCP servers, tools and results to be rendered."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from tests.unit.widgets.rendering_samples import NOW
from vibe_jupyter.core.mcp.schemas import (
    Content,
    McpCapabilities,
    McpServer,
    PromptArgument,
    PromptInfo,
    ResourceInfo,
    ResourceTemplateInfo,
    ToolInfo,
    ToolResult,
)
from vibe_jupyter.core.questions.schemas import Question

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 16).decode()


def make_server(name: str = "files", **fields: Any) -> McpServer:
    values: dict[str, Any] = {
        "id": name, "name": name, "transport": "stdio", "command": ["npx", "-y", "@scope/files", "my dir"],
        "env": {"TOKEN": "***"}, "cwd": "/home/ada/shop", "enabled": True, "timeout_s": 60, "start_timeout_s": 30,
        "concurrency": 32, "aliases": {}, "policy": {}, "state": "ready", "tools": 2, "created_at": NOW,
        "updated_at": NOW,
    }  # fmt: skip
    return McpServer(**{**values, **fields})


def make_tool_info(name: str = "read", **fields: Any) -> ToolInfo:
    schema = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "Which file."},
            "head": {"type": "integer", "default": 5},
            "level": {"enum": ["low", "high"]},
            "deep": {"type": "boolean"},
        },
        "required": ["path"],
    }
    values: dict[str, Any] = {
        "name": name, "description": f"Does {name}.\nAnd more.", "input_schema": schema, "allowed": True,
        "capability": f"mcp.files.{name}", "fingerprint": "f",
    }  # fmt: skip
    return ToolInfo(**{**values, **fields})


def make_capabilities(*tools: ToolInfo, **fields: Any) -> McpCapabilities:
    values: dict[str, Any] = {
        "id": "files", "server": "files 1.0", "protocol_version": "2025-11-25", "tools": list(tools),
    }  # fmt: skip
    return McpCapabilities(**{**values, **fields})


def full_capabilities(text: str) -> McpCapabilities:
    """All that a server may say, each text being `text`."""
    tool = make_tool_info(
        text or "t",
        description=text,
        title=text,
        input_schema={"properties": {text: {"description": text, "enum": [text], "default": text}}},
    )
    return make_capabilities(
        tool,
        id=text,
        server=text,
        protocol_version=text,
        instructions=text,
        resources=[ResourceInfo(uri=text, name=text, description=text, mime_type=text)],
        resource_templates=[ResourceTemplateInfo(uri_template=text, name=text, title=text)],
        prompts=[
            PromptInfo(name=text, description=text, arguments=[PromptArgument(name=text, description=text)])
        ],
        problems=[text],
    )


def make_result(*content: Content | str, **fields: Any) -> ToolResult:
    parts = [Content(type="text", text=one) if isinstance(one, str) else one for one in content]
    values: dict[str, Any] = {"content": parts, "duration_ms": 12.3, "server": "files", "tool": "read"}
    return ToolResult(**{**values, **fields})


def make_question(kind: str = "approval", **fields: Any) -> Question:
    values: dict[str, Any] = {
        "id": "01936a2e-7c31-7d4a-9b02-0000deadbeef", "kind": kind, "state": "open", "message": "May it?",
        "context": {"server": "git", "tool": "commit", "arguments": {"message": "x", "files": ["a", "b"]}},
        "created_at": NOW, "expires_at": NOW + timedelta(minutes=5),
    }  # fmt: skip
    return Question(**{**values, **fields})
