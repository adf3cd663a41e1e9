"""What is called and which type is meant, out of the source's text, as paths: `a->b` and `a::b` are `a.b`."""

from __future__ import annotations

import re
from functools import lru_cache

from vibe_jupyter.core.kg.extract.facts import UNKNOWN

__all__ = ["LONGEST", "path_of", "type_of"]

LONGEST = 300
"""Bytes of an expression that are looked at, from its end: what is longer was written by no hand."""

_SEPARATOR = re.compile(r"\s*(?:\?\.|\.|::|->)\s*")
_PATH = re.compile(r"~?[^\W\d]\w*(?:(?:\.|::|->)~?[^\W\d]\w*)*")
_LAST = re.compile(r"([^\W\d]\w*)\s*$")
_GENERIC = re.compile(r"(?:::)?<[^<>]*>")
_WORDS = re.compile(
    r"\b(?:const|constexpr|volatile|static|inline|extern|struct|union|class|enum|typename|unsigned|signed|final|mut|dyn|impl|chan)\b"
    r"|'\w+|[*&]"
)


@lru_cache(maxsize=50_000)
def path_of(text: str) -> str:
    """Return what an expression's text names; the part of it that can only be found by running it is `?`.

    >>> path_of("Stack::<u8>::new"), path_of("this->items.size"), path_of("make(1)[2].run")
    ('Stack.new', 'this.items.size', '?.run')
    """
    plain = _SEPARATOR.sub(".", _without_generics(text).strip())
    if _PATH.fullmatch(plain):
        return plain
    last = _LAST.search(plain)
    if last is None:
        return UNKNOWN
    return f"{UNKNOWN}.{last[1]}"


@lru_cache(maxsize=50_000)
def type_of(text: str) -> str:
    """Return the class that a type's text names; nothing for a collection, and for a type that has no name.

    >>> type_of("const shop::Order &"), type_of("*http.Request"), type_of("[]Order"), type_of("&'a mut Vec<Order>")
    ('shop.Order', 'http.Request', '', 'Vec')
    """
    if "[" in text or "(" in text or "..." in text or "," in _without_generics(text):
        return ""
    plain = _SEPARATOR.sub(".", _WORDS.sub(" ", _without_generics(text)).strip())
    return plain if _PATH.fullmatch(plain) else ""


def _without_generics(text: str) -> str:
    for _ in range(8):
        shorter = _GENERIC.sub("", text)
        if shorter == text:
            break
        text = shorter
    return text
