"""Repositories on the hub: made once, looked at, listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.services.failures import BadResponse, ExternalError, ServiceConflict, ServiceNotFound
from vibe_jupyter.core.services.huggingface.names import quoted

if TYPE_CHECKING:
    from vibe_jupyter.core.services.huggingface.calling import HubCalls
    from vibe_jupyter.core.services.huggingface.schemas import RepoKind

__all__ = ["RemoteFile", "RemoteRepository", "Repositories", "named"]

_WORDS: dict[RepoKind, str] = {"space": "the Space", "dataset": "the data set"}
_MOST_PAGES = 1000


def named(kind: RepoKind, repo_id: str) -> str:
    """Return a repository in words: `the Space alice/demo`."""
    return f"{_WORDS[kind]} {repo_id}"


@dataclass(frozen=True)
class RemoteFile:
    """A file as the hub has it.

    Args:
        oid: its git blob id; of the pointer, for a large file.
        sha256: of a large file's content; None for others.
        size: in bytes.
    """

    oid: str
    sha256: str | None
    size: int


@dataclass(frozen=True)
class RemoteRepository:
    """A repository as the hub has it.

    Args:
        head: id of its newest commit; None if it has none.
        sdk: of a Space.
        host: where a Space's app is served.
    """

    id: str
    private: bool
    head: str | None
    sdk: str | None
    host: str | None


class Repositories:
    """What every kind of repository has in common."""

    def __init__(self, calls: HubCalls) -> None:
        self._calls = calls

    def api(self, kind: RepoKind, repo_id: str) -> str:
        """Return the path of a repository in the API."""
        return f"/api/{kind}s/{quoted(repo_id)}"

    def page(self, kind: RepoKind, repo_id: str) -> str:
        """Return the URL that a person opens."""
        return f"{self._calls.endpoint}/{kind}s/{quoted(repo_id)}"

    async def info(self, kind: RepoKind, repo_id: str, operation: str) -> RemoteRepository:
        """Return what is known of a repository.

        Raises:
            ServiceNotFound: there is none, or the token may not see it.
        """
        return await self._calls.ask(
            operation, "GET", self.api(kind, repo_id), _repository, subject=named(kind, repo_id)
        )

    async def find(self, kind: RepoKind, repo_id: str, operation: str) -> RemoteRepository | None:
        """Return what is known of a repository, or None if there is none."""
        try:
            return await self.info(kind, repo_id, operation)
        except ServiceNotFound:
            return None

    async def create(
        self, kind: RepoKind, repo_id: str, operation: str, **more: Any
    ) -> tuple[RemoteRepository, bool]:
        """Make a repository unless it is there; return it and whether it was made now.

        A repository that is there is as it is: the hub changes neither its visibility nor its sdk.

        Args:
            repo_id: owner/name.
            more: what else the hub shall know, e.g. `sdk` and `visibility`.
        """
        owner, _, name = repo_id.partition("/")
        body = {"name": name, "organization": owner, "type": kind, **more}

        try:
            await self._calls.ask(
                operation, "POST", "/api/repos/create", lambda _: None,
                subject=named(kind, repo_id), repeatable=False, json=body,
            )  # fmt: skip
        except ServiceConflict as conflict:
            there = await self.find(kind, repo_id, operation)
            if there is None:
                raise conflict from None  # somebody else's, which we do not see
            return there, False
        except ExternalError as error:
            if not error.maybe_done:
                raise
            # The answer was lost: look, before it is made a second time.
            if (made := await self.find(kind, repo_id, operation)) is not None:
                return made, True
            return await self._create_again(kind, repo_id, operation, body)
        return await self.info(kind, repo_id, operation), True

    async def _create_again(
        self, kind: RepoKind, repo_id: str, operation: str, body: dict[str, Any]
    ) -> tuple[RemoteRepository, bool]:
        try:
            await self._calls.ask(
                operation, "POST", "/api/repos/create", lambda _: None,
                subject=named(kind, repo_id), repeatable=False, json=body,
            )  # fmt: skip
        except ExternalError as error:
            made = await self.find(kind, repo_id, operation)
            if made is None:
                raise error from None
            return made, True
        return await self.info(kind, repo_id, operation), True

    async def files(self, kind: RepoKind, repo_id: str, commit: str, operation: str) -> dict[str, RemoteFile]:
        """Return all files of a commit by path; the hub answers in pages.

        Raises:
            BadResponse: there is always one more.
        """
        found: dict[str, RemoteFile] = {}
        path = f"{self.api(kind, repo_id)}/tree/{commit}"
        parameters: dict[str, str] | None = {"recursive": "true", "expand": "false"}
        for _ in range(_MOST_PAGES):
            page, path = await self._page(path, parameters, operation, named(kind, repo_id))
            found.update(page)
            if not path:
                return found
            parameters = None  # they stand in the link
        raise BadResponse(
            f"the list of files of {named(kind, repo_id)} has no end",
            service="huggingface", operation=operation, hint=f"is {self._calls.endpoint} the address of a hub?",
        )  # fmt: skip

    async def text(self, kind: RepoKind, repo_id: str, commit: str, path: str, operation: str) -> str:
        """Return a small text file of a commit."""
        url = f"/{kind}s/{quoted(repo_id)}/resolve/{commit}/{quoted(path)}"

        async def once() -> str:
            response = await self._calls.send(operation, "GET", url, subject=f"{path} of {repo_id}")
            return response.content.decode("utf-8", errors="replace")

        return await self._calls.repeated(once, repeatable=True)

    async def readme(self, kind: RepoKind, info: RemoteRepository, operation: str) -> str:
        """Return the README that a repository has, or nothing."""
        if info.head is None:
            return ""
        try:
            return await self.text(kind, info.id, info.head, "README.md", operation)
        except ServiceNotFound:
            return ""

    async def _page(
        self, path: str, parameters: dict[str, str] | None, operation: str, subject: str
    ) -> tuple[dict[str, RemoteFile], str]:
        following = ""

        async def once() -> dict[str, RemoteFile]:
            nonlocal following
            response = await self._calls.send(operation, "GET", path, subject=subject, params=parameters)
            link = str(response.links.get("next", {}).get("url") or "")
            # Only where it goes on, not where: behind a mirror the hub names its own address.
            following = f"{path.partition('?')[0]}?{link.partition('?')[2]}" if link else ""
            return self._calls.read(operation, subject, response, _files)

        return await self._calls.repeated(once, repeatable=True), following


def _repository(data: Any) -> RemoteRepository:
    return RemoteRepository(
        id=str(data["id"]),
        private=bool(data.get("private")),
        head=str(data["sha"]) if data.get("sha") else None,
        sdk=data.get("sdk"),
        host=data.get("host"),
    )


def _files(data: Any) -> dict[str, RemoteFile]:
    if not isinstance(data, list):
        raise TypeError("no list of files")
    return {
        str(entry["path"]): RemoteFile(
            oid=str(entry["oid"]),
            sha256=str(entry["lfs"]["oid"]) if entry.get("lfs") else None,
            size=int(entry["size"]),
        )
        for entry in data
        if entry["type"] == "file"
    }
