"""A push: one commit that makes a branch hold exactly the files of a snapshot, unless somebody else was there first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from vibe_jupyter.core.services.failures import (
    ServiceConflict,
    ServiceDenied,
    ServiceInvalid,
    ServiceNotFound,
)
from vibe_jupyter.core.services.github.changes import Change, as_text, change_between
from vibe_jupyter.core.services.github.schemas import Pushed, PushProgress
from vibe_jupyter.core.services.github.snapshot import measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from vibe_jupyter.core.services.github.git_data import GitData
    from vibe_jupyter.core.services.github.schemas import Repository
    from vibe_jupyter.core.services.github.snapshot import LocalFile, Snapshot

__all__ = ["Push"]

_TREE_BYTES, _TREE_ENTRIES = 4 * 2**20, 1_000
"""A tree with more is stored in several steps."""
_BYTES_BESIDE_TEXT = 200
_SHOWN_PATHS = 50
_WORKFLOWS = ".github/workflows/"


class Push:
    """One push to one branch.

    Args:
        git: the repository's git objects.
        repository: where it goes.
        branch: which branch, checked.
        message: of the commit.
        url: base URL of GitHub's pages.
        scopes: what the token may do; None if it does not say.
        on_progress: is told how far it has come.
    """

    def __init__(
        self,
        git: GitData,
        repository: Repository,
        branch: str,
        message: str,
        *,
        url: str,
        scopes: list[str] | None,
        on_progress: Callable[[PushProgress], None] | None,
    ) -> None:
        self._git = git
        self._repository = repository
        self._branch = branch
        self._message = message
        self._url = url
        self._scopes = scopes
        self._on_progress = on_progress
        self._bytes_sent = 0

    async def run(self, snapshot: Snapshot, expected_head: str | None) -> Pushed:
        """Push; see `GitHubService.push`."""
        self._tell("compare", 0, len(snapshot))
        files = await asyncio.to_thread(measured, snapshot)
        head = await self._git.head(self._branch)
        if head is None and expected_head is not None:
            raise self._conflict(None, expected_head, [], "the branch has gone")
        if head is None and self._repository.empty:
            return await self._into_empty(files)
        base = head or await self._git.head(self._repository.default_branch)
        if base is None:
            raise self._conflict(None, None, [], "the default branch has gone")
        tree = await self._git.tree_of(base)
        change = change_between(files, await self._git.files(tree))
        if change.is_none and head is not None:
            return self._pushed(head, change, changed=False, base=head)
        if head is not None and head != expected_head:
            await self._check_nothing_is_lost(head, expected_head, change)
        self._check_workflows(change.paths)
        commit = base
        if not change.is_none:
            stored = await self._store_tree(change, tree)
            commit = await self._git.commit(self._message, stored, [base])
        await self._put_on_branch(commit, head)
        return self._pushed(commit, change, changed=True, base=base)

    async def _into_empty(self, files: Mapping[str, LocalFile]) -> Pushed:
        """Push into a repository without a commit.

        GitHub stores no tree there, only a file by its path. Afterwards that commit is replaced by the whole one, if it
        is still alone on its branch; where replacing is forbidden, or another branch is meant, the whole one follows.
        """
        default = self._repository.default_branch
        self._check_workflows(files)
        first = min(files.values(), key=lambda file: (file.path.startswith(_WORKFLOWS), file.size_bytes))
        data = await asyncio.to_thread(first.read)
        seed = await self._git.first_commit(default, first.path, data, self._message)
        self._bytes_sent += len(data)
        tree = await self._git.tree_of(seed)
        change = change_between(files, await self._git.files(tree))
        whole = change_between(files, {})
        if change.removed or change.files_there != 1:
            raise self._conflict(seed, None, change.lost, "somebody else pushed first")
        if change.is_none and self._branch == default:
            return self._pushed(seed, whole, changed=True, base=None)
        stored = tree if change.is_none else await self._store_tree(change, tree)
        if self._branch == default and (only := await self._replaced(seed, stored)) is not None:
            return self._pushed(only, whole, changed=True, base=None)
        commit = await self._git.commit(self._message, stored, [seed])
        await self._put_on_branch(commit, seed if self._branch == default else None)
        return self._pushed(commit, whole, changed=True, base=seed)

    async def _replaced(self, seed: str, tree: str) -> str | None:
        """Put a commit without a parent in the place of the seed, and return it; None if that is not allowed."""
        commit = await self._git.commit(self._message, tree, [])
        if await self._git.head(self._branch) != seed:
            return None
        try:
            await self._git.move_branch(self._branch, commit, force=True)
        except (ServiceDenied, ServiceInvalid, ServiceConflict):
            return None
        return commit

    async def _check_nothing_is_lost(self, head: str, expected: str | None, change: Change) -> None:
        """Refuse to overwrite what the caller does not know.

        Raises:
            ServiceConflict: there is some.
        """
        if expected is None:
            if change.lost:
                raise self._conflict(head, None, change.lost, "it holds other files")
            return
        try:
            known = await self._git.files(await self._git.tree_of(expected))
        except (ServiceNotFound, ServiceInvalid):
            raise self._conflict(head, expected, change.paths, "its history was rewritten") from None
        now = await self._git.files(await self._git.tree_of(head))
        paths = sorted(path for path in {*known, *now} if known.get(path) != now.get(path))
        raise self._conflict(head, expected, paths, "somebody else pushed to it")

    def _check_workflows(self, paths: Iterable[str]) -> None:
        """Refuse workflows that the token may not write: GitHub would say "not found", and only at the end."""
        if self._scopes is None or "workflow" in self._scopes:
            return
        if found := next((path for path in paths if path.startswith(_WORKFLOWS)), None):
            raise ServiceDenied(
                f"the token lacks the scope workflow, which {found} needs",
                service="github", operation="push",
                hint="give it the scope workflow, store a token that has it, or leave the file out",
                data={"missing_scopes": ["workflow"], "scopes": self._scopes},
            )  # fmt: skip

    async def _store_tree(self, change: Change, there: str) -> str:
        """Store what has changed, and return the id of the whole tree."""
        base = None if change.is_total else there
        lines = change.removals
        if lines and change.has_clash:
            base, lines = await self._git.tree(lines, base), []
        known = set(change.stored)
        size = 0
        for number, file in enumerate(change.changed):
            self._tell("files", number, len(change.changed))
            line = await self._line(file, known)
            size_of_line = _BYTES_BESIDE_TEXT + 3 * len(line.get("content", ""))
            if lines and (size + size_of_line > _TREE_BYTES or len(lines) >= _TREE_ENTRIES):
                base, lines, size = await self._git.tree(lines, base), [], 0
            lines.append(line)
            size += size_of_line
        self._tell("files", len(change.changed), len(change.changed))
        return await self._git.tree(lines, base)

    async def _line(self, file: LocalFile, known: set[str]) -> dict[str, Any]:
        """Return a file's line in a tree, after having stored its content if that cannot stand in it."""
        line: dict[str, Any] = {"path": file.path, "mode": file.mode, "type": "blob"}
        if file.sha in known:
            return {**line, "sha": file.sha}
        data = await asyncio.to_thread(file.read)
        self._bytes_sent += len(data)
        if (text := as_text(data)) is not None:
            return {**line, "content": text}
        known.add(file.sha)
        return {**line, "sha": await self._git.blob(data)}

    async def _put_on_branch(self, commit: str, head: str | None) -> None:
        """Let the branch end at a commit, if it still ends where it did.

        Raises:
            ServiceConflict: it does not.
        """
        self._tell("commit", 0, 1)
        try:
            if head is None:
                there: str | None = await self._git.create_branch(self._branch, commit)
            else:
                await self._git.move_branch(self._branch, commit)
                there = commit
        except (ServiceConflict, ServiceInvalid, ServiceNotFound):
            there = await self._git.head(self._branch)
            if there == head:
                raise
        if there != commit:
            paths: list[str] = []
            if there is not None and head is not None:
                before = await self._git.files(await self._git.tree_of(head))
                now = await self._git.files(await self._git.tree_of(there))
                paths = sorted(path for path in {*before, *now} if before.get(path) != now.get(path))
            raise self._conflict(there, head, paths, "somebody else pushed to it meanwhile")

    def _conflict(self, head: str | None, base: str | None, paths: list[str], why: str) -> ServiceConflict:
        name = f"{self._branch} of {self._repository.full_name}"
        choices = (
            "push without an expected commit to make it anew, or push to another branch"
            if head is None
            else "take their changes in and push again, push to another branch, "
            f"or say that your files shall follow on theirs: expected head {head[:12]}"
        )
        return ServiceConflict(
            f"nothing was pushed to {name}: {why}", service="github", operation="push", hint=choices,
            data={
                "full_name": self._repository.full_name, "branch": self._branch, "head": head, "base": base,
                "paths": paths[:_SHOWN_PATHS], "paths_total": len(paths),
            },
        )  # fmt: skip

    def _pushed(self, commit: str, change: Change, *, changed: bool, base: str | None) -> Pushed:
        self._tell("done", len(change.changed), len(change.changed))
        return Pushed(
            full_name=self._repository.full_name,
            branch=self._branch,
            commit=commit,
            url=f"{self._url}/{self._repository.full_name}/commit/{commit}",
            changed=changed,
            base=base,
            files_changed=len(change.changed),
            files_deleted=len(change.removed),
            bytes_sent=self._bytes_sent,
        )

    def _tell(self, step: Literal["compare", "files", "commit", "done"], done: int, total: int) -> None:
        if self._on_progress is not None:
            self._on_progress(PushProgress(step=step, done=done, total=total))
