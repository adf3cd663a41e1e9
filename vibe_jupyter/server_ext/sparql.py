"""A SPARQL 1.1 Protocol endpoint for each knowledge graph, for clients that speak nothing else.

https://www.w3.org/TR/sparql11-protocol/: query by GET, by POST of a form and by POST of the query; update by POST of a
form and of the update. GET without a query gives the service description
(https://www.w3.org/TR/sparql11-service-description/). Parameters without a meaning here are passed over: clients such
as SPARQLWrapper send some.
"""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

import orjson
from tornado import web

from vibe_jupyter.core.errors import BadRequest, TooLarge
from vibe_jupyter.server_ext.accept import ALSO_MEANT, answer, preferred
from vibe_jupyter.server_ext.handlers import UnsupportedMediaType, VibeHandler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SparqlHandler"]

_FORM = "application/x-www-form-urlencoded"
_QUERY = "application/sparql-query"
_UPDATE = "application/sparql-update"
_OF_JUPYTER = ("token", "no_track_activity")
_MAX_BODY_BYTES = 10_000_000


class SparqlHandler(VibeHandler):
    """Answers at `/vibe/api/kg/{kg_id}/sparql`."""

    allowed_methods = ("GET", "POST")

    def required_scope(self) -> str | None:
        """Return `kg:write` for an update."""
        return "kg:write" if self.request.method == "POST" and self._is_update() else "kg:read"

    async def get(self, kg_id: str) -> None:
        """Answer a query, or describe the service."""
        parameters = self._parameters(self.request.query)
        if "update" in parameters:
            raise BadRequest(
                "an update must be sent by POST", code="kg.protocol", hint="see SPARQL 1.1 Protocol, 2.2"
            )
        if "query" in parameters:
            await self._query(kg_id, parameters)
        elif parameters:
            raise _missing("query")
        else:
            await self._describe(kg_id)

    async def post(self, kg_id: str) -> None:
        """Answer a query, or run an update."""
        if len(self.request.body) > _MAX_BODY_BYTES:
            raise TooLarge(f"the body has more than {_MAX_BODY_BYTES:,} bytes", code="kg.query_too_large")
        kind = self._media_type()
        body = self._text(self.request.body)
        if kind == _FORM:
            parameters = self._parameters(body)
            if self.request.query and self._parameters(self.request.query):
                raise BadRequest("the parameters of a form belong into its body", code="kg.protocol")
            if ("query" in parameters) == ("update" in parameters):
                raise _missing("either query or update")
        elif kind in (_QUERY, _UPDATE):
            parameters = self._parameters(self.request.query)
            if {"query", "update"} & parameters.keys():
                raise BadRequest("the query is in the body; it cannot be a parameter too", code="kg.protocol")
            parameters["query" if kind == _QUERY else "update"] = [body]
        else:
            raise UnsupportedMediaType(
                f"a query cannot be sent as {kind or 'nothing'}", hint=f"use {_FORM}, {_QUERY} or {_UPDATE}"
            )
        if "update" in parameters:
            await self._update(kg_id, parameters)
        else:
            await self._query(kg_id, parameters)

    get.__allow_unauthenticated = False  # type: ignore[attr-defined]  # `prepare` has refused strangers
    post.__allow_unauthenticated = False  # type: ignore[attr-defined]

    async def _query(self, kg_id: str, parameters: Mapping[str, list[str]]) -> None:
        platform = self.vibe.ready_platform or await self.vibe.platform()
        formats = preferred(self.request.headers.get("Accept"), platform.kg.media_types() | ALSO_MEANT)
        assert self.principal is not None
        call = platform.kg.sparql(
            self.principal,
            kg_id,
            _one(parameters, "query"),
            formats=formats,
            default_graphs=parameters.get("default-graph-uri", ()),
            named_graphs=parameters.get("named-graph-uri", ()),
        )
        answer(self, *await platform.acall(call))

    async def _update(self, kg_id: str, parameters: Mapping[str, list[str]]) -> None:
        platform = self.vibe.ready_platform or await self.vibe.platform()
        assert self.principal is not None
        done = await platform.acall(
            platform.kg.change(
                self.principal,
                kg_id,
                _one(parameters, "update"),
                using_graphs=parameters.get("using-graph-uri", ()),
                using_named_graphs=parameters.get("using-named-graph-uri", ()),
            )
        )
        self.update_api_activity()
        web.RequestHandler.finish(self, orjson.dumps(done.model_dump()))

    async def _describe(self, kg_id: str) -> None:
        platform = self.vibe.ready_platform or await self.vibe.platform()
        known = platform.kg.media_types(of_graphs=True) | {"application/x-turtle": "turtle"}
        formats = preferred(self.request.headers.get("Accept"), known) or ["turtle"]
        assert self.principal is not None
        endpoint = f"{self.request.protocol}://{self.request.host}{self.request.path}"
        answer(
            self,
            *await platform.acall(platform.kg.describe_service(self.principal, kg_id, endpoint, formats)),
        )

    def _media_type(self) -> str:
        return self.request.headers.get("Content-Type", "").split(";", 1)[0].strip().lower()

    def _is_update(self) -> bool:
        kind = self._media_type()
        if kind == _UPDATE:
            return True
        if kind != _FORM:
            return False
        return any(
            name == b"update" for name, _ in urllib.parse.parse_qsl(self.request.body, keep_blank_values=True)
        )

    @staticmethod
    def _text(body: bytes) -> str:
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadRequest(f"the body is not UTF-8 at byte {error.start}", code="kg.protocol") from error

    @staticmethod
    def _parameters(text: str) -> dict[str, list[str]]:
        try:
            pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=200)
        except ValueError as error:
            raise BadRequest(f"the parameters cannot be read: {error}"[:200], code="kg.protocol") from error
        found: dict[str, list[str]] = {}
        for name, value in pairs:
            if name not in _OF_JUPYTER:
                found.setdefault(name, []).append(value)
        return found


def _one(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = parameters[name]
    if len(values) != 1:
        raise BadRequest(f"there is more than one {name}", code="kg.protocol")
    return values[0]


def _missing(what: str) -> BadRequest:
    return BadRequest(f"{what} is needed", code="kg.protocol", hint="see SPARQL 1.1 Protocol, 2.1")
