"""The migrated store: what it is, what it refuses, and who may read it."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, NullPool, create_engine, insert, literal, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from canonical_model.clock import utc_now
from canonical_model.entities import SPECS
from canonical_model.errors import AuthError, ConfigError, StoreError, TransientError
from canonical_model.language import Language, Text
from crossdock.delivery.outbox import NewAlert, raise_alerts
from crossdock.delivery.routing import Recipient
from crossdock.home import Home
from crossdock.store import database, tables, views
from crossdock.store.database import alone, among, clock_of, migrate, open_store, upgrade
from crossdock.store.partitions import ensure_partitions, has_partition
from tests.integration.hub import NOW, Hub, StoreServer, order_row, refused

pytestmark = pytest.mark.store
ROOT = Path(__file__).resolve().parents[3]
BATCH = {
    "landed_at": NOW,
    "landed_run": 1,
    "source": "erp",
    "stream": "orders",
    "name": "a.csv",
    "rows_total": 5,
    "rows_above": 1,
    "rows_header": 1,
    "rows_skipped": 1,
    "rows_read": 2,
    "data_url": "x",
    "cursor": {},
    "status": "landed",
}
WORDS = Text("标题", "title")


@pytest.fixture
def empty(store_server: StoreServer) -> Iterator[Engine]:
    """A database in which nothing has been migrated yet."""
    with store_server.fresh("template1") as engine:
        yield engine


# migrations


def test_the_migrated_store_is_what_the_tables_declare(fresh_store: Engine) -> None:
    with fresh_store.begin() as connection:
        ensure_partitions(connection, NOW)
    # the user is called like one of our schemas, which would then count as the default one
    plain = create_engine(fresh_store.url, connect_args={"options": "-c search_path=public"}, poolclass=NullPool)
    with plain.connect() as connection:
        partitions = set(
            connection.scalars(text("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"))
        )
        assert len(partitions) > len(tables.PARTITIONED)

        def is_ours(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
            if kind == "schema":
                return name in {"canonical", "crossdock"}
            return name not in partitions and parents.get("table_name") not in partitions

        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "compare_type": True,
                "compare_server_default": False,
                "include_name": is_ours,
                "version_table_schema": "crossdock",
            },
        )
        assert compare_metadata(context, tables.metadata) == []


def test_the_comparison_sees_a_column_that_is_missing(fresh_store: Engine) -> None:
    with fresh_store.begin() as connection:
        connection.execute(text("ALTER TABLE canonical.party DROP COLUMN name CASCADE"))
        context = MigrationContext.configure(connection, opts={"include_schemas": True})
        found = compare_metadata(context, tables.metadata)
    assert any(step[0] == "add_column" and step[3].name == "name" for step in found if isinstance(step, tuple))


def test_migrating_twice_does_nothing(hub: Hub) -> None:
    hub.load(order_row())
    key = hub.one("SELECT key FROM crossdock.signing_key")
    migrate(hub.engine)
    assert hub.one("SELECT key FROM crossdock.signing_key") == key
    assert hub.one("SELECT count(*) FROM canonical.purchase_order_line") == 1
    assert hub.one("SELECT count(*) FROM crossdock.alembic_version") == 1


MIGRATE = """
import sys
from sqlalchemy import create_engine
from crossdock.store.database import migrate
engine = create_engine(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
migrate(engine)
"""


def test_stored_hashes_are_the_same_as_bytes(empty: Engine) -> None:
    made = uuid.uuid4()
    with empty.begin() as connection:
        upgrade(connection, "0007")
        connection.execute(
            text("INSERT INTO crossdock.statement VALUES ('item', 'erp', 'A1', 'items', :hash, 1, 1)"), {"hash": made}
        )
        upgrade(connection, "head")
        assert connection.scalar(text("SELECT source_hash FROM crossdock.statement")) == made.bytes


def test_rows_move_into_the_partitions_of_their_sources(empty: Engine) -> None:
    long = "a_source_with_a_name_that_is_longer_than_most_of_them_are"
    sources = ("erp", "wms", long)
    with empty.begin() as connection:
        upgrade(connection, "0008")
        for source in sources:
            row = {"source": source, "key": "PO-1", "stream": "s", "batch": 1, "row": 1, "run": 1, "at": NOW}
            connection.execute(
                text(
                    "INSERT INTO canonical.purchase_order (source, key, stream, batch_id, row_number, created_run, "
                    "changed_run, created_at, changed_at, order_number) "
                    "VALUES (:source, :key, :stream, :batch, :row, :run, :run, :at, :at, :key)"
                ),
                row,
            )
        before = connection.execute(text("SELECT * FROM canonical.purchase_order ORDER BY source")).all()
        connection.execute(text("GRANT SELECT ON canonical.purchase_order TO pg_monitor, PUBLIC"))
    migrate(empty)
    table = tables.canonical["purchase_order"]
    with empty.begin() as connection:
        assert connection.execute(text("SELECT * FROM facts.purchase_order")).all() != []
        assert connection.execute(text("SELECT * FROM canonical.purchase_order ORDER BY source")).all() == before
        for source in sources:
            assert has_partition(connection, table, source)
            count = text(f"SELECT count(*) FROM {tables.partition_of(table, source)}")
            assert connection.scalar(count) == 1
        may = text("SELECT has_table_privilege(:who, 'canonical.purchase_order', :what)")
        assert connection.scalar(may, {"who": "pg_monitor", "what": "SELECT"})
        assert connection.scalar(may, {"who": "pg_read_all_settings", "what": "SELECT"}), "through PUBLIC"
        assert not connection.scalar(may, {"who": "pg_monitor", "what": "UPDATE"})


def test_tombstones_lose_their_hashes(empty: Engine) -> None:
    with empty.begin() as connection:
        upgrade(connection, "0009")
        connection.execute(
            text(
                "CREATE TABLE canonical.purchase_order__erp PARTITION OF canonical.purchase_order FOR VALUES IN ('erp')"
            )
        )
        for key, deleted_at in (("PO-1", NOW), ("PO-2", None)):
            connection.execute(
                text(
                    "INSERT INTO canonical.purchase_order (source, key, stream, batch_id, row_number, created_run, "
                    "changed_run, created_at, changed_at, order_number, source_hash, deleted_at) "
                    "VALUES ('erp', :key, 's', 1, 1, 1, 1, :at, :at, :key, '\\xab', :deleted)"
                ),
                {"key": key, "at": NOW, "deleted": deleted_at},
            )
    migrate(empty)
    with empty.begin() as connection:
        stored = connection.execute(text("SELECT key, source_hash FROM canonical.purchase_order ORDER BY key")).all()
    assert stored == [("PO-1", None), ("PO-2", b"\xab")]


@pytest.mark.parametrize("read", ["canonical", "facts"])
def test_a_view_of_somebody_else_stops_the_move_and_is_named(empty: Engine, read: str) -> None:
    with empty.begin() as connection:
        upgrade(connection, "0008")
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS facts"))
        connection.execute(text("CREATE VIEW facts.purchase_order AS SELECT key FROM canonical.purchase_order"))
        connection.execute(text(f"CREATE VIEW public.open_orders AS SELECT key FROM {read}.purchase_order"))
    with pytest.raises(StoreError, match=r"XD-STO-006.*open_orders") as raised:
        migrate(empty)
    assert "open_orders" in raised.value.render(Language.ZH)
    with empty.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM open_orders")) == 0
        connection.execute(text("DROP VIEW open_orders"))
    migrate(empty)


def test_a_view_of_tables_that_stay_does_not_stop_new_views(fresh_store: Engine) -> None:
    with fresh_store.begin() as connection:
        connection.execute(text("CREATE VIEW public.open_orders AS SELECT key FROM canonical.purchase_order"))
        connection.execute(text("COMMENT ON SCHEMA facts IS 'of an older model'"))
        views.refresh(connection)
        assert connection.scalar(text("SELECT count(*) FROM open_orders")) == 0


def test_two_processes_may_migrate_an_empty_database_at_once(empty: Engine) -> None:
    url = empty.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    with empty.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM crossdock.signing_key")) == 1


# equations


@pytest.mark.parametrize("column", ["rows_total", "rows_above", "rows_header", "rows_skipped", "rows_read"])
def test_a_landing_whose_rows_do_not_add_up_is_refused(fresh_store: Engine, column: str) -> None:
    with fresh_store.begin() as connection:
        connection.execute(insert(tables.batch).values(BATCH))
    with pytest.raises(IntegrityError, match="every_row_is_accounted_for"), fresh_store.begin() as connection:
        connection.execute(insert(tables.batch).values(BATCH | {column: BATCH[column] + 1}))  # type: ignore[operator]  # a number


@pytest.mark.parametrize("column", ["read", "created", "updated", "unchanged", "stale", "folded", "parked", "rejected"])
def test_a_run_whose_records_do_not_add_up_is_refused(fresh_store: Engine, column: str) -> None:
    counted = {"run_id": 1, "started_at": NOW, "entity": "purchase_order"} | dict.fromkeys(
        ("created", "updated", "unchanged", "stale", "folded", "parked", "rejected"), 2
    )
    counted["read"] = 14
    with fresh_store.begin() as connection:
        ensure_partitions(connection, NOW)
        connection.execute(insert(tables.run_entity).values(counted))
        connection.execute(text("DELETE FROM crossdock.run_entity"))
    with pytest.raises(IntegrityError, match="every_record_is_accounted_for"), fresh_store.begin() as connection:
        connection.execute(insert(tables.run_entity).values(counted | {column: 99}))


def alerts(*channels: str) -> list[NewAlert]:
    return [NewAlert(None, 1, "opened", Recipient(channel, "x", WORDS), WORDS, WORDS) for channel in channels]


def test_alerts_add_up_through_every_change_of_status(hub: Hub) -> None:
    with hub.engine.begin() as connection:
        assert raise_alerts(connection, alerts("app", "app", "app", "robot", "none"), NOW) == 5
    account = (
        "SELECT channel, raised, delivered, merged, silenced, pending, dead FROM crossdock.alert_account ORDER BY 1"
    )
    assert hub.query(account) == [
        ("app", 3, 0, 0, 0, 3, 0),
        ("none", 1, 0, 0, 0, 0, 1),
        ("robot", 1, 0, 0, 0, 1, 0),
    ]
    first = "(SELECT min(id) FROM crossdock.alert WHERE status = 'pending')"
    for status in ("delivered", "merged", "silenced"):
        hub.do(f"UPDATE crossdock.alert SET status = '{status}' WHERE id = {first}")
    assert hub.query(account)[0] == ("app", 3, 1, 1, 1, 0, 0)


@pytest.mark.parametrize(
    "violation",
    [
        "INSERT INTO crossdock.alert (raised_at, kind, channel, recipient, reason, title, sentence) "
        "VALUES (now(), 'opened', 'app', 'x', '{}', '{}', '{}')",
        "UPDATE crossdock.alert_account SET raised = raised + 1",
        "UPDATE crossdock.alert_account SET pending = pending - 1, delivered = delivered + 2",
        "DELETE FROM crossdock.alert WHERE id = (SELECT min(id) FROM crossdock.alert)",
    ],
)
def test_an_alert_that_is_not_accounted_for_ends_the_transaction_at_its_commit(hub: Hub, violation: str) -> None:
    with hub.engine.begin() as connection:
        raise_alerts(connection, alerts("app", "app"), NOW)
    connection = hub.engine.connect()
    connection.execute(text(violation))  # deferred: only the whole transaction must add up
    with pytest.raises(IntegrityError, match="alerts on app but"):
        connection.commit()
    connection.close()
    assert hub.query("SELECT raised, pending FROM crossdock.alert_account") == [(2, 2)]


# roles


def as_rules(engine: Engine, sql: str) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('crossdock.now', '2026-11-22T01:30Z', true)"))
        connection.execute(text("SELECT set_config('crossdock.timezone', 'Asia/Shanghai', true)"))
        connection.execute(text(f"SET LOCAL ROLE {views.RULES_ROLE}"))
        connection.execute(text(sql))
        connection.rollback()


def test_the_role_of_rules_reads_every_view(fresh_store: Engine) -> None:
    assert set(views.names()) == {*SPECS, "change", "clock", "parked_run"}
    for name in views.names():
        as_rules(fresh_store, f"SELECT * FROM facts.{name}")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM crossdock.run",
        "SELECT * FROM crossdock.signing_key",
        "SELECT * FROM canonical.purchase_order",
        "INSERT INTO crossdock.rule_state VALUES ('a', 'b', now())",
        "UPDATE crossdock.incident SET status = 'resolved'",
        "DELETE FROM canonical.purchase_order",
        "INSERT INTO facts.party (source, key) VALUES ('a', 'b')",
        "DELETE FROM facts.change",
        "CREATE TABLE facts.mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "CREATE SCHEMA mine",
        "SELECT nextval('crossdock.run_id')",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_the_role_of_rules_can_do_nothing_else(fresh_store: Engine, sql: str) -> None:
    with pytest.raises(DBAPIError, match=r"denied|cannot|must be"):
        as_rules(fresh_store, sql)


def test_views_follow_the_model_and_keep_their_grants(hub: Hub) -> None:
    hub.do("COMMENT ON SCHEMA facts IS 'an older model'")
    hub.do("DROP VIEW facts.change")
    migrate(hub.engine)
    as_rules(hub.engine, "SELECT fields FROM facts.change")


def test_a_deleted_record_is_in_no_view(hub: Hub) -> None:
    hub.load(order_row(), order_row("PO-2"))
    hub.do("UPDATE canonical.purchase_order_line SET deleted_at = now() WHERE order_number = 'PO-2'")
    assert hub.column("SELECT order_number FROM facts.purchase_order_line") == ["PO-1"]


# opening


@pytest.mark.parametrize("given", ["mysql://a@b/c", "no url at all"])
def test_a_url_that_is_no_postgresql_is_refused_in_words(hub: Hub, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    assert_refused(hub.home, monkeypatch, given, ConfigError, "XD-CFG-036")


def test_a_server_that_is_not_there_is_a_transient_error(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_refused(hub.home, monkeypatch, "postgresql://a:b@127.0.0.1:1/c", TransientError, "XD-TMP-002")


def test_a_wrong_password_is_no_transient_error(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    url = hub.engine.url.set(password="wrong", drivername="postgresql").render_as_string(hide_password=False)
    assert_refused(hub.home, monkeypatch, url, AuthError, "XD-AUT-001")


def assert_refused(home: Home, monkeypatch: pytest.MonkeyPatch, url: str, kind: type[Exception], code: str) -> None:
    monkeypatch.setenv("CROSSDOCK_DATABASE_URL", url)

    def open_() -> None:
        with open_store(home):
            pass

    error = refused(open_)
    assert isinstance(error, kind)
    assert error.problem_code == code
    assert "wrong" not in str(error)


def test_any_number_of_values_can_be_asked_for(fresh_store: Engine) -> None:
    """`IN` takes 65,535 at most, as many as a statement has parameters."""
    many = list(range(70_000))
    with fresh_store.connect() as connection:
        found = select(literal(69_999).label("x")).subquery()
        assert connection.scalars(select(found.c.x).where(among(found.c.x, many))).all() == [69_999]
        assert connection.scalars(select(found.c.x).where(~among(found.c.x, many))).all() == []
        assert connection.scalars(select(found.c.x).where(~among(found.c.x, []))).all() == [69_999]


def test_a_clock_that_is_ahead_goes_by_that_of_the_server(fresh_store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def ahead() -> datetime:
        return utc_now() + timedelta(days=3)

    monkeypatch.setattr(database, "utc_now", ahead)
    with fresh_store.connect() as connection:
        of_server = clock_of(connection, ahead)()
        assert abs(of_server - connection.execute(text("SELECT clock_timestamp()")).scalar_one()) < timedelta(minutes=1)
        assert clock_of(connection, lambda: NOW)() == NOW


def test_a_lock_whose_connection_is_cut_spoils_nothing_of_what_was_done(fresh_store: Engine) -> None:
    with alone(fresh_store, "x", wait=True), fresh_store.begin() as connection:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert connection.execute(text(f"SELECT count(pg_terminate_backend(pid)) {others}")).scalar_one() == 1
    with alone(fresh_store, "x", wait=False) as is_alone:
        assert is_alone
