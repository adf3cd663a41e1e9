"""What a project declares to depend on, in each kind of manifest."""

from __future__ import annotations

import pytest

from vibe_jupyter.core.kg.languages.registry import extract, language_of


def declared(name: str, text: str) -> list[tuple[str, str, str, str]]:
    language = language_of(name)
    assert language is not None
    found = extract(language, text.encode()).requirements
    return [(each.ecosystem, each.name, each.constraint, each.group) for each in found]


def test_pyproject() -> None:
    text = """
[build-system]
requires = ["hatchling>=1"]
[project]
dependencies = ["Typing_Extensions", "numpy >=1,<3 ; python_version > '3'", "x @ https://example.org/x.whl"]
[project.optional-dependencies]
plot = ["matplotlib[all]"]
[dependency-groups]
test = ["pytest", {include-group = "plot"}]
[tool.poetry.dependencies]
python = "^3.11"
rich = "^13"
httpx = {version = "^0.27", extras = ["http2"]}
[tool.poetry.group.dev.dependencies]
ruff = "*"
"""
    assert declared("pyproject.toml", text) == [
        ("pypi", "typing-extensions", "", ""),
        ("pypi", "numpy", "<3,>=1", ""),
        ("pypi", "x", "", ""),
        ("pypi", "matplotlib", "", "plot"),
        ("pypi", "pytest", "", "test"),
        ("pypi", "hatchling", ">=1", "build"),
        ("pypi", "rich", "^13", ""),
        ("pypi", "httpx", "^0.27", ""),
        ("pypi", "ruff", "", "dev"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "requirements-dev.txt",
        "dev-requirements.txt",
        "requirements.in",
        "a/requirements/dev.txt",
    ],
)
def test_requirements(name: str) -> None:
    text = "# why\n-r base.txt\n--hash=x\nnumpy==1.2  # pinned\nPandas>=2 --hash=sha256:0\n./local\n"
    assert declared(name, text) == [("pypi", "numpy", "==1.2", ""), ("pypi", "pandas", ">=2", "")]


def test_requirements_by_url() -> None:
    lines = [
        "git+https://x.example/y.git@main#egg=my_tool",
        "-e git+ssh://git@x.example/y#subdirectory=a&egg=Other",
        "--editable=git+https://x.example/y#egg=third",
        "https://x.example/wheels/fourth_one-1.2-py3-none-any.whl",
        "git+https://x.example/nameless",
    ]
    assert [name for _, name, _, _ in declared("requirements.txt", "\n".join(lines))] == [
        "my-tool",
        "other",
        "third",
        "fourth-one",
    ]
    (problem,) = extract("requirements", lines[-1].encode()).problems
    assert "nameless" in problem.message


@pytest.mark.parametrize("name", ["environment.yml", "environment-dev.yaml"])
def test_conda(name: str) -> None:
    text = "name: x\ndependencies:\n  - python=3.11\n  - conda-forge::numpy >=1\n  - pip:\n    - rich>=13\n    - -e .\n"
    assert declared(name, text) == [
        ("conda", "python", "=3.11", ""),
        ("conda", "numpy", ">=1", ""),
        ("pypi", "rich", ">=13", ""),
    ]


def test_package_json() -> None:
    text = '{"dependencies": {"react": "^18", "@a/b": "*"}, "devDependencies": {"vite": "5", "odd": 3}, '
    text += '"peerDependencies": 1}'
    assert declared("package.json", text) == [
        ("npm", "react", "^18", ""),
        ("npm", "@a/b", "", ""),
        ("npm", "vite", "5", "dev"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "my_requirements.py",
        "requirement.txt",
        "requirements/readme.md",
        "my-requirements/a.txt",
        "pyproject.toml.bak",
        "environment.json",
    ],
)
def test_other_files_are_none(name: str) -> None:
    assert language_of(name) not in ("requirements", "pyproject", "environment")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project\n"),
        ("pyproject.toml", "a = " + "[" * 5_000),
        ("requirements.txt", "numpy==\n"),
        ("environment.yml", "dependencies: [}"),
        ("environment.yml", "[" * 5_000),
        ("environment.yml", "dependencies: !!python/object/apply:os.system [exit]"),
        ("package.json", "{"),
    ],
)
def test_a_broken_one_says_why(name: str, text: str) -> None:
    facts = extract(str(language_of(name)), text.encode())
    assert facts.requirements == []
    assert facts.problems


@pytest.mark.parametrize("text", ["", "1", "[]", "dependencies: 3", "dependencies: [1, [2], {pip: 4}]"])
def test_odd_environments_declare_nothing(text: str) -> None:
    assert declared("environment.yml", text) == []
