"""The ranked-words match: what people type finds its capability, and what fits nothing or two is asked back.

`phrasings.tsv` holds what the match is measured on. It was tuned on the `development` half only; `held-out` was
split off at random before the first line of code, `fresh` was written after the tuning.
"""

from __future__ import annotations

import csv
import pkgutil
import random
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.timing import cpu_below
from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.oracles import base
from vibe_jupyter.core.oracles.base import Capability
from vibe_jupyter.core.routing.understanding import Understanding
from vibe_jupyter.core.routing.words import WordIndex, WordMatch, clear_winner


class Anything(BaseModel):
    """A schema that the match never looks at."""


def declare(name: str, summary: str, *examples: str, text_field: str | None = "query") -> Capability:
    return Capability(name, summary, Anything, Anything, text_field=text_field, examples=examples)


ROOT = Path(__file__).parents[4]


def declared_capabilities() -> list[Capability]:
    found: list[Capability] = []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for entry_point in project["entry-points"]["vibe_jupyter.oracles"].values():
        found.extend(pkgutil.resolve_name(entry_point).capabilities)
    return found


CAPABILITIES = declared_capabilities()
INDEXED = [one for one in CAPABILITIES if not one.only_by_name]
INDEX = WordIndex(INDEXED)
UNDERSTANDING = Understanding(CAPABILITIES)
with (Path(__file__).parent / "phrasings.tsv").open(encoding="utf-8", newline="") as lines:
    PHRASINGS = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))

OTHER_ERRANDS = (
    "summarize the key parts of this article",
    "send the important files to my backup folder",
    "open the most important files in Downloads",
    "upgrade the core packages",
    "install the key packages for plotting",
    "zip important files",
    "explain the important parts of the contract",
    "what happens when I delete report.csv",
    "what depends on the weather",
    "list packages that depend on themselves",
    "write a class that is not used yet",
    "my functions are not called, why",
    "delete code that is not needed from notebook",
    "turn off unused classes in the school timetable",
    "what does a method call cost",
    "who uses port 8888",
    "path from London to Paris",
    "how do I get to main street",
    "import loops from the sample pack into the track",
    "explain what a circular dependency is",
    "explain dead code elimination",
    "write a test that covers login.submit",
    "run the tests for parse_args()",
    "fix the circular import in app.py",
    "remove unused code from app.py",
    "delete dead functions in shop/",
    "read the core files",
    "plot a cyclic import chart",
    "what happens if I remove the file data.csv",
    "summarize the core modules of the course",
    "important files: find *.key",
    "back up my important files",
    "compress the key files into one archive",
    "what are the key parts of a motorcycle",
    "what is a circular import",
    "how do I fix an import cycle",
    "refactor the core modules",
    "rename the core module to base",
    "translate the most important parts of README.md",
    "remove dead code",
    "warn me about unused functions when I commit",
    "what happens if I delete sales.xlsx",
    "generate tests for slugify()",
    "add tests that cover Cart.add",
    "why are the classes never used by students",
    "how to detect dead code in Java",
    "write an essay about circular dependencies",
    "what are import cycles in economics",
    "tell my team about the most important modules of the training",
    "document every function that nobody calls",
    "mock the functions that are not called",
)
"""What sounds like a question about code and is none: the last twenty were written before what they test."""


def winner(text: str, index: WordIndex | None = None) -> str | None:
    if index is None:
        try:
            return UNDERSTANDING.understand(text).capability.name
        except InvalidInput:
            return None
    match = clear_winner(index.rank(text))
    return match.capability if match else None


def phrasings(half: str, *, unrelated: bool = False) -> list[tuple[str, str]]:
    return [
        (row["text"], row["capability"])
        for row in PHRASINGS
        if row["half"] == half
        and row["capability"] != "two-sided"
        and (row["capability"] == "-") == unrelated
    ]


