"""The public operations of knowledge graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.ontology import ontology_document
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
from vibe_jupyter.core.kg.questions.table import QUESTIONS
from vibe_jupyter.core.kg.schemas import (
    GraphQuery,
    KgChanged,
    KgGenerate,
    KgImpact,
    KgInfo,
    KgList,
    KgPath,
    KgQuery,
    KgRelations,
    KgStarted,
    KgStatus,
    KgStatusQuery,
    KgSymbols,
    KgUpdate,
    OntologyQuery,
    PathQuery,
    SearchQuery,
    SymbolQuery,
)
from vibe_jupyter.core.operations import Document, operation

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.platform import Platform

__all__ = ["OPERATIONS"]


@operation(
    "kg.generate",
    "POST /kg/generate",
    verb="kg generate",
    positional="path",
    scope="kg:write",
    status=202,
    hidden=("options", "files"),
    mcp=True,
)
async def generate_graph(platform: Platform, principal: Principal, body: KgGenerate) -> KgStarted:
    """Make the knowledge graph of a project, or bring it up to date: a task does it.

    Only files that changed are read again; the graph keeps its id.
    """
    return await platform.kg.generate(principal, body)


@operation("kg.status", "GET /kg/status", verb="kg status", positional="path", scope="kg:read", mcp=True)
async def graph_status(platform: Platform, principal: Principal, query: KgStatusQuery) -> KgStatus:
    """Show whether a project's graph is up to date: when it was made, which files changed since, what failed.

    Files that could not be read are listed with the reason, and the task that generates it now, if there is one.
    """
    return await platform.kg.status(principal, query)


@operation("kg.list", "GET /kg/list", verb="kg list", scope="kg:read", mcp=True)
async def list_graphs(platform: Platform, principal: Principal) -> KgList:
    """List your knowledge graphs, the one generated last first."""
    return await platform.kg.list_graphs(principal)


@operation("kg.query", "POST /kg/query", verb="kg query", positional="query", scope="kg:read", mcp=True)
async def query_graph(platform: Platform, principal: Principal, body: KgQuery) -> Document:
    """Ask a knowledge graph with SPARQL: SELECT, ASK, CONSTRUCT or DESCRIBE.

    The prefixes code:, rdf:, rdfs:, xsd:, schema:, prov:, doap:, skos:, spdx:, dcterms: need not be declared.
    """
    return await platform.kg.query(principal, body)


@operation("kg.update", "POST /kg/update", verb="kg update", positional="update", scope="kg:write")
async def update_graph(platform: Platform, principal: Principal, body: KgUpdate) -> KgChanged:
    """Add facts of your own to a knowledge graph with SPARQL Update, or remove them; they survive generations."""
    return await platform.kg.change(principal, body.kg_id, body.update)


@operation("kg.find", "GET /kg/find", verb="kg find", positional="text", scope="kg:read", mcp=True)
async def find_symbols(platform: Platform, principal: Principal, query: SearchQuery) -> KgSymbols:
    """Find functions, classes and modules by words of their names and documentation."""
    return await platform.kg.answer(principal, QUESTIONS.find, query)


@operation("kg.callers", "GET /kg/callers", verb="kg callers", positional="symbol", scope="kg:read", mcp=True)
async def symbol_callers(platform: Platform, principal: Principal, query: SymbolQuery) -> KgRelations:
    """Show who calls a function, method or class, call site by call site."""
    return await platform.kg.answer(principal, QUESTIONS.callers, query)


@operation("kg.callees", "GET /kg/callees", verb="kg callees", positional="symbol", scope="kg:read", mcp=True)
async def symbol_callees(platform: Platform, principal: Principal, query: SymbolQuery) -> KgRelations:
    """Show what a function or method calls, call site by call site."""
    return await platform.kg.answer(principal, QUESTIONS.callees, query)


@operation("kg.impact", "GET /kg/impact", verb="kg impact", positional="symbol", scope="kg:read", mcp=True)
async def symbol_impact(platform: Platform, principal: Principal, query: SymbolQuery) -> KgImpact:
    """Show what may break when a symbol changes: all that uses it, directly or not, and how certain that is."""
    return await platform.kg.answer(principal, QUESTIONS.impact, query)


@operation("kg.path", "GET /kg/path", verb="kg path", positional="source target", scope="kg:read", mcp=True)
async def symbol_path(platform: Platform, principal: Principal, query: PathQuery) -> KgPath:
    """Show the shortest way of calls from one symbol to another."""
    return await platform.kg.answer(principal, QUESTIONS.path, query)


@operation("kg.tests", "GET /kg/tests", verb="kg tests", positional="symbol", scope="kg:read", mcp=True)
async def symbol_tests(platform: Platform, principal: Principal, query: SymbolQuery) -> KgTests:
    """Show the tests that run a symbol, those that call it themselves first."""
    return await platform.kg.answer(principal, QUESTIONS.tests, query)


@operation("kg.unused", "GET /kg/unused", verb="kg unused", positional="under", scope="kg:read", mcp=True)
async def unused_symbols(platform: Platform, principal: Principal, query: ProjectQuery) -> KgUnused:
    """Show functions, methods and classes that nothing uses, and why one should be careful all the same."""
    return await platform.kg.answer(principal, QUESTIONS.unused, query)


@operation("kg.cycles", "GET /kg/cycles", verb="kg cycles", positional="under", scope="kg:read", mcp=True)
async def import_cycles(platform: Platform, principal: Principal, query: ProjectQuery) -> KgCycles:
    """Show files that import themselves in a circle, each with a shortest way round."""
    return await platform.kg.answer(principal, QUESTIONS.cycles, query)


@operation("kg.central", "GET /kg/central", verb="kg central", positional="under", scope="kg:read", mcp=True)
async def central_modules(platform: Platform, principal: Principal, query: ProjectQuery) -> KgCentral:
    """Show the files that the rest of the project stands on, the most central first."""
    return await platform.kg.answer(principal, QUESTIONS.central, query)


@operation("kg.data", "GET /kg/data", verb="kg data", positional="file", scope="kg:read", mcp=True)
async def data_file_uses(platform: Platform, principal: Principal, query: DataQuery) -> KgDataUses:
    """Show which notebooks and code read or write a data file."""
    return await platform.kg.answer(principal, QUESTIONS.data, query)


@operation("kg.who", "GET /kg/who", verb="kg who", positional="symbol", scope="kg:read", mcp=True)
async def people_who_know(platform: Platform, principal: Principal, query: SymbolQuery) -> KgWho:
    """Show who knows a symbol or file: who changed it in git, how often and when last."""
    return await platform.kg.answer(principal, QUESTIONS.who, query)


@operation("kg.get", "GET /kg/{kg_id}", verb="kg show", positional="kg_id", scope="kg:read", mcp=True)
async def get_graph(platform: Platform, principal: Principal, kg_id: str) -> KgInfo:
    """Show a knowledge graph: its project, its size, and how many things of each class it has."""
    return await platform.kg.get(principal, kg_id)


@operation("kg.export", "GET /kg/{kg_id}/graph", verb="kg export", positional="kg_id", scope="kg:read")
async def export_graph(platform: Platform, principal: Principal, kg_id: str, query: GraphQuery) -> Document:
    """Get the whole graph as a file: Turtle, N-Triples, N-Quads, JSON-LD, RDF/XML, GraphML, or nodes and edges."""
    return await platform.kg.export(principal, kg_id, query)


@operation("kg.remove", "DELETE /kg/{kg_id}", verb="kg remove", positional="kg_id", scope="kg:write")
async def remove_graph(platform: Platform, principal: Principal, kg_id: str) -> KgInfo:
    """Remove a knowledge graph from the disk, with the facts that people added; the project stays as it is."""
    return await platform.kg.remove(principal, kg_id)


@operation("kg.ontology", "GET /kg/ontology", verb="kg ontology", scope="kg:read", mcp=True)
async def graph_ontology(platform: Platform, principal: Principal, query: OntologyQuery) -> Document:
    """Get the words that graphs are written in, as an ontology, or the SHACL shapes that graphs keep."""
    return ontology_document(query.part, query.format)


OPERATIONS = (
    generate_graph,
    graph_status,
    list_graphs,
    graph_ontology,
    query_graph,
    update_graph,
    find_symbols,
    symbol_callers,
    symbol_callees,
    symbol_impact,
    symbol_path,
    symbol_tests,
    unused_symbols,
    import_cycles,
    central_modules,
    data_file_uses,
    people_who_know,
    get_graph,
    export_graph,
    remove_graph,
)
