"""Names that a file system, a package index and Python accept, made of what people call their projects."""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata

from vibe_jupyter.core.errors import InvalidInput

__all__ = ["MAX_MODULE_CHARACTERS", "MAX_SLUG_CHARACTERS", "module_name", "slug"]

MAX_SLUG_CHARACTERS = 60
MAX_MODULE_CHARACTERS = 40

_DEVICES = frozenset(
    {"aux", "con", "nul", "prn"} | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
)
"""Windows takes these for devices, whatever follows the dot."""
_TAKEN = frozenset(name.lower() for name in sys.stdlib_module_names) | {
    "anyio", "app", "conftest", "docs", "gradio", "hatchling", "ipykernel", "ipython", "jupyter", "mcp", "mcp_types",
    "numpy", "pandas", "papermill", "pip", "pydantic", "pytest", "ruff", "setuptools", "src", "test", "tests", "wheel",
}  # fmt: skip
"""A package of such a name would hide one that projects import, or a folder beside it."""
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}  # noqa: RUF001
)
"""What Unicode does not take apart into a letter and an accent."""


def slug(name: str) -> str:
    """Return a name for a folder, a distribution or a repository: lower-case ASCII words with `-` between them.

    Args:
        name: what a person calls the project; accents, spaces, quotes and path separators are welcome.

    Raises:
        InvalidInput: `project.name_unusable`, if no ASCII letter or digit is left of it.

    >>> slug("Änderungs-Protokoll (v2)")
    'anderungs-protokoll-v2'
    >>> slug("CON")
    'con-project'
    """
    words = _words(name)
    if not words:
        raise InvalidInput(
            f"no folder or package can be named after {name[:80]!r}: it has no letter from a to z and no digit",
            code="project.name_unusable",
            hint="use at least one Latin letter or digit in the name; the description may say it in any script",
            errors=[{"loc": ["name"], "msg": "needs at least one of a-z and 0-9"}],
        )
    short = _cut("-".join(words), MAX_SLUG_CHARACTERS, "-")
    return f"{short}-project" if short in _DEVICES else short


def module_name(name: str) -> str:
    """Return a name that Python can import, and that hides no module which others import.

    Raises:
        InvalidInput: `project.name_unusable`, see `slug`.

    >>> module_name("3D plots")
    'project_3d_plots'
    >>> module_name("class"), module_name("Random")
    ('class_project', 'random_project')
    """
    base = slug(name).replace("-", "_")
    if base[0].isdigit():
        base = f"project_{base}"
    base = _cut(base, MAX_MODULE_CHARACTERS, "_")
    if keyword.iskeyword(base) or keyword.issoftkeyword(base) or base in _TAKEN:
        base = f"{_cut(base, MAX_MODULE_CHARACTERS - len('_project'), '_')}_project"
    return base


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = re.sub(r"(?<=[a-z0-9])['’ʼ`´](?=[a-z0-9])", "", plain)  # noqa: RUF001 - don't: one word
    return re.findall(r"[a-z0-9]+", plain)


def _cut(text: str, longest: int, separator: str) -> str:
    """Shorten at the end of a word where there is one in the second half."""
    if len(text) <= longest:
        return text
    cut = text[: longest + 1].rpartition(separator)[0]
    return (cut if len(cut) >= longest // 2 else text[:longest]).strip(separator)
