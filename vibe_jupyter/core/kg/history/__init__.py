"""The history of a project's files, as git has it."""
