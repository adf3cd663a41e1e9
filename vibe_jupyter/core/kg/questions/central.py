"""Which files the others rest on: PageRank (L. Page, S. Brin 1998) over imports and calls between files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.question_schemas import KgCentral, KgModule
from vibe_jupyter.core.kg.questions.files import files_of, is_under, lies_under, pairs
from vibe_jupyter.core.kg.questions.symbols import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyoxigraph as ox

__all__ = ["central_modules", "page_ranks"]

_DAMPING = 0.85
_ROUNDS = 50
"""Always so many: what is left to converge is below 0.85^50, three parts in ten thousand."""


def central_modules(store: ox.Store, kg_id: str, under: str, limit: int) -> KgCentral:
    """Return the files by how much rests on them; those that have no edge at all are left out.

    A file uses another one if it imports it or something that it defines, or surely calls or inherits from that.

    Raises:
        NotFound: `kg.no_such_folder`.
    """
    files = files_of(store)
    wanted = lies_under(under, files.values())
    numbers = {iri: number for number, iri in enumerate(files)}
    uses: list[dict[int, int]] = [{} for _ in files]
    for name in (PROPERTIES.imports, PROPERTIES.loads, PROPERTIES.calls, PROPERTIES.inherits):
        for source, target in pairs(store, name):
            one, other = numbers.get(_file(source)), numbers.get(_file(target))
            if one is not None and other is not None and one != other:
                uses[one][other] = uses[one].get(other, 0) + 1
    used_by = [0] * len(uses)
    for targets in uses:
        for number in targets:
            used_by[number] += 1
    ranks = page_ranks([sorted(targets.items()) for targets in uses])
    modules = [
        KgModule(iri=iri, path=path, rank=round(rank, 6), used_by=used, uses=len(targets))
        for (iri, path), rank, used, targets in zip(files.items(), ranks, used_by, uses, strict=True)
        if (used or targets) and is_under(path, wanted)
    ]
    modules.sort(key=lambda module: (-module.rank, module.path))
    return KgCentral(kg_id=kg_id, rows=modules[:limit], total=len(modules), is_truncated=len(modules) > limit)


def page_ranks(edges: Sequence[Sequence[tuple[int, int]]]) -> list[float]:
    """Return the rank of each node; all of them sum up to 1.

    Args:
        edges: for each node the others it leads to, each with a weight.
    """
    count = len(edges)
    if not count:
        return []
    shares = [
        (source, [(target, weight / sum(w for _, w in targets)) for target, weight in targets])
        for source, targets in enumerate(edges)
        if targets
    ]
    ends = [source for source, targets in enumerate(edges) if not targets]
    ranks = [1 / count] * count
    for _ in range(_ROUNDS):
        # What ends nowhere is shared by all, as if its reader began anew.
        base = (1 - _DAMPING + _DAMPING * sum(ranks[end] for end in ends)) / count
        following = [base] * count
        for source, targets in shares:
            passed = _DAMPING * ranks[source]
            for target, share in targets:
                following[target] += passed * share
        ranks = following
    return ranks


def _file(iri: str) -> str:
    return iri.partition("#")[0]
