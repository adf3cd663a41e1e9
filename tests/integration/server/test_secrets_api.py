"""Secrets over REST: a value goes in, its name comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

VALUE = "a-value-that-is-not-told"


def test_it_is_stored_listed_replaced_and_removed(api: httpx.Client) -> None:
    first = api.put("/secrets/REST_TOKEN", json={"value": VALUE})
    assert (first.status_code, first.json()["name"], first.json()["scope"]) == (200, "REST_TOKEN", "user")
    again = api.put("/secrets/REST_TOKEN", json={"value": f"{VALUE}-2"})
    listed = api.get("/secrets")
    assert again.json() in listed.json()["secrets"]
    assert first.json() not in listed.json()["secrets"]
    removed = api.delete("/secrets/REST_TOKEN")
    assert removed.json() == again.json()
    gone = api.delete("/secrets/REST_TOKEN")
    assert (gone.status_code, gone.json()["code"]) == (404, "secrets.not_found")
    for answer in (first, again, listed, removed, gone):
        assert VALUE not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"value": [VALUE]}, 422, "request.invalid"),
        ({"value": VALUE, "more": VALUE}, 422, "request.invalid"),
        ({"value": {"a": VALUE}}, 422, "request.invalid"),
        ({}, 422, "request.invalid"),
        ({"value": ""}, 422, "secrets.bad_value"),
        ({"value": None}, 422, "request.invalid"),
        ({"value": VALUE * 10_000}, 413, "secrets.too_large"),
        ({"value": VALUE, "project_id": "nobodys"}, 404, "project.not_found"),
        (VALUE, 422, "request.invalid"),
    ],
)
def test_a_wrong_body_is_told_and_never_repeated(
    api: httpx.Client, body: object, status: int, code: str
) -> None:
    answer = api.put("/secrets/REST_TOKEN", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert VALUE not in answer.text


def test_a_wrong_name_is_told(api: httpx.Client) -> None:
    for name in ("lower", "A-B", "A%2FB", "1A", "A" * 101):
        answer = api.put(f"/secrets/{name}", json={"value": VALUE})
        assert (answer.status_code, answer.json()["code"]) == (422, "secrets.bad_name"), name


def test_the_document_offers_a_value_to_be_written_alone(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    value = document["components"]["schemas"]["SecretValue"]["properties"]["value"]
    assert (value["format"], value["writeOnly"]) == ("password", True)
    answered = document["components"]["schemas"]["SecretInfo"]["properties"]
    assert set(answered) == {"name", "scope", "project_id", "created_at"}


def test_it_is_no_tool_for_other_agents() -> None:
    from vibe_jupyter.core.table import OPERATIONS

    assert [one.name for one in OPERATIONS if one.name.startswith("secrets.") and one.mcp] == []
