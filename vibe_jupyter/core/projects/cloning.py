"""A repository becomes a project: it is cloned once, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from vibe_jupyter.core.errors import Conflict, InvalidInput
from vibe_jupyter.core.ids import now
from vibe_jupyter.core.projects.names import checked_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.core.projects.store import ProjectStore, StoredProject
    from vibe_jupyter.core.services.git import Cloned, CloneProgress

__all__ = ["CloneInput", "ProjectClone", "ProjectCloned", "clone_project", "clone_url", "repository_name"]

_SHORT = re.compile(r"[\w.-]+/[\w.-]+\Z", re.ASCII)


class ProjectClone(BaseModel):
    """A repository that becomes a project."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        min_length=1, max_length=2000, description="https URL of a git repository, or OWNER/NAME on GitHub."
    )
    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="What you call it; default: the repository's name.",
    )
    path: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        description="The new folder; default: one named after the project.",
    )
    description: str = Field(default="", max_length=2000, description="What it is for, in a sentence.")
    branch: str | None = Field(
        default=None, min_length=1, max_length=200, description="Which branch; default: the repository's own."
    )
    depth: int | None = Field(
        default=None, ge=1, description="So many of the last commits only; default: all."
    )


class CloneInput(ProjectClone):
    """The same, once it is settled: the whole URL, the name, and the folder."""

    name: str = Field(min_length=1, max_length=100, description="What the project is called.")
    path: str = Field(min_length=1, max_length=4096, description="The new folder; absolute.")


class ProjectCloned(BaseModel):
    """What was cloned."""

    project_id: str
    name: str
    path: str
    branch: str
    commit: str | None = Field(description="The newest one; null if there is none yet.")


def clone_url(text: str, github_url: str) -> str:
    """Return the URL that is meant; `OWNER/NAME` is on GitHub.

    >>> clone_url("someone/shop", "https://github.com")
    'https://github.com/someone/shop.git'
    """
    if _SHORT.match(text):
        return f"{github_url.rstrip('/')}/{text.removesuffix('.git')}.git"
    return text


def repository_name(url: str) -> str:
    """Return what a repository is called.

    Raises:
        InvalidInput: `url.invalid`.

    >>> repository_name("https://github.com/someone/shop.git")
    'shop'
    """
    last = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rstrip("/").rpartition("/")[2])
    name = last.removesuffix(".git").strip()
    if not name:
        raise InvalidInput(
            f"{url[:200]!r} names no repository",
            code="url.invalid",
            hint="e.g. https://github.com/OWNER/NAME, or OWNER/NAME",
        )
    return name[:100]


async def clone_project(
    store: ProjectStore,
    user_id: str,
    wanted: CloneInput,
    *,
    github_url: str,
    token: str | None,
    allow_private: bool,
    tell: Callable[..., None],
) -> ProjectCloned:
    """Clone a repository into a new project.

    The project is remembered first, and forgotten if nothing comes of it: who goes on after a crash finds it.

    Args:
        store: where projects are.
        user_id: whose it will be.
        wanted: what, and where.
        github_url: base URL of GitHub's pages: a clone from there knows where it is pushed to.
        token: for the repository's host; None to ask without.
        allow_private: whether the URL may point to this machine or its network.
        tell: told how far it is, as `Context.progress`.

    Raises:
        InvalidInput: `project.invalid_name`.
        Conflict: `project.name_taken`, `project.already_there`, `project.folder_not_empty`.
        ExternalError: see `services.git.clone`.
    """
    from vibe_jupyter.core.services.git import clone

    checked_name(wanted.name)
    folder = Path(wanted.path)
    project = await _remembered(store, user_id, wanted, folder)

    def progress(step: CloneProgress) -> None:
        tell(step.percent / 100, step.step.lower())

    if await asyncio.to_thread(_is_empty, folder):
        tell(None, f"cloning {wanted.url}")
        try:
            cloned = await clone(
                wanted.url,
                folder,
                token=token,
                depth=wanted.depth,
                branch=wanted.branch,
                allow_private=allow_private,
                on_progress=progress,
            )
        except BaseException:
            await asyncio.shield(store.delete(user_id, project.id))
            raise
        await _link(store, project, wanted.url, cloned, github_url)
        return _shown(project, cloned.branch, cloned.commit)
    link = (await store.get(user_id, project.id)).link("github") or {}
    return _shown(project, str(link.get("branch") or ""), link.get("commit"))


async def _remembered(store: ProjectStore, user_id: str, wanted: CloneInput, folder: Path) -> StoredProject:
    try:
        if not await asyncio.to_thread(_is_empty, folder):
            await store.check_free(user_id, name=wanted.name, root=str(folder))
            raise Conflict(
                f"{folder} is there already and not empty",
                code="project.folder_not_empty",
                hint=f"give another --path, or adopt it: %vibe project adopt {folder}",
            )
        return await store.insert(
            user_id, name=wanted.name, root=str(folder), description=wanted.description, template=wanted.url
        )
    except Conflict as error:
        known = (error.data or {}).get("project_id")
        if known is None:
            raise
        project = await store.get(user_id, known)
        is_ours = (project.template, project.root, project.archived_at) == (wanted.url, str(folder), None)
        if not is_ours:
            raise
        return project


async def _link(
    store: ProjectStore, project: StoredProject, url: str, cloned: Cloned, github_url: str
) -> None:
    base = f"{github_url.rstrip('/')}/"
    if not url.startswith(base):
        return
    full_name = url.removeprefix(base).removesuffix(".git").strip("/")
    link = {
        "full_name": full_name,
        "url": f"{base}{full_name}",
        "branch": cloned.branch if cloned.commit else None,
        "commit": cloned.commit,
        "pushed_at": now() if cloned.commit else None,
    }
    await store.update(project.user_id, project.id, github=json.dumps(link))


def _shown(project: StoredProject, branch: str, commit: str | None) -> ProjectCloned:
    return ProjectCloned(
        project_id=project.id, name=project.name, path=project.root, branch=branch, commit=commit
    )


def _is_empty(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
