"""Bring a repository to a state in one commit that holds only what differs, and never the same commit twice.

Every commit names its parent, so the hub refuses it if something has come between, the same commit of ours included.
An answer that was lost is therefore no danger: whoever looks again sees what was done.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import tempfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Literal

from vibe_jupyter.core.services.failures import (
    ExternalError,
    ServiceConflict,
    ServiceInvalid,
    ServiceUnavailable,
)
from vibe_jupyter.core.services.huggingface.large_files import LargeFiles
from vibe_jupyter.core.services.huggingface.local_files import changed_meanwhile, measured
from vibe_jupyter.core.services.huggingface.repositories import Repositories, named
from vibe_jupyter.core.services.huggingface.schemas import UploadProgress
from vibe_jupyter.core.services.huggingface.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from vibe_jupyter.core.services.huggingface.calling import HubCalls
    from vibe_jupyter.core.services.huggingface.local_files import LocalFile, Source
    from vibe_jupyter.core.services.huggingface.repositories import RemoteFile
    from vibe_jupyter.core.services.huggingface.schemas import RepoKind

__all__ = ["Committed", "Committing", "check_message"]

_NEVER_DELETED = frozenset({".gitattributes"})
"""The hub's own: it says which files are large."""
_PREUPLOAD_BATCH = 256
_ATTEMPTS = 4
_IN_MEMORY_BYTES = 16 << 20
_PIECE_BYTES = 3 << 18  # a multiple of three: pieces of base64 can be put together


@dataclass(frozen=True)
class Committed:
    """What was done.

    Args:
        commit: id of the commit that holds the state.
        changed: whether it had to be made.
    """

    commit: str
    changed: bool
    uploaded: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    unchanged: int = 0


@dataclass(frozen=True)
class _Plan:
    head: str
    changed: list[LocalFile]
    deleted: list[str]

    @property
    def is_empty(self) -> bool:
        return not self.changed and not self.deleted


