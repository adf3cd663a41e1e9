"""Projects: made, adopted, cloned, found and archived, and tasks that work on them."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.core.accounts.principal import OWNER
from vibe_jupyter.core.errors import Forbidden, VibeError
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.projects.names import checked_name
from vibe_jupyter.core.projects.places import folder_of, make_parent
from vibe_jupyter.core.projects.schemas import Project, ProjectTask, TemplateList

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.projects.cloning import ProjectClone
    from vibe_jupyter.core.projects.contents import ProjectContents
    from vibe_jupyter.core.projects.places import ProjectPlaces
    from vibe_jupyter.core.projects.schemas import (
        ProjectAdopt,
        ProjectCreate,
        ProjectsQuery,
        ProjectUpdate,
    )
    from vibe_jupyter.core.projects.store import ProjectStore, StoredProject
    from vibe_jupyter.core.settings import Settings
    from vibe_jupyter.core.tasks.service import TaskService
    from vibe_jupyter.core.workers.pool import WorkerPool

__all__ = ["ProjectService"]

log = get_logger("projects")


class ProjectService:
    """The projects of this installation.

    Args:
        store: their rows.
        settings: which addresses may be asked.
        places: where they may lie.
        contents: makes the first checkpoint of a new one.
        tasks: gives who does what takes long.
    """

    def __init__(
        self,
        store: ProjectStore,
        settings: Settings,
        places: ProjectPlaces,
        contents: ProjectContents,
        tasks: Callable[[], TaskService],
    ) -> None:
        self._store = store
        self._settings = settings
        self._places = places
        self._contents = contents
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
        from vibe_jupyter.core.projects.templating.catalog import template_source
        from vibe_jupyter.core.projects.templating.making import make_in_process

        name = checked_name(body.name)
        folder = await self._places.new(principal, name, body.path)
        await self._store.check_free(principal.user_id, name=name, root=str(folder))
        is_owner = principal.user_id == OWNER.user_id
        if body.trust_template and not is_owner:
            raise Forbidden(
                "a template may run code of its own only for the owner of this installation",
                code="template.untrusted",
                hint="leave trust_template out",
            )
        source = await asyncio.to_thread(
            template_source,
            body.template,
            allow_private=self._settings.allows_private_addresses,
            resolve=await self._places.resolver(principal),
        )
        await make_parent(folder)
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
        try:
            await self._contents.keep(stored, f"made from {body.template}"[:500], "person")
        except VibeError as error:  # the project is there all the same: without git, say
            log.warning("a new project has no checkpoint", project_id=stored.id, reason=str(error))
        return shown(stored, missing=False)

    async def adopt(self, principal: Principal, body: ProjectAdopt) -> Project:
        """Make a project of a folder that is there.

        Raises:
            Conflict: `project.name_taken`, `project.already_there`.
            VibeError: about the path.
        """
        folder = await self._places.existing(principal, body.path)
        name = checked_name(body.name or folder.name)
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
        name = checked_name(body.name or repository_name(url))
        folder = await self._places.new(principal, name, body.path)
        await self._store.check_free(principal.user_id, name=name, root=str(folder))
        await make_parent(folder)
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
            changes["name"] = checked_name(body.name)
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
        return await folder_of(await self._store.get(user_id, project_id))

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
