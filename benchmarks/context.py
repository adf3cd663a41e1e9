"""What every benchmark is given: a folder, the load generator, how long to take, and the seeded databases."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import LoadProcess
from benchmarks.reference_stack import seed as reference_seed
from benchmarks.reference_stack.database import Variant
from benchmarks.seed_rows import SeedPlan

__all__ = ["Context"]


@dataclass
class Context:
    """The surroundings of one run."""

    folder: Path
    load: LoadProcess
    is_quick: bool
    with_vibe: bool
    """Whether our own platform is measured too; without it only the controls are."""
    seed_plan: SeedPlan
    _seeds: dict[str, Path] = field(default_factory=dict)
    _folders: int = 0

    def either(self, quick: float, full: float) -> float:
        """Return the duration in seconds for this kind of run."""
        return quick if self.is_quick else full

    def rounds(self, quick: int, full: int) -> int:
        """Return the number of rounds for this kind of run."""
        return quick if self.is_quick else full

    def say(self, text: str) -> None:
        """Report progress, on stderr: stdout belongs to the results."""
        print(text, file=sys.stderr, flush=True)

    def new_folder(self, name: str) -> Path:
        """Return a fresh folder."""
        self._folders += 1
        folder = self.folder / f"{self._folders:03d}_{name}"
        folder.mkdir()
        return folder

    def reference_database(self, variant: Variant, folder: Path) -> Path:
        """Put a fresh copy of the variant's seeded database into the folder."""
        seeded = self._seeded(variant, lambda file: reference_seed.seed(variant, file, self.seed_plan))
        return Path(shutil.copy(seeded, folder / "tasks.db"))

    def vibe_database(self, data_dir: Path) -> Path:
        """Put a fresh copy of our seeded database into a data directory."""
        from benchmarks import seed_vibe

        seeded = self._seeded("vibe", lambda file: seed_vibe.seed(file, self.seed_plan))
        return Path(shutil.copy(seeded, data_dir / "vibe.db"))

    def _seeded(self, name: str, seed: Callable[[Path], None]) -> Path:
        if name not in self._seeds:
            self.say(f"seeding {self.seed_plan.tasks} tasks for {name}")
            file = self.new_folder(f"seed_{name}") / "seed.db"
            seed(file)
            with sqlite3.connect(file) as connection:  # all into the one file that is copied
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            self._seeds[name] = file
        return self._seeds[name]
