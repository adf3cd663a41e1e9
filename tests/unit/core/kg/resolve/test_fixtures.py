"""What tests and fixtures get for their parameters is what pytest would give them."""

from __future__ import annotations

from tests.unit.core.kg.resolve.projects import BASE, Project

FIXTURE = "import pytest\n@pytest.fixture\ndef {0}({1}):\n    return 1\n"


def fixtures(files: dict[str, str], path: str) -> dict[str, list[str]]:
    """Return what each definition of a file asks for."""
    project = Project(files)
    found = project.resolve(path).fixtures
    return {
        project.facts[path].definitions[index].name: [target.removeprefix(BASE) for target in targets]
        for index, targets in found.items()
    }


def test_of_the_module_itself() -> None:
    source = (
        FIXTURE.format("shop", "") + "def test_it(shop, other, x=1, *shop2): ...\ndef helper(shop): ...\n"
    )
    assert fixtures({"test_a.py": source}, "test_a.py") == {"test_it": ["test_a.py#shop"]}


def test_of_the_nearest_conftest() -> None:
    files = {
        "conftest.py": FIXTURE.format("shop", "") + FIXTURE.format("far", ""),
        "tests/conftest.py": FIXTURE.format("shop", ""),
        "tests/unit/test_a.py": "def test_it(far, shop): ...\n",
        "elsewhere/conftest.py": FIXTURE.format("never", ""),
    }
    assert fixtures(files, "tests/unit/test_a.py") == {
        "test_it": ["conftest.py#far", "tests/conftest.py#shop"]
    }


def test_of_the_class_before_that_of_the_module() -> None:
    source = """
        import pytest
        @pytest.fixture(scope="module")
        def shop(): ...
        class TestShop:
            @pytest.fixture
            def shop(self, shop): ...
            def test_it(self, shop): ...
        def test_other(shop): ...
    """
    found = fixtures({"tests/test_a.py": source}, "tests/test_a.py")
    assert found["test_it"] == ["tests/test_a.py#TestShop.shop"]
    assert found["shop"] == ["tests/test_a.py#shop"]
    assert found["test_other"] == ["tests/test_a.py#shop"]


def test_one_that_replaces_another_asks_for_that() -> None:
    files = {
        "conftest.py": FIXTURE.format("shop", ""),
        "tests/conftest.py": FIXTURE.format("shop", "shop"),
    }
    assert fixtures(files, "tests/conftest.py") == {"shop": ["conftest.py#shop"]}


def test_one_that_is_imported() -> None:
    files = {
        "tests/helpers.py": "from pytest import fixture\n@fixture\ndef shop(): ...\ndef plain(): ...\n",
        "tests/test_a.py": "from tests.helpers import shop, plain\ndef test_it(shop, plain): ...\n",
    }
    assert fixtures(files, "tests/test_a.py") == {"test_it": ["tests/helpers.py#shop"]}


def test_none_outside_of_tests() -> None:
    source = FIXTURE.format("shop", "") + "def test_it(shop): ...\n"
    assert fixtures({"shop/app.py": source}, "shop/app.py") == {}
