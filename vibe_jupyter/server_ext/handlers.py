"""The base of our handlers: identity, scopes, one error shape; and the two kinds that the table needs."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
import urllib.parse
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from jupyter_server.auth import User
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.iostream import StreamClosedError

from vibe_jupyter.core.errors import (
    BadRequest,
    Forbidden,
    InvalidInput,
    NotFound,
    TooLarge,
    Unauthenticated,
    VibeError,
)
from vibe_jupyter.core.masking import masked
from vibe_jupyter.core.operations import MEDIA_TYPE_HEADER, validated
from vibe_jupyter.core.status.schemas import API_LEVEL, API_LEVEL_HEADER
from vibe_jupyter.server_ext import identity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from jupyter_server.auth import IdentityProvider

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.operations import Document, Operation
    from vibe_jupyter.server_ext.app import VibeApp

__all__ = ["NotFoundHandler", "OperationHandler", "VibeHandler"]

_API_LEVEL = str(API_LEVEL)
_DEFAULT_HEADERS = {
    "Content-Type": "application/json",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    API_LEVEL_HEADER: _API_LEVEL,
}
_HARMLESS_MEDIA_TYPES = frozenset(
    {
        "application/json", "text/plain", "text/csv", "image/png", "image/jpeg", "image/gif", "image/webp",
        "audio/mpeg", "audio/wav", "audio/ogg", "application/octet-stream",
    }
)  # fmt: skip
_EVENT_STREAM = "text/event-stream; charset=utf-8"
_OWNER_AS_USER = User(username="local", name="Local owner")
_LENGTH_LIMIT_DEFAULT = 8 * 2**20
_EVENT_ID_LENGTH = 64  # a longer one is not of ours, and its beginning is not either
_FIRST_EVENT_S = 1.0
_OF_JUPYTER = frozenset({"token", "no_track_activity"})
"""Query parameters that Jupyter understands on every path: to sign in, and not to count as activity."""


class UnsupportedMediaType(VibeError):
    """The body is not JSON (415)."""

    status, code = 415, "request.not_json"


class MethodNotAllowed(VibeError):
    """The path exists, with other methods (405)."""

    status, code = 405, "request.method_not_allowed"


class VibeHandler(APIHandler):
    """A handler of ours: `prepare` refuses strangers, so no method needs a decorator."""

    allowed_methods: ClassVar[tuple[str, ...]] = ()
    principal: Principal | None = None
    _sent_credential = False

    @property
    def vibe(self) -> VibeApp:
        """Return the extension."""
        app: VibeApp = self.settings["vibe_app"]
        return app

    def required_scope(self) -> str | None:
        """Return what the principal must be allowed; None if anybody may ask."""
        return "platform:read"

    async def prepare(self) -> None:  # type: ignore[override]  # nobody is ever sent to a form
        """Find out who asks, and refuse what they may not do."""
        credential = identity.header_credential(self.request.headers.get("Authorization", ""))
        self._sent_credential = credential is not None
        # A browser asks by OPTIONS, unsigned, whether it may send the real request: it learns nothing else.
        scope = None if self.request.method == "OPTIONS" else self.required_scope()
        if self.request.host not in self.vibe.known_hosts and not self.check_host():
            raise Forbidden(
                "this host name is not served here",
                code="auth.foreign_host",
                hint="see ServerApp.allow_remote_access and ServerApp.local_hostnames",
            )
        provider: IdentityProvider = self.identity_provider
        if scope is None and self.request.method in ("GET", "OPTIONS"):
            self._token_authenticated = False
            self.current_user = self._jupyter_current_user = None
            self.set_cors_headers()
        elif credential is not None and identity.judges_tokens(provider):
            self.principal = identity.from_header(credential, provider.token)
            self._token_authenticated = self.principal is not None
            self.current_user = self._jupyter_current_user = _OWNER_AS_USER if self.principal else None
            self.set_cors_headers()
        else:
            await super().prepare()
            user = self.current_user
            self.principal = identity.from_user(user) if user is not None else None
        if scope is not None:
            if self.principal is None:
                raise _nobody(self._sent_credential)
            self.principal.require(scope)

    def check_xsrf_cookie(self) -> None:
        """Answer 401 where nobody is signed in: Jupyter checks this first and would say 403."""
        if getattr(self, "_jupyter_current_user", self) is None and self.required_scope() is not None:
            raise _nobody(self._sent_credential)
        try:
            super().check_xsrf_cookie()
        except web.HTTPError as error:
            raise Forbidden(
                "this write may come from a foreign page: its X-XSRFToken header does not match the _xsrf cookie",
                code="auth.xsrf",
                hint="send the cookie's value as X-XSRFToken, or the server's token in place of a cookie",
            ) from error

    def check_origin(self, origin_to_satisfy_tornado: str = "") -> bool:
        """Refuse a page of another site where it uses its visitor's cookie."""
        if not super().check_origin(origin_to_satisfy_tornado):
            raise Forbidden(
                "pages of another site may not use this server",
                code="auth.foreign_origin",
                hint="ServerApp.allow_origin names sites that may",
            )
        return True

    def get_login_url(self) -> str:
        """Refuse instead of sending a program to a form."""
        raise _nobody(self._sent_credential)

    def set_default_headers(self) -> None:
        """Name the API level on every answer, errors too: a client checks it before it believes anything.

        Not one by one through `set_header`, which checks each text anew.
        """
        self._headers.update(_DEFAULT_HEADERS)

    def update_api_activity(self) -> None:
        """Note that the owner was here; Jupyter's own would fail on a query that is no UTF-8, error or not."""
        if (
            self._track_activity
            and self.principal is not None
            and "no_track_activity" not in self.request.query_arguments
        ):
            self.settings["api_last_activity"] = datetime.now(UTC)

    def compute_etag(self) -> None:
        """Do not hash every body for a comparison that no client asks for."""

    def json_body(self) -> bytes:
        """Return the body.

        Raises:
            UnsupportedMediaType, TooLarge.
        """
        media_type = self.request.headers.get("Content-Type", "").split(";", 1)[0].strip().lower()
        if media_type != "application/json":
            raise UnsupportedMediaType(
                "send the body as application/json", hint="set the Content-Type header"
            )
        platform = self.vibe.ready_platform
        limit = platform.settings.max_body_bytes if platform else _LENGTH_LIMIT_DEFAULT
        body: bytes = self.request.body
        if len(body) > limit:
            raise TooLarge(
                f"the body has {len(body):,} bytes, more than {limit:,}",
                hint="pass a path instead of content, or raise VIBE_MAX_BODY_BYTES",
            )
        return body

    def write_error(self, status_code: int, **info: Any) -> None:
        """Answer with problem+json (RFC 9457); the text of an unexpected error stays here."""
        error = info.get("exc_info", (None, None))[1]
        if not isinstance(error, VibeError):
            error = self._as_ours(status_code, error)
        self.set_status(error.status)
        if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self.allowed_methods))
        if error.status == HTTPStatus.UNAUTHORIZED:
            self.set_header("WWW-Authenticate", 'Bearer realm="vibe"')
        if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.set_header("Retry-After", "2")
        self.finish(orjson.dumps(error.problem()), set_content_type="application/problem+json")

    def log_exception(self, kind: Any, error: Any, trace: Any) -> None:
        """Log what is a bug of ours; never the request's own text, which may hold a token, and no secret."""
        if not isinstance(error, (web.HTTPError, VibeError)) or getattr(error, "status", 0) == 500:
            stack = masked("".join(traceback.format_exception(kind, error, trace)))
            self.log.error("%s %s failed\n%s", self.request.method, self.request.path, stack)

    def _handle_request_exception(self, error: BaseException) -> None:
        """Keep tornado from logging each of our own errors as an uncaught exception."""
        if isinstance(error, StreamClosedError):
            return
        if isinstance(error, VibeError) and not self._finished and error.status != 500:
            self.send_error(error.status, exc_info=(type(error), error, error.__traceback__))
            return
        super()._handle_request_exception(error)

    def _log(self) -> None:
        """Leave an ordinary request to the log only where somebody reads it: that is a tenth of its cost.

        The logger itself says that it is enabled for every level: Jupyter filters in the logger's handler.
        """
        if self.get_status() >= 400 or self.vibe.logs_requests:
            super()._log()

    def _as_ours(self, status_code: int, error: BaseException | None) -> VibeError:
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return MethodNotAllowed(
                f"{self.request.method} is not possible here",
                hint=f"possible: {', '.join(self.allowed_methods)}",
            )
        known: dict[int, type[VibeError]] = {
            400: BadRequest, 401: Unauthenticated, 403: Forbidden, 404: NotFound, 413: TooLarge,
        }  # fmt: skip
        if status_code in known and isinstance(error, web.HTTPError):
            text = getattr(error, "log_message", None) or HTTPStatus(status_code).phrase
            return known[status_code](text.rstrip("."))
        found = VibeError(
            "the server failed; nothing is known to be lost", hint="the server's log has the cause"
        )
        found.status = status_code
        return found


