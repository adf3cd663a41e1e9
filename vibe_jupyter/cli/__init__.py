"""`jupyter vibe`: the same verbs as `%vibe`, in a terminal."""

from vibe_jupyter.cli.main import main

__all__ = ["main"]
