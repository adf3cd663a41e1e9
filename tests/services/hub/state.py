"""What the fake hub knows: accounts, tokens, repositories, large files."""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.services.hub.answers import refusal
from tests.services.hub.git_repository import Change, GitRepository, Pointer
from tests.services.hub.space_simulation import SpaceSimulation, declared

__all__ = ["Account", "HubState", "Repository", "Storage"]

_ATTRIBUTES = "".join(
    f"{pattern} filter=lfs diff=lfs merge=lfs -text\n"
    for pattern in ("*.bin", "*.npz", "*.onnx", "*.parquet", "*.safetensors", "*.zip", "*.png", "*.jpg")
)
_SPACE_README = """---
title: {title}
emoji: 🚀
colorFrom: green
colorTo: blue
sdk: {sdk}
{version}{app_file}pinned: false
---

Check out the configuration reference at https://huggingface.co/docs/hub/spaces-config-reference
"""
_APP_FILES = {"gradio": "app_file: app.py\n", "docker": "", "static": ""}


@dataclass(frozen=True)
class Account:
    """Who has a token.

    Args:
        role: what the token may do: read, write or fineGrained.
        can_write_to: repositories that a fine-grained token may write to.
    """

    name: str
    role: str = "write"
    organizations: tuple[str, ...] = ()
    can_write_to: tuple[str, ...] = ()

    def owns(self, namespace: str) -> bool:
        return namespace == self.name or namespace in self.organizations


class Storage:
    """Large files, by their SHA-256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        self._parts: dict[str, dict[int, bytes]] = {}

    def has(self, oid: str) -> bool:
        return (self._folder / oid).exists()

    def read(self, oid: str) -> bytes:
        return (self._folder / oid).read_bytes()

    def put(self, oid: str, content: bytes) -> None:
        if hashlib.sha256(content).hexdigest() != oid:
            raise refusal(400, "The object does not match its oid")
        (self._folder / oid).write_bytes(content)

    def put_part(self, oid: str, number: int, content: bytes) -> str:
        self._parts.setdefault(oid, {})[number] = content
        return f'"{hashlib.md5(content).hexdigest()}"'

    def complete(self, oid: str, numbers: list[int]) -> None:
        parts = self._parts.pop(oid, {})
        self.put(oid, b"".join(parts.get(number, b"") for number in numbers))


@dataclass
class Repository:
    """A repository, and a Space's state beside it."""

    kind: str
    id: str
    private: bool
    git: GitRepository
    sdk: str | None = None
    space: SpaceSimulation | None = None
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    variables: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        return self.id.partition("/")[0]

    def build(self, storage: Storage) -> None:
        """Build the newest commit of a Space."""
        head = self.git.head
        if self.space is None or head is None:
            return
        meta, _ = declared(self.git.read(head, "README.md"))
        self.sdk = str(meta.get("sdk", self.sdk))

        def read(path: str) -> bytes | None:
            content = self.git.read(head, path)
            entry = next((one for one in self.git.tree(head) if one.path == path), None)
            if content is not None and entry is not None and isinstance(entry.pointer, Pointer):
                return storage.read(entry.pointer.oid)
            return content

        self.space.build(head, read)


class HubState:
    """All of it. One lock: the hub does one thing at a time."""

    def __init__(self, folder: Path) -> None:
        self.lock = threading.RLock()
        self.tokens: dict[str, Account] = {}
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.moved: dict[tuple[str, str], str] = {}
        self.storage = Storage(folder / "lfs")
        self.page_size = 1000
        self.large_bytes = 10_000_000
        self.part_bytes: int | None = None
        self._folder = folder / "git"
        self._made = 0

    def create(self, kind: str, repo_id: str, asked: dict[str, Any], author: str) -> Repository:
        """Make a repository with the commit that the hub makes in it."""
        namespace, _, name = repo_id.partition("/")
        self._made += 1
        git = GitRepository(self._folder / f"{self._made}" / f"{name}.git")
        private = asked.get("visibility") == "private" or bool(asked.get("private"))
        made = Repository(kind, repo_id, private, git)
        first = [Change(".gitattributes", _ATTRIBUTES.encode())]
        if kind == "space":
            made.sdk = str(asked["sdk"])
            domain = re.sub(r"[^a-z0-9]+", "-", f"{namespace}-{name}".lower()) + ".hf.space"
            made.space = SpaceSimulation(domain, asked.get("hardware"))
            version = "sdk_version: 6.2.0\n" if made.sdk == "gradio" else ""
            readme = _SPACE_README.format(
                title=name.replace("-", " ").title(), sdk=made.sdk, version=version,
                app_file=_APP_FILES.get(made.sdk, ""),
            )  # fmt: skip
            first.append(Change("README.md", readme.encode()))
            for what in ("secrets", "variables"):
                setattr(made, what, {one["key"]: dict(one) for one in asked.get(what) or []})
        git.commit(first, message="initial commit", author=author)
        self.repositories[kind, repo_id] = made
        made.build(self.storage)
        return made

    def end(self) -> None:
        """Let go everybody who follows a log."""
        for repository in list(self.repositories.values()):
            if repository.space is not None:
                repository.space.end()
