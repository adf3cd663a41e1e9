"""Where names stand in the text of a project's files, beyond calls: as values, types, in strings and comments.

The graph has calls, imports and base classes. A function that is handed on (`map(clean, rows)`), a class in an
annotation, a name in a string that `getattr` gets are used as well: whether there is such a place, the text tells.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.build.scan import Unreadable, read_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["Mentions", "find_mentions"]

_WORD = re.compile(rb"[A-Za-z_$\x80-\xff][\w$\x80-\xff]*")
# Each expression takes what it began, also where its end is missing: no source is read twice.
_STRINGS = (
    rb"(?:\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)|\'\'\'(?:[^\\]|\\.)*?(?:\'\'\'|\Z)"
    rb"|\"(?:[^\"\\\n]|\\.)*\"?|\'(?:[^\'\\\n]|\\.)*\'?)"
)
_PYTHON = (
    rb"(?P<comment>#[^\n]*)|(?P<formatted>[rR]?[fF][rR]?" + _STRINGS + rb")"
    rb"|(?P<text>[rbuRBU]{0,2}" + _STRINGS + rb")"
)
_SCRIPT = (
    rb"(?P<comment>//[^\n]*|/\*(?:.*?\*/|.*))"
    rb"|(?P<text>\"(?:[^\"\\\n]|\\.){0,200}\"|\'(?:[^\'\\\n]|\\.){0,200}\')"
)
_TOKENS = {
    language: re.compile(tokens + rb"|(?P<word>" + _WORD.pattern + rb")", re.DOTALL)
    for language, tokens in (("python", _PYTHON), ("script", _SCRIPT))
}
_QUOTES = (b'"', b"'")
_CODE = frozenset(["word", "formatted"])
"""What is in an f-string or a template is not told from code."""
_PREFIX = re.compile(rb"[\"'`]([A-Za-z_]\w{0,60}_)(?:[\"'`{%]|\$\{)")
_SUFFIX = re.compile(rb"(?:\}|%s|\+ ?[\"'`])(_\w{1,60})[\"'`]")
_ALL = re.compile(rb"^__all__\s{0,9}(?::[^=\n]{0,99})?\+?=\s{0,9}[\[(]", re.MULTILINE)
_MOST_EXPORT_LISTS = 20
_MODULE = re.compile(rb"^\s*(?:import|export)\b|\brequire\(|\bmodule\.exports\b", re.MULTILINE)
_STRING = re.compile(rb"[\"'](\w+)[\"']")
_SETTINGS = (
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "package.json",
    "tox.ini",
    "noxfile.py",
    "Makefile",
    "Dockerfile",
    "Procfile",
)
"""Files of a project's folder that name what is run."""
_MAX_SETTINGS_BYTES = 2_000_000


@dataclass
class Mentions:
    """Where the wanted names stand: by name, file and line.

    Args:
        code: in code, whatever for, and as a whole string.
        text: in other strings and in comments.
        exported: the names in `__all__`, by file.
        has_all: the files that have an `__all__`.
        affixes: beginnings and endings of names in strings that names are put together from, `visit_`.
        modules: the scripts that import or export something; others share one page's names.
        settings: the names in files that say what is run.
        lines: the source of lines that were asked for, by file and line.
        unread: files whose text could not be read.
    """

    code: dict[str, dict[str, list[int]]] = field(default_factory=lambda: defaultdict(dict))
    text: dict[str, dict[str, list[int]]] = field(default_factory=lambda: defaultdict(dict))
    exported: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    has_all: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    affixes: set[str] = field(default_factory=set)
    settings: set[str] = field(default_factory=set)
    lines: dict[tuple[str, int], str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def find_mentions(
    root: Path,
    paths: Iterable[str],
    names: set[str],
    wanted_lines: dict[str, list[int]],
    report: Callable[[float | None, str], None] = lambda _fraction, _message: None,
) -> Mentions:
    """Look for names in the text of files.

    Args:
        root: the project's folder.
        paths: its files, relative to it.
        names: what to look for, whole words only.
        wanted_lines: lines whose source is to be kept, by file.
        report: told how far it is.
    """
    found = Mentions()
    wanted = {name.encode() for name in names}
    paths = list(paths)
    for done, path in enumerate(paths):
        if done % 100 == 0:
            report(done / max(1, len(paths)), f"reading {path}")
        try:
            source = read_source(root, path)[0]
        except Unreadable as error:
            found.unread.append(f"{path}: {error}")
            continue
        _read(found, path, source, wanted, wanted_lines.get(path, ()))
    for name in _SETTINGS:
        with_names = root / name
        if with_names.is_file() and with_names.stat().st_size <= _MAX_SETTINGS_BYTES:
            present = wanted.intersection(_WORD.findall(with_names.read_bytes()))
            found.settings.update(word.decode() for word in present)
    return found


def _read(found: Mentions, path: str, source: bytes, wanted: set[bytes], lines: Iterable[int]) -> None:
    if path.endswith(".ipynb"):  # cells are strings of JSON there
        source = source.replace(b"\\n", b"\n").replace(b'\\"', b'"')
    if lines:
        split = source.split(b"\n")
        for line in lines:
            if 0 < line <= len(split):
                found.lines[path, line] = split[line - 1].decode("utf-8", "replace")
    for pattern in (_PREFIX, _SUFFIX):
        found.affixes.update(affix.decode() for affix in set(pattern.findall(source)))
    for match in islice(_ALL.finditer(source), _MOST_EXPORT_LISTS):
        found.has_all.add(path)
        listed = source[match.end() : source.find(b"]" if match[0].endswith(b"[") else b")", match.end())]
        found.exported[path].update(name.decode() for name in _STRING.findall(listed))
    is_python = path.endswith((".py", ".pyi", ".ipynb"))
    if not is_python and _MODULE.search(source):
        found.modules.add(path)
    if not wanted.isdisjoint(_WORD.findall(source)):
        _find(found, path, source, wanted, _TOKENS["python" if is_python else "script"])


def _find(found: Mentions, path: str, source: bytes, wanted: set[bytes], tokens: re.Pattern[bytes]) -> None:
    line, counted = 1, 0
    for match in tokens.finditer(source):
        start, end = match.span()
        if match.lastgroup in ("text", "formatted"):
            start = min(at for quote in _QUOTES if (at := source.find(quote, start, end)) >= 0)
        places = found.code if match.lastgroup in _CODE else found.text
        for word in _WORD.finditer(source, start, end):
            if word[0] in wanted:
                if word.span() == (start + 1, end - 1) and match.lastgroup == "text":
                    places = found.code  # a string that is the very name: what `getattr` gets
                line, counted = line + source.count(b"\n", counted, word.start()), word.start()
                places[word[0].decode("utf-8", "replace")].setdefault(path, []).append(line)
