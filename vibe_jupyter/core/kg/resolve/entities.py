"""What an expression can stand for once it is resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vibe_jupyter.core.kg.extract.facts import Definition, FileFacts, Scope

__all__ = [
    "Container",
    "Entity",
    "External",
    "Instance",
    "Module",
    "ObjectLiteral",
    "SourceFile",
    "Super",
    "Symbol",
]


class SourceFile:
    """A file of the project with its facts, and one symbol per definition."""

    __slots__ = ("_objects", "facts", "module", "path", "symbols")

    def __init__(self, path: str, facts: FileFacts, module: str) -> None:
        self.path = path
        self.facts = facts
        self.module = module
        self.symbols = [Symbol(self, i, d) for i, d in enumerate(facts.definitions)]
        self._objects: dict[int, ObjectLiteral] = {}

    def object(self, scope: int) -> ObjectLiteral:
        """Return the object literal whose properties a scope holds."""
        known = self._objects.get(scope)
        if known is None:
            known = self._objects[scope] = ObjectLiteral(self, scope)
        return known


class Symbol:
    """A definition of the project. Compared by identity: a file has one per definition."""

    __slots__ = ("definition", "file", "index", "instance", "is_class")

    def __init__(self, file: SourceFile, index: int, definition: Definition) -> None:
        self.file = file
        self.index = index
        self.definition = definition
        self.is_class = definition.kind in ("class", "interface", "enum")
        self.instance = Instance(self)

    @property
    def scope(self) -> Scope:
        """The scope of its body."""
        return self.file.facts.scopes[self.definition.body_scope]

    def __repr__(self) -> str:
        return f"Symbol({self.file.path}:{self.definition.start_line} {self.definition.name})"


class Instance:
    """An instance of a class of the project."""

    __slots__ = ("cls",)

    def __init__(self, cls: Symbol) -> None:
        self.cls = cls

    def __repr__(self) -> str:
        return f"Instance({self.cls!r})"


class Module:
    """A module of the project, or a package without a file of its own (`file` is None)."""

    __slots__ = ("file", "name")

    def __init__(self, name: str, file: SourceFile | None) -> None:
        self.name = name
        self.file = file


class External:
    """Something outside the project, or something that it gives: its dotted name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"External({self.name})"


class Container:
    """A value of a type from outside whose arguments are known: `list[Order]`; `{a b}` has these members."""

    __slots__ = ("arguments", "name")

    def __init__(self, name: str, arguments: tuple[tuple[Entity, ...], ...]) -> None:
        self.name = name
        self.arguments = arguments


class Super:
    """`super()` in a method of a class."""

    __slots__ = ("cls", "is_class")

    def __init__(self, cls: Symbol, is_class: bool) -> None:
        self.cls = cls
        self.is_class = is_class


class ObjectLiteral:
    """An object written as such: what its properties are, its scope tells."""

    __slots__ = ("file", "scope")

    def __init__(self, file: SourceFile, scope: int) -> None:
        self.file = file
        self.scope = scope

    def __repr__(self) -> str:
        return f"ObjectLiteral({self.file.path}:{self.scope})"


Entity = Symbol | Instance | Module | External | Container | Super | ObjectLiteral
