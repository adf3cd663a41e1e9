"""What resolvers of all languages have in common, and what of a file's facts other files can see.

A change of nothing that can be seen cannot change what other files mean.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Protocol
from zlib import crc32

from vibe_jupyter.core.kg.model.names import definition_fragments
from vibe_jupyter.core.kg.resolve.branches import meets_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.core.kg.extract.facts import Binding, Definition, FileFacts, Scope
    from vibe_jupyter.core.kg.resolve.entities import SourceFile, Symbol
    from vibe_jupyter.core.kg.resolve.lookup import Found

__all__ = ["WHOLE_FILE", "NameResolver", "changed_names", "key_of"]

WHOLE_FILE = "*"
"""The name that every lookup in a file consults: it changes when the file comes, goes, or has other star imports."""


class NameResolver(Protocol):
    """Knows what the names of one language's files mean; answers for the file that was begun last.

    `own` is what the callee of a call on the object itself starts with; `reads` are the lookups that the answers rest
    on: a file and a name in it, or no file and a key of the language's table of modules.
    """

    own: tuple[str, ...]
    reads: set[tuple[str, str]]

    def begin(self, path: str) -> SourceFile:
        """Return the file to resolve next."""

    def resolve(self, file: SourceFile, scope: int, path: str, line: int = 0) -> Found:
        """Tell what an expression stands for, seen from a scope at a line."""

    def bindings(self, file: SourceFile, scope: int, name: str) -> list[Binding]:
        """Tell how the nearest scope binds a name."""

    def imported(self, file: SourceFile, module: str, name: str) -> Found:
        """Tell what an import statement brings."""

    def base(self, cls: Symbol, path: str) -> Found:
        """Tell what a class inherits from."""

    def fixtures(self, symbol: Symbol, /) -> Found:
        """Return what a test runner gives a test, or what serves it, for its parameters."""

    def is_same_name(self, called: str, symbol: Symbol) -> bool:
        """Whether a call by this name can be of the symbol itself, not of a value that happens to be it."""


def key_of(path: str, name: str) -> int:
    """Return a lookup's key in 32 bits; two that fall together cost some time, never a wrong answer."""
    return crc32(f"{path}\0{name}".encode())


def changed_names(old: FileFacts | None, new: FileFacts | None) -> set[str]:
    """Return the names of a file whose meaning may differ between two states of it; None: there is no file."""
    if old is None or new is None:
        present = old or new
        names = set(_described(present)) if present else set()
        return names | {WHOLE_FILE}
    before, after = _described(old), _described(new)
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if _stars(old) != _stars(new) or bool(old.exports) != bool(new.exports):
        names.add(WHOLE_FILE)
    return names


def _stars(facts: FileFacts) -> list[list[str]]:
    return [scope.stars for scope in facts.scopes if scope.stars]


def _described(facts: FileFacts) -> dict[str, list[object]]:
    """Each name with all that any scope of the file says of it, without lines."""
    fragments = definition_fragments(facts)
    described: dict[str, list[object]] = defaultdict(list)
    for definition, fragment in zip(facts.definitions, fragments, strict=True):
        described[definition.name].append(_definition(definition, fragment, facts, fragments))
    places = [_place(facts, scope, fragments) for scope in facts.scopes]
    for scope, place in zip(facts.scopes, places, strict=True):
        for name, bindings in scope.names.items():
            described[name].append((place, [_binding(b, scope, facts, fragments) for b in bindings]))
        for name, attributes in scope.attributes.items():
            described[name].append(
                (
                    place,
                    [(places[at], _binding(b, facts.scopes[at], facts, fragments)) for at, b in attributes],
                )
            )
    for name, bindings in facts.exports.items():
        described[name].append(("export", [_binding(b, facts.scopes[0], facts, fragments) for b in bindings]))
    return described


def _place(facts: FileFacts, scope: Scope, fragments: list[str]) -> str:
    return fragments[scope.definition] if scope.definition >= 0 else ""


def _definition(definition: Definition, fragment: str, facts: FileFacts, fragments: list[str]) -> object:
    scope = facts.scopes[definition.scope]
    return (
        definition.kind,
        fragment,
        definition.annotation,
        [parameter.annotation for parameter in definition.parameters],
        definition.decorators,
        [_numberless(path, facts, fragments) for path in definition.returns],
        definition.is_generator,
        definition.is_async,
        definition.modifiers,
        [
            (_numberless(base, facts, fragments), _visible(base, scope, definition.start_line, facts))
            for base in definition.bases
        ],
    )


def _binding(binding: Binding, scope: Scope, facts: FileFacts, fragments: list[str]) -> object:
    if binding.kind == "definition":
        return fragments[int(binding.text)] if binding.text.isdigit() else ""
    text = _numberless(binding.text, facts, fragments)
    if binding.kind == "unknown" and text:  # global, nonlocal: the number of a scope
        text = _place(facts, facts.scopes[int(text)], fragments) or "module"
    return (
        binding.kind,
        text,
        binding.name,
        bool(binding.until),
        binding.item,
        _visible(binding.text, scope, binding.line, facts),
    )


def _numberless(path: str, facts: FileFacts, fragments: list[str]) -> str:
    """Replace the number of an object literal's scope by what it holds: numbers change with what stands before."""
    if not path.startswith("{"):
        return path

    def content(found: re.Match[str]) -> str:
        number = int(found[1])
        if number >= len(facts.scopes):
            return found[0]
        scope = facts.scopes[number]
        held = {
            name: [_binding(b, scope, facts, fragments) for b in bound] for name, bound in scope.names.items()
        }
        return f"{{{_place(facts, scope, fragments)} {held} {scope.stars}}}"

    return re.sub(r"^\{(\d+)\}", content, path)


def _visible(path: str, scope: Scope, line: int, facts: FileFacts) -> tuple[tuple[int, int], ...]:
    """Which bindings of a path's first name stand before a line, each with the first that is as good after branches.

    So the order of statements counts, and which of them are branches, without their lines.
    """
    root = path.partition(".")[0].partition("(")[0].partition("[")[0]
    bindings: Sequence[Binding] = scope.names.get(root, ())
    found = []
    for i, binding in enumerate(bindings):
        if binding.line <= line and (not binding.until or line <= binding.until):
            first = meets_from(facts.branches, binding.line, line)
            found.append((i, next((j for j, b in enumerate(bindings) if first and b.line >= first), -1)))
    return tuple(found)
