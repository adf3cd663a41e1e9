"""The MCP endpoint behind a Jupyter server, for messages as they are: one goes in, those that answer it come out.

Nothing of the MCP SDK is imported: a message is passed on as it came, in either era of the protocol.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from vibe_jupyter.client.http import connection_options
from vibe_jupyter.core.errors import Unauthenticated, Unavailable, from_problem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from vibe_jupyter.client.discovery import Server

__all__ = ["McpUpstream", "version_of"]

_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
_NAMES = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Methods whose object is named in a header, and by which parameter."""
_ASKS_ONLY = re.compile(r"initialize|ping|server/discover|.*/list")
"""Methods that may be sent twice."""
_PLAIN = re.compile(r"[!-~]([ -~]*[!-~])?")
_TIMEOUT = httpx.Timeout(
    None, connect=5.0
)  # the server says something at least every 15 s, or nothing for good
_PAUSES_S = (0.1, 0.2, 0.5, 1.0)
_NOT_YET = frozenset({"platform.stopping", "platform.not_started"})
_INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'


def version_of(message: dict[str, Any]) -> str | None:
    """Return the protocol version that a message names; None for one of the era that agrees on it at the start."""
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    version = meta.get(_VERSION_KEY) if isinstance(meta, dict) else None
    return version if isinstance(version, str) and message.get("method") != "initialize" else None


