"""Compare what a project declares, what is installed here and what its code imports."""

from __future__ import annotations

import importlib.metadata
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.requirements import Requirement

__all__ = ["Declared", "compare"]

_KNOWN_IMPORT_NAMES = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "jwt": "pyjwt",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""Import names that differ from their distribution, for those that are not installed here to be asked."""
_ORDER = ("missing", "wrong_version", "undeclared", "unused", "optional", "ok")
_NEVER_DISTRIBUTIONS = frozenset({"__main__", "pkg_resources", "this"})


@dataclass(frozen=True)
class Declared:
    """A requirement, the file that declares it, and the group there; no group means a main dependency."""

    requirement: Requirement
    file: str
    group: str | None = None

    @property
    def name(self) -> str:
        """The distribution's normalized name."""
        return canonicalize_name(self.requirement.name)

    @property
    def applies_here(self) -> bool:
        """Whether its environment marker, if any, is true on this machine."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate({"extra": self.group or ""})

    def __str__(self) -> str:
        extras = f"[{','.join(sorted(self.requirement.extras))}]" if self.requirement.extras else ""
        where = f"{self.file} [{self.group}]" if self.group else self.file
        return f"{self.requirement.name}{extras}{self.requirement.specifier} ({where})"


def compare(
    declared: Iterable[Declared],
    imports: Iterable[str],
    *,
    required: Iterable[str] | None = None,
    own_names: Iterable[str] = (),
    own_packages: Iterable[str] = (),
    distributions: Mapping[str, list[str]] | None = None,
) -> list[dict[str, Any]]:
    """Return the fields of a `DependencyRow` for every distribution that is declared or imported.

    Args:
        declared: what the project's files ask for.
        imports: top-level names that its code imports; the standard library among them is passed over.
        required: those of `imports` that the code cannot do without; default: all.
        own_names: distributions that the project itself makes.
        own_packages: names that are packages somewhere in the project; they are meant where no distribution of
            that name is declared.
        distributions: import name -> distributions; default: those installed here.
    """
    known = importlib.metadata.packages_distributions() if distributions is None else distributions
    by_name: dict[str, list[Declared]] = {}
    own = {canonicalize_name(name) for name in own_names}
    for item in declared:
        if item.applies_here and item.name not in own:
            by_name.setdefault(item.name, []).append(item)
    foreign = set(imports) - set(own_packages).difference(by_name)
    imported = _imported_distributions(foreign, known, by_name) - own
    needed = imported if required is None else _imported_distributions(required, known, by_name)
    rows = [
        _row(name, by_name.get(name, []), name in imported, is_optional=name not in needed)
        for name in {*by_name, *imported}
    ]
    return sorted(rows, key=lambda row: (_ORDER.index(row["status"]), row["name"]))


def _imported_distributions(
    imports: Iterable[str], known: Mapping[str, list[str]], declared: Mapping[str, Any]
) -> set[str]:
    found: set[str] = set()
    for module in imports:
        if module in sys.stdlib_module_names or module in _NEVER_DISTRIBUTIONS:
            continue
        owners = sorted({canonicalize_name(owner) for owner in known.get(module, ())})
        if not owners:
            owners = [canonicalize_name(_KNOWN_IMPORT_NAMES.get(module, module))]
        # A namespace such as `google` belongs to many: those that are declared are meant.
        found.update([owner for owner in owners if owner in declared] or owners[:1])
    return found


def _row(name: str, declared: list[Declared], is_imported: bool, *, is_optional: bool) -> dict[str, Any]:
    version = _installed_version(name)
    is_main = any(item.group is None for item in declared)
    if not declared and is_optional:
        status = "optional"
    elif version is None:
        status = "missing"
    elif not all(item.requirement.specifier.contains(version, prereleases=True) for item in declared):
        status = "wrong_version"
    elif not declared:
        status = "undeclared"
    else:
        status = "unused" if is_main and not is_imported else "ok"
    return {
        "name": name,
        "declared": "; ".join(dict.fromkeys(map(str, declared))) or None,
        "installed_version": version,
        "imported": is_imported,
        "status": status,
    }


def _installed_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
