"""Data sets: their repositories, and what is uploaded to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.services.huggingface.committing import Committing, check_message
from vibe_jupyter.core.services.huggingface.dataset_card import is_generated, rendered
from vibe_jupyter.core.services.huggingface.local_files import checked_sources
from vibe_jupyter.core.services.huggingface.schemas import Dataset, Upload
from vibe_jupyter.core.services.huggingface.space_card import README
from vibe_jupyter.core.services.huggingface.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from vibe_jupyter.core.services.huggingface.calling import HubCalls
    from vibe_jupyter.core.services.huggingface.local_files import Source
    from vibe_jupyter.core.services.huggingface.repositories import Repositories
    from vibe_jupyter.core.services.huggingface.schemas import DatasetCard, UploadProgress

__all__ = ["Datasets"]


class Datasets:
    """What is done with data sets; see the methods of `HFService`."""

    def __init__(self, calls: HubCalls, repositories: Repositories) -> None:
        self._calls = calls
        self._repositories = repositories

    async def create(self, dataset_id: str, *, visibility: str) -> Dataset:
        """Make a repository for a data set, unless it is there."""
        there, created = await self._repositories.create(
            "dataset", dataset_id, "create_dataset", visibility=visibility
        )
        return Dataset(
            id=there.id, private=there.private, url=self._repositories.page("dataset", there.id),
            commit=there.head, created=created,
        )  # fmt: skip

    async def upload(
        self,
        dataset_id: str,
        files: Mapping[str, Path],
        *,
        message: str,
        card: DatasetCard | None,
        on_progress: Callable[[UploadProgress], None] | None,
    ) -> Upload:
        """Upload files in one commit of what differs."""
        operation = "upload_dataset"
        check_message(message, operation)
        await in_thread(checked_sources, files, "dataset", operation)
        sources: dict[str, Source] = dict(files)
        kept = README in sources
        if not kept and card is not None:
            info = await self._repositories.info("dataset", dataset_id, operation)
            remote = await self._repositories.readme("dataset", info, operation)
            kept = bool(remote.strip()) and not is_generated(remote)
            if not kept:
                sources[README] = rendered(card).encode()
        committing = Committing(
            self._calls, self._repositories, "dataset", dataset_id,
            operation=operation, on_progress=on_progress,
        )  # fmt: skip
        done = await committing.bring(sources, message=message, delete_others=False)
        return Upload(
            id=dataset_id, commit=done.commit, changed=done.changed, uploaded=done.uploaded,
            ignored=done.ignored, unchanged=done.unchanged, card_kept=kept,
            url=self._repositories.page("dataset", dataset_id),
        )  # fmt: skip
