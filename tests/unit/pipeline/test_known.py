"""Rows that the store knows by their hash are not mapped again, unless another row touches them."""

from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import Connection, Table

from crossdock.pipeline.work import Work
from crossdock.store.bulk import stored_hashes
from tests.integration.hub import LEAN, Hub, codes, counts, order_row

pytestmark = pytest.mark.store


def test_known_rows_are_unchanged_and_the_same_line_twice_is_folded(hub: Hub) -> None:
    hub.load(order_row("PO-1"), order_row("PO-2"))
    report = hub.load(order_row("PO-1"), order_row("PO-1"), order_row("PO-2", quantity="7"), name="b.csv")
    assert counts(report) == {"read": 3, "updated": 1, "unchanged": 1, "folded": 1}


def test_keys_that_are_compared_in_parts_are_compared_all(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mappings.parts.AT_ONCE", 2)
    first = [order_row(f"PO-{n}") for n in range(9)]
    report = hub.load(*first, order_row("PO-3"), order_row("PO-5", quantity="7"))
    assert counts(report) == {"read": 11, "created": 8, "folded": 1, "rejected": 2}
    report = hub.load(*first, order_row("PO-3"), order_row("PO-4", quantity="7"), name="b.csv")
    assert counts(report) == {"read": 11, "created": 1, "unchanged": 7, "folded": 1, "rejected": 2}


def test_of_a_known_row_and_another_statement_of_its_key_in_one_file_the_version_decides(hub: Hub) -> None:
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]}, version='instant("下单日期")')
    header = ["订单号", "行号", "下单日期", "数量", "单位"]
    old = ["PO-1", "10", "2026-11-01", "500", "个"]
    hub.put("a.csv", [old], header=header)
    hub.sync()
    hub.put("b.csv", [["PO-1", "10", "2026-11-05", "300", "个"], old], header=header)
    hub.sync()
    assert hub.line("ordered") == 300
    hub.put("c.csv", [old, ["PO-1", "10", "2026-10-01", "900", "个"]], header=header)
    report = hub.sync()
    assert hub.line("ordered") == 300, "both are older than what is stored"
    assert counts(report) == {"read": 2, "stale": 1, "folded": 1}


def test_a_changed_header_whose_lines_are_known_is_the_same_order(hub: Hub) -> None:
    dated = {
        **LEAN,
        "purchase_order": {"fields": LEAN["purchase_order"]["fields"] | {"ordered_on": "date(ordered_on)"}},
    }
    hub.mapping("own/orders", dated, columns={"unit": ["单位"]})
    hub.load(order_row("PO-1", "10"), order_row("PO-1", "20"))
    changed = [order_row("PO-1", line, ordered_on="2026-11-25") for line in ("10", "20")]
    report = hub.load(*changed, order_row("PO-1", "30", ordered_on="2026-11-25"), name="b.csv")
    assert report.issue_count == 0
    assert str(hub.one("SELECT ordered_on FROM canonical.purchase_order")) == "2026-11-25"
    assert counts(report)["created"] == 1


def test_another_partner_s_equal_row_is_a_record_of_its_own(hub: Hub) -> None:
    orders = {"config": {"files": "{partner}/*.csv", "minimum_age_seconds": 0}, "mapping": ["own/orders"]}
    hub.write(
        "sources/erp.yaml",
        {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": {"orders": orders}},
    )
    for partner in ("acme", "beta"):
        hub.put(f"{partner}/a.csv", [order_row("PO-1")])
        assert counts(hub.sync())["created"] == 1
    assert hub.column("SELECT key FROM canonical.purchase_order ORDER BY key") == ["acme|PO-1", "beta|PO-1"]


def test_a_small_batch_against_a_large_table_is_looked_up_by_key(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.load(order_row("PO-1"))
    hub.do(
        "INSERT INTO canonical.purchase_order_line (source, key, order_number, line_number, stream, batch_id, row_number, "
        "created_run, changed_run, created_at, changed_at) SELECT 'erp', 'X-' || i || '|1', 'X-' || i, '1', 'orders', 1, i, "
        "1, 1, now(), now() FROM generate_series(1, 3000) i"
    )

    def never(*_: object) -> object:
        raise AssertionError("the hashes of the whole table were read")

    def hashes(connection: Connection, table: Table, source: str, stream: str, size: int, *, is_alone: bool) -> object:
        is_large = table.name == "purchase_order_line"
        return never() if is_large else stored_hashes(connection, table, source, stream, size, is_alone=is_alone)

    monkeypatch.setattr("crossdock.pipeline.hashes.stored_hashes", hashes)
    report = hub.load(order_row("PO-1", quantity="7"), order_row("PO-2"), name="b.csv")
    assert counts(report) == {"read": 2, "created": 1, "updated": 1}


def test_the_hashes_of_what_a_file_says_nothing_of_are_left_alone(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.mapping("own/items", {"item": {"fields": {"item_number": "料号", "name": "名称"}}})
    hub.stream("own/orders", "own/items")
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]})
    hub.load(order_row("PO-1"))
    monkeypatch.delattr("crossdock.pipeline.hashes.stored_hashes")
    hub.put("b.csv", [["A1", "x"]], header=["料号", "名称"])
    assert counts(hub.sync(), "item") == {"read": 1, "created": 1}


