"""What the command line adds to the verbs of MCP servers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from vibe_jupyter.client.commands.fields import last
from vibe_jupyter.client.commands.own import Order, OwnVerb, Place
from vibe_jupyter.client.commands.parser import Pairs, comma_separated
from vibe_jupyter.client.commands.tool_calls import CALL
from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.mcp.schemas import Approval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.commands.local import Surface
    from vibe_jupyter.client.commands.parser import Parser
    from vibe_jupyter.core.mcp.schemas import McpCapabilities, McpPolicy

__all__ = ["VERBS"]


_ADD_HELP = """\
All behind -- is the command, exactly as it shall run:

  PROG NAME -- COMMAND ARGS
  PROG NAME --url URL"""
_PYTHON = frozenset({"python", "python3", "python.exe"})


def _add(place: Place, order: Order) -> Any:
    """Register a server; a command runs where it was typed, if the platform is on this machine.

    That is the folder, and for a bare `python` the interpreter: a kernel's environment is often not on the `PATH`.
    """
    arguments = _with_body(order)
    if place.client.transport.is_local and arguments.get("command"):
        arguments["cwd"] = str(Path.cwd() / arguments.get("cwd", ""))
        if arguments["command"] in _PYTHON:
            arguments["command"] = sys.executable
    return place.client.mcps.add(**arguments)


def _set(place: Place, order: Order) -> Any:
    """Change a server; of its policy only what is named."""
    from vibe_jupyter.client.commands.running import server_id_of

    arguments = _with_body(order)
    server = server_id_of(arguments.pop("mcp_id"), place.names)
    changes: dict[str, Any] = {
        name: arguments.pop(name) for name in ("allow", "deny", "trusted", "approval") if name in arguments
    }
    tools = arguments.pop("tool", {})
    _refuse_unknown_tools(place.client, server, [*tools, *(arguments.get("aliases") or {}).values()])
    if (changes or tools) and "policy" in arguments:
        raise InvalidInput(
            "a policy is given whole with --policy, or in parts, not both", code="command.invalid"
        )
    if changes or tools:
        policy: McpPolicy = place.client.mcps.get(server).policy
        if changes.get("approval") == "default":
            changes["approval"] = None
        changes["tools"] = {**policy.tools, **tools}
        arguments["policy"] = {**policy.model_dump(), **changes}
    if not arguments:
        raise InvalidInput(
            f"nothing is to be changed of {server}",
            code="command.invalid",
            hint="e.g. --no-enabled, --timeout-s 120, --approval ask, --tool NAME=never",
        )
    return place.client.mcps.update(server, **arguments)


def _refuse_unknown_tools(client: VibeClient, server: str, named: Sequence[str]) -> None:
    """Refuse names that a server does not have, as far as its tools are known: to ask would start it."""
    offer = client.catalogue.seen(server) if named else None
    if offer is not None:
        for name in named:
            client.catalogue.tool(server, name)


def _policy_options(parser: Parser, _surface: Surface) -> None:
    approvals = get_args(Approval)
    parser.add_argument("--approval", choices=[*approvals, "default"], help="for all tools")
    parser.add_argument(
        "--tool", action=Pairs, metavar="NAME=VALUE", help="for one tool: ask, always or never"
    )
    for flag in ("--allow", "--deny"):
        parser.add_argument(
            flag, type=comma_separated, metavar="A,B", help="only these tools; all but these tools"
        )
    parser.add_argument("--trusted", action="store_true", help="believe what it says of its tools")
    parser.add_argument("--no-trusted", dest="trusted", action="store_false", help="believe it no more")


def _import(place: Place, order: Order) -> Any:
    """Import a file; without one, show what the files that are there would add, and ask which."""
    from vibe_jupyter.widgets.asking.prompter import can_ask
    from vibe_jupyter.widgets.rendering import ImportPreview

    client, arguments = place.client, dict(order.arguments)
    if path := arguments.get("path"):
        if client.transport.is_local:
            arguments["path"] = str(Path.cwd() / Path(path).expanduser())
        return client.mcps.import_config(**arguments)
    preview = ImportPreview({path: _dry_run(client, path, arguments) for path in _configs_for(client)})
    usable = [path for path, result in preview.files.items() if not isinstance(result, str) and result.added]
    if not usable or arguments.get("dry_run") or not can_ask():
        return preview
    chosen = _chosen(preview, usable)
    return None if chosen is None else client.mcps.import_config(**{**arguments, "path": chosen})


def _configs_for(client: VibeClient) -> list[str]:
    """Return the files that could be imported: first those of the folder where it was typed."""
    listing = client.mcps.list()
    if not client.transport.is_local:
        return list(listing.found)
    from vibe_jupyter.core.mcp.registry.sources import find_configs

    imported = {server.source for server in listing.servers}
    here = [str(path) for path in find_configs(Path.cwd()) if str(path) not in imported]
    return list(dict.fromkeys([*here, *listing.found]))


def _dry_run(client: VibeClient, path: str, arguments: dict[str, Any]) -> Any:
    try:
        return client.mcps.import_config(**{**arguments, "path": path, "dry_run": True})
    except InvalidInput as error:
        return error.in_one_line


def _chosen(preview: Any, usable: Sequence[str]) -> str | None:
    """Return the file that the person chooses; None for none."""
    from vibe_jupyter.widgets.asking.desk import show, tell
    from vibe_jupyter.widgets.asking.prompter import NobodyThere, Prompter

    show(preview)
    paths = list(preview.files)
    numbers = {str(paths.index(path) + 1): path for path in usable}
    while True:
        try:
            typed = Prompter().read(f"Import all of which file? {' / '.join(numbers)} / none [none]: ")
        except NobodyThere:
            return None
        if typed in numbers or typed in ("", "none", "!"):
            return numbers.get(typed)
        tell(f"type {' or '.join(numbers)}, or none")


def _health(place: Place, order: Order) -> Any:
    from vibe_jupyter.client.commands.running import server_id_of
    from vibe_jupyter.widgets.rendering import Listing

    healths = place.client.mcps.health()
    if "server" not in order.arguments:
        return Listing(healths)
    server = server_id_of(order.arguments["server"], place.names)
    for health in healths:
        if health.id == server:
            return health
    return place.client.mcps.get(server)  # which says that there is none, and the nearest


def _optional_server(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("server", nargs="?", help="only this one")


def _tools(place: Place, order: Order) -> Any:
    from vibe_jupyter.client.commands.running import server_id_of

    arguments = dict(order.arguments)
    server = arguments.pop("mcp_id", None)
    if server is None:
        return place.client.mcps.search(limit=500)
    return place.client.mcps.capabilities(server_id_of(server, place.names), **arguments)


def _tools_arguments(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("mcp_id", nargs="?", help="the server; default: the known tools of all")


def _search(place: Place, order: Order) -> Any:
    arguments = dict(order.arguments)
    return place.client.mcps.search(q=" ".join(arguments.pop("q", ())), **arguments)


def _words(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("q", nargs="*", metavar="WORD", help="what it shall do; none: all tools")


def _remove(place: Place, order: Order) -> Any:
    from vibe_jupyter.client.commands.running import server_id_of
    from vibe_jupyter.widgets.rendering import ForgottenServer

    server = server_id_of(order.arguments["mcp_id"], place.names)
    return ForgottenServer(place.client.mcps.remove(server))


def _resources(place: Place, order: Order) -> Any:
    from vibe_jupyter.widgets.rendering import ResourceListing

    return ResourceListing(_offer(place, order))


def _prompts(place: Place, order: Order) -> Any:
    from vibe_jupyter.widgets.rendering import PromptListing

    return PromptListing(_offer(place, order))


def _offer(place: Place, order: Order) -> McpCapabilities:
    from vibe_jupyter.client.commands.running import server_id_of

    offer: McpCapabilities = place.client.mcps.capabilities(
        server_id_of(order.arguments["server"], place.names)
    )
    return offer


def _server(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("server", help="id of the server")


def _prompt(place: Place, order: Order) -> Any:
    from vibe_jupyter.client.commands.running import server_id_of

    arguments = _with_body(order)
    given = {**arguments.pop("arguments", {}), **{name: last(typed) for name, typed in order.fields.items()}}
    server = server_id_of(arguments.pop("mcp_id"), place.names)
    return place.client.mcps.get_prompt(server, **arguments, arguments=given)


def _prompt_schema(client: VibeClient, words: Sequence[str]) -> dict[str, Any] | None:
    named = [word for word in words if not word.startswith("-")][:2]
    if len(named) < 2:
        return None
    known = {prompt.name: prompt for prompt in client.catalogue.offer(named[0]).prompts}
    prompt = known.get(named[1])
    if prompt is None:
        return None
    return {"properties": {one.name: {"type": "string"} for one in prompt.arguments}}


def _with_body(order: Order) -> dict[str, Any]:
    from vibe_jupyter.client.commands.running import arguments_in

    return {**arguments_in(order.body), **order.arguments}


VERBS = (
    CALL,
    OwnVerb(
        _add, operation="mcps.add", takes_body=True, takes_command=True,
        more_help=_ADD_HELP,
    ),
    OwnVerb(_search, operation="mcps.search", replaces=frozenset({"q"}), add_arguments=_words),
    OwnVerb(_set, operation="mcps.update", add_arguments=_policy_options, takes_body=True),
    OwnVerb(_import, operation="mcps.import_config"),
    OwnVerb(_health, operation="mcps.health", add_arguments=_optional_server),
    OwnVerb(_remove, operation="mcps.remove"),
    OwnVerb(
        _tools, operation="mcps.capabilities", replaces=frozenset({"mcp_id"}), add_arguments=_tools_arguments
    ),
    OwnVerb(_prompt, operation="mcps.get_prompt", schema=_prompt_schema, takes_body=True),
    OwnVerb(
        _resources, words="mcp resources", description="List what can be read of a server.", add_arguments=_server
    ),
    OwnVerb(
        _prompts, words="mcp prompts", description="List the prompts of a server.", add_arguments=_server
    ),
)  # fmt: skip
