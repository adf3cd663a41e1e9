"""Who knows a piece of code: the people who changed its file, the more often and lately the better."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

import pyoxigraph as ox

from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.kg.question_schemas import KgPerson, KgWho
from vibe_jupyter.core.kg.questions.symbols import PROPERTIES, describe, find_symbol, first, values
from vibe_jupyter.core.kg.store.vocabulary import CODE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["who_knows"]

_DEFAULT = ox.DefaultGraph()
_CHANGED, _AUTHOR = ox.NamedNode(f"{CODE}changed"), ox.NamedNode(f"{CODE}author")
_COMMITTED, _EMAIL = ox.NamedNode(f"{CODE}committedAt"), ox.NamedNode(f"{CODE}email")
_HALF_LIFE_DAYS = 365.0
"""A commit a year older than the last one counts half."""


def who_knows(store: ox.Store, kg_id: str, text: str, limit: int) -> KgWho:
    """Return the people who changed the file of a symbol, the one who knows it best first.

    Raises:
        NotFound, Conflict: see `find_symbol`; `kg.no_history`, if the graph has no commits.
    """
    nodes = find_symbol(store, text)
    files = {first(store, node, PROPERTIES.in_file) or node.value for node in nodes}
    if not any(store.quads_for_pattern(None, _AUTHOR, None, _DEFAULT)):
        raise NotFound(
            "the graph has no history: the project is in no git repository, or git could not read it",
            code="kg.no_history",
            hint="generate the graph again once there are commits; %vibe kg status tells problems",
        )
    times: dict[str, list[datetime]] = defaultdict(list)
    for commit in sorted({commit for file in files for commit in _commits(store, file)}):
        node = ox.NamedNode(commit)
        author, time = first(store, node, _AUTHOR), _time_of(store, node)
        if author and time is not None:
            times[author].append(time)
    newest = max((time for own in times.values() for time in own), default=None)
    scores = {person: sum(_weight(newest, time) for time in own) for person, own in times.items() if newest}
    total = sum(scores.values())
    ranked = sorted(scores, key=lambda person: (-scores[person], person))
    rows = [
        KgPerson(
            iri=person,
            name=first(store, ox.NamedNode(person), PROPERTIES.name),
            email=first(store, ox.NamedNode(person), _EMAIL),
            commits=len(times[person]),
            share=round(scores[person] / total, 4),
            first_at=min(times[person]),
            last_at=max(times[person]),
        )
        for person in ranked
    ]
    return KgWho(
        kg_id=kg_id,
        symbol=describe(store, nodes[0]),
        commits=sum(map(len, times.values())),
        rows=rows[:limit],
        is_truncated=len(rows) > limit,
    )


def _commits(store: ox.Store, file: str) -> Iterator[str]:
    for quad in store.quads_for_pattern(None, _CHANGED, ox.NamedNode(file), _DEFAULT):
        if isinstance(quad.subject, ox.NamedNode):
            yield quad.subject.value


def _time_of(store: ox.Store, commit: ox.NamedNode) -> datetime | None:
    """Return when a commit was made; people may add facts that tell no time."""
    for text in values(store, commit, _COMMITTED):
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            continue
        if time.tzinfo is not None:
            return time
    return None


def _weight(newest: datetime | None, time: datetime) -> float:
    assert newest is not None
    return float(0.5 ** ((newest - time).total_seconds() / 86_400 / _HALF_LIFE_DAYS))
