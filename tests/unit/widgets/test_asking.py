"""Questions to a person: what is asked, line by line, and what is handed in."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.client.scripted import scripted_client
from vibe_jupyter.core.errors import Conflict, InvalidInput
from vibe_jupyter.core.questions.schemas import Question, QuestionList
from vibe_jupyter.widgets.asking.forms import fields_of, value_of
from vibe_jupyter.widgets.asking.interview import Interview
from vibe_jupyter.widgets.asking.prompter import EndedElsewhere, NobodyThere, Prompter
from vibe_jupyter.widgets.asking.watch import QuestionWatch

FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "title": "Your name", "minLength": 2},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "likes": {"type": "boolean", "default": True},
        "colour": {"type": "string", "enum": ["r", "g"], "enumNames": ["Red", "Green"]},
        "pets": {"type": "array", "items": {"type": "string", "enum": ["cat", "dog"]}},
        "mail": {"type": "string", "format": "email", "description": "Where to write to"},
    },
    "required": ["name"],
}


def make_question(kind: str = "elicitation", **more: Any) -> Question:
    at = datetime.now(UTC)
    values = {
        "id": "01936a2e-7c31-7d4a-9b02-0000deadbeef", "kind": kind, "state": "open", "message": "Who are you?",
        "context": {"server": "files", "tool": "write", "arguments": {"path": "a.txt", "count": 3}},
        "created_at": at, "expires_at": at + timedelta(minutes=5),
    }  # fmt: skip
    return Question(**{**values, **more})


class Script(Prompter):
    """A person who types what is written down; an exception in its place is raised."""

    def __init__(self, *lines: Any) -> None:
        super().__init__()
        self.lines = list(lines)
        self.prompts: list[str] = []
        self.secrets: list[str] = []

    def read(self, prompt: str, *, is_secret: bool = False) -> str:
        self.prompts.append(prompt)
        if is_secret:
            self.secrets.append(prompt)
        line = self.lines.pop(0)
        if isinstance(line, type):
            raise line
        return str(line)


class Talk:
    """An interview and what came of it."""

    def __init__(
        self, question: Question, *lines: Any, accept: Callable[[dict[str, Any]], Any] | None = None
    ):
        self.handed_in: list[dict[str, Any]] = []

        def answer(values: dict[str, Any]) -> Question:
            self.handed_in.append({name: value for name, value in values.items() if name != "question_id"})
            if accept is not None:
                accept(values)
            return question

        client, _ = scripted_client(
            questions__answer=answer, questions__list=lambda _: QuestionList(questions=[])
        )
        self.prompter = Script(*lines)
        self.shown: list[Question] = []
        self.told: list[str] = []
        interview = Interview(client, self.prompter, self.shown.append, self.told.append)  # type: ignore[arg-type]
        self.outcome = interview.ask(question, QuestionWatch(client, lambda _: None, call_id="call-0001"))  # type: ignore[arg-type]


class TestApproval:
    @pytest.mark.parametrize(
        ("typed", "answer"),
        [
            ("yes", {"action": "accept"}), ("Y", {"action": "accept"}), ("no", {"action": "decline"}),
            ("", {"action": "decline"}), ("!", {"action": "decline"}),
            ("always", {"action": "accept", "remember": True}),
        ],
    )  # fmt: skip
    def test_a_word_decides(self, typed: str, answer: dict[str, Any]) -> None:
        talk = Talk(make_question("approval"), typed)
        assert (talk.handed_in, talk.outcome) == ([answer], "answered")
        assert len(talk.shown) == 1

    def test_what_is_no_answer_is_asked_again(self) -> None:
        talk = Talk(make_question("approval"), "perhaps", "yes")
        assert talk.handed_in == [{"action": "accept"}]
        assert "yes, no, always" in talk.told[0]

    def test_arguments_can_be_changed_one_by_one(self) -> None:
        talk = Talk(make_question("approval"), "edit", "b.txt", "four", "4")
        changed = {"arguments": {"path": "b.txt", "count": 4}}
        assert talk.handed_in == [{"action": "accept", "content": changed}]
        assert talk.prompter.prompts[1:3] == ["path [a.txt]: ", "count [3]: "]
        assert "no JSON" in talk.told[0]

    def test_arguments_that_are_not_shown_in_full_are_not_edited(self) -> None:
        context = {"server": "files", "arguments": {"s": "x…"}, "arguments_cut_from_bytes": 200_000}
        talk = Talk(make_question("approval", context=context), "edit", "yes")
        assert talk.handed_in == [{"action": "accept"}]
        assert "too large" in talk.told[0]

    def test_an_empty_line_keeps_an_argument(self) -> None:
        talk = Talk(make_question("approval"), "e", "", "")
        assert talk.handed_in[0]["content"] == {"arguments": {"path": "a.txt", "count": 3}}


class TestForm:
    def ask(self, *lines: Any, **more: Any) -> Talk:
        return Talk(make_question(answer_schema=FORM), *lines, **more)

    def test_each_field_is_asked_with_what_it_takes(self) -> None:
        talk = self.ask("Ada", "36", "no", "2", "cat, Dog", "ada@example.org")
        assert talk.handed_in == [
            {
                "action": "accept",
                "content": {
                    "name": "Ada", "age": 36, "likes": False, "colour": "g", "pets": ["cat", "dog"],
                    "mail": "ada@example.org",
                },
            }
        ]  # fmt: skip
        assert talk.prompter.prompts == [
            "Your name: ",
            "age, optional, a whole number, 0 to 150: ",
            "likes, optional, yes or no [yes]: ",
            "colour, optional, a number or name: ",
            "pets, optional, numbers or names, separated by commas: ",
            "mail (Where to write to), optional, an e-mail address: ",
        ]
        assert talk.told == ["1. Red", "2. Green", "1. cat", "2. dog"]

    def test_what_is_left_out_is_not_sent(self) -> None:
        assert self.ask("Ada", "", "", "", "", "").handed_in[0]["content"] == {"name": "Ada"}

    @pytest.mark.parametrize("lines", [("",), ("!",), ("Ada", "!")])
    def test_an_empty_line_for_what_is_needed_or_a_mark_declines(self, lines: tuple[str, ...]) -> None:
        assert self.ask(*lines).handed_in == [{"action": "decline"}]

    def test_a_wrong_value_is_asked_again_with_the_reason(self) -> None:
        talk = self.ask("A", "Ada", "old", "200", "30", "perhaps", "yes", "blue", "red", "fish", "dog", "")
        assert talk.handed_in[0]["content"] == {
            "name": "Ada", "age": 30, "likes": True, "colour": "r", "pets": ["dog"],
        }  # fmt: skip
        said = " | ".join(line for line in talk.told if not line[0].isdigit())
        for reason in (
            "at least 2 characters",
            "'old' is no whole number",
            "content.age",
            "neither yes nor no",
            "'blue' is none",
        ):
            assert reason in said

    def test_an_answer_that_is_refused_is_asked_for_again(self) -> None:
        refusals = [InvalidInput("content.name: taken", code="question.invalid_answer")]

        def refuse_once(_: Any) -> None:
            if refusals:
                raise refusals.pop()

        talk = self.ask("Ada", "", "", "", "", "", "Eve", "", "", "", "", "", accept=refuse_once)
        assert [answer["content"]["name"] for answer in talk.handed_in] == ["Ada", "Eve"]
        assert "content.name: taken" in talk.told[-5]

    def test_a_password_is_not_echoed(self) -> None:
        schema = {"properties": {"key": {"type": "string", "format": "password"}}, "required": ["key"]}
        talk = Talk(make_question(answer_schema=schema), "s3cret")
        assert talk.prompter.secrets == ["key: "]
        assert talk.handed_in[0]["content"] == {"key": "s3cret"}

    def test_a_form_without_fields_is_a_yes_or_no(self) -> None:
        assert Talk(make_question(answer_schema={"type": "object"}), "yes").handed_in == [
            {"action": "accept"}
        ]

    def test_a_prompt_has_no_control_signs(self) -> None:
        odd = {"properties": {"a\x1b[2J": {"title": "x\u202ey\x1b]0;t\x07", "default": "\x1b[31m"}}}
        (field,) = fields_of(odd)
        assert field.prompt == "x⟨U+202E⟩y, optional []: "

    def test_a_choice_is_found_by_its_number_value_or_title(self) -> None:
        field = fields_of(FORM)[3]
        assert [value_of(field, typed) for typed in ("1", "g", "GREEN")] == ["r", "g", "g"]


def test_a_page_to_visit_is_asked_about_and_not_opened() -> None:
    question = make_question("visit", context={"server": "s", "tool": "t", "url": "https://example.org/x"})
    assert Talk(question, "yes").handed_in == [{"action": "accept"}]
    assert Talk(question, "").handed_in == [{"action": "decline"}]


def test_where_nobody_is_there_it_is_declined_at_once() -> None:
    for kind in ("approval", "elicitation", "visit"):
        talk = Talk(make_question(kind, answer_schema=FORM), NobodyThere)
        assert (talk.handed_in, talk.outcome) == ([{"action": "decline"}], "nobody")


def test_what_is_answered_elsewhere_first_ends_the_prompt_kindly() -> None:
    talk = Talk(make_question("approval"), EndedElsewhere)
    assert (talk.handed_in, talk.outcome) == ([], "elsewhere")

    def too_late(_: Any) -> None:
        raise Conflict("the question was answered already", code="question.already_answered")

    talk = Talk(make_question("approval"), "yes", accept=too_late)
    assert talk.outcome == "elsewhere"
    assert "not needed" in talk.told[0]


def test_an_interrupt_answers_nothing() -> None:
    with pytest.raises(KeyboardInterrupt):
        Talk(make_question("approval"), KeyboardInterrupt)


class TestWatch:
    def test_each_question_is_told_once_and_a_prompt_ends_when_it_is_not_open_any_more(self) -> None:
        question = make_question()
        answers = [[question], [question], []]
        client, transport = scripted_client(
            questions__list=lambda _: QuestionList(questions=answers.pop(0) if answers else [question])
        )
        told: list[Any] = []
        came, ended = threading.Event(), threading.Event()
        watch = QuestionWatch(client, lambda item: (told.append(item), came.set())[0], call_id="call-0001")  # type: ignore[arg-type]
        with watch.asking(question.id, ended.set):
            watch.start()
            watch.start()
            assert came.wait(5)
            assert ended.wait(5)
        watch.stop()
        assert told[0] == question
        assert transport.asked[0][1] == {"call_id": "call-0001", "wait_s": 20.0}

    def test_an_error_ends_it_and_is_told(self) -> None:
        def refuse(_: Any) -> Any:
            raise InvalidInput("no")

        client, _ = scripted_client(questions__list=refuse)
        told: list[Any] = []
        came = threading.Event()
        watch = QuestionWatch(client, lambda item: (told.append(item), came.set())[0], task_id="t")  # type: ignore[arg-type]
        watch.start()
        assert came.wait(5)
        assert isinstance(told[0], InvalidInput)


PROGRAM = """
import sys, threading
from vibe_jupyter.widgets.asking.prompter import EndedElsewhere, Prompter
prompter = Prompter()
if sys.argv[1] == "ended":
    def watch():
        sys.stdin_is_read.wait()
        prompter.end()
    sys.stdin_is_read = threading.Event()
    threading.Thread(target=watch, daemon=True).start()
    original = sys.stderr.flush
    def flush():
        original()
        sys.stdin_is_read.set()
    sys.stderr.flush = flush
