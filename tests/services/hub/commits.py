"""How the fake hub takes files: preupload, large files, commits."""

from __future__ import annotations

import base64
import fnmatch
import json
from typing import TYPE_CHECKING, Any

import pathspec

from tests.services.hub.answers import Answer, json_answer, refusal
from tests.services.hub.git_repository import Change, Pointer

if TYPE_CHECKING:
    from tests.services.hub.state import Account, HubState, Repository

__all__ = ["commit", "lfs_batch", "preupload", "store"]


def preupload(hub: HubState, repository: Repository, revision: str, body: dict[str, Any]) -> Answer:
    """Answer how each file is to be uploaded, and what is there under its name.

    `oid` is what the clients compare: the SHA-256 of a large file, the git blob id of another one.
    """
    if revision != "main":
        raise refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    head = repository.git.head
    assert head is not None
    known = {one.path: one for one in repository.git.tree(head)}
    ignore = body.get("gitIgnore")
    if ignore is None:
        ignore = (repository.git.read(head, ".gitignore") or b"").decode("utf-8", "replace")
    ignored = pathspec.GitIgnoreSpec.from_lines(str(ignore).splitlines())
    large = _large_patterns(repository, head)
    files = []
    for asked in body.get("files", []):
        path, size, sample = str(asked["path"]), int(asked["size"]), base64.b64decode(asked["sample"])
        is_large = size > hub.large_bytes or _matches(path, large) or b"\0" in sample
        there = known.get(path)
        oid = None
        if there is not None:
            oid = there.pointer.oid if there.pointer is not None else there.oid
        files.append({
            "path": path, "uploadMode": "lfs" if is_large else "regular",
            "shouldIgnore": ignored.match_file(path), "oid": oid,
        })  # fmt: skip
    return json_answer({"files": files, "commitOid": head})


def lfs_batch(hub: HubState, repository: Repository, body: dict[str, Any], base: str) -> Answer:
    """Answer where to put large files that are not there yet."""
    if body.get("operation") != "upload" or body.get("hash_algo", "sha256") not in ("sha256", "sha_256"):
        raise refusal(422, "Only uploads by SHA-256")
    objects = []
    for wanted in body["objects"]:
        oid, size = str(wanted["oid"]), int(wanted["size"])
        one: dict[str, Any] = {"oid": oid, "size": size, "authenticated": True}
        if not hub.storage.has(oid):
            one["actions"] = _actions(hub, repository, oid, size, base, body.get("transfers") or ["basic"])
        objects.append(one)
    return json_answer({"transfer": "basic", "objects": objects})


def store(hub: HubState, method: str, path: str, content: bytes, query: dict[str, str]) -> Answer:
    """Take what is put to the storage; it asks for no token, the addresses are secret enough."""
    verb, _, oid = path.removeprefix("/_storage/").partition("/")
    if verb == "object" and method == "PUT":
        hub.storage.put(oid, content)
        return Answer(200, b"", {"ETag": f'"{oid[:32]}"'})
    if verb == "part" and method == "PUT":
        return Answer(200, b"", {"ETag": hub.storage.put_part(oid, int(query["number"]), content)})
    if verb == "complete" and method == "POST":
        body = json.loads(content)
        hub.storage.complete(oid, [int(part["partNumber"]) for part in body["parts"]])
        return json_answer({})
    if verb == "verify" and method == "POST":
        body = json.loads(content)
        if not hub.storage.has(body["oid"]) or len(hub.storage.read(body["oid"])) != body["size"]:
            raise refusal(404, "The object is not there")
        return json_answer({"message": "Object exists"})
    raise refusal(404, "Not Found")


def commit(
    hub: HubState, repository: Repository, revision: str, ndjson: bytes, account: Account, base: str
) -> Answer:
    """Make a commit of lines of JSON; a Space is built."""
    if revision != "main":
        raise refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    try:
        lines = [json.loads(line) for line in ndjson.splitlines() if line.strip()]
        header = next(line["value"] for line in lines if line["key"] == "header")
    except (ValueError, KeyError, StopIteration):
        raise refusal(400, "Invalid payload: lines of JSON, a header first") from None
    head = repository.git.head
    assert head is not None
    if (header.get("parentCommit") or head) != head:
        raise refusal(412, "A commit has happened since. Please refresh and try again.")
    if not header.get("summary"):
        raise refusal(400, '"summary" is not allowed to be empty')
    present = [one.path for one in repository.git.tree(head)]
    changes = [change for line in lines if line["key"] != "header" for change in _changes(hub, line, present)]
    message = "\n\n".join(part for part in (header["summary"], header.get("description")) if part)
    oid = repository.git.commit(changes, message=message, author=account.name)
    repository.build(hub.storage)
    where = "" if repository.kind == "model" else f"{repository.kind}s/"
    return json_answer({
        "success": True, "commitOid": oid, "commitUrl": f"{base}/{where}{repository.id}/commit/{oid}",
        "hookOutput": "",
    })  # fmt: skip


def _changes(hub: HubState, line: dict[str, Any], present: list[str]) -> list[Change]:
    value = line["value"]
    path = str(value["path"])
    if line["key"] == "file":
        content = str(value["content"])
        raw = (
            base64.b64decode(content, validate=True)
            if value.get("encoding") == "base64"
            else content.encode()
        )
        if len(raw) > hub.large_bytes:
            raise refusal(413, f"{path} is too large: upload it as a large file")
        return [Change(path, raw)]
    if line["key"] == "lfsFile":
        oid = str(value["oid"])
        if not hub.storage.has(oid):
            raise refusal(400, f"LFS pointer {oid} of {path} points to nothing")
        return [Change(path, Pointer(oid, len(hub.storage.read(oid))).text)]
    if line["key"] == "deletedFile":
        if path not in present:
            raise refusal(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
        return [Change(path, None)]
    if line["key"] == "deletedFolder":
        return [Change(one, None) for one in present if one.startswith(path.rstrip("/") + "/")]
    raise refusal(400, f"Invalid payload: {line['key']}")


def _actions(
    hub: HubState, repository: Repository, oid: str, size: int, base: str, transfers: list[str]
) -> dict[str, Any]:
    # Where to verify is the hub's own address, which asks for the token; where to put is not.
    verify = {"href": f"{base}/_storage/verify/{oid}", "header": {}}
    if hub.part_bytes is None or size <= hub.part_bytes or "multipart" not in transfers:
        put = {"href": f"{base}/_storage/object/{oid}", "header": {}}
        return {"upload": put, "verify": verify}
    count = -(-size // hub.part_bytes)
    urls = {str(n): f"{base}/_storage/part/{oid}?number={n}" for n in range(1, count + 1)}
    complete = {
        "href": f"{base}/_storage/complete/{oid}",
        "header": {"chunk_size": str(hub.part_bytes), **urls},
    }
    return {"upload": complete, "verify": verify}


def _large_patterns(repository: Repository, head: str) -> list[str]:
    text = (repository.git.read(head, ".gitattributes") or b"").decode("utf-8", "replace")
    return [line.split()[0] for line in text.splitlines() if "filter=lfs" in line]


def _matches(path: str, patterns: list[str]) -> bool:
    name = path.rpartition("/")[2]
    return any(
        fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(path, pattern) for pattern in patterns
    )
