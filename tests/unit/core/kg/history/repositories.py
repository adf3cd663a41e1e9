"""Small repositories of git, made by commands."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

__all__ = ["Repository"]


class Repository:
    """A repository in a folder, whose commits are a day apart."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._day = 0
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, **env: str) -> str:
        """Run a command of git."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        fixed = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(self.root)}
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=own | fixed | env, check=True, capture_output=True
        )
        return done.stdout.decode()

    def commit(self, files: dict[str, str | None], who: str = "Ann", message: str = "change") -> str:
        """Write files (None: delete) and commit them; return the hash."""
        for path, text in files.items():
            if text is None:
                (self.root / path).unlink()
            else:
                (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                (self.root / path).write_text(text)
        self._day += 1
        when = f"2026-01-{self._day:02d}T10:00:00+01:00"
        email = f"{who.lower()}@example.org"
        self.git("add", "-A")
        self.git(
            *("commit", "-q", "--allow-empty", "-m", message),
            GIT_AUTHOR_NAME=who,
            GIT_AUTHOR_EMAIL=email,
            GIT_AUTHOR_DATE=when,
            GIT_COMMITTER_NAME=who,
            GIT_COMMITTER_EMAIL=email,
            GIT_COMMITTER_DATE=when,
        )
        return self.git("rev-parse", "HEAD").strip()
