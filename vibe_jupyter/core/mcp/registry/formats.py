"""Read the configuration files that other programs have for MCP servers.

`mcpServers` is what Claude (`.mcp.json`, Desktop, `~/.claude.json`), Cursor and jupyter-ai
(`.jupyter/mcp_settings.json`) write; VS Code writes `servers` and `inputs`, in its `settings.json` under `mcp`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.mcp.errors import ConfigError
from vibe_jupyter.core.mcp.schemas import ImportProblem, McpAdd, McpPolicy
from vibe_jupyter.core.operations import invalid

__all__ = ["Parsed", "servers_in"]

_TRANSPORTS = {
    "stdio": "stdio",
    "http": "http",
    "streamable-http": "http",
    "streamablehttp": "http",
    "streamable_http": "http",
    "sse": "sse",
}
_URLS = ("url", "serverUrl", "httpUrl")
_DIFFERENT_TIMES = 1000
"""A `timeout` from here on is taken for milliseconds, which some of these programs write, and else for seconds."""


@dataclass
class Parsed:
    """What a file has: servers, what its inputs are if nothing else says so, and what cannot be used."""

    servers: list[McpAdd] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    problems: list[ImportProblem] = field(default_factory=list)


def servers_in(config: Any, project: str | None = None) -> Parsed:
    """Return the servers of a configuration; `project` is the folder whose own ones are taken from `~/.claude.json`.

    A server that cannot be used is a problem, and the others are read all the same.

    Raises:
        ConfigError: if it has no servers at all.
    """
    if not isinstance(config, dict):
        raise ConfigError("it must be an object with mcpServers or servers")
    parsed = Parsed(inputs=_inputs(config.get("inputs")))
    groups = [(key, config[key]) for key in ("mcpServers", "mcp_servers", "servers") if key in config]
    if isinstance(nested := config.get("mcp"), dict):
        parsed.inputs |= _inputs(nested.get("inputs"))
        groups += [(f"mcp.{key}", nested[key]) for key in ("servers", "mcpServers") if key in nested]
    projects = config.get("projects")
    if project is not None and isinstance(projects, dict) and isinstance(own := projects.get(project), dict):
        groups += [(f"projects.{project}.{key}", own[key]) for key in ("mcpServers",) if own.get(key)]
    if not groups:
        raise ConfigError(
            "it has no MCP servers",
            hint="they stand under mcpServers (Claude, Cursor, jupyter-ai) or servers (VS Code)",
        )
    for place, group in groups:
        for name, entry in _named(group, place):
            try:
                parsed.servers.append(_server(name, entry, f"{place}.{name}"))
            except VibeError as error:
                parsed.problems.append(ImportProblem(name=name[:100], message=error.message, hint=error.hint))
    return parsed


def _named(group: Any, place: str) -> list[tuple[str, Any]]:
    if isinstance(group, dict):
        return [(str(name), entry) for name, entry in group.items()]
    if isinstance(group, list):  # as jupyter-ai has it: each entry names itself
        return [(str(entry.get("name", number)) if isinstance(entry, dict) else str(number), entry)
                for number, entry in enumerate(group)]  # fmt: skip
    raise ConfigError(f"{place}: must be an object")


def _server(name: str, entry: Any, place: str) -> McpAdd:
    if not isinstance(entry, dict):
        raise ConfigError(f"{place}: must be an object")
    if entry.get("envFile"):
        raise ConfigError(f"{place}.envFile is not read", hint="name its variables under env, as ${VAR}")
    values: dict[str, Any] = {"name": name}
    for key in ("command", "args", "env", "cwd", "headers"):
        if entry.get(key) is not None:
            values[key] = entry[key]
    for key in ("env", "headers"):
        if isinstance(values.get(key), dict):  # numbers and booleans are what they look like as text
            values[key] = {k: _text(v) for k, v in values[key].items() if v is not None}
    url = next((entry[key] for key in _URLS if entry.get(key)), None)
    if url is not None:
        values["url"] = url
    if (kind := entry.get("type", entry.get("transport"))) is not None:
        values["transport"] = _transport(kind, f"{place}.type")
    if (
        isinstance(timeout := entry.get("timeout"), int | float)
        and not isinstance(timeout, bool)
        and timeout > 0
    ):
        values["timeout_s"] = timeout / 1000 if timeout >= _DIFFERENT_TIMES else timeout
    values["enabled"] = not (entry.get("disabled") is True or entry.get("enabled") is False)
    values["policy"] = _policy(entry)
    try:
        return McpAdd.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{place}.{invalid(error).message}") from None


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _transport(kind: Any, place: str) -> str:
    found = _TRANSPORTS.get(str(kind).lower())
    if found is None:
        raise ConfigError(f"{place}: {kind!r} is no transport", hint="stdio, http and sse are")
    return found


def _policy(entry: dict[str, Any]) -> McpPolicy:
    def names(*keys: str) -> list[str]:
        lists = [entry[key] for key in keys if isinstance(entry.get(key), list)]
        return [name for one in lists for name in one if isinstance(name, str) and name]

    approved = names("autoApprove", "alwaysAllow")
    return McpPolicy(
        allow=names("enabledTools", "includeTools"),
        deny=names("disabledTools", "excludeTools"),
        tools={name: "always" for name in approved if "*" not in name},
    )


def _inputs(inputs: Any) -> dict[str, str]:
    """Return the default of each input that has one."""
    found: dict[str, str] = {}
    for one in inputs if isinstance(inputs, list) else []:
        if isinstance(one, dict) and isinstance(one.get("id"), str) and isinstance(one.get("default"), str):
            found[one["id"]] = one["default"]
    return found
