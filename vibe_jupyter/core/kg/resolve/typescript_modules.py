"""Which file a JavaScript or TypeScript import means."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Settings = Mapping[str, list[str]]

__all__ = ["SETTINGS", "TypeScriptModules", "stem"]

SETTINGS = "settings"
"""The key of whatever `package.json` and `tsconfig.json` files say together."""
_ENDINGS = (".ts", ".tsx", ".d.ts", ".mts", ".d.mts", ".cts", ".d.cts", ".js", ".jsx", ".mjs", ".cjs")
"""In the order in which TypeScript looks."""
_BUILT = ("dist", "lib", "build", "out", "es", "esm", "cjs", "types", "dist-types", "output")
_SOURCES = ("src", "source", "lib", "")
_ENTRIES = ("source", "types", "typings", "module", "main")


@cache
def _ending(path: str) -> str:
    for ending in (".d.ts", ".d.mts", ".d.cts"):
        if path.endswith(ending):
            return ending
    ending = path[path.rfind(".") :] if "." in path else ""
    return ending if ending in _ENDINGS else ""


def stem(path: str) -> str:
    """Return a path without what tells its language."""
    ending = _ending(path)
    return path[: -len(ending)] if ending else path


class TypeScriptModules:
    """The modules of a project, by their paths without ending.

    Args:
        paths: the project's files, those of other languages are left out.
        settings: what the project's `package.json` and `tsconfig.json` files say, by their paths.
    """

    def __init__(self, paths: Iterable[str], settings: Mapping[str, Settings] | None = None) -> None:
        self._settings = dict(settings or {})
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        self.names: dict[str, str] = {}
        for path in sorted(p for p in paths if _ending(p)):
            self.names[path] = stem(path)
            self._by_stem[stem(path)].append(path)
        for known in self._by_stem.values():
            known.sort(key=lambda p: _ENDINGS.index(_ending(p)))
        self._packages = sorted(
            (
                (says["name"][0], dirname(path), says)
                for path, says in self._settings.items()
                if says.get("name")
            ),
            key=lambda package: (-len(package[0]), package[1]),
        )
        self._found: dict[tuple[str, str], tuple[str | None, frozenset[tuple[str, str]]]] = {}
        self._folders: dict[str, str] = {}

    def differing(self, other: TypeScriptModules) -> set[str]:
        """Return the keys (`find`) that mean something else in another state of the project."""
        stems = self._by_stem.keys() | other._by_stem.keys()
        changed = {f"/{s}" for s in stems if self._by_stem.get(s) != other._by_stem.get(s)}
        if self._settings != other._settings:
            changed.add(SETTINGS)
        return changed

    def find(self, module: str, importer: str) -> tuple[str | None, frozenset[tuple[str, str]]]:
        """Return the file that a module's name means in a file, and what was read for it, see `NameResolver`."""
        folder = self._folders.get(importer)
        if folder is None:
            folder = self._folders[importer] = dirname(importer)
        key = (module, folder)
        known = self._found.get(key)
        if known is None:
            consulted: list[str] = []
            path = next(self._candidates(module, folder, consulted), None)
            known = self._found[key] = (path, frozenset([("", each) for each in consulted]))
        return known

    def _candidates(self, module: str, folder: str, consulted: list[str]) -> Iterator[str]:
        if module.startswith("."):
            yield from self._at(join(folder, module), consulted)
        if module.startswith((".", "/")):
            return
        consulted.append(SETTINGS)
        yield from self._by_tsconfig(module, folder, consulted)
        yield from self._by_package(module, folder, consulted)

    def _at(self, base: str, consulted: list[str]) -> Iterator[str]:
        """Yield the file that `import "base"` means, as TypeScript looks for it."""
        base = normpath(base)
        if base.startswith(".."):
            return
        bare = stem(base)
        for name in (base, bare) if bare != base else (base,):
            consulted.append(f"/{name}")
            known = self._by_stem.get(name)
            if known:
                yield base if base in known else known[0]
        index = "index" if base == "." else f"{base}/index"
        consulted.append(f"/{index}")
        yield from self._by_stem.get(index, ())

    def _above(self, folder: str, names: tuple[str, ...]) -> Iterator[tuple[str, Settings]]:
        """Yield the settings files of these names in a folder and those above it, nearest first."""
        while True:
            for name in names:
                path = f"{folder}/{name}" if folder else name
                if path in self._settings:
                    yield path, self._settings[path]
            if not folder:
                return
            folder = dirname(folder)

    def _by_tsconfig(self, module: str, folder: str, consulted: list[str]) -> Iterator[str]:
        for path, says in self._above(folder, ("tsconfig.json", "jsconfig.json")):
            for where, settings in self._extended(path, says, 0):
                root = dirname(where)
                base = settings.get("baseUrl")
                anchor = join(root, base[0]) if base else root
                for target in _mapped(module, settings, "paths "):
                    yield from self._at(join(anchor, target), consulted)
                if base:
                    yield from self._at(join(anchor, module), consulted)
            return

    def _extended(self, path: str, says: Settings, depth: int) -> Iterator[tuple[str, Settings]]:
        yield path, says
        for other in says.get("extends", ()):
            if depth < 8 and other.startswith("."):
                target = normpath(join(dirname(path), other))
                for name in (target, f"{target}.json", f"{target}/tsconfig.json"):
                    if name in self._settings:
                        yield from self._extended(name, self._settings[name], depth + 1)
                        break

    def _by_package(self, module: str, folder: str, consulted: list[str]) -> Iterator[str]:
        if module.startswith("#"):
            for path, says in self._above(folder, ("package.json",)):
                for target in _mapped(module, says, "imports "):
                    yield from self._built_from(dirname(path), target, consulted)
                return
        for name, root, says in self._packages:
            if module == name or module.startswith(f"{name}/"):
                yield from self._in_package(root, "." + module[len(name) :], says, consulted)

    def _in_package(self, root: str, inside: str, says: Settings, consulted: list[str]) -> Iterator[str]:
        for target in _mapped(inside, says, "exports "):
            yield from self._built_from(root, target, consulted)
        if inside == ".":
            for entry in _ENTRIES:
                for target in says.get(entry, ()):
                    yield from self._built_from(root, target, consulted)
            inside = "index"
        for source in _SOURCES:
            yield from self._at(join(root, source, inside), consulted)

    def _built_from(self, root: str, target: str, consulted: list[str]) -> Iterator[str]:
        """Yield the file a package points to, or the source that it is built from: `dist/a.js` from `src/a.ts`."""
        yield from self._at(join(root, target), consulted)
        parts = normpath(target).split("/")
        while len(parts) > 1 and parts[0] in _BUILT:
            parts = parts[1:]
            for source in _SOURCES:
                yield from self._at(join(root, source, *parts), consulted)


def _mapped(name: str, says: Settings, prefix: str) -> Iterator[str]:
    """Yield what a table with `*` patterns gives for a name: the exact entry, else that of the longest match."""
    exact = says.get(prefix + name)
    if exact is not None:
        yield from exact
        return
    best: tuple[int, str, list[str]] | None = None
    for key, targets in says.items():
        if not key.startswith(prefix) or "*" not in key:
            continue
        before, _, after = key[len(prefix) :].partition("*")
        if name.startswith(before) and name.endswith(after) and len(name) >= len(before) + len(after):
            middle = name[len(before) : len(name) - len(after)]
            if best is None or len(before) > best[0]:
                best = (len(before), middle, targets)
    if best is not None:
        yield from (target.replace("*", best[1]) for target in best[2])
