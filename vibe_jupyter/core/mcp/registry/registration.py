"""Register MCP servers, and say how one is reached.

What is stored has references in the place of secrets and variables; they are resolved when a session is opened.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core import paths
from vibe_jupyter.core.accounts.principal import OWNER_SCOPE
from vibe_jupyter.core.errors import Conflict, Forbidden, VibeError
from vibe_jupyter.core.mcp.errors import ConfigError, SpawnFailed
from vibe_jupyter.core.mcp.registry import formats, sources
from vibe_jupyter.core.mcp.registry.masking import HIDDEN, Hider
from vibe_jupyter.core.mcp.registry.names import RESERVED, slug
from vibe_jupyter.core.mcp.registry.records import STARTED_WITH, ServerConfig, record_of, unknown_server
from vibe_jupyter.core.mcp.registry.variables import SECRET, Variables, names_in
from vibe_jupyter.core.mcp.schemas import ImportProblem
from vibe_jupyter.core.mcp.spec import Limits, ServerSpec
from vibe_jupyter.core.services.addresses import check_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.mcp.registry.records import ServerRecord
    from vibe_jupyter.core.mcp.registry.store import McpStore
    from vibe_jupyter.core.mcp.schemas import McpAdd, McpImport, McpUpdate
    from vibe_jupyter.core.mcp.spec import Era, TransportKind
    from vibe_jupyter.core.secrets import SecretStore
    from vibe_jupyter.core.settings import Settings

__all__ = ["Imported", "Registration"]


@dataclass
class Imported:
    """What became of an import."""

    added: list[ServerRecord]
    skipped: list[str]
    problems: list[ImportProblem]


class Registration:
    """The servers of all users.

    Args:
        root: the folder that VS Code would call the workspace.
        allowed_roots: returns the folders that a user may read.
    """

    def __init__(
        self,
        store: McpStore,
        secrets: SecretStore,
        settings: Settings,
        root: Path,
        allowed_roots: Callable[[str], Awaitable[Sequence[Path]]],
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._settings = settings
        self._root = root
        self._allowed_roots = allowed_roots
        self._folders = {
            "workspaceFolder": str(root),
            "userHome": str(Path.home()),
            "pathSeparator": os.sep,
            "/": os.sep,
        }
        # As it was at the start: a server takes secrets out of what its kernels inherit.
        self._environment = dict(os.environ)

    async def records(self, user_id: str) -> list[ServerRecord]:
        """Return a user's servers by slug."""
        return [record_of(stored) for stored in await self._store.servers(user_id)]

    async def record(self, user_id: str, server: str) -> ServerRecord:
        """Return one server.

        Raises:
            UnknownServer: with the nearest names.
        """
        records = {record.slug: record for record in await self.records(user_id)}
        if server not in records:
            raise unknown_server(server, records)
        return records[server]

    async def add(self, principal: Principal, body: McpAdd) -> ServerRecord:
        """Register a server.

        Raises:
            ConfigError, Conflict, Forbidden: what keeps it from being registered.
        """
        return await self._add(principal, body, source=None, inputs={})

    async def update(self, principal: Principal, server: str, body: McpUpdate) -> ServerRecord:
        """Change a server; what is left out stays.

        Raises:
            UnknownServer, ConfigError, Forbidden: what keeps it from being changed.
        """
        old = await self.record(principal.user_id, server)
        changes = body.model_dump(exclude_unset=True)
        for key in ("env", "headers"):
            if changes.get(key) is not None:
                given = {name: value for name, value in changes[key].items() if value != HIDDEN}
                _refuse_references(value for value in given.values() if value)
                merged = {**getattr(old.config, key), **given}
                changes[key] = {name: value for name, value in merged.items() if value is not None}
        _refuse_references(
            [*(changes.get("args") or ()), changes.get("url") or "", changes.get("command") or ""]
        )
        kind = old.stored.transport
        if wrong := sorted(
            {"url", "headers"} & set(changes)
            if kind == "stdio"
            else {"command", "args", "env", "cwd"} & set(changes)
        ):
            raise ConfigError(
                f"a server of the kind {kind} has no {wrong[0]}", hint="remove it, and add another"
            )
        if kind == "stdio" and (STARTED_WITH & set(changes) or changes.get("enabled")):
            self._may_run(principal, [*old.command])
        if changes.get("url"):
            check_url(_checkable(changes["url"]), allow_private=self._allow_private)
        kept = {
            key: value
            for key, value in changes.items()
            if key in ServerConfig.model_fields and value is not None
        }
        config, secrets = _without_secrets(
            ServerConfig.model_validate({**old.config.model_dump(), **kept}), kind, server
        )
        await self._secrets.put(principal.user_id, secrets)
        stored = replace(
            old.stored,
            name=changes.get("name") or old.stored.name,
            project_id=changes.get("project_id", old.stored.project_id),
            config=config.model_dump_json(),
            policy=body.policy.model_dump_json() if body.policy is not None else old.stored.policy,
            enabled=int(old.enabled if body.enabled is None else body.enabled),
        )
        await self._store.update(stored)
        await self._forget_secrets(principal.user_id, server, config)
        return await self.record(principal.user_id, server)

    async def remove(self, principal: Principal, server: str) -> ServerRecord:
        """Forget a server and its secrets.

        Raises:
            UnknownServer: with the nearest names.
        """
        record = await self.record(principal.user_id, server)
        await self._store.delete(record.stored)
        await self._forget_secrets(principal.user_id, server, ServerConfig())
        return record

    async def import_config(self, principal: Principal, body: McpImport) -> Imported:
        """Register the servers of a configuration of another program.

        Raises:
            ConfigError: with file, line and column, if it cannot be read.
            Forbidden: `path.outside_root`, for one who may not read it.
        """
        if (body.path is None) == (body.config is None):
            raise ConfigError(
                "give either a path or a config", errors=[{"loc": ["path"], "msg": "one of the two"}]
            )
        config, source = body.config, None
        if body.path is not None:
            path = await self._readable(principal, body.path)
            config, source = sources.read_config(path), str(path)
        try:
            parsed = formats.servers_in(config, str(self._root))
        except ConfigError as error:
            if source is not None:
                error.message = f"{source}: {error.message}"
            raise
        result = Imported([], [], parsed.problems)
        taken = {record.slug for record in await self.records(principal.user_id)}
        seen: dict[str, str] = {}
        for server in parsed.servers:
            name = slug(server.name)
            if body.only and server.name not in body.only and name not in body.only:
                continue
            if name in seen:
                message = f"it would have the same id as {seen[name]}: {name}"
                result.problems.append(
                    ImportProblem(name=server.name, message=message, hint="rename one of them")
                )
                continue
            seen[name] = server.name
            if name in taken:
                result.skipped.append(server.name)
                continue
            wanted = server.model_copy(update={"project_id": body.project_id or server.project_id})
            try:
                result.added.append(
                    await self._add(
                        principal, wanted, source=source, inputs=parsed.inputs, is_dry_run=body.dry_run
                    )
                )
            except VibeError as error:
                result.problems.append(
                    ImportProblem(name=server.name, message=error.message, hint=error.hint)
                )
        return result

    async def spec(self, record: ServerRecord, era: Era | None) -> ServerSpec:
        """Return how a server is reached, all references resolved: for a session alone.

        Raises:
            UnresolvedVariable: naming the variable.
            ConfigError: if what it starts with is not there.
        """
        config = record.config
        wanted = {
            name.removeprefix(SECRET)
            for text in config.texts
            for name in names_in(text)
            if name.startswith(SECRET)
        }
        user_id = record.stored.user_id
        secrets = {name: await self._secrets.get(user_id, name) for name in sorted(wanted)}
        expand = Variables(self._environment, secrets, config.inputs, self._folders).expand
        cwd = self._working_folder(record, expand(config.cwd, "cwd") if config.cwd else "")
        url = expand(config.url, "url") if config.url else ""
        if url:
            check_url(url, allow_private=self._allow_private)
        transport: Any = record.stored.transport
        return ServerSpec(
            key=record.stored.id,
            name=record.slug,
            transport=transport,
            command=tuple(
                expand(word, f"args[{i - 1}]" if i else "command") for i, word in enumerate(_argv(config))
            ),
            env={name: expand(value, f"env.{name}") for name, value in config.env.items()},
            cwd=cwd,
            url=url,
            headers={name: expand(value, f"headers.{name}") for name, value in config.headers.items()},
            limits=Limits(
                call_timeout_s=config.timeout_s,
                start_timeout_s=config.start_timeout_s,
                max_result_bytes=self._settings.mcp_max_result_bytes,
                concurrency=config.concurrency,
                idle_s=self._settings.mcp_idle_s,
            ),
            era=era,
        )

    def _working_folder(self, record: ServerRecord, given: str) -> str | None:
        if record.stored.transport != "stdio":
            return None
        folder = self._root / Path(given).expanduser()
        if not folder.is_dir():
            raise SpawnFailed(f"{record.slug}: there is no folder {folder}", hint="correct its cwd")
        return str(folder)

    async def _add(
        self,
        principal: Principal,
        body: McpAdd,
        *,
        source: str | None,
        inputs: dict[str, str],
        is_dry_run: bool = False,
    ) -> ServerRecord:
        kind = _kind(body)
        name = slug(body.name)
        if name in RESERVED:
            raise Conflict(f"{name} is a reserved word", code="mcp.name_taken", hint="choose another name")
        if kind == "stdio":
            self._may_run(principal, [body.command or "", *body.args])
        else:
            check_url(_checkable(body.url or ""), allow_private=self._allow_private)
        fields = body.model_dump(include=set(ServerConfig.model_fields))
        _refuse_references(ServerConfig(**fields).texts)
        config, secrets = _without_secrets(ServerConfig(**fields, inputs=inputs), kind, name)
        values: dict[str, Any] = {
            "name": body.name,
            "project_id": body.project_id,
            "transport": kind,
            "config": config.model_dump_json(),
            "policy": body.policy.model_dump_json(),
            "enabled": int(body.enabled),
            "source": source,
        }
        if is_dry_run:
            from vibe_jupyter.core.ids import now
            from vibe_jupyter.core.mcp.registry.store import StoredServer

            at = now()
            return record_of(
                StoredServer(
                    id="", user_id=principal.user_id, slug=name, created_at=at, updated_at=at, **values
                )
            )
        await self._store.insert(principal.user_id, name, values)
        await self._secrets.put(principal.user_id, secrets)
        return await self.record(principal.user_id, name)

    def _may_run(self, principal: Principal, argv: list[str]) -> None:
        """Refuse a command to one who may not run code of their own choice here."""
        allowed = self._settings.mcp_allow_stdio
        if not (not self._settings.multi_user if allowed is None else allowed):
            raise Forbidden(
                f"commands may not be registered here; it would run: {_spelled(argv)}",
                code="mcp.stdio_not_allowed",
                hint="VIBE_MCP_ALLOW_STDIO allows it, to those with the scope owner",
            )
        try:
            principal.require(OWNER_SCOPE)
        except Forbidden as error:
            error.message = f"{error.message}: it would run {_spelled(argv)}"
            raise

    async def _readable(self, principal: Principal, given: str) -> Path:
        """Return the file to import: any that the owner names, else one in the folders that the user may read."""
        if OWNER_SCOPE in principal.scopes:
            return paths.real(given, self._root)
        return paths.resolve(given, self._root, list(await self._allowed_roots(principal.user_id)))

    async def _forget_secrets(self, user_id: str, server: str, config: ServerConfig) -> None:
        used = {name.removeprefix(SECRET) for text in config.texts for name in names_in(text)}
        await self._secrets.keep_only(user_id, _prefix(server), used)

    @property
    def _allow_private(self) -> bool:
        allowed = self._settings.allow_private_addresses
        return not self._settings.multi_user if allowed is None else allowed


