"""What the command line adds to the verbs of secrets: a value is asked for, and never stands in a line or a cell."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from vibe_jupyter.client.commands.own import OwnVerb
from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.secrets.schemas import check_name

if TYPE_CHECKING:
    from vibe_jupyter.client.commands.local import Surface
    from vibe_jupyter.client.commands.own import Order, Place
    from vibe_jupyter.client.commands.parser import Parser

__all__ = ["VERBS"]

_SET_HELP = """\
The value is asked for, and not shown. It may also come from an environment variable of this process, with
--from-env VARIABLE, or in a terminal from standard input, with --stdin."""


def _set(place: Place, order: Order) -> Any:
    """Store a secret, whose value comes in any way but as text that stays somewhere."""
    arguments = dict(order.arguments)
    variable, is_piped = arguments.pop("from_env", None), arguments.pop("stdin", False)
    if arguments.pop("typed", None) or "typed_value" in arguments or (order.body or "").strip():
        raise typed_value()
    name = arguments["name"]
    check_name(name)
    if variable is not None and is_piped:
        raise InvalidInput("give either --from-env or --stdin", code="command.invalid")
    if variable is not None:
        value = _of_environment(variable)
    elif is_piped:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    else:
        value = _asked_for(name)
    return place.client.secrets.set(**arguments, value=SecretStr(value))


def _of_environment(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise InvalidInput(
            "there is no such variable in the environment of this process",
            code="secrets.no_variable",
            hint="--from-env takes the name of a variable, not a value",
        )
    return value


def _asked_for(name: str) -> str:
    from vibe_jupyter.widgets.asking.prompter import NobodyThere, Prompter

    try:
        value = Prompter().read(f"{name}: ", is_secret=True)
    except NobodyThere:
        raise InvalidInput(
            f"the value of {name} cannot be asked for: nobody is there",
            code="secrets.nobody_there",
            hint=f"jupyter vibe secrets set {name} --stdin < FILE, or --from-env VARIABLE",
        ) from None
    if not value:
        raise InvalidInput("nothing was typed, so nothing is changed", code="secrets.bad_value")
    return value


def typed_value() -> InvalidInput:
    """Return the error for a value that stands where it stays; it is not repeated."""
    return InvalidInput(
        "a secret is not taken from a line or a cell: what stands there stays in the notebook and in histories",
        code="secrets.typed_value",
        hint="%vibe secrets set NAME asks for the value; take the one that was typed out of the cell or the history, "
        "and consider it known to others",
    )


def _set_options(parser: Parser, surface: Surface) -> None:
    parser.add_argument("typed", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--value", dest="typed_value", nargs="?", const="", help=argparse.SUPPRESS)
    parser.add_argument("--from-env", metavar="VARIABLE", help="take the value from an environment variable")
    if surface == "cli":
        parser.add_argument("--stdin", action="store_true", help="take the value from standard input")


VERBS = (
    OwnVerb(
        _set,
        operation="secrets.set",
        add_arguments=_set_options,
        takes_body=True,
        more_help=_SET_HELP,
        refusal=typed_value,
    ),
)
