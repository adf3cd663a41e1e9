"""Nothing that is used is called unused; what is not used is found, with why one should be careful."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.timing import cpu_below
from tests.unit.core.kg.questions.graphs import graph_of
from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.kg.question_schemas import KgUnused
from vibe_jupyter.core.kg.questions.mentions import find_mentions
from vibe_jupyter.core.kg.questions.unused import unused


def asked(tmp_path: Path, files: dict[str, str], under: str = "", limit: int = 100) -> KgUnused:
    return unused(graph_of(tmp_path, files), "shop", tmp_path / "project", under, limit)


def rows(tmp_path: Path, files: dict[str, str]) -> dict[str, str]:
    return {row.qualified_name: row.certainty for row in asked(tmp_path, files).rows}


class TestUsed:
    @pytest.mark.parametrize(
        "use",
        [
            "_f()",
            "map(_f, [])",
            "TABLE = {'f': _f}",
            "def g(x: _f): ...\ng(1)",
            "print(f'{_f}')",
            "x = [_f, 1]",
            "class A(_f): ...\nA()",
            "@_f\ndef g(): ...\ng()",
            "getattr(None, '_f')()",
        ],
    )
    def test_a_name_that_stands_anywhere_in_code_is_used(self, tmp_path: Path, use: str) -> None:
        assert rows(tmp_path, {"a.py": f"def _f():\n    return 1\n{use}\n"}) == {}

    @pytest.mark.parametrize(
        "source",
        [
            "def test_it(): ...\n",
            "class _A:\n    def __len__(self): return 1\n_A()\n",
            "import app\n@app.route('/')\ndef _home(): ...\n",
            "import http.server\nclass _H(http.server.Handler):\n    def _do(self): ...\n_H()\n",
            "def pytest_configure(config): ...\n",
            "def load_ipython_extension(shell): ...\n",
            "__all__ = ['f']\ndef f(): ...\n",
            "__all__: list[str] = [\n    # exported\n    'f',\n]\ndef f(): ...\n",
            "class _V:\n    def _visit_name(self): ...\n    def go(self, k): getattr(self, '_visit_' + k)\n_V().go()\n",
            "class _V:\n    def _on_end(self): ...\n    def go(self, k): getattr(self, '_on%s_end' % k)\n_V().go()\n",
            "class _V:\n    def _visit_name(self): ...\n    def go(self, k): getattr(self, f'_visit_{k}')\n_V().go()\n",
            "class _B:\n    def _m(self): ...\n    go = _m\nclass _C(_B):\n    def _m(self): ...\n_C().go()\n",
        ],
    )
    def test_what_is_called_from_outside_by_its_nature_is_left_out(self, tmp_path: Path, source: str) -> None:
        assert rows(tmp_path, {"test_a.py" if "test_it" in source else "a.py": source}) == {}

    def test_an_import_a_test_and_a_guess_are_uses(self, tmp_path: Path) -> None:
        files = {
            "a.py": "def _f(): ...\ndef _g(): ...\nclass _K:\n    def _m(self): ...\n_K()\n",
            "b.py": "from a import _f\ndef go(x):\n    x._m()\ngo(1)\n",
            "test_a.py": "import a\ndef test_g():\n    a._g()\n",
        }
        assert rows(tmp_path, files) == {}

    def test_what_the_project_says_it_runs_is_used(self, tmp_path: Path) -> None:
        files = {"a.py": "def _run(): ...\n", "pyproject.toml": '[project.scripts]\nrun = "a:_run"\n'}
        assert rows(tmp_path, files) == {}

    def test_a_notebook_uses_what_its_cells_name(self, tmp_path: Path) -> None:
        (tmp_path / "project").mkdir()
        (tmp_path / "project/n.ipynb").write_text('{"cells": [{"source": ["import a\\nmap(a._f, 1)"]}]}')
        found = find_mentions(tmp_path / "project", ["n.ipynb"], {"_f", "a"}, {})
        assert found.code["_f"] == {"n.ipynb": [2]}
        assert set(found.code) == {"_f", "a"}


class TestUnused:
    def test_private_code_that_nothing_names_is_likely_unused(self, tmp_path: Path) -> None:
        files = {
            "a.py": """
                def _lonely():
                    return _lonely()
                class _Idle:
                    def copy(self) -> "_Idle":
                        return _Idle()
                class Used:
                    def _never(self): ...
                    @property
                    def _nor_this(self): ...
                def outer():
                    def inner(): ...
                    return Used()
                outer()
            """,
        }
        assert rows(tmp_path, files) == {
            "a._lonely": "likely",
            "a._Idle": "likely",
            "a.Used._never": "likely",
            "a.Used._nor_this": "likely",
            "a.outer.inner": "likely",
        }

    def test_public_code_is_possibly_unused_with_the_reason(self, tmp_path: Path) -> None:
        found = asked(tmp_path, {"a.py": "def f(): ...\n", "_b.py": "def g(): ...\n"})
        assert [(row.qualified_name, row.certainty, row.caution) for row in found.rows] == [
            ("_b.g", "likely", []),
            ("a.f", "possible", ["it is public: code outside of the project may use it"]),
        ]
        assert (found.total, found.examined) == (2, 2)

    def test_a_name_in_a_text_makes_it_less_certain(self, tmp_path: Path) -> None:
        files = {"a.py": "def _f(): ...\n\n# see _f\n", "b.py": "def _g(): ...\n", "c.py": 'x = """\n_g"""\n'}
        found = asked(tmp_path, files)
        assert [(row.name, row.certainty, row.caution) for row in found.rows] == [
            ("_f", "possible", ["its name stands in a string or comment at a.py:3"]),
            ("_g", "possible", ["its name stands in a string or comment at c.py:2"]),
        ]

    def test_a_subclass_may_be_found_by_its_base(self, tmp_path: Path) -> None:
        files = {
            "a.py": """
                import plug
                class _P(plug.Base): ...
                class _R:
                    def __init_subclass__(cls): ...
                class _S(_R): ...
                class _E(Exception): ...
            """
        }
        found = {row.name: row.caution for row in asked(tmp_path, files).rows}
        assert found == {
            "_P": ["plug.Base may find it as a subclass"],
            "_S": ["its base class may find it as a subclass"],
            "_E": [],
        }

    def test_a_same_name_elsewhere_is_no_use(self, tmp_path: Path) -> None:
        files = {
            "a.py": "class _A:\n    def _m(self): ...\n_A()\n",
            "b.py": "class _B:\n    def _m(self): ...\n_B()\n",
        }
        assert rows(tmp_path, files) == {"a._A._m": "likely", "b._B._m": "likely"}

    def test_overloads_are_one_symbol(self, tmp_path: Path) -> None:
        source = "import sys\nif sys.platform:\n    def _f(): ...\nelse:\n    def _f(): ...\n"
        assert rows(tmp_path, {"a.py": source}) == {"a._f": "likely"}
        assert rows(tmp_path / "b", {"a.py": f"{source}_f()\n"}) == {}

    def test_scripts_say_what_they_export(self, tmp_path: Path) -> None:
        files = {
            "a.ts": """
                import { x } from './b'
                function hidden() { return x }
                export function shown() {}
                export class Cart { private idle() {} open() {} }
                handOn({ onClick: () => 1 })
                // hidden words
            """,
            "b.ts": "export const x = 1\n",
        }
        found = {row.name: (row.certainty, row.caution) for row in asked(tmp_path, files).rows}
        assert found["hidden"] == ("possible", ["its name stands in a string or comment at a.ts:6"])
        assert found["shown"] == ("possible", ["it is public: code outside of the project may use it"])
        assert found["Cart"][0] == "possible"
        assert found.get("onClick", ("possible", []))[0] == "possible"

    def test_a_script_of_a_page_can_be_used_by_others(self, tmp_path: Path) -> None:
        found = asked(tmp_path, {"page.js": "function go() {}\n"})
        assert [(row.name, row.caution) for row in found.rows] == [
            ("go", ["every script of its page can use it"])
        ]

    def test_a_limit_and_a_folder_are_kept(self, tmp_path: Path) -> None:
        files = {"a/x.py": "def _f(): ...\ndef _g(): ...\n", "b/y.py": "def _h(): ...\n"}
        found = asked(tmp_path, files, limit=1)
        assert ([row.name for row in found.rows], found.total, found.is_truncated) == (["_f"], 3, True)
        assert [row.name for row in asked(tmp_path, files, under="b").rows] == ["_h"]


class TestTheText:
    def test_a_file_that_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        store = graph_of(tmp_path, {"a.py": "def _f(): ...\n", "b.py": "import a\n"})
        (tmp_path / "project/b.py").unlink()
        found = unused(store, "shop", tmp_path / "project", "", 10)
        assert [row.name for row in found.rows] == ["_f"]
        assert found.unread == ["b.py: cannot be read: No such file or directory"]

    def test_a_project_that_is_gone_is_an_error(self, tmp_path: Path) -> None:
        store = graph_of(tmp_path, {"a.py": "def _f(): ...\n"})
        shutil.rmtree(tmp_path / "project")
        with pytest.raises(NotFound) as caught:
            unused(store, "shop", tmp_path / "project", "", 10)
        assert caught.value.code == "kg.project_gone"

    @pytest.mark.parametrize(
        ("name", "source", "code", "text"),
        [
            ("a.py", "x = 'f' + f\n", [1, 1], []),
            ("a.py", "x = 'f g' + f\n", [1], [1]),
            ("a.py", "'''\nf\n''' + f\n", [3], [2]),
            ("a.py", "x = f'{f}' # f\n", [1], [1]),
            ("a.py", "x = 'it''s' + f\n", [1], []),
            ("a.py", "r'\\' + f'\nf\n", [2], [1]),
            ("a.py", "'f\nf", [2], [1]),
            ("a.ts", "const x = 'f!' // f\nf()\n/* f\n*/ f()", [2, 4], [1, 1, 3]),
            ("a.ts", "`${f} f`", [1, 1], []),
            ("a.py", "größe = f\n", [1], []),
        ],
    )
    def test_code_is_told_from_strings_and_comments(
        self, tmp_path: Path, name: str, source: str, code: list[int], text: list[int]
    ) -> None:
        (tmp_path / name).write_text(source)
        found = find_mentions(tmp_path, [name], {"f"}, {})
        assert found.code.get("f", {}).get(name, []) == code
        assert found.text.get("f", {}).get(name, []) == text

    @pytest.mark.parametrize(
        "piece", ['"', "'", '"""', "'''", '\\"', "/*", "//", "s_", "'a_", "__all__ = [\n", "f", "`${", "r'\\"]
    )
    @pytest.mark.parametrize("ending", ["py", "ts"])
    def test_hostile_text_takes_time_in_proportion(self, tmp_path: Path, piece: str, ending: str) -> None:
        (tmp_path / f"a.{ending}").write_text(
            "f\n" * 200_000 + piece * (600_000 // len(piece)) + "\n" * 9_000
        )
        with cpu_below(8):
            found = find_mentions(tmp_path, [f"a.{ending}"], {"f"}, {})
        assert not found.unread
