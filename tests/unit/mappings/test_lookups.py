"""`lookups:` ask the store for all values of a batch at once; what is not found there parks its row."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canonical_model.errors import MappingError
from mappings.engine import MappingRun
from mappings.landed import LandedRows
from mappings.plan import make_plan
from mappings.spec import StoreLookup, parse_mapping

MAPPING = """mapping: t/t
lookups:
  our_item:
    entity: item
    match: {gtin: 条码, brand: "upper(品牌)"}
    give: item_number
entities:
  purchase_order_line:
    fields: {order_number: 单号, line_number: 行号, item: our_item, remark: "'=' || our_item"}
"""
STORE = {("b1", "X"): "000123", ("b|1", "X"): "7"}


def test_all_values_are_asked_for_at_once_and_what_is_missing_parks_its_row(tmp_path: Path) -> None:
    asked_for: list[list[dict[str, object]]] = []

    def answer(asked: StoreLookup, wanted: pa.Table) -> pa.Table:
        asked_for.append(wanted.to_pylist())
        assert (asked.entity, asked.give) == ("item", "item_number")
        found = [
            {**row, "value": STORE[row["gtin"], row["brand"]]}
            for row in wanted.to_pylist()
            if (row["gtin"], row["brand"]) in STORE
        ]
        return pa.Table.from_pylist(found, schema=pa.schema([(n, pa.string()) for n in ("gtin", "brand", "value")]))

    barcodes = ["b1", "b1", "b|1", "b2", None, "待定"]
    table = {
        "_row": range(2, 8),
        "单号": ["A"] * 6,
        "行号": [str(i) for i in range(6)],
        "条码": barcodes,
        "品牌": ["x"] * 6,
    }
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({name: list(values) for name, values in table.items()}), path)
    plan = make_plan(parse_mapping(MAPPING, "t"), header=list(table)[1:], is_json=False, timezone="UTC")
    with MappingRun(plan, [LandedRows(1, path, 6, "f.csv", "", {"条码": "C"}, None)], lookups=answer) as run:
        good = run.good(plan.entities[0]).read_all().to_pylist()
        issues = [(one.issue.code, one.issue.place, one.issue.value) for one in run.issues()]
        held = [(one.row, one.outcome) for one in run.held(plan.entities[0])]
    assert [(r["row"], r["item"], r["remark"], r["unknown"]) for r in good] == [
        (2, "000123", "=000123", None),
        (3, "000123", "=000123", None),
        (4, "7", "=7", None),
        (6, None, "=", None),
        (7, None, "=", '{"item":"待定","remark":"待定"}'),
    ]
    assert set(issues) == {("XD-LKP-001", "f.csv C5", "b2")}
    assert held == [(5, "parked")]
    (wanted,) = asked_for
    assert sorted(str(row["gtin"]) for row in wanted) == ["b1", "b2", "b|1", "待定"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("entity: item", "entity: itme", "item"),
        ("gtin: 条码", "gtln: 条码", "gtin"),
        ("give: item_number", "give: item_numbr", "item_number"),
        ("gtin: 条码", "gross_weight_kg: 条码", "gross_weight_kg"),
        ("gtin: 条码", "gtin: our_item", "uses itself"),
        ("gtin: 条码", "gtin: \"text(code('unit', 条码))\"", "functions of text only"),
    ],
)
def test_a_wrong_lookup_is_refused_with_its_line(old: str, new: str, says: str) -> None:
    def compile_it() -> None:
        spec = parse_mapping(MAPPING.replace(old, new), "mappings/t/t.yaml")
        make_plan(spec, header=["单号", "行号", "条码", "品牌"], is_json=False, timezone="UTC")

    with pytest.raises(MappingError) as caught:
        compile_it()
    assert says in str(caught.value)
    assert "t.yaml:" in caught.value.where
