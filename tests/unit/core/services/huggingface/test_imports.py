"""What it costs to have Hugging Face at hand: nothing heavy until somebody asks it something."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("huggingface_hub", "httpx2", "pyarrow", "hf_xet", "yaml")


@pytest.mark.parametrize("module", ["service", "schemas"])
def test_nothing_heavy_is_imported_until_it_is_needed(module: str) -> None:
    code = (
        f"import sys; import vibe_jupyter.core.services.huggingface.{module};"
        "from vibe_jupyter.core.services.huggingface import service;"
        "service.HFService(None, endpoint='https://huggingface.co');"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