class TestWhatPeopleType:
    def test_the_set_is_large_and_independent_of_the_examples(self) -> None:
        texts = [row["text"] for row in PHRASINGS]
        assert len(texts) == len(set(texts))
        assert len(phrasings("development") + phrasings("held-out")) >= 120
        assert len(phrasings("development", unrelated=True) + phrasings("held-out", unrelated=True)) >= 25
        examples = {example.casefold() for one in CAPABILITIES for example in one.examples}
        assert not examples & {text.casefold().removesuffix("?") for text in texts}

    @pytest.mark.parametrize("half", ["development", "held-out", "fresh"])
    def test_nine_in_ten_find_their_capability_and_hardly_one_another(self, half: str) -> None:
        outcomes = [(text, expected, winner(text)) for text, expected in phrasings(half)]
        missed = [outcome for outcome in outcomes if outcome[1] != outcome[2]]
        wrong = [outcome for outcome in missed if outcome[2] is not None]
        assert len(missed) <= 0.10 * len(outcomes), missed
        assert len(wrong) <= 0.03 * len(outcomes), wrong

    @pytest.mark.parametrize("half", ["development", "held-out"])
    def test_what_nothing_here_can_do_has_no_winner(self, half: str) -> None:
        assert [text for text, _ in phrasings(half, unrelated=True) if winner(text)] == []

    def test_a_question_of_everyday_life_may_be_taken_for_a_search_and_for_nothing_else(self) -> None:
        """A known limit: `where do babies come from` looks like `where do retries come from`."""
        taken = Counter(winner(text) for text, _ in phrasings("fresh", unrelated=True))
        assert taken.keys() <= {None, "file.search"}
        assert taken["file.search"] <= 1

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("where is the login handled?", "file.search"),
            ("profile data/events.parquet", "data.profile"),
            ("which notebooks have errors", "notebook.query"),
            ("how many lines of code", "project.stats"),
            ("did I run something about churn yesterday", "task.search"),
            ("is my setup ok", "environment.health"),
            ("delete everything and format the disk", None),
            ("make me a sandwich", None),
            ("hello", None),
            ("", None),
        ],
    )
    def test_the_sentences_that_the_documentation_shows(self, text: str, expected: str | None) -> None:
        assert winner(text) == expected


class TestWhenToAsk:
    @pytest.mark.parametrize("text", OTHER_ERRANDS)
    def test_an_errand_that_names_code_is_no_question_about_it(self, text: str) -> None:
        assert winner(text) != "kg.ask"

    def test_one_bare_word_is_a_topic_and_no_request(self) -> None:
        """`login`: in the files, in the tasks, in the notebooks? Only the person knows."""
        assert winner("login") is None

    @pytest.mark.parametrize(
        "text",
        [
            "errors about login",
            "which ones are broken",
            "search notebooks for login",
            "overview of everything",
        ],
    )
    def test_what_fits_two_about_as_well_has_no_winner(self, text: str) -> None:
        assert len(INDEX.rank(text)) > 1
        assert winner(text) is None

    @pytest.mark.parametrize(
        "text",
        [
            "delete sales.csv",
            "please remove all notebooks",
            "can you rename the columns of sales.csv",
            "run train.ipynb",
        ],
    )
    def test_a_change_never_goes_to_what_only_reads(self, text: str) -> None:
        assert winner(text) is None
        assert any("but it does not" in why for match in INDEX.rank(text) for why in match.why)

    def test_a_change_goes_to_what_declares_it(self) -> None:
        tools = [
            *CAPABILITIES,
            declare("table.delete", "Delete a table file", "delete old.csv", text_field="path"),
        ]
        assert winner("delete sales.csv", WordIndex(tools)) == "table.delete"

    def test_a_verb_of_change_inside_a_question_is_a_topic(self) -> None:
        assert (
            winner("in which file do we delete the user's sessions, where is that defined") == "file.search"
        )

    def test_an_errand_for_what_it_does_is_no_change(self) -> None:
        assert winner("make a profile of sales.csv") == "data.profile"

    def test_a_tie_is_not_won_by_name(self) -> None:
        twins = [declare("a.search", "Search things"), declare("b.search", "Search things")]
        ranked = WordIndex(twins).rank("search things")
        assert [match.capability for match in ranked] == ["a.search", "b.search"]
        assert clear_winner(ranked) is None

    def test_full_scores_tie_too(self) -> None:
        assert clear_winner([WordMatch("a", 1.0, ("x", "y")), WordMatch("b", 1.0, ("x", "y"))]) is None

    def test_nothing_ranked_has_no_winner(self) -> None:
        assert clear_winner([]) is None


