"""Which notebooks and code read or write a data file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from vibe_jupyter.core.errors import Conflict, NotFound, nearest
from vibe_jupyter.core.kg.question_schemas import KgDataUse, KgDataUses
from vibe_jupyter.core.kg.questions.symbols import PROPERTIES, RDF_TYPE, describe, first
from vibe_jupyter.core.kg.store.vocabulary import CODE

if TYPE_CHECKING:
    from typing import Literal


__all__ = ["data_uses", "find_data_file"]

_DEFAULT = ox.DefaultGraph()
_DATA_FILE = ox.NamedNode(f"{CODE}DataFile")
_RELATIONS: tuple[tuple[Literal["reads", "writes"], ox.NamedNode], ...] = (
    ("reads", PROPERTIES.reads),
    ("writes", PROPERTIES.writes),
)
_MAX_SHOWN = 8


def data_uses(store: ox.Store, kg_id: str, file: str, limit: int) -> KgDataUses:
    """Return what reads and writes a data file, by place.

    Raises:
        NotFound, Conflict: see `find_data_file`.
    """
    node = find_data_file(store, file)
    rows = [
        KgDataUse(**describe(store, quad.subject).model_dump(), relation=relation)
        for relation, name in _RELATIONS
        for quad in store.quads_for_pattern(None, name, node, _DEFAULT)
        if isinstance(quad.subject, ox.NamedNode)
    ]
    rows.sort(key=lambda row: (row.path, row.line, _number(row.name), row.iri, row.relation))
    return KgDataUses(
        kg_id=kg_id, file=describe(store, node), rows=rows[:limit], is_truncated=len(rows) > limit
    )


def find_data_file(store: ox.Store, text: str) -> ox.NamedNode:
    """Return the data file that a name or the end of a path means.

    Raises:
        NotFound: `kg.unknown_data_file`, with the nearest names.
        Conflict: `kg.ambiguous_data_file`, with all that it may mean.
    """
    wanted = text.strip().strip("\"'`").replace("\\", "/").removeprefix("./").strip("/")
    known: dict[str, ox.NamedNode] = {}
    for quad in store.quads_for_pattern(None, RDF_TYPE, _DATA_FILE, _DEFAULT):
        if isinstance(quad.subject, ox.NamedNode):
            place = first(store, quad.subject, PROPERTIES.path) or first(store, quad.subject, PROPERTIES.name)
            known[place] = quad.subject
    if wanted in known:
        return known[wanted]
    fitting = sorted(place for place in known if place.endswith(f"/{wanted}"))
    if len(fitting) == 1:
        return known[fitting[0]]
    if fitting:
        more = f", and {len(fitting) - _MAX_SHOWN} more" if len(fitting) > _MAX_SHOWN else ""
        raise Conflict(
            f"{wanted[:200]} may be any of {len(fitting)} files: {', '.join(fitting[:_MAX_SHOWN])}{more}",
            code="kg.ambiguous_data_file",
            hint="say more of its path",
            data={"candidates": fitting[:100]},
        )
    names = {place.rpartition("/")[2]: place for place in sorted(known)[:5_000]}
    similar = [names[name] for name in nearest(wanted.rpartition("/")[2], list(names))]
    raise NotFound(
        f"no code or notebook of the project reads or writes a file {wanted[:200]!r} by its name",
        code="kg.unknown_data_file",
        hint=f"did you mean {', '.join(similar)}?"
        if similar
        else "a name that is put together at run time is not known",
        data={"similar": similar},
    )


def _number(name: str) -> int:
    last = name.rpartition(" ")[2]
    return int(last) if last.isdecimal() else 0
