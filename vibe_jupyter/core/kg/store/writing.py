"""How a graph changes: a new generation is made, closed and published, from scratch or from the current one.

All of this blocks, and may run in any process: the lock is the graph's. Facts come from two sides. The default graph
holds all of them; the named graph `vocabulary.USER_FACTS` records those that people added. A generator knows nothing of
people's facts, and cannot lose them: what it removes stays if somebody has added it, and what people remove stays if it
is generated. The few facts that are both are listed in `confirmed.nt` of the generation.
"""

from __future__ import annotations

import errno
import io
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput, Unavailable, VibeError
from vibe_jupyter.core.kg.store.protocol import Changes, Statistics, UpdateResult
from vibe_jupyter.core.kg.store.vocabulary import USER_FACTS

if TYPE_CHECKING:
    import pyoxigraph as ox
    from _typeshed import WriteableBuffer

    from vibe_jupyter.core.kg.store.generations import Generation, GraphFolder

__all__ = [
    "Beside",
    "Delta",
    "Facts",
    "Triples",
    "apply_changes",
    "beside",
    "derive",
    "disk_errors",
    "load_graph",
    "quad_of",
    "read_facts",
    "statistics_of",
    "user_quads",
]

Triples = bytes | Path | IO[bytes] | Iterable[str | bytes]
"""N-Triples: a text, the path of a file, an open file, or blocks of whole or partial lines."""

Beside = Callable[[Path, Path | None], None]
"""Fills a folder of the builder's own in the new generation: gets it, empty, and the one of the generation before.

The old one must not be changed. Without a function the new folder has the files of the old one, as hard links.
"""

_PART_BYTES = 32 * 2**20
"""Larger texts are loaded in parts: at once, a million triples took 770 MB, in parts of this size half of it."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def beside(generation: Generation) -> Path:
    """Return the folder of the builder's own files; never change one that is published."""
    return generation.folder / "beside"


def load_graph(
    folder: GraphFolder, triples: Triples, *, fill_beside: Beside | None = None, is_ours: bool = False
) -> UpdateResult:
    """Replace all generated facts; the facts of people stay.

    Args:
        folder: the graph's.
        triples: N-Triples.
        fill_beside: makes the builder's own files.
        is_ours: the triples were written by `kg/model`, whose IRIs need no second look: an eighth of the time.

    Raises:
        Conflict: `kg.busy`.
        InvalidInput: `kg.invalid_triples`.
        Unavailable: `kg.disk_full`; the graph is as it was.
    """
    import pyoxigraph as ox

    with folder.writer(), disk_errors():
        previous = folder.current()
        before = read_facts(previous) if previous else Facts()
        users = user_quads(previous) if previous else []
        built = folder.begin()
        store = ox.Store(str(built.store))
        try:
            for part in _parts(triples):
                store.bulk_load(part, ox.RdfFormat.N_TRIPLES, lenient=is_ours)
        except SyntaxError as error:
            raise _invalid(error) from None
        plain = [quad_of(quad.triple) for quad in users]
        confirmed = {str(quad.triple) for quad in plain if quad in store}
        store.extend([*plain, *users])
        count = len(store) - len(users)
        _close(store)
        del store
        _complete(built, previous, Facts(count, len(users), confirmed), fill_beside)
        generation = folder.publish(built)
    return UpdateResult(count, before.triples, generation.name)


