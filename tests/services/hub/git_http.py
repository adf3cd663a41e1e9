"""Clones of the fake hub's repositories over HTTP, by `git http-backend`."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from tests.services.hub.answers import Answer, refusal

if TYPE_CHECKING:
    from tests.services.hub.routes import Asked
    from tests.services.hub.state import HubState

__all__ = ["git_answer"]

_GIT = re.compile(
    r"/(?:(?P<kind>dataset|space)s/)?(?P<id>[^/]+/[^/]+?)(?:\.git)?/(?P<rest>info/refs|git-upload-pack)"
)


def git_answer(hub: HubState, asked: Asked) -> Answer | None:
    """Answer a request of git's, or None if it is none."""
    found = _GIT.fullmatch(asked.path)
    if found is None or asked.path.startswith("/api/"):
        return None
    with hub.lock:
        repository = hub.repositories.get((found["kind"] or "model", found["id"]))
    is_owner = (
        repository is not None and asked.account is not None and asked.account.owns(repository.namespace)
    )
    if repository is None or (repository.private and not is_owner):
        if asked.account is None:
            refused = refusal(401, "Invalid username or password.")
            refused.headers["WWW-Authenticate"] = 'Basic realm="Authentication required"'
            return refused
        return refusal(404, "Repository not found")
    query = asked.target.partition("?")[2]
    if "git-receive-pack" in query:
        return refusal(403, "The fake hub takes commits by its API only")
    environment = {
        "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(repository.git.path.parent),
        "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": f"/{repository.git.path.name}/{found['rest']}",
        "QUERY_STRING": query, "REQUEST_METHOD": asked.method, "GIT_CONFIG_NOSYSTEM": "1",
        "CONTENT_TYPE": asked.headers.get("content-type", ""), "CONTENT_LENGTH": str(len(asked.body)),
        "HTTP_CONTENT_ENCODING": asked.headers.get("content-encoding", ""),
        "GIT_PROTOCOL": asked.headers.get("git-protocol", ""), "GIT_CONFIG_GLOBAL": os.devnull,
    }  # fmt: skip
    done = subprocess.run(
        ["git", "http-backend"],
        input=asked.body,
        capture_output=True,
        env=environment,
        timeout=60,
        check=True,
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    status = int(headers.pop("Status", "200").split()[0])
    return Answer(status, body, headers)
