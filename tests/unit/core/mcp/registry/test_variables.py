"""Variables: put in once, never passed on as they stand, and one without a value is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.mcp.errors import ConfigError, UnresolvedVariable
from vibe_jupyter.core.mcp.registry.variables import Variables, input_variable, names_in

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True).filter(
    lambda name: not name.upper().startswith("VIBE_")
)
TEXTS = st.text(alphabet=st.sampled_from("ab${}:-\\ \n"), max_size=30)
LITERALS = TEXTS.filter(lambda text: "${" not in text)
EVERYTHING = Variables(
    {
        "VAR": "value",
        "EMPTY": "",
        "VIBE_MCP_INPUT_API_KEY": "given",
        "VIBE_SECRET_KEY": "never",
        "LOOKS": "${VAR}",
    },
    secrets={"mcp/git/env/A": "abc-${VAR}", "own": "${secret:own}"},
    inputs={"region": "eu", "api-key": "default"},
    folders={"workspaceFolder": "/work", "userHome": "/home/ada", "pathSeparator": "/", "/": "/"},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${VAR}", "value"),
        ("a${VAR}b${env:VAR}c", "avaluebvaluec"),
        ("${VAR:-x}", "value"),
        ("${EMPTY}", ""),
        ("${EMPTY:-x}", "x"),
        ("${NONE:-x}", "x"),
        ("${env:NONE:-x}", "x"),
        ("${NONE:-}", ""),
        ("${NONE:-http://h:80/a?b=c}", "http://h:80/a?b=c"),
        ("${input:region}", "eu"),
        ("${input:api-key}", "given"),
        ("${workspaceFolder}${/}data", "/work/data"),
        ("${userHome}${pathSeparator}x", "/home/ada/x"),
        ("${secret:mcp/git/env/A}", "abc-value"),
        ("$${VAR}", "${VAR}"),
        ("$$${VAR}", "$${VAR}"),
        ("$VAR %VAR% ${VAR", "$VAR %VAR% ${VAR"),
        ("${LOOKS}", "${VAR}"),
    ],
)
def test_what_is_understood(text: str, expected: str) -> None:
    assert EVERYTHING.expand(text, "env.A") == expected


@pytest.mark.parametrize(
    ("text", "name", "hint"),
    [
        ("${NONE}", "NONE", "set NONE in the environment"),
        ("${env:NONE}", "env:NONE", "set NONE in the environment"),
        ("${VAR} ${NONE} ${NONE2}", "NONE", "set NONE "),
        ("${input:other id}", "input:other id", "set VIBE_MCP_INPUT_OTHER_ID"),
        ("${secret:gone}", "secret:gone", "give its value again"),
        ("${secret:own}", "secret:own", "give its value again"),
        ("${command:pick.file}", "command:pick.file", "not known here"),
        ("${workspaceFolder:other}", "workspaceFolder:other", "not known here"),
        ("${VIBE_SECRET_KEY}", "VIBE_SECRET_KEY", "not given away"),
        ("${env:vibe_secret_key}", "env:vibe_secret_key", "not given away"),
        ("${}", "", "set"),
    ],
)
def test_one_without_a_value_is_named_with_its_place_and_what_to_do(text: str, name: str, hint: str) -> None:
    with pytest.raises(UnresolvedVariable) as caught:
        EVERYTHING.expand(text, "env.TOKEN")
    assert caught.value.message == f"env.TOKEN: the variable ${{{name}}} has no value"
    assert hint in str(caught.value.hint)
    assert caught.value.code == "mcp.unresolved_variable"
    assert caught.value.data == {"variable": name}


@pytest.mark.parametrize("text", ["${A:-${B}}", "${A:-x${B}y}", "${${VAR}}", "x ${VAR} ${A:-${VAR}}"])
def test_one_inside_another_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"env\.A"):
        EVERYTHING.expand(text, "env.A")


def test_no_repr_shows_a_value() -> None:
    shown = repr(EVERYTHING)
    assert "value" not in shown
    assert "abc-" not in shown


@given(LITERALS)
def test_a_text_without_variables_stays_as_it_is(text: str) -> None:
    assert EVERYTHING.expand(text, "args") == text


@given(TEXTS)
def test_any_text_can_be_said_by_escaping_it(text: str) -> None:
    escaped = text.replace("${", "$${")
    assert EVERYTHING.expand(escaped, "args") == text


@given(before=LITERALS.filter(lambda text: not text.endswith("$")), name=NAMES, value=TEXTS, after=LITERALS)
def test_a_value_is_put_in_once_whatever_it_looks_like(
    before: str, name: str, value: str, after: str
) -> None:
    variables = Variables({name: value})
    for spelled in (f"${{{name}}}", f"${{env:{name}}}"):
        assert variables.expand(f"{before}{spelled}{after}", "args") == f"{before}{value}{after}"


@given(TEXTS)
def test_no_variable_is_passed_on_literally(text: str) -> None:
    """It is put in, or it is an error; what is left of `${...}` was escaped."""
    try:
        expanded = Variables({}).expand(text, "args")
    except ConfigError:
        return
    assert all(":-" in name for name in names_in(text))
    assert len(names_in(expanded)) <= text.count("$${")


@given(st.text(min_size=1, max_size=30))
def test_an_input_has_a_variable_that_can_be_set(name: str) -> None:
    assert input_variable(name).isascii()
    assert input_variable(name).removeprefix("VIBE_MCP_INPUT_").replace("_", "A").isalnum()
