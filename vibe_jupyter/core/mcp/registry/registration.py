"""Register MCP servers, and say how one is reached.

What is stored has references in the place of secrets and variables; they are resolved when a session is opened.
"""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from vibe_jupyter.core import paths
from vibe_jupyter.core.accounts.principal import OWNER_SCOPE
from vibe_jupyter.core.errors import Conflict, CredentialMissing, Forbidden, VibeError, nearest
from vibe_jupyter.core.ids import now
from vibe_jupyter.core.mcp.errors import ConfigError
from vibe_jupyter.core.mcp.registry import formats, sources
from vibe_jupyter.core.mcp.registry.checking import check_config, check_inputs, checkable_url, kind_of
from vibe_jupyter.core.mcp.registry.env_files import read_env_file, workspace_of
from vibe_jupyter.core.mcp.registry.masking import conceal, shown
from vibe_jupyter.core.mcp.registry.merging import merge
from vibe_jupyter.core.mcp.registry.names import RESERVED, slug
from vibe_jupyter.core.mcp.registry.records import ServerConfig, record_of, unknown_server
from vibe_jupyter.core.mcp.registry.resolving import Resolver
from vibe_jupyter.core.mcp.registry.store import StoredServer
from vibe_jupyter.core.mcp.registry.variables import SECRET
from vibe_jupyter.core.mcp.schemas import ImportProblem, McpAdd
from vibe_jupyter.core.operations import invalid
from vibe_jupyter.core.secrets.schemas import is_name
from vibe_jupyter.core.secrets.sealing import ConfigSecrets
from vibe_jupyter.core.services.addresses import check_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.mcp.registry.records import ServerRecord
    from vibe_jupyter.core.mcp.registry.store import McpStore
    from vibe_jupyter.core.mcp.schemas import McpImport, McpUpdate
    from vibe_jupyter.core.mcp.spec import Era, ServerSpec
    from vibe_jupyter.core.secrets.sealing import SecretBox
    from vibe_jupyter.core.secrets.service import SecretService
    from vibe_jupyter.core.settings import Settings

__all__ = ["Imported", "Registration"]

