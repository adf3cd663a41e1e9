"""From facts to meaning: what a name stands for, across files."""
