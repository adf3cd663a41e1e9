"""Core statements compiled once and run on the driver's own connection, which costs a fifth of an engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import sqlalchemy as sa

__all__ = ["Connection", "Statement"]


class _Cursor(Protocol):
    rowcount: int

    def fetchall(self) -> list[tuple[Any, ...]]: ...


class _DriverConnection(Protocol):
    def execute(self, sql: Any, parameters: Any = ..., /) -> _Cursor: ...
    def cursor(self) -> Any: ...


_MOST_ROWS = 64
"""Rows of one INSERT; a power of two, as are the smaller ones, so that few statements need to be prepared."""


@dataclass(frozen=True)
class _Compiled:
    sql: str
    names: tuple[str, ...]
    defaults: Mapping[str, Any]
    is_positional: bool

    def parameters(self, values: dict[str, Any]) -> Any:
        if self.is_positional:
            defaults = self.defaults
            return [values[name] if name in values else defaults[name] for name in self.names]
        return {**self.defaults, **values}


class Statement:
    """A SQLAlchemy Core statement; its bind parameters are given by name when it runs.

    >>> Statement(sa.text("SELECT :x")).compiled("sqlite").sql
    'SELECT ?'
    """

    def __init__(self, core: sa.ClauseElement) -> None:
        self._core = core
        self._compiled: dict[str, _Compiled] = {}

    def compiled(self, dialect: str) -> _Compiled:
        """Return it for `sqlite` or `postgresql`, compiled at the first call."""
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = self._compile(dialect)
        return found

    def _compile(self, dialect: str) -> _Compiled:
        if dialect == "sqlite":
            compiled: Any = self._core.compile(dialect=sqlite.dialect(paramstyle="qmark"))
            names = tuple(compiled.positiontup or ())
            return _Compiled(compiled.string, names, dict(compiled.params), is_positional=True)
        compiled = self._core.compile(dialect=postgresql.psycopg.dialect())  # type: ignore[no-untyped-call]
        names = tuple(re.findall(r"%\((\w+)\)s", compiled.string))
        return _Compiled(compiled.string, names, dict(compiled.params), is_positional=False)


class Connection:
    """The driver's connection, for one unit of work."""

    __slots__ = ("_raw", "dialect")

    def __init__(self, raw: _DriverConnection, dialect: str) -> None:
        self._raw = raw
        self.dialect = dialect

    def all(self, statement: Statement, /, **values: Any) -> list[tuple[Any, ...]]:
        """Return all rows."""
        compiled = statement.compiled(self.dialect)
        return self._raw.execute(compiled.sql, compiled.parameters(values)).fetchall()

    def first(self, statement: Statement, /, **values: Any) -> tuple[Any, ...] | None:
        """Return the first row, None if there is none."""
        rows = self.all(statement, **values)
        return rows[0] if rows else None

    def scalar(self, statement: Statement, /, **values: Any) -> Any:
        """Return the first column of the first row, None if there is none."""
        rows = self.all(statement, **values)
        return rows[0][0] if rows else None

    def run(self, statement: Statement, /, **values: Any) -> int:
        """Run a statement that returns no rows, and return how many it changed."""
        compiled = statement.compiled(self.dialect)
        return self._raw.execute(compiled.sql, compiled.parameters(values)).rowcount

    def insert_all(self, statement: Statement, rows: Sequence[dict[str, Any]], /) -> None:
        """Insert several rows.

        On SQLite by few statements with many rows each: between two statements the driver hands the interpreter to
        other threads, and has to wait until it gets it back.
        """
        compiled = statement.compiled(self.dialect)
        parameters = [compiled.parameters(row) for row in rows]
        if not compiled.is_positional:
            self._raw.cursor().executemany(compiled.sql, parameters)
            return
        head, found, row = compiled.sql.partition(" VALUES ")
        assert found, "an INSERT of values"
        first = 0
        for size in _portions(len(parameters)):
            flat = [value for some in parameters[first : first + size] for value in some]
            self._raw.execute(head + found + ", ".join([row] * size), flat)
            first += size


def _portions(count: int) -> Iterator[int]:
    """Yield powers of two, large ones first, that add up to `count`."""
    size = _MOST_ROWS
    while count:
        if size <= count:
            yield size
            count -= size
        else:
            size //= 2
