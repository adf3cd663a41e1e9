"""The graph's own node, and how it came to be (PROV-O)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.model.names import CODE
from vibe_jupyter.core.kg.model.ntriples import DATE_TIME, INTEGER, TYPE, literal
from vibe_jupyter.core.kg.store.vocabulary import PREFIXES

if TYPE_CHECKING:
    from vibe_jupyter.core.kg.build.manifest import Activity

__all__ = ["activity_block", "project_block"]

_PROV = PREFIXES["prov"]


def project_block(base: str, name: str) -> str:
    """Return the triples of the project itself, whose IRI is the graph's base."""
    return f"<{base}> {TYPE} <{PREFIXES['doap']}Project> .\n<{base}> <{CODE}name> {literal(name)} .\n"


def activity_block(base: str, activity: Activity) -> str:
    """Return the triples of one generation of the graph."""
    me = f"<{base}#generation:{activity.number}>"
    return (
        f"{me} {TYPE} <{_PROV}Activity> .\n<{base}> <{_PROV}wasGeneratedBy> {me} .\n"
        f'{me} <{_PROV}startedAtTime> "{activity.started}"^^{DATE_TIME} .\n'
        f'{me} <{_PROV}endedAtTime> "{activity.ended}"^^{DATE_TIME} .\n'
        f'{me} <{CODE}files> "{activity.files}"^^{INTEGER} .\n'
        f'{me} <{CODE}parsedFiles> "{activity.parsed}"^^{INTEGER} .\n'
    )
