"""Requests with one token: one at a time, paced, repeated where that is safe.

PyGithub blocks and, left to itself, repeats a POST and sleeps for up to an hour in its thread. So it runs in threads of
its own without any retry; the waiting is done here, on the loop, where it can be cancelled.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import math
import random
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.services.failures import (
    BadResponse,
    ExternalError,
    ServiceAuthFailed,
)
from vibe_jupyter.core.services.github.pacing import line_of
from vibe_jupyter.core.services.github.translation import failure, words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from github import Github

    from vibe_jupyter.core.services.github.pacing import Line

__all__ = ["Calls", "Request"]

T = TypeVar("T")

_THREADS = 4
_ATTEMPTS = 4
_ATTEMPTS_IF_UNREADABLE = 2
_LONGEST_BACKOFF_S = 8.0
_PER_PAGE = 100
_log = get_logger("github")


class Request(NamedTuple):
    """One request of the REST API; `path` begins with a slash and is quoted."""

    verb: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    body: dict[str, Any] | None = None
    parameters: dict[str, Any] | None = None

    @property
    def writes(self) -> bool:
        """Say whether it may change something."""
        return self.verb != "GET"


class Calls:
    """Asks GitHub with one token, or with none.

    Args:
        token: the user's; it is never logged and stands in no error.
        api_url: base URL of the REST API.
        timeout_s: how long an answer may take, rounded up to whole seconds.
        pause_s: from the end of a request to the next one of this token, in seconds.
        write_pause_s: the same from a request that changes something to the next such one.
        max_wait_s: how long one call waits for GitHub in all before it fails, in seconds.
        backoff_s: the first wait after a failure that names no time, in seconds; it doubles.

    Raises:
        ServiceAuthFailed: the token holds what no token can.
    """

    def __init__(
        self,
        token: str | None,
        *,
        api_url: str,
        timeout_s: float,
        pause_s: float,
        write_pause_s: float,
        max_wait_s: float,
        backoff_s: float,
    ) -> None:
        if token is not None and not re.fullmatch(r"[\x21-\x7e]+", token):
            raise ServiceAuthFailed(
                "the GitHub token is empty or holds characters that no token has",
                service="github", operation="connect", hint="copy it once more, without spaces and line ends",
            )  # fmt: skip
        self._token = token
        self._api_url = api_url.rstrip("/")
        self._timeout_s = max(1, math.ceil(timeout_s))  # PyGithub takes whole seconds only
        self._pause_s = pause_s
        self._write_pause_s = write_pause_s
        self._max_wait_s = max_wait_s
        self._backoff_s = backoff_s
        self._key = hashlib.sha256(f"{self._api_url} {token}".encode()).hexdigest()
        self._github: Github | None = None
        self.scopes: list[str] | None = None
        """What the token may do, once GitHub has said it; it does not for a fine-grained token."""

    def __repr__(self) -> str:
        return f"<Calls to {self._api_url}>"

    @property
    def has_token(self) -> bool:
        """Say whether somebody is known to ask."""
        return self._token is not None

    async def ask(
        self,
        operation: str,
        request: Request,
        read: Callable[[Any], T],
        *,
        repeatable: bool = True,
    ) -> T:
        """Make one request and return what `read` makes of the answer.

        It is repeated, a few times and after a pause, where GitHub says that it did nothing, or where `repeatable`.

        Args:
            operation: what it is, for errors and logs.
            request: what to send.
            read: takes the answer's JSON; what it raises means that the answer makes no sense. It runs on a thread.
            repeatable: whether doing it twice is as good as doing it once.

        Raises:
            ExternalError: one of `services/failures.py`.
        """
        if request.writes and not self.has_token:
            raise ServiceAuthFailed(
                "GitHub lets nobody change anything without a token",
                service="github", operation=operation, hint="store a GitHub token",
            )  # fmt: skip
        line = line_of(self._key)
        left_s = self._max_wait_s
        await line.lock.acquire()
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                await line.pause(self._pause_s, self._write_pause_s if request.writes else 0)
                answer = await self._attempt(line, operation, request, read)
                if not isinstance(answer, ExternalError):
                    return answer
                wait_s = self._wait_s(answer, attempt, repeatable=repeatable)
                if wait_s is None or wait_s > left_s:
                    raise answer
                left_s -= wait_s
                _log.warning(
                    "asking GitHub again", operation=operation, attempt=attempt + 1,
                    code=answer.code, wait_s=round(wait_s, 2),
                )  # fmt: skip
                await asyncio.sleep(wait_s)
        finally:
            line.leave()
        raise AssertionError("the last attempt returns or raises")

    async def make(
        self,
        operation: str,
        request: Request,
        read: Callable[[Any], T],
        *,
        found: Callable[[], Awaitable[T | None]],
    ) -> T:
        """Do what must not be done twice: after a lost answer look first whether it was done.

        Args:
            operation: what it is, for errors and logs.
            request: what to send.
            read: takes the answer's JSON.
            found: looks for what the request makes; None if it is not there.

        Raises:
            ExternalError: one of `services/failures.py`.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self.ask(operation, request, read, repeatable=False)
            except ExternalError as error:
                if not error.maybe_done:
                    raise
                await asyncio.sleep(self._backoff(attempt))  # it may come to be seen a moment later
                if (there := await found()) is not None:
                    return there
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def pages(
        self,
        operation: str,
        path: str,
        read: Callable[[Any], T | None],
        parameters: dict[str, Any] | None = None,
        *,
        limit: int | None = None,
    ) -> list[T]:
        """Return what several pages list, one request each; what `read` makes None of is left out.

        Args:
            operation: what it is, for errors and logs.
            path: of the list.
            read: takes the JSON of one thing in the list.
            parameters: of the request.
            limit: how many things at most.

        Raises:
            ExternalError: one of `services/failures.py`.
        """
        found: list[T] = []
        page = 1
        while limit is None or len(found) < limit:
            asked = {**(parameters or {}), "per_page": _PER_PAGE, "page": page}
            on_page = await self.ask(
                operation, Request("GET", path, parameters=asked), lambda data: [read(one) for one in data]
            )
            found += [one for one in on_page if one is not None]
            if len(on_page) < _PER_PAGE:
                break
            page += 1
        return found[:limit]

    async def close(self) -> None:
        """Close the connections."""
        if self._github is not None:
            await asyncio.get_running_loop().run_in_executor(_threads(), self._github.close)
            self._github = None

    async def _attempt(
        self, line: Line, operation: str, request: Request, read: Callable[[Any], T]
    ) -> T | ExternalError:
        """Make the request once. Cancelled, this comes back at once, and the line waits for the thread."""
        line.flight = flight = _threads().submit(self._guarded, operation, request, read)
        try:
            return await asyncio.wrap_future(flight)
        finally:
            line.record(writes=request.writes)

    def _guarded(self, operation: str, request: Request, read: Callable[[Any], T]) -> T | ExternalError:
        """Return what was read, or why it failed: what PyGithub raises stays here, since it holds the token."""
        try:
            headers, data = self._connected().requester.requestJsonAndCheck(
                request.verb, request.path, parameters=request.parameters, input=request.body
            )
            if (scopes := headers.get("x-oauth-scopes")) is not None:
                self.scopes = words(scopes)
            return read(data)
        except Exception as error:  # noqa: BLE001 - whatever reading a strange answer raises is a failure of theirs
            return failure(error, operation, writes=request.writes)

    def _connected(self) -> Github:
        if self._github is None:
            from github import Auth, Github

            self._github = Github(
                auth=None if self._token is None else Auth.Token(self._token),
                base_url=self._api_url,
                timeout=self._timeout_s,
                user_agent="vibe-jupyter",
                per_page=_PER_PAGE,
                retry=None,
                seconds_between_requests=0,
                seconds_between_writes=0,
                lazy=True,
            )
        return self._github

    def _wait_s(self, error: ExternalError, attempt: int, *, repeatable: bool) -> float | None:
        """Return how long to wait before the next attempt, in seconds; None if there is to be none."""
        is_last = attempt >= (_ATTEMPTS_IF_UNREADABLE if isinstance(error, BadResponse) else _ATTEMPTS)
        if is_last or not error.retryable or (error.maybe_done and not repeatable):
            return None
        return self._backoff(attempt) if error.retry_after_s is None else error.retry_after_s

    def _backoff(self, attempt: int) -> float:
        longest: float = min(_LONGEST_BACKOFF_S, self._backoff_s * 2.0 ** (attempt - 1))
        return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads the load, guards nothing


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="vibe-github")
