"""From what a person calls a project to names of folders, packages and repositories."""

from __future__ import annotations

import hashlib
import keyword
import re
import sys
import unicodedata

__all__ = ["module_name", "slug"]

_LONGEST = 60
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_OF_WINDOWS = frozenset(
    {"con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(1, 10))}
)


def slug(name: str) -> str:
    """Return a name for a folder or repository: lower-case letters, digits and single dashes; never empty.

    >>> slug("Churn Dashboard (2026)"), slug("Größe"), slug("../x"), slug("con")
    ('churn-dashboard-2026', 'grosse', 'x', 'con-project')
    """
    folded = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    plain = _NOT_PLAIN.sub("-", folded.lower()).strip("-")[:_LONGEST].strip("-")
    if not plain:  # a name in letters that have no Latin form
        return f"project-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return f"{plain}-project" if plain in _OF_WINDOWS else plain


def module_name(name: str) -> str:
    """Return a name for a Python package: an identifier that is no keyword and no module of the standard library.

    >>> module_name("Churn Dashboard"), module_name("2 fast"), module_name("class"), module_name("json")
    ('churn_dashboard', 'project_2_fast', 'class_project', 'json_project')
    """
    plain = slug(name).replace("-", "_")
    if plain[0].isdigit():
        plain = f"project_{plain}"
    taken = keyword.iskeyword(plain) or keyword.issoftkeyword(plain) or plain in sys.stdlib_module_names
    return f"{plain}_project" if taken or plain in ("test", "tests") else plain
