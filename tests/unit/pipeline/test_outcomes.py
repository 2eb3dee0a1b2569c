"""What becomes of a record: created, updated, unchanged, stale, folded, parked or rejected, and what is noted of it."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.hub import HEADER, LEAN, NOW, Hub, codes, counts, order_row

pytestmark = pytest.mark.store

EARLIER = NOW - timedelta(days=2)


@pytest.fixture(autouse=True)
def _streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """First loads of a few rows go the way of large ones here; elsewhere they do not."""
    monkeypatch.setattr("mappings.engine.STREAMED_ROWS", 0)


def test_each_outcome_is_counted_once(hub: Hub) -> None:
    first = hub.load(*(order_row(f"PO-{i}") for i in range(1, 5)), at=EARLIER)
    assert counts(first) == {"read": 4, "created": 4}
    assert first.is_baseline
    second = hub.load(
        order_row("PO-1"),
        order_row("PO-2", quantity="300"),
        order_row("PO-5"),
        order_row("PO-5"),
        order_row("PO-6", unit="大概"),
        order_row("PO-7", quantity="很多"),
        at=NOW,
    )
    assert not second.is_baseline
    assert counts(second) == {
        "read": 6,
        "created": 1,
        "updated": 1,
        "unchanged": 1,
        "folded": 1,
        "parked": 1,
        "rejected": 1,
    }
    third = hub.load(order_row("PO-2", quantity="1"), at=NOW - timedelta(days=1))
    assert counts(third) == {"read": 1, "stale": 1}
    assert hub.line("ordered", "PO-2|10") == 300


def test_the_stored_account_says_the_same_as_the_report(hub: Hub) -> None:
    report = hub.load(order_row(), order_row("PO-2", quantity="?"))
    (stored,) = hub.query(
        "SELECT read, created, updated, unchanged, stale, folded, parked, rejected FROM crossdock.run_entity "
        "WHERE run_id = :run AND entity = 'purchase_order_line'",
        run=report.run_id,
    )
    assert stored == (2, 1, 0, 0, 0, 0, 0, 1)
    assert hub.query("SELECT entity, key, outcome FROM crossdock.held_row") == [
        ("purchase_order_line", "PO-2|10", "rejected")
    ]


def test_a_change_holds_both_values_of_the_fields_that_differ_and_no_other(hub: Hub) -> None:
    hub.load(order_row())
    report = hub.load(order_row(quantity="300", due="2026-12-05"), name="二.csv")
    assert counts(report) == {"read": 1, "updated": 1}
    assert hub.changes == [
        (
            "purchase_order_line",
            "PO-1|10",
            {"ordered": ["500", "300"], "requested_on": ["2026-12-01", "2026-12-05"]},
        )
    ]
    assert hub.query("SELECT batch_id, row_number FROM crossdock.change") == [(2, 2)]


def test_equal_values_in_another_spelling_are_no_change(hub: Hub) -> None:
    hub.load(order_row(quantity="1200", unit="个", due="2026-12-01", ordered_on="2026-11-21"))
    report = hub.load(
        order_row(quantity="１，２００．０", unit="PCS", due="2026年12月1日", ordered_on="2026/11/21"), name="b.csv"
    )
    assert codes(report) == []
    # the unit as written is a stated value of its own, so it alone differs
    assert [fields for _, _, fields in hub.changes] == [{"ordered_source_unit": ["个", "PCS"]}]
    again = hub.load(order_row(quantity="1,200", unit="PCS", due="2026.12.1", ordered_on="20261121"), name="c.csv")
    assert counts(again) == {"read": 1, "unchanged": 1}
    assert len(hub.changes) == 1


def test_another_spelling_is_remembered_and_not_compared_again(hub: Hub) -> None:
    hub.load(order_row(quantity="1200"))
    before = hub.line("source_hash")
    hub.load(order_row(quantity="1,200"), name="b.csv")
    assert hub.line("source_hash") != before
    assert hub.changes == []


def test_there_and_back_again_gives_two_changes_and_the_first_value(hub: Hub) -> None:
    for number, quantity in enumerate(("500", "300", "500")):
        hub.load(order_row(quantity=quantity), name=f"{number}.csv", at=EARLIER + timedelta(hours=number))
    assert hub.line("ordered") == 500
    assert [fields["ordered"] for _, _, fields in hub.changes] == [["500", "300"], ["300", "500"]]


def test_there_and_back_again_while_all_wait_gives_the_newest_value(hub: Hub) -> None:
    hub.load(order_row(quantity="500"), at=EARLIER)
    hub.put("b.csv", [order_row(quantity="300")], at=EARLIER + timedelta(hours=1))
    hub.put("c.csv", [order_row(quantity="500")], at=EARLIER + timedelta(hours=2))
    report = hub.sync()
    assert counts(report) == {"read": 2, "folded": 1, "unchanged": 1}
    assert hub.line("ordered") == 500


def test_the_same_line_twice_in_a_file_is_one_record(hub: Hub) -> None:
    report = hub.load(order_row(), order_row(), order_row(quantity="500.0"))
    assert counts(report) == {"read": 3, "created": 1, "folded": 2}
    assert codes(report) == []


def test_lines_of_one_key_that_differ_are_both_rejected_and_name_each_other(hub: Hub) -> None:
    report = hub.load(order_row(), order_row(quantity="7"), order_row("PO-2"))
    assert counts(report) == {"read": 3, "created": 1, "rejected": 2}
    found = [(i.code, i.place, i.value, i.detail[:2]) for i in report.issues if i.entity == "purchase_order_line"]
    assert found == [
        ("XD-KEY-001", "订单.csv #2", "PO-1|10", "#3"),
        ("XD-KEY-001", "订单.csv #3", "PO-1|10", "#2"),
    ]


VERSIONED = {
    "purchase_order": {"fields": {"order_number": "单号"}},
    "purchase_order_line": {"fields": {"order_number": "单号", "line_number": "行", "ordered": "quantity(数量, 'EA')"}},
}


def test_with_a_version_the_newer_of_two_statements_in_one_file_holds(hub: Hub) -> None:
    hub.mapping("own/versioned", VERSIONED, version="改于")
    hub.stream("own/versioned")
    header = ("单号", "行", "数量", "改于")
    hub.put("a.csv", [("PO-1", "1", "5", "2026-01-02 10:00"), ("PO-1", "1", "4", "2026-01-01 10:00")], header=header)
    report = hub.sync()
    assert counts(report) == {"read": 2, "created": 1, "folded": 1}
    assert hub.line("ordered", "PO-1|1") == 5
    hub.put("b.csv", [("PO-1", "1", "4", "2026-01-01 10:00")], header=header, at=NOW + timedelta(days=9))
    assert counts(hub.sync()) == {"read": 1, "stale": 1}
    assert hub.line("ordered", "PO-1|1") == 5
    instant = datetime(2026, 1, 2, 2, tzinfo=UTC).timestamp()
    assert float(hub.line("version", "PO-1|1")) == instant


def test_of_two_landings_of_one_version_the_later_holds_and_it_is_said(hub: Hub) -> None:
    hub.load(order_row(quantity="500"), at=EARLIER)
    report = hub.load(order_row(quantity="300"), name="b.csv", at=EARLIER)
    assert counts(report) == {"read": 1, "updated": 1}
    assert hub.line("ordered") == 300
    (issue,) = report.issues
    assert (issue.code, issue.entity, issue.value, issue.place) == (
        "XD-VER-001",
        "purchase_order_line",
        "PO-1|10",
        "b.csv #2",
    )


def test_the_same_value_of_a_newer_version_makes_an_older_statement_stale(hub: Hub) -> None:
    hub.mapping("own/versioned", VERSIONED, version="改于")
    hub.stream("own/versioned")
    header = ("单号", "行", "数量", "改于")
    for name, quantity, version in (("a", "5", "2026-01-01"), ("b", "5", "2026-01-03"), ("c", "4", "2026-01-02")):
        hub.put(f"{name}.csv", [("PO-1", "1", quantity, f"{version} 00:00")], header=header)
        hub.sync()
    assert hub.line("ordered", "PO-1|1") == 5


def test_a_column_that_is_absent_leaves_what_is_stored(hub: Hub) -> None:
    hub.load(order_row())
    hub.put("b.csv", [("PO-1", "10", "300", "个")], header=("采购单号", "行号", "数量", "单位"))
    assert counts(hub.sync()) == {"read": 1, "updated": 1}
    assert str(hub.line("requested_on")) == "2026-12-01"
    assert hub.line("item") == "000123"
    assert [fields for _, _, fields in hub.changes] == [{"ordered": ["500", "300"]}]


def test_an_empty_cell_clears_what_is_stored_and_is_a_change(hub: Hub) -> None:
    hub.load(order_row())
    hub.load(order_row(due=""), name="b.csv")
    assert hub.line("requested_on") is None
    assert [fields for _, _, fields in hub.changes] == [{"requested_on": ["2026-12-01", None]}]


def test_what_is_unknown_is_kept_with_its_text_and_a_partial_statement_replaces_its_own_entries_only(hub: Hub) -> None:
    hub.load(order_row(quantity="待定", due="N/A"))
    assert hub.line("ordered") is None
    assert hub.line("unknown") == {"ordered": "待定", "requested_on": "N/A"}
    hub.put("b.csv", [("PO-1", "10", "300", "个")], header=("采购单号", "行号", "数量", "单位"))
    assert counts(hub.sync()) == {"read": 1, "updated": 1}
    assert (hub.line("ordered"), hub.line("unknown")) == (300, {"requested_on": "N/A"})
    hub.load(order_row(quantity="300", due="暂无"), name="c.csv")
    hub.load(order_row(quantity="300", due="2026-12-01"), name="d.csv")
    assert hub.line("unknown") is None
    both = {"ordered": "待定", "requested_on": "N/A"}
    assert [fields["unknown"] for _, _, fields in hub.changes] == [
        [both, {"requested_on": "N/A"}],
        [{"requested_on": "N/A"}, {"requested_on": "暂无"}],
        [{"requested_on": "暂无"}, None],
    ]


def test_codes_keep_their_zeros_and_quantities_their_digits(hub: Hub) -> None:
    hub.load(order_row(number="007", item="000123", quantity="12345678901234.123456"))
    assert hub.query("SELECT order_number, item, ordered::text FROM canonical.purchase_order_line") == [
        ("007", "000123", "12345678901234.123456")
    ]


def test_a_line_waits_with_its_rejected_header(hub: Hub) -> None:
    report = hub.load(order_row(ordered_on="2026-02-30"), order_row("PO-2"))
    assert counts(report, "purchase_order") == {"read": 2, "created": 1, "rejected": 1}
    assert counts(report) == {"read": 2, "created": 1, "parked": 1}
    assert codes(report) == ["XD-DAT-001", "XD-PAR-001"]


@pytest.mark.parametrize("number", ["PO-1", "PO\\", "PO|1"])
def test_a_line_that_waits_for_its_header_is_judged_again_once_that_is_there(hub: Hub, number: str) -> None:
    hub.load(order_row(number, ordered_on="2026-02-30"))
    assert hub.load(order_row(number, "20"), name="b.csv").waited == 1


def test_a_row_that_is_judged_again_is_read_as_its_column_was(hub: Hub) -> None:
    priced = {
        **LEAN,
        "purchase_order_line": {"fields": LEAN["purchase_order_line"]["fields"] | {"unit_price": "money(单价, 'CNY')"}},
    }
    columns, header = {"unit": ["单位"]}, ["订单号", "行号", "数量", "单位", "单价"]
    hub.mapping("own/orders", priced, columns=columns)
    rows = [
        ["PO-1", "10", "12,5", "个", "12.75"],
        ["PO-2", "10", "3", "个", "1.250"],
        ["PO-3", "10", "4", "怪", "1.250"],
    ]
    hub.put("a.csv", rows, header=header)
    assert codes(hub.sync()) == ["XD-NUM-005", "XD-UNT-001"]
    hub.mapping("own/orders", priced, columns=columns, codes={"unit": {"怪": "EA"}})
    assert counts(hub.sync()) == {"read": 1, "created": 1}
    prices = hub.column("SELECT unit_price::text FROM canonical.purchase_order_line ORDER BY key")
    assert prices == ["1.250000", "1.250000"]


def test_a_held_row_is_judged_again_when_it_comes_again(hub: Hub) -> None:
    hub.load(order_row(unit="大概"))
    assert counts(hub.load(order_row(unit="大概"), name="b.csv")) == {"read": 1, "parked": 1}
    assert counts(hub.load(order_row(unit="箱"), name="c.csv")) == {"read": 1, "created": 1}


def test_a_file_of_known_content_is_idle(hub: Hub) -> None:
    hub.load(order_row())
    assert hub.sync().status == "idle"
    assert hub.column("SELECT status FROM crossdock.run ORDER BY id") == ["succeeded", "idle"]


def test_the_header_of_the_sheet_is_what_the_test_writes() -> None:
    assert len(order_row()) == len(HEADER)


def test_a_lookup_finds_what_is_stored_and_a_row_without_it_waits(hub: Hub) -> None:
    hub.mapping("own/items", {"item": {"fields": {"item_number": "料号", "gtin": "条码"}}})
    line = {"order_number": "单号", "line_number": "行", "item": "our_item"}
    lookup = {"entity": "item", "match": {"gtin": "条码"}, "give": "item_number", "source": "erp"}
    hub.mapping("own/by_barcode", {"purchase_order_line": {"fields": line}}, lookups={"our_item": lookup})
    hub.stream("own/items", "own/by_barcode")
    orders = [("PO-1", "1", "6291041500213"), ("PO-1", "2", "4006381333931")]
    hub.put("a.csv", [("000123", "6291041500213"), ("x", "96385074"), ("y", "96385074")], header=("料号", "条码"))
    hub.sync()
    hub.put("b.csv", [*orders, ("PO-1", "3", "96385074")], header=("单号", "行", "条码"))
    report = hub.sync()
    assert counts(report) == {"read": 3, "created": 1, "parked": 2}
    assert hub.line("item", "PO-1|1") == "000123"
    assert codes(report) == ["XD-LKP-001", "XD-LKP-001"]


def test_a_row_that_waits_for_a_lookup_goes_in_once_it_is_there(hub: Hub) -> None:
    hub.mapping("own/items", {"item": {"fields": {"item_number": "料号", "gtin": "条码"}}})
    line = {"order_number": "单号", "line_number": "行", "item": "our_item"}
    lookup = {"entity": "item", "match": {"gtin": "条码"}, "give": "item_number"}
    hub.mapping("own/by_barcode", {"purchase_order_line": {"fields": line}}, lookups={"our_item": lookup})
    items = {"config": {"files": "i*.csv", "minimum_age_seconds": 0}, "mapping": "own/items"}
    hub.stream("own/by_barcode", files="o*.csv", items=items)
    hub.put("o.csv", [("PO-1", "1", "6291041500213")], header=("单号", "行", "条码"))
    assert counts(hub.sync()) == {"read": 1, "parked": 1}
    assert hub.sync().status == "idle"
    hub.put("i.csv", [("000123", "6291041500213")], header=("料号", "条码"))
    hub.sync("items")
    assert counts(hub.sync()) == {"read": 1, "created": 1}
    assert hub.line("item", "PO-1|1") == "000123"
    assert hub.sync().status == "idle"


def test_a_landed_batch_forgets_its_cursor_once_it_is_in(hub: Hub) -> None:
    hub.load(order_row())
    assert hub.query("SELECT DISTINCT cursor FROM crossdock.batch") == [({},)]
