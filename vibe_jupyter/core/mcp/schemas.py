"""MCP servers, what they offer and what their tools answer, as the API speaks of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "MORE_CONTENT",
    "STRUCTURED_CONTENT",
    "Annotations",
    "Approval",
    "CapabilitiesQuery",
    "Content",
    "ImportProblem",
    "ImportResult",
    "Latency",
    "McpAdd",
    "McpCapabilities",
    "McpHealth",
    "McpImport",
    "McpList",
    "McpLogs",
    "McpPolicy",
    "McpServer",
    "McpState",
    "McpUpdate",
    "PromptArgument",
    "PromptInfo",
    "PromptMessage",
    "PromptRequest",
    "PromptResult",
    "ResourceInfo",
    "ResourceQuery",
    "ResourceResult",
    "ResourceTemplateInfo",
    "ToolCall",
    "ToolHit",
    "ToolInfo",
    "ToolResult",
    "ToolSearch",
    "ToolSearchQuery",
]

Approval = Literal["ask", "always", "never"]
"""Whether a call asks a person first, goes on unasked as long as the tool stays as it is, or is refused."""
TransportKind = Literal["stdio", "http", "sse"]
McpState = Literal["disabled", "stopped", "starting", "ready", "backoff", "failed", "needs_auth"]
Glob = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(max_length=32_768)]


def _is_none(value: Any) -> bool:
    return value is None


def _unless_none(description: str | None = None) -> Any:
    """Return a field that is left out where it says nothing."""
    return Field(default=None, exclude_if=_is_none, description=description)


class McpPolicy(BaseModel):
    """Which tools of a server may be called, and whether a person is asked."""

    model_config = ConfigDict(extra="forbid")

    allow: list[Glob] = Field(
        default_factory=list,
        max_length=200,
        description="Only tools whose names fit one of these; empty: all.",
    )
    deny: list[Glob] = Field(
        default_factory=list, max_length=200, description="Tools that may not be called."
    )
    approval: Approval | None = Field(
        default=None,
        description="For all tools. Null: the owner's own calls go on unasked, those of agents ask, except where "
        "a trusted server says that the tool only reads.",
    )
    tools: dict[Name, Approval] = Field(
        default_factory=dict, max_length=500, description="For single tools; goes before `approval`."
    )
    trusted: bool = Field(
        default=False,
        description="Whether to believe what the server says of its tools, e.g. that one only reads.",
    )


class McpAdd(BaseModel):
    """A server to be registered."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "files",
                    "transport": "stdio",
                    "command": "mcp-server-files",
                    "args": ["."],
                    "env": {},
                },
                {"name": "web", "transport": "http", "url": "http://127.0.0.1:3201/mcp", "headers": {}},
            ]
        },
    )

    name: str = Field(min_length=1, max_length=100, description="What you call it; its slug becomes the id.")
    transport: TransportKind | None = Field(
        default=None, description="Default: stdio if there is a command, else http."
    )
    command: str | None = Field(default=None, min_length=1, max_length=4096, description="Program (stdio).")
    args: list[Text] = Field(default_factory=list, max_length=500, description="Its arguments; no shell.")
    env: dict[Name, Text] = Field(
        default_factory=dict,
        max_length=200,
        description="Environment variables of the process. A value may refer to `${VAR}`; one in clear is kept "
        "encrypted and never shown.",
    )
    cwd: str | None = Field(default=None, max_length=4096, description="Its working folder.")
    url: str | None = Field(default=None, min_length=1, max_length=8192, description="Address (http, sse).")
    headers: dict[Name, Text] = Field(
        default_factory=dict, max_length=100, description="HTTP headers, e.g. Authorization; as `env`."
    )
    enabled: bool = Field(default=True, description="Whether it may be used.")
    project_id: str | None = Field(default=None, max_length=100, description="Null: for all your work.")
    timeout_s: float = Field(default=60, gt=0, le=86_400, description="Time limit of a call in seconds.")
    start_timeout_s: float = Field(default=30, gt=0, le=3600, description="Time limit of its start.")
    concurrency: int = Field(default=64, ge=1, le=1000, description="Calls at once.")
    aliases: dict[Name, Name] = Field(
        default_factory=dict,
        max_length=200,
        description="Further capabilities that its tools offer, by name: {capability: tool}.",
    )
    policy: McpPolicy = Field(default_factory=McpPolicy)


