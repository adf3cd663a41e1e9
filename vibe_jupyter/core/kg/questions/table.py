"""The questions that a graph answers ready-made: for operations, the oracle and the pages that list them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from vibe_jupyter.core.kg.question_schemas import (
    DataQuery,
    KgCentral,
    KgCycles,
    KgDataUses,
    KgTests,
    KgUnused,
    KgWho,
    ProjectQuery,
)
from vibe_jupyter.core.kg.schemas import (
    KgChoice,
    KgImpact,
    KgPath,
    KgRelations,
    KgSymbols,
    PathQuery,
    SearchQuery,
    SymbolQuery,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyoxigraph as ox

    from vibe_jupyter.core.kg.catalog import Graph

__all__ = ["QUESTIONS", "GraphState", "Question", "answer_on"]

Q = TypeVar("Q", bound=KgChoice)
A = TypeVar("A", bound=BaseModel)


class GraphState(NamedTuple):
    """The current state of a graph, open for reading.

    Args:
        store: its facts.
        kg_id: its id.
        root: the project's folder.
        beside: the folder of what the builder keeps with this generation.
    """

    store: ox.Store
    kg_id: str
    root: Path
    beside: Path


@dataclass(frozen=True)
class Question(Generic[Q, A]):
    """A question, and how it is answered.

    Args:
        name: `callers` is the operation `kg.callers`.
        query: what has to be told.
        answer: what comes back.
        ask: answers it on the current state of a graph; blocks, within bounds.
    """

    name: str
    query: type[Q]
    answer: type[A]
    ask: Callable[[GraphState, Q], A]


def _find(state: GraphState, query: SearchQuery) -> KgSymbols:
    from vibe_jupyter.core.kg.questions.find import find

    return find(state.store, state.kg_id, state.beside, query.text, query.limit)


def _callers(state: GraphState, query: SymbolQuery) -> KgRelations:
    from vibe_jupyter.core.kg.questions.calls import related

    return related(state.store, state.kg_id, query.symbol, "callers", query.limit)


def _callees(state: GraphState, query: SymbolQuery) -> KgRelations:
    from vibe_jupyter.core.kg.questions.calls import related

    return related(state.store, state.kg_id, query.symbol, "callees", query.limit)


def _impact(state: GraphState, query: SymbolQuery) -> KgImpact:
    from vibe_jupyter.core.kg.questions.calls import impact

    return impact(state.store, state.kg_id, query.symbol, query.limit)


def _path(state: GraphState, query: PathQuery) -> KgPath:
    from vibe_jupyter.core.kg.questions.calls import path_between

    return path_between(state.store, state.kg_id, query.source, query.target)


def _tests(state: GraphState, query: SymbolQuery) -> KgTests:
    from vibe_jupyter.core.kg.questions.tests_of import tests_of

    return tests_of(state.store, state.kg_id, query.symbol, query.limit)


def _unused(state: GraphState, query: ProjectQuery) -> KgUnused:
    from vibe_jupyter.core.kg.questions.unused import unused

    return unused(state.store, state.kg_id, state.root, query.under, query.limit)


def _cycles(state: GraphState, query: ProjectQuery) -> KgCycles:
    from vibe_jupyter.core.kg.questions.cycles import import_cycles

    return import_cycles(state.store, state.kg_id, query.under, query.limit)


def _central(state: GraphState, query: ProjectQuery) -> KgCentral:
    from vibe_jupyter.core.kg.questions.central import central_modules

    return central_modules(state.store, state.kg_id, query.under, query.limit)


def _data(state: GraphState, query: DataQuery) -> KgDataUses:
    from vibe_jupyter.core.kg.questions.data_uses import data_uses

    return data_uses(state.store, state.kg_id, query.file, query.limit)


def _who(state: GraphState, query: SymbolQuery) -> KgWho:
    from vibe_jupyter.core.kg.questions.who import who_knows

    return who_knows(state.store, state.kg_id, query.symbol, query.limit)


class QUESTIONS:
    """All questions."""

    find = Question("find", SearchQuery, KgSymbols, _find)
    callers = Question("callers", SymbolQuery, KgRelations, _callers)
    callees = Question("callees", SymbolQuery, KgRelations, _callees)
    impact = Question("impact", SymbolQuery, KgImpact, _impact)
    path = Question("path", PathQuery, KgPath, _path)
    tests = Question("tests", SymbolQuery, KgTests, _tests)
    unused = Question("unused", ProjectQuery, KgUnused, _unused)
    cycles = Question("cycles", ProjectQuery, KgCycles, _cycles)
    central = Question("central", ProjectQuery, KgCentral, _central)
    data = Question("data", DataQuery, KgDataUses, _data)
    who = Question("who", SymbolQuery, KgWho, _who)


def answer_on(graph: Graph, question: Question[Q, A], query: Q) -> A:
    """Answer a question in this thread.

    Raises:
        NotFound: `kg.empty`, and what the question names that is not there.
        Conflict: `kg.ambiguous_symbol`, `kg.ambiguous_data_file`, `kg.outdated`.
    """
    from pathlib import Path

    import pyoxigraph as ox

    from vibe_jupyter.core.kg.store.generations import GraphFolder, pinned
    from vibe_jupyter.core.kg.store.writing import beside

    with pinned(GraphFolder(graph.folder)) as generation:
        store = ox.Store.read_only(str(generation.store))
        return question.ask(GraphState(store, graph.kg_id, Path(graph.root), beside(generation)), query)
