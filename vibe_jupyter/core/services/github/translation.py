"""From what PyGithub and requests raise to the failures of `services/failures.py`.

PyGithub says little with its classes: 403 has three meanings, a 429 is a plain exception, and what breaks on the way is
an exception of requests. The answer's headers tell.
"""

from __future__ import annotations

import email.utils
import re
import time
from typing import TYPE_CHECKING, Any

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
    from collections.abc import Mapping

    from github import GithubException
    from requests import RequestException

__all__ = ["failure", "missing_scopes", "words"]

_SHOWN = 300
_LIMIT_S = 60.0
"""GitHub's advice where it names no time."""
_LIMIT = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_PROTECTED = re.compile(
    r"protected (branch|ref)|rule violations|through a pull request|GH006|GH013", re.IGNORECASE
)
_TAKEN = re.compile(r"already exists|not a fast.forward|does not match|is at .* but expected", re.IGNORECASE)
_IMPLIED = {
    "repo": ("public_repo", "repo:status", "repo_deployment", "repo:invite", "security_events"),
    "user": ("read:user", "user:email", "user:follow"),
    "admin:org": ("write:org", "read:org"),
    "write:org": ("read:org",),
}
"""Scopes that include others (GitHub's documentation, "Scopes for OAuth apps")."""


def failure(error: Exception, operation: str, *, writes: bool) -> ExternalError:
    """Return our error for one that PyGithub or requests raised; it does not refer to theirs, which holds the token.

    Args:
        error: what was raised, or what reading the answer raised.
        operation: what was asked.
        writes: whether the request would change something.
    """
    from github import BadAttributeException, GithubException, IncompletableObject
    from requests import RequestException

    if isinstance(error, GithubException) and not isinstance(error, IncompletableObject):
        return _answered(error, operation, writes=writes)
    if isinstance(error, RequestException):
        return _on_the_way(error, operation, writes=writes)
    if isinstance(error, AssertionError | RuntimeError):  # PyGithub's checks of where URLs and redirects lead
        hint = "check VIBE_GITHUB_API_URL: it should be the address that GitHub itself gives in its answers"
        return BadResponse(
            f"GitHub's answer leads to another server: {str(error)[:_SHOWN] or type(error).__name__}",
            service="github", operation=operation, hint=hint, maybe_done=writes,
        )  # fmt: skip
    what = (
        "without what belongs in it" if isinstance(error, BadAttributeException | KeyError) else "unreadable"
    )
    return BadResponse(
        f"GitHub's answer is {what} ({type(error).__name__})",
        service="github",
        operation=operation,
        hint="a proxy or VIBE_GITHUB_API_URL may lead to something that is not GitHub; else try again",
        maybe_done=writes,
    )


def missing_scopes(headers: Mapping[str, Any]) -> list[str]:
    """Return the scopes of which the token needs one and has none; empty if that is not why, or is not told."""
    if "x-oauth-scopes" not in headers:
        return []
    accepted = words(headers.get("x-accepted-oauth-scopes"))
    has = words(headers["x-oauth-scopes"])
    for scope in list(has):
        has += _IMPLIED.get(scope, ())
    return [] if set(accepted) & set(has) else accepted


def _answered(error: GithubException, operation: str, *, writes: bool) -> ExternalError:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    said = _said(error.data)
    facts: dict[str, Any] = {
        "service": "github",
        "operation": operation,
        "http_status": error.status,
        "request_id": headers.get("x-github-request-id"),
    }
    status = error.status
    if status == 429 or (status == 403 and _is_limit(said, headers)):
        wait_s = _retry_after_s(headers)
        return ServiceRateLimited(
            f"GitHub wants to be left alone for {wait_s:.0f} s: {said}",
            hint="wait, then do it again", retry_after_s=wait_s, **facts,
        )  # fmt: skip
    if status == 401:
        return ServiceAuthFailed(
            f"GitHub does not accept the token: {said}",
            hint="it has expired, was revoked or is not complete: store a new GitHub token", **facts,
        )  # fmt: skip
    lacking = missing_scopes(headers)
    if status in (403, 451) or (status == 404 and writes and lacking) or _PROTECTED.search(said):
        return _denied(said, headers, lacking, facts)
    if status in (404, 410):
        hint = "check the name; a private repository is not found either if the token may not see it"
        if lacking:
            hint += f" (it lacks the scope {' or '.join(lacking)})"
        return ServiceNotFound(f"GitHub has no such thing, or hides it: {said}", hint=hint, **facts)
    if status == 409 or (status == 422 and _TAKEN.search(said)):
        return ServiceConflict(
            f"GitHub is in another state: {said}", hint="look at what is there now", **facts
        )
    if status >= 500:
        return ServiceUnavailable(
            f"GitHub is down or overloaded ({status}): {said}",
            hint="try again later; www.githubstatus.com knows more",
            retry_after_s=_seconds(headers.get("retry-after")), maybe_done=writes, **facts,
        )  # fmt: skip
    if 400 <= status < 500:
        return ServiceInvalid(f"GitHub refuses this: {said}", **facts)
    return BadResponse(f"GitHub answered {status}: {said}", maybe_done=writes, **facts)


