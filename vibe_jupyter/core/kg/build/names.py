"""The names of one family of languages in a project, as they were in the last build and as they are in this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.languages.registry import is_settings
from vibe_jupyter.core.kg.model.names import definition_fragments, file_iri
from vibe_jupyter.core.kg.resolve.entities import SourceFile
from vibe_jupyter.core.kg.resolve.files import FileResolver
from vibe_jupyter.core.kg.resolve.interface import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from vibe_jupyter.core.kg.build.manifest import FileRecord
    from vibe_jupyter.core.kg.extract.facts import FileFacts
    from vibe_jupyter.core.kg.languages.registry import Family
    from vibe_jupyter.core.kg.model.triples import BlockWriter, ResolvedFile

    Files = Mapping[str, FileRecord]
    FactsOf = Callable[[FileRecord], FileFacts | None]

__all__ = ["FamilyNames", "callables_of"]


class FamilyNames:
    """Resolves the files of one family, and tells what a change of the project changes for them.

    Args:
        family: the languages.
        files: the files of this build, of all languages.
        facts: gives the facts of a record of this build.
        writer: writes the graph's blocks.
    """

    def __init__(self, family: Family, files: Files, facts: FactsOf, writer: BlockWriter) -> None:
        self._family = family
        self._base = writer.base
        self.modules = family.modules(files, _settings(files, facts))
        self._only = self._unique_names(files.values())
        self._names = family.resolver(self.modules, self._source)
        self._files = FileResolver(self._names, writer, self._unique)
        self._facts = facts
        self._records = files

    def resolve(self, path: str) -> tuple[ResolvedFile, set[int]]:
        """Tell what a file's names mean, and the keys of all that this rests on."""
        resolved = self._files.resolve(path)
        return resolved, {key_of(*read) for read in self._names.reads}

    def changed_keys(self, old: Files, old_facts: FactsOf) -> set[int]:
        """Return the keys of what is not as it was: where modules lie, and which names are unique."""
        before = self._family.modules(old, _settings(old, old_facts))
        keys = {key_of("", name) for name in self.modules.differing(before)}
        only = self._unique_names(old.values())
        for name in only.keys() | self._only.keys():
            if only.get(name) != self._only.get(name):
                keys.add(key_of(self._mark, name))
        return keys

    @property
    def _mark(self) -> str:
        """Stands for a path in the keys of unique names; no path ends in a question mark and a slash."""
        return f"{self._family.name}?/"

    def _unique(self, name: str) -> str | None:
        self._names.reads.add((self._mark, name))
        return self._only.get(name)

    def _source(self, path: str) -> SourceFile:
        facts = self._facts(self._records[path])
        assert facts is not None, path
        return SourceFile(path, facts, self.modules.names.get(path, ""))

    def _unique_names(self, records: Iterable[FileRecord]) -> dict[str, str]:
        """Return the names of functions and methods that the project has only once, with their IRIs."""
        only: dict[str, str] = {}
        for record in records:
            if record.language not in self._family.languages:
                continue
            for name, fragment in record.callables.items():
                is_first = name not in only and fragment
                only[name] = f"{file_iri(self._base, record.path)}#{fragment}" if is_first else ""
        return {name: iri for name, iri in only.items() if iri and not name.startswith("__")}


def callables_of(facts: FileFacts) -> dict[str, str]:
    """Return the fragments of a file's functions and methods by name; nothing for a name that it has twice."""
    found: dict[str, str] = {}
    for definition, fragment in zip(facts.definitions, definition_fragments(facts), strict=True):
        if definition.kind in ("function", "method"):
            found[definition.name] = "" if definition.name in found else fragment
    return found


def _settings(files: Files, facts: FactsOf) -> dict[str, dict[str, list[str]]]:
    """Return what the settings files of a build say, by their paths."""
    found: dict[str, dict[str, list[str]]] = {}
    for path, record in files.items():
        if is_settings(record.language) and not record.problem:
            said = facts(record)
            if said is not None and said.settings:
                found[path] = said.settings
    return found
