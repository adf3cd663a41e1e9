"""From a project's files to the change of its graph: the first time everything, later only what a change reaches."""

from __future__ import annotations

from array import array
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from vibe_jupyter.core.kg.build.extraction import extract_all
from vibe_jupyter.core.kg.build.facts_cache import EXTRACTOR_VERSION, FactsCache
from vibe_jupyter.core.kg.build.manifest import FORMAT, FileRecord, Manifest
from vibe_jupyter.core.kg.build.mentions import Mentions, mentionable_of
from vibe_jupyter.core.kg.build.names import FamilyNames, callables_of
from vibe_jupyter.core.kg.build.scan import CANNOT_BE_READ, Unreadable, is_chosen, read_source, scan
from vibe_jupyter.core.kg.extract.facts import FileFacts, Scope
from vibe_jupyter.core.kg.languages.registry import extract, families, family_of
from vibe_jupyter.core.kg.model.documents import mentions_block
from vibe_jupyter.core.kg.model.names import definition_fragments, file_iri, graph_base, qualified_names
from vibe_jupyter.core.kg.model.triples import BlockWriter
from vibe_jupyter.core.kg.resolve.interface import changed_names, key_of
from vibe_jupyter.core.kg.words import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from vibe_jupyter.core.kg.build.scan import Seen

__all__ = ["Builder", "Changes"]


class _FactsLost(Exception):
    """The cache does not hold what the last build was made of."""


class Changes(NamedTuple):
    """What a build changes: the files whose triples are to be replaced, and the manifest to keep.

    `removed` are files whose triples go, with the facts they were made of (None: a file that could not be read).
    """

    manifest: Manifest
    removed: list[tuple[FileRecord, FileFacts | None]]
    added: list[str]
    parsed: int


