"""Takes secrets out of what is logged, and of what is stored of a task: known kinds of tokens, and values in use here.

Nothing that is masked once comes back: it is done before a text is written. A text without secrets, which is nearly
every one, is only searched for the few letters that each kind begins with.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeVar

    from vibe_jupyter.core.errors import VibeError

    E = TypeVar("E", bound=VibeError)

__all__ = [
    "MASK",
    "MIN_SECRET",
    "forget",
    "hold",
    "holds_token",
    "masked",
    "masked_error",
    "masked_json",
    "spellings",
]

MASK = "***"
MIN_SECRET = 6
"""Characters; a shorter secret stands everywhere by chance, and cannot be told from the words around it."""
_MIN_ENCODED = 8
_MOST_HELD = 200
"""Values of one user; the oldest is let go."""

_KINDS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), re.compile(r"gh[pousr]_[A-Za-z0-9]{20,}"), MASK),
    (("github_pat_",), re.compile(r"github_pat_\w{20,}"), MASK),
    (("hf_",), re.compile(r"hf_(?<![A-Za-z0-9]hf_)[A-Za-z0-9]{20,}"), MASK),
    (("sk-",), re.compile(r"sk-(?<![A-Za-z0-9]sk-)(?=[\w-]*\d)[\w-]{20,}"), MASK),
    (("vibe_pat_",), re.compile(r"vibe_pat_[\w-]{8,}"), MASK),
    (("eyJ",), re.compile(r"eyJ(?<![A-Za-z0-9]eyJ)[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}"), MASK),
    (
        ("uthorization", "UTHORIZATION"),
        re.compile(
            r"""((?:proxy-)?authorization\\?["']?\s*[:=]\s*\\?["']?(?:(?:bearer|basic|token)\s+)?)"""
            r"""(?=[\w.~+/=:-]*\d|[\w.~+/=:-]{16})[\w.~+/=:-]{8,}""",
            re.IGNORECASE,
        ),
        rf"\g<1>{MASK}",
    ),
)
"""How the text of each kind begins, its form, and what takes its place.

The forms are narrower than those that look for tokens in a configuration: here they meet the words of whole projects,
in which `hf_hub_download` is a function.
"""


@dataclass
class _Held:
    """The values of one user, the oldest first, and all that they are written as, the longest first."""

    values: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    spelled: tuple[str, ...] = field(default=(), repr=False)
    has_escaped: bool = False
    """Whether JSON writes one of them in another way, and in JSON inside of JSON in yet another one."""

    def add(self, value: str) -> None:
        self.values[value] = tuple(dict.fromkeys([*spellings(value), *_nested(value), *_encoded(value)]))
        while len(self.values) > _MOST_HELD:
            del self.values[next(iter(self.values))]
        every = {one for some in self.values.values() for one in some}
        self.has_escaped = any(json.dumps(one)[1:-1] != one for one in self.values)
        self.spelled = tuple(sorted(every, key=lambda one: (-len(one), one)))


_lock = threading.Lock()
_held: dict[str, _Held] = {}


def hold(user_id: str, value: str) -> None:
    """Mask a value from now on in all log lines, and in what is stored of this user's tasks.

    Of others' tasks it is not masked: they could find out by that what it is.
    """
    if len(value) < MIN_SECRET:
        return
    with _lock:
        held = _held.setdefault(user_id, _Held())
        if value not in held.values:
            held.add(value)


def forget(user_id: str) -> None:
    """Hold no values of a user any more."""
    with _lock:
        _held.pop(user_id, None)


def masked(text: str, user_id: str | None = None) -> str:
    """Return a text without secrets.

    Args:
        user_id: whose values are masked beside known kinds of tokens; None: everybody's, as in a log.

    >>> masked("git push failed: bad credentials ghp_0123456789abcdefghijABCDEFGHIJ0123")
    'git push failed: bad credentials ***'
    """
    for spelled in _spelled(user_id):
        if spelled in text:
            text = text.replace(spelled, MASK)
    for beginnings, form, replacement in _KINDS:
        if any(beginning in text for beginning in beginnings):
            text = form.sub(replacement, text)
    return text


def holds_token(text: str, user_id: str | None = None) -> bool:
    """Return whether a text holds a token of a known kind, or a value in use here of this user."""
    *tokens, _headers = _KINDS
    found = any(
        pattern.search(text) for starts, pattern, _ in tokens if any(start in text for start in starts)
    )
    return found or any(one in text for one in _spelled(user_id))


def masked_json(text: str, user_id: str | None = None) -> str:
    """Return JSON in which no text has secrets; it stays JSON.

    >>> masked_json('{"said": "token vibe_pat_0123456789", "count": 1}')
    '{"said":"token ***","count":1}'
    """
    may_be_escaped = "\\" in text and _has_escaped(user_id)
    if not may_be_escaped and masked(text, user_id) == text:
        return text
    try:
        clean = _masked_value(json.loads(text), user_id)
    except RecursionError:  # nested so deeply that one cannot look into it: rather nothing than a secret
        clean = MASK
    return json.dumps(clean, ensure_ascii=False, separators=(",", ":"))


def masked_error(error: E, user_id: str | None = None) -> E:
    """Return an error after taking secrets out of all that it says."""
    error.message = masked(error.message, user_id)
    error.hint = None if error.hint is None else masked(error.hint, user_id)
    error.errors = _masked_value(error.errors, user_id)
    error.data = _masked_value(error.data, user_id)
    error.args = (error.message,)
    return error


def spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it is, as JSON, Python and URLs write it, and the long lines of one that has several."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield urllib.parse.quote(secret)
    yield urllib.parse.quote(secret, safe="")
    yield urllib.parse.quote_plus(secret)
    if "\n" in secret:
        yield from (line for line in map(str.strip, secret.splitlines()) if len(line) >= 2 * MIN_SECRET)


def _nested(secret: str) -> Iterator[str]:
    """Yield a secret in JSON or a `repr` that is a text in JSON or a `repr` again, as a log shows it."""
    for inner in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]):
        yield json.dumps(inner)[1:-1]
        yield json.dumps(inner, ensure_ascii=False)[1:-1]
        yield repr(inner)[1:-1]


def _encoded(secret: str) -> Iterator[str]:
    """Yield what base64 makes of a secret, wherever in a longer text it stands: `user:secret` in a header, e.g."""
    data = secret.encode("utf-8", "surrogatepass")
    if len(data) < _MIN_ENCODED:
        return
    for before in range(3):
        code = base64.b64encode(bytes(before) + data).decode()
        own = code[(8 * before + 5) // 6 : 8 * (before + len(data)) // 6]
        yield own
        yield own.translate(_URL_SAFE)


_URL_SAFE = str.maketrans("+/", "-_")


def _spelled(user_id: str | None) -> tuple[str, ...]:
    if user_id is not None:
        held = _held.get(user_id)
        return () if held is None else held.spelled
    return tuple(spelled for held in tuple(_held.values()) for spelled in held.spelled)


def _has_escaped(user_id: str | None) -> bool:
    if user_id is not None:
        return user_id in _held and _held[user_id].has_escaped
    return any(held.has_escaped for held in tuple(_held.values()))


def _masked_value(value: Any, user_id: str | None) -> Any:
    if isinstance(value, str):
        return masked(value, user_id)
    if isinstance(value, dict):
        return {_masked_value(key, user_id): _masked_value(item, user_id) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_masked_value(item, user_id) for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        shown = str(value)
        return value if masked(shown, user_id) == shown else MASK
    return value
