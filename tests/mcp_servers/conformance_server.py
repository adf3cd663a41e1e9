"""The server that the official conformance suite asks for, to be carried by our endpoint in place of our own.

The suite's scenarios name its tools, resources and prompts, and what each of them does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import mcp_types as types
from mcp import MCPError
from mcp.server import Server
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ToolsListChanged,
)
from mcp.shared.message import ServerMessageMetadata

__all__ = ["make_server", "mount"]

Context = ServerRequestContext[Any, Any]
Result = types.CallToolResult | types.InputRequiredResult
Tool = Callable[[Context, types.CallToolRequestParams], Awaitable[Result]]

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
TEXT = {"type": "string"}
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"


def mount() -> None:
    """Let `/vibe/mcp` of this process serve this server."""
    from vibe_jupyter.server_ext.app import VibeApp
    from vibe_jupyter.server_ext.mcp_endpoint import McpEndpoint

    endpoint = McpEndpoint(make_server)
    VibeApp.mcp_endpoint = property(lambda _self: endpoint)  # type: ignore[assignment]


@dataclass
class Tools:
    """Tools by name, each with the schema of its arguments."""

    by_name: dict[str, tuple[dict[str, Any], Tool]] = field(default_factory=dict)

    def __call__(self, **properties: Any) -> Callable[[Tool], Tool]:
        def add(function: Tool) -> Tool:
            schema = {"type": "object", "properties": properties, "required": [*properties]}
            self.by_name[f"test_{function.__name__}"] = (schema, function)
            return function

        return add


tool = Tools()
bus = InMemorySubscriptionBus()


def text(value: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=value)])


def picture() -> types.ImageContent:
    return types.ImageContent(type="image", data=PIXEL, mime_type="image/png")


def embedded(uri: str, mime_type: str, value: str) -> types.EmbeddedResource:
    resource = types.TextResourceContents(uri=uri, mime_type=mime_type, text=value)
    return types.EmbeddedResource(type="resource", resource=resource)


def form(message: str, **properties: Any) -> types.ElicitRequest:
    schema = {"type": "object", "properties": properties, "required": [*properties]}
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sample(prompt: str, tokens: int = 100) -> types.CreateMessageRequest:
    message = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=prompt))
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(messages=[message], max_tokens=tokens)
    )


def ask(state: str | None = None, **requests: Any) -> types.InputRequiredResult:
    return types.InputRequiredResult(input_requests=requests, request_state=state)


def told(params: Any, kind: type[Any], key: str) -> Any:
    """Return what a client has answered under a key, if that is of the kind that was asked for."""
    found = (params.input_responses or {}).get(key)
    return found if isinstance(found, kind) else None


@tool()
async def simple_text(_context: Context, _params: Any) -> Result:
    return text("This is a simple text response for testing.")


@tool()
async def image_content(_context: Context, _params: Any) -> Result:
    return types.CallToolResult(content=[picture()])


@tool()
async def audio_content(_context: Context, _params: Any) -> Result:
    sound = types.AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")
    return types.CallToolResult(content=[sound])


@tool()
async def embedded_resource(_context: Context, _params: Any) -> Result:
    block = embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
    return types.CallToolResult(content=[block])


@tool()
async def multiple_content_types(_context: Context, _params: Any) -> Result:
    data = embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
    first = types.TextContent(type="text", text="Multiple content types test:")
    return types.CallToolResult(content=[first, picture(), data])


@tool()
async def tool_with_logging(context: Context, _params: Any) -> Result:
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await context.session.send_log_message(level="info", data=line, related_request_id=context.request_id)
        await asyncio.sleep(0.05)
    return text("It has logged.")


@tool()
async def logging_tool(context: Context, params: Any) -> Result:
    return await tool_with_logging(context, params)


@tool()
async def error_handling(_context: Context, _params: Any) -> Result:
    block = types.TextContent(type="text", text="This tool intentionally returns an error for testing")
    return types.CallToolResult(content=[block], is_error=True)


@tool()
async def tool_with_progress(context: Context, _params: Any) -> Result:
    for done in (0, 50, 100):
        await context.session.report_progress(done, 100)
        await asyncio.sleep(0.05)
    return text("It has told how far it is.")


@tool(prompt=TEXT)
async def sampling(context: Context, params: types.CallToolRequestParams) -> Result:
    request = sample((params.arguments or {})["prompt"])
    answer = await context.session.send_request(
        request,
        types.CreateMessageResult,
        # Without it the question takes the client's other stream, which may not be open yet.
        metadata=ServerMessageMetadata(related_request_id=context.request_id),
    )
    assert isinstance(answer.content, types.TextContent)
    return text(f"LLM response: {answer.content.text}")


async def elicited(context: Context, request: types.ElicitRequest, before: str) -> Result:
    assert isinstance(request.params, types.ElicitRequestFormParams)
    answer = await context.session.elicit_form(
        request.params.message, request.params.requested_schema, related_request_id=context.request_id
    )
    return text(f"{before}: action={answer.action}, content={json.dumps(answer.content)}")


@tool(message=TEXT)
async def elicitation(context: Context, params: types.CallToolRequestParams) -> Result:
    request = form((params.arguments or {})["message"], username=TEXT, email=TEXT)
    return await elicited(context, request, "User response")


@tool()
async def elicitation_sep1034_defaults(context: Context, _params: Any) -> Result:
    request = form(
        "Defaults",
        name={"type": "string", "default": "John Doe"},
        age={"type": "integer", "default": 30},
        score={"type": "number", "default": 95.5},
        status={"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        verified={"type": "boolean", "default": True},
    )
    return await elicited(context, request, "Elicitation completed")


@tool()
async def elicitation_sep1330_enums(context: Context, _params: Any) -> Result:
    plain = {"type": "string", "enum": ["option1", "option2", "option3"]}
    titled = [
        {"const": f"value{n}", "title": f"{word} Option"} for n, word in enumerate(("First", "Second"), 1)
    ]
    request = form(
        "Choices",
        untitledSingle=plain,
        titledSingle={"type": "string", "oneOf": titled},
        legacyEnum={"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
        untitledMulti={"type": "array", "items": plain},
        titledMulti={"type": "array", "items": {"anyOf": titled}},
    )
    return await elicited(context, request, "Elicitation completed")


@tool()
async def missing_capability(context: Context, _params: Any) -> Result:
    if "sampling" not in capabilities(context):
        needed = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "sampling is needed", needed)
    return text("The client can sample.")


def capabilities(context: Context) -> dict[str, Any]:
    return dict(((context.params or {}).get("_meta") or {}).get(CAPABILITIES) or {})


@tool()
async def streaming_elicitation(context: Context, params: Any) -> Result:
    await context.session.report_progress(0, 1)
    return await input_required_result_elicitation(context, params)


@tool()
async def trigger_tool_change(_context: Context, _params: Any) -> Result:
    await bus.publish(ToolsListChanged())
    return text("Told.")


@tool()
async def trigger_prompt_change(_context: Context, _params: Any) -> Result:
    await bus.publish(PromptsListChanged())
    return text("Told.")


@tool()
async def input_required_result_elicitation(_context: Context, params: Any) -> Result:
    answer = told(params, types.ElicitResult, "user_name")
    name = (answer.content or {}).get("name") if answer is not None else None
    if not isinstance(name, str):
        return ask(user_name=form("What is your name?", name=TEXT))
    return text(f"Hello, {name}!")


@tool()
async def input_required_result_sampling(_context: Context, params: Any) -> Result:
    answer = told(params, types.CreateMessageResult, "capital_question")
    if answer is None:
        return ask(capital_question=sample("What is the capital of France?"))
    return text(f"The model says: {answer.content.text}")


@tool()
async def input_required_result_list_roots(_context: Context, params: Any) -> Result:
    answer = told(params, types.ListRootsResult, "client_roots")
    if answer is None:
        return ask(client_roots=types.ListRootsRequest())
    return text(f"Roots: {', '.join(str(root.uri) for root in answer.roots)}")


@tool()
async def input_required_result_request_state(_context: Context, params: Any) -> Result:
    if told(params, types.ElicitResult, "confirm") is None or params.request_state != "asked":
        return ask("asked", confirm=form("Please confirm", ok={"type": "boolean"}))
    return text("state-ok")


@tool()
async def input_required_result_tampered_state(context: Context, params: Any) -> Result:
    return await input_required_result_request_state(context, params)


@tool()
async def input_required_result_multiple_inputs(_context: Context, params: Any) -> Result:
    name = told(params, types.ElicitResult, "user_name")
    greeting = told(params, types.CreateMessageResult, "greeting")
    roots = told(params, types.ListRootsResult, "client_roots")
    if None in (name, greeting, roots):
        return ask(
            "asked",
            user_name=form("What is your name?", name=TEXT),
            greeting=sample("Generate a greeting", 50),
            client_roots=types.ListRootsRequest(),
        )
    return text(f"{greeting.content.text} {name.content} {len(roots.roots)}")


@tool()
async def input_required_result_multi_round(_context: Context, params: Any) -> Result:
    if params.request_state == "second" and told(params, types.ElicitResult, "step2"):
        return text("That is all.")
    if params.request_state == "first" and told(params, types.ElicitResult, "step1"):
        return ask("second", step2=form("Step 2: What is your favorite color?", color=TEXT))
    return ask("first", step1=form("Step 1: What is your name?", name=TEXT))


@tool()
async def input_required_result_capabilities(context: Context, params: Any) -> Result:
    if params.input_responses:
        return text("Thank you.")
    possible = {
        "elicitation": ("name", form("What is your name?", name=TEXT)),
        "sampling": ("greeting", sample("Generate a greeting")),
        "roots": ("roots", types.ListRootsRequest()),
    }
    known = dict(possible[kind] for kind in possible if kind in capabilities(context))
    return ask(**known) if known else text("The client can do nothing.")


PROMPTS = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_input_required_result_prompt": (),
}


async def list_prompts(_context: Context, _params: Any) -> types.ListPromptsResult:
    return types.ListPromptsResult(
        prompts=[
            types.Prompt(
                name=name,
                description=name,
                arguments=[types.PromptArgument(name=one, required=True) for one in arguments],
            )
            for name, arguments in PROMPTS.items()
        ]
    )


async def get_prompt(
    _context: Context, params: types.GetPromptRequestParams
) -> types.GetPromptResult | types.InputRequiredResult:
    given = params.arguments or {}
    blocks: list[Any]
    match params.name:
        case "test_simple_prompt":
            blocks = ["This is a simple prompt for testing."]
        case "test_prompt_with_arguments":
            blocks = [f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'"]
        case "test_prompt_with_embedded_resource":
            resource = embedded(given["resourceUri"], "text/plain", "Embedded resource content for testing.")
            blocks = [resource, "Please process the embedded resource above."]
        case "test_prompt_with_image":
            blocks = [picture(), "Please analyze the image above."]
        case "test_input_required_result_prompt":
            answer = told(params, types.ElicitResult, "user_context")
            if answer is None:
                return ask(user_context=form("What context should the prompt use?", context=TEXT))
            blocks = [f"Context: {answer.content}"]
        case _:
            raise MCPError(types.INVALID_PARAMS, f"there is no prompt {params.name}")
    return types.GetPromptResult(
        messages=[
            types.PromptMessage(
                role="user",
                content=types.TextContent(type="text", text=block) if isinstance(block, str) else block,
            )
            for block in blocks
        ]
    )


async def list_resources(_context: Context, _params: Any) -> types.ListResourcesResult:
    return types.ListResourcesResult(
        resources=[
            types.Resource(uri=uri, name=uri.rpartition("/")[2], description=uri, mime_type=mime_type)
            for uri, mime_type in (
                ("test://static-text", "text/plain"),
                ("test://static-binary", "image/png"),
                ("test://watched-resource", "text/plain"),
            )
        ]
    )


async def list_templates(_context: Context, _params: Any) -> types.ListResourceTemplatesResult:
    template = types.ResourceTemplate(
        uri_template="test://template/{id}/data", name="template", description="Data of an id"
    )
    return types.ListResourceTemplatesResult(resource_templates=[template])


async def read_resource(
    _context: Context, params: types.ReadResourceRequestParams
) -> types.ReadResourceResult:
    uri = str(params.uri)
    one: types.TextResourceContents | types.BlobResourceContents
    if uri == "test://static-binary":
        one = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PIXEL)
    elif uri in ("test://static-text", "test://watched-resource"):
        content = "This is the content of the static text resource."
        one = types.TextResourceContents(uri=uri, mime_type="text/plain", text=content)
    elif uri.startswith("test://template/") and uri.endswith("/data"):
        name = uri.removeprefix("test://template/").removesuffix("/data")
        data = {"id": name, "templateTest": True, "data": f"Data for ID: {name}"}
        one = types.TextResourceContents(uri=uri, mime_type="application/json", text=json.dumps(data))
    else:
        raise MCPError(types.INVALID_PARAMS, "Resource not found", {"uri": uri})
    return types.ReadResourceResult(contents=[one])


async def list_tools(_context: Context, _params: Any) -> types.ListToolsResult:
    return types.ListToolsResult(
        tools=[
            types.Tool(name=name, description=name, input_schema=schema)
            for name, (schema, _) in tool.by_name.items()
        ]
    )


async def call_tool(context: Context, params: types.CallToolRequestParams) -> Result:
    if params.name not in tool.by_name:
        raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name}")
    return await tool.by_name[params.name][1](context, params)


async def complete(_context: Context, _params: Any) -> types.CompleteResult:
    return types.CompleteResult(
        completion=types.Completion(values=["paris", "park"], total=2, has_more=False)
    )


async def nothing(_context: Context, _params: Any) -> types.EmptyResult:
    return types.EmptyResult()


def make_server() -> Server[Any]:
    """Return the server."""
    lists: Any = (
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "resources/read",
    )
    server: Server[Any] = Server(
        "conformance",
        version="1.0",
        cache_hints={method: CacheHint(ttl_ms=1000) for method in lists},
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_subscribe_resource=nothing,
        on_unsubscribe_resource=nothing,
        on_subscriptions_listen=ListenHandler(bus),
        on_completion=complete,
    )
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, nothing)
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience="test"))
    return server
