"""A project on GitHub: the repository is made once, each push is one commit, and nothing of others is overwritten.

All of it may be begun again at any moment: what was done before is found, and not done twice.
"""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core import masking
from vibe_jupyter.core.errors import Conflict, InvalidInput, NotFound
from vibe_jupyter.core.ids import now
from vibe_jupyter.core.oracles.project_files import project_files
from vibe_jupyter.core.projects.publishing.schemas import PullRequestOpened, PushDone

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.core.projects.publishing.schemas import PullRequestInput, PushInput
    from vibe_jupyter.core.projects.store import ProjectStore, StoredProject
    from vibe_jupyter.core.services.github.schemas import PushProgress, Repository
    from vibe_jupyter.core.services.github.service import GitHubService
    from vibe_jupyter.core.services.github.snapshot import FileContent

__all__ = ["GitHubPublisher"]

_LOOKED_INTO_BYTES = 2**20
_SHOWN = 5


class GitHubPublisher:
    """What one user's task does with GitHub.

    Args:
        store: where projects remember what was pushed.
        github: the service, with the user's token.
        tell: told how far it is, as `Context.progress`.
    """

    def __init__(self, store: ProjectStore, github: GitHubService, tell: Callable[..., None]) -> None:
        self._store = store
        self._github = github
        self._tell = tell

    async def push(self, user_id: str, wanted: PushInput) -> PushDone:
        """Push a project's files as one commit.

        Raises:
            NotFound: `project.not_found`, `project.folder_missing`.
            Conflict: `project.repository_taken`.
            InvalidInput: `project.holds_secrets`, `project.nothing_to_push`.
            ExternalError: see `GitHubService.push`.
        """
        from vibe_jupyter.core.services.failures import ServiceConflict

        project = await self._store.get(user_id, wanted.project_id)
        self._tell(None, "looking at the files")
        files = await asyncio.to_thread(_files_of, Path(project.root))
        if not files:
            raise InvalidInput(
                f"{project.name} has no file to push",
                code="project.nothing_to_push",
                hint="%vibe project files lists them; .gitignore may exclude all",
            )
        if not wanted.allow_secrets:
            await asyncio.to_thread(_refuse_secrets, files, user_id)
        repository, created = await self._repository(project, wanted)
        link = await self._link(user_id, project.id)
        branch = wanted.branch or link.get("branch") or repository.default_branch or "main"
        expected = link.get("commit") if link.get("branch") == branch else None
        if wanted.overwrite:
            expected = await self._head(repository.full_name, branch)
        try:
            pushed = await self._github.push(
                repository.full_name,
                files,
                branch=branch,
                message=wanted.commit_message or f"Update {project.name}",
                expected_head=expected,
                on_progress=self._pushing,
            )
        except ServiceConflict as error:
            error.hint = (
                "take their changes in and push again, push to another branch with --branch NAME, or let your files "
                "follow on theirs with --overwrite"
            )
            raise
        link = {
            "full_name": pushed.full_name,
            "url": repository.url,
            "branch": branch,
            "commit": pushed.commit,
            "pushed_at": now(),
        }
        await self._store.update(user_id, project.id, github=json.dumps(link))
        return PushDone(
            project_id=project.id,
            full_name=pushed.full_name,
            url=repository.url,
            branch=branch,
            commit=pushed.commit,
            commit_url=pushed.url,
            changed=pushed.changed,
            created=created,
            files_changed=pushed.files_changed,
            files_deleted=pushed.files_deleted,
        )

    async def open_pull_request(self, user_id: str, wanted: PullRequestInput) -> PullRequestOpened:
        """Offer what was pushed to a branch.

        Raises:
            NotFound: `project.not_found`, `project.not_pushed`.
            InvalidInput: `project.same_branch`.
            ExternalError: see `GitHubService.create_pull_request`.
        """
        link = await self._link(user_id, wanted.project_id)
        head = wanted.head or link.get("branch")
        if not link.get("commit") or head is None:
            raise NotFound(
                "the project was not pushed yet",
                code="project.not_pushed",
                hint="push it to a branch first: %vibe project push --branch my-change",
            )
        full_name = str(link["full_name"])
        base = wanted.base or (await self._github.repository(full_name)).default_branch
        if base == head:
            raise InvalidInput(
                f"{head} cannot be merged into itself",
                code="project.same_branch",
                hint="push to a branch of its own: %vibe project push --branch my-change",
            )
        self._tell(None, f"opening it in {full_name}")
        opened = await self._github.create_pull_request(
            full_name, head=head, base=base, title=wanted.title, body=wanted.description, draft=wanted.draft
        )
        return PullRequestOpened(
            project_id=wanted.project_id,
            number=opened.number,
            url=opened.url,
            title=opened.title,
            head=opened.head,
            base=opened.base,
            existed=opened.existed,
        )

    async def _repository(self, project: StoredProject, wanted: PushInput) -> tuple[Repository, bool]:
        """Return where to push to, and whether it was made now.

        What is going to be made is remembered first: whoever goes on after a crash knows it for ours.
        """
        from vibe_jupyter.core.projects.templating.naming import slug
        from vibe_jupyter.core.services.failures import ServiceConflict, ServiceNotFound
        from vibe_jupyter.core.services.github.schemas import RepoSpec

        link = project.link("github") or {}
        name = wanted.github or link.get("full_name") or slug(project.name)
        owner, slash, rest = name.partition("/")
        if not slash:
            owner, rest = (await self._github.whoami()).login, name
        full_name = f"{owner}/{rest}"
        is_known = full_name.lower() == str(link.get("full_name", "")).lower()
        self._tell(None, f"looking for {full_name}")
        try:
            found = await self._github.repository(full_name)
        except ServiceNotFound:
            if is_known and link.get("commit"):
                raise
        else:
            if wanted.github is None and not is_known:
                raise Conflict(
                    f"there is a repository {found.full_name} already",
                    code="project.repository_taken",
                    hint=f"push to it with --github {found.full_name}, or to another one with --github NAME",
                    data={"full_name": found.full_name, "url": found.url},
                )
            if not is_known:
                await self._remember(project, found.full_name, found.url)
            return found, False
        await self._remember(project, full_name, "")
        self._tell(None, f"making {full_name}")
        spec = RepoSpec(name=rest, owner=owner, private=wanted.private, description=project.description[:350])
        try:
            made = await self._github.create_repository(spec)
        except ServiceConflict:  # somebody was faster, or a lost answer came true
            made = await self._github.repository(full_name)
        await self._remember(project, made.full_name, made.url)
        return made, True

    async def _remember(self, project: StoredProject, full_name: str, url: str) -> None:
        link = {"full_name": full_name, "url": url, "branch": None, "commit": None, "pushed_at": None}
        await self._store.update(project.user_id, project.id, github=json.dumps(link))

    async def _link(self, user_id: str, project_id: str) -> dict[str, Any]:
        return (await self._store.get(user_id, project_id)).link("github") or {}

    async def _head(self, full_name: str, branch: str) -> str | None:
        branches = await self._github.branches(full_name)
        return next((one.sha for one in branches if one.name == branch), None)

    def _pushing(self, step: PushProgress) -> None:
        fraction = step.done / step.total if step.step == "files" and step.total else None
        words = {"compare": "comparing", "files": "sending", "commit": "making the commit", "done": "done"}
        count = f" {step.done} of {step.total} files" if step.step == "files" else ""
        self._tell(fraction, f"{words[step.step]}{count}")


