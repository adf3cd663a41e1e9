"""A Space is brought to hold a project's files, with a README from which the hub can run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.services.huggingface.committing import Committing, check_message
from vibe_jupyter.core.services.huggingface.local_files import checked_sources
from vibe_jupyter.core.services.huggingface.schemas import Deployment
from vibe_jupyter.core.services.huggingface.space_card import README, needs_supply, supplied_readme
from vibe_jupyter.core.services.huggingface.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from vibe_jupyter.core.services.huggingface.calling import HubCalls
    from vibe_jupyter.core.services.huggingface.local_files import Source
    from vibe_jupyter.core.services.huggingface.repositories import RemoteRepository, Repositories
    from vibe_jupyter.core.services.huggingface.schemas import UploadProgress

__all__ = ["SpaceDeploy"]

_OPERATION = "deploy"


class SpaceDeploy:
    """One deploy.

    Args:
        space_id: owner/name.
        files: by their path in the Space.
        delete_others: whether files that are not among these go.
    """

    def __init__(
        self,
        calls: HubCalls,
        repositories: Repositories,
        space_id: str,
        files: Mapping[str, Path],
        *,
        delete_others: bool,
    ) -> None:
        self._calls = calls
        self._repositories = repositories
        self._id = space_id
        self._files = files
        self._delete_others = delete_others

    async def run(
        self,
        *,
        message: str,
        expected_parent: str | None,
        on_progress: Callable[[UploadProgress], None] | None,
    ) -> Deployment:
        """Do it; see `HFService.deploy`."""
        check_message(message, _OPERATION)
        await in_thread(checked_sources, self._files, "space", _OPERATION)
        info = await self._repositories.info("space", self._id, _OPERATION)
        sources, supplied = await self._completed(info)
        committing = Committing(
            self._calls, self._repositories, "space", self._id, operation=_OPERATION, on_progress=on_progress
        )
        done = await committing.bring(
            sources, message=message, delete_others=self._delete_others, expected_parent=expected_parent
        )
        return Deployment(
            id=self._id, commit=done.commit, changed=done.changed, uploaded=done.uploaded,
            deleted=done.deleted, ignored=done.ignored, unchanged=done.unchanged, supplied=supplied,
            url=self._repositories.page("space", self._id),
        )  # fmt: skip

    async def _completed(self, info: RemoteRepository) -> tuple[dict[str, Source], list[str]]:
        """Return the files with a README from which the hub can run the Space, and what was supplied for it."""
        sources: dict[str, Source] = dict(self._files)
        sdk = info.sdk or "gradio"
        is_meant = self._delete_others or README in sources
        if not is_meant or not await in_thread(needs_supply, sources, sdk, _OPERATION):
            return sources, []
        remote = await self._repositories.readme("space", info, _OPERATION)
        name = info.id.rpartition("/")[2]
        sources[README] = await in_thread(supplied_readme, sources, sdk, name, remote, _OPERATION)
        return sources, [README]