class TestFeatures:
    @pytest.mark.parametrize("text", ["sales.csv", "src/data/SALES.CSV", 'describe "my data/sales.csv"'])
    def test_a_table_file_speaks_for_the_profile(self, text: str) -> None:
        best = INDEX.rank(text)[0]
        assert best.capability == "data.profile"
        assert "ext:csv" in best.why

    def test_a_word_in_quotes_is_a_topic(self) -> None:
        assert winner('find "notebook errors" in the source code') == "file.search"

    def test_a_name_of_a_capability_settles_it(self) -> None:
        assert winner("file_search notebooks") == "file.search"
        assert winner("project.stats") == "project.stats"

    @pytest.mark.parametrize(
        "text", ["wich notebooks have erors", "how many lnies of code", "profle sales.csv"]
    )
    def test_a_slip_of_the_finger_is_forgiven(self, text: str) -> None:
        assert winner(text) is not None

    def test_capitals_and_apostrophes_do_not_matter(self) -> None:
        expected = INDEX.rank("what's wrong with my setup")
        assert (
            INDEX.rank("WHAT\N{RIGHT SINGLE QUOTATION MARK}S WRONG WITH MY SETUP")[0].score
            == expected[0].score
        )

    def test_compound_names_are_split_in_declarations(self) -> None:
        index = WordIndex([declare("createCalendarEvent", "Makes an appointment"), *CAPABILITIES])
        assert winner("create a calendar event", index) == "createCalendarEvent"

    def test_the_reasons_are_what_the_person_typed(self) -> None:
        why = INDEX.rank("which Notebooks have errors")[0].why
        assert {"Notebooks", "errors"} <= set(why)

    def test_a_capability_without_text_can_win(self) -> None:
        assert next(one for one in CAPABILITIES if one.name == "environment.health").text_field is None
        assert winner("run the doctor") == "environment.health"

    def test_a_capability_without_examples_is_found_by_its_summary(self) -> None:
        index = WordIndex([*CAPABILITIES, declare("weather.forecast", "Weather forecast for a city")])
        assert winner("weather forecast for Berlin", index) == "weather.forecast"


ODD_TEXT = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="\"'`“”«».*/\\_@()[]:;,!? \n\t\x00\x1b", max_size=300),
    st.lists(st.sampled_from([word for row in PHRASINGS for word in row["text"].split()]), max_size=40).map(
        " ".join
    ),
)


class TestWhateverIsTyped:
    @given(ODD_TEXT)
    @settings(max_examples=300, deadline=None)
    def test_every_text_is_ranked_by_score_then_name(self, text: str) -> None:
        ranked = INDEX.rank(text)
        assert ranked == sorted(ranked, key=lambda match: (-match.score, match.capability))
        assert all(0 < match.score <= 1 and match.why for match in ranked)
        assert len({match.capability for match in ranked}) == len(ranked)
        assert clear_winner(ranked) in [None, *ranked[:1]]
        assert INDEX.rank(text) == ranked

    @given(st.randoms(use_true_random=False), st.sampled_from([row["text"] for row in PHRASINGS]))
    @settings(max_examples=60, deadline=None)
    def test_the_order_of_the_capabilities_does_not_matter(self, shuffler: random.Random, text: str) -> None:
        shuffled = list(INDEXED)
        shuffler.shuffle(shuffled)
        assert WordIndex(shuffled).rank(text) == INDEX.rank(text)

    @pytest.mark.parametrize(
        "text",
        [
            "where is the login handled " * 400,
            "a" * 10_000,
            "(" * 10_000,
            "_" * 10_000,
            "a." * 5_000,
            "'" * 9_999,
            "/\\" * 5_000,
            "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 10_000,
            "🙂🧑‍🚀" * 3_000,
            "\x00\x07\x1b[31m\r\n" * 1_500,
            "e\N{COMBINING ACUTE ACCENT}" * 5_000,
        ],
        ids=lambda text: ascii(text[:12]),
    )
    def test_ten_thousand_characters_take_no_longer_than_a_blink(self, text: str) -> None:
        with cpu_below(0.1):
            INDEX.rank(text)

    @pytest.mark.parametrize("length", [300, 1000, 10_000])
    @pytest.mark.parametrize("page", [(ROOT / "LICENSE").read_text(encoding="utf-8"), str(base.__doc__)])
    def test_prose_has_no_winner(self, page: str, length: int) -> None:
        assert winner(page[:length]) is None

    def test_without_capabilities_nothing_fits(self) -> None:
        assert WordIndex([]).rank("where is the login handled") == []


class TestSpeed:
    def mean_seconds(self, index: WordIndex) -> float:
        texts = [row["text"] for row in PHRASINGS][::5]
        with cpu_below(60) as took:
            for text in texts:
                clear_winner(index.rank(text))
        return took.seconds / len(texts)

    def made_up(self, amount: int) -> list[Capability]:
        draw = random.Random(7)
        words = sorted({word for row in PHRASINGS for word in row["text"].split() if word.isalpha()})
        return [
            declare(
                f"tool{number}.{draw.choice(words)}",
                " ".join(draw.choices(words, k=12)),
                *(" ".join(draw.choices(words, k=6)) for _ in range(4)),
            )
            for number in range(amount)
        ]

    def test_twenty_capabilities_take_less_than_a_millisecond(self) -> None:
        assert self.mean_seconds(WordIndex([*INDEXED, *self.made_up(14)])) < 0.001

    def test_a_thousand_capabilities_that_share_their_words_take_milliseconds(self) -> None:
        """About 4 ms on a quiet machine; the bound leaves room for a busy one."""
        assert self.mean_seconds(WordIndex(self.made_up(1000))) < 0.05