try:
    print("got", repr(prompter.read("name? ", is_secret=sys.argv[1] == "secret")))
except EndedElsewhere:
    print("ended elsewhere")
except KeyboardInterrupt:
    print("interrupted")
print("goes on")
"""


@pytest.mark.parametrize(
    ("how", "typed", "said"),
    [
        ("plain", b"Ada\n", "got 'Ada'"), ("secret", b"s3cret\n", "got 's3cret'"), ("plain", b"\x03", "interrupted"),
        ("ended", b"", "ended elsewhere"),
    ],
)  # fmt: skip
def test_a_terminal_is_read_and_can_be_ended_from_another_thread(how: str, typed: bytes, said: str) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM, how])
    seen = b""
    try:
        while b"name? " not in seen:
            seen += os.read(terminal, 4096)
        os.write(terminal, typed)
        while b"goes on" not in seen:
            assert select.select([terminal], [], [], 20)[0], seen
            seen += os.read(terminal, 4096)
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert said in seen.decode()
    if how == "secret":
        assert seen.count(b"s3cret") == 1, "it was echoed"


def test_a_program_without_a_terminal_finds_nobody() -> None:
    code = (
        "from vibe_jupyter.widgets.asking.prompter import *\n"
        "try: Prompter().read('x')\nexcept NobodyThere: print('nobody', can_ask())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert done.stdout == "nobody False\n"
