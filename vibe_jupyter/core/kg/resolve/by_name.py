"""What the names of a file mean in languages that are read as outlines: scopes, members, imports, declared types.

Only what a declaration says is followed: the type that a variable, field, parameter or result is given in the source.
What an expression gives otherwise is not known here, and a call on it is left to its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.extract.outline import PART, USED_NAMESPACE
from vibe_jupyter.core.kg.extract.outline_paths import type_of
from vibe_jupyter.core.kg.resolve.entities import Container, External, Module, SourceFile, Symbol
from vibe_jupyter.core.kg.resolve.lookup import MAX_DEPTH, NOTHING, Findings, Found

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from vibe_jupyter.core.kg.extract.facts import Binding
    from vibe_jupyter.core.kg.resolve.path_tables import Located, PathTable

__all__ = ["NamedResolver"]

_ITSELF = ("this", "self", "Self")
_TYPES = ("class", "interface", "enum", "type", "namespace")
_VALUES = ("field", "variable")
_LOCALS = ("unknown", "type", "value")
_LOCAL = Container("", ())
_CALLED = "()"


class NamedResolver(Findings):
    """Resolves names of a project's files.

    Args:
        table: where its modules lie.
        load: see `Findings`.
    """

    own: tuple[str, ...] = ("this.", "self.", "Self.", "super.")

    def __init__(self, table: PathTable, load: Callable[[str], SourceFile]) -> None:
        super().__init__(load)
        self._table = table
        self._depth = 0

    def resolve(self, file: SourceFile, scope: int, path: str, line: int = 0) -> Found:
        """Tell what an expression stands for, seen from a scope."""
        return self.remembered(("path", file.path, scope, path), lambda: self._path(file, scope, path))

    def bindings(self, file: SourceFile, scope: int, name: str) -> list[Binding]:
        """Tell how the nearest scope binds a name."""
        scopes = file.facts.scopes
        while scope >= 0:
            if name in scopes[scope].names:
                return scopes[scope].names[name]
            scope = scopes[scope].parent
        return []

    def imported(self, file: SourceFile, module: str, name: str) -> Found:
        """Tell what an import statement brings: files, or the definition that it names."""
        located = self._locate(module, file)
        if located is None:
            whole = f"{module}{self._table.separator}{name}" if name not in ("", "*") else module
            return (self.external(whole),)
        found = self._member_of_module(file, module, name, located) if name not in ("", "*") else NOTHING
        if found or located.files != (file.path,):
            return found or self._modules_of(located)
        return self._rest(located) if located.rest else NOTHING

    def base(self, cls: Symbol, path: str) -> Found:
        """Tell what a class inherits from; a class that the project has not is outside of it."""
        found = self.resolve(cls.file, cls.definition.scope, path)
        bases = [e for e in found if isinstance(e, External) or (isinstance(e, Symbol) and e.index >= 0)]
        others = tuple([e for e in bases if e is not cls and not _is_value(e)])
        return others or (self.external(path.replace(".", self._table.separator)),)

    def is_same_name(self, called: str, symbol: Symbol) -> bool:
        """Whether a call by this name is of the symbol: by its own name, or as the class around."""
        return symbol.definition.name == called or called in _ITSELF

    def remembered(self, key: tuple[object, ...], compute: Callable[[], Found]) -> Found:
        """Return what was found for a key before in this file, or find it; too long a chain of lookups is given up."""
        if self._depth > MAX_DEPTH:
            return NOTHING
        self._depth += 1
        try:
            return super().remembered(key, compute)
        finally:
            self._depth -= 1

    # --- paths ---

    def _path(self, file: SourceFile, scope: int, path: str) -> Found:
        called = path.endswith(_CALLED)
        root, *steps = path.removesuffix(_CALLED).split(".")
        if root == "?":
            return NOTHING
        found = NOTHING
        for start in self._meanings(file, scope, root, is_whole=not steps):
            found = start
            for step in steps:
                found = self._step(found, step)
            if found:
                break
            if not start or not all(map(_is_namespace, start)):
                return NOTHING  # the nearest meaning hides those farther away
        if not found and steps and self._table.has_full_names:
            found = self._by_full_name(file, path.removesuffix(_CALLED))
        return self._result(found) if called else found

    def _meanings(self, file: SourceFile, scope: int, name: str, is_whole: bool) -> Iterator[Found]:
        """Yield what a name can mean, from the innermost scope out; `is_whole`: it is called or a type."""
        if name in (*_ITSELF, "super"):
            of = _class_around(file, scope)
            found = NOTHING if of is None else (of,)
            if name == "super":
                found = tuple([e for e in (self._bases(of) if of else ()) if e.definition.kind == "class"])
            if found:
                yield found
                return
        if (yield from self._in_scopes(file, scope, name, is_whole)):
            return
        namespaces = _namespaces_around(file, scope)
        if len(namespaces) > 1:  # those that are used altogether
            yield from self._top_level(file, name, namespaces[1:])
        for path in self._table.beside(file.path, name, self._look):
            yield from self._top_level(self.file(path), name, namespaces)
        for path in self._seen_through_stars(file, name):
            yield from self._top_level(self.file(path), name, namespaces)
        if name in self._table.builtins:
            yield (self.external(name),)

    def _in_scopes(
        self, file: SourceFile, scope: int, name: str, is_whole: bool
    ) -> Generator[Found, None, bool]:
        """Yield what the scopes of a file mean by a name; returns whether a local variable hides all else."""
        self.reads.add((file.path, name))
        while scope >= 0:
            here = file.facts.scopes[scope]
            bindings = here.names.get(name)
            if here.kind == "class":
                member = self._member(file.symbols[here.definition], name)
                if member or bindings:
                    yield member
            elif bindings and any(binding.kind in _LOCALS for binding in bindings):
                if not is_whole:
                    yield self._bound(file, scope, bindings)
                    return True
                if not self._table.calls_pass_values:
                    yield (_LOCAL,)  # what a value is that is called, nobody says
                    return True
            elif bindings:
                yield self._bound(file, scope, bindings)
            scope = here.parent
        return False

    def _top_level(self, file: SourceFile, name: str, namespaces: list[list[str]]) -> Iterator[Found]:
        """Yield what another file means by a name: first inside of the namespaces that are open, then outside."""
        for parts in namespaces:
            for depth in range(len(parts), 0, -1):
                found = self._in_file(file, parts[0])
                for step in (*parts[1:depth], name):
                    found = self._step(found, step)
                if found:
                    yield found
        found = self._in_file(file, name)
        if found:
            yield found

    def _in_file(self, file: SourceFile, name: str) -> Found:
        self.reads.add((file.path, name))
        return self._bound(file, 0, file.facts.scopes[0].names.get(name, ()))

    def _bound(self, file: SourceFile, scope: int, bindings: Iterable[Binding]) -> Found:
        found: list[Symbol] = []
        for binding in bindings:
            if binding.kind == "definition":
                found.append(file.symbols[int(binding.text)])
            elif binding.kind in ("type", "value"):
                return self.resolve(file, scope, binding.text) if binding.text else NOTHING
            elif binding.kind == "module":
                return self._module(file, binding.text)
            elif binding.kind == "member":
                return self._imported_name(file, binding)
        return tuple(found)

    def _step(self, found: Found, name: str) -> Found:
        together: list[Symbol | External | Module] = []
        for entity in found:
            if isinstance(entity, External):
                return (self.external(f"{entity.name}{self._table.separator}{name}"),)
            if isinstance(entity, Module) and entity.file is not None:
                together.extend(_plain(self._in_file(entity.file, name)))
            elif isinstance(entity, Symbol):
                together.extend(_plain(self._member(entity, name)))
        return tuple(dict.fromkeys(together))

    def _result(self, found: Found) -> Found:
        """Return the class of what a function gives, as its declaration says; a class that is called gives itself."""
        for entity in found:
            if isinstance(entity, Symbol):
                return (
                    self._declared(entity) if entity.definition.kind in ("function", "method") else (entity,)
                )
        return NOTHING

    def _declared(self, symbol: Symbol) -> Found:
        of = type_of(_first(symbol.definition.annotation))
        if not of:
            return NOTHING
        scope = symbol.definition.body_scope if symbol.definition.body_scope >= 0 else symbol.definition.scope
        self.reads.add((symbol.file.path, symbol.definition.name))
        return self.resolve(symbol.file, scope, of)

    # --- classes ---

    def _member(self, symbol: Symbol, name: str) -> Found:
        return self.remembered(
            ("member", symbol.file.path, symbol.index, name), lambda: self._find_member(symbol, name)
        )

    def _find_member(self, symbol: Symbol, name: str) -> Found:
        file, definition = symbol.file, symbol.definition
        self.reads.update([(file.path, name), (file.path, definition.name)])
        if definition.kind in _VALUES:
            return self._step(self._declared(symbol), name)
        if definition.kind not in _TYPES or definition.body_scope < 0:
            return NOTHING
        scope = file.facts.scopes[definition.body_scope]
        own = self._bound(file, definition.body_scope, scope.names.get(name, ()))
        if own:
            return own
        if definition.kind == "namespace" and PART not in definition.modifiers:
            return NOTHING
        found = self._in_parts(symbol, name)
        if name in scope.names:  # declared here, defined elsewhere
            return found
        if not found and PART in definition.modifiers:
            whole = self.resolve(file, definition.scope, definition.name)
            found = self._step(tuple([e for e in whole if isinstance(e, Symbol) and e is not symbol]), name)
        if not found and definition.kind == "type":  # another name of it
            found = self._step(self._declared(symbol), name)
        if not found:
            embedded = [base for base in definition.bases if base.rpartition(".")[2] == name]
            found = self.base(symbol, embedded[0]) if embedded else NOTHING
        return found or self._step(self._bases(symbol), name)

    def _in_parts(self, symbol: Symbol, name: str) -> Found:
        """Look in what the files beside add to a class."""
        found: list[Symbol] = []
        of = symbol.definition.name
        for path in self._table.parts(symbol.file.path, self._look):
            file = self.file(path)
            self.reads.update([(path, of), (path, name)])
            for _scope, binding in file.facts.scopes[0].attributes.get(of, ()):
                part = file.symbols[int(binding.text)]
                found.extend(
                    file.symbols[int(b.text)]
                    for b in part.scope.names.get(name, ())
                    if b.kind == "definition"
                )
        return tuple(found)

    def _bases(self, symbol: Symbol) -> tuple[Symbol, ...]:
        found = [self.base(symbol, base) for base in symbol.definition.bases]
        return tuple([e for entities in found for e in entities if isinstance(e, Symbol)])

    # --- other files ---

    def _look(self, key: str) -> tuple[str, ...]:
        self.reads.add(("", key))
        return self._table.index.get(key, ())

    def _locate(self, module: str, importer: SourceFile) -> Located | None:
        return self._table.locate(module, importer.path, self._look)

    def _modules_of(self, located: Located) -> Found:
        files = [self.file(path) for path in located.files]
        return tuple([Module(file.module, file) for file in files])

    def _module(self, file: SourceFile, module: str) -> Found:
        def find() -> Found:
            located = self._locate(module, file)
            return self._rest(located) if located else (self.external(module),)

        return self.remembered(("module", file.path, module), find)

    def _rest(self, located: Located) -> Found:
        found = self._modules_of(located)
        for name in located.rest:
            found = self._step(found, name)
        return found

    def _imported_name(self, file: SourceFile, binding: Binding) -> Found:
        key = ("import", file.path, binding.text, binding.name)
        return self.remembered(key, lambda: self._find_imported(file, binding.text, binding.name))

    def _find_imported(self, file: SourceFile, module: str, name: str) -> Found:
        located = self._locate(module, file)
        if located is not None:
            return self._member_of_module(file, module, name, located) if name else self._rest(located)
        whole = f"{module}{self._table.separator}{name}" if name else module
        return self.resolve(file, 0, whole.replace(self._table.separator, ".")) or (self.external(whole),)

    def _member_of_module(self, file: SourceFile, module: str, name: str, located: Located) -> Found:
        found = self._step(self._rest(located), name)
        if found:
            return found
        inner = self._locate(f"{module}{self._table.separator}{name}", file)  # a module of its own
        return self._modules_of(inner) if inner and not inner.rest else NOTHING

    def _seen_through_stars(self, file: SourceFile, name: str) -> list[str]:
        """Return the files whose names a file has imported altogether, and those that these have."""
        seen = {file.path: None}
        waiting = [file]
        while waiting and len(seen) < 500:
            at = waiting.pop(0)
            stars = [star for scope in at.facts.scopes for star in scope.stars]
            for star in (star for star in stars if not star.startswith(USED_NAMESPACE)):
                located = self._table.through_star(star, name, at.path, self._look)
                for path in located.files if located else ():
                    if path not in seen:
                        seen[path] = None
                        waiting.append(self.file(path))
        return list(seen)[1:]

    def _by_full_name(self, file: SourceFile, path: str) -> Found:
        located = self._locate(path.replace(".", self._table.separator), file)
        return self._rest(located) if located else NOTHING


def _first(annotation: str) -> str:
    """Return the first of several results: `(store *Store, err error)`."""
    if not annotation.startswith("(") or "," not in annotation:
        return annotation
    return annotation[1:].partition(",")[0].split()[-1]


def _plain(found: Found) -> list[Symbol | External | Module]:
    return [e for e in found if isinstance(e, (Symbol, External, Module))]


def _is_value(entity: object) -> bool:
    return isinstance(entity, Symbol) and entity.definition.kind not in _TYPES


def _class_around(file: SourceFile, scope: int) -> Symbol | None:
    """Return the class whose code a scope holds: around it, or the owner of the method that it is in."""
    facts = file.facts
    index = facts.scopes[scope].definition
    while index >= 0:
        definition = facts.definitions[index]
        if definition.kind in _TYPES and facts.scopes[definition.body_scope].kind == "class":
            return file.symbols[index]
        index = definition.parent
    return None


def _is_namespace(entity: object) -> bool:
    return isinstance(entity, Symbol) and entity.definition.kind == "namespace"


def _namespaces_around(file: SourceFile, scope: int) -> list[list[str]]:
    """Return the namespaces that a scope lies in, and each that the file uses altogether, by their parts."""
    facts = file.facts
    names: list[str] = []
    index = facts.scopes[scope].definition
    while index >= 0:
        definition = facts.definitions[index]
        if definition.kind == "namespace" and PART not in definition.modifiers:
            names.insert(0, definition.name)
        index = definition.parent
    used = [star for each in facts.scopes for star in each.stars if star.startswith(USED_NAMESPACE)]
    return [names, *(star.removeprefix(USED_NAMESPACE).split(".") for star in used)]
