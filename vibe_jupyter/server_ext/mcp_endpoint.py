"""`/vibe/mcp`: our MCP server on Jupyter's own port, behind Jupyter's own login.

The SDK's server is an ASGI application; a tornado handler carries it. There is no second port and no second login.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado import web
from tornado.iostream import StreamClosedError

from vibe_jupyter.core.errors import Forbidden, TooLarge, Unauthenticated
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.server_ext import identity
from vibe_jupyter.server_ext.handlers import VibeHandler
from vibe_jupyter.server_ext.mcp_sessions import RoomyApp

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

__all__ = ["McpEndpoint", "McpHandler"]

_PATH = "/mcp"
"""What the ASGI application routes on; the public path is the handler's."""
_MAX_BODY_BYTES = 4 * 2**20
_MAX_SESSIONS = 256
_SESSION_IDLE_S = 3600.0
"""Of a session without a request or an open stream. Many clients do not recover from a lost one."""
_HEADERS_OF_PAGES = (
    "accept, authorization, content-type, last-event-id, mcp-method, mcp-name, mcp-protocol-version, "
    "mcp-session-id"
)

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
        self._carried: set[asyncio.Task[None]] = set()

    async def carry(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Let the application answer one request; returns early when the endpoint is closed."""
        app = await self._app()
        carrying = asyncio.create_task(app(scope, receive, send))
        self._carried.add(carrying)
        carrying.add_done_callback(self._carried.discard)
        try:
            await carrying
        except asyncio.CancelledError:
            if not self._stopping.is_set():
                raise

    async def close(self) -> None:
        """End it. Without this the threads of synchronous tools would keep Jupyter from exiting."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        for carrying in self._carried:
            carrying.cancel()

    async def _app(self) -> Any:
        if self._task is None or self._task.done():
            self._ready = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._own(), name="vibe-mcp-endpoint")
        return await asyncio.shield(self._ready)

    async def _own(self) -> None:
        try:
            server = await asyncio.to_thread(self._make_server)
            from mcp.server.transport_security import TransportSecuritySettings

            app = server.streamable_http_app(
                streamable_http_path=_PATH,
                max_request_body_size=_MAX_BODY_BYTES,
                max_sessions=_MAX_SESSIONS,
                session_idle_timeout=_SESSION_IDLE_S,
                # The SDK's own check answers 421 to every host but localhost. We have checked it.
                transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            )
            async with server.session_manager.run():
                self._ready.set_result(RoomyApp(app, _MAX_SESSIONS))
                await self._stopping.wait()
        except Exception as error:
            if self._ready.done():
                log.exception("the MCP endpoint has ended")
                return
            self._ready.set_exception(error)


