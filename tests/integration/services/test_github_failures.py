"""Every failure of GitHub, and of the way there, is one of ours; waits and repeats are bounded and lose nothing."""

from __future__ import annotations

import asyncio
import email.utils
import gc
import json
import logging
import pickle
import re
import threading
import time
import traceback
from typing import Any

import pytest

from tests.integration.services.pushes import files, pushed_repository
from tests.services.fixtures_github import ALICE, GitHubDouble
from tests.services.github_front import Fault
from vibe_jupyter.core.services.failures import (
    BadResponse,
    ExternalError,
    ServiceAuthFailed,
    ServiceConflict,
    ServiceDenied,
    ServiceInvalid,
    ServiceNotFound,
    ServiceRateLimited,
    ServiceTimeout,
    ServiceUnavailable,
    ServiceUnreachable,
)
from vibe_jupyter.core.services.github.schemas import RepoSpec

pytestmark = pytest.mark.asyncio

FAR = str(int(time.time()) + 3600)
SPENT = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": FAR}
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
SSO = {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso?authorization_request=canary"}
FINE_GRAINED = {"X-Accepted-GitHub-Permissions": "contents=read"}
NO_SCOPE = {"X-OAuth-Scopes": "gist", "X-Accepted-OAuth-Scopes": "repo, public_repo"}


def said(message: str) -> dict[str, str]:
    return {"message": message}


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault(".", 401, body=said("Bad credentials"), times=9), ServiceAuthFailed, "Bad credentials"),
        (Fault(".", 401, body=said("Requires authentication"), times=9), ServiceAuthFailed, "Requires"),
        (Fault(".", 403, SPENT, said("API rate limit exceeded for user ID 1."), times=9), ServiceRateLimited, "3[56]"),
        (Fault(".", 403, SPENT, said("Something else"), times=9), ServiceRateLimited, "Something else"),
        (Fault(".", 403, body=said(SECONDARY), times=9), ServiceRateLimited, "alone for 60 s"),
        (Fault(".", 403, {"Retry-After": "99"}, said("slow down"), times=9), ServiceRateLimited, "alone for 99 s"),
        (Fault(".", 429, body=said("Too many requests"), times=9), ServiceRateLimited, "alone for 60 s"),
        (Fault(".", 429, {"Retry-After": "99"}, said("Too many"), times=9), ServiceRateLimited, "alone for 99 s"),
        (Fault(".", 403, body=said("Resource not accessible by integration")), ServiceDenied, "not accessible"),
        (Fault(".", 403, SSO, said("Resource protected by organization SAML")), ServiceDenied, "single sign-on"),
        (Fault(".", 403, FINE_GRAINED, said("Resource not accessible by personal access token")), ServiceDenied, "may"),
        (Fault(".", 403, NO_SCOPE, said("Forbidden")), ServiceDenied, "lacks the scope repo or public_repo"),
        (Fault(".", 451, body=said("Repository access blocked")), ServiceDenied, "blocked"),
        (Fault(".", 404, body=said("Not Found")), ServiceNotFound, "Not Found"),
        (Fault(".", 404, NO_SCOPE, said("Not Found")), ServiceNotFound, "lacks the scope repo or public_repo"),
        (Fault(".", 410, body=said("Issues are disabled for this repo")), ServiceNotFound, "disabled"),
        (Fault(".", 409, body=said("Merge conflict")), ServiceConflict, "Merge conflict"),
        (Fault(".", 422, body=said("Reference already exists")), ServiceConflict, "already exists"),
        (Fault(".", 422, body=said("Validation Failed")), ServiceInvalid, "Validation Failed"),
        (Fault(".", 400, body=said("Problems parsing JSON")), ServiceInvalid, "parsing"),
        (Fault(".", 500, body="", times=9), ServiceUnavailable, "500"),
        (Fault(".", 502, body="<html>Unicorn!</html>", times=9), ServiceUnavailable, "502"),
        (Fault(".", 503, {"Retry-After": "99"}, times=9), ServiceUnavailable, "503"),
        (Fault(".", drop="before", times=9), ServiceUnreachable, "broke"),
        (Fault(".", drop="after", times=9), ServiceUnreachable, "broke"),
        (Fault(".", 200, body='{"message": ', times=9), BadResponse, "unreadable"),
        (Fault(".", 200, body="<html>Sign in to the hotel</html>", times=9), BadResponse, "what belongs in it"),
        (Fault(".", 200, body="[]", times=9), BadResponse, "unreadable"),
        (Fault(".", 200, body={"number": 1}, times=9), BadResponse, "what belongs in it"),
        (Fault(".", 301, {"Location": "http://169.254.169.254/latest"}, times=9), BadResponse, "another server"),
        (Fault(".", 302, {"Location": "http://169.254.169.254/latest"}, times=9), BadResponse, "belongs"),
    ],
    ids=lambda value: f"{value.status}" if isinstance(value, Fault) else None,
)  # fmt: skip
async def test_each_failure_is_one_of_ours_with_its_facts(github_double: GitHubDouble, fault, kind, words):
    github_double.front.inject(fault)
    with pytest.raises(kind) as raised:
        await github_double.service().issue("alice/seeded", 1)
    error = raised.value
    assert type(error) is kind
    text = f"{error.message} {error.hint}"
    assert re.search(words, text), text
    assert error.data is not None
    assert error.data["service"] == "github"
    assert error.data["operation"] == "read_issue"
    assert error.data.get("http_status") == (None if kind is BadResponse else fault.status)
    assert error.code == f"github.{kind.reason}"
    assert "canary" not in json.dumps(error.problem())
    assert pickle.loads(pickle.dumps(error)).problem() == error.problem()


