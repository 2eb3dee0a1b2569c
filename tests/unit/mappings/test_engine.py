"""What a mapping run makes of landed rows: records, held rows, issues, and an account in which nothing is lost."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical_model.declaration import FieldSpec, Kind
from canonical_model.entities import SPECS
from canonical_model.errors import MappingError
from canonical_model.language import Language
from mappings.compiled import Compiled
from mappings.engine import MappingRun
from mappings.landed import LandedRows
from mappings.plan import MappingDoesNotFitError, make_plan
from mappings.spec import EntityMapping, MappingFile, parse_mapping
from mappings.unknown import unknown_pattern
from tests.unit.mappings.conftest import Landed, Map, Row, one_field

TWO = """
mapping: t/orders
entities:
  purchase_order:
    fields: {order_number: 单号, ordered_on: 日期, supplier: 供应商}
  purchase_order_line:
    fields: {order_number: 单号, line_number: 行号, ordered: "quantity(数量, 单位)"}
"""


def row(
    order: str = "PO1", line: str = "1", amount: str = "5", unit: str = "箱", on: str = "2026-03-01"
) -> dict[str, str]:
    return {"单号": order, "日期": on, "供应商": "S1", "行号": line, "数量": amount, "单位": unit}


def test_one_stream_gives_headers_folded_and_lines(run_mapping: Map) -> None:
    outcome = run_mapping(TWO, [row(), row(line="2", amount="1,200", unit="斤")])
    (header,) = outcome.good["purchase_order"]
    assert (header["key"], header["ordered_on"], header["supplier"]) == ("PO1", date(2026, 3, 1), "S1")
    first, second = outcome.good["purchase_order_line"]
    assert (first["ordered"], first["ordered_unit"], first["ordered_source_unit"]) == (Decimal(5), "XCT", "箱")
    assert (second["key"], second["ordered"], second["ordered_unit"]) == ("PO1|2", Decimal(600), "KGM")
    assert outcome.folded == {"purchase_order": 1, "purchase_order_line": 0}
    assert outcome.issues == []
    assert outcome.accounts_hold()


def test_same_rows_fold_and_differing_rows_are_both_rejected_naming_each_other(run_mapping: Map) -> None:
    outcome = run_mapping(TWO, [row(), row(), row(line="2", amount="1"), row(line="2", amount="2")])
    assert [record["key"] for record in outcome.good["purchase_order_line"]] == ["PO1|1"]
    assert outcome.folded["purchase_order_line"] == 1
    assert [(one.code, one.place, one.detail) for one in outcome.issues] == [
        ("XD-KEY-001", "f1.csv #4", "#5, 数量"),
        ("XD-KEY-001", "f1.csv #5", "#4, 数量"),
    ]
    assert outcome.accounts_hold()


def test_an_older_statement_holds_where_the_newer_ones_contradict_each_other(run_mapping: Map) -> None:
    old, new = (Landed(rows, modified_at=datetime(2026, 1, day, tzinfo=UTC))
                for rows, day in (([row(amount="7")], 1), ([row(amount="8"), row(amount="9")], 2)))  # fmt: skip
    outcome = run_mapping(TWO, [old, new])
    assert [record["ordered"] for record in outcome.good["purchase_order_line"]] == [Decimal(7)]
    assert len(outcome.held) == 2
    assert outcome.accounts_hold()


def test_a_rejected_header_parks_its_lines_and_no_others(run_mapping: Map) -> None:
    outcome = run_mapping(TWO, [row(on="31.02.2026"), row(line="2", on="31.02.2026"), row("PO2")])
    assert [record["key"] for record in outcome.good["purchase_order_line"]] == ["PO2|1"]
    assert [(held.entity, held.outcome) for held in outcome.held] == [
        ("purchase_order", "rejected"), ("purchase_order", "rejected"),
        ("purchase_order_line", "parked"), ("purchase_order_line", "parked"),
    ]  # fmt: skip
    assert sorted(outcome.codes()) == ["XD-DAT-001", "XD-DAT-001", "XD-PAR-001", "XD-PAR-001"]
    assert outcome.accounts_hold()


def test_a_header_stated_well_by_another_row_does_not_park_its_lines(run_mapping: Map) -> None:
    outcome = run_mapping(TWO, [row(on="x"), row(line="2")])
    assert len(outcome.good["purchase_order_line"]) == 2
    assert outcome.accounts_hold()


BOTH = """
mapping: t/both
entities:
  purchase_order:
    fields: {order_number: 单号, supplier: 供应商, contract_number: 合同号, currency: 币种}
  purchase_order_line:
    fields: {order_number: 单号, line_number: 行号, contract_number: 合同号, unit_price: "money(单价, 币种)"}
