"""Documents and their makers: partners, streams that state one record, reused numbers, references."""

import json
from uuid import UUID

import pytest

from canonical_model.errors import MappingError
from crossdock.pipeline.replay import replay
from tests.integration.hub import LEAN, Hub, codes, counts, order_row, refused

pytestmark = pytest.mark.store

GOLDEN = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
PRICES = {
    "purchase_order": {"fields": {"order_number": "order_number", "payment_terms": "payment_terms"}},
    "purchase_order_line": {
        "fields": {"order_number": "order_number", "line_number": "line_number", "remark": "remark"}
    },
}
PRICE_HEADER = ("采购单号", "行号", "付款条件", "备注")


def stream(files: str, mapping: str) -> dict[str, object]:
    return {"config": {"files": files, "minimum_age_seconds": 0}, "mapping": mapping}


@pytest.fixture
def shared(hub: Hub) -> Hub:
    """Two streams state the same orders: one the quantities, the other payment and remark."""
    hub.mapping("own/prices", PRICES)
    hub.stream("own/orders", files="o*.csv", prices=stream("p*.csv", "own/prices"))
    hub.put("o1.csv", [order_row(), order_row("PO-2")])
    hub.sync()
    hub.put("p1.csv", [("PO-1", "10", "月结", "急"), ("PO-3", "10", "预付", "新")], header=PRICE_HEADER)
    assert counts(hub.sync("prices")) == {"read": 2, "created": 1, "updated": 1}
    return hub


def test_two_streams_may_state_different_fields_of_one_record(shared: Hub) -> None:
    assert shared.query(
        "SELECT ordered::int, remark, stream FROM canonical.purchase_order_line WHERE key = 'PO-1|10'"
    ) == [(500, "急", "orders")]
    shared.put("o2.csv", [order_row(quantity="300")])
    assert counts(shared.sync()) == {"read": 1, "updated": 1}
    shared.put("p2.csv", [("PO-1", "10", "月结", "不急")], header=PRICE_HEADER)
    assert counts(shared.sync("prices")) == {"read": 1, "updated": 1}
    assert shared.query("SELECT ordered::int, remark FROM canonical.purchase_order_line WHERE key = 'PO-1|10'") == [
        (300, "不急")
    ]


def test_the_second_stream_knows_what_it_stated(shared: Hub) -> None:
    assert shared.query("SELECT entity, key, stream FROM crossdock.statement ORDER BY entity") == [
        ("purchase_order", "PO-1", "prices"),
        ("purchase_order_line", "PO-1|10", "prices"),
    ]
    shared.put("p2.csv", [("PO-1", "10", "月结", "急")], header=PRICE_HEADER)
    before = len(shared.changes)
    assert counts(shared.sync("prices")) == {"read": 1, "unchanged": 1}
    assert len(shared.changes) == before


@pytest.mark.parametrize("both", ["orders", "prices"])
def test_two_streams_that_state_one_field_are_refused_and_nothing_is_written(shared: Hub, both: str) -> None:
    """A third stream must keep off the fields of the maker of a row and of any other that states it."""
    fields = {"ordered": "quantity(ordered, unit)"} if both == "orders" else {"remark": "remark"}
    line = {"fields": {"order_number": "order_number", "line_number": "line_number", **fields}}
    order = {"fields": {"order_number": "order_number"}}
    shared.mapping("own/third", {"purchase_order": order, "purchase_order_line": line}, columns={"unit": ["单位"]})
    shared.stream(
        "own/orders", files="o*.csv", prices=stream("p*.csv", "own/prices"), third=stream("t*.csv", "own/third")
    )
    shared.put("t.csv", [("PO-9", "10", "1", "个", "x"), ("PO-1", "10", "1", "个", "x")],
               header=("采购单号", "行号", "数量", "单位", "备注"))  # fmt: skip
    error = refused(lambda: shared.sync("third"))
    assert isinstance(error, MappingError)
    assert error.problem_code == "XD-MAP-007"
    assert both in error.what.zh
    assert shared.one("SELECT count(*) FROM canonical.purchase_order WHERE key = 'PO-9'") == 0
    assert shared.query("SELECT status, problem ->> 'code' FROM crossdock.run WHERE stream = 'third'") == [
        ("failed", "XD-MAP-007")
    ]
    assert shared.one("SELECT count(*) FROM crossdock.cursor WHERE stream = 'third'") == 0
    assert shared.column("SELECT status FROM crossdock.batch WHERE stream = 'third'") == ["landed"]
    assert "t.csv" in shared.files


# partners


@pytest.fixture
def partners(hub: Hub) -> Hub:
    hub.stream("own/orders", files="{partner}/*.csv")
    return hub


def test_the_partner_of_the_path_belongs_to_the_key(partners: Hub) -> None:
    partners.put("甲/a.csv", [order_row(quantity="1")])
    partners.put("乙/a.csv", [order_row(quantity="2")])
    assert counts(partners.sync()) == {"read": 2, "created": 2}
    assert partners.query("SELECT key, ordered::int FROM canonical.purchase_order_line ORDER BY key") == [
        ("乙|PO-1|10", 2),
        ("甲|PO-1|10", 1),
    ]
    assert all(name.startswith("done/") for name in partners.files)


