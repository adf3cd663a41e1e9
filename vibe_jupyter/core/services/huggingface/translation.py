"""What the hub answers, and what the way there breaks with, as one of our errors.

The hub says most in headers: `X-Error-Code` (RepoNotFound, GatedRepo, ...), `X-Error-Message`, `X-Request-Id`. Its 401
has two meanings, and its 403 at least four; https://huggingface.co/docs/hub/api lists none of them.
"""

from __future__ import annotations

import email.utils
import json
import re
import time
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.masking import MASK, masked, spellings
from vibe_jupyter.core.plain_text import clean
from vibe_jupyter.core.services.failures import (
    BadResponse,
    ExternalError,
    ServiceAuthFailed,
    ServiceConflict,
    ServiceDenied,
    ServiceInvalid,
    ServiceNotFound,
    ServiceRateLimited,
    ServiceTimeout,
    ServiceUnavailable,
    ServiceUnreachable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import httpx2

__all__ = ["broken", "failure", "without"]

_SHOWN_CHARACTERS = 300
_MIN_SECRET = 4
"""Characters. Shorter than what is masked everywhere: only in the answer to the request that sent it."""
_SERVERS_FAULT = 500
_MISSING = {
    "RepoNotFound": "there is no such repository, or the token may not see it",
    "RevisionNotFound": "the repository has no such commit or branch",
    "EntryNotFound": "the repository has no such file",
}


def failure(
    response: httpx2.Response,
    operation: str,
    subject: str,
    *,
    has_token: bool,
    endpoint: str,
    secrets: Iterable[str] = (),
) -> ExternalError:
    """Return the error for an answer that is none.

    Args:
        response: with a status of 400 or more, read to its end.
        operation: what was asked, e.g. `create_space`.
        subject: what it was about, e.g. `the Space alice/demo`.
        has_token: whether the request had one.
        endpoint: base URL of the hub.
        secrets: what must not be shown, should the answer repeat it.
    """
    status, code = response.status_code, response.headers.get("X-Error-Code")
    said = _said(response, secrets)
    facts: dict[str, Any] = {
        "service": "huggingface", "operation": operation, "http_status": status,
        "request_id": response.headers.get("X-Request-Id") or response.headers.get("x-amz-cf-id"),
    }  # fmt: skip
    quote = f": {said}" if said else ""
    if status == 401:
        return _unauthenticated(code, subject, quote, has_token=has_token, endpoint=endpoint, facts=facts)
    if status in (402, 403):
        return _denied(status, code, said, subject, endpoint=endpoint, facts=facts)
    if status in (404, 410):
        why = _MISSING.get(code or "", said or "it is not there")
        return ServiceNotFound(
            f"Hugging Face does not have {subject}: {why}",
            hint="look at its name, and whether the token may see it", data={"error_code": code}, **facts,
        )  # fmt: skip
    if status in (409, 412):
        return ServiceConflict(
            f"Hugging Face refuses to change {subject}{quote or ': somebody was there first'}",
            hint="look at what has changed there and try again", **facts,
        )  # fmt: skip
    if status == 429:
        wait_s = _wait_s(response.headers)
        return ServiceRateLimited(
            f"Hugging Face takes no more requests for now{quote}",
            retry_after_s=wait_s,
            hint=f"try again in {wait_s:.0f} s" if wait_s is not None else "try again in some minutes",
            **facts,
        )
    if status >= _SERVERS_FAULT or status == 408:
        return ServiceUnavailable(
            f"Hugging Face failed on {subject} (HTTP {status}){quote}",
            retry_after_s=_wait_s(response.headers),
            hint="try again in a while; https://status.huggingface.co says more",
            maybe_done=status in (500, 502, 504), **facts,
        )  # fmt: skip
    return ServiceInvalid(
        f"Hugging Face finds the request about {subject} wrong{quote or f' (HTTP {status})'}",
        hint="correct it and try again", **facts,
    )  # fmt: skip


def broken(
    error: httpx2.TransportError, operation: str, subject: str, *, timeout_s: float, writes: bool
) -> ExternalError:
    """Return the error for a request that got no answer.

    Args:
        timeout_s: how long an answer was waited for.
        writes: whether the request would have changed something.
    """
    import httpx2

    never_sent = isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))
    facts: dict[str, Any] = {
        "service": "huggingface", "operation": operation, "maybe_done": writes and not never_sent
    }  # fmt: skip
    if isinstance(error, httpx2.TimeoutException):
        return ServiceTimeout(
            f"Hugging Face did not answer about {subject} within {timeout_s:g} s",
            hint="try again; look at the connection if it stays so", **facts,
        )  # fmt: skip
    if isinstance(error, (httpx2.DecodingError, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)):
        return BadResponse(
            f"the answer about {subject} cannot be read", hint="is this the address of a hub?", **facts
        )
    return ServiceUnreachable(
        f"there is no connection to Hugging Face for {subject} ({type(error).__name__})",
        hint="look at the network, at the proxy, and at HF_ENDPOINT", **facts,
    )  # fmt: skip


