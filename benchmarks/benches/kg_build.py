"""What a graph of a large project costs beside parsing its files, and what a change of one file costs beside all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_most
from benchmarks.packages import package_source
from benchmarks.scip_typescript import typescript_source
from benchmarks.server_process import REPOSITORY

__all__ = ["run"]

_PACKAGES = ("django==5.2.19", "sqlalchemy==2.1.9")
_TYPESCRIPT = (
    *("rxjs@7.8.2", "zod@4.6.7", "@jupyterlab/services@7.6.6", "@lumino/widgets@2.10.0"),
    *("@reduxjs/toolkit@2.14.0", "@tanstack/query-core@5.108.0"),
)
_CHANGED = "sqlalchemy/sql/elements.py"
_COMMENT = "\n# a remark\n"
_FUNCTION = "\ndef brand_new(element):\n    return element.compile()\n"

_STAGES = """
import gc, json, sys, time
from pathlib import Path
from vibe_jupyter.core.kg.extract import python, typescript
from vibe_jupyter.core.kg.languages.registry import extract, families, family_of, language_of
from vibe_jupyter.core.kg.model.names import graph_base
from vibe_jupyter.core.kg.model.triples import BlockWriter
from vibe_jupyter.core.kg.resolve.entities import SourceFile
from vibe_jupyter.core.kg.resolve.files import FileResolver

root, family, rounds, cpu = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), time.process_time
family = next(each for each in families() if each.name == family)
files = {}
for path in sorted(root.rglob("*")):
    language = language_of(path.name)
    if language in family.languages and language != "jupyter" and path.is_file():
        files[path.relative_to(root).as_posix()] = language, path.read_bytes()
parsers = {
    language: python._language()[0] if language == "python" else typescript._grammar(language)[0]
    for language in family.languages - {"jupyter"}
}
gc.disable()  # as in a build
best = {}

def stage(name, work):
    began = cpu()
    made = work()
    best[name] = min(best.get(name, 1e9), cpu() - began)
    return made

def parse():
    for language, source in files.values():
        parsers[language].parse(source)

def emit():
    writer = BlockWriter(graph_base("kg"))
    for path, (language, source) in files.items():
        writer.structure(path, extract(language, source), "module")

for _ in range(rounds):
    stage("parse", parse)
    stage("extract and emit, file by file", emit)
    facts = stage("extract", lambda: {path: extract(*each) for path, each in files.items()})
    modules = family.modules(facts, {})
    names = family.resolver(modules, lambda path: SourceFile(path, facts[path], modules.names[path]))
    writer = BlockWriter(graph_base("kg"))
    resolver = FileResolver(names, writer, lambda name: None)
    first = stage("structure", lambda: [writer.structure(path, facts[path], modules.names[path]) for path in files])
    resolved = stage("resolve", lambda: {path: resolver.resolve(path) for path in files})
    second = stage("relations", lambda: [writer.relations(path, facts[path], resolved[path]) for path in files])
    stage("parse", parse)
    lines = sum(f.lines for f in facts.values())
    triples = sum(block.count("\\n") for block in first + second)
    del facts, resolved, first, second, names, resolver
    gc.collect()
print(json.dumps({"files": len(files), "lines": lines, "triples": triples, **best}))
"""

_GENERATE = """
import json, os, sys, threading, time
from pathlib import Path
from vibe_jupyter.core.kg.build.generate import generate

def peak_of(process):  # not ru_maxrss: that begins with what the parent had
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0  # it has ended
    return int(status.split("VmHWM:")[1].split()[0]) / 1024 if "VmHWM:" in status else 0

def watch(found):
    while True:
        started = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        found.append(sum(map(peak_of, started)))
        time.sleep(0.1)

def main():
    children = [0]
    threading.Thread(target=watch, args=(children,), daemon=True).start()
    root, graph, changed, *additions = sys.argv[1:]
    used = lambda: sum(os.times()[:4])  # with the processes that parse
    began = used()
    generate(graph, "kg", root)
    took = [used() - began]
    peak = peak_of("self") + max(children)
    file = Path(root) / changed
    source = file.read_text() if file.exists() else ""
    for addition in additions:
        file.write_text(source + addition)
        began = used()
        found = generate(graph, "kg", root)
        took.append(used() - began)
        assert found["parsed"] <= 1, found
    print(json.dumps({"took": took, "peak": peak}))

if __name__ == "__main__":  # the processes that parse import this file
    main()
