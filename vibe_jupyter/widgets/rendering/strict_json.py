"""A value as strict JSON (RFC 8259), which every reader of a notebook can parse."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from vibe_jupyter.core.mcp.schemas import Content, PromptResult, ResourceResult, ToolResult
from vibe_jupyter.core.operations import Document
from vibe_jupyter.core.tasks.schemas import Task
from vibe_jupyter.widgets.rendering.formats import size
from vibe_jupyter.widgets.rendering.registry import task_of

__all__ = ["as_json"]

_DEPTH = 100
_LARGEST_RESULT_BYTES = 2_000_000
_LARGEST_INTEGER_BITS = 1024


def as_json(value: Any) -> dict[str, Any] | list[Any] | None:
    """Return a value as JSON without NaN, infinities or lone surrogates; None for what is no object or list.

    A task whose result is larger than 2 MB is given without it: a notebook should not carry megabytes twice.
    """
    data = _strict(task_of(value), _DEPTH)
    return data if isinstance(data, (dict, list)) else None


def _strict(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int):
        return value if value.bit_length() <= _LARGEST_INTEGER_BITS else hex(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth == 0:
        return None
    return _container(value, depth - 1)


def _container(value: Any, depth: int) -> Any:
    if isinstance(value, Task):
        return _task(value, depth)
    if isinstance(value, BaseModel):
        # Not as JSON: that would fail at half a surrogate pair, which `_strict` mends.
        return _strict(_without_payloads(value).model_dump(), depth)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return None
    if isinstance(value, Mapping):
        return {_strict(str(name), depth): _strict(inner, depth) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(inner, depth) for inner in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _strict(getattr(value, field.name), depth) for field in fields(value)}
    return _strict(str(value), depth) if depth < _DEPTH - 1 else None


def _without_payloads(model: BaseModel) -> BaseModel:
    """Return a model without pictures, sounds and files: they are shown, and a notebook need not hold them twice."""
    if isinstance(model, Document):
        return model.model_copy(update={"content": b""})
    if isinstance(model, (ToolResult, ResourceResult)):
        return model.model_copy(update={"content": [_light(part) for part in model.content]})
    if isinstance(model, PromptResult):
        messages = [one.model_copy(update={"content": _light(one.content)}) for one in model.messages]
        return model.model_copy(update={"messages": messages})
    return model


def _light(part: Content) -> Content:
    return part if part.data is None else part.model_copy(update={"data": None})


def _task(task: Task, depth: int) -> dict[str, Any]:
    data: dict[str, Any] = _strict(task.model_dump(mode="json", exclude={"result"}), depth)
    result = _strict(task.result, depth)
    length = len(json.dumps(result))
    if length > _LARGEST_RESULT_BYTES:
        return {**data, "result": None, "result_left_out": f"{size(length)}; read it with tasks.get"}
    return {**data, "result": result}
