"""What can be done with knowledge graphs: have them made, look at them, ask them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from vibe_jupyter.core import paths
from vibe_jupyter.core.errors import InvalidInput, NotFound
from vibe_jupyter.core.kg.catalog import Graph, GraphCatalog
from vibe_jupyter.core.kg.schemas import KgChanged, KgInfo, KgList, KgStarted, KgStatus, KgTask
from vibe_jupyter.core.kg.service_description import service_description
from vibe_jupyter.core.operations import Document
from vibe_jupyter.core.tasks.schemas import HistoryQuery, TaskCreate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.kg.questions.table import Question
    from vibe_jupyter.core.kg.schemas import GraphQuery, KgChoice, KgGenerate, KgQuery, KgStatusQuery
    from vibe_jupyter.core.kg.store.local import LocalStore
    from vibe_jupyter.core.kg.store.pool import QueryPool
    from vibe_jupyter.core.kg.store.protocol import QueryResult
    from vibe_jupyter.core.settings import Settings
    from vibe_jupyter.core.tasks.schemas import TaskState
    from vibe_jupyter.core.tasks.service import TaskService

__all__ = ["KgService"]

Q = TypeVar("Q", bound="KgChoice")
A = TypeVar("A", bound="BaseModel")

_ENDINGS = {
    "json": "srj",
    "xml": "srx",
    "csv": "csv",
    "tsv": "tsv",
    "turtle": "ttl",
    "ntriples": "nt",
    "jsonld": "jsonld",
    "rdfxml": "rdf",
    "nquads": "nq",
}
_COUNTS = "SELECT ?class (COUNT(?s) AS ?n) { ?s a ?class } GROUP BY ?class"


class KgService:
    """The knowledge graphs of this installation.

    Args:
        settings: where they lie, and what a query may cost.
        tasks: generates them, as tasks.
        root: folder that relative paths start from.
        allowed_roots: gives the folders that a user's graphs may be made of.
        project_root: gives the folder of one of a user's projects.
    """

    def __init__(
        self,
        settings: Settings,
        tasks: TaskService,
        root: Path,
        allowed_roots: Callable[[str], Any],
        project_root: Callable[[str, str], Awaitable[Path]],
    ) -> None:
        self.catalog = GraphCatalog(settings.data_dir / "kg")
        self._settings = settings
        self._tasks = tasks
        self._root = root
        self._allowed_roots = allowed_roots
        self._project_root = project_root
        self._pool: QueryPool | None = None

    async def close(self) -> None:
        """End the processes that answer queries."""
        if self._pool is not None:
            await self._pool.close()

    async def generate(self, principal: Principal, body: KgGenerate) -> KgStarted:
        """Have a project's graph made, or brought up to date, by a task.

        Raises:
            NotFound, Forbidden, InvalidInput: about the path, or `project.not_found`.
        """
        if body.project_id is not None and body.path is not None:
            raise _two_projects()
        if body.project_id is not None:
            folder = await self._project_root(principal.user_id, body.project_id)
        else:
            allowed = await self._allowed_roots(principal.user_id)
            folder = await asyncio.to_thread(self._project_folder, body.path or ".", allowed)
        files = await asyncio.to_thread(_chosen_files, folder, body.files)
        graph = await asyncio.to_thread(self.catalog.register, principal.user_id, folder)
        task = await self._tasks.create(
            principal,
            TaskCreate(
                type="kg_generate",
                input={"path": str(folder), "clean": body.options.clean, "files": files},
                root=str(folder),
                project_id=body.project_id,
            ),
        )
        return KgStarted(kg_id=graph.kg_id, task_id=orjson.loads(task)["id"])

    async def list_graphs(self, principal: Principal) -> KgList:
        """Return a user's graphs."""
        graphs = await asyncio.to_thread(self.catalog.list, principal.user_id)
        return KgList(graphs=[await self._info(graph) for graph in graphs])

    async def get(self, principal: Principal, kg_id: str) -> KgInfo:
        """Return a graph's numbers, with how many things of each class it has.

        Raises:
            NotFound: `kg.not_found`.
        """
        graph = await self._graph(principal, kg_id)
        info = await self._info(graph)
        if info.generation is not None:
            found = await self._store(graph).query(_COUNTS, formats=["json"])
            for row in orjson.loads(found.body)["results"]["bindings"]:
                name = row["class"]["value"]
                info.counts[name.rpartition("#")[2] or name] = int(row["n"]["value"])
            info.counts = dict(sorted(info.counts.items(), key=lambda item: (-item[1], item[0])))
        return info

    async def status(self, principal: Principal, query: KgStatusQuery) -> KgStatus:
        """Return whether the graph of a project is up to date.

        Raises:
            NotFound: `kg.not_found`, or about the path.
        """
        graph, root = await self._meant(principal, query)
        if graph is None:
            return KgStatus(root=root, task=await self._generating(principal, root))
        from vibe_jupyter.core.kg.freshness import add_freshness

        info = await self._info(graph)
        status = KgStatus(
            kg_id=graph.kg_id,
            root=graph.root,
            task=await self._generating(principal, graph.root),
            generated_at=info.generated_at,
            facts=info.facts,
            user_facts=info.user_facts,
            size_bytes=info.size_bytes,
        )
        if info.generation is not None:
            await asyncio.to_thread(add_freshness, status, graph)
        return status

    async def _meant(self, principal: Principal, query: KgStatusQuery) -> tuple[Graph | None, str]:
        """Return the graph that is meant, or None with the folder that has none."""
        if query.kg_id is not None:
            return await self._graph(principal, query.kg_id), ""
        allowed = await self._allowed_roots(principal.user_id)
        folder = await asyncio.to_thread(self._project_folder, query.path or ".", allowed)
        graphs = {g.root: g for g in await asyncio.to_thread(self.catalog.list, principal.user_id)}
        found = next((graphs[str(at)] for at in (folder, *folder.parents) if str(at) in graphs), None)
        return found, str(folder)

    async def _generating(self, principal: Principal, root: str) -> KgTask | None:
        states: tuple[TaskState, ...] = ("running", "queued")
        for state in states:
            query = HistoryQuery(type="kg_generate", state=state, results=False, limit=50)
            for task in orjson.loads(await self._tasks.history(principal, query))["items"]:
                if task["root"] == root:
                    message = (task.get("progress") or {}).get("message") or ""
                    return KgTask(id=task["id"], state=state, message=message)
        return None

    async def export(self, principal: Principal, kg_id: str, query: GraphQuery) -> Document:
        """Return the whole graph.

        Raises:
            NotFound: `kg.not_found`, `kg.empty`.
        """
        graph = await self._graph(principal, kg_id)
        if query.format == "graph" or query.format == "graphml":
            return await asyncio.to_thread(_outlined, graph, query.format, query.max_nodes)
        return _document(graph, await self._store(graph).dump(query.format))

    async def query(
        self, principal: Principal, body: KgQuery, formats: Sequence[str] = ("json", "turtle")
    ) -> Document:
        """Answer a SPARQL query.

        Args:
            principal: who asks.
            body: what.
            formats: the forms that would do, best first, where the body names none.

        Raises:
            NotAcceptable: `kg.not_acceptable`, where none of them can hold the answer.
            NotFound: `kg.not_found`, `kg.none`, `kg.empty`.
            VibeError: `kg.query_refused`, `kg.query_syntax`, `kg.query_timeout`, `kg.query_too_large`.
        """
        graph = await self._chosen(principal, body.kg_id)
        result = await self._store(graph).query(
            body.query,
            formats=[body.format] if body.format else formats,
            timeout_s=body.timeout_s,
            max_rows=body.max_rows,
        )
        return _document(graph, result)

    async def sparql(
        self,
        principal: Principal,
        kg_id: str,
        text: str,
        *,
        formats: Sequence[str],
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
    ) -> tuple[bytes, str]:
        """Answer a query as the SPARQL Protocol does; return the answer with its media type.

        Raises:
            NotAcceptable: `kg.not_acceptable`, where none of the formats can hold the answer.
            VibeError: see `query`.
        """
        graph = await self._graph(principal, kg_id)
        result = await self._store(graph).query(
            text, formats=formats, default_graphs=default_graphs, named_graphs=named_graphs
        )
        return result.body, result.media_type

    async def change(
        self,
        principal: Principal,
        kg_id: str | None,
        text: str,
        *,
        using_graphs: Sequence[str] = (),
        using_named_graphs: Sequence[str] = (),
    ) -> KgChanged:
        """Add or remove facts of people by SPARQL Update.

        Raises:
            NotFound: `kg.not_found`, `kg.none`, `kg.empty`.
            Conflict: `kg.busy`, `kg.generated_fact`.
            VibeError: `kg.query_refused`, `kg.query_syntax`, `kg.query_timeout`.
        """
        graph = await self._chosen(principal, kg_id)
        done = await self._store(graph).update(
            text, using_graphs=using_graphs, using_named_graphs=using_named_graphs
        )
        return KgChanged(
            kg_id=graph.kg_id, added=done.added, removed=done.removed, generation=done.generation
        )

    async def describe_service(
        self, principal: Principal, kg_id: str, endpoint: str, formats: Sequence[str]
    ) -> tuple[bytes, str]:
        """Describe a graph's SPARQL endpoint, in SPARQL's own words; return that with its media type."""
        graph = await self._graph(principal, kg_id)
        result = await self._store(graph).query(service_description(endpoint), formats=formats)
        return result.body, result.media_type

    @staticmethod
    def media_types(*, of_graphs: bool = False) -> dict[str, str]:
        """Return the names of the formats by their media types: all, or those that hold a graph."""
        from vibe_jupyter.core.kg.store.formats import FORMATS, GRAPH_FORMATS

        names = GRAPH_FORMATS if of_graphs else tuple(FORMATS)
        return {FORMATS[name].media_type: name for name in names}

    async def answer(self, principal: Principal, question: Question[Q, A], query: Q) -> A:
        """Answer one of the questions of `questions.table`, on the current state of a graph.

        Raises:
            NotFound: `kg.not_found`, `kg.none`, `kg.empty`, and what the question names that is not there.
            Conflict: `kg.ambiguous_symbol`, `kg.ambiguous_data_file`.
        """
        from vibe_jupyter.core.kg.questions.table import answer_on

        return await asyncio.to_thread(answer_on, await self._chosen(principal, query.kg_id), question, query)

    async def remove(self, principal: Principal, kg_id: str) -> KgInfo:
        """Remove a graph from the disk; answers with what was removed.

        Raises:
            NotFound: `kg.not_found`.
            Conflict: `kg.busy`.
        """
        graph = await self._graph(principal, kg_id)
        info = await self._info(graph)
        from vibe_jupyter.core.kg.build.generate import generating
        from vibe_jupyter.core.kg.store.generations import GraphFolder

        store = self._store(graph)
        with generating(GraphFolder(graph.folder)):  # a look at a lock: at once, or `kg.busy`
            await store.remove()
        return info

    async def _graph(self, principal: Principal, kg_id: str) -> Graph:
        return await asyncio.to_thread(self.catalog.get, principal.user_id, kg_id)

    async def _chosen(self, principal: Principal, kg_id: str | None) -> Graph:
        return await asyncio.to_thread(self.catalog.chosen, principal.user_id, kg_id)

    def _project_folder(self, path: str, allowed: Sequence[Path]) -> Path:
        folder = paths.resolve(path, self._root, allowed)
        if not folder.is_dir():
            raise InvalidInput(
                f"{path} is not a folder",
                code="kg.not_a_folder",
                hint=f"name the folder it is in: {folder.parent}",
            )
        return folder

    def _store(self, graph: Graph) -> LocalStore:
        from vibe_jupyter.core.kg.model.names import graph_base
        from vibe_jupyter.core.kg.store.local import LocalStore
        from vibe_jupyter.core.kg.store.pool import QueryPool
        from vibe_jupyter.core.kg.store.protocol import Limits

        if self._pool is None:
            self._pool = QueryPool.of(self._settings)
        return LocalStore(graph.folder, self._pool, Limits.of(self._settings), base=graph_base(graph.kg_id))

    async def _info(self, graph: Graph) -> KgInfo:
        info = KgInfo(kg_id=graph.kg_id, name=graph.name, root=graph.root, created_at=graph.created_at)
        try:
            statistics = await self._store(graph).statistics()
        except NotFound:  # generated for the first time right now, or never
            return info
        info.generated_at = datetime.fromtimestamp(statistics.written_at, UTC)
        info.generation = statistics.generation
        info.facts, info.user_facts = statistics.triples, statistics.user_facts
        info.size_bytes = statistics.size_bytes
        return info


