"""What the tests of pushes share: files, and a repository that holds some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.services.fixtures_github import GitHubDouble
from vibe_jupyter.core.services.github.schemas import Pushed, RepoSpec
from vibe_jupyter.core.services.github.service import GitHubService
from vibe_jupyter.core.services.github.snapshot import FileContent, Snapshot

__all__ = ["files", "pushed_repository"]


def files(texts: Mapping[str, str | bytes], executable: frozenset[str] = frozenset()) -> Snapshot:
    """Return a snapshot with some contents."""

    def source(text: str | bytes) -> Callable[[], bytes]:
        return lambda: text.encode() if isinstance(text, str) else text

    return {path: FileContent(source(text), executable=path in executable) for path, text in texts.items()}


async def pushed_repository(
    github: GitHubService, double: GitHubDouble, texts: Mapping[str, str | bytes], **spec: Any
) -> Pushed:
    """Make a repository and push a first commit to it; forget what was asked for that."""
    made = await github.create_repository(RepoSpec(name=double.new_name(), **spec))
    pushed = await github.push(
        made.full_name, files(texts), branch="main", message="First", expected_head=None
    )
    double.front.reset()
    return pushed
