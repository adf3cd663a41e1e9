"""The GitHub that the tests talk to is as strict as GitHub where the emulator is not."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.services.fixtures_github import ALICE, CLIENT_ID, CLIENT_SECRET, GitHubDouble
from tests.services.git_http import new_repository
from tests.services.github_front import Fault
from tests.services.github_sign_in import DEVICE_GRANT

FORM = {"Accept": "application/json"}


@pytest.fixture
def http(github_double: GitHubDouble) -> Iterator[httpx.Client]:
    """Return a client of it that follows no redirect and knows no proxy."""
    with httpx.Client(base_url=github_double.url, trust_env=False) as client:
        yield client


def signed_in(http: httpx.Client, double: GitHubDouble, *, state: str, challenge: str | None) -> str:
    """Go through GitHub's page as Alice and return the code that comes back."""
    query = {"client_id": CLIENT_ID, "redirect_uri": double.callback, "scope": "read:user", "state": state}
    if challenge is not None:
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    page = http.get("/login/oauth/authorize", params=query)
    assert page.status_code == 200
    assert "alice" in page.text
    back = http.post("/login/oauth/callback", data={**query, "login": "alice"})
    assert back.status_code == 302
    answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back.headers["location"]).query))
    assert answer["state"] == state
    return answer["code"]


def exchange(http: httpx.Client, code: str, **more: str) -> dict[str, Any]:
    """Ask for the token of a code."""
    asked = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": code, **more}
    answer = http.post("/login/oauth/access_token", data=asked, headers=FORM)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_a_code_is_exchanged_for_a_token_that_works_once(http: httpx.Client, github_double: GitHubDouble):
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    code = signed_in(http, github_double, state="s1", challenge=challenge)
    answer = exchange(http, code, code_verifier=verifier)
    me = http.get("/user", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert me.json()["login"] == "alice"
    assert me.headers["x-oauth-scopes"] == "read:user"
    assert exchange(http, code, code_verifier=verifier)["error"] == "bad_verification_code"


@pytest.mark.parametrize("verifier", [{}, {"code_verifier": "another"}], ids=["none", "another"])
def test_a_code_without_its_verifier_is_worth_nothing(http, github_double, verifier):
    code = signed_in(http, github_double, state="s2", challenge="a-challenge")
    assert exchange(http, code, **verifier)["error"] == "bad_verification_code"


def test_a_wrong_secret_is_answered_with_200(http: httpx.Client, github_double: GitHubDouble):
    code = signed_in(http, github_double, state="s3", challenge=None)
    assert exchange(http, code, client_secret="wrong")["error"] == "incorrect_client_credentials"


def test_another_redirect_is_refused(http: httpx.Client):
    query = {"client_id": CLIENT_ID, "redirect_uri": "http://evil.example/", "state": "s"}
    assert http.get("/login/oauth/authorize", params=query).status_code == 400


def begun(http: httpx.Client) -> dict[str, Any]:
    """Begin a device flow."""
    found: dict[str, Any] = http.post(
        "/login/device/code", data={"client_id": CLIENT_ID, "scope": "repo"}, headers=FORM
    ).json()
    return found


def polled(http: httpx.Client, device: dict[str, Any]) -> dict[str, Any]:
    """Ask for the token of a device."""
    asked = {"client_id": CLIENT_ID, "device_code": device["device_code"], "grant_type": DEVICE_GRANT}
    found: dict[str, Any] = http.post("/login/oauth/access_token", data=asked, headers=FORM).json()
    return found


def test_a_device_waits_for_the_person_and_must_not_ask_too_often(http, github_double: GitHubDouble):
    devices = github_double.front.devices
    clock = iter([0.0, 1.0, 30.0, 60.0])
    devices.now = lambda: next(clock)
    device = begun(http)
    assert re.fullmatch(r"[0-9A-F]{4}-[0-9A-F]{4}", device["user_code"])
    assert polled(http, device)["error"] == "authorization_pending"
    assert polled(http, device) == {"error": "slow_down", "interval": 10}
    devices.allow(device["user_code"], "bob")
    answer = polled(http, device)
    assert answer["token_type"] == "bearer"
    me = http.get("/user", headers={"Authorization": f"token {answer['access_token']}"})
    assert (me.json()["login"], me.headers["x-oauth-scopes"]) == ("bob", "repo")
    assert polled(http, device)["error"] == "expired_token"


def test_a_device_that_is_denied_or_too_late_gets_nothing(http, github_double: GitHubDouble):
    denied, late = begun(http), begun(http)
    github_double.front.devices.deny(denied["user_code"])
    assert polled(http, denied)["error"] == "access_denied"
    github_double.front.devices.expire()
    assert polled(http, late)["error"] == "expired_token"


def test_a_reference_is_changed_at_the_address_that_it_gives(http: httpx.Client, github_double: GitHubDouble):
    auth = {"Authorization": f"token {ALICE}"}
    commit = github_double.add_file("alice/seeded", f"{github_double.new_name()}.txt", b"x")
    made = http.post(
        "/repos/alice/seeded/git/refs", headers=auth, json={"ref": "refs/heads/there", "sha": commit}
    ).json()
    assert made["url"].endswith("/git/refs/heads/there")
    assert http.delete(made["url"], headers=auth).status_code == 204


def test_the_journal_holds_no_header_and_no_body_of_a_sign_in(
    http: httpx.Client, github_double: GitHubDouble
):
    code = signed_in(http, github_double, state="s4", challenge=None)
    token = exchange(http, code)["access_token"]
    http.get("/user", headers={"Authorization": f"token {token}"})
    journal = str(github_double.front.journal)
    assert "/login/oauth/access_token" in journal
    assert [secret for secret in (code, token, CLIENT_SECRET) if secret in journal] == []


def test_a_fault_befalls_as_many_requests_as_it_says(http: httpx.Client, github_double: GitHubDouble):
    github_double.front.inject(Fault("/meta", status=503, times=2, skip=1))
    assert [http.get("/meta").status_code for _ in range(4)] == [200, 503, 503, 200]


def test_a_broken_connection_is_one(http: httpx.Client, github_double: GitHubDouble):
    github_double.front.inject(Fault("/meta", drop="before"))
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/meta")
    assert [one.status for one in github_double.front.journal] == [None]


def test_git_is_served_to_those_with_a_token(http: httpx.Client, github_double: GitHubDouble):
    root: Path = github_double.git_root
    name = github_double.new_name()
    new_repository(root, f"alice/{name}", [{"a": "1"}])
    path = f"/alice/{name}.git/info/refs?service=git-upload-pack"
    assert http.get(path).status_code == 401
    assert http.get(path, auth=("x-access-token", ALICE)).status_code == 200
