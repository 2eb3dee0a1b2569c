"""Replay of landed batches with today's mapping, and what is kept for how long."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from crossdock.pipeline import replay as replay_module
from crossdock.pipeline import retention
from crossdock.pipeline.guard import approve, discard
from crossdock.pipeline.replay import replay
from crossdock.pipeline.retention import prune
from tests.integration.hub import HEADER, LEAN, Hub, order_row, refused
from tests.unit.pipeline.test_complete import says

pytestmark = pytest.mark.store

WITH_ITEM = {
    **LEAN,
    "purchase_order_line": {"fields": LEAN["purchase_order_line"]["fields"] | {"remark": "concat('料 ', item)"}},
}


def test_a_new_field_of_the_mapping_reaches_back_to_all_that_was_landed(hub: Hub) -> None:
    hub.load(order_row("PO-1"), order_row("PO-2"), name="a.csv")
    hub.load(order_row("PO-2", quantity="300"), name="b.csv")
    hub.mapping("own/orders", WITH_ITEM, columns={"unit": ["单位"]})
    report = replay(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    assert hub.column("SELECT remark FROM canonical.purchase_order_line ORDER BY key") == ["料 000123"] * 2
    assert hub.line("ordered", "PO-2|10") == 300
    assert {one.entity: one.updated for one in report.run.entities}["purchase_order_line"] == 2
    assert hub.evaluate().opened == 0


def test_a_dry_run_shows_the_differences_and_writes_nothing(hub: Hub) -> None:
    hub.load(order_row("PO-1"), order_row("PO-2"))
    hub.mapping("own/orders", WITH_ITEM, columns={"unit": ["单位"]})
    report = replay(hub.home, hub.engine, "erp", "orders", dry_run=True, clock=hub.clock)
    assert not report.is_kept
    lines = next(one for one in report.differences if one.entity == "purchase_order_line")
    assert (lines.added, lines.removed, lines.changed, lines.same) == (0, 0, 2, 0)
    assert lines.sample[0] == ("PO-1|10", {"remark": [None, "料 000123"]})
    assert hub.column("SELECT remark FROM canonical.purchase_order_line") == [None, None]


def test_a_replay_with_an_unchanged_mapping_changes_nothing(hub: Hub) -> None:
    hub.load(order_row("PO-1"), order_row("PO-2"), name="a.csv")
    hub.load(order_row("PO-2", quantity="300"), name="b.csv")
    before = hub.changes
    replay(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    assert hub.changes == before
    report = replay(hub.home, hub.engine, "erp", "orders", dry_run=True, clock=hub.clock)
    assert all(one.added + one.removed + one.changed == 0 for one in report.differences)


def test_records_are_made_anew_under_another_key(hub: Hub) -> None:
    hub.load(order_row("PO-1"), order_row("PO-2"))
    other = {**LEAN, "purchase_order_line": {**LEAN["purchase_order_line"], "key": ["order_number", "item"]}}
    hub.mapping("own/orders", other, columns={"unit": ["单位"]})
    hub.put("b.csv", [order_row("PO-3")])
    assert hub.sync().status == "parked"
    report = replay(hub.home, hub.engine, "erp", "orders", rekey=True, clock=hub.clock)
    lines = next(one for one in report.differences if one.entity == "purchase_order_line")
    assert (lines.added, lines.removed) == (2, 2)
    assert hub.sync().status == "succeeded"
    keys = hub.column("SELECT key FROM canonical.purchase_order_line ORDER BY key")
    assert keys == ["PO-1|000123", "PO-2|000123", "PO-3|000123"]


def test_a_deletion_is_replayed_in_its_place(hub: Hub) -> None:
    orders = {"config": {"files": "*.*", "minimum_age_seconds": 0}, "mapping": ["own/orders"], "complete": True}
    hub.write(
        "sources/erp.yaml",
        {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": {"orders": orders}},
    )
    hub.load(order_row("PO-1"), order_row("PO-2"), name="a.csv")
    hub.load(order_row("PO-2"), name="b.csv")
    for _ in range(2):
        replay(hub.home, hub.engine, "erp", "orders", rekey=True, clock=hub.clock)
        alive = hub.column("SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL")
        assert alive == ["PO-2|10"]


def test_what_has_had_its_time_is_removed_and_replay_says_so(hub: Hub) -> None:
    hub.settings(retention={"landing_days": 30, "history_months": 2})
    hub.load(order_row("PO-1"), name="a.csv")
    url = Path(hub.one("SELECT data_url FROM crossdock.batch"))
    assert prune(hub.home, hub.engine, clock=hub.clock).batches == 0
    hub.clock.forward(days=31)
    assert prune(hub.home, hub.engine, dry_run=True, clock=hub.clock).batches == 1
    assert url.is_file()
    done = prune(hub.home, hub.engine, clock=hub.clock)
    assert (done.batches, done.files, done.replay_from) == (1, 2, None)
    assert not url.exists()
    assert hub.one("SELECT rows_read FROM crossdock.batch") == 1, "its account stays"
    error = refused(lambda: replay(hub.home, hub.engine, "erp", "orders", rekey=True, clock=hub.clock))
    assert error.problem_code == "XD-CFG-142"
    assert hub.line("ordered") == 500


def test_a_file_that_comes_again_while_its_old_copy_is_removed_keeps_its_original(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.settings(retention={"landing_days": 1})
    hub.load(order_row("PO-1"), name="a.csv")
    hub.clock.forward(days=2)  # still the same month, so the same place
    expire = retention._expire

    def after_it_came_again(*of_stream: Any) -> object:
        hub.load(order_row("PO-1"), name="b.csv")
        return expire(*of_stream)

    monkeypatch.setattr(retention, "_expire", after_it_came_again)
    assert prune(hub.home, hub.engine, clock=hub.clock).batches == 1
    kept = hub.one("SELECT original_url FROM crossdock.batch WHERE status = 'applied'")
    assert Path(kept).is_file()


def test_old_history_goes_with_its_partition(hub: Hub) -> None:
    hub.settings(retention={"history_months": 1})
    hub.load(order_row("PO-1"))
    hub.clock.forward(days=70)
    gone = prune(hub.home, hub.engine, clock=hub.clock).partitions
    assert any(name.startswith("run_2") for name in gone)
    assert hub.one("SELECT count(*) FROM crossdock.run") == 0
    assert hub.line("ordered") == 500


def test_what_still_waits_is_kept(hub: Hub) -> None:
    hub.settings(retention={"landing_days": 1})
    hub.load(order_row("PO-1", unit="噗"))
    hub.clock.forward(days=10)
    assert prune(hub.home, hub.engine, clock=hub.clock).batches == 0
    assert hub.clock() - timedelta(days=9) > hub.one("SELECT landed_at FROM crossdock.batch")


def test_a_stream_whose_history_is_gone_is_no_first_load_again(hub: Hub) -> None:
    hub.settings(retention={"history_months": 1})
    assert hub.load(order_row("PO-1"), name="a.csv").is_baseline
    hub.clock.forward(days=70)
    assert prune(hub.home, hub.engine, clock=hub.clock).partitions
    report = hub.load(order_row("PO-2"), name="b.csv")
    assert (report.status, report.is_baseline) == ("succeeded", False)


def test_the_history_of_a_file_that_waits_for_a_person_is_kept(hub: Hub) -> None:
    hub.settings(retention={"history_months": 1})
    says(hub, drift="park")
    hub.load(order_row("PO-1"), name="a.csv")
    hub.put("b.csv", [[*order_row("PO-2"), "x"]], header=(*HEADER, "备注"))
    asked = hub.sync()
    assert asked.status == "parked"
    hub.clock.forward(days=70)
    assert prune(hub.home, hub.engine, clock=hub.clock).partitions == ()
    discard(hub.engine, asked.run_id, hub.clock)
    assert prune(hub.home, hub.engine, clock=hub.clock).partitions


def test_old_history_goes_while_a_run_is_under_way(hub: Hub) -> None:
    hub.settings(retention={"history_months": 1})
    hub.load(order_row("PO-1"), name="a.csv")
    hub.clock.forward(days=70)
    with ThreadPoolExecutor(1) as beside, hub.engine.begin() as running:
        running.execute(text("SELECT FROM crossdock.run"))
        pruned = beside.submit(prune, hub.home, hub.engine, clock=hub.clock)
        while not hub.one("SELECT count(*) FROM pg_locks WHERE NOT granted") and not pruned.done():
            time.sleep(0.01)
        running.execute(text("SELECT FROM crossdock.change"))  # as a run does, after it has found its own record
        running.commit()
        assert pruned.result(timeout=30).partitions


def test_held_rows_go_with_the_files_in_which_they_stood(hub: Hub) -> None:
    hub.settings(retention={"landing_days": 1})
    hub.load(order_row(quantity="?"), order_row("PO-2"))
    assert hub.one("SELECT count(*) FROM crossdock.held_row") == 1
    hub.clock.forward(days=2)
    prune(hub.home, hub.engine, clock=hub.clock)
    assert hub.one("SELECT count(*) FROM crossdock.held_row") == 0


@pytest.mark.parametrize("policy", ["park", "freeze"])
def test_what_was_approved_is_replayed_as_often_as_one_likes_and_asks_no_more(hub: Hub, policy: str) -> None:
    says(hub, drift=policy)
    hub.load(order_row("PO-1"), name="a.csv")
    wider, narrower = (*HEADER, "备注2"), HEADER[:-1]
    hub.put("b.csv", [[*order_row("PO-2"), "x"]], header=wider)
    hub.put("c.csv", [order_row("PO-3")[:-1]], header=narrower)
    hub.put("d.csv", [order_row("PO-4", item="4500001.0"), order_row("PO-4", "20", item="4500002.0")])
    for _ in range(3):
        run = hub.sync()
        if run.status != "idle" and any(file.problem for file in run.files):
            approve(hub.engine, run.run_id)
    stored = "SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL ORDER BY key"
    went_in = ["PO-1|10", "PO-2|10", "PO-3|10", "PO-4|10", "PO-4|20"]
    assert hub.column(stored) == went_in
    for _ in range(2):
        report = replay(hub.home, hub.engine, "erp", "orders", rekey=True, clock=hub.clock)
        assert {file.status for file in report.run.files} == {"applied"}
        assert hub.column(stored) == went_in


def test_records_are_not_made_anew_where_no_mapping_fits_one_of_their_files(hub: Hub) -> None:
    hub.load(order_row("PO-1"), name="a.csv")
    other = {**LEAN, "purchase_order_line": {"fields": {**LEAN["purchase_order_line"]["fields"], "remark": "新列"}}}
    other["purchase_order"] = {"fields": {"order_number": "新单号"}}
    hub.mapping("own/orders", other, columns={"unit": ["单位"]})
    report = replay(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    assert [file.status for file in report.run.files] == ["parked"]
    error = refused(lambda: replay(hub.home, hub.engine, "erp", "orders", rekey=True, clock=hub.clock))
    assert "a.csv" in str(error)
    assert hub.column("SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL") == ["PO-1|10"]


def test_what_was_set_aside_never_went_in_also_when_it_has_had_its_time(hub: Hub) -> None:
    hub.settings(retention={"landing_days": 1})
    says(hub, guard={"issues": "10%", "rows": 1})
    run = hub.load(order_row("PO-1", unit="噗"), name="a.csv")
    discard(hub.engine, run.run_id, hub.clock)
    hub.clock.forward(days=2)
    assert prune(hub.home, hub.engine, clock=hub.clock).batches == 1
    assert prune(hub.home, hub.engine, clock=hub.clock).batches == 0
    assert hub.column("SELECT status FROM crossdock.batch") == ["superseded"]
    assert hub.load(order_row("PO-2"), name="b.csv").is_baseline
    assert replay(hub.home, hub.engine, "erp", "orders", rekey=True, clock=hub.clock).run.status == "succeeded"


def test_a_damaged_file_goes_with_its_time_and_what_waits_can_be_set_aside_however_late(hub: Hub) -> None:
    hub.settings(retention={"landing_days": 1, "history_months": 1})
    says(hub, config={"files": "*.*", "minimum_age_seconds": 0})
    hub.put("a.csv", [["1"]], header=("什么",))
    hub.put_bytes("b.xlsx", b"PK\x03\x04 half")
    waits = hub.sync()
    hub.clock.forward(days=100)
    assert prune(hub.home, hub.engine, clock=hub.clock).batches == 1
    found = hub.query("SELECT name, status FROM crossdock.batch ORDER BY name")
    assert [tuple(row) for row in found] == [("a.csv", "parked"), ("b.xlsx", "superseded")]
    discard(hub.engine, waits.run_id, hub.clock)
    assert hub.column("SELECT DISTINCT status FROM crossdock.batch") == ["superseded"]


def test_what_is_being_replayed_is_not_removed_meanwhile(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.settings(retention={"landing_days": 1})
    hub.load(order_row("PO-1"), name="a.csv")
    hub.clock.forward(days=2)
    take_out, status = replay_module._take_out, "SELECT status FROM crossdock.batch"
    with ThreadPoolExecutor(1) as beside:

        def while_old_files_go(*of_run: Any) -> None:
            pruned.append(beside.submit(prune, hub.home, hub.engine, clock=hub.clock))
            while not hub.one("SELECT count(*) FROM pg_locks WHERE NOT granted") and not pruned[0].done():
                time.sleep(0.01)
            take_out(*of_run)

        pruned: list[Any] = []
        monkeypatch.setattr(replay_module, "_take_out", while_old_files_go)
        replay(hub.home, hub.engine, "erp", "orders", rekey=True, clock=hub.clock)
        assert pruned[0].result(timeout=30).batches == 1
    assert hub.column(status) == ["expired"]
    error = refused(lambda: replay(hub.home, hub.engine, "erp", "orders", rekey=True, clock=hub.clock))
    assert error.problem_code == "XD-CFG-142"


def test_what_other_streams_stated_of_records_that_got_other_keys_can_be_stated_anew(hub: Hub) -> None:
    fields = {"order_number": "order_number", "line_number": "line_number"}
    dates = {"purchase_order_line": {"fields": fields | {"requested_on": "date(requested_on)"}}}

    def keyed(*key: str) -> None:
        ordered = {"key": list(key), "fields": fields | {"ordered": "quantity(ordered, 'EA')"}}
        hub.mapping("own/orders", {"purchase_order_line": ordered})

    keyed("order_number", "line_number")
    hub.mapping("own/dates", dates)
    second = {"config": {"files": "d*.csv", "minimum_age_seconds": 0}, "mapping": "own/dates"}
    hub.stream("own/orders", files="o*.csv", dates=second)
    hub.put("o1.csv", [["PO-1", "10", "5"]], header=("order_number", "line_number", "ordered"))
    hub.sync()
    days = [["PO-1", "10", "2026-12-01"]], ("order_number", "line_number", "requested_on")
    hub.put("d1.csv", days[0], header=days[1])
    hub.sync("dates")
    for key in (("line_number", "order_number"), ("order_number", "line_number")):
        keyed(*key)
        report = replay(hub.home, hub.engine, "erp", "orders", rekey=True, clock=hub.clock)
        assert report.bereft == ({"dates": 1} if key[0] == "line_number" else {})
    assert hub.line("requested_on") is None
    replay(hub.home, hub.engine, "erp", "dates", clock=hub.clock)
    assert str(hub.line("requested_on")) == "2026-12-01"