class McpUpdate(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=100, description="The id stays.")
    command: str | None = Field(default=None, min_length=1, max_length=4096)
    args: list[Text] | None = Field(default=None, max_length=500)
    env: dict[Name, Text | None] | None = Field(
        default=None, max_length=200, description="Replaces these variables; null removes one."
    )
    cwd: str | None = Field(default=None, max_length=4096)
    url: str | None = Field(default=None, min_length=1, max_length=8192)
    headers: dict[Name, Text | None] | None = Field(default=None, max_length=100)
    enabled: bool | None = None
    project_id: str | None = Field(default=None, max_length=100)
    timeout_s: float | None = Field(default=None, gt=0, le=86_400)
    start_timeout_s: float | None = Field(default=None, gt=0, le=3600)
    concurrency: int | None = Field(default=None, ge=1, le=1000)
    aliases: dict[Name, Name] | None = Field(default=None, max_length=200)
    policy: McpPolicy | None = None


class McpServer(BaseModel):
    """A registered server. What it is started with is shown as it would run, secrets masked."""

    id: str = Field(description="The slug of its name.")
    name: str
    transport: TransportKind
    command: list[str] = Field(
        default_factory=list, description="Program and arguments, exactly as they run."
    )
    env: dict[str, str] = Field(default_factory=dict, description="References, or *** for a hidden value.")
    cwd: str | None = None
    url: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    enabled: bool
    project_id: str | None = None
    source: str | None = Field(default=None, description="The file that it was imported from.")
    timeout_s: float
    start_timeout_s: float
    concurrency: int
    aliases: dict[str, str]
    policy: McpPolicy
    state: McpState
    tools: int | None = Field(description="How many tools it offers; null while that is unknown.")
    problem: str | None = Field(default=None, description="Why it cannot be used now.")
    created_at: datetime
    updated_at: datetime


class McpList(BaseModel):
    """Your servers."""

    servers: list[McpServer]
    found: list[str] = Field(
        default_factory=list, description="Configuration files of other programs, to be imported."
    )


class Annotations(BaseModel):
    """What a server says of a tool: hints, believed only of a trusted server."""

    read_only: bool | None = _unless_none()
    destructive: bool | None = _unless_none()
    idempotent: bool | None = _unless_none()
    open_world: bool | None = _unless_none()


class ToolInfo(BaseModel):
    """A tool of a server."""

    name: str
    title: str | None = None
    description: str = ""
    input_schema: dict[str, Any] = Field(description="JSON Schema of its arguments, as the server gives it.")
    output_schema: dict[str, Any] | None = None
    annotations: Annotations = Field(default_factory=Annotations)
    capability: str = Field(description="What a task asks for to be routed to it: mcp.<server>.<tool>.")
    fingerprint: str = Field(
        description="Hash of name, description and schemas: a changed tool has another one."
    )
    allowed: bool = Field(description="Whether the policy lets it be called.")
    approval: Approval | None = Field(default=None, description="What was decided for it; null: the default.")


class ResourceInfo(BaseModel):
    """Something that can be read."""

    uri: str
    name: str
    title: str | None = None
    description: str = ""
    mime_type: str | None = None
    size_bytes: int | None = None


class ResourceTemplateInfo(BaseModel):
    """A family of resources; RFC 6570 says how a URI is made of it."""

    uri_template: str
    name: str
    title: str | None = None
    description: str = ""
    mime_type: str | None = None


class PromptArgument(BaseModel):
    """An argument of a prompt."""

    name: str
    description: str = ""
    required: bool = False


class PromptInfo(BaseModel):
    """A prompt that a server has written."""

    name: str
    title: str | None = None
    description: str = ""
    arguments: list[PromptArgument] = Field(default_factory=list)


class McpCapabilities(BaseModel):
    """All that a server offers."""

    id: str
    server: str = Field(default="", description="What it calls itself, with its version.")
    protocol_version: str | None = None
    instructions: str | None = None
    tools: list[ToolInfo] = Field(default_factory=list)
    resources: list[ResourceInfo] = Field(default_factory=list)
    resource_templates: list[ResourceTemplateInfo] = Field(default_factory=list)
    prompts: list[PromptInfo] = Field(default_factory=list)
    listed_at: datetime | None = Field(default=None, description="When it was asked last.")
    problems: list[str] = Field(default_factory=list, description="What could not be listed or believed.")


class CapabilitiesQuery(BaseModel):
    """Whether what is remembered will do."""

    model_config = ConfigDict(extra="forbid")

    refresh: bool = Field(default=False, description="Ask the server again.")


