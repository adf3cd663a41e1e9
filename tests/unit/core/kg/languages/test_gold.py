"""Each language against its gold file: all nodes and edges of a small project.

A folder is a language: `project/` is what is read, `expected.txt` what is found. A new language is a folder more.
`python -m tests.unit.core.kg.languages.test_gold` writes the files anew; read what changed before it is committed.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timing import cpu_below
from vibe_jupyter.core.kg.build.builder import Builder
from vibe_jupyter.core.kg.build.facts_cache import FactsCache
from vibe_jupyter.core.kg.extract.facts import FileFacts
from vibe_jupyter.core.kg.languages.registry import extract, is_settings, language_of
from vibe_jupyter.core.kg.model.names import definition_fragments, graph_base
from vibe_jupyter.core.kg.model.triples import ResolvedFile

HERE = Path(__file__).parent
LANGUAGES = sorted(path.parent.name for path in HERE.glob("*/project"))
DEEP = 5_000


def described(root: Path) -> str:
    """The nodes and edges of a project, one a line, file by file."""
    with TemporaryDirectory() as folder:
        cache = FactsCache(Path(folder) / "facts.db")
        builder = Builder("kg", root, cache)
        changes = builder.plan()
        lines: list[str] = []
        for record in changes.manifest.files:
            facts = cache.get(record.sha, record.language)
            assert facts is not None, record.problem
            names = builder._names.get(record.language) or builder._names.get("c")
            lines.append(f"== {record.path}: {record.language}, module {record.module or '-'}")
            if not is_settings(record.language):
                assert names is not None
                lines.extend(_file(facts, names.resolve(record.path)[0]))
        cache.close()
    return "\n".join(lines) + "\n"


def _file(facts: FileFacts, resolved: ResolvedFile) -> list[str]:
    fragments = definition_fragments(facts)
    lines = [f"problem in line {problem.line}: {problem.message}" for problem in facts.problems]
    for statement, targets in zip(facts.imports, resolved.imports, strict=True):
        asked = f"{statement.module} {statement.name}".strip()
        lines.append(f"{statement.line}: import {asked} -> {_short(targets)}")
    for i, (definition, fragment) in enumerate(zip(facts.definitions, fragments, strict=True)):
        parameters = ", ".join(
            f"{p.name}: {p.annotation}" if p.annotation else p.name for p in definition.parameters
        )
        has_parameters = definition.kind in ("function", "method")
        line = f"{definition.start_line}-{definition.end_line}: {definition.kind} {fragment}"
        line += f"({parameters})" * has_parameters
        line += f" : {definition.annotation}" if definition.annotation else ""
        line += f" [{'; '.join(definition.decorators)}]" if definition.decorators else ""
        line += f" < {_short(resolved.bases.get(i, ()))}" if definition.bases else ""
        line += f' "{definition.documentation}"' if definition.documentation else ""
        lines.append(" ".join(line.split()))
    for call, (resolution, targets) in zip(facts.calls, resolved.calls, strict=True):
        caller = fragments[call.caller] if call.caller >= 0 else "-"
        lines.append(f"{call.line}: {caller} calls {call.callee}: {resolution} {_short(targets)}".rstrip())
    return lines


def _short(iris: tuple[str, ...]) -> str:
    names = (unquote(iri.removeprefix(graph_base("kg"))).replace("#external:", "outside:") for iri in iris)
    return ", ".join(names)


def sources(language: str) -> list[tuple[str, bytes]]:
    """The source files of a language's project, each with the name of the language that it is read as."""
    found = []
    for path in sorted((HERE / language / "project").rglob("*")):
        named = language_of(path.name) if path.is_file() else None
        if named and not is_settings(named):
            found.append((named, path.read_bytes()))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_finds_the_nodes_and_edges_of_the_gold_file(language: str) -> None:
    assert described(HERE / language / "project") == (HERE / language / "expected.txt").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_syntax_error_keeps_the_outline_and_is_told(language: str) -> None:
    for named, source in sources(language):
        whole = extract(named, source)
        broken = extract(named, source + b"\n)] broken here {{ \n")
        assert not whole.problems
        assert broken.problems
        assert {d.name for d in whole.definitions} <= {d.name for d in broken.definitions}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "piece",
    ["(", "{", "[", "a(", "a.b().", "a::b<", "class A { ", "x = y + ", "f(g(h(", "/*", '"', "#", "mod m {", "if x {",
     "struct A { ", "func f() {", "use a::{b, ", "a->b(", "*", "&", "namespace a { ", "template <"],
)  # fmt: skip
def test_deep_nesting_neither_crashes_nor_hangs(language: str, piece: str) -> None:
    named = sources(language)[0][0]
    with cpu_below(5):
        extract(named, piece.encode() * DEEP)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "source", [b"", b"\x00", bytes(range(256)), b"\xff\xfe" * 50, "\u202e(){}".encode(), b"x" * 1_000_000]
)
def test_bytes_that_are_no_source_do_no_harm(language: str, source: bytes) -> None:
    for named, _source in sources(language)[:1]:
        facts = extract(named, source)
        assert facts.language == named
        assert not facts.definitions


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_a_file_cut_or_mixed_up_anywhere_is_still_read(language: str, data: st.DataObject) -> None:
    named, source = max(sources(language), key=lambda each: len(each[1]))
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, len(source)))
    other = data.draw(st.integers(0, len(source)))
    junk = data.draw(st.sampled_from([b"", b"(", b")", b"\n", b"{", b"}", b"::", b"<", b"\xc3", b"\x00"]))
    facts = extract(named, source[start:end] + junk + source[other:])
    assert len(definition_fragments(facts)) == len(facts.definitions)


if __name__ == "__main__":
    for each in LANGUAGES:
        (HERE / each / "expected.txt").write_text(described(HERE / each / "project"))
