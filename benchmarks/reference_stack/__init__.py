"""The reference stack, the usual way to build such an API: FastAPI, uvicorn, async SQLAlchemy ORM, aiosqlite.

It exists twice, with one code: `usual`, as one writes it, and `tuned`, with the settings an expert would add.
Both answer the same requests with the same fields as our API, look up a token each time, commit durably.
They do less than our API: a task is one row that nobody runs, without an event, an outbox entry or routing.
"""
