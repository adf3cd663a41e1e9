"""Real git repositories over HTTP: `git http-backend` behind the standard library, for reading only."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["commit_files", "git", "serve_repositories"]

_AUTHOR = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in {
        "NAME": "Test",
        "EMAIL": "test@example.com",
        "DATE": "2026-01-01T00:00:00Z",
    }.items()
}


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, with no configuration but the folder's own, and return its output."""
    environment = os.environ | _AUTHOR | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit_files(folder: Path, files: dict[str, str], *, tag: str | None = None) -> str:
    """Commit files to the repository of a folder, which is made if there is none; return the commit's name."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "change")
    if tag:
        git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")


@contextlib.contextmanager
def serve_repositories(root: Path) -> Iterator[str]:
    """Serve the repositories below a folder, and yield the URL of the folder.

    `/private/...` wants a password, `/moved/...` redirects to `/...`, `/broken/...` answers what is no git.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Be quiet."""

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            url = urlsplit(self.path)
            kind = url.path.split("/")[1]
            if kind == "private":
                self.answer(401, {"WWW-Authenticate": 'Basic realm="git"'})
            elif kind == "moved":
                self.answer(301, {"Location": self.path.removeprefix("/moved")})
            elif kind == "broken":
                self.answer(200, {"Content-Type": "text/html"}, b"<p>Welcome")
            else:
                self.answer(*self.backend(url.path, url.query, body))

        def backend(self, path: str, query: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
            variables = {
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("content-type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
                "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
            }
            done = subprocess.run(
                ["git", "http-backend"],
                input=body,
                env=os.environ | variables,
                capture_output=True,
                check=False,  # it fails after an answer that says why
            )
            head, _, data = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            return int(headers.pop("Status", "200").split()[0]), headers, data

        def answer(self, status: int, headers: dict[str, str], data: bytes = b"") -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = serve  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
