"""Documents as triples: their sections, links, and the names of code that they mention."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from vibe_jupyter.core.kg.model.names import CODE, SAFE, file_iri
from vibe_jupyter.core.kg.model.notebooks import cell_fragment
from vibe_jupyter.core.kg.model.ntriples import INTEGER, TYPE, literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from urllib.parse import SplitResult

    from vibe_jupyter.core.kg.extract.facts import Section

__all__ = ["mentions_block", "section_fragment", "sections_block"]

_LOOSE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"[\w.~-]*(?::\d*)?")
_SCHEMES = ("http", "https", "mailto", "ftp")


def section_fragment(position: int) -> str:
    """Return the fragment of a section's IRI; sections count from 0."""
    return f"section-{position}"


def sections_block(base: str, path: str, sections: Sequence[Section]) -> str:
    """Return the triples of a document's sections, or of those of a notebook's Markdown.

    Args:
        base: what the graph's IRIs start with.
        path: the file's.
        sections: in their order.
    """
    file = file_iri(base, path)
    out: list[str] = []
    for position, section in enumerate(sections):
        holder, me = _place(file, position, section)
        if section.level:
            out.append(
                f"{holder} <{CODE}hasSection> {me} .\n{me} {TYPE} <{CODE}Section> .\n"
                f"{me} <{CODE}name> {literal(section.title)} .\n"
                f'{me} <{CODE}position> "{position}"^^{INTEGER} .\n'
                f'{me} <{CODE}level> "{section.level}"^^{INTEGER} .\n'
                f'{me} <{CODE}startLine> "{section.start_line}"^^{INTEGER} .\n'
                f'{me} <{CODE}endLine> "{section.end_line}"^^{INTEGER} .\n'
            )
        targets = sorted({iri for link in section.links if (iri := _target(base, path, link))})
        out.extend(f"{me} <{CODE}links> <{iri}> .\n" for iri in targets)
        out.extend(f"{me} <{CODE}mentionsName> {literal(name)} .\n" for name in section.names)
    return "".join(dict.fromkeys(out))


def mentions_block(base: str, path: str, sections: Sequence[Section], meanings: Mapping[str, str]) -> str:
    """Return the triples of what a document's sections mention.

    Args:
        base: what the graph's IRIs start with.
        path: the file's.
        sections: in their order.
        meanings: the IRIs of the definitions that names mean.
    """
    file = file_iri(base, path)
    out = [
        f"{_place(file, position, section)[1]} <{CODE}mentions> <{meanings[name]}> .\n"
        for position, section in enumerate(sections)
        for name in section.names
        if name in meanings
    ]
    return "".join(dict.fromkeys(out))


def _place(file: str, position: int, section: Section) -> tuple[str, str]:
    """Return what a section is in, and the section itself; what stands before all headings is what it is in."""
    holder = f"<{file}#{cell_fragment(section.cell)}>" if section.cell >= 0 else f"<{file}>"
    return holder, f"<{file}#{section_fragment(position)}>" if section.level else holder


def _target(base: str, path: str, link: str) -> str | None:
    """Return the IRI of a file of the project, as it is linked, or of an address; None for what is neither."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    if parts.scheme in _SCHEMES:
        return _address(parts)
    if parts.scheme or parts.netloc or not parts.path:
        return None
    said = unquote(parts.path)
    if not said.strip("/"):
        return None
    folder = "" if said[0] == "/" else posixpath.dirname(path)
    place = posixpath.normpath(posixpath.join(folder, said.lstrip("/")))
    if place.startswith("..") or "\0" in place or not place.isprintable():
        return None
    return file_iri(base, place)


def _address(parts: SplitResult) -> str | None:
    """Return an address as an IRI; None for one that is none, whatever browsers make of it."""
    user, _, host = parts.netloc.rpartition("@")
    if user or not _HOST.fullmatch(host) or (parts.scheme != "mailto" and not host):
        return None
    path, query, fragment = (
        quote(_LOOSE_PERCENT.sub("%25", part), safe=SAFE + "%?")
        for part in (parts.path, parts.query, parts.fragment)
    )
    return urlunsplit((parts.scheme, quote(host, safe=":"), path, query, fragment))