def test_a_number_that_one_partner_uses_again_does_not_concern_another(partners: Hub) -> None:
    for partner in ("甲", "乙"):
        partners.put(f"{partner}/a.csv", [order_row()])
    partners.sync()
    partners.put("甲/b.csv", [order_row(ordered_on="2027-05-01", item="999", quantity="1")])
    partners.put("乙/b.csv", [order_row(quantity="400")])
    report = partners.sync()
    assert counts(report) == {"read": 2, "updated": 1, "parked": 1}
    assert {(issue.code, issue.place) for issue in report.issues} == {("XD-DOC-001", "甲/b.csv #2")}
    assert partners.query("SELECT key, ordered::int FROM canonical.purchase_order_line ORDER BY key") == [
        ("乙|PO-1|10", 400),
        ("甲|PO-1|10", 500),
    ]


# reused numbers


def test_two_orders_of_one_number_in_files_of_one_run_are_told_apart(hub: Hub) -> None:
    hub.put("a.csv", [order_row(), order_row("PO-2")])
    hub.put("b.csv", [order_row(ordered_on="2027-05-01", item="900001"), order_row("PO-3")])
    report = hub.sync()
    assert counts(report, "purchase_order") == {"read": 4, "created": 3, "parked": 1}
    assert counts(report) == {"read": 4, "created": 3, "parked": 1}
    assert set(codes(report)) == {"XD-DOC-001"}
    assert hub.query("SELECT item FROM canonical.purchase_order_line WHERE order_number = 'PO-1'") == [("000123",)]


def test_an_order_whose_date_was_corrected_in_a_second_file_of_one_run_is_one(hub: Hub) -> None:
    hub.put("a.csv", [order_row()])
    hub.put("b.csv", [order_row(ordered_on="2026-11-22", quantity="7")])
    report = hub.sync()
    assert codes(report) == []
    assert hub.query("SELECT ordered::int FROM canonical.purchase_order_line") == [(7,)]


def test_a_number_with_another_date_and_other_items_never_overwrites_the_old_order(hub: Hub) -> None:
    hub.load(order_row(), order_row(line="20", item="000124"), order_row("PO-2"))
    report = hub.load(
        order_row(ordered_on="2027-05-01", item="900001"),
        order_row(line="20", ordered_on="2027-05-01", item="900002"),
        order_row("PO-2", quantity="1"),
        name="b.csv",
    )
    assert counts(report, "purchase_order") == {"read": 3, "parked": 1, "folded": 1, "unchanged": 1}
    assert counts(report) == {"read": 3, "parked": 2, "updated": 1}
    assert codes(report) == ["XD-DOC-001"] * 3
    assert all("2026-11-21" in issue.detail and issue.value == "PO-1" for issue in report.issues)
    assert hub.query("SELECT DISTINCT ordered_on::text FROM canonical.purchase_order") == [("2026-11-21",)]
    assert sorted(hub.column("SELECT item FROM canonical.purchase_order_line WHERE order_number = 'PO-1'")) == [
        "000123",
        "000124",
    ]
    assert hub.query("SELECT entity, key, outcome FROM crossdock.held_row ORDER BY id") == [
        ("purchase_order", "PO-1", "parked"),
        ("purchase_order_line", "PO-1|10", "parked"),
        ("purchase_order_line", "PO-1|20", "parked"),
    ]


@pytest.mark.parametrize("changed", [{"ordered_on": "2026-11-25"}, {"item": "999"}])
def test_a_new_date_alone_or_a_new_item_alone_is_a_change_of_the_same_order(
    hub: Hub, changed: dict[str, object]
) -> None:
    hub.load(order_row())
    report = hub.load(order_row(**changed), name="b.csv")
    assert codes(report) == []
    assert len(hub.changes) == 1


# references


def test_a_reference_is_resolved_when_its_code_is_confirmed_before_and_after(hub: Hub) -> None:
    fields = dict(LEAN["purchase_order"]["fields"]) | {"supplier": "supplier"}
    hub.mapping("own/orders", {**LEAN, "purchase_order": {"fields": fields}}, columns={"unit": ["单位"]})
    hub.mapping(
        "own/codes",
        {
            "code_xref": {
                "fields": {name: name for name in ("entity_type", "system", "scheme", "raw_code", "golden_id", "state")}
            }
        },
    )
    hub.stream("own/orders", files="o*.csv", codes=stream("x*.csv", "own/codes"))
    resolved = "SELECT supplier_id FROM canonical.purchase_order WHERE key = :key"
    hub.put("o1.csv", [order_row()])
    hub.sync()
    assert hub.one(resolved, key="PO-1") is None
    header = ("entity_type", "system", "scheme", "raw_code", "golden_id", "state")
    for state, golden in (("proposed", None), ("confirmed", UUID(GOLDEN))):
        hub.put(f"x{state}.csv", [("party", "erp", "internal", "S001", GOLDEN, state)], header=header)
        report = hub.sync("codes")
        assert codes(report) == []
        assert hub.one(resolved, key="PO-1") == golden, state
    hub.put("o2.csv", [order_row("PO-2"), order_row("PO-3", supplier="S002")])
    hub.sync()
    assert hub.one(resolved, key="PO-2") == UUID(GOLDEN)
    assert hub.one(resolved, key="PO-3") is None
    assert [fields for entity, _, fields in hub.changes if entity == "purchase_order"] == []


