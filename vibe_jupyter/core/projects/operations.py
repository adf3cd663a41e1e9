"""The public operations of projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.operations import Document, Encoded, operation
from vibe_jupyter.core.projects.cloning import ProjectClone
from vibe_jupyter.core.projects.publishing.schemas import ProjectPullRequest, ProjectPush
from vibe_jupyter.core.projects.schemas import (
    Checkpoint,
    CheckpointCreate,
    CheckpointList,
    Diff,
    DiffQuery,
    FileChange,
    FileList,
    FileQuery,
    FilesQuery,
    FileWrite,
    Project,
    ProjectAdopt,
    ProjectCreate,
    ProjectList,
    ProjectsQuery,
    ProjectTask,
    ProjectUpdate,
    TemplateList,
    Undone,
    UndoRequest,
)

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.platform import Platform

__all__ = ["OPERATIONS"]


@operation(
    "projects.create",
    "POST /projects",
    verb="project new",
    positional="name",
    scope="projects:write",
    status=201,
    waits=True,
)
async def create_project(platform: Platform, principal: Principal, body: ProjectCreate) -> Project:
    """Make a project from a template: it works at once, its tests pass and its notebook runs."""
    return await platform.projects.create(principal, body)


@operation(
    "projects.list", "GET /projects/list", verb="project list", scope="projects:read", inline=True, mcp=True
)
async def list_projects(
    platform: Platform, principal: Principal, query: ProjectsQuery
) -> Encoded[ProjectList]:
    """List your projects, the newest first."""
    return Encoded(await platform.projects.page(principal, query))


@operation("projects.templates", "GET /projects/templates", verb="project templates", scope="projects:read")
async def list_templates(platform: Platform, principal: Principal) -> TemplateList:
    """List the built-in templates, with what each makes and asks."""
    del principal
    return platform.projects.templates()


@operation(
    "projects.adopt",
    "POST /projects/adopt",
    verb="project adopt",
    positional="path",
    scope="projects:write",
    status=201,
)
async def adopt_project(platform: Platform, principal: Principal, body: ProjectAdopt) -> Project:
    """Make a project of a folder that is there already; nothing in it changes."""
    return await platform.projects.adopt(principal, body)


@operation(
    "projects.clone",
    "POST /projects/clone",
    verb="project clone",
    positional="url",
    scope="projects:write",
    status=202,
)
async def clone_repository(platform: Platform, principal: Principal, body: ProjectClone) -> ProjectTask:
    """Make a project of a git repository: a task clones it, without running anything in it."""
    return await platform.projects.clone(principal, body)


@operation(
    "projects.get",
    "GET /projects/{project_id}",
    verb="project show",
    positional="project_id",
    scope="projects:read",
    mcp=True,
)
async def get_project(platform: Platform, principal: Principal, project_id: str) -> Project:
    """Show a project: its folder, its template, where it was pushed and deployed to."""
    return await platform.projects.get(principal, project_id)


@operation(
    "projects.update",
    "PUT /projects/{project_id}",
    verb="project rename",
    positional="name",
    scope="projects:write",
)
async def update_project(
    platform: Platform, principal: Principal, project_id: str, body: ProjectUpdate
) -> Project:
    """Change a project's name or description; its folder keeps its name."""
    return await platform.projects.update(principal, project_id, body)


@operation(
    "projects.archive",
    "POST /projects/{project_id}/archive",
    verb="project archive",
    positional="project_id",
    scope="projects:write",
)
async def archive_project(platform: Platform, principal: Principal, project_id: str) -> Project:
    """Put a project away: it is listed no more and its name is free; files and checkpoints stay."""
    return await platform.projects.archive(principal, project_id)


@operation(
    "projects.restore",
    "POST /projects/{project_id}/restore",
    verb="project restore",
    positional="project_id",
    scope="projects:write",
)
async def restore_project(platform: Platform, principal: Principal, project_id: str) -> Project:
    """Bring a project back that was archived."""
    return await platform.projects.archive(principal, project_id, back=True)


@operation(
    "projects.files",
    "GET /projects/{project_id}/files",
    verb="project files",
    positional="project_id",
    scope="projects:read",
    mcp=True,
)
async def list_files(
    platform: Platform, principal: Principal, project_id: str, query: FilesQuery
) -> FileList:
    """List the files of a project, without those that .gitignore excludes."""
    return await platform.project_contents.files(principal, project_id, query)


