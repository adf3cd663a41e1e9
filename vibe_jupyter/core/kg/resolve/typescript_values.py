"""The types of TypeScript values: what calls and elements give, and what annotations say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.resolve.entities import Container, Entity, External, Instance, SourceFile, Symbol
from vibe_jupyter.core.kg.resolve.lookup import MAX_ALTERNATIVES, MAX_DEPTH, NOTHING, Findings, Found
from vibe_jupyter.core.kg.resolve.typescript_types import parse_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.core.kg.resolve.annotations import TypeExpression

__all__ = ["ARRAYS", "TypeScriptValues", "distinct"]

ARRAYS = frozenset(
    [
        "Array",
        "ReadonlyArray",
        "Set",
        "ReadonlySet",
        "WeakSet",
        "Iterable",
        "Iterator",
        "IterableIterator",
        "AsyncIterable",
        "AsyncIterator",
        "AsyncIterableIterator",
        "Generator",
        "AsyncGenerator",
        "ArrayLike",
        "ConcatArray",
        "ArrayIterator",
        "SetIterator",
        "MapIterator",
    ]
)
_MAPS = frozenset(["Map", "ReadonlyMap", "WeakMap", "Record"])
_PROMISES = frozenset(["Promise", "PromiseLike"])
_SAME = frozenset(
    [
        "Partial",
        "Required",
        "Readonly",
        "NonNullable",
        "Awaited",
        "Mutable",
        "Writable",
        "DeepPartial",
        "Pick",
        "Omit",
        "Extract",
        "Exclude",
        "NoInfer",
        "ThisType",
        "WeakRef",
    ]
)
"""Types whose values have what those of their first argument have."""
_PRIMITIVES = {"string": "String()", "number": "Number()", "boolean": "Boolean()", "bigint": "BigInt()"}
_PRIMITIVES |= {"symbol": "Symbol()", "object": "Object()"}
_NO_TYPES = frozenset(["any", "unknown", "void", "never", "null", "undefined", "true", "false", "?"])


def distinct(entities: Sequence[Entity]) -> Found:
    """Return the entities without repetitions, in their order, at most `MAX_ALTERNATIVES`."""
    return tuple(dict.fromkeys(entities))[:MAX_ALTERNATIVES]


class TypeScriptValues(Findings, ABC):
    """Follows values to their types. A type is followed as what a value of it stands for."""

    @abstractmethod
    def resolve(self, file: SourceFile, scope: int, path: str, line: int = 0, depth: int = 0) -> Found:
        """Tell what an expression stands for."""

    @abstractmethod
    def named_type(self, file: SourceFile, scope: int, path: str, depth: int) -> Found:
        """Tell what a type's dotted name stands for: definitions, or values where it is a type parameter."""

    @abstractmethod
    def attribute(self, entity: Entity, name: str, depth: int) -> Found:
        """Tell what an attribute of one entity stands for."""

    @abstractmethod
    def of_class(self, cls: Symbol, name: str, depth: int) -> Found:
        """Tell what an attribute of a class, or of its instances, stands for."""

    @abstractmethod
    def siblings(self, symbol: Symbol) -> list[Symbol]:
        """Return all definitions of a symbol's name in its scope: overloads, merged declarations."""

    @abstractmethod
    def this(self, file: SourceFile, scope: int, depth: int) -> Found:
        """Tell what `this` stands for."""

    @abstractmethod
    def exported_type(self, module: str, name: str, importer: str, depth: int) -> Found:
        """Tell what `import("module").name` stands for."""

    def called(self, entity: Entity, depth: int) -> Found:
        """Tell what a call of an entity, or `new`, gives."""
        if isinstance(entity, Symbol):
            if entity.definition.kind in ("function", "method"):
                return self.returned(entity, depth + 1)
            return (entity.instance,) if entity.is_class else NOTHING
        if isinstance(entity, External):
            return (self.external(entity.name + "()"),)
        if isinstance(entity, Container):
            if entity.name == "callable":
                return entity.arguments[0]
            return self.attribute(entity, "()", depth + 1) if entity.name.startswith("{") else NOTHING
        if isinstance(entity, Instance) and depth < MAX_DEPTH:
            return self.of_class(entity.cls, "()", depth + 1) or self.of_class(entity.cls, "new()", depth + 1)
        return NOTHING

    def returned(self, symbol: Symbol, depth: int) -> Found:
        """Tell what a function returns: as annotated (by any of its overloads), or as its return statements show."""
        return self.remembered((symbol, "()"), lambda: self._return_type(symbol, depth + 1))

    def _return_type(self, symbol: Symbol, depth: int) -> Found:
        if depth > MAX_DEPTH:
            return NOTHING
        definition, file = symbol.definition, symbol.file
        self.reads.add((file.path, definition.name))
        results: list[Entity] = []
        for one in self.siblings(symbol):
            if one.definition.annotation:
                scope = one.definition.body_scope if one.definition.body_scope >= 0 else one.definition.scope
                results.extend(self.annotation(file, scope, one.definition.annotation, depth + 1))
        if definition.annotation or results:
            return distinct(results)
        if definition.is_generator:
            return (self.external("Generator()"),)
        for path in definition.returns:
            results.extend(self.resolve(file, definition.body_scope, path, 0, depth + 1))
        found = distinct(results)
        return (Container("Promise", (found,)),) if definition.is_async and found else found

    def awaited(self, found: Found) -> Found:
        """Tell what `await` gives."""
        results: list[Entity] = []
        for entity in found:
            if isinstance(entity, Container) and entity.name in _PROMISES:
                results.extend(entity.arguments[0] if entity.arguments else ())
            else:
                results.append(entity)
        return distinct(results)

    def elements(self, found: Found, is_pair: bool = True) -> Found:
        """Tell what iterating over a value gives; for a `Map`, pairs or its values."""
        results: list[Entity] = []
        for entity in found[:MAX_ALTERNATIVES]:
            if isinstance(entity, Container):
                if entity.name in ARRAYS or entity.name == "tuple":
                    results.extend(e for part in entity.arguments[:4] for e in part)
                elif entity.name in _MAPS and len(entity.arguments) == 2:
                    results.extend([Container("tuple", entity.arguments)] if is_pair else entity.arguments[1])
            elif isinstance(entity, External):
                results.append(self.external(entity.name + "[]"))
        return distinct(results)

    def subscript(self, entity: Entity, depth: int) -> Found:
        """Tell what `value[...]` gives."""
        if isinstance(entity, Container) and entity.name in _MAPS and entity.arguments:
            return entity.arguments[-1]
        if isinstance(entity, Container) and entity.name.startswith("{"):
            return self.attribute(entity, "[]", depth + 1)
        return self.elements((entity,))

    def items(self, found: Found, item: int) -> Found:
        """Tell what one place of an unpacked value holds."""
        results: list[Entity] = []
        for entity in found[:MAX_ALTERNATIVES]:
            if isinstance(entity, Container) and entity.name == "tuple":
                results.extend(entity.arguments[item] if item < len(entity.arguments) else ())
            else:
                results.extend(self.elements((entity,)))
        return distinct(results)

    def of_container(self, entity: Container, name: str) -> Found:
        """Tell what an attribute of a value from outside stands for, where its contents are known."""
        kind, arguments = entity.name, entity.arguments
        if kind.startswith("{"):
            names = kind[1:-1].split()
            return arguments[names.index(name)] if name in names else NOTHING
        first = arguments[0] if arguments else NOTHING
        given: Found | None = None
        if kind in ARRAYS:
            if name in ("pop", "shift", "find", "findLast", "at", "next"):
                given = first
            elif name in (
                "filter",
                "slice",
                "sort",
                "reverse",
                "concat",
                "splice",
                "toSorted",
                "values",
                "fill",
            ):
                given = (entity,)
        elif kind in _MAPS and name == "get":
            given = arguments[-1] if arguments else NOTHING
        elif kind in _MAPS and name in ("values", "keys", "entries") and len(arguments) == 2:
            inner = {"values": arguments[1], "keys": arguments[0]}.get(name, (Container("tuple", arguments),))
            given = (Container("Iterator", (inner,)),)
        elif kind in _PROMISES and name in ("catch", "finally"):
            given = (entity,)
        if given:
            return (Container("callable", (given,)),)
        return (self.external(f"{'Function' if kind == 'callable' else kind}.{name}"),)

    def annotation(self, file: SourceFile, scope: int, text: str, depth: int) -> Found:
        """Tell what a value of an annotated type is."""
        if depth > MAX_DEPTH:
            return NOTHING
        key = (file.path, scope, text, ":")
        return self.remembered(key, lambda: self._typed(file, scope, parse_type(text), depth + 1))

    def _typed(self, file: SourceFile, scope: int, expression: TypeExpression, depth: int) -> Found:
        name, arguments = expression
        if depth > MAX_DEPTH or name in _NO_TYPES:
            return NOTHING
        if name in _PRIMITIVES:
            return (self.external(_PRIMITIVES[name]),)
        if name == "this":
            return self.this(file, scope, depth + 1)
        composed = self._composed(file, scope, name, arguments, depth)
        if composed is not None:
            return composed
        results: list[Entity] = []
        for entity in self.named_type(file, scope, name, depth + 1):
            if isinstance(entity, Symbol):
                results.extend(self._value_of(entity, depth + 1))
            elif isinstance(entity, External):
                results.append(self._outside(file, scope, entity, expression, depth))
            else:
                results.append(entity)
        return distinct(results)

    def _outside(
        self, file: SourceFile, scope: int, entity: External, expression: TypeExpression, depth: int
    ) -> Entity:
        name = expression.name
        if name in ARRAYS or name in _MAPS or name in _PROMISES:
            inner = tuple(self._typed(file, scope, a, depth + 1) for a in expression.arguments)
            return Container(name, inner)
        return self.external(entity.name + "()")

    def _composed(
        self, file: SourceFile, scope: int, name: str, arguments: tuple[TypeExpression, ...], depth: int
    ) -> Found | None:
        """Tell what a type that is put together from others stands for; None: it is a name."""
        if name in ("|", "&"):
            return distinct([e for a in arguments for e in self._typed(file, scope, a, depth + 1)])
        if name in ("[]", "tuple", "=>") or name.startswith("{"):
            kind = {"[]": "Array", "=>": "callable"}.get(name, name)
            return (Container(kind, tuple(self._typed(file, scope, a, depth + 1) for a in arguments)),)
        if name == "[...]":
            found = self._typed(file, scope, arguments[0], depth + 1)
            inner = arguments[1].name
            if inner in ("number", "?", "string"):
                return self.elements(found)
            return distinct([e for entity in found for e in self.attribute(entity, inner, depth + 1)])
        if name == "typeof":
            return self.resolve(file, scope, arguments[0].name, 0, depth + 1)
        if name == "import":
            return self._imported_type(file, arguments[0].name, arguments[1].name, depth)
        if arguments and name in _SAME:
            return self._typed(file, scope, arguments[0], depth + 1)
        if arguments and name in ("ReturnType", "InstanceType"):
            found = self._typed(file, scope, arguments[0], depth + 1)
            return distinct([e for entity in found for e in self.called(entity, depth + 1)])
        return None

    def _imported_type(self, file: SourceFile, module: str, name: str, depth: int) -> Found:
        results: list[Entity] = []
        for entity in self.exported_type(module, name, file.path, depth + 1):
            results.extend(self._value_of(entity, depth + 1) if isinstance(entity, Symbol) else (entity,))
        return distinct(results)

    def _value_of(self, symbol: Symbol, depth: int) -> Found:
        """Tell what a value of a type that the project defines is."""
        if symbol.is_class:
            return (symbol.instance,)
        if symbol.definition.kind != "type":
            return NOTHING
        if symbol.scope.names and any(not name.startswith("<") for name in symbol.scope.names):
            return (symbol.instance,)
        return self.aliased(symbol, depth)

    def aliased(self, symbol: Symbol, depth: int) -> Found:
        """Tell what the type behind `type Name = ...` stands for."""
        definition = symbol.definition
        self.reads.add((symbol.file.path, definition.name))
        return self.annotation(symbol.file, definition.body_scope, definition.annotation, depth + 1)
