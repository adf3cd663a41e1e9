"""What pytest gives a test, or a fixture, for its parameters: the nearest fixtures of these names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.model.testing import Named, is_test
from vibe_jupyter.core.kg.resolve.classes import Classes
from vibe_jupyter.core.kg.resolve.entities import Symbol
from vibe_jupyter.core.kg.resolve.interface import WHOLE_FILE
from vibe_jupyter.core.kg.resolve.lookup import NOTHING, Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.core.kg.resolve.entities import SourceFile

__all__ = ["Fixtures"]


class Fixtures(Classes):
    """Finds fixtures as pytest does: in the class, in the module, then in each `conftest.py` from there up."""

    def fixtures(self, symbol: Symbol) -> Found:
        """Return the fixtures that a test or a fixture asks for by its parameters."""
        definition = symbol.definition
        if not definition.parameters or not (
            _is_fixture(symbol)
            or is_test(symbol.file.path, Named(definition.kind, definition.name, definition.decorators))
        ):
            return NOTHING
        names = [p.name for p in definition.parameters if not p.kind and not p.has_default]
        found = [next(self._fixtures(symbol, name), None) for name in names]
        return tuple([fixture for fixture in found if fixture is not None])

    def _fixtures(self, symbol: Symbol, name: str) -> Iterator[Symbol]:
        """Yield the fixtures of a name, the nearest first; one that a fixture replaces is not itself."""
        file, scope = symbol.file, symbol.definition.scope
        while scope >= 0:
            yield from self._in_scope(file, scope, name, symbol)
            scope = file.facts.scopes[scope].parent
        folder = file.path
        while folder:
            folder = folder.rpartition("/")[0]
            path = f"{folder}/conftest.py" if folder else "conftest.py"
            if path == file.path:
                continue
            if path in self.modules.names:
                yield from self._in_scope(self.file(path), 0, name, symbol)
            else:
                self.reads.add((path, WHOLE_FILE))

    def _in_scope(self, file: SourceFile, scope: int, name: str, asking: Symbol) -> Iterator[Symbol]:
        self.reads.add((file.path, name))
        bindings = file.facts.scopes[scope].names.get(name)
        if not bindings:
            return
        for entity in self.bound(file, scope, name, bindings, 0, 0):
            if isinstance(entity, Symbol) and entity is not asking and _is_fixture(entity):
                yield entity


def _is_fixture(symbol: Symbol) -> bool:
    return symbol.definition.kind in ("function", "method") and any(
        decorator.removesuffix("()").rpartition(".")[2] == "fixture"
        for decorator in symbol.definition.decorators
    )
