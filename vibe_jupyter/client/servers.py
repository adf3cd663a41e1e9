"""`vibe.mcp["files"].list_directory(path=".")`: the tools of MCP servers as documented functions."""

from __future__ import annotations

import inspect
import keyword
import re
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from vibe_jupyter.client.commands.schema_options import options_of
from vibe_jupyter.client.tool_results import CallResult, raise_if_failed
from vibe_jupyter.core.errors import nearest
from vibe_jupyter.core.mcp.errors import BadArguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.client.namespaces import BaseClient
    from vibe_jupyter.core.mcp.schemas import (
        McpCapabilities,
        PromptInfo,
        PromptResult,
        ResourceInfo,
        ResourceResult,
        ToolInfo,
    )

__all__ = ["AsyncServer", "AsyncServers", "AsyncTool", "Server", "Servers", "Tool", "python_names"]

_NOT_IN_NAMES = re.compile(r"\W+")
_TYPES: dict[str, Any] = {"text": str, "N": int, "X": float, "true|false": bool, "A,B": list, "JSON": Any}
S = TypeVar("S", bound="_Server")


class _Servers(Generic[S]):
    """What both kinds share: servers by id."""

    _kind: type[S]

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def __getitem__(self, server: str) -> S:
        return self._kind(self._client, server)

    def _ipython_key_completions_(self) -> list[str]:
        return [server.id for server in self._client.catalogue.servers().servers]


class _Server:
    """What both kinds share: a server's tools as attributes, as far as they are known."""

    def __init__(self, client: BaseClient, server: str) -> None:
        self._client = client
        self._id = server

    @property
    def id(self) -> str:
        """Return the server's id."""
        return self._id

    def __dir__(self) -> list[str]:
        """Name the tools too, if they are known: to look at a server does not start it."""
        offer = self._client.catalogue.seen(self._id)
        return [*super().__dir__(), *(python_names([tool.name for tool in offer.tools]) if offer else ())]

    def _ipython_key_completions_(self) -> list[str]:
        offer = self._client.catalogue.seen(self._id)
        return [tool.name for tool in offer.tools] if offer else []


class Tool:
    """A tool of a server: call it with its arguments by name.

    >>> vibe.mcp["git"].git_log(repo_path=".", max_count=3)                          # doctest: +SKIP
    >>> vibe.mcp["git"]["git_log"].call({"repo_path": "."}, timeout_s=5)             # doctest: +SKIP
    """

    def __init__(self, client: BaseClient, server: str, info: ToolInfo) -> None:
        self._client = client
        self._server = server
        self.info = info
        self.__name__ = info.name
        self.__signature__ = _signature(info, CallResult)
        self.__doc__ = _documentation(server, info)

    def __call__(self, *by_place: Any, **arguments: Any) -> CallResult:
        """Call it; questions that come up are asked here.

        Raises:
            TypeError: for an argument without a name.
            BadArguments: for one that the tool does not have, with the nearest.
            ToolFailed: if the tool says that it failed.
            VibeError: why it was not run, or has not answered; see `core.mcp.errors`.
        """
        names = [option.name for option in options_of(self.info.input_schema)]
        if by_place:
            example = ", ".join(f"{name}=..." for name in names[: len(by_place)])
            takes = (
                f"takes its arguments by name: {self.__name__}({example})" if names else "takes no arguments"
            )
            raise TypeError(f"{self._server}.{self.__name__} {takes}")
        takes_any = bool(
            self.info.input_schema.get("additionalProperties")
        )  # not said: a typing error is likelier
        unknown = next((name for name in arguments if name not in names), None)
        if unknown is not None and not takes_any:
            near = nearest(unknown, names)
            raise BadArguments(
                f"{self._server}.{self.__name__} has no argument {unknown}",
                hint=f"did you mean {' or '.join(near)}?"
                if near
                else f"it takes {', '.join(names) or 'none'}",
                data={"maybe_executed": False},
            )
        return self.call(arguments)

    def call(self, arguments: dict[str, Any], *, timeout_s: float | None = None) -> CallResult:
        """Do the same with arguments of any name, and a time limit in seconds."""
        from vibe_jupyter.widgets.waiting import call_tool

        with self._client.catalogue.corrected_by_errors(self._server):
            return raise_if_failed(call_tool(self._client, self._server, self.__name__, arguments, timeout_s))

    def __repr__(self) -> str:
        return f"<tool {self._server}.{self.__name__}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from vibe_jupyter.widgets.rendering import ToolHelp, mimebundle

        bundle: dict[str, Any] = mimebundle(ToolHelp(self._server, self.info))
        return bundle


