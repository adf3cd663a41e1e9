"""Where the modules of a language lie, for languages that say so by paths."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Look = Callable[[str], tuple[str, ...]]

__all__ = ["Located", "PathTable", "endings", "nearest"]


class Located(NamedTuple):
    """What an imported name leads to: files, and the names that are left to look up in them."""

    files: tuple[str, ...]
    rest: tuple[str, ...] = ()


class PathTable(ABC):
    """The modules of a project: the name of each file, and files by the keys that a language looks them up with.

    All look-ups go through the function `look`, which gives the files of a key and notes that it was asked for.
    """

    separator: ClassVar[str] = "."
    """Stands between the parts of a name as the language writes it."""
    builtins: ClassVar[frozenset[str]] = frozenset()
    """Names that are there without an import."""
    has_full_names: ClassVar[bool] = False
    """Whether a name may begin with that of a module that is not imported."""
    calls_pass_values: ClassVar[bool] = False
    """Whether variables and functions of one name are apart, so that a call never means the variable."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.index: dict[str, tuple[str, ...]] = {}

    def add(self, key: str, path: str) -> None:
        """Let a key lead to one more file."""
        self.index[key] = (*self.index.get(key, ()), path)

    def differing(self, other: PathTable) -> set[str]:
        """Return the keys that lead elsewhere in another state of the project."""
        keys = self.index.keys() | other.index.keys()
        return {key for key in keys if self.index.get(key) != other.index.get(key)}

    @abstractmethod
    def locate(self, module: str, importer: str, look: Look) -> Located | None:
        """Find what an import names, as the file `importer` sees it; None: it lies outside."""

    def beside(self, path: str, name: str, look: Look) -> Iterable[str]:
        """Return the other files in which a file sees a name without an import."""
        return ()

    def parts(self, path: str, look: Look) -> Iterable[str]:
        """Return the other files in which a class of a file may have methods."""
        return ()

    def through_star(self, module: str, name: str, importer: str, look: Look) -> Located | None:
        """Find the files in which a name is that is imported with all others of a module."""
        return self.locate(module, importer, look)


def endings(paths: Iterable[str], *ends: str) -> list[str]:
    """Return the paths that end in one of these, sorted."""
    return sorted(path for path in paths if path.endswith(ends))


def nearest(paths: Iterable[str], importer: str) -> str:
    """Return the path that shares most folders with another, of several that would do."""

    def shared(path: str) -> int:
        count = 0
        for mine, its in zip(path.split("/"), importer.split("/"), strict=False):
            if mine != its:
                break
            count += 1
        return count

    return max(paths, key=lambda path: (shared(path), -len(path), path))
