"""The SQL connector: nothing is lost at equal watermarks, late commits, changes under way, or a kill between pages."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import psycopg.errors
import pyarrow as pa
import pyodbc
import pytest
import sqlalchemy.exc
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical_model.errors import AuthError, ConfigError, CrossdockError, TransientError
from canonical_model.text import JsonValue
from connectors.base import Batch, Cursor
from connectors.sql import SqlConfig, SqlConnector, SqlStream
from connectors.sql.arrow import Value, to_table
from connectors.sql.connection import Rows, Select, odbc_pairs, odbc_string
from connectors.sql.errors import translate_errors
from connectors.sql.reading import Reading
from connectors.sql.watermark import freeze, step_back, thaw

NEW: dict[str, JsonValue] = {"table": "item", "key": ["id"], "watermark": "seen", "overlap_count": 2, "batch_rows": 3}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
        connection.execute("create table item (id text, seen int, value int)")
        yield connection


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, str]:
    return {"url": f"sqlite:///{tmp_path / 'x.db'}"}


def connector(secrets: dict[str, str], **settings: JsonValue) -> SqlConnector:
    return SqlConnector(SqlConfig(), {"s": {**NEW, **settings}}, secrets)


def rows_of(batches: list[Batch]) -> dict[str, int]:
    return {row["id"]: row["value"] for batch in batches for row in batch.table.to_pylist()}


def read(one: SqlConnector, since: Cursor | None = None) -> list[Batch]:
    return list(one.read("s", since or {}))


def put(database: sqlite3.Connection, *rows: tuple[str | None, int | None, int]) -> None:
    database.executemany("insert into item values (?, ?, ?)", rows)


def test_rows_with_equal_watermarks_across_pages_all_come(
    database: sqlite3.Connection, secrets: dict[str, str]
) -> None:
    put(database, *((f"k{i}", 7, i) for i in range(10)))
    batches = read(connector(secrets, overlap_count=0))
    assert len(rows_of(batches)) == 10
    assert [batch.table.num_rows for batch in batches] == [3, 3, 3, 1]
    put(database, ("k99", 7, 99))
    assert "k99" in rows_of(read(connector(secrets, overlap_count=0), batches[-1].cursor))


def test_rows_committed_late_within_the_overlap_come(database: sqlite3.Connection, secrets: dict[str, str]) -> None:
    put(database, ("a", 10, 1), ("b", 12, 1))
    cursor = read(connector(secrets))[-1].cursor
    put(database, ("late", 10, 5))
    assert rows_of(read(connector(secrets), cursor)) == {"a": 1, "b": 1, "late": 5}


def test_rows_without_a_watermark_come_each_time(database: sqlite3.Connection, secrets: dict[str, str]) -> None:
    put(database, ("a", 10, 1), *((f"n{i}", None, i) for i in range(5)))
    batches = read(connector(secrets))
    assert len(rows_of(batches)) == 6
    assert len(rows_of(read(connector(secrets), batches[-1].cursor))) == 6


@pytest.mark.parametrize("page", range(1, 4))
def test_rows_that_change_while_being_paged_come_in_their_last_state(
    database: sqlite3.Connection, secrets: dict[str, str], page: int
) -> None:
    put(database, *((f"k{i}", i, i) for i in range(10)))
    batches = []
    for number, batch in enumerate(connector(secrets).read("s", {}), 1):
        batches.append(batch)
        if number == page:
            database.execute("update item set seen = 50, value = 500 where id = 'k0'")
            database.execute("update item set seen = 51, value = 501 where id = 'k9'")
    batches += read(connector(secrets), batches[-1].cursor)
    assert rows_of(batches) == dict(database.execute("select id, value from item"))


@settings(deadline=None, max_examples=40)
@given(
    marks=st.lists(st.one_of(st.none(), st.integers(0, 6)), min_size=1, max_size=14),
    stop=st.integers(0, 5),
    batch_rows=st.integers(1, 4),
)
def test_a_kill_between_any_pages_loses_nothing(
    marks: list[int | None], stop: int, batch_rows: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("sql") / "x.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("create table item (id text, seen int, value int)")
        put(database, *((f"k{i}", mark, i) for i, mark in enumerate(marks)))
    secrets = {"url": f"sqlite:///{path}"}
    for watermark in ("seen", None):
        one = connector(secrets, watermark=watermark, batch_rows=batch_rows, overlap_count=0)
        before = read(one)[:stop]
        after = read(one, before[-1].cursor if before else {})
        assert len(rows_of([*before, *after])) == len(marks)


def test_a_full_read_begins_anew_when_it_is_through(database: sqlite3.Connection, secrets: dict[str, str]) -> None:
    put(database, *((f"k{i}", i, i) for i in range(6)))
    batches = read(connector(secrets, watermark=None))
    assert [bool(batch.cursor) for batch in batches] == [True, False]


def test_all_present_keys_can_be_listed(database: sqlite3.Connection, secrets: dict[str, str]) -> None:
    put(database, *((f"k{i}", i, i) for i in range(6)))
    database.execute("delete from item where id = 'k3'")
    tables = list(connector(secrets).read_keys("s"))
    assert [row for table in tables for row in table.to_pylist()] == [{"id": f"k{i}"} for i in (0, 1, 2, 4, 5)]


def test_a_null_key_is_refused_rather_than_lost(database: sqlite3.Connection, secrets: dict[str, str]) -> None:
    put(database, ("a", 1, 1), (None, 2, 2))
    with pytest.raises(ConfigError, match="XD-CFG-034"):
        read(connector(secrets))


@pytest.mark.parametrize(
    "settings",
    [{"table": "nope"}, {"key": ["Nope"]}, {"watermark": "Nope"}, {"table": None, "query": "select id from"}],
)
def test_what_the_database_does_not_know_is_a_config_error(
    database: sqlite3.Connection, secrets: dict[str, str], settings: dict[str, JsonValue]
) -> None:
    put(database, ("a", 1, 1))
    with pytest.raises(ConfigError):
        read(connector(secrets, **settings))


def test_a_query_may_hold_colons_and_percent_signs(database: sqlite3.Connection, secrets: dict[str, str]) -> None:
    put(database, ("a", 1, 1))
    query = "select id, seen, value, '10:30 100%' as note from item where id like '%a%';"
    (batch,) = read(connector(secrets, table=None, query=query))
    assert batch.table["note"].to_pylist() == ["10:30 100%"]


class TwoOfOneName:
    """A session whose rows have two columns called x, as PostgreSQL allows."""

    def fetch(self, statement: Select) -> Rows:
        if "IS NULL" in str(statement):
            return ["id"], []
        return ["id", "x", "x"], [("a", 1, 2)]


def test_two_columns_of_one_name_are_refused() -> None:
    reading = Reading("s", SqlStream(table="t", key=["id"]), TwoOfOneName())
    with pytest.raises(ConfigError, match="XD-CFG-035"):
        list(reading.everything({}))


@pytest.mark.parametrize("value", ["plain", "a;b", "a}b", "{a}", "a}};PWD={x", " lead", "a=b", "", "密;码}"])
def test_no_value_breaks_out_of_an_odbc_string(value: str) -> None:
    pairs = {"Driver": "SQLite3", "PWD": value, "Server": "x"}
    assert odbc_pairs(odbc_string(pairs)) == pairs


@given(value=st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")))
def test_any_password_survives_an_odbc_string(value: str) -> None:
    assert odbc_pairs(odbc_string({"PWD": value, "Server": "x"})) == {"PWD": value, "Server": "x"}


@pytest.mark.parametrize("key", ["PWD;x", "", "a=b", "{a}"])
def test_a_strange_odbc_keyword_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match="XD-CFG-032"):
        odbc_string({key: "x"})


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sqlalchemy.exc.OperationalError("", {}, psycopg.errors.InvalidPassword("password hunter2 wrong")), AuthError),
        (sqlalchemy.exc.ProgrammingError("", {}, psycopg.errors.InsufficientPrivilege("no")), AuthError),
        (sqlalchemy.exc.ProgrammingError("", {}, psycopg.errors.UndefinedTable("no")), ConfigError),
        (sqlalchemy.exc.ProgrammingError("", {}, psycopg.errors.UndefinedColumn("no")), ConfigError),
        (sqlalchemy.exc.OperationalError("", {}, psycopg.errors.AdminShutdown("bye")), TransientError),
        (sqlalchemy.exc.OperationalError("", {}, psycopg.OperationalError("refused")), TransientError),
        (pyodbc.InterfaceError("28000", "Login failed for hunter2"), AuthError),
        (pyodbc.OperationalError("08001", "unreachable"), TransientError),
        (pyodbc.OperationalError("HYT00", "timeout"), TransientError),
        (pyodbc.ProgrammingError("42S02", "no table"), ConfigError),
        (pyodbc.Error("01000", "[unixODBC]Can't open lib 'Nope'"), ConfigError),
        (sqlalchemy.exc.NoSuchModuleError("Can't load plugin"), ConfigError),
        (sqlalchemy.exc.ArgumentError("hunter2"), ConfigError),
        (ConnectionResetError("reset"), TransientError),
    ],
)
def test_driver_errors_are_grouped_by_who_acts_and_hide_secrets(
    error: BaseException, expected: type[CrossdockError]
) -> None:
    translated = translate_errors(error, ["hunter2"])
    assert type(translated) is expected
    assert "hunter2" not in str(translated)
    assert translated.what.zh


@pytest.mark.parametrize(
    ("values", "kind", "out"),
    [
        ([Decimal("1.50"), Decimal("2"), None], pa.decimal128(38, 2), [Decimal("1.50"), Decimal("2.00"), None]),
        ([0.1, 1e20, None], pa.string(), ["0.1", "100000000000000000000", None]),
        ([float("nan")], pa.string(), ["nan"]),
        ([Decimal("NaN"), Decimal("1.5")], pa.string(), ["NaN", "1.5"]),
        ([Decimal("1E+2")], pa.decimal128(38, 0), [Decimal(100)]),
        ([Decimal(10) ** 40], pa.string(), ["1" + "0" * 40]),
        ([2**70], pa.string(), [str(2**70)]),
        ([1, 2], pa.int64(), [1, 2]),
        ([True, None], pa.bool_(), [True, None]),
        ([1, "a"], pa.string(), ["1", "a"]),
        ([date(2026, 3, 1)], pa.date32(), [date(2026, 3, 1)]),
        ([datetime(2026, 3, 1, tzinfo=UTC)], pa.timestamp("us", "UTC"), [datetime(2026, 3, 1, tzinfo=UTC)]),
        ([None], pa.string(), [None]),
    ],
)
def test_values_become_exact_columns(values: list[Value], kind: pa.DataType, out: list[object]) -> None:
    column = to_table(["x"], [[value] for value in values], {})["x"]
    assert column.type == kind
    assert column.to_pylist() == out


def test_an_empty_column_keeps_the_type_of_the_batch_before() -> None:
    assert to_table(["x"], [[None]], {"x": pa.decimal128(38, 2)})["x"].type == pa.decimal128(38, 2)


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 9, 50, tzinfo=UTC)),
        (date(2026, 3, 2), date(2026, 3, 1)),
        (5000, 4000),
        (Decimal("5000.5"), Decimal("4000.5")),
        ("2026-03-01 10:00:00", "2026-03-01 09:50:00"),
        ("2026-03-01T10:00:00.123", "2026-03-01T09:50:00.123"),
        ("2026-03-01T10:00:00.123456", "2026-03-01T09:50:00.123456"),
        ("2026-03-01T10:00:00Z", "2026-03-01T09:50:00Z"),
        ("2026-03-01", "2026-02-28"),
        ("A-17", "A-17"),
    ],
)
def test_watermarks_survive_the_cursor_and_step_back(value: Value, back: Value) -> None:
    assert thaw(freeze(value)) == value
    assert step_back(value, SqlStream(table="t", key=["k"])) == back


@pytest.mark.parametrize("value", [1.5, True, None, b"x"])
def test_what_cannot_order_rows_exactly_is_refused(value: Value) -> None:
    with pytest.raises(ConfigError, match="XD-CFG-031"):
        freeze(value)