async def test_the_request_id_is_kept_for_githubs_support(github_double: GitHubDouble):
    with pytest.raises(ServiceNotFound) as raised:
        await github_double.service().issue("alice/seeded", 999)
    assert raised.value.request_id


async def test_an_answer_that_takes_too_long_is_a_timeout(github_double: GitHubDouble):
    release = threading.Event()
    github_double.front.inject(Fault("/issues/", hold=release, times=9))
    try:
        with pytest.raises(ServiceTimeout, match="in time"):
            await github_double.service(timeout_s=0.5, max_wait_s=0).issue("alice/seeded", 1)
    finally:
        release.set()


# Repeats


@pytest.mark.parametrize(
    "fault",
    [
        Fault("/user", 429, {"Retry-After": "0"}, said("Too many"), times=2),
        Fault("/user", 403, {"Retry-After": "0"}, said(SECONDARY), times=2),
        Fault("/user", 403, {**SPENT, "X-RateLimit-Reset": "1"}, said("API rate limit exceeded"), times=2),
        Fault("/user", 503, times=3),
        Fault("/user", drop="before", times=3),
        Fault("/user", 200, body="<html>"),
    ],
    ids=lambda fault: f"{fault.status}",
)  # fmt: skip
async def test_what_passes_by_is_waited_for(github_double: GitHubDouble, fault: Fault):
    github_double.front.inject(fault)
    assert (await github_double.service().whoami()).login == "alice"
    assert len(github_double.front.asked("/user")) == fault.times + 1


async def test_repeats_are_bounded(github_double: GitHubDouble):
    github_double.front.inject(Fault("/user", 503, times=99))
    with pytest.raises(ServiceUnavailable):
        await github_double.service().whoami()
    assert len(github_double.front.asked("/user")) == 4


@pytest.mark.parametrize("status", [401, 404, 409, 422])
async def test_what_will_not_change_is_asked_once(github_double: GitHubDouble, status: int):
    github_double.front.inject(Fault("/user", status, body=said("no"), times=99))
    with pytest.raises(ExternalError):
        await github_double.service().whoami()
    assert len(github_double.front.asked("/user")) == 1


async def test_a_wait_longer_than_ours_is_said_and_not_waited(github_double: GitHubDouble):
    github_double.front.inject(Fault("/user", 429, {"Retry-After": "3"}, said("Too many"), times=9))
    began = time.monotonic()
    with pytest.raises(ServiceRateLimited) as raised:
        await github_double.service(max_wait_s=2).whoami()
    assert raised.value.retry_after_s == 3
    assert time.monotonic() - began < 2
    assert len(github_double.front.asked("/user")) == 1


async def test_retry_after_may_be_a_date(github_double: GitHubDouble):
    then = email.utils.formatdate(time.time() + 100, usegmt=True)
    github_double.front.inject(Fault("/user", 429, {"Retry-After": then}, said("Too many"), times=9))
    with pytest.raises(ServiceRateLimited) as raised:
        await github_double.service().whoami()
    assert raised.value.retry_after_s == pytest.approx(100, abs=5)


async def test_the_time_of_a_limit_is_read_by_githubs_clock(github_double: GitHubDouble):
    its_clock = 1_000_000_000
    headers = {
        **SPENT,
        "X-RateLimit-Reset": str(its_clock + 90),
        "Date": email.utils.formatdate(its_clock, usegmt=True),
    }
    github_double.front.inject(Fault("/user", 403, headers, said("API rate limit exceeded"), times=9))
    with pytest.raises(ServiceRateLimited) as raised:
        await github_double.service().whoami()
    assert raised.value.retry_after_s == pytest.approx(90, abs=5)


@pytest.mark.parametrize(
    "fault", [Fault("^DELETE", 500), Fault("^DELETE", drop="after")], ids=["500", "drop"]
)
async def test_what_may_have_been_done_is_not_done_twice(github_double: GitHubDouble, fault: Fault):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1", "b": "2"})
    github_double.front.inject(fault)
    with pytest.raises(ExternalError) as raised:
        await github.delete_file(base.full_name, "a", message="Remove a")
    assert raised.value.maybe_done
    assert raised.value.data is not None
    assert raised.value.data["maybe_done"]
    assert len(github_double.front.asked("^DELETE")) == 1


