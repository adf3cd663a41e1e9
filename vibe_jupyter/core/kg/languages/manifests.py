"""Files that declare Python packages which a project depends on; `package.json` belongs to JavaScript."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.languages.registry import Language

if TYPE_CHECKING:
    from vibe_jupyter.core.kg.extract.facts import FileFacts


def _extract(language: str, source: bytes) -> FileFacts:
    from vibe_jupyter.core.kg.extract.manifests import extract_manifest

    return extract_manifest(source, language)


LANGUAGES = (
    Language("pyproject", partial(_extract, "pyproject"), names=r"pyproject\.toml", file_class="Manifest"),
    Language(
        "requirements",
        partial(_extract, "requirements"),
        names=r"(?:[\w.-]*[-_.])?requirements(?:[-_.][\w.-]*)?\.(?:txt|in)|requirements/[\w.-]+\.(?:txt|in)",
        file_class="Manifest",
    ),
    Language(
        "environment",
        partial(_extract, "environment"),
        names=r"environment(?:[-_.][\w.-]*)?\.ya?ml",
        file_class="Manifest",
    ),
)
