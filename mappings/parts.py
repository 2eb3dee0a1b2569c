"""Statements over many rows: at once where the memory of DuckDB holds what they need, else part by part."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

AT_ONCE = 1_000_000
"""About how many rows are taken at once, where the memory holds them."""
_SPLIT = 4


def conditions(column: str, rows: int, most: int) -> list[str]:
    """Conditions that take so many rows in parts of about `most`; rows with equal values of the column are in one."""
    count = math.ceil(rows / most) or 1
    return [_condition(column, count, part) for part in range(count)]


def _condition(column: str, count: int, part: int) -> str:
    return f"hash({column}) % {count} = {part}" if count > 1 else "TRUE"


@dataclass(frozen=True, slots=True)
class Parts:
    """Runs statements part by part.

    Attributes:
        db: Where they run.
        most: Into how many parts the rows may be split; 1 within a transaction, which what fails would end.
    """

    db: duckdb.DuckDBPyConnection
    most: int = 256

    def execute(self, column: str, rows: int, statement: Callable[[str], str]) -> None:
        """Executes a statement for all rows.

        Args:
            column: SQL of a value; rows with equal ones are in one part.
            rows: About how many there are.
            statement: Gives it for a condition that takes a part of the rows.

        Raises:
            duckdb.OutOfMemoryException: However few the rows, they need more memory than there is.
        """
        count = math.ceil(rows / AT_ONCE) or 1
        for part in range(count):
            self._execute(column, statement, count, part)

    def make(self, table: str, column: str, rows: int, query: Callable[[str], str]) -> None:
        """Makes a temporary table of what `query` gives for a condition; otherwise as `execute`."""
        self.db.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query('FALSE')}")
        self.execute(column, rows, lambda part: f"INSERT INTO {table} {query(part)}")

    def _execute(self, column: str, statement: Callable[[str], str], count: int, part: int) -> None:
        try:
            self.db.execute(statement(_condition(column, count, part)))
        except duckdb.OutOfMemoryException:
            if count * _SPLIT > self.most:
                raise
            for smaller in range(part, count * _SPLIT, count):
                self._execute(column, statement, count * _SPLIT, smaller)
