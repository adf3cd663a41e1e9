"""What is wrong with a query, in words: where, what was expected, what was found, and the line it is in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import BadRequest, nearest
from vibe_jupyter.core.kg.store.parser import Node, Unexpected, parse
from vibe_jupyter.core.kg.store.positions import offset_of, position_of
from vibe_jupyter.core.kg.store.tokens import tokens_of
from vibe_jupyter.core.kg.store.vocabulary import PREFIXES

if TYPE_CHECKING:
    from vibe_jupyter.core.kg.store.positions import Position
    from vibe_jupyter.core.kg.store.tokens import Token

__all__ = ["check_names", "explained", "syntax_error", "wrong"]

_SHOWN = 5
_AROUND = 60
_UPDATES = ("INSERT", "DELETE", "WITH", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD")
_ENGINE = re.compile(r"error at (\d+):(\d+): expected (?:one of )?(.*)", re.DOTALL)
_ABSOLUTE = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*:")
_BAD_ESCAPE = re.compile(r"(?:[^\\]|\\[tbnrfuU\"'\\])*(\\[^tbnrfuU\"'\\])", re.DOTALL)
_SENTENCE = re.compile(r"[A-Z][A-Za-z]*(?: [A-Za-z*()\"'-]+)+[^,\[\]]*")


def syntax_error(text: str, message: str, rule: str = "Query", *, has_base: bool = False) -> BadRequest:
    """Return the error for a text that the engine does not take.

    Args:
        text: the query.
        message: what the engine says of it.
        rule: `Query` or `Update`.
        has_base: whether relative IRIs mean something without a BASE.
    """
    try:
        check_names(text, parse(text, rule), has_base=has_base)
    except Unexpected as error:
        return explained(text, error)
    except BadRequest as error:
        return error
    return _engines_own(text, message)


def explained(text: str, error: Unexpected) -> BadRequest:
    """Return what the parser found as an error for people."""
    expected = _listed(error.expected)
    return wrong(text, error.token.start, f"expected {expected}, found {error.token.shown}", _hint(error))


def wrong(text: str, offset: int, what: str, hint: str | None = None) -> BadRequest:
    """Return the error for something at `offset`."""
    place = position_of(text, offset)
    return BadRequest(
        f"SPARQL {place}: {what}",
        code="kg.query_syntax",
        hint=hint,
        data={**place.facts, "pointer": _pointer(place)},
    )


def _pointer(place: Position) -> str:
    """Return the line with a mark under the place; of a long line, what is around it."""
    start = max(0, place.column - 1 - _AROUND)
    line = place.text[start : place.column - 1 + _AROUND].replace("\t", " ")
    before, after = "…" if start else "", "…" if place.column - 1 + _AROUND < len(place.text) else ""
    return f"{before}{line}{after}\n{' ' * (len(before) + place.column - 1 - start)}^"


def check_names(text: str, tree: Node, *, has_base: bool = False) -> None:
    """See that prefixes are known, IRIs absolute and strings well-formed, in a text that is right otherwise.

    Raises:
        BadRequest: `kg.query_syntax`.
    """
    known = dict(PREFIXES)
    for node_token, is_declaration in _prefixed(tree):
        prefix = node_token.text.partition(":")[0]
        if is_declaration:
            known[prefix] = ""
        elif prefix not in known:
            similar = nearest(prefix, known, 1)
            ready = (
                f"did you mean {similar[0]}:?"
                if similar
                else f"known are {', '.join(f'{p}:' for p in known)}"
            )
            raise wrong(
                text,
                node_token.start,
                f'the prefix of "{node_token.text}" is not known',
                f"{ready} Others are declared in front: PREFIX {prefix}: <...>",
            )

    has_base = has_base or any(tree.find("Base"))
    for token in tree.tokens:
        if token.kind == "IRI" and not has_base and not _ABSOLUTE.match(token.text):
            raise wrong(
                text, token.start, f"the IRI {token.text} is relative", "write it in full, or with a prefix"
            )
        if token.kind == "STRING" and (escape := _BAD_ESCAPE.match(token.text)):
            raise wrong(
                text,
                token.start + escape.end() - 2,
                f'"{escape[1]}" means nothing in a string',
                "write a backslash twice",
            )


def _prefixed(tree: Node) -> list[tuple[Token, bool]]:
    """Return the prefixed names of a text in order, and which of them are declarations."""
    declared = {token.start for node in tree.find("Prefix") for token in node.tokens if token.kind == "PNAME"}
    return [(token, token.start in declared) for token in tree.tokens if token.kind == "PNAME"]


def _engines_own(text: str, message: str) -> BadRequest:
    """Pass on what only the engine sees, such as a variable that is bound twice."""
    found = _ENGINE.match(message)
    if found is None:
        return BadRequest(f"SPARQL: {message}"[:500], code="kg.query_syntax")
    offset = offset_of(text, int(found[1]), int(found[2]))
    sentence = _SENTENCE.search(found[3])
    what = sentence[0].strip().rstrip(".") if sentence else "the engine does not accept what ends here"
    # It looks at these once it has read all: the place says nothing then.
    hint = (
        None
        if sentence
        else "is a variable bound twice (AS, BIND), or a function called with other arguments?"
    )
    if what[1:2].islower():
        what = what[0].lower() + what[1:]
    return wrong(text, min(offset, max(len(text.rstrip()) - 1, 0)), what, hint)


def _listed(expected: list[str]) -> str:
    if len(expected) > _SHOWN:
        return ", ".join([*expected[: _SHOWN - 1], "..."])
    *most, last = expected
    return f"{', '.join(most)} or {last}" if most else last


def _hint(error: Unexpected) -> str | None:
    token = error.token
    if token.kind == "WORD":
        if token.text.upper() in _UPDATES and "SELECT" in error.keywords:
            return "this is an update, not a query: it has an operation of its own"
        if similar := nearest(token.text, error.keywords, 1):
            return f"did you mean {similar[0]}?"
        following = tokens_of(token.run)[1]
        if following.text in (";", ",", "."):
            return f'a prefix ends with ":", e.g. {token.text}:{token.run[len(token.text) + 1 :]}'
    return None
