"""How a graph changes on disk: whole states only, one writer, readers that keep what they have."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyoxigraph as ox
import pytest

from tests.unit.core.kg.store.conftest import FUNCTIONS, calls, graph_text
from vibe_jupyter.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from vibe_jupyter.core.kg.store import writing
from vibe_jupyter.core.kg.store.generations import Generation, GraphFolder, pinned
from vibe_jupyter.core.kg.store.protocol import Changes
from vibe_jupyter.core.kg.store.writing import apply_changes, beside, load_graph, statistics_of


@pytest.fixture
def folder(tmp_path: Path) -> GraphFolder:
    graph = GraphFolder(tmp_path / "kg" / "g1")
    load_graph(graph, graph_text().encode())
    return graph


def lines_of(generation: Generation) -> set[str]:
    return {str(quad.triple) for quad in ox.Store.read_only(str(generation.store))}


def current_lines(folder: GraphFolder) -> set[str]:
    return lines_of(folder.existing())


def digest(generation: Generation) -> dict[str, tuple[int, str]]:
    return {
        path.relative_to(generation.folder).as_posix(): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in generation.folder.rglob("*")
        if path.is_file()
    }


def names(folder: GraphFolder) -> list[str]:
    return sorted(path.name for path in (folder.path / "generations").iterdir())


def test_a_graph_that_was_never_loaded_is_said_to_be_empty(tmp_path):
    graph = GraphFolder(tmp_path / "kg" / "none")
    assert graph.current() is None
    with pytest.raises(NotFound) as caught:
        graph.existing()
    assert caught.value.code == "kg.empty"
    with pytest.raises(NotFound):
        apply_changes(graph, Changes())
    graph.remove()


@pytest.mark.parametrize("form", ["bytes", "path", "file", "blocks", "text blocks", "torn blocks"])
def test_triples_come_in_many_forms(tmp_path, form):
    text = graph_text()
    file = tmp_path / "graph.nt"
    file.write_text(text)
    lines = text.splitlines(keepends=True)
    sources = {
        "bytes": text.encode(), "path": file, "file": file.open("rb"), "blocks": (line.encode() for line in lines),
        "text blocks": iter(lines), "torn blocks": [text[n : n + 7] for n in range(0, len(text), 7)],
    }  # fmt: skip
    graph = GraphFolder(tmp_path / "kg" / "g1")
    result = load_graph(graph, sources[form])
    sources["file"].close()
    assert (result.added, result.removed) == (FUNCTIONS * 4, 0)
    assert len(current_lines(graph)) == FUNCTIONS * 4


def test_a_large_text_is_loaded_in_parts(folder: GraphFolder, monkeypatch):
    monkeypatch.setattr(writing, "_PART_BYTES", 1000)
    whole = current_lines(folder)
    assert load_graph(folder, graph_text().encode()).added == FUNCTIONS * 4
    assert current_lines(folder) == whole
    with pytest.raises(InvalidInput):
        load_graph(folder, f"{graph_text(100)}<urn:a> <urn:b> .".encode())
    assert current_lines(folder) == whole


def test_a_change_is_a_new_generation_and_the_old_one_goes(folder: GraphFolder):
    old = folder.existing()
    gone, new = calls(1, 8), calls(900, 901)
    result = apply_changes(folder, Changes(removed=[gone], added=[new]))
    assert (result.added, result.removed) == (1, 1)
    lines = current_lines(folder)
    assert gone.rstrip(" .\n") not in lines
    assert new.rstrip(" .\n") in lines
    assert names(folder) == [folder.existing().name]
    assert not old.folder.exists()


def test_a_change_counts_only_what_it_changes(folder: GraphFolder):
    before = folder.existing()
    known, unknown = calls(1, 8), calls(900, 901)
    assert apply_changes(folder, Changes(removed=[unknown], added=[known])).generation == before.name
    both = apply_changes(folder, Changes(removed=[known], added=[known]))
    assert (both.added, both.removed, both.generation) == (0, 0, before.name)
    assert folder.existing() == before


def test_a_published_generation_is_never_written_to(folder: GraphFolder):
    with pinned(folder) as old:
        before, lines = digest(old), lines_of(old)
        for number in range(25):  # enough for the engine to compact its tables in the copies
            apply_changes(
                folder,
                Changes(
                    added=[calls(1000 + number, n) for n in range(50)],
                    removed=[calls(number, number * 7 + 1)],
                ),
            )
        assert digest(old) == before
        assert lines_of(old) == lines
        assert names(folder) == sorted([old.name, folder.existing().name])
    folder.tidy()
    assert names(folder) == [folder.existing().name]


def test_tables_are_shared_between_generations_not_copied(folder: GraphFolder):
    with pinned(folder) as old:
        apply_changes(folder, Changes(added=[calls(900, 901)]))
        shared = {path.stat().st_ino for path in old.store.glob("*.sst")}
        assert shared <= {path.stat().st_ino for path in folder.existing().store.glob("*.sst")}


def test_text_of_every_kind_survives(tmp_path):
    texts = [
        'a "quoted" one',
        "back\\slash",
        "line\nbreak\rand\ttab",
        "} ; DROP ALL ; {",
        "'''",
        "<iri>",
        "ü 🦀 \u2028",
        "",
    ]
    graph = GraphFolder(tmp_path / "kg" / "g1")
    load_graph(graph, [calls(1, 2)])
    triples = [ox.Triple(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal(text)) for text in texts]
    tagged = ox.Triple(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("x", language="en-gb"))
    apply_changes(graph, Changes(added=[f"{triple} .\n" for triple in [*triples, tagged]]))
    found = ox.Store.read_only(str(graph.existing().store)).quads_for_pattern(
        ox.NamedNode("urn:s"), None, None
    )
    assert {quad.object for quad in found} == {*(triple.object for triple in triples), tagged.object}
    apply_changes(graph, Changes(removed=[f"{triple} ." for triple in triples]))
    assert len(current_lines(graph)) == 2


def test_what_is_no_n_triples_changes_nothing(folder: GraphFolder):
    before = folder.existing()
    for attempt in (
        lambda: load_graph(folder, b"<urn:a> <urn:b> } ; DROP ALL ; { ."),
        lambda: load_graph(folder, b"<urn:a> <urn:b> <not an iri> ."),
        lambda: apply_changes(folder, Changes(added=["<urn:a> <urn:b> } ."])),
        lambda: apply_changes(folder, Changes(removed=["_:a <urn:b> <urn:c> ."])),
    ):
        with pytest.raises(InvalidInput) as caught:
            attempt()
        assert caught.value.code == "kg.invalid_triples"
    assert folder.existing() == before
    assert names(folder) == [before.name]
    assert not (folder.path / "building").exists()


def test_a_second_writer_is_told_that_the_graph_is_busy(folder: GraphFolder):
    with folder.writer():
        for attempt in (
            lambda: load_graph(folder, b""),
            lambda: apply_changes(folder, Changes(added=[calls(1, 2)])),
            folder.remove,
        ):
            with pytest.raises(Conflict) as caught:
                attempt()
            assert (caught.value.code, caught.value.status) == ("kg.busy", 409)
    assert apply_changes(folder, Changes(added=[calls(700, 701)])).added == 1


def test_the_builders_own_files_move_with_the_graph(tmp_path):
    graph = GraphFolder(tmp_path / "kg" / "g1")

    def write_index(new: Path, old: Path | None) -> None:
        (new / "sub").mkdir()
        (new / "sub" / "index").write_text(
            "first" if old is None else (old / "sub" / "index").read_text() + "!"
        )

    load_graph(graph, graph_text().encode(), fill_beside=write_index)
    apply_changes(graph, Changes(added=[calls(900, 901)]))
    assert (beside(graph.existing()) / "sub" / "index").read_text() == "first"
    apply_changes(graph, Changes(), fill_beside=write_index)
    assert (beside(graph.existing()) / "sub" / "index").read_text() == "first!"


def test_statistics_agree_with_the_store(folder: GraphFolder):
    apply_changes(folder, Changes(removed=[calls(1, 8)], added=[calls(900, 901), calls(900, 902)]))
    statistics = statistics_of(folder)
    assert statistics.triples == len(current_lines(folder)) == FUNCTIONS * 4 + 1
    assert (statistics.user_facts, statistics.number) == (0, 2)
    assert statistics.size_bytes > 1000


def test_removing_a_graph_leaves_nothing(folder: GraphFolder):
    folder.remove()
    assert not folder.path.exists()
    load_graph(folder, calls(1, 2).encode())
    assert len(current_lines(folder)) == 1


def run_python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


KILLED = """
import os, signal, sys
from pathlib import Path
import pyoxigraph as ox
from tests.unit.core.kg.store.conftest import calls, graph_text
from vibe_jupyter.core.kg.store import generations, writing
from vibe_jupyter.core.kg.store.protocol import Changes

