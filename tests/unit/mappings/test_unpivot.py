"""Columns that become rows: one record for each filled cell, each accounted for and found again in its own cell."""

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canonical_model.errors import MappingError
from connectors.formats import FormatOptions, read_file
from mappings.engine import MappingRun
from mappings.landed import LandedRows
from mappings.plan import MappingDoesNotFitError, make_plan
from mappings.spec import parse_mapping
from tests.unit.mappings.conftest import Landed, Map

MAPPING = """
mapping: t/stock
entities:
  inventory_balance:
    unpivot: {columns: ["*仓", "仓库*"], name: 仓, value: 数}
    fields: {item: 料号, location: 仓, on_hand: "quantity(数, 单位)"}
  item:
    fields: {item_number: 料号}
"""
PLACES = {"料号": "A", "单位": "B", "东仓": "C", "西仓": "D", "仓库3": "E"}


def row(item: str, *cells: str | None, unit: str = "箱") -> dict[str, str | None]:
    return {"料号": item, "单位": unit, **dict(zip(("东仓", "西仓", "仓库3"), cells, strict=True))}


def test_each_filled_cell_is_a_record_and_a_blank_one_is_none(run_mapping: Map) -> None:
    outcome = run_mapping(
        MAPPING, [row("a", "1", " ", None), row("b", "0", "2", "待定"), row("c", None, None, "\u3000")]
    )
    found = [(r["key"], r["on_hand"], r["unknown"]) for r in outcome.good["inventory_balance"]]
    assert found == [
        ("a|东仓||||", Decimal(1), None),
        ("b|东仓||||", Decimal(0), None),
        ("b|仓库3||||", None, '{"on_hand":"待定"}'),
        ("b|西仓||||", Decimal(2), None),
    ]
    assert (outcome.read["inventory_balance"], outcome.read["item"]) == (4, 3)
    assert outcome.issues == []
    assert outcome.accounts_hold()


def test_an_issue_names_the_cell_of_its_own_column(run_mapping: Map) -> None:
    suspects = ((3, "西仓", "XD-CEL-002"),)
    landed = Landed([row("a", "1", "x", "-5"), row("b", "1", "#REF!", "1")], suspects=suspects, places=PLACES)
    outcome = run_mapping(MAPPING, [landed])
    assert [(one.code, one.place, one.column, one.value) for one in outcome.issues] == [
        ("XD-NUM-001", "f1.csv D2", "西仓", "x"),
        ("XD-CEL-002", "f1.csv D3", "西仓", "#REF!"),
    ]
    assert {(held.row, held.element) for held in outcome.held} == {(2, 2), (3, 2)}
    assert outcome.accounts_hold()


def test_without_such_a_column_the_mapping_does_not_fit() -> None:
    with pytest.raises(MappingDoesNotFitError, match="仓库"):
        make_plan(parse_mapping(MAPPING, "t"), header=["料号", "单位"], is_json=False, timezone="UTC")
    with pytest.raises(MappingError, match="unpivot"):
        make_plan(parse_mapping(MAPPING, "t"), header=[], is_json=True, timezone="UTC")


def test_the_warehouse_columns_of_a_jsherp_template_become_stock(samples: Path, tmp_path: Path) -> None:
    (sheet,) = read_file(samples / "excel" / "jsherp" / "goods_template.xls", options=FormatOptions())
    text = """
mapping: t/jsherp
entities:
  inventory_balance:
    unpivot: {columns: ["仓库?"], name: 仓库, value: 数量}
    fields: {item: 基本条码, location: 仓库, on_hand: "quantity(数量, 基本单位)"}
"""
    path = tmp_path / "rows.parquet"
    table: pa.Table = sheet.table
    pq.write_table(table, path)
    header = [name for name in table.column_names if name != "_row"]
    plan = make_plan(parse_mapping(text, "t"), header=header, is_json=False, timezone="UTC")
    with MappingRun(plan, [LandedRows(1, path, table.num_rows, "goods.xls", "", sheet.columns, None)]) as run:
        stock = run.good(plan.entities[0]).read_all().to_pylist()
        assert run.read_count(plan.entities[0]) == len(stock) == 10
    assert {(r["item"], r["location"], r["on_hand"]) for r in stock} >= {("2001", "仓库1", 10), ("2011", "仓库5", 20)}


def test_what_all_the_columns_say_of_their_numbers_counts_and_is_no_part_of_their_names(run_mapping: Map) -> None:
    text = MAPPING.replace('["*仓", "仓库*"]', '["*仓*"]')
    outcome = run_mapping(text, [{"料号": "a", "单位": "个", "东仓(千)": "3", "西仓(千)": "1.5"}])
    assert [(r["location"], r["on_hand"]) for r in outcome.good["inventory_balance"]] == [
        ("东仓", 3000),
        ("西仓", 1500),
    ]
    assert outcome.issues == []
    boxes = run_mapping(text, [Landed([{"料号": "a", "单位": "个", "东仓(箱)": "3"}], places={"单位": "B"})])
    assert boxes.codes() == ["XD-UNT-004"]


def test_columns_that_say_different_things_of_their_numbers_park(run_mapping: Map) -> None:
    text = MAPPING.replace('["*仓", "仓库*"]', '["*仓*"]')
    for other in ("西仓(箱)", "西仓"):
        with pytest.raises(MappingDoesNotFitError, match="one unit"):
            run_mapping(text, [{"料号": "a", "单位": "个", "东仓(千)": "3", other: "1"}])


def test_sizes_of_clothes_are_no_units(run_mapping: Map) -> None:
    text = MAPPING.replace('["*仓", "仓库*"]', '["尺码*"]')
    sizes = {"尺码 S": "3", "尺码 M": "4", "尺码 L": "5", "尺码 2XL": "6"}
    outcome = run_mapping(text, [{"料号": "a", "单位": "件", **sizes}])
    found = {r["location"]: r["on_hand"] for r in outcome.good["inventory_balance"]}
    assert found == {size: Decimal(count) for size, count in sizes.items()}


@pytest.mark.parametrize("total", ["合计 数量", "小计 数量", "Total 数量"])
def test_a_column_that_sums_up_the_others_is_no_warehouse(run_mapping: Map, total: str) -> None:
    text = MAPPING.replace('["*仓", "仓库*"]', '["* 数量"]')
    outcome = run_mapping(text, [{"料号": "a", "单位": "个", "东仓 数量": "3", total: "3"}])
    assert [r["location"] for r in outcome.good["inventory_balance"]] == ["东仓 数量"]
    named = run_mapping(text.replace('["* 数量"]', f'["{total}"]'), [{"料号": "a", "单位": "个", total: "3"}])
    assert [r["location"] for r in named.good["inventory_balance"]] == [total]
