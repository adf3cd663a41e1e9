"""A repository of the fake hub: a bare git repository, written by `git fast-import` and read by plumbing."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Change", "Entry", "GitRepository", "LogEntry", "Pointer"]

_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:(?P<oid>[0-9a-f]{64})\nsize (?P<size>\d+)\n?"
)
_POINTER_MAX_BYTES = 200
_ENVIRONMENT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Pointer:
    """What stands in git for a large file."""

    oid: str
    size: int

    @property
    def text(self) -> bytes:
        return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
            self.oid.encode(), self.size,
        )  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A file of a commit."""

    path: str
    oid: str
    size: int
    pointer: Pointer | None


@dataclass(frozen=True)
class Change:
    """A file that a commit writes, or deletes if `content` is None."""

    path: str
    content: bytes | None


@dataclass(frozen=True)
class LogEntry:
    """A commit."""

    id: str
    title: str
    message: str
    author: str
    date: str


class GitRepository:
    """A bare repository with a branch `main`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pointers: dict[str, Pointer | None] = {}
        self._trees: dict[str, list[Entry]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._git(
            "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(path), inside=False
        )

    def resolve(self, revision: str) -> str | None:
        """Return the id of a commit, or None if there is none of that name."""
        if revision in ("main", "refs/heads/main"):
            return self.head
        if revision in self._trees:
            return revision
        if revision.startswith("-"):
            return None
        done = self._run("rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}")
        return done.stdout.decode().strip() or None

    @property
    def head(self) -> str | None:
        """Return the newest commit of `main`."""
        ref = self.path / "refs" / "heads" / "main"  # never packed: nobody runs gc here
        return ref.read_text().strip() if ref.exists() else None

    def tree(self, revision: str) -> list[Entry]:
        """Return all files of a commit, by path."""
        commit = self.resolve(revision)
        if commit is None:
            raise KeyError(revision)
        if commit not in self._trees:
            self._trees[commit] = self._read_tree(commit)
        return self._trees[commit]

    def _read_tree(self, revision: str) -> list[Entry]:
        raw: list[tuple[str, str, int]] = []
        for line in self._git("ls-tree", "-r", "-l", "-z", "--full-tree", revision).split(b"\0")[:-1]:
            facts, _, path = line.partition(b"\t")
            _, _, oid, size = facts.decode().split()
            raw.append((path.decode("utf-8", "surrogateescape"), oid, int(size)))
        self._look_for_pointers([oid for _, oid, size in raw if size <= _POINTER_MAX_BYTES])
        return [Entry(path, oid, size, self._pointers.get(oid)) for path, oid, size in raw]

    def read(self, revision: str, path: str) -> bytes | None:
        """Return the content of a file as git has it, or None if there is none."""
        done = self._run("cat-file", "blob", f"{revision}:{path}")
        return done.stdout if done.returncode == 0 else None

    def log(self, revision: str) -> list[LogEntry]:
        """Return the commits up to a revision, the newest first."""
        text = self._git(
            "log",
            "-z",
            "--date=format-local:%Y-%m-%dT%H:%M:%S.000Z",
            "--format=%H%x01%s%x01%b%x01%an%x01%cd",
            revision,
        ).decode()
        return [LogEntry(*one.split("\1")) for one in text.split("\0") if one]

    def commit(self, changes: list[Change], *, message: str, author: str) -> str:
        """Commit to `main` and return the id."""
        words, who = message.encode(), f"{author} <{author}@users.example> now".encode()
        parts = [
            b"commit refs/heads/main\n",
            b"committer ",
            who,
            b"\n",
            b"data %d\n" % len(words),
            words,
            b"\n",
        ]
        if (head := self.head) is not None:
            parts.append(b"from " + head.encode() + b"\n")
        for change in changes:
            path = _quoted(change.path)
            if change.content is None:
                parts.append(b"D " + path + b"\n")
            else:
                parts += [
                    b"M 100644 inline " + path + b"\n",
                    b"data %d\n" % len(change.content),
                    change.content,
                ]
                parts.append(b"\n")
        self._git("fast-import", "--quiet", "--date-format=now", "--force", given=b"".join(parts))
        made = self.head
        assert made is not None
        return made

    def _look_for_pointers(self, oids: list[str]) -> None:
        unknown = sorted({oid for oid in oids if oid not in self._pointers})
        if not unknown:
            return
        out = self._git("cat-file", "--batch", given="".join(f"{oid}\n" for oid in unknown).encode())
        at = 0
        for oid in unknown:
            end = out.index(b"\n", at)
            size = int(out[at:end].split()[2])
            found = _POINTER.fullmatch(out[end + 1 : end + 1 + size])
            self._pointers[oid] = Pointer(found["oid"].decode(), int(found["size"])) if found else None
            at = end + size + 2

    def _git(self, *arguments: str, given: bytes | None = None, inside: bool = True) -> bytes:
        done = self._run(*arguments, given=given, inside=inside)
        if done.returncode:
            raise RuntimeError(f"git {arguments[0]}: {done.stderr.decode(errors='replace')[-500:]}")
        return done.stdout

    def _run(
        self, *arguments: str, given: bytes | None = None, inside: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        where = ["--git-dir", str(self.path)] if inside else []
        return subprocess.run(
            ["git", *where, *arguments],
            input=given if given is not None else b"", capture_output=True, timeout=60, check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self.path), **_ENVIRONMENT},
        )  # fmt: skip


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode()