@operation(
    "projects.read",
    "GET /projects/{project_id}/file",
    verb="project read",
    positional="file",
    scope="projects:read",
    mcp=True,
)
async def read_file(platform: Platform, principal: Principal, project_id: str, query: FileQuery) -> Document:
    """Read a file of a project."""
    return await platform.project_contents.read(principal, project_id, query.file)


@operation(
    "projects.write",
    "PUT /projects/{project_id}/file",
    verb="project write",
    positional="file",
    scope="projects:write",
    hidden=("base64",),
)
async def write_file(
    platform: Platform, principal: Principal, project_id: str, body: FileWrite
) -> FileChange:
    """Write a file of a project; a checkpoint is made before, so that it can be undone."""
    return await platform.project_contents.write(principal, project_id, body)


@operation(
    "projects.delete",
    "DELETE /projects/{project_id}/file",
    verb="project delete",
    positional="file",
    scope="projects:write",
)
async def delete_file(
    platform: Platform, principal: Principal, project_id: str, query: FileQuery
) -> FileChange:
    """Delete a file of a project; a checkpoint is made before, so that it can be undone."""
    return await platform.project_contents.remove(principal, project_id, query.file)


@operation(
    "projects.checkpoint",
    "POST /projects/{project_id}/checkpoints",
    verb="project checkpoint",
    positional="message",
    scope="projects:write",
    status=201,
)
async def make_checkpoint(
    platform: Platform, principal: Principal, project_id: str, body: CheckpointCreate
) -> Checkpoint:
    """Keep a project's files as they are now, new ones included; git's own index and history are not touched."""
    return await platform.project_contents.checkpoint(principal, project_id, body.message)


@operation(
    "projects.checkpoints",
    "GET /projects/{project_id}/checkpoints",
    verb="project checkpoints",
    positional="project_id",
    scope="projects:read",
    mcp=True,
)
async def list_checkpoints(platform: Platform, principal: Principal, project_id: str) -> CheckpointList:
    """List a project's checkpoints, the newest first."""
    return await platform.project_contents.checkpoints(principal, project_id)


@operation(
    "projects.diff",
    "GET /projects/{project_id}/diff",
    verb="project diff",
    positional="since",
    scope="projects:read",
    mcp=True,
)
async def diff_project(platform: Platform, principal: Principal, project_id: str, query: DiffQuery) -> Diff:
    """Show what has changed since a checkpoint, or between two."""
    return await platform.project_contents.diff(principal, project_id, query)


@operation(
    "projects.undo",
    "POST /projects/{project_id}/undo",
    verb="project undo",
    positional="checkpoint",
    scope="projects:write",
)
async def undo_changes(
    platform: Platform, principal: Principal, project_id: str, body: UndoRequest
) -> Undone:
    """Bring back a project's files as they were at a checkpoint, every byte; what is there is kept as one, too."""
    return await platform.project_contents.undo(principal, project_id, body.checkpoint)


@operation(
    "projects.push",
    "POST /projects/{project_id}/push",
    verb="project push",
    scope="projects:write",
    status=202,
)
async def push_project(
    platform: Platform, principal: Principal, project_id: str, body: ProjectPush
) -> ProjectTask:
    """Push a project to GitHub: a task makes the repository if it has to, and one commit of what changed.

    What somebody else has pushed meanwhile is never overwritten unasked. Files that .gitignore excludes stay here.
    """
    return await platform.projects.start(principal, project_id, "project_push", body)


@operation(
    "projects.pull_request",
    "POST /projects/{project_id}/pull-requests",
    verb="project pr",
    positional="title",
    scope="projects:write",
    status=202,
)
async def open_pull_request(
    platform: Platform, principal: Principal, project_id: str, body: ProjectPullRequest
) -> ProjectTask:
    """Offer a pushed branch of a project as a pull request on GitHub; one that is open is not made twice."""
    return await platform.projects.start(principal, project_id, "project_pull_request", body)


OPERATIONS = (
    create_project,
    list_projects,
    list_templates,
    adopt_project,
    clone_repository,
    get_project,
    update_project,
    archive_project,
    restore_project,
    list_files,
    read_file,
    write_file,
    delete_file,
    make_checkpoint,
    list_checkpoints,
    diff_project,
    undo_changes,
    push_project,
    open_pull_request,
)
