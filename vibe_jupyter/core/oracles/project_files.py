"""The one walk over a project's own files: what git would show, wherever there is a `.gitignore` or none.

Never entered are version control, caches, virtual environments and installed packages; symbolic links are
not followed. The patterns are pathspec's; the order of precedence is git's (gitignore(5)): the deepest
`.gitignore` decides, in it the last pattern that matches, and what is in an ignored folder stays ignored.
"""

from __future__ import annotations

import os
import re
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = ["project_files"]

_NEVER_ENTERED = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".ipynb_checkpoints", ".cache"}
    | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".hypothesis", ".eggs", "site-packages"}
)
_MARKS_OF_FOREIGN_FOLDERS = frozenset({"pyvenv.cfg", "conda-meta", "CACHEDIR.TAG"})
"""A folder with one of these is a virtual environment, a conda environment, or a cache that says so."""
_ANYWHERE = "^(?:.+/)?"
_FILE_OR_FOLDER = "(?:(?P<ps_d>/)|$)"
_FOLDER = "(?P<ps_d>/)"


def project_files(
    root: Path,
    *,
    project: Path | None = None,
    hidden: bool = True,
    ignored: bool = False,
    links: bool = False,
    on_error: Callable[[OSError], None] | None = None,
) -> Iterator[str]:
    """Yield the project's own regular files as POSIX paths relative to `root`, sorted by name in each folder.

    Args:
        root: a folder; it is walked through even if it is hidden or ignored itself.
        project: the folder whose `.gitignore` counts, with those on the way from it to `root`, where there is
            no git repository; passed over if `root` lies outside of it. Default: `root`.
        hidden: whether files and folders whose names begin with a dot are shown.
        ignored: whether files that `.gitignore` excludes are shown.
        links: whether symbolic links are shown, as what they are; they are never followed.
        on_error: told of each folder that cannot be listed; it is passed over, as `os.walk` does.
    """
    top = root if ignored else _top_of(root, project)
    above = "" if top == root else f"{root.relative_to(top).as_posix()}/"
    rules: tuple[_Rules, ...] = () if ignored else _rules_above(top, above)
    waiting = [("", rules)]
    while waiting:
        inside, rules = waiting.pop()
        try:
            with os.scandir(root / inside) as scan:
                entries = {entry.name: entry for entry in scan}
        except OSError as error:
            if on_error is not None:
                on_error(error)
            continue
        if inside and not _MARKS_OF_FOREIGN_FOLDERS.isdisjoint(entries):
            continue
        if not ignored:
            rules = (*_rules_of(root / inside, above + inside, entries), *rules)
        folders: list[str] = []
        for name in sorted(entries):
            entry = entries[name]
            is_folder = entry.is_dir(follow_symlinks=False)
            if name in _NEVER_ENTERED and (is_folder or name == ".git"):
                continue
            if (name.startswith(".") and not hidden) or not _is_shown(entry, is_folder, links):
                continue
            end = "/" if is_folder else ""
            if rules and _is_ignored(rules, f"{above}{inside}{name}{end}", name + end):
                continue
            if is_folder:
                folders.append(f"{inside}{name}/")
            else:
                yield inside + name
        waiting.extend((folder, rules) for folder in reversed(folders))


def _is_shown(entry: os.DirEntry[str], is_folder: bool, links: bool) -> bool:
    return is_folder or entry.is_file(follow_symlinks=False) or (links and entry.is_symlink())


class _Rules:
    """The patterns of one ignore file in the folder `base`, relative to the top: "" or with a final slash."""

    def __init__(self, base: str, lines: Iterable[str]) -> None:
        self._base_length = len(base)
        self._rules: list[tuple[re.Pattern[str], bool, bool]] = []
        of_names: list[str] = []
        of_paths: list[str] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the user's character classes
            for line in lines:
                if (rule := _rule(line)) is not None:
                    regex, is_of_name, is_exclusion = rule
                    self._rules.append((re.compile(regex, re.DOTALL), is_of_name, is_exclusion))
                    (of_names if is_of_name else of_paths).append(regex)
            # Most files match no pattern at all: one look at a union says so.
            self._any_name = re.compile("|".join(of_names) or r"(?!)", re.DOTALL)
            self._any_path = re.compile("|".join(of_paths) or r"(?!)", re.DOTALL)
        self._rules.reverse()

    def verdict(self, path: str, name: str) -> bool | None:
        """Return whether `path` is ignored; None if no rule says. A folder's path and name end with `/`."""
        path = path[self._base_length :]
        if self._any_name.match(name) is None and self._any_path.match(path) is None:
            return None
        return next(
            is_exclusion
            for regex, is_of_name, is_exclusion in self._rules
            if regex.match(name if is_of_name else path)
        )


