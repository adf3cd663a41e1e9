"""What the pages say is true: their links lead somewhere, and their commands, variables and codes exist."""

import json
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

from vibe_jupyter.client.commands.helping import asked_for_help
from vibe_jupyter.client.commands.verbs import find_verb, is_group, parse
from vibe_jupyter.core.config import variables_of
from vibe_jupyter.core.settings import Settings
from vibe_jupyter.core.table import OPERATIONS

ROOT = Path(__file__).parents[2]
PAGES = [path.relative_to(ROOT).as_posix() for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
GENERATED = re.compile(r"<!-- generated: .*?<!-- end -->", re.DOTALL)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(
    r"(?:^|[\s(`;&])(?P<program>%%?vibe|(?:[\w./]+/)?jupyter vibe) (?P<words>[a-z][^`\n#|;]*?)\s*(?=`|$|#|;|&&|\|)",
    re.MULTILINE,
)
ELSEWHERE = {"VIBE_ENV_FILE", "VIBE_CI", "VIBE_CHROMIUM", "VIBE_MCP_INPUT_ID"}
"""Variables that are no settings: where these are, what the tests read, and the answers to a file's inputs."""
PLACEHOLDERS = {"VERB", "ID"}


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def anchors_of(path: Path) -> set[str]:
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", PAGES)
def test_links_lead_somewhere(document):
    broken = []
    for link in LINK.findall(BLOCK.sub("", read(document))):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = ((ROOT / document).parent / file).resolve() if file else ROOT / document
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


def test_what_the_first_pages_import_comes_with_what_they_install():
    """`.[lab]`, as the README says."""
    notebooks = [json.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("notebooks/*.ipynb")]
    cells = ["".join(cell["source"]) for notebook in notebooks for cell in notebook["cells"]]
    code = "\n".join([*(body for kind, body in BLOCK.findall(read("README.md")) if kind == "python"), *cells])
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", code, re.MULTILINE)) - sys.stdlib_module_names
    imported |= {"pandas"} if ".to_pandas()" in code else set()
    project = tomllib.loads(read("pyproject.toml"))["project"]
    installed = [*project["dependencies"], *project["optional-dependencies"]["lab"], "vibe-jupyter"]
    assert imported <= {re.split(r"[^\w-]", each)[0].replace("-", "_") for each in installed}


@pytest.mark.parametrize("document", PAGES)
def test_variables_exist(document):
    known = {
        variable for name, info in Settings.model_fields.items() for variable in variables_of(name, info)
    }
    assert set(re.findall(r"\bVIBE_[A-Z_]+\b", read(document))) <= known | ELSEWHERE


@pytest.mark.parametrize("document", PAGES)
def test_commands_are_understood(document):
    text = GENERATED.sub("", read(document))
    for found in COMMAND.finditer(text):
        surface = "magic" if found["program"].startswith("%") else "cli"
        line = found["words"].rstrip(".,: )")
        line = line.rstrip('"') if line.count('"') % 2 else line  # of the text around it
        if "..." in line or PLACEHOLDERS.intersection(line.split()):
            continue
        words = shlex.split(line)
        if asked_for_help(words, surface) is not None:
            words = asked_for_help(words, surface)
            if is_group(words, surface):
                continue
        verb, rest = find_verb(words, surface)
        parse(verb, rest, surface)


@pytest.mark.parametrize("document", [page for page in PAGES if page.startswith("docs/")])
def test_error_codes_exist(document):
    codes = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", read("docs/errors.md"), re.MULTILINE))
    areas = {code.partition(".")[0] for code in codes} - {"data"}  # `data.candidates` is a field of an error
    known = codes | {operation.name for operation in OPERATIONS} | capabilities()
    said = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", GENERATED.sub("", read(document))))
    assert {name for name in said if name.partition(".")[0] in areas} <= known


def capabilities() -> set[str]:
    return set(re.findall(r"^\| \[`\w+`\]\(#\w+\) \| `([\w.]+)` \|", read("docs/oracles.md"), re.MULTILINE))