def apply_changes(
    folder: GraphFolder, changes: Changes, *, fill_beside: Beside | None = None
) -> UpdateResult:
    """Change some generated facts; the facts of people stay.

    Raises:
        NotFound: `kg.empty`.
        Conflict: `kg.busy`.
        InvalidInput: `kg.invalid_triples`.
        Unavailable: `kg.disk_full`; the graph is as it was.
    """
    import pyoxigraph as ox

    with folder.writer(), disk_errors():
        current = folder.existing()
        facts = read_facts(current)
        added = dict.fromkeys(_parsed(changes.added))
        removed = [triple for triple in _parsed(changes.removed) if triple not in added]
        store = ox.Store.read_only(str(current.store))
        users = ox.NamedNode(USER_FACTS)
        delta = Delta(confirmed=set(facts.confirmed))
        for triple in removed:
            if quad_of(triple, users) in store:
                delta.confirmed.discard(str(triple))
            elif quad_of(triple) in store:
                delta.removed.append(triple)
        for triple in added:
            if quad_of(triple, users) in store:
                delta.confirmed.add(str(triple))
            elif quad_of(triple) not in store:
                delta.added.append(triple)
        if fill_beside is None and delta.is_empty and delta.confirmed == facts.confirmed:
            return UpdateResult(0, 0, current.name)
        built = derive(folder, current, store, delta, fill_beside)
        del store
        generation = folder.publish(built)
    return UpdateResult(len(delta.added), len(delta.removed), generation.name)


@dataclass
class Delta:
    """Which triples leave and enter the default graph and the record of people's facts."""

    removed: list[ox.Triple] = field(default_factory=list)
    added: list[ox.Triple] = field(default_factory=list)
    user_removed: list[ox.Triple] = field(default_factory=list)
    user_added: list[ox.Triple] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)
    """Facts that are both generated and people's, afterwards."""

    @property
    def is_empty(self) -> bool:
        """Whether the triples stay as they are."""
        return not (self.removed or self.added or self.user_removed or self.user_added)

    def as_update(self) -> str:
        """Return it as one SPARQL Update; the terms are written by the engine itself."""
        return (
            f"DELETE DATA {{ {_data(self.removed, self.user_removed)} }} ;\n"
            f"INSERT DATA {{ {_data(self.added, self.user_added)} }}"
        )


def _data(plain: list[ox.Triple], users: list[ox.Triple]) -> str:
    def lines(triples: list[ox.Triple]) -> str:
        return "\n".join(f"{triple} ." for triple in triples)

    return f"{lines(plain)}\nGRAPH <{USER_FACTS}> {{ {lines(users)} }}"


def derive(
    folder: GraphFolder,
    base: Generation,
    store: ox.Store,
    delta: Delta,
    fill_beside: Beside | None = None,
) -> Generation:
    """Make a generation from another one, without publishing it; only for the writer.

    Tables are immutable files: the new store has hard links to those of the old one, and never writes to them.

    Args:
        folder: the graph's.
        base: the generation to start from.
        store: the store of `base`, open for reading.
        delta: what is different.
        fill_beside: see there.
    """
    import pyoxigraph as ox

    facts = read_facts(base)
    built = folder.begin()
    store.backup(str(built.store))
    changed = ox.Store(str(built.store))
    if not delta.is_empty:
        changed.update(delta.as_update())
    _close(changed)
    del changed
    _complete(
        built,
        base,
        Facts(
            facts.triples + len(delta.added) - len(delta.removed),
            facts.user_facts + len(delta.user_added) - len(delta.user_removed),
            delta.confirmed,
        ),
        fill_beside,
    )
    return built


def quad_of(triple: ox.Triple, graph: ox.NamedNode | None = None) -> ox.Quad:
    """Return a triple in a graph, the default one if none is named."""
    import pyoxigraph as ox

    return ox.Quad(triple.subject, triple.predicate, triple.object, graph)


def _close(store: ox.Store) -> None:
    store.flush()  # to tables: readers of a log would have to replay it


@dataclass(frozen=True)
class Facts:
    """What we know of a generation beyond its store."""

    triples: int = 0
    user_facts: int = 0
    confirmed: set[str] = field(default_factory=set)
    written_at: float = field(default_factory=time.time)


def read_facts(generation: Generation) -> Facts:
    """Return what was written down when a generation was made."""
    facts = json.loads((generation.folder / "facts.json").read_bytes())
    confirmed = (generation.folder / "confirmed.nt").read_bytes().decode().split("\n")[:-1]
    return Facts(facts["triples"], facts["user_facts"], set(confirmed), facts["written_at"])


