"""A graph on this machine, as the platform sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.kg.store.formats import FORMATS
from vibe_jupyter.core.kg.store.generations import GraphFolder
from vibe_jupyter.core.kg.store.guard import check_graphs, guard
from vibe_jupyter.core.kg.store.protocol import Changes, Limits, QueryResult, Statistics, UpdateResult
from vibe_jupyter.core.kg.store.writing import (
    Beside,
    Triples,
    apply_changes,
    load_graph,
    statistics_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vibe_jupyter.core.kg.store.generations import Generation
    from vibe_jupyter.core.kg.store.pool import QueryPool

__all__ = ["LocalStore"]


class LocalStore:
    """A `TripleStore` in a folder.

    Args:
        path: `<data_dir>/kg/<kg_id>`.
        pool: answers the queries; shared by all graphs.
        limits: what a query may cost if it does not say.
        base: what relative IRIs begin with; without it they are an error.

    >>> store = LocalStore(settings.data_dir / "kg" / kg_id, pool)         # doctest: +SKIP
    >>> (await store.query("SELECT * { ?f a code:Function }")).body        # doctest: +SKIP
    """

    def __init__(self, path: Path, pool: QueryPool, limits: Limits | None = None, *, base: str = "") -> None:
        self.folder = GraphFolder(path)
        self._pool = pool
        self._limits = limits or Limits()
        self._base = base

    async def query(
        self,
        text: str,
        *,
        formats: Sequence[str] = ("json", "turtle"),
        timeout_s: float | None = None,
        max_rows: int | None = None,
        max_bytes: int | None = None,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        bindings: Mapping[str, str] | None = None,
    ) -> QueryResult:
        """Answer a SPARQL query on the current state of the graph.

        Args:
            text: SELECT, ASK, CONSTRUCT or DESCRIBE; the prefixes of `vocabulary` are known.
            formats: names of `formats.FORMATS`, best first; the first that can hold the answer is taken.
            timeout_s: at most what the settings say.
            max_rows: the first so many rows are enough, the result says if there are more. Without it more rows than
                the settings allow are an error.
            max_bytes: at most what the settings say.
            default_graphs: IRIs in place of FROM, as in the SPARQL Protocol; only of graphs that are here.
            named_graphs: IRIs in place of FROM NAMED.
            bindings: terms for variables that the query selects, in N-Triples, e.g. `{"f": "<urn:x>"}`.

        Raises:
            VibeError: `kg.query_refused`, `kg.query_syntax`, `kg.query_timeout`, `kg.query_too_large`,
                `kg.query_failed`, `kg.not_acceptable`, `kg.empty`.
        """
        guard(text)
        check_graphs([*default_graphs, *named_graphs])
        limits = self._within(timeout_s, max_rows, max_bytes)
        job = self._job(
            text,
            _known(formats),
            limits,
            default_graphs,
            named_graphs,
            bindings,
            may_truncate=max_rows is not None,
        )
        return await self._pool.run(self.folder, job, limits)

    async def update(
        self, text: str, *, using_graphs: Sequence[str] = (), using_named_graphs: Sequence[str] = ()
    ) -> UpdateResult:
        """Change the facts that people added, by SPARQL Update; all of its operations are done or none.

        They are in the default graph like all others, and recorded in the named graph `vocabulary.USER_FACTS`.

        Args:
            text: INSERT DATA, DELETE DATA, DELETE WHERE, DELETE/INSERT WHERE; CLEAR or DROP of DEFAULT or ALL removes
                all that people added.
            using_graphs: IRIs in place of USING, as in the SPARQL Protocol; only of graphs that are here.
            using_named_graphs: IRIs in place of USING NAMED.

        Returns:
            How many facts of people were added and removed.

        Raises:
            VibeError: `kg.query_refused`, `kg.query_syntax`, `kg.query_timeout`, `kg.query_too_large`, `kg.busy`,
                `kg.generated_fact`, `kg.disk_full`, `kg.empty`.
        """
        from vibe_jupyter.core.kg.store.updates import Operation, parse_update
        from vibe_jupyter.core.kg.store.user_facts import run_update

        check_graphs([*using_graphs, *using_named_graphs])
        operations = parse_update(
            text, using_graphs=using_graphs, using_named_graphs=using_named_graphs, has_base=bool(self._base)
        )

        async def ask(
            generation: Generation, is_published: bool, operation: Operation, query: str
        ) -> QueryResult:
            graphs = operation.default_graphs, operation.named_graphs
            job = self._job(query, ["ntriples"], self._limits, *graphs)
            if is_published:
                return await self._pool.run(self.folder, job, self._limits)
            return await self._pool.run_once(generation, job, self._limits)

        result = await run_update(text, operations, self.folder, self._pool, ask)
        await self._refresh()
        return result

    async def dump(
        self, shape: str = "turtle", *, timeout_s: float = 120, max_bytes: int = 2**28
    ) -> QueryResult:
        """Return the whole graph; N-Quads and TriG also say which facts people added.

        Raises:
            VibeError: `kg.query_too_large`, `kg.query_timeout`, `kg.empty`.
        """
        limits = Limits(timeout_s, self._limits.max_rows, max_bytes)
        job = {"do": "dump", "format": _known([shape])[0], "max_bytes": max_bytes}
        return await self._pool.run(self.folder, job, limits)

    async def load(self, triples: Triples, *, fill_beside: Beside | None = None) -> UpdateResult:
        """Replace all generated facts, see `writing.load_graph`."""
        result = await self._pool.in_thread(load_graph, self.folder, triples, fill_beside=fill_beside)
        await self._refresh()
        return result

    async def apply(self, changes: Changes, *, fill_beside: Beside | None = None) -> UpdateResult:
        """Change some generated facts, see `writing.apply_changes`."""
        result = await self._pool.in_thread(apply_changes, self.folder, changes, fill_beside=fill_beside)
        await self._refresh()
        return result

    async def statistics(self) -> Statistics:
        """Tell how large the graph is.

        Raises:
            NotFound: `kg.empty`.
        """
        return await self._pool.in_thread(statistics_of, self.folder)

    async def remove(self) -> None:
        """Remove the graph from the disk.

        Raises:
            Conflict: `kg.busy`.
        """
        await self._pool.in_thread(self.folder.remove)
        await self._pool.renew(self.folder)

    async def _refresh(self) -> None:
        """Let go of the generation before, which is removed then."""
        await self._pool.renew(self.folder)
        await self._pool.in_thread(self.folder.tidy)

    def _within(self, timeout_s: float | None, max_rows: int | None, max_bytes: int | None) -> Limits:
        own = self._limits
        limits = Limits(
            min(own.timeout_s, timeout_s or own.timeout_s),
            min(own.max_rows, max_rows or own.max_rows),
            min(own.max_bytes, max_bytes or own.max_bytes),
        )
        if min(limits.timeout_s, limits.max_rows, limits.max_bytes) <= 0:
            raise InvalidInput("limits of a query must be above 0", code="kg.invalid_limit")
        return limits

    def _job(
        self,
        text: str,
        formats: Sequence[str],
        limits: Limits,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        bindings: Mapping[str, str] | None = None,
        *,
        may_truncate: bool = False,
    ) -> dict[str, Any]:
        return {
            "do": "query",
            "text": text,
            "base": self._base,
            "formats": list(formats),
            "max_rows": limits.max_rows,
            "may_truncate": may_truncate,
            "max_bytes": limits.max_bytes,
            "default_graphs": list(default_graphs),
            "named_graphs": list(named_graphs),
            "bindings": dict(bindings or {}),
        }


def _known(formats: Sequence[str]) -> list[str]:
    for name in formats:
        if name not in FORMATS:
            raise InvalidInput(
                f"there is no format {name!r}", code="kg.invalid_format", hint=f"use {', '.join(FORMATS)}"
            )
    return list(formats)
