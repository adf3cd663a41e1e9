"""JSON from outside, made such that every database and every encoder takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["storable"]


def storable(value: Any, beyond: Callable[[int], Any] = str) -> Any:
    r"""Return a JSON value without what a database or an encoder would stumble over.

    That is NUL and halves of surrogate pairs, and whole numbers beyond 64 bits.

    Args:
        beyond: what becomes of such a number: a text of its digits, if nothing else is said.

    >>> storable(["\x00", "\ud800", 2**64, 1])
    ['�', '?', '18446744073709551616', 1]
    """
    if isinstance(value, str):
        if "\x00" in value:
            value = value.replace("\x00", "\ufffd")
        try:
            value.encode()
        except UnicodeEncodeError:
            value = value.encode("utf-8", "replace").decode()
        return value
    if isinstance(value, dict):
        return {storable(key, beyond): storable(item, beyond) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item, beyond) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return beyond(value)
    return value
