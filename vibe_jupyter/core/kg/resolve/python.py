"""What the names of a Python project mean: scopes, imports, classes with their bases, and the types of values.

What is found for a file is a function of the facts alone, whatever was resolved before it: nothing is remembered from
one file to the next (`begin`). So an incremental build gives what a clean one gives. The names that were consulted are
kept (`reads`): a later change of none of them cannot change the file's answers.
"""

from __future__ import annotations

import builtins
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.resolve.branches import meets_from
from vibe_jupyter.core.kg.resolve.entities import (
    Container,
    Entity,
    External,
    Module,
    SourceFile,
    Super,
    Symbol,
)
from vibe_jupyter.core.kg.resolve.fixtures import Fixtures
from vibe_jupyter.core.kg.resolve.lookup import MAX_ALTERNATIVES, MAX_DEPTH, NOTHING, Found

if TYPE_CHECKING:
    from vibe_jupyter.core.kg.extract.facts import Binding

__all__ = ["PythonResolver"]

_BUILTINS = frozenset(dir(builtins)) | {"__file__", "__name__", "__path__", "reveal_type", "WindowsError"}
_AT_ONCE = ("type", "element", "entered", "self", "class")  # count on their own line, too
_MEET = ("value", "type", "collection")
_STEP = re.compile(r"\.([^\W\d]\w*)|(\(\))|(\[\])|(!)")


@lru_cache(maxsize=200_000)
def _steps(path: str) -> tuple[str, tuple[str, ...]]:
    """Return a path's first name and its steps: an attribute's name, `()`, `[]` or `!`."""
    found = _STEP.search(path)
    if found is None:
        return path, ()
    return path[: found.start()], tuple([m[1] or m[0] for m in _STEP.finditer(path, found.start())])


