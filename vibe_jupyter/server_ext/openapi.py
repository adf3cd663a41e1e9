"""The OpenAPI 3.1 document, from the operation table alone."""

from __future__ import annotations

import functools
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, TypeAdapter

from vibe_jupyter import __version__
from vibe_jupyter.core.table import OPERATIONS

if TYPE_CHECKING:
    from vibe_jupyter.core.operations import Operation

__all__ = ["Problem", "document"]

_REF = "#/components/schemas/{model}"
_PROBLEM = "application/problem+json"


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="`area.reason`, stable.")
    hint: str | None = Field(default=None, description="What to do next.")
    errors: list[dict[str, Any]] | None = Field(default=None, description="The faulty fields.")
    data: dict[str, Any] | None = None


@functools.cache
def document(base: str) -> dict[str, Any]:
    """Return the document for a server whose API lies at `base`, e.g. `/vibe/api`."""
    inputs: list[Any] = [
        ((operation.name, "body"), "validation", TypeAdapter(operation.body))
        for operation in OPERATIONS
        if operation.body
    ]
    outputs: list[Any] = [
        ((operation.name, "result"), "serialization", operation.result) for operation in OPERATIONS
    ]
    problem: Any = (("problem", ""), "serialization", TypeAdapter(Problem))
    schemas, definitions = TypeAdapter.json_schemas([*inputs, *outputs, problem], ref_template=_REF)
    by_key = {key: schema for (key, _), schema in schemas.items()}
    components = dict(definitions.get("$defs", {}))
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        entry = _entry(operation, by_key, components)
        paths.setdefault(operation.path, {})[operation.method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "vibe_jupyter",
            "version": __version__,
            "description": "Say what you want done; it is routed, run durably, explained and remembered.",
        },
        "servers": [{"url": base}],
        "security": [{"header": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "header": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token T` with the token of the Jupyter server.",
                }
            },
        },
    }


def _entry(operation: Operation, schemas: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    media_type = "text/event-stream" if operation.kind == "stream" else "application/json"
    result = schemas[(operation.name, "result")]
    success: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.kind == "stream":
        # OpenAPI 3.1 has no word for a stream's items: the schema of one event's data is told apart.
        success["content"] = {media_type: {"x-event-data": result}}
    elif operation.kind == "document":
        success["content"] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    else:
        success["content"] = {media_type: {"schema": result}}
    responses = {str(operation.status): success}
    if operation.kind == "stream":
        responses["204"] = {"description": "Nothing more will come"}
    for status in _error_statuses(operation):
        content = {_PROBLEM: {"schema": schemas[("problem", "")]}}
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
    entry: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.name.partition(".")[0]],
        "summary": operation.summary.rstrip("."),
        "description": operation.description,
        "parameters": _parameters(operation, components),
        "responses": responses,
    }
    if operation.body is not None:
        content = {"application/json": {"schema": schemas[(operation.name, "body")]}}
        entry["requestBody"] = {"required": True, "content": content}
    if operation.scope is None:
        entry["security"] = []
    else:
        entry["x-scope"] = operation.scope
    return entry


def _parameters(operation: Operation, components: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in operation.path_names
    ]
    if operation.query is None:
        return found
    schema = operation.query.model_json_schema(ref_template=_REF)
    components.update(schema.get("$defs", {}))
    required = schema.get("required", [])
    for name, field in schema["properties"].items():
        described = {"description": field["description"]} if "description" in field else {}
        found.append(
            {"name": name, "in": "query", "required": name in required, "schema": field, **described}
        )
    return found


def _error_statuses(operation: Operation) -> list[int]:
    found = {400, 500, 503}
    if operation.scope is not None:
        found |= {401, 403}
    if operation.path_names:
        found |= {404, 409}
    if operation.query is not None and "project_id" in operation.query.model_fields:
        found.add(404)
    found.add(422)
    if operation.body is not None:
        found |= {404, 409, 413, 415, 507}
    if operation.method != "GET":
        found |= {507}
    if operation.waits:
        found |= {409, 413, 502, 504}
    if operation.name.startswith(
        "kg."
    ):  # a graph is asked by queries that may take too long, or give too much
        found |= {404, 406, 409, 413, 504}
    return sorted(found)
