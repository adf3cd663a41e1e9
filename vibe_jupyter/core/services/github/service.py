"""GitHub for one user: repositories, pushes, branches, pull requests, files, issues.

Each method is a few requests of the REST API, made by PyGithub's requester: it signs them, guards where they lead and
raises what `translation.py` reads. Its objects are not used, because reading a field of one may quietly be one more
request, past our pauses and repeats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from vibe_jupyter.core.services.failures import (
    ServiceAuthFailed,
    ServiceConflict,
    ServiceDenied,
    ServiceInvalid,
    ServiceNotFound,
)
from vibe_jupyter.core.services.github import reading
from vibe_jupyter.core.services.github.calling import Calls, Request
from vibe_jupyter.core.services.github.git_data import GitData
from vibe_jupyter.core.services.github.names import (
    checked_branch,
    checked_path,
    checked_repository,
    checked_spec,
    quoted,
)
from vibe_jupyter.core.services.github.pushing import Push

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.core.services.github.schemas import (
        Branch,
        Commit,
        GitHubUser,
        Issue,
        PullRequest,
        Pushed,
        PushProgress,
        RemoteFile,
        Repository,
        RepoSpec,
    )
    from vibe_jupyter.core.services.github.snapshot import Snapshot

__all__ = ["GitHubService"]


class GitHubService:
    """What one user does on GitHub, with that user's token. Cheap to make; all of one token's take turns.

    Every method raises an `ExternalError` of `services/failures.py` if GitHub does not do it, and nothing else.

    Args:
        token: of the user; None reads what is public. It is never logged and stands in no error.
        api_url: base URL of the REST API, e.g. https://api.github.com.
        url: base URL of the pages, e.g. https://github.com.
        timeout_s: how long an answer may take, in seconds.
        pause_s: from one request to the next, in seconds.
        write_pause_s: from one request that changes something to the next such one, in seconds.
        max_wait_s: how long one request waits for GitHub in all, its limits included, in seconds.
        backoff_s: the first wait after a failure that names no time, in seconds.

    >>> async def greet(token: str) -> str:
    ...     async with GitHubService(token, api_url="https://api.github.com", url="https://github.com") as github:
    ...         return (await github.whoami()).login
    """

    def __init__(
        self,
        token: str | None,
        *,
        api_url: str,
        url: str,
        timeout_s: float = 15,
        pause_s: float = 0.25,
        write_pause_s: float = 1.0,
        max_wait_s: float = 60,
        backoff_s: float = 0.5,
    ) -> None:
        self._calls = Calls(
            token, api_url=api_url, timeout_s=timeout_s, pause_s=pause_s, write_pause_s=write_pause_s,
            max_wait_s=max_wait_s, backoff_s=backoff_s,
        )  # fmt: skip
        self._url = url.rstrip("/")
        self._login: str | None = None

    def __repr__(self) -> str:
        return f"<GitHubService for {self._login or 'a user'} at {self._url}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        await self._calls.close()

    async def whoami(self) -> GitHubUser:
        """Return whose token it is, and what it may do.

        Raises:
            ServiceAuthFailed: there is no token, or GitHub does not accept it.
        """
        if not self._calls.has_token:
            raise ServiceAuthFailed(
                "nobody is signed in to GitHub",
                service="github", operation="whoami", hint="store a GitHub token",
            )  # fmt: skip
        user = await self._calls.ask("whoami", Request("GET", "/user"), reading.user)
        self._login = user.login
        return user.model_copy(update={"scopes": self._calls.scopes})

    async def create_repository(self, spec: RepoSpec) -> Repository:
        """Make an empty repository; not a second time if the answer was lost.

        Raises:
            ServiceConflict: there is one of that name; `data` has its `full_name`, and whether it is `empty` and we may
                `push` to it.
            ServiceInvalid: a name that GitHub does not take.
        """
        checked_spec(spec)
        me = self._login or (await self.whoami()).login
        owner = spec.owner or me
        full_name = f"{owner}/{spec.name}"
        if (existing := await self._found(full_name)) is not None:
            raise ServiceConflict(
                f"there is a repository {existing.full_name} already",
                service="github", operation="create_repository",
                hint="push to it, or take another name",
                data={
                    "full_name": existing.full_name, "empty": existing.empty, "private": existing.private,
                    "push": existing.permissions.push,
                },
            )  # fmt: skip
        body = {
            "name": spec.name, "description": spec.description, "private": spec.private,
            "homepage": spec.homepage or "", "auto_init": False,
        }  # fmt: skip
        path = "/user/repos" if owner.lower() == me.lower() else f"/orgs/{owner}/repos"
        made = await self._calls.make(
            "create_repository",
            Request("POST", path, body),
            lambda data: reading.repository(data, empty=True),
            found=lambda: self._found(full_name),
        )
        if spec.topics:
            topics = Request("PUT", f"/repos/{made.full_name}/topics", {"names": spec.topics})
            await self._calls.ask("set_topics", topics, lambda _: None)
        return made

    async def repository(self, full_name: str) -> Repository:
        """Return a repository; one that was renamed is found under its old name too.

        Raises:
            ServiceNotFound: there is none, or the token may not see it.
        """
        checked_repository(full_name)
        found = await self._calls.ask(
            "read_repository", Request("GET", f"/repos/{full_name}"), reading.repository
        )
        some = Request("GET", f"/repos/{found.full_name}/branches", parameters={"per_page": 1})
        is_empty = await self._calls.ask("read_branches", some, lambda data: len(list(data)) == 0)
        return found.model_copy(update={"empty": is_empty})

    async def delete_repository(self, full_name: str) -> None:
        """Delete a repository with all that is in it; nothing brings it back.

        Raises:
            ServiceNotFound: there is none.
            ServiceDenied: the token may not do it; `data` has `missing_scopes`.
        """
        request = Request("DELETE", f"/repos/{checked_repository(full_name)}")
        await self._calls.ask("delete_repository", request, lambda _: None, repeatable=False)

    async def push(
        self,
        full_name: str,
        tree: Snapshot,
        *,
        branch: str,
        message: str,
        expected_head: str | None,
        on_progress: Callable[[PushProgress], None] | None = None,
    ) -> Pushed:
        """Make a branch hold exactly these files, by one commit; only what differs is sent.

        No commit is made if nothing does. A branch that is not there is made, from the default branch. Submodules stay.
        Asked twice, it does it once.

        Args:
            full_name: `owner/name`.
            tree: the complete set of files.
            branch: which one.
            message: of the commit.
            expected_head: the branch's newest commit that the files follow on. None: the branch is not there, or holds
                nothing that is not among the files as well.
            on_progress: is told how far it has come; called on the loop.

        Raises:
            ServiceConflict: the branch holds what the caller does not know, and was left as it is; `data` has its
                `head`, the `base` that was expected, and the `paths` that differ. Given that head as the expected one,
                the files follow on theirs.
            ServiceDenied: the branch is protected, or the token may not do it: `data` has `missing_scopes`.
            ServiceInvalid: no file at all, a path or a size (over 100 MB) that GitHub does not take; nothing was sent.
        """
        checked_branch(branch)
        if not message.strip():
            raise ServiceInvalid("a commit needs a message", service="github", operation="push")
        repository = await self.repository(full_name)
        if repository.archived or not repository.permissions.push:
            why = "is archived" if repository.archived else "is not yours to push to"
            hint = "un-archive it" if repository.archived else "ask its owner for write access, or fork it"
            raise ServiceDenied(
                f"{repository.full_name} {why}", service="github", operation="push", hint=hint
            )
        push = Push(
            GitData(self._calls, repository.full_name), repository, branch, message,
            url=self._url, scopes=self._calls.scopes, on_progress=on_progress,
        )  # fmt: skip
        return await push.run(tree, expected_head)

    async def branches(self, full_name: str) -> list[Branch]:
        """Return all branches."""
        path = f"/repos/{checked_repository(full_name)}/branches"
        return await self._calls.pages("read_branches", path, reading.branch)

    async def create_branch(self, full_name: str, branch: str, from_sha: str | None = None) -> Branch:
        """Make a branch.

        Args:
            full_name: `owner/name`.
            branch: its name.
            from_sha: where it begins; None: where the default branch ends.

        Raises:
            ServiceConflict: there is one of that name, at another commit; `data` has its `head`.
            ServiceInvalid: the repository has no commit yet.
        """
        checked_branch(branch)
        git = GitData(self._calls, checked_repository(full_name))
        if from_sha is None:
            repository = await self.repository(full_name)
            from_sha = await git.head(repository.default_branch)
        if from_sha is None:
            raise ServiceInvalid(
                f"{full_name} has no commit from which a branch could begin",
                service="github", operation="create_branch", hint="push something to it first",
            )  # fmt: skip
        try:
            head = await git.create_branch(branch, from_sha)
        except ServiceConflict:
            found = await git.head(branch)
            if found is None:
                raise
            head = found
        if head != from_sha:
            raise ServiceConflict(
                f"{full_name} has a branch {branch} already, at another commit",
                service="github", operation="create_branch", hint="take another name",
                data={"head": head, "base": from_sha},
            )  # fmt: skip
        return reading.branch({"name": branch, "commit": {"sha": head}})

    async def delete_branch(self, full_name: str, branch: str) -> None:
        """Delete a branch, if it is there.

        Raises:
            ServiceDenied: it is protected.
            ServiceInvalid: it is the default branch.
        """
        checked_branch(branch)
        await GitData(self._calls, checked_repository(full_name)).delete_branch(branch)

    async def commits(self, full_name: str, branch: str | None = None, *, limit: int = 30) -> list[Commit]:
        """Return the newest commits of a branch, or of the default one; none of an empty repository."""
        path = f"/repos/{checked_repository(full_name)}/commits"
        parameters = {} if branch is None else {"sha": checked_branch(branch)}
        try:
            return await self._calls.pages("read_commits", path, reading.commit, parameters, limit=limit)
        except ServiceConflict:  # 409 "Git Repository is empty."
            return []

    async def create_pull_request(
        self, full_name: str, *, head: str, base: str, title: str, body: str, draft: bool = False
    ) -> PullRequest:
        """Open a pull request; one that is open for the same branches already is returned, with `existed`.

        Args:
            full_name: `owner/name` of where it goes.
            head: branch with the changes; `owner:branch` if it is in a fork.
            base: branch that they shall go into.
            title: one line.
            body: what is to be known, in Markdown.
            draft: whether it is not to be merged yet.

        Raises:
            ServiceInvalid: a branch is not there, or has no commit that the other has not.
        """
        owner = checked_repository(full_name).partition("/")[0]
        checked_branch(base)
        checked_branch(head.rpartition(":")[2])
        path = f"/repos/{full_name}/pulls"
        wanted = {"head": head if ":" in head else f"{owner}:{head}", "base": base, "state": "open"}

        async def found() -> PullRequest | None:
            request = Request("GET", path, parameters=wanted)
            some = await self._calls.ask(
                "read_pull_requests",
                request,
                lambda data: [reading.pull_request(one, existed=True) for one in data],
            )
            return some[0] if some else None

        if (existing := await found()) is not None:
            return existing
        request = Request(
            "POST", path, {"head": head, "base": base, "title": title, "body": body, "draft": draft}
        )
        try:
            return await self._calls.make("create_pull_request", request, reading.pull_request, found=found)
        except ServiceConflict:  # somebody was quicker
            if (existing := await found()) is not None:
                return existing
            raise

    async def list_files(self, full_name: str, ref: str | None = None) -> list[RemoteFile]:
        """Return all files of a branch or commit, by path; None is the default branch. None of an empty repository."""
        git = GitData(self._calls, checked_repository(full_name))
        if ref is None:
            repository = await self.repository(full_name)
            if repository.empty:
                return []
            ref = repository.default_branch
        commit = await git.head(checked_branch(ref)) or ref  # GitHub takes no name with a slash for a tree
        entries = await git.files(commit)
        return [reading.remote_file(entries[path]) for path in sorted(entries)]

    async def read_file(self, full_name: str, path: str, ref: str | None = None) -> bytes:
        """Return the content of a file of up to 100 MB.

        Raises:
            ServiceNotFound: there is none.
            ServiceInvalid: it is a folder or a submodule.
        """
        where = f"/repos/{checked_repository(full_name)}"
        parameters = {} if ref is None else {"ref": checked_branch(ref)}
        request = Request("GET", f"{where}/contents/{quoted(checked_path(path))}", parameters=parameters)
        found = await self._calls.ask("read_file", request, _file_or_id)
        if isinstance(found, bytes):
            return found
        if found is None:
            raise ServiceInvalid(f"{path} is no file", service="github", operation="read_file")
        blob = Request("GET", f"{where}/git/blobs/{quoted(found)}")  # over 1 MB
        return await self._calls.ask("read_file", blob, reading.content)

    async def delete_file(
        self, full_name: str, path: str, *, message: str, branch: str | None = None
    ) -> None:
        """Delete a file by a commit of its own.

        Raises:
            ServiceNotFound: there is none.
            ServiceConflict: it was changed meanwhile.
        """
        where = f"/repos/{checked_repository(full_name)}/contents/{quoted(checked_path(path))}"
        on = {} if branch is None else {"branch": checked_branch(branch)}
        at = {} if branch is None else {"ref": branch}
        sha = await self._calls.ask(
            "read_file", Request("GET", where, parameters=at), lambda data: str(data["sha"])
        )
        body = {"message": message, "sha": sha, **on}
        await self._calls.ask("delete_file", Request("DELETE", where, body), lambda _: None, repeatable=False)

    async def issues(
        self, full_name: str, state: Literal["open", "closed", "all"] = "open", *, limit: int = 30
    ) -> list[Issue]:
        """Return issues, the newest first; pull requests are none."""
        path = f"/repos/{checked_repository(full_name)}/issues"
        return await self._calls.pages("read_issues", path, _issue_if_one, {"state": state}, limit=limit)

    async def issue(self, full_name: str, number: int) -> Issue:
        """Return one issue.

        Raises:
            ServiceNotFound: there is none of that number.
        """
        request = Request("GET", f"/repos/{checked_repository(full_name)}/issues/{int(number)}")
        return await self._calls.ask("read_issue", request, reading.issue)

    async def _found(self, full_name: str) -> Repository | None:
        try:
            return await self.repository(full_name)
        except ServiceNotFound:
            return None


def _file_or_id(data: Any) -> bytes | str | None:
    """Return a file's content, its id if GitHub does not send that along, or None if it is no file."""
    if isinstance(data, list) or data["type"] not in ("file", "symlink"):
        return None
    if data.get("encoding") == "base64" and (data.get("content") or not data["size"]):
        return reading.content(data)
    return str(data["sha"])


def _issue_if_one(data: Any) -> Issue | None:
    return None if "pull_request" in data else reading.issue(data)