class PythonResolver(Fixtures):
    """Resolves expressions of a project's Python files, see `Lookup`."""

    own: tuple[str, ...] = ("self.", "cls.", "super().")

    def resolve(self, file: SourceFile, scope: int, path: str, line: int = 0, depth: int = 0) -> Found:
        """Tell what an expression stands for, seen from a scope at a line (0: after everything)."""
        if depth > MAX_DEPTH:
            return NOTHING
        root, steps = _steps(path)
        if root == "super" and steps and steps[0] == "()":
            found = self._super(file, scope)
            steps = steps[1:]
        else:
            found = self._name(file, scope, root, line, depth)
        for step in steps:
            if not found:
                return NOTHING
            found = self.step(found, step, depth)
        return found

    def bindings(self, file: SourceFile, scope: int, name: str) -> list[Binding]:
        """How the nearest scope binds a name; nothing for what no scope binds."""
        start = scope
        scopes = file.facts.scopes
        while scope >= 0:
            here = scopes[scope]
            if (here.kind != "class" or scope == start) and name in here.names:
                return here.names[name]
            scope = here.parent
        return []

    def _name(self, file: SourceFile, scope: int, name: str, line: int, depth: int) -> Found:
        scopes = file.facts.scopes
        start = scope
        reads = self.reads
        reads.add((file.path, name))
        while scope >= 0:
            here = scopes[scope]
            if here.kind != "class" or scope == start:  # a class body is not visible in its methods
                bindings = here.names.get(name)
                if bindings is not None:
                    if bindings[0].kind == "unknown" and bindings[0].text:  # global, nonlocal
                        scope = int(bindings[0].text)
                        continue
                    return self.bound(file, scope, name, bindings, line if scope == start else 0, depth)
                for star in here.stars:
                    found = self.member(self.modules.absolute(star, file.path), name, file.path, depth + 1)
                    if found and not (isinstance(found[0], External) and len(found) == 1):
                        return found
            scope = here.parent
        if name in _BUILTINS:
            return (self.external(name),)
        for star in scopes[0].stars:
            module = self.modules.absolute(star, file.path)
            if self.modules.find(module, file.path) is None:
                return (self.external(f"{module}.{name}"),)
        return NOTHING

    def bound(
        self, file: SourceFile, scope: int, name: str, bindings: list[Binding], line: int, depth: int
    ) -> Found:
        """Tell what a name with these bindings stands for, at a line (0: after everything)."""
        if len(bindings) == 1:
            return self.binding(file, scope, name, bindings[0], depth)
        bindings = _valid_at(bindings, line)
        if line and bindings[-1].kind == "unknown" and bindings[-1].line < line:
            return NOTHING
        if meeting := _meeting(file, bindings, line):
            return self._first_of(file, scope, name, meeting, depth)
        if len(bindings) > 1 and any(_is_fallback(file, binding) for binding in bindings[1:]):
            found = self._preferred(file, bindings[0], depth)
            if found:
                return found
        for binding in reversed(bindings):
            if binding.kind == "value" and binding.text == "None":
                continue
            found = self.binding(file, scope, name, binding, depth)
            if found and not (len(bindings) > 1 and isinstance(found[0], External)):
                return found
        for binding in bindings:
            if binding.kind == "value" and binding.text == "None":
                continue
            found = self.binding(file, scope, name, binding, depth)
            if found:
                return found
        return NOTHING

    def _first_of(
        self, file: SourceFile, scope: int, name: str, bindings: list[Binding], depth: int
    ) -> Found:
        """Return what the first branch gives that tells, as pyright's indexer names the first of several types."""
        outside = NOTHING
        for binding in bindings:
            if binding.kind == "value" and binding.text == "None":
                continue
            found = self.binding(file, scope, name, binding, depth)
            if found and not isinstance(found[0], External):
                return found
            outside = outside or found
        return outside

    def _preferred(self, file: SourceFile, first: Binding, depth: int) -> Found:
        """`try: from fast import f` and then `except ImportError: def f(): ...`: what is imported is what is meant."""
        if first.kind != "member" or first.text.startswith(
            "."
        ):  # a relative one may be compiled: it cannot be seen
            return NOTHING
        found = self.member(first.text, first.name, file.path, depth + 1)
        return found if found and isinstance(found[0], External) else NOTHING

    def binding(self, file: SourceFile, scope: int, name: str, binding: Binding, depth: int) -> Found:
        """Tell what one binding gives a name."""
        kind = binding.kind
        if kind == "definition":
            return (file.symbols[int(binding.text)],)
        if kind == "self" or kind == "class":
            owner = self.enclosing_class(file, scope)
            if owner is None:
                return NOTHING
            return (owner.instance if kind == "self" else owner,)
        if kind == "member":
            return self.member(
                self.modules.absolute(binding.text, file.path), binding.name, file.path, depth + 1
            )
        if kind == "module":
            return self.module(binding.text, file.path)
        if kind == "unknown":
            return NOTHING
        key = (file.path, scope, name, binding)
        return self.remembered(key, lambda: self._value(file, scope, binding, depth + 1))

    def _value(self, file: SourceFile, scope: int, binding: Binding, depth: int) -> Found:
        if binding.kind == "type":
            return self.annotation(file, scope, binding.text, depth)
        found = self.resolve(file, scope, binding.text, binding.line, depth)
        if binding.kind == "collection":
            return (Container("list", (found,)),)
        if binding.name and (not found or isinstance(found[0], External)):
            return self.annotation(file, scope, binding.name, depth) or found
        if binding.kind == "element":
            found = self.elements(found, depth)
        if binding.item >= 0:
            return self.items(found, binding.item)
        if binding.kind == "element":
            return found
        if binding.kind == "entered":
            return self.entered(found, depth)
        return found

    def _super(self, file: SourceFile, scope: int) -> Found:
        owner = self.enclosing_class(file, scope)
        return (Super(owner, False),) if owner else NOTHING

    def imported(self, file: SourceFile, module: str, name: str) -> Found:
        """Tell what an import statement brings; a relative module's name has leading dots."""
        absolute = self.modules.absolute(module, file.path)
        if name in ("", "*"):
            return self.module(absolute, file.path)
        return self.member(absolute, name, file.path, 0)

    def base(self, cls: Symbol, path: str) -> Found:
        """Tell what a class inherits from."""
        return self.resolve(cls.file, cls.definition.scope, path, cls.definition.start_line)

    def is_same_name(self, called: str, symbol: Symbol) -> bool:
        """Whether a call by this name can be of the symbol itself, not of a value that happens to be it."""
        return symbol.definition.name == called

    def module(self, name: str, importer: str) -> Found:
        """Tell what a module's name stands for, as the file `importer` sees it."""
        self.reads.add(("", name))
        path = self.modules.find(name, importer)
        if path is not None:
            return (Module(name, self.file(path)),)
        if self.modules.is_package(name):
            return (Module(name, None),)
        return (self.external(name),)

    def member(self, module: str, name: str, importer: str, depth: int) -> Found:
        """Tell what a name of a module stands for."""
        if not module:  # `from . import name` beside the project's root
            return self.module(name, importer)
        self.reads.add(("", module))
        path = self.modules.find(module, importer)
        if path is None:
            if self.modules.is_package(module):
                return self.module(f"{module}.{name}", importer)
            return (self.external(f"{module}.{name}"),)
        found = self.remembered((path, name), lambda: self._exported(path, name, depth))
        if found:
            return found
        self.reads.add(("", f"{module}.{name}"))
        inner = self.modules.find(f"{module}.{name}", path)
        if inner is not None and inner != path:
            return (Module(f"{module}.{name}", self.file(inner)),)
        return NOTHING

    def _exported(self, path: str, name: str, depth: int) -> Found:
        if depth > MAX_DEPTH:
            return NOTHING
        file = self.file(path)
        here = file.facts.scopes[0]
        self.reads.add((path, name))
        bindings = here.names.get(name)
        if bindings is not None:
            # `from . import name` in a package means its module of that name, as long as nothing else binds it.
            return self.bound(file, 0, name, bindings, 0, depth + 1)
        outside = NOTHING
        for star in here.stars:
            found = self.member(self.modules.absolute(star, path), name, path, depth + 1)
            if found and not isinstance(found[0], External):
                return found
            outside = outside or found
        if outside:
            return outside
        return NOTHING

    def step(self, found: Found, step: str, depth: int) -> Found:
        """Take one step of a path from what was found before it."""
        if step == "!":
            return found
        results: list[Entity] = []
        for entity in found[:MAX_ALTERNATIVES]:
            if step == "()":
                more = self.called(entity, depth)
            elif step == "[]":
                more = self.subscript(entity, depth)
            else:
                more = self.attribute(entity, step, depth)
            for result in more:
                if result not in results:
                    results.append(result)
        return tuple(results)


