"""A front for the GitHub emulator (npm `emulate`): stricter, as GitHub is, with faults on demand and a journal.

What it mends and what it leaves is listed in DIFFERENCES.md. It runs in threads of the test's process; other processes
reach it by its address.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import secrets
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Asked", "Fault", "GitHubFront"]

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"})
_NOT_SENT_ON = frozenset({"connection", "host", "accept-encoding", "content-length"})
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True)
class Fault:
    """What happens to some requests in place of, or beside, their answer.

    Args:
        pattern: regular expression for `METHOD /path?query`.
        status: answer so instead; None: let it through.
        headers: of that answer.
        body: of that answer: JSON, or text as it is.
        drop: break the connection: `before` the emulator has seen the request, or `after`, so that it was done.
        latency_s: wait so long first, in seconds.
        times: how many requests it befalls.
        skip: how many it spares first.
    """

    pattern: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    drop: str | None = None
    latency_s: float = 0
    times: int = 1
    skip: int = 0


class Asked(NamedTuple):
    """A line of the journal: never a header, since they hold tokens."""

    method: str
    path: str
    status: int | None
    body: Any

    @property
    def line(self) -> str:
        """The request's line."""
        return f"{self.method} {self.path}"


@dataclass
class _Device:
    client_id: str
    scope: str
    user_code: str
    login: str | None = None
    is_denied: bool = False
    asked_at: float = 0.0
    interval_s: float = 5.0


