"""The tokens of SPARQL 1.1 (section 19.8), as the standard reads them.

This serves messages and the parts of an update; the guard trusts nothing of it and reads the text by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Token", "tokens_of"]

_ESCAPE = r"\\[_~.\-!$&'()*+,;=/?\#@%]"
_PERCENT = r"%[0-9A-Fa-f]{2}"
_LOCAL_START = rf"(?:[\w:]|{_PERCENT}|{_ESCAPE})"
_LOCAL_REST = rf"(?:[\w:\-\u00B7]|{_PERCENT}|{_ESCAPE})"
_PREFIX = r"(?:[^\W\d_](?:[\w.\-\u00B7]*[\w\-\u00B7])?)?"

_TOKEN = re.compile(
    rf"""(?P<blank>\s+|\#[^\r\n]*)
      | (?P<STRING>\"\"\"(?:[^"\\]|\\.|\"(?!\"\"))*\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*'''
          | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*')
      | (?P<IRI><[^<>"{{}}|^`\\\x00-\x20]*>)
      | (?P<BLANK>_:\w(?:[\w.\-\u00B7]*[\w\-\u00B7])?)
      | (?P<PNAME>{_PREFIX}:(?:{_LOCAL_START}(?:\.*{_LOCAL_REST})*)?)
      | (?P<VAR>[?$]\w[\w\u00B7]*)
      | (?P<LANG>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
      | (?P<NUMBER>(?:\d+\.\d*|\.?\d+)[eE][+-]?\d+ | \d*\.\d+ | \d+)
      | (?P<WORD>[^\W\d]\w*)
      | (?P<SIGN>\^\^ | && | \|\| | != | <= | >= | [{{}}()\[\].,;=<>!+\-*/|^?])
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_RUN = re.compile(r"\S{1,40}")
_STRING_START = re.compile(r"[\"']")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a query."""

    kind: str
    """IRI, PNAME, BLANK, VAR, STRING, LANG, NUMBER, WORD, SIGN, `other` for what belongs nowhere, END."""
    text: str
    start: int
    run: str
    """The token with what is stuck to it, to be shown where it is wrong."""

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.start + len(self.text)

    @property
    def shown(self) -> str:
        """Return what a person is told was found."""
        if self.kind == "END":
            return "the end"
        if self.kind == "other" and _STRING_START.match(self.text):
            return "a string that does not end"
        return f'"{self.run if self.kind in ("WORD", "other") else self.text[:40]}"'


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a text, the last one END."""
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind != "blank":
            run = _RUN.match(text, match.start()) if kind in ("WORD", "other") else None
            found.append(Token(kind, match[0], match.start(), run[0] if run else match[0]))
    found.append(Token("END", "", len(text), ""))
    return found
