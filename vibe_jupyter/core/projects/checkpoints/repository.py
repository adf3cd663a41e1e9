"""A bare git repository that holds checkpoints: git's plumbing, and nothing of the user's configuration or hooks."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import Unavailable, VibeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["LINK", "PLAIN", "RUNNABLE", "GitFailed", "GitRepository", "TreeEntry"]

PLAIN, RUNNABLE, LINK = "100644", "100755", "120000"
"""Modes of git's tree entries."""
_TIMEOUT_S = 600
_WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "vibe_jupyter"), ("EMAIL", "checkpoints@vibe-jupyter.invalid"))
}


class GitFailed(VibeError):
    """The git command did not do what it was told (500)."""

    status, code = 500, "checkpoint.failed"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file in a tree: its mode, the id of its content, and how large that is in bytes."""

    mode: str
    blob: str
    size: int


class GitRepository:
    """Objects and refs. All methods block: call them on a thread.

    Args:
        folder: the repository; made at the first use.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ensure(self) -> None:
        """Make the repository unless it is there.

        Raises:
            Unavailable: `git.missing`.
        """
        if not (self._folder / "HEAD").exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.run("init", "--bare", "--quiet", "--template=", str(self._folder))
            self.run("config", "gc.auto", "0")

    def run(
        self, *arguments: str, given: bytes | None = None, environment: Mapping[str, str] | None = None
    ) -> bytes:
        """Run a git command in the repository and return its output.

        Raises:
            Unavailable: `git.missing`.
            GitFailed: with what it said.
        """
        try:
            done = subprocess.run(
                [_git(), *arguments],
                input=given,
                stdin=subprocess.DEVNULL if given is None else None,
                capture_output=True,
                env=self._environment(environment or {}),
                cwd=self._folder,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise GitFailed(f"git {arguments[0]} took longer than {_TIMEOUT_S} s") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-500:]
            raise GitFailed(f"git {arguments[0]} failed: {said or done.returncode}")
        return done.stdout

    def add_files(self, root: Path, paths: Sequence[str]) -> dict[str, str | None]:
        """Store files as they are, byte for byte, and return their blobs; None for one that cannot be read."""
        odd = [path for path in paths if "\n" in path]
        found: dict[str, str | None] = {path: self._add_alone(root / path) for path in odd}
        return found | self._add_together(root, [path for path in paths if "\n" not in path])

    def _add_together(self, root: Path, paths: Sequence[str]) -> dict[str, str | None]:
        if not paths:
            return {}
        lines = b"".join(os.fsencode(root / path) + b"\n" for path in paths)
        try:
            blobs = self.run("hash-object", "-w", "--no-filters", "--stdin-paths", given=lines).split()
        except GitFailed:  # one of them went away or may not be read; git does not say on with the others
            if len(paths) == 1:
                return {paths[0]: None}
            middle = len(paths) // 2
            return self._add_together(root, paths[:middle]) | self._add_together(root, paths[middle:])
        return {path: blob.decode() for path, blob in zip(paths, blobs, strict=True)}

    def _add_alone(self, file: Path) -> str | None:
        try:
            return self.add_bytes(file.read_bytes())
        except OSError:
            return None

    def add_bytes(self, content: bytes) -> str:
        """Store a content and return its blob."""
        return self.run("hash-object", "-w", "--stdin", given=content).decode().strip()

    def write_tree(self, entries: Mapping[str, TreeEntry]) -> str:
        """Store a tree of all these files by path, and return its id."""
        index = self._folder / f"index.{os.getpid()}.{os.urandom(4).hex()}"
        environment = {"GIT_INDEX_FILE": str(index)}
        lines = b"".join(
            f"{entry.mode} {entry.blob}\t".encode() + os.fsencode(path) + b"\0"
            for path, entry in entries.items()
        )
        try:
            self.run("update-index", "-z", "--index-info", given=lines, environment=environment)
            return self.run("write-tree", environment=environment).decode().strip()
        finally:
            index.unlink(missing_ok=True)

    def read_tree(self, tree: str) -> dict[str, TreeEntry]:
        """Return the files of a tree or commit by path."""
        found = {}
        for record in self.run("ls-tree", "-r", "-l", "-z", "--full-tree", tree).split(b"\0"):
            if record:
                facts, _, path = record.partition(b"\t")
                mode, _, blob, size = facts.decode().split()
                found[os.fsdecode(path)] = TreeEntry(mode, blob, int(size))
        return found

    def contents(self, blobs: Iterable[str]) -> Iterator[bytes]:
        """Yield the contents of blobs, one by one, in their order.

        Raises:
            GitFailed: one is not there.
        """
        process = subprocess.Popen(
            [_git(), "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment({}),
            cwd=self._folder,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for blob in blobs:
                process.stdin.write(blob.encode() + b"\n")
                process.stdin.flush()
                header = process.stdout.readline().split()
                if len(header) != 3:
                    raise GitFailed(f"the stored content {blob} is missing")
                content = process.stdout.read(int(header[2]))
                process.stdout.read(1)
                yield content
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait()

    def commit(self, tree: str, message: str) -> str:
        """Store a commit without parents, so that each can be dropped alone, and return its id."""
        return self.run("commit-tree", tree, given=message.encode()).decode().strip()

    def refs(self) -> list[tuple[str, str, str, str]]:
        """Return `(name, commit, tree, message)` of all checkpoints, the newest first."""
        form = "%(refname:strip=2)%00%(objectname)%00%(tree)%00%(contents:subject)"
        lines = self.run("for-each-ref", "--sort=-refname", f"--format={form}", "refs/checkpoints").decode()
        return [tuple(line.split("\0")) for line in lines.splitlines()]  # type: ignore[misc]

    def set_ref(self, name: str, commit: str) -> None:
        """Keep a commit under a name."""
        self.run("update-ref", f"refs/checkpoints/{name}", commit)

    def drop_refs(self, names: Iterable[str]) -> None:
        """Let go of commits by their names."""
        lines = "".join(f"delete refs/checkpoints/{name}\n" for name in names)
        self.run("update-ref", "--stdin", given=lines.encode())

    @property
    def size_bytes(self) -> int:
        """Return what the objects take on the disk."""
        return 1024 * sum(self._counts(name) for name in ("size", "size-pack"))

    @property
    def loose_objects(self) -> int:
        """Return how many objects are files of their own."""
        return self._counts("count")

    def _counts(self, name: str) -> int:
        lines = self.run("count-objects", "-v").decode().splitlines()
        return next(int(line.partition(": ")[2]) for line in lines if line.startswith(f"{name}: "))

    def collect(self) -> None:
        """Pack what is kept, and forget what no name leads to."""
        self.run("gc", "--quiet", "--prune=now")

    def difference(self, old: str, new: str, paths: Sequence[str] = ()) -> bytes:
        """Return what differs between two trees, as a patch that git can apply."""
        options = (
            "-r",
            "-p",
            "-M",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--binary",
            "--full-index",
        )
        return self.run("diff-tree", *options, old, new, "--", *paths)

    def statistics(self, old: str, new: str, paths: Sequence[str] = ()) -> list[tuple[str, str, int, int]]:
        """Return `(path, status, lines added, lines removed)` of each file that differs; -1 lines for a binary one."""
        common = ("-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", old, new, "--", *paths)
        status = self.run("diff-tree", "--name-status", *common).split(b"\0")[:-1]
        kinds = dict(zip(status[1::2], status[::2], strict=True))
        found = []
        for record in self.run("diff-tree", "--numstat", *common).split(b"\0")[:-1]:
            added, removed, path = record.split(b"\t", 2)
            counts = (-1, -1) if added == b"-" else (int(added), int(removed))
            found.append((os.fsdecode(path), kinds[path].decode(), *counts))
        return found

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return what git sees: this repository, and no configuration of anybody."""
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "GIT_DIR": str(self._folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "HOME": str(self._folder),
            "LC_ALL": "C",
            **_WHO,
            **more,
        }


def _git() -> str:
    found = shutil.which("git")
    if found is None:
        raise Unavailable(
            "checkpoints need the git command, which is not installed",
            code="git.missing",
            hint="install git (https://git-scm.com), then try again",
        )
    return found
