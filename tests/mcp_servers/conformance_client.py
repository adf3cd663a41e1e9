"""Our sessions as the client of the conformance suite: `python -m tests.mcp_servers.conformance_client`.

It says its port in its first line of output; there `conformance_relay` tells it what the suite wants. Each scenario
has a pool of its own, which finds out by itself what the suite's server speaks, and uses all that it offers.
"""

from __future__ import annotations

import asyncio
import json
import traceback
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.mcp.schemas import ToolInfo
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.spec import Call, Elicitation, ElicitationAnswer, ServerSpec
from vibe_jupyter.core.mcp.tools.arguments import check_arguments
from vibe_jupyter.core.mcp.tools.definitions import capabilities_of
from vibe_jupyter.core.questions.forms import filled_in

LIMIT_S = 30.0
LANDING = "http://localhost:3000/callback"
CLIENT = "https://conformance-test.local/client-metadata.json"
REFUSED = {
    "auth/scope-retry-limit": ("HTTP 403", "-32020"),
    "auth/resource-mismatch": ("does not match expected",),
    "auth/iss-supported-missing": ("missing iss",),
    "auth/iss-wrong-issuer": ("iss mismatch",),
    "auth/iss-unexpected": ("iss mismatch",),
    "auth/iss-normalized": ("iss mismatch",),
    "auth/metadata-issuer-mismatch": ("issuer mismatch",),
    "json-schema-ref-no-deref": ("Method not found",),  # the suite cannot run the tool that it offers
}
"""Scenarios in which a client must not get what it wants, with what we must say then in one revision or the other."""


@dataclass
class Browser:
    """A person who says yes to whatever they are sent to, and what is remembered of them."""

    client: OAuthClientInformationFull | None = None
    tokens: OAuthToken | None = None
    landed: dict[str, str] = field(default_factory=dict)

    async def visit(self, url: str) -> None:
        async with httpx2.AsyncClient(trust_env=False) as client:
            response = await client.get(url)
        self.landed = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(response.headers["location"]).query))

    async def result(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult.model_validate(self.landed)

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def auth(url: str, context: dict[str, Any]) -> httpx2.Auth:
    browser = Browser()
    if "client_id" in context:
        browser.client = OAuthClientInformationFull(
            client_id=context["client_id"],
            client_secret=context["client_secret"],
            redirect_uris=[AnyUrl(LANDING)],
            token_endpoint_auth_method="client_secret_basic",
        )
    metadata = OAuthClientMetadata(
        client_name="vibe_jupyter",
        redirect_uris=[AnyUrl(LANDING)],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
    )
    return OAuthClientProvider(
        url, metadata, browser, browser.visit, browser.result, client_metadata_url=CLIENT
    )


async def defaults(elicitation: Elicitation) -> ElicitationAnswer:
    """Answer as a person who changes nothing in the form."""
    assert elicitation.answer_schema is not None
    return ElicitationAnswer("accept", filled_in(elicitation.answer_schema, {}))


def some_arguments(tool: ToolInfo) -> dict[str, Any]:
    properties = tool.input_schema.get("properties", {})
    return {
        name: 5 if properties[name].get("type") in ("integer", "number") else "text"
        for name in tool.input_schema.get("required", [])
    }


async def use_all(pool: SessionPool, spec: ServerSpec, context: dict[str, Any]) -> None:
    """List everything, call every tool at the same time, read all resources and fill in all prompts."""
    offered = capabilities_of(spec.name, await pool.listing(spec))
    calls = []
    for tool in offered.tools:
        arguments = some_arguments(tool)
        check_arguments(spec.name, tool, arguments)
        calls.append((tool.name, arguments))
    # The suite's own arguments break the tool's schema (an optional one is null), to see what becomes of them.
    calls = [(call["name"], call["arguments"]) for call in context.get("toolCalls", ())] or calls
    await asyncio.gather(*(pool.call(spec, Call(*call, elicit=defaults)) for call in calls))
    for resource in offered.resources:
        await pool.read_resource(spec, resource.uri)
    for prompt in offered.prompts:
        await pool.get_prompt(spec, prompt.name, {})


async def play(scenario: str, url: str, context: dict[str, Any]) -> None:
    """Play a scenario, and see to it that it ends for us as it should."""
    signs = auth(url, context) if scenario.startswith("auth/") else None
    pool = SessionPool(auth=lambda _spec: signs)
    expected = REFUSED.get(scenario, ())
    try:
        await use_all(pool, ServerSpec("suite", "suite", "http", url=url), context)
    except VibeError as error:
        if not any(words in error.message for words in expected):
            raise
    else:
        assert not expected, f"nothing said {expected}"
    finally:
        await pool.aclose()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    said = json.loads(await reader.readline())
    try:
        async with asyncio.timeout(LIMIT_S):
            await play(said["scenario"], said["url"], json.loads(said["context"] or "{}"))
    except Exception:
        writer.write(traceback.format_exc().encode())
    else:
        writer.write(b"ok")
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
