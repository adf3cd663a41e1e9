from __future__ import annotations

import asyncio
import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from vibe_jupyter.core.errors import InvalidInput, NotFound
from vibe_jupyter.core.oracles.project_stats import ProjectStats, ProjectStatsInput
from vibe_jupyter.core.oracles.project_stats.declarations import read_declarations
from vibe_jupyter.core.oracles.project_stats.dependencies import Declared, compare
from vibe_jupyter.core.oracles.project_stats.languages import count_lines, language_of
from vibe_jupyter.core.oracles.project_stats.oracle import find_folder
from vibe_jupyter.core.oracles.project_stats.python_source import (
    count_tests,
    imported_modules,
    parse,
    read_notebook,
)
from vibe_jupyter.core.oracles.project_stats.statistics import project_statistics

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def notebook(*cells: tuple[str, str]) -> str:
    return json.dumps(
        {"nbformat": 4, "cells": [{"cell_type": kind, "source": source} for kind, source in cells]}
    )


def statuses(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["name"]: row["status"] for row in rows}


class TestSurvey:
    def test_a_project_in_numbers(self, tmp_path: Path) -> None:
        root = write(
            tmp_path,
            {
                "src/shop/__init__.py": "",
                "src/shop/billing.py": "# bills\nimport json\n\nx = 1\n",
                "tests/test_billing.py": "def test_a(): pass\nasync def test_b(): pass\ndef helper(): pass\n",
                "web/app.js": "/* a\n b */\nlet x\n// c\n",
                "explore.ipynb": notebook(("markdown", "# Title"), ("code", "%time\nimport json\nx = 1")),
                "data.bin": b"\x00" * 5000,
            },
        )
        numbers = project_statistics(str(root), biggest=1)
        assert (numbers["files"], numbers["warnings"]) == (6, [])
        assert numbers["languages"] == [
            {"language": "Python", "files": 3, "code": 5, "comment": 1, "blank": 1, "size_bytes": 90},
            {
                "language": "Jupyter Notebook", "files": 1, "code": 2, "comment": 0, "blank": 1,
                "size_bytes": (root / "explore.ipynb").stat().st_size,
            },
            {"language": "JavaScript", "files": 1, "code": 1, "comment": 3, "blank": 0, "size_bytes": 22},
        ]  # fmt: skip
        assert numbers["biggest_files"] == [{"path": "data.bin", "size_bytes": 5000}]
        assert numbers["tests"] == {"files": 1, "functions": 2}
        assert numbers["notebooks"] == {"files": 1, "cells": 2, "code_cells": 1}
        assert numbers["dependencies"] == []

    def test_files_that_do_not_parse_are_counted_and_named(self, tmp_path: Path) -> None:
        root = write(
            tmp_path,
            {
                "broken.py": "def (:\n",
                "null.py": b"x = '\x00'",
                "deep.py": "(" * 5_000,
                "bad.ipynb": "{",
                "list.ipynb": "[]",
                "odd.ipynb": '{"cells": 3}',
                "half.ipynb": notebook(("code", "def (:")),
            },
        )
        numbers = project_statistics(str(root), biggest=0)
        assert numbers["notebooks"] == {"files": 1, "cells": 1, "code_cells": 1}
        unparsed, uncounted = numbers["warnings"]
        assert unparsed == (
            "6 files not valid Python, so without its imports and tests: "
            "bad.ipynb, broken.py, deep.py, half.ipynb, list.ipynb, and 1 more"
        )
        assert uncounted == "1 files unreadable, binary or too large, so without its lines: null.py"

    def test_ignored_files_are_left_out(self, tmp_path: Path) -> None:
        root = write(
            tmp_path,
            {
                ".gitignore": "build/\n",
                "a.py": "x = 1\n",
                "build/b.py": "x = 1\n",
                "web/.gitignore": "gen.py\n",
                "web/gen.py": "x = 1\n",
                ".venv/lib/c.py": "import numpy\n",
            },
        )
        numbers = project_statistics(str(root), biggest=10)
        assert numbers["languages"][0]["files"] == 1
        assert numbers["dependencies"] == []

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        assert project_statistics(str(tmp_path), biggest=10)["files"] == 0

    def test_modules_of_the_project_itself_are_no_dependencies(self, tmp_path: Path) -> None:
        root = write(
            tmp_path,
            {
                "src/shop/__init__.py": "import shop.billing, os",
                "scripts/run.py": "import neighbour, shop, no_such_module_at_all",
                "scripts/neighbour.py": "",
            },
        )
        rows = project_statistics(str(root), biggest=0)["dependencies"]
        assert statuses(rows) == {"no-such-module-at-all": "missing"}

    def test_packages_of_the_projects_below_are_no_dependencies(self, tmp_path: Path) -> None:
        root = write(
            tmp_path,
            {
                "shop/src/billing/tax.py": "",
                "shop/src/alone.py": "",
                "shop/tests/test_a.py": "import billing.tax, alone, inner_thing",
                "tools/lint/__init__.py": "",
                "tools/lint/inner_thing/__init__.py": "",
                "run.py": "from lint import a",
            },
        )
        assert statuses(project_statistics(str(root), biggest=0)["dependencies"]) == {
            "inner-thing": "missing"
        }

    def test_a_declared_distribution_is_meant_whatever_folder_is_called_so(self, tmp_path: Path) -> None:
        root = write(
            tmp_path,
            {"requirements.txt": "numpy", "tests/numpy/__init__.py": "", "src/shop.py": "import numpy"},
        )
        assert statuses(project_statistics(str(root), biggest=0)["dependencies"]) == {"numpy": "ok"}

    def test_an_import_that_may_fail_is_optional(self, tmp_path: Path) -> None:
        root = write(
            tmp_path,
            {
                "a.py": "try:\n    import gone_a\nexcept ImportError:\n    import gone_b\n"
                "try:\n    from gone_c import x\nexcept (ValueError, ModuleNotFoundError):\n    x = None\n"
                "try:\n    import gone_d\nexcept ValueError:\n    pass\n"
                "try:\n    import orjson, gone_e\nexcept ImportError:\n    pass\nelse:\n    import gone_f\n",
                "b.py": "import gone_e\n",
            },
        )
        assert statuses(project_statistics(str(root), biggest=0)["dependencies"]) == {
            "gone-a": "optional", "gone-b": "optional", "gone-c": "optional", "gone-d": "missing",
            "gone-e": "missing", "gone-f": "missing", "orjson": "optional",
        }  # fmt: skip


