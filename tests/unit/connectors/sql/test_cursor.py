"""The cursor of the SQL connector loses nothing: equal watermarks, late commits, changes under way, kills, deletions."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from canonical_model.errors import ConfigError, TransientError
from canonical_model.text import JsonValue
from connectors.base import Batch, Cursor
from connectors.sql import SqlConfig, SqlConnector
from tests.unit.connectors.sql.doors import DOORS, ON_A_SERVER, Door

Row = tuple[str | None, int | None, int]

ITEM: dict[str, JsonValue] = {"table": "item", "key": "id", "watermark": "seen", "overlap_count": 2, "batch_rows": 3}


def connector(door: Door, **settings: JsonValue) -> SqlConnector:
    return SqlConnector(SqlConfig(), {"s": {**ITEM, **settings}}, door.secrets)


def read(one: SqlConnector, since: Cursor | None = None) -> list[Batch]:
    return list(one.read("s", since or {}))


def put(door: Door, *rows: Row) -> None:
    shown = ", ".join(f"({', '.join('null' if value is None else repr(value) for value in row)})" for row in rows)
    door.run(f"insert into item values {shown}")


def content(*batches: Batch) -> dict[str, int]:
    """What a store that upserts by key holds after these batches."""
    return {row["id"]: row["value"] for batch in batches for row in batch.table.to_pylist()}


def stored(door: Door) -> dict[object, object]:
    return dict(door.rows("select id, value from item"))  # type: ignore[arg-type]  # pairs


def numbered(count: int, seen: int | None = None) -> list[Row]:
    return [(f"k{number:02}", number if seen is None else seen, number) for number in range(count)]


@contextmanager
def nothing_lost(door: Door, one: SqlConnector, known: list[Batch]) -> Iterator[None]:
    """What happens inside is news: after one more read from the last cursor a store equals the table."""
    yield
    assert content(*known, *read(one, known[-1].cursor if known else {})) == stored(door)


def test_rows_with_equal_watermarks_come_though_they_fill_many_pages(door: Door) -> None:
    put(door, *numbered(10, seen=7))
    one = connector(door, overlap_count=0)
    batches = read(one)
    assert [batch.table.num_rows for batch in batches] == [3, 3, 3, 1]
    with nothing_lost(door, one, batches):
        put(door, ("k99", 7, 99), ("a", 7, 98))


def test_a_read_without_news_gives_only_the_overlap(door: Door) -> None:
    put(door, *numbered(10))
    one = connector(door)
    assert content(*read(one, read(one)[-1].cursor)) == {"k07": 7, "k08": 8, "k09": 9}


def test_rows_committed_late_within_the_overlap_come_and_older_ones_do_not(door: Door) -> None:
    put(door, ("a", 10, 1), ("b", 12, 1))
    one = connector(door)
    cursor = read(one)[-1].cursor
    put(door, ("late", 10, 5), ("too late", 9, 5))
    assert content(*read(one, cursor)) == {"a": 1, "b": 1, "late": 5}


def test_a_transaction_open_while_the_rows_are_read_is_not_lost(door: Door) -> None:
    put(door, *numbered(5), ("z", 6, 1))
    one = connector(door)
    with door.writer.connect() as early:
        early.exec_driver_sql("insert into item values ('a early', 5, 1)")
        batches = read(one)
        assert "a early" not in content(*batches)
        with nothing_lost(door, one, batches):
            early.commit()


@pytest.mark.parametrize("page", range(1, 5))
def test_rows_that_change_while_being_paged_come_in_their_last_state(door: Door, page: int) -> None:
    """Also when the change is older than the newest row of the pages after it, by more than the overlap."""
    put(door, *numbered(12))
    one, batches = connector(door), []
    for number, batch in enumerate(one.read("s", {}), 1):
        batches.append(batch)
        if number == page:
            door.run("update item set seen = 50, value = 500 where id = 'k00'")
            door.run("update item set seen = 500, value = 501 where id = 'k11'")
            door.run("insert into item values ('a', 51, 1)", "delete from item where id = 'k05'")
    known = content(*batches, *read(one, batches[-1].cursor))
    assert {key: value for key, value in known.items() if key != "k05"} == stored(door)


def test_rows_without_a_watermark_come_with_every_read(door: Door) -> None:
    put(door, ("a", 10, 1), *((f"n{number}", None, number) for number in range(5)))
    one = connector(door)
    batches = read(one)
    assert content(*batches) == stored(door)
    door.run("update item set value = 7 where id = 'n3'")
    assert content(*read(one, batches[-1].cursor)) == stored(door)


def test_of_several_watermarks_the_first_that_is_not_null_counts(door: Door) -> None:
    door.run("alter table item add column created int")
    door.run(*(f"insert into item values ('k{number}', null, 0, {number * 10})" for number in range(7)))
    one = connector(door, watermark=["seen", "created"])
    batches = read(one)
    assert content(*read(one, batches[-1].cursor)) == {"k6": 0}
    with nothing_lost(door, one, batches):
        door.run("update item set seen = 61, value = 1 where id = 'k0'")


@pytest.mark.parametrize("watermark", ["seen", []], ids=["watermark", "full"])
@pytest.mark.parametrize("stop", range(5))
def test_a_kill_between_any_pages_and_changes_before_the_next_try_lose_nothing(
    door: Door, stop: int, watermark: JsonValue
) -> None:
    put(door, *numbered(10), ("x", None, 1), ("y", None, 1))
    one = connector(door, watermark=watermark)
    before = [batch for _, batch in zip(range(stop), one.read("s", {}), strict=False)]
    door.run("update item set seen = 90, value = 9 where id = 'k01'", "insert into item values ('a', 190, 1)")
    after = read(one, before[-1].cursor if before else {})
    with nothing_lost(door, one, before + after):
        put(door, ("zz", 191, 1))


def test_a_read_taken_up_again_ends_though_all_rows_behind_it_are_gone(door: Door) -> None:
    put(door, *numbered(6))
    one = connector(door)
    first = next(iter(one.read("s", {})))
    door.run("delete from item where id > 'k02'")
    (rest,) = read(one, first.cursor)
    assert rest.table.num_rows == 0
    assert rest.table.column_names == first.table.column_names
    with nothing_lost(door, one, [first, rest]):
        put(door, ("a", 99, 1))


def test_a_full_read_begins_anew_when_it_is_through(door: Door) -> None:
    put(door, *numbered(6))
    one = connector(door, watermark=[])
    batches = read(one)
    assert ["behind" in batch.cursor for batch in batches] == [True, False]
    assert content(*read(one, batches[-1].cursor)) == stored(door)


def test_with_another_key_or_query_everything_is_read_anew(door: Door) -> None:
    put(door, *numbered(6))
    under_way = next(iter(connector(door).read("s", {}))).cursor
    changes: list[dict[str, JsonValue]] = [
        {"key": ["value", "id"]},
        {"watermark": []},
        {"table": None, "query": "select * from item"},
    ]
    for changed in changes:
        assert content(*read(connector(door, **changed), under_way)) == stored(door)


def test_an_empty_table_gives_no_batch_and_no_keys(door: Door) -> None:
    assert read(connector(door)) == []
    assert [table.to_pylist() for table in connector(door).read_keys("s")] == [[]]


def test_the_keys_of_the_rows_there_are_show_what_was_deleted(door: Door) -> None:
    put(door, *numbered(6))
    before = content(*read(connector(door)))
    door.run("delete from item where id = 'k03'")
    keys = [row["id"] for table in connector(door).read_keys("s") for row in table.to_pylist()]
    assert keys == ["k00", "k01", "k02", "k04", "k05"]
    assert set(before) - set(keys) == {"k03"}


@pytest.mark.parametrize("count", range(1, 9))
def test_composite_keys_with_padded_text_and_keywords_as_names_page_whole(door: Door, count: int) -> None:
    # SQLite's ODBC driver reads past the end of names that are not ASCII, and what it finds there is chance
    changed = "when" if "sqlite3" in door.secrets.get("odbc", "").lower() else "修改 时间"
    door.run(f'create table "Order" ("select" char(6) not null, "from" int not null, "{changed}" timestamp)')
    try:
        for number in range(count):
            door.run(f"insert into \"Order\" values ('p{number // 4}', {number % 4}, '2026-03-01 10:00:0{number}')")
        settings: dict[str, JsonValue] = {"table": "Order", "key": ["select", "from"], "batch_rows": 2}
        one = connector(door, **settings, watermark=changed)
        rows = [row for batch in read(one) for row in batch.table.to_pylist()]
        assert [(row["select"].strip(), row["from"]) for row in rows] == [
            (f"p{number // 4}", number % 4) for number in range(count)
        ]
        assert len({row[changed] for row in rows}) == count
        assert sum(table.num_rows for table in one.read_keys("s")) == count
    finally:
        door.run('drop table "Order"')


def test_a_key_that_is_null_somewhere_is_refused_rather_than_lost(door: Door) -> None:
    put(door, ("a", 1, 1), (None, 2, 2))
    with pytest.raises(ConfigError, match="XD-CFG-034"):
        read(connector(door))


def test_a_key_that_several_rows_share_is_refused_where_a_page_would_lose_them(door: Door) -> None:
    put(door, *(("same", number, number) for number in range(5)))
    with pytest.raises(ConfigError, match=r"XD-CFG-034.*same"):
        read(connector(door))
    with pytest.raises(ConfigError, match="XD-CFG-034"):
        list(connector(door).read_keys("s"))


@pytest.mark.parametrize("_door", DOORS[:2], indirect=True)
@pytest.mark.parametrize("key", ["id", ["id", "line"]])
def test_keys_that_are_one_to_the_database_are_refused_where_a_page_would_lose_a_row(
    door: Door, key: JsonValue
) -> None:
    door.run("create table alike (id varchar(9) collate nocase, line int, seen int)")
    try:
        door.run("insert into alike values ('a', 1, 1), ('b', 1, 2), ('B', 1, 3), ('c', 1, 4)")
        one = connector(door, table="alike", key=key, batch_rows=2)
        with pytest.raises(ConfigError, match=r"XD-CFG-034.*\bb\b.*more than one row"):
            read(one)
        with pytest.raises(ConfigError, match="XD-CFG-034"):
            list(one.read_keys("s"))
        door.run("update alike set line = 2 where seen = 3")
        if key != "id":
            assert sum(batch.table.num_rows for batch in read(one)) == 4
    finally:
        door.run("drop table alike")


@ON_A_SERVER
def test_a_connection_that_breaks_between_pages_is_a_transient_error_and_the_rest_comes_later(door: Door) -> None:
    put(door, *numbered(10))
    one = connector(door)
    under_way = one.read("s", {})
    before = next(under_way)
    door.run("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'reader'")
    with pytest.raises(TransientError):
        next(under_way)
    assert content(before, *read(one, before.cursor)) == stored(door)


@ON_A_SERVER
def test_a_read_holds_neither_a_transaction_nor_after_its_end_a_session(door: Door) -> None:
    put(door, *numbered(10))
    sessions = "select state, xact_start is null from pg_stat_activity where usename = 'reader'"
    under_way = connector(door).read("s", {})
    next(under_way)
    assert door.rows(sessions) == [("idle", True)]
    under_way.close()  # type: ignore[attr-defined]  # a generator, as the contract asks
    for _ in range(100):
        if not door.rows(sessions):
            return
        time.sleep(0.02)
    pytest.fail("the session is still there")
