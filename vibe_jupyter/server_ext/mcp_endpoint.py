"""`/vibe/mcp`: our MCP server on Jupyter's own port, behind Jupyter's own login.

The SDK's server is an ASGI application; a tornado handler carries it. There is no second port and no second login.
"""

from __future__ import annotations

import asyncio
import contextlib
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.iostream import StreamClosedError

from vibe_jupyter.core.errors import BadRequest, Forbidden, TooLarge, Unauthenticated, VibeError
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.server_ext.handlers import VibeHandler

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

__all__ = ["McpEndpoint", "McpHandler"]

_PATH = "/mcp"
"""What the ASGI application routes on; the public path is the handler's."""
_MAX_BODY_BYTES = 4 * 2**20
_MAX_SESSIONS = 1000
_SESSION_IDLE_S = 1800.0

log = get_logger("mcp_server")


class McpEndpoint:
    """The application: made at the first request, entered and left by one task of its own.

    Args:
        make_server: returns the SDK's server; it is called on a thread, as the import takes half a second.
    """

    def __init__(self, make_server: Callable[[], Any]) -> None:
        self._make_server = make_server
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._ready: asyncio.Future[Any]

    async def app(self) -> Any:
        """Return the ASGI application."""
        if self._task is None or self._task.done():
            self._ready = asyncio.get_running_loop().create_future()
            self._stopping.clear()
            self._task = asyncio.create_task(self._own(), name="vibe-mcp-endpoint")
        return await asyncio.shield(self._ready)

    async def close(self) -> None:
        """End it. Without this the threads of synchronous tools would keep Jupyter from exiting."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _own(self) -> None:
        try:
            server = await asyncio.to_thread(self._make_server)
            from mcp.server.transport_security import TransportSecuritySettings

            app = server.streamable_http_app(
                streamable_http_path=_PATH,
                max_request_body_size=_MAX_BODY_BYTES,
                max_sessions=_MAX_SESSIONS,
                session_idle_timeout=_SESSION_IDLE_S,
                # The SDK's own check answers 421 to every host but localhost. Jupyter has checked it.
                transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            )
            async with server.session_manager.run():
                self._ready.set_result(app)
                await self._stopping.wait()
        except Exception as error:
            if self._ready.done():
                log.exception("the MCP endpoint has ended")
                return
            self._ready.set_exception(error)


class McpHandler(VibeHandler):
    """Carries one request to the application and its answer back."""

    allowed_methods = ("GET", "POST", "DELETE")
    _messages: asyncio.Queue[dict[str, Any]]
    _carrying: asyncio.Task[None] | None = None

    def initialize(self) -> None:
        """Prepare for what comes from the connection."""
        self._messages = asyncio.Queue()

    def required_scope(self) -> str | None:
        """Every operation behind it has its own."""
        return "platform:read"

    async def prepare(self) -> None:  # type: ignore[override]
        """Let in whoever sends a credential in the header: not by cookie, which a foreign page could use."""
        if "Authorization" not in self.request.headers:
            raise Unauthenticated(
                "send `Authorization: Bearer T` with the server's token",
                hint="jupyter server list shows it; cookies and ?token= are not taken here",
            )
        self._refuse_foreign_origin()
        await super().prepare()

    def check_xsrf_cookie(self) -> None:
        """Nothing to check: `prepare` takes no cookie."""

    def check_origin(self, origin_to_satisfy_tornado: str = "") -> bool:
        """Leave it to `prepare`."""
        del origin_to_satisfy_tornado
        return True

    def _refuse_foreign_origin(self) -> None:
        origin = self.request.headers.get("Origin")
        if origin is None:
            return
        host = urllib.parse.urlsplit(origin).netloc
        allowed = self.settings.get("allow_origin", "")
        if host != self.request.headers.get("Host") and allowed not in ("*", origin):
            raise Forbidden(
                "pages of another site may not use this server",
                code="auth.foreign_origin",
                hint="ServerApp.allow_origin names sites that may",
            )

    async def _carry(self) -> None:
        if len(self.request.body) > _MAX_BODY_BYTES:
            raise TooLarge(f"the body has more than {_MAX_BODY_BYTES:,} bytes")
        if self.request.method == "POST":
            self._check_json()
        await self.vibe.platform()  # so that the first call does not find it starting
        app = await self.vibe.mcp_endpoint.app()
        self._messages.put_nowait({"type": "http.request", "body": self.request.body, "more_body": False})
        self._carrying = asyncio.ensure_future(app(self._scope(), self._messages.get, self._send_message))
        with contextlib.suppress(StreamClosedError):
            await self._carrying
            if not self._finished:
                await super(VibeHandler, self).finish()

    def _check_json(self) -> None:
        try:
            orjson.loads(self.json_body())
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"the body is not JSON: {error}") from None

    def _scope(self) -> dict[str, Any]:
        request = self.request
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in request.headers.get_all()
            if name.lower() not in ("authorization", "cookie")
        ]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.protocol,
            "path": _PATH,
            "raw_path": _PATH.encode(),
            "root_path": "",
            "query_string": b"",  # a token in it is none of the application's business
            "headers": headers,
            "client": (request.remote_ip, 0),
            "server": (request.host_name, None),
            "state": {"principal": self.principal},
        }

    async def _send_message(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.set_status(message["status"])
            for name in ("Content-Type", "Content-Length"):
                self.clear_header(name)
            for name, value in message.get("headers", ()):
                self.set_header(name.decode("latin-1"), value.decode("latin-1"))
            if message["status"] == HTTPStatus.ACCEPTED:
                self.set_header("Content-Length", "0")
            return
        if body := message.get("body"):
            self.write(body)
        if message.get("more_body"):
            with contextlib.suppress(StreamClosedError):
                await self.flush()  # server-sent events leave at once

    def on_connection_close(self) -> None:
        """Tell the application that nobody listens any more."""
        self._messages.put_nowait({"type": "http.disconnect"})
        super().on_connection_close()

    def write_error(self, status_code: int, **info: Any) -> None:
        """Answer as the other handlers do, and say how one signs in."""
        error = info.get("exc_info", (None, None))[1]
        if isinstance(error, VibeError) and error.status == HTTPStatus.UNAUTHORIZED:
            self.set_header("WWW-Authenticate", 'Bearer realm="vibe"')
        super().write_error(status_code, **info)

    @allow_unauthenticated  # `prepare` has refused strangers
    async def get(self) -> None:
        """Open the stream of a session."""
        await self._carry()

    @allow_unauthenticated
    async def post(self) -> None:
        """Send a message."""
        await self._carry()

    @allow_unauthenticated
    async def delete(self) -> None:
        """End a session."""
        await self._carry()