def _meeting(file: SourceFile, bindings: list[Binding], line: int) -> list[Binding]:
    """Return the bindings that meet at a line: those of all branches of a statement that has ended before it."""
    last = bindings[-1]
    if not line or len(bindings) < 2 or last.kind not in _MEET:
        return []
    first = meets_from(file.facts.branches, last.line, line)
    if not first:
        return []
    found = [b for b in bindings if b.line >= first and b.kind in _MEET and not b.until]
    return found if len(found) > 1 else []


def _valid_at(bindings: list[Binding], line: int) -> list[Binding]:
    """Return the bindings before a line, or all where a loop brings a later one; at line 0, those that last."""
    if line:
        return [b for b in bindings if _stands_before(b, line)] or bindings
    return [b for b in bindings if not b.until] or bindings


def _stands_before(binding: Binding, line: int) -> bool:
    if binding.until and line > binding.until:
        return False
    return binding.line < line or (binding.line == line and binding.kind in _AT_ONCE)


def _is_fallback(file: SourceFile, binding: Binding) -> bool:
    """Whether a function or class of the module is defined under a condition: it is indented."""
    if binding.kind != "definition":
        return False
    definition = file.facts.definitions[int(binding.text)]
    word = "class " if definition.kind == "class" else "async def " if definition.is_async else "def "
    return definition.parent < 0 and definition.name_column > len(word)
