"""A front for the GitHub emulator (npm `emulate`): stricter, as GitHub is, with faults on demand and a journal.

What it mends, and what neither does, is listed in DIFFERENCES.md. It runs in threads of the test's process; other
processes reach it by its address.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tests.services.git_http import git_answer, is_git_path, password_of, read_body
from tests.services.github_rules import Answer, Rules, json_answer
from tests.services.github_sign_in import DEVICE_GRANT, DeviceFlow, Pkce

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Asked", "Fault", "GitHubFront"]

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


@dataclass(frozen=True)
class Fault:
    """What happens to some requests in place of, or beside, their answer.

    Args:
        pattern: regular expression for `METHOD /path?query`.
        status: answer so, without asking the emulator; None: let it through.
        headers: of that answer.
        body: of that answer: JSON, or text as it is.
        drop: break the connection `before` the emulator has seen the request, or `after`, when it was done.
        latency_s: wait so long first, in seconds.
        hold: wait for this event first.
        times: how many requests it befalls.
        skip: how many it spares first.
    """

    pattern: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    drop: Literal["before", "after"] | None = None
    latency_s: float = 0
    hold: threading.Event | None = None
    times: int = 1
    skip: int = 0


class Asked(NamedTuple):
    """A line of the journal: no header, since they hold tokens, and no body of a sign-in."""

    line: str
    status: int | None
    body: Any


@dataclass
class _Planned:
    fault: Fault
    skip: int
    times: int


class GitHubFront:
    """Stands before an emulator, which is to be told `url` as its own address.

    Args:
        scopes: of each token that is known from the start.
        apps: secret of each OAuth app by its client id.
        git_root: bare repositories that are served as `/owner/name.git`; None: there are none.
    """

    def __init__(
        self, scopes: Mapping[str, list[str]], apps: Mapping[str, str], git_root: Path | None = None
    ) -> None:
        self.scopes = dict(scopes)
        self.apps = dict(apps)
        self.git_root = git_root
        self.upstream_port = 0
        self.pkce = Pkce()
        self.devices = DeviceFlow(lambda: f"{self.url}/login/device")
        self.began = threading.Event()
        """Is set when a fault begins to hold a request."""
        self._journal: list[Asked] = []
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()
        self.logins: dict[str, str] = {}
        front = self

        class Handler(_Handler):
            """Requests to this front."""

        Handler.front = front
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens: the REST API, the pages and git."""
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
            self._planned += [_Planned(fault, fault.skip, fault.times) for fault in faults]

    def reset(self) -> None:
        """Forget faults and journal, before the next test."""
        with self._lock:
            self._planned.clear()
            self._journal.clear()
            self.began.clear()

    @property
    def journal(self) -> list[Asked]:
        """Return what was asked and answered so far."""
        with self._lock:
            return list(self._journal)

    def asked(self, pattern: str = "") -> list[str]:
        """Return the lines of the requests so far that match."""
        return [one.line for one in self.journal if re.search(pattern, one.line)]

    def bodies(self, pattern: str) -> list[Any]:
        """Return the bodies of the requests so far that match."""
        return [one.body for one in self.journal if re.search(pattern, one.line)]

    def note(self, asked: Asked) -> None:
        """Write a line into the journal."""
        with self._lock:
            self._journal.append(asked)

    def fault_for(self, line: str) -> Fault | None:
        """Return the fault that befalls a request now."""
        with self._lock:
            for planned in self._planned:
                if planned.times and re.search(planned.fault.pattern, line):
                    if planned.skip:
                        planned.skip -= 1
                        continue
                    planned.times -= 1
                    return planned.fault
        return None

    def learn_token(self, answer: Answer) -> None:
        """Remember the token that the emulator has just given."""
        text = answer.body.decode()
        said = json.loads(text) if text.startswith("{") else dict(urllib.parse.parse_qsl(text))
        if token := said.get("access_token"):
            self.scopes[token] = re.split(r"[,\s]+", said.get("scope") or "repo user")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    front: GitHubFront

    def log_message(self, *_: Any) -> None:
        """Say nothing: a request's line may hold what is secret."""

    def serve(self) -> None:
        """Answer one request."""
        data = read_body(self)
        fault = self.front.fault_for(f"{self.command} {self.path}") or Fault("")
        if fault.hold is not None:
            self.front.began.set()
            fault.hold.wait(30)
        if fault.latency_s:
            time.sleep(fault.latency_s)
        answer = None
        if fault.status is not None:
            text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body or {})
            headers = {"Content-Type": "application/json", **fault.headers}
            answer = Answer(fault.status, text.encode(), headers)
        elif fault.drop != "before":
            answer = self._answer_to(data)
        self._note(data, answer)
        with contextlib.suppress(ConnectionError):  # a client that did not wait
            if answer is None or fault.drop is not None:
                self.close_connection = True
                self.connection.close()
            else:
                self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815 - http.server's names

    def _answer_to(self, data: bytes) -> Answer:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if self.front.git_root is not None and is_git_path(self.path):
            return self._git(self.front.git_root, data)
        if url.path.startswith("/login/"):
            return self._sign_in(url.path, query, data)
        scheme, _, token = (self.headers.get("authorization") or "").partition(" ")
        if scheme and token not in self.front.scopes:
            return json_answer(401, {"message": "Bad credentials", "status": "401"})
        rules = Rules(
            self.front.scopes, self.front.logins, lambda path: self._upstream("GET", path, b""), token
        )
        answer = rules.refusal(self.command, url.path, data)
        if answer is None:
            answer = rules.mended(self.command, url.path, self._upstream(self.command, self.path, data))
        return answer._replace(headers={**answer.headers, **rules.headers(self.command, url.path)})

    def _sign_in(self, path: str, query: dict[str, str], data: bytes) -> Answer:
        is_json = "application/json" in (self.headers.get("content-type") or "")
        form = json.loads(data or b"{}") if is_json else dict(urllib.parse.parse_qsl(data.decode()))
        if path == "/login/device/code":
            return json_answer(200, self.front.devices.begin(form))
        if path == "/login/oauth/authorize":
            self.front.pkce.authorize(query)
        if path == "/login/oauth/access_token":
            if form.get("grant_type") == DEVICE_GRANT:
                return self._device_token(form)
            if not self.front.pkce.is_verified(form):
                said = "The code passed is incorrect or expired."
                return json_answer(200, {"error": "bad_verification_code", "error_description": said})
        answer = self._upstream(self.command, self.path, data)
        self.front.pkce.redirected(answer.headers.get("location", ""))
        if path == "/login/oauth/access_token":
            self.front.learn_token(answer)
        return answer

    def _device_token(self, form: dict[str, str]) -> Answer:
        """Answer a poll; a token that is due is one that the emulator gives for a code."""
        due = self.front.devices.poll(form)
        if "login" not in due:
            return json_answer(200, due)
        client = {"client_id": form["client_id"]}
        consent = {**client, **due, "redirect_uri": "http://127.0.0.1/", "state": ""}
        redirect = self._form("/login/oauth/callback", consent)
        code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(redirect.headers["location"]).query))["code"]
        exchange = {**client, "client_secret": self.front.apps[form["client_id"]], "code": code}
        answer = self._form("/login/oauth/access_token", exchange)
        self.front.learn_token(answer)
        return answer

    def _form(self, path: str, fields: dict[str, str]) -> Answer:
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        return self._upstream("POST", path, urllib.parse.urlencode(fields).encode(), headers)

    def _git(self, root: Path, data: bytes) -> Answer:
        if password_of(self.headers.get("authorization") or "") not in self.front.scopes:
            return Answer(401, b"", {"WWW-Authenticate": 'Basic realm="GitHub"'})
        return Answer(*git_answer(root, self.command, self.path, self.headers, data))

    def _upstream(
        self, method: str, path: str, data: bytes, headers: Mapping[str, str] | None = None
    ) -> Answer:
        given = self.headers if headers is None else headers
        left_out = {*_HOP_BY_HOP, "accept-encoding"}
        sent = {name: value for name, value in given.items() if name.lower() not in left_out}
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", self.front.upstream_port)
        ) as emulator:
            emulator.request(method, path, data or None, sent)
            reply = emulator.getresponse()
            found = {
                name.lower(): value for name, value in reply.getheaders() if name.lower() not in _HOP_BY_HOP
            }
            return Answer(reply.status, reply.read(), found)

    def _note(self, data: bytes, answer: Answer | None) -> None:
        body: Any = None
        if data and not self.path.startswith("/login/") and not is_git_path(self.path):
            body = json.loads(data)
        line = f"{self.command} {self.path}"
        if self.path.startswith("/login/"):
            line = line.partition("?")[0]  # a code, a state
        self.front.note(Asked(line, None if answer is None else answer.status, body))

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        if not any(name.lower() == "date" for name in answer.headers):
            self.send_header("Date", self.date_time_string())
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
