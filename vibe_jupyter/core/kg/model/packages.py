"""What manifests declare, as triples."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

from vibe_jupyter.core.kg.model.ntriples import TYPE, literal
from vibe_jupyter.core.kg.store.vocabulary import CODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.core.kg.extract.facts import FileFacts, Requirement

__all__ = ["dependency_iri", "manifest_block", "requirement_fragments"]


def dependency_iri(base: str, name: str) -> str:
    """Return the IRI of a package, by `pypi:numpy`."""
    return f"{base}#dependency:{quote(name, safe='/-._~:@')}"


def requirement_fragments(requirements: Sequence[Requirement]) -> list[str]:
    """Return the fragments of the IRIs of requirements: a second one of the same package and group has a number."""
    seen: Counter[str] = Counter()
    found: list[str] = []
    for each in requirements:
        name = "requirement:" + quote(f"{each.group}:{each.ecosystem}:{each.name}", safe="/-._~:@")
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}!{seen[name]}")
    return found


def manifest_block(base: str, file: str, facts: FileFacts) -> str:
    """Return the triples of a manifest's requirements.

    Args:
        base: what the graph's IRIs start with.
        file: the manifest's IRI.
        facts: of the manifest.
    """
    out: list[str] = []
    for each, fragment in zip(facts.requirements, requirement_fragments(facts.requirements), strict=True):
        me, package = f"<{file}#{fragment}>", f"<{dependency_iri(base, f'{each.ecosystem}:{each.name}')}>"
        out.append(
            f"<{file}> <{CODE}declares> {me} .\n{me} {TYPE} <{CODE}Requirement> .\n"
            f"{me} <{CODE}name> {literal(each.name)} .\n{me} <{CODE}dependency> {package} .\n"
            f"<{file}> <{CODE}dependsOn> {package} .\n{package} {TYPE} <{CODE}Dependency> .\n"
            f"{package} <{CODE}name> {literal(each.name)} .\n{package} <{CODE}ecosystem> {literal(each.ecosystem)} .\n"
        )
        if each.constraint:
            out.append(f"{me} <{CODE}versionConstraint> {literal(each.constraint)} .\n")
        if each.group:
            out.append(f"{me} <{CODE}group> {literal(each.group)} .\n")
    return "".join(out)
