"""Clones by the git command: nothing of the repository is run, and a token is seen by git alone.

The token goes to git in its environment, as a header for one host: a URL or an argument would show it in the list of
processes and in the clone's own configuration (`git config http.<url>.extraHeader`).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, NamedTuple

from vibe_jupyter.core.errors import Conflict, InvalidInput
from vibe_jupyter.core.services.addresses import check_url, resolved
from vibe_jupyter.core.services.failures import ServiceTimeout, ServiceUnavailable, ServiceUnreachable
from vibe_jupyter.core.services.git_failures import git_failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["CloneProgress", "Cloned", "clone"]

_KEPT = (
    "PATH", "LANG", "TMPDIR", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
)  # fmt: skip
"""What git gets of our environment: no credential, no configuration."""
_SAFE = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.helper": "",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "protocol.allow": "never",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
}
_PROGRESS = re.compile(r"(?:remote: )?([A-Z][a-z]+ [a-z]+): +(\d+)%")
_REF = re.compile(r"[^\s\x00-\x1f\x7f~^:?*\[\\-][^\s\x00-\x1f\x7f~^:?*\[\\]{0,199}")
_STDERR_LINES = 40
_LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")


class CloneProgress(NamedTuple):
    """How far git has come, in its own words: `Receiving objects`, 45."""

    step: str
    percent: int


class Cloned(NamedTuple):
    """A clone: its newest commit (None if there is none yet) and its branch."""

    commit: str | None
    branch: str


async def clone(
    url: str,
    folder: Path,
    *,
    token: str | None = None,
    depth: int | None = None,
    branch: str | None = None,
    allow_private: bool = False,
    allow_file: bool = False,
    timeout_s: float = 900,
    on_progress: Callable[[CloneProgress], None] | None = None,
) -> Cloned:
    """Clone a repository into a folder that is not there yet, or is empty. If that fails, nothing is left behind.

    Submodules are not fetched, hooks and filters not run, redirects not followed; what Git LFS keeps stays a pointer.

    Args:
        url: http or https, without user or password.
        folder: where the clone shall be.
        token: for the URL's host only; over https, or to this machine.
        depth: so many of the last commits only.
        branch: which one; None: the one that the repository says.
        allow_private: whether the URL may point to this machine or its network.
        allow_file: whether `file:` URLs are allowed as well.
        timeout_s: how long it may take, in seconds.
        on_progress: is told how far it has come; called on the loop.

    Raises:
        InvalidInput: `url.invalid`, `git.invalid`.
        Forbidden: `url.forbidden_address`.
        Conflict: `git.folder_not_empty`.
        ExternalError: `git.auth`, `git.not_found` and the other ones of `services/failures.py`.
    """
    config = {**_SAFE, **await _for_address(url, token, allow_private=allow_private, allow_file=allow_file)}
    if branch is not None and not _REF.fullmatch(branch):
        raise InvalidInput(f"{branch[:100]!r} is no name of a branch", code="git.invalid")
    if depth is not None and depth < 1:
        raise InvalidInput("the depth of a clone is at least 1", code="git.invalid")
    place = await asyncio.to_thread(_Place.prepared, folder)
    options = [] if branch is None else [f"--branch={branch}"]
    options += [] if depth is None else [f"--depth={depth}", "--single-branch"]
    with tempfile.TemporaryDirectory(
        prefix="vibe-git-"
    ) as home:  # with no ~/.netrc, whose passwords git would send
        git = _Git(_environment(config, home, allow_file=allow_file), on_progress)
        try:
            async with asyncio.timeout(timeout_s):
                await git.run("clone", "--progress", "--template=", *options, "--", url, str(place.draft))
                cloned = await _state(git, place.draft)
            await asyncio.to_thread(place.take)
        except TimeoutError:
            raise ServiceTimeout(
                f"cloning took more than {timeout_s:.0f} s", service="git", operation="clone",
                hint="take only the last commits (depth 1), or try again later",
            ) from None  # fmt: skip
        finally:
            await asyncio.to_thread(place.clear)
    return cloned


async def _for_address(
    url: str, token: str | None, *, allow_private: bool, allow_file: bool
) -> dict[str, str]:
    """Return the configuration for one URL: the addresses that were checked, and the token for its host only."""
    if allow_file and url.startswith("file:///"):
        return {"protocol.file.allow": "always"}
    check_url(url, allow_private=allow_private)
    parts = urllib.parse.urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise InvalidInput(
            "the URL holds a user or a password",
            code="git.invalid", hint="leave them out; a stored GitHub token is used by itself",
        )  # fmt: skip
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    config: dict[str, str] = {}
    if not _by_proxy(parts.scheme, parts.netloc):  # else the proxy looks the name up
        try:
            addresses = await resolved(host, port, allow_private=allow_private)
        except OSError:
            raise ServiceUnreachable(
                f"there is no host {host}", service="git", operation="clone",
                hint="check the URL and the network",
            ) from None  # fmt: skip
        shown = [f"[{one}]" if ":" in one else one for one in addresses]
        config["http.curloptResolve"] = f"{host}:{port}:{','.join(shown)}"
    if token is not None:
        if parts.scheme != "https" and host not in _LOCAL_HOSTS:
            raise InvalidInput(
                "a token is sent over https only", code="git.invalid", hint="write https:// in the URL"
            )
        login = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        config[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = f"Authorization: Basic {login}"
    return config


def _by_proxy(scheme: str, netloc: str) -> bool:
    return scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(netloc)


def _environment(config: dict[str, str], home: str, *, allow_file: bool) -> dict[str, str]:
    env = {name: value for name in _KEPT if (value := os.environ.get(name)) is not None}
    env |= {
        "HOME": home, "XDG_CONFIG_HOME": home, "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "",
        "GIT_ALLOW_PROTOCOL": "https:http:file" if allow_file else "https:http",
        "GIT_LFS_SKIP_SMUDGE": "1", "GIT_CONFIG_COUNT": str(len(config)),
    }  # fmt: skip
    for number, (name, value) in enumerate(config.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return env


class _Git:
    """Runs git with one environment."""

    def __init__(self, env: dict[str, str], on_progress: Callable[[CloneProgress], None] | None) -> None:
        self._env = env
        self._on_progress = on_progress

    async def run(self, *arguments: str) -> str:
        """Run git and return what it printed. Cancelled, it ends git and all that git has started.

        Raises:
            ExternalError: git failed, or there is none.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                "git", *arguments, env=self._env, start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        except FileNotFoundError:
            raise ServiceUnavailable(
                "git is not installed", service="git", operation="clone", hint="install git on this machine"
            ) from None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            printed, said = await asyncio.gather(process.stdout.read(), self._follow(process.stderr))
            code = await process.wait()
        finally:
            if process.returncode is None:
                _kill(process)
                await process.wait()
        if code != 0:
            raise git_failure(said, operation="clone", has_token=self._has_token)
        return printed.decode(errors="replace").strip()

    @property
    def _has_token(self) -> bool:
        return any(value.startswith("Authorization: ") for value in self._env.values())

    async def _follow(self, stream: asyncio.StreamReader) -> list[str]:
        """Read what git says, tell the progress in it, and return the last lines."""
        lines: list[str] = []
        rest = ""
        while data := await stream.read(4096):
            *complete, rest = re.split(r"[\r\n]", rest[-4096:] + data.decode(errors="replace"))
            for line in complete:
                found = _PROGRESS.match(line)
                if found is None:
                    lines = [*lines, line][-_STDERR_LINES:]
                elif self._on_progress is not None:
                    self._on_progress(CloneProgress(found[1], int(found[2])))
        return [line for line in [*lines, rest] if line.strip()]