def _two_projects() -> InvalidInput:
    return InvalidInput("a project is named by project_id or by path, not by both", code="kg.two_projects")


def _chosen_files(folder: Path, files: Sequence[str]) -> list[str]:
    """Return files and folders of a project as paths relative to it.

    Raises:
        NotFound, Forbidden, InvalidInput: about one of them.
    """
    found = {paths.resolve(file, folder, [folder]).relative_to(folder).as_posix() for file in files}
    return [] if "." in found else sorted(found)


def _outlined(graph: Graph, shape: str, max_nodes: int) -> Document:
    import pyoxigraph as ox

    from vibe_jupyter.core.kg.property_graph import GRAPHML_TYPE, OUTLINE_TYPE, as_graphml, outline
    from vibe_jupyter.core.kg.store.generations import GraphFolder, pinned

    with pinned(GraphFolder(graph.folder)) as generation:
        found = outline(ox.Store.read_only(str(generation.store)), graph.kg_id, max_nodes)
    if shape == "graphml":
        return Document(
            content=as_graphml(found).encode(),
            media_type=GRAPHML_TYPE,
            filename=f"{graph.kg_id}.graphml",
        )
    return Document(
        content=orjson.dumps(found.model_dump()), media_type=OUTLINE_TYPE, filename=f"{graph.kg_id}.json"
    )


def _document(graph: Graph, result: QueryResult) -> Document:
    return Document(
        content=result.body,
        media_type=result.media_type,
        filename=f"{graph.kg_id}.{_ENDINGS.get(result.format, 'txt')}",
    )
