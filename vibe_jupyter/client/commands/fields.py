"""`--path src --limit=5`: options that no parser declares, because a schema says what they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.commands.schema_options import BOOLEANS, option_named, text_property

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vibe_jupyter.client.commands.parser import Parser

__all__ = ["Fields", "last", "without_fields"]

Fields = dict[str, str | list[str]]
"""What was typed, by the field's name; all of it where an option was repeated."""
_OPTION = re.compile(r"--[^\W\d][\w-]*")


def without_fields(
    words: Sequence[str],
    parser: Parser,
    schema: Callable[[Sequence[str]], Mapping[str, Any] | None] | None = None,
) -> tuple[list[str], Fields]:
    """Return the words without `--path src --limit=5 --case-sensitive`, and these as fields.

    They are taken out first: argparse does not know that they have a value, and would take it for text. The schema
    says which of them have none, and how they are spelled; without one each has a value, and dashes are underscores.

    Raises:
        InvalidInput: `command.invalid`, if one lacks its value.
    """
    kept: list[str] = []
    fields: Fields = {}
    rest = list(words)
    known: Mapping[str, Any] | None = None
    is_asked = False
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*kept, word, *rest], fields
        flag, equals, value = word.partition("=")
        if not _OPTION.fullmatch(flag) or parser.has(flag):
            kept.append(word)
            if not equals and parser.takes_value(flag):
                kept += rest[:1]
                del rest[:1]
            continue
        if not is_asked:
            known, is_asked = (schema(words) if schema else None) or {}, True
        name, stands_for = _meant(flag, known or {})
        if equals:
            _add(fields, name, value)
        elif stands_for is not None and not (rest and rest[0].lower() in BOOLEANS):
            if kept and rest and not rest[0].startswith("-") and text_property(known or {}) is None:
                parser.error(f"{flag} takes true or false, not {rest[0]!r}")
            _add(fields, name, stands_for)
        elif not rest or rest[0].startswith("--"):
            parser.error(f"{flag} needs a value")
        else:
            _add(fields, name, rest.pop(0))
    return kept, fields


def last(typed: str | list[str]) -> str:
    """Return what was typed last: of a repeated option that takes one value, that counts."""
    return typed if isinstance(typed, str) else typed[-1]


def _add(fields: Fields, name: str, value: str) -> None:
    before = fields.get(name)
    if before is None:
        fields[name] = value
    else:
        fields[name] = [*([before] if isinstance(before, str) else before), value]


def _meant(flag: str, schema: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the field that a flag means, and what it says without a value, if it may have none."""
    option = option_named(flag, schema)
    if option is not None:
        return option.name, "true" if option.is_boolean else None
    if flag.startswith("--no-"):
        option = option_named(f"--{flag.removeprefix('--no-')}", schema)
        if option is not None and option.is_boolean:
            return option.name, "false"
    return flag.removeprefix("--").replace("-", "_"), None