def _files_of(root: Path) -> dict[str, FileContent]:
    """Return the project's files and links.

    Raises:
        NotFound: `project.folder_missing`.
    """
    from vibe_jupyter.core.services.github.snapshot import FileContent

    if not root.is_dir():
        raise NotFound(
            f"the folder of the project is gone: {root}",
            code="project.folder_missing",
            hint="bring it back from its last checkpoint: %vibe project undo",
        )
    found = {}
    for path in project_files(root, links=True):
        try:
            mode = (root / path).lstat().st_mode
        except OSError:  # it went away
            continue
        found[path] = FileContent(
            root / path,
            executable=bool(mode & stat.S_IXUSR) and not stat.S_ISLNK(mode),
            link=stat.S_ISLNK(mode),
        )
    return found


def _refuse_secrets(files: dict[str, FileContent], user_id: str) -> None:
    """Refuse files with something in them that looks like a token, or is one of the user's secrets.

    Raises:
        InvalidInput: `project.holds_secrets`.
    """
    holding = []
    for path, file in files.items():
        try:
            if file.link or os.stat(file.source).st_size > _LOOKED_INTO_BYTES:  # type: ignore[arg-type]  # noqa: PTH116
                continue
            text = file.read().decode("utf-8", "ignore")
        except OSError:  # the push says so
            continue
        if masking.holds_token(text, user_id):
            holding.append(path)
    if holding:
        more = f" and {len(holding) - _SHOWN} more" if len(holding) > _SHOWN else ""
        raise InvalidInput(
            f"nothing was pushed: there seems to be a token in {', '.join(holding[:_SHOWN])}{more}",
            code="project.holds_secrets",
            hint="take it out, or name the file in .gitignore; if it is none, push with --allow-secrets",
            data={"paths": holding[:50]},
        )
