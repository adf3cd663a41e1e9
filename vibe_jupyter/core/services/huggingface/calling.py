"""Requests to the hub with one token: with a time limit each, repeated where that is safe.

They are our own and not those of `HfApi` (huggingface_hub 2.4), which knows what the hub means and whose rules we use
where they stand alone. But it sets no time limit on most requests, repeats uploads for as long as the hub asks, cannot
be cancelled in its thread, and all its requests share one session with whatever else this process does with it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import platform
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from vibe_jupyter import __version__
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.services.failures import (
    BadResponse,
    ExternalError,
    ServiceAuthFailed,
    ServiceConflict,
    ServiceRateLimited,
    ServiceTimeout,
    ServiceUnreachable,
)
from vibe_jupyter.core.services.huggingface.translation import broken, failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

    import httpx2
    from pydantic import SecretStr

__all__ = ["HubCalls"]

T = TypeVar("T")
_ATTEMPTS = 5
_ATTEMPTS_IF_UNREADABLE = 2
_LONGEST_BACKOFF_S = 8.0
_OWN_NETWORK_NAMES = ("localhost",)
_log = get_logger("huggingface")


class HubCalls:
    """Asks the hub with one token, or with none. Belongs to one event loop.

    Args:
        token: the user's; it is sent to the hub only, never logged, and stands in no error.
        endpoint: base URL of the hub.
        timeout_s: how long an answer may take, in seconds.
        max_wait_s: how long one call waits before it is repeated, in all, in seconds.
        backoff_s: the first wait after a failure that names no time, in seconds; it doubles.
    """

    def __init__(
        self,
        token: SecretStr | None,
        *,
        endpoint: str,
        timeout_s: float,
        max_wait_s: float,
        backoff_s: float,
    ) -> None:
        self._token = token
        self.endpoint = endpoint.rstrip("/")
        self.timeout_s = timeout_s
        self._max_wait_s = max_wait_s
        self._backoff_s = backoff_s
        self._client: httpx2.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"<HubCalls to {self.endpoint}>"

    @property
    def has_token(self) -> bool:
        """Say whether somebody is known to ask."""
        return self._token is not None

    def need_token(self, operation: str) -> None:
        """Refuse what nobody may do without one: a token of this machine is never looked for.

        Raises:
            ServiceAuthFailed: there is none.
        """
        if self._token is None:
            raise ServiceAuthFailed(
                "nobody is signed in to Hugging Face",
                service="huggingface", operation=operation,
                hint=f"make a token at {self.endpoint}/settings/tokens and store it",
            )  # fmt: skip

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def ask(
        self,
        operation: str,
        method: str,
        path: str,
        read: Callable[[Any], T],
        *,
        subject: str,
        repeatable: bool = True,
        secrets: Iterable[str] = (),
        **sent: Any,
    ) -> T:
        """Make one request and return what `read` makes of the JSON that comes back.

        Args:
            operation: what is being done, for errors: `create_space`.
            path: below the endpoint, quoted; or a whole URL that the hub has given.
            read: raises KeyError, TypeError or ValueError if the answer makes no sense.
            subject: what it is about, for errors: `the Space alice/demo`.
            repeatable: whether doing it twice is as good as doing it once.
            secrets: values that are sent and must stand in no error.
            sent: what httpx2 takes: `json`, `params`, `headers`, `content`.

        Raises:
            ExternalError: the hub does not do it.
        """

        async def once() -> T:
            response = await self.send(operation, method, path, subject=subject, secrets=secrets, **sent)
            return self.read(operation, subject, response, read)

        return await self.repeated(once, repeatable=repeatable)

    def read(self, operation: str, subject: str, response: httpx2.Response, read: Callable[[Any], T]) -> T:
        """Return what `read` makes of the JSON of an answer.

        Raises:
            BadResponse: it makes no sense.
        """
        try:
            return read(json.loads(response.content) if response.content else None)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise BadResponse(
                f"what Hugging Face answered about {subject} makes no sense ({type(problem).__name__})",
                service="huggingface", operation=operation, http_status=response.status_code,
                request_id=response.headers.get("X-Request-Id"),
                maybe_done=response.request.method not in ("GET", "HEAD"),
                hint=f"is {self.endpoint} the address of a hub?",
            ) from None  # fmt: skip

    async def repeated(self, once: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        """Do something until it works, for as long as repeating it may help and does no harm.

        Raises:
            ExternalError: the last one.
        """
        waited_s = 0.0
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await once()
            except ExternalError as error:
                wait_s = self._wait_s(error, attempt)
                most = _ATTEMPTS_IF_UNREADABLE if isinstance(error, BadResponse) else _ATTEMPTS
                may_help = error.retryable or _is_busy(error)
                is_safe = repeatable or _was_not_done(error)
                if not (may_help and is_safe) or attempt >= most or waited_s + wait_s > self._max_wait_s:
                    raise
                _log.info(
                    "the hub is asked again",
                    operation=error.operation, code=error.code, attempt=attempt, wait_s=round(wait_s, 2),
                )  # fmt: skip
            await asyncio.sleep(wait_s)
            waited_s += wait_s
        raise AssertionError("unreachable")

    async def send(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        subject: str,
        secrets: Iterable[str] = (),
        authorized: bool = True,
        headers: Mapping[str, str] | None = None,
        **sent: Any,
    ) -> httpx2.Response:
        """Make one request, once, and return the answer. An address that is not the hub's gets no token.

        Args:
            authorized: False for an address that needs none.

        Raises:
            ExternalError: there is none, or it is an error.
        """
        import httpx2

        error: ExternalError
        try:
            response = await self._session().request(
                method,
                self._url(path),
                headers=self._headers(headers, authorized=authorized and self._is_hub(path)),
                **sent,
            )
            if not response.is_error:
                return response
            error = failure(
                response, operation, subject,
                has_token=self.has_token, endpoint=self.endpoint, secrets=[*secrets, *self._own()],
            )  # fmt: skip
        except httpx2.TransportError as problem:
            error = broken(
                problem, operation, subject, timeout_s=self.timeout_s, writes=method not in ("GET", "HEAD")
            )
        except (httpx2.InvalidURL, httpx2.TooManyRedirects) as problem:
            error = BadResponse(
                f"{self.endpoint} leads nowhere ({type(problem).__name__})",
                service="huggingface", operation=operation, hint="is HF_ENDPOINT the address of a hub?",
            )  # fmt: skip
        raise error  # out here: what the library raised holds the request, and with it the token

    @asynccontextmanager
    async def stream(
        self, operation: str, path: str, *, subject: str, idle_s: float
    ) -> AsyncIterator[httpx2.Response]:
        """Open an answer that goes on; it ends with `httpx2.ReadTimeout` if nothing comes for so long.

        Raises:
            ExternalError: there is none, or it is an error.
        """
        import httpx2

        limits = httpx2.Timeout(self.timeout_s, read=idle_s)
        error: ExternalError
        try:
            request = self._session().build_request(
                "GET", self._url(path), headers=self._headers(None, authorized=True), timeout=limits
            )
            response = await self._session().send(request, stream=True)
        except httpx2.TransportError as problem:
            error = broken(problem, operation, subject, timeout_s=idle_s, writes=False)
        else:
            try:
                if not response.is_error:
                    yield response
                    return
                await response.aread()
                error = failure(
                    response, operation, subject,
                    has_token=self.has_token, endpoint=self.endpoint, secrets=self._own(),
                )  # fmt: skip
            finally:
                await response.aclose()
        raise error

    def _session(self) -> httpx2.AsyncClient:
        if self._client is None:
            import httpx2

            self._client = httpx2.AsyncClient(
                timeout=self.timeout_s,
                follow_redirects=True,  # of repositories that were renamed; the token stays with the host
                trust_env=not _is_own_machine(self.endpoint),
                limits=httpx2.Limits(max_connections=8, max_keepalive_connections=4),
            )
        return self._client

    def _headers(self, more: Mapping[str, str] | None, *, authorized: bool) -> dict[str, str]:
        # Nothing beyond that of the machine or of who uses it, which huggingface_hub's telemetry would add.
        agent = f"vibe-jupyter/{__version__}; python/{platform.python_version()}"
        headers = {"User-Agent": agent, **(more or {})}
        if authorized and self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return headers

    def _own(self) -> list[str]:
        return [] if self._token is None else [self._token.get_secret_value()]

    def _url(self, path: str) -> str:
        return self.endpoint + path if path.startswith("/") else path

    def _is_hub(self, path: str) -> bool:
        """Say whether a path or URL is the hub's; where it sends us may be a storage, or a lie."""
        mine, theirs = urlsplit(self.endpoint), urlsplit(self._url(path))
        return (mine.scheme, mine.netloc) == (theirs.scheme, theirs.netloc)

    async def pause(self, error: ExternalError, attempt: int) -> None:
        """Wait before something is tried again, as long as the hub asks or a little longer each time.

        Raises:
            ExternalError: this one, if it asks for more than we wait.
        """
        wait_s = self._wait_s(error, attempt)
        if wait_s > self._max_wait_s:
            raise error
        await asyncio.sleep(wait_s)

    def _wait_s(self, error: ExternalError, attempt: int) -> float:
        if error.retry_after_s is not None:
            return error.retry_after_s
        longest = min(self._backoff_s * 2 ** (attempt - 1), _LONGEST_BACKOFF_S)
        return random.uniform(longest / 2, longest)  # noqa: S311 - that not all come back at once


def _was_not_done(error: ExternalError) -> bool:
    """Say whether the hub cannot have done it: it refused at the door, or there was no connection."""
    if isinstance(error, ServiceRateLimited) or _is_busy(error):
        return True
    return isinstance(error, (ServiceUnreachable, ServiceTimeout)) and not error.maybe_done


def _is_busy(error: ExternalError) -> bool:
    """Say whether it is the conflict that passes: one account makes one repository at a time."""
    return isinstance(error, ServiceConflict) and "conflicting operation is in progress" in error.message


def _is_own_machine(url: str) -> bool:
    """Say whether requests go to this machine, and so past every proxy."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in _OWN_NETWORK_NAMES
