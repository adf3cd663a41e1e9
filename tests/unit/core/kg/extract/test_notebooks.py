"""Notebooks as facts: cells, their names, what is not Python, and notebooks that are broken."""

from __future__ import annotations

import ast
import json
import random
import symtable
import time
from typing import Any

import pyoxigraph as ox
import pytest

from tests.unit.core.kg.build.projects import statement
from vibe_jupyter.core.kg.extract.facts import FileFacts, decode_facts, encode_facts
from vibe_jupyter.core.kg.extract.ipython import plain_python
from vibe_jupyter.core.kg.extract.notebooks import extract_notebook, names_of
from vibe_jupyter.core.kg.model.names import graph_base
from vibe_jupyter.core.kg.model.notebooks import CellLines, in_cells
from vibe_jupyter.core.kg.model.triples import BlockWriter


def notebook(*cells: str | dict[str, Any], **more: Any) -> bytes:
    made = [{"cell_type": "code", "source": cell} if isinstance(cell, str) else cell for cell in cells]
    return json.dumps({"cells": made, **more}).encode()


def read(*cells: str | dict[str, Any], **more: Any) -> FileFacts:
    return extract_notebook(notebook(*cells, **more))


def test_code_cells_are_one_module() -> None:
    facts = read(
        "import pandas as pd", {"cell_type": "markdown", "source": "# Text"}, "def f():\n    return pd\n\nf()"
    )
    assert [(d.kind, d.name, d.start_line) for d in facts.definitions if d.kind == "function"] == [
        ("function", "f", 2)
    ]
    assert [call.callee for call in facts.calls] == ["f"]
    assert [(cell.kind, cell.first_line, cell.lines) for cell in facts.cells] == [
        ("code", 1, 1),
        ("markdown", 0, 0),
        ("code", 2, 4),
    ]


def test_lines_count_in_each_cell() -> None:
    facts = read("a = 1\nb = 2", "\ndef f():\n    g()\n")
    shown = in_cells(facts)
    assert [(d.name, d.start_line, d.end_line) for d in shown.definitions if d.kind == "function"] == [
        ("f", 2, 3)
    ]
    assert [call.line for call in shown.calls] == [3]
    assert CellLines(facts.cells).at(facts.calls[0].line) == (1, 3)


def test_outputs_tell_errors_and_counts() -> None:
    (cell,) = read(
        {
            "cell_type": "code",
            "source": ["x = d[", "'a']"],
            "execution_count": 7,
            "outputs": [
                {"output_type": "stream"},
                {"output_type": "error", "ename": "KeyError", "evalue": "'a'\n!"},
            ],
        }
    ).cells
    assert (cell.execution_count, cell.error) == (7, "KeyError: 'a' !")


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("!pip install x\n  %time f()", "pass\n  f()"),
        ("%time df = read('a')\n%timeit -n 3 f()", "df = read('a')\npass"),
        ("%time -q f()\n%time", "pass\npass"),
        ("!pip install \\\n  --upgrade \\\n  x\ny = 1", "pass\n\n\ny = 1"),
        ("x = ('%s'\n     % y)\n%ls", "x = ('%s'\n     % y)\npass"),
        ("x = a \\\n  % b\n%ls", "x = a \\\n  % b\npass"),
        ('s = """\n!ls\nf?\n"""\n!ls', 's = """\n!ls\nf?\n"""\npass'),
        ("s = '(['  # ([{\n!ls", "s = '(['  # ([{\npass"),
        ("s = r''' \\''' (\n'''\n!ls", "s = r''' \\''' (\n'''\npass"),
        ("files = !ls *.csv", "files = None"),
        ("f?\n?f\nf??", "pass\npass\npass"),
        ("y = a % b\nz = a != b", "y = a % b\nz = a != b"),
        ("%%bash\nls\nrm x", "\n\n"),
        ("%%time\nx = f()", "pass\nx = f()"),
        ("%%vibe kg query\nSELECT", "\n"),
    ],
)
def test_what_only_ipython_understands(source: str, plain: str) -> None:
    assert plain_python(source) == plain


@pytest.mark.parametrize(
    ("source", "defines", "uses"),
    [
        ("import pandas as pd\ndf = pd.read_csv(x)", {"pd", "df"}, {"x"}),
        ("x = x + 1", {"x"}, {"x"}),
        ("x += 1", {"x"}, {"x"}),
        ("x = 0\nx += 1", {"x"}, set()),
        ("for i in range(3):\n    print(i, y)", {"i"}, {"y"}),
        ("def f(a, b=c):\n    return z + a", {"f"}, {"z", "c"}),
        ("class A(Base):\n    k = cfg", {"A"}, {"Base", "cfg"}),
        ("[q for q in rows]", set(), {"rows"}),
        ("with open('x') as f:\n    d = f.read()\nd", {"f", "d"}, set()),
        ("df['a'] = 1", set(), {"df"}),
        ("del k", set(), {"k"}),
        ("print(len([]))", set(), set()),
        ("not python at all", set(), set()),
    ],
)
def test_names_that_cells_share(source: str, defines: set[str], uses: set[str]) -> None:
    found = names_of(source)
    assert (set(found[0]), set(found[1])) == (defines, uses)


