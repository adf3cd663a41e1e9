"""Whether what a template made may be put into place: everything in it stays in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from vibe_jupyter.core.errors import InvalidInput

__all__ = ["MAX_BYTES", "MAX_FILES", "checked_files"]

MAX_FILES = 10_000
MAX_BYTES = 512 * 2**20


def checked_files(folder: Path, *, git_allowed: bool) -> dict[str, int]:
    """Return the files of a folder with their sizes in bytes, by relative path with `/`.

    Args:
        folder: the project that was made, not yet where it will be.
        git_allowed: whether there may be a `.git`; hooks in it run at the next `git commit`.

    Raises:
        InvalidInput: `template.escapes` for a link that leads out, `template.unsafe_file` for what is neither file,
            folder nor link, and for a `.git`; `template.too_large`; `template.empty`.
    """
    files: dict[str, int] = {}
    total = 0
    for parent, folders, names in os.walk(folder, followlinks=False):
        for name in (*folders, *names):
            path = Path(parent, name)
            relative = path.relative_to(folder).as_posix()
            if _means_git(name) and not git_allowed:
                raise _unsafe(relative, "only a trusted template may write a .git")
            kind = path.lstat()
            if stat.S_ISLNK(kind.st_mode):
                _check_link(path, relative, folder)
            elif stat.S_ISDIR(kind.st_mode):
                continue
            elif not stat.S_ISREG(kind.st_mode):
                raise _unsafe(relative, "it is neither a file nor a folder nor a link")
            files[relative] = kind.st_size
            total += kind.st_size
            if len(files) > MAX_FILES or total > MAX_BYTES:
                raise InvalidInput(
                    f"the template makes more than {MAX_FILES:,} files or {MAX_BYTES // 2**20} MB",
                    code="template.too_large",
                    hint="a template is for the start of a project; get data and dependencies afterwards",
                )
    if not files:
        raise InvalidInput(
            "the template made no file",
            code="template.empty",
            hint="is it the folder that has the copier.yml?",
        )
    return dict(sorted(files.items()))


def _check_link(path: Path, relative: str, folder: Path) -> None:
    target = PurePosixPath(str(path.readlink()).replace("\\", "/"))
    inside = path.resolve().is_relative_to(folder.resolve())
    if target.is_absolute() or not inside or _climbs_out(PurePosixPath(relative).parent / target):
        raise InvalidInput(
            f"the template makes a link that leads out of the project: {relative}",
            code="template.escapes",
            hint="a link must be relative and stay inside",
        )


def _climbs_out(path: PurePosixPath) -> bool:
    """Return whether a path leaves the folder that it starts in, at any step: `a/../../b` does."""
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else part != "."
        if depth < 0:
            return True
    return False


def _means_git(name: str) -> bool:
    """Return whether some file system takes a name for `.git`: without regard to case, or by its short form."""
    plain = "".join(sign for sign in name.casefold() if sign.isprintable()).rstrip(". ")
    return plain in (".git", "git~1")


def _unsafe(relative: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"the template makes {relative!r}: {why}",
        code="template.unsafe_file",
        hint="nothing was left behind; mend the template or take another one",
    )
