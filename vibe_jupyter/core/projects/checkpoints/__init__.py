"""Checkpoints of a project's files: in a git repository of our own, beside the user's and unknown to it."""