@pytest.mark.parametrize("seed", range(50))
def test_names_are_those_that_python_itself_sees(seed: int) -> None:
    chance = random.Random(seed)
    source = "".join(statement(chance) for _ in range(4))
    try:
        ast.parse(source)
    except SyntaxError:
        assert names_of(source) == ((), ())
        return
    symbols = symtable.symtable(source, "<cell>", "exec").get_symbols()
    bound = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()}
    defines, uses = map(set, names_of(source))
    assert defines == bound
    assert {s.get_name() for s in symbols if s.is_referenced()} - bound - {"open", "isinstance"} <= uses


def test_a_cell_with_a_mistake_keeps_the_others() -> None:
    facts = read("def good(): pass", "def broken(:", "def fine(): pass")
    assert {"good", "fine"} <= {d.name for d in facts.definitions}
    assert [problem.message.split(":")[0] for problem in in_cells(facts).problems] == ["cell 1"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"{", "not JSON"),
        (b"[]", "not an object"),
        (b'{"cells": 1}', "no list of cells"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"cells": [' + b'{"a":' * 50_000, "nested too deeply"),
    ],
)
def test_what_is_no_notebook_says_why(content: bytes, reason: str) -> None:
    facts = extract_notebook(content)
    assert reason in facts.problems[0].message
    assert (facts.cells, facts.definitions) == ([], [])


@pytest.mark.parametrize(
    "cell",
    [
        None,
        1,
        {},
        {"cell_type": "code"},
        {"cell_type": 3, "source": 4},
        {"cell_type": "code", "source": ["a", 1, None]},
        {"cell_type": "code", "source": "x = 1\r\ny = 2\rz = 3", "outputs": "none", "execution_count": "7"},
        {"cell_type": "code", "source": "\ud800 = 1"},
        {"cell_type": "code", "source": "\x00"},
        {"cell_type": "code", "source": "x" * 100_000},
        {"cell_type": "code", "source": " " * 100_000 + "x"},
        {"cell_type": "code", "source": "a " * 50_000},
        {"cell_type": "code", "source": "'\\" * 50_000},
        {"cell_type": "code", "source": "(" * 5_000},
        {"cell_type": "code", "source": "x = 1", "execution_count": 10**30},
        {"cell_type": "\ud800", "source": "\ud800", "id": "\ud800"},
        {"cell_type": "markdown", "source": "# \ud800\n[a](\ud800) `\ud800` \x00"},
        {
            "cell_type": "code",
            "source": "",
            "outputs": [{"output_type": "error", "ename": "\ud800", "evalue": []}],
        },
    ],
)
def test_odd_cells_hide_no_others(cell: Any) -> None:
    facts = decode_facts(encode_facts(read("def before(): pass", cell, "def after(): pass")))
    block = BlockWriter(graph_base("kg")).structure("a.ipynb", facts, "a")
    assert list(ox.parse(block, ox.RdfFormat.N_TRIPLES))
    assert {"before", "after"} <= {d.name for d in facts.definitions}


def test_old_notebooks_are_read() -> None:
    old = {
        "worksheets": [{"cells": [{"cell_type": "code", "input": "def f(): pass", "prompt_number": 2}]}],
        "nbformat": 3,
    }
    facts = extract_notebook(json.dumps(old).encode())
    assert [(d.name, facts.cells[0].execution_count) for d in facts.definitions] == [("f", 2)]


def test_a_notebook_of_another_language_has_cells_and_no_definitions() -> None:
    facts = read("f <- function(x) x", metadata={"kernelspec": {"language": "R", "name": "ir"}})
    assert (len(facts.cells), facts.definitions, facts.problems) == (1, [], [])


def test_byte_order_marks_do_no_harm() -> None:
    assert [d.name for d in extract_notebook(b"\xef\xbb\xbf" + notebook("def f(): pass")).definitions] == [
        "f"
    ]


def test_a_notebook_with_large_outputs_is_read() -> None:
    output = {"output_type": "display_data", "data": {"image/png": "A" * 20_000_000}}
    facts = read({"cell_type": "code", "source": "def f(): pass", "outputs": [output]})
    assert [d.name for d in facts.definitions] == ["f"]
    assert len(encode_facts(facts)) < 10_000


def test_time_grows_with_the_number_of_cells() -> None:
    def cost(count: int) -> float:
        started = time.thread_time()
        facts = read(*[f"def f{i}(): return f{i - 1}()" for i in range(count)])
        BlockWriter(graph_base("kg")).structure("a.ipynb", facts, "a")
        return time.thread_time() - started

    def least(count: int) -> float:
        return min(cost(count) for _ in range(3))

    assert least(2_000) < 10 * least(500)
