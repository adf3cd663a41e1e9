"""Where the modules of a JavaScript project lie, as `package.json` and `tsconfig.json` files say it.

https://nodejs.org/api/packages.html and https://www.typescriptlang.org/tsconfig; the latter may hold comments.
"""

from __future__ import annotations

import json
import re
from typing import Any

from vibe_jupyter.core.kg.extract.facts import FileFacts, Problem
from vibe_jupyter.core.kg.extract.manifests import npm_requirements

__all__ = ["extract_settings"]

_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')
_ENTRIES = ("name", "main", "module", "types", "typings", "source")
_CONDITIONS = ("source", "development", "types", "import", "module", "browser", "node", "default", "require")


def extract_settings(source: bytes, language: str) -> FileFacts:
    """Return the facts of a `package.json` (language `package`) or `tsconfig.json` (`tsconfig`) file."""
    text = source.decode("utf-8", "replace")
    facts = FileFacts(language, text.count("\n") + (not text.endswith("\n") and bool(text)))
    try:
        if language == "tsconfig":
            text = _TRAILING_COMMA.sub(_kept, _COMMENT.sub(_kept, text))
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        facts.problems.append(Problem(getattr(error, "lineno", 1), f"not JSON: {error}"))
        return facts
    if isinstance(content, dict):
        facts.settings = _of_tsconfig(content) if language == "tsconfig" else _of_package(content)
        facts.requirements = npm_requirements(content) if language == "package" else []
    return facts


def _kept(found: re.Match[str]) -> str:
    return found[1] or ""


def _of_package(content: dict[str, Any]) -> dict[str, list[str]]:
    settings = {name: [content[name]] for name in _ENTRIES if isinstance(content.get(name), str)}
    exports = content.get("exports")
    is_table = isinstance(exports, dict) and all(key.startswith(".") for key in exports)
    _put(settings, "exports", exports if is_table else {".": exports})
    _put(settings, "imports", content.get("imports"))
    return settings


def _of_tsconfig(content: dict[str, Any]) -> dict[str, list[str]]:
    settings: dict[str, list[str]] = {}
    options = content.get("compilerOptions")
    if isinstance(options, dict):
        if isinstance(options.get("baseUrl"), str):
            settings["baseUrl"] = [options["baseUrl"]]
        _put(settings, "paths", options.get("paths"))
    extends = content.get("extends")
    targets = _targets(extends)
    if targets:
        settings["extends"] = targets
    return settings


def _put(settings: dict[str, list[str]], prefix: str, table: object) -> None:
    """Flatten a table of names and targets: `exports ./sub`."""
    for key, value in table.items() if isinstance(table, dict) else ():
        targets = _targets(value)
        if targets:
            settings[f"{prefix} {key}"] = targets


def _targets(value: object) -> list[str]:
    """Return a target, or those of its alternatives and conditions, likely sources first."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [target for item in value for target in _targets(item)]
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: _CONDITIONS.index(name) if name in _CONDITIONS else 99)
        return list(dict.fromkeys(target for name in names for target in _targets(value[name])))
    return []
