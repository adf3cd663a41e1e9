"""What is in a project: its files, and the checkpoints of how they were."""

from __future__ import annotations

import asyncio
import base64
import binascii
import mimetypes
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.operations import Document
from vibe_jupyter.core.projects.places import folder_of
from vibe_jupyter.core.projects.schemas import (
    Checkpoint,
    CheckpointList,
    Diff,
    FileChange,
    FileDiff,
    FileList,
    Undone,
)
from vibe_jupyter.core.projects.workspace import MAX_FILE_BYTES, Workspace, printable

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.projects.checkpoints.history import CheckpointHistory, Kind, StoredCheckpoint
    from vibe_jupyter.core.projects.schemas import DiffQuery, FilesQuery, FileWrite
    from vibe_jupyter.core.projects.store import ProjectStore, StoredProject
    from vibe_jupyter.core.settings import Settings

__all__ = ["ProjectContents"]

_PATCH_CHARACTERS = 1_000_000
_STATUS = {"A": "added", "M": "modified", "D": "deleted", "T": "changed kind"}


class ProjectContents:
    """The files of all projects; before each change that is made through it stands a checkpoint.

    Args:
        store: where the projects are.
        settings: where their checkpoints lie, and what these may cost.
    """

    def __init__(self, store: ProjectStore, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    async def files(self, principal: Principal, project_id: str, query: FilesQuery) -> FileList:
        """Return a project's files.

        Raises:
            NotFound, Forbidden, InvalidInput: about the project or the folder.
        """
        workspace = await self._workspace(principal, project_id)
        files, truncated = await asyncio.to_thread(
            workspace.files, query.under, ignored=query.ignored, limit=query.limit
        )
        return FileList(project_id=project_id, files=files, truncated=truncated)

    async def read(self, principal: Principal, project_id: str, path: str) -> Document:
        """Return a file.

        Raises:
            NotFound, Forbidden, InvalidInput, TooLarge: about the project or the file.
        """
        workspace = await self._workspace(principal, project_id)
        content = await asyncio.to_thread(workspace.read, path)
        media_type = mimetypes.guess_type(path)[0] or ("text/plain" if _is_text(content) else None)
        return Document(
            content=content,
            media_type=media_type or "application/octet-stream",
            filename=path.rpartition("/")[2],
        )

    async def write(self, principal: Principal, project_id: str, body: FileWrite) -> FileChange:
        """Write a file; a checkpoint is made before.

        Raises:
            NotFound, Forbidden, InvalidInput, TooLarge: about the project or the file.
        """
        content = _content_of(body)
        stored = await self._store.get(principal.user_id, project_id)
        workspace = Workspace(await folder_of(stored))
        await asyncio.to_thread(workspace.check, body.file)
        before = await self.keep(stored, f"before {body.file} was written"[:500], "before")
        await asyncio.to_thread(workspace.write, body.file, content, executable=body.executable)
        return FileChange(
            project_id=project_id, file=body.file, checkpoint=before.id, size_bytes=len(content)
        )

    async def remove(self, principal: Principal, project_id: str, path: str) -> FileChange:
        """Delete a file; a checkpoint is made before.

        Raises:
            NotFound, Forbidden, InvalidInput: about the project or the file.
        """
        stored = await self._store.get(principal.user_id, project_id)
        workspace = Workspace(await folder_of(stored))
        await asyncio.to_thread(workspace.check, path)
        before = await self.keep(stored, f"before {path} was deleted"[:500], "before")
        await asyncio.to_thread(workspace.remove, path)
        return FileChange(project_id=project_id, file=path, checkpoint=before.id, size_bytes=None)

    async def checkpoint(self, principal: Principal, project_id: str, message: str) -> Checkpoint:
        """Keep the project's files as they are now.

        Raises:
            NotFound: `project.not_found`, `project.folder_missing`.
            Conflict: `project.busy`.
        """
        stored = await self._store.get(principal.user_id, project_id)
        await folder_of(stored)
        return await self.keep(stored, message, "person")

    async def checkpoints(self, principal: Principal, project_id: str) -> CheckpointList:
        """Return a project's checkpoints.

        Raises:
            NotFound: `project.not_found`.
        """
        stored = await self._store.get(principal.user_id, project_id)
        found = await asyncio.to_thread(self._history(stored).all)
        return CheckpointList(project_id=project_id, checkpoints=[_shown_checkpoint(one) for one in found])

    async def diff(self, principal: Principal, project_id: str, query: DiffQuery) -> Diff:
        """Return what differs between checkpoints, or from one to the files as they are.

        Raises:
            NotFound: `project.not_found`, `checkpoint.not_found`, `checkpoint.none`.
        """
        stored = await self._store.get(principal.user_id, project_id)
        if query.until is None:
            await folder_of(stored)
        only = [query.file.rstrip("/")] if query.file else []
        first, second, counts, patch = await asyncio.to_thread(
            self._history(stored).compare, query.since, query.until, only
        )
        text = patch.decode("utf-8", "backslashreplace")
        return Diff(
            project_id=project_id,
            since=first.id,
            until=second.id if second else None,
            files=[
                FileDiff(
                    path=printable(path),
                    status=_STATUS[status[:1]],
                    added=None if added < 0 else added,
                    removed=None if removed < 0 else removed,
                )
                for path, status, added, removed in counts
            ],
            patch=text[:_PATCH_CHARACTERS],
            truncated=len(text) > _PATCH_CHARACTERS,
        )

    async def undo(self, principal: Principal, project_id: str, checkpoint: str | None) -> Undone:
        """Bring back the files of a checkpoint, every byte; what is there becomes one first.

        Raises:
            NotFound: `project.not_found`, `checkpoint.not_found`, `checkpoint.none`, `checkpoint.nothing_to_undo`.
            Conflict: `project.busy`.
        """
        stored = await self._store.get(principal.user_id, project_id)
        done = await asyncio.to_thread(self._history(stored).undo, checkpoint)
        return Undone(
            project_id=project_id,
            checkpoint=_shown_checkpoint(done.checkpoint),
            before=done.before.id,
            written=[printable(path) for path in done.written],
            removed=[printable(path) for path in done.removed],
            left={printable(path): why for path, why in done.left.items()},
        )

    async def keep(self, stored: StoredProject, message: str, kind: Kind) -> Checkpoint:
        """Make a checkpoint of a project's files.

        Raises:
            Conflict: `project.busy`.
            VibeError: `git.missing`, `checkpoint.failed`.
        """
        made, snapshot = await asyncio.to_thread(self._history(stored).make, message, kind)
        shown_ = _shown_checkpoint(made)
        shown_.left_out = {printable(path): why for path, why in snapshot.left_out.items()}
        return shown_

    def _history(self, stored: StoredProject) -> CheckpointHistory:
        from vibe_jupyter.core.projects.checkpoints.history import CheckpointHistory, CheckpointLimits

        settings = self._settings
        limits = CheckpointLimits(
            max_bytes=settings.checkpoint_max_mb * 2**20,
            max_file_bytes=settings.checkpoint_max_file_mb * 2**20,
            keep=settings.checkpoint_keep,
        )
        folder = settings.data_dir / "projects" / stored.id / "checkpoints"
        return CheckpointHistory(Path(stored.root), folder, limits)

    async def _workspace(self, principal: Principal, project_id: str) -> Workspace:
        return Workspace(await folder_of(await self._store.get(principal.user_id, project_id)))


def _shown_checkpoint(stored: StoredCheckpoint) -> Checkpoint:
    return Checkpoint(
        id=stored.id,
        message=stored.message,
        kind=stored.kind,
        created_at=datetime.fromisoformat(stored.created_at),
        files=stored.files,
        size_bytes=stored.size_bytes,
    )


def _content_of(body: FileWrite) -> bytes:
    if (body.text is None) == (body.base64 is None):
        raise InvalidInput("give the content as text or as base64: one of them")
    try:
        content = (
            body.text.encode()
            if body.text is not None
            else base64.b64decode(body.base64 or "", validate=True)
        )
    except (UnicodeEncodeError, binascii.Error) as error:
        raise InvalidInput(f"the content cannot be read: {error}") from None
    if len(content) > MAX_FILE_BYTES:
        raise InvalidInput(
            f"the content has more than {MAX_FILE_BYTES / 2**20:.0f} MB", code="file.too_large"
        )
    return content


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content