def test_rows_that_waited_go_in_beside_a_file_that_parks(hub: Hub) -> None:
    columns = {"unit": ["单位"]}
    hub.mapping("own/orders", LEAN, columns=columns)
    hub.load(order_row("PO-1"), order_row("PO-2", unit="怪"))
    hub.mapping("own/orders", LEAN, columns=columns, codes={"unit": {"怪": "EA"}})
    hub.put("PO-作废.csv", [order_row("PO-3")])
    report = hub.sync()
    assert [file.status for file in report.files] == ["parked"]
    assert counts(report) == {"read": 1, "created": 1}


def test_the_connection_that_reads_hashes_keeps_nobody_waiting(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.load(order_row("PO-1"))
    merge = import_module("crossdock.pipeline.group")._merge_group
    states: list[str] = []

    def merging(work: Work, *arguments: Any) -> Any:
        states.extend(
            hub.column(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        return merge(work, *arguments)

    monkeypatch.setattr("crossdock.pipeline.group._merge_group", merging)
    assert counts(hub.load(order_row("PO-1", quantity="7"), name="b.csv")) == {"read": 1, "updated": 1}
    assert states.count("idle in transaction") == 1, states  # the run itself


def test_what_a_stream_of_another_name_stated_is_not_known_to_be_stated_by_this_one(hub: Hub) -> None:
    hub.load(order_row("PO-1"))
    source = hub.home.path / "sources" / "erp.yaml"
    source.write_text(source.read_text(encoding="utf-8").replace("orders:", "orders2:"), encoding="utf-8")
    hub.put("b.csv", [order_row("PO-1"), order_row("PO-2")])
    assert counts(hub.sync("orders2")) == {"read": 2, "created": 1, "unchanged": 1}
    assert hub.column("SELECT stream FROM crossdock.statement WHERE entity = 'purchase_order_line'") == ["orders2"]


def test_a_record_that_was_deleted_is_not_known(hub: Hub) -> None:
    hub.load(order_row("PO-1"), order_row("PO-2"))
    hub.do(
        "UPDATE canonical.purchase_order_line SET deleted_at = now(), source_hash = NULL WHERE order_number = 'PO-1'"
    )
    report = hub.load(order_row("PO-1"), order_row("PO-2"), order_row("PO-3"), name="b.csv")
    assert counts(report) == {"read": 3, "created": 1, "updated": 1, "unchanged": 1}


def test_two_equal_rows_of_stock_are_never_taken_for_one(hub: Hub) -> None:
    hub.mapping(
        "own/stock",
        {"inventory_balance": {"fields": {"item": "料号", "location": "仓库", "on_hand": "quantity(数量, '个')"}}},
    )
    hub.stream("own/stock")
    header = ["料号", "序列号", "仓库", "数量"]
    hub.put("a.csv", [["A1", "S1", "上海仓", "1"], ["B1", "S9", "上海仓", "4"]], header=header)
    assert counts(hub.sync(), "inventory_balance") == {"read": 2, "created": 2}

    hub.put(
        "b.csv", [["A1", "S1", "上海仓", "1"], ["A1", "S2", "上海仓", "1"], ["B1", "S9", "上海仓", "4"]], header=header
    )
    report = hub.sync()

    assert counts(report, "inventory_balance") == {"read": 3, "unchanged": 1, "rejected": 2}
    assert codes(report) == ["XD-KEY-002"] * 2
    hub.put(
        "c.csv", [["C1", "S1", "上海仓", "1"]] * 2 + [["D1", "S1", "上海仓", str(n)] for n in range(2)], header=header
    )
    assert codes(hub.sync()) == ["XD-KEY-002"] * 2 + ["XD-KEY-001"] * 2