_SHOWN_COMMAND = 500


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
        secrets: SecretService,
        settings: Settings,
        root: Path,
        allowed_roots: Callable[[str], Awaitable[Sequence[Path]]],
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._settings = settings
        self._root = root
        self._allowed_roots = allowed_roots
        self._resolver = Resolver(settings, root)

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
        return await self._add(principal, body)

    async def update(self, principal: Principal, server: str, body: McpUpdate) -> ServerRecord:
        """Change a server; what is left out stays.

        Raises:
            UnknownServer, ConfigError, Forbidden: what keeps it from being changed.
        """
        box = await self._secrets.box() if ServerConfig.model_fields.keys() & body.model_fields_set else None
        changed = await self._store.change(
            principal.user_id, server, lambda stored: self._changed(principal, record_of(stored), body, box)
        )
        return await self.record(principal.user_id, server) if changed is None else record_of(changed)

    async def remove(self, principal: Principal, server: str) -> ServerRecord:
        """Forget a server and its secrets.

        Raises:
            UnknownServer: with the nearest names.
        """
        record = await self.record(principal.user_id, server)
        await self._store.delete(record.stored, ConfigSecrets(_prefix(server)))
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
        config, source, workspace, believes_approvals = body.config, None, self._root, True
        if body.path is not None:
            path = await self._readable(principal, body.path)
            config, source = await asyncio.to_thread(sources.read_config, path), str(path)
            workspace = workspace_of(path)
            believes_approvals = await asyncio.to_thread(sources.is_of_the_user, path)
        try:
            parsed = formats.servers_in(config, str(self._root))
        except ConfigError as error:
            if source is not None:
                error.message = f"{source}: {error.message}"
            raise
        result = Imported([], [], [*parsed.problems, *_not_there(body.only, parsed)])
        taken = {record.slug for record in await self.records(principal.user_id)}
        seen: dict[str, str] = {}
        for place, server in enumerate(parsed.servers):
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
            approved = [] if believes_approvals else formats.take_out_approvals(wanted)
            try:
                if (env_file := parsed.env_files.get(place)) is not None:
                    wanted = await self._with_env_file(principal, wanted, env_file, workspace)
                result.added.append(
                    await self._add(
                        principal, wanted, source=source, inputs=parsed.inputs, is_dry_run=body.dry_run
                    )
                )
            except VibeError as error:
                result.problems.append(
                    ImportProblem(name=server.name, message=error.message, hint=error.hint)
                )
                continue
            if approved:
                result.problems.append(formats.not_approved(server.name, name, approved))
        return result

    async def _with_env_file(
        self, principal: Principal, server: McpAdd, env_file: str, workspace: Path
    ) -> McpAdd:
        """Return a server with the variables of a file; what the configuration itself says goes before."""
        principal.require(OWNER_SCOPE)  # as for the command: it may be any file
        path = self._resolver.path(env_file, "envFile", workspace)
        env = {**await asyncio.to_thread(read_env_file, path), **server.env}
        try:
            return McpAdd.model_validate({**server.model_dump(), "env": env})
        except ValidationError as error:
            raise ConfigError(f"envFile: {invalid(error).message}") from None

    async def spec(self, record: ServerRecord, era: Era | None) -> ServerSpec:
        """Return how a server is reached, all references resolved: for a session alone.

        Raises:
            UnresolvedVariable: naming the variable.
            CredentialMissing: `secrets.missing`, if it refers to a secret that the user does not have.
            VibeError: other `secrets.*`, or about what the variables turn out to be.
        """
        user_id, named = record.stored.user_id, {name for name in record.config.secrets if is_name(name)}
        secrets = await self._secrets.values(user_id, record.config.secrets - named)
        for name in sorted(named):
            stored = await self._secrets.stored(user_id, name, record.stored.project_id)
            if stored is None:
                raise CredentialMissing(
                    f"{record.slug} refers to the secret {name}, and there is none",
                    hint=f"%vibe secrets set {name} asks for it",
                    data={"name": name},
                )
            secrets[name], _ = stored
        return self._resolver.spec(record, secrets, era)

    async def _add(
        self,
        principal: Principal,
        body: McpAdd,
        *,
        source: str | None = None,
        inputs: dict[str, str] | None = None,
        is_dry_run: bool = False,
    ) -> ServerRecord:
        kind = kind_of(body)
        name = slug(body.name)
        if name in RESERVED:
            raise Conflict(f"{name} is a reserved word", code="mcp.name_taken", hint="choose another name")
        given = ServerConfig(**body.model_dump(include=set(ServerConfig.model_fields)))
        self._check(principal, given, is_imported=inputs is not None)
        needed = {reference.removeprefix("input:") for reference in given.references}
        given.inputs = {key: default for key, default in (inputs or {}).items() if key in needed}
        check_inputs(given.inputs)
        config, secrets = conceal(given, _prefix(name))
        if kind == "stdio":
            self._may_run(principal, config)
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
            at = now()
            return record_of(
                StoredServer("", principal.user_id, name, created_at=at, updated_at=at, **values)
            )
        box = await self._secrets.box() if secrets else None
        sealed = _sealed(box, name, secrets, config)
        return record_of(await self._store.insert(principal.user_id, name, values, sealed))

    def _changed(
        self, principal: Principal, old: ServerRecord, body: McpUpdate, box: SecretBox | None
    ) -> tuple[StoredServer, ConfigSecrets]:
        merged = merge(old, body)
        self._check(principal, merged.given)
        if merged.takes_secrets_elsewhere and OWNER_SCOPE not in principal.scopes:
            raise Forbidden(
                "headers that are not shown would be sent to another URL",
                code="auth.scope_missing",
                hint="give all headers again together with the URL, or remove them by null",
            )
        config, secrets = conceal(merged.config, _prefix(old.slug)) if box else (merged.config, {})
        if old.stored.transport == "stdio" and (merged.is_started_otherwise or body.enabled):
            self._may_run(principal, config)
        project_id = body.project_id if "project_id" in body.model_fields_set else old.stored.project_id
        changed = replace(
            old.stored,
            name=body.name or old.stored.name,
            project_id=project_id,
            config=config.model_dump_json(),
            policy=old.stored.policy if body.policy is None else body.policy.model_dump_json(),
            enabled=int(old.enabled if body.enabled is None else body.enabled),
        )
        return changed, _sealed(box, old.slug, secrets, config)

    def _check(self, principal: Principal, given: ServerConfig, *, is_imported: bool = False) -> None:
        """Refuse what somebody gives if it cannot work, or would give away what is not theirs."""
        check_config(given, may_name_secrets=not is_imported)
        if given.references and OWNER_SCOPE not in principal.scopes:
            of_what = (
                "among your secrets"
                if given.references[0].startswith(SECRET)
                else "from the environment of this server"
            )
            raise Forbidden(
                f"${{{given.references[0]}}} would be read {of_what}, which takes the scope {OWNER_SCOPE}",
                code="auth.scope_missing",
                hint="give the value itself: it is kept encrypted; $${ is a plain ${",
            )
        if given.url is not None:
            check_url(checkable_url(given.url), allow_private=self._settings.allows_private_addresses)

    def _may_run(self, principal: Principal, config: ServerConfig) -> None:
        """Refuse a command to one who may not run code of their own choice here."""
        command = shlex.join(shown(word) for word in config.argv)[:_SHOWN_COMMAND]
        allowed = self._settings.mcp_allow_stdio
        if not (not self._settings.multi_user if allowed is None else allowed):
            raise Forbidden(
                f"commands may not be registered here; it would run: {command}",
                code="mcp.stdio_not_allowed",
                hint=f"VIBE_MCP_ALLOW_STDIO allows it, to those with the scope {OWNER_SCOPE}",
            )
        try:
            principal.require(OWNER_SCOPE)
        except Forbidden as error:
            error.message = f"{error.message}: it would run {command}"
            raise

    async def _readable(self, principal: Principal, given: str) -> Path:
        """Return the file to import: any that the owner names, else one in the folders that the user may read."""
        if OWNER_SCOPE in principal.scopes:
            return paths.real(given, self._root)
        return paths.resolve(given, self._root, list(await self._allowed_roots(principal.user_id)))


def _not_there(only: Sequence[str], parsed: formats.Parsed) -> list[ImportProblem]:
    """Return which of the names that alone are wanted no server has."""
    names = [*(one.name for one in parsed.servers), *(one.name for one in parsed.problems)]
    known = {*names, *map(slug, names)}
    problems = []
    for name in only:
        if name not in known:
            near = nearest(name, names)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"[:300]
            problems.append(ImportProblem(name=name, message="no server has this name there", hint=hint))
    return problems


def _prefix(server: str) -> str:
    return f"mcp/{server}/"


def _sealed(
    box: SecretBox | None, server: str, secrets: dict[str, str], config: ServerConfig
) -> ConfigSecrets:
    return ConfigSecrets(_prefix(server), secrets, config.secrets, box)
