"""The accounts of a run hold for any file, and a row that goes missing on the way breaks them."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from canonical_model.errors import CrossdockError, StoreError
from connectors.folder import connector
from crossdock.pipeline import merge
from mappings.engine import MappingRun
from tests.integration.hub import HEADER, Hub, StoreServer, accounted, order_row, refused

pytestmark = pytest.mark.store

ROWS = st.lists(
    st.builds(
        order_row,
        number=st.sampled_from(["PO-1", "PO-2", "PO-3", "", "合计"]),
        line=st.sampled_from(["10", "20", ""]),
        ordered_on=st.sampled_from(["2026-11-21", "2026-11-22", "昨天", ""]),
        item=st.sampled_from(["000123", "000124", "", "x" * 70]),
        quantity=st.sampled_from(["500", "500.0", "300", "", "?", "-1", "1" * 30]),
        unit=st.sampled_from(["个", "PCS", "箱", "", "大概"]),
        due=st.sampled_from(["2026-12-01", "2026年12月1日", "12/13/2026", "2026-02-30", ""]),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def shared(store_server: StoreServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One deployment for all examples, so that each finds what those before it stored."""
    with store_server.fresh() as engine:
        yield Hub(tmp_path_factory.mktemp("accounts") / "home", engine)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(ROWS, min_size=1, max_size=3))
def test_every_row_of_any_file_is_somewhere(shared: Hub, files: list[list[list[object]]]) -> None:
    before = stored(shared)
    for number, rows in enumerate(files):
        shared.put(f"{number}.csv", rows)
    report = shared.sync()
    for file, rows in zip(report.files, files, strict=False):
        assert file.rows_total == file.rows_above + file.rows_header + file.rows_skipped + file.rows_read
        assert file.rows_total == len(rows) + 1 or len(files) > 1
    read = sum(file.rows_read for file in report.files if file.status == "applied")
    judged = read + report.waited
    assert [one.read for one in report.entities] in ([], [judged, judged])
    found = {one.entity: accounted(one) for one in report.entities}
    now = stored(shared)
    for entity in before:
        assert now[entity] - before[entity] == found.get(entity, {}).get("created", 0)
    held = shared.one("SELECT count(*) FROM crossdock.held_row WHERE run_id = :run", run=report.run_id)
    assert held == sum(one.parked + one.rejected for one in report.entities)
    changed = shared.one("SELECT count(*) FROM crossdock.change WHERE run_id = :run", run=report.run_id)
    assert changed == sum(one.updated for one in report.entities)
    issues = shared.one("SELECT count(*) FROM crossdock.issue WHERE run_id = :run", run=report.run_id)
    assert issues == report.issue_count
    assert held == 0 or issues > 0, "a row that is held says why"


def stored(hub: Hub) -> dict[str, int]:
    return {
        entity: hub.one(f"SELECT count(*) FROM canonical.{entity}")
        for entity in ("purchase_order", "purchase_order_line")
    }


def lose(function: Callable[..., Any], sql: str) -> Callable[..., Any]:
    """`function`, after which one row goes missing by `sql`."""

    def losing(connection: Connection, *arguments: Any, **named: Any) -> Any:
        result = function(connection, *arguments, **named)
        connection.exec_driver_sql(sql)
        return result

    return losing


def lose_while_staging(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = lose(merge.stage, "DELETE FROM stage_purchase_order WHERE key = 'PO-2'")
    monkeypatch.setattr(sys.modules["crossdock.pipeline.group"], "stage", lost)


def lose_while_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    good = MappingRun.good

    def losing(self: MappingRun, entity: Any, *arguments: Any) -> Any:
        self._db.execute(f"DELETE FROM rows_{entity.entity.name} WHERE key LIKE 'PO-2%'")
        return good(self, entity, *arguments)

    monkeypatch.setattr(MappingRun, "good", losing)


def lose_while_holding(monkeypatch: pytest.MonkeyPatch) -> None:
    held = MappingRun.held
    monkeypatch.setattr(MappingRun, "held", lambda self, entity: list(held(self, entity))[:-1])


@pytest.mark.parametrize("thief", [lose_while_staging, lose_while_mapping, lose_while_holding])
def test_a_row_that_is_lost_between_landing_and_outcome_fails_the_commit(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, thief: Callable[[pytest.MonkeyPatch], None]
) -> None:
    hub.put("first.csv", [order_row("PO-0")])
    hub.sync()
    before = hub.one("SELECT position FROM crossdock.cursor")
    hub.put("a.csv", [order_row("PO-1"), order_row("PO-2"), order_row("PO-3", quantity="?", ordered_on="?")])
    with monkeypatch.context() as patched:
        thief(patched)
        error: CrossdockError = refused(hub.sync)
    assert isinstance(error, StoreError)
    assert "every_record_is_accounted_for" in error.what.en
    assert stored(hub) == {"purchase_order": 1, "purchase_order_line": 1}
    assert hub.one("SELECT position FROM crossdock.cursor") == before
    assert hub.files == ["a.csv", "done/first.csv"]
    report = hub.sync()
    assert {one.entity: one.created for one in report.entities} == {"purchase_order": 2, "purchase_order_line": 2}
    assert hub.files == ["done/a.csv", "done/first.csv"]


def test_a_row_that_is_lost_while_landing_is_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = connector._batch

    def losing(*arguments: Any) -> Any:
        whole = batch(*arguments)
        return replace(whole, counts=replace(whole.counts, read=whole.counts.read - 1))

    monkeypatch.setattr(connector, "_batch", losing)
    hub.put("a.csv", [order_row()])
    error = refused(hub.sync)
    assert "every_row_is_accounted_for" in error.what.en
    assert hub.one("SELECT count(*) FROM crossdock.batch") == 0


def test_the_columns_of_the_header_are_those_that_the_strategy_fills() -> None:
    assert len(HEADER) == len(order_row())
