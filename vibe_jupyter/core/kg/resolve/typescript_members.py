"""Attributes of TypeScript values: of classes and interfaces with what they extend, object literals, modules."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.resolve.entities import (
    Container,
    Entity,
    External,
    Instance,
    Module,
    ObjectLiteral,
    SourceFile,
    Super,
    Symbol,
)
from vibe_jupyter.core.kg.resolve.lookup import MAX_ALTERNATIVES, MAX_DEPTH, NOTHING, Found
from vibe_jupyter.core.kg.resolve.typescript_values import TypeScriptValues, distinct

if TYPE_CHECKING:
    from vibe_jupyter.core.kg.extract.facts import Binding

__all__ = ["TypeScriptMembers"]


class TypeScriptMembers(TypeScriptValues):
    """Finds attributes."""

    @abstractmethod
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

    @abstractmethod
    def binding(
        self, file: SourceFile, scope: int, name: str, binding: Binding, depth: int, types: bool
    ) -> Found:
        """Tell what one binding gives a name."""

    @abstractmethod
    def exported(self, path: str, name: str, depth: int, types: bool) -> Found:
        """Tell what other files see under a name of a module."""

    def step(self, found: Found, step: str, depth: int) -> Found:
        """Take one step of a path from what was found before it."""
        if step == "!":
            return self.awaited(found)
        if len(found) == 1 and step not in ("()", "[]"):
            only = self.attribute(found[0], step, depth)
            return only if len(only) < 2 else distinct(only)
        results: list[Entity] = []
        for entity in found[:MAX_ALTERNATIVES]:
            if step == "()":
                results.extend(self.called(entity, depth))
            elif step == "[]":
                results.extend(self.subscript(entity, depth))
            else:
                results.extend(self.attribute(entity, step, depth))
        if len(results) > 1 and any(not isinstance(e, External) for e in results):
            results = [e for e in results if not isinstance(e, External)]
        return distinct(results)

    def attribute(self, entity: Entity, name: str, depth: int) -> Found:
        """Tell what an attribute of one entity stands for."""
        if depth > MAX_DEPTH:
            return NOTHING
        if isinstance(entity, Instance):
            return self.of_class(entity.cls, name, depth)
        if isinstance(entity, Module):
            return self._of_module(entity, name, depth)
        if isinstance(entity, External):
            return (self.external(f"{entity.name}.{name}"),)
        if isinstance(entity, Symbol):
            return self._of_symbol(entity, name, depth)
        if isinstance(entity, Super):
            return self.inherited(entity.cls, name, depth)
        if isinstance(entity, ObjectLiteral):
            return self._of_object(entity, name, depth)
        return self.of_container(entity, name)

    def _of_module(self, module: Module, name: str, depth: int) -> Found:
        if module.file is None:
            return NOTHING
        self.reads.add((module.file.path, "="))
        found = self.exported(module.file.path, name, depth + 1, types=False)
        if found or "=" not in module.file.facts.exports:
            return found
        whole = self.exported(module.file.path, "=", depth + 1, types=False)
        return self.step(whole, name, depth + 1)

    def _of_symbol(self, symbol: Symbol, name: str, depth: int) -> Found:
        kind = symbol.definition.kind
        if kind == "namespace":
            self.reads.add((symbol.file.path, name))
            bindings = symbol.scope.names.get(name)
            body = symbol.definition.body_scope
            return (
                self.bound(symbol.file, body, name, bindings, 0, depth + 1, types=False)
                if bindings
                else NOTHING
            )
        if symbol.is_class:
            return self.of_class(symbol, name, depth)
        if kind in ("function", "method") and name in ("call", "apply", "bind", "toString", "name", "length"):
            return (self.external(f"Function.{name}"),)
        return NOTHING

    def _of_object(self, entity: ObjectLiteral, name: str, depth: int) -> Found:
        file, scope = entity.file, entity.file.facts.scopes[entity.scope]
        self.reads.add((file.path, name))
        bindings = scope.names.get(name)
        if bindings:
            return self._accessed(
                self.bound(file, entity.scope, name, bindings, 0, depth + 1, types=False), depth
            )
        for spread in reversed(scope.stars):
            found = self.step(self.resolve(file, entity.scope, spread, 0, depth + 1), name, depth + 1)
            if found:
                return found
        return NOTHING

    def of_class(self, cls: Symbol, name: str, depth: int) -> Found:
        """Tell what an attribute of a class, or of its instances, stands for."""
        return self.remembered((cls, name), lambda: self._class_attribute(cls, name, depth + 1))

    def _class_attribute(self, cls: Symbol, name: str, depth: int) -> Found:
        if depth > MAX_DEPTH:
            return NOTHING
        for holder in self.siblings(cls):
            if holder.is_class or holder.definition.kind == "type":
                found = self._own_attribute(holder, name, depth)
                if found is not None:
                    return found
        return self.inherited(cls, name, depth)

    def _own_attribute(self, cls: Symbol, name: str, depth: int) -> Found | None:
        """Tell what a class itself says about an attribute; None: nothing, its bases may."""
        scope, file = cls.scope, cls.file
        self.reads.add((file.path, name))
        bindings = scope.names.get(name)
        if bindings:
            body = cls.definition.body_scope
            found = self.bound(file, body, name, bindings, 0, depth + 1, types=False)
            if found:
                return self._accessed(found, depth)
        for from_scope, binding in scope.attributes.get(name, ()):
            found = self.binding(file, from_scope, name, binding, depth + 1, types=False)
            if found:
                return found
        return NOTHING if bindings or name in scope.attributes else None

    def _accessed(self, found: Found, depth: int) -> Found:
        """Tell what reading an attribute gives: of a getter, what it returns."""
        for entity in found:
            if isinstance(entity, Symbol) and "get" in entity.definition.modifiers:
                return self.returned(entity, depth + 1)
        return found

    def inherited(self, cls: Symbol, name: str, depth: int) -> Found:
        """Tell what an attribute stands for that the class itself is not asked for: `super`."""
        outside: Found = NOTHING
        if cls.definition.kind == "type":
            return self.step(self._others(cls, depth), name, depth + 1)
        for base in self.bases(cls, depth + 1):
            if isinstance(base, External):
                outside = outside or (self.external(f"{base.name}.{name}"),)
                continue
            found = self.attribute(base, name, depth + 1)
            if found and not isinstance(found[0], External):
                return found
            outside = outside or found
        return outside

    def _others(self, alias: Symbol, depth: int) -> Found:
        """Return what a type alias stands for beside its own members: `Base & {...}`."""
        return tuple(
            e
            for e in self.aliased(alias, depth + 1)
            if not (isinstance(e, Container) and e.name.startswith("{")) and e is not alias.instance
        )

    def bases(self, cls: Symbol, depth: int) -> Found:
        """Return what a class or interface extends, as instances, or things outside."""
        return self.remembered((cls,), lambda: self._bases(cls, depth + 1))

    def _bases(self, cls: Symbol, depth: int) -> Found:
        if depth > MAX_DEPTH:
            return NOTHING
        self.reads.add((cls.file.path, cls.definition.name))
        results: list[Entity] = []
        for holder in self.siblings(cls):
            for path in holder.definition.bases:
                for entity in self.base(holder, path, depth + 1):
                    if isinstance(entity, Symbol) and entity is not cls:
                        results.append(entity.instance)
                    elif isinstance(entity, (External, Instance, ObjectLiteral, Container)):
                        results.append(entity)
        return tuple(dict.fromkeys(results))

    def base(self, cls: Symbol, path: str, depth: int = 0) -> Found:
        """Tell what a class extends or implements."""
        file, scope = cls.file, cls.definition.scope
        if "(" in path or "[" in path:
            return self.resolve(file, scope, path, 0, depth + 1)
        if cls.definition.kind == "class":
            found = self.resolve(file, scope, path, 0, depth + 1)
            if found and (
                isinstance(found[0], External) or any(isinstance(e, Symbol) and e.is_class for e in found)
            ):
                return found
        return self.named_type(file, scope, path, depth + 1)
