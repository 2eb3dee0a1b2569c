"""Deletions, the guard, drift, and what is judged again."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from importlib import import_module
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from sqlalchemy import Engine

from canonical_model.language import Language
from connectors.base import ROW, Batch, Cursor, Origin, RowCounts
from connectors.folder import FolderConnector
from crossdock.pipeline import apply, land
from crossdock.pipeline.guard import approve, discard
from tests.integration.hub import HEADER, LEAN, NOW, Hub, counts, order_row, refused

pytestmark = pytest.mark.store
applying = import_module("crossdock.pipeline.apply")  # the package gives the function by that name


def says(hub: Hub, **settings: object) -> None:
    """The stream of orders with these settings."""
    orders = {"config": {"files": "*.*", "minimum_age_seconds": 0}, "mapping": ["own/orders"]} | settings
    source = {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": {"orders": orders}}
    hub.write("sources/erp.yaml", source)


def alive(hub: Hub) -> list[str]:
    return hub.column("SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL ORDER BY key")


def test_what_a_complete_file_no_longer_holds_was_deleted(hub: Hub) -> None:
    says(hub, complete=True)
    hub.load(order_row("PO-1"), order_row("PO-2"))
    report = hub.load(order_row("PO-2"))
    assert alive(hub) == ["PO-2|10"]
    assert {one.entity: one.deleted for one in report.entities} == {"purchase_order": 1, "purchase_order_line": 1}
    assert hub.one("SELECT fields -> 'deleted_at' ->> 0 IS NULL FROM crossdock.change WHERE key = 'PO-1|10'")
    assert hub.column("SELECT source_hash IS NULL FROM canonical.purchase_order_line ORDER BY deleted_at") == [
        True,
        False,
    ]


def test_a_record_that_comes_back_is_alive_again(hub: Hub) -> None:
    says(hub, complete=True)
    hub.load(order_row("PO-1"), order_row("PO-2"))
    hub.load(order_row("PO-2"))
    report = hub.load(order_row("PO-1"), order_row("PO-2"))
    assert alive(hub) == ["PO-1|10", "PO-2|10"]
    assert counts(report) == {"read": 2, "updated": 1, "unchanged": 1}


def test_an_incomplete_file_deletes_nothing(hub: Hub) -> None:
    hub.load(order_row("PO-1"), order_row("PO-2"))
    hub.load(order_row("PO-2"))
    assert alive(hub) == ["PO-1|10", "PO-2|10"]


def test_a_row_that_was_held_is_not_missing(hub: Hub) -> None:
    says(hub, complete=True)
    hub.load(order_row("PO-1"), order_row("PO-2"))
    hub.load(order_row("PO-1", quantity="?"), order_row("PO-2"))
    assert alive(hub) == ["PO-1|10", "PO-2|10"]


def test_where_a_key_cannot_be_read_nothing_counts_as_deleted(hub: Hub) -> None:
    says(hub, complete=True)
    hub.load(order_row("PO-1"), order_row("PO-2"))
    report = hub.load(order_row("", quantity="5"), order_row("PO-2"))
    assert alive(hub) == ["PO-1|10", "PO-2|10"]
    assert "XD-DEL-001" in {issue.code for issue in report.issues}


def test_of_two_complete_files_in_one_run_the_later_one_counts(hub: Hub) -> None:
    says(hub, complete=True)
    hub.load(order_row("PO-1"), order_row("PO-2"), order_row("PO-3"))
    hub.put("a.csv", [order_row("PO-1"), order_row("PO-2")])
    hub.put("b.csv", [order_row("PO-2")])
    hub.sync()
    assert alive(hub) == ["PO-2|10"]


def test_a_second_complete_file_of_one_run_is_compared_with_what_the_first_has_written(hub: Hub) -> None:
    says(hub, complete=True)
    hub.load(order_row("PO-1", quantity="500"), order_row("PO-2"))
    hub.put("a.csv", [order_row("PO-1", quantity="300"), order_row("PO-2")])
    hub.put("b.csv", [order_row("PO-1", quantity="500"), order_row("PO-2")])
    hub.sync()
    assert [fields["ordered"] for _, _, fields in hub.changes] == [["500", "300"], ["300", "500"]]


def test_a_line_that_left_a_whole_document_was_deleted(hub: Hub) -> None:
    says(hub, complete="document")
    hub.load(order_row("PO-1", line="10"), order_row("PO-1", line="20"), order_row("PO-2"))
    hub.load(order_row("PO-1", line="20", quantity="7"))
    assert alive(hub) == ["PO-1|20", "PO-2|10"]


def test_a_complete_read_speaks_only_for_its_scope(hub: Hub) -> None:
    with_supplier = {**LEAN["purchase_order"]["fields"], "supplier": "supplier"}
    hub.mapping("own/orders", LEAN | {"purchase_order": {"fields": with_supplier}}, columns={"unit": ["单位"]})
    says(hub, complete=True, scope=["supplier"])
    hub.load(order_row("PO-1", supplier="A"), order_row("PO-2", supplier="A"), order_row("PO-3", supplier="B"))
    hub.load(order_row("PO-2", supplier="A"))
    orders = hub.column("SELECT key FROM canonical.purchase_order WHERE deleted_at IS NULL ORDER BY key")
    assert orders == ["PO-2", "PO-3"]
    assert alive(hub) == ["PO-2|10", "PO-3|10"]


def test_a_scope_that_nothing_states_is_refused(hub: Hub) -> None:
    says(hub, complete=True, scope=["warehouse"])
    hub.load(order_row("PO-1"))
    hub.put("b.csv", [order_row("PO-2")])
    error = refused(hub.sync)
    assert error.problem_code == "XD-CFG-141"
    assert "warehouse" in error.render(Language.ZH)


def test_a_run_beyond_its_guard_stores_nothing_and_asks(hub: Hub) -> None:
    says(hub, complete=True, guard={"deleted": "50%", "rows": 2})
    hub.load(order_row("PO-1"), order_row("PO-2"), order_row("PO-3"))
    report = hub.load(order_row("PO-3"))
    assert report.status == "parked"
    assert report.question is not None
    assert "3 条里有 2 条要删除，超过了上限 50%" in report.question.zh
    assert alive(hub) == ["PO-1|10", "PO-2|10", "PO-3|10"]
    sample = hub.one("SELECT problem -> 'sample' FROM crossdock.run WHERE id = :run", run=report.run_id)
    assert [one["key"] for one in sample] == ["PO-1", "PO-2"]
    assert hub.one("SELECT count(*) FROM crossdock.change") == 0


def test_what_was_approved_goes_in(hub: Hub) -> None:
    says(hub, complete=True, guard={"deleted": "50%", "rows": 2})
    hub.load(order_row("PO-1"), order_row("PO-2"), order_row("PO-3"))
    asked = hub.load(order_row("PO-3"))
    assert approve(hub.engine, asked.run_id) == ("erp", "orders")
    report = hub.sync()
    assert report.status == "succeeded"
    assert alive(hub) == ["PO-3|10"]


def test_what_was_discarded_is_never_applied(hub: Hub) -> None:
    says(hub, complete=True, guard={"deleted": "50%", "rows": 2})
    hub.load(order_row("PO-1"), order_row("PO-2"), order_row("PO-3"))
    asked = hub.load(order_row("PO-3"))
    discard(hub.engine, asked.run_id)
    assert hub.sync().status == "idle"
    assert len(alive(hub)) == 3
    assert [name for name in hub.files if name.startswith("failed/")]


def test_a_run_of_which_nothing_waits_cannot_be_approved(hub: Hub) -> None:
    report = hub.load(order_row())
    error = refused(lambda: approve(hub.engine, report.run_id))
    assert error.problem_code == "XD-CFG-140"


@pytest.mark.parametrize("decide", [approve, discard])
def test_what_was_landed_after_a_run_is_not_decided_with_it_whatever_the_clock_says(
    hub: Hub, decide: Callable[[Engine, int], object]
) -> None:
    says(hub, guard={"changed": "10%", "rows": 1})
    hub.load(order_row(quantity="5"), name="a.csv")
    asked = hub.load(order_row(quantity="6"), name="b.csv")
    assert asked.status == "parked"
    hub.put("c.csv", [order_row("PO-2")])
    land(hub.home, hub.engine, "erp", "orders", clock=lambda: hub.clock() - timedelta(seconds=2))
    decide(hub.engine, asked.run_id)
    assert hub.column("SELECT is_approved FROM crossdock.batch WHERE name = 'c.csv'") == [False]
    assert hub.column("SELECT status FROM crossdock.batch WHERE name = 'c.csv'") == ["landed"]
    hub.sync()
    hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-2|10"]


def test_a_share_of_bad_rows_beyond_the_guard_parks_the_file(hub: Hub) -> None:
    says(hub, guard={"issues": "30%", "rows": 2})
    report = hub.load(order_row("PO-1"), order_row("PO-2", quantity="?"), order_row("PO-3", quantity="?"))
    assert report.status == "parked"
    assert alive(hub) == []


def test_a_parked_row_goes_in_by_itself_once_the_mapping_knows_its_unit(hub: Hub) -> None:
    hub.load(order_row("PO-1"), order_row("PO-2", unit="噗"))
    assert alive(hub) == ["PO-1|10"]
    assert hub.sync().status == "idle", "nothing has changed, so nothing is judged again"
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]}, codes={"unit": {"噗": "XCS"}})
    report = hub.sync()
    assert report.waited == 1
    assert counts(report) == {"read": 1, "created": 1}
    assert alive(hub) == ["PO-1|10", "PO-2|10"]
    assert hub.sync().status == "idle"


def test_a_line_goes_in_by_itself_once_its_header_is_good(hub: Hub) -> None:
    hub.load(order_row("PO-1", ordered_on="?"), order_row("PO-2"))
    assert alive(hub) == ["PO-2|10"]
    report = hub.load(order_row("PO-1", line="20"), name="later.csv")
    assert report.waited == 1
    assert alive(hub) == ["PO-1|10", "PO-1|20", "PO-2|10"] or alive(hub) == ["PO-1|20", "PO-2|10"]


def test_a_parked_file_goes_in_by_itself_once_a_mapping_fits(hub: Hub) -> None:
    hub.put("a.csv", [order_row()], header=["Bestellung", *HEADER[1:]])
    assert hub.sync().status == "parked"
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"], "order_number": ["Bestellung"]})
    report = hub.sync()
    assert counts(report) == {"read": 1, "created": 1}
    assert hub.column("SELECT status FROM crossdock.batch") == ["applied"]


@pytest.mark.parametrize(("policy", "status"), [("evolve", "succeeded"), ("freeze", "succeeded"), ("park", "parked")])
def test_a_new_column_goes_by_the_policy(hub: Hub, policy: str, status: str) -> None:
    says(hub, drift=policy)
    short = HEADER[:-1]
    hub.put("a.csv", [order_row()[:-1]], header=short)
    hub.sync()
    hub.put("b.csv", [order_row()], header=HEADER)
    report = hub.sync()
    assert report.status == status
    assert (hub.line("requested_on") is not None) == (policy == "evolve")
    if policy == "park":
        (file,) = report.files
        assert file.problem is not None
        assert HEADER[-1] in file.problem.zh
        approve(hub.engine, report.run_id)
        assert hub.sync().status == "succeeded"
        assert hub.line("requested_on") is not None


def test_a_file_that_asks_beside_one_that_went_in_can_be_approved(hub: Hub) -> None:
    says(hub, drift="park")
    hub.load(order_row("PO-1"), name="a.csv")
    hub.put("b.csv", [order_row("PO-2")])
    hub.put("c.csv", [[*order_row("PO-3"), "x"]], header=(*HEADER, "备注"))
    report = hub.sync()
    assert report.status == "succeeded"
    assert alive(hub) == ["PO-1|10", "PO-2|10"]
    (asked,) = (one.problem.zh for one in report.files if one.problem)
    assert f"crossdock run approve {report.run_id}" in asked

    approve(hub.engine, report.run_id)
    hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-2|10", "PO-3|10"]


def test_an_approved_sheet_goes_in_though_the_cursor_is_past_its_file(hub: Hub) -> None:
    says(hub, drift="park")
    hub.load(order_row("PO-1"), name="a.csv")
    wider = [*HEADER, "备注2"], [[*order_row("PO-2"), "x"]]
    hub.put_bytes("b.xlsx", sheets(wider, (list(HEADER), [order_row("PO-3")])))
    run = hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-3|10"]
    approve(hub.engine, run.run_id)
    assert hub.sync().status == "succeeded"
    assert alive(hub) == ["PO-1|10", "PO-2|10", "PO-3|10"]


def test_an_approved_file_that_stays_in_the_inbox_goes_in_and_no_later_one_comes_twice(hub: Hub) -> None:
    staying = {"files": "*.*", "minimum_age_seconds": 0, "done": None, "failed": None}
    says(hub, drift="park", config=staying)
    hub.load(order_row("PO-1"), name="a.csv")
    hub.put("b.csv", [[*order_row("PO-2"), "x"]], header=(*HEADER, "备注2"))
    run = hub.sync()
    hub.load(order_row("PO-3"), name="c.csv")
    approve(hub.engine, run.run_id)
    assert [file.name for file in hub.sync().files] == ["b.csv"]
    assert alive(hub) == ["PO-1|10", "PO-2|10", "PO-3|10"]
    assert hub.sync().status == "idle"
    assert hub.one("SELECT count(*) FROM crossdock.batch") == 3


def test_a_row_that_waits_is_judged_again_without_the_columns_that_were_left_out(hub: Hub) -> None:
    says(hub, drift="freeze")
    place = HEADER.index("采购员")
    narrow = [name for name in HEADER if name != "采购员"]
    row = order_row("PO-1")
    hub.put("a.csv", [row[:place] + row[place + 1 :]], header=narrow)
    hub.sync()
    hub.load(order_row("PO-2", unit="噗"), name="b.csv")
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]}, codes={"unit": {"噗": "H87"}})
    hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-2|10"]
    assert hub.column("SELECT buyer_contact FROM canonical.purchase_order") == [None, None]


def test_a_column_that_went_parks_a_frozen_stream(hub: Hub) -> None:
    says(hub, drift="freeze")
    hub.load(order_row())
    hub.put("b.csv", [order_row(quantity="1")[:-1]], header=HEADER[:-1])
    assert hub.sync().status == "parked"
    assert hub.line("ordered") == 500


def sheets(*tables: tuple[list[str], list[list[object]]]) -> bytes:
    """A workbook of one table on each sheet."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, (header, rows) in enumerate(tables):
        sheet = book.create_sheet(f"表{number}")
        for row in (header, *rows):
            sheet.append(row)
    memory = io.BytesIO()
    book.save(memory)
    return memory.getvalue()


