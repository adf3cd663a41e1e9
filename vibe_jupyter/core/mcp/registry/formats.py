"""Read the configuration files that other programs have for MCP servers.

`mcpServers` is what Claude (`.mcp.json`, Desktop, `~/.claude.json`), Cursor and jupyter-ai
(`.jupyter/mcp_settings.json`) write; VS Code writes `servers` and `inputs`, in its `settings.json` under `mcp`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.mcp.errors import ConfigError
from vibe_jupyter.core.mcp.schemas import ImportProblem, McpAdd
from vibe_jupyter.core.operations import invalid
from vibe_jupyter.core.storable import storable

__all__ = ["Parsed", "not_approved", "servers_in", "take_out_approvals"]

_TRANSPORTS = {
    "stdio": "stdio",
    "http": "http",
    "streamable-http": "http",
    "streamablehttp": "http",
    "streamable_http": "http",
    "sse": "sse",
}
_URLS = ("url", "serverUrl", "httpUrl")
_LONGEST_IN_SECONDS = 3600
"""A larger `timeout` is taken for milliseconds, which some of these programs write: nobody waits for so long."""
_LONGEST_S = 86_400
_SHOWN_APPROVALS = 10


@dataclass
class Parsed:
    """What a file has: servers, what its inputs are if nothing else says so, and what cannot be used."""

    servers: list[McpAdd] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    env_files: dict[int, str] = field(default_factory=dict)
    """Files with further variables, by the server's place in `servers`, as they are written there."""
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
                if name in getattr(group, "repeated", ()):
                    raise ConfigError(f"{place}.{name} is there more than once", hint="remove all but one")
                server = _server(name, entry, f"{place}.{name}")
                if env_file := _env_file(entry, f"{place}.{name}"):
                    parsed.env_files[len(parsed.servers)] = env_file
                parsed.servers.append(server)
            except VibeError as error:
                told = storable({"name": name[:100], "message": error.message, "hint": error.hint})
                parsed.problems.append(ImportProblem(**told))
    return parsed


def take_out_approvals(server: McpAdd) -> list[str]:
    """Let no tool of a server be called unasked because its file says so; return the names of those that it names."""
    approved = [tool for tool, said in server.policy.tools.items() if said == "always"]
    others = {tool: said for tool, said in server.policy.tools.items() if said != "always"}
    server.policy = server.policy.model_copy(update={"tools": others})
    return approved


def not_approved(name: str, server: str, tools: list[str]) -> ImportProblem:
    """Say which approvals of a file were not taken over, and how the owner gives them."""
    options = " ".join(f"--tool {shlex.quote(tool)}=always" for tool in tools[:_SHOWN_APPROVALS])
    shown = ", ".join(tools[:_SHOWN_APPROVALS]) + (", ..." if len(tools) > _SHOWN_APPROVALS else "")
    return ImportProblem(
        name=name,
        message=f"it is imported, but not that {shown} may be called unasked: its file may have come with a project",
        hint=f"if you want that: %vibe mcp set {server} {options}",
    )


def _named(group: Any, place: str) -> list[tuple[str, Any]]:
    if isinstance(group, dict):
        return [(str(name), entry) for name, entry in group.items()]
    if isinstance(group, list):  # as jupyter-ai has it: each names itself
        names = [
            entry.get("name", number) if isinstance(entry, dict) else number
            for number, entry in enumerate(group)
        ]
        return list(zip(map(str, names), group, strict=True))
    raise ConfigError(f"{place}: must be an object")


def _server(name: str, entry: Any, place: str) -> McpAdd:
    if not isinstance(entry, dict):
        raise ConfigError(f"{place}: must be an object")
    values: dict[str, Any] = {"name": name}
    for key in ("command", "args", "env", "cwd", "headers"):
        if entry.get(key) is not None:
            values[key] = entry[key]
    for key in ("env", "headers"):
        if key in values:
            values[key] = _pairs(values[key], f"{place}.{key}")
    url = next((entry[key] for key in _URLS if entry.get(key)), None)
    if url is not None:
        values["url"] = url
    if (kind := entry.get("type", entry.get("transport"))) is not None:
        values["transport"] = _transport(kind, f"{place}.type")
    timeout = entry.get("timeout")
    if isinstance(timeout, int | float) and not isinstance(timeout, bool) and timeout > 0:
        seconds = timeout / 1000 if timeout > _LONGEST_IN_SECONDS else timeout
        values["timeout_s"] = min(seconds, _LONGEST_S)
    values["enabled"] = not (entry.get("disabled") is True or entry.get("enabled") is False)
    try:
        return McpAdd.model_validate({**values, "policy": _policy(entry)})
    except ValidationError as error:
        raise ConfigError(f"{place}.{invalid(error).message}") from None


def _env_file(entry: dict[str, Any], place: str) -> str | None:
    given = entry.get("envFile")
    if given is not None and not isinstance(given, str):
        raise ConfigError(f"{place}.envFile: must be a path")
    return given or None


def _pairs(given: Any, place: str) -> Any:
    """Return names and values; jupyter-ai writes them as a list of `{"name": ..., "value": ...}`."""
    if isinstance(given, list):
        if not all(isinstance(pair, dict) and {"name", "value"} <= pair.keys() for pair in given):
            raise ConfigError(f"{place}: in a list, each must have a name and a value")
        given = {str(pair["name"]): pair["value"] for pair in given}
    if not isinstance(given, dict):
        raise ConfigError(f"{place}: must be an object")
    return {name: _text(value) for name, value in given.items() if value is not None}


def _text(value: Any) -> Any:
    """Return numbers and booleans as what they look like."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _transport(kind: Any, place: str) -> str:
    found = _TRANSPORTS.get(str(kind).lower())
    if found is None:
        raise ConfigError(f"{place}: {kind!r} is no transport", hint="stdio, http and sse are")
    return found


def _policy(entry: dict[str, Any]) -> dict[str, Any]:
    def names(*keys: str) -> list[str]:
        lists = [entry[key] for key in keys if isinstance(entry.get(key), list)]
        return [name for one in lists for name in one if isinstance(name, str) and name]

    approved = names("autoApprove", "alwaysAllow")
    return {
        "allow": names("enabledTools", "includeTools"),
        "deny": names("disabledTools", "excludeTools"),
        "tools": {name: "always" for name in approved if "*" not in name},
    }


def _inputs(inputs: Any) -> dict[str, str]:
    """Return the default of each input that has one."""
    found: dict[str, str] = {}
    for one in inputs if isinstance(inputs, list) else []:
        if isinstance(one, dict) and isinstance(one.get("id"), str) and isinstance(one.get("default"), str):
            found[one["id"]] = one["default"]
    return found
