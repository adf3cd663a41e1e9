"""Every route of the extension, from the operation table and a short list of hand-written ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.table import OPERATIONS
from vibe_jupyter.server_ext.documentation import STATIC, DocsFileHandler, DocsHandler, OpenApiHandler
from vibe_jupyter.server_ext.handlers import NotFoundHandler, OperationHandler
from vibe_jupyter.server_ext.kg_forms import KgGraphHandler, KgQueryHandler
from vibe_jupyter.server_ext.mcp_endpoint import McpHandler
from vibe_jupyter.server_ext.sparql import SparqlHandler

if TYPE_CHECKING:
    from vibe_jupyter.core.operations import Operation

__all__ = ["API", "HAND_WRITTEN", "routes"]

API = "/vibe/api"
HAND_WRITTEN: tuple[tuple[Any, ...], ...] = (
    (rf"{API}/openapi\.json", OpenApiHandler),
    (rf"{API}/kg/(?P<kg_id>[^/]+)/sparql", SparqlHandler),
    (r"/vibe/mcp", McpHandler),
    (r"/vibe/docs/?", DocsHandler),
    (r"/vibe/docs/static/(?P<path>[\w.-]+)", DocsFileHandler, {"path": str(STATIC)}),
)
"""What the table does not describe: the MCP server that is derived from it, and its own description."""

_NEGOTIATED: dict[str, type[OperationHandler]] = {"/kg/{kg_id}": KgGraphHandler, "/kg/query": KgQueryHandler}
"""Paths whose answers have the form that a client asks for."""


def routes() -> list[tuple[Any, ...]]:
    """Return `(pattern, handler)` for each path, literal ones before those with a name in them."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    table = [(_pattern(path), _handler(path, by_path[path])) for path in sorted(by_path, key=_specificity)]
    return [*HAND_WRITTEN, *table, (rf"{API}(?:/.*)?", NotFoundHandler)]


def _specificity(path: str) -> tuple[int, str]:
    return path.count("{"), path


def _pattern(path: str) -> str:
    return API + re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)


def _handler(path: str, operations: dict[str, Operation]) -> type[OperationHandler]:
    methods: dict[str, Any] = {method.lower(): _method() for method in operations}
    name = "".join(part.title() for part in re.findall(r"\w+", path)) + "Handler"
    allowed = tuple(sorted(operations))
    base = _NEGOTIATED.get(path, OperationHandler)
    return type(name, (base,), {**methods, "operations": operations, "allowed_methods": allowed})


def _method() -> Any:
    async def run(self: OperationHandler, **path: str) -> None:
        await self.run(**path)

    # What Jupyter's start-up check looks for: `prepare` has refused strangers when a method runs.
    run.__allow_unauthenticated = False  # type: ignore[attr-defined]
    return run
