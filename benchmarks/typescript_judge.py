"""Our call edges of a TypeScript project, held against what scip-typescript (the compiler) says of the same sites.

A call site counts where the compiler resolves the called name to something that the package itself defines as a
function, method or class; so do functions that are local to a function. An answer elsewhere, or for something that is
no function of the package, is a false positive. Callers and callees are compared by file and qualified name; overloads
of one name are one function.

Sites that the index leaves open count for nobody: those without a symbol, or with a local one that has no definition
(so are, to it, names that a module re-exports one by one, read through `import * as`). Otherwise the figures are
strict: of a value that is one of several types the index names the first type's method only, and a name that was taken
out of an object (`const {run} = Tasks`) is to it a variable, so right answers there count as wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from tree_sitter import Language, Node, Parser

from benchmarks.scip_index import ScipIndex
from vibe_jupyter.core.kg.extract.facts import FileFacts
from vibe_jupyter.core.kg.extract.javascript_settings import extract_settings
from vibe_jupyter.core.kg.extract.typescript import extract_typescript
from vibe_jupyter.core.kg.model.names import qualified_names
from vibe_jupyter.core.kg.model.triples import BlockWriter
from vibe_jupyter.core.kg.resolve.entities import SourceFile
from vibe_jupyter.core.kg.resolve.files import FileResolver
from vibe_jupyter.core.kg.resolve.typescript import TypeScriptResolver
from vibe_jupyter.core.kg.resolve.typescript_modules import TypeScriptModules

__all__ = ["Project", "Score", "score_typescript"]

_FUNCTIONS = (
    "function_declaration",
    "generator_function_declaration",
    "function_signature",
    "method_definition",
    "method_signature",
    "abstract_method_signature",
    "class_declaration",
    "abstract_class_declaration",
    "function_expression",
    "generator_function",
    "class",
)
_VALUES = ("arrow_function", "function_expression", "generator_function", "class")

Name = tuple[str, str]  # a file and a qualified name in it


class Score(NamedTuple):
    """What was counted for one package."""

    sites: Counter[str]
    true_edges: set[tuple[Name, Name]]
    found_edges: set[tuple[Name, Name]]
    wrong: list[str]
    missed: list[str]

    @property
    def of_sites(self) -> tuple[float, float]:
        """Precision and recall per call site."""
        right, wrong = self.sites["right"], self.sites["wrong"]
        return right / max(1, right + wrong), right / max(1, self.sites["true"])

    @property
    def of_edges(self) -> tuple[float, float]:
        """Precision and recall per pair of caller and callee."""
        right = len(self.true_edges & self.found_edges)
        return right / max(1, len(self.found_edges)), right / max(1, len(self.true_edges))


class Project:
    """A package's sources, read and resolved by us."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sources: dict[str, bytes] = {}
        self.facts: dict[str, FileFacts] = {}
        settings = {}
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            language = {".ts": "typescript", ".tsx": "tsx", ".js": "javascript", ".jsx": "javascript"}.get(
                path.suffix
            )
            if name in ("package.json", "tsconfig.json"):
                kind = "package" if name == "package.json" else "tsconfig"
                settings[name] = extract_settings(path.read_bytes(), kind).settings
            elif language and name.startswith("src/"):
                self.sources[name] = path.read_bytes()
                self.facts[name] = extract_typescript(self.sources[name], language)
        modules = TypeScriptModules(self.facts, settings)
        self.resolver = TypeScriptResolver(modules, lambda p: SourceFile(p, self.facts[p], modules.names[p]))
        self.qualified = {path: qualified_names(facts) for path, facts in self.facts.items()}
        self.named = {
            (path, d.name_line, d.name_column): (path, self.qualified[path][i])
            for path, facts in self.facts.items()
            for i, d in enumerate(facts.definitions)
        }

    def answers(self) -> Iterator[tuple[str, tuple[int, int], str, Name, str, list[Name]]]:
        """Yield all call sites: file, place, callee, caller, resolution, and what is called for certain."""
        writer = BlockWriter("")
        files = FileResolver(self.resolver, writer, lambda _name: None)
        targets = {
            files.iri(symbol): (path, self.qualified[path][i])
            for path in self.facts
            for i, symbol in enumerate(self.resolver.file(path).symbols)
        }
        for path, facts in self.facts.items():
            lines = self.sources[path].split(b"\n")
            for call, (resolution, iris) in zip(facts.calls, files.resolve(path).calls, strict=True):
                column = len(lines[call.line - 1][: call.column].decode("utf-8", "replace"))
                caller = (path, self.qualified[path][call.caller] if call.caller >= 0 else "<module>")
                certain = resolution in ("scoped", "imported")
                found = list(dict.fromkeys(targets[iri] for iri in iris)) if certain else []
                said = resolution if resolution != "external" else f"external {unquote(iris[0])[10:]}"
                yield path, (call.line, column), call.callee, caller, said, found


