"""A question waits for its first answer; forms hold an answer to what was asked."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from vibe_jupyter.core.accounts.principal import OWNER
from vibe_jupyter.core.accounts.store import AccountStore
from vibe_jupyter.core.database.database import Database
from vibe_jupyter.core.errors import Conflict, InvalidInput, NotFound
from vibe_jupyter.core.events import NewsBoard
from vibe_jupyter.core.ids import now
from vibe_jupyter.core.questions.forms import choices_of, filled_in
from vibe_jupyter.core.questions.schemas import Answer, Question, QuestionsQuery
from vibe_jupyter.core.questions.service import Draft, QuestionService
from vibe_jupyter.core.questions.store import QuestionStore
from vibe_jupyter.core.tasks.process_identity import ProcessIdentity

pytestmark = pytest.mark.asyncio

FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "age": {"type": "integer", "minimum": 0},
        "level": {"type": "string", "enum": ["low", "high"], "default": "low"},
    },
    "required": ["name"],
}


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    database.open()
    AccountStore(database).ensure(OWNER.user_id, OWNER.name)
    yield database
    database.close()


@pytest.fixture
def notes() -> list[tuple[str, str, dict[str, Any]]]:
    return []


@pytest.fixture
def service(database: Database, notes: list[tuple[str, str, dict[str, Any]]]) -> QuestionService:
    async def note(task_id: str, kind: str, data: dict[str, Any]) -> None:
        notes.append((task_id, kind, data))

    return QuestionService(QuestionStore(database), NewsBoard(), note)


async def asked(service: QuestionService, **query: Any) -> Question:
    (question,) = await service.list(OWNER, QuestionsQuery(wait_s=10, **query))
    return question


async def ask(service: QuestionService, **how: Any) -> Answer | None:
    draft = Draft("elicitation", "Who are you?", FORM, {"server": "s"})
    return await service.ask(OWNER.user_id, draft, **{"timeout_s": 30, **how})


async def test_the_first_answer_counts(service: QuestionService) -> None:
    asking = asyncio.create_task(ask(service, call_id="one"))
    question = await asked(service, call_id="one")
    assert (question.message, question.answer_schema, question.context) == (
        "Who are you?",
        FORM,
        {"server": "s"},
    )
    found = await service.answer(OWNER, question.id, Answer(content={"name": "Ada"}))
    assert found.state == "answered"
    answer = await asking
    assert answer is not None
    assert answer.content == {"name": "Ada", "level": "low"}
    with pytest.raises(Conflict) as caught:
        await service.answer(OWNER, question.id, Answer(action="decline"))
    assert caught.value.code == "question.already_answered"


async def test_what_does_not_fit_leaves_it_open(service: QuestionService) -> None:
    asking = asyncio.create_task(ask(service))
    question = await asked(service)
    for content in ({}, {"name": "A"}, {"name": "Ada", "age": -1}, {"name": "Ada", "x": 1}, {"name": 3}):
        with pytest.raises(InvalidInput) as caught:
            await service.answer(OWNER, question.id, Answer(content=content))
        assert caught.value.code == "question.invalid_answer"
    await service.answer(OWNER, question.id, Answer(action="decline"))
    answer = await asking
    assert answer is not None
    assert answer.action == "decline"


async def test_nobody_answers(service: QuestionService) -> None:
    assert await ask(service, timeout_s=0.05, call_id="late") is None
    (question,) = await service.list(OWNER, QuestionsQuery(state="all", call_id="late"))
    assert question.state == "expired"
    with pytest.raises(Conflict) as caught:
        await service.answer(OWNER, question.id, Answer(content={"name": "Ada"}))
    assert caught.value.code == "question.expired"


async def test_a_caller_that_goes_withdraws_it(service: QuestionService) -> None:
    asking = asyncio.create_task(ask(service, call_id="gone"))
    question = await asked(service, call_id="gone")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await service.get(OWNER, question.id)).state == "withdrawn"


async def test_an_answer_in_the_last_moment_counts(database: Database) -> None:
    class Late(QuestionStore):
        """Somebody answers after the asker has looked for the last time."""

        async def insert(self, user_id: str, question: Question, asker: str | None = None) -> None:
            later = question.expires_at + timedelta(hours=1)
            await super().insert(user_id, question.model_copy(update={"expires_at": later}), asker)

        async def end(self, user_id: str, question_id: str, state: str) -> bool:
            await self.answer(user_id, question_id, Answer(content={"name": "Ada"}).model_dump())
            return await super().end(user_id, question_id, state)

    service = QuestionService(Late(database), NewsBoard(), _nowhere)
    async with asyncio.timeout(5):
        assert await ask(service, timeout_s=0.01) == Answer(content={"name": "Ada"})


async def test_a_caller_that_goes_while_it_is_stored_withdraws_it(database: Database) -> None:
    class Watched(QuestionStore):
        begun = asyncio.Event()

        async def insert(self, user_id: str, question: Question, asker: str | None = None) -> None:
            self.begun.set()
            await super().insert(user_id, question, asker)

    store = Watched(database)
    service = QuestionService(store, NewsBoard(), _nowhere)
    asking = asyncio.create_task(ask(service))
    await store.begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    (question,) = await service.list(OWNER, QuestionsQuery(state="all"))
    assert question.state == "withdrawn"


async def test_a_question_ends_with_the_process_that_asked_it(
    service: QuestionService, database: Database
) -> None:
    print_who = (
        "import json, dataclasses; from vibe_jupyter.core.tasks.process_identity import ProcessIdentity as Who; "
        "print(json.dumps(dataclasses.asdict(Who.current())), flush=True); input()"
    )
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", print_who, stdin=pipe, stdout=pipe)
    try:
        assert process.stdout is not None
        who = ProcessIdentity(**json.loads(await process.stdout.readline()))
        other = QuestionService(QuestionStore(database), NewsBoard(), _nowhere, process=who)
        asking = asyncio.create_task(ask(other, call_id="theirs"))
        ours = asyncio.create_task(ask(service, call_id="ours"))
        question = await asked(service, call_id="theirs")
        await asked(service, call_id="ours")
        assert len(await service.list(OWNER, QuestionsQuery())) == 2, "while it lives, it is open"
    finally:
        process.kill()
        await process.wait()
    assert [one.call_id for one in await service.list(OWNER, QuestionsQuery())] == ["ours"]
    with pytest.raises(Conflict) as caught:
        await service.answer(OWNER, question.id, Answer(content={"name": "Ada"}))
    assert caught.value.code == "question.expired"
    assert (await service.get(OWNER, question.id)).state == "expired"
    async with asyncio.timeout(5):
        assert await asking is None
    ours.cancel()
    await asyncio.gather(ours, return_exceptions=True)


async def test_what_is_asked_can_be_stored_and_shown_whatever_is_in_it(service: QuestionService) -> None:
    schema = {"type": "object", "properties": {"a\ud800": {"title": "\x00"}}}
    message = "Who\x00 are\x1b[31m you\x07?\r\nSay \u202eit\ud800" + "x" * 9000
    draft = Draft("elicitation", message, schema, {"url": "\ud800", "n": 2**70})
    asking = asyncio.create_task(service.ask(OWNER.user_id, draft, timeout_s=30))
    question = await asked(service)
    assert question.message.startswith("Who␀ are you␇?\nSay ⟨U+202E⟩it\ufffdxxx")
    assert len(question.message) == 4000
    assert question.context == {"url": "?", "n": str(2**70)}
    assert question.answer_schema == {"type": "object", "properties": {"a?": {"title": "\ufffd"}}}
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def test_others_do_not_see_it(service: QuestionService) -> None:
    stranger = replace(OWNER, user_id="stranger")
    asking = asyncio.create_task(ask(service))
    question = await asked(service)
    assert await service.list(stranger, QuestionsQuery()) == []
    for attempt in (service.get(stranger, question.id), service.answer(stranger, question.id, Answer())):
        with pytest.raises(NotFound):
            await attempt
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def test_an_answer_in_another_process_is_seen(service: QuestionService, database: Database) -> None:
    asking = asyncio.create_task(ask(service))
    question = await asked(service)
    elsewhere = QuestionService(QuestionStore(database), NewsBoard(), _nowhere)
    await elsewhere.answer(OWNER, question.id, Answer(content={"name": "Ada"}))
    async with asyncio.timeout(5):
        assert await asking is not None


async def _nowhere(_task_id: str, _kind: str, _data: dict[str, Any]) -> None:
    return


async def test_an_approval_takes_changed_arguments_and_nothing_else(service: QuestionService) -> None:
    asking = asyncio.create_task(service.ask(OWNER.user_id, Draft("approval", "May it?"), timeout_s=30))
    question = await asked(service)
    for content in ({"x": 1}, {"arguments": 3}):
        with pytest.raises(InvalidInput):
            await service.answer(OWNER, question.id, Answer(content=content))
    await service.answer(OWNER, question.id, Answer(content={"arguments": {"a": 1}}, remember=True))
    assert await asking == Answer(content={"arguments": {"a": 1}}, remember=True)


async def test_old_ones_are_deleted(service: QuestionService) -> None:
    await ask(service, timeout_s=0.01)
    await service.prune(now())
    assert await service.list(OWNER, QuestionsQuery(state="all")) == []


@pytest.mark.parametrize(
    ("field", "choices"),
    [
        ({"enum": ["a", "b"], "enumNames": ["A", "B"]}, [("a", "A"), ("b", "B")]),
        ({"oneOf": [{"const": 1, "title": "one"}, {"const": 2}]}, [(1, "one"), (2, "2")]),
        ({"type": "array", "items": {"enum": ["x"]}}, [("x", "x")]),
        ({"type": "string"}, []),
    ],
)
async def test_choices(field: dict[str, Any], choices: list[tuple[Any, str]]) -> None:
    assert choices_of(field) == choices


async def test_formats_are_checked() -> None:
    schema = {"properties": {"mail": {"type": "string", "format": "email"}}}
    assert filled_in(schema, {"mail": "a@b.c"})
    with pytest.raises(InvalidInput):
        filled_in(schema, {"mail": "nonsense"})
