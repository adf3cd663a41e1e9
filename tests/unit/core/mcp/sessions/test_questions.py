"""What a server asks a person during a call, in both eras and by every way that it can be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.mcp_servers.calls import failure, text, until
from tests.mcp_servers.processes import faulty_spec, http_server, modern_stdio_spec
from vibe_jupyter.core.mcp.errors import CallTimeout
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.spec import Call, Elicitation, ElicitationAnswer, ServerSpec

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with http_server() as found:
        yield found


@pytest.fixture(params=["stdio-2025-11-25", "stdio-2026-07-28", "http-2025-11-25", "http-2026-07-28"])
def spec(request: pytest.FixtureRequest, port: int) -> ServerSpec:
    """Return a server whose tool `ask` answers with the name that it was told, or with what was done instead."""
    if request.param == "stdio-2025-11-25":
        return faulty_spec("s")
    if request.param == "stdio-2026-07-28":
        return modern_stdio_spec("s")
    url = f"http://127.0.0.1:{port}/mcp"
    return ServerSpec("s", "s", "http", url=url, era="legacy" if "2025" in request.param else None)


class Person:
    """Somebody who answers, after a while."""

    def __init__(self, answer: ElicitationAnswer, after_s: float = 0.0) -> None:
        self.answer = answer
        self.after_s = after_s
        self.asked: list[Elicitation] = []
        self.was_spared = asyncio.Event()

    async def elicit(self, elicitation: Elicitation) -> ElicitationAnswer:
        self.asked.append(elicitation)
        try:
            await asyncio.sleep(self.after_s)
        except asyncio.CancelledError:
            self.was_spared.set()
            raise
        return self.answer


ADA = ElicitationAnswer("accept", {"name": "Ada"})


async def test_the_answer_reaches_the_tool_and_the_time_it_took_does_not_count(
    pool: SessionPool, spec: ServerSpec
) -> None:
    await text(pool, spec, "ask")  # so that the start is behind us
    person = Person(ADA, after_s=0.6)
    assert "Ada" in await text(pool, spec, "ask", elicit=person.elicit, timeout_s=0.5)
    assert person.asked[0].message == "Who are you?"
    assert person.asked[0].url is None
    assert person.asked[0].answer_schema is not None
    assert person.asked[0].answer_schema["required"] == ["name"]
    p95 = pool.health("s").p95_ms
    assert p95 is not None
    assert p95 < 600


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_no_reaches_the_tool(pool: SessionPool, spec: ServerSpec, action: str) -> None:
    person = Person(ElicitationAnswer(action))  # type: ignore[arg-type]
    assert action in await text(pool, spec, "ask", elicit=person.elicit)


async def test_without_a_person_it_is_declined(pool: SessionPool, spec: ServerSpec) -> None:
    assert "decline" in await text(pool, spec, "ask")


async def test_a_question_that_cannot_be_put_is_cancelled(pool: SessionPool, spec: ServerSpec) -> None:
    async def elicit(_: Elicitation) -> ElicitationAnswer:
        raise RuntimeError("the notebook is gone")

    assert "cancel" in await text(pool, spec, "ask", elicit=elicit)


async def test_a_call_that_is_given_up_asks_no_more(pool: SessionPool, spec: ServerSpec) -> None:
    person = Person(ADA, after_s=60)
    call = asyncio.create_task(pool.call(spec, Call("ask", {}, elicit=person.elicit)))
    await until(lambda: person.asked)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await asyncio.wait_for(person.was_spared.wait(), 5)
    assert "decline" in await text(pool, spec, "ask")


async def test_after_the_answer_the_clock_runs_on(pool: SessionPool) -> None:
    spec = faulty_spec()
    person = Person(ElicitationAnswer("decline"), after_s=0.2)
    await text(pool, spec, "ask")
    asking = asyncio.create_task(text(pool, spec, "ask", elicit=person.elicit))
    error = await failure(pool, spec, "hang", timeout_s=0.1)  # another call, whose clock was never stopped
    assert isinstance(error, CallTimeout)
    assert "decline" in await asking


@pytest.mark.parametrize("era", ["legacy", None])
async def test_each_call_over_http_asks_its_own_person(pool: SessionPool, port: int, era: str | None) -> None:
    url = f"http://127.0.0.1:{port}/mcp"
    spec = ServerSpec("s", "s", "http", url=url, era=era)  # type: ignore[arg-type]
    people = [Person(ElicitationAnswer("accept", {"name": f"p{n}"}), after_s=0.05) for n in range(8)]
    found = await asyncio.gather(*(text(pool, spec, "ask", elicit=person.elicit) for person in people))
    assert found == [f"p{n}" for n in range(8)]


async def test_a_page_to_be_visited_comes_as_its_address(pool: SessionPool) -> None:
    person = Person(ElicitationAnswer("accept"))
    assert '"accept"' in await text(pool, faulty_spec(), "visit", elicit=person.elicit)
    assert person.asked[0].url == "https://example.org/in"
    assert person.asked[0].answer_schema is None


async def test_the_person_of_another_server_is_not_asked(pool: SessionPool, port: int) -> None:
    """A call made while a person is asked must not lend that person to the session that it opens."""
    others = Person(ADA)
    inner = faulty_spec("inner")

    async def elicit(_: Elicitation) -> ElicitationAnswer:
        assert "decline" in await text(pool, inner, "ask")
        return ADA

    outer = ServerSpec("outer", "outer", "http", url=f"http://127.0.0.1:{port}/mcp")
    assert "Ada" in await text(pool, outer, "ask", elicit=elicit)
    assert "decline" in await text(pool, inner, "ask")
    assert others.asked == []


async def test_a_call_that_asks_without_end_is_declined(pool: SessionPool) -> None:
    asked: list[str] = []

    async def elicit(elicitation: Elicitation) -> ElicitationAnswer:
        asked.append(elicitation.message)
        await asyncio.Event().wait()  # nobody answers
        raise AssertionError

    async with asyncio.timeout(30):
        said = await text(pool, faulty_spec(), "ask-many", {"n": 500}, elicit=elicit)
    assert said == "480 declined"
    assert len(asked) == 20