class Definitions:
    """Which places of a package define functions, seen without our extractor."""

    def __init__(self, root: Path) -> None:
        import tree_sitter_typescript as grammars

        self._root = root
        self._parsers = {
            suffix: Parser(
                Language(grammars.language_tsx() if suffix != ".ts" else grammars.language_typescript())
            )
            for suffix in (".ts", ".tsx", ".js", ".jsx")
        }
        self._places: dict[str, set[tuple[int, int]]] = {}

    def is_function(self, place: tuple[str, int, int]) -> bool:
        """Whether the name at a place is that of a function, method or class."""
        path, line, column = place
        known = self._places.get(path)
        if known is None:
            source = (self._root / path).read_bytes()
            tree = self._parsers[Path(path).suffix].parse(source)
            known = self._places[path] = set(_function_names(tree.root_node))
        return (line, column) in known


def _function_names(root: Node) -> Iterator[tuple[int, int]]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting.extend(node.named_children)
        name = None
        if node.type in _FUNCTIONS:
            name = node.child_by_field_name("name")
        elif node.type in ("variable_declarator", "public_field_definition", "field_definition", "pair"):
            value = node.child_by_field_name("value")
            if value is not None and value.type in _VALUES:
                name = node.child_by_field_name("name") or node.child_by_field_name("key")
        if name is not None:
            yield name.start_point[0] + 1, name.start_point[1]


def score_typescript(project: Project, index: ScipIndex) -> Score:
    """Compare our answers with the compiler's."""
    functions = Definitions(project.root)
    result = Score(Counter(), set(), set(), [], [])
    for path, place, callee, caller, said, found in project.answers():
        symbol = index.at.get(path, {}).get(place)
        if symbol is None or (" local " in symbol and _class_of(symbol) not in index.defined):
            result.sites["not counted"] += 1
            continue
        at = next(iter(index.defined.get(_class_of(symbol), ())), None)
        truth: Name | None = None
        if at is not None and (symbol.endswith("().") or functions.is_function(at)):
            truth = project.named.get(at, (at[0], f"{at[1]}:{at[2]}"))
            result.true_edges.add((caller, truth))
            result.sites["true"] += 1
        result.sites[said.split()[0]] += 1
        result.found_edges.update((caller, name) for name in found)
        hits = sum(name == truth for name in found)
        result.sites["right"] += hits
        result.sites["wrong"] += len(found) - hits
        where = f"{path}:{place[0]}:{place[1]} {callee}"
        if len(found) > hits:
            result.wrong.append(f"{where}: {found}, not {truth or symbol[-90:]}")
        if truth and not hits:
            result.missed.append(f"{where}: {truth}, said {said}")
    return result


def _class_of(symbol: str) -> str:
    """Return the class that a constructor is of; other symbols as they are."""
    return symbol.removesuffix("`<constructor>`().")
