"""JavaScript and TypeScript, with JSX, and the files that say where their modules lie."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.kg.languages.registry import Family, Language, ModuleTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vibe_jupyter.core.kg.extract.facts import FileFacts
    from vibe_jupyter.core.kg.languages.registry import Load, Settings
    from vibe_jupyter.core.kg.resolve.interface import NameResolver


def _extract(language: str, source: bytes) -> FileFacts:
    from vibe_jupyter.core.kg.extract.typescript import extract_typescript

    return extract_typescript(source, language)


def _extract_settings(language: str, source: bytes) -> FileFacts:
    from vibe_jupyter.core.kg.extract.javascript_settings import extract_settings

    return extract_settings(source, language)


def _modules(paths: Iterable[str], settings: Settings) -> ModuleTable:
    from vibe_jupyter.core.kg.resolve.typescript_modules import TypeScriptModules

    return TypeScriptModules(paths, settings)


def _resolver(modules: Any, load: Load) -> NameResolver:
    from vibe_jupyter.core.kg.resolve.typescript import TypeScriptResolver

    return TypeScriptResolver(modules, load)


LANGUAGES = (
    Language("javascript", partial(_extract, "javascript"), (".js", ".jsx", ".mjs", ".cjs"), separator="/"),
    Language("typescript", partial(_extract, "typescript"), (".ts", ".mts", ".cts"), separator="/"),
    Language("tsx", partial(_extract, "tsx"), (".tsx",), separator="/"),
    Language(
        "package",
        partial(_extract_settings, "package"),
        names=r"package\.json",
        is_settings=True,
        file_class="Manifest",
    ),
    Language(
        "tsconfig",
        partial(_extract_settings, "tsconfig"),
        names=r"tsconfig(\.[\w.-]+)?\.json|jsconfig\.json",
        is_settings=True,
        file_class="",
    ),
)
FAMILY = Family("typescript", frozenset(["javascript", "typescript", "tsx"]), _modules, _resolver)
