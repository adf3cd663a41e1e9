"""A command line for an operation, from its own argument model."""

from __future__ import annotations

import argparse
import shlex
import types
import typing
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, get_args, get_origin

from pydantic import BaseModel

from vibe_jupyter.core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic.fields import FieldInfo

    from vibe_jupyter.core.operations import Operation

__all__ = ["FLAGS", "Pairs", "Parser", "comma_separated", "operation_parser", "scalar", "split_line"]

FLAGS = {"required_capabilities": "requires", "headers": "header"}
"""Flags that are shorter than the argument's name."""


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are ours: no exit, no print."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(
            prog=prog,
            description=description,
            add_help=False,
            allow_abbrev=False,
            argument_default=argparse.SUPPRESS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._optional: list[Any] = []

    def parse_known_intermixed_args(self, args: Any = None, namespace: Any = None) -> Any:
        """See argparse, which puts the usage through `%` once more and stumbles over that of `%vibe`."""
        self.usage = None
        self.usage = self.format_usage().removeprefix("usage: ").replace("%", "%%")
        # argparse (3.11) takes free words that may be none for required, once they may stand between options.
        self._optional = [action.metavar for action in self._actions if action.nargs == "*"]
        return super().parse_known_intermixed_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting."""
        for word in self._optional:
            message = message.removesuffix(f", {word}")
        raise InvalidInput(
            f"{self.prog}: {message}",
            code="command.invalid",
            hint=" ".join(self.format_usage().removeprefix("usage: ").split()),
        )

    @property
    def flags(self) -> list[str]:
        """Return the long options, for completion."""
        return [
            text
            for action in self._actions
            if action.help != argparse.SUPPRESS
            for text in action.option_strings
            if text.startswith("--") and "_" not in text
        ]

    def has(self, flag: str) -> bool:
        """Return whether this is one of the options, in any spelling."""
        return flag in self._option_string_actions

    def takes_value(self, flag: str) -> bool:
        """Return whether the word after this option belongs to it."""
        action = self._option_string_actions.get(flag)
        return action is not None and action.nargs != 0

    def choices_of(self, flag: str) -> list[str]:
        """Return the values that an option takes, where they are few."""
        action = self._option_string_actions.get(flag)
        return [str(choice) for choice in (action.choices or ())] if action else []


class Pairs(argparse.Action):
    """An option that is given once for each pair: `--env A=1 --env B=2`.

    Args:
        read: turns the text behind `=` into the value.
        may_be_alone: whether a name without `=` stands for null.
    """

    def __init__(
        self, *, read: Callable[[str], Any] = str, may_be_alone: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        self._read = read
        self._may_be_alone = may_be_alone

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option_string: str | None = None
    ) -> None:
        """Add a pair to those that are there."""
        name, equals, text = values.partition("=")
        if not name or not (equals or self._may_be_alone):
            parser.error(f"{option_string} takes NAME=VALUE, not {values!r}")
        known = getattr(namespace, self.dest, {})
        setattr(namespace, self.dest, {**known, name: self._read(text) if equals else None})


def split_line(line: str) -> list[str]:
    """Split a line into words as a shell does.

    Raises:
        InvalidInput: `command.unbalanced_quotes`.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise InvalidInput(
            f"the line cannot be split into words: {error}",
            code="command.unbalanced_quotes",
            hint='put a text with an apostrophe into double quotes: "where\'s the login?"',
        ) from None


def operation_parser(operation: Operation, prog: str, without: frozenset[str] = frozenset()) -> Parser:
    """Return the parser of an operation: scalars are flags, `positional` is free, lists are comma-separated."""
    parser = Parser(prog, operation.description)
    free = [name for name in (operation.positional or "").split() if name not in without]
    *words, last = free or [""]
    for name, info in operation.arguments.model_fields.items():
        if name not in operation.hidden | without and name not in free:
            _add_flag(parser, name, info)
    for name in words:
        parser.add_argument(name, help=_help(operation.arguments.model_fields[name]))
    if last:
        info_ = operation.arguments.model_fields.get(last)
        required = info_ is not None and info_.is_required()
        one = required or (info_ is not None and _without_none(info_.annotation) is str)
        # An id is one word; a free text may be several, which are joined again.
        nargs = None if required else "?" if one else "*"
        parser.add_argument(last, nargs=nargs, help=_help(info_) if info_ else "free text")
    return parser


def _add_flag(parser: Parser, name: str, info: FieldInfo) -> None:
    flag = FLAGS.get(name, name)
    spellings = list(dict.fromkeys([f"--{flag.replace('_', '-')}", f"--{flag}"]))
    inner = _without_none(info.annotation)
    options: dict[str, Any] = {"dest": name, "help": _help(info)}
    if inner is bool:
        parser.add_argument(*spellings, action=argparse.BooleanOptionalAction, **options)
    elif get_origin(inner) is Literal:
        parser.add_argument(*spellings, choices=get_args(inner), **options)
    elif get_origin(inner) is list:
        parser.add_argument(*spellings, type=comma_separated, metavar="A,B", **options)
    elif get_origin(inner) is dict:
        of = get_args(inner)[1]
        parser.add_argument(
            *spellings,
            action=Pairs,
            read=scalar if of is Any else str,
            may_be_alone=type(None) in get_args(of),
            metavar="NAME=VALUE",
            **options,
        )
    elif isinstance(inner, type) and issubclass(inner, BaseModel):
        parser.add_argument(*spellings, type=_object, metavar="JSON", **options)
    else:
        kind = {int: "N", float: "SECONDS" if name.endswith("_s") else "X"}.get(inner, name.upper())
        parser.add_argument(*spellings, metavar=kind, **options)


def scalar(text: str) -> Any:
    """Return `5` as a number and `[a, b]` as a list; what is no YAML is text."""
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def comma_separated(text: str) -> Sequence[str]:
    """Return the parts of `a, b`."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _object(text: str) -> Any:
    """Return an object in JSON or YAML."""
    value = scalar(text)
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no object in JSON or YAML")
    return value


def _without_none(annotation: Any) -> Any:
    """Return the type that an argument has where it is given, without what else is said about it."""
    if get_origin(annotation) in (types.UnionType, typing.Union):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return _bare(inner[0]) if len(inner) == 1 else annotation
    return _bare(annotation)


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _help(info: FieldInfo) -> str:
    return (info.description or "").replace("%", "%%")
