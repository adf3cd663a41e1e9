"""Reads and parses many files, on all cores where there is enough to do."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple

from vibe_jupyter.core.kg.build.scan import Unreadable, read_source
from vibe_jupyter.core.kg.extract.facts import FileFacts, decode_facts, encode_facts
from vibe_jupyter.core.kg.languages.registry import extract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vibe_jupyter.core.kg.build.facts_cache import FactsCache
    from vibe_jupyter.core.kg.build.scan import Seen

__all__ = ["Outcome", "extract_all"]

_BYTES_WORTH_PROCESSES = (
    3_000_000  # about 0.5 s of parsing: below, starting processes costs more than it gives
)


class Outcome(NamedTuple):
    """What became of a file: its facts, or why there are none."""

    sha: bytes
    facts: FileFacts | None
    problem: str
    is_new: bool


def extract_all(root: Path, files: list[Seen], cache: FactsCache) -> Iterator[tuple[Seen, Outcome]]:
    """Return the files' facts in the files' order; those of bytes that were seen before come from the cache."""
    to_parse: list[Seen] = []
    outcomes: dict[str, Outcome] = {}
    for file in files:
        try:
            _source, sha = read_source(root, file.path)
        except Unreadable as error:
            outcomes[file.path] = Outcome(b"", None, str(error), False)
            continue
        known = cache.get(sha, file.language)
        if known is not None:
            outcomes[file.path] = Outcome(sha, known, "", False)
        else:
            to_parse.append(file)
    parsed = _parse(root, to_parse)
    for file in files:
        yield file, outcomes.get(file.path) or next(parsed)


def _parse(root: Path, files: list[Seen]) -> Iterator[Outcome]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores < 2 or sum(file.size for file in files) < _BYTES_WORTH_PROCESSES:
        for file in files:
            yield _outcome(*_parse_one(str(root), file.path, file.language))
        return
    # Spawned, not forked: this process may have threads.
    with ProcessPoolExecutor(min(cores, 8), mp_context=get_context("spawn")) as pool:
        yield from (
            _outcome(*result)
            for result in pool.map(
                _parse_one,
                [str(root)] * len(files),
                [file.path for file in files],
                [file.language for file in files],
                chunksize=16,
            )
        )


def _outcome(sha: bytes, encoded: bytes, problem: str) -> Outcome:
    return Outcome(sha, decode_facts(encoded) if encoded else None, problem, bool(encoded))


def _parse_one(root: str, path: str, language: str) -> tuple[bytes, bytes, str]:
    from pathlib import Path

    try:
        source, sha = read_source(
            Path(root), path
        )  # once more: it is the bytes parsed that the hash must be of
    except Unreadable as error:
        return b"", b"", str(error)
    return sha, encode_facts(extract(language, source)), ""