class GitHubFront:
    """Stands before an emulator.

    Args:
        upstream_port: where the emulator listens.
        scopes: of each token that is known.
        now: the clock, in seconds, by which polling too fast is noticed.
    """

    def __init__(
        self, scopes: Mapping[str, list[str]], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.upstream_port = 0
        self.scopes = dict(scopes)
        self.journal: list[Asked] = []
        self.now = now
        self._faults: list[list[Any]] = []
        self._lock = threading.Lock()
        self._challenges: dict[str, tuple[str, str]] = {}
        self._challenge_of_state: dict[str, tuple[str, str]] = {}
        self._devices: dict[str, _Device] = {}
        front = self

        class Handler(_Handler):
            """Requests to this front."""

        Handler.front = front
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens: the REST API and the pages."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def inject(self, *faults: Fault) -> None:
        """Let something happen to the next requests that match."""
        with self._lock:
            self._faults += [[fault, fault.skip, fault.times] for fault in faults]

    def reset(self) -> None:
        """Forget faults and journal, before the next test."""
        with self._lock:
            self._faults.clear()
            self.journal.clear()

    def asked(self, pattern: str = "") -> list[str]:
        """Return the lines of the requests so far that match."""
        with self._lock:
            return [one.line for one in self.journal if re.search(pattern, one.line)]

    def bodies(self, pattern: str) -> list[Any]:
        """Return the bodies of the requests so far that match."""
        with self._lock:
            return [one.body for one in self.journal if re.search(pattern, one.line)]

    def note(self, asked: Asked) -> None:
        """Write a line into the journal."""
        with self._lock:
            self.journal.append(asked)

    def fault_of(self, line: str) -> Fault | None:
        """Return the fault that befalls a request."""
        with self._lock:
            for entry in self._faults:
                fault, skip, times = entry
                if not times or not re.search(fault.pattern, line):
                    continue
                if skip:
                    entry[1] -= 1
                    continue
                entry[2] -= 1
                return cast("Fault", fault)
        return None

    # OAuth: what the emulator does not check

    def remember_challenge(self, query: Mapping[str, str]) -> None:
        """Remember the PKCE challenge of a sign-in by its state."""
        if challenge := query.get("code_challenge"):
            method = query.get("code_challenge_method", "plain")
            self._challenge_of_state[query.get("state", "")] = (challenge, method)

    def bind_code(self, location: str) -> None:
        """Bind the code of a redirect to the challenge of its sign-in."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
        if "code" in query and (challenge := self._challenge_of_state.pop(query.get("state", ""), None)):
            self._challenges[query["code"]] = challenge

    def is_verified(self, form: Mapping[str, str]) -> bool:
        """Say whether the verifier is the one whose challenge the code was given for (RFC 7636, section 4.6)."""
        challenge, method = self._challenges.get(form.get("code", ""), ("", ""))
        if not challenge:
            return True
        verifier = form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        is_right = (
            base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
            if method == "S256"
            else verifier == challenge
        )
        if is_right:
            del self._challenges[form["code"]]
        return is_right

    # Device flow (RFC 8628), which the emulator does not have

    def begin_device(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer `POST /login/device/code`."""
        device_code = secrets.token_hex(20)
        user_code = f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()
        self._devices[device_code] = _Device(form.get("client_id", ""), form.get("scope", ""), user_code)
        return {
            "device_code": device_code, "user_code": user_code, "expires_in": 899, "interval": 5,
            "verification_uri": f"{self.url}/login/device",
        }  # fmt: skip

    def enter_user_code(self, user_code: str, login: str | None) -> None:
        """Do what the person does at the verification page: allow it as `login`, or deny it."""
        device = next(one for one in self._devices.values() if one.user_code == user_code)
        device.login, device.is_denied = login, login is None

    def expire_devices(self) -> None:
        """Let 15 minutes pass for all device codes."""
        self._devices.clear()

    def poll_device(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a poll for a device's token; `login` stands in it for a token that has yet to be made."""
        device = self._devices.get(form.get("device_code", ""))
        if device is None or device.client_id != form.get("client_id"):
            return {"error": "expired_token", "error_description": "The device code has expired."}
        if device.is_denied:
            return {"error": "access_denied", "error_description": "The authorization was denied."}
        now, before = self.now(), device.asked_at
        device.asked_at = now
        if before and now - before < device.interval_s:
            device.interval_s += 5
            return {"error": "slow_down", "interval": device.interval_s}
        if device.login is None:
            return {"error": "authorization_pending"}
        del self._devices[form["device_code"]]
        return {"login": device.login, "scope": device.scope}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    front: GitHubFront

    def log_message(self, *_: Any) -> None:
        """Say nothing: a request's line may hold what is secret."""

    def serve(self) -> None:
        data = self.rfile.read(int(self.headers.get("content-length") or 0))
        line = f"{self.command} {self.path}"
        fault = self.front.fault_of(line)
        if fault is not None and fault.latency_s:
            time.sleep(fault.latency_s)
        if fault is not None and fault.drop == "before":
            self._broken(None, data)
        elif fault is not None and fault.status is not None:
            body = fault.body if isinstance(fault.body, str) else json.dumps(fault.body or {})
            self._answer(fault.status, body.encode(), {"Content-Type": "application/json", **fault.headers}, data)
        else:
            status, body_bytes, headers = self._handled(data)
            if fault is not None and fault.drop == "after":
                self._broken(status, data)
            else:
                self._answer(status, body_bytes, headers, data)

    def _handled(self, data: bytes) -> tuple[int, bytes, dict[str, str]]:
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith("/login/"):
            return self._sign_in(url, data)
        scheme, _, token = (self.headers.get("authorization") or "").partition(" ")
        if scheme and token not in self.front.scopes:
            return _json(401, {"message": "Bad credentials", "status": "401"})
        refusal = self._refused(url.path, token, data)
        if refusal is not None:
            return refusal
        path = self.path
        if self.command in ("PATCH", "DELETE"):
            path = path.replace("/git/ref/", "/git/refs/")
        status, body, headers = self._upstream(self.command, path, data)
        if status == 403 and re.match(r"/repos/[^/]+/[^/]+", url.path) and _is_forbidden(body):
            status, body, _ = _json(404, {"message": "Not Found", "status": "404"})  # a private one is not shown
        return status, _mended(body, headers), {**headers, **self._scope_headers(token)}

    def _refused(self, path: str, token: str, data: bytes) -> tuple[int, bytes, dict[str, str]] | None:
        """Return what GitHub answers where the emulator is lenient; None if it is not."""
        scopes = self.front.scopes.get(token)
        writes = self.command != "GET"
        if writes and scopes is not None and path.startswith(("/repos/", "/user/repos", "/orgs/")):
            if not {"repo", "public_repo"} & set(scopes):
                status, body, headers = _json(404, {"message": "Not Found", "status": "404"})
                return status, body, {**headers, **self._scope_headers(token)}
        repository = re.match(r"/repos/[^/]+/[^/]+", path)
        if repository is None:
            return None
        is_git_data = re.search(r"/git/(refs?|trees|blobs|commits)(/|$)", path)
        if is_git_data and self._is_empty(repository[0]):
            return _json(409, {"message": "Git Repository is empty.", "status": "409"})
        if self.command == "POST" and path.endswith("/pulls"):
            return self._duplicate(repository[0], json.loads(data or b"{}"))
        if self.command == "POST" and path.endswith("/git/trees"):
            return _bad_tree(json.loads(data or b"{}"))
        return None

    def _is_empty(self, repository: str) -> bool:
        status, body, _ = self._upstream("GET", f"{repository}/branches?per_page=1", b"")
        return status == 200 and json.loads(body) == []

    def _duplicate(self, repository: str, wanted: dict[str, Any]) -> tuple[int, bytes, dict[str, str]] | None:
        status, body, _ = self._upstream("GET", f"{repository}/branches?per_page=100", b"")
        heads = {one["name"]: one["commit"]["sha"] for one in json.loads(body)} if status == 200 else {}
        head, base = str(wanted.get("head", "")), wanted.get("base")
        name = head.rpartition(":")[2]
        errors: list[Any] = []
        if ":" not in head and name not in heads:
            errors = [{"resource": "PullRequest", "field": "head", "code": "invalid"}]
        elif base not in heads:
            errors = [{"resource": "PullRequest", "field": "base", "code": "invalid"}]
        elif ":" not in head and heads[name] == heads[base]:
            errors = [{"resource": "PullRequest", "code": "custom", "message": f"No commits between {base} and {name}"}]
        else:
            _, body, _ = self._upstream("GET", f"{repository}/pulls?state=open&per_page=100", b"")
            if any((one["head"]["ref"], one["base"]["ref"]) == (name, base) for one in json.loads(body)):
                message = f"A pull request already exists for {head}."
                errors = [{"resource": "PullRequest", "code": "custom", "message": message}]
        return _json(422, {"message": "Validation Failed", "errors": errors, "status": "422"}) if errors else None

    def _sign_in(self, url: urllib.parse.SplitResult, data: bytes) -> tuple[int, bytes, dict[str, str]]:
        is_json = "application/json" in (self.headers.get("content-type") or "")
        form = json.loads(data or b"{}") if is_json else dict(urllib.parse.parse_qsl(data.decode()))
        if url.path == "/login/device/code":
            return _json(200, self.front.begin_device(form))
        if url.path == "/login/oauth/authorize":
            self.front.remember_challenge(dict(urllib.parse.parse_qsl(url.query)))
        if url.path == "/login/oauth/access_token":
            if form.get("grant_type") == _DEVICE_GRANT:
                return self._device_token(form)
            if not self.front.is_verified(form):
                said = "The code passed is incorrect or expired."
                return _json(200, {"error": "bad_verification_code", "error_description": said})
        status, body, headers = self._upstream(self.command, self.path, data)
        if location := headers.get("Location") or headers.get("location"):
            self.front.bind_code(location)
        if url.path == "/login/oauth/access_token":
            self._learn(body)
        return status, body, headers

    def _device_token(self, form: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        """Answer a poll; a token that is due is one that the emulator gives for a code."""
        answer = self.front.poll_device(form)
        if "login" not in answer:
            return _json(200, answer)
        status, apps = 200, self.front.apps
        fields = {"login": answer["login"], "scope": answer["scope"], "client_id": form["client_id"],
                  "redirect_uri": "http://127.0.0.1/", "state": ""}
        status, _, headers = self._upstream("POST", "/login/oauth/callback", urllib.parse.urlencode(fields).encode())
        code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers["location"]).query))["code"]
        exchange = {"code": code, "client_id": form["client_id"], "client_secret": apps[form["client_id"]]}
        status, body, headers = self._upstream(
            "POST", "/login/oauth/access_token", urllib.parse.urlencode(exchange).encode()
        )
        self._learn(body)
        return status, body, headers
