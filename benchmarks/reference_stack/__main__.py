"""Serve one variant: `python -m benchmarks.reference_stack tuned --database tasks.db --port 8001`."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from benchmarks.reference_stack.app import create_app
from benchmarks.reference_stack.database import VARIANTS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variant", choices=VARIANTS)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    app = create_app(arguments.variant, arguments.database)
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
