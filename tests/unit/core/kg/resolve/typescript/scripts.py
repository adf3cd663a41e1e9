"""Small TypeScript projects, given as texts, and what their calls, bases and imports mean."""

from __future__ import annotations

from textwrap import dedent
from urllib.parse import unquote

from vibe_jupyter.core.kg.extract.facts import FileFacts
from vibe_jupyter.core.kg.languages.registry import extract
from vibe_jupyter.core.kg.model.triples import BlockWriter
from vibe_jupyter.core.kg.resolve.entities import SourceFile
from vibe_jupyter.core.kg.resolve.files import FileResolver
from vibe_jupyter.core.kg.resolve.typescript import TypeScriptResolver
from vibe_jupyter.core.kg.resolve.typescript_modules import TypeScriptModules

__all__ = ["Scripts"]


class Scripts:
    """A project whose files are resolved one by one; sources by path, indented like the test around them."""

    def __init__(self, files: dict[str, str]) -> None:
        self.facts: dict[str, FileFacts] = {}
        settings = {}
        for path, source in files.items():
            facts = extract(_language(path), dedent(source).encode())
            if path.endswith(".json"):
                settings[path] = facts.settings
            else:
                self.facts[path] = facts
        self.modules = TypeScriptModules(self.facts, settings)
        resolver = TypeScriptResolver(
            self.modules, lambda p: SourceFile(p, self.facts[p], self.modules.names[p])
        )
        self._writer = BlockWriter("")
        self._files = FileResolver(resolver, self._writer, {"only": "a.ts#only"}.get)

    def calls(self, path: str) -> dict[str, str]:
        """Each callee of a file with its resolution and targets: `scoped run.ts#f`; the last of equal callees."""
        found = self._files.resolve(path).calls
        return {
            call.callee: " ".join([answer.resolution, *map(_short, answer.targets)])
            for call, answer in zip(self.facts[path].calls, found, strict=True)
        }

    def bases(self, path: str) -> dict[str, list[str]]:
        """Each class of a file with what it inherits from."""
        found = self._files.resolve(path).bases
        return {
            self.facts[path].definitions[i].name: [_short(b) for b in bases] for i, bases in found.items()
        }

    def imports(self, path: str) -> list[list[str]]:
        """What each import of a file brings."""
        return [[_short(target) for target in targets] for targets in self._files.resolve(path).imports]

    def loads(self, path: str) -> list[str]:
        """The files that are loaded as soon as this one is."""
        return sorted(map(_short, self._files.resolve(path).loads))

    def triples(self, path: str) -> str:
        """The triples that depend on other files."""
        return self._writer.relations(path, self.facts[path], self._files.resolve(path))


def _short(iri: str) -> str:
    return unquote(iri.removeprefix("#external:"))


def _language(path: str) -> str:
    if path.endswith(".json"):
        return "package" if path.endswith("package.json") else "tsconfig"
    return {"ts": "typescript", "tsx": "tsx"}.get(path.rpartition(".")[2], "javascript")
