"""Partitions: one for each source of an entity, one for each month of runs, issues and changes."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Connection, Engine, insert, text

from canonical_model.declaration import EntitySpec
from crossdock.pipeline import group
from crossdock.store import tables
from crossdock.store.database import lock
from crossdock.store.partitions import ensure_partitions, has_partition, make_partition
from tests.integration.hub import NOW, Hub, counts, order_row

pytestmark = pytest.mark.store

LINES = tables.canonical["purchase_order_line"]

SHAPE = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation, a.attnotnull, a.atthasdef
FROM pg_attribute a WHERE a.attrelid = CAST(:name AS regclass) AND a.attnum > 0 ORDER BY 1
"""
INDEXED = """
SELECT i.indisprimary, array_agg(a.attname::text ORDER BY k.position) AS columns FROM pg_index i
CROSS JOIN unnest(i.indkey::int[]) WITH ORDINALITY AS k(number, position)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
WHERE i.indrelid = CAST(:name AS regclass) GROUP BY i.indexrelid, i.indisprimary ORDER BY 1, 2
"""
REST = """
SELECT c.reloptions, (SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'c')
FROM pg_class c WHERE c.oid = CAST(:name AS regclass)
"""


# one for each source


def test_a_partition_that_was_loaded_is_like_one_that_was_made(hub: Hub) -> None:
    hub.load(order_row("PO-1"))
    with hub.engine.begin() as connection:
        make_partition(connection, LINES, "other")
        loaded, made = ({"name": tables.partition_of(LINES, source)} for source in ("erp", "other"))
        for question in (SHAPE, INDEXED, REST):
            found = connection.execute(text(question), loaded).all()
            assert found
            assert found == connection.execute(text(question), made).all()
    row = hub.query(
        "SELECT source, stream, created_run, changed_run, created_at = changed_at, batch_id FROM canonical.purchase_order_line"
    )
    run, batch = hub.one("SELECT max(id) FROM crossdock.run"), hub.one("SELECT max(id) FROM crossdock.batch")
    assert row == [("erp", "orders", run, run, True, batch)]


def test_what_all_rows_have_is_kept_once_but_for_what_an_index_holds(hub: Hub) -> None:
    """A first change would write the row into all indexes anew."""
    hub.load(order_row("PO-1"))
    kept = hub.query(
        "SELECT a.attname::text, EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND a.attnum = ANY(i.indkey)) "
        "FROM pg_attribute a WHERE a.attrelid = 'canonical.purchase_order_line__erp'::regclass AND a.atthasmissing"
    )
    assert {"stream", "batch_id", "changed_at"} <= {name for name, _ in kept}
    assert not any(is_indexed for _, is_indexed in kept)


def test_files_of_several_batches_state_their_own_batch_and_version(hub: Hub) -> None:
    hub.put("a.csv", [order_row("PO-1")])
    hub.put("b.csv", [order_row("PO-2")])
    hub.sync()
    assert len(set(hub.column("SELECT batch_id FROM canonical.purchase_order_line"))) == 2
    assert None not in hub.column("SELECT version FROM canonical.purchase_order_line")


def test_readers_do_not_wait_for_a_first_load(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    count = "SELECT count(*) FROM facts.purchase_order_line"
    read: list[int] = []

    def resolve(connection: Connection, entity: EntitySpec, source: str) -> int:
        if entity.name == "purchase_order_line":  # it is full and has joined the others, but is not committed
            with hub.engine.begin() as beside:
                beside.execute(text("SET LOCAL lock_timeout = '2s'"))
                read.append(int(beside.scalar(text(count)) or 0))
        return 0

    monkeypatch.setattr(group, "resolve_references", resolve)
    hub.load(order_row("PO-1"))
    assert (read, hub.one(count)) == ([0], 1)


def test_making_a_partition_waits_for_no_reader(hub: Hub) -> None:
    hub.load(order_row("PO-1"))
    with hub.engine.begin() as reading, hub.engine.begin() as connection:
        reading.execute(text("SELECT count(*) FROM facts.purchase_order_line"))
        connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        make_partition(connection, LINES, "other")
        make_partition(connection, LINES, "other")


def test_a_first_load_of_held_rows_alone_leaves_room_for_the_next(hub: Hub) -> None:
    hub.load(order_row("PO-1", quantity="五百"))
    with hub.engine.begin() as connection:
        assert has_partition(connection, LINES, "erp")
    assert counts(hub.load(order_row("PO-2"), name="b.csv"))["created"] == 1


def test_long_names_of_sources_give_names_that_postgresql_takes_whole() -> None:
    long = "a_supplier_in_the_south_with_a_very_long_name_"
    names = {tables.partition_of(LINES, f"{long}{last}") for last in ("one", "two")}
    assert len(names) == 2
    assert {len(name.removeprefix("canonical.")) for name in names} == {63}
    assert tables.partition_of(LINES, "erp") == "canonical.purchase_order_line__erp"


# one for each month


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        (datetime(2025, 11, 22, tzinfo=UTC), "run_2025_11", "run_2026_01"),
        (datetime(1999, 12, 31, 23, 59, tzinfo=UTC), "run_1999_12", "run_2000_02"),
        (datetime(2028, 3, 1, 7, tzinfo=timezone(timedelta(hours=8))), "run_2028_02", "run_2028_04"),
    ],
)
def test_there_are_partitions_for_the_month_of_any_clock_and_the_two_after(
    fresh_store: Engine, now: datetime, first: str, last: str
) -> None:
    parts = text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname ~ '^run_[0-9]'")
    with fresh_store.begin() as connection:
        before = connection.scalars(parts).all()
        ensure_partitions(connection, now)
        ensure_partitions(connection, now)
        made = sorted(set(connection.scalars(parts)) - set(before))
        assert (made[0], made[-1], len(made)) == (first, last, 3)
        run = {"started_at": now, "source": "a", "stream": "b", "kind": "sync", "status": "running"}
        connection.execute(insert(tables.run).values(run))
        change = {"at": now, "run_id": 1, "entity": "x", "source": "a", "key": "k", "fields": {}, "batch_id": 1}
        connection.execute(insert(tables.change).values({**change, "row_number": 1}))


def test_two_transactions_may_make_the_partitions_of_a_month_at_once(fresh_store: Engine) -> None:
    problems: list[BaseException] = []

    def make() -> None:
        try:
            with fresh_store.begin() as connection:
                ensure_partitions(connection, NOW + timedelta(days=365))
        except BaseException as error:  # noqa: BLE001  # handed to the test
            problems.append(error)

    with fresh_store.begin() as connection:
        lock(connection, ["partitions"])
        threads = [threading.Thread(target=make) for _ in range(3)]
        for thread in threads:
            thread.start()
        threads[0].join(0.2)
    for thread in threads:
        thread.join(20)
    assert problems == []
