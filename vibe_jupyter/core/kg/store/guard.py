"""The guard in front of the query engine: nothing that people send may make it open a URL.

The engine has no switch for that and reads keywords without borders: it acts on `SERVICESILENT<u>`, `SERVICE:x`,
`1SERVICE<u>`, `LOAD:x`. So words are searched rather than matched, anywhere outside IRIs, strings, comments, variables
and the local part of a prefixed name. And `<` may be "less than": `<a:b#>` can hide a comment and `<'>` a string, so
such IRIs are refused. It may refuse too much; it must never let one pass. In doubt do not make it cleverer.

`FROM`, `FROM NAMED` and `USING` fetch nothing in this engine; of a graph that is not there they would find nothing, and
that in silence, so they are refused as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import Forbidden
from vibe_jupyter.core.kg.store.positions import position_of
from vibe_jupyter.core.kg.store.syntax_errors import wrong
from vibe_jupyter.core.kg.store.vocabulary import USER_FACTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["check_graphs", "guard", "refused"]

_TOKENS = re.compile(
    r"""(?P<skip>\#[^\r\n]*                                        # comment: ends at CR as well as at LF
      | \"{3}(?:[^"\\]|\\.|\"(?!\"\"))*\"{3} | '{3}(?:[^'\\]|\\.|'(?!''))*'{3}
      | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*'
      | [?$][A-Za-z0-9_]+ | :[A-Za-z0-9_][A-Za-z0-9_-]*            # variable, local part of a prefixed name
      | \\.)                                                       # escape in a local name, e.g. a\#b
      | <(?P<iri>[^<>"{}|^`\x00-\x20]*)>
      | (?P<bad>["']) | (?P<text>[A-Za-z_]+) | .""",
    re.VERBOSE | re.DOTALL,
)
_SENDING = re.compile("service|load", re.IGNORECASE)
_DATASET = re.compile("from|using", re.IGNORECASE)
_BLANK = re.compile(r"(?:\s|\#[^\r\n]*)*")
_NAMED = re.compile(r"named", re.IGNORECASE)
_IRI = re.compile(r'<([^<>"{}|^`\\\x00-\x20]*)>')


def guard(text: str, *, graphs: Collection[str] = (USER_FACTS,)) -> None:
    """Refuse a query or update that could reach outside of its graph.

    Args:
        text: SPARQL, well-formed or not.
        graphs: IRIs that `FROM`, `FROM NAMED` and `USING` may name.

    Raises:
        Forbidden: `kg.query_refused`, with line and column.
        BadRequest: `kg.query_syntax`: where strings end is not clear.
    """
    for token in _TOKENS.finditer(text):
        iri = token["iri"]
        if token["bad"]:
            raise wrong(text, token.start(), "a string that does not end", "close it with the same quote")
        if iri and _is_ambiguous(iri):
            raise refused(
                text,
                token.start(),
                f"<{iri}>, which can be read in two ways",
                "write an IRI with # in full, with its scheme and //; quotes and backslashes as %27 and %5C",
            )
        if word := token["text"]:
            _check_word(text, token.start(), word, graphs)


def _is_ambiguous(iri: str) -> bool:
    return "'" in iri or "\\" in iri or ("#" in iri and "//" not in iri.split("#")[0])


def _check_word(text: str, start: int, word: str, graphs: Collection[str]) -> None:
    if sending := _SENDING.search(word):
        keyword = sending[0].upper()
        raise refused(
            text,
            start + sending.start(),
            keyword,
            f"nothing outside the graph can be asked; a prefix or blank node that contains {keyword.lower()!r} "
            "needs another name",
        )
    for naming in _DATASET.finditer(word):
        offset = start + naming.start()
        if not set(_named_graphs(text, start + naming.end())) & set(graphs):
            raise refused(
                text,
                offset,
                f"{naming[0].upper()} of a graph that is not here",
                f"leave it out: a query is about its own graph; of others there is only <{USER_FACTS}>",
            )


def _named_graphs(text: str, offset: int) -> Iterator[str]:
    """Yield the IRI that follows FROM or USING, in full."""
    offset = _end(_BLANK, text, offset)
    if (named := _NAMED.match(text, offset)) is not None:
        offset = _end(_BLANK, text, named.end())
    if (iri := _IRI.match(text, offset)) is not None:
        yield iri[1]


def _end(pattern: re.Pattern[str], text: str, offset: int) -> int:
    found = pattern.match(text, offset)
    return found.end() if found else offset


def check_graphs(named: Collection[str], graphs: Collection[str] = (USER_FACTS,)) -> None:
    """Refuse graphs that a caller names beside the query, as the SPARQL Protocol allows.

    Raises:
        Forbidden: `kg.query_refused`.
    """
    for iri in named:
        if iri not in graphs:
            raise Forbidden(
                f"the graph <{iri}> is not here and is not fetched",
                code="kg.query_refused",
                hint=f"a query is about its own graph; of others there is only <{USER_FACTS}>",
            )


def refused(text: str, offset: int, what: str, hint: str) -> Forbidden:
    """Return the error for something at `offset` that is not done."""
    place = position_of(text, offset)
    return Forbidden(
        f"SPARQL {place}: {what} is not allowed", code="kg.query_refused", hint=hint, data=place.facts
    )