class NotFoundHandler(VibeHandler):
    """Answers everything under our path that no operation has."""

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse strangers first, then everybody."""
        await super().prepare()
        raise NotFound(
            f"there is nothing at {self.request.path[:100]}",
            hint="GET /vibe/api/openapi.json lists what there is",
        )


class OperationHandler(VibeHandler):
    """All operations of one path; `operations` has them by HTTP method."""

    operations: ClassVar[dict[str, Operation]] = {}
    _call: asyncio.Future[Any] | None = None
    _is_left = False

    def required_scope(self) -> str | None:
        """Return the scope of the operation; an unknown method is refused later, to those who may ask at all."""
        operation = self.operations.get(self.request.method or "")
        return operation.scope if operation else "platform:read"

    async def run(self, **path: str) -> None:
        """Parse, run, answer."""
        operation = self.operations[self.request.method or ""]
        arguments: dict[str, Any] = dict(path)
        self._track_activity = operation.kind != "stream"  # an open page must not keep an idle server alive
        if operation.query is not None:
            arguments["query"] = validated(operation.query, self._query(operation), is_text=True)
        elif self.request.query_arguments:
            self._refuse_query()
        if operation.body is not None:
            arguments["body"] = self._body(operation)
        elif self.request.body:
            self._refuse_body()
        platform = self.vibe.ready_platform or await self.vibe.platform()
        if operation.kind == "stream":
            await self._stream(operation, operation.function(platform, self.principal, **arguments))
            return
        call = operation.function(platform, self.principal, **arguments)
        if operation.waits:
            result = await self._while_connected(platform.acall(call))
        else:
            result = await (call if operation.inline else platform.acall(call))
        self.set_status(operation.status)
        self.update_api_activity()
        if operation.kind == "document":
            self._send(operation.decode(result))
            return
        # Past `APIHandler.finish`, which sets once more what `set_default_headers` has set: a tenth of a request.
        web.RequestHandler.finish(self, operation.encode(result))

    async def _while_connected(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Await a call, and end it when nobody waits for its answer any more."""
        self._call = asyncio.ensure_future(call)
        try:
            return await self._call
        except asyncio.CancelledError:
            if self._is_left:
                raise StreamClosedError from None
            raise
        finally:
            self._call = None  # with its result; the handler lives on until the collector finds it

    def on_connection_close(self) -> None:
        """End what only the one who has gone has waited for."""
        self._is_left = True
        if self._call is not None:
            self._call.cancel()
        super().on_connection_close()

    def _send(self, document: Document) -> None:
        """Answer with a file: to be saved, never to be shown by a browser as a page of ours."""
        is_harmless = document.media_type in _HARMLESS_MEDIA_TYPES
        self.set_header("Content-Type", document.media_type if is_harmless else "application/octet-stream")
        self.set_header(MEDIA_TYPE_HEADER, document.media_type if document.media_type.isascii() else "")
        name = urllib.parse.quote(document.filename)
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        web.RequestHandler.finish(self, document.content)

    def _query(self, operation: Operation) -> dict[str, Any]:
        values = {}
        for name, given in self.request.query_arguments.items():
            if name in _OF_JUPYTER:
                continue
            if len(given) > 1:
                raise InvalidInput(
                    f"{name}: given {len(given)} times", errors=[{"loc": [name], "msg": "give it once"}]
                )
            values[name] = self.get_query_argument(name)
        if operation.kind == "stream" and (last := self.request.headers.get("Last-Event-ID")):
            values["after"] = last[:_EVENT_ID_LENGTH]  # of a reconnect: newer than what the URL says
        return values

    def _refuse_query(self) -> None:
        unknown = sorted(set(self.request.query_arguments) - _OF_JUPYTER)
        if unknown:
            raise InvalidInput(
                f"{unknown[0]}: unknown query parameter",
                errors=[{"loc": [name], "msg": "unknown query parameter"} for name in unknown],
            )

    def _refuse_body(self) -> None:
        """Let nothing but `{}` through where no body is wanted."""
        if self.request.body.strip() not in (b"", b"{}"):
            raise InvalidInput(
                "this takes no body", hint="send none, or {}", errors=[{"loc": [], "msg": "must be empty"}]
            )

    def _body(self, operation: Operation) -> Any:
        assert operation.body is not None
        try:
            values = orjson.loads(
                self.json_body()
            )  # strict: no NaN, no broken UTF-8, bounded depth and numbers
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"the body is not JSON: {error}") from None
        if not isinstance(values, dict):
            raise InvalidInput("the body is no JSON object", errors=[{"loc": [], "msg": "must be an object"}])
        return validated(operation.body, values)

    async def _stream(self, operation: Operation, items: AsyncIterator[Any]) -> None:
        """Send server-sent events until the stream or the listener ends."""
        upcoming: asyncio.Task[Any] | None = None
        try:
            upcoming = asyncio.ensure_future(anext(items))
            # An error that is known at once has its own status; silence is no reason to keep the listener waiting.
            done, _ = await asyncio.wait({upcoming}, timeout=min(_FIRST_EVENT_S, self.vibe.heartbeat_s))
            if done and isinstance(upcoming.exception(), StopAsyncIteration):
                self.set_status(HTTPStatus.NO_CONTENT)  # by which an `EventSource` stops connecting again
                self.finish()
                return
            if done:
                upcoming.result()
            self.set_header("Content-Type", _EVENT_STREAM)
            self.set_header("Cache-Control", "no-cache, no-transform")
            self.set_header("X-Accel-Buffering", "no")
            self.write(b"retry: 1000\n\n")
            while True:
                self.write(_frame(operation, upcoming.result()) if done else b": still here\n\n")
                await self.flush()  # back-pressure
                upcoming = asyncio.ensure_future(anext(items)) if done else upcoming
                done, _ = await asyncio.wait({upcoming}, timeout=self.vibe.heartbeat_s)
        except StopAsyncIteration:
            self.finish(set_content_type=_EVENT_STREAM)
        except StreamClosedError:
            return
        finally:
            if upcoming is not None and not upcoming.done():
                upcoming.cancel()
                with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                    await upcoming
            await items.aclose()  # type: ignore[attr-defined]


def _frame(operation: Operation, item: Any) -> bytes:
    identity_line = b"id: %d\n" % item.seq if item.seq else b""
    return b"%sevent: %s\ndata: %s\n\n" % (identity_line, item.type.encode(), operation.encode(item))


def _nobody(was_given: bool) -> Unauthenticated:
    if was_given:
        return Unauthenticated(
            "the credential is not valid",
            code="auth.invalid_credential",
            hint="send `Authorization: token T` with the server's token (jupyter server list)",
        )
    return Unauthenticated(
        "nobody is signed in",
        hint="send `Authorization: token T` with the server's token (jupyter server list)",
    )