class FolderContext:
    """The part of a `Context` that finds a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def resolve(self, path: str) -> Path:
        if not (self.root / path).exists():
            raise NotFound(f"{path} does not exist", code="path.not_found")
        return (self.root / path).resolve()

    async def in_process(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(function, *args, **kwargs)


class TestFolder:
    @pytest.mark.parametrize(
        ("text", "folder"),
        [
            (".", ""),
            ("src", "src"),
            ("count code in ./src", "src"),
            ('statistics of "my lib"', "my lib"),
            ("how many lines of code are in this project?", ""),
        ],
    )
    def test_a_sentence_means_the_folder_it_names_or_the_root(
        self, tmp_path: Path, text: str, folder: str
    ) -> None:
        write(tmp_path, {"src/a.py": "", "my lib/b.py": ""})
        assert find_folder(FolderContext(tmp_path), text) == tmp_path / folder  # type: ignore[arg-type]

    @pytest.mark.parametrize("text", ["gone", "count code in ./gone"])
    def test_a_folder_that_is_named_and_missing_is_not_found(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(NotFound, match="gone does not exist"):
            find_folder(FolderContext(tmp_path), text)  # type: ignore[arg-type]

    @pytest.mark.asyncio
    async def test_a_file_is_not_a_folder(self, tmp_path: Path) -> None:
        context: Any = FolderContext(write(tmp_path, {"a.py": "x = 1\n"}))
        with pytest.raises(InvalidInput) as caught:
            await ProjectStats().run(context, ProjectStatsInput(path="a.py"))
        assert caught.value.code == "project.not_a_folder"
        found = await ProjectStats().run(context, ProjectStatsInput())
        assert (found.files, found.languages[0].code) == (1, 1)


class TestDependencies:
    def test_each_status(self) -> None:
        declared = [
            Declared(Requirement("pytest>=1"), "pyproject.toml"),
            Declared(Requirement("PyYAML"), "pyproject.toml"),
            Declared(Requirement("no-such-thing>=2"), "pyproject.toml"),
            Declared(Requirement("hypothesis<1"), "requirements.txt"),
            Declared(Requirement("ruff"), "pyproject.toml", "dev"),
            Declared(Requirement("other; sys_platform == 'none'"), "pyproject.toml"),
            Declared(Requirement("myself[dev]"), "pyproject.toml", "all"),
        ]
        rows = compare(declared, {"yaml", "os", "orjson", "cv2", "__future__"}, own_names=["MySelf"])
        assert statuses(rows) == {
            "hypothesis": "wrong_version",
            "no-such-thing": "missing",
            "opencv-python": "missing",
            "orjson": "undeclared",
            "pytest": "unused",
            "pyyaml": "ok",
            "ruff": "ok",
        }
        assert [row["status"] for row in rows] == [
            "missing", "missing", "wrong_version", "undeclared", "unused", "ok", "ok",
        ]  # fmt: skip
        assert rows[0]["declared"] == "no-such-thing>=2 (pyproject.toml)"
        assert next(row for row in rows if row["name"] == "ruff")["declared"] == "ruff (pyproject.toml [dev])"

    def test_a_shared_namespace_means_what_is_declared(self) -> None:
        distributions = {"google": ["protobuf", "google-auth", "google-api-core"]}
        declared = [Declared(Requirement("google-auth"), "pyproject.toml")]
        assert set(statuses(compare(declared, {"google"}, distributions=distributions))) == {"google-auth"}
        assert len(compare([], {"google"}, distributions=distributions)) == 1


class TestDeclarations:
    def names(self, root: Path) -> list[tuple[str, str | None]]:
        return sorted((str(item.requirement), item.group) for item in read_declarations(root).declared)

    def test_pyproject_with_optional_groups_and_dependency_groups(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["a>=1"]\n'
                '[project.optional-dependencies]\nweb = ["b"]\n'
                '[dependency-groups]\ndev = ["c", {include-group = "web"}]\n'
                '[tool.poetry.dependencies]\npython = "^3.11"\nd = "^1"\n'
            },
        )
        assert self.names(tmp_path) == [("a>=1", None), ("b", "web"), ("c", "dev"), ("d", None)]
        assert read_declarations(tmp_path).own_names == {"shop"}

    def test_requirements_files(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                "requirements.txt": "a==1 --hash=sha256:00 \\\n  --hash=sha256:01\n-r dev.txt\n-e .\n"
                "./wheel.whl\n# note\nb>=2 # why\nhttps://host.example/x.whl\n"
                "git+https://host.example/y\nc @ https://z.example/c.whl\n",
                "dev-requirements.txt": "d\n",
                "requirements/docs.txt": "\ufeffe\n",
            },
        )
        assert self.names(tmp_path) == [
            ("a==1", None),
            ("b>=2", None),
            ("c @ https://z.example/c.whl", None),
            ("d", "dev-requirements"),
            ("e", "docs"),
        ]

    def test_setup_cfg_and_conda(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                "setup.cfg": "[metadata]\nname = shop\n[options]\ninstall_requires =\n    a>=1\n    %(x)s\n"
                "[options.extras_require]\nweb = b\n",
                "environment.yml": "dependencies:\n  - python=3.11\n  - conda-forge::c=1.2\n  - d>=2\n"
                "  - e=1.0=py311_0\n  - pip:\n    - f\n",
            },
        )
        assert self.names(tmp_path) == [
            ("a>=1", None), ("b", "web"), ("c==1.2.*", None), ("d>=2", None), ("e==1.0.*", None), ("f", None),
        ]  # fmt: skip
        assert "'%(x)s' is not a requirement" in read_declarations(tmp_path).warnings[0]

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("pyproject.toml", "[project"),
            ("pyproject.toml", b"\xff"),
            ("setup.cfg", "a = 1"),
            ("environment.yml", "a: [\n"),
        ],
    )
    def test_a_broken_file_is_a_warning(self, tmp_path: Path, name: str, content: str | bytes) -> None:
        found = read_declarations(write(tmp_path, {name: content}))
        assert found.declared == []
        assert found.warnings[0].startswith(f"{name} cannot be read")

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("pyproject.toml", 'project = 1\n[dependency-groups]\nx = "a"\n'),
            ("pyproject.toml", "[project]\nname = 3\ndependencies = {}\n"),
            ("environment.yml", "- a\n"),
            ("environment.yml", "dependencies: {a: 1}\n"),
        ],
    )
    def test_an_unexpected_shape_declares_nothing(self, tmp_path: Path, name: str, content: str) -> None:
        assert read_declarations(write(tmp_path, {name: content})).declared == []


class TestSource:
    def test_tests_are_those_that_pytest_collects(self) -> None:
        tree = parse(
            "def test_a(): pass\n"
            "class TestB:\n    def test_b(self): pass\n    class TestC:\n        def test_c(self): pass\n"
            "class D(unittest.TestCase):\n    def test_d(self): pass\n"
            "class Helper:\n    def test_not(self): pass\n"
            "def outer():\n    def test_inner(): pass\n"
        )
        assert count_tests(tree) == 4

    def test_imports_wherever_they_stand(self) -> None:
        tree = parse("def f():\n    import a.b as c\nif 1:\n    from d import e\nfrom . import g\n")
        assert imported_modules(tree) == {"a", "d"}

    def test_magics_and_other_languages_in_notebooks_are_no_python(self) -> None:
        content = notebook(
            ("code", "%pip install x\n!ls\nimport a\na?"),
            ("code", "%%bash\nimport not python"),
            ("code", "%%time\nimport b"),
            ("raw", "import c"),
        )
        found = read_notebook(content)
        assert (found.cells, found.code_cells) == (4, 3)
        assert imported_modules(parse(found.source)) == {"a", "b"}

    def test_an_old_notebook_has_its_cells_in_worksheets(self) -> None:
        found = read_notebook(
            '{"worksheets": [{"cells": [{"cell_type": "code", "input": ["import a\\n", "b"]}]}]}'
        )
        assert found.source == "import a\nb"

    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("a.py", "x = 1  # y\n# z\n\n", (1, 1, 1)),
            ("a.c", "/* a\n\n b */ int x;\n/* c */\nint y; /* d\n e */\n", (2, 4, 0)),
            ("a.html", "<!-- a -->\n<p>\n", (1, 1, 0)),
            ("Makefile", "all:\n\t# x\n", (1, 1, 0)),
            ("a.c", "/* never closed\n x\n", (0, 2, 0)),
            ("a.rst", "", (0, 0, 0)),
        ],
    )
    def test_lines_by_kind(
        self, tmp_path: Path, name: str, text: str, expected: tuple[int, int, int]
    ) -> None:
        language = language_of(tmp_path / name)
        assert language is not None
        count = count_lines(text, language)
        assert (count.code, count.comment, count.blank) == expected

    @given(st.text(alphabet="/*-<!># x\n", max_size=200))
    def test_every_line_is_of_one_kind(self, text: str) -> None:
        for suffix in ("c", "html", "lua", "py"):
            language = language_of(PurePath(f"a.{suffix}"))
            assert language is not None
            count = count_lines(text, language)
            assert count.code + count.comment + count.blank == len(text.splitlines())
