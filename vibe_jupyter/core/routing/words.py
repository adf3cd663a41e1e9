"""Match a free text to capabilities by its words: no model, no network, the same answer every time.

What is known of a capability is what it declares: its name, its summary and its examples. A word counts
the more, the fewer capabilities share it (inverse document frequency, K. Spärck Jones 1972) and the more
often this one says it. The likeness to the nearest single example (cosine) counts beside that, because a
sentence that is nearly an example is better evidence than the same words from here and there. A word that
no capability knows is taken for the topic ("login"): it neither helps nor hurts much. A request for a
change ("delete sales.csv") does not go to a capability that declares no such verb, whatever else fits.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibe_jupyter.core.routing.features import Request, read_request
from vibe_jupyter.core.routing.lexicon import CHANGE_VERBS, KNOWN_WORDS
from vibe_jupyter.core.routing.spelling import Spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vibe_jupyter.core.oracles.base import Capability

__all__ = ["WordIndex", "WordMatch", "clear_winner"]

LEAST_SCORE = 0.45
LEAST_LEAD = 0.10

_SUMMARY_WEIGHT = 0.6
_EXAMPLE_LIKENESS = 1.5
_HALF_SCORE_EVIDENCE = 1.6
_UNKNOWN_WORD = 0.3
_UNMET_CHANGE = 0.25
_MAX_REASONS = 6


@dataclass(frozen=True)
class WordMatch:
    """A capability that a text fits: `score` in [0, 1], and the words that counted, the weightiest first."""

    capability: str
    score: float
    why: tuple[str, ...]


@dataclass(frozen=True)
class _Example:
    owner: int
    norm: float


class WordIndex:
    """The declarations of some capabilities, ready to be matched; built once, read from any thread.

    Args:
        capabilities: what can be asked for; one without a `text_field` is matched too, it takes no text.
    """

    def __init__(self, capabilities: Iterable[Capability]) -> None:
        ordered = sorted({capability.name: capability for capability in capabilities}.values(), key=_name)
        self._capabilities = [capability.name for capability in ordered]
        self._names = frozenset(
            name for capability in ordered for name in (capability.name, capability.task_type)
        )
        counts: list[dict[str, float]] = []
        requests: list[list[Request]] = []
        self._changes: list[frozenset[str]] = []
        vocabulary = set(KNOWN_WORDS)

        def learn(word: str) -> str:
            vocabulary.add(word)
            return word

        for capability in ordered:
            examples = [read_request(example, learn) for example in capability.examples]
            summary = read_request(capability.summary, learn)
            named = read_request(capability.name.replace(".", " ").replace("_", " "), learn)
            count: dict[str, float] = defaultdict(float)
            for weight, request in [
                (1.0, named),
                (_SUMMARY_WEIGHT, summary),
                *((1.0, one) for one in examples),
            ]:
                for key, value in request.weights.items():
                    count[key] += weight * value
            count[f"name:{capability.task_type.casefold()}"] = 3.0
            counts.append(count)
            requests.append(examples)
            said = {word for one in (summary, *examples) for word in one.changes}
            self._changes.append(frozenset(said | (CHANGE_VERBS & named.typed.keys())))

        self._spelling = Spelling(vocabulary)
        self._weigh(counts)
        self._index_examples(requests)

    def rank(self, text: str) -> list[WordMatch]:
        """Return what `text` fits, the best first, ties by name; what it does not fit at all is left out."""
        request = read_request(text, self._spelling.correct, self._names)
        evidence: dict[int, float] = defaultdict(float)
        reasons: dict[int, list[tuple[float, str]]] = defaultdict(list)
        for key, weight in request.weights.items():
            for owner, value in self._evidence.get(key, ()):
                evidence[owner] += weight * value
                reasons[owner].append((-weight * value, request.typed[key]))
        for owner, likeness in self._likeness(request).items():
            evidence[owner] += _EXAMPLE_LIKENESS * likeness
        matches = [
            self._match(owner, total, request, sorted(reasons[owner])) for owner, total in evidence.items()
        ]
        return sorted(
            (match for match in matches if match.score > 0),
            key=lambda match: (-match.score, match.capability),
        )

    def _match(
        self, owner: int, evidence: float, request: Request, reasons: list[tuple[float, str]]
    ) -> WordMatch:
        score = 1 - 0.5 ** (evidence / _HALF_SCORE_EVIDENCE)
        why = list(dict.fromkeys(typed for _, typed in reasons))[:_MAX_REASONS]
        unmet = [verb for verb in dict.fromkeys(request.changes) if verb not in self._changes[owner]]
        if unmet:
            score *= _UNMET_CHANGE
            why.append(f"but it does not {unmet[0]}")
        return WordMatch(self._capabilities[owner], round(score, 4), tuple(why))

    def _weigh(self, counts: list[dict[str, float]]) -> None:
        """Set what each feature is worth in general (`_rarity`) and for each capability (`_evidence`)."""
        strengths: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for owner, count in enumerate(counts):
            for key, value in count.items():
                strengths[key].append((owner, value / (value + 1)))
        self._rarity: dict[str, float] = {}
        self._evidence: dict[str, list[tuple[int, float]]] = {}
        for key, owners in strengths.items():
            strongest = max(strength for _, strength in owners)
            sharers = sum(strength for _, strength in owners) / strongest
            rarity = math.log((len(counts) + 1) / sharers) / math.log(len(counts) + 1)
            self._rarity[key] = rarity
            self._evidence[key] = [(owner, rarity * strength) for owner, strength in owners]

    def _index_examples(self, requests: list[list[Request]]) -> None:
        self._examples: list[_Example] = []
        self._in_examples: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for owner, examples in enumerate(requests):
            for request in examples:
                vector = {key: weight * self._rarity[key] for key, weight in request.weights.items()}
                norm = math.sqrt(sum(value * value for value in vector.values()))
                if norm == 0:
                    continue
                for key, value in vector.items():
                    self._in_examples[key].append((len(self._examples), value))
                self._examples.append(_Example(owner, norm))

    def _likeness(self, request: Request) -> dict[int, float]:
        """Return the cosine of the text to each capability's nearest example."""
        products: dict[int, float] = defaultdict(float)
        square = 0.0
        for key, weight in request.weights.items():
            value = weight * self._rarity.get(key, _UNKNOWN_WORD)
            square += value * value
            for number, other in self._in_examples.get(key, ()):
                products[number] += value * other
        nearest: dict[int, float] = {}
        for number, product in products.items():
            example = self._examples[number]
            cosine = product / (example.norm * math.sqrt(square)) if product else 0.0
            nearest[example.owner] = max(nearest.get(example.owner, 0.0), cosine)
        return nearest


def clear_winner(ranked: Sequence[WordMatch]) -> WordMatch | None:
    """Return the match to act on without asking; None if nothing fits well or two fit about as well."""
    if not ranked or ranked[0].score < LEAST_SCORE:
        return None
    if len(ranked) > 1 and ranked[0].score - ranked[1].score < LEAST_LEAD:
        return None
    return ranked[0]


def _name(capability: Capability) -> str:
    return capability.name
