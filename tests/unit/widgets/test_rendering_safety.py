"""Data stays data: no markup, no terminal command, no change of reading direction, no flood."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.timing import cpu_below
from tests.unit.widgets.rendering_samples import make_match, make_search, make_task
from vibe_jupyter.core.tasks.schemas import Explanation, History
from vibe_jupyter.widgets.rendering import JSON_TYPE, as_html, as_text, mimebundle

TAGS = {
    "a", "audio", "b", "blockquote", "br", "code", "details", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "img", "li", "mark", "ol", "p", "pre", "s", "span", "strong", "summary", "table", "tbody", "td", "th", "thead",
    "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"align", "alt", "class", "controls", "href", "rel", "src", "start", "style", "target", "title"}
ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "</td></tr></table></div><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "&lt;script&gt;",
    "javascript:alert(1)",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x9b2J\x9d0;x\x9c",
    "\x1b]unterminated " + "x" * 50,
    "abc\u202egpj.exe",
    "\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
    "\r\nX\rY\x08\x08",
    "\x00\x7f\u2028\u2029\ufeff",
    "\ud800 lone",
    "$x^2$ \\(y\\)",
]  # fmt: skip


class Reader(HTMLParser):
    """Reads HTML strictly enough to see what a browser would make of it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("img", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"


def assert_harmless(html: str) -> None:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    assert set(reader.tags) <= TAGS
    for name, value in reader.attributes:
        assert name in ATTRIBUTES
        if name == "href":
            assert urlsplit(value or "").scheme in ("", "http", "https", "mailto")
        if name == "src":
            allowed = r"data:(image/(png|jpeg|gif|webp|svg\+xml)|audio/[a-z0-9-]+);base64,[A-Za-z0-9+/=]*\Z"
            assert re.match(allowed, value or "")
        if name == "target":
            assert ("rel", "noopener noreferrer") in reader.attributes
        if name == "class":
            assert value == "tex2jax_ignore mathjax_ignore" or (value or "").startswith("language-")
    html.encode("utf-8")
    assert_plain(html)


def assert_plain(text: str) -> None:
    text.encode("utf-8")
    odd = {sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t"}
    odd |= {sign for sign in text if unicodedata.bidirectional(sign) in ("LRE", "RLE", "LRO", "RLO", "PDF")}
    odd |= {sign for sign in text if unicodedata.bidirectional(sign) in ("LRI", "RLI", "FSI", "PDI")}
    assert not odd


def shows_of(value: Any) -> None:
    bundle = mimebundle(value)
    assert_harmless(bundle["text/html"])
    assert_plain(bundle["text/plain"])
    json.dumps(bundle, allow_nan=False).encode("utf-8")
    for width in (20, 80):
        assert_plain(as_text(value, width=width))


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
class TestAttacks:
    def test_in_a_match(self, attack: str) -> None:
        match = make_match(attack, 1, f"x {attack} y", spans=[[0, 5], [3, 9], [900, 2], [-4, 1]])
        named = make_match(attack, None, attack, kind="name", spans=[[0, 3]])
        shows_of(make_task(result=make_search(match, named, query=attack, words=[attack], root=attack)))

    def test_in_a_result_of_a_third_party(self, attack: str) -> None:
        shows_of(
            make_task(
                "geo.locate", {attack: attack, "rows": [{attack: attack, "n": [attack, {attack: attack}]}]}
            )
        )
        shows_of(make_task("geo.locate", [attack, [attack]]))
        shows_of(make_task("geo.locate", attack))

    def test_in_the_task_itself(self, attack: str) -> None:
        error = {"code": attack, "message": attack, "hint": attack}
        task = make_task(attack, state="failed", error=error, target={"id": attack, "type": "mcp"}, id=attack)
        shows_of(task)
        shows_of(History(items=[task], total=1, next_cursor=None))
        shows_of(make_task(attack, state="running", progress={"fraction": 7.0, "message": attack}, id=attack))

    def test_in_an_explanation(self, attack: str) -> None:
        candidate = {"id": attack, "type": "mcp", "score": 0.5, "parts": {attack: 0.5}}
        matched = [
            {"capability": attack, "score": 0.5, "why": [attack]},
            {"capability": 1, "score": attack, "why": attack},
        ]
        shows_of(
            Explanation(
                task_id=attack,
                type="ask",
                capability=attack,
                asked=attack,
                matched=matched,
                candidates=[candidate],
                rejected={attack: attack},
                chosen=attack,
                fallbacks=[attack],
            )
        )

    @pytest.mark.parametrize(
        "media_type", ["text/markdown", "text/html", "text/plain", "image/svg+xml", "image/png"]
    )
    def test_in_a_rich_part(self, attack: str, media_type: str) -> None:
        data = f"{attack}\n\n[a]({attack}) ![b]({attack}) <{attack}>\n\n```{attack}\n{attack}\n```\n"
        shows_of(make_task("a.b", {"x": 1}, parts=[{"media_type": media_type, "data": data, "name": attack}]))
        shows_of(make_task("a.b", {"x": 1}, parts=[{"media_type": f"image/{attack}", "data": "AAAA"}]))


def test_markdown_fetches_no_image_and_links_to_no_script() -> None:
    data = (
        "![x](https://tracker.example/p.png) [y](javascript:alert(1)) [z](data:text/html,<script>) <b>raw</b>"
    )
    html = as_html(make_task("a.b", 1, parts=[{"media_type": "text/markdown", "data": data}]))
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert "&lt;b&gt;raw&lt;/b&gt;" in html


def test_an_escape_sequence_hides_nothing_of_what_follows_it() -> None:
    assert as_text("\x1b]0;never closed\nthe rest of it") == "\nthe rest of it"
    assert as_text("a\x1b[2Kb\x1b[1;31mc") == "abc"


def test_signs_that_would_be_invisible_are_made_visible() -> None:
    assert as_text("a\u202eb") == "a⟨U+202E⟩b"
    assert as_text("a\x08b") == "a␈b"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(ATTACKS),
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.text() | st.sampled_from(ATTACKS), inner, max_size=6)
    ),
    max_leaves=25,
)