@pytest.mark.parametrize("complete", [True, "document"])
def test_a_reused_number_deletes_nothing_of_the_old_order(hub: Hub, complete: object) -> None:
    orders = {**stream("*.csv", "own/orders"), "complete": complete}
    source = {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": {"orders": orders}}
    hub.write("sources/erp.yaml", source)
    hub.load(order_row(ordered_on="2025-01-05"), order_row(line="20", ordered_on="2025-01-05"))
    report = hub.load(order_row(line="30", ordered_on="2026-01-05", item="999"), name="b.csv")
    assert "XD-DOC-001" in codes(report)
    alive = "SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL ORDER BY key"
    assert hub.column(alive) == ["PO-1|10", "PO-1|20"]


def test_a_reused_number_is_told_once(hub: Hub) -> None:
    hub.load(order_row(ordered_on="2025-01-05"))
    hub.load(order_row(line="30", ordered_on="2026-01-05", item="999"), name="b.csv")
    counted = "SELECT (SELECT count(*) FROM crossdock.held_row) + (SELECT count(*) FROM crossdock.issue)"
    before = hub.one(counted)
    assert hub.sync().status == "idle"
    assert hub.one(counted) == before


def test_what_its_own_stream_deleted_another_one_does_not_bring_back(shared: Hub) -> None:
    orders = {**stream("o*.csv", "own/orders"), "complete": True}
    streams = {"orders": orders, "prices": stream("p*.csv", "own/prices")}
    source = {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": streams}
    shared.write("sources/erp.yaml", source)
    alive = "SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL AND stream = 'orders' ORDER BY key"
    shared.put("o2.csv", [order_row("PO-2")])
    shared.sync()
    assert shared.column(alive) == ["PO-2|10"]
    shared.put("p2.csv", [("PO-1", "10", "月结", "不急")], header=PRICE_HEADER)
    assert counts(shared.sync("prices")) == {"read": 1, "stale": 1}
    assert shared.column(alive) == ["PO-2|10"]
    shared.put("o3.csv", [order_row(), order_row("PO-2")])
    shared.sync()
    assert shared.column(alive) == ["PO-1|10", "PO-2|10"]
    # a stream that is gone cannot bring it back, so another one may
    shared.put("o4.csv", [order_row("PO-2")])
    shared.sync()
    shared.write("sources/erp.yaml", {**source, "streams": {"prices": streams["prices"]}})
    shared.put("p3.csv", [("PO-1", "10", "月结", "急了")], header=PRICE_HEADER)
    shared.sync("prices")
    assert shared.column(alive) == ["PO-1|10", "PO-2|10"]


def test_records_made_anew_keep_what_other_streams_state_of_them(shared: Hub) -> None:
    remark = "SELECT l.remark, payment_terms FROM canonical.purchase_order_line l JOIN canonical.purchase_order o "
    remark += "USING (source, order_number) WHERE l.key = 'PO-1|10'"
    assert shared.query(remark) == [("急", "月结")]
    made = replay(shared.home, shared.engine, "erp", "orders", rekey=True, clock=shared.clock)
    assert shared.query(remark) == [("急", "月结")]
    assert [(one.changed, one.removed) for one in made.differences] == [(0, 0), (0, 0)]
    shared.put("p2.csv", [("PO-1", "10", "月结", "急")], header=PRICE_HEADER)
    assert counts(shared.sync("prices")) == {"read": 1, "unchanged": 1}


@pytest.mark.parametrize(
    ("lines", "account", "codes"),
    [
        ({"n": "10"}, {"read": 1, "unchanged": 1}, []),
        ("abc", {"read": 1, "rejected": 1}, ["XD-REQ-001", "XD-DEL-001"]),
        (7, {"read": 1, "rejected": 1}, ["XD-REQ-001", "XD-DEL-001"]),
        (None, {}, []),
        ("", {}, []),
        ({}, {}, []),
    ],
    ids=repr,
)
def test_one_record_in_the_place_of_a_list_is_counted(
    hub: Hub, lines: object, account: dict[str, int], codes: list[str]
) -> None:
    line = {"each": "lines", "fields": {"order_number": "parent.no", "line_number": "n"}}
    hub.mapping("own/nested", {"purchase_order": {"fields": {"order_number": "no"}}, "purchase_order_line": line})
    hub.stream("own/nested", files="*.json")
    hub.put_bytes("a.json", json.dumps([{"no": "PO-1", "lines": [{"n": "10"}]}]).encode())
    hub.sync()
    hub.put_bytes("b.json", json.dumps([{"no": "PO-1", "lines": lines}]).encode())
    report = hub.sync()
    assert counts(report) == account
    assert [issue.code for issue in report.issues] == codes
    assert hub.column("SELECT deleted_at FROM canonical.purchase_order_line") == [None]
