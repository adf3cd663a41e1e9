"""Projects: made, adopted, found and archived; their files, and the checkpoints before each change."""

from __future__ import annotations

import asyncio
import base64
import binascii
import mimetypes
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.core import paths
from vibe_jupyter.core.accounts.principal import OWNER
from vibe_jupyter.core.errors import Conflict, Forbidden, InvalidInput, NotFound, VibeError
from vibe_jupyter.core.operations import Document
from vibe_jupyter.core.projects.schemas import (
    Checkpoint,
    CheckpointList,
    Diff,
    FileChange,
    FileDiff,
    FileList,
    Project,
    ProjectTask,
    TemplateList,
    Undone,
)
from vibe_jupyter.core.projects.workspace import MAX_FILE_BYTES, Workspace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pydantic import BaseModel

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.projects.checkpoints.history import CheckpointHistory, StoredCheckpoint
    from vibe_jupyter.core.projects.cloning import ProjectClone
    from vibe_jupyter.core.projects.schemas import (
        DiffQuery,
        FilesQuery,
        FileWrite,
        ProjectAdopt,
        ProjectCreate,
        ProjectsQuery,
        ProjectUpdate,
    )
    from vibe_jupyter.core.projects.store import ProjectStore, StoredProject
    from vibe_jupyter.core.projects.templating.catalog import TemplateSource
    from vibe_jupyter.core.settings import Settings
    from vibe_jupyter.core.tasks.service import TaskService
    from vibe_jupyter.core.workers.pool import WorkerPool

__all__ = ["ProjectService"]

_PATCH_CHARACTERS = 1_000_000
_STATUS = {"A": "added", "M": "modified", "D": "deleted", "T": "changed kind"}


