"""From GitHub's JSON to our models. What is not as documented raises KeyError, TypeError or ValueError."""

from __future__ import annotations

import base64
from typing import Any, Literal, NamedTuple

from vibe_jupyter.core.services.github.schemas import (
    Branch,
    Commit,
    GitHubUser,
    Issue,
    Permissions,
    PullRequest,
    RemoteFile,
    Repository,
)

__all__ = [
    "Entry",
    "Listing",
    "branch",
    "commit",
    "content",
    "issue",
    "listing",
    "pull_request",
    "remote_file",
    "repository",
    "user",
]

Kind = Literal["file", "executable", "link", "submodule"]
_KINDS: dict[str, Kind] = {"100644": "file", "100755": "executable", "120000": "link", "160000": "submodule"}


class Entry(NamedTuple):
    """One line of a git tree; `path` is relative to that tree."""

    path: str
    mode: str
    type: str
    sha: str
    size_bytes: int | None


class Listing(NamedTuple):
    """A git tree, or the part of it that GitHub was willing to list."""

    sha: str
    entries: list[Entry]
    is_truncated: bool


def user(data: Any) -> GitHubUser:
    """Read an account."""
    return GitHubUser(login=data["login"], id=data["id"], name=data.get("name"))


def repository(data: Any, *, empty: bool = False) -> Repository:
    """Read a repository; whether it is empty is not in there."""
    may = data.get("permissions") or {}
    return Repository(
        full_name=data["full_name"],
        url=data["html_url"],
        clone_url=data["clone_url"],
        default_branch=data["default_branch"],
        private=data["private"],
        archived=data.get("archived", False),
        empty=empty,
        description=data.get("description") or "",
        permissions=Permissions(**{name: bool(may.get(name)) for name in ("pull", "push", "admin")}),
    )


def branch(data: Any) -> Branch:
    """Read a branch."""
    return Branch(name=data["name"], sha=data["commit"]["sha"], protected=bool(data.get("protected")))


def commit(data: Any) -> Commit:
    """Read a commit of a repository's history."""
    made = data["commit"]
    author = made.get("author") or {}
    return Commit(
        sha=data["sha"],
        message=made["message"],
        author=(data.get("author") or {}).get("login") or author.get("name"),
        date=author.get("date"),
        url=data["html_url"],
    )


def pull_request(data: Any, *, existed: bool = False) -> PullRequest:
    """Read a pull request."""
    return PullRequest(
        number=data["number"],
        url=data["html_url"],
        title=data["title"],
        state=data["state"],
        draft=bool(data.get("draft")),
        head=data["head"]["ref"],
        base=data["base"]["ref"],
        existed=existed,
    )


def issue(data: Any) -> Issue:
    """Read an issue."""
    labels = [label if isinstance(label, str) else label["name"] for label in data.get("labels") or ()]
    return Issue(
        number=data["number"],
        title=data["title"],
        state=data["state"],
        url=data["html_url"],
        author=(data.get("user") or {}).get("login"),
        labels=labels,
        body=data.get("body") or "",
        comments=data.get("comments") or 0,
        created_at=data.get("created_at"),
        updated_at=data.get("updated_at"),
    )


def listing(data: Any) -> Listing:
    """Read a git tree."""
    entries = [
        Entry(one["path"], one["mode"], one["type"], one["sha"], one.get("size")) for one in data["tree"]
    ]
    return Listing(data["sha"], entries, bool(data.get("truncated")))


def remote_file(entry: Entry) -> RemoteFile:
    """Return what a user is told of a line of a tree that is no folder."""
    kind = _KINDS.get(entry.mode, "file")
    return RemoteFile(path=entry.path, kind=kind, sha=entry.sha, size_bytes=entry.size_bytes)


def content(data: Any) -> bytes:
    """Read the bytes of a blob."""
    if data["encoding"] != "base64":
        raise ValueError("an encoding other than base64")
    return base64.b64decode(data["content"])