WITH_REMARK = [*HEADER, "备注"]
ONE, TWO, THREE = (list(order_row(f"PO-{number}")) for number in (1, 2, 3))


@pytest.mark.parametrize("order", [("PO-1", "PO-2"), ("PO-2", "PO-1")])
def test_sheets_with_other_headers_are_one_complete_read(hub: Hub, order: tuple[str, str]) -> None:
    says(hub, complete=True)
    rows = {"PO-1": (list(HEADER), [ONE, THREE]), "PO-2": (WITH_REMARK, [[*TWO, "急"]])}
    hub.put_bytes("a.xlsx", sheets(*(rows[name] for name in order)))
    report = hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-2|10", "PO-3|10"]
    assert [one.deleted for one in report.entities] == [0, 0]
    rows["PO-1"] = (list(HEADER), [ONE])
    hub.put_bytes("b.xlsx", sheets(*(rows[name] for name in order)))
    hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-2|10"]
    rows["PO-1"] = (list(HEADER), [list(order_row("PO-1", quantity="7"))])
    hub.put_bytes("c.xlsx", sheets(*(rows[name] for name in order)))
    hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-2|10"]


def test_lines_of_a_document_on_two_sheets_with_other_headers_are_one_document(hub: Hub) -> None:
    says(hub, complete="document")
    first, second = order_row("PO-1", line="10"), order_row("PO-1", line="20")
    hub.put_bytes("a.xlsx", sheets((list(HEADER), [list(first)]), (WITH_REMARK, [[*second, ""]])))
    hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-1|20"]
    again = list(order_row("PO-1", line="10", quantity="7"))
    hub.put_bytes("b.xlsx", sheets((list(HEADER), [again]), (WITH_REMARK, [[*second, ""]])))
    hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-1|20"]
    hub.put_bytes("c.xlsx", sheets((list(HEADER), [again]), (WITH_REMARK, [[*order_row("PO-2"), ""]])))
    hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-2|10"]


