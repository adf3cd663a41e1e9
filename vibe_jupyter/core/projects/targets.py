"""Clones, pushes and pull requests as targets of tasks: durable, cancellable, and begun again after a crash."""

from __future__ import annotations

import contextlib
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
    from collections.abc import AsyncIterator, Awaitable, Callable

    from pydantic import BaseModel

    from vibe_jupyter.core.oracles.base import Context
    from vibe_jupyter.core.projects.publishing.github import GitHubPublisher
    from vibe_jupyter.core.projects.store import ProjectStore
    from vibe_jupyter.core.settings import Settings

__all__ = ["project_targets"]

_AT_ONCE = 4


def project_targets(settings: Settings, store: ProjectStore) -> list[Target]:
    """Return the targets, each a workflow of its own."""

    @contextlib.asynccontextmanager
    async def publishing(context: Context, why: str) -> AsyncIterator[GitHubPublisher]:
        from vibe_jupyter.core.projects.publishing.github import GitHubPublisher
        from vibe_jupyter.core.services.github.service import GitHubService

        token = await context.secret("GITHUB_TOKEN", why=why)
        async with GitHubService(
            token.get_secret_value(),
            api_url=settings.github_api_url,
            url=settings.github_url,
            pause_s=settings.github_pause_s / 4,
            write_pause_s=settings.github_pause_s,
        ) as github:
            yield GitHubPublisher(store, github, context.progress)

    async def token_if_given(context: Context) -> str | None:
        """Return the user's token for GitHub; None if there is none: what is public is read without."""
        try:
            return (await context.secret("GITHUB_TOKEN", why="cloning from GitHub")).get_secret_value()
        except CredentialMissing:
            return None

    async def push(context: Context, given: BaseModel) -> BaseModel:
        assert isinstance(given, PushInput)
        async with publishing(context, "pushing to GitHub") as publisher:
            return await publisher.push(context.user_id, given)

    async def open_pull_request(context: Context, given: BaseModel) -> BaseModel:
        assert isinstance(given, PullRequestInput)
        async with publishing(context, "opening a pull request") as publisher:
            return await publisher.open_pull_request(context.user_id, given)

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
        _workflow(
            Capability(
                "project.clone",
                "Clone a git repository into a new project",
                CloneInput,
                ProjectCloned,
                by_words=False,
                examples=("clone this repository",),
            ),
            clone,
        ),
        _workflow(
            Capability(
                "project.push",
                "Push a project to a repository on GitHub, as one commit",
                PushInput,
                PushDone,
                by_words=False,
                examples=("push this project to github",),
            ),
            push,
        ),
        _workflow(
            Capability(
                "project.pull_request",
                "Offer a pushed branch of a project as a pull request on GitHub",
                PullRequestInput,
                PullRequestOpened,
                by_words=False,
                examples=("open a pull request for my changes",),
            ),
            open_pull_request,
        ),
    ]


def _workflow(capability: Capability, run: Callable[[Context, BaseModel], Awaitable[BaseModel]]) -> Target:
    """Return a target for one capability; it may be begun again at any moment."""
    return Target(
        id=capability.task_type,
        type="agent",
        title=capability.summary,
        capabilities={capability.name: capability},
        run=run,
        concurrency=_AT_ONCE,
    )
