"""Which definition of the project a name in a document means: the only one that can be called so."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.model.names import definition_fragments, file_iri, qualified_names
from vibe_jupyter.core.kg.resolve.interface import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vibe_jupyter.core.kg.build.manifest import FileRecord
    from vibe_jupyter.core.kg.extract.facts import FileFacts, Section

    Files = Mapping[str, FileRecord]

__all__ = ["Mentions", "mentionable_of"]

_KINDS = ("class", "interface", "enum", "type", "namespace", "variable")
_MARK = "mentions?/"
"""Stands for a path in the keys of names that documents mention; no path ends in a question mark and a slash."""
_MODULE = "module "
_MAX_FILES = 100
"""A name that more files define says too little, whatever stands before it."""
_MAX_NAMES = 5_000
"""Different names of one document that are looked up; a text with more was written by a program."""


class Mentions:
    """Knows the definitions of a build by their names.

    Args:
        files: the files of the build, of all languages.
        facts: gives the facts of one of them.
        base: what the graph's IRIs start with.
    """

    def __init__(self, files: Files, facts: Callable[[FileRecord], FileFacts | None], base: str) -> None:
        self._files = files
        self._facts = facts
        self._base = base
        self._places: dict[str, list[str]] | None = None
        self._defined: dict[str, dict[str, dict[str, str]]] = {}
        self._read: set[int] = set()

    def meanings(self, sections: list[Section]) -> tuple[dict[str, str], set[int]]:
        """Return the IRIs of what the names in a document mean, and the keys of all that this rests on."""
        self._read = set()
        names = dict.fromkeys(name for section in sections for name in section.names)
        found = {name: self._meaning(name) for name in islice(names, _MAX_NAMES)}
        return {name: iri for name, iri in found.items() if iri}, self._read

    def changed_keys(self, old: Files) -> set[int]:
        """Return the keys of the names that are not defined where they were."""
        if not any(record.has_mentions for record in old.values()):
            return set()
        before, now = _places(old), self._known()
        return {
            key_of(_MARK, name) for name in before.keys() | now.keys() if before.get(name) != now.get(name)
        }

    def _known(self) -> dict[str, list[str]]:
        if self._places is None:
            self._places = _places(self._files)
        return self._places

    def _meaning(self, name: str) -> str | None:
        places, (owner, _, last) = self._known(), name.rpartition(".")
        self._read.update((key_of(_MARK, last), key_of(_MARK, _MODULE + name)))
        found = {file_iri(self._base, path): None for path in places.get(_MODULE + name, ())}
        paths = places.get(last, ())
        if len(paths) > (_MAX_FILES if owner else 1):
            return None
        for path in paths:
            found.update(dict.fromkeys(self._definitions(path, name, last)))
        return next(iter(found)) if len(found) == 1 else None

    def _definitions(self, path: str, name: str, last: str) -> Iterator[str]:
        """Yield the IRIs of a file's definitions that a name fits."""
        record = self._files[path]
        self._read.update((key_of(path, last), key_of(_MARK, _MODULE + record.module)))
        if path not in self._defined:
            facts = self._facts(record)
            assert facts is not None, path
            self._defined[path] = _by_name(facts)
        prefix, ending = f"{record.module}." if record.module else "", f".{name}"
        for qualified, fragment in self._defined[path].get(last, {}).items():
            if f".{prefix}{qualified}".endswith(ending):
                yield f"{file_iri(self._base, path)}#{fragment}"


def mentionable_of(facts: FileFacts) -> list[str]:
    """Return the names of a file's definitions that are neither functions nor fields, each once."""
    return list(dict.fromkeys([d.name for d in facts.definitions if d.kind in _KINDS]))


def _by_name(facts: FileFacts) -> dict[str, dict[str, str]]:
    """Return what a file defines: by name, qualified names with their fragments; overloads and branches are one."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    rows = zip(facts.definitions, qualified_names(facts), definition_fragments(facts), strict=True)
    for definition, qualified, fragment in rows:
        if definition.kind in _KINDS or definition.kind in ("function", "method"):
            found[definition.name].setdefault(qualified, fragment)
    return dict(found)


def _places(files: Files) -> dict[str, list[str]]:
    """Return the paths of the files that define each name; modules stand under a mark."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(files):
        record = files[path]
        for name in record.callables.keys() | set(record.others):
            places[name].append(path)
        if record.module or record.callables or record.others:
            places[_MODULE + record.module].append(path)
    return dict(places)
