"""Regular expressions that need not be trusted: matched in time that is linear in the text, or not at all.

Python's own `re` tries all ways to match, of which there may be more than anybody can wait for. The engine of
pydantic's core does not, but a repetition of many repetitions still makes each character dear; so what a pattern
costs is estimated before it is used.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["matcher"]

_MAX_LENGTH = 500
_MAX_STATES = 1000
_MAX_WORK = 500_000
"""States times characters: about 10 ms."""
_SIGN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d{1,6}(?:,\d{0,6})?\}|.", re.DOTALL)
_OTHER_MEANING = re.compile(r"&&|--|~~|\[[^\]]*(?<!\\)\[")
"""What is plain in ECMAScript's classes and means sets of characters in this engine."""


@functools.lru_cache(maxsize=200)
def matcher(pattern: str) -> Callable[[str], bool]:
    r"""Return what tells whether a pattern occurs in a text; yes, where that cannot be told.

    Patterns are those of JSON Schema (ECMA-262), as far as they need no looking around or back.

    >>> matcher(r"^\d+$")("12a"), matcher("^(a|aa)+$")("a" * 100 + "b"), matcher("(?=a)b")("x")
    (False, False, True)
    """
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    states = _states(pattern) if len(pattern) <= _MAX_LENGTH else _MAX_STATES + 1
    if states > _MAX_STATES or _OTHER_MEANING.search(pattern):
        return _always
    try:
        engine = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError:
        return _always
    longest = _MAX_WORK // states
    return lambda text: len(text) > longest or engine.isinstance_python(text)


def _always(_text: str) -> bool:
    return True


def _states(pattern: str) -> int:
    """Return about how many states an automaton for a pattern has, with its repetitions written out."""
    groups, last = [1], 1
    for sign in _SIGN.findall(pattern):
        if sign == "(":
            groups.append(0)
            last = 0
        elif sign == ")" and len(groups) > 1:
            last = groups.pop()
            groups[-1] += last
        elif sign[0] == "{" and len(sign) > 1:
            times = max(int(number) for number in re.findall(r"\d+", sign))
            groups[-1] += last * max(times - 1, 0)
            last *= max(times, 1)
        else:
            last = 1
            groups[-1] += 1
    return max(sum(groups), 1)