def without(text: str, secrets: Iterable[str]) -> str:
    """Return text in which no token and none of these values stands."""
    for secret in secrets:
        if len(secret) >= _MIN_SECRET:
            for spelled in sorted(spellings(secret), key=len, reverse=True):
                text = text.replace(spelled, MASK)
    return masked(text)


def _unauthenticated(
    code: str | None, subject: str, quote: str, *, has_token: bool, endpoint: str, facts: dict[str, Any]
) -> ExternalError:
    page = f"{endpoint}/settings/tokens"
    if not has_token:
        return ServiceAuthFailed(
            f"Hugging Face shows {subject} only to who is signed in",
            hint=f"make a token at {page} and store it", **facts,
        )  # fmt: skip
    if code == "RepoNotFound":  # so it is to anybody without access, whoever they are
        return ServiceNotFound(
            f"Hugging Face does not have {subject}: {_MISSING['RepoNotFound']}",
            hint="look at its name, and whether the token may see it", **facts,
        )  # fmt: skip
    return ServiceAuthFailed(
        f"Hugging Face does not accept the token{quote}",
        hint=f"it may have expired: make a new one at {page} and store it", **facts,
    )  # fmt: skip


def _denied(
    status: int, code: str | None, said: str, subject: str, *, endpoint: str, facts: dict[str, Any]
) -> ServiceDenied:
    lower = said.lower()
    if code == "GatedRepo" or "gated" in lower:
        hint = "ask for access on its page"
    elif "is disabled" in lower:
        hint = "its page says why it was disabled"
    elif "storage" in lower:
        hint = "delete what is no longer needed, or take a larger plan"
    elif status == 402 or "subscription" in lower or "payment" in lower:
        hint = "it costs: take free hardware, a static Space, or a plan of the hub's"
    else:
        hint = f"the token needs the role write, or the right to this: {endpoint}/settings/tokens"
    return ServiceDenied(
        f"Hugging Face does not allow this token what was asked of {subject}" + (f": {said}" if said else ""),
        hint=hint, data={"error_code": code}, **facts,
    )  # fmt: skip


def _said(response: httpx2.Response, secrets: Iterable[str]) -> str:
    """Return the service's own words, in one harmless line; masked before it is cut, or half a secret would stay."""
    said: Any = response.headers.get("X-Error-Message")
    if not said:
        try:
            body = json.loads(response.content)
        except (ValueError, UnicodeDecodeError):
            return ""  # a page for people
        if isinstance(body, dict):
            said = body.get("error") or body.get("message")
            if errors := body.get("errors"):
                said = "; ".join(
                    str(one.get("message") if isinstance(one, dict) else one) for one in list(errors)[:5]
                )
    return clean(without(str(said), secrets), limit=_SHOWN_CHARACTERS).rstrip(".") if said else ""


def _wait_s(headers: Mapping[str, str]) -> float | None:
    """Return how long the hub wants to be left alone: `Retry-After`, or the draft header `RateLimit`."""
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]

    if after := headers.get("Retry-After", "").strip():
        if re.fullmatch(r"\d+(\.\d+)?", after):
            return float(after)
        try:
            return max(0.0, email.utils.parsedate_to_datetime(after).timestamp() - time.time())
        except ValueError:
            return None
    limits = parse_ratelimit_headers(headers)
    return float(limits.reset_in_seconds) if limits is not None and limits.remaining == 0 else None