async def test_a_refused_change_is_repeated_since_nothing_was_done(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1", "b": "2"})
    github_double.front.inject(Fault("^DELETE", 429, {"Retry-After": "0"}, said("Too many")))
    await github.delete_file(base.full_name, "a", message="Remove a")
    assert len(await github.commits(base.full_name)) == 2


# Turns and pauses


async def test_requests_of_one_token_are_made_one_after_the_other(github_double: GitHubDouble):
    release = threading.Event()
    github_double.front.inject(Fault("/issues/1", hold=release))
    first = asyncio.create_task(_quiet(github_double.service().issue("alice/seeded", 1)))
    await asyncio.to_thread(github_double.front.began.wait, 10)
    second = asyncio.create_task(_quiet(github_double.service().issue("alice/seeded", 2)))
    other = await _quiet(github_double.service(None).issue("alice/seeded", 3))
    assert isinstance(other, ServiceNotFound)
    assert github_double.front.asked("/issues/2") == []
    release.set()
    await asyncio.gather(first, second)
    order = [line[-1] for line in github_double.front.asked("/issues/")]
    assert order == ["3", "1", "2"]


async def test_pauses_are_kept_between_requests_and_longer_ones_between_changes(github_double: GitHubDouble):
    quick = github_double.service(pause_s=0.05)
    began = time.monotonic()
    for _ in range(3):
        await quick.whoami()
    assert time.monotonic() - began >= 0.1
    slow = github_double.service(write_pause_s=0.2)
    base = await pushed_repository(github_double.service(), github_double, {"a": "1"})
    began = time.monotonic()
    await slow.create_branch(base.full_name, "x", base.commit)
    await slow.create_branch(base.full_name, "y", base.commit)
    assert time.monotonic() - began >= 0.35  # since the push, and between the two


# Cancelling


async def test_cancelling_comes_back_at_once_and_the_next_request_waits_for_the_old_one(
    github_double: GitHubDouble,
):
    release = threading.Event()
    github_double.front.inject(Fault("/issues/1", hold=release))
    github = github_double.service()
    task = asyncio.create_task(github.issue("alice/seeded", 1))
    await asyncio.to_thread(github_double.front.began.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 1)
    following = asyncio.create_task(github.whoami())
    done, _ = await asyncio.wait({following}, timeout=0.1)
    assert not done
    release.set()
    assert (await following).login == "alice"


async def test_cancelling_a_wait_ends_it(github_double: GitHubDouble):
    github_double.front.inject(Fault("/user", 429, {"Retry-After": "30"}, said("Too many")))
    github = github_double.service(max_wait_s=60)
    task = asyncio.create_task(github.whoami())
    while not github_double.front.asked("/user"):
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await github.whoami()).login == "alice"


async def test_a_cancelled_push_leaves_the_branch_as_it_was_or_as_it_was_to_be(github_double: GitHubDouble):
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    for step in ("/git/trees", "/git/commits", "^PATCH"):
        release = threading.Event()
        github_double.front.reset()
        github_double.front.inject(Fault(step, hold=release))
        task = asyncio.create_task(
            github.push(
                base.full_name, files({"a": "2"}), branch="main", message="M", expected_head=base.commit
            )
        )
        await asyncio.to_thread(github_double.front.began.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        release.set()
    await github.push(
        base.full_name, files({"a": "2"}), branch="main", message="M", expected_head=base.commit
    )
    assert len(await github.commits(base.full_name)) == 2


# The token is nobody's business


async def test_the_token_is_in_no_log_journal_error_or_repr(github_double: GitHubDouble, caplog):
    caplog.set_level(logging.DEBUG)
    github = github_double.service()
    base = await pushed_repository(github, github_double, {"a": "1"})
    faults = [
        Fault("/user", 401, body=said("Bad credentials")), Fault("/user", 500, times=4),
        Fault("/user", drop="before", times=4), Fault("/user", 200, body="<html>", times=2),
        Fault("/user", 301, {"Location": "http://elsewhere.example/"}, times=2),
    ]  # fmt: skip
    seen: list[Any] = [repr(github), str(vars(github)), json.dumps(github_double.front.journal)]
    for fault in faults:
        github_double.front.inject(fault)
        with pytest.raises(ExternalError) as raised:
            await github.whoami()
        error = raised.value
        assert error.__cause__ is None
        assert error.__context__ is None
        seen += [repr(error), str(error), json.dumps(error.problem()), pickle.dumps(error).decode("latin-1")]
        seen += traceback.format_exception(error)
    assert base.changed
    assert len(caplog.records) > 20
    seen += [record.getMessage() for record in caplog.records]
    assert [text for text in seen if ALICE in text] == []


async def test_connections_are_closed(github_double: GitHubDouble):
    async with github_double.service() as github:
        await github.whoami()
    assert (await github.whoami()).login == "alice"
    await github.close()
    del github
    gc.collect()  # a socket left open would warn, and a warning is an error


async def test_many_at_once_take_turns_and_all_succeed(github_double: GitHubDouble):
    specs = [RepoSpec(name=github_double.new_name()) for _ in range(8)]
    made = await asyncio.gather(*(github_double.service().create_repository(spec) for spec in specs))
    assert {one.full_name for one in made} == {f"alice/{spec.name}" for spec in specs}


async def _quiet(awaitable: Any) -> Any:
    try:
        return await awaitable
    except ExternalError as error:
        return error
