"""Our call edges of a Python project, held against what scip-python says of the same call sites."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox

from benchmarks.scip import is_of_project
from benchmarks.scip_index import ScipIndex, is_local
from vibe_jupyter.core.kg.build.builder import Builder
from vibe_jupyter.core.kg.build.facts_cache import FactsCache
from vibe_jupyter.core.kg.extract.facts import FileFacts
from vibe_jupyter.core.kg.languages.registry import extract
from vibe_jupyter.core.kg.model.names import CODE, call_fragments, definition_fragments, file_iri, graph_base

__all__ = ["CERTAIN", "Definitions", "Score", "facts_of", "score_python"]

_BASE = graph_base("measured")
CERTAIN = frozenset({"scoped", "imported"})


class Site(NamedTuple):
    """One call site of the graph: where, who calls, how it was resolved, and to which definitions of the project."""

    path: str
    line: int
    column: int
    name: str
    caller: str
    way: str
    answers: tuple[str, ...]


class Score:
    """Counts of one package."""

    def __init__(self) -> None:
        self.ways: dict[str, Counter[str]] = defaultdict(Counter)
        self.true_sites = 0
        self.contradicted = 0
        self.true_edges: set[tuple[str, str]] = set()
        self.our_edges: set[tuple[str, str]] = set()

    def site(self, found: Site, truth: str | None) -> None:
        """Count a site whose callee the judge knows; `truth` is None where that is no function of the project."""
        if truth is not None:
            self.true_sites += 1
            self.true_edges.add((found.caller, truth))
        right = truth is not None and truth in found.answers
        way = self.ways[found.way]
        way["right"] += right
        way["wrong"] += len(found.answers) - right
        if found.way in CERTAIN:
            self.our_edges.update((found.caller, answer) for answer in found.answers)

    @property
    def sites(self) -> tuple[float, float]:
        """Precision and recall per call site, of the certain ways."""
        right = sum(self.ways[way]["right"] for way in CERTAIN)
        wrong = sum(self.ways[way]["wrong"] for way in CERTAIN)
        return right / max(1, right + wrong), right / max(1, self.true_sites)

    @property
    def edges(self) -> tuple[float, float]:
        """Precision and recall per pair of caller and callee."""
        right = len(self.true_edges & self.our_edges)
        return right / max(1, len(self.our_edges)), right / max(1, len(self.true_edges))


def facts_of(root: Path) -> dict[str, FileFacts]:
    """Return the facts of a project's Python files by their paths."""
    return {
        path.relative_to(root).as_posix(): extract("python", path.read_bytes())
        for path in sorted(root.rglob("*.py"))
    }


def score_python(root: Path, folder: Path, index: ScipIndex) -> Score:
    """Build the graph of a project in a folder, and judge each of its call sites."""
    facts = facts_of(root)
    definitions = Definitions(facts)
    score = Score()
    for site in _sites(root, folder, facts, definitions):
        symbol = index.at.get(site.path, {}).get((site.line, site.column))
        if symbol is None or is_local(symbol):
            continue
        if not is_of_project(symbol):
            score.site(site, None)
            continue
        if symbol not in index.defined:
            continue
        if not symbol.endswith(("().", "#")):  # a variable, an attribute: no function
            score.site(site, None)
            continue
        name = symbol.rstrip("().#").split("/")[-1].split("#")[-1]
        if name != site.name and not _renames(facts[site.path], name, site.name):
            score.contradicted += 1
            continue
        truths = [definitions.near(path, line, name) for path, line, _column in index.defined[symbol]]
        known = [truth for truth in truths if truth is not None]
        if known:
            score.site(site, next((truth for truth in known if truth in site.answers), known[0]))
    return score


def _renames(facts: FileFacts, name: str, local: str) -> bool:
    """Whether a file imports a name under another one."""
    bindings = (binding for scope in facts.scopes for binding in scope.names.get(local, ()))
    return any(binding.kind == "member" and binding.name == name for binding in bindings)


class Definitions:
    """The definitions of a project: a key for each path and qualified name, whatever its ordinal."""

    def __init__(self, facts: dict[str, FileFacts]) -> None:
        self.by_iri: dict[str, str] = {}
        self._by_place: dict[tuple[str, int, str], str] = {}
        for path, file in facts.items():
            self.by_iri[file_iri(_BASE, path)] = path
            for definition, fragment in zip(file.definitions, definition_fragments(file), strict=True):
                key = path + "#" + ".".join(part.partition("~")[0] for part in fragment.split("."))
                self.by_iri[f"{file_iri(_BASE, path)}#{fragment}"] = key
                if definition.kind in ("class", "function", "method"):
                    self._by_place.setdefault((path, definition.name_line, definition.name), key)

    def near(self, path: str, line: int, name: str) -> str | None:
        """Return the definition of a name at a line; the judge may point at a decorator up to 3 lines above."""
        found = (self._by_place.get((path, line + more, name)) for more in (0, 1, 2, 3, -1))
        return next((key for key in found if key), None)


def _sites(root: Path, folder: Path, facts: dict[str, FileFacts], definitions: Definitions) -> list[Site]:
    """Build the graph and read its call sites back from the triples."""
    with closing(FactsCache(folder / "facts.db")) as cache:
        builder = Builder("measured", root, cache)
        changes = builder.plan()
        triples: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for block in builder.blocks(changes):
            for quad in ox.parse(block.encode(), format=ox.RdfFormat.N_TRIPLES):
                assert isinstance(quad.subject, ox.NamedNode)
                assert isinstance(quad.object, ox.NamedNode | ox.Literal)
                triples[quad.subject.value][quad.predicate.value].append(quad.object.value)
    sites = []
    for path, file in facts.items():
        for call, fragment in zip(file.calls, call_fragments(file, definition_fragments(file)), strict=True):
            said = triples[f"{file_iri(_BASE, path)}#{fragment}"]
            if not said:
                continue  # the scan left this file out
            answers = {definitions.by_iri[iri] for iri in said[f"{CODE}callee"] if iri in definitions.by_iri}
            caller = definitions.by_iri[said[f"{CODE}caller"][0]]
            way = said[f"{CODE}resolution"][0]
            name = call.callee.rpartition(".")[2]
            sites.append(Site(path, call.line, call.column, name, caller, way, tuple(sorted(answers))))
    return sites
