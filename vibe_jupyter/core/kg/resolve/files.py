"""What a file's imports, bases and calls mean, as IRIs of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.model.names import definition_fragments, file_iri
from vibe_jupyter.core.kg.model.testing import is_test_file
from vibe_jupyter.core.kg.model.triples import ResolvedCall, ResolvedFile
from vibe_jupyter.core.kg.resolve.entities import Entity, External, Module, SourceFile, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.core.kg.extract.facts import Call
    from vibe_jupyter.core.kg.model.triples import BlockWriter
    from vibe_jupyter.core.kg.resolve.interface import NameResolver
    from vibe_jupyter.core.kg.resolve.lookup import Found

__all__ = ["FileResolver"]

_CALLABLE = ("function", "method", "class", "interface", "enum")
_UNRESOLVED = ResolvedCall("unresolved", ())


def _is_type(entity: Entity) -> bool:
    """Whether nothing of it is left at run time; a compiler of TypeScript drops imports of nothing else."""
    return isinstance(entity, Symbol) and entity.definition.kind in ("interface", "type")


class FileResolver:
    """Resolves whole files.

    Args:
        resolver: knows the project's names.
        writer: gives things outside the project their IRI.
        unique: the IRI of the only function or method of that name in the project, where there is just one.
    """

    def __init__(
        self, resolver: NameResolver, writer: BlockWriter, unique: Callable[[str], str | None]
    ) -> None:
        self._resolver = resolver
        self._writer = writer
        self._unique = unique
        self._fragments: dict[str, list[str]] = {}

    def resolve(self, path: str) -> ResolvedFile:
        """Tell what the file's imports, bases and calls mean. `resolver.reads` then tells what was consulted."""
        file = self._resolver.begin(path)
        facts = file.facts
        bases: dict[int, tuple[str, ...]] = {}
        for i, definition in enumerate(facts.definitions):
            if definition.bases:
                found = [self._resolver.base(file.symbols[i], base)[:1] for base in definition.bases]
                bases[i] = tuple([iri for entities in found for e in entities if (iri := self._entity(e))])
        imports = [
            self._resolver.imported(file, statement.module, statement.name) for statement in facts.imports
        ]
        return ResolvedFile(
            file.module,
            [self._call(file, call) for call in facts.calls],
            bases,
            [tuple([iri for iri in map(self._entity, found) if iri]) for found in imports],
            self._loads(file, imports),
            self._fixtures(file),
        )

    def iri(self, symbol: Symbol) -> str:
        """Return the IRI of a definition."""
        path = symbol.file.path
        fragments = self._fragments.get(path)
        if fragments is None:
            fragments = self._fragments[path] = [
                f"{file_iri(self._writer.base, path)}#{fragment}"
                for fragment in definition_fragments(symbol.file.facts)
            ]
        return fragments[symbol.index]

    def _entity(self, entity: Entity) -> str | None:
        if isinstance(entity, Symbol):
            return self.iri(entity)
        if isinstance(entity, Module):
            return file_iri(self._writer.base, entity.file.path) if entity.file else None
        return self._writer.external(entity.name) if isinstance(entity, External) else None

    def _fixtures(self, file: SourceFile) -> dict[int, tuple[str, ...]]:
        """Return what tests and fixtures ask for by their parameters, by the numbers of their definitions."""
        if not is_test_file(file.path):
            return {}
        found = {symbol.index: self._resolver.fixtures(symbol) for symbol in file.symbols}
        return {
            index: tuple([self.iri(e) for e in fixtures if isinstance(e, Symbol)])
            for index, fixtures in found.items()
            if fixtures
        }

    def _loads(self, file: SourceFile, imports: list[Found]) -> frozenset[str]:
        """Return the files whose statements run before this one's: not what is imported late, or for its types only."""
        loaded: set[str] = set()
        for statement, found in zip(file.facts.imports, imports, strict=True):
            if statement.is_late or (found and all(map(_is_type, found))):
                continue
            loaded.update(e.file.path for e in found if isinstance(e, Module) and e.file)
            if statement.name not in ("", "*") and not all(isinstance(e, Module) for e in found):
                # A name may come from elsewhere: what is loaded first is the module that is named. A package of which
                # a module is taken counts as little as one that stands in the module's own name.
                module = self._resolver.imported(file, statement.module, "")
                loaded.update(e.file.path for e in module if isinstance(e, Module) and e.file)
        return frozenset(file_iri(self._writer.base, path) for path in loaded - {file.path})

    def _call(self, file: SourceFile, call: Call) -> ResolvedCall:
        callee = call.callee
        found = self._resolver.resolve(file, call.scope, callee, call.line)
        name = callee.rpartition(".")[2]
        symbols = [f for f in found if isinstance(f, Symbol) and f.definition.kind in _CALLABLE]
        if symbols:
            named = [s for s in symbols if self._resolver.is_same_name(name, s)]
            if not named and self._is_imported(file, call):
                named = symbols
            if not named:
                # Called through a value (a class kept in a variable, `cls()`): what it is may change.
                return ResolvedCall("unique-name", tuple([self.iri(s) for s in symbols]))
            scoped = named[0].file is file or callee.startswith(self._resolver.own)
            return ResolvedCall("scoped" if scoped else "imported", tuple([self.iri(s) for s in named]))
        for entity in found:
            if isinstance(entity, External):
                return ResolvedCall("external", (self._writer.external(entity.name),))
        if found and not isinstance(found[0], Symbol):
            return _UNRESOLVED
        only = self._unique(name)
        return ResolvedCall("unique-name", (only,)) if only else _UNRESOLVED

    def _is_imported(self, file: SourceFile, call: Call) -> bool:
        owner, _, name = call.callee.rpartition(".")
        if owner:  # `shop.Name()`, where the module itself imports it as `Name`
            bindings = [
                binding
                for module in self._resolver.resolve(file, call.scope, owner, call.line)
                if isinstance(module, Module) and module.file is not None
                for binding in module.file.facts.scopes[0].names.get(name, ())
            ]
        else:
            bindings = self._resolver.bindings(file, call.scope, name)
        return any(binding.kind == "member" for binding in bindings)
