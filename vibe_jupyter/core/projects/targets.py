"""Clones, pushes and pull requests as targets of tasks: durable, cancellable, and begun again after a crash."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import CredentialMissing
from vibe_jupyter.core.oracles.base import Capability
from vibe_jupyter.core.projects.cloning import CloneInput, ProjectCloned
from vibe_jupyter.core.projects.publishing.schemas import (
    PullRequestInput,
    PullRequestOpened,
    PushDone,
    PushInput,
)
from vibe_jupyter.core.routing.targets import Target

if TYPE_CHECKING:
    from pydantic import BaseModel

    from vibe_jupyter.core.oracles.base import Context
    from vibe_jupyter.core.projects.publishing.github import GitHubPublisher
    from vibe_jupyter.core.projects.store import ProjectStore
    from vibe_jupyter.core.settings import Settings

__all__ = ["project_targets"]


def project_targets(settings: Settings, store: ProjectStore) -> list[Target]:
    """Return the targets, each a workflow of its own."""

    async def publisher(context: Context, why: str) -> GitHubPublisher:
        from vibe_jupyter.core.projects.publishing.github import GitHubPublisher
        from vibe_jupyter.core.services.github.service import GitHubService

        token = await context.secret("GITHUB_TOKEN", why=why)
        github = GitHubService(
            token.get_secret_value(),
            api_url=settings.github_api_url,
            url=settings.github_url,
            pause_s=settings.github_pause_s / 4,
            write_pause_s=settings.github_pause_s,
        )
        return GitHubPublisher(store, github, context.progress)

    async def token_if_given(context: Context) -> str | None:
        """Return the user's token for GitHub; None if there is none: what is public is read without."""
        try:
            return (await context.secret("GITHUB_TOKEN", why="cloning from GitHub")).get_secret_value()
        except CredentialMissing:
            return None

    async def push(context: Context, given: BaseModel) -> BaseModel:
        assert isinstance(given, PushInput)
        return await (await publisher(context, "pushing to GitHub")).push(context.user_id, given)

    async def open_pull_request(context: Context, given: BaseModel) -> BaseModel:
        assert isinstance(given, PullRequestInput)
        working = await publisher(context, "opening a pull request")
        return await working.open_pull_request(context.user_id, given)

    async def clone(context: Context, given: BaseModel) -> BaseModel:
        assert isinstance(given, CloneInput)
        from vibe_jupyter.core.projects.cloning import clone_project

        folder = Path(given.path)
        folder = context.resolve(str(folder.parent)) / folder.name
        is_github = given.url.startswith(f"{settings.github_url.rstrip('/')}/")
        return await clone_project(
            store,
            context.user_id,
            given.model_copy(update={"path": str(folder)}),
            github_url=settings.github_url,
            token=await token_if_given(context) if is_github else None,
            allow_private=settings.allows_private_addresses,
            tell=context.progress,
        )

    return [
        Target(
            id="project_clone",
            type="agent",
            title="Clone a repository into a project",
            capabilities={
                "project.clone": Capability(
                    "project.clone",
                    "Clone a git repository into a new project",
                    CloneInput,
                    ProjectCloned,
                    by_words=False,
                    examples=("clone this repository",),
                )
            },
            run=clone,
            concurrency=4,
        ),
        Target(
            id="project_push",
            type="agent",
            title="Push a project to GitHub",
            capabilities={
                "project.push": Capability(
                    "project.push",
                    "Push a project to a repository on GitHub, as one commit",
                    PushInput,
                    PushDone,
                    by_words=False,
                    examples=("push this project to github",),
                )
            },
            run=push,
            concurrency=4,
        ),
        Target(
            id="project_pull_request",
            type="agent",
            title="Open a pull request",
            capabilities={
                "project.pull_request": Capability(
                    "project.pull_request",
                    "Offer a pushed branch of a project as a pull request on GitHub",
                    PullRequestInput,
                    PullRequestOpened,
                    by_words=False,
                    examples=("open a pull request for my changes",),
                )
            },
            run=open_pull_request,
            concurrency=4,
        ),
    ]
