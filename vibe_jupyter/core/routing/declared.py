"""What one capability declares about itself, read for the ranked-words match."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibe_jupyter.core.routing.features import Request, read_request, split_compound
from vibe_jupyter.core.routing.lexicon import CONCEPTS_OF, ERRANDS
from vibe_jupyter.core.words import stem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vibe_jupyter.core.oracles.base import Capability

__all__ = ["Declared", "read_capability"]

_SUMMARY_WEIGHT = 0.7  # a summary is one text about everything; an example is how somebody would ask
_NAME_COUNT = 9.0  # the capability's own name, as if many examples had it

# What a word that the capability does not know costs; nothing where it has a field for free words, unless
# another capability lives by that word.
_CLAIMED = 1.0  # times its strength there: `search notebooks for login`
_UNKNOWN_BESIDE_A_PATH = 0.4  # it must be about the inside of the file: `age in titanic.csv`
_UNKNOWN_ALONE = 0.8  # there is no place for it: `check my spelling` is not about the installation
_FIELDS_FOR_A_PATH = frozenset(["path", "file", "folder", "directory", "filename"])


@dataclass(frozen=True)
class Declared:
    """A capability's words.

    Args:
        name: `file.search`.
        text_field: where a free text goes; None if nowhere.
        counts: feature -> how often its name, summary and examples have it, weighted.
        examples: each example's own features; its name and summary where it has none.
        verbs: the stems of what it says it does: the words of its name, and how its texts open.
        noun: the last word of its name, which an errand is about: `run a search`.
    """

    name: str
    text_field: str | None
    counts: dict[str, float]
    examples: tuple[Request, ...]
    verbs: frozenset[str]
    noun: str

    def knows(self, word: str) -> bool:
        """Whether the stem, or a synonym, occurs in the declaration."""
        return word in self.counts or any(
            f"~{concept}" in self.counts for concept in CONCEPTS_OF.get(word, ())
        )

    def coverage(self, request: Request, reasons: int, claims: Mapping[str, float]) -> float:
        """Return how much of the text the capability accounts for, in (0, 1].

        Args:
            request: the text.
            reasons: how many things in it speak for this capability; at least 1.
            claims: word -> how strongly it speaks for the capability that it speaks for most, in [0, 1].
        """
        cost = self._cost_of_an_unknown_word(request)
        unknown = [word for word in request.words if not self.knows(word)]
        return reasons / (reasons + sum(cost + _CLAIMED * claims.get(word, 0.0) for word in unknown))

    def _cost_of_an_unknown_word(self, request: Request) -> float:
        takes_a_path = self.text_field in _FIELDS_FOR_A_PATH
        if self.text_field is not None and not takes_a_path:
            return 0.0
        return _UNKNOWN_BESIDE_A_PATH if takes_a_path and request.names_a_file else _UNKNOWN_ALONE

    def unmet_change(self, request: Request) -> str | None:
        """Return a change that the text asks for and this capability does not say it makes."""
        for verb in request.changes:
            is_errand = verb in ERRANDS and self.noun in request.words
            if stem(verb) not in self.verbs and not is_errand:
                return verb
        return None


def read_capability(capability: Capability, learn: Callable[[str], str]) -> Declared:
    """Return what `capability` declares; `learn` is told every plain word of it."""
    examples = tuple(read_request(example, learn) for example in capability.examples)
    summary = read_request(capability.summary, learn)
    name = read_request(split_compound(capability.name), learn)
    likely = examples or (name, summary)  # a tool of others often has no examples
    counts: dict[str, float] = defaultdict(float)
    for weight, request in ((1.0, name), (_SUMMARY_WEIGHT, summary), *((1.0, one) for one in likely)):
        for key, value in request.weights.items():
            counts[key] += weight * value
    counts[f"name:{capability.name.casefold().replace('.', '_')}"] = _NAME_COUNT
    openings = [verb for one in (summary, *examples) for verb in (one.first_word, *one.changes)]
    return Declared(
        capability.name,
        capability.text_field,
        dict(counts),
        likely,
        frozenset(name.words) | {stem(verb) for verb in openings},
        name.words[-1] if name.words else "",
    )