class Committing:
    """Commits to one repository.

    Args:
        operation: what is being done, for errors.
        on_progress: is told how far it has come.
    """

    def __init__(
        self,
        calls: HubCalls,
        repositories: Repositories,
        kind: RepoKind,
        repo_id: str,
        *,
        operation: str,
        on_progress: Callable[[UploadProgress], None] | None,
    ) -> None:
        self._calls = calls
        self._repositories = repositories
        self._kind: RepoKind = kind
        self._id = repo_id
        self._operation = operation
        self._on_progress = on_progress

    async def bring(
        self,
        files: Mapping[str, Source],
        *,
        message: str,
        delete_others: bool,
        expected_parent: str | None = None,
    ) -> Committed:
        """Commit what differs; nothing if nothing does.

        Args:
            files: content by path.
            message: of the commit; its first line is the title.
            delete_others: whether what is not among `files` goes.
            expected_parent: the commit that must be the newest one; None takes whichever is.

        Raises:
            ServiceConflict: another commit came in between, and came again when it was tried again.
        """
        self._tell("compare", 0, len(files))
        local = await in_thread(measured, files)
        ignored: set[str] = set()
        ours: _Plan | None = None  # what was sent without an answer
        for attempt in range(1, _ATTEMPTS + 1):
            plan = await self._plan(local, ignored, delete_others)
            if plan.is_empty:
                return self._done(plan, ours, local, ignored)
            if expected_parent is not None and plan.head != expected_parent:
                raise self._moved(plan.head, expected_parent)
            await self._check_readme(plan)
            modes = await self._modes(plan, local)
            ignored |= {path for path, mode in modes.items() if mode is None}
            plan = _Plan(plan.head, [file for file in plan.changed if file.path not in ignored], plan.deleted)
            if plan.is_empty:
                return self._done(plan, ours, local, ignored)
            await self._upload_large([file for file in plan.changed if modes[file.path] == "lfs"])
            try:
                self._tell("commit", 0, len(plan.changed))
                commit = await self._commit(plan, modes, message)
            except ServiceConflict as conflict:
                # Either our own commit whose answer was lost, or somebody's: looking again tells.
                if attempt == _ATTEMPTS or (expected_parent is not None and ours is None):
                    raise self._moved(None, expected_parent or plan.head) from conflict
            except ExternalError as error:
                if not (error.maybe_done or isinstance(error, ServiceUnavailable)) or attempt == _ATTEMPTS:
                    raise
                ours = plan
                await self._calls.pause(error, attempt)
            else:
                return self._done(_Plan(commit, plan.changed, plan.deleted), plan, local, ignored)
        raise AssertionError("unreachable")

    async def _plan(self, local: Mapping[str, LocalFile], ignored: set[str], delete_others: bool) -> _Plan:
        info = await self._repositories.info(self._kind, self._id, self._operation)
        head = info.head
        remote: dict[str, RemoteFile] = {}
        if head is not None:
            remote = await self._repositories.files(self._kind, self._id, head, self._operation)
        changed = [
            file
            for path, file in local.items()
            if path not in ignored and not _is_same(file, remote.get(path))
        ]
        deleted = (
            sorted(path for path in remote if path not in local and path not in _NEVER_DELETED)
            if delete_others
            else []
        )
        return _Plan(head or "", changed, deleted)

    async def _modes(self, plan: _Plan, local: Mapping[str, LocalFile]) -> dict[str, str | None]:
        """Return how each file is uploaded, `regular` or `lfs`; None for one that the .gitignore leaves out."""
        path = f"{self._repositories.api(self._kind, self._id)}/preupload/main"
        more: dict[str, Any] = {}
        if (ignore := local.get(".gitignore")) is not None:
            more["gitIgnore"] = await in_thread(_text, ignore)
        modes: dict[str, str | None] = {}
        for start in range(0, len(plan.changed), _PREUPLOAD_BATCH):
            chunk = plan.changed[start : start + _PREUPLOAD_BATCH]
            asked = [{"path": file.path, "sample": file.encoded_sample, "size": file.size} for file in chunk]
            answered = await self._calls.ask(
                self._operation, "POST", path, functools.partial(_modes, [file.path for file in chunk]),
                subject=named(self._kind, self._id), json={"files": asked, **more},
            )  # fmt: skip
            for file in chunk:
                # The hub takes an empty file only as a regular one (huggingface_hub, `_fetch_upload_modes`).
                modes[file.path] = "regular" if not file.size and answered[file.path] else answered[file.path]
        return modes

    async def _check_readme(self, plan: _Plan) -> None:
        """Let the hub look at a README before anything is uploaded: it would refuse the commit.

        Raises:
            ServiceInvalid: what it declares is wrong.
        """
        for readme in (file for file in plan.changed if file.path == "README.md"):
            text = await in_thread(_text, readme)
            await self._calls.ask(
                self._operation, "POST", "/api/validate-yaml", lambda _: None, subject="README.md",
                json={"content": text, "repoType": self._kind},
            )  # fmt: skip

    async def _upload_large(self, files: Sequence[LocalFile]) -> None:
        total, sent = sum(file.size for file in files), 0

        def told(count: int) -> None:
            nonlocal sent
            sent += count
            self._tell("large_files", sent, total)

        if files:
            self._tell("large_files", 0, total)
            await LargeFiles(self._calls, self._kind, self._id, told).upload(files)

    async def _commit(self, plan: _Plan, modes: Mapping[str, str | None], message: str) -> str:
        title, _, description = message.strip().partition("\n")
        header: dict[str, Any] = {"summary": title, "description": description.strip()}
        if plan.head:
            header["parentCommit"] = plan.head
        # Not all in memory: text files of a project may be many.
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as body:
            size = await in_thread(_write, body, header, plan, modes)

            async def once() -> str:
                body.seek(0)
                response = await self._calls.send(
                    self._operation, "POST", f"{self._repositories.api(self._kind, self._id)}/commit/main",
                    subject=named(self._kind, self._id), content=_pieces(body),
                    headers={"Content-Type": "application/x-ndjson", "Content-Length": str(size)},
                )  # fmt: skip
                return self._calls.read(
                    self._operation, self._id, response, lambda data: str(data["commitOid"])
                )

            return await self._calls.repeated(once, repeatable=False)

    def _done(
        self, plan: _Plan, sent: _Plan | None, local: Mapping[str, LocalFile], ignored: set[str]
    ) -> Committed:
        self._tell("done", len(local), len(local))
        uploaded = sorted(file.path for file in sent.changed) if sent else []
        return Committed(
            commit=plan.head,
            changed=sent is not None,
            uploaded=uploaded,
            deleted=list(sent.deleted) if sent else [],
            ignored=sorted(ignored),
            unchanged=len(local) - len(uploaded) - len(ignored),
        )

    def _moved(self, head: str | None, expected: str) -> ServiceConflict:
        return ServiceConflict(
            f"{named(self._kind, self._id)} has changed since {expected[:8]}",
            service="huggingface", operation=self._operation,
            hint="look at what has changed there; without an expected commit your files take its place",
            data={"expected": expected, "head": head} if head else {"expected": expected},
        )  # fmt: skip

    def _tell(self, step: Literal["compare", "large_files", "commit", "done"], done: int, total: int) -> None:
        if self._on_progress is not None:
            self._on_progress(UploadProgress(step=step, done=done, total=total))


