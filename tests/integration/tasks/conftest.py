"""The platform on each kind of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.factories import PlatformFactory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def make_platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PlatformFactory]:
    """Return what starts platforms on one database, and stops them; the test runs once for each kind."""
    url = None
    if request.param == "postgresql":
        new: Callable[[], str] = request.getfixturevalue("new_postgresql")
        url = new()
    factory = PlatformFactory(tmp_path, url)
    yield factory
    factory.stop_all()