class AsyncTool:
    """The same for async code; a question that comes up is answered elsewhere: by REST, or `vibe.questions`."""

    def __init__(self, client: BaseClient, server: str, name: str) -> None:
        self._client = client
        self._server = server
        self.__name__ = name

    async def __call__(self, **arguments: Any) -> CallResult:
        """See `Tool.__call__`."""
        return await self.call(arguments)

    async def call(self, arguments: dict[str, Any], *, timeout_s: float | None = None) -> CallResult:
        """See `Tool.call`."""
        execute = cast("Any", self._client).mcps.execute
        values = {"tool": self.__name__, "arguments": arguments, "timeout_s": timeout_s}
        with self._client.catalogue.corrected_by_errors(self._server):
            return raise_if_failed(await execute(self._server, **values))

    def __repr__(self) -> str:
        return f"<tool {self._server}.{self.__name__}, to be awaited>"


class Server(_Server):
    """An MCP server: its tools are attributes, or `["by exact name"]`.

    >>> files = vibe.mcp["files"]                                                    # doctest: +SKIP
    >>> files.list_directory(path=".").text                                          # doctest: +SKIP
    """

    def __getitem__(self, tool: str) -> Tool:
        return Tool(self._client, self._id, self._client.catalogue.tool(self._id, tool))

    @property
    def tools(self) -> list[ToolInfo]:
        """Return its tools."""
        return self._offer.tools

    @property
    def resources(self) -> list[ResourceInfo]:
        """Return what it offers to be read."""
        return self._offer.resources

    @property
    def prompts(self) -> list[PromptInfo]:
        """Return the prompts that it has written."""
        return self._offer.prompts

    def read(self, uri: str) -> ResourceResult:
        """Read a resource."""
        result: ResourceResult = cast("Any", self._client).mcps.read_resource(self._id, uri=uri)
        return result

    def prompt(self, name: str, /, **arguments: str) -> PromptResult:
        """Fill in a prompt."""
        get = cast("Any", self._client).mcps.get_prompt
        result: PromptResult = get(self._id, prompt=name, arguments=arguments)
        return result

    def __getattr__(self, name: str) -> Tool:
        if name.startswith("_"):
            raise AttributeError(name)
        tools = {tool.name: tool for tool in self.tools}
        names = python_names(list(tools))
        if name not in names:
            near = nearest(name, names)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
            raise AttributeError(f"{self._id} has no tool {name!r}: {hint}")
        return Tool(self._client, self._id, tools[names[name]])

    @property
    def _offer(self) -> McpCapabilities:
        catalogue = self._client.catalogue
        return catalogue.seen(self._id) or catalogue.offer(self._id)

    def __repr__(self) -> str:
        return f"<MCP server {self._id}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from vibe_jupyter.widgets.rendering import mimebundle

        seen = self._client.catalogue.seen(self._id)
        bundle: dict[str, Any] = mimebundle(seen or cast("Any", self._client).mcps.get(self._id))
        return bundle


