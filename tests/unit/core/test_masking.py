"""Secrets are taken out of texts; what is no secret stays as it is, and JSON stays JSON."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import urllib.parse
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core import logs, masking
from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.masking import MASK, masked, masked_error, masked_json
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUE = 's3cret "value" \\ ä+/='
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWl0"


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    yield
    for user in ("ada", "bob"):
        masking.forget(user)


@pytest.mark.parametrize(
    "token",
    [
        *(f"gh{kind}_0123456789abcdefghijABCDEFGHIJ012345" for kind in "pousr"),
        "github_pat_11ABCDEFG0123456789_abcdefghijklmnop",
        "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
        "sk-proj-0123456789abcdefghij",
        "vibe_pat_0123456789abcdef",
        JWT,
    ],
)
def test_known_kinds_of_tokens_are_masked(token: str) -> None:
    assert masked(f"said {token}, and") == f"said {MASK}, and"
    assert masked_json(json.dumps({token: [token]})) == json.dumps({MASK: [MASK]}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc123def", f"Authorization: Bearer {MASK}"),
        ("authorization: token abc123def", f"authorization: token {MASK}"),
        ('{"Authorization": "Basic dXNlcjpwYXNzd29yZA=="}', f'{{"Authorization": "Basic {MASK}"}}'),
        ("Proxy-Authorization=abc123def", f"Proxy-Authorization={MASK}"),
    ],
)
def test_values_of_authorization_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "from huggingface_hub import hf_hub_download, hf_transfer_is_available_here",
        '<div class="sk-estimator-doc-link sk-toggleable__content-fitted">',
        "a task-runner that is risk-averse-and-slow-as-nobody-else-0123456789",
        'headers = {"Authorization": f"Bearer {token}"}',
        "authorization: required for all",
        "def authorization(user: str) -> bool:",
        "ghp_short, github_pat_x, eyJ.eyJ.eyJ",
        "",
    ],
)
def test_code_and_prose_stay_as_they_are(text: str) -> None:
    assert masked(text) == text
    assert json.loads(masked_json(json.dumps([text]))) == [text]


@pytest.mark.parametrize(
    "written",
    [
        VALUE,
        json.dumps(VALUE),
        json.dumps(VALUE, ensure_ascii=False),
        repr(VALUE),
        urllib.parse.quote(VALUE),
        urllib.parse.quote_plus(VALUE),
    ],
)
def test_a_held_value_is_masked_however_it_is_written(written: str) -> None:
    masking.hold("ada", VALUE)
    assert "s3cret" not in masked(f"x{written}y", "ada")
    assert "s3cret" not in masked_json(json.dumps({"said": written}), "ada")


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
def test_a_held_value_is_masked_inside_base64(before: str) -> None:
    masking.hold("ada", VALUE)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        code = encode(f"{before}{VALUE} and more".encode()).decode()
        left = masked(code, "ada").split(MASK)
        assert len(left) == 2
        assert len(code) - len("".join(left)) >= len(VALUE.encode()) * 8 // 6 - 2, "all but its edges"


def test_it_is_masked_for_its_own_user_alone_lest_others_find_out_by_trying() -> None:
    masking.hold("ada", "correct horse")
    assert masked("correct horse", "ada") == MASK
    assert masked("correct horse", "bob") == "correct horse"
    assert masked("correct horse") == MASK, "a log is everybody's"
    masking.forget("ada")
    assert masked("correct horse", "ada") == "correct horse"


def test_a_short_one_is_not_held_for_it_stands_everywhere() -> None:
    masking.hold("ada", "a")
    assert masked("a banana", "ada") == "a banana"


def test_only_the_newest_are_held() -> None:
    for number in range(300):
        masking.hold("ada", f"value-{number:03d}")
    assert masked("value-299", "ada") == MASK
    assert masked("value-000", "ada") == "value-000"


def test_json_stays_json_whatever_the_value_is() -> None:
    for value in ("123456", '{"type":"service_account"}', '":null,"', "null,false"):
        masking.hold("ada", value)
    text = (
        '{"n":123456,"account":{"type":"service_account"},"x":":null,\\"",'
        '"big":99999999999999999999999,"l":[null,false]}'
    )
    clean = json.loads(masked_json(text, "ada"))
    assert clean["n"] == MASK
    assert clean["account"] == {"type": "service_account"}
    assert clean["big"] == 99999999999999999999999
    deep = "[" * 5000 + '"123456"' + "]" * 5000
    assert "123456" not in json.dumps(json.loads(masked_json(deep, "ada")))


@given(st.text(min_size=8), st.recursive(st.text() | st.integers() | st.none(), st.lists))
def test_no_held_value_is_left_in_any_json(value: str, around: object) -> None:
    masking.hold("ada", value)
    try:
        clean = json.loads(masked_json(json.dumps({"a": around, "b": f"<{value}>", value: 1}), "ada"))
        assert value not in clean["b"]
        assert value not in clean
    finally:
        masking.forget("ada")


def test_an_error_is_masked_in_all_that_it_says_and_pickles_so() -> None:
    masking.hold("ada", VALUE)
    error = NotFound(
        f"no {VALUE}", hint=f"try {VALUE}", errors=[{"loc": ["x"], "msg": VALUE}], data={"stderr": [VALUE]}
    )
    clean = masked_error(error, "ada")
    for said in (str(clean), repr(clean), repr(clean.problem()), pickle.dumps(clean).decode("latin-1")):
        assert "s3cret" not in said
    assert clean.errors == [{"loc": ["x"], "msg": MASK}]


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_log_line_never_holds_one_whatever_object_says_it(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    logs.configure(Settings(log_level="DEBUG", log_format=log_format))
    try:
        masking.hold("ada", VALUE)
        log = logs.get_logger("x")
        log.info("said", what=VALUE, nested={"deep": [VALUE]}, bound=ValueError(VALUE), number=1)
        logging.getLogger("vibe.other").warning("by the standard library: %s %s", VALUE, [VALUE])
        try:
            raise RuntimeError(VALUE)
        except RuntimeError:
            log.exception("failed")
        text = capsys.readouterr().err
        assert text.count("RuntimeError")
        assert "s3cret" not in text
        if log_format == "json":
            assert json.loads(text.splitlines()[0])["number"] == 1
    finally:
        logs.configure(Settings())
