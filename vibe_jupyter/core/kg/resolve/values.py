"""The types of values: what calls, subscripts and loops give, and what annotations say."""

from __future__ import annotations

from vibe_jupyter.core.kg.resolve.annotations import TypeExpression, parse_annotation
from vibe_jupyter.core.kg.resolve.entities import Container, Entity, External, Instance, SourceFile, Symbol
from vibe_jupyter.core.kg.resolve.lookup import MAX_ALTERNATIVES, MAX_DEPTH, NOTHING, Found, Lookup

__all__ = ["ELEMENT", "MAPPINGS", "Values"]

_WRAPPERS = frozenset(
    [
        "Optional",
        "ClassVar",
        "Final",
        "Annotated",
        "Awaitable",
        "Coroutine",
        "Required",
        "NotRequired",
        "ReadOnly",
    ]
)
ELEMENT = frozenset(
    [
        "list",
        "set",
        "frozenset",
        "tuple",
        "deque",
        "List",
        "Set",
        "FrozenSet",
        "Tuple",
        "Deque",
        "Iterable",
        "Iterator",
        "Sequence",
        "MutableSequence",
        "Collection",
        "Container",
        "AbstractSet",
        "MutableSet",
        "Generator",
        "AsyncIterable",
        "AsyncIterator",
        "AsyncGenerator",
        "KeysView",
        "ValuesView",
        "Reversible",
    ]
)
MAPPINGS = frozenset(
    ["dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict"]
)


