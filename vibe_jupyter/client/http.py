"""The platform behind a Jupyter server, over HTTP."""

from __future__ import annotations

import contextlib
import ipaddress
import urllib.parse
from typing import TYPE_CHECKING, Any

import httpx

from vibe_jupyter.core.errors import Conflict, Unavailable, from_problem
from vibe_jupyter.core.status.schemas import API_LEVEL, API_LEVEL_HEADER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from vibe_jupyter.core.operations import Operation

__all__ = ["HttpTransport"]

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_STREAM_TIMEOUT = httpx.Timeout(60.0, connect=5.0)  # the server says something at least every 15 s


class HttpTransport:
    """Talks to `<url>/vibe/api`.

    Args:
        url: base URL of the Jupyter server.
        token: its token; None for a server without one.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.is_local = _is_this_machine(self.url)
        self.where = f"on the Jupyter server {self.url}"
        self._options: dict[str, Any] = {
            "base_url": f"{self.url}/vibe/api",
            "headers": {"Authorization": f"token {token}"} if token else {},
            "timeout": _TIMEOUT,
            "trust_env": not self.is_local,  # a proxy cannot reach our own loopback interface
        }
        self._client = httpx.Client(**self._options)
        self._xsrf = token is None
        self._async_client: httpx.AsyncClient | None = None

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
            for data in _sse_data(response.iter_lines()):
                yield operation.result.validate_json(data)

    async def astream(self, operation: Operation, values: dict[str, Any]) -> AsyncIterator[Any]:
        """See `Transport.astream`."""
        request = self._request(operation, values)
        with _explained(self.url):
            async with self._aclient().stream(**request, timeout=_STREAM_TIMEOUT) as response:
                if response.is_error:
                    await response.aread()
                    self._check(response)
                lines: list[str] = []
                async for line in response.aiter_lines():
                    lines.append(line)
                    if not line:
                        for data in _sse_data(iter(lines)):
                            yield operation.result.validate_json(data)
                        lines.clear()

    def close(self) -> None:
        """See `Transport.close`."""
        self._client.close()

    def _aclient(self) -> httpx.AsyncClient:
        if self._async_client is None:
            self._async_client = httpx.AsyncClient(**self._options)
        return self._async_client

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
        if self._xsrf and operation.method != "GET":
            request["headers"] = {"X-XSRFToken": self._xsrf_cookie()}
        return request

    def _xsrf_cookie(self) -> str:
        """Return the cookie that a server without a token wants to see again with each write."""
        if "_xsrf" not in self._client.cookies:
            with _explained(self.url):
                self._client.get(f"{self.url}/tree")
        return self._client.cookies.get("_xsrf") or ""

    def _decoded(self, operation: Operation, response: httpx.Response) -> Any:
        self._check(response)
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
            older = "server" if int(level) < API_LEVEL else "client"
            raise Conflict(
                f"the server speaks API level {level}, this client {API_LEVEL}",
                code="server.api_level",
                hint=f"upgrade the {older}: pip install --upgrade vibe-jupyter",
            )
        if response.is_error:
            raise from_problem(_problem(response), response.status_code)


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


def _sse_data(lines: Iterator[str]) -> Iterator[str]:
    """Yield the data of each event; comments and other fields say nothing that the data does not."""
    data: list[str] = []
    for line in lines:
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data.clear()


def _is_this_machine(url: str) -> bool:
    host = urllib.parse.urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
