"""Names and sizes that the hub takes: what is wrong is refused before anything is sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from vibe_jupyter.core.services.failures import ServiceInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vibe_jupyter.core.services.huggingface.schemas import RepoKind

__all__ = [
    "FILE_MAX_BYTES",
    "SPACE_MAX_BYTES",
    "check_files",
    "checked_id",
    "checked_keys",
    "checked_path",
    "quoted",
]

FILE_MAX_BYTES = 50 * 10**9
"""Of one file that is sent as a large file; the hub refuses more."""
SPACE_MAX_BYTES = 10**9
"""Of all files of one Space: beyond, the hub says `Repository storage limit reached (Max: 1 GB)`."""
_PATH_MAX_CHARACTERS, _SEGMENT_MAX_BYTES = 1024, 255
_NOT_IN_A_PATH = re.compile(r"[\x00-\x1f\x7f\\]|[\ud800-\udfff]")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")


def checked_id(repo_id: str, operation: str) -> str:
    """Return the name of a repository, `name` or `owner/name`, if the hub takes it.

    Raises:
        ServiceInvalid: it does not.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(repo_id)
        problem = None
    except HFValidationError as error:
        problem = str(error)
    if problem is not None:
        raise _invalid(
            f"{repo_id[:100]!r} is no name of a repository on the hub",
            operation,
            "take letters, digits, - _ and . for owner/name, 96 at most, without -- or .. in it",
        )
    return repo_id


def quoted(repo_id: str) -> str:
    """Return a name as a URL's path holds it."""
    return quote(repo_id, safe="/")


def checked_path(path: str, operation: str) -> str:
    """Return the path of a file in a repository, if the hub takes it.

    Raises:
        ServiceInvalid: it does not.
    """
    parts = path.split("/")
    if _NOT_IN_A_PATH.search(path):
        why = "it holds a backslash or a control character"
    elif any(part in ("", ".", "..") for part in parts):
        why = "it must be relative, with / between names and without . and .."
    elif any(part.lower() == ".git" for part in parts):
        why = "what lies in a .git folder cannot be uploaded"
    elif len(path) > _PATH_MAX_CHARACTERS or any(len(part.encode()) > _SEGMENT_MAX_BYTES for part in parts):
        why = "it is too long"
    else:
        return path
    raise _invalid(f"{path[:200]!r} cannot be the path of a file on the hub: {why}", operation, "rename it")


def check_files(sizes: Mapping[str, int], kind: RepoKind, operation: str) -> None:
    """Refuse files that are too large, one by one or together.

    Args:
        sizes: in bytes, by path.

    Raises:
        ServiceInvalid: naming the first one.
    """
    for path, size in sizes.items():
        if size > FILE_MAX_BYTES:
            raise _invalid(
                f"{path} has {_gb(size)}, the hub takes {_gb(FILE_MAX_BYTES)} at most in one file",
                operation, "split it, or leave it out",
            )  # fmt: skip
    total = sum(sizes.values())
    if kind == "space" and total > SPACE_MAX_BYTES:
        largest = max(sizes, key=lambda path: sizes[path])
        raise _invalid(
            f"the files have {_gb(total)} together, a Space takes {_gb(SPACE_MAX_BYTES)} at most",
            operation, f"upload data as a data set and load it from there; the largest file is {largest}",
        )  # fmt: skip
    _check_together(sizes, operation)


def checked_keys(names: Iterable[str], operation: str) -> None:
    """Refuse names that no environment variable has.

    Raises:
        ServiceInvalid: naming the first one.
    """
    for name in names:
        if not _KEY.fullmatch(name):
            raise _invalid(
                f"{name[:100]!r} cannot be the name of a variable",
                operation, "take letters, digits and _, no digit first",
            )  # fmt: skip


def _check_together(paths: Iterable[str], operation: str) -> None:
    """Refuse a path that is a file here and a folder there."""
    known = set(paths)
    for path in known:
        above = path
        while "/" in above:
            above = above.rpartition("/")[0]
            if above in known:
                raise _invalid(
                    f"{above} cannot be a file and the folder of {path}", operation, "rename one of them"
                )


def _invalid(message: str, operation: str, hint: str) -> ServiceInvalid:
    return ServiceInvalid(message, service="huggingface", operation=operation, hint=hint)


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / 10**9:.3g} GB"
