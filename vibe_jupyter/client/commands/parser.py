"""A command line for an operation, from its own argument model."""

from __future__ import annotations

import argparse
import inspect
import shlex
import types
import typing
from typing import TYPE_CHECKING, Any, Literal, NoReturn, get_args, get_origin

from pydantic import BaseModel

from vibe_jupyter.core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo

    from vibe_jupyter.core.operations import Operation

__all__ = ["FLAGS", "Parser", "operation_parser", "split_line"]

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

    def parse_known_intermixed_args(self, args: Any = None, namespace: Any = None) -> Any:
        """See argparse, which puts the usage through `%` once more and stumbles over that of `%vibe`."""
        self.usage = None
        self.usage = self.format_usage().removeprefix("usage: ").replace("%", "%%")
        return super().parse_known_intermixed_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting."""
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


def operation_parser(operation: Operation, prog: str) -> Parser:
    """Return the parser of an operation: scalars are flags, `positional` is free, lists are comma-separated."""
    parser = Parser(prog, operation.description)
    *words, last = (operation.positional or "").split() or [""]
    for name, info in operation.arguments.model_fields.items():
        if name not in operation.hidden and name not in (*words, last):
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
    elif get_origin(inner) is dict and get_args(inner)[0] is not Any and not name.endswith("content"):
        parser.add_argument(*spellings, type=_pair, action=_Pairs, metavar="NAME=VALUE", **options)
    elif get_origin(inner) is dict or (inspect.isclass(inner) and issubclass(inner, BaseModel)):
        parser.add_argument(*spellings, type=_object, metavar="JSON", **options)
    elif get_origin(inner) is list:
        parser.add_argument(*spellings, type=_comma_separated, metavar="A,B", **options)
    else:
        kind = {int: "N", float: "SECONDS" if name.endswith("_s") else "X"}.get(inner, name.upper())
        parser.add_argument(*spellings, metavar=kind, **options)


def _comma_separated(text: str) -> Sequence[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


class _Pairs(argparse.Action):
    """Collects `--env A=1 --env B=2` as one object."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: Any = None) -> None:
        """See argparse."""
        del parser, option_string
        setattr(namespace, self.dest, {**(getattr(namespace, self.dest, None) or {}), **dict([values])})


def _pair(text: str) -> tuple[str, str | None]:
    """Return `NAME=VALUE` in two; `NAME` alone takes it away where that is possible."""
    name, equals, value = text.partition("=")
    return name.strip(), value if equals else None


def _object(text: str) -> Any:
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no object in JSON or YAML")
    return value


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (types.UnionType, typing.Union):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return inner[0] if len(inner) == 1 else annotation
    return annotation


def _help(info: FieldInfo) -> str:
    return (info.description or "").replace("%", "%%")
