"""Pages of a list, as the SDK shall see them: without the items that it would refuse the whole page for.

The SDK (2.3) holds a page to the schema of the protocol and raises at the first fault, whichever tool has it: a server
with one broken tool would have none.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.plain_text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import TypeAdapter, ValidationError

__all__ = ["described_fault", "problems_in", "without_faults"]

_METHODS = {
    "tools": "tools/list",
    "resources": "resources/list",
    "resourceTemplates": "resources/templates/list",
    "prompts": "prompts/list",
}
_VERSIONS = ("2025-11-25", "2026-07-28")
_PROBLEMS = "vibe_jupyter/problems"
_MAX_PROBLEMS = 20


def without_faults(result: dict[str, Any]) -> None:
    """Take out of a page what no version of the protocol allows, and note each in the page's `_meta`."""
    kind = next((key for key in _METHODS if isinstance(result.get(key), list)), None)
    meta = result.get("_meta")
    if isinstance(meta, dict):
        meta.pop(_PROBLEMS, None)  # ours alone
    if kind is None or "content" in result or _fault(kind, result[kind]) is None:
        return
    faults = [(place, item, _fault(kind, [item])) for place, item in enumerate(result[kind])]
    result[kind] = [item for _, item, fault in faults if fault is None]
    problems = [_problem(kind, place, item, fault) for place, item, fault in faults if fault is not None]
    if len(problems) > _MAX_PROBLEMS:
        more = len(problems) - _MAX_PROBLEMS
        problems = [*problems[:_MAX_PROBLEMS], f"{more} more {kind} are left out for such reasons"]
    result["_meta"] = {**(meta if isinstance(meta, dict) else {}), _PROBLEMS: problems}


def problems_in(page: Any) -> list[str]:
    """Return what was taken out of a page, in words."""
    noted = (page.meta or {}).get(_PROBLEMS)
    return list(noted) if isinstance(noted, list) else []


def described_fault(error: ValidationError) -> str:
    """Return the first fault in one line.

    >>> from pydantic import TypeAdapter, ValidationError
    >>> try:
    ...     TypeAdapter(dict[str, int]).validate_python({"a": "x"})
    ... except ValidationError as error:
    ...     described_fault(error)
    "a: Input should be a valid integer, unable to parse string as an integer, is 'x'"
    """
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    given = "" if first["type"] == "missing" else f", is {first['input']!r}"[:80]
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return clean(f"{where + ': ' if where else ''}{first['msg']}{given}{more}", limit=300)


def _problem(kind: str, place: int, item: Any, fault: ValidationError) -> str:
    name = item.get("name") if isinstance(item, dict) else None
    noun = {"resourceTemplates": "resource template"}.get(kind, kind.removesuffix("s"))
    named = f"the {noun} {name}" if isinstance(name, str) else f"the {noun} in place {place + 1}"
    return clean(f"{named} is left out, for it is invalid: {_without_place(fault)}", limit=500)


def _without_place(fault: ValidationError) -> str:
    """Return a fault of the one item of a list: its place in that says nothing."""
    return described_fault(fault).removeprefix("0.").removeprefix("0: ")


def _fault(kind: str, items: list[Any]) -> ValidationError | None:
    """Return why items are invalid in every version; None if they are valid in one."""
    from pydantic import ValidationError

    fault: ValidationError | None = None
    for adapter in _adapters(kind):
        try:
            adapter.validate_python(items, by_name=False)
        except ValidationError as error:
            fault = fault or error
        else:
            return None
    return fault


@functools.cache
def _adapters(kind: str) -> tuple[TypeAdapter[Any], ...]:
    return tuple(_found(kind))


def _found(kind: str) -> Iterator[TypeAdapter[Any]]:
    from mcp_types.methods import SERVER_RESULTS
    from pydantic import TypeAdapter

    for version in _VERSIONS:
        model: Any = SERVER_RESULTS[(_METHODS[kind], version)]
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        yield TypeAdapter(fields[kind].annotation)
