"""Which language a file is in, and what each language brings."""

from __future__ import annotations

import pkgutil
import re
from abc import abstractmethod
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from vibe_jupyter.core.kg import languages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from vibe_jupyter.core.kg.extract.facts import FileFacts
    from vibe_jupyter.core.kg.resolve.entities import SourceFile
    from vibe_jupyter.core.kg.resolve.interface import NameResolver

    Settings = Mapping[str, Mapping[str, list[str]]]
    Load = Callable[[str], SourceFile]

__all__ = [
    "MAX_SOURCE_BYTES",
    "Family",
    "Language",
    "ModuleTable",
    "extract",
    "families",
    "family_of",
    "is_settings",
    "language",
    "language_of",
]


MAX_SOURCE_BYTES = 2_000_000
"""A larger source file is data or generated; its parse would take longer than a whole project."""


class Language(NamedTuple):
    """How files of one kind are known and read.

    Args:
        name: as the graph says it (`code:language`).
        extract: gives the facts of a file's bytes, which are UTF-8 without a byte order mark.
        endings: of the names of its files, with the dot.
        names: an expression for names of files that are its own or of its folder too, whatever they end in.
        is_settings: its files say where modules lie, and hold no code.
        max_bytes: larger files are left out, with that as the reason.
        file_class: the class of its files in the ontology, beside `code:File`; nothing: no other.
        separator: of the parts of a module's name, where each file is a module.
        is_by_hand: people write its files as they are: one with very long lines was written by a program.
    """

    name: str
    extract: Callable[[bytes], FileFacts]
    endings: tuple[str, ...] = ()
    names: str = ""
    is_settings: bool = False
    max_bytes: int = MAX_SOURCE_BYTES
    is_by_hand: bool = True
    file_class: str = "Module"
    separator: str = ""


class ModuleTable(Protocol):
    """Where the modules of one family lie in a project."""

    names: dict[str, str]
    """The module's name of each file of the family."""

    @abstractmethod
    def differing(self, other: Any) -> set[str]:
        """Return the keys that mean something else in another state of the project, a table of the same kind."""


class Family(NamedTuple):
    """Languages whose files can import one another.

    Args:
        name: of the family.
        languages: their names.
        modules: makes the table of the project's files, with what its settings files say, by their paths.
        resolver: knows the names of the files that are loaded with the function it is given.
    """

    name: str
    languages: frozenset[str]
    modules: Callable[[Iterable[str], Settings], ModuleTable]
    resolver: Callable[[Any, Load], NameResolver]


def language_of(path: str) -> str | None:
    """Return the language of a file by its path; None for a file that stays out of graphs."""
    for language, pattern in _named():
        if pattern.fullmatch(path):
            return language
    _stem, dot, ending = path.rpartition("/")[2].rpartition(".")
    return _by_ending().get(dot + ending)


def extract(language: str, source: bytes) -> FileFacts:
    """Return the facts of a source file.

    Raises:
        KeyError: for a language that cannot be read.
    """
    return _languages()[language].extract(source)


def language(name: str) -> Language | None:
    """Return what is known of a language."""
    return _languages().get(name)


def is_settings(language: str) -> bool:
    """Whether files of a language say where modules lie, and hold no code."""
    return language in _languages() and _languages()[language].is_settings


def family_of(language: str) -> str:
    """Return the name of a language's family; nothing for a language whose names are not resolved."""
    return _family_of().get(language, "")


@cache
def families() -> tuple[Family, ...]:
    """Return the families whose names can be resolved."""
    return tuple(module.FAMILY for module in _modules() if hasattr(module, "FAMILY"))


@cache
def _family_of() -> dict[str, str]:
    return {language: family.name for family in families() for language in family.languages}


@cache
def _languages() -> dict[str, Language]:
    return {language.name: language for module in _modules() for language in getattr(module, "LANGUAGES", ())}


@cache
def _by_ending() -> dict[str, str]:
    return {ending: language.name for language in _languages().values() for ending in language.endings}


@cache
def _named() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (each.name, re.compile(f"(?:.*/)?(?:{each.names})", re.DOTALL))
        for each in _languages().values()
        if each.names
    )


@cache
def _modules() -> tuple[Any, ...]:
    names = sorted(
        found.name for found in pkgutil.iter_modules(languages.__path__) if found.name != "registry"
    )
    return tuple(import_module(f"{languages.__name__}.{name}") for name in names)
