"""What the names of a JavaScript or TypeScript project mean: scopes, imports and exports, members, types of values.

As in Python's resolver, what is found for a file is a function of the facts alone, and the names that were consulted
are kept (`reads`). A name can mean a value and a type at once; `types` tells which of the two is asked for.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.resolve.entities import (
    Container,
    Entity,
    External,
    Instance,
    Module,
    SourceFile,
    Super,
    Symbol,
)
from vibe_jupyter.core.kg.resolve.lookup import MAX_DEPTH, NOTHING, Found
from vibe_jupyter.core.kg.resolve.typescript_globals import GLOBALS
from vibe_jupyter.core.kg.resolve.typescript_members import TypeScriptMembers
from vibe_jupyter.core.kg.resolve.typescript_paths import split_path
from vibe_jupyter.core.kg.resolve.typescript_values import distinct

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.core.kg.extract.facts import Binding
    from vibe_jupyter.core.kg.resolve.typescript_modules import TypeScriptModules

__all__ = ["TypeScriptResolver"]

_TYPES_ONLY = ("interface", "type")
_VALUES_ONLY = ("function", "method", "variable", "field")
_MERGING = ("class", "interface", "enum", "namespace", "type")


class TypeScriptResolver(TypeScriptMembers):
    """Resolves expressions of a project's JavaScript and TypeScript files, see `Findings`.

    Args:
        modules: where the project's modules lie.
        load: see `Findings`.
    """

    own: tuple[str, ...] = ("this.", "super.")
    """What the callee of a call on the object itself starts with."""

    def __init__(self, modules: TypeScriptModules, load: Callable[[str], SourceFile]) -> None:
        super().__init__(load)
        self.modules = modules

    def resolve(self, file: SourceFile, scope: int, path: str, line: int = 0, depth: int = 0) -> Found:
        """Tell what an expression stands for, seen from a scope at a line (0: after everything)."""
        if depth > MAX_DEPTH:
            return NOTHING
        root, steps = split_path(path)
        found = self._root(file, scope, root, line, depth)
        for step in steps:
            if not found:
                return NOTHING
            found = self.step(found, step, depth + 1)
        if found and isinstance(found[0], Super):  # `super(...)`: the constructor of the base
            return tuple(
                e.cls if isinstance(e, Instance) else e for e in self.bases(found[0].cls, depth + 1)
            )[:1]
        return found

    def _root(self, file: SourceFile, scope: int, root: str, line: int, depth: int) -> Found:
        mark = root[:1]
        if mark == "<":
            return self.module(root[1:-1], file.path)
        if mark == "{":
            return (file.object(int(root[1:-1])),)
        if mark == "(":
            return self.annotation(file, scope, root[1:-1], depth + 1)
        if root == "this":
            return self.this(file, scope, depth + 1)
        if root == "super":
            owner = self.enclosing_class(file, scope)
            return (Super(owner, False),) if owner else NOTHING
        return self.name(file, scope, root, line, depth, types=False)

    def this(self, file: SourceFile, scope: int, depth: int) -> Found:
        """Tell what `this` stands for: arrow functions have that of what is around them."""
        scopes = file.facts.scopes
        while scope >= 0:
            here = scopes[scope]
            if here.kind == "class":
                return (file.symbols[here.definition].instance,)
            bindings = here.names.get("this")
            if bindings:
                return self.binding(file, scope, "this", bindings[-1], depth, types=False)
            scope = here.parent
        return NOTHING

    def bindings(self, file: SourceFile, scope: int, name: str) -> list[Binding]:
        """How the nearest scope binds a name; nothing for what no scope binds."""
        scopes = file.facts.scopes
        while scope >= 0:
            here = scopes[scope]
            if here.kind in ("function", "module") and name in here.names:
                return here.names[name]
            scope = here.parent
        return []

    def name(self, file: SourceFile, scope: int, name: str, line: int, depth: int, types: bool) -> Found:
        """Tell what a lone name stands for."""
        scopes, start = file.facts.scopes, scope
        self.reads.add((file.path, name))
        while scope >= 0:
            here = scopes[scope]
            if types:
                parameter = here.names.get(f"<{name}>")
                if parameter is not None:
                    return self.binding(file, here.parent, name, parameter[0], depth, types=False)
            own = here.names.get(name)
            if own and here.kind in ("function", "module"):
                bindings = [b for b in own if _is_meant(file, b, types)]
                if bindings:
                    return self.bound(
                        file, scope, name, bindings, line if scope == start else 0, depth, types
                    )
            scope = here.parent
        if types or name in GLOBALS:
            return (self.external(name),)
        return NOTHING

    def named_type(self, file: SourceFile, scope: int, path: str, depth: int) -> Found:
        """Tell what a type's dotted name stands for."""
        first, *more = path.split(".")
        found = self.name(file, scope, first, 0, depth, types=not more)
        if more and (not found or isinstance(found[0], External)):
            found = self.name(file, scope, first, 0, depth, types=True) or found
        for i, name in enumerate(more):
            found = self._inner_type(found, name, depth, is_last=i == len(more) - 1)
        return found

    def _inner_type(self, found: Found, name: str, depth: int, is_last: bool) -> Found:
        results: list[Entity] = []
        for entity in found:
            if isinstance(entity, Module) and entity.file:
                results.extend(self.exported(entity.file.path, name, depth + 1, types=is_last))
            elif isinstance(entity, External):
                results.append(self.external(f"{entity.name}.{name}"))
            elif isinstance(entity, Symbol) and entity.definition.kind == "namespace":
                self.reads.add((entity.file.path, name))
                bindings = [
                    b
                    for b in entity.scope.names.get(name, ())
                    if _is_meant(entity.file, b, is_last) or not is_last
                ]
                if bindings:
                    body = entity.definition.body_scope
                    results.extend(self.bound(entity.file, body, name, bindings, 0, depth + 1, types=is_last))
            elif isinstance(entity, Symbol) and entity.definition.kind == "enum":
                results.append(entity)
        return tuple(results)

    def bound(
        self,
        file: SourceFile,
        scope: int,
        name: str,
        bindings: list[Binding],
        line: int,
        depth: int,
        types: bool,
    ) -> Found:
        """Tell what a name with these bindings stands for, at a line (0: after everything)."""
        if len(bindings) == 1:
            return self.binding(file, scope, name, bindings[0], depth, types)
        if line:  # the last one before this line; where a loop brings a later one, any
            before = [b for b in bindings if b.line <= line and (not b.until or line <= b.until)]
            bindings = before or bindings
        else:
            bindings = [b for b in bindings if not b.until] or bindings
        outside: Found = NOTHING
        for binding in reversed(bindings):
            found = self.binding(file, scope, name, binding, depth, types)
            if found and binding.kind == "definition":
                return self._merged(file, found, bindings)
            if found and not isinstance(found[0], External):
                return found
            outside = outside or found
        return outside

    @staticmethod
    def _merged(file: SourceFile, found: Found, bindings: list[Binding]) -> Found:
        """Add the declarations that one name unites: a class and its namespace, two interfaces."""
        symbols = [file.symbols[int(b.text)] for b in reversed(bindings) if b.kind == "definition"]
        accessors = [s for s in symbols if "get" in s.definition.modifiers]
        return tuple(
            dict.fromkeys([*found, *accessors, *[s for s in symbols if s.definition.kind in _MERGING]])
        )

    def siblings(self, symbol: Symbol) -> list[Symbol]:
        """Return all definitions of a symbol's name in its scope: overloads, merged declarations."""
        definition, file = symbol.definition, symbol.file
        bindings = file.facts.scopes[definition.scope].names.get(definition.name, ())
        found = [file.symbols[int(b.text)] for b in bindings if b.kind == "definition"]
        return found if symbol in found else [symbol]

    def binding(
        self, file: SourceFile, scope: int, name: str, binding: Binding, depth: int, types: bool
    ) -> Found:
        """Tell what one binding gives a name."""
        kind = binding.kind
        if kind == "definition":
            return (file.symbols[int(binding.text)],) if binding.text != "?" else NOTHING
        if kind == "self" or kind == "class":
            owner = self.enclosing_class(file, scope)
            if owner is None:
                return NOTHING
            return (owner.instance if kind == "self" else owner,)
        if kind == "member":
            return self.member(binding.text, binding.name, file.path, depth + 1, types)
        if kind == "module":
            return self._whole_module(binding.text, file.path, depth + 1, bool(binding.name))
        if kind == "unknown" or depth > MAX_DEPTH:
            return NOTHING
        key = (file.path, scope, name, binding, types)
        return self.remembered(key, lambda: self._value(file, scope, binding, depth + 1, types))

    def _value(self, file: SourceFile, scope: int, binding: Binding, depth: int, types: bool) -> Found:
        if binding.kind == "type":
            return self.annotation(file, scope, binding.text, depth)
        if types:
            return self.named_type(file, scope, binding.text, depth + 1)
        if binding.kind == "argument":
            return self._passed(file, scope, binding, depth + 1)
        found = self.resolve(file, scope, binding.text, binding.line, depth)
        if binding.kind == "collection":
            return (Container("Array", (found,)),)
        if binding.kind == "element":
            found = self.elements(found, is_pair=binding.name != "forEach")
        return self.items(found, binding.item) if binding.item >= 0 else found

    def _passed(self, file: SourceFile, scope: int, binding: Binding, depth: int) -> Found:
        """Tell what a function that is passed on will be called with, by what is said of the parameter it is for."""
        results: list[Entity] = []
        for entity in self.resolve(
            file, self._outside_of(file, scope), binding.text, binding.line, depth + 1
        ):
            results.extend(self._parameter(entity, int(binding.name), depth + 1))
        given = [e for e in results if isinstance(e, Container) and e.name == "callable"]
        at = binding.item + 1
        return distinct([inner for e in given if at < len(e.arguments) for inner in e.arguments[at]])

    @staticmethod
    def _outside_of(file: SourceFile, scope: int) -> int:
        return file.facts.scopes[scope].parent

    def _parameter(self, entity: Entity, index: int, depth: int) -> Found:
        """Tell what a function or class is to be called with as its parameter of this index."""
        if isinstance(entity, Container) and entity.name == "callable":
            return entity.arguments[index + 1] if index + 1 < len(entity.arguments) else NOTHING
        if not isinstance(entity, Symbol):
            return NOTHING
        if entity.is_class:
            found = self.of_class(entity, "constructor", depth + 1)
            return self._parameter(found[0], index, depth + 1) if found and depth < MAX_DEPTH else NOTHING
        self.reads.add((entity.file.path, entity.definition.name))
        results: list[Entity] = []
        for one in self.siblings(entity):
            parameters = one.definition.parameters
            if index < len(parameters) and parameters[index].annotation:
                annotation = parameters[index].annotation
                results.extend(self.annotation(one.file, one.definition.body_scope, annotation, depth + 1))
        return distinct(results)

    def imported(self, file: SourceFile, module: str, name: str) -> Found:
        """Tell what an import statement brings."""
        if name in ("", "*"):
            return self.module(module, file.path)
        return (
            self.member(module, name, file.path, 0, types=False)
            or self.member(module, name, file.path, 0, types=True)
            or self.module(module, file.path)
        )

    def _find(self, module: str, importer: str) -> str | None:
        path, read = self.modules.find(module, importer)
        self.reads.update(read)
        return path

    def module(self, module: str, importer: str) -> Found:
        """Tell what a module's name stands for, as the file `importer` sees it."""
        path = self._find(module, importer)
        return (Module(module, self.file(path)),) if path is not None else (self.external(module),)

    def _whole_module(self, module: str, importer: str, depth: int, required: bool) -> Found:
        """`require("module")` and `import * as name`: what CommonJS puts in its place, too."""
        found = self.module(module, importer)
        first = found[0]
        if not required or not isinstance(first, Module) or first.file is None:
            return found
        self.reads.add((first.file.path, "="))
        if "=" in first.file.facts.exports:
            return self.exported(first.file.path, "=", depth + 1, types=False) or found
        return found

    def member(self, module: str, name: str, importer: str, depth: int, types: bool) -> Found:
        """Tell what a module exports under a name."""
        path = self._find(module, importer)
        if path is None:
            return (self.external(f"{module}.{name}"),)
        return self.exported(path, name, depth + 1, types)

    def exported_type(self, module: str, name: str, importer: str, depth: int) -> Found:
        """Tell what `import("module").name` stands for."""
        return (
            self.member(module, name, importer, depth, types=True) if name else self.module(module, importer)
        )

    def exported(self, path: str, name: str, depth: int, types: bool) -> Found:
        """Tell what other files see under a name of a module."""
        return self.remembered((path, name, types), lambda: self._exported(path, name, depth, types))

    def _exported(self, path: str, name: str, depth: int, types: bool) -> Found:
        if depth > MAX_DEPTH:
            return NOTHING
        file = self.file(path)
        facts = file.facts
        self.reads.add((path, name))
        bindings = [b for b in facts.exports.get(name, ()) if _is_meant(file, b, types)]
        for binding in reversed(bindings):
            if binding.kind == "value" and binding.text.isidentifier():
                found = self.name(file, 0, binding.text, 0, depth + 1, types)
            else:
                found = self.binding(file, 0, name, binding, depth + 1, types)
            if found:
                return found
        if not facts.exports and not facts.scopes[0].stars:  # declarations without `export`, or a script
            return self.name(file, 0, name, 0, depth + 1, types) if name in facts.scopes[0].names else NOTHING
        self.reads.add((path, "="))
        if name != "=" and "=" in facts.exports:
            whole = self.exported(path, "=", depth + 1, types=False)
            return whole if name == "default" else self.step(whole, name, depth + 1)
        return self._from_stars(file, name, depth, types) if name not in ("default", "=") else NOTHING

    def _from_stars(self, file: SourceFile, name: str, depth: int, types: bool) -> Found:
        outside: Found = NOTHING
        for star in file.facts.scopes[0].stars:
            found = self.member(star, name, file.path, depth + 1, types)
            if found and not isinstance(found[0], External):
                return found
            outside = outside or found
        return outside

    def is_same_name(self, called: str, symbol: Symbol) -> bool:
        """Whether a call by this name can be of the symbol itself: not of a value that happens to be it."""
        return called in (symbol.definition.name, "super") or symbol.definition.name == "default"


def _is_meant(file: SourceFile, binding: Binding, types: bool) -> bool:
    """Whether a binding counts where a type, or a value, is asked for."""
    if binding.kind == "definition":
        kind = file.facts.definitions[int(binding.text)].kind if binding.text.isdigit() else ""
        return kind not in (_VALUES_ONLY if types else _TYPES_ONLY)
    if types:
        return binding.kind in ("member", "module") or (binding.kind == "value" and _is_dotted(binding.text))
    return True


@lru_cache(maxsize=50_000)
def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.replace("$", "_").split("."))