class ToolSearchQuery(BaseModel):
    """Which tools."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field(default="", max_length=500, description="Words for what it shall do; none: all tools.")
    limit: int = Field(default=20, ge=1, le=500)


class ToolHit(BaseModel):
    """A tool that fits."""

    server: str
    name: str
    title: str | None = None
    description: str = ""
    capability: str
    read_only: bool | None = Field(default=None, description="By the server's own word.")
    score: float = Field(description="Relevance; the best first, 0 where all are listed.")


class ToolSearch(BaseModel):
    """Tools, the best first."""

    tools: list[ToolHit]
    total: int = Field(description="How many fit.")
    unknown: list[str] = Field(
        default_factory=list, description="Enabled servers that have not yet been asked what they offer."
    )


class ToolCall(BaseModel):
    """A direct call of a tool."""

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="constants")

    tool: str = Field(min_length=1, max_length=200)
    arguments: dict[str, Any] = Field(default_factory=dict, description="Checked against the tool's schema.")
    timeout_s: float | None = Field(
        default=None, gt=0, le=86_400, description="In seconds; default: the server's own limit."
    )
    call_id: str | None = Field(
        default=None,
        min_length=8,
        max_length=100,
        description="A name of your own for this call, by which its questions and progress are found.",
    )


STRUCTURED_CONTENT = "structured_content"
"""Name of the piece that stands for structured content too large to be shown; its text is a sample of it, in JSON."""
MORE_CONTENT = "more_content"
"""Name of the piece that stands for pieces that are too many; its payload has them, as the server gave them."""


class Content(BaseModel):
    """A piece of what a tool, resource or prompt gives: MCP's content block in our spelling."""

    type: Literal["text", "image", "audio", "resource", "resource_link"]
    text: str | None = _unless_none()
    data: str | None = _unless_none("Base64 of an image, a sound or a binary resource.")
    mime_type: str | None = _unless_none()
    uri: str | None = _unless_none()
    name: str | None = _unless_none()
    title: str | None = _unless_none()
    description: str | None = _unless_none()
    size_bytes: int | None = _unless_none()
    handle: str | None = _unless_none(
        "Of a payload too large to be shown: GET /vibe/api/payloads/{handle} has it; `text` is its beginning, or "
        "says what it is."
    )


class ToolResult(BaseModel):
    """What a tool answered."""

    content: list[Content]
    structured_content: Any = Field(default=None, description="JSON, if the tool gives some.")
    is_error: bool = Field(default=False, description="Whether the tool says that it failed.")
    duration_ms: float
    server: str
    tool: str


class ResourceQuery(BaseModel):
    """Which resource."""

    model_config = ConfigDict(extra="forbid")

    uri: str = Field(min_length=1, max_length=8192)


class ResourceResult(BaseModel):
    """What a resource holds."""

    id: str
    uri: str
    content: list[Content]


class PromptRequest(BaseModel):
    """Which prompt, with what arguments."""

    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(min_length=1, max_length=200)
    arguments: dict[str, str] = Field(default_factory=dict, max_length=100)


class PromptMessage(BaseModel):
    """A message of a prompt."""

    role: Literal["user", "assistant"]
    content: Content


class PromptResult(BaseModel):
    """A prompt, filled in."""

    id: str
    prompt: str
    description: str = ""
    messages: list[PromptMessage]


class Latency(BaseModel):
    """Of the last calls, in milliseconds; null before the first."""

    p50: float | None = None
    p95: float | None = None


class McpHealth(BaseModel):
    """How a server is."""

    id: str
    state: McpState
    restarts: int = 0
    last_error: str | None = None
    latency_ms: Latency = Field(default_factory=Latency)
    calls: int = 0
    in_flight: int = 0
    last_success_at: datetime | None = None
    breaker: Literal["closed", "open"] = "closed"
    breaker_open_until: datetime | None = None
    pid: int | None = None
    protocol_version: str | None = None
    stderr: list[str] = Field(default_factory=list, description="The last lines of its standard error.")


class McpLogs(BaseModel):
    """What a server's process has said."""

    id: str
    stderr: list[str] = Field(description="The last lines of its standard error, oldest first.")
    noise_lines: int = Field(default=0, description="Lines of standard output that were no messages.")


class McpImport(BaseModel):
    """Servers from a configuration file of Claude, Cursor, VS Code or jupyter-ai, or from its content."""

    model_config = ConfigDict(extra="forbid")

    path: str | None = Field(default=None, min_length=1, max_length=4096, description="The file.")
    config: dict[str, Any] | None = Field(default=None, description="Its content, in place of a path.")
    only: list[Name] = Field(default_factory=list, max_length=200, description="These names; empty: all.")
    dry_run: bool = Field(default=False, description="Only say what would be added, and what would run.")
    project_id: str | None = Field(default=None, max_length=100)


class ImportProblem(BaseModel):
    """Why a server was not imported, or not with all that its file says."""

    name: str
    message: str
    hint: str | None = None


class ImportResult(BaseModel):
    """What became of an import."""

    added: list[McpServer]
    skipped: list[str] = Field(description="Names that were registered before.")
    problems: list[ImportProblem]
