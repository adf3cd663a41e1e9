"""Write what is derived from the code: the client's type stub, the tables of the documentation, `.env.example`.

`python scripts/generate.py` writes what has changed; with `--check` it writes nothing and fails if something is
stale.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from generation.client_stub import client_stub
from generation.configuration import configuration, env_example
from generation.endpoints import answers, local_verbs, operations, overview
from generation.error_codes import error_table
from generation.markdown import filled
from generation.ontology import classes, properties
from generation.oracles import oracle_overview, oracle_sections
from generation.templates import template_sections

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "texts"]

ROOT = Path(__file__).resolve().parents[1]


def texts() -> dict[str, str]:
    """Return every generated file by its path from the root, with the text that it should have."""
    blocks = {
        "operation-overview": overview(),
        "operations": operations(),
        "local-verbs": local_verbs(),
        "answers": answers(),
        "configuration": configuration(),
        "oracle-overview": oracle_overview(ROOT),
        "oracles": oracle_sections(ROOT),
        "ontology-classes": classes(),
        "ontology-properties": properties(),
        "templates": template_sections(),
        "error-codes": error_table(ROOT / "vibe_jupyter"),
    }
    pages = {
        path.relative_to(ROOT).as_posix(): filled(_read(path), blocks)
        for path in sorted((ROOT / "docs").glob("*.md"))
    }
    return {"vibe_jupyter/client/api.pyi": client_stub(), ".env.example": env_example(), **pages}


def main(argv: Sequence[str] | None = None) -> int:
    """Write or check, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if something is stale")
    check = parser.parse_args(argv).check
    stale = {path: text for path, text in texts().items() if _read(ROOT / path) != text}
    for path, text in stale.items():
        if check:
            sys.stdout.writelines(_difference(path, text))
        else:
            (ROOT / path).write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {path}")
    if check and stale:
        print(f"stale: {', '.join(stale)}; run `python scripts/generate.py`")
    return int(check and bool(stale))


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _difference(path: str, text: str) -> list[str]:
    now = _read(ROOT / path).splitlines(keepends=True)
    return list(
        difflib.unified_diff(now, text.splitlines(keepends=True), path, f"{path} (from the code)", n=1)
    )


if __name__ == "__main__":
    sys.exit(main())
