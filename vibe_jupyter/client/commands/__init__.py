"""Command lines: the words that `%vibe` and `jupyter vibe` share, from the operation table and a table of local verbs."""
