"""JSON as editors write it: with comments and trailing commas. An error names line and column."""

from __future__ import annotations

import json
import re
from typing import Any

from vibe_jupyter.core.mcp.errors import ConfigError

__all__ = ["parse"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)
_NOT_NEWLINE = re.compile(r"[^\n]")


def parse(text: str, where: str) -> Any:
    r"""Return the value.

    Raises:
        ConfigError: with file, line and column.

    >>> parse('{"a": [1, 2,], // two\n "b": "// no comment",}', "here")
    {'a': [1, 2], 'b': '// no comment'}
    """
    try:
        return json.loads(text)
    except ValueError:
        pass
    plain = _TOKEN.sub(
        lambda found: found[0] if found[0][0] == '"' else _NOT_NEWLINE.sub(" ", found[0]), text
    )
    try:
        return json.loads(plain)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{where}, line {error.lineno}, column {error.colno}: {error.msg}",
            hint="it must be JSON; comments and trailing commas are understood",
            data={"line": error.lineno, "column": error.colno},
        ) from None
    except RecursionError:
        raise ConfigError(f"{where}: it is nested too deeply") from None
