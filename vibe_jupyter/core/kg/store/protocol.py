"""What a store of triples offers, wherever it is: here, or behind a SPARQL endpoint one day."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from vibe_jupyter.core.kg.store.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vibe_jupyter.core.settings import Settings

__all__ = [
    "Changes",
    "Limits",
    "QueryResult",
    "Statistics",
    "TripleStore",
    "UpdateResult",
]


@dataclass(frozen=True)
class Limits:
    """What one query may cost."""

    timeout_s: float = 10.0
    max_rows: int = 100_000
    """Rows of SELECT, triples of CONSTRUCT and DESCRIBE."""
    max_bytes: int = 64 * 2**20
    """Size of the answer."""

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return what the settings say."""
        return cls(settings.kg_query_timeout_s, settings.kg_max_rows, settings.kg_max_result_bytes)


@dataclass(frozen=True)
class QueryResult:
    """A whole answer; one that was stopped half-way is an error instead."""

    kind: Literal["solutions", "boolean", "graph"]
    format: str
    """Its name in `formats.FORMATS`."""
    chunks: Sequence[bytes] = field(repr=False)
    """The text in pieces, as it arrived."""
    generation: str
    """The state of the graph that was asked."""
    truncated: bool = False
    """Whether there are more rows than those that were asked for."""

    @cached_property
    def body(self) -> bytes:
        """The text."""
        return b"".join(self.chunks)

    @property
    def size_bytes(self) -> int:
        """The length of the text."""
        return sum(map(len, self.chunks))

    @property
    def media_type(self) -> str:
        """What the text is, for HTTP."""
        return FORMATS[self.format].media_type


@dataclass(frozen=True)
class Changes:
    """A difference between two states of the generated facts.

    Each element is one or more whole lines of N-Triples, without blank nodes. What is removed and added stays.
    """

    removed: Iterable[str] = ()
    added: Iterable[str] = ()


@dataclass(frozen=True)
class UpdateResult:
    """What a change did to the graph."""

    added: int
    removed: int
    generation: str
    """The state of the graph now; as before, if nothing changed."""


@dataclass(frozen=True)
class Statistics:
    """How large a graph is."""

    generation: str
    number: int
    """How many generations it had."""
    triples: int
    """Facts, of generation and of people."""
    user_facts: int
    """Of these, facts that people added."""
    size_bytes: int
    """On disk, of this generation; files that it shares with the one before are counted."""
    written_at: float
    """In seconds since 1970."""


@runtime_checkable
class TripleStore(Protocol):
    """One graph that can be asked and changed."""

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
        """Answer a SPARQL query."""
        ...

    async def update(self, text: str) -> UpdateResult:
        """Change the facts of people by SPARQL Update."""
        ...

    async def apply(self, changes: Changes) -> UpdateResult:
        """Change the generated facts."""
        ...

    async def statistics(self) -> Statistics:
        """Tell how large the graph is."""
        ...
