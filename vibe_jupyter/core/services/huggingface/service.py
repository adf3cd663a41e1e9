"""Hugging Face for one user: Spaces that are deployed and followed until they run, data sets with a card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import SecretStr

from vibe_jupyter.core.services.failures import ServiceAuthFailed, ServiceConflict
from vibe_jupyter.core.services.huggingface.calling import HubCalls
from vibe_jupyter.core.services.huggingface.datasets import Datasets
from vibe_jupyter.core.services.huggingface.names import checked_id
from vibe_jupyter.core.services.huggingface.repositories import Repositories, named
from vibe_jupyter.core.services.huggingface.schemas import HubUser, Space
from vibe_jupyter.core.services.huggingface.space_deploy import SpaceDeploy
from vibe_jupyter.core.services.huggingface.space_logs import SpaceLogs
from vibe_jupyter.core.services.huggingface.spaces import Spaces
from vibe_jupyter.core.services.huggingface.tables import table_files
from vibe_jupyter.core.services.huggingface.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from vibe_jupyter.core.services.huggingface.repositories import RemoteRepository
    from vibe_jupyter.core.services.huggingface.schemas import (
        Dataset,
        DatasetCard,
        DatasetSpec,
        Deployment,
        LogKind,
        LogLine,
        SpaceSpec,
        SpaceStatus,
        TableFiles,
        Upload,
        UploadProgress,
        Variables,
    )

__all__ = ["HFService"]


class HFService:
    """What one user does on Hugging Face, with that user's token. Cheap to make; belongs to one event loop.

    Every method raises an `ExternalError` of `services/failures.py` if the hub does not do it, and an error of
    `core/errors.py` if a file of this machine is not as it should be; nothing else.

    Args:
        token: of the user; None reads what is public. One that lies on this machine is never taken instead. It is never
            logged and stands in no error.
        endpoint: base URL of the hub, e.g. https://huggingface.co.
        timeout_s: how long an answer may take, in seconds.
        max_wait_s: how long one request waits for the hub's limits and failures in all, in seconds.
        backoff_s: the first wait after a failure that names no time, in seconds.
        log_idle_s: after so long without a line a log that is not followed has been read, in seconds.

    >>> async def greet(token: str) -> str:
    ...     async with HFService(token, endpoint="https://huggingface.co") as hub:
    ...         return (await hub.whoami()).name
    """

    def __init__(
        self,
        token: str | None,
        *,
        endpoint: str,
        timeout_s: float = 30,
        max_wait_s: float = 60,
        backoff_s: float = 0.5,
        log_idle_s: float = 5,
    ) -> None:
        self._calls = HubCalls(
            None if token is None else SecretStr(_checked_token(token)),
            endpoint=endpoint, timeout_s=timeout_s, max_wait_s=max_wait_s, backoff_s=backoff_s,
        )  # fmt: skip
        self._repositories = Repositories(self._calls)
        self._logs = SpaceLogs(self._calls, idle_s=log_idle_s)
        self._spaces = Spaces(self._calls, self._repositories, self._logs)
        self._datasets = Datasets(self._calls, self._repositories)
        self._name: str | None = None

    def __repr__(self) -> str:
        return f"<HFService for {self._name or 'a user'} at {self._calls.endpoint}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        await self._calls.close()

    async def whoami(self) -> HubUser:
        """Return whose token it is, and what it may do.

        Raises:
            ServiceAuthFailed: there is no token, or the hub does not accept it.
        """
        self._calls.need_token("whoami")
        user = await self._calls.ask("whoami", "GET", "/api/whoami-v2", _user, subject="the account")
        self._name = user.name
        return user

    async def create_space(self, spec: SpaceSpec) -> Space:
        """Make a Space, unless it is there: then it is returned as it is. Never two, whatever answer is lost.

        Raises:
            ServiceConflict: there is one with another sdk, or somebody else has that name.
            ServiceInvalid: a name that the hub does not take.
            ServiceDenied: the token may not, or what the Space runs on is not free.
        """
        space_id = await self._full_id(spec.id, "create_space")
        more: dict[str, Any] = {"sdk": spec.sdk, "visibility": _visibility(spec.private)}
        if spec.hardware is not None:
            more["hardware"] = spec.hardware
        there, created = await self._repositories.create("space", space_id, "create_space", **more)
        if there.sdk not in (None, spec.sdk):
            raise ServiceConflict(
                f"there is {named('space', there.id)} already, and its sdk is {there.sdk}, not {spec.sdk}",
                service="huggingface", operation="create_space",
                hint=f"deploy to it as {there.sdk}, or take another name",
                data={"id": there.id, "sdk": there.sdk},
            )  # fmt: skip
        return self._space(there, created=created)

    async def space(self, space_id: str) -> Space:
        """Return a Space.

        Raises:
            ServiceNotFound: there is none, or the token may not see it.
        """
        full_id = await self._full_id(space_id, "space")
        return self._space(await self._repositories.info("space", full_id, "space"), created=False)

    async def deploy(
        self,
        space_id: str,
        files: Mapping[str, Path],
        *,
        message: str,
        delete_others: bool = True,
        on_progress: Callable[[UploadProgress], None] | None = None,
        expected_parent: str | None = None,
    ) -> Deployment:
        """Bring a Space to hold these files, in one commit of what differs; without one if nothing does.

        The hub reads from the README what to run. If yours does not say it (`sdk`, `app_file`), it is uploaded with
        that supplied; your file stays as it is, and `supplied` names it. What the .gitignore leaves out is not
        uploaded.

        Args:
            files: by their path in the Space.
            message: of the commit; the first line is its title.
            delete_others: whether files that are not among these go, `.gitattributes` excepted.
            on_progress: is told how far it has come.
            expected_parent: the commit that must still be the newest one; None takes whichever is.

        Raises:
            ServiceConflict: somebody has committed meanwhile.
            ServiceInvalid: names or sizes that the hub does not take, no app among the files, a wrong README.
        """
        self._calls.need_token("deploy")
        full_id = await self._full_id(space_id, "deploy")
        deploy = SpaceDeploy(self._calls, self._repositories, full_id, files, delete_others=delete_others)
        return await deploy.run(message=message, expected_parent=expected_parent, on_progress=on_progress)

    async def set_secrets(self, space_id: str, values: Mapping[str, str]) -> Variables:
        """Set secrets of a Space. Their values never come back, from the hub or from here."""
        return await self._spaces.set_values(await self._full_id(space_id, "set_secrets"), "secrets", values)

    async def set_variables(self, space_id: str, values: Mapping[str, str]) -> Variables:
        """Set variables of a Space, which everybody who sees it can read; only those that differ."""
        full_id = await self._full_id(space_id, "set_variables")
        return await self._spaces.set_values(full_id, "variables", values)

    async def secret_names(self, space_id: str) -> list[str]:
        """Return the names of a Space's secrets."""
        return await self._spaces.names(await self._full_id(space_id, "list_secrets"), "secrets")

    async def variable_names(self, space_id: str) -> list[str]:
        """Return the names of a Space's variables."""
        return await self._spaces.names(await self._full_id(space_id, "list_variables"), "variables")

    async def remove_secret(self, space_id: str, name: str) -> None:
        """Remove a secret of a Space."""
        await self._spaces.remove_value(await self._full_id(space_id, "remove_secrets"), "secrets", name)

    async def remove_variable(self, space_id: str, name: str) -> None:
        """Remove a variable of a Space."""
        await self._spaces.remove_value(await self._full_id(space_id, "remove_variables"), "variables", name)

    async def status(self, space_id: str) -> SpaceStatus:
        """Return what a Space does now."""
        return await self._spaces.status(await self._full_id(space_id, "status"))

    async def restart(self, space_id: str, *, factory: bool = False) -> SpaceStatus:
        """Restart a Space; with `factory` it is built from nothing."""
        return await self._spaces.restart(await self._full_id(space_id, "restart"), factory=factory)

    async def pause(self, space_id: str) -> SpaceStatus:
        """Stop a Space until somebody restarts it."""
        return await self._spaces.pause(await self._full_id(space_id, "pause"))

    async def logs(
        self, space_id: str, kind: LogKind, *, follow: bool = False, since: str | None = None
    ) -> AsyncIterator[LogLine]:
        """Yield what a Space's build or app has written.

        Args:
            follow: whether to wait for further lines until the hub closes the log.
            since: timestamp of a line; that one and older ones are left out.
        """
        full_id = await self._full_id(space_id, "logs")
        async for line in self._logs.lines(full_id, kind, follow=follow, since=since):
            yield line

    async def follow(
        self,
        space_id: str,
        *,
        on_stage: Callable[[SpaceStatus], None] | None = None,
        on_log: Callable[[LogLine], None] | None = None,
        timeout_s: float = 1800,
        poll_s: float = 2,
        commit: str | None = None,
    ) -> SpaceStatus:
        """Wait until a Space runs, and return its status.

        Args:
            on_stage: is told of each new stage.
            on_log: is told of each line of the build, then of the app.
            timeout_s: how long to wait, in seconds.
            poll_s: from one look at it to the next, in seconds.
            commit: what it shall run, as `deploy` has returned it; the hub speaks of the one before for a moment.

        Raises:
            ServiceInvalid: it came to a stage in which it does not run; the message says why, as far as its log does.
            ServiceTimeout: it was still on its way.
        """
        return await self._spaces.follow(
            await self._full_id(space_id, "follow"),
            on_stage=on_stage, on_log=on_log, timeout_s=timeout_s, poll_s=poll_s, commit=commit,
        )  # fmt: skip

    async def create_dataset(self, spec: DatasetSpec) -> Dataset:
        """Make a repository for a data set, unless it is there: then it is returned as it is.

        Raises:
            ServiceConflict: somebody else has that name.
            ServiceInvalid: a name that the hub does not take.
        """
        full_id = await self._full_id(spec.id, "create_dataset")
        return await self._datasets.create(full_id, visibility=_visibility(spec.private))

    async def upload_dataset(
        self,
        dataset_id: str,
        files: Mapping[str, Path],
        *,
        message: str,
        card: DatasetCard | None = None,
        on_progress: Callable[[UploadProgress], None] | None = None,
    ) -> Upload:
        """Upload files to a data set, in one commit of what differs; others that are there stay.

        Args:
            files: by their path in the data set. A README.md among them is the card.
            message: of the commit; the first line is its title.
            card: what the README is made from; one that a person has written stays as it is.
            on_progress: is told how far it has come.

        Raises:
            ServiceConflict: somebody commits at the same time, again and again.
            ServiceInvalid: names or sizes that the hub does not take.
        """
        self._calls.need_token("upload_dataset")
        full_id = await self._full_id(dataset_id, "upload_dataset")
        return await self._datasets.upload(
            full_id, files, message=message, card=card, on_progress=on_progress
        )

    async def dataframe_files(
        self, frame_path: Path, folder: Path, *, split: str = "train", title: str | None = None
    ) -> TableFiles:
        """Return a table as files and card of a data set, for `upload_dataset`.

        Args:
            frame_path: a Parquet, CSV or TSV file.
            folder: of the caller's, who deletes it afterwards; what has to be written is written there.
            split: what the rows are.
            title: of the card; default: the file's name.

        Raises:
            NotFound: `path.not_found`.
            InvalidInput: `dataset.unreadable`, `dataset.unknown_format`.
        """
        return await in_thread(table_files, frame_path, folder, split=split, title=title or frame_path.stem)

    async def _full_id(self, repo_id: str, operation: str) -> str:
        """Return owner/name; the owner is the token's, if none is named."""
        await in_thread(checked_id, repo_id, operation)  # which imports huggingface_hub
        if "/" in repo_id:
            return repo_id
        return f"{self._name or (await self.whoami()).name}/{repo_id}"

    def _space(self, there: RemoteRepository, *, created: bool) -> Space:
        return Space(
            id=there.id, sdk=there.sdk, private=there.private, app_url=there.host, commit=there.head,
            url=self._repositories.page("space", there.id), created=created,
        )  # fmt: skip


def _checked_token(token: str) -> str:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ServiceAuthFailed(
            "the Hugging Face token is empty or holds characters that no token has",
            service="huggingface", operation="connect", hint="copy it once more, without spaces and line ends",
        )  # fmt: skip
    return token


def _visibility(private: bool) -> str:
    return "private" if private else "public"


def _user(data: Any) -> HubUser:
    token = (data.get("auth") or {}).get("accessToken") or {}
    return HubUser(
        name=str(data["name"]),
        full_name=data.get("fullname"),
        organizations=[str(one["name"]) for one in data.get("orgs") or []],
        role=token.get("role"),
    )
