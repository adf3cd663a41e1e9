"""The facts of people: an update's operations, applied one after the other, become one new generation.

People change their own facts only. One that the generator also found stays in the graph when they take theirs back; one
that only the generator found cannot be deleted. Blank nodes become IRIs (RDF 1.1, 3.5), so that facts about them can be
told apart and deleted later.
"""

from __future__ import annotations

import asyncio
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import BadRequest, Conflict
from vibe_jupyter.core.kg.store.positions import position_of
from vibe_jupyter.core.kg.store.protocol import UpdateResult
from vibe_jupyter.core.kg.store.vocabulary import SKOLEM, USER_FACTS
from vibe_jupyter.core.kg.store.writing import Delta, derive, disk_errors, quad_of, read_facts, user_quads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    import pyoxigraph as ox

    from vibe_jupyter.core.kg.store.generations import Generation, GraphFolder
    from vibe_jupyter.core.kg.store.pool import QueryPool
    from vibe_jupyter.core.kg.store.protocol import QueryResult
    from vibe_jupyter.core.kg.store.updates import Operation

    Ask = Callable[[Generation, bool, Operation, str], Awaitable[QueryResult]]
    """Has a query of an operation answered on a generation; tells whether that one is published."""

__all__ = ["run_update"]


@dataclass
class _Pending:
    """What operations did that is not written yet."""

    cleared: bool = False
    removed: dict[ox.Triple, None] = field(default_factory=dict)
    added: dict[ox.Triple, None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.cleared or self.removed or self.added)

    def clear(self) -> None:
        """Remove all that people added, up to now."""
        self.cleared = True
        self.removed.clear()
        self.added.clear()

    def change(self, removes: Iterable[ox.Triple], adds: Iterable[ox.Triple]) -> None:
        """Remove, then add, as an operation does."""
        for triple in removes:
            self.removed[triple] = None
            self.added.pop(triple, None)
        for triple in adds:
            self.added[triple] = None
            self.removed.pop(triple, None)


async def run_update(
    text: str, operations: Sequence[Operation], folder: GraphFolder, pool: QueryPool, ask: Ask
) -> UpdateResult:
    """Apply operations in order, all of them or none.

    Raises:
        Conflict: `kg.busy`, `kg.generated_fact`.
        VibeError: what a query raises; `kg.disk_full`.
    """
    async with _writer(folder, pool):
        base = start = folder.existing()
        pending, added, removed = _Pending(), 0, 0
        for operation in operations:
            if operation.clears:
                pending.clear()
                continue
            if operation.looks and pending:
                base, more, fewer = await pool.in_thread(_write, folder, base, pending)
                pending, added, removed = _Pending(), added + more, removed + fewer
            answers = []
            for query in (operation.removes, operation.adds):
                try:
                    answer = await ask(base, base == start, operation, query) if query else None
                except BadRequest as error:  # its position is one in the query that we made
                    _, _, what = error.message.partition(": ")
                    place = position_of(text, operation.start)
                    raise BadRequest(
                        f"SPARQL {place}: in this operation {what}", code=error.code, data=place.facts
                    ) from None
                answers.append(answer.body if answer else b"")
            pending.change(*await pool.in_thread(_read, *answers))
        if pending:
            base, more, fewer = await pool.in_thread(_write, folder, base, pending)
            added, removed = added + more, removed + fewer
        if base != start:
            base = await pool.in_thread(_publish, folder, base)
        return UpdateResult(added, removed, base.name)


@asynccontextmanager
async def _writer(folder: GraphFolder, pool: QueryPool) -> AsyncIterator[None]:
    """Hold the writer's lock; taking it may wait for the disk."""
    writer = folder.writer()
    entering = asyncio.ensure_future(pool.in_thread(writer.__enter__))
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:
        await asyncio.wait([entering])
        if entering.exception() is None:
            writer.__exit__(None, None, None)
        raise
    try:
        yield
    finally:
        writer.__exit__(None, None, None)


def _read(removes: bytes, adds: bytes) -> tuple[list[ox.Triple], list[ox.Triple]]:
    import pyoxigraph as ox

    names: dict[ox.BlankNode, ox.NamedNode] = {}

    def named(term: Any) -> Any:
        if not isinstance(term, ox.BlankNode):
            return term
        return names.setdefault(term, ox.NamedNode(f"{SKOLEM}{uuid.uuid4()}"))

    def triples(text: bytes) -> list[ox.Triple]:
        found = (quad.triple for quad in ox.parse(text, ox.RdfFormat.N_TRIPLES))
        return [ox.Triple(named(one.subject), one.predicate, named(one.object)) for one in found]

    return triples(removes), triples(adds)


def _write(folder: GraphFolder, base: Generation, pending: _Pending) -> tuple[Generation, int, int]:
    import pyoxigraph as ox

    with disk_errors():
        facts = read_facts(base)
        users = ox.NamedNode(USER_FACTS)
        delta = Delta(confirmed=set(facts.confirmed))
        removed = dict(pending.removed)
        if pending.cleared:
            removed.update(
                (quad.triple, None) for quad in user_quads(base) if quad.triple not in pending.added
            )
        store = ox.Store.read_only(str(base.store))
        for triple in removed:
            if quad_of(triple, users) in store:
                delta.user_removed.append(triple)
                if str(triple) in delta.confirmed:
                    delta.confirmed.discard(str(triple))
                else:
                    delta.removed.append(triple)
            elif quad_of(triple) in store:
                raise _generated(triple)
        for triple in pending.added:
            if quad_of(triple, users) in store:
                continue
            delta.user_added.append(triple)
            if quad_of(triple) in store:
                delta.confirmed.add(str(triple))
            else:
                delta.added.append(triple)
        if delta.is_empty:
            return base, 0, 0
        built = derive(folder, base, store, delta)
    return built, len(delta.user_added), len(delta.user_removed)


def _publish(folder: GraphFolder, built: Generation) -> Generation:
    with disk_errors():
        return folder.publish(built)


def _generated(triple: ox.Triple) -> Conflict:
    return Conflict(
        f"{triple} was generated from the files and cannot be deleted",
        code="kg.generated_fact",
        hint=f"facts that people added are matched by GRAPH <{USER_FACTS}> {{ ... }} in WHERE; "
        "the others change with the files",
        data={"fact": str(triple)},
    )