class Builder:
    """One build of one graph.

    Args:
        kg_id: names the graph in its IRIs.
        root: the project's folder.
        cache: the graph's facts.
        old: the manifest of the last build; None for a clean one.
        report: told how far it is, as a fraction with a message.
        only: files and folders, relative to the root, that the graph is of; all of the project if empty.
    """

    def __init__(
        self,
        kg_id: str,
        root: Path,
        cache: FactsCache,
        old: Manifest | None = None,
        report: Callable[[float | None, str], None] = lambda _fraction, _message: None,
        only: Sequence[str] = (),
    ) -> None:
        self._root = root
        self._only = list(only)
        self._cache = cache
        usable = old is not None and old.extractor == EXTRACTOR_VERSION
        self._old = {record.path: record for record in old.files} if old and usable else {}
        self._report = report
        self._files: dict[str, FileRecord] = {}
        self._facts: dict[str, FileFacts] = {}
        self._names: dict[str, FamilyNames] = {}
        self.writer = BlockWriter(graph_base(kg_id))
        self._mentions = Mentions(self._files, self._facts_of_record, self.writer.base)

    def plan(self) -> Changes:
        """See what changed, parse it, and find the files whose triples it reaches."""
        try:
            return self._plan()
        except _FactsLost:  # what the last build wrote cannot be told: this one starts anew
            self._old, self._facts = {}, {}
            self._files.clear()
            return self._plan()

    def _plan(self) -> Changes:
        self._report(0.0, "looking for changed files")
        seen = [file for file in scan(self._root) if is_chosen(file.path, self._only)]
        changed, parsed = self._read(seen)
        used = {family_of(record.language) for files in (self._files, self._old) for record in files.values()}
        self._names = {
            family.name: FamilyNames(family, self._files, self._facts_of_record, self.writer)
            for family in families()
            if family.name in used
        }
        for path, record in self._files.items():
            names = self._names.get(family_of(record.language))
            record.module = names.modules.names.get(path, "") if names else ""
            old = self._old.get(path)
            if old is not None and old.module != record.module:
                changed.add(path)
        gone = self._old.keys() - self._files.keys()
        reached = self._reached(changed, gone)
        rewritten = sorted((changed | reached) & self._files.keys())
        removed = [
            (self._old[path], self._old_facts(self._old[path]))
            for path in sorted(gone | (set(rewritten) & self._old.keys()))
        ]
        files = [self._files[path] for path in sorted(self._files)]
        manifest = Manifest(FORMAT, EXTRACTOR_VERSION, files, only=self._only)
        return Changes(manifest, removed, rewritten, parsed)

    def blocks(self, changes: Changes) -> Iterator[str]:
        """Return the triples of the files that are new or rewritten, a block for each; fills in their `reads`."""
        total = max(1, len(changes.added))
        for done, path in enumerate(changes.added):
            if done % 50 == 0:
                self._report(0.5 + 0.5 * done / total, f"resolving {path}")
            yield self.block(path)

    def block(self, path: str) -> str:
        """Return the triples of one file."""
        record = self._files[path]
        if record.problem:
            return self.writer.unreadable(path, record.language, record.problem)
        facts = self._facts_for(path)
        block = self.writer.structure(path, facts, record.module)
        keys: set[int] = set()
        if record.has_mentions:
            meanings, keys = self._mentions.meanings(facts.sections)
            block += mentions_block(self.writer.base, path, facts.sections, meanings)
        names = self._names.get(family_of(record.language))
        if names is not None:
            resolved, consulted = names.resolve(path)
            keys |= consulted
            block += self.writer.relations(path, facts, resolved)
        record.reads = array("I", sorted(keys)).tobytes()
        return block

    def entries(self, path: str) -> list[Entry]:
        """Return what the symbols of a file can be found by: the file itself first, then what it defines."""
        record = self._files[path]
        file = file_iri(self.writer.base, path)
        if record.problem:
            return [Entry(file, path.rpartition("/")[2], path, "")]
        facts = self._facts_for(path)
        found = [Entry(file, path.rpartition("/")[2], record.module or path, facts.documentation)]
        prefix = f"{record.module}." if record.module else ""
        names = zip(facts.definitions, qualified_names(facts), definition_fragments(facts), strict=True)
        found.extend(
            Entry(f"{file}#{fragment}", definition.name, prefix + qualified, definition.documentation)
            for definition, qualified, fragment in names
        )
        return found

    def _read(self, seen: list[Seen]) -> tuple[set[str], int]:
        """Return records of all files, and the paths whose content is not what it was."""
        changed: set[str] = set()
        to_read: list[Seen] = []
        for file in seen:
            old = self._old.get(file.path)
            if (
                old is not None
                and (old.size, old.modified_ns) == (file.size, file.modified_ns)
                and not old.problem.startswith(CANNOT_BE_READ)
            ):
                self._files[file.path] = FileRecord(
                    old.path,
                    old.language,
                    old.size,
                    old.modified_ns,
                    old.sha,
                    "",
                    old.problem,
                    old.reads,
                    old.callables,
                    old.others,
                    old.has_mentions,
                )
            else:
                to_read.append(file)
        new_facts: list[tuple[bytes, FileFacts]] = []
        for done, (file, outcome) in enumerate(extract_all(self._root, to_read, self._cache)):
            if done % 50 == 0:
                self._report(0.5 * done / len(to_read), f"reading {file.path}")
            record = FileRecord(file.path, file.language, file.size, file.modified_ns)
            self._files[file.path] = record
            record.problem = outcome.problem
            old = self._old.get(file.path)
            if outcome.facts is not None:
                record.sha = outcome.sha
                record.callables = callables_of(outcome.facts)
                record.others = mentionable_of(outcome.facts)
                record.has_mentions = any(section.names for section in outcome.facts.sections)
                self._facts[file.path] = outcome.facts
                if outcome.is_new:
                    new_facts.append((outcome.sha, outcome.facts))
            if old is None or old.sha != record.sha or old.problem != record.problem:
                changed.add(file.path)
            else:
                record.reads = old.reads
        self._cache.put(new_facts)
        return changed, len(new_facts)

    def _reached(self, changed: set[str], gone: set[str]) -> set[str]:
        """Return the files whose answers rest on something that changed."""
        if not self._old:
            return set()
        keys: set[int] = set()
        for path in changed | gone:
            old = self._old_facts(self._old[path]) if path in self._old else None
            new = self._facts_for(path) if path in self._files and not self._files[path].problem else None
            keys.update(key_of(path, name) for name in changed_names(old, new))
        for names in self._names.values():
            keys.update(names.changed_keys(self._old, self._old_facts))
        keys.update(self._mentions.changed_keys(self._old))
        reached = set()
        for path, record in self._files.items():
            if path not in changed and record.reads and not keys.isdisjoint(_numbers(record.reads)):
                reached.add(path)
        return reached

    def _facts_of_record(self, record: FileRecord) -> FileFacts:
        return self._facts_for(record.path)

    def _facts_for(self, path: str) -> FileFacts:
        known = self._facts.get(path)
        if known is None:
            known = self._facts[path] = self._facts_of(path, self._files[path])
        return known

    def _facts_of(self, path: str, record: FileRecord) -> FileFacts:
        known = self._cache.get(record.sha, record.language) if record.sha else None
        if known is not None:
            return known
        if record.sha:  # the cache lost them
            with suppress(Unreadable):
                return extract(record.language, read_source(self._root, path)[0])
        # Unreadable: a module of which nothing is known.
        return FileFacts(record.language, 0, scopes=[Scope("module", -1, -1)])

    def _old_facts(self, record: FileRecord) -> FileFacts | None:
        if not record.sha:
            return None
        known = self._cache.get(record.sha, record.language)
        if known is None:
            raise _FactsLost
        return known


def _numbers(data: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(data)
    return numbers
