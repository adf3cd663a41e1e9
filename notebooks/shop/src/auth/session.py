"""Who is signed in."""

from __future__ import annotations

import hashlib
import hmac
import secrets

SESSION_LIFETIME_S = 3600


class LoginFailed(Exception):
    """Name and password do not belong together."""


def login(users: dict[str, str], name: str, password: str) -> str:
    """Check a password and return a new session's id."""
    stored = users.get(name, "")
    given = hashlib.sha256(password.encode()).hexdigest()
    if not hmac.compare_digest(stored, given):
        raise LoginFailed(name)
    return secrets.token_urlsafe(16)


def logout(sessions: set[str], session_id: str) -> None:
    """End a session."""
    sessions.discard(session_id)