class Values(Lookup):
    """Follows values to their types."""

    def called(self, entity: Entity, depth: int) -> Found:
        """Tell what a call of an entity gives."""
        if isinstance(entity, Symbol):
            if entity.is_class:
                return (entity.instance,)
            return self.returned(entity, depth + 1)
        if isinstance(entity, External):
            return (self.external(entity.name + "()"),)
        if isinstance(entity, Instance):
            found = self.of_class(entity.cls, "__call__", True, depth + 1)
            return self.step(found, "()", depth + 1) if found and depth < MAX_DEPTH else NOTHING
        if isinstance(entity, Container) and entity.name == "callable":
            return entity.arguments[0]
        return NOTHING

    def returned(self, symbol: Symbol, depth: int) -> Found:
        """Tell what a function returns: as annotated, or as its return statements show."""
        return self.remembered((symbol, "()"), lambda: self._return_type(symbol, depth + 1))

    def _return_type(self, symbol: Symbol, depth: int) -> Found:
        definition = symbol.definition
        file = symbol.file
        self.reads.add((file.path, definition.name))
        if definition.kind not in ("function", "method"):
            return NOTHING
        if definition.annotation:
            found = self.annotation(file, definition.scope, definition.annotation, depth + 1, symbol)
        elif definition.is_generator:
            return (self.external("generator()"),)
        else:
            results: list[Entity] = []
            for path in definition.returns:
                for entity in self.resolve(file, definition.body_scope, path, 0, depth + 1):
                    if entity not in results:
                        results.append(entity)
            found = tuple(results)
        if any(d.endswith("contextmanager") for d in definition.decorators):
            return (Container("contextmanager", (self.elements(found, depth),)),)
        return found

    def subscript(self, entity: Entity, depth: int) -> Found:
        """Tell what `entity[...]` gives."""
        if isinstance(entity, Symbol):
            return (entity,) if entity.is_class else NOTHING  # a generic class with its arguments
        if isinstance(entity, Instance):
            found = self.of_class(entity.cls, "__getitem__", True, depth + 1)
            return self.step(found, "()", depth + 1) if found and depth < MAX_DEPTH else NOTHING
        if isinstance(entity, Container):
            if entity.name in MAPPINGS and len(entity.arguments) == 2:
                return entity.arguments[1]
            return entity.arguments[0] if entity.name in ELEMENT and entity.arguments else NOTHING
        if isinstance(entity, External):
            return (self.external(entity.name + "[]"),)
        return NOTHING

    def elements(self, found: Found, depth: int) -> Found:
        """Tell what iterating over a value gives."""
        results: list[Entity] = []
        for entity in found[:MAX_ALTERNATIVES]:
            if isinstance(entity, Container):
                if entity.name in ELEMENT or entity.name in MAPPINGS:
                    results.extend(entity.arguments[0] if entity.arguments else ())
            elif isinstance(entity, Instance):
                iterator = self.of_class(entity.cls, "__iter__", True, depth + 1)
                if iterator and depth < MAX_DEPTH:
                    results.extend(self.elements(self.step(iterator, "()", depth + 1), depth + 1))
            elif isinstance(entity, External):
                results.append(self.external(entity.name + "[]"))
        return tuple(results)

    def items(self, found: Found, item: int) -> Found:
        """Tell what one place of an unpacked value holds."""
        results: list[Entity] = []
        for entity in found[:MAX_ALTERNATIVES]:
            if isinstance(entity, Container) and entity.name in ("tuple", "Tuple"):
                if item < len(entity.arguments):
                    results.extend(entity.arguments[item])
            elif isinstance(entity, Container) and entity.name in ELEMENT:
                results.extend(entity.arguments[0])
            elif isinstance(entity, External):
                results.append(self.external(entity.name + "[]"))
        return tuple(results)

    def entered(self, found: Found, depth: int) -> Found:
        """Tell what `with value as name` gives the name."""
        results: list[Entity] = []
        for entity in found[:MAX_ALTERNATIVES]:
            if isinstance(entity, Container):
                results.extend(entity.arguments[0] if entity.name == "contextmanager" else ())
            elif isinstance(entity, Instance):
                for name in ("__enter__", "__aenter__"):
                    method = self.of_class(entity.cls, name, True, depth + 1)
                    if method and isinstance(method[0], Symbol):
                        given = self.returned(method[0], depth + 1)
                        results.extend(self._as_self(given, entity) if given else ())
                        break
            elif isinstance(entity, External):
                results.append(self.external(entity.name + ".__enter__()"))
        return tuple(results)

    @staticmethod
    def _as_self(found: Found, owner: Instance) -> Found:
        """`__enter__` that returns self, inherited: an instance of the class that inherits."""
        return tuple(owner if isinstance(f, Instance) and f.cls is not owner.cls else f for f in found) or (
            owner,
        )

    def annotation(
        self, file: SourceFile, scope: int, text: str, depth: int, of: Symbol | None = None
    ) -> Found:
        """Tell what a value of an annotated type is."""
        expression = parse_annotation(text)
        if expression is None:
            return NOTHING
        return self._typed(file, scope, expression, depth + 1, of)

    def _typed(
        self, file: SourceFile, scope: int, expression: TypeExpression, depth: int, of: Symbol | None
    ) -> Found:
        """Return the instances that a type stands for."""
        if depth > MAX_DEPTH:
            return NOTHING
        name, arguments = expression
        short = name.rpartition(".")[2]
        if name == "|" or short in ("Union", "Optional"):
            results: list[Entity] = []
            for argument in arguments:
                results.extend(self._typed(file, scope, argument, depth + 1, of))
            return tuple(results)
        if short in _WRAPPERS and arguments:
            return self._typed(file, scope, arguments[-1 if short == "Coroutine" else 0], depth + 1, of)
        if short in ("type", "Type") and arguments:
            found = self._typed(file, scope, arguments[0], depth + 1, of)
            return tuple(f.cls if isinstance(f, Instance) else f for f in found)
        if short == "Self":
            owner = self.enclosing_class(file, scope)
            return (owner.instance,) if owner else NOTHING
        results = []
        for entity in self.resolve(file, scope, name, 0, depth + 1):
            if isinstance(entity, Symbol) and entity.is_class:
                results.append(entity.instance)
            elif isinstance(entity, External):
                if arguments and (short in ELEMENT or short in MAPPINGS):
                    inner = tuple(self._typed(file, scope, a, depth + 1, of) for a in arguments)
                    results.append(Container(short, inner))
                else:
                    results.append(self.external(entity.name + "()"))
            elif isinstance(entity, (Instance, Container)):  # an alias of a type: its value was resolved
                results.append(entity)
        return tuple(results)
