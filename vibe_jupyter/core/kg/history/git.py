"""The commits that changed a project's files, read with the `git` command.

A repository is not trusted: nothing that its own configuration names is run, nothing is fetched, nothing is written.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "MAX_COMMITS",
    "Commit",
    "HistoryUnknown",
    "Surroundings",
    "head_of",
    "read_commits",
    "surroundings_of",
]

MAX_COMMITS = 2_000
"""So many of the last commits are read."""
_TIMEOUT_S = 60
_SAFE = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.sshCommand=false"),
    *("-c", "protocol.allow=never", "-c", "log.showSignature=false", "-c", "core.pager=cat"),
    *("-c", "diff.external=", "-c", "core.quotePath=false", "-c", "diff.renameLimit=1000"),
    *("-c", "log.showRoot=true", "-c", "mailmap.file=", "-c", "mailmap.blob="),
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C",
}
_HEADER = "%x1e%H%x00%aN%x00%aE%x00%cI%x00%ct%x00%s"
_FIELDS = 6
_MAX_MAILMAP_BYTES = 1_000_000
_ZONE = re.compile(r"[+-](\d\d):(\d\d)")
_STATUS = re.compile(r"[AMDTUXB]|[RC]\d*")


class HistoryUnknown(Exception):
    """Why a repository's history cannot be read."""


class Commit(NamedTuple):
    """A commit. `changed` are paths relative to the project's root, as they are called today."""

    hash: str
    name: str
    email: str
    time: str  # ISO 8601
    message: str
    changed: tuple[str, ...]


class Surroundings(NamedTuple):
    """What else than the commit that is checked out decides what the history is."""

    is_shallow: bool
    digest: str


def head_of(root: Path) -> str | None:
    """Return the hash of the commit that is checked out; None where there is no git, no repository or no commit.

    Raises:
        HistoryUnknown: the repository cannot be read.
    """
    if shutil.which("git") is None:
        return None
    done = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if done.returncode == 0:
        return done.stdout.decode("ascii", "replace").strip()
    said = done.stderr.decode("utf-8", "replace").strip()
    if not said or "not a git repository" in said:
        return None
    raise HistoryUnknown(said.splitlines()[0][:300])


def surroundings_of(root: Path) -> Surroundings:
    """Return what, beside the commit, a repository's history follows from: where it is cut, and its `.mailmap`.

    Raises:
        HistoryUnknown: the repository cannot be read.
    """
    done = _git(root, "rev-parse", "--git-path", "shallow")
    if done.returncode != 0:
        raise HistoryUnknown("git does not tell where the repository is")
    cut = _small_file(root / os.fsdecode(done.stdout.removesuffix(b"\n")))
    top = _git(root, "rev-parse", "--show-toplevel")
    people = (
        b"" if top.returncode else _small_file(Path(os.fsdecode(top.stdout.removesuffix(b"\n"))) / ".mailmap")
    )
    return Surroundings(bool(cut), hashlib.sha256(cut + b"\0" + people).hexdigest())


def _small_file(path: Path) -> bytes:
    """Return the start of a file; nothing, if it is a link, a pipe or the like, which git leaves alone or waits for."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return b""
        with path.open("rb") as file:
            return file.read(_MAX_MAILMAP_BYTES)
    except OSError:
        return b""


def read_commits(root: Path) -> list[Commit]:
    """Return the last commits that changed files below `root`, the newest first.

    Raises:
        HistoryUnknown: the history cannot be read.
    """
    done = _git(
        root,
        *(
            "log",
            "-z",
            f"--max-count={MAX_COMMITS}",
            f"--format={_HEADER}",
            "--name-status",
            "--find-renames",
            "--date-order",  # no parent before its children, so that renames are followed
            "--encoding=UTF-8",
        ),
        *(
            "--relative",
            "--no-ext-diff",
            "--no-textconv",
            "--no-show-signature",
            "--no-color",
            "--use-mailmap",
        ),
        *("HEAD", "--", "."),
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise HistoryUnknown((said.splitlines() or ["git failed"])[0][:300])
    return list(_commits(done.stdout.decode("utf-8", "replace")))


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        return subprocess.run(
            ["git", *_SAFE, "-C", str(root), *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=own | _ENVIRONMENT,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise HistoryUnknown(f"git took longer than {_TIMEOUT_S} s") from None
    except OSError as error:
        raise HistoryUnknown(f"git cannot be started: {error.strerror}") from error


def _commits(output: str) -> Iterator[Commit]:
    """Read the log; from the newest to the oldest, so that a rename tells what older commits mean."""
    today: dict[str, str | None] = {}
    for header, changes in _entries(output):
        changed: dict[str, None] = {}
        later: dict[str, str | None] = {}
        for status, old, new in changes:
            present = today.get(new, new)
            if present is not None:
                changed[present] = None
            if status.startswith("R"):
                later[new] = None  # before this commit another file had that name, or none
                later[old] = present
            elif status == "A":
                later.setdefault(new, None)
        today.update(later)
        sha, name, email, time, seconds, message = header
        yield Commit(sha, name, email, _time(time, seconds), message, tuple(changed))


def _time(time: str, seconds: str) -> str:
    """Return when a commit was made; in UTC, if its time zone is none that XML Schema or Python know."""
    zone = _ZONE.fullmatch(time[19:])
    if zone and (int(zone[1]) * 60 + int(zone[2]) > 14 * 60 or int(zone[2]) > 59) and seconds.isdecimal():
        return datetime.fromtimestamp(min(int(seconds), 253_402_300_799), UTC).isoformat()
    return time


def _entries(output: str) -> Iterator[tuple[list[str], list[tuple[str, str, str]]]]:
    header: list[str] | None = None
    changes: list[tuple[str, str, str]] = []
    tokens: Sequence[str] = output.split("\0")
    at = 0
    while at < len(tokens):
        token = tokens[at].lstrip("\n")
        at += 1
        if token.startswith("\x1e"):
            if header is not None:
                yield header, changes
            parts = [token[1:], *tokens[at : at + _FIELDS - 1]]
            at += _FIELDS - 1
            header, changes = (parts if len(parts) == _FIELDS else None), []
        elif _STATUS.fullmatch(token) and at < len(tokens):
            count = 2 if token[0] in "RC" else 1
            paths = tokens[at : at + count]
            at += count
            if len(paths) == count:
                changes.append((token, paths[0], paths[-1]))
    if header is not None:
        yield header, changes
