r"""Server-sent events (WHATWG HTML, 9.2), of which a client wants the data.

Lines end with `\n`, `\r\n` or `\r` and with nothing else. `str.splitlines`, and with it the lines of httpx, also end
them at characters such as U+2028, which may stand in JSON.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EventDecoder"]

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventDecoder:
    r"""Takes a stream in whatever parts it arrives.

    >>> decoder = EventDecoder()
    >>> list(decoder.feed(b"id: 1\ndata: {\"a\":")), list(decoder.feed(b" 1}\n\n: ping\n\n"))
    ([], ['{"a": 1}'])
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._may_go_on = False
        self._is_first = True

    def feed(self, part: bytes) -> Iterator[str]:
        """Yield the data of each event that is complete with this part; events without data are left out."""
        if not part:
            return
        if self._may_go_on:  # the line was ended by the `\r` before
            part = part.removeprefix(b"\n")
        self._may_go_on = part.endswith(b"\r")
        *lines, rest = _LINE_END.split(part)
        for line in lines:
            self._line.append(line)
            whole = b"".join(self._line)
            self._line.clear()
            if self._is_first:
                whole, self._is_first = whole.removeprefix(_BYTE_ORDER_MARK), False
            if whole:
                self._field(whole)
            elif self._data:
                yield b"\n".join(self._data).decode(errors="replace")
                self._data.clear()
        self._line.append(rest)

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