class ProjectService:
    """The projects of this installation.

    Args:
        store: their rows.
        settings: where their checkpoints lie, and what these may cost.
        root: folder that the owner's relative paths start from, and where new projects of theirs are put.
        home: gives the folder where another user's new projects are put.
        allowed_roots: gives the folders that a user may work in.
        tasks: gives who does what takes long.
    """

    def __init__(
        self,
        store: ProjectStore,
        settings: Settings,
        root: Path,
        home: Callable[[str], Path],
        allowed_roots: Callable[[str], Awaitable[Sequence[Path]]],
        tasks: Callable[[], TaskService],
    ) -> None:
        self._store = store
        self._settings = settings
        self._root = root
        self._home = home
        self._allowed_roots = allowed_roots
        self._tasks = tasks
        self._pool: WorkerPool | None = None

    async def close(self) -> None:
        """End the process that makes projects."""
        if self._pool is not None:
            await self._pool.close()

    async def create(self, principal: Principal, body: ProjectCreate) -> Project:
        """Make a project from a template; of one that cannot be made nothing is left.

        Raises:
            Conflict: `project.name_taken`, `project.folder_not_empty`.
            VibeError: about the path, the template or its answers.
        """
        from vibe_jupyter.core.projects.templating.making import make_in_process

        name = _checked_name(body.name)
        folder = await self.new_folder(principal, name, body.path)
        await self._store.check_free(principal.user_id, name=name, root=str(folder))
        is_owner = principal.user_id == OWNER.user_id
        if body.trust_template and not is_owner:
            raise Forbidden(
                "a template may run code of its own only for the owner of this installation",
                code="template.untrusted",
                hint="leave trust_template out",
            )
        source = await self._template(principal, body.template)
        await asyncio.to_thread(_make_folder, folder.parent)
        made = await make_in_process(
            self._worker().run,
            source,
            folder,
            body.answers,
            trusted=body.trust_template,
            suggested={"project_name": name, "description": body.description},
        )
        try:
            stored = await self._store.insert(
                principal.user_id,
                name=name,
                root=str(folder),
                description=body.description,
                template=made.template,
            )
        except VibeError:  # somebody was faster; what was made is ours alone
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            raise
        await self._checkpoint(stored, f"made from {body.template}"[:500], "person")
        return shown(stored, missing=False)

    async def adopt(self, principal: Principal, body: ProjectAdopt) -> Project:
        """Make a project of a folder that is there.

        Raises:
            Conflict: `project.name_taken`, `project.already_there`.
            VibeError: about the path.
        """
        folder = await self._existing_folder(principal, body.path)
        name = _checked_name(body.name or folder.name)
        stored = await self._store.insert(
            principal.user_id, name=name, root=str(folder), description=body.description, template=None
        )
        return shown(stored, missing=False)

    async def clone(self, principal: Principal, body: ProjectClone) -> ProjectTask:
        """Have a task clone a repository into a new project.

        Raises:
            Conflict: `project.name_taken`, `project.folder_not_empty`.
            VibeError: about the URL or the path.
        """
        from vibe_jupyter.core.projects.cloning import clone_url, repository_name
        from vibe_jupyter.core.services.addresses import check_url
        from vibe_jupyter.core.tasks.schemas import TaskCreate

        url = clone_url(body.url, self._settings.github_url)
        check_url(url, allow_private=self._settings.allows_private_addresses)
        name = _checked_name(body.name or repository_name(url))
        folder = await self.new_folder(principal, name, body.path)
        await self._store.check_free(principal.user_id, name=name, root=str(folder))
        await asyncio.to_thread(_make_folder, folder.parent)
        given = {**body.model_dump(exclude_none=True), "url": url, "name": name, "path": str(folder)}
        task = await self._tasks().create(
            principal, TaskCreate(type="project_clone", input=given, root=str(folder.parent))
        )
        return ProjectTask(task_id=orjson.loads(task)["id"])

    async def page(self, principal: Principal, query: ProjectsQuery) -> bytes:
        """Return a page of projects as the API's JSON."""
        items, total, cursor = await self._store.page(principal.user_id, query)
        return orjson.dumps({"items": [_json(one) for one in items], "total": total, "next_cursor": cursor})

    async def get(self, principal: Principal, project_id: str) -> Project:
        """Return a project.

        Raises:
            NotFound: `project.not_found`.
        """
        stored = await self._store.get(principal.user_id, project_id)
        return shown(stored, missing=not await asyncio.to_thread(Path(stored.root).is_dir))

    async def update(self, principal: Principal, project_id: str, body: ProjectUpdate) -> Project:
        """Change a project's name or description.

        Raises:
            NotFound: `project.not_found`.
            Conflict: `project.name_taken`.
        """
        changes: dict[str, Any] = {}
        if body.name is not None:
            changes["name"] = _checked_name(body.name)
        if body.description is not None:
            changes["description"] = body.description
        return shown(await self._store.update(principal.user_id, project_id, **changes))

    async def archive(self, principal: Principal, project_id: str, *, back: bool = False) -> Project:
        """Put a project away, or bring it `back`; its files and checkpoints stay.

        Raises:
            NotFound: `project.not_found`.
            Conflict: `project.name_taken`, when it comes back.
        """
        from vibe_jupyter.core.ids import now

        at = None if back else now()
        return shown(await self._store.update(principal.user_id, project_id, archived_at=at))

    @staticmethod
    def templates() -> TemplateList:
        """Return the built-in templates."""
        from vibe_jupyter.core.projects.templating.catalog import built_in

        return TemplateList(templates=built_in())

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
        workspace = Workspace(await self._folder(stored))
        await asyncio.to_thread(workspace.check, body.file)
        before = await self._checkpoint(stored, f"before {body.file} was written"[:500], "before")
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
        workspace = Workspace(await self._folder(stored))
        await asyncio.to_thread(workspace.check, path)
        before = await self._checkpoint(stored, f"before {path} was deleted"[:500], "before")
        await asyncio.to_thread(workspace.remove, path)
        return FileChange(project_id=project_id, file=path, checkpoint=before.id, size_bytes=None)

    async def checkpoint(self, principal: Principal, project_id: str, message: str) -> Checkpoint:
        """Keep the project's files as they are now.

        Raises:
            NotFound: `project.not_found`, `project.folder_missing`.
            Conflict: `project.busy`.
        """
        stored = await self._store.get(principal.user_id, project_id)
        await self._folder(stored)
        return await self._checkpoint(stored, message, "person")

    async def checkpoint_before(self, user_id: str, project_id: str, what: str) -> str:
        """Keep the files as they are before the platform changes them, and return the checkpoint's id.

        Raises:
            NotFound: `project.not_found`, `project.folder_missing`.
        """
        stored = await self._store.get(user_id, project_id)
        await self._folder(stored)
        return (await self._checkpoint(stored, f"before {what}"[:500], "before")).id

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
            await self._folder(stored)
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
                    path=path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
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
            written=[_printable(path) for path in done.written],
            removed=[_printable(path) for path in done.removed],
            left={_printable(path): why for path, why in done.left.items()},
        )

    async def start(
        self, principal: Principal, project_id: str, task_type: str, body: BaseModel
    ) -> ProjectTask:
        """Have a task do something with a project.

        Raises:
            NotFound: `project.not_found`, `project.folder_missing`.
        """
        from vibe_jupyter.core.tasks.schemas import TaskCreate

        await self.root_of(principal.user_id, project_id)
        given = {**body.model_dump(mode="json", exclude_unset=True), "project_id": project_id}
        task = await self._tasks().create(
            principal, TaskCreate(type=task_type, input=given, project_id=project_id)
        )
        return ProjectTask(task_id=orjson.loads(task)["id"], project_id=project_id)

    async def roots(self, user_id: str) -> list[str]:
        """Return the folders of a user's projects."""
        return await self._store.roots(user_id)

    async def root_of(self, user_id: str, project_id: str) -> Path:
        """Return a project's folder.

        Raises:
            NotFound: `project.not_found`, `project.folder_missing`.
        """
        return await self._folder(await self._store.get(user_id, project_id))

    async def new_folder(self, principal: Principal, name: str, path: str | None) -> Path:
        """Return where a new project is put.

        Raises:
            Forbidden: `path.outside_root`.
            Conflict: `project.folder_not_empty`.
        """
        from vibe_jupyter.core.projects.templating.naming import slug

        base = self._root if principal.user_id == OWNER.user_id else self._home(principal.user_id)
        wanted = paths.real(path or slug(name), base)
        allowed = await self._allowed_roots(principal.user_id)
        is_anywhere = principal.via == "local" and principal.user_id == OWNER.user_id
        if not is_anywhere and not any(folder in wanted.parents for folder in allowed):
            raise Forbidden(
                f"{path or wanted} is outside the folders that you may use",
                code="path.outside_root",
                hint=f"give a path below {base}",
            )
        self._check_is_apart(wanted)
        try:
            is_taken = await asyncio.to_thread(_has_something, wanted)
        except OSError as error:  # a name that is too long, a folder that may not be entered
            raise InvalidInput(
                f"{wanted} cannot be looked at: {error.strerror}"[:500], code="path.invalid"
            ) from error
        if is_taken:
            raise Conflict(
                f"{wanted} is there already and not empty",
                code="project.folder_not_empty",
                hint=f"give another --path, or adopt it: %vibe project adopt {wanted}",
            )
        return wanted

    async def _existing_folder(self, principal: Principal, path: str) -> Path:
        is_owner = principal.user_id == OWNER.user_id
        base = self._root if is_owner else self._home(principal.user_id)
        allowed = list(await self._allowed_roots(principal.user_id))
        if is_owner and principal.via == "local":  # the process's own user
            allowed.append(paths.real(path, base))
        folder = await asyncio.to_thread(paths.resolve, path, base, allowed)
        if not folder.is_dir():
            raise InvalidInput(
                f"{path} is not a folder",
                code="path.invalid",
                hint=f"name the folder it is in: {folder.parent}",
            )
        self._check_is_apart(folder)
        return folder

    def _check_is_apart(self, folder: Path) -> None:
        """Refuse a folder with the platform's own data in it: a project's files are copied and shown."""
        data = self._settings.data_dir.resolve()
        if folder == data or folder in data.parents:
            raise InvalidInput(
                f"{folder} holds the data of the platform itself",
                code="project.holds_data",
                hint="make a project of a folder below it",
            )

    async def _folder(self, stored: StoredProject) -> Path:
        folder = Path(stored.root)
        if not await asyncio.to_thread(folder.is_dir):
            raise NotFound(
                f"the folder of {stored.name} is gone: {stored.root}",
                code="project.folder_missing",
                hint="bring it back from its last checkpoint: %vibe project undo",
            )
        return folder

    async def _workspace(self, principal: Principal, project_id: str) -> Workspace:
        return Workspace(await self.root_of(principal.user_id, project_id))

    async def _checkpoint(self, stored: StoredProject, message: str, kind: Any) -> Checkpoint:
        made, snapshot = await asyncio.to_thread(self._history(stored).make, message, kind)
        shown_ = _shown_checkpoint(made)
        shown_.left_out = {_printable(path): why for path, why in snapshot.left_out.items()}
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

    async def _template(self, principal: Principal, text: str) -> TemplateSource:
        """Return where the template is that somebody names; a folder may only be the owner's."""
        from vibe_jupyter.core.projects.templating.catalog import template_source

        is_owner = principal.user_id == OWNER.user_id
        allowed = list(await self._allowed_roots(principal.user_id)) if is_owner else []

        def resolve(path: str) -> Path:
            own = [paths.real(path, self._root)] if principal.via == "local" else []
            return paths.resolve(path, self._root, [*allowed, *own])

        return await asyncio.to_thread(
            template_source,
            text,
            allow_private=self._settings.allows_private_addresses,
            resolve=resolve if is_owner else None,
        )

    def _worker(self) -> WorkerPool:
        from vibe_jupyter.core.workers.pool import WorkerPool

        if self._pool is None:
            self._pool = WorkerPool(1, idle_s=30)
        return self._pool


