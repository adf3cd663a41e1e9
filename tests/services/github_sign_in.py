"""What GitHub does at sign-in and the emulator does not: PKCE is checked, and there is a device flow.

No request is made here: the front hands over what was sent, and asks the emulator for tokens itself.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DEVICE_GRANT", "DeviceFlow", "Pkce"]

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Pkce:
    """Holds a code exchange to the challenge of its sign-in (RFC 7636)."""

    def __init__(self) -> None:
        self._by_state: dict[str, tuple[str, str]] = {}
        self._by_code: dict[str, tuple[str, str]] = {}

    def authorize(self, query: Mapping[str, str]) -> None:
        """Remember the challenge of a sign-in that begins."""
        if challenge := query.get("code_challenge"):
            method = query.get("code_challenge_method", "plain")
            self._by_state[query.get("state", "")] = (challenge, method)

    def redirected(self, location: str) -> None:
        """Bind the code in a redirect to the challenge of its sign-in."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
        challenge = self._by_state.pop(query.get("state", ""), None)
        if challenge is not None and "code" in query:
            self._by_code[query["code"]] = challenge

    def is_verified(self, form: Mapping[str, str]) -> bool:
        """Say whether the verifier fits the code (section 4.6)."""
        if (bound := self._by_code.get(form.get("code", ""))) is None:
            return True
        challenge, method = bound
        verifier = form.get("code_verifier", "")
        if method == "S256":
            digest = hashlib.sha256(verifier.encode()).digest()
            verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return verifier == challenge


@dataclass
class _Device:
    client_id: str
    scope: str
    user_code: str
    login: str | None = None
    is_denied: bool = False
    asked_at: float | None = None
    interval_s: float = 5.0


class DeviceFlow:
    """Device codes and who has allowed them (RFC 8628).

    Args:
        page: where the person enters the code.
    """

    def __init__(self, page: Callable[[], str]) -> None:
        self.now: Callable[[], float] = time.monotonic
        """The clock, in seconds, by which polling too fast is noticed; a test may set its own."""
        self._page = page
        self._devices: dict[str, _Device] = {}

    def begin(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer `POST /login/device/code`."""
        device_code = secrets.token_hex(20)
        user_code = f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()
        self._devices[device_code] = _Device(form.get("client_id", ""), form.get("scope", ""), user_code)
        return {
            "device_code": device_code, "user_code": user_code, "verification_uri": self._page(),
            "expires_in": 899, "interval": 5,
        }  # fmt: skip

    def allow(self, user_code: str, login: str) -> None:
        """Do what the person `login` does on the page."""
        self._of(user_code).login = login

    def deny(self, user_code: str) -> None:
        """Do what a person does who did not ask for this."""
        self._of(user_code).is_denied = True

    def expire(self) -> None:
        """Let 15 minutes pass for all codes."""
        self._devices.clear()

    def poll(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a poll: an error as GitHub words it, or `login` and `scope` of a token that is due."""
        device = self._devices.get(form.get("device_code", ""))
        if device is None or device.client_id != form.get("client_id"):
            return {"error": "expired_token", "error_description": "The device code has expired."}
        if device.is_denied:
            return {"error": "access_denied", "error_description": "The authorization was denied."}
        now, before = self.now(), device.asked_at
        device.asked_at = now
        if before is not None and now - before < device.interval_s:
            device.interval_s += 5
            return {"error": "slow_down", "interval": device.interval_s}
        if device.login is None:
            return {"error": "authorization_pending", "error_description": "The authorization is pending."}
        del self._devices[form["device_code"]]
        return {"login": device.login, "scope": device.scope}

    def _of(self, user_code: str) -> _Device:
        return next(device for device in self._devices.values() if device.user_code == user_code)
