"""Which file a Python import means."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PythonModules"]


class PythonModules:
    """The modules of a project by their dotted names.

    A module's name starts at the outermost folder that holds an `__init__.py` above it, as Python's import system
    sees it from a `sys.path` entry; a folder without one (a namespace package, a folder of scripts) is named from the
    project's root and from each of the usual source roots.
    """

    _SOURCE_ROOTS = ("", "src", "lib", "python")

    def __init__(self, paths: Iterable[str]) -> None:
        paths = tuple(paths)
        self._paths = {p for p in paths if p.endswith((".py", ".pyi"))}
        self._packages = {
            p.rpartition("/")[0] for p in self._paths if p.endswith(("/__init__.py", "/__init__.pyi"))
        }
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._folders: set[str] = set()
        self.names: dict[str, str] = {}
        for path in sorted(self._paths):
            self._add(path)
        for path in paths:
            if path.endswith(".ipynb"):  # nobody can import it
                self.names[path] = path.removesuffix(".ipynb").replace("/", ".")

    def _add(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        root = folder
        above = folder
        while above:  # a folder without `__init__.py` below a package belongs to the package
            parent = above.rpartition("/")[0]
            if above in self._packages:
                root = parent
            above = parent
        name = self.names[path] = _dotted(path, root)
        self._register(name, path)
        for source_root in self._SOURCE_ROOTS:
            if source_root != root and (not source_root or path.startswith(source_root + "/")):
                self._register(_dotted(path, source_root), path)

    def _register(self, name: str, path: str) -> None:
        known = self._by_name[name]
        if path not in known:
            # A stub describes the module beside it; the source itself says more.
            known.append(path)
        parent = name.rpartition(".")[0]
        while parent and parent not in self._folders:
            self._folders.add(parent)
            parent = parent.rpartition(".")[0]

    def differing(self, other: PythonModules) -> set[str]:
        """Return the module names that mean something else in another state of the project."""
        names = self._by_name.keys() | other._by_name.keys()
        changed = {name for name in names if self._by_name.get(name) != other._by_name.get(name)}
        return changed | (self._folders ^ other._folders)

    def is_package(self, name: str) -> bool:
        """Whether modules of the project lie below this name."""
        return name in self._folders

    def find(self, name: str, importer: str) -> str | None:
        """Return the path of the module `name`, as `importer` (a path) sees it; None where the project has none."""
        known = self._by_name.get(name)
        if not known:
            return None
        folder = importer.rpartition("/")[0]
        if "." not in name:
            # A lone script is importable from its own folder only: `json.py` elsewhere must not hide the library's.
            known = [p for p in known if self._is_visible(p, folder)]
            if not known:
                return None
        if len(known) == 1:
            return known[0]
        return max(known, key=lambda p: (_shared(p, importer), p.endswith(".py"), -len(p)))

    def _is_visible(self, path: str, folder: str) -> bool:
        if path.endswith(("/__init__.py", "/__init__.pyi")):
            return True
        own = path.rpartition("/")[0]
        return own in self._SOURCE_ROOTS or own == folder

    def absolute(self, module: str, importer: str) -> str:
        """Return a relative name (`..db`) as an absolute one, as PEP 328 reads it."""
        if not module.startswith("."):
            return module
        name = module.lstrip(".")
        package = self._package(importer)
        for _ in range(len(module) - len(name) - 1):
            package = package.rpartition(".")[0]
        return f"{package}.{name}" if package and name else package or name

    def _package(self, path: str) -> str:
        name = self.names.get(path, "")
        if path.endswith(("/__init__.py", "/__init__.pyi")):
            return name
        package = name.rpartition(".")[0]
        # Without an `__init__.py` above it, a file's package is its folder: a namespace package.
        return package or path.rpartition("/")[0].replace("/", ".")


def _dotted(path: str, root: str) -> str:
    inner = path[len(root) + 1 :] if root else path
    inner = inner.removesuffix(".pyi").removesuffix(".py")
    return inner.replace("/", ".").removesuffix(".__init__")


def _shared(a: str, b: str) -> int:
    count = 0
    for x, y in zip(a.split("/"), b.split("/"), strict=False):
        if x != y:
            break
        count += 1
    return count
