"""Markdown: text for people that speaks of code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.languages.registry import Language

if TYPE_CHECKING:
    from vibe_jupyter.core.kg.extract.facts import FileFacts


def _extract(source: bytes) -> FileFacts:
    from vibe_jupyter.core.kg.extract.markdown import extract_markdown

    return extract_markdown(source)


LANGUAGES = (Language("markdown", _extract, (".md", ".markdown"), is_by_hand=False, file_class="Document"),)
