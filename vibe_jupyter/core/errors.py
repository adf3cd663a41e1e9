"""One tree of errors: each knows its HTTP status, a stable code `area.reason`, and what to do next.

A surface renders it its own way: problem+json (RFC 9457) over HTTP, two lines in a notebook, one message
on a terminal. Raise an error where its cause is known, once, with a hint for the person.
"""

from __future__ import annotations

import copyreg
import difflib
import heapq
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Conflict",
    "CredentialMissing",
    "Forbidden",
    "InvalidInput",
    "NotAcceptable",
    "NotFound",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "UpstreamFailed",
    "UpstreamTimeout",
    "VibeError",
    "from_problem",
    "nearest",
]

_SHOWN_STDERR = 2
_SHOWN_CHARACTERS = 4000
_COMPARED_NAMES, _COMPARED_CHARACTERS = 300, 64


class VibeError(Exception):
    """Something failed in a way that we can explain.

    Args:
        message: what failed, where and why, in one sentence without a final full stop.
        code: stable and machine-readable, `area.reason`, e.g. `path.not_found`.
        hint: what the person can do next; None if there is nothing to add.
        errors: the faulty fields, each `{"loc": [...], "msg": "..."}`.
        data: more facts for programs, JSON only.
    """

    status = 500
    code = "internal.error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        errors: list[dict[str, Any]] | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.hint = hint
        self.errors = errors
        self.data = data

    def __str__(self) -> str:
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """Return what a person is told: what failed, where, what a failing process said last, and what to do next."""
        stderr = (self.data or {}).get("stderr")
        said = [f"  stderr: {line}" for line in stderr[-_SHOWN_STDERR:]] if isinstance(stderr, list) else []
        pointer = (self.data or {}).get("pointer")
        shown = [f"  {line}" for line in pointer.split("\n")[:2]] if isinstance(pointer, str) else []
        return [
            f"[{self.code}] {self.message}",
            *shown,
            *said,
            *([f"hint: {self.hint}"] if self.hint else []),
        ]

    @property
    def in_one_line(self) -> str:
        """Return message and hint, for a list of problems."""
        return f"{self.message}; {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with all fields, whatever the constructor of a subclass asks for."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def _render_traceback_(self) -> list[str]:
        """Tell IPython to show the message instead of our stack; it may quote what is no text of ours."""
        from vibe_jupyter.core.plain_text import clean

        lines = [clean(line, limit=_SHOWN_CHARACTERS, one_line=False) for line in self.lines]
        return ["\n".join([f"{type(self).__name__} {lines[0]}", *lines[1:]])]

    def problem(self) -> dict[str, Any]:
        """Return RFC 9457 problem details, with our members `code`, `hint`, `errors` and `data`."""
        optional = {"hint": self.hint, "errors": self.errors, "data": self.data}
        return {
            "type": f"urn:vibe:error:{self.code}",
            "title": type(self).__name__,
            "status": self.status,
            "detail": self.message,
            "code": self.code,
            **{key: value for key, value in optional.items() if value is not None},
        }

    def brief(self) -> dict[str, Any]:
        """Return the short form that a task stores: `{code, message, hint}`."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class InvalidInput(VibeError):
    """The request was understood and is wrong (422)."""

    status, code = 422, "request.invalid"


class BadRequest(VibeError):
    """The request could not be read at all (400)."""

    status, code = 400, "request.malformed"


class Unauthenticated(VibeError):
    """Nobody is signed in, or the credential is not valid (401)."""

    status, code = 401, "auth.required"


class Forbidden(VibeError):
    """The principal may not do this (403)."""

    status, code = 403, "auth.forbidden"


class NotFound(VibeError):
    """There is no such thing, or it is somebody else's (404)."""

    status, code = 404, "request.not_found"


class Conflict(VibeError):
    """The thing is not in a state that allows this (409)."""

    status, code = 409, "request.conflict"


class NotAcceptable(VibeError):
    """The answer has none of the formats that were asked for (406)."""

    status, code = 406, "kg.not_acceptable"


class TooLarge(VibeError):
    """The request or a result is larger than allowed (413)."""

    status, code = 413, "request.too_large"


class Unavailable(VibeError):
    """Something we need does not answer now; trying again later may help (503)."""

    status, code = 503, "service.unavailable"


class UpstreamFailed(VibeError):
    """A server or service that we asked did not do it, or cannot be believed (502)."""

    status, code = 502, "upstream.failed"


class UpstreamTimeout(VibeError):
    """A server or service that we asked did not answer in time (504)."""

    status, code = 504, "upstream.timeout"


class CredentialMissing(VibeError):
    """Something outside wants a credential of ours, and there is none (424); 401 would mean a session here."""

    status, code = 424, "secrets.missing"


class Failed(VibeError):
    """A task ended without success; carries the task's own code, message and hint."""

    status, code = 500, "task.failed"


_BY_STATUS: dict[int, type[VibeError]] = {
    error.status: error
    for error in (
        BadRequest, Unauthenticated, Forbidden, NotFound, Conflict, TooLarge, InvalidInput,
        CredentialMissing, Unavailable, UpstreamFailed, UpstreamTimeout,
    )
}  # fmt: skip


def from_problem(problem: dict[str, Any], status: int) -> VibeError:
    """Rebuild the error that a server described as problem details."""
    kind = _BY_STATUS.get(status, VibeError)
    return kind(
        problem.get("detail") or problem.get("title") or f"the server answered {status}",
        code=problem.get("code"),
        hint=problem.get("hint"),
        errors=problem.get("errors"),
        data=problem.get("data"),
    )


def nearest(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known names most like `word`, best first, to be offered in a hint.

    Who knows how many names there are, and how long: only the beginnings of some, those about as long as the word, are
    compared.

    >>> nearest("raed_file", ["write", "read_file", "list"])
    ['read_file']
    """
    wanted = word[:_COMPARED_CHARACTERS].lower()
    names = {name[:_COMPARED_CHARACTERS].lower(): name for name in known}
    some = heapq.nsmallest(_COMPARED_NAMES, names, key=lambda name: abs(len(name) - len(wanted)))
    return [names[match] for match in difflib.get_close_matches(wanted, some, n=count, cutoff=0.5)]