def test_an_older_complete_file_that_comes_late_deletes_nothing(hub: Hub) -> None:
    says(hub, complete=True)
    hub.load(ONE, THREE, at=NOW - timedelta(days=3))
    hub.load(ONE, TWO, THREE, at=NOW)
    report = hub.load(ONE, TWO, at=NOW - timedelta(days=1))
    assert alive(hub) == ["PO-1|10", "PO-2|10", "PO-3|10"]
    assert "XD-DEL-002" in {issue.code for issue in report.issues}
    hub.load(ONE, at=NOW + timedelta(days=1))
    assert alive(hub) == ["PO-1|10"]


def test_a_file_of_which_a_sheet_waits_deletes_nothing_then_or_later(hub: Hub) -> None:
    says(hub, complete=True)
    hub.load(ONE, TWO, THREE)
    hub.put_bytes("b.xlsx", sheets((list(HEADER), [ONE]), (["料", "数"], [["A1", 5], ["A2", 6]])))
    report = hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-2|10", "PO-3|10"]
    assert "XD-DEL-003" in {issue.code for issue in report.issues}
    hub.mapping("own/stock", {"inventory_balance": {"fields": {"item": "料", "on_hand": "quantity(数, '个')"}}})
    says(hub, complete=True, mapping=["own/orders", "own/stock"])
    assert hub.sync().status == "succeeded"
    assert hub.column("SELECT item FROM canonical.inventory_balance WHERE deleted_at IS NULL ORDER BY 1") == [
        "A1",
        "A2",
    ]
    assert alive(hub) == ["PO-1|10", "PO-2|10", "PO-3|10"]