graph, how = generations.GraphFolder(Path(sys.argv[1])), sys.argv[2]

def in_child(function, *args):
    if (pid := os.fork()) == 0:
        function(*args)
        os._exit(0)
    return os.waitpid(pid, 0)[1]

def write(stop):
    steps = 0
    def killing(function):
        def call(*args, **kwargs):
            nonlocal steps
            steps += 1
            if steps == stop:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)
        return call
    os.fsync, os.open = killing(lambda _: None), killing(os.open)
    Path.mkdir, Path.rename, Path.replace, Path.write_text = map(
        killing, (Path.mkdir, Path.rename, Path.replace, Path.write_text)
    )
    if how == "load":
        writing.load_graph(graph, map(killing(str.encode), graph_text(40).splitlines(True)[::-16]))
    else:
        writing.apply_changes(graph, Changes(added=[calls(900, 901)]))

def write_back():
    if how == "load":
        writing.load_graph(graph, graph_text().encode())
    else:
        writing.apply_changes(graph, Changes(removed=[calls(900, 901)]))

def show(end):
    print(end, len(ox.Store.read_only(str(graph.existing().store))), flush=True)

stop, end, old = 0, signal.SIGKILL, graph.existing()
while end == signal.SIGKILL:
    stop += 1
    end = in_child(write, stop)
    in_child(show, end)
    if graph.existing() != old:
        in_child(write_back)
        old = graph.existing()
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["load", "apply"])
def test_a_writer_that_is_killed_anywhere_leaves_the_old_graph_or_the_new_one(folder: GraphFolder, how):
    old, new = FUNCTIONS * 4, (10 if how == "load" else FUNCTIONS * 4 + 1)
    pristine = folder.existing()
    done = run_python(KILLED, str(folder.path), how)
    ends = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert len(ends) > 15, done.stderr
    assert {size for _, size in ends} == {old, new}
    assert [end for end, _ in ends] == [signal.SIGKILL] * (len(ends) - 1) + [0]
    assert apply_changes(folder, Changes(added=[calls(1234, 1235)])).added == 1
    assert names(folder) == [folder.existing().name]
    assert not (folder.path / "building").exists()
    assert pristine != folder.existing()


