"""Make a project of a template: all of it, or nothing.

Everything happens in a staging folder beside the destination; the finished project is moved into place in one step.
Whoever kills the process half-way finds all that is left in that one folder, and removes it with `discard`.
`make_in_process` does both:

>>> made = await make_in_process(context.in_process, source, folder, {"project_name": "Tides"})  # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import Conflict, InvalidInput
from vibe_jupyter.core.ids import new_id
from vibe_jupyter.core.projects.templating.checking import checked_files
from vibe_jupyter.core.projects.templating.fetching import Fetched, fetch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vibe_jupyter.core.projects.templating.catalog import TemplateSource

__all__ = ["Made", "discard", "make", "make_in_process", "staging_folder"]

_DISCARD_ATTEMPTS = 20
_DISCARD_PAUSE_S = 0.05


@dataclass(frozen=True)
class Made:
    """What `make` did.

    Args:
        files: relative paths with `/`, sorted.
        size_bytes: of all of them together.
        template: as it was named.
        version: the tag or branch of a template from git; None for others.
        commit: the full name of its commit; None if it is from no git repository.
        answers: those that were used, defaults included, secret ones left out.
    """

    files: tuple[str, ...]
    size_bytes: int
    template: str
    version: str | None
    commit: str | None
    answers: dict[str, Any]


def staging_folder(destination: Path) -> Path:
    """Return a new name for the folder in which a project is made: hidden, and beside the destination."""
    return destination.parent / f".vibe-making-{new_id()}"


def make(
    source: TemplateSource,
    destination: Path,
    answers: dict[str, Any],
    *,
    trusted: bool = False,
    suggested: dict[str, Any] | None = None,
    staging: Path | None = None,
    report: Callable[..., None] | None = None,
) -> Made:
    """Make a project; runs in a worker process, as a template's code may take any time and memory.

    Args:
        source: see `catalog.template_source`.
        destination: absolute; not there yet, or an empty folder. The folder it lies in exists.
        answers: what the person answered; all must be questions of the template.
        trusted: whether the template may run code: tasks, migrations, Jinja extensions, external data.
        suggested: what the platform knows, e.g. `project_name`, `description`, `author`: taken instead of a default
            where the template asks for it, passed over where it does not.
        staging: see `staging_folder`; the caller discards it if this process is killed.
        report: told what happens now, as `report(fraction, message)`.

    Raises:
        Conflict: `project.folder_not_empty`.
        InvalidInput: `project.folder_invalid`, and what `rendering.render` and `checking.checked_files` raise.
        Forbidden: `template.untrusted`, `url.forbidden_address`.
        ExternalError: the template could not be fetched.
    """
    tell = report or _say_nothing
    _check_destination(destination)
    staging = staging or staging_folder(destination)
    try:
        staging.mkdir(mode=0o700)
    except OSError as error:
        raise _unusable(destination, error) from error
    try:
        tell(0.1, "getting the template" if source.kind == "git" else "reading the template")
        fetched = _fetched(source, staging)
        tell(0.5, "making the files")
        from vibe_jupyter.core.projects.templating.rendering import render

        project = (
            staging / "made" / destination.name
        )  # of this name, since a template may ask for its folder's
        project.parent.mkdir()
        rendered = render(source, fetched, project, answers, suggested or {}, trusted=trusted)
        tell(0.9, "checking them")
        files = checked_files(project, git_allowed=trusted)
        _put_into_place(project, destination)
    finally:
        _remove(staging)
    return Made(
        files=tuple(files),
        size_bytes=sum(files.values()),
        template=source.text,
        version=fetched.version,
        commit=fetched.commit or None,
        answers=rendered.answers,
    )


async def make_in_process(
    in_process: Callable[..., Awaitable[Made]],
    source: TemplateSource,
    destination: Path,
    answers: dict[str, Any],
    *,
    trusted: bool = False,
    suggested: dict[str, Any] | None = None,
) -> Made:
    """Make a project in a worker process, and leave nothing behind when this is cancelled or the process dies.

    Args:
        in_process: `Context.in_process` or `WorkerPool.run`.
        source: see `make`, as for the others.
        destination: see `make`.
        answers: see `make`.
        trusted: see `make`.
        suggested: see `make`.

    Raises:
        VibeError: see `make`; `worker.died`.
    """
    staging = staging_folder(destination)
    try:
        return await in_process(
            make, source, destination, answers, trusted=trusted, suggested=suggested, staging=staging
        )
    except BaseException:
        await discard(staging)
        raise


async def discard(staging: Path) -> None:
    """Remove what a killed process left; it may still write while it dies, so a removal may take some attempts.

    Raises:
        OSError: it cannot be removed.
    """
    loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, thread_name_prefix="vibe-discard")
    try:  # not in the loop's default executor: the task engine claims that one
        for attempt in range(_DISCARD_ATTEMPTS):
            try:
                return await loop.run_in_executor(thread, _remove, staging)
            except OSError:
                if attempt + 1 == _DISCARD_ATTEMPTS:
                    raise
                await asyncio.sleep(_DISCARD_PAUSE_S)
    finally:
        thread.shutdown(wait=False)


def _fetched(source: TemplateSource, staging: Path) -> Fetched:
    if source.kind == "git" or source.ref:
        scratch = staging / "fetched"
        scratch.mkdir()
        return fetch(source, scratch)
    return Fetched(Path(source.location), commit="", version=None)


def _check_destination(destination: Path) -> None:
    if not destination.is_absolute() or destination.name in ("", ".", ".."):
        raise InvalidInput(
            f"{destination} is no folder for a project",
            code="project.folder_invalid",
            hint="give an absolute path to a new folder",
        )
    try:
        if destination.is_symlink() or (destination.exists() and not destination.is_dir()):
            raise _taken(destination, "it is no folder")
        if destination.is_dir() and any(destination.iterdir()):
            raise _taken(destination, "there is something in it")
    except OSError as error:
        raise _unusable(destination, error) from error


def _put_into_place(project: Path, destination: Path) -> None:
    try:
        if os.name == "nt" and destination.is_dir():
            destination.rmdir()  # elsewhere an empty folder is replaced in the same step
        project.rename(destination)
    except OSError as error:
        # Somebody wrote into it meanwhile, or it is not ours to write.
        if destination.exists():
            raise _taken(destination, error.strerror or "it is in use") from error
        raise _unusable(destination, error) from error


def _taken(destination: Path, why: str) -> Conflict:
    return Conflict(
        f"no project can be made in {destination}: {why}",
        code="project.folder_not_empty",
        hint="choose another folder or name; an existing folder can be adopted as a project as it is",
    )


def _unusable(destination: Path, error: OSError) -> InvalidInput:
    return InvalidInput(
        f"no project can be made in {destination}: {error.strerror or error}",
        code="project.folder_invalid",
        hint="the folder above must exist and be yours to write",
    )


def _remove(folder: Path) -> None:
    """Remove a folder that may not be there, read-only files and folders included."""

    def retry(function: Callable[[str], object], path: str, error: Any) -> None:
        if isinstance(error[1], FileNotFoundError):
            return
        for one in (os.path.dirname(path), path):  # noqa: PTH120 - a text comes, a text is wanted
            if not os.path.islink(one):  # noqa: PTH114
                os.chmod(one, stat.S_IRWXU)  # noqa: PTH101
        function(path)

    shutil.rmtree(folder, onerror=retry)


def _say_nothing(fraction: float | None, message: str = "", **data: Any) -> None:
    """Report to nobody."""
