"""Answers to a form: the flat objects of text, numbers, yes or no, and choices that MCP's elicitation asks for."""

from __future__ import annotations

from typing import Any

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.json_schema.checker import SchemaChecker

__all__ = ["choices_of", "filled_in"]


def choices_of(field: dict[str, Any]) -> list[tuple[Any, str]]:
    """Return the values that a field takes, each with its title; empty if it takes any."""
    inner = (
        field.get("items") if field.get("type") == "array" and isinstance(field.get("items"), dict) else field
    )
    assert isinstance(inner, dict)
    for key in ("oneOf", "anyOf"):
        if isinstance(options := inner.get(key), list):
            return [
                (option["const"], str(option.get("title", option["const"])))
                for option in options
                if isinstance(option, dict) and "const" in option
            ]
    if not isinstance(values := inner.get("enum"), list):
        return []
    names = inner.get("enumNames")
    titles = names if isinstance(names, list) and len(names) == len(values) else values
    return [(value, str(title)) for value, title in zip(values, titles, strict=True)]


def filled_in(schema: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with what was left out filled in by its defaults.

    Raises:
        InvalidInput: `question.invalid_answer`, with the faulty fields.
    """
    fields = schema.get("properties")
    fields = fields if isinstance(fields, dict) else {}
    defaults = {
        name: field["default"]
        for name, field in fields.items()
        if isinstance(field, dict) and "default" in field
    }
    answer = {**{name: value for name, value in defaults.items() if value is not None}, **content}
    unknown = sorted(set(content) - set(fields))
    faults: list[dict[str, Any]] = [{"loc": ["content", name], "msg": "unknown field"} for name in unknown]
    checker = SchemaChecker({**schema, "type": "object"}, formats=True)
    faults += [{"loc": ["content", *fault.place], "msg": fault.message} for fault in checker.faults(answer)]
    if faults:
        where = ".".join(map(str, faults[0]["loc"]))
        raise InvalidInput(
            f"{where}: {faults[0]['msg']}",
            code="question.invalid_answer",
            hint=f"it takes {', '.join(fields)}" if fields else "it takes nothing",
            errors=faults[:20],
        )
    return answer
