"""Markdown as facts: sections, what they link to, and the names of code that they speak of."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.extract.facts import FileFacts, Problem, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["extract_markdown", "sections_of"]

_NAME = re.compile(r"[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*")
_CALLED = re.compile(r"\(.*\)$", re.DOTALL)
_FRONT_MATTER = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)\n", re.DOTALL)
_MAX_SECTIONS = 5_000
_MAX_TITLE = 300
_MAX_EACH = 500


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"maxNesting": 50}).enable("table")


def extract_markdown(source: bytes) -> FileFacts:
    """Return the facts of a Markdown file."""
    text = source.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    facts = FileFacts("markdown", text.count("\n") + (not text.endswith("\n") and bool(text)))
    facts.sections = sections_of(text)
    if len(facts.sections) > _MAX_SECTIONS:
        facts.problems.append(Problem(1, f"only the first {_MAX_SECTIONS:,} of its sections are read"))
        del facts.sections[_MAX_SECTIONS:]
    return facts


def sections_of(text: str, cell: int = -1) -> list[Section]:
    """Return the sections of a text; what stands before the first heading is one of level 0, if it says anything.

    Args:
        text: Markdown; lines end with a line feed.
        cell: the position of the cell that it is.
    """
    front = _FRONT_MATTER.match(text)
    if front:  # it is no Markdown, but its lines count
        text = "\n" * front[0].count("\n") + text[front.end() :]
    last = text.count("\n") + (not text.endswith("\n"))
    tokens = _parser().parse(text)
    heads = [i for i, t in enumerate(tokens) if t.type == "heading_open" and t.level == 0 and t.map]
    found: list[Section] = []
    for number, start in enumerate([-1, *heads]):
        end = heads[number] if number < len(heads) else len(tokens)
        body = tokens[max(start, 0) : end]
        level = int(body[0].tag[1]) if start >= 0 else 0
        title = " ".join(tokens[start + 1].content.split())[:_MAX_TITLE] if start >= 0 else ""
        links = tuple(dict.fromkeys(_links(body)))[:_MAX_EACH]
        names = tuple(dict.fromkeys(_names(body)))[:_MAX_EACH]
        if start < 0 and not (links or names):
            continue
        line = (tokens[start].map or [0])[0] + 1 if start >= 0 else 1
        following = (
            next((h for h in heads[number:] if int(tokens[h].tag[1]) <= level), None) if level else end
        )
        closed = len(tokens) if following is None else following
        stop = (tokens[closed].map or [last])[0] if closed < len(tokens) else last
        found.append(
            Section(title or "untitled" if level else "", level, line, max(line, stop), links, names, cell)
        )
    return found


def _inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()


def _links(tokens: list[Token]) -> Iterator[str]:
    for token in _inline(tokens):
        target = token.attrGet("href") if token.type == "link_open" else None
        if token.type == "image":
            target = token.attrGet("src")
        if isinstance(target, str) and target and not target.startswith(("#", "data:", "javascript:")):
            yield target[:2_000]


def _names(tokens: list[Token]) -> Iterator[str]:
    """Yield what stands in code spans and looks like the name of a definition."""
    for token in _inline(tokens):
        if token.type == "code_inline":
            name = _CALLED.sub("", token.content.strip())
            if _NAME.fullmatch(name) and len(name) <= 200:
                yield name