"""


def priced(line: str, contract: str, *, supplier: str = "S1", currency: str = "CNY") -> dict[str, str]:
    return {"单号": "PO1", "供应商": supplier, "合同号": contract, "行号": line, "单价": "3", "币种": currency}


def test_a_header_leaves_open_what_its_lines_state_each_for_itself(run_mapping: Map) -> None:
    outcome = run_mapping(BOTH, [priced("1", "C1"), priced("2", ""), priced("3", "C2")])
    (header,) = outcome.good["purchase_order"]
    assert (header["supplier"], header["contract_number"]) == ("S1", None)
    assert [line["contract_number"] for line in outcome.good["purchase_order_line"]] == ["C1", None, "C2"]
    assert outcome.folded["purchase_order"] == 2
    assert outcome.issues == []
    assert outcome.accounts_hold()


def test_a_header_has_what_all_its_lines_that_say_it_agree_on(run_mapping: Map) -> None:
    outcome = run_mapping(BOTH, [priced("1", ""), priced("2", "C2"), priced("3", "C2")])
    assert [header["contract_number"] for header in outcome.good["purchase_order"]] == ["C2"]


def test_a_cell_that_header_and_line_read_is_warned_of_once(run_mapping: Map) -> None:
    mapping = """
    mapping: t/state
    entities:
      purchase_order:
        fields: {order_number: 单号, close_status: 状态}
      purchase_order_line:
        fields: {order_number: 单号, line_number: 行号, close_status: 状态}
    """
    rows = [{"单号": "PO1", "行号": str(line), "状态": state} for line, state in enumerate(("加急", "已关闭", ""), 1)]
    outcome = run_mapping(mapping, rows)
    assert [(one.code, one.entity, one.value) for one in outcome.issues] == [("XD-COD-002", "purchase_order", "加急")]
    assert [header["close_status"] for header in outcome.good["purchase_order"]] == [None]
    assert [line["close_status"] for line in outcome.good["purchase_order_line"]] == ["unknown", "closed", None]
    assert outcome.accounts_hold()


@pytest.mark.parametrize(
    ("other", "column"), [(priced("2", "C2", supplier="S2"), "供应商"), (priced("2", "C2", currency="USD"), "币种")]
)
def test_a_header_is_contradicted_by_what_its_lines_do_not_state(
    run_mapping: Map, other: Mapping[str, str], column: str
) -> None:
    outcome = run_mapping(BOTH, [priced("1", "C1"), other])
    assert outcome.good["purchase_order"] == []
    assert [one.detail for one in outcome.issues if one.code == "XD-KEY-001"] == [f"#3, {column}", f"#2, {column}"]
    assert outcome.accounts_hold()


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("document_status: 甲", "status: 甲"),  # draft and approved are one to a line
        ("supplier: 甲", "item: 甲"),
        ("buyer_contact: 甲", "remark: concat(甲, 乙)"),
        ("contract_number: coalesce(甲, 乙)", "contract_number: 甲"),
        ("contract_number: 甲", "remark: 甲"),
        ("contract_number: 甲", "contract_number: left(甲, 1)"),
        ("close_status: coalesce(甲, 乙)", "close_status: coalesce(乙, 甲)"),
        ("ordered_on: 甲", "requested_on: 甲"),  # it tells two orders of one number apart
    ],
)
def test_a_header_is_contradicted_where_the_lines_do_not_state_the_very_same(
    run_mapping: Map, header: str, line: str
) -> None:
    mapping = f"""
    mapping: t/other
    entities:
      purchase_order:
        fields:
          order_number: 单号
          {header}
      purchase_order_line:
        fields:
          order_number: 单号
          line_number: 行号
          {line}
    """
    values = ("2026-03-01", "2026-03-02") if "_on" in header else ("草稿", "已审核")
    values = ("已关闭", "未关闭") if "close" in header else values
    rows = [{"单号": "PO1", "行号": str(at), "甲": value, "乙": ""} for at, value in enumerate(values, 1)]
    outcome = run_mapping(mapping, rows)
    assert outcome.good["purchase_order"] == []
    assert outcome.codes().count("XD-KEY-001") == 2


def test_two_odd_cells_of_one_row_are_both_warned_of(run_mapping: Map) -> None:
    mapping = """
    mapping: t/states
    entities:
      purchase_order:
        fields: {order_number: 单号, document_status: "coalesce(甲, 乙)", close_status: "coalesce(甲, 丙)"}
    """
    outcome = run_mapping(mapping, [{"单号": "PO1", "甲": "", "乙": "怪乙", "丙": "怪丙"}])
    assert [(one.code, one.value) for one in outcome.issues] == [("XD-COD-002", "怪乙"), ("XD-COD-002", "怪丙")]


def test_an_element_of_a_document_is_another_place_than_the_document(run_mapping: Map) -> None:
    mapping = """
    mapping: t/documents
    entities:
      purchase_order:
        fields: {order_number: no, close_status: state}
      purchase_order_line:
        each: items
        fields: {order_number: parent.no, line_number: seq, close_status: state}
    """
    documents = [
        {"no": "PO1", "state": state, "items": [{"seq": str(at), "state": "未关闭"}]}
        for at, state in enumerate(("未关闭", "已关闭"))
    ]
    rows = [{"json": json.dumps(one, ensure_ascii=False)} for one in documents]
    outcome = run_mapping(mapping, rows, is_json=True)
    assert outcome.good["purchase_order"] == []


def test_any_of_the_kinds_of_line_may_state_what_its_header_leaves_open(run_mapping: Map) -> None:
    mapping = """
    mapping: t/parcels
    entities:
      shipment:
        fields: {shipment_number: 单号, tracking_number: 运单, gross_weight_kg: 毛重}
      package:
        fields: {shipment_number: 单号, package_number: 箱号}
      shipment_line:
        fields: {shipment_number: 单号, line_number: 行号, tracking_number: 运单}
    """
    rows = [{"单号": "D1", "箱号": n, "行号": n, "运单": f"T{n}", "毛重": "2"} for n in ("1", "2")]
    outcome = run_mapping(mapping, rows)
    assert [(one["tracking_number"], one["gross_weight_kg"]) for one in outcome.good["shipment"]] == [
        (None, Decimal(2))
    ]
    assert [line["tracking_number"] for line in outcome.good["shipment_line"]] == ["T1", "T2"]


def test_a_field_that_is_left_open_is_not_said_to_be_unknown(run_mapping: Map) -> None:
    mapping = """
    mapping: t/days
    entities:
      purchase_order:
        fields: {order_number: 单号, requested_on: 交期}
      purchase_order_line:
        fields: {order_number: 单号, line_number: 行号, requested_on: 交期}
    """
    days = ("2026-03-01", "待定", "2026-03-02")
    outcome = run_mapping(mapping, [{"单号": "PO1", "行号": str(at), "交期": day} for at, day in enumerate(days, 1)])
    assert [(one["requested_on"], one["unknown"]) for one in outcome.good["purchase_order"]] == [(None, None)]
    assert [line["unknown"] for line in outcome.good["purchase_order_line"]] == [None, '{"requested_on":"待定"}', None]


def test_parts_of_the_path_belong_to_the_key_and_tell_headers_apart(run_mapping: Map) -> None:
    rows = [{**row(on=on), "partner": partner} for partner, on in (("a|b", "x"), ("c", "2026-03-01"))]
    outcome = run_mapping(TWO, rows, key_parts=["partner"])
    assert [record["key"] for record in outcome.good["purchase_order_line"]] == ["c|PO1|1"]
    assert {held.key for held in outcome.held} == {"a\\|b|PO1", "a\\|b|PO1|1"}


NESTED = """
mapping: t/nested
version: ModifiedAt
codes: {order_status: {A: draft}, document_status: {Z: draft}}
entities:
  purchase_order:
    key: [FID]
    fields: {order_number: FBillNo, supplier: party(Supplier.Number), document_status: FStatus}
  purchase_order_line:
    each: Entries
    key: [parent.FID, FSeq]
    fields:
      order_number: parent.FBillNo
      line_number: FSeq
      ordered: quantity(FQty, Unit.FNumber)
      price_base: '"价格(元)"'