"""


def run(context: Context) -> BenchResult:
    """Take the stages apart, then generate for real and change one file."""
    packages = _PACKAGES[1:] if context.is_quick else _PACKAGES
    rounds = context.rounds(quick=2, full=5)
    result = BenchResult(
        name="kg_build",
        what=f"A graph of {' and '.join(packages)}, and of TypeScript: CPU beside a bare tree-sitter parse",
        how=f"Stages: in one process, the least of {rounds} rounds; parsing takes turns with the rest. Generating: "
        "as a task does it, the store included, in a fresh process with the processes it starts; the least of "
        f"{max(1, rounds - 2)}. The file that changes is {_CHANGED}.",
        limits=[
            "Files are in the system's cache.",
            "From `extract` on the facts of all files are kept, whose memory costs time too.",
            "Peaks are of the process and, ten times a second, of all that it started; shared pages count for each.",
        ],
        columns=["what", "CPU s", "of a bare parse", "of a clean generation"],
    )  # fmt: skip
    root = context.new_folder("kg_build") / "project"
    for package in packages:
        shutil.copytree(package_source(package), root, dirs_exist_ok=True)
    parse = _stages(context, "python", root, rounds, result)
    if not context.is_quick:
        scripts = context.new_folder("kg_build") / "scripts"
        for package in _TYPESCRIPT:
            shutil.copytree(typescript_source(package) / "src", scripts / package)
        _stages(context, "typescript", scripts, rounds, result)
    if not context.with_vibe:
        return result
    _generate(context, root, max(1, rounds - 2), parse, result)
    if not context.is_quick:
        copies = context.new_folder("kg_build") / "copies"
        for number in range(5):
            shutil.copytree(root, copies / f"copy{number}")
        peak = _large(context, copies, result)
        result.targets.append(at_most("peak memory, 5,715 files", peak, 1024, "MB"))
        _large(context, _small_files(context.new_folder("kg_build")), result)
    return result


def _stages(context: Context, family: str, root: Path, rounds: int, result: BenchResult) -> float:
    """Measure the stages of the files of one family of languages; return what a bare parse takes."""
    context.say(f"kg_build: stages, {family}")
    stages = _measured(context, _STAGES, [str(root), family, str(rounds)])
    parse = float(stages.pop("parse"))
    files, lines, triples = (int(stages.pop(name)) for name in ("files", "lines", "triples"))
    result.notes.append(f"{family}: {files:,} files, {lines:,} lines, {triples:,} triples")
    result.rows.append([f"{family}: bare parse", round(parse, 2), 1.0, None])
    if not context.with_vibe:
        return parse
    for name, seconds in stages.items():
        result.rows.append([f"{family}: {name}", round(seconds, 2), round(seconds / parse, 2), None])
    alone = stages.pop("extract and emit, file by file")  # the other triples need the resolution
    total = sum(stages.values())
    figures = f"{alone:.2f} against {parse:.2f} s"
    result.targets += [
        at_most(f"{family}: extraction and emission: CPU of a bare parse", alone / parse, 2, "x", figures),
        at_most(
            f"{family}: the same with resolution", total / parse, 4, "x", f"{total:.2f} against {parse:.2f} s"
        ),
    ]
    return parse


def _generate(context: Context, root: Path, rounds: int, parse: float, result: BenchResult) -> None:
    source = (root / _CHANGED).read_text()
    found = []
    for turn in range(rounds):
        context.say(f"kg_build: generating, {turn + 1}")
        graph = context.new_folder("graph")
        arguments = [str(root), str(graph), _CHANGED, _COMMENT, _FUNCTION, ""]
        found.append(_measured(context, _GENERATE, arguments))
        (root / _CHANGED).write_text(source)
        shutil.rmtree(graph)
    clean, comment, function, back = (min(f["took"][i] for f in found) for i in range(4))
    changes = {"a comment": comment, "a new function": function, "without it again": back}
    result.rows.append(["generate, clean", round(clean, 2), round(clean / parse, 2), 1.0])
    for what, seconds in changes.items():
        result.rows.append(
            [f"generate, {what}", round(seconds, 3), round(seconds / parse, 2), round(seconds / clean, 3)]
        )
        if what != "without it again":
            figures = f"{seconds:.2f} against {clean:.2f} s"
            result.targets.append(
                at_most(f"{what} in one file", seconds / clean, 0.1, "of a clean one", figures)
            )
    peak = max(f["peak"] for f in found)
    result.targets.append(at_most("peak memory of a clean generation", peak, 1024, "MB"))


def _large(context: Context, root: Path, result: BenchResult) -> float:
    """Generate once, and again after nothing changed; return the peak memory in MB."""
    files = sum(1 for _ in root.rglob("*.py"))
    context.say(f"kg_build: {files:,} files")
    found = _measured(context, _GENERATE, [str(root), str(context.new_folder("graph")), "absent.py", ""])
    clean, again = found["took"]
    result.rows.append([f"{files:,} files: generate, clean", round(clean, 2), None, 1.0])
    result.rows.append(
        [f"{files:,} files: generate, a new empty file", round(again, 2), None, round(again / clean, 3)]
    )
    result.notes.append(f"{files:,} files: peak memory {found['peak']:.0f} MB")
    return float(found["peak"])


def _small_files(root: Path, count: int = 100_000) -> Path:
    """Write a project of very many small files that import and call one another."""
    for n in range(count):
        folder, other = root / f"p{n // 500}", (n + 7) % count
        folder.mkdir(exist_ok=True)
        (folder / f"m{n}.py").write_text(
            f"from p{other // 500} import m{other}\n\n\ndef f{n}(x):\n    return m{other}.f{other}(x)\n"
        )
    return root


def _measured(context: Context, program: str, arguments: list[str]) -> dict[str, Any]:
    file = context.new_folder("program") / "measured.py"
    file.write_text(program)
    done = subprocess.run(
        [sys.executable, str(file), *arguments],
        check=False,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=1_200,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2_000:])
    return dict(json.loads(done.stdout))
