"""While rows are copied threads of the program take quick turns, and as before once nobody copies any more."""

import sys
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import BigInteger, Column, Engine, MetaData, Table, Text, text

from crossdock.store.bulk import _QuickTurns, copy_records, fill_temporary


def test_turns_are_as_usual_once_the_last_one_has_copied() -> None:
    turns, usual = _QuickTurns(), sys.getswitchinterval()
    with turns:
        with turns:
            pass
        assert sys.getswitchinterval() < usual, "another one still copies"
    assert sys.getswitchinterval() == usual


@pytest.mark.store
def test_records_are_copied_few_at_a_time(fresh_store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossdock.store.bulk._RECORDS", 2)
    with fresh_store.begin() as connection:
        connection.execute(text("CREATE TEMP TABLE listed (n bigint, said text)"))
        listed = Table("listed", MetaData(), Column("n", BigInteger), Column("said", Text))
        assert copy_records(connection, listed, ({"n": n, "said": f"第 {n}"} for n in range(5))) == 5
        assert copy_records(connection, listed, []) == 0
        assert connection.scalars(text("SELECT said FROM listed ORDER BY n")).all() == [f"第 {n}" for n in range(5)]


@pytest.mark.store
def test_rows_of_a_temporary_table_are_found_by_an_index(fresh_store: Engine) -> None:
    columns: list[Column[Any]] = [Column("key", Text(collation="C")), Column("n", BigInteger)]
    rows = pa.table({"key": [f"K-{n}" for n in range(1000)], "n": list(range(1000))})
    with fresh_store.begin() as connection:
        fill_temporary(connection, "listed", columns, rows.to_reader(), found_by="key")
        fill_temporary(connection, "listed", columns, rows.slice(0, 1).to_reader(), found_by="key", is_more=True)
        assert connection.scalar(text("SELECT count(*) FROM listed")) == 1001
        plan = connection.scalars(text("EXPLAIN SELECT FROM listed WHERE key = 'K-7'")).all()
        assert "Index" in plan[0], "and the planner knows how many there are"
        fill_temporary(connection, "listed", columns, rows.slice(0, 3).to_reader())
        assert connection.scalar(text("SELECT count(*) FROM listed")) == 3, "in the place of the older one"
