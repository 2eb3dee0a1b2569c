"""The record of a run: how it ends, what a second try does, and what an outage leaves."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from canonical_model.errors import ConfigError, CrossdockError, MappingError, TransientError
from canonical_model.language import Text
from connectors.folder import FolderConnector
from crossdock.pipeline import apply, land
from tests.integration.hub import LEAN, Hub, StoreServer, counts, order_row, refused

pytestmark = pytest.mark.store


def runs(hub: Hub) -> list[tuple[Any, ...]]:
    return hub.query("SELECT status, problem ->> 'code' FROM crossdock.run ORDER BY id")


def nothing_written(hub: Hub) -> bool:
    tables = ("canonical.purchase_order", "canonical.purchase_order_line", "crossdock.cursor", "crossdock.run_entity",
              "crossdock.issue", "crossdock.change", "crossdock.held_row")  # fmt: skip
    return not any(hub.one(f"SELECT count(*) FROM {table}") for table in tables)


def break_mapping(hub: Hub) -> None:
    hub.mapping("own/orders", {"purchase_order": {"fields": {"order_number": "nosuch(order_number)"}}})


def break_name(hub: Hub) -> None:
    hub.stream("own/nowhere")


def remove_folder(hub: Hub) -> None:
    for path in hub.inbox.iterdir():
        path.unlink()
    hub.inbox.rmdir()


def test_a_fault_of_the_program_ends_the_run_and_none_of_its_words_are_kept(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.put("a.csv", [order_row()])
    with monkeypatch.context() as broken:
        broken.setattr(FolderConnector, "check", lambda _: int("13800138000 号"))
        with pytest.raises(ValueError, match="138"):
            hub.sync()
    assert runs(hub) == [("failed", "XD-RUN-001")]
    assert hub.one("SELECT finished_at IS NOT NULL FROM crossdock.run")
    assert "ValueError" in hub.one("SELECT problem ->> 'zh' FROM crossdock.run")
    assert "138" not in hub.one("SELECT problem::text FROM crossdock.run")
    assert counts(hub.sync()) == {"read": 1, "created": 1}


@pytest.mark.parametrize(
    ("spoil", "kind", "code"),
    [
        (break_mapping, MappingError, "XD-MAP"),
        (break_name, MappingError, "XD-MAP-003"),
        (remove_folder, ConfigError, "XD-CFG-050"),
    ],
)
def test_a_failed_run_says_why_and_the_next_one_completes_it(
    hub: Hub, spoil: Callable[[Hub], None], kind: type[CrossdockError], code: str
) -> None:
    hub.put("a.csv", [order_row()])
    spoil(hub)
    error = refused(hub.sync)
    assert isinstance(error, kind)
    assert error.problem_code.startswith(code)
    assert runs(hub) == [("failed", error.problem_code)]
    assert hub.one("SELECT finished_at IS NOT NULL FROM crossdock.run")
    assert nothing_written(hub)
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]})
    hub.stream("own/orders")
    hub.put("a.csv", [order_row()])
    report = hub.sync()
    assert counts(report)["created"] == 1
    assert runs(hub)[-1] == ("succeeded", None)


def test_an_unknown_source_or_stream_leaves_no_run(hub: Hub) -> None:
    for stream, source in (("nowhere", "erp"), ("orders", "nowhere")):
        assert refused(lambda s=stream, f=source: hub.sync(s, f)).problem_code == "XD-CFG-003"  # type: ignore[misc]  # bound now
    assert runs(hub) == []


def test_a_second_try_of_a_run_that_ended_changes_nothing(hub: Hub) -> None:
    """As Airflow does with a task whose worker died after the commit."""
    hub.put("a.csv", [order_row(), order_row("PO-2", quantity="?")])
    first = hub.sync()
    before = hub.query("SELECT * FROM crossdock.run")
    again = apply(hub.home, hub.engine, first.run_id, clock=hub.clock)
    assert (again.status, again.entities) == (first.status, first.entities)
    assert hub.query("SELECT * FROM crossdock.run") == before


def test_a_second_try_of_a_failed_run_ends_it_well(hub: Hub) -> None:
    hub.put("a.csv", [order_row()])
    run_id = land(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    break_mapping(hub)
    refused(lambda: apply(hub.home, hub.engine, run_id, clock=hub.clock))
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]})
    assert apply(hub.home, hub.engine, run_id, clock=hub.clock).status == "succeeded"
    assert runs(hub) == [("succeeded", None)]


def test_a_file_that_cannot_be_put_away_leaves_the_run_a_success_and_is_put_away_later(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.put("a.csv", [order_row()])

    def refuse(self: object, *_: object, **__: object) -> None:
        raise TransientError(Text("移不动", "cannot be moved"))

    with monkeypatch.context() as patched:
        patched.setattr(FolderConnector, "acknowledge", refuse)
        assert isinstance(refused(hub.sync), TransientError)
    assert runs(hub) == [("succeeded", None)]
    assert hub.files == ["a.csv"]
    assert hub.sync().status == "idle"
    assert hub.files == ["done/a.csv"]
    assert hub.one("SELECT is_acknowledged FROM crossdock.cursor")


# PostgreSQL goes away


MOMENTS = {
    "while landing": "crossdock.pipeline.land.lock",
    "before mapping": "crossdock.pipeline.group.landed_rows",
    "before copying": "crossdock.store.partitions.copy_rows",
    "while deciding": "crossdock.pipeline.group.insert_all",
    "before issues": "crossdock.pipeline.work.copy_records",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_store_that_goes_away_in_mid_run_is_said_and_the_next_run_completes(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, moment: str, store_server: StoreServer
) -> None:
    hub.put("a.csv", [order_row(), order_row("PO-2", quantity="?")])
    module, name = MOMENTS[moment].rsplit(".", 1)
    original = getattr(sys.modules[module], name)

    def cutting(*arguments: Any, **named: Any) -> Any:
        with store_server.admin.connect() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
                {"name": hub.engine.url.database},
            )
        return original(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(sys.modules[module], name, cutting)
        error = refused(hub.sync)
    assert isinstance(error, TransientError)
    assert "PostgreSQL" in error.what.zh
    assert nothing_written(hub)
    assert hub.files == ["a.csv"]
    assert hub.column("SELECT status FROM crossdock.run") == ["failed"]
    report = hub.sync()
    assert counts(report) == {"read": 2, "created": 1, "rejected": 1}
    assert hub.files == ["done/a.csv"]


def test_a_store_that_goes_away_between_landing_and_applying_is_said_and_the_next_run_completes(hub: Hub) -> None:
    hub.put("a.csv", [order_row()])
    run_id = land(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    gone = create_engine(hub.engine.url.set(host="127.0.0.1", port=1, query={}))
    error = refused(lambda: apply(hub.home, gone, run_id, clock=hub.clock))
    assert isinstance(error, TransientError)
    assert error.problem_code == "XD-TMP-002"
    assert nothing_written(hub)
    report = hub.sync()
    assert counts(report) == {"read": 1, "created": 1}
    assert hub.one("SELECT count(*) FROM crossdock.batch") == 1, "what was landed is not landed again"


def test_many_wrong_rows_are_known_to_the_planner(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["crossdock.pipeline.apply"], "_MANY_ISSUES", 2)
    counted = "SELECT reltuples FROM pg_class WHERE oid = 'crossdock.held_row'::regclass"
    hub.load(order_row(quantity="?"))
    assert hub.one(counted) == -1, "nobody has counted"
    hub.load(order_row("PO-2", quantity="?"), order_row("PO-3", quantity="?"), name="b.csv")
    assert hub.one(counted) == 3


def test_a_first_load_is_known_to_the_planner(hub: Hub) -> None:
    hub.load(order_row(), order_row("PO-2"))
    assert (
        hub.one("SELECT count(*) FROM pg_stats WHERE tablename = 'purchase_order_line__erp' AND attname = 'source'")
        == 1
    )
    assert hub.one("SHOW default_statistics_target") == "100"
