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

from vibe_jupyter.core.routing.declared import read_capability
from vibe_jupyter.core.routing.features import Request, read_request
from vibe_jupyter.core.routing.lexicon import KNOWN_WORDS
from vibe_jupyter.core.routing.spelling import Spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vibe_jupyter.core.oracles.base import Capability

__all__ = ["WordIndex", "WordMatch", "clear_winner"]

# The thresholds of a clear winner. A wrong task costs more than a question, so they lean to asking. They were
# set on the development half of tests/unit/core/routing/phrasings.tsv, in the middle of a flat optimum.
LEAST_SCORE = 0.45
"""Below this the words that fit are too few or too common: `explain this code` fits a bit of everything."""
LEAST_SCORE_OF_ONE_WORD = 0.5
"""One word alone must be a strong one: `doctor` and `where` are, `ok` and `who` are not."""
MOST_DOUBT = 0.83
"""The winner's doubt (1 - score) is at most this share of the second's: a quarter of a good word ahead.

A share of the doubt and not a difference of scores, because scores crowd together near 1.
"""

# How evidence is counted. One strong word that one capability declares often gives about 0.6.
_HALF_STRENGTH_COUNT = 3.0  # said so often a word has half its strength: once may be an example's topic
_EXAMPLE_LIKENESS = 1.0  # what being the very example adds, in strong words
_HALF_SCORE_EVIDENCE = 1.0
_UNKNOWN_WORD = 0.3  # rarity of a word that nobody declares, in the likeness only

_UNMET_CHANGE = 0.25  # a change is asked for that the capability does not declare
_LONGEST_REQUEST = 12  # words with signal; in a page nearly every word occurs by chance

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
        by_name = {capability.name: capability for capability in capabilities}
        vocabulary = set(KNOWN_WORDS)

        def learn(word: str) -> str:
            vocabulary.add(word)
            return word

        self._declared = [read_capability(by_name[name], learn) for name in sorted(by_name)]
        self._names = frozenset(
            name.casefold()
            for capability in by_name.values()
            for name in (capability.name, capability.task_type)
        )
        self._spelling = Spelling(vocabulary)
        self._weigh()
        self._index_examples()

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
        declared = self._declared[owner]
        why = list(dict.fromkeys(typed for _, typed in reasons))
        evidence *= declared.coverage(request, len(why), self._claims)
        evidence *= _LONGEST_REQUEST / max(_LONGEST_REQUEST, len(request.words))
        score = 1 - 0.5 ** (evidence / _HALF_SCORE_EVIDENCE)
        del why[_MAX_REASONS:]
        unmet = declared.unmet_change(request)
        if unmet:
            score *= _UNMET_CHANGE
            why.append(f"but it does not {unmet}")
        return WordMatch(declared.name, round(score, 4), tuple(why))

    def _weigh(self) -> None:
        """Set what each feature is worth in general (`_rarity`) and for each capability (`_evidence`)."""
        strengths: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for owner, declared in enumerate(self._declared):
            for key, value in declared.counts.items():
                strengths[key].append((owner, value / (value + _HALF_STRENGTH_COUNT)))
        among = len(self._declared)
        self._rarity: dict[str, float] = {}
        self._claims: dict[str, float] = {}
        self._evidence: dict[str, list[tuple[int, float]]] = {}
        for key, owners in strengths.items():
            strongest = max(strength for _, strength in owners)
            sharers = sum(strength for _, strength in owners) / strongest
            rarity = math.log((among + 1) / sharers) / math.log(among + 1)
            self._rarity[key] = rarity
            self._evidence[key] = [(owner, rarity * strength) for owner, strength in owners]
            self._claims[key] = rarity * strongest

    def _index_examples(self) -> None:
        self._examples: list[_Example] = []
        self._in_examples: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for owner, declared in enumerate(self._declared):
            for request in declared.examples:
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
    if not ranked:
        return None
    least = LEAST_SCORE if len(ranked[0].why) > 1 else LEAST_SCORE_OF_ONE_WORD
    if ranked[0].score < least:
        return None
    if len(ranked) > 1 and 1 - ranked[0].score >= MOST_DOUBT * (1 - ranked[1].score):
        return None
    return ranked[0]
