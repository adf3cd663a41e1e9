"""Where projects lie: which folder a new one gets, which one may be adopted, and whether it is still there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from vibe_jupyter.core import paths
from vibe_jupyter.core.accounts.principal import OWNER
from vibe_jupyter.core.errors import Conflict, Forbidden, InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.projects.store import StoredProject

__all__ = ["ProjectPlaces", "folder_of", "make_parent"]


class ProjectPlaces:
    """The folders that projects may lie in.

    Args:
        data_dir: the platform's own folder, which no project may hold.
        root: folder that the owner's relative paths start from, and where new projects of theirs are put.
        home: gives the folder where another user's new projects are put.
        allowed_roots: gives the folders that a user may work in.
    """

    def __init__(
        self,
        data_dir: Path,
        root: Path,
        home: Callable[[str], Path],
        allowed_roots: Callable[[str], Awaitable[Sequence[Path]]],
    ) -> None:
        self._data_dir = data_dir
        self._root = root
        self._home = home
        self._allowed_roots = allowed_roots

    async def new(self, principal: Principal, name: str, path: str | None) -> Path:
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

    async def existing(self, principal: Principal, path: str) -> Path:
        """Return a folder that is there and may become a project.

        Raises:
            NotFound, Forbidden, InvalidInput: about the path; `project.holds_data`.
        """
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

    async def resolver(self, principal: Principal) -> Callable[[str], Path] | None:
        """Return what finds the folder of a template that the owner names; None for others, who name none."""
        if principal.user_id != OWNER.user_id:
            return None
        allowed = await self._allowed_roots(principal.user_id)

        def resolve(path: str) -> Path:
            own = [paths.real(path, self._root)] if principal.via == "local" else []
            return paths.resolve(path, self._root, [*allowed, *own])

        return resolve

    def _check_is_apart(self, folder: Path) -> None:
        """Refuse a folder with the platform's own data in it: a project's files are copied and shown."""
        data = self._data_dir.resolve()
        if folder == data or folder in data.parents:
            raise InvalidInput(
                f"{folder} holds the data of the platform itself",
                code="project.holds_data",
                hint="make a project of a folder below it",
            )


async def folder_of(stored: StoredProject) -> Path:
    """Return a project's folder.

    Raises:
    NotFound: `project.folder_missing`.
    """
    folder = Path(stored.root)
    if not await asyncio.to_thread(folder.is_dir):
        raise NotFound(
            f"the folder of {stored.name} is gone: {stored.root}",
            code="project.folder_missing",
            hint="bring it back from its last checkpoint: %vibe project undo",
        )
    return folder


async def make_parent(folder: Path) -> None:
    """Make the folder above a new one.

    Raises:
        InvalidInput: `path.invalid`.
    """
    await asyncio.to_thread(_make, folder.parent)


def _make(folder: Path) -> None:
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
