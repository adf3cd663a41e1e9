"""Text search over names and documentation, which says when nothing has the very name that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from vibe_jupyter.core.kg.questions.symbols import describe, similar_names, subjects_named
from vibe_jupyter.core.kg.schemas import KgSymbol, KgSymbols
from vibe_jupyter.core.kg.words import find_entries

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["find"]


def find(store: ox.Store, kg_id: str, beside: Path, text: str, limit: int) -> KgSymbols:
    """Return the symbols that have all words of a text, best first.

    Raises:
        Conflict: `kg.outdated`.
    """
    wanted = text.strip().removesuffix("()")
    named = sorted(node.value for node in subjects_named(store, wanted))
    fitting, is_truncated = find_entries(beside, text, limit)
    iris = list(dict.fromkeys([*named, *fitting]))
    described = [describe(store, ox.NamedNode(iri)) for iri in iris[:limit]]
    symbols = sorted(described, key=lambda symbol: not _is_named(symbol, wanted))
    is_truncated = is_truncated or len(iris) > limit
    return KgSymbols(
        kg_id=kg_id,
        text=text,
        symbols=symbols,
        is_exact=any(_is_named(symbol, wanted) for symbol in symbols),
        similar=[] if symbols else similar_names(store, wanted),
        is_truncated=is_truncated,
    )


def _is_named(symbol: KgSymbol, wanted: str) -> bool:
    names = (symbol.name, symbol.qualified_name, symbol.path)
    return wanted in names or ("." in wanted and symbol.qualified_name.endswith(f".{wanted}"))
