"""The words of the API about knowledge graphs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vibe_jupyter.core.kg.ontology import OntologyFormat, OntologyPart

__all__ = [
    "GraphFormat",
    "GraphQuery",
    "KgChanged",
    "KgChoice",
    "KgEdge",
    "KgFileChanges",
    "KgFormat",
    "KgGenerate",
    "KgGenerateInput",
    "KgGenerated",
    "KgImpact",
    "KgInfo",
    "KgList",
    "KgNode",
    "KgOptions",
    "KgOutline",
    "KgPath",
    "KgProblem",
    "KgQuery",
    "KgRelated",
    "KgRelations",
    "KgStarted",
    "KgStatus",
    "KgStatusQuery",
    "KgSymbol",
    "KgSymbols",
    "KgTask",
    "KgUpdate",
    "OntologyQuery",
    "PathQuery",
    "SearchQuery",
    "SymbolQuery",
]

KgId = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
GraphFormat = Literal["turtle", "ntriples", "nquads", "jsonld", "rdfxml", "graphml", "graph"]
KgFormat = Literal["json", "xml", "csv", "tsv", "turtle", "ntriples", "jsonld"]
Resolution = Literal["scoped", "imported", "unique-name", "external", "unresolved"]


ProjectFile = Annotated[str, Field(min_length=1, max_length=4096)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class KgOptions(_Strict):
    """How a graph is generated."""

    clean: bool = Field(default=False, description="Read all files anew, also those that did not change.")


class KgGenerate(_Strict):
    """Which project to make the graph of."""

    path: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        description="The project's folder; default: the one you work in.",
    )
    project_id: str | None = Field(
        default=None, min_length=1, max_length=200, description="A project, in place of its folder."
    )
    files: list[ProjectFile] = Field(
        default_factory=list,
        max_length=10_000,
        description="Only these files and folders, relative to the project's; default: all.",
    )
    options: KgOptions = Field(default_factory=KgOptions, description="How it is generated.")


class KgStarted(BaseModel):
    """A graph that is being generated."""

    kg_id: str
    task_id: str


class KgGenerateInput(_Strict):
    """What a task of the type `kg_generate` works on."""

    path: str = Field(default=".", min_length=1, max_length=4096, description="The project's folder.")
    clean: bool = Field(default=False, description="Read all files anew, also those that did not change.")
    files: list[ProjectFile] = Field(
        default_factory=list, description="Only these files and folders, relative to it; default: all."
    )


class KgProblem(BaseModel):
    """A file whose content is not in the graph, and why."""

    path: str
    reason: str


class KgGenerated(BaseModel):
    """What a generation did."""

    kg_id: str
    root: str
    generation: str = Field(description="The state of the graph; as before, if nothing changed.")
    files: int
    parsed: int = Field(description="Files that were new or had changed, and so were read.")
    rewritten: int = Field(description="Files whose part of the graph was written anew.")
    added: int = Field(description="Facts that are new.")
    removed: int = Field(description="Facts that are gone.")
    problems: list[KgProblem] = Field(description="Files that could not be read; at most 200.")
    duration_s: float


class KgInfo(BaseModel):
    """A knowledge graph."""

    kg_id: str
    name: str
    root: str = Field(description="The project's folder.")
    created_at: datetime
    generated_at: datetime | None = Field(
        default=None, description="When it was last changed; null: never yet."
    )
    generation: str | None = None
    facts: int = 0
    user_facts: int = Field(default=0, description="Facts that people added.")
    size_bytes: int = 0
    counts: dict[str, int] = Field(default_factory=dict, description="How many things of each class it has.")


class KgChoice(_Strict):
    """Which graph is meant."""

    kg_id: KgId | None = Field(
        default=None, description="The graph; default: the one that was generated last."
    )


class KgStatusQuery(KgChoice):
    """Which graph is meant."""

    kg_id: KgId | None = Field(default=None, description="The graph; default: that of `path`.")
    path: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        description="A folder: its graph, or that of the nearest folder above which has one.",
    )


class KgFileChanges(BaseModel):
    """Files that are new, changed or gone since, by their size and time; at most 1,000 of each."""

    new: list[str] = Field(default_factory=list)
    changed: list[str] = Field(default_factory=list)
    removed: list[str] = Field(default_factory=list)
    total: int = 0


class KgTask(BaseModel):
    """A task that generates a graph now, or waits to do so."""

    id: str
    state: str
    message: str = Field(default="", description="How far it is.")


class KgStatus(BaseModel):
    """Whether a project has a graph, and whether that is up to date."""

    kg_id: str | None = Field(default=None, description="Null: this project has no graph.")
    root: str = Field(description="The project's folder.")
    generated_at: datetime | None = Field(default=None, description="When the graph last changed.")
    facts: int = 0
    user_facts: int = Field(default=0, description="Facts that people added.")
    size_bytes: int = 0
    files: int = 0
    only: list[str] = Field(default_factory=list, description="The files and folders it was limited to.")
    is_current: bool = Field(default=False, description="Whether no file changed since.")
    changes: KgFileChanges = Field(default_factory=KgFileChanges)
    problem_count: int = 0
    problems: list[KgProblem] = Field(
        default_factory=list, description="Files that could not be read, or not all of; at most 1,000."
    )
    task: KgTask | None = None


class KgNode(BaseModel):
    """Something in a graph: a file, a definition, something outside."""

    id: str = Field(description="Its IRI.")
    kind: str = Field(description="Its class in the graph.")
    label: str
    path: str = ""
    line: int = Field(default=0, description="Where it begins, from 1; 0 for files and things outside.")


class KgEdge(BaseModel):
    """A relation between two nodes."""

    source: str
    target: str
    kind: str = Field(description="The property: `calls`, `imports`, `defines`, ...")


class KgOutline(BaseModel):
    """A graph as nodes and edges."""

    kg_id: str
    nodes: list[KgNode]
    edges: list[KgEdge] = Field(description="All edges between these nodes.")
    total_nodes: int = Field(description="How many nodes the graph has.")
    is_truncated: bool = Field(description="Whether there are more nodes than are told here.")


class KgList(BaseModel):
    """Your knowledge graphs, the one generated last first."""

    graphs: list[KgInfo]


class GraphQuery(_Strict):
    """How the graph itself is to be written."""

    format: GraphFormat = Field(
        default="turtle", description="The form of the answer; `graph`: nodes and edges as JSON."
    )
    max_nodes: int = Field(
        default=5_000,
        ge=1,
        le=100_000,
        description="How many nodes at most, in the forms graph and graphml; the others hold all facts.",
    )


class OntologyQuery(_Strict):
    """What is wanted of the ontology."""

    part: OntologyPart = Field(
        default="words", description="The classes and properties, or the SHACL shapes."
    )
    format: OntologyFormat = Field(default="turtle", description="The form of the answer.")


class KgQuery(KgChoice):
    """A SPARQL query."""

    query: str = Field(min_length=1, max_length=1_000_000, description="SELECT, ASK, CONSTRUCT or DESCRIBE.")
    format: KgFormat | None = Field(
        default=None, description="The form of the answer; default: json for tables, turtle for graphs."
    )
    timeout_s: float | None = Field(
        default=None, ge=0.001, le=3600, description="At most what the settings allow."
    )
    max_rows: int | None = Field(
        default=None, ge=1, description="The first so many rows are enough; without it too many are an error."
    )


class KgUpdate(KgChoice):
    """A change of the facts that people add."""

    update: str = Field(
        min_length=1, max_length=1_000_000, description="SPARQL Update: INSERT, DELETE, CLEAR, ..."
    )


class KgChanged(BaseModel):
    """What an update did."""

    kg_id: str
    added: int
    removed: int
    generation: str


class SymbolQuery(KgChoice):
    """A symbol of the project, and how much is to be told."""

    symbol: str = Field(
        min_length=1,
        max_length=500,
        description="A name, qualified as far as it must be: `charge`, `Order.total`, `shop.billing.charge`.",
    )
    limit: int = Field(default=100, ge=1, le=10_000, description="How many rows at most.")


class PathQuery(KgChoice):
    """Two symbols."""

    source: str = Field(min_length=1, max_length=500, description="Where the way begins.")
    target: str = Field(min_length=1, max_length=500, description="Where it ends.")


class SearchQuery(KgChoice):
    """Words to look for in names and documentation."""

    text: str = Field(min_length=1, max_length=500, description="Words, or parts of names.")
    limit: int = Field(default=20, ge=1, le=1000, description="How many symbols at most.")


class KgSymbol(BaseModel):
    """Something that the project defines, or something outside of it."""

    iri: str
    kind: str = Field(description="Its class in the graph: Function, Method, Class, Module, External, ...")
    name: str
    qualified_name: str
    path: str = Field(default="", description="Its file, relative to the project's root.")
    line: int = Field(
        default=0,
        description="Where it begins, from 1, in a notebook in its cell; 0 for files and things outside.",
    )
    cell: int | None = Field(default=None, description="In a notebook: the cell it is in, from 0.")


class KgSymbols(BaseModel):
    """Symbols that fit words, best first."""

    kg_id: str
    text: str
    symbols: list[KgSymbol]
    is_exact: bool = Field(default=False, description="Whether one of them has the text itself as its name.")
    similar: list[str] = Field(
        default_factory=list, description="If there are none: names that are spelled almost like the text."
    )
    is_truncated: bool = False


class KgRelated(KgSymbol):
    """A symbol, and how it is related to the one that was asked about."""

    at_line: int = Field(
        default=0, description="Where the call stands, in the file of the caller, or in its cell."
    )
    at_cell: int | None = Field(
        default=None, description="In a notebook: the cell in which the call stands, from 0."
    )
    resolution: Resolution = Field(description="How the call's target was found; `unique-name` is a guess.")


class KgRelations(BaseModel):
    """Who calls a symbol, or what it calls."""

    kg_id: str
    symbol: KgSymbol
    relation: Literal["callers", "callees"]
    rows: list[KgRelated]
    is_truncated: bool = False


class KgAffected(KgSymbol):
    """A symbol that a change may reach."""

    depth: int = Field(description="How many steps away; 1 uses the symbol itself.")
    certainty: Literal["certain", "likely"] = Field(
        description="`likely`: on the way is a call whose target is a guess by its name."
    )
    via: str = Field(description="The qualified name of the symbol through which the change comes.")


class KgImpact(BaseModel):
    """What may break when a symbol changes: all that uses it, directly or not."""

    kg_id: str
    symbol: KgSymbol
    rows: list[KgAffected]
    is_truncated: bool = False


class KgPath(BaseModel):
    """The shortest way of calls from one symbol to another; no steps: there is none."""

    kg_id: str
    source: KgSymbol
    target: KgSymbol
    steps: list[KgSymbol]
