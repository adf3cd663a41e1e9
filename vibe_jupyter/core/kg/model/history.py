"""The history of a project's files as triples: commits, who wrote them, and files that change together."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING
from urllib.parse import quote

from vibe_jupyter.core.kg.model.names import CODE, file_iri
from vibe_jupyter.core.kg.model.ntriples import DATE_TIME, INTEGER, TYPE, literal
from vibe_jupyter.core.kg.store.vocabulary import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vibe_jupyter.core.kg.history.git import Commit

__all__ = ["history_block"]

_PROV = PREFIXES["prov"]
_TOGETHER = 3
"""So many commits make two files a pair."""
_MOST_FILES = 30
"""A commit of more files says nothing of any two of them."""
_MOST_PAIRS = 10_000
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")


def history_block(base: str, commits: Sequence[Commit], paths: Collection[str]) -> str:
    """Return the triples of commits.

    Args:
        base: what the graph's IRIs start with.
        commits: the newest first.
        paths: of the files that are in the graph; others are left out.
    """
    out: list[str] = []
    people: dict[str, tuple[str, str]] = {}
    pairs: Counter[tuple[str, str]] = Counter()
    for commit in commits:
        if not (_HASH.fullmatch(commit.hash) and _TIME.fullmatch(commit.time)):
            continue
        me = f"<{base}#commit:{commit.hash}>"
        email = commit.email.strip().lower()
        person = f"<{base}#person:{quote(email or commit.name, safe='@.-_')}>"
        people.setdefault(person, (commit.name.strip() or email or "unknown", email))
        out.append(
            f"{me} {TYPE} <{CODE}Commit> .\n{me} {TYPE} <{_PROV}Activity> .\n"
            f"{me} <{CODE}hash> {literal(commit.hash)} .\n{me} <{CODE}message> {literal(commit.message[:1_000])} .\n"
            f'{me} <{CODE}committedAt> "{commit.time}"^^{DATE_TIME} .\n{me} <{CODE}author> {person} .\n'
        )
        present = sorted(path for path in commit.changed if path in paths)
        out.extend(f"{me} <{CODE}changed> <{file_iri(base, path)}> .\n" for path in present)
        if len(present) <= _MOST_FILES:
            pairs.update(combinations(present, 2))
    for person, (name, email) in people.items():
        out.append(f"{person} {TYPE} <{CODE}Person> .\n{person} <{CODE}name> {literal(name)} .\n")
        if email:
            out.append(f"{person} <{CODE}email> {literal(email)} .\n")
    often = sorted(
        (pair for pair in pairs.items() if pair[1] >= _TOGETHER), key=lambda pair: (-pair[1], pair[0])
    )
    for (one, other), count in often[:_MOST_PAIRS]:
        me = f"<{base}#together:{quote(one, safe='/.-_')}:{quote(other, safe='/.-_')}>"
        out.append(
            f"{me} {TYPE} <{CODE}CoChange> .\n{me} <{CODE}file> <{file_iri(base, one)}> .\n"
            f"{me} <{CODE}file> <{file_iri(base, other)}> .\n"
            f'{me} <{CODE}count> "{count}"^^{INTEGER} .\n'
        )
    return "".join(out)