def current_size(folder: GraphFolder) -> int:
    return len(current_lines(folder))


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from tests.unit.core.kg.store.conftest import calls
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.kg.store import generations, writing
from vibe_jupyter.core.kg.store.protocol import Changes

graph = generations.GraphFolder(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # files cannot grow past this
try:
    if sys.argv[2] == "load":
        writing.load_graph(graph, "".join(calls(n, n * n) for n in range(100_000)).encode())
    else:
        writing.apply_changes(graph, Changes(added=[calls(n, n * n) for n in range(100_000)]))
except VibeError as error:
    print(error.code, error.status)
"""


@pytest.mark.parametrize("how", ["load", "apply"])
def test_a_full_disk_is_said_and_the_graph_stays(folder: GraphFolder, how):
    before = folder.existing()
    done = run_python(FULL_DISK, str(folder.path), how)
    assert done.stdout.strip() == "kg.disk_full 503", done.stderr
    assert folder.existing() == before
    assert current_size(folder) == FUNCTIONS * 4
    assert not (folder.path / "building").exists()
    assert apply_changes(folder, Changes(added=[calls(900, 901)])).added == 1


def test_no_space_left_is_a_full_disk(folder: GraphFolder, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left") as caught:
        apply_changes(folder, Changes(added=[calls(900, 901)]))
    assert caught.value.code == "kg.disk_full"
    assert current_size(folder) == FUNCTIONS * 4


READER = """
import sys
from pathlib import Path
import pyoxigraph as ox
from vibe_jupyter.core.kg.store import generations
folder = generations.GraphFolder(Path(sys.argv[1]))
with generations.pinned(folder) as generation:
    store = ox.Store.read_only(str(generation.store))
    print("ready", flush=True)
    sys.stdin.read()
    print(len(store))
"""


def test_a_reader_keeps_its_generation_until_it_ends_even_by_a_kill(folder: GraphFolder):
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(folder.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    old = folder.existing()
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    load_graph(folder, calls(1, 2).encode())
    assert old.folder.exists()
    readers[0].kill()
    readers[0].communicate()
    folder.tidy()
    assert old.folder.exists()
    assert readers[1].communicate()[0].strip() == str(FUNCTIONS * 4)
    folder.tidy()
    assert not old.folder.exists()
