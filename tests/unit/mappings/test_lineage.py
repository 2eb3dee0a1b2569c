"""Lineage: which source columns each field comes from, with a header and without."""

from mappings.lineage import FieldLineage, lineage, lineage_digest, lineage_without_header
from mappings.plan import make_plan
from mappings.spec import parse_mapping

SHEET = """
mapping: t/orders
columns: {order_number: [单号, 单据编号], unit: [单位]}
entities:
  purchase_order_line:
    key: [单号, 项次]
    fields:
      order_number: order_number
      line_number: 项次
      item: 料号(新)
      ordered: quantity(number(数量) * 每箱, unit)
      unit_price: money(单价, 'CNY')
      description: "'无'"
      remark: coalesce(备注, 说明)
"""
NESTED = """
mapping: t/nested
entities:
  purchase_order_line:
    each: FEntry
    fields:
      order_number: parent.FBillNo
      line_number: FSeq
      item: FMaterial.FNumber
"""
HEADER = ["单据编号", "项次", "料号(新)", "数量", "每箱", "单位", "单价", "单号"]


def test_each_field_names_the_columns_of_the_header_that_it_reads() -> None:
    text = SHEET.replace("key: [单号, 项次]\n    ", "key: [单据编号, 项次]\n    ").replace("* 每箱", "* number(每箱)")
    plan = make_plan(parse_mapping(text, "t"), header=HEADER, is_json=False, timezone="UTC")

    found = {one.field: one for one in lineage(plan)}

    assert found["key"] == FieldLineage("purchase_order_line", "key", "单据编号, 项次", ("单据编号", "项次"))
    assert found["order_number"].columns == ("单号",)
    assert found["item"].columns == ("料号(新)",)
    assert found["ordered"] == FieldLineage(
        "purchase_order_line", "ordered", "quantity(number(数量) * number(每箱), unit)", ("数量", "每箱", "单位")
    )
    assert found["unit_price"].columns == ("单价",)
    assert found["description"].columns == ()
    assert "remark" not in found  # neither column is there


def test_without_a_header_columns_are_called_as_the_mapping_calls_them() -> None:
    found = {one.field: one.columns for one in lineage_without_header(parse_mapping(SHEET, "t"))}

    assert found["order_number"] == ("order_number",)
    assert found["item"] == ("料号(新)",)
    assert found["remark"] == ("备注", "说明")


def test_in_a_nested_list_columns_carry_its_path() -> None:
    spec = parse_mapping(NESTED, "t")
    plan = make_plan(spec, header=[], is_json=True, timezone="UTC")

    assert [one.columns for one in lineage(plan)] == [("FBillNo",), ("FEntry[].FSeq",), ("FEntry[].FMaterial.FNumber",)]
    assert lineage_without_header(spec) == lineage(plan)


def test_a_digest_tells_two_headers_apart() -> None:
    spec = parse_mapping(SHEET.replace("* 每箱", "* number(每箱)"), "t")
    one, same, other = (
        lineage(make_plan(spec, header=header, is_json=False, timezone="UTC"))
        for header in (HEADER, list(reversed(HEADER)), [*HEADER, "备注", "说明"])
    )

    assert lineage_digest(one) == lineage_digest(same)
    assert lineage_digest(one) != lineage_digest(other)


def test_columns_that_were_turned_into_rows_are_all_named() -> None:
    text = """
mapping: t/stock
entities:
  inventory_balance:
    unpivot: {columns: ["仓库*"], name: 仓, value: 数}
    fields: {item: 料号, location: 仓, on_hand: "quantity(数, 单位)"}
"""
    spec = parse_mapping(text, "t")
    plan = make_plan(spec, header=["料号", "仓库1", "仓库2", "单位"], is_json=False, timezone="UTC")

    assert {one.field: one.columns for one in lineage(plan)} == {
        "item": ("料号",),
        "location": ("仓库1", "仓库2"),
        "on_hand": ("仓库1", "仓库2", "单位"),
    }
    assert [one.columns for one in lineage_without_header(spec)][1] == ("仓",)
