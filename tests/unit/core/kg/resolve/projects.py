"""Small projects, given as texts, and what their calls, bases and imports mean."""

from __future__ import annotations

from collections import Counter
from textwrap import dedent

from vibe_jupyter.core.kg.extract.python import extract_python
from vibe_jupyter.core.kg.model.names import definition_fragments, file_iri, graph_base
from vibe_jupyter.core.kg.model.triples import BlockWriter, ResolvedFile
from vibe_jupyter.core.kg.resolve.entities import SourceFile
from vibe_jupyter.core.kg.resolve.files import FileResolver
from vibe_jupyter.core.kg.resolve.python import PythonResolver

__all__ = ["Project", "call", "one_file"]

BASE = graph_base("kg")


class Project:
    """A project whose files are resolved one by one.

    Args:
        files: sources by path, indented like the test around them.
    """

    def __init__(self, files: dict[str, str]) -> None:
        self.facts = {path: extract_python(dedent(source).encode()) for path, source in files.items()}
        names = Counter(
            d.name for f in self.facts.values() for d in f.definitions if d.kind in ("function", "method")
        )
        self._only = {
            d.name: f"{file_iri(BASE, path)}#{fragment}"
            for path, f in self.facts.items()
            for d, fragment in zip(f.definitions, definition_fragments(f), strict=True)
            if d.kind in ("function", "method") and names[d.name] == 1
        }
        self.resolver = PythonResolver(self.facts, self._load)
        self._writer = BlockWriter(BASE)
        self._files = FileResolver(self.resolver, self._writer, self._only.get)

    def _load(self, path: str) -> SourceFile:
        return SourceFile(path, self.facts[path], self.resolver.modules.names[path])

    def resolve(self, path: str) -> ResolvedFile:
        """Everything that was found for a file."""
        return self._files.resolve(path)

    def calls(self, path: str) -> dict[str, str]:
        """Each callee of a file with its resolution and targets: `scoped run.py#f`; the last of equal callees."""
        found = self.resolve(path)
        return {
            call.callee: " ".join([answer.resolution, *map(_short, answer.targets)])
            for call, answer in zip(self.facts[path].calls, found.calls, strict=True)
        }

    def bases(self, path: str) -> dict[str, list[str]]:
        """Each class of a file with what it inherits from."""
        facts = self.facts[path]
        return {
            facts.definitions[index].name: [_short(iri) for iri in targets]
            for index, targets in self.resolve(path).bases.items()
        }

    def imports(self, path: str) -> list[str]:
        """What a file imports, in its order."""
        return [_short(iri) for targets in self.resolve(path).imports for iri in targets]

    def loads(self, path: str) -> list[str]:
        """The files that are loaded as soon as this one is."""
        return sorted(map(_short, self.resolve(path).loads))

    def triples(self, path: str) -> str:
        """The triples that depend on other files."""
        return self._writer.relations(path, self.facts[path], self.resolve(path))


def _short(iri: str) -> str:
    return iri.removeprefix(BASE).removeprefix("#external:")


def one_file(source: str) -> dict[str, str]:
    """The calls of a project that is one file, `a.py`."""
    return Project({"a.py": source}).calls("a.py")


def call(files: dict[str, str], callee: str, path: str = "run.py") -> str:
    """What one callee of a file means."""
    return Project(files).calls(path)[callee]