def _kill(process: asyncio.subprocess.Process) -> None:
    """End git and, where there are process groups, all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


async def _state(git: _Git, clone: Path) -> Cloned:
    branch = await git.run("-C", str(clone), "symbolic-ref", "--short", "HEAD")
    commits = await git.run(
        "-C", str(clone), "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}"
    )
    return Cloned(commits or None, branch)


class _Place(NamedTuple):
    """Where a clone shall be, and the draft beside it that it is until it is whole."""

    folder: Path
    draft: Path
    made: list[Path]

    @classmethod
    def prepared(cls, folder: Path) -> _Place:
        """Make the folder's parents.

        Raises:
            Conflict: something is in the way.
        """
        folder = folder.absolute()
        if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
            raise _not_free(folder)
        made = [parent for parent in folder.parents if not parent.exists()]
        folder.parent.mkdir(parents=True, exist_ok=True)
        return cls(folder, folder.parent / f".{folder.name}.{secrets.token_hex(4)}.vibe-clone", made)

    def take(self) -> None:
        """Put the draft in its place.

        Raises:
            Conflict: something has come there meanwhile.
        """
        try:
            if self.folder.is_dir() and not self.folder.is_symlink():
                self.folder.rmdir()
            self.draft.rename(self.folder)
        except OSError as error:
            raise _not_free(self.folder) from error

    def clear(self) -> None:
        """Leave nothing of a draft, nor of the parents that were made for it."""
        shutil.rmtree(self.draft, ignore_errors=True)
        for parent in self.made:
            with contextlib.suppress(OSError):  # it is not empty
                parent.rmdir()


def _not_free(folder: Path) -> Conflict:
    return Conflict(
        f"{folder} is there already and not empty", code="git.folder_not_empty", hint="give another path"
    )