class AsyncServer(_Server):
    """The same for async code: tools are awaited, and so are `tools`, `resources` and `prompts`."""

    def __getitem__(self, tool: str) -> AsyncTool:
        return AsyncTool(self._client, self._id, tool)

    @property
    async def tools(self) -> list[ToolInfo]:
        """Return its tools."""
        return (await self._client.catalogue.aoffer(self._id)).tools

    @property
    async def resources(self) -> list[ResourceInfo]:
        """Return what it offers to be read."""
        return (await self._client.catalogue.aoffer(self._id)).resources

    @property
    async def prompts(self) -> list[PromptInfo]:
        """Return the prompts that it has written."""
        return (await self._client.catalogue.aoffer(self._id)).prompts

    async def read(self, uri: str) -> ResourceResult:
        """Read a resource."""
        result: ResourceResult = await cast("Any", self._client).mcps.read_resource(self._id, uri=uri)
        return result

    async def prompt(self, name: str, /, **arguments: str) -> PromptResult:
        """Fill in a prompt."""
        get = cast("Any", self._client).mcps.get_prompt
        result: PromptResult = await get(self._id, prompt=name, arguments=arguments)
        return result

    def __getattr__(self, name: str) -> AsyncNamedTool:
        if name.startswith("_"):
            raise AttributeError(name)
        return AsyncNamedTool(self._client, self._id, name)

    def __repr__(self) -> str:
        return f"<MCP server {self._id}, to be awaited>"


class AsyncNamedTool(AsyncTool):
    """A tool by its Python name, which becomes its own name when it is called."""

    async def call(self, arguments: dict[str, Any], *, timeout_s: float | None = None) -> CallResult:
        """See `Tool.call`."""
        offer = self._client.catalogue.remembered(self._server) or await self._client.catalogue.aoffer(
            self._server
        )
        self.__name__ = python_names([tool.name for tool in offer.tools]).get(self.__name__, self.__name__)
        return await super().call(arguments, timeout_s=timeout_s)


class Servers(_Servers[Server]):
    """Your MCP servers: `vibe.mcp["files"]`, `list(vibe.mcp)`."""

    _kind = Server

    def __getitem__(self, server: str) -> Server:
        """Return a server that is registered.

        Raises:
            UnknownServer: with the nearest names.
        """
        if self._client.catalogue.remembered(server) is None and server not in self:
            cast("Any", self._client).mcps.get(server)  # which says that there is none, and the nearest
        return super().__getitem__(server)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ipython_key_completions_())

    def __len__(self) -> int:
        return len(self._ipython_key_completions_())

    def __contains__(self, server: object) -> bool:
        return server in self._ipython_key_completions_()

    def __repr__(self) -> str:
        return f"<MCP servers: {', '.join(self) or 'none'}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from vibe_jupyter.widgets.rendering import mimebundle

        bundle: dict[str, Any] = mimebundle(self._client.catalogue.servers())
        return bundle


class AsyncServers(_Servers[AsyncServer]):
    """The same for async code: `await vibe.aio.mcp["files"].list_directory(path=".")`."""

    _kind = AsyncServer


def python_names(names: list[str]) -> dict[str, str]:
    """Return the names by what they are called in Python; of two that would be the same, the first is.

    >>> python_names(["get-sum", "class", "get.sum", "2d"])
    {'get_sum': 'get-sum', 'class_': 'class', '_2d': '2d'}
    """
    found: dict[str, str] = {}
    for name in names:
        plain = _NOT_IN_NAMES.sub("_", name)
        plain = f"_{plain}" if not plain or plain[0].isdigit() else plain
        found.setdefault(f"{plain}_" if keyword.iskeyword(plain) else plain, name)
    return found


def _signature(tool: ToolInfo, result: type) -> inspect.Signature:
    """Return the arguments of a tool, the required ones first; those whose names Python cannot say are left out."""
    parameters = [
        inspect.Parameter(
            option.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if option.is_required else option.default,
            annotation=_TYPES[option.kind],
        )
        for option in options_of(tool.input_schema)
        if option.name.isidentifier() and not keyword.iskeyword(option.name)
    ]
    return inspect.Signature(parameters, return_annotation=result)


def _documentation(server: str, tool: ToolInfo) -> str:
    lines = [
        inspect.cleandoc(tool.description) or tool.title or tool.name,
        "",
        f"A tool of the MCP server {server}.",
    ]
    options = options_of(tool.input_schema)
    if options:
        lines += ["", "Args:"]
    for option in options:
        more = f" ({', '.join(map(str, option.choices))})" if option.choices else ""
        lines.append(f"    {option.name}: {' '.join(option.description.split()) or option.kind}{more}")
    return "\n".join(lines)