def _is_ignored(rules: tuple[_Rules, ...], path: str, name: str) -> bool:
    return next((found for rule in rules if (found := rule.verdict(path, name)) is not None), False)


def _rule(line: str) -> tuple[str, bool, bool] | None:
    """Return (regex for the thing itself, whether it is for the bare name, whether it excludes).

    pathspec's regexes also match all that is below a match. The walk has decided about the folders above
    already, and a pattern such as `!keep` must not bring back what another pattern ignores below `keep`.
    """
    from pathspec.patterns.gitignore.base import GitIgnorePatternError
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    try:
        regex, is_exclusion = GitIgnoreSpecPattern.pattern_to_regex(line)
        re.compile(regex or "")
    except (GitIgnorePatternError, re.error):  # e.g. `[z-a]`: git passes over it too
        return None
    if regex is None or is_exclusion is None:
        return None
    if regex == _FOLDER:  # `*/`
        return r"[^/]+/\Z", True, is_exclusion
    if regex == ".":  # `*`
        return r".", True, is_exclusion
    if regex == "/":  # `**/*/**`
        return r"[^/]+/.", False, is_exclusion
    if line.rstrip().endswith("/**/"):  # pathspec 1.1 takes it for `/`; to git it is every folder below
        return regex.removesuffix(_FOLDER) + r"/.+/\Z", False, is_exclusion
    if regex.endswith(_FILE_OR_FOLDER):
        own = regex.removesuffix(_FILE_OR_FOLDER) + r"/?\Z"
    elif regex.endswith(_FOLDER):
        own = regex.removesuffix(_FOLDER) + r"/\Z"
    else:  # `folder/**`
        return f"{regex}.", False, is_exclusion
    name = own.removeprefix(_ANYWHERE)
    has_no_slash = "/" not in name.replace("[^/]", "").removesuffix(r"/?\Z").removesuffix(r"/\Z")
    if own.startswith(_ANYWHERE) and has_no_slash:
        return name, True, is_exclusion
    return own, False, is_exclusion


def _rules_above(top: Path, above: str) -> tuple[_Rules, ...]:
    """Return the rules of `top` and the folders down to, without, the one that is walked; deepest first."""
    found: list[_Rules] = list(_read_rules(top / ".git" / "info" / "exclude", ""))
    base = ""
    for part in above.split("/")[:-1]:
        found[:0] = _read_rules(top / base / ".gitignore", base)
        base += f"{part}/"
    return tuple(found)


def _rules_of(folder: Path, base: str, entries: dict[str, os.DirEntry[str]]) -> list[_Rules]:
    found: list[_Rules] = []
    if ".gitignore" in entries:
        found += _read_rules(folder / ".gitignore", base)
    if ".git" in entries and base:  # a repository in the repository
        found += _read_rules(folder / ".git" / "info" / "exclude", base)
    return found


def _read_rules(file: Path, base: str) -> list[_Rules]:
    """Return the rules in `file`, if there is one; git takes no link and no unreadable file either."""
    try:
        if file.is_symlink():
            return []
        text = file.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
        return []
    return [_Rules(base, (line.removesuffix("\r") for line in text.split("\n")))]


def _top_of(folder: Path, project: Path | None) -> Path:
    """Return the nearest folder from `folder` upwards with a `.git`; without one, `project` or `folder`."""
    default = project if project is not None and folder.is_relative_to(project) else folder
    return next((top for top in (folder, *folder.parents) if (top / ".git").exists()), default)
