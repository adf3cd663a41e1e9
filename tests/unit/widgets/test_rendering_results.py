"""How results of each kind look, and how third parties have theirs shown."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import pytest

from tests.unit.widgets.rendering_samples import make_match, make_search, make_task
from vibe_jupyter.client.demo import DemoReport, DemoTask
from vibe_jupyter.core.accounts.schemas import Profile
from vibe_jupyter.core.config import EffectiveSetting
from vibe_jupyter.core.doctor.check import Check
from vibe_jupyter.core.oracles.schemas import OracleList
from vibe_jupyter.core.status.schemas import Health, Status
from vibe_jupyter.core.tasks.schemas import TaskTarget
from vibe_jupyter.widgets.rendering import (
    JSON_TYPE,
    Line,
    Listing,
    StatusCard,
    as_html,
    as_text,
    register,
    registry,
    summary,
)

CHECKS = [
    Check(name="python", status="ok", message="Python 3.11.9"),
    Check(
        name="extension",
        status="warning",
        message="it is not enabled",
        fix="jupyter server extension enable x",
    ),
    Check(name="database", status="problem", message="it lies on NFS"),
]
STATUS = Status(
    version="0.1.0",
    api_level=1,
    mode="server",
    user_id="local",
    root="/srv/shop",
    data_dir="/srv/vibe",
    database="sqlite",
    oracles=6,
    tasks={"running": 1, "queued": 0},
    problems=["oracle vision: no module named torch"],
)


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_by_type", dict(registry._by_type))
    monkeypatch.setattr(registry, "_by_task_type", dict(registry._by_task_type))


def text_of(value: Any, width: int = 120) -> str:
    return as_text(value, width=width)


class TestFileSearch:
    def test_matches_are_rows_with_the_spans_marked(self) -> None:
        match = make_match(preview="    def login(user):", spans=[[8, 13]])
        html = as_html(make_task(result=make_search(match)))
        assert re.search(r">def <mark[^>]*>login</mark>\(user\):</code>", html)
        assert re.search(
            r"src/session\.py +41  def login\(user\):", text_of(make_task(result=make_search(match)))
        )

    def test_marks_are_painted_on_a_terminal_with_colours(self) -> None:
        match = make_match(preview="def login():", spans=[[4, 9]])
        text = as_text(make_task(result=make_search(match)), width=100, color=True)
        assert "def \x1b[1;33mlogin\x1b[0m():" in text

    def test_a_file_found_by_its_name_has_no_line(self) -> None:
        match = make_match("src/login.py", None, "src/login.py", spans=[[4, 9]], kind="name")
        assert re.search(r"src/login\.py +the file's name", text_of(make_task(result=make_search(match))))

    def test_a_notebook_names_the_cell(self) -> None:
        assert "a.ipynb cell 4" in text_of(make_task(result=make_search(make_match("a.ipynb", 2, cell=4))))

    def test_more_matches_than_shown_are_counted(self) -> None:
        result = make_search(make_match(), total_matches=1204, truncated=True)
        assert "1,204 matches, the best 1 here" in text_of(make_task(result=result))
        assert "… and 1,203 more · raise the limit to see them" in text_of(make_task(result=result))

    def test_nothing_found_says_where_it_looked_and_what_it_left_out(self) -> None:
        task = make_task(result=make_search(files_skipped={"binary": 3, "unreadable": 1}))
        assert summary(task) == "no match in 212 files"
        assert "nothing matches login under /home/ada/shop" in text_of(task)
        assert "not searched: 3 binary, 1 unreadable" in text_of(task)


class TestDataProfile:
    RESULT: ClassVar[dict[str, Any]] = {
        "path": "data/events.csv",
        "format": "csv",
        "size_bytes": 48_213_000,
        "rows": 1_204_331,
        "rows_profiled": 1_204_331,
        "columns": [
            {
                "name": "year",
                "type": "int16",
                "nulls": 0,
                "null_fraction": 0.0,
                "distinct": 6,
                "min": 2019,
                "max": 2024,
            }
            | {
                "distinct_is_exact": True,
                "mean": 2021.4,
                "std": 1.71,
                "top": [{"value": 2024, "count": 310_222}],
            },
            {"name": "country", "type": "string", "nulls": 602_165, "null_fraction": 0.5, "distinct": 41}
            | {"distinct_is_exact": False, "min": "AT", "max": "US"},
            {"name": "geo", "type": "struct<>", "nulls": 1, "null_fraction": 1e-6, "distinct": None}
            | {"distinct_is_exact": False},
        ],
        "sample": [{"year": 2019, "country": None, "geo": {"lat": 48.2}}],
        "warnings": ["country is half empty"],
    }

    def test_columns_have_types_null_bars_and_ranges(self) -> None:
        text = text_of(make_task("data.profile", self.RESULT), 160)
        assert "1,204,331 rows, 3 columns · csv, 48.2 MB" in text
        assert "▲ country is half empty" in text
        assert re.search(r"year +int16 +– +6  2019 … 2024  mean 2021 ± 1\.71 +2024 \(310,222\)", text)  # noqa: RUF001
        assert re.search(r"country +string +███··· 50 % +41\+  AT … US", text)
        assert re.search(r"geo +struct<> +▏····· <1 %", text)

    def test_the_first_rows_are_shown_as_they_are(self) -> None:
        text = text_of(make_task("data.profile", self.RESULT), 160)
        assert "first row" in text
        assert re.search(r'2019  – +\{"lat": 48\.2\}', text)  # noqa: RUF001

    def test_a_profile_of_a_part_says_of_how_much(self) -> None:
        part = {**self.RESULT, "rows": None, "rows_profiled": 1000}
        assert "1,000 rows read" in text_of(make_task("data.profile", part))


def test_project_stats_show_languages_with_bars_and_the_dependencies_that_need_attention_first() -> None:
    row = {"comment": 1, "blank": 2, "size_bytes": 999_600}
    dependency = {"declared": None, "installed_version": "2.1", "imported": True}
    result = {
        "path": "/home/ada/shop",
        "files": 412,
        "size_bytes": 8_233_111,
        "languages": [
            {"language": "Python", "files": 3, "code": 18_422, **row},
            {"language": "C", "files": 1, "code": 9_211, **row},
        ],
        "biggest_files": [{"path": "a.bin", "size_bytes": 10}],
        "tests": {"files": 48, "functions": 611},
        "notebooks": {"files": 1, "cells": 302, "code_cells": 2},
        "dependencies": [
            {"name": "bs4", "status": "wrong_version", **dependency},
            {"name": "numpy", "status": "undeclared", **dependency},
            {"name": "pandas", "status": "ok", **dependency},
        ],
        "warnings": [],
    }
    text = text_of(make_task("project.stats", result))
    assert "412 files, 8.2 MB, 27,633 lines of code" in text
    assert "611 tests in 48 files · 1 notebook with 302 cells" in text
    assert re.search(r"Python +3 +18,422  ██████████████ +1 +2  1\.0 MB", text)
    assert re.search(r"C +1 +9,211  ███████······· ", text)
    assert "dependencies: 1 wrong version, 1 undeclared, 1 ok" in text
    assert re.search(r"▲ undeclared +numpy", text)
    assert "▸ 1 in order" in text
    assert "pandas" in as_html(make_task("project.stats", result))


def test_answers_about_notebooks_name_notebook_cell_and_what_there_is_to_say() -> None:
    result = {
        "query": "errors",
        "what": "errors",
        "words": [],
        "root": "/home/ada",
        "rows": [
            {
                "notebook": "eda.ipynb",
                "cell": 4,
                "preview": "df.agg('x')",
                "ename": "KeyError",
                "evalue": "'x'",
            },
            {"notebook": "eda.ipynb", "cell": 5, "preview": "fit()", "detail": "never executed"},
        ],
        "total_rows": 2,
        "truncated": False,
        "notebooks_searched": 14,
        "notebooks_matched": 1,
        "problems": [{"notebook": "old.ipynb", "problem": "not JSON"}],
        "notebooks_unreadable": 1,
    }
    text = text_of(make_task("notebook.query", result))
    assert "2 errors in 1 of 14 notebooks" in text
    assert re.search(r"eda\.ipynb +4  df\.agg\('x'\)  KeyError: 'x'", text)
    assert "never executed" in text
    assert "▲ old.ipynb could not be read: not JSON" in text


def test_found_tasks_have_their_words_marked() -> None:
    found = {
        "id": "01936a2e-7c31-7d4a-9b02-0000deadbeef",
        "type": "data_profile",
        "state": "failed",
        "created_at": "2026-11-25T10:00:00Z",
        "snippet": "data/⟦events⟧.csv does not exist",
        "score": 1.0,
    }
    task = make_task(
        "task.search", {"query": "events", "tasks": [found], "matched_all_words": True, "indexed_tasks": 120}
    )
    assert summary(task) == "1 of 120 tasks"
    assert re.search(r"data/<mark[^>]*>events</mark>\.csv does not exist", as_html(task))
    assert "data/events.csv does not exist" in text_of(task)


def test_health_says_ok_warning_or_problem_in_words_with_the_command_that_mends_it() -> None:
    result = {"ok": False, "problems": 1, "warnings": 1, "checks": [check.model_dump() for check in CHECKS]}
    task = make_task("environment.health", result)
    assert summary(task) == "1 ok, 1 warning, 1 problem"
    for shown in (text_of(task), text_of(CHECKS)):
        assert re.search(r"✓ ok +python +Python 3\.11\.9", shown)
        assert re.search(r"▲ warning +extension +it is not enabled", shown)
        assert "→ jupyter server extension enable x" in shown
        assert re.search(r"✗ problem +database +it lies on NFS", shown)


def test_the_status_card_says_where_it_runs_what_goes_on_and_what_to_try() -> None:
    card = StatusCard(STATUS, "your Jupyter server", [make_task(), make_task(state="running")])
    text = text_of(card)
    assert "vibe 0.1.0 · your Jupyter server · data in /srv/vibe" in text
    assert "6 oracles ready · 0 MCP servers · 1 running" in text
    assert "▲ oracle vision: no module named torch" in text
    assert "▸ running" in text
    assert 'try: jupyter vibe task "where is the login handled?" · jupyter vibe oracles' in text
    assert card._repr_mimebundle_()[JSON_TYPE]["status"]["version"] == "0.1.0"


def test_what_the_platform_says_of_itself_fits_a_few_lines() -> None:
    assert re.search(r"runs as +server", text_of(STATUS))
    assert text_of(Health(version="0.1.0", api_level=1)) == "vibe-jupyter 0.1.0 is up · API level 1"
    profile = Profile(user_id="local", name="Ada", via="jupyter", scopes=["tasks:read", "tasks:write"])
    assert text_of(profile) == "Ada (local) · recognised by jupyter\nmay: tasks:read, tasks:write"


def test_oracles_are_listed_by_what_they_can_do_and_say_why_they_cannot() -> None:
    capability = {
        "name": "geo.locate",
        "task_type": "geo_locate",
        "summary": "Find places",
        "text_field": "q",
        "examples": ["where is Wien"],
        "input_schema": {},
        "output_schema": {},
        "table": None,
    }
    oracle = {"id": "geo", "title": "Geo", "capabilities": [capability], "idempotent": True}
    listing = OracleList(
        oracles=[{**oracle, "unavailable": "there is no network"}], problems={"vision": "no torch"}
    )
    text = text_of(listing)
    assert re.search(r"geo\.locate +Find places · not now: there is no network +where is Wien", text)
    assert "▲ vision: no torch" in text
    assert "Geo · geo" in text_of(listing.oracles[0])


def test_settings_are_rows_with_value_and_source_also_as_a_list_in_a_notebook() -> None:
    settings = [
        EffectiveSetting(variable="VIBE_DEBUG", value="True", source="environment", description="Show stacks")
    ]
    assert re.search(r"VIBE_DEBUG +True +environment", text_of(settings))
    bundle = Listing(settings)._repr_mimebundle_()
    assert 'title="Show stacks"' in bundle["text/html"]
    assert bundle[JSON_TYPE][0]["variable"] == "VIBE_DEBUG"


class TestThirdParties:
    def test_rows_become_a_table_and_the_rest_names_and_values(self) -> None:
        place = {"city": "Wien", "people": 1_982_097, "founded": 1156}
        result = {"took_ms": 12.5, "exact": True, "note": None, "places": [place]}
        text = text_of(make_task("geo.locate", result))
        assert re.search(r"took_ms  12\.5\n", text)
        assert re.search(r"exact +yes\n", text)
        assert "\nplaces\n" in text
        assert re.search(r"Wien  1,982,097 +1156", text)

    @pytest.mark.parametrize(
        "result", [[], {}, "", 0, False, 3.5, "text\nof lines", [1, "a", None], [[1, 2], [3]]]
    )
    def test_any_other_json_is_shown_too(self, result: Any) -> None:
        assert as_html(make_task("geo.locate", result)).startswith("<div")

    def test_a_renderer_is_registered_by_capability_and_serves_notebook_and_terminal(self) -> None:
        register("line.count", lambda result: [Line(f"{result['lines']} lines")], summary=lambda _: "counted")
        task = make_task("line.count", {"lines": 3})
        assert "3 lines" in as_html(task)
        assert text_of(task).splitlines()[1] == "3 lines"
        assert summary(task) == "counted"

    def test_a_renderer_of_a_class_serves_its_subclasses(self) -> None:
        class Base: ...

        class Derived(Base): ...

        register(Base, lambda _: [Line("base")], many=lambda values: [Line(f"{len(values)} of them")])
        assert text_of(Derived()) == "base"
        assert text_of([Derived(), Derived()]) == "2 of them"

    def test_a_renderer_that_fails_does_not_hide_the_result(self) -> None:
        register(
            "line.count", lambda result: [Line(result["nowhere"])], summary=lambda result: result["nowhere"]
        )
        text = text_of(make_task("line.count", {"lines": 3}))
        assert re.search(r"lines +3", text)
        assert "shown plainly: KeyError('nowhere')" in text

    def test_a_result_of_another_release_is_shown_plainly(self) -> None:
        text = text_of(make_task("file.search", {"hits": [{"file": "a.py"}]}))
        assert "a.py" in text
        assert "another shape than expected" in text


@pytest.mark.parametrize("width", [60, 80, 100, 100_000])
def test_what_mends_a_problem_is_wrapped_and_never_cut(width: int) -> None:
    fix = (
        "a Python with SQLite 3.51.3 or newer; until then one server per data directory: "
        + "/a/long/path" * 9
    )
    text = as_text([Check(name="database", status="warning", message="an old SQLite", fix=fix)], width=width)
    assert "…" not in text
    assert "".join(fix.split()) in "".join(text.split())
    assert max(map(len, text.splitlines())) <= width
    assert ("newer; until then one server per data directory" in text) == (width > 200)


def test_a_wrapped_text_is_painted_once_in_each_line() -> None:
    check = Check(name="database", status="warning", message="old", fix="a newer Python " * 6)
    lines = as_text([check], width=60, color=True).splitlines()[1:-1]
    assert len(lines) == 3
    assert all(line.count("\x1b[36m") == 1 for line in lines)


def test_what_the_demo_found_is_wrapped_and_never_cut() -> None:
    task = DemoTask(
        id="1", type="file_search", target=TaskTarget(id="file_search", type="oracle"), state="succeeded",
        why="best of 6 for file.search, score 0.83", seconds=0.2, summary="3 matches in 1 file",
    )  # fmt: skip
    text = as_text(
        DemoReport(ok=True, tasks=[task], notebook="a.ipynb", open_with="jupyter lab a.ipynb"), width=80
    )
    assert "…" not in text
    words = {word for line in text.splitlines() for word in line.split()}
    assert {*task.why.split(), *task.summary.split()} <= words
