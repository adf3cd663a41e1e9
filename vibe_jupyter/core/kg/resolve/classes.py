"""Attributes: of instances and classes with their bases, and of the containers whose contents are known."""

from __future__ import annotations

from vibe_jupyter.core.kg.resolve.entities import Container, Entity, External, Instance, Module, Super, Symbol
from vibe_jupyter.core.kg.resolve.lookup import MAX_DEPTH, NOTHING, Found
from vibe_jupyter.core.kg.resolve.values import ELEMENT, MAPPINGS, Values

__all__ = ["Classes"]

_PROPERTIES = (
    "property",
    "cached_property",
    "functools.cached_property",
    "abc.abstractproperty",
    "abstractproperty",
)


class Classes(Values):
    """Finds attributes in the order in which Python looks."""

    def attribute(self, entity: Entity, name: str, depth: int) -> Found:
        """Tell what an attribute of one entity stands for."""
        if isinstance(entity, Instance):
            if name == "__class__":
                return (entity.cls,)
            return self.of_class(entity.cls, name, True, depth)
        if isinstance(entity, Module):
            if entity.file is not None:
                return self.member(entity.name, name, entity.file.path, depth + 1)
            return self.module(f"{entity.name}.{name}", "")
        if isinstance(entity, External):
            return (self.external(f"{entity.name}.{name}"),)
        if isinstance(entity, Symbol):
            if entity.is_class:
                return self.of_class(entity, name, False, depth)
            return NOTHING
        if isinstance(entity, Super):
            return self.inherited(entity.cls, name, True, depth)
        return self._of_container(entity, name) if isinstance(entity, Container) else NOTHING

    def _of_container(self, entity: Container, name: str) -> Found:
        if entity.name in MAPPINGS and entity.arguments:
            key, value = entity.arguments[0], entity.arguments[-1]
            if name in ("get", "pop", "setdefault"):
                return (Container("callable", (value,)),)
            if name == "items":
                pair = Container("tuple", (key, value))
                return (Container("callable", ((Container("Iterator", ((pair,),)),),)),)
            if name in ("values", "keys"):
                return (
                    Container("callable", ((Container("Iterator", (value if name == "values" else key,)),),)),
                )
        if entity.name in ELEMENT and entity.arguments and name in ("pop", "popleft", "__next__"):
            return (Container("callable", (entity.arguments[0],)),)
        return (self.external(f"{entity.name}.{name}"),)

    def of_class(self, cls: Symbol, name: str, on_instance: bool, depth: int) -> Found:
        """Tell what an attribute of a class, or of its instances, stands for."""
        key = (cls, name, on_instance)
        return self.remembered(key, lambda: self._class_attribute(cls, name, on_instance, depth + 1))

    def _class_attribute(self, cls: Symbol, name: str, on_instance: bool, depth: int) -> Found:
        if depth > MAX_DEPTH:
            return NOTHING
        outside: Found = NOTHING
        for holder in self._lineage(cls, depth):
            if isinstance(holder, External):
                outside = outside or (self.external(f"{holder.name}.{name}"),)
            if not isinstance(holder, Symbol):
                continue
            found = self._own_attribute(holder, name, on_instance, depth)
            if found is not None:
                return found
        return outside

    def _own_attribute(self, cls: Symbol, name: str, on_instance: bool, depth: int) -> Found | None:
        """Tell what a class itself says about an attribute; None: nothing, its bases may."""
        scope = cls.scope
        file = cls.file
        self.reads.add((file.path, name))
        found: Found = NOTHING
        bindings = scope.names.get(name)
        if bindings:
            found = self.bound(file, cls.definition.body_scope, name, bindings, 0, depth + 1)
            if found and isinstance(found[0], Symbol) and on_instance:
                definition = found[0].definition
                if any(d in _PROPERTIES for d in definition.decorators):
                    return self.returned(found[0], depth + 1)
        if not found:
            for from_scope, binding in scope.attributes.get(name, ()):
                if binding.kind == "value" and binding.text == "None":
                    continue
                found = self.binding(file, from_scope, name, binding, depth + 1)
                if found:
                    break
        if found:
            return found
        return NOTHING if bindings or name in scope.attributes else None

    def inherited(self, cls: Symbol, name: str, on_instance: bool, depth: int) -> Found:
        """Tell what an attribute stands for that the class itself is not asked for: `super()`."""
        outside: Found = NOTHING
        for holder in self._lineage(cls, depth + 1)[1:]:
            if isinstance(holder, External):
                outside = outside or (self.external(f"{holder.name}.{name}"),)
            if not isinstance(holder, Symbol):
                continue
            found = self._own_attribute(holder, name, on_instance, depth + 1)
            if found:
                return found
        return outside or (self.external(f"object.{name}"),)

    def _lineage(self, cls: Symbol, depth: int) -> Found:
        """Return the class, then its bases in the order in which Python looks (C3 where it exists, else as written)."""
        return self.remembered((cls,), lambda: self._linearized(cls, depth + 1))

    def _linearized(self, cls: Symbol, depth: int) -> Found:
        if depth > MAX_DEPTH:
            return (cls,)
        self.reads.add((cls.file.path, cls.definition.name))
        bases: list[Entity] = []
        for path in cls.definition.bases:
            found = self.resolve(cls.file, cls.definition.scope, path, cls.definition.start_line, depth + 1)
            bases.extend(
                [
                    e
                    for e in found[:2]
                    if isinstance(e, External) or (isinstance(e, Symbol) and e.is_class and e is not cls)
                ]
            )
        lines: list[list[Entity]] = [
            list(self._lineage(base, depth + 1)) if isinstance(base, Symbol) else [base] for base in bases
        ]
        return (cls, *_merge([*lines, bases]))


def _merge(lines: list[list[Entity]]) -> list[Entity]:
    """C3 linearization; where the bases contradict each other, the rest in the order written."""
    lines = [list(line) for line in lines if line]
    merged: list[Entity] = []
    while lines:
        for line in lines:
            head = line[0]
            if not any(head in other[1:] for other in lines):
                break
        else:
            head = lines[0][0]
        merged.append(head)
        lines = [rest for line in lines if (rest := [e for e in line if e is not head])]
    return merged