def _kind(body: McpAdd) -> TransportKind:
    kind = body.transport or ("stdio" if body.command else "http")
    has, lacks = ("command", "url") if kind == "stdio" else ("url", "command")
    if not getattr(body, has):
        raise ConfigError(
            f"{has}: a server of the kind {kind} needs one", errors=[{"loc": [has], "msg": "Field required"}]
        )
    unwanted = ("headers",) if kind == "stdio" else ("args", "env", "cwd")
    for name in (lacks, *unwanted):
        if getattr(body, name):
            raise ConfigError(
                f"{name}: a server of the kind {kind} has none", errors=[{"loc": [name], "msg": "not wanted"}]
            )
    return kind


def _argv(config: ServerConfig) -> list[str]:
    return [config.command, *config.args] if config.command else []


def _without_secrets(config: ServerConfig, kind: str, server: str) -> tuple[ServerConfig, dict[str, str]]:
    """Return the configuration with references in the place of secrets, and these."""
    hider = Hider(_prefix(server))
    changed: dict[str, Any] = {
        "env": {name: hider.value(value, f"env/{name}") for name, value in config.env.items()},
        "headers": {name: hider.value(value, f"headers/{name}") for name, value in config.headers.items()},
        "args": hider.arguments(config.args),
    }
    if kind != "stdio" and config.url:
        changed["url"] = hider.url(config.url)
    return config.model_copy(update=changed), hider.secrets


def _refuse_references(texts: Iterable[str]) -> None:
    """Refuse a configuration that names our secrets by itself: one from elsewhere could carry them away."""
    for text in texts:
        for name in names_in(text):
            if name.startswith(SECRET):
                raise ConfigError(
                    f"${{{name}}} is not for configurations to use", hint="give the value itself"
                )


def _prefix(server: str) -> str:
    return f"mcp/{server}/"


def _checkable(url: str) -> str:
    """Return a URL whose variables cannot be mistaken for a host; what they stand for is checked at the start."""
    host = url.partition("://")[2].partition("/")[0]
    return "http://variable.invalid/" if names_in(host) or names_in(url.partition("://")[0]) else url


def _spelled(argv: list[str]) -> str:
    import shlex

    return shlex.join(Hider("").arguments(argv) if len(argv) > 1 else argv)[:500]
