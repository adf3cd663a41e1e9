"""One query worker as its parent sees it: what is sent, and what its answers and its end mean."""

from __future__ import annotations

import asyncio
import json
import os
import re
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput, NotAcceptable, TooLarge, Unavailable, VibeError
from vibe_jupyter.core.kg.store.formats import GRAPH_FORMATS, SOLUTION_FORMATS
from vibe_jupyter.core.kg.store.protocol import QueryResult
from vibe_jupyter.core.kg.store.syntax_errors import syntax_error
from vibe_jupyter.core.workers.process import Worker, boot_command, worker_environment
from vibe_jupyter.core.workers.protocol import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.core.kg.store.generations import Generation
    from vibe_jupyter.core.kg.store.protocol import Limits

__all__ = ["Gone", "QueryProcess"]

_FACTS_SIZE_BYTES = 4
_OUT_OF_MEMORY = re.compile(r"memory allocation of|bad_alloc|out of memory", re.IGNORECASE)


class Gone(Exception):
    """The generation was tidied away before the worker could pin it."""


class QueryProcess(Worker):
    """A worker for one generation: `start_for` it, `open` it, `ask` one question at a time, `retire` or `kill` it."""

    generation: Generation
    memory_bytes: int

    @classmethod
    async def start_for(
        cls, generation: Generation, memory_bytes: int, on_exit: Callable[[Worker], None]
    ) -> QueryProcess:
        """Start a process for a generation, which it has to open then."""
        _, worker = await asyncio.get_running_loop().subprocess_exec(
            lambda: cls(on_exit),
            *boot_command("vibe_jupyter.core.kg.store.worker"),
            env=worker_environment(os.environ),
            start_new_session=True,
        )
        worker.generation, worker.memory_bytes = generation, memory_bytes
        return worker

    async def open(self) -> None:
        """Have the generation opened. The caller kills the worker when this is cancelled or raises.

        Raises:
            Gone: another generation is current by now.
            VibeError: `kg.unreadable`, `worker.died`.
        """
        job = {"generation": str(self.generation.folder), "memory_bytes": self.memory_bytes}
        await self._exchange(job, "opening a graph", None)

    async def ask(self, job: dict[str, Any], limits: Limits) -> QueryResult:
        """Have a query or dump done. The caller kills the worker when this is cancelled or raises no `VibeError`.

        Raises:
            VibeError: `kg.query_syntax`, `kg.query_too_large`, `kg.not_acceptable`, `kg.query_failed`.
        """
        facts, chunks = await self._exchange(job, "a query", limits)
        return QueryResult(
            facts["kind"], facts["format"], chunks, self.generation.name, truncated=facts["truncated"]
        )

    async def _exchange(
        self, job: dict[str, Any], name: str, limits: Limits | None
    ) -> tuple[dict[str, Any], list[bytes]]:
        try:
            kind, chunks = await self.call(name, [json.dumps(job).encode()], None)
        except VibeError as error:
            raise self._explained(error) from error
        facts, body = _unpacked(chunks)
        if kind is Kind.ERROR:
            raise _error(facts, job, limits)
        return facts, body

    def _explained(self, died: VibeError) -> VibeError:
        data = died.data or {}
        if died.code != "worker.died":
            return died
        if data.get("signal") in ("SIGABRT", "SIGKILL") or _OUT_OF_MEMORY.search(data.get("stderr") or ""):
            return _too_much_memory(self.memory_bytes)
        return VibeError(
            f"the query engine crashed: {died.message}",
            code="kg.query_failed",
            hint="please report this query; the graph and other queries are not affected",
            data=died.data,
        )


def _unpacked(chunks: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Split a payload into its facts and the chunks of its body; only the first of these may be copied."""
    head = bytearray()
    rest = list(chunks)
    size = _FACTS_SIZE_BYTES
    while rest and len(head) < size:
        head += rest.pop(0)
        if len(head) >= _FACTS_SIZE_BYTES:
            size = _FACTS_SIZE_BYTES + int.from_bytes(head[:_FACTS_SIZE_BYTES])
    facts: dict[str, Any] = json.loads(bytes(head[_FACTS_SIZE_BYTES:size]))
    return facts, [piece for piece in (bytes(head[size:]), *rest) if piece]


def _error(facts: dict[str, Any], job: dict[str, Any], limits: Limits | None) -> Exception:
    problem, message = facts["problem"], facts.get("message", "")
    if problem == "gone":
        return Gone()
    if problem == "syntax":
        return syntax_error(job["text"], message, has_base=bool(job["base"]))
    if problem == "not_acceptable":
        form, known = (
            ("graph", GRAPH_FORMATS) if facts["is_graph"] else ("table or boolean", SOLUTION_FORMATS)
        )
        return NotAcceptable(
            f"the answer is a {form}, which cannot be written as {' or '.join(job['formats'])}",
            hint=f"ask for {', '.join(known)}",
        )
    if problem == "unreadable":
        return VibeError(
            f"the graph on disk cannot be read: {message}", code="kg.unreadable", hint="generate it anew"
        )
    if problem in ("rows", "bytes", "memory") and limits is not None:
        return _too_large(problem, job, limits)
    return InvalidInput(f"the query failed: {message}", code="kg.query_failed")


def _too_large(problem: str, job: dict[str, Any], limits: Limits) -> TooLarge:
    if problem == "memory":
        return _too_much_memory(None)
    if job["do"] == "dump":
        return TooLarge(
            f"the graph has more than {limits.max_bytes:,} bytes in this format",
            code="kg.query_too_large",
            hint="ask for parts of it with CONSTRUCT, or raise the limit",
        )
    if problem == "rows":
        limit, setting = f"{limits.max_rows:,} rows", "VIBE_KG_MAX_ROWS"
    else:
        limit, setting = f"{limits.max_bytes:,} bytes", "VIBE_KG_MAX_RESULT_BYTES"
    return TooLarge(
        f"the answer to this query has more than {limit}",
        code="kg.query_too_large",
        hint=f"add LIMIT, ask for fewer variables, or count with COUNT; the limit is {setting}",
        data={"limit": limits.max_rows if problem == "rows" else limits.max_bytes},
    )


def _too_much_memory(memory_bytes: int | None) -> TooLarge:
    allowed = (
        f" than the {memory_bytes // 2**20:,} MB that are allowed" if memory_bytes else " than is allowed"
    )
    return TooLarge(
        f"the query needs more memory{allowed}",
        code="kg.query_too_large",
        hint="avoid ORDER BY, GROUP BY and DISTINCT over everything, and patterns that share no variable; "
        "the limit is VIBE_KG_QUERY_MEMORY_MB",
    )


def not_started(error: OSError) -> Unavailable:
    """Return the error for a process that the system did not give us."""
    return Unavailable(
        f"no query worker could be started: {error}",
        code="worker.not_started",
        hint="the system is out of processes or memory; try again later",
    )