def _text(file: LocalFile) -> str:
    with file.open() as content:
        return content.read().decode("utf-8", errors="replace")


def _is_same(local: LocalFile, remote: RemoteFile | None) -> bool:
    if remote is None:
        return False
    return local.sha256 == remote.sha256 if remote.sha256 else local.git_oid == remote.oid


def _modes(paths: Sequence[str], data: Any) -> dict[str, str | None]:
    modes: dict[str, str | None] = {}
    for one in data["files"]:
        if one["uploadMode"] not in ("regular", "lfs"):
            raise ValueError("no known way to upload")
        modes[str(one["path"])] = None if one.get("shouldIgnore") else str(one["uploadMode"])
    return {path: modes[path] for path in paths}


def _write(body: IO[bytes], header: dict[str, Any], plan: _Plan, modes: Mapping[str, str | None]) -> int:
    """Write a commit as lines of JSON and return its size in bytes; blocks.

    Raises:
        Conflict: `path.changed`, if a file is not any more what was compared.
    """
    body.write(_line("header", header))
    for file in plan.changed:
        if modes[file.path] == "lfs":
            facts = {"path": file.path, "algo": "sha256", "oid": file.sha256, "size": file.size}
            body.write(_line("lfsFile", facts))
            continue
        before, after = _line("file", {"path": file.path, "encoding": "base64", "content": "\0"}).split(
            b"\\u0000"
        )
        body.write(before)
        blob = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
        with file.open() as content:
            while piece := content.read(_PIECE_BYTES):
                blob.update(piece)
                body.write(base64.b64encode(piece))
        if blob.hexdigest() != file.git_oid:
            raise changed_meanwhile(file)
        body.write(after)
    for path in plan.deleted:
        body.write(_line("deletedFile", {"path": path}))
    return body.tell()


def _line(key: str, value: dict[str, Any]) -> bytes:
    return json.dumps({"key": key, "value": value}).encode() + b"\n"


async def _pieces(body: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await in_thread(body.read, 1 << 20):
        yield piece


def check_message(message: str, operation: str) -> None:
    """Refuse a commit without words.

    Raises:
        ServiceInvalid: it is empty.
    """
    if not message.strip():
        raise ServiceInvalid(
            "a commit needs a message", service="huggingface", operation=operation, hint="say what changes"
        )