def test_the_partner_of_a_scope_may_have_any_sign_in_its_name(hub: Hub) -> None:
    says(hub, complete=True, scope=["partner"], config={"files": "{partner}/*.csv", "minimum_age_seconds": 0})
    for partner in ("a\\b", "a"):
        hub.put(f"{partner}/1.csv", [ONE, TWO])
    hub.sync()
    hub.put("a\\b/2.csv", [TWO])
    hub.sync()
    assert alive(hub) == ["a\\\\b|PO-2|10", "a|PO-1|10", "a|PO-2|10"]


def test_a_complete_file_of_one_partner_says_nothing_of_another(hub: Hub) -> None:
    orders = {
        "config": {"files": "{partner}/*.csv", "minimum_age_seconds": 0},
        "mapping": ["own/orders"],
        "complete": True,
    }
    source = {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": {"orders": orders}}
    hub.write("sources/erp.yaml", source)
    hub.put("a/1.csv", [order_row("PO-1"), order_row("PO-3")])
    hub.sync()
    hub.put("b/1.csv", [order_row("PO-2")])
    hub.sync()
    hub.put("a/2.csv", [order_row("PO-1")])
    hub.sync()
    assert alive(hub) == ["a|PO-1|10", "b|PO-2|10"]


def known(hub: Hub, **units: str) -> None:
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]}, codes={"unit": units})


