"""From what git says when it fails to the failures of `services/failures.py`; it has no codes, only words."""

from __future__ import annotations

import re

from vibe_jupyter.core.plain_text import clean
from vibe_jupyter.core.services.failures import (
    ExternalError,
    ServiceAuthFailed,
    ServiceDenied,
    ServiceInvalid,
    ServiceNotFound,
    ServiceRateLimited,
    ServiceTimeout,
    ServiceUnavailable,
    ServiceUnreachable,
)

__all__ = ["git_failure"]

_SHOWN = 300
_PREFIX = re.compile(r"^(fatal|error|remote): *", re.IGNORECASE)
_BROKEN = (
    r"could not resolve|failed to connect|couldn't connect|connection (refused|reset)|early eof|hung up"
    r"|unexpected disconnect|empty reply|rpc failed|network is unreachable"
)
_KINDS: tuple[tuple[str, type[ExternalError], str], ...] = (
    (r"returned error: 30\d|redirection", ServiceNotFound, "it has moved: use the address that it has today"),
    (r"repository.*not found|returned error: 4(04|10)", ServiceNotFound, "check the URL"),
    (r"remote branch .* not found", ServiceNotFound, "name a branch that is there"),
    (r"does not appear to be a git repository|does not exist", ServiceNotFound, "check the URL"),
    (r"returned error: 403|access denied", ServiceDenied, "use a token that may read it"),
    (r"returned error: 429", ServiceRateLimited, "wait, then do it again"),
    (r"returned error: 5\d\d", ServiceUnavailable, "try again later"),
    (r"too slow|timed out|timeout", ServiceTimeout, "try again, or take only the last commits (depth 1)"),
    (
        r"certificate|ssl|tls",
        ServiceUnreachable,
        "SSL_CERT_FILE or GIT_SSL_CAINFO name certificates to trust",
    ),
    (
        _BROKEN,
        ServiceUnreachable,
        "check the network, then do it again",
    ),
    (r"no space left|disk quota", ServiceInvalid, "make room on the disk, or take only the last commits"),
    (
        r"unable to checkout|invalid path|invalid argument",
        ServiceInvalid,
        "its files cannot lie on this machine",
    ),
    (r"transport '.*' not allowed", ServiceInvalid, "only http and https URLs are cloned"),
)
_AUTH = re.compile(
    r"authentication failed|could not read (username|password)|terminal prompts disabled|returned error: 401",
    re.IGNORECASE,
)


def git_failure(lines: list[str], *, operation: str, has_token: bool) -> ExternalError:
    """Return the failure that git's last words mean.

    Args:
        lines: what it wrote to standard error.
        operation: what it was to do.
        has_token: whether it had one to show.
    """
    text = "\n".join(lines)
    said = _said(lines)
    if _AUTH.search(text):
        who = "the token is not accepted" if has_token else "it is private, or there is none"
        hint = (
            "it has expired, was revoked or may not read this repository: store a new token"
            if has_token
            else "check the URL; for a private repository store a token that may read it"
        )
        return ServiceAuthFailed(
            f"the repository was not shown: {who}", service="git", operation=operation, hint=hint
        )
    for pattern, kind, hint in _KINDS:
        if re.search(pattern, text, re.IGNORECASE):
            return kind(f"git: {said}", service="git", operation=operation, hint=hint)
    return ExternalError(f"git failed: {said}", service="git", operation=operation)


def _said(lines: list[str]) -> str:
    """Return the line that says most: the first fatal one, else the last one."""
    fatal = [line for line in lines if line.startswith("fatal:")]
    line = (fatal or lines or ["it does not say why"])[0 if fatal else -1]
    return clean(_PREFIX.sub("", line), limit=_SHOWN)