def statistics_of(folder: GraphFolder) -> Statistics:
    """Tell how large a graph is.

    Raises:
        NotFound: `kg.empty`.
    """
    while True:
        generation = folder.existing()
        try:
            facts = read_facts(generation)
            size = sum(path.stat().st_size for path in generation.folder.rglob("*") if path.is_file())
        except FileNotFoundError:
            if folder.current() == generation:
                raise
            continue  # it was replaced while we looked
        return Statistics(
            generation.name, generation.number, facts.triples, facts.user_facts, size, facts.written_at
        )


def _complete(
    built: Generation, previous: Generation | None, facts: Facts, fill_beside: Beside | None
) -> None:
    own, old = beside(built), beside(previous) if previous else None
    own.mkdir()
    if fill_beside is not None:
        fill_beside(own, old)
    elif old is not None:
        _link_files(old, own)
    confirmed = "".join(f"{triple}\n" for triple in sorted(facts.confirmed))
    (built.folder / "confirmed.nt").write_bytes(confirmed.encode())
    (built.folder / "facts.json").write_text(
        json.dumps(
            {"triples": facts.triples, "user_facts": facts.user_facts, "written_at": facts.written_at}
        ),
        encoding="ascii",
    )
    built.pin.touch(mode=0o600)


def _link_files(source: Path, target: Path) -> None:
    import shutil

    def link(old: str, new: str) -> None:
        try:
            os.link(old, new)
        except OSError:  # a file system without hard links
            shutil.copyfile(old, new)

    shutil.copytree(source, target, copy_function=link, dirs_exist_ok=True)


def user_quads(generation: Generation) -> list[ox.Quad]:
    """Return the record of what people added."""
    import pyoxigraph as ox

    store = ox.Store.read_only(str(generation.store))
    return list(store.quads_for_pattern(None, None, None, ox.NamedNode(USER_FACTS)))


def _parsed(blocks: Iterable[str]) -> Iterator[ox.Triple]:
    import pyoxigraph as ox

    try:
        for quad in ox.parse("\n".join(blocks), ox.RdfFormat.N_TRIPLES):
            if isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode):
                raise InvalidInput(
                    f"a blank node cannot be changed: {quad.triple}",
                    code="kg.invalid_triples",
                    hint="give it an IRI",
                )
            yield quad.triple
    except SyntaxError as error:
        raise _invalid(error) from None


def _invalid(error: SyntaxError) -> InvalidInput:
    return InvalidInput(f"these are no N-Triples: {error}", code="kg.invalid_triples")


def _parts(triples: Triples) -> Iterator[bytes]:
    """Cut triples into parts of whole lines; the engine needs some ten times the size of a part as memory."""
    if isinstance(triples, Path):
        with triples.open("rb") as opened:
            yield from _parts(opened)
        return
    file: Any = triples
    if isinstance(triples, bytes):
        file = io.BytesIO(triples)
    elif not hasattr(triples, "read"):
        file = io.BufferedReader(_Blocks(triples), io.DEFAULT_BUFFER_SIZE)
    while part := file.read(_PART_BYTES) + file.readline():
        yield part


class _Blocks(io.RawIOBase):
    """A file made of blocks."""

    def __init__(self, blocks: Iterable[str | bytes]) -> None:
        self._blocks = iter(blocks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block.encode() if isinstance(block, str) else block)
        view = memoryview(target)
        size = min(len(view), len(self._rest))
        view[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


@contextmanager
def disk_errors() -> Iterator[None]:
    """Say what is wrong with the disk.

    Raises:
        Unavailable: `kg.disk_full`.
        VibeError: `kg.write_failed`.
    """
    try:
        yield
    except OSError as error:
        text = error.strerror or str(error)
        if error.errno in _FULL or any(os.strerror(number) in str(error) for number in _FULL):
            raise Unavailable(
                f"the disk is full, the graph is as it was: {text}",
                code="kg.disk_full",
                hint="make room, or set VIBE_DATA_DIR to another disk",
            ) from error
        raise VibeError(
            f"the graph could not be written, it is as it was: {text}", code="kg.write_failed"
        ) from error
