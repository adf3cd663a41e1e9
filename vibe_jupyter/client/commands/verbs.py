"""The verbs: `task show` is an operation, `mcp call` is made of some, `doctor` is done on the spot."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.commands import local, of_kg, of_mcp, of_projects, of_secrets, of_tasks
from vibe_jupyter.client.commands.fields import without_fields
from vibe_jupyter.client.commands.parser import Parser, operation_parser
from vibe_jupyter.core.errors import InvalidInput, nearest
from vibe_jupyter.core.table import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.commands.fields import Fields
    from vibe_jupyter.client.commands.own import OwnVerb
    from vibe_jupyter.core.operations import Operation

__all__ = ["OWN_VERBS", "Surface", "Verb", "find_verb", "help_text", "is_group", "parse", "verbs_of"]

Surface = local.Surface
_PROGRAM = {"magic": "%vibe", "cli": "jupyter vibe"}
OWN_VERBS: tuple[OwnVerb, ...] = (
    *of_tasks.VERBS,
    *of_mcp.VERBS,
    *of_kg.VERBS,
    *of_projects.VERBS,
    *of_secrets.VERBS,
)
"""The third table: verbs to which the command line adds something."""


@dataclass(frozen=True)
class Verb:
    """What a person types first, e.g. `task show`: an operation, one with something added, or none."""

    words: str
    summary: str
    operation: Operation | None = None
    own: OwnVerb | None = None
    local: local.LocalVerb | None = None

    @property
    def takes_body(self) -> bool:
        """Return whether a cell may follow: the arguments of an operation, or the input of a task or tool."""
        if self.own is not None:
            return self.own.takes_body
        return self.operation is not None and self.operation.body is not None

    def schema(self, client: VibeClient, words: Sequence[str]) -> Mapping[str, Any] | None:
        """Return the JSON Schema of the fields that may follow, if there is one."""
        find = self.own.schema if self.own is not None else None
        return find(client, words) if find is not None else None

    def parser(self, surface: Surface) -> Parser:
        """Return the parser of what follows the words, with the options that belong to the surface."""
        prog = f"{_PROGRAM[surface]} {self.words}".rstrip()
        if self.operation is not None:
            parser = operation_parser(self.operation, prog, self.own.replaces if self.own else frozenset())
        else:
            described = self.own or self.local
            assert described is not None
            parser = Parser(prog, described.description)
        if self.local is not None:
            self.local.add_arguments(parser)
        if self.own is not None:
            self.own.add_arguments(parser, surface)
            parser.epilog = self.own.more_help.replace("PROG", prog) or None
        if surface == "magic":
            parser.add_argument(
                "-o", "--out", metavar="NAME", help="store the result in this variable, show nothing"
            )
        else:
            parser.add_argument("--json", action="store_true", help="print the result as JSON")
        return parser


def verbs_of(surface: Surface) -> dict[str, Verb]:
    """Return all verbs of a surface by their words."""
    added = {own.operation: own for own in OWN_VERBS if own.operation is not None}
    verbs = [
        Verb(operation.verb, operation.summary, operation=operation, own=added.get(operation.name))
        for operation in OPERATIONS
        if operation.verb is not None
    ]
    verbs += [
        Verb(own.words, own.description.splitlines()[0], own=own)
        for own in OWN_VERBS
        if own.operation is None and surface in own.surfaces
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
    for other in _PROGRAM:
        elsewhere = verbs_of(other)  # type: ignore[arg-type]
        typed = next((known for n in (2, 1) if (known := " ".join(words[:n])) in elsewhere), None)
        if typed is not None:
            where = "terminal" if other == "cli" else "notebook"
            raise InvalidInput(
                f"{typed} is a verb of the {where}",
                code="command.unknown_verb",
                hint=f"in a {where}: {_PROGRAM[other]} {typed}",
            )
    if group := _group(words[0], surface):
        near = nearest(" ".join(words[:2]), group) if len(words) > 1 else []
        raise InvalidInput(
            f"there is no verb {' '.join(words[:2])!r}",
            code="command.unknown_verb",
            hint=f"there are {', '.join(f'{program} {verb}' for verb in near or group)}",
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


def parse(
    verb: Verb,
    words: Sequence[str],
    surface: Surface,
    schema: Callable[[Sequence[str]], Mapping[str, Any] | None] | None = None,
) -> tuple[dict[str, Any], Fields]:
    """Return what the words say: the declared arguments, and `--name value` pairs that only a schema knows.

    Args:
        schema: finds the JSON Schema of those pairs; it is asked only if there are some.

    Raises:
        InvalidInput: `command.invalid`, with the usage as hint.
    """
    parser = verb.parser(surface)
    fields: Fields = {}
    command: list[str] = []
    words = list(words)
    if verb.own is not None and verb.own.takes_command and "--" in words:
        cut = words.index("--")
        words, command = words[:cut], words[cut + 1 :]
        if not command:
            parser.error("a command belongs behind --")
    if verb.own is not None and verb.own.schema is not None:
        words, fields = without_fields(words, parser, schema)
    found, rest = parser.parse_known_intermixed_args(words)
    if rest and verb.own is not None and verb.own.refusal is not None:
        raise verb.own.refusal()
    if rest and verb.own is not None and verb.own.takes_command and not rest[0].startswith("-"):
        raise InvalidInput(
            f"{parser.prog}: unknown: {' '.join(rest)}; is it the command? That stands behind --",
            code="command.invalid",
            hint=f"{parser.prog} {vars(found).get('name', 'NAME')} -- {shlex.join(rest)}",
        )
    if rest:
        near = nearest(rest[0], parser.flags)
        parser.error(f"unknown: {' '.join(rest)}" + (f"; did you mean {near[0]}?" if near else ""))
    arguments = vars(found)
    if command:
        if taken := {"command", "args"} & set(arguments):
            parser.error(f"the command comes behind -- or with --{min(taken)}, not with both")
        arguments |= {"command": command[0], "args": command[1:]}
    return arguments, fields
