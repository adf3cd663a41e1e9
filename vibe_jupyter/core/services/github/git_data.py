"""One repository's git objects through the REST API: branches, trees, blobs, commits.

PyGithub's own objects for these want an object, and so one more request, for every id that is known already.
"""

from __future__ import annotations

import base64
import operator
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.services.failures import ServiceConflict, ServiceInvalid, ServiceNotFound
from vibe_jupyter.core.services.github import reading
from vibe_jupyter.core.services.github.calling import Calls, Request
from vibe_jupyter.core.services.github.names import quoted

if TYPE_CHECKING:
    from vibe_jupyter.core.services.github.reading import Entry

__all__ = ["GitData"]

_sha = operator.itemgetter("sha")


def _object_sha(data: Any) -> str:
    return str(data["object"]["sha"])


class GitData:
    """The git objects of a repository.

    Args:
        calls: by which GitHub is asked.
        full_name: `owner/name`, checked.
    """

    def __init__(self, calls: Calls, full_name: str) -> None:
        self._calls = calls
        self._root = f"/repos/{full_name}"

    async def head(self, branch: str) -> str | None:
        """Return a branch's newest commit; None if there is no such branch, or no commit at all."""
        request = Request("GET", f"{self._root}/git/ref/heads/{quoted(branch)}")
        try:
            return await self._calls.ask("read_branch", request, _object_sha)
        except ServiceNotFound:
            return None
        except ServiceConflict as error:
            if "empty" in error.message.lower():  # "Git Repository is empty."
                return None
            raise

    async def tree_of(self, commit: str) -> str:
        """Return the id of a commit's tree."""
        request = Request("GET", f"{self._root}/git/commits/{quoted(commit)}")
        return await self._calls.ask("read_commit", request, lambda data: str(data["tree"]["sha"]))

    async def files(self, tree: str) -> dict[str, Entry]:
        """Return all files of a tree by path, submodules too; folders are none."""
        found: dict[str, Entry] = {}
        folders = [("", tree)]
        while folders:
            prefix, sha = folders.pop()
            listed = await self._listed(sha, recursive=True)
            if listed.is_truncated:  # over 100,000 lines or 7 MB: folder by folder
                listed = await self._listed(sha, recursive=False)
                folders += [(f"{prefix}{one.path}/", one.sha) for one in listed.entries if one.type == "tree"]
            for one in listed.entries:
                if one.type != "tree":
                    path = prefix + one.path
                    found[path] = one._replace(path=path)
        return found

    async def blob(self, data: bytes) -> str:
        """Store a file's content and return its id."""
        body = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        request = Request("POST", f"{self._root}/git/blobs", body)
        return str(
            await self._calls.ask("store_blob", request, _sha)
        )  # twice is once: the id is the content's

    async def tree(self, entries: list[dict[str, Any]], base: str | None) -> str:
        """Store a tree, which is another one with some lines changed, and return its id."""
        body: dict[str, Any] = {"tree": entries}
        if base is not None:
            body["base_tree"] = base
        request = Request("POST", f"{self._root}/git/trees", body)
        return str(await self._calls.ask("store_tree", request, _sha))

    async def commit(self, message: str, tree: str, parents: list[str]) -> str:
        """Store a commit and return its id; on no branch yet, a second one does no harm."""
        request = Request(
            "POST", f"{self._root}/git/commits", {"message": message, "tree": tree, "parents": parents}
        )
        return str(await self._calls.ask("store_commit", request, _sha))

    async def create_branch(self, branch: str, commit: str) -> str:
        """Make a branch and return its newest commit.

        Raises:
            ServiceConflict: it is there already.
        """
        request = Request("POST", f"{self._root}/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit})
        return await self._calls.make("create_branch", request, _object_sha, found=lambda: self.head(branch))

    async def move_branch(self, branch: str, commit: str, *, force: bool = False) -> None:
        """Let a branch end at another commit, a later one unless `force`.

        Raises:
            ServiceConflict: it has moved on, so that this would lose commits.
            ServiceDenied: it is protected.
        """
        path = f"{self._root}/git/refs/heads/{quoted(branch)}"
        request = Request("PATCH", path, {"sha": commit, "force": force})
        await self._calls.ask("move_branch", request, _object_sha)

    async def delete_branch(self, branch: str) -> None:
        """Delete a branch; it is no failure if there is none, e.g. after an answer that was lost."""
        request = Request("DELETE", f"{self._root}/git/refs/heads/{quoted(branch)}")
        try:
            await self._calls.ask("delete_branch", request, lambda _: None)
        except (ServiceInvalid, ServiceNotFound):
            if await self.head(branch) is not None:
                raise

    async def first_commit(self, branch: str, path: str, data: bytes, message: str) -> str:
        """Store a file in an empty repository, which is the only thing that GitHub lets one do there."""
        body = {"message": message, "content": base64.b64encode(data).decode()}
        request = Request("PUT", f"{self._root}/contents/{quoted(path)}", body)
        return await self._calls.make(
            "first_commit", request, lambda made: str(made["commit"]["sha"]), found=lambda: self.head(branch)
        )

    async def _listed(self, tree: str, *, recursive: bool) -> reading.Listing:
        parameters = {"recursive": "1"} if recursive else None
        request = Request("GET", f"{self._root}/git/trees/{quoted(tree)}", parameters=parameters)
        return await self._calls.ask("read_tree", request, reading.listing)
