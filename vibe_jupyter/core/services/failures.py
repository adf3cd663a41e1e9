"""What can go wrong with GitHub, Hugging Face or another service outside: one tree for all of them.

Each class says whether trying again may help; the service's own words, its request id and how long it wants to be left
alone stand in `data`. A service's module turns what its client library raises into one of these, and nothing else of
that library leaves it.
"""

from __future__ import annotations

from typing import Any, Literal

from vibe_jupyter.core.errors import Unavailable, VibeError

__all__ = [
    "BadResponse",
    "ExternalError",
    "ServiceAuthFailed",
    "ServiceConflict",
    "ServiceDenied",
    "ServiceInvalid",
    "ServiceName",
    "ServiceNotFound",
    "ServiceRateLimited",
    "ServiceTimeout",
    "ServiceUnavailable",
    "ServiceUnreachable",
]

ServiceName = Literal["github", "huggingface", "git"]


class ExternalError(VibeError):
    """A service outside did not do what it was asked to.

    Args:
        message: what failed and why, in words for a person.
        service: which one.
        operation: what was asked of it, e.g. `create_repository`.
        hint: what the person can do next.
        http_status: the service's answer; None if there was none.
        request_id: by which the service's support finds the request.
        retry_after_s: how long the service wants to be left alone, in seconds.
        maybe_done: whether it may have been done all the same: then nobody repeats it without looking first.
        data: more facts, JSON only; never a token.
    """

    status = 502
    reason = "failed"
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        service: ServiceName,
        operation: str,
        hint: str | None = None,
        http_status: int | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        maybe_done: bool = False,
        data: dict[str, Any] | None = None,
    ) -> None:
        facts = {
            "service": service,
            "operation": operation,
            "retryable": self.retryable,
            "http_status": http_status,
            "request_id": request_id,
            "retry_after_s": retry_after_s,
            "maybe_done": maybe_done or None,
            **(data or {}),
        }
        super().__init__(
            message,
            code=f"{service}.{self.reason}",
            hint=hint,
            data={name: value for name, value in facts.items() if value is not None},
        )
        self.service = service
        self.operation = operation
        self.http_status = http_status
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.maybe_done = maybe_done


class ServiceAuthFailed(ExternalError):
    """The service does not accept our token, or there is none (424); 401 would mean a session of ours."""

    status, reason = 424, "auth"


class ServiceDenied(ExternalError):
    """The token is good and may not do this (403)."""

    status, reason = 403, "denied"


class ServiceRateLimited(ExternalError):
    """The service wants to be left alone for longer than we wait (429)."""

    status, reason, retryable = 429, "rate_limited", True


class ServiceNotFound(ExternalError):
    """There is no such thing there, or the token may not see it (404)."""

    status, reason = 404, "not_found"


class ServiceConflict(ExternalError):
    """Somebody was there first: a name is taken, a branch has moved on (409)."""

    status, reason = 409, "conflict"


class ServiceInvalid(ExternalError):
    """The service understood the request and finds it wrong (422)."""

    status, reason = 422, "invalid"


class ServiceUnavailable(ExternalError, Unavailable):
    """The service is down or says that it is (503)."""

    status, reason, retryable = 503, "unavailable", True


class ServiceUnreachable(ExternalError, Unavailable):
    """No way leads there: no network, no such host, a connection that broke (503)."""

    status, reason, retryable = 503, "unreachable", True


class ServiceTimeout(ExternalError, Unavailable):
    """The service did not answer in time (504)."""

    status, reason, retryable = 504, "timeout", True


class BadResponse(ExternalError):
    """What the service answered makes no sense (502)."""

    status, reason, retryable = 502, "bad_response", True
