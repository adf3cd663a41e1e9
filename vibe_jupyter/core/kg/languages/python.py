"""Python, with its stubs and notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.kg.languages.registry import Family, Language, ModuleTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vibe_jupyter.core.kg.extract.facts import FileFacts
    from vibe_jupyter.core.kg.languages.registry import Load, Settings
    from vibe_jupyter.core.kg.resolve.interface import NameResolver


def _extract(source: bytes) -> FileFacts:
    from vibe_jupyter.core.kg.extract.python import extract_python

    return extract_python(source)


def _extract_notebook(source: bytes) -> FileFacts:
    from vibe_jupyter.core.kg.extract.notebooks import extract_notebook

    return extract_notebook(source)


def _modules(paths: Iterable[str], _settings: Settings) -> ModuleTable:
    from vibe_jupyter.core.kg.resolve.modules import PythonModules

    return PythonModules(paths)


def _resolver(modules: Any, load: Load) -> NameResolver:
    from vibe_jupyter.core.kg.resolve.python import PythonResolver

    return PythonResolver(modules.names, load)


LANGUAGES = (
    Language("python", _extract, (".py", ".pyi"), separator="."),
    Language(
        "jupyter",
        _extract_notebook,
        (".ipynb",),
        max_bytes=100_000_000,
        is_by_hand=False,
        file_class="Notebook",
    ),
)
FAMILY = Family("python", frozenset(["python", "jupyter"]), _modules, _resolver)
