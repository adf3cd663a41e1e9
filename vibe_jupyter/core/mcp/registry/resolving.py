"""From how a server is registered to how it is reached: all references resolved, for a session alone."""

from __future__ import annotations

import os
from collections import ChainMap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.mcp.errors import ConfigError, SpawnFailed
from vibe_jupyter.core.mcp.registry.checking import check_header
from vibe_jupyter.core.mcp.registry.masking import secret_values
from vibe_jupyter.core.mcp.registry.variables import SECRET, Variables, names_in
from vibe_jupyter.core.mcp.spec import Limits, ServerSpec
from vibe_jupyter.core.services.addresses import check_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vibe_jupyter.core.mcp.registry.records import ServerRecord
    from vibe_jupyter.core.mcp.spec import Era
    from vibe_jupyter.core.settings import Settings

__all__ = ["Resolver"]


class Resolver:
    """Resolves variables by the environment of this process.

    Args:
        root: the folder that VS Code would call the workspace.
    """

    def __init__(self, settings: Settings, root: Path) -> None:
        self._settings = settings
        self._root = root
        # What was there at the start counts as well: a server takes secrets out of what its kernels inherit.
        self._environment = ChainMap(os.environ, dict(os.environ))
        self._folders = {
            "workspaceFolder": str(root),
            "workspaceFolderBasename": root.name,
            "userHome": str(Path.home()),
            "pathSeparator": os.sep,
            "/": os.sep,
        }

    def path(self, text: str, where: str, workspace: Path) -> Path:
        """Return the path that a text of a configuration means, which is for a workspace.

        Raises:
            UnresolvedVariable, ConfigError: if it means none.
        """
        folders = {
            **self._folders,
            "workspaceFolder": str(workspace),
            "workspaceFolderBasename": workspace.name,
        }
        given = Variables(self._environment, folders=folders).expand(text, where)
        try:
            return workspace / Path(given).expanduser()
        except RuntimeError as error:  # ~somebody
            raise ConfigError(f"{where}: {error}") from error

    def spec(self, record: ServerRecord, secrets: Mapping[str, str], era: Era | None) -> ServerSpec:
        """Return how a server is reached.

        Raises:
            UnresolvedVariable: naming the variable.
            ConfigError, SpawnFailed, InvalidInput, Forbidden: about what the variables turn out to be.
        """
        try:
            return self._spec(record, secrets, era)
        except ConfigError as error:
            error.message = f"{record.slug}: {error.message}"
            raise

    def _spec(self, record: ServerRecord, secrets: Mapping[str, str], era: Era | None) -> ServerSpec:
        config = record.config
        inputs = {name: _plain(default, secrets) for name, default in config.inputs.items()}
        variables = Variables(self._environment, secrets, inputs, self._folders)
        texts = {place: variables.expand(text, place) for place, text in config.places.items()}
        headers = {name: texts[f"headers.{name}"] for name in config.headers}
        for name, value in headers.items():
            check_header(name, value)
        url = texts.get("url", "")
        if url:
            check_url(url, allow_private=self._settings.allows_private_addresses)
        transport: Any = record.stored.transport
        words = [f"args[{number}]" for number in range(len(config.args))]
        return ServerSpec(
            key=record.stored.id,
            name=record.slug,
            transport=transport,
            command=tuple(texts[place] for place in ("command", *words)) if config.command else (),
            env={name: texts[f"env.{name}"] for name in config.env},
            cwd=self._folder(record, texts.get("cwd", "")) if transport == "stdio" else None,
            url=url,
            headers=headers,
            allow_private=self._settings.allows_private_addresses,
            limits=Limits(
                call_timeout_s=config.timeout_s,
                start_timeout_s=config.start_timeout_s,
                max_result_bytes=self._settings.mcp_max_result_bytes,
                concurrency=config.concurrency,
                idle_s=self._settings.mcp_idle_s,
            ),
            era=era,
            secrets=secret_values(config.places, variables),
        )

    def _folder(self, record: ServerRecord, given: str) -> str:
        try:
            folder = self._root / Path(given).expanduser()
        except RuntimeError as error:  # ~somebody
            raise ConfigError(f"cwd: {error}") from error
        if not folder.is_dir():
            raise SpawnFailed(f"{record.slug}: there is no folder {folder}", hint="correct its cwd")
        return str(folder)


def _plain(default: str, secrets: Mapping[str, str]) -> str:
    """Return the default of an input, which is kept as a secret and is no text with variables."""
    names = [name.removeprefix(SECRET) for name in names_in(default)]
    return secrets.get(names[0], default) if names else default
