"""The YAML between two lines of dashes with which a README on the hub begins."""

from __future__ import annotations

import re
from typing import Any

from vibe_jupyter.core.services.failures import ServiceInvalid

__all__ = ["joined", "parted"]

_BLOCK = re.compile(
    r"\A\ufeff?---[ \t]*\r?\n(?P<yaml>.*?)(?:^)---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)


def parted(text: str, operation: str) -> tuple[dict[str, Any], str]:
    r"""Return what a README declares, and its text below that; nothing and the whole text if it declares nothing.

    Raises:
        ServiceInvalid: what stands between the dashes is no YAML mapping.

    >>> parted("---\nsdk: static\n---\n# Hello\n", "deploy")
    ({'sdk': 'static'}, '# Hello\n')
    >>> parted("# Hello\n", "deploy")
    ({}, '# Hello\n')
    """
    import yaml

    found = _BLOCK.match(text)
    if found is None:
        return {}, text
    problem = "it is no mapping"
    try:
        declared = yaml.safe_load(found["yaml"])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        declared, problem = "", f"line {mark.line + 2} is no YAML" if mark is not None else "it is no YAML"
    if declared is None:
        declared = {}
    if not isinstance(declared, dict):
        raise ServiceInvalid(
            f"what README.md declares between its lines of dashes cannot be read: {problem}",
            service="huggingface", operation=operation, hint="write it as YAML, one key: value a line",
        )  # fmt: skip
    return declared, text[found.end() :]


def joined(declared: dict[str, Any], text: str) -> str:
    """Return a README that declares this, above its text.

    >>> print(joined({"sdk": "static"}, "# Hello"))
    ---
    sdk: static
    ---
    <BLANKLINE>
    # Hello
    """
    import yaml

    block = yaml.safe_dump(declared, sort_keys=False, allow_unicode=True, width=110)
    return f"---\n{block}---\n\n{text.lstrip()}"
