"""What may be the name of a repository, a branch or a topic: checked before it becomes part of a URL."""

from __future__ import annotations

import re
import urllib.parse
from typing import TYPE_CHECKING

from vibe_jupyter.core.services.failures import ServiceInvalid

if TYPE_CHECKING:
    from vibe_jupyter.core.services.github.schemas import RepoSpec

__all__ = ["checked_branch", "checked_path", "checked_repository", "checked_spec", "quoted"]

_OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_TOPIC = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
_NOT_IN_A_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)")
"""By git's own rules (`git check-ref-format`)."""


def checked_repository(full_name: str) -> str:
    """Return `owner/name` as it is.

    Raises:
        ServiceInvalid: GitHub can have no such repository.
    """
    owner, _, name = full_name.partition("/")
    if not _OWNER.fullmatch(owner) or not _is_name(name):
        raise _invalid(f"{full_name[:100]!r} is no repository", hint="write it as owner/name")
    return full_name


def checked_branch(branch: str) -> str:
    """Return the name of a branch as it is.

    Raises:
        ServiceInvalid: git allows no such name.
    """
    is_odd = branch.startswith(("-", "/", ".", "refs/")) or branch.endswith(("/", ".")) or branch == "@"
    if not branch or len(branch) > 200 or is_odd or _NOT_IN_A_REF.search(branch):
        raise _invalid(f"{branch[:100]!r} is no name of a branch", hint="letters, digits, - and / will do")
    return branch


def checked_path(path: str) -> str:
    """Return the path of a file in a repository as it is.

    Raises:
        ServiceInvalid: it leads out of the repository.
    """
    if not path or "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
        raise _invalid(f"{path[:100]!r} is no path of a file in a repository")
    return path


def checked_spec(spec: RepoSpec) -> RepoSpec:
    """Return a specification as it is; GitHub would quietly change an odd name.

    Raises:
        ServiceInvalid: the name, the owner or a topic is not possible.
    """
    if not _is_name(spec.name):
        near = re.sub(r"[^A-Za-z0-9._-]+", "-", spec.name).strip("-.")[:100]
        hint = f"how about {near}?" if _is_name(near) else "letters, digits, -, _ and . will do"
        raise _invalid(f"{spec.name[:100]!r} is no name of a repository", hint=hint)
    if spec.owner is not None and not _OWNER.fullmatch(spec.owner):
        raise _invalid(f"{spec.owner[:100]!r} is no account")
    for topic in spec.topics:
        if not _TOPIC.fullmatch(topic):
            raise _invalid(f"{topic[:100]!r} is no topic", hint="lower-case letters, digits and - will do")
    return spec


def quoted(path: str) -> str:
    """Return a path as it stands in a URL."""
    return urllib.parse.quote(path, safe="/")


def _is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and name not in (".", "..") and not name.lower().endswith(".git")


def _invalid(message: str, *, hint: str | None = None) -> ServiceInvalid:
    return ServiceInvalid(message, service="github", operation="check", hint=hint)
