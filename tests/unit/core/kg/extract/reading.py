"""Facts of a few lines of Python, in words that a test can compare."""

from __future__ import annotations

from textwrap import dedent

from vibe_jupyter.core.kg.extract.facts import Binding, Definition, FileFacts
from vibe_jupyter.core.kg.extract.python import extract_python
from vibe_jupyter.core.kg.model.names import qualified_names

__all__ = ["bindings", "by_name", "calls", "facts_of", "outline"]


def facts_of(source: str) -> FileFacts:
    """Read a source that is indented like the test around it."""
    return extract_python(dedent(source).encode())


def by_name(facts: FileFacts) -> dict[str, Definition]:
    """The definitions by qualified name; the last of each."""
    return dict(zip(qualified_names(facts), facts.definitions, strict=True))


def outline(facts: FileFacts) -> list[str]:
    """Kind and qualified name of each definition, in source order."""
    names = qualified_names(facts)
    return [f"{d.kind} {name}" for d, name in zip(facts.definitions, names, strict=True)]


def calls(facts: FileFacts) -> list[tuple[str, str]]:
    """Who calls what, in source order; the module is ""."""
    names = qualified_names(facts)
    return [(names[c.caller] if c.caller >= 0 else "", c.callee) for c in facts.calls]


def bindings(facts: FileFacts, name: str, scope: int = 0) -> list[tuple[str, str]]:
    """How a scope gives a name its meaning: kinds and texts."""
    found: list[Binding] = facts.scopes[scope].names.get(name, [])
    return [(b.kind, f"{b.text}.{b.name}" if b.kind == "member" else b.text) for b in found]
