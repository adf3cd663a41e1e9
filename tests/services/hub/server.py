"""The fake hub as a server of this machine, in threads of this process."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.services.hub.answers import Answer, refusal
from tests.services.hub.faults import Fault, Faults, JournalEntry
from tests.services.hub.git_http import git_answer
from tests.services.hub.routes import Asked, LogStream, route
from tests.services.hub.state import Account, HubState, Repository

__all__ = ["FakeHub"]

_KEEP_ALIVE_S = 15.0


class FakeHub:
    """A hub on a free port of 127.0.0.1; a context manager.

    Args:
        folder: where its repositories and large files lie.
        tokens: whose they are.
    """

    def __init__(self, folder: Path, tokens: dict[str, Account]) -> None:
        self.state = HubState(folder)
        self.state.tokens = dict(tokens)
        self.faults = Faults()
        self.over = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="fake-hub", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self.over.set()
        self.state.end()
        self._server.shutdown()
        self._thread.join()
        self._server.close_connections()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def plan(self, pattern: str, **what: Any) -> None:
        """Let something go wrong; see `Fault`."""
        self.faults.plan(Fault(pattern, **what))

    def repository(self, kind: str, repo_id: str) -> Repository:
        with self.state.lock:
            return self.state.repositories[kind, repo_id]

    def titles(self, kind: str, repo_id: str) -> list[str]:
        """Return the titles of all commits, the newest first."""
        return [one.title for one in self.repository(kind, repo_id).git.log("main")]

    def content(self, kind: str, repo_id: str, path: str) -> bytes | None:
        """Return a file of the newest commit, a large one whole."""
        repository = self.repository(kind, repo_id)
        entry = next((one for one in repository.git.tree("main") if one.path == path), None)
        if entry is None:
            return None
        if entry.pointer is not None:
            return self.state.storage.read(entry.pointer.oid)
        return repository.git.read("main", path)

    def paths(self, kind: str, repo_id: str) -> list[str]:
        return [one.path for one in self.repository(kind, repo_id).git.tree("main")]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: FakeHub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing if a client has gone; everything else is a bug of ours, and shown."""
        import sys

        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = (
        True  # head and body are two packets; the second must not wait for the first's receipt
    )
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        hub = self.server.hub
        body = self._body()
        fault = hub.faults.for_request(f"{self.command} {self.path}")
        if fault is not None and fault.stall:
            hub.over.wait()
        if fault is not None and (fault.drop == "before" or fault.stall):
            self._note(0)
            self._break_off()
            return
        try:
            answer = self._faulty(fault) or self._answer(hub, body)
        except LogStream as stream:
            self._note(200)
            self._stream(stream, broken=fault is not None and fault.drop == "middle")
            return
        if fault is not None and fault.garble:
            answer = Answer(200, fault.body, {"Content-Type": "application/json"})
        if fault is not None and fault.drop == "after":
            self._note(0)
            self._break_off()
            return
        self._note(answer.status)
        self._send(answer, half=fault is not None and fault.drop == "middle")

    def _faulty(self, fault: Fault | None) -> Answer | None:
        if fault is None or fault.status is None:
            return None
        return Answer(fault.status, fault.body, {"Content-Type": "application/json", **fault.headers})

    def _answer(self, hub: FakeHub, body: bytes) -> Answer:
        try:
            headers = {name.lower(): value for name, value in self.headers.items()}
            account = self._account(hub, headers)
            asked = Asked(self.command, self.path, headers, body, account, hub.url)
            if (git := git_answer(hub.state, asked)) is not None:
                return git
            with hub.state.lock:
                return route(hub.state, asked)
        except Answer as answer:
            return answer

    def _account(self, hub: FakeHub, headers: dict[str, str]) -> Account | None:
        scheme, _, credential = headers.get("authorization", "").partition(" ")
        if not credential:
            return None
        if scheme.lower() == "basic":  # git: any name, the token as password
            credential = base64.b64decode(credential).decode().partition(":")[2]
        account = hub.state.tokens.get(credential)
        if account is None:
            raise refusal(401, "Invalid credentials in Authorization header")
        return account

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size + 2)[:-2])
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, answer: Answer, *, half: bool = False) -> None:
        self.send_response(answer.status)
        request_id = f"Root=1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"
        for name, value in {"X-Request-Id": request_id, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(answer.body[: len(answer.body) // 2] if half else answer.body)
        if half:
            self._break_off()

    def _stream(self, stream: LogStream, *, broken: bool) -> None:
        """Send a log as it grows, until it is closed; or break off after the first line."""
        space = stream.repository.space
        assert space is not None
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        log = space.logs[stream.kind]
        sent = 0
        while True:
            with space.changed:
                lines, closed = log.lines[sent:], log.closed
                if not lines and not closed and not space.ended:
                    is_news = space.changed.wait(_KEEP_ALIVE_S)
                    if not is_news:
                        lines = []
                closed = closed or space.ended
            for line in lines:
                self._chunk(b"data: " + json.dumps(line).encode() + b"\n\n")
                if broken:
                    self._break_off()
                    return
            if not lines and not closed:
                self._chunk(b"data:\n\n")  # a sign of life
            sent += len(lines)
            if closed and sent >= len(log.lines):
                self._chunk(b"")
                return

    def _chunk(self, part: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))

    def _note(self, status: int) -> None:
        authorized = "authorization" in {name.lower() for name in self.headers}
        agent = self.headers.get("user-agent", "")
        self.server.hub.faults.note(JournalEntry(self.command, self.path, status, authorized, agent))

    def _break_off(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the names of the base class
