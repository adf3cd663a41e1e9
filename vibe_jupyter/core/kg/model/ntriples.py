"""N-Triples in the store's own spelling: blocks of two builds, and what the store gives, are compared line by line."""

from __future__ import annotations

from vibe_jupyter.core.kg.store.vocabulary import PREFIXES

__all__ = ["BOOLEAN", "DATE_TIME", "INTEGER", "TYPE", "literal"]

TYPE = f"<{PREFIXES['rdf']}type>"
INTEGER = f"<{PREFIXES['xsd']}integer>"
BOOLEAN = f"<{PREFIXES['xsd']}boolean>"
DATE_TIME = f"<{PREFIXES['xsd']}dateTime>"

_ESCAPES = {code: f"\\u{code:04X}" for code in (*range(32), 127)} | {
    ord(character): f"\\{letter}" for character, letter in zip("\r\t\b\f", "rtbf", strict=True)
}


def literal(text: str) -> str:
    """Return a string as a literal."""
    if not text.isprintable() or '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        if not text.isprintable():  # rare, and slow for a long text
            text = text.translate(_ESCAPES)
    return f'"{text}"'