def shown(stored: StoredProject, *, missing: bool | None = None) -> Project:
    """Return a row as the API's project."""
    return Project.model_validate({**orjson.loads(orjson.dumps(_json(stored))), "missing": missing})


def _json(stored: StoredProject) -> dict[str, Any]:
    """Return a row as what orjson encodes to the API's project."""
    return {
        "id": stored.id,
        "name": stored.name,
        "description": stored.description,
        "template": stored.template,
        "path": stored.root,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at or stored.created_at,
        "github": orjson.Fragment(stored.github) if stored.github else None,
        "space": orjson.Fragment(stored.space) if stored.space else None,
        "archived_at": stored.archived_at,
        "missing": None,
    }


def _shown_checkpoint(stored: StoredCheckpoint) -> Checkpoint:
    return Checkpoint(
        id=stored.id,
        message=stored.message,
        kind=stored.kind,
        created_at=datetime.fromisoformat(stored.created_at),
        files=stored.files,
        size_bytes=stored.size_bytes,
    )


def _checked_name(name: str) -> str:
    """Return a name without space around it.

    Raises:
        InvalidInput: `project.invalid_name`.
    """
    stripped = name.strip()
    if not stripped or not stripped.isprintable() or "/" in stripped or "\\" in stripped:
        raise InvalidInput(
            f"{name[:60]!r} cannot be the name of a project",
            code="project.invalid_name",
            hint="use letters, digits, spaces and dashes; the folder may be named with --path",
        )
    return stripped


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


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"a folder cannot be made at {folder}: {error.strerror}"[:500],
            code="path.invalid",
            hint="give another path",
        ) from error


def _has_something(folder: Path) -> bool:
    if not folder.exists() and not folder.is_symlink():
        return False
    return not folder.is_dir() or any(folder.iterdir())


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
