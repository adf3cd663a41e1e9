"""Why a task went where it went: the candidates with their scores, and who was not asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.tasks.schemas import Candidate, Explanation
from vibe_jupyter.widgets.rendering.document import (
    Bar,
    Block,
    Cell,
    Column,
    Heading,
    Inline,
    Line,
    Table,
    Text,
)
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERERS"]

_WIDTH = 24


def _explanation(explanation: Explanation) -> Iterator[Block]:
    yield Line(*_answer(explanation))
    if explanation.asked is not None:
        yield from _understood(explanation)
    if explanation.candidates:
        names = list(dict.fromkeys(name for each in explanation.candidates for name in each.parts))
        columns = (Column(), Column("candidate"), Column("score", "right"), Column("made of"))
        yield Table(columns, [_row(each, names, explanation.chosen) for each in explanation.candidates])
        yield Line(*_legend(names, explanation.candidates[0]))
    if explanation.rejected:
        yield Heading("not considered")
        yield Table((Column(is_fluid=True), Column(is_fluid=True)), _refused(explanation.rejected))


def _answer(explanation: Explanation) -> list[Inline]:
    line: list[Inline] = [Text(explanation.capability, "code", limit=80)]
    if explanation.required_capabilities:
        line += [" with ", Text(", ".join(explanation.required_capabilities), "code")]
    if explanation.chosen is None:
        return [*line, " went to nobody yet"]
    line += [" went to ", Text(explanation.chosen, "strong", limit=100)]
    if explanation.fallbacks:
        line += [Text(f"; if it fails: {', '.join(explanation.fallbacks)}", "muted")]
    return line


def _understood(explanation: Explanation) -> Iterator[Block]:
    yield Line("you asked: ", Text(f"“{explanation.asked}”", limit=300))
    rows = [_match(match) for match in explanation.matched[:5] if isinstance(match, dict)]
    if rows:
        yield Table(
            (Column("understood as"), Column("fit", "right"), Column(), Column("by", is_fluid=True)), rows
        )


def _match(match: dict[str, Any]) -> tuple[Cell, ...]:
    score, why = match.get("score"), match.get("why")
    is_number = isinstance(score, (int, float))
    return (
        Text(str(match.get("capability", "")), "code", limit=80),
        f"{score:.2f}" if is_number else "",
        Bar((float(score),), 8) if is_number else None,  # type: ignore[arg-type]
        Text(", ".join(map(str, why)) if isinstance(why, list) else "", "muted"),
    )


def _row(candidate: Candidate, names: list[str], chosen: str | None) -> tuple[Cell, ...]:
    parts = tuple(candidate.parts.get(name, 0.0) for name in names)
    title = " + ".join(f"{name} {part:.2f}" for name, part in zip(names, parts, strict=True))
    is_chosen = candidate.id == chosen
    return (
        Text("✓", "good") if is_chosen else None,
        Text(f"{candidate.type} {candidate.id}", "strong" if is_chosen else "plain", limit=80),
        f"{candidate.score:.2f}",
        Bar(parts, _WIDTH, title=title),
    )


def _legend(names: list[str], best: Candidate) -> list[Inline]:
    """Return each part's sign in the bar, its name, and what the best one got for it."""
    line: list[Inline] = []
    for index, name in enumerate(names):
        sign = Bar(tuple(float(other == index) for other in range(len(names))), 1)
        line += [sign, Text(f" {name} {best.parts.get(name, 0.0):.2f}\u2003", "muted", limit=60)]
    return line


def _refused(rejected: dict[str, str]) -> list[tuple[Cell, ...]]:
    """Return the reasons, each with the targets that it kept out."""
    by_reason: dict[str, list[str]] = {}
    for target, reason in rejected.items():
        by_reason.setdefault(reason, []).append(target)
    return [
        (Text(", ".join(targets), limit=300), Text(reason, "muted")) for reason, targets in by_reason.items()
    ]


RENDERERS: dict[type, Renderer] = {Explanation: Renderer(_explanation)}