"""


def document(**fields: object) -> dict[str, str]:
    entry = {"FSeq": "1", "FQty": "1.10", "Unit": {"FNumber": "kg"}, "价格(元)": "12345678901234.123456"}
    whole = {
        "FID": "100",
        "FBillNo": "PO1",
        "Supplier": {"Number": "S1"},
        "FStatus": "Z",
        "ModifiedAt": "2026-03-01 08:00",
        "Entries": [entry],
    }
    return {"json": json.dumps({**whole, **fields}, ensure_ascii=False)}


def test_nested_documents_give_lines_with_their_parents_fields_and_every_digit(run_mapping: Map) -> None:
    outcome = run_mapping(NESTED, [document(), document(FID="101", FBillNo="PO2", Entries=None)], is_json=True)
    first, second = outcome.good["purchase_order"]
    assert (first["key"], first["supplier"], first["document_status"], first["document_status_source"]) == (
        "100",
        "S1",
        "draft",
        "Z",
    )
    assert first["version"] == Decimal(int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()))
    assert second["key"] == "101"
    (line,) = outcome.good["purchase_order_line"]
    assert (line["key"], line["order_number"]) == ("100|1", "PO1")
    assert (str(line["ordered"]), str(line["price_base"])) == ("1.100000", "12345678901234.123456")
    assert outcome.read == {"purchase_order": 2, "purchase_order_line": 1}
    assert outcome.accounts_hold()


def test_the_newer_version_of_a_document_wins_whatever_its_place(run_mapping: Map) -> None:
    newer, older = document(FStatus="取消"), document(ModifiedAt="2026-02-01 08:00")
    for documents in ([newer, older], [older, newer]):
        outcome = run_mapping(NESTED, documents, is_json=True)
        assert [record["document_status"] for record in outcome.good["purchase_order"]] == ["cancelled"]
        assert outcome.folded["purchase_order"] == 1
        assert outcome.accounts_hold()


def test_an_alias_and_the_models_own_labels_find_their_headers(run_mapping: Map) -> None:
    text = "mapping: t/t\ncolumns: {po: [采购单号, PO No.]}\nentities:\n  purchase_order:\n    fields: {order_number: po, ordered_on: ordered_on}\n"
    for header in ("ＰＯ ｎｏ.", "po no.", "采购单号*", "采购单号（必填）"):
        (record,) = run_mapping(text, [{header: "A", "下单日期": "2026-03-01"}]).good["purchase_order"]
        assert (record["order_number"], record["ordered_on"]) == ("A", date(2026, 3, 1))


def test_an_absent_column_is_not_stated_and_an_empty_cell_is(run_mapping: Map) -> None:
    outcome = run_mapping(TWO, [{"单号": "A", "行号": "1", "供应商": None}])
    plan = outcome.plan.entities[0]
    assert plan.stated == ("order_number", "supplier")
    assert plan.absent == ("ordered_on",)
    assert outcome.plan.entities[1].absent == ("ordered",)
    assert outcome.good["purchase_order"][0]["supplier"] is None


def test_a_missing_required_column_says_which_and_what_there_is() -> None:
    with pytest.raises(MappingDoesNotFitError) as caught:
        make_plan(parse_mapping(TWO, "t"), header=["单 号码", "日期"], is_json=False, timezone="UTC")
    said = caught.value.render(Language.ZH)
    assert "单号" in said
    assert "单 号码、日期" in said
    assert caught.value.problem_code == "XD-MAP-006"


def test_damaged_cells_reject_only_rows_whose_entity_reads_them(run_mapping: Map) -> None:
    landed = Landed(
        [row(), row(line="2")], suspects=((2, "数量", "XD-CEL-001"), (3, "行号", "XD-CEL-002")), places={"数量": "E"}
    )
    outcome = run_mapping(TWO, [landed])
    assert len(outcome.good["purchase_order"]) == 1
    assert outcome.good["purchase_order_line"] == []
    assert [(one.code, one.field, one.place) for one in outcome.issues] == [
        ("XD-CEL-001", "ordered", "f1.csv E2"),
        ("XD-CEL-002", "line_number", "f1.csv #3"),
    ]
    assert outcome.accounts_hold()


def test_a_row_with_too_many_values_is_rejected_and_one_with_too_few_is_kept(run_mapping: Map) -> None:
    landed = Landed([row(), row(line="2")], suspects=((2, "_more", "XD-CEL-003"), (3, "单位", "XD-CEL-004")))
    outcome = run_mapping(TWO, [landed])
    assert [record["key"] for record in outcome.good["purchase_order_line"]] == ["PO1|2"]
    assert set(outcome.codes()) == {"XD-CEL-003", "XD-CEL-004"}
    assert outcome.accounts_hold()


@pytest.mark.parametrize(
    ("field", "expression", "cells", "code", "outcome"),
    [
        ("ordered", "quantity(a, b)", {"a": "1", "b": "坨"}, "XD-UNT-001", "parked"),
        ("ordered", "quantity(a, b)", {"a": "1", "b": None}, "XD-UNT-002", "rejected"),
        ("ordered", "quantity(a, b)", {"a": "-1", "b": "kg"}, "XD-NUM-003", "rejected"),
        ("ordered", "quantity(a, b)", {"a": "9" * 19, "b": "kg"}, "XD-NUM-002", "rejected"),
        ("ordered", "quantity(a, b)", {"a": "1", "b": "kg\0"}, "XD-UNT-001", "rejected parked"),
        ("unit_price", "money(a, b)", {"a": "1", "b": "元宝"}, "XD-COD-001", "rejected parked"),
        ("item", "a", {"a": "A-1\nA-2"}, "XD-TXT-003", "rejected"),
        ("contract_number", "a", {"a": "C-1\nC-2"}, "XD-TXT-003", "rejected"),
        ("unit_price", "money(a, b)", {"a": "1", "b": None}, "XD-CUR-001", "rejected"),
        ("requested_on", "a", {"a": "03/04/2026"}, "XD-DAT-002", "rejected"),
        ("price_base", "number(a) / number(b)", {"a": "1", "b": "0"}, "XD-EXP-001", "rejected"),
        ("price_base", "number(a) * number(b)", {"a": "9" * 18, "b": "9" * 18}, "XD-EXP-001", "rejected"),
        ("price_base", "a", {"a": "1e5"}, "XD-NUM-001", "rejected"),
        ("is_tax_included", "a", {"a": "也许"}, "XD-FLG-001", "rejected"),
        ("remark", "a", {"a": "长" * 2001}, "XD-TXT-001", "rejected"),
        ("remark", "a", {"a": "x\0"}, "XD-TXT-002", "rejected"),
        ("remark", "replace(a, '1', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')", {"a": "1" * 1500}, "XD-EXP-001", "rejected"),
        ("status", "a", {"a": "没见过"}, "XD-COD-002", ""),
        ("order_number", "a", {"a": None}, "XD-REQ-001", "rejected"),
    ],
)  # fmt: skip
def test_a_bad_value_is_one_issue_with_its_field_and_value(
    run_mapping: Map, field: str, expression: str, cells: dict[str, str | None], code: str, outcome: str
) -> None:
    mapping = one_field(field, expression)
    if field == "order_number":
        mapping = mapping.replace("      order_number: 单号\n", "", 1)
    result = run_mapping(
        mapping,
        [
            {"单号": "A", "行号": "1", **cells},
            {
                "单号": "B",
                "行号": "2",
                **dict.fromkeys(cells),
                **{"order_number": {"a": "1"}, "ordered": {"a": "1", "b": "个"}}.get(field, {}),
            },
        ],
    )
    assert result.codes() == [code]
    assert result.issues[0].field == field
    assert [held.outcome in outcome for held in result.held] == ([True] if outcome else [])
    assert len(result.good["purchase_order_line"]) == (1 if outcome else 2)
    assert result.issues[0].render(Language.ZH)
    assert result.accounts_hold()


def test_a_row_of_which_only_the_key_is_filled_is_left_out(run_mapping: Map) -> None:
    mapping = one_field("ordered", "quantity(a, b)")
    rows = [("P1", "1", "5", "个", "000123"), ("李伟", "2026-10-08", "", " ", None), ("P2", "1", "", "", "000123")]
    cells = [dict(zip(("单号", "行号", "a", "b", "c"), row, strict=True)) for row in rows]
    outcome = run_mapping(f"{mapping}      item: c\n", cells)
    assert outcome.codes() == ["XD-REQ-003"]
    assert [held.key for held in outcome.held] == ["李伟|2026-10-08"]
    assert [row["ordered"] for row in outcome.good["purchase_order_line"]] == [5, None]


def test_an_unknown_status_is_kept_as_unknown_with_its_own_word(run_mapping: Map) -> None:
    (record,) = run_mapping(one_field("status", "a"), [{"单号": "A", "行号": "1", "a": "没见过"}]).good[
        "purchase_order_line"
    ]
    assert (record["status"], record["status_source"]) == ("unknown", "没见过")


@pytest.mark.parametrize(
    ("header", "cell", "seconds"),
    [("标准工时(分钟)", "1.5", 90), ("标准工时(h)", "2", 7200), ("标准工时(秒)", "30", 30), ("标准工时", "30", 30)],
)
def test_a_time_is_brought_into_seconds(run_mapping: Map, header: str, cell: str, seconds: int) -> None:
    fields = "{production_number: a, operation_number: b, standard_seconds: 标准工时}"
    text = f"mapping: t/t\nentities:\n  production_operation:\n    fields: {fields}\n"
    (record,) = run_mapping(text, [{"a": "M1", "b": "10", header: cell}]).good["production_operation"]
    assert record["standard_seconds"] == seconds


@pytest.mark.parametrize("header", ["温度(度)", "温度(T)", "温度(℃)", "温度"])
def test_what_says_no_other_scale_is_celsius(run_mapping: Map, header: str) -> None:
    fields = "{device: a, measured_at: instant(b), celsius: 温度}"
    text = f"mapping: t/t\nentities:\n  temperature_reading:\n    fields: {fields}\n"
    (record,) = run_mapping(text, [{"a": "D1", "b": "2026-03-05 10:00", header: "4.5"}]).good["temperature_reading"]
    assert record["celsius"] == Decimal("4.5")


@pytest.mark.parametrize(("word", "value"), [("yes", True), ("No", False), ("off", False), ("true", True)])
def test_a_constant_may_say_yes_or_no(run_mapping: Map, word: str, value: bool) -> None:
    text = one_field("is_tax_included", "a").replace("'a'", word)
    (record,) = run_mapping(text, [{"单号": "A", "行号": "1"}]).good["purchase_order_line"]
    assert record["is_tax_included"] is value


@pytest.mark.parametrize("header", ["温度(℉)", "温度(°F)", "温度（华氏度）"])
def test_degrees_of_fahrenheit_are_not_taken_for_celsius(header: str) -> None:
    fields = "{device: a, measured_at: instant(b), celsius: 温度}"
    spec = parse_mapping(f"mapping: t/t\nentities:\n  temperature_reading:\n    fields: {fields}\n", "t.yaml")
    plan = make_plan(spec, header=["a", "b", header], is_json=False, timezone="UTC")
    assert "celsius" in plan.entities[0].absent


def test_many_wrong_rows_are_explained_in_parts(run_mapping: Map, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mappings.parts.AT_ONCE", 2)
    rows = [{"单号": "A", "行号": str(line), "a": "噗" if line % 2 else "2026-02-30"} for line in range(9)]
    outcome = run_mapping(one_field("requested_on", "date(a)"), rows)
    assert outcome.codes() == ["XD-DAT-001"] * 9
    assert [issue.value for issue in outcome.issues] == [row["a"] for row in rows]


def test_what_a_mapping_becomes_is_in_its_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = parse_mapping(one_field("requested_on", "date(a)"), "t.yaml")

    def fingerprint() -> str:
        return make_plan(spec, header=["单号", "行号", "a"], is_json=False, timezone="UTC").fingerprint

    before = fingerprint()
    assert fingerprint() == before
    monkeypatch.setattr("mappings.steps.unknown_pattern", lambda own: f"{unknown_pattern(own)}|另议")
    assert fingerprint() != before, "a row that says so is read anew"


def test_what_tells_the_newer_statement_is_in_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = parse_mapping("version: number(a)\n" + one_field("remark", "b"), "t.yaml")
    made = []
    for sql in ("1", "2"):
        version = Compiled(Kind.NUMBER, (sql,), columns=("a",))
        monkeypatch.setattr("mappings.plan._version", lambda *_, version=version: version)
        made.append(make_plan(spec, header=["单号", "行号", "a", "b"], is_json=False, timezone="UTC").fingerprint)
    assert len(set(made)) == 2


@pytest.mark.parametrize("path", ["lines.*", "*", "lines[0].lots"])
def test_a_list_inside_a_list_is_refused_in_words(path: str) -> None:
    fields = "fields: {order_number: parent.no, line_number: n}"
    text = f"mapping: t/t\nentities:\n  purchase_order_line:\n    each: '{path}'\n    {fields}\n"
    with pytest.raises(MappingError, match="a list inside a list"):
        make_plan(parse_mapping(text, "t.yaml"), header=[], is_json=True, timezone="UTC")


def test_a_whole_number_is_asked_for_in_words(run_mapping: Map) -> None:
    text = "mapping: t/t\nentities:\n  item:\n    fields: {item_number: a, shelf_life_days: b}\n"
    outcome = run_mapping(text, [{"a": str(i), "b": b} for i, b in enumerate(["12", "12.0", "12.7", "x", "9" * 30])])
    assert [record["shelf_life_days"] for record in outcome.good["item"]] == [12, 12]
    assert outcome.codes() == ["XD-NUM-004", "XD-NUM-001", "XD-NUM-002"]


def test_check_digits_are_checked(run_mapping: Map) -> None:
    text = "mapping: t/t\nentities:\n  item:\n    fields: {item_number: a, gtin: b}\n"
    outcome = run_mapping(
        text, [{"a": "1", "b": "6291041500213"}, {"a": "2", "b": "6291041500214"}, {"a": "3", "b": None}]
    )
    assert [record["key"] for record in outcome.good["item"]] == ["1", "3"]
    assert [(one.code, one.value) for one in outcome.issues] == [("XD-CHK-001", "6291041500214")]


def test_an_empty_number_with_a_check_digit_is_fine_where_no_number_of_the_file_is_right(run_mapping: Map) -> None:
    text = "mapping: t/t\nentities:\n  item:\n    fields: {item_number: 料, gtin: 条码}\n"

    outcome = run_mapping(text, [{"料": "A", "条码": "6291041500214"}, {"料": "B", "条码": None}])

    assert [(one.code, one.value) for one in outcome.issues] == [("XD-CHK-001", "6291041500214")]
    assert [record["key"] for record in outcome.good["item"]] == ["B"]


def test_codes_of_one_table_serve_two_lists(run_mapping: Map) -> None:
    text = (
        "mapping: t/t\ncodes: {kd: {A: open}, document_status: {A: draft}, close_status: {A: closed}}\nentities:\n"
        "  purchase_order:\n    fields: {order_number: a, document_status: b, close_status: b}\n"
    )
    (record,) = run_mapping(text, [{"a": "1", "b": "Ａ"}]).good["purchase_order"]
    assert (record["document_status"], record["close_status"]) == ("draft", "closed")


def test_a_code_that_the_list_lacks_is_refused_before_anything_is_read() -> None:
    text = "mapping: t/t\ncodes: {close_status: {A: shut}}\nentities:\n  purchase_order:\n    fields: {order_number: a, close_status: b}\n"
    with pytest.raises(MappingError, match="XD-MAP-004"):
        make_plan(parse_mapping(text, "t"), header=["a", "b"], is_json=False, timezone="UTC")


_CELLS = st.fixed_dictionaries(
    {
        "单号": st.sampled_from(["A", "B", "C", "", "A "]),
        "日期": st.sampled_from(["2026-03-01", "2026-03-02", "x", ""]),
        "供应商": st.sampled_from(["S", ""]),
        "行号": st.sampled_from(["1", "2", "3", ""]),
        "数量": st.sampled_from(["1", "2", "x", "-1", ""]),
        "单位": st.sampled_from(["箱", "坨", ""]),
    }
)


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.lists(_CELLS, min_size=1, max_size=15), min_size=1, max_size=3))
def test_every_record_is_accounted_for(run_mapping: Map, files: list[list[dict[str, str]]]) -> None:
    outcome = run_mapping(TWO, [Landed(rows) for rows in files])
    assert outcome.accounts_hold()
    assert outcome.read["purchase_order"] == sum(map(len, files))
    for records in outcome.good.values():
        assert len({record["key"] for record in records}) == len(records)
    blamed = {(one.entity, one.place) for one in outcome.issues}
    assert {(held.entity, f"f{held.batch}.csv #{held.row}") for held in outcome.held} <= blamed


def test_forty_code_fields_run_in_the_memory_that_a_mapping_has(tmp_path: Path) -> None:
    """Code tables as CASE lists ran out of memory; as joins they fit."""
    entities = {}
    header = ["n"]
    for name in ("party", "item", "location", "purchase_order", "purchase_order_line", "goods_receipt_line"):
        spec = SPECS[name]
        codes = {f.name: f.name for f in spec.fields.values() if f.kind is Kind.CODE}
        codes |= {f.name: f"quantity(n, {f.name}_unit)" for f in spec.fields.values() if f.kind is Kind.QUANTITY}
        codes = dict(list(codes.items())[:10])  # each is a join of its own, of some 23 MB
        header += [column for f, text in codes.items() for column in (f, f"{f}_unit") if column in text]
        required = {f.name: "n" for f in spec.fields.values() if f.is_required}
        entities[name] = EntityMapping(fields={**required, **codes})
    stated = [f for e in entities.values() for f in e.fields]
    assert len(stated) > 40
    header = list(dict.fromkeys(header))
    rows = 3000
    path = tmp_path / "wide.parquet"
    numbers = pa.array([str(i) for i in range(rows)])
    words = pa.array(["箱"] * rows)
    pq.write_table(
        pa.table([pa.array(range(rows)), numbers, *([words] * (len(header) - 1))], names=["_row", *header]), path
    )
    plan = make_plan(MappingFile(mapping="t/t", entities=entities), header=header, is_json=False, timezone="UTC")
    with MappingRun(plan, [LandedRows(1, path, rows, "f", "", {}, None)]) as run:
        for entity in plan.entities:
            held = sum(1 for _ in run.held(entity))
            assert run.good(entity).read_all().num_rows + held + run.folded_count(entity) == rows


@pytest.mark.parametrize("name", ["purchase_order_line", "purchase_order"])
def test_all_fields_of_an_entity_run_in_the_memory_that_a_mapping_has(name: str, tmp_path: Path) -> None:
    """Each join holds a vector of each column: 59 columns with 32 code tables ran out of memory, were they two rows."""
    fields = {f.name: _own_columns(f) for f in SPECS[name].fields.values()}
    header = list(dict.fromkeys(re.findall(r"[ab]_\w+", " ".join(fields.values()))))
    path = tmp_path / "wide.parquet"
    numbers = pa.array([f"{i}x" for i in range(3_000)])
    pq.write_table(pa.table([pa.array(range(3_000)), *([numbers] * len(header))], names=["_row", *header]), path)
    text = json.dumps({"mapping": "t/t", "entities": {name: {"fields": fields}}})
    plan = make_plan(parse_mapping(text, "t"), header=header, is_json=False, timezone="UTC")
    with MappingRun(plan, [LandedRows(1, path, 3_000, "f.csv", "", {}, None)]) as run:
        (entity,) = plan.entities
        assert run.good(entity).read_all().num_rows + sum(1 for _ in run.held(entity)) == 3_000


@pytest.mark.parametrize(
    ("landed", "known", "skipped", "folded", "mapped", "unseen"),
    [
        ("AB", "AB", 2, 0, "", 0),
        ("ABC", "AB", 2, 0, "C", 0),
        ("AB", "ABC", 2, 0, "", 1),
        ("AAB", "AB", 2, 1, "", 0),
        ("ABCC", "AB", 2, 1, "C", 0),
        ("AAB", "AABC", 2, 1, "", 1),
        ("AB", "AAB", 2, 0, "", 0),
        ("AA", "BB", 0, 1, "A", 1),
    ],
)
def test_landed_and_stored_rows_are_compared_however_often_each_comes(
    landed: str, known: str, skipped: int, folded: int, mapped: str, unseen: int, tmp_path: Path
) -> None:
    fields = {"order_number": "n", "line_number": "n"}
    spec = MappingFile(mapping="t/t", entities={"purchase_order_line": EntityMapping(fields=fields)})
    plan = make_plan(spec, header=["n"], is_json=False, timezone="UTC")
    (entity,) = plan.entities

    def batch(letters: str) -> LandedRows:
        path = tmp_path / f"{letters}.parquet"
        pq.write_table(pa.table({"_row": range(len(letters)), "n": list(letters)}), path)
        return LandedRows(1, path, len(letters), "f", "", {}, None)

    with MappingRun(plan, [batch("ABC")]) as run:
        hashes = dict(zip("ABC", run.good(entity).read_all()["source_hash"].to_pylist(), strict=True))
    raw = pa.array(
        [one if isinstance(one, bytes) else one.bytes for one in map(hashes.__getitem__, known)], pa.binary(16)
    )
    stored = pa.record_batch({"source_hash": pa.ExtensionArray.from_storage(pa.uuid(), raw)})
    with MappingRun(plan, [batch(landed)], {entity.entity.name: [stored]}) as run:
        assert (run.skipped_count(entity), run.folded_count(entity)) == (skipped, folded)
        assert "".join(sorted(run.good(entity).read_all()["order_number"].to_pylist())) == mapped
        left = run.unseen(entity)
        assert left is not None
        assert left.read_all().num_rows == unseen


@pytest.mark.parametrize("beside", ["n", 'lines."0".k'])
def test_a_document_of_many_lines_is_not_read_once_more_for_each(beside: str, tmp_path: Path) -> None:
    """Five hundred lines, 68 kB, ran out of memory, since each line carried the whole document."""
    count = 5_000 if beside == "n" else 50
    lines = [{"k": str(i), "text": "x" * 60, "q": "5", "u": "PCS"} for i in range(count)]
    path = tmp_path / "one.parquet"
    pq.write_table(pa.table({"_row": [1], "json": [json.dumps({"n": "A", "lines": lines})]}), path)
    text = (
        "mapping: t/t\nentities:\n  purchase_order: {fields: {order_number: n}}\n  purchase_order_line:\n    each: lines\n"
        f"    fields: {{order_number: parent.n, line_number: k, item: 'parent.{beside}', remark: text, ordered: 'quantity(q, u)'}}\n"
    )
    plan = make_plan(parse_mapping(text, "t"), header=[], is_json=True, timezone="UTC")
    with MappingRun(plan, [LandedRows(1, path, 1, "f.json", "", {}, None)]) as run:
        order, line = (run.good(entity).read_all() for entity in plan.entities)
    assert (order.num_rows, line.num_rows) == (1, count)
    assert set(line["item"].to_pylist()) == {"A" if beside == "n" else "0"}


def _own_columns(field: FieldSpec) -> str:
    """An expression for the field over columns of its own."""
    text = EXPRESSIONS[field.kind].format(codes=field.codes)
    return re.sub(r"\b([ab])\b", rf"\1_{field.name}", text)


def test_no_field_of_the_model_takes_the_name_of_an_engine_column() -> None:
    reserved = {
        "batch",
        "row",
        "element",
        "key",
        "_name",
        "parent",
        "version",
        "source_hash",
        "outcome",
        "mask",
        "unknown",
    }
    assert not {c.name for spec in SPECS.values() for c in spec.columns} & reserved


def test_files_are_told_apart_whatever_columns_they_have(run_mapping: Map) -> None:
    days = [datetime(2026, 3, day, tzinfo=UTC) for day in range(1, 6)]
    shapes: list[list[Row]] = [
        [{"单号": "P1", "行号": "1", "Qty": "1", "QTY": "10"}, {"单号": "P1", "行号": "2", "Qty": "2", "QTY": "20"}],
        [{"单号": "P2", "行号": "1", "Qty": "3"}],
        [{"单号": "P3", "行号": "1", "Qty": "4", "QTY": "40"}],
        [{"行号": "1", "单号": "P4", "Qty": "5"}],
        [{"单号": "P5", "行号": "1", "Qty": "6"}],
    ]
    files = [Landed(rows, modified_at=day) for rows, day in zip(shapes, days, strict=True)]
    outcome = run_mapping(one_field("price_base", "number(Qty)"), files)
    found = [
        (r["key"], r["batch"], r["row"], r["price_base"], r["version"]) for r in outcome.good["purchase_order_line"]
    ]
    stamps = [Decimal(int(day.timestamp())) for day in days]
    assert found == [
        ("P1|1", 1, 2, 1, stamps[0]),
        ("P1|2", 1, 3, 2, stamps[0]),
        ("P2|1", 2, 2, 3, stamps[1]),
        ("P3|1", 3, 2, 4, stamps[2]),
        ("P4|1", 4, 2, 5, stamps[3]),
        ("P5|1", 5, 2, 6, stamps[4]),
    ]


EXPRESSIONS = {
    Kind.TEXT: "a",
    Kind.CODE: "code('{codes}', a)",
    Kind.DAY: "date(a)",
    Kind.INSTANT: "instant(a)",
    Kind.NUMBER: "number(a)",
    Kind.INTEGER: "integer(a)",
    Kind.QUANTITY: "quantity(a, b)",
    Kind.MONEY: "money(a, b)",
    Kind.REF: "a",
    Kind.FLAG: "flag(a)",
}


@pytest.mark.parametrize("name", ["item", "purchase_order", "purchase_order_line"])
def test_records_have_the_types_that_the_model_declares(name: str, tmp_path: Path) -> None:
    specs = list(SPECS[name].fields.values())
    kinds = {spec.kind: spec for spec in reversed(specs)}.values()
    stated = {spec.name: spec for spec in specs if spec.is_required or spec.name in SPECS[name].key or spec in kinds}
    fields = {field: EXPRESSIONS[spec.kind].format(codes=spec.codes) for field, spec in stated.items()}
    text = json.dumps({"mapping": "t/t", "entities": {name: {"fields": fields}}})
    plan = make_plan(parse_mapping(text, "t"), header=["a", "b"], is_json=False, timezone="UTC")
    path = tmp_path / "1.parquet"
    pq.write_table(pa.table({"_row": [2], "a": ["x"], "b": ["x"]}), path)
    with MappingRun(plan, [LandedRows(1, path, 1, "f.csv", "", {}, None)]) as run:
        query = run._queries[name]
        planned, kept = (
            {column: kind.replace('"NULL"', "VARCHAR") for column, kind, *_ in run._db.execute(sql).fetchall()}
            for sql in (f"DESCRIBE {query.mapped()}", f"DESCRIBE rows_{name}")
        )
    assert planned | {"mask": "BIGINT"} == kept


def test_a_column_in_the_usual_spelling_is_planned_without_the_other_ways(tmp_path: Path) -> None:
    text = one_field("requested_on", "date(d)")
    plan = make_plan(parse_mapping(text, "t"), header=["单号", "行号", "d"], is_json=False, timezone="UTC")
    path = tmp_path / "1.parquet"
    for day, macro in (("2026-03-05", "xd_usual_date("), ("2026/3/5", "xd_date(")):
        pq.write_table(pa.table({"_row": [2], "单号": ["P1"], "行号": ["1"], "d": [day]}), path)
        with MappingRun(plan, [LandedRows(1, path, 1, "f.csv", "", {}, None)]) as run:
            (record,) = run.good(plan.entities[0]).read_all().to_pylist()
            assert record["requested_on"] == date(2026, 3, 5)
            sql = run._queries["purchase_order_line"].mapped()
            assert [one for one in ("xd_usual_date(", "xd_date(") if one in sql] == [macro]
