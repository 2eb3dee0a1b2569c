"""What a record is and what it refers to: keys, golden identities, parts of the path."""

import pytest

from tests.integration.hub import HEADER, Hub, counts, order_row

pytestmark = pytest.mark.store

GOLDEN = "11111111-1111-4111-8111-111111111111"
XREF = ("对象", "系统", "体系", "编码", "标识", "状态")


def own_key(hub: Hub) -> None:
    fields = {"order_number": "order_number", "supplier": "supplier"}
    hub.mapping("own/orders", {"purchase_order": {"key": ["内部号"], "fields": fields}})


def test_an_empty_source_key_is_refused_and_never_makes_one_record_of_two(hub: Hub) -> None:
    own_key(hub)
    header = ("采购单号", "供应商编码", "内部号")
    hub.put("a.csv", [("PO-1", "S1", ""), ("PO-2", "S1", "7")], header=header)

    report = hub.sync()

    assert counts(report, "purchase_order")["rejected"] == 1
    assert hub.query("SELECT key, order_number FROM canonical.purchase_order") == [("7", "PO-2")]
    assert [(issue.code, issue.column) for issue in report.issues] == [("XD-REQ-001", "内部号")]


def cross_reference(hub: Hub, golden: str) -> None:
    fields = dict(zip(("entity_type", "system", "scheme", "raw_code", "golden_id", "state"), XREF, strict=True))
    hub.mapping("own/codes", {"code_xref": {"fields": fields}})
    hub.stream("own/codes", source="codes", files="codes*.csv")
    hub.put("codes.csv", [("party", "erp", "internal", "S001", golden, "confirmed")], header=XREF)


def test_another_supplier_does_not_keep_the_identity_of_the_old_one(hub: Hub) -> None:
    fields = {"order_number": "order_number", "supplier": "supplier"}
    hub.mapping("own/orders", {"purchase_order": {"fields": fields}})
    hub.stream("own/orders", files="orders*.csv")
    cross_reference(hub, GOLDEN)
    hub.put("orders1.csv", [order_row(supplier="S001")])
    hub.sync()
    hub.sync(source="codes")
    assert hub.query("SELECT supplier, supplier_id::text FROM canonical.purchase_order") == [("S001", GOLDEN)]

    hub.put("orders2.csv", [order_row(supplier="S999")])
    hub.sync()

    assert hub.query("SELECT supplier, supplier_id FROM canonical.purchase_order") == [("S999", None)]


@pytest.mark.parametrize("change", ["deleted", "of another system"])
def test_a_code_that_its_source_takes_back_resolves_nothing_any_more(hub: Hub, change: str) -> None:
    hub.mapping("own/orders", {"purchase_order": {"fields": {"order_number": "order_number", "supplier": "supplier"}}})
    hub.stream("own/orders", files="orders*.csv")
    hub.put("orders1.csv", [order_row(supplier="S001")])
    hub.sync()
    cross_reference(hub, GOLDEN)
    fields = dict(zip(("entity_type", "system", "scheme", "raw_code", "golden_id", "state"), XREF, strict=True))
    hub.mapping("own/codes", {"code_xref": {"key": ["编码"], "fields": fields}})
    config = {"files": "codes*.csv", "minimum_age_seconds": 0}
    stream = {"config": config, "mapping": "own/codes", "complete": True}
    codes = {"source": "codes", "connector": "folder", "config": {"path": "inbox"}, "streams": {"orders": stream}}
    hub.write("sources/codes.yaml", codes)
    hub.sync(source="codes")
    assert hub.one("SELECT supplier_id::text FROM canonical.purchase_order") == GOLDEN

    code, system = ("S002", "erp") if change == "deleted" else ("S001", "mes")
    hub.put("codes2.csv", [("party", system, "internal", code, GOLDEN, "confirmed")], header=XREF)
    hub.sync(source="codes")
    assert hub.one("SELECT supplier_id FROM canonical.purchase_order") is None


def test_a_golden_identity_that_is_no_uuid_is_an_issue_and_not_a_failed_run(hub: Hub) -> None:
    cross_reference(hub, "SUP-1")

    report = hub.sync(source="codes")

    assert [issue.code for issue in report.issues] == ["XD-CHK-001"]
    assert counts(report, "code_xref")["rejected"] == 1


def test_a_header_that_equals_a_part_of_the_path_parks_that_file_alone(hub: Hub) -> None:
    hub.stream("own/orders", files="{partner}/*.csv")
    hub.put("bad/a.csv", [[*order_row("PO-1"), "x"]], header=(*HEADER, "partner"))
    hub.put("good/b.csv", [order_row("PO-2")])

    report = hub.sync()

    assert {file.name: file.status for file in report.files} == {"bad/a.csv": "parked", "good/b.csv": "applied"}
    assert hub.one("SELECT order_number FROM canonical.purchase_order") == "PO-2"


def test_a_code_that_is_withdrawn_takes_its_identity_along(hub: Hub) -> None:
    hub.mapping("own/orders", {"purchase_order": {"fields": {"order_number": "order_number", "supplier": "supplier"}}})
    hub.stream("own/orders", files="orders*.csv")
    cross_reference(hub, GOLDEN)
    hub.put("orders1.csv", [order_row(supplier="S001")])
    hub.sync()
    hub.sync(source="codes")
    identity = "SELECT supplier_id::text FROM canonical.purchase_order"
    assert hub.column(identity) == [GOLDEN]
    hub.put("codes2.csv", [("party", "erp", "internal", "S001", GOLDEN, "rejected")], header=XREF)
    hub.sync(source="codes")
    assert hub.column(identity) == [None]


def test_a_code_that_two_sources_confirm_in_two_ways_has_no_identity(hub: Hub) -> None:
    hub.mapping("own/orders", {"purchase_order": {"fields": {"order_number": "order_number", "supplier": "supplier"}}})
    hub.load(order_row(supplier="S001"))
    cross_reference(hub, GOLDEN)
    said = hub.home.sources["codes"].model_dump(mode="json", exclude_defaults=True)
    for source, golden in (("one", GOLDEN), ("two", GOLDEN.replace("1", "2"))):
        hub.write(f"sources/{source}.yaml", said | {"source": source, "config": {"path": source}})
        row = ("party", "erp", "internal", "S001", golden, "confirmed")
        hub.put(f"../{source}/codes.csv", [row], header=XREF)
    identity = "SELECT supplier_id::text FROM canonical.purchase_order"
    hub.sync(source="one")
    assert hub.one(identity) == GOLDEN
    hub.sync(source="two")
    assert hub.one(identity) is None
    hub.load(order_row(supplier="S001", buyer="李四"), name="b.csv")
    assert hub.one(identity) is None, "whoever was last does not decide"
