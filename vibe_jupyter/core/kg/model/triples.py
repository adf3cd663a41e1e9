"""A source file's facts and what was resolved of them, as N-Triples: one block of text per file.

Blocks are text because that is what the store loads fastest, and because two builds are compared line by line.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from vibe_jupyter.core.kg.languages.registry import language
from vibe_jupyter.core.kg.model.documents import section_fragment, sections_block
from vibe_jupyter.core.kg.model.names import (
    CODE,
    call_fragments,
    definition_fragments,
    external_iri,
    file_iri,
    parameter_fragments,
    qualified_names,
)
from vibe_jupyter.core.kg.model.notebooks import CellLines, cell_fragment, cells_block, data_block, in_cells
from vibe_jupyter.core.kg.model.ntriples import BOOLEAN, INTEGER, TYPE, literal
from vibe_jupyter.core.kg.model.packages import manifest_block, requirement_fragments
from vibe_jupyter.core.kg.model.testing import NO_TEST, is_test_file, testers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vibe_jupyter.core.kg.extract.facts import FileFacts

__all__ = ["BlockWriter", "Resolution", "ResolvedCall", "ResolvedFile"]

_CLASSES = {
    "class": "Class",
    "function": "Function",
    "method": "Method",
    "interface": "Interface",
    "enum": "Enumeration",
    "type": "TypeAlias",
    "namespace": "Namespace",
    "variable": "Variable",
    "field": "Field",
}
Resolution = str  # "scoped", "imported", "unique-name", "external" or "unresolved"


class ResolvedCall(NamedTuple):
    """What a call site calls. `targets` are IRIs of definitions, or of one thing outside."""

    resolution: Resolution
    targets: tuple[str, ...]


class ResolvedFile(NamedTuple):
    """What the resolver found for a file; the lists run along the facts'."""

    module: str
    calls: list[ResolvedCall]
    bases: dict[int, tuple[str, ...]]  # a class's index -> IRIs of what it inherits from
    imports: list[tuple[str, ...]]  # IRIs of files and definitions, or of one thing outside
    loads: frozenset[str] = frozenset()  # IRIs of the files that are loaded as soon as this one is
    fixtures: Mapping[int, tuple[str, ...]] = MappingProxyType({})
    """A test's or fixture's index -> IRIs of the fixtures that it asks for."""


