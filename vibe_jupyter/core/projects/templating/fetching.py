"""Get a template out of a git repository: its files at one commit, nothing of its history, and nothing of it run.

Git is told where to connect (the address that the policy allowed, never a second look-up of the name), by which
protocol, and to follow no redirect; the settings, credentials and hooks of this machine do not exist for it.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vibe_jupyter.core.errors import InvalidInput, Unavailable
from vibe_jupyter.core.services.addresses import check_url, resolved
from vibe_jupyter.core.services.failures import (
    BadResponse,
    ServiceAuthFailed,
    ServiceNotFound,
    ServiceTimeout,
    ServiceUnreachable,
)

if TYPE_CHECKING:
    from pathlib import Path

    from vibe_jupyter.core.errors import VibeError
    from vibe_jupyter.core.projects.templating.catalog import TemplateSource

__all__ = ["Fetched", "fetch"]

_TIMEOUT_S = 120
_SAID_CHARACTERS = 300
_OPERATION = "fetch_template"
_KEPT_VARIABLES = (
    "PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH",
)  # fmt: skip
_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.autocrlf": "false",
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "fetch.recurseSubmodules": "false",
    "http.followRedirects": "false",
    "init.defaultBranch": "main",
    "advice.detachedHead": "false",
}


@dataclass(frozen=True)
class Fetched:
    """The files of a template at one commit.

    Args:
        folder: where they are; no `.git` is among them.
        commit: its full name.
        version: the tag or branch that it was asked for by; the newest release if none was; else None.
    """

    folder: Path
    commit: str
    version: str | None


def fetch(source: TemplateSource, scratch: Path) -> Fetched:
    """Fetch the files of a template from its git repository.

    Without a ref it is the newest release: the tag with the highest version (PEP 440) that is no pre-release, or the
    default branch where there is none, as copier does.

    Args:
        source: of the kind `git`, or a folder with a ref.
        scratch: an empty folder of ours, for all that is written.

    Raises:
        InvalidInput: `template.ref_not_found`.
        Forbidden: `url.forbidden_address`.
        ExternalError: `git.not_found`, `git.auth`, `git.unreachable`, `git.timeout`, `git.bad_response`.
        Unavailable: `git.missing`.
    """
    git = _Git(source, scratch)
    ref = source.ref or git.newest_release() or "HEAD"
    folder = scratch / "template"
    folder.mkdir()
    git.run("init", "--quiet", str(folder))
    git.run("-C", str(folder), "fetch", "--quiet", "--depth=1", "--no-tags", "--", source.location, ref)
    git.run("-C", str(folder), "checkout", "--quiet", "--detach", "FETCH_HEAD")
    commit = git.run("-C", str(folder), "rev-parse", "HEAD").strip()
    shutil.rmtree(folder / ".git")
    return Fetched(folder, commit, None if ref in ("HEAD", commit) else ref.removeprefix("refs/tags/"))


class _Git:
    """Git, for one repository and nothing else."""

    def __init__(self, source: TemplateSource, scratch: Path) -> None:
        self._source = source
        home = scratch / "home"  # an empty one: no ~/.netrc, no ~/.gitconfig
        home.mkdir()
        settings = _SETTINGS | _pinned(source)
        scheme = "file" if source.kind == "folder" else urlsplit(source.location).scheme
        self._environment = {
            **{name: os.environ[name] for name in (*_KEPT_VARIABLES, *_PROXIES) if name in os.environ},
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "LC_ALL": "C",
            "GIT_ALLOW_PROTOCOL": scheme,
            "GIT_ASKPASS": "",
            "GIT_CONFIG_COUNT": str(len(settings)),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }
        for number, (name, value) in enumerate(settings.items()):
            self._environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}

    def newest_release(self) -> str | None:
        """Return the tag with the highest version that is no pre-release; None if there is none."""
        from packaging.version import InvalidVersion, Version

        newest: tuple[Version, str] | None = None
        listed = self.run("ls-remote", "--tags", "--refs", "--", self._source.location)
        for line in listed.splitlines():
            tag = line.partition("\t")[2].removeprefix("refs/tags/")
            try:
                version = Version(tag)
            except InvalidVersion:
                continue  # a tag may be called anything
            if not version.is_prerelease and (newest is None or version > newest[0]):
                newest = version, tag
        return f"refs/tags/{newest[1]}" if newest else None

    def run(self, *arguments: str) -> str:
        """Run git and return its output."""
        try:
            done = subprocess.run(
                ["git", *arguments],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                env=self._environment,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except FileNotFoundError as error:
            raise Unavailable(
                "git is not installed here",
                code="git.missing",
                hint="install git, or use a folder as a template",
            ) from error
        except subprocess.TimeoutExpired:
            raise ServiceTimeout(
                f"{self._source.text} was not fetched within {_TIMEOUT_S} s",
                service="git",
                operation=_OPERATION,
            ) from None
        if done.returncode:
            raise self._failure(done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "replace")

    def _failure(self, stderr: str) -> VibeError:
        """Return what git's words mean; `LC_ALL=C` makes them always the same."""
        lines = [line for line in stderr.splitlines() if line.strip()]
        fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
        said = (fatal or lines or ["git failed"])[0][:_SAID_CHARACTERS]
        name = self._source.text
        is_unknown = re.search(r"couldn't find remote ref|not our ref|unadvertised object", stderr)
        if is_unknown and self._source.ref:
            return InvalidInput(
                f"{name} has no {self._source.ref}",
                code="template.ref_not_found",
                hint="@ref is a tag, a branch or the 40 digits of a commit",
                errors=[{"loc": ["template"], "msg": "unknown ref"}],
            )
        if re.search(r"could not read Username|Authentication failed|returned error: 40[13]", stderr):
            return ServiceAuthFailed(
                f"{name} may not be read without signing in",
                service="git",
                operation=_OPERATION,
                hint="clone a private template yourself and name the folder",
            )
        if is_unknown or re.search(
            r"not found|does not exist|does not appear to be a git repository|error: 404", stderr
        ):
            return ServiceNotFound(
                f"there is no git repository with a commit at {name}",
                service="git",
                operation=_OPERATION,
                data={"said": said},
            )
        if re.search(r"unable to access|unable to update url base|Could not resolve|Connection", stderr):
            hint = (
                "it redirects to another place: name that one"
                if re.search("error: 30[1278]", stderr)
                else None
            )
            return ServiceUnreachable(
                f"{name} cannot be reached: {said}", service="git", operation=_OPERATION, hint=hint
            )
        return BadResponse(f"{name} was not fetched: {said}", service="git", operation=_OPERATION)


def _pinned(source: TemplateSource) -> dict[str, str]:
    """Return the settings by which git connects to an address that was checked; none for a folder.

    Behind a proxy it is the proxy that looks the name up: then only what is written in the URL can be checked.
    """
    if source.kind == "folder":
        return {}
    check_url(source.location, allow_private=source.allow_private)
    parts = urlsplit(source.location)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if _goes_through_a_proxy(parts.scheme, host):
        return {}
    try:
        addresses = asyncio.run(resolved(host, port, allow_private=source.allow_private))
    except (OSError, UnicodeError) as error:
        raise ServiceUnreachable(
            f"{host} is not known: {error}", service="git", operation=_OPERATION, hint="check the URL"
        ) from error
    listed = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
    return {"http.curloptResolve": f"{host}:{port}:{listed}"}


def _goes_through_a_proxy(scheme: str, host: str) -> bool:
    from urllib.request import getproxies_environment, proxy_bypass

    proxies = getproxies_environment()
    return bool(proxies.get(scheme) or proxies.get("all")) and not proxy_bypass(host)
