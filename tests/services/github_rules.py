"""Where GitHub is stricter than the emulator: who may do what, what is refused, what an answer says beside."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Answer", "Rules", "json_answer"]

_REPOSITORY = re.compile(r"/repos/[^/]+/[^/]+")
_OWN = re.compile(r"/repos/[^/]+/[^/]+(/(git|contents|topics|merges|branches)(/.*)?)?")
"""What only those may change who may push."""
_GIT_DATA = re.compile(r"/git/(ref|refs|trees|blobs|commits|matching-refs)(/|$)")
_WRITES_TO = ("/repos/", "/user/repos", "/orgs/")


class Answer(NamedTuple):
    """An answer over HTTP."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def json_answer(status: int, body: Any) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8"})


class Rules:
    """What holds for one request.

    Args:
        scopes: of each token.
        logins: whose token it is, as far as is known; it grows.
        read: asks the emulator for a path, with the request's own token.
        token: of the request; empty if there is none.
    """

    def __init__(
        self,
        scopes: Mapping[str, list[str]],
        logins: dict[str, str],
        read: Callable[[str], Answer],
        token: str,
    ) -> None:
        self._scopes = scopes
        self._logins = logins
        self._read = read
        self._token = token

    def refusal(self, method: str, path: str, data: bytes) -> Answer | None:
        """Return what GitHub answers where the emulator would be lenient; None if it would not."""
        scopes = self._scopes.get(self._token)
        writes = method != "GET"
        if writes and path.startswith(_WRITES_TO) and scopes is not None and "repo" not in scopes:
            return _NOT_FOUND
        if (found := _REPOSITORY.match(path)) is None:
            return None
        repository = found[0]
        if writes and _OWN.fullmatch(path) and not self._may_push(repository):
            return _NOT_FOUND
        if _GIT_DATA.search(path) and self._heads(repository) == {}:
            return json_answer(409, {"message": "Git Repository is empty.", "status": "409"})
        if method == "POST" and path.endswith("/pulls"):
            return self._pull_refusal(repository, json.loads(data or b"{}"))
        return None

    def mended(self, method: str, path: str, answer: Answer) -> Answer:
        """Turn the emulator's answer into the one of GitHub."""
        is_refused = answer.status == 403 or (answer.status == 401 and method == "GET")
        if is_refused and _REPOSITORY.match(path) and b"rate limit" not in answer.body:
            return _NOT_FOUND  # what one may not see is not there
        if answer.status == 409 and b"Protected branch" in answer.body:
            return answer._replace(status=422)
        if "/git/ref" in path:
            return answer._replace(body=answer.body.replace(b"/git/ref/", b"/git/refs/"))
        if (
            method == "GET"
            and answer.status == 200
            and _REPOSITORY.fullmatch(path)
            and not self._may_push(path)
        ):
            rights = {"admin": False, "push": False, "pull": True}
            return answer._replace(
                body=json.dumps({**json.loads(answer.body), "permissions": rights}).encode()
            )
        return answer

    def headers(self, method: str, path: str) -> dict[str, str]:
        """Return what GitHub says beside every answer."""
        found = {"X-GitHub-Request-Id": secrets.token_hex(8).upper()}
        if self._token in self._scopes:
            accepted = "repo" if method == "GET" else "public_repo, repo"
            found["X-OAuth-Scopes"] = ", ".join(self._scopes[self._token])
            found["X-Accepted-OAuth-Scopes"] = accepted if path.startswith(_WRITES_TO) else ""
        return found

    def _heads(self, repository: str) -> dict[str, str] | None:
        """Return the newest commit of each branch; None if the repository may not be seen."""
        answer = self._read(f"{repository}/branches?per_page=100")
        if answer.status != 200:
            return None
        return {one["name"]: one["commit"]["sha"] for one in json.loads(answer.body)}

    def _may_push(self, repository: str) -> bool:
        """Say whether the owner, a member of that organisation, or a collaborator asks; to the emulator all may."""
        if self._token not in self._logins:
            user = self._read("/user")
            self._logins[self._token] = json.loads(user.body)["login"] if user.status == 200 else ""
        login, owner = self._logins[self._token], repository.split("/")[2]
        lists = (f"/orgs/{owner}/members/{login}", f"{repository}/collaborators/{login}")
        return login == owner or (login != "" and any(self._read(path).status == 204 for path in lists))

    def _pull_refusal(self, repository: str, wanted: dict[str, Any]) -> Answer | None:
        heads = self._heads(repository) or {}
        head, base = str(wanted.get("head", "")), str(wanted.get("base", ""))
        name = head.rpartition(":")[2]
        error: dict[str, Any] | None = None
        if name not in heads:
            error = {"field": "head", "code": "invalid"}
        elif base not in heads:
            error = {"field": "base", "code": "invalid"}
        elif heads[name] == heads[base]:
            error = {"code": "custom", "message": f"No commits between {base} and {name}"}
        else:
            pulls = json.loads(self._read(f"{repository}/pulls?state=open&per_page=100").body)
            if any((one["head"]["ref"], one["base"]["ref"]) == (name, base) for one in pulls):
                error = {"code": "custom", "message": f"A pull request already exists for {head}."}
        if error is None:
            return None
        errors = [{"resource": "PullRequest", **error}]
        return json_answer(422, {"message": "Validation Failed", "errors": errors, "status": "422"})


_NOT_FOUND = json_answer(404, {"message": "Not Found", "status": "404"})
