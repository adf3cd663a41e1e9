"""What in a free text tells which capability is meant: its words, and the shapes of the names in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibe_jupyter.core.routing.lexicon import (
    CHANGE_VERBS,
    CONCEPTS_OF,
    FILE_KINDS,
    IRREGULAR_PASTS,
    OPENINGS,
    QUANTITIES,
    SHORT_FORMS,
    STOP_WORDS,
)
from vibe_jupyter.core.words import stem

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Request", "read_request", "split_compound"]

_MAX_CHARACTERS = 2000
_MAX_TOKENS = 200
_QUOTED = re.compile(r"\"([^\"]+)\"|(?<!\w)'([^']+)'(?!\w)|`([^`]+)`|“([^”]+)”|«([^»]+)»")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CALL = re.compile(r"^[\w.]+\([^()]*\)$")
_FILE = re.compile(r"^[\w~.*/\\:@+-]*\.(\w{1,8})$")
_IDENTIFIER = re.compile(r"^@?(?=.*[^\W\d])(?:\w*[^\W_]_\w*|_+\w+|\w+(?:\.\w+)+)$")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_AROUND = "\"'`“”«»[]{}<>,;:!?"

# How much each kind of feature counts beside a plain word, which counts 1.
_CONCEPT = 0.7  # a synonym is weaker evidence than the very word
_PAIR = 0.5  # two words side by side: they have counted one by one already
_PART = 0.3  # a word inside an identifier is about the topic, rarely about what to do with it
_MISTYPED = 0.8
_SHAPE = 0.7  # a quoted string, a path or an identifier: many capabilities take one
_NAMED = 5.0  # a capability's own name


@dataclass(frozen=True)
class Request:
    """A text as features.

    Args:
        weights: feature -> weight; a feature is a stem, a pair of stems, `~concept`, `ext:csv`, `shape:path`, ...
        typed: feature -> what the person typed.
        words: the stems of the plain words that carry signal, in order.
        changes: the verbs in it that ask for something to be made or changed.
        first_word: the word it opens with.
    """

    weights: dict[str, float]
    typed: dict[str, str]
    words: tuple[str, ...]
    changes: tuple[str, ...]
    first_word: str

    @property
    def names_a_file(self) -> bool:
        """Whether a file or folder is named in it."""
        return any(key.startswith(("kind:", "shape:path")) for key in self.weights)


class _Reader:
    def __init__(self, correct: Callable[[str], str | None], names: frozenset[str]) -> None:
        self._correct = correct
        self._names = names
        self.weights: dict[str, float] = {}
        self.typed: dict[str, str] = {}
        self.words: dict[str, None] = {}
        self.changes: list[str] = []
        self.first_word = ""
        self._before: str | None = None
        self._sequence: list[str] = []
        self._may_open = True
        self._asks_how = False

    def add(self, key: str, weight: float, typed: str) -> None:
        if weight > self.weights.get(key, 0.0):
            self.weights[key] = weight
            self.typed[key] = typed

    def read_quoted(self, content: str) -> None:
        self.add("shape:quoted", _SHAPE, "a quoted text")
        self._read_file("".join(content.split()[-1:]))
        self._before = None
        self._may_open = False

    def read_token(self, raw: str) -> None:
        token = raw.strip(_AROUND)
        token = token if token in (".", "..") else token.rstrip(".")
        if not token:
            return
        if self._read_name(token) or "://" in token:
            self._may_open = False
            self._before = None
            return
        for match in _WORD.finditer(token):
            self._read_word(match.group())
        if raw.endswith((",", ".", ";", "!", "?", ":")):
            self._before = None
            self._may_open = True

    def _read_name(self, token: str) -> bool:
        if token.casefold() in self._names:
            self.add(f"name:{token.casefold().replace('.', '_')}", _NAMED, token)
            return True
        if self._read_file(token):
            return True
        if _CALL.match(token) or _IDENTIFIER.match(token) or _is_camel(token):
            self.add("shape:identifier", _SHAPE, token)
            for part in split_compound(token).split():
                self.add(stem(part.strip("@()").casefold()), _PART, token)
            return True
        return False

    def _read_file(self, token: str) -> bool:
        match = _FILE.match(token)
        suffix = match.group(1).casefold() if match else ""
        kind = FILE_KINDS.get(suffix)
        if kind:
            name = re.split(r"[/\\]", token)[-1].casefold()
            if "*" in token or token.startswith("."):
                self.add("shape:glob", _SHAPE, token)
            self.add(f"ext:{suffix}", 1.0, f"ext:{suffix}")
            self.add(f"kind:{kind}", 1.0, f"ext:{suffix}")
            self.add(f"file:{name}", 1.0, name)
        if "/" in token or "\\" in token:
            self.add("shape:path", _SHAPE, token)
            return True
        return kind is not None

    def _read_word(self, typed: str) -> None:
        word = typed.casefold().removesuffix("'s").replace("'", "")
        weight = 1.0
        if word not in SHORT_FORMS:
            correct = self._correct(word)
            if correct is not None and correct != word:
                word, weight = correct, _MISTYPED
        for meant in SHORT_FORMS.get(word, [word]):
            self._add_word(meant, weight, typed)

    def _add_word(self, word: str, weight: float, typed: str) -> None:
        self.first_word = self.first_word or word
        if self._may_open and word in CHANGE_VERBS:
            self.changes.append(word)
        self._may_open = word in OPENINGS and (self._may_open or word in {"and", "then", "please"})
        self._read_past(word, typed)
        self._asks_how, asks_how = word == "how", self._asks_how
        if word in STOP_WORDS or len(word) < 2:
            return
        key = stem(word)
        if asks_how and word in QUANTITIES:  # one word in all but spelling, and about no subject yet
            key, typed = f"how {word}", f"how {typed}"
        self.words[key] = None
        self.add(key, weight, typed)
        for concept in CONCEPTS_OF.get(key, ()):
            self.add(f"~{concept}", weight * _CONCEPT, typed)
        if self._before is not None:
            self.add(f"{self._before} {key}", weight * _PAIR, f"{self._before} {typed}")
        self._before = key

    def _read_past(self, word: str, typed: str) -> None:
        before = self._sequence[-1] if self._sequence else ""
        self._sequence.append(word)
        is_past = word in IRREGULAR_PASTS or (word.endswith("ed") and len(word) > 4)
        asks = word in {"i", "we"} and before in {"did", "have", "had", "was", "were"}
        tells = is_past and before in {"i", "we", "ive", "weve"}
        if asks or tells:
            self.add("phrase:i did", 1.0, f"{before} {typed}")


def read_request(
    text: str,
    correct: Callable[[str], str | None] = lambda word: word,
    names: frozenset[str] = frozenset(),
) -> Request:
    """Return the features of `text`; only its first 2,000 characters count.

    Args:
        text: what somebody typed, or a line of a declaration.
        correct: gives the known word for a mistyped one.
        names: names and task types of capabilities, which count as such.

    >>> sorted(read_request("who calls login() in app.py").weights)
    ['call', 'ext:py', 'file:app.py', 'kind:source', 'login', 'shape:identifier', 'who', 'who call', '~usage']
    """
    text = unicodedata.normalize("NFKC", text[:_MAX_CHARACTERS])[:_MAX_CHARACTERS]
    text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    reader = _Reader(correct, names)
    at = 0
    for match in _QUOTED.finditer(text):
        _read_plain(reader, text[at : match.start()])
        reader.read_quoted(next(group for group in match.groups() if group))
        at = match.end()
    _read_plain(reader, text[at:])
    return Request(
        reader.weights, reader.typed, tuple(reader.words), tuple(reader.changes), reader.first_word
    )


def split_compound(name: str) -> str:
    """Return a camelCase, snake_case or dotted name as words.

    >>> split_compound("files.readTextFile")
    'files read Text File'
    """
    return _CAMEL.sub(" ", name).replace("_", " ").replace(".", " ").replace("-", " ")


def _read_plain(reader: _Reader, text: str) -> None:
    for token in text.split()[:_MAX_TOKENS]:
        reader.read_token(token)


def _is_camel(token: str) -> bool:
    return token.isidentifier() and not token.isupper() and bool(_CAMEL.search(token))
