"""A graph's folder: immutable generations, a pointer to the current one, and what keeps both whole.

    <kg>/current              names the current generation; replaced in one step
    <kg>/writer.lock          held by the one writer
    <kg>/building/<name>/     what a writer makes; anything here belongs to a living writer or is left over
    <kg>/generations/<name>/  store/ (oxigraph), pin (locked by readers), facts.json, and what the builder adds

A generation is never written to once it stands in `generations/`; whoever is killed at any point leaves the old graph
or the new one. One that is not current goes when nobody reads it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import Conflict, NotFound
from vibe_jupyter.core.locks import Lock

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Generation", "GraphFolder", "pinned"]

_NAME = re.compile(r"\d{8}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Generation:
    """One state of a graph on disk."""

    folder: Path

    @property
    def name(self) -> str:
        """Its name, which is never used again."""
        return self.folder.name

    @property
    def number(self) -> int:
        """How many generations the graph had with this one."""
        return int(self.name.partition("-")[0])

    @property
    def store(self) -> Path:
        """The folder of the oxigraph store."""
        return self.folder / "store"

    @property
    def pin(self) -> Path:
        """The file that readers lock."""
        return self.folder / "pin"


class GraphFolder:
    """The folder of one graph.

    Args:
        path: `<data_dir>/kg/<kg_id>`; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pointer = path / "current"
        self._generations = path / "generations"
        self._building = path / "building"

    def current(self) -> Generation | None:
        """Return the current generation; None as long as there is none."""
        try:
            name = self._pointer.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        if not _NAME.fullmatch(name):
            raise ValueError(f"{self._pointer} does not name a generation: {name[:80]!r}")
        return Generation(self._generations / name)

    def existing(self) -> Generation:
        """Return the current generation.

        Raises:
            NotFound: `kg.empty`.
        """
        generation = self.current()
        if generation is None:
            raise NotFound(
                "this graph has not been generated yet", code="kg.empty", hint="%vibe kg generate makes it"
            )
        return generation

    @contextmanager
    def writer(self) -> Iterator[None]:
        """Be the one writer for a block; leftovers of writers that were killed are removed first.

        Raises:
            Conflict: `kg.busy`.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = Lock(self.path / "writer.lock", create=True)
        try:
            # A lock that is not current any more is that of a graph which was removed meanwhile.
            if not (lock.try_take() and lock.is_current):
                raise Conflict(
                    "somebody else is writing to this graph",
                    code="kg.busy",
                    hint="wait until that is done (%vibe kg status) and try again; questions are answered meanwhile",
                )
            if self._building.exists():
                shutil.rmtree(self._building)
            self._generations.mkdir(exist_ok=True)
            self.tidy()
            try:
                yield
            finally:
                shutil.rmtree(self._building, ignore_errors=True)
        finally:
            lock.close()

    def begin(self) -> Generation:
        """Return a new generation to be filled; only for the writer.

        The caller makes its `store` and publishes it.
        """
        current = self.current()
        number = current.number + 1 if current else 1
        generation = Generation(self._building / f"{number:08d}-{secrets.token_hex(4)}")
        generation.folder.mkdir(parents=True)
        return generation

    def publish(self, built: Generation) -> Generation:
        """Make a generation the current one; only for the writer, and only once its store is closed."""
        pin = Lock(built.pin, create=True)
        try:
            pin.try_take(shared=True)  # it cannot be tidied away before it is current
            _sync_tree(built.folder)
            generation = Generation(self._generations / built.name)
            built.folder.rename(generation.folder)
            _sync(self._generations)
            self._point_to(generation)
        finally:
            pin.close()
        self.tidy()
        return generation

    def _point_to(self, generation: Generation) -> None:
        following = self._pointer.with_name("current.new")
        with following.open("w", encoding="ascii") as file:
            file.write(f"{generation.name}\n")
            file.flush()
            os.fsync(file.fileno())
        following.replace(self._pointer)
        _sync(self.path)

    def tidy(self) -> None:
        """Remove the generations that are not current and that nobody reads; anybody may call this at any time."""
        if not self._generations.exists():
            return
        for folder in tuple(self._generations.iterdir()):
            generation = Generation(folder)
            if generation == self.current():
                continue
            try:
                pin = Lock(generation.pin)
            except FileNotFoundError:  # what somebody began to remove
                shutil.rmtree(folder, ignore_errors=True)
                continue
            try:
                # Looked at again under the lock: a writer keeps the pin until the pointer is moved.
                if pin.try_take() and generation != self.current():
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                pin.close()

    def remove(self) -> None:
        """Remove the graph for good; readers keep what they have open.

        Raises:
            Conflict: `kg.busy`.
        """
        if not self.path.exists():
            return
        with self.writer():
            self._pointer.unlink(missing_ok=True)
            shutil.rmtree(self.path, ignore_errors=True)


@contextmanager
def pinned(folder: GraphFolder) -> Iterator[Generation]:
    """Hold the current generation for a block: it stays on disk.

    Raises:
        NotFound: `kg.empty`.
    """
    while True:
        generation = folder.existing()
        try:
            pin = Lock(generation.pin)
        except FileNotFoundError:
            if folder.current() == generation:
                raise
            continue  # another one became current meanwhile
        try:
            if pin.try_take(shared=True) and pin.is_current:
                yield generation
                return
        finally:
            pin.close()


def _sync_tree(folder: Path) -> None:
    """Bring a folder to the disk; files with several names are older generations' and there already."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            if path.stat().st_nlink == 1:
                _sync(path)
        _sync(Path(root))


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
