"""From the schema of an answer to lines that are asked one by one, and from what is typed to values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.questions.forms import choices_of, filled_in

__all__ = ["Field", "fields_of", "value_of"]

_SHOWN = 120


@dataclass(frozen=True)
class Field:
    """One thing that a form asks for.

    Args:
        choices: the values that it takes, each with its title; empty if it takes any.
    """

    name: str
    schema: dict[str, Any]
    is_required: bool
    choices: tuple[tuple[Any, str], ...] = ()

    @property
    def is_secret(self) -> bool:
        """Return whether it must not be seen while it is typed."""
        return self.schema.get("format") == "password"

    @property
    def has_default(self) -> bool:
        """Return whether an empty answer means something."""
        return self.schema.get("default") is not None

    @property
    def prompt(self) -> str:
        """Return the line that asks for it: `age, a whole number, 0 to 150 [30]: `."""
        from vibe_jupyter.core.plain_text import clean

        title = str(self.schema.get("title") or self.name)
        told = self.schema.get("description")
        said = clean(f"{title} ({told})" if isinstance(told, str) and told else title, limit=_SHOWN)
        if not self.is_required:
            said += ", optional"
        if kind := self._kind():
            said += f", {clean(kind, limit=_SHOWN)}"
        return f"{said} [{clean(self._shown_default(), limit=40)}]: " if self.has_default else f"{said}: "

    @property
    def listing(self) -> list[str]:
        """Return the choices with their numbers, to be shown above the prompt."""
        return [f"{number}. {title}" for number, (_, title) in enumerate(self.choices, 1)]

    def _kind(self) -> str:
        if self.choices:
            return "numbers or names, separated by commas" if self._is_list() else "a number or name"
        kind = self.schema.get("type")
        if kind in ("integer", "number"):
            low, high = self.schema.get("minimum"), self.schema.get("maximum")
            bounds = {
                (False, False): "", (True, False): f", at least {low}", (False, True): f", at most {high}",
                (True, True): f", {low} to {high}",
            }  # fmt: skip
            word = "a whole number" if kind == "integer" else "a number"
            return word + bounds[low is not None, high is not None]
        if kind == "boolean":
            return "yes or no"
        return {"email": "an e-mail address", "uri": "a URL", "date": "a date", "date-time": "a time"}.get(
            str(self.schema.get("format")), ""
        )

    def _shown_default(self) -> str:
        default = self.schema["default"]
        if isinstance(default, bool):
            return "yes" if default else "no"
        if isinstance(default, list):
            return ", ".join(map(str, default))
        return str(default)

    def _is_list(self) -> bool:
        return self.schema.get("type") == "array"


def fields_of(schema: dict[str, Any]) -> list[Field]:
    """Return what a form asks for, in the schema's order; what cannot be read of it is left out."""
    properties = schema.get("properties")
    required = schema.get("required")
    needed = {one for one in required if isinstance(one, str)} if isinstance(required, list) else set()
    return [
        Field(name, own, name in needed, tuple(choices_of(own)))
        for name, own in (properties if isinstance(properties, dict) else {}).items()
        if isinstance(own, dict)
    ]


def value_of(field: Field, typed: str) -> Any:
    """Return what was typed as the value that the field wants.

    Raises:
        InvalidInput: `question.invalid_answer`, with what is wrong.
    """
    if field.choices:
        parts = (
            [part.strip() for part in typed.split(",")] if field.schema.get("type") == "array" else [typed]
        )
        chosen = [_chosen(field, part) for part in parts if part]
        value: Any = chosen if field.schema.get("type") == "array" else chosen[0]
    else:
        value = _plain(field, typed)
    filled_in({"properties": {field.name: field.schema}}, {field.name: value})
    return value


def _chosen(field: Field, typed: str) -> Any:
    for value, title in field.choices:
        if typed.casefold() in (str(value).casefold(), title.casefold()):
            return value
    if typed.isdecimal() and 1 <= int(typed) <= len(field.choices):
        return field.choices[int(typed) - 1][0]
    raise InvalidInput(
        f"{typed!r} is none of the choices",
        code="question.invalid_answer",
        hint=", ".join(title for _, title in field.choices[:10]),
    )


def _plain(field: Field, typed: str) -> Any:
    kind = field.schema.get("type")
    if kind == "boolean":
        if typed.casefold() in ("y", "yes", "true", "on", "1"):
            return True
        if typed.casefold() in ("n", "no", "false", "off", "0"):
            return False
        raise InvalidInput(f"{typed!r} is neither yes nor no", code="question.invalid_answer")
    if kind in ("integer", "number"):
        try:
            return int(typed) if kind == "integer" else float(typed)
        except ValueError:
            word = "whole number" if kind == "integer" else "number"
            raise InvalidInput(f"{typed!r} is no {word}", code="question.invalid_answer") from None
    return typed
