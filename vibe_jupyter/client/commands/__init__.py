"""Command lines: the words that `%vibe` and `jupyter vibe` share."""