class McpUpstream:
    """Posts messages to `<url>/vibe/mcp`, also when the server was restarted: with a new session, a new address.

    Args:
        find: returns the server; asked again when it does not answer.
        patience_s: how long a server that does not answer is waited for.
    """

    def __init__(self, find: Callable[[], Server | None], *, patience_s: float = 15.0) -> None:
        self._find = find
        self._patience_s = patience_s
        self._server: Server | None = None
        self._clients: list[httpx.AsyncClient] = []
        self._url = "the Jupyter server"
        self._initialize: dict[str, Any] | None = None
        self._session: str | None = None
        self._version: str | None = None
        self._is_broken = False
        self._renewing = asyncio.Lock()

    @property
    def has_session(self) -> bool:
        """Return whether the client speaks the era of sessions."""
        return self._initialize is not None

    async def exchange(self, line: bytes, message: dict[str, Any]) -> AsyncGenerator[bytes]:
        """Send a message, and yield what comes back, each message as one line of JSON.

        Raises:
            VibeError: why there is no answer.
        """
        if message.get("method") == "initialize":
            self._initialize, self._session, self._version = message, None, None
        deadline = time.monotonic() + self._patience_s
        pauses = iter(_PAUSES_S)
        is_answered = False
        while True:
            try:
                async with contextlib.aclosing(self._post(line, message)) as answers:
                    async for answer in answers:
                        is_answered = True
                        yield answer
                return
            except (httpx.TransportError, _RefusedError) as error:
                is_unseen = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, _RefusedError))
                may_repeat = not is_answered and _ASKS_ONLY.fullmatch(str(message.get("method")))
                if not (is_unseen or may_repeat):
                    raise Unavailable(
                        f"the connection to {self._url} broke: what was called may have been done all the same",
                        code="server.lost",
                        hint="look before you call it again",
                    ) from error
                pause_s = next(pauses, _PAUSES_S[-1])
                if time.monotonic() + pause_s > deadline:
                    raise Unavailable(
                        f"{self._url} cannot be reached",
                        code="server.unreachable",
                        hint="start it again; this connection finds it",
                    ) from error
                await asyncio.sleep(pause_s)
                await self._connect()
            except Unauthenticated:  # the server that it is now may have another token
                before = self._server
                await self._connect()
                if self._server == before:
                    raise

    async def aclose(self) -> None:
        """End the session, if the server is there to be told, and let go of connections."""
        if self._session is not None:
            with contextlib.suppress(httpx.HTTPError):
                await self._clients[-1].delete(self._url, headers=self._headers({}), timeout=2.0)
        for client in self._clients:
            await client.aclose()

    async def _post(
        self, line: bytes, message: dict[str, Any], *, renews: bool = True
    ) -> AsyncGenerator[bytes]:
        if not self._clients:
            await self._connect()
        if self._is_broken and renews:
            await self._renew(None)
        session = self._session
        async with self._clients[-1].stream(
            "POST", self._url, content=line, headers=self._headers(message)
        ) as response:
            is_stream = response.headers.get("Content-Type", "").startswith("text/event-stream")
            if response.is_success and is_stream:
                is_owed = "id" in message and "method" in message
                async for data in _events(response):
                    answer = orjson.loads(data)
                    is_owed = is_owed and "method" in answer
                    self._note(message, response, answer)
                    yield data
                if is_owed:
                    raise httpx.ReadError("the stream has ended without an answer")
                return
            body = (await response.aread()).replace(b"\r", b" ").replace(b"\n", b" ").strip()
            if not self._is_lost(response):
                self._check(response, body)
                if body:
                    self._note(message, response, orjson.loads(body))
                    yield body
                return
        if not renews:
            raise _RefusedError
        await self._renew(session)
        async with contextlib.aclosing(self._post(line, message, renews=False)) as answers:
            async for again in answers:
                yield again

    def _headers(self, message: dict[str, Any]) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        version = version_of(message)
        if version is None:
            known = {"Mcp-Session-Id": self._session, "MCP-Protocol-Version": self._version}
            return headers | {name: value for name, value in known.items() if value}
        method = str(message.get("method"))
        headers |= {"MCP-Protocol-Version": version, "Mcp-Method": _as_header(method)}
        name = message["params"].get(_NAMES.get(method))
        return headers | ({"Mcp-Name": _as_header(name)} if isinstance(name, str) else {})

    def _check(self, response: httpx.Response, body: bytes) -> None:
        """Raise what is no answer in the protocol."""
        if response.is_success:
            return
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            content = {}
        if isinstance(content, dict) and "jsonrpc" in content and content.get("id") is not None:
            return
        problem = content if isinstance(content, dict) and "code" in content else {}
        if problem.get("code") in _NOT_YET:
            raise _RefusedError
        if not problem:
            detail = content.get("error", {}).get("message") if isinstance(content, dict) else None
            problem = {
                "detail": f"{self._url} answers {response.status_code}: {detail or response.reason_phrase}",
                "code": "server.unexpected",
                "hint": "is vibe_jupyter installed there, and of this version?",
            }
        raise from_problem(problem, response.status_code)

    @staticmethod
    def _is_lost(response: httpx.Response) -> bool:
        """Return whether the server does not know our session: then it has not looked at the message."""
        return response.status_code == HTTPStatus.NOT_FOUND and "Mcp-Session-Id" in response.request.headers

    def _note(self, message: dict[str, Any], response: httpx.Response, answer: dict[str, Any]) -> None:
        """Keep what was agreed on at the start of a session."""
        if message.get("method") != "initialize":
            return
        self._session = response.headers.get("Mcp-Session-Id") or self._session
        result = answer.get("result")
        if isinstance(result, dict):
            self._version = result.get("protocolVersion")

    async def _renew(self, lost: str | None) -> None:
        """Begin a session in place of one that the server does not know any more."""
        async with self._renewing:
            if self._session != lost:  # somebody else has
                return
            if self._initialize is None:
                raise Unavailable("the server has forgotten the session", hint="connect again")
            self._session, self._version, self._is_broken = None, None, True
            begin = {**self._initialize, "id": "vibe-again"}
            for line, message in ((orjson.dumps(begin), begin), (_INITIALIZED, {})):
                async with contextlib.aclosing(self._post(line, message, renews=False)) as answers:
                    async for _ in answers:
                        pass
            self._is_broken = False

    async def _connect(self) -> None:
        """Find the server; where it is another one than before, others still listen on the old connections."""
        server = await asyncio.to_thread(self._find)
        if server is None:
            if not self._clients:
                raise httpx.ConnectError("there is no Jupyter server with vibe_jupyter")
            return
        if server != self._server:
            base, options = connection_options(server.url, server.token)
            self._server, self._url = server, f"{base}/vibe/mcp"
            self._clients.append(httpx.AsyncClient(**options, timeout=_TIMEOUT))


class _RefusedError(Exception):
    """The server is starting or stopping, or knows no session: it has not looked at the message."""


async def _events(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yield the data of each server-sent event that has some.

    Not by httpx's lines, which end at characters that may stand in JSON as they are, such as U+2028.
    """
    rest, data = b"", b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                data += line[5:].strip()
            elif not line.strip() and data:
                yield data
                data = b""


def _as_header(value: str) -> str:
    """Return a value as the protocol puts it into a header: plain, or marked as base64."""
    if _PLAIN.fullmatch(value) and not value.startswith("=?base64?"):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="