def test_a_discard_while_files_are_moved_is_kept(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    says(hub, guard={"changed": "10%", "rows": 1}, config={"files": "*.*", "minimum_age_seconds": 0, "done": None})
    hub.load(order_row(quantity="5"), name="a.csv")
    first = hub.load(order_row(quantity="6"), name="b.csv")
    second = hub.load(order_row(quantity="7"), name="c.csv")
    approve(hub.engine, first.run_id)
    acknowledge = FolderConnector.acknowledge
    others: list[threading.Thread] = []

    def slow(self: FolderConnector, stream: str, cursor: Cursor, *, failed: Mapping[str, str]) -> Cursor:
        told = acknowledge(self, stream, cursor, failed=failed)
        if not others:
            others.append(threading.Thread(target=discard, args=(hub.engine, second.run_id, hub.clock)))
            others[0].start()
            others[0].join(0.5)
        return told

    run = land(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    monkeypatch.setattr(FolderConnector, "acknowledge", slow)
    apply(hub.home, hub.engine, run, clock=hub.clock)
    others[0].join()
    assert hub.sync().files == ()
    assert hub.line("ordered") == 6


@pytest.fixture
def asked(hub: Hub) -> Hub:
    """All stored rows would change, by rows that waited for a unit and now are judged again."""
    says(hub, guard={"changed": "10%", "rows": 1})
    hub.load(*[order_row(f"PO-{i}") for i in range(3)])
    hub.load(*[order_row(f"PO-{i}", unit="坨") for i in range(3)], name="b.csv")
    known(hub, 坨="KGM")
    assert hub.sync().status == "parked"
    return hub


def test_rows_that_waited_keep_within_the_guard_too_and_a_person_lets_them_in(asked: Hub) -> None:
    units = "SELECT DISTINCT ordered_unit FROM canonical.purchase_order_line"
    run = asked.one("SELECT max(id) FROM crossdock.run")
    assert asked.column(units) == ["H87"]
    approve(asked.engine, run)
    assert asked.sync().status == "succeeded"
    assert asked.column(units) == ["KGM"]
    assert not asked.one("SELECT bool_or(is_approved) FROM crossdock.batch")
    assert refused(lambda: approve(asked.engine, run)).problem_code == "XD-CFG-140"


def test_that_a_batch_was_approved_once_lets_nothing_else_of_it_through(hub: Hub) -> None:
    says(hub, guard={"changed": "40%", "rows": 1})
    hub.load(*[order_row(f"PO-{i}") for i in range(4)])
    rows = [order_row(f"PO-{i}", quantity="7", unit="个" if i < 2 else "坨") for i in range(4)]
    parked = hub.load(*rows, name="b.csv")
    approve(hub.engine, parked.run_id)
    assert hub.sync().status == "succeeded"
    known(hub, 坨="KGM")
    assert hub.sync().status == "parked", "the rows that waited are another question"


def test_rows_that_still_wait_are_no_bad_news_of_the_run_that_looks_at_them_again(hub: Hub) -> None:
    says(hub, guard={"issues": "40%", "rows": 2})
    for name in ("a.csv", "b.csv", "c.csv"):
        hub.load(*[order_row(f"{name}-{i}", unit="坨" if i == 0 else "个") for i in range(3)], name=name)
    known(hub, 堆="KGM")
    assert hub.sync().status == "succeeded"
    assert hub.load(*[order_row(f"PO-{i}") for i in range(3)], name="d.csv").status == "succeeded"


def test_a_row_waits_from_the_newest_file_that_has_it_and_no_more_once_one_is_right(hub: Hub) -> None:
    waiting = "SELECT batch_id FROM crossdock.held_row WHERE settled_run IS NULL ORDER BY id"
    says(hub)
    for day, unit in enumerate(("坨", "坨", "个")):
        at = NOW + timedelta(days=day)
        hub.put(f"{day}.csv", [order_row("PO-1"), order_row("PO-2", unit=unit)], at=at)
        hub.sync()
        assert hub.column(waiting) == [[1], [2], []][day]
    assert hub.column("SELECT key FROM canonical.purchase_order_line ORDER BY key") == ["PO-1|10", "PO-2|10"]


def test_a_sheet_does_not_end_the_waiting_of_a_row_on_another_sheet_of_its_file(hub: Hub) -> None:
    says(hub)
    book = openpyxl.Workbook()
    for sheet, unit in ((book.worksheets[0], "坨"), (book.create_sheet("二"), "个")):
        for row in (HEADER, order_row("PO-1", unit=unit)):
            sheet.append(list(row))
    memory = io.BytesIO()
    book.save(memory)
    hub.put_bytes("a.xlsx", memory.getvalue())
    hub.sync()
    assert hub.column("SELECT batch_id FROM crossdock.held_row WHERE settled_run IS NULL") == [1]


def test_an_older_file_that_comes_late_does_not_end_the_waiting_of_a_newer_one(hub: Hub) -> None:
    says(hub)
    for name, day in (("new.csv", 5), ("old.csv", 1)):
        hub.put(name, [order_row("PO-1"), order_row("PO-2", unit="坨")], at=NOW + timedelta(days=day))
        hub.sync()
    assert hub.column("SELECT batch_id FROM crossdock.held_row WHERE settled_run IS NULL ORDER BY id") == [1, 2]


def test_rows_that_waited_can_be_given_up(asked: Hub) -> None:
    run = asked.one("SELECT max(id) FROM crossdock.run")
    discard(asked.engine, run)
    assert asked.sync().status == "idle"
    assert refused(lambda: discard(asked.engine, run)).problem_code == "XD-CFG-140"


def test_nothing_is_discarded_that_a_run_is_taking_in(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    says(hub, guard={"changed": "10%", "rows": 1})
    hub.load(*[order_row(f"PO-{i}") for i in range(5)])
    parked = hub.load(*[order_row(f"PO-{i}", quantity="7") for i in range(5)], name="b.csv")
    approve(hub.engine, parked.run_id)
    close, said = applying.close, []

    def discarded() -> None:
        said.append(refused(lambda: discard(hub.engine, parked.run_id, hub.clock)).problem_code)

    other = threading.Thread(target=discarded)

    def slow_close(*given: Any, **named: Any) -> None:
        other.start()
        while not hub.one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            time.sleep(0.01)
        close(*given, **named)

    monkeypatch.setattr(applying, "close", slow_close)
    assert hub.sync().status == "succeeded"
    other.join()
    assert said == ["XD-CFG-140"]
    assert hub.column("SELECT status FROM crossdock.batch ORDER BY id") == ["applied", "applied"]


NESTED = {
    "purchase_order": {"fields": {"order_number": "no", "ordered_on": "date(day)"}},
    "purchase_order_line": {
        "each": "lines",
        "fields": {"order_number": "parent.no", "line_number": "n", "item": "i", "ordered": "quantity(q, 'EA')"},
    },
}


@pytest.mark.parametrize(("lines", "left"), [({"lines": []}, []), ({}, ["PO-1|10"]), ({"lines": None}, ["PO-1|10"])])
def test_a_document_without_lines_deletes_them_where_it_says_that_there_are_none(
    hub: Hub, lines: dict[str, object], left: list[str]
) -> None:
    hub.mapping("own/json", NESTED)
    says(hub, mapping=["own/json"])
    hub.put_bytes("a.json", json.dumps([{"no": "PO-1", "lines": [{"n": "10", "q": "5"}]}]).encode())
    hub.sync()
    hub.put_bytes("b.json", json.dumps([{"no": "PO-1", **lines}]).encode())
    hub.sync()
    assert alive(hub) == left


def test_a_document_that_is_refused_deletes_nothing(hub: Hub) -> None:
    hub.mapping("own/json", NESTED)
    says(hub, mapping=["own/json"])
    hub.put_bytes("a.json", json.dumps([{"no": "PO-1", "lines": [{"n": "10", "q": "5"}]}]).encode())
    hub.sync()
    hub.put_bytes("b.json", json.dumps([{"no": "PO-1", "day": "2026-02-30", "lines": []}]).encode())
    hub.sync()
    assert alive(hub) == ["PO-1|10"]


class Pages:
    """A source whose batches are pages, each called by its own name."""

    def __init__(self) -> None:
        self.pages: list[list[object]] = []

    def read(self, _: str, __: Cursor) -> Iterator[Batch]:
        for number, page in enumerate(self.pages):
            documents = pa.array([json.dumps(one) for one in page], pa.string())
            table = pa.table({"json": documents, ROW: pa.array(range(1, len(page) + 1), pa.int64())})
            counts = RowCounts(len(page), read=len(page))
            yield Batch(table, {"at": f"{number} of {page}"}, Origin(f"page {number}"), counts)


def test_half_of_a_read_does_not_forget_what_the_other_half_states(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Pages()
    for module in ("land", "apply"):
        monkeypatch.setattr(import_module(f"crossdock.pipeline.{module}"), "open_source", lambda *_: source)
    monkeypatch.setattr("crossdock.pipeline.hashes.PAGES_PER_LOOK_UP", 0)  # a small batch and a large table
    hub.mapping("own/json", NESTED)
    says(hub, mapping=["own/json"])

    def order(number: str, day: str = "2026-01-01", quantity: str = "5") -> object:
        lines = [{"n": line, "i": f"A{line}", "q": quantity} for line in ("10", "20")]
        return {"no": number, "day": day, "lines": lines}

    source.pages = [[order(f"PO-{number}") for number in range(1, 4)]]
    hub.sync()
    stored = alive(hub)
    source.pages = [[order("PO-1"), order("PO-2", quantity="6")], [order("PO-2", "2026-01-02", "6"), order("PO-3")]]
    hub.sync()
    assert alive(hub) == stored