class BlockWriter:
    """Writes the blocks of one graph.

    Args:
        base: what the graph's IRIs start with (`graph_base`).
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self._externals: dict[str, str] = {}
        self._outside = external_iri(base, "")
        self._in_tests: dict[str, bool] = {}

    def external(self, name: str) -> str:
        """Return the IRI of something outside the project."""
        known = self._externals.get(name)
        if known is None:
            known = self._externals[name] = external_iri(self.base, name)
        return known

    def is_external(self, iri: str) -> bool:
        """Tell whether an IRI of this graph is that of something outside the project."""
        return iri.startswith(self._outside)

    def is_in_tests(self, iri: str) -> bool:
        """Tell whether a file or definition of this graph is part of test code."""
        file, _, fragment = iri.partition("#")
        known = self._in_tests.get(file)
        if known is None:
            known = self._in_tests[file] = is_test_file(unquote(file[len(self.base) :]))
        return known or (fragment.startswith("tests.") and file.endswith(".rs"))

    def external_node(self, iri: str) -> str:
        """Return the triples of something outside the project."""
        name = unquote(iri[len(self._outside) :])
        return f"<{iri}> {TYPE} <{CODE}External> .\n<{iri}> <{CODE}name> {literal(name)} .\n"

    def subjects(self, path: str, facts: FileFacts | None) -> Iterator[str]:
        """Yield the IRIs that a file's triples are about, things outside the project left out."""
        file = file_iri(self.base, path)
        yield file
        if facts is None:
            return
        fragments = definition_fragments(facts)
        for definition, fragment in zip(facts.definitions, fragments, strict=True):
            yield f"{file}#{fragment}"
            for parameter in parameter_fragments(fragment, definition.parameters):
                yield f"{file}#{parameter}"
        for fragment in call_fragments(facts, fragments):
            yield f"{file}#{fragment}"
        for fragment in requirement_fragments(facts.requirements):
            yield f"{file}#{fragment}"
        for position in range(len(facts.sections)):
            yield f"{file}#{section_fragment(position)}"
        for position in range(len(facts.cells)):
            yield f"{file}#{cell_fragment(position)}"

    def structure(self, path: str, facts: FileFacts, module: str) -> str:
        """Return the triples that follow from the file alone: what it defines, and where."""
        file = file_iri(self.base, path)
        here = f"<{file}>"
        fragments = definition_fragments(facts)
        out = [self._file(path, facts, module)]
        put = out.append
        if facts.requirements:
            put(manifest_block(self.base, file, facts))
        if facts.sections:
            put(sections_block(self.base, path, facts.sections))
        if facts.data:
            put(data_block(self.base, path, facts, fragments))
        if facts.cells:
            put(cells_block(file, facts, fragments, call_fragments(facts, fragments)))
            facts = in_cells(facts)
        out.extend(
            f"{here} <{CODE}problem> {literal(f'line {problem.line}: {problem.message}')} .\n"
            for problem in facts.problems
        )
        prefix = f"{module}." if module else ""
        for i, (definition, qualified) in enumerate(
            zip(facts.definitions, qualified_names(facts), strict=True)
        ):
            parent = f"<{file}#{fragments[definition.parent]}>" if definition.parent >= 0 else here
            fragment = f"{file}#{fragments[i]}"
            me = f"<{fragment}>"
            put(
                f"{parent} <{CODE}defines> {me} .\n{me} {TYPE} <{CODE}{_CLASSES[definition.kind]}> .\n"
                f"{me} <{CODE}name> {literal(definition.name)} .\n"
                f"{me} <{CODE}qualifiedName> {literal(prefix + qualified)} .\n{me} <{CODE}inFile> {here} .\n"
                f'{me} <{CODE}startLine> "{definition.start_line}"^^{INTEGER} .\n'
                f'{me} <{CODE}endLine> "{definition.end_line}"^^{INTEGER} .\n'
            )
            if definition.documentation:
                put(f"{me} <{CODE}documentation> {literal(definition.documentation)} .\n")
            if definition.annotation:
                put(f"{me} <{CODE}annotation> {literal(definition.annotation)} .\n")
            for decorator in definition.decorators:
                put(f"{me} <{CODE}decorator> {literal(decorator)} .\n")
            if definition.is_async:
                put(f'{me} <{CODE}isAsync> "true"^^{BOOLEAN} .\n')
            places = parameter_fragments(fragments[i], definition.parameters)
            for position, (place, parameter) in enumerate(zip(places, definition.parameters, strict=True)):
                it = f"<{file}#{place}>"
                put(
                    f"{me} <{CODE}parameter> {it} .\n{it} {TYPE} <{CODE}Parameter> .\n"
                    f"{it} <{CODE}name> {literal(parameter.kind + parameter.name)} .\n"
                    f'{it} <{CODE}position> "{position}"^^{INTEGER} .\n'
                )
                if parameter.annotation:
                    put(f"{it} <{CODE}annotation> {literal(parameter.annotation)} .\n")
        return "".join(out)

    def _file(self, path: str, facts: FileFacts, module: str) -> str:
        """Return the triples of a file as such."""
        here = f"<{file_iri(self.base, path)}>"
        known = language(facts.language)
        separator = known.separator if known else ""
        name = (module.rpartition(separator)[2] if separator else "") or path.rpartition("/")[2]
        text = (
            f"{here} {TYPE} <{CODE}File> .\n"
            f"{here} <{CODE}path> {literal(path)} .\n{here} <{CODE}name> {literal(name)} .\n"
            f'{here} <{CODE}language> "{facts.language}" .\n{here} <{CODE}lines> "{facts.lines}"^^{INTEGER} .\n'
        )
        kind = known.file_class if known else "Module"
        if kind:
            text += f"{here} {TYPE} <{CODE}{kind}> .\n"
        if kind in ("Module", "Notebook"):
            text += f"{here} <{CODE}qualifiedName> {literal(module)} .\n"
        if facts.documentation:
            text += f"{here} <{CODE}documentation> {literal(facts.documentation)} .\n"
        return text

    def unreadable(self, path: str, language: str, problem: str) -> str:
        """Return the triples of a file whose content could not be read: that it is there, and why no more is known."""
        here = f"<{file_iri(self.base, path)}>"
        return (
            f"{here} {TYPE} <{CODE}File> .\n{here} <{CODE}path> {literal(path)} .\n"
            f"{here} <{CODE}name> {literal(path.rpartition('/')[2])} .\n"
            f'{here} <{CODE}language> "{language}" .\n{here} <{CODE}problem> {literal(problem)} .\n'
        )

    def relations(self, path: str, facts: FileFacts, resolved: ResolvedFile) -> str:
        """Return the triples that depend on other files: imports, bases, and each call site with what it calls."""
        file = file_iri(self.base, path)
        fragments = definition_fragments(facts)
        here = [file] * len(facts.calls)  # what a call that is in no definition is in
        if facts.cells:
            lines = CellLines(facts.cells)
            here = [f"{file}#{cell_fragment(lines.at(call.line)[0])}" for call in facts.calls]
            facts = in_cells(facts)
        out: list[str] = []
        put = out.append
        edges: set[str] = set()
        for targets in resolved.imports:
            edges.update(f"<{file}> <{CODE}imports> <{target}> .\n" for target in targets)
        edges.update(f"<{file}> <{CODE}loads> <{target}> .\n" for target in resolved.loads)
        for index, targets in resolved.bases.items():
            edges.update(f"<{file}#{fragments[index]}> <{CODE}inherits> <{target}> .\n" for target in targets)
        for index, targets in resolved.fixtures.items():
            edges.update(
                f"<{file}#{fragments[index]}> <{CODE}usesFixture> <{target}> .\n" for target in targets
            )
        externals: set[str] = set()
        tests = testers(path, facts.definitions)
        for call, fragment, place, (resolution, targets) in zip(
            facts.calls, call_fragments(facts, fragments), here, resolved.calls, strict=True
        ):
            caller = f"{file}#{fragments[call.caller]}" if call.caller >= 0 else place
            me = f"<{file}#{fragment}>"
            put(
                f"{me} {TYPE} <{CODE}Call> .\n{me} <{CODE}caller> <{caller}> .\n"
                f"{me} <{CODE}calleeName> {literal(call.callee)} .\n"
                f'{me} <{CODE}line> "{call.line}"^^{INTEGER} .\n{me} <{CODE}resolution> "{resolution}" .\n'
            )
            certain = resolution in ("scoped", "imported")
            for target in targets:
                put(f"{me} <{CODE}callee> <{target}> .\n")
                if certain:
                    edges.add(f"<{caller}> <{CODE}calls> <{target}> .\n")
                    if tests is not None and tests[call.caller] != NO_TEST and not self.is_in_tests(target):
                        test = tests[call.caller]
                        tester = f"{file}#{fragments[test]}" if test >= 0 else file
                        edges.add(f"<{tester}> <{CODE}tests> <{target}> .\n")
                elif resolution == "external":
                    externals.add(target)
        externals.update(target for targets in resolved.imports for target in targets)
        externals.update(target for targets in resolved.bases.values() for target in targets)
        put("".join([self.external_node(target) for target in sorted(externals) if self.is_external(target)]))
        out.extend(sorted(edges))
        return "".join(out)