class McpHandler(VibeHandler):
    """Carries one request to the application and its answer back."""

    allowed_methods = ("GET", "POST", "DELETE", "OPTIONS")
    _messages: asyncio.Queue[dict[str, Any]]

    def initialize(self) -> None:
        """Prepare for what comes from the connection."""
        self._messages = asyncio.Queue()

    @property
    def endpoint(self) -> McpEndpoint:
        """Return the application."""
        return self.vibe.mcp_endpoint

    async def prepare(self) -> None:  # type: ignore[override]
        """Let in whoever sends a credential in the header, the one thing that a page of another site cannot do."""
        self._forget_what_browsers_send()
        self._refuse_foreign_pages()
        provider = self.identity_provider
        if self.request.method == "OPTIONS":
            await super().prepare()
        elif not provider.auth_enabled:
            self._refuse_from_elsewhere()
            self.current_user = self._jupyter_current_user = None
            self.principal = identity.JUPYTER_OWNER
        elif identity.header_credential(self.request.headers.get("Authorization", "")) is None:
            raise Unauthenticated(
                "send `Authorization: Bearer T` with the server's token",
                hint="jupyter server list shows it; cookies and ?token= are not taken here",
            )
        else:
            await super().prepare()

    def check_xsrf_cookie(self) -> None:
        """Nothing to check: nobody is let in by a cookie."""

    def _forget_what_browsers_send(self) -> None:
        """Drop cookie and `?token=` before any identity provider sees them."""
        self.request.headers.pop("Cookie", None)
        for arguments in (self.request.arguments, self.request.query_arguments):
            arguments.pop("token", None)

    def _refuse_foreign_pages(self) -> None:
        origin = self.request.headers.get("Origin")
        if origin is None or urllib.parse.urlsplit(origin).netloc == self.request.host:
            return
        pattern = self.allow_origin_pat
        is_named = bool(origin) and self.allow_origin in ("*", origin)
        is_allowed = is_named or (pattern is not None and re.fullmatch(pattern, origin))
        if not (is_allowed and self.identity_provider.auth_enabled):
            raise Forbidden(
                "pages of another site may not use this server",
                code="auth.foreign_origin",
                hint="ServerApp.allow_origin names sites that may, where there is a token",
            )

    def _refuse_from_elsewhere(self) -> None:
        """Serve this machine alone where nobody has to sign in, whatever Jupyter allows.

        A page whose name was made to lead to this machine sends its own name as the host.
        """
        names = self.settings.get("local_hostnames", ["localhost"])
        host = self.request.host_name
        is_ours = host in names or _is_loopback(host)
        if not (is_ours and _is_loopback(self.request.remote_ip or "")):
            raise Forbidden(
                "without a token this is for programs on this machine alone",
                code="auth.no_token",
                hint="start the server with a token, and reach it by localhost or 127.0.0.1 until then",
            )

    async def _carry(self) -> None:
        body = self.request.body
        if len(body) > _MAX_BODY_BYTES:
            raise TooLarge(
                f"the message has {len(body):,} bytes, more than {_MAX_BODY_BYTES:,}",
                hint="pass a path instead of content",
            )
        if self.request.method == "POST":
            self.json_body()
        await self.vibe.platform()  # so that the first call does not find it starting
        self._messages.put_nowait({"type": "http.request", "body": body, "more_body": False})
        await self.endpoint.carry(self._scope(), self._messages.get, self._send_message)
        if self.request.method == "POST":
            self.update_api_activity()
        if not self._finished:
            with contextlib.suppress(StreamClosedError):
                # Past `APIHandler.finish`, which would call everything JSON.
                await web.RequestHandler.finish(self)

    def _scope(self) -> dict[str, Any]:
        from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
        from mcp.server.auth.provider import AccessToken

        assert self.principal is not None
        request = self.request
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in request.headers.get_all()
            if name.lower() != "authorization"
        ]
        # By this the SDK knows whose session is whose.
        user = AuthenticatedUser(AccessToken(token="", client_id=self.principal.user_id, scopes=[]))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.protocol,
            "path": _PATH,
            "raw_path": _PATH.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "client": (request.remote_ip, 0),
            "server": (request.host_name, None),
            "user": user,
            "state": {"principal": self.principal},
        }

    async def _send_message(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.set_status(message["status"])
            self.clear_header("Content-Type")
            if "Access-Control-Allow-Origin" in self._headers:
                self.set_header("Access-Control-Expose-Headers", "mcp-session-id")
            for name, value in message.get("headers", ()):
                self.set_header(name.decode("latin-1"), value.decode("latin-1"))
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

    @allow_unauthenticated
    def options(self) -> None:
        """Tell a page of a site that may, by Jupyter's configuration, what it may send."""
        self.set_header("Allow", ", ".join(self.allowed_methods))
        self.set_header("Access-Control-Allow-Headers", _HEADERS_OF_PAGES)
        self.set_header("Access-Control-Allow-Methods", "GET, POST, DELETE")
        self.set_status(HTTPStatus.NO_CONTENT)
        web.RequestHandler.finish(self)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
