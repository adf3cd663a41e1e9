"""The verbs: `task show` is an operation, `doctor` is done on the spot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.commands import local
from vibe_jupyter.client.commands.parser import Parser, operation_parser
from vibe_jupyter.core.errors import InvalidInput, nearest
from vibe_jupyter.core.table import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.core.operations import Operation

__all__ = ["Surface", "Verb", "find_verb", "help_text", "is_group", "parse", "verbs_of"]

Surface = local.Surface
_OPTION = re.compile(r"--[^\W\d][\w-]*")
_PROGRAM = {"magic": "%vibe", "cli": "jupyter vibe"}


@dataclass(frozen=True)
class Verb:
    """What a person types first, e.g. `task show`; exactly one of `operation` and `local` is there."""

    words: str
    summary: str
    operation: Operation | None = None
    local: local.LocalVerb | None = None

    def parser(self, surface: Surface) -> Parser:
        """Return the parser of what follows the words, with the options that belong to the surface."""
        prog = f"{_PROGRAM[surface]} {self.words}".rstrip()
        if self.operation is not None:
            parser = operation_parser(self.operation, prog)
            if self.operation.name in ("tasks.create", "tasks.retry"):
                parser.add_argument(
                    "--no-wait", action="store_true", help="return at once, while the task runs"
                )
            if self.operation.name == "tasks.create":
                source = "a variable" if surface == "magic" else "JSON, or @FILE with JSON or YAML"
                parser.add_argument(
                    "--input", metavar="VAR" if surface == "magic" else "JSON", help=f"input: {source}"
                )
        else:
            assert self.local is not None
            parser = Parser(prog, self.local.description)
            self.local.add_arguments(parser)
        if surface == "magic":
            parser.add_argument(
                "-o", "--out", metavar="NAME", help="store the result in this variable, show nothing"
            )
        else:
            parser.add_argument("--json", action="store_true", help="print the result as JSON")
        return parser


def verbs_of(surface: Surface) -> dict[str, Verb]:
    """Return all verbs of a surface by their words."""
    verbs = [
        Verb(operation.verb, operation.summary, operation=operation)
        for operation in OPERATIONS
        if operation.verb is not None
    ]
    verbs += [Verb(verb.words, verb.summary, local=verb) for verb in local.VERBS if surface in verb.surfaces]
    return {verb.words: verb for verb in verbs}


def find_verb(words: Sequence[str], surface: Surface) -> tuple[Verb, list[str]]:
    """Return the verb that the words begin with, the longest one, and what is left.

    Raises:
        InvalidInput: `command.unknown_verb`, with the nearest known ones.
    """
    verbs = verbs_of(surface)
    for count in (2, 1):
        verb = verbs.get(" ".join(words[:count]))
        if verb is not None and len(words) >= count:
            return verb, list(words[count:])
    program = _PROGRAM[surface]
    if group := _group(words[0], surface):
        raise InvalidInput(
            f"there is no verb {' '.join(words[:2])!r}",
            code="command.unknown_verb",
            hint=f"there are {', '.join(f'{program} {verb}' for verb in group)}",
        )
    near = nearest(words[0], verbs)
    hint = (
        f"did you mean {' or '.join(f'{program} {verb}' for verb in near)}?"
        if near
        else f"{program} help lists all"
    )
    if not near and len(words) > 1:
        hint = f'to ask for something in words: {program} task "{" ".join(words)}"'
    raise InvalidInput(f"there is no verb {words[0]!r}", code="command.unknown_verb", hint=hint)


def help_text(surface: Surface, words: Sequence[str] = ()) -> str:
    """Return the list of verbs, or the help of one, or the list of those that begin with one word: `db`."""
    verbs = _group(words[0], surface) if len(words) == 1 else {} if words else verbs_of(surface)
    if not verbs:
        verb, _ = find_verb(words, surface)
        return verb.parser(surface).format_help()
    width = max(map(len, verbs))
    program = _PROGRAM[surface]
    lines = [f"  {program} {words:<{width}}  {verb.summary}" for words, verb in sorted(verbs.items())]
    example = "task list" if "task list" in verbs else min(verbs)
    more = f"{program} help VERB tells more, e.g. {program} help {example}"
    return "\n".join([*lines, "", more])


def is_group(words: Sequence[str], surface: Surface) -> bool:
    """Return whether this is no verb, but the word that some begin with: `db`."""
    return len(words) == 1 and bool(_group(words[0], surface))


def _group(word: str, surface: Surface) -> dict[str, Verb]:
    verbs = verbs_of(surface)
    return {} if word in verbs else {key: verb for key, verb in verbs.items() if key.startswith(f"{word} ")}


def parse(verb: Verb, words: Sequence[str], surface: Surface) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the words say: the declared arguments, and `--name value` pairs that only `task` takes.

    Raises:
        InvalidInput: `command.invalid`, with the usage as hint.
    """
    parser = verb.parser(surface)
    fields: dict[str, str] = {}
    if verb.words == "task":
        words, fields = _without_fields(words, parser)
    found, rest = parser.parse_known_intermixed_args(list(words))
    if rest:
        near = nearest(rest[0], parser.flags)
        parser.error(f"unknown: {' '.join(rest)}" + (f"; did you mean {near[0]}?" if near else ""))
    return vars(found), fields


def _without_fields(words: Sequence[str], parser: Parser) -> tuple[list[str], dict[str, str]]:
    """Return the words without `--path src --limit=5`, and these as the fields of a task's input.

    They are taken out first: argparse does not know that they have a value, and would take it for text.
    """
    kept: list[str] = []
    fields: dict[str, str] = {}
    rest = list(words)
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
        if not equals:
            if not rest or rest[0].startswith("--"):
                parser.error(f"{flag} needs a value")
            value = rest.pop(0)
        fields[flag.removeprefix("--").replace("-", "_")] = value
    return kept, fields
