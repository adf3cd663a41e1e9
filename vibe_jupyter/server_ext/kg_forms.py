"""Knowledge graphs, and answers to questions of them, in the form that a client asks for (RFC 9110, 12.5.1)."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any, Final

from vibe_jupyter.core.errors import InvalidInput, NotAcceptable
from vibe_jupyter.core.kg.schemas import GraphQuery, KgQuery
from vibe_jupyter.core.operations import MEDIA_TYPE_HEADER, validated
from vibe_jupyter.server_ext.accept import ALSO_MEANT, answer, preferred
from vibe_jupyter.server_ext.handlers import OperationHandler

if TYPE_CHECKING:
    from vibe_jupyter.core.operations import Document

__all__ = ["KgGraphHandler", "KgQueryHandler"]

_SUMMARY: Final = "summary"
_FORMS = {
    "application/json": _SUMMARY,
    "application/vnd.vibe.graph+json": "graph",
    "text/turtle": "turtle",
    "application/x-turtle": "turtle",
    "application/n-quads": "nquads",
    "application/n-triples": "ntriples",
    "application/ld+json": "jsonld",
    "application/graphml+xml": "graphml",
    "application/rdf+xml": "rdfxml",
}
"""What can be had of a graph, by media type; what a client gets that says nothing comes first."""


class KgGraphHandler(OperationHandler):
    """Answers at `/vibe/api/kg/{kg_id}`: numbers of a graph, or the graph, by `Accept` or `?format=`."""

    async def run(self, **path: str) -> None:
        """Answer with the form that is wanted."""
        if self.request.method != "GET":
            await super().run(**path)
            return
        values = self._query(self.operations["GET"])
        form = values.pop("format", None) or self._wanted()
        if form == _SUMMARY:
            if values:
                name = min(values)
                raise InvalidInput(
                    f"{name}: a summary takes no parameters",
                    hint="ask for the graph: ?format=graph",
                    errors=[{"loc": [name], "msg": "unknown query parameter"}],
                )
            self.request.query_arguments.pop("format", None)
            self.set_header("Vary", "Accept")
            await super().run(**path)
            return
        if form not in _FORMS.values():
            raise _not_acceptable(f"a graph has no form {form[:100]!r}")
        query: Any = validated(GraphQuery, {**values, "format": form}, is_text=True)
        platform = self.vibe.ready_platform or await self.vibe.platform()
        assert self.principal is not None
        _send(self, await platform.acall(platform.kg.export(self.principal, path["kg_id"], query)))

    def _wanted(self) -> str:
        forms = preferred(self.request.headers.get("Accept"), _FORMS)
        if not forms:
            raise _not_acceptable("a graph has none of the forms in the Accept header")
        return forms[0]


class KgQueryHandler(OperationHandler):
    """Answers at `/vibe/api/kg/query`: in the form that the body names, or the one that `Accept` does."""

    async def run(self, **path: str) -> None:
        """Answer a query."""
        if self.request.query_arguments:
            self._refuse_query()
        body = self._body(self.operations["POST"])
        assert isinstance(body, KgQuery)
        platform = self.vibe.ready_platform or await self.vibe.platform()
        assert self.principal is not None
        formats = preferred(self.request.headers.get("Accept"), platform.kg.media_types() | ALSO_MEANT)
        if "json" in formats and "jsonld" not in formats:
            formats.append("jsonld")  # who asks for JSON, of a query that makes a graph
        _send(self, await platform.acall(platform.kg.query(self.principal, body, formats)))


def _send(handler: OperationHandler, document: Document) -> None:
    handler.set_header(MEDIA_TYPE_HEADER, document.media_type)
    name = urllib.parse.quote(document.filename)
    handler.set_header("Content-Disposition", f"inline; filename*=UTF-8''{name}")
    answer(handler, document.content, document.media_type)


def _not_acceptable(message: str) -> NotAcceptable:
    names = ", ".join(dict.fromkeys(_FORMS.values()))
    return NotAcceptable(message, hint=f"?format= takes {names}; Accept their media types")