@given(JSON)
@settings(max_examples=300, deadline=None)
def test_any_json_is_shown_and_nothing_of_it_becomes_markup(value: Any) -> None:
    shows_of(make_task("geo.locate", value))
    if isinstance(value, (dict, list)):
        shows_of(value)


@given(
    JSON, st.sampled_from(["file.search", "data.profile", "project.stats", "notebook.query", "task.search"])
)
@settings(max_examples=200, deadline=None)
def test_a_result_that_does_not_fit_its_kind_is_shown_all_the_same(value: Any, capability: str) -> None:
    shows_of(make_task(capability, value))


@given(st.text(), st.lists(st.tuples(st.integers(-50, 300), st.integers(-50, 300)), max_size=8))
@settings(max_examples=200, deadline=None)
def test_spans_of_any_kind_change_no_text(preview: str, spans: list[tuple[int, int]]) -> None:
    shows_of(make_task(result=make_search(make_match(preview=preview, spans=spans))))


class TestFloods:
    def test_of_many_rows_the_first_are_shown_and_the_others_counted(self) -> None:
        task = make_task("geo.locate", [{"n": index, "name": f"row {index}"} for index in range(10_000)])
        assert "… and 9,900 more" in as_html(task)
        assert "… and 9,900 more" in as_text(task)
        assert as_html(task).count("<tr") == 101
        assert len(as_text(task).splitlines()) < 110

    def test_a_huge_text_is_cut_with_an_ellipsis(self) -> None:
        task = make_task("geo.locate", {"text": "x" * 10_000_000, "rows": [{"a": "<" * 1_000_000}]})
        with cpu_below(2):
            assert len(as_html(task)) < 40_000
            assert len(as_text(task)) < 40_000
        assert "…" in as_text(task)

    def test_many_columns_names_and_tables_are_cut_and_counted(self) -> None:
        columns = {f"column {index}": index for index in range(500)}
        text = as_text(make_task("geo.locate", [columns]), width=400)
        assert "490 more columns: column 10, column 11" in text
        assert "… and 460 more" in as_text(make_task("geo.locate", columns))
        tables = {f"table {index}": [{"a": 1}] for index in range(20)}
        assert "… and 15 more tables" in as_text(make_task("geo.locate", tables))

    def test_json_nested_deeply_is_cut(self) -> None:
        value: Any = "bottom"
        for _ in range(150):
            value = [value, {"inner": value}]
        assert "[…]" in as_text(make_task("geo.locate", {"deep": value}))
        assert len(as_html(make_task("geo.locate", [value, value]))) < 100_000

    def test_a_large_result_is_not_carried_twice(self) -> None:
        data = mimebundle(make_task("geo.locate", {"text": "x" * 3_000_000}))[JSON_TYPE]
        assert data["result"] is None
        assert data["result_left_out"] == "3.0 MB; read it with tasks.get"

    def test_a_picture_that_is_broken_or_too_large_is_named_instead(self) -> None:
        parts = [
            {"media_type": "image/png", "data": "not base64!", "name": "broken"},
            {"media_type": "image/png", "data": "A" * 12_000_000, "name": "large"},
            {"media_type": "image/x-xbitmap", "data": "AAAA", "name": "odd"},
        ]
        html = as_html(make_task("a.b", 1, parts=parts))
        assert "<img" not in html
        assert "broken: the image is not valid base64" in html
        assert "large: an image of 9.0 MB is not shown here" in html
        assert "odd: image/x-xbitmap is not shown here" in html


def test_numbers_that_json_has_not_are_null_and_those_too_large_do_no_harm() -> None:
    task = make_task(
        "geo.locate", {"nan": float("nan"), "inf": float("-inf"), "huge": 10**6000, "ok": 10**20}
    )
    result = mimebundle(task)[JSON_TYPE]["result"]
    assert (result["nan"], result["inf"], result["ok"]) == (None, None, 10**20)
    text = as_text(task)
    assert re.search(r"nan +NaN", text)
    assert re.search(r"inf +-∞", text)
    assert re.search(r"huge +about 2\^19931", text)


def test_no_line_of_a_table_is_wider_than_asked_also_with_wide_and_combining_signs() -> None:
    rows = [{"名前": "漢字" * 40, "e\u0301" * 30: "👩‍🔬 " * 20, "plain": "x" * 90}]
    for width in (40, 80):
        for line in as_text(rows, width=width).splitlines():
            signs = [sign for sign in line if not unicodedata.combining(sign) and sign != "\u200d"]
            assert sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in signs) <= width


def test_json_is_not_offered_as_the_type_that_jupyterlab_prefers_to_html() -> None:
    assert set(mimebundle(make_task())) == {"text/plain", "text/html", "application/vnd.vibe.result+json"}


def test_the_first_result_imports_nothing_heavy() -> None:
    code = """
import sys
import vibe_jupyter.core.table
before = set(sys.modules)
from tests.unit.widgets.rendering_samples import make_match, make_search, make_task
from vibe_jupyter.widgets.rendering import mimebundle
mimebundle(make_task(result=make_search(make_match())))
heavy = {"pandas", "numpy", "IPython", "rich", "markdown_it", "pyarrow", "sqlalchemy", "ipywidgets", "httpx"}
print(sorted(heavy & {name.partition(".")[0] for name in set(sys.modules) - before}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
