"""What the fake hub shows of its repositories."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.services.hub.answers import Answer, bytes_answer, json_answer, refusal

if TYPE_CHECKING:
    from tests.services.hub.git_repository import Entry
    from tests.services.hub.routes import Asked
    from tests.services.hub.state import HubState, Repository

__all__ = ["answer", "download", "paths_info"]

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def answer(hub: HubState, repository: Repository, verb: str, argument: str, asked: Asked) -> Answer:
    """Answer what only reads."""
    if verb == "":
        return json_answer(_info(repository, "main"))
    if verb == "revision":
        return json_answer(_info(repository, argument))
    if verb == "tree":
        revision, _, below = argument.partition("/")
        return _tree(hub, repository, revision, below, asked)
    if verb == "refs":
        head = repository.git.head
        branches = [{"name": "main", "ref": "refs/heads/main", "targetCommit": head}]
        return json_answer({"branches": branches, "tags": [], "converts": []})
    if verb == "commits":
        return json_answer([
            {"id": one.id, "title": one.title, "message": one.message, "date": one.date,
             "authors": [{"user": one.author}]}
            for one in repository.git.log(_commit_of(repository, argument))
        ])  # fmt: skip
    if verb == "runtime" and repository.space is not None:
        return json_answer(repository.space.look())
    raise refusal(404, "Sorry, we can't find the page you are looking for.")


def paths_info(repository: Repository, revision: str, body: dict[str, Any]) -> Answer:
    """Answer what is known of some paths."""
    wanted = set(body.get("paths", []))
    entries = repository.git.tree(_commit_of(repository, revision))
    return json_answer([_entry(one) for one in entries if one.path in wanted])


def download(
    hub: HubState, repository: Repository, revision: str, path: str, headers: dict[str, str]
) -> Answer:
    """Answer the content of a file, or a part of it."""
    commit = _commit_of(repository, revision)
    found = next((one for one in repository.git.tree(commit) if one.path == path), None)
    if found is None:
        raise refusal(404, "Entry not found", "EntryNotFound")
    if found.pointer is not None:
        content, tag = hub.storage.read(found.pointer.oid), found.pointer.oid
    else:
        content, tag = repository.git.read(commit, path) or b"", found.oid
    facts = {"ETag": f'"{tag}"', "X_Repo_Commit": commit, "Accept_Ranges": "bytes"}
    if (part := _RANGE.fullmatch(headers.get("range", ""))) and content:
        start, end = int(part[1]), min(int(part[2] or len(content)), len(content) - 1)
        if start >= len(content):
            raise refusal(416, "Range Not Satisfiable")
        return bytes_answer(
            content[start : end + 1], 206, Content_Range=f"bytes {start}-{end}/{len(content)}", **facts
        )
    return bytes_answer(content, 200, **facts)


def _tree(hub: HubState, repository: Repository, revision: str, below: str, asked: Asked) -> Answer:
    """Answer a page of files, and where the next one is."""
    commit = _commit_of(repository, revision)
    prefix = f"{below.rstrip('/')}/" if below else ""
    entries = [one for one in repository.git.tree(commit) if one.path.startswith(prefix)]
    if below and not entries:
        raise refusal(404, f"{below} does not exist on {revision}", "EntryNotFound")
    if asked.query.get("recursive", "false").lower() in ("true", "1"):
        shown = [_entry(one) for one in entries]
    else:
        shown = _level(entries, prefix)
    start = int(base64.b64decode(asked.query.get("cursor", "") or base64.b64encode(b"0")))
    page = shown[start : start + hub.page_size]
    more: dict[str, str] = {}
    if start + hub.page_size < len(shown):
        cursor = base64.b64encode(str(start + hub.page_size).encode()).decode()
        query = urlencode({**asked.query, "cursor": cursor})
        more["Link"] = f'<{asked.base}{asked.path}?{query}>; rel="next"'
    return json_answer(page, **more)


def _level(entries: list[Entry], prefix: str) -> list[dict[str, Any]]:
    folders: dict[str, dict[str, Any]] = {}
    files = []
    for one in entries:
        name, slash, _ = one.path[len(prefix) :].partition("/")
        if slash:
            path = prefix + name
            folders.setdefault(path, {"type": "directory", "oid": "0" * 40, "size": 0, "path": path})
        else:
            files.append(_entry(one))
    return [*folders.values(), *files]


def _entry(one: Entry) -> dict[str, Any]:
    if one.pointer is None:
        return {"type": "file", "oid": one.oid, "size": one.size, "path": one.path}
    large = {"oid": one.pointer.oid, "size": one.pointer.size, "pointerSize": one.size}
    return {"type": "file", "oid": one.oid, "size": one.pointer.size, "path": one.path, "lfs": large}


def _info(repository: Repository, revision: str) -> dict[str, Any]:
    commit = _commit_of(repository, revision)
    entries = repository.git.tree(commit)
    about: dict[str, Any] = {
        "_id": f"id-{repository.id}", "id": repository.id, "author": repository.namespace,
        "private": repository.private, "gated": False, "disabled": False, "sha": commit,
        "lastModified": repository.git.log(commit)[0].date, "createdAt": "2026-11-26T10:00:00.000Z",
        "tags": [], "downloads": 0, "likes": 0, "siblings": [{"rfilename": one.path} for one in entries],
    }  # fmt: skip
    if repository.kind == "model":
        about["modelId"] = repository.id
    if repository.space is not None:
        runtime = repository.space.runtime()
        host = runtime["domains"][0]["domain"] if runtime["domains"] else None
        about |= {"sdk": repository.sdk, "runtime": runtime} | ({"host": f"https://{host}"} if host else {})
    return about


def _commit_of(repository: Repository, revision: str) -> str:
    commit = repository.git.resolve(revision)
    if commit is None:
        raise refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    return commit
