"""The platform behind a Jupyter server, over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import socket
import urllib.parse
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpx

from vibe_jupyter.client.event_stream import EventDecoder
from vibe_jupyter.core.errors import Conflict, InvalidInput, Unavailable, from_problem
from vibe_jupyter.core.operations import MEDIA_TYPE_HEADER, Document
from vibe_jupyter.core.status.schemas import API_LEVEL, API_LEVEL_HEADER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from vibe_jupyter.core.operations import Operation

__all__ = ["HttpTransport", "connection_options"]

_STREAM_TIMEOUT = httpx.Timeout(60.0, connect=5.0)  # the server says something at least every 15 s

_PATIENT = httpx.Timeout(None, connect=5.0)  # the server has limits of its own


class HttpTransport:
    """Talks to `<url>/vibe/api`.

    Args:
        url: base URL of the Jupyter server; one with `?token=...`, as Jupyter prints it, will do.
        token: its token; None for a server without one.
        timeout_s: how long an answer may take.

    Raises:
        InvalidInput: `server.bad_url`.
    """

    def __init__(self, url: str, token: str | None = None, *, timeout_s: float = 30.0) -> None:
        self.url, options = connection_options(url, token)
        self.is_local = not options["trust_env"]
        self.where = f"on the Jupyter server {self.url}"
        self._options: dict[str, Any] = {
            **options,
            "base_url": f"{self.url}/vibe/api",
            "timeout": httpx.Timeout(timeout_s, connect=min(timeout_s, 5.0)),
        }
        self._client = httpx.Client(**self._options)
        self._async_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = (
            WeakKeyDictionary()
        )

    def call(self, operation: Operation, values: dict[str, Any]) -> Any:
        """See `Transport.call`."""
        with _explained(self.url):
            response = self._client.request(**self._request(operation, values))
        return self._decoded(operation, response)

    async def acall(self, operation: Operation, values: dict[str, Any]) -> Any:
        """See `Transport.acall`."""
        with _explained(self.url):
            response = await self._aclient().request(**self._request(operation, values))
        return self._decoded(operation, response)

    def stream(self, operation: Operation, values: dict[str, Any]) -> Iterator[Any]:
        """See `Transport.stream`."""
        request = self._request(operation, values)
        with _explained(self.url), self._client.stream(**request, timeout=_STREAM_TIMEOUT) as response:
            if response.is_error:
                response.read()
                self._check(response)
            events = EventDecoder()
            for part in response.iter_bytes():
                for data in events.feed(part):
                    yield operation.result.validate_json(data)

    async def astream(self, operation: Operation, values: dict[str, Any]) -> AsyncIterator[Any]:
        """See `Transport.astream`."""
        request = self._request(operation, values)
        with _explained(self.url):
            async with self._aclient().stream(**request, timeout=_STREAM_TIMEOUT) as response:
                if response.is_error:
                    await response.aread()
                    self._check(response)
                events = EventDecoder()
                async for part in response.aiter_bytes():
                    for data in events.feed(part):
                        yield operation.result.validate_json(data)

    def close(self) -> None:
        """See `Transport.close`."""
        self._client.close()

    def _aclient(self) -> httpx.AsyncClient:
        """Return the client of the running loop; it keeps no connection, as nobody says when the loop ends."""
        loop = asyncio.get_running_loop()
        if loop not in self._async_clients:
            limits = httpx.Limits(max_keepalive_connections=0)
            self._async_clients[loop] = httpx.AsyncClient(**self._options, limits=limits)
        return self._async_clients[loop]

    def _request(self, operation: Operation, values: dict[str, Any]) -> dict[str, Any]:
        bound = operation.bind(values)
        path = operation.path
        for name in operation.path_names:
            path = path.replace(f"{{{name}}}", urllib.parse.quote(bound[name], safe=""))
        request: dict[str, Any] = {"method": operation.method, "url": path}
        if "query" in bound:
            request["params"] = bound["query"].model_dump(mode="json", exclude_unset=True, exclude_none=True)
        if "body" in bound:
            request["json"] = bound["body"].model_dump(mode="json", exclude_unset=True)
        if operation.waits:
            request["timeout"] = _PATIENT
        return request

    def _decoded(self, operation: Operation, response: httpx.Response) -> Any:
        self._check(response)
        if operation.kind == "document":
            return _document(response)
        return operation.result.validate_json(response.content)

    def _check(self, response: httpx.Response) -> None:
        """Raise what the server answered as an error, and refuse one that speaks another language."""
        level = response.headers.get(API_LEVEL_HEADER)
        if level is None:
            raise Unavailable(
                f"the server at {self.url} answers {response.status_code} but has no vibe_jupyter",
                code="server.no_extension",
                hint="pip install vibe-jupyter in the server's environment and restart it",
            )
        if level != str(API_LEVEL):
            older = "client" if level.isdigit() and int(level) > API_LEVEL else "server"
            raise Conflict(
                f"the server speaks API level {level}, this client {API_LEVEL}",
                code="server.api_level",
                hint=f"upgrade the {older}: pip install --upgrade vibe-jupyter",
            )
        if response.is_error:
            raise from_problem(_problem(response), response.status_code)


def connection_options(url: str, token: str | None) -> tuple[str, dict[str, Any]]:
    """Return a server's base URL, and what an httpx client needs to be let in there.

    Raises:
        InvalidInput: `server.bad_url`.
    """
    url, found = _parsed(url)
    token = token or found
    is_local = _is_this_machine(url)
    options: dict[str, Any] = {
        "headers": {"Authorization": f"token {token}"} if token else {},
        "trust_env": not is_local,  # a proxy cannot reach our own loopback interface
    }
    if is_local and url.startswith("https:"):
        # Its certificate is its own or names the public host, and between us and it there is nobody.
        options["verify"] = False
    if not token:  # a server without one wants to see in each write what it could have set as a cookie
        xsrf = secrets.token_hex(16)
        options |= {"headers": {"X-XSRFToken": xsrf}, "cookies": {"_xsrf": xsrf}}
    return url, options


def _document(response: httpx.Response) -> Document:
    media_type = response.headers.get(MEDIA_TYPE_HEADER) or response.headers.get("Content-Type", "")
    _, _, name = response.headers.get("Content-Disposition", "").partition("filename*=UTF-8''")
    return Document(
        content=response.content, media_type=media_type, filename=urllib.parse.unquote(name) or "document"
    )


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


@contextlib.contextmanager
def _explained(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        raise Unavailable(
            f"the server at {url} did not answer in time",
            code="server.timeout",
            hint="it may be busy; what was accepted goes on: %vibe task list",
        ) from error
    except httpx.ConnectError as error:
        raise Unavailable(
            f"the server at {url} cannot be reached",
            code="server.unreachable",
            hint="is it still running? tasks that it accepted go on when it is back",
        ) from error
    except httpx.TransportError as error:
        raise Unavailable(
            f"the connection to the server at {url} broke: {error or type(error).__name__}",
            code="server.lost",
            hint="tasks that it accepted are not lost: %vibe task list",
        ) from error


def _parsed(url: str) -> tuple[str, str | None]:
    """Return a base URL without what does not belong to it, and the token that stood in it."""
    try:
        parts = urllib.parse.urlsplit(url.strip())
        is_usable = (
            parts.scheme in ("http", "https") and bool((parts.hostname or "").strip()) and parts.port != 0
        )
    except ValueError:
        is_usable = False
    if not is_usable:
        raise InvalidInput(
            f"{url!r} is no URL of a Jupyter server",
            code="server.bad_url",
            hint="it looks like http://127.0.0.1:8888/ (jupyter server list)",
        )
    token = urllib.parse.parse_qs(parts.query).get("token", [None])[0]
    return parts._replace(path=parts.path.rstrip("/"), query="", fragment="").geturl(), token


def _is_this_machine(url: str) -> bool:
    host = urllib.parse.urlsplit(url).hostname or ""
    if host in ("localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
