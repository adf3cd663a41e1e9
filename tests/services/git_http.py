"""Real git over HTTP with a token check: `git http-backend`, for clones and pushes by the git command."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["GitServer", "git", "git_answer", "is_git_path", "new_repository", "password_of"]

_PEOPLE = {
    "GIT_AUTHOR_NAME": "Alice", "GIT_AUTHOR_EMAIL": "alice@example.com",
    "GIT_COMMITTER_NAME": "Alice", "GIT_COMMITTER_EMAIL": "alice@example.com",
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
}  # fmt: skip


def git(*arguments: str, folder: Path) -> str:
    """Run git in a folder and return what it printed."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **_PEOPLE}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def new_repository(root: Path, full_name: str, commits: list[Mapping[str, str]]) -> str:
    """Make a bare repository below `root` with some commits, each with the text of its files; return the last one."""
    bare = root / f"{full_name}.git"
    bare.mkdir(parents=True)
    git("init", "-q", "--bare", "-b", "main", folder=bare)
    git("config", "http.receivepack", "true", folder=bare)
    git("config", "uploadpack.allowFilter", "true", folder=bare)
    if not commits:
        return ""
    work = root / f"{full_name.replace('/', '-')}-work"
    work.mkdir()
    git("init", "-q", "-b", "main", folder=work)
    for number, files in enumerate(commits, 1):
        for path, text in files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_text(text, encoding="utf-8")
        git("add", "-A", folder=work)
        git("commit", "-q", "-m", f"Commit {number}", folder=work)
    git("push", "-q", str(bare), "main", folder=work)
    return git("rev-parse", "HEAD", folder=work)


def is_git_path(path: str) -> bool:
    """Say whether a request's path is one of git's own."""
    return ".git/" in urllib.parse.urlsplit(path).path


def password_of(authorization: str) -> str:
    """Return the password of a `Basic` header."""
    kind, _, value = authorization.partition(" ")
    return base64.b64decode(value).decode().partition(":")[2] if kind.lower() == "basic" else ""


def git_answer(root: Path, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Any:
    """Let `git http-backend` answer a request; return its status, body and headers."""
    url = urllib.parse.urlsplit(path)
    cgi = {
        "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "tester",
        "PATH_INFO": urllib.parse.unquote(url.path), "QUERY_STRING": url.query, "REQUEST_METHOD": method,
        "CONTENT_TYPE": headers.get("content-type", ""), "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
    }  # fmt: skip
    done = subprocess.run(
        ["git", "http-backend"], input=body, env={**os.environ, **cgi}, capture_output=True, timeout=60
    )
    head, _, data = done.stdout.partition(b"\r\n\r\n")
    found = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
    return int(found.pop("Status", "200").split()[0]), data, found


def read_body(handler: BaseHTTPRequestHandler) -> bytes:
    """Read a request's body; git sends large packs in chunks."""
    if (handler.headers.get("transfer-encoding") or "").lower() != "chunked":
        return handler.rfile.read(int(handler.headers.get("content-length") or 0))
    parts = []
    while size := int(handler.rfile.readline(), 16):
        parts.append(handler.rfile.read(size + 2)[:-2])
    handler.rfile.readline()
    return b"".join(parts)


class GitServer:
    """Serves the bare repositories below a folder.

    Args:
        root: the folder; a repository `owner/name` is `owner/name.git` in it.
        tokens: one of them must be the password. Without any, everybody may read and push.

    Attributes:
        lines: what was asked.
        moved: by path, where a request is redirected to.
        refusals: by path, the status that a request is answered with.
        breaks: whether the connection breaks in the middle of a pack.
        hold: while it is not set, requests for packs wait; `held` is set when one does.
    """

    def __init__(self, root: Path, tokens: Collection[str] = ()) -> None:
        self.root = root
        self.tokens = frozenset(tokens)
        self.lines: list[str] = []
        self.moved: dict[str, str] = {}
        self.refusals: dict[str, int] = {}
        self.breaks = False
        self.hold = threading.Event()
        self.hold.set()
        self.held = threading.Event()
        owner = self

        class Handler(_Handler):
            """Requests to this server."""

        Handler.owner = owner
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextlib.contextmanager
    def running(self) -> Iterator[GitServer]:
        """Answer within this context."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.hold.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    owner: GitServer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def serve(self) -> None:
        """Answer one request; those for packs wait while the server holds them."""
        body = read_body(self)
        self.owner.lines.append(f"{self.command} {self.path}")
        if self.owner.tokens and password_of(self.headers.get("authorization", "")) not in self.owner.tokens:
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="git"'})
            return
        path = urllib.parse.urlsplit(self.path).path
        if path in self.owner.moved:
            self._answer(301, b"", {"Location": self.owner.moved[path]})
            return
        if path in self.owner.refusals:
            self._answer(self.owner.refusals[path], b"", {})
            return
        if self.command == "POST" and not self.owner.hold.is_set():
            self.owner.held.set()
            self.owner.hold.wait(30)
        status, data, headers = git_answer(self.owner.root, self.command, self.path, self.headers, body)
        if self.owner.breaks and self.command == "POST":
            self.close_connection = True
            headers, data = {**headers, "Content-Length": str(len(data))}, data[: len(data) // 2]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a client that was ended
            self._answer(status, data, headers)

    def _answer(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = serve  # noqa: N815 - http.server's names
