"""What all lookups share: the project's files, and what was found so far for the file that is being resolved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.resolve.entities import Entity, External, SourceFile, Symbol
from vibe_jupyter.core.kg.resolve.interface import WHOLE_FILE
from vibe_jupyter.core.kg.resolve.modules import PythonModules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vibe_jupyter.core.kg.extract.facts import Binding

__all__ = ["MAX_ALTERNATIVES", "MAX_DEPTH", "NOTHING", "Findings", "Found", "Lookup"]

Found = tuple[Entity, ...]
NOTHING: Found = ()
MAX_DEPTH = 24
"""Lookups that need one another, at the most; longer chains are given up."""
MAX_ALTERNATIVES = 4
"""Meanings of one expression that are followed."""


class Findings:
    """The state of a resolver: what was found for the file that is being resolved, and what was consulted for it.

    Args:
        load: gives a file by its path; called once per file, on first need.
    """

    def __init__(self, load: Callable[[str], SourceFile]) -> None:
        self._load = load
        self._files: dict[str, SourceFile] = {}
        self._externals: dict[str, External] = {}
        self._memo: dict[tuple[object, ...], Found] = {}
        self.reads: set[tuple[str, str]] = set()

    def begin(self, path: str) -> SourceFile:
        """Return the file to resolve next; forgets what was found for others."""
        self._memo.clear()
        self.reads = set()
        return self.file(path)

    def file(self, path: str) -> SourceFile:
        """Return the file of a path."""
        self.reads.add((path, WHOLE_FILE))
        known = self._files.get(path)
        if known is None:
            known = self._files[path] = self._load(path)
        return known

    def external(self, name: str) -> External:
        """Return the one entity for something outside the project."""
        known = self._externals.get(name)
        if known is None:
            known = self._externals[name] = External(name[:200])
        return known

    def remembered(self, key: tuple[object, ...], compute: Callable[[], Found]) -> Found:
        """Return what was found for a key before in this file, or find it."""
        memo = self._memo
        known = memo.get(key)
        if known is not None:
            return known
        memo[key] = NOTHING  # what a lookup finds that runs into itself
        found = memo[key] = compute()
        return found

    def fixtures(self, _symbol: Symbol) -> Found:
        """Return what a test runner gives a test for its parameters; nothing where languages have no such thing."""
        return NOTHING

    def enclosing_class(self, file: SourceFile, scope: int) -> Symbol | None:
        """Return the class that a scope lies in."""
        scopes = file.facts.scopes
        while scope >= 0:
            here = scopes[scope]
            if here.kind == "class":
                return file.symbols[here.definition]
            scope = here.parent
        return None


class Lookup(Findings, ABC):
    """What the parts of the Python resolver ask of one another.

    Args:
        paths: all Python files of the project, relative to its root, with `/`.
        load: see `Findings`.
    """

    def __init__(self, paths: Iterable[str], load: Callable[[str], SourceFile]) -> None:
        super().__init__(load)
        self.modules = PythonModules(paths)

    @abstractmethod
    def resolve(self, file: SourceFile, scope: int, path: str, line: int = 0, depth: int = 0) -> Found:
        """Tell what an expression stands for."""

    @abstractmethod
    def bound(
        self, file: SourceFile, scope: int, name: str, bindings: list[Binding], line: int, depth: int
    ) -> Found:
        """Tell what a name with these bindings stands for, at a line (0: after everything)."""

    @abstractmethod
    def binding(self, file: SourceFile, scope: int, name: str, binding: Binding, depth: int) -> Found:
        """Tell what one binding gives a name."""

    @abstractmethod
    def module(self, name: str, importer: str) -> Found:
        """Tell what a module's name stands for, as the file `importer` sees it."""

    @abstractmethod
    def member(self, module: str, name: str, importer: str, depth: int) -> Found:
        """Tell what a name of a module stands for."""

    @abstractmethod
    def step(self, found: Found, step: str, depth: int) -> Found:
        """Take one step of a path from what was found before it."""

    @abstractmethod
    def of_class(self, cls: Symbol, name: str, on_instance: bool, depth: int) -> Found:
        """Tell what an attribute of a class, or of its instances, stands for."""
