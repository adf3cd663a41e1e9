"""The IRIs of a graph: stable from one build to the next, and the same for the same file and qualified name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from vibe_jupyter.core.kg.store.vocabulary import CODE, PREFIXES

if TYPE_CHECKING:
    from vibe_jupyter.core.kg.extract.facts import FileFacts, Parameter

__all__ = [
    "CODE",
    "GRAPHS",
    "PREFIXES",
    "SAFE",
    "call_fragments",
    "definition_fragments",
    "external_iri",
    "file_iri",
    "graph_base",
    "parameter_fragments",
    "qualified_names",
    "shown_iri",
]

GRAPHS = "https://w3id.org/vibe-jupyter/graph/"

SAFE = "/-._~!$&'()*+,;=:@"


def graph_base(kg_id: str) -> str:
    """Tell what all IRIs of one graph start with."""
    return f"{GRAPHS}{quote(kg_id, safe='')}/"


def file_iri(base: str, path: str) -> str:
    """Return the IRI of a file or folder, by its path relative to the project's root."""
    return base + quote(path, safe=SAFE)


def shown_iri(iri: str) -> str:
    """Return an IRI as one reads it: without the part that all of a graph share, or with a known prefix.

    >>> shown_iri("https://w3id.org/vibe-jupyter/graph/shop-1a2b3c4d/app.py#main")
    'app.py#main'
    """
    if iri.startswith(GRAPHS):
        rest = iri.removeprefix(GRAPHS).partition("/")[2]
        return unquote(rest).removeprefix("#external:") or iri
    return next(
        (f"{p}:{iri.removeprefix(base)}" for p, base in PREFIXES.items() if iri.startswith(base)), iri
    )


def external_iri(base: str, name: str) -> str:
    """Return the IRI of something outside the project, by its dotted name; no file can have it."""
    return f"{base}#external:{quote(name, safe=SAFE)}"


def qualified_names(facts: FileFacts) -> list[str]:
    """Return the definitions' names inside their file, `Order.total`, in the definitions' order."""
    names: list[str] = []
    for definition in facts.definitions:
        name = definition.name
        names.append(f"{names[definition.parent]}.{name}" if definition.parent >= 0 else name)
    return names


def call_fragments(facts: FileFacts, fragments: list[str]) -> list[str]:
    """Return the IRI fragments of a file's call sites: the third call in `Order.total` is `Order.total@3`."""
    ordinals: Counter[int] = Counter()
    found: list[str] = []
    for call in facts.calls:
        ordinals[call.caller] += 1
        found.append(f"{fragments[call.caller] if call.caller >= 0 else ''}@{ordinals[call.caller]}")
    return found


def _quoted(name: str) -> str:
    """Return a name as a part of an IRI; nearly all are as they are."""
    return name if name.isascii() and name.isidentifier() else quote(name, safe="")


def parameter_fragments(function: str, parameters: tuple[Parameter, ...]) -> list[str]:
    """Return the IRI fragments of a function's parameters; what is no valid source may have two of one name."""
    fragments = [f"{function}({_quoted(parameter.name)})" for parameter in parameters]
    if len(set(fragments)) < len(fragments):
        seen: Counter[str] = Counter()
        for i, fragment in enumerate(fragments):
            seen[fragment] += 1
            if seen[fragment] > 1:
                fragments[i] = f"{fragment}~{seen[fragment]}"
    return fragments


def definition_fragments(facts: FileFacts) -> list[str]:
    """Return the IRI fragments of a file's definitions: qualified names; a name's second definition ends in `~2`.

    Overloads, the branches of an `if` and a property's setter are definitions of one name in one scope.
    """
    seen: Counter[str] = Counter()
    fragments: list[str] = []
    for definition in facts.definitions:
        name = _quoted(definition.name)
        fragment = f"{fragments[definition.parent]}.{name}" if definition.parent >= 0 else name
        seen[fragment] += 1
        if seen[fragment] > 1:
            fragment = f"{fragment}~{seen[fragment]}"
        fragments.append(fragment)
    return fragments