def _denied(
    said: str, headers: Mapping[str, Any], lacking: list[str], facts: dict[str, Any]
) -> ServiceDenied:
    if _PROTECTED.search(said):
        return ServiceDenied(
            f"the branch is protected: {said}",
            hint="push to another branch and open a pull request", data={"protected": True}, **facts,
        )  # fmt: skip
    if sso := headers.get("x-github-sso"):
        url = re.search(r"url=(https://[^\s;,]+)", str(sso))
        where = url[1].partition("?")[0] if url else "its settings on GitHub"
        return ServiceDenied(
            f"the organisation wants single sign-on for this token: {said}",
            hint=f"authorise the token for the organisation at {where}", **facts,
        )  # fmt: skip
    if lacking:
        return ServiceDenied(
            f"the token lacks the scope {' or '.join(lacking)}",
            hint=f"give it the scope {' or '.join(lacking)}, or store a token that has it",
            data={"missing_scopes": lacking, "scopes": words(headers.get("x-oauth-scopes"))}, **facts,
        )  # fmt: skip
    if needed := headers.get("x-accepted-github-permissions"):
        return ServiceDenied(
            f"the token may not do this: {said}",
            hint=f"give the fine-grained token the permission {str(needed)[:_SHOWN]} for this repository",
            data={"missing_permissions": str(needed)[:_SHOWN]}, **facts,
        )  # fmt: skip
    return ServiceDenied(
        f"GitHub does not allow this: {said}",
        hint="ask an owner of the repository, or use a token that may do it", **facts,
    )  # fmt: skip


def _on_the_way(error: RequestException, operation: str, *, writes: bool) -> ExternalError:
    from requests import exceptions
    from urllib3.exceptions import NewConnectionError, ReadTimeoutError

    inner: Any = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    if isinstance(error, exceptions.Timeout) or isinstance(reason, ReadTimeoutError):
        return ServiceTimeout(
            "GitHub did not answer in time", service="github", operation=operation,
            hint="try again; if it stays so, check the network",
            maybe_done=writes and not isinstance(error, exceptions.ConnectTimeout),
        )  # fmt: skip
    if isinstance(error, exceptions.RetryError):
        return ServiceUnavailable(
            "GitHub is down or overloaded", service="github", operation=operation,
            hint="try again later; www.githubstatus.com knows more", maybe_done=writes,
        )  # fmt: skip
    if isinstance(error, exceptions.SSLError):
        return ServiceUnreachable(
            "the certificate of GitHub's address cannot be trusted", service="github", operation=operation,
            hint="a proxy may stand between: REQUESTS_CA_BUNDLE names the certificates to trust",
        )  # fmt: skip
    if isinstance(error, exceptions.JSONDecodeError | exceptions.ContentDecodingError):
        return BadResponse(
            "GitHub's answer is unreadable", service="github", operation=operation, maybe_done=writes
        )
    was_never_sent = isinstance(error, exceptions.ProxyError) or isinstance(reason, NewConnectionError)
    return ServiceUnreachable(
        "no way leads to GitHub" if was_never_sent else "the connection to GitHub broke",
        service="github", operation=operation,
        hint="check the network, the proxy and VIBE_GITHUB_API_URL",
        maybe_done=writes and not was_never_sent,
    )  # fmt: skip


def _said(data: Any) -> str:
    """Return GitHub's own words: the message, and what it says about single fields."""
    if not isinstance(data, dict) or not isinstance(data.get("message"), str):
        return "it does not say why"
    parts = [data["message"]]
    for one in data.get("errors") or () if isinstance(data.get("errors"), list) else ():
        detail = one.get("message") or one.get("code") if isinstance(one, dict) else one
        if isinstance(detail, str) and detail not in parts:
            parts.append(detail)
    return "; ".join(" ".join(part.split()) for part in parts)[:_SHOWN].rstrip(". ")


def _is_limit(said: str, headers: Mapping[str, Any]) -> bool:
    is_spent = str(headers.get("x-ratelimit-remaining")) == "0"
    return is_spent or "retry-after" in headers or _LIMIT.search(said) is not None


def _retry_after_s(headers: Mapping[str, Any]) -> float:
    if (wait_s := _seconds(headers.get("retry-after"))) is not None:
        return wait_s
    reset = str(headers.get("x-ratelimit-reset"))
    if str(headers.get("x-ratelimit-remaining")) == "0" and reset.replace(".", "", 1).isdigit():
        return max(0.0, float(reset) - _clock(headers.get("date")))
    return _LIMIT_S


def _seconds(retry_after: Any) -> float | None:
    """Read a `Retry-After` header, which is a number of seconds or a date (RFC 9110, section 10.2.3)."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        then = email.utils.parsedate_tz(str(retry_after))
        return None if then is None else max(0.0, email.utils.mktime_tz(then) - time.time())


def _clock(date: Any) -> float:
    """Return the time by GitHub's clock, in seconds, since ours may be wrong."""
    then = email.utils.parsedate_tz(str(date)) if date else None
    return time.time() if then is None else email.utils.mktime_tz(then)


def words(header: Any) -> list[str]:
    """Return the words of a header that lists some."""
    return [word for word in re.split(r"[,\s]+", str(header or "")) if word]
