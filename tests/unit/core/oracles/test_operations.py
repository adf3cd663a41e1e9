"""The operation that CONTRIBUTING.md adds as its example works as it is written there."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.oracles import operations
from vibe_jupyter.core.routing.targets import oracle_target

PAGE = Path(__file__).parents[4] / "CONTRIBUTING.md"


def test_the_operation_of_the_recipe_needs_no_more_than_it_imports() -> None:
    from vibe_jupyter.core.oracles.environment_health import EnvironmentHealth

    snippet = re.findall(
        r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )[0]
    names: dict[str, Any] = dict(vars(operations))
    exec(f"from __future__ import annotations\n{snippet}", names)
    platform = SimpleNamespace(
        registry=SimpleNamespace(targets={"a": oracle_target(EnvironmentHealth())}, problems={})
    )
    get_oracle = names["get_oracle"].function
    assert asyncio.run(get_oracle(platform, None, "environment_health")).id == "environment_health"
    with pytest.raises(NotFound, match="there is no oracle nope"):
        asyncio.run(get_oracle(platform, None, "nope"))
