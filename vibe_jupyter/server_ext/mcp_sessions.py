"""Room for a new session of an MCP client: of those that nobody uses, the one that has rested longest ends for it.

The SDK refuses a new session while there are as many as there may be, and keeps one that nobody uses for as long as
an idle one may last. So a few careless clients would lock out all others for that time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

__all__ = ["RoomyApp"]

_SESSION_ID = b"mcp-session-id"
_VERSION = b"mcp-protocol-version"
_WITHOUT_SESSIONS = "2026"

log = get_logger("mcp_server")


@dataclass
class _Session:
    user: Any
    requests: int = 0
    """That are being answered; an open stream is one."""


class RoomyApp:
    """Stands before the SDK's ASGI application, and makes room for a new session before it is asked for one.

    Args:
        max_sessions: as many as the application lets in.
    """

    def __init__(self, app: App, max_sessions: int) -> None:
        self._app = app
        self._max_sessions = max_sessions
        self._opening = 0
        self._sessions: dict[str, _Session] = {}
        """The one that has rested longest comes first."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer a request; see ASGI."""
        session_id = _header(scope, _SESSION_ID)
        if session_id is not None:
            await self._answer(session_id, scope, receive, send)
            return
        if scope["method"] != "POST" or (_header(scope, _VERSION) or "") >= _WITHOUT_SESSIONS:
            await self._app(scope, receive, send)
            return
        self._opening += 1
        try:
            await self._make_room()
            await self._app(scope, receive, self._noting(scope, send))
        finally:
            self._opening -= 1

    async def _answer(self, session_id: str, scope: dict[str, Any], receive: Any, send: Any) -> None:
        session = self._sessions.get(session_id)
        is_gone = False

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal is_gone
            if message["type"] == "http.response.start":
                is_gone = message["status"] == 404 or (
                    scope["method"] == "DELETE" and message["status"] < 300
                )
            await send(message)

        if session is not None:
            session.requests += 1
        try:
            await self._app(scope, receive, noted)
        finally:
            if session is not None:
                session.requests -= 1
            if self._sessions.pop(session_id, None) is not None and not is_gone:
                assert session is not None
                self._sessions[session_id] = session  # at the end: it was used last

    def _noting(self, scope: dict[str, Any], send: Any) -> Any:
        """Return what sends an answer, and remembers the session that it opens."""

        async def noted(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                opened = _header(message, _SESSION_ID)
                if opened is not None:
                    self._sessions[opened] = _Session(scope.get("user"))
            await send(message)

        return noted

    async def _make_room(self) -> None:
        while len(self._sessions) + self._opening > self._max_sessions:
            idle = next((key for key, one in self._sessions.items() if not one.requests), None)
            if idle is None:
                return
            log.info("an idle session ends for a new one", session=idle[:8])
            await self._end(idle, self._sessions.pop(idle))

    async def _end(self, session_id: str, session: _Session) -> None:
        """End a session as its client would."""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_message: MutableMapping[str, Any]) -> None:
            """Nobody listens."""

        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": "DELETE", "scheme": "http", "path": "/mcp", "raw_path": b"/mcp", "root_path": "",
            "query_string": b"", "headers": [(_SESSION_ID, session_id.encode())], "client": None, "server": None,
            "user": session.user, "state": {},
        }  # fmt: skip
        await self._app(scope, receive, send)


def _header(message: MutableMapping[str, Any], name: bytes) -> str | None:
    found = next((value for key, value in message.get("headers", ()) if key.lower() == name), None)
    return None if found is None else found.decode("latin-1")
