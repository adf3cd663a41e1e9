"""The words of the API about the questions that a knowledge graph answers ready-made."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from vibe_jupyter.core.kg.schemas import KgChoice, KgSymbol

__all__ = [
    "DataQuery",
    "KgAnswer",
    "KgAsk",
    "KgCentral",
    "KgCycle",
    "KgCycles",
    "KgDataUse",
    "KgDataUses",
    "KgModule",
    "KgPerson",
    "KgTest",
    "KgTests",
    "KgUnused",
    "KgUnusedSymbol",
    "KgWho",
    "ProjectQuery",
]


class ProjectQuery(KgChoice):
    """A question about the whole project, or a part of it."""

    under: str = Field(
        default="", max_length=4096, description="Only what is in this folder or file: `src/shop`."
    )
    limit: int = Field(default=100, ge=1, le=10_000, description="How many rows at most.")


class DataQuery(KgChoice):
    """A data file, and how much is to be told."""

    file: str = Field(
        min_length=1,
        max_length=4096,
        description="Its name or path, as far as it must be told: `sales.csv`, `data/2024/sales.csv`.",
    )
    limit: int = Field(default=100, ge=1, le=10_000, description="How many rows at most.")


class KgAsk(KgChoice):
    """A question in words."""

    question: str = Field(
        min_length=1,
        max_length=2000,
        description="Such as: who calls Bill.charge; what breaks if I change pay.send; unused code in src; import "
        "cycles; tests for Bill; which notebooks read sales.csv.",
    )


class KgAnswer(BaseModel):
    """What a question in words was taken for, and the answer to that."""

    kg_id: str
    asked: str = Field(description="The operation that answers it: `callers` is `kg.callers`.")
    about: dict[str, str] = Field(description="What it was asked about, as that operation's fields.")
    answer: dict[str, Any] = Field(description="As that operation answers.")


class KgUnusedSymbol(KgSymbol):
    """A definition that nothing seems to use."""

    certainty: Literal["likely", "possible"] = Field(
        description="`likely`: no code of the project names it, and none outside should; `possible`: see `caution`."
    )
    caution: list[str] = Field(description="Why it may be used all the same.")


class KgUnused(BaseModel):
    """Definitions that nothing in the project uses, the likely ones first."""

    kg_id: str
    rows: list[KgUnusedSymbol]
    total: int = Field(description="How many there are, also beyond the limit.")
    examined: int = Field(description="How many functions, methods and classes were looked at.")
    unread: list[str] = Field(
        default_factory=list,
        description="Files that could not be read, or not wholly: what they use is not all known; at most 100.",
    )
    is_truncated: bool = False


class KgCycle(BaseModel):
    """Files that all load one another, directly or not."""

    size: int
    files: list[str] = Field(description="At most 200 of them.")
    cycle: list[str] = Field(
        description="A shortest way round: each loads the next one, the last one the first."
    )


class KgCycles(BaseModel):
    """Import cycles, the largest first."""

    kg_id: str
    rows: list[KgCycle]
    total: int
    is_truncated: bool = False


class KgModule(BaseModel):
    """A file, and how much of the project rests on it."""

    iri: str
    path: str
    rank: float = Field(description="PageRank over imports and calls between files; all of them sum up to 1.")
    used_by: int = Field(description="How many files use it.")
    uses: int = Field(description="How many files it uses.")


class KgCentral(BaseModel):
    """The files that the others rest on, the most central first."""

    kg_id: str
    rows: list[KgModule]
    total: int
    is_truncated: bool = False


class KgTest(KgSymbol):
    """A test, and how it comes to what is asked about."""

    depth: int = Field(description="1: it calls that itself; 2: it calls something that does; ...")
    via: str = Field(description="The qualified name of what it calls on the way.")


class KgTests(BaseModel):
    """The tests that surely run a symbol, the nearest first."""

    kg_id: str
    symbol: KgSymbol
    rows: list[KgTest]
    is_truncated: bool = False


class KgPerson(BaseModel):
    """Somebody who changed a file."""

    iri: str
    name: str
    email: str
    commits: int = Field(description="How many commits of theirs changed the file.")
    share: float = Field(
        description="Of all changes, 0 to 1; a commit a year older than the last one counts half."
    )
    first_at: datetime
    last_at: datetime


class KgWho(BaseModel):
    """Who knows the file of a symbol, by what git says of it; the one who knows it best first."""

    kg_id: str
    symbol: KgSymbol
    commits: int = Field(description="How many commits changed the file.")
    rows: list[KgPerson]
    is_truncated: bool = False


class KgDataUse(KgSymbol):
    """What reads or writes a data file: a function, a module, a cell of a notebook."""

    relation: Literal["reads", "writes"]


class KgDataUses(BaseModel):
    """Who reads and writes a data file."""

    kg_id: str
    file: KgSymbol
    rows: list[KgDataUse]
    is_truncated: bool = False
