from zoneinfo import ZoneInfo

import pytest

from canonical_model.language import Language
from canonical_model.text import JsonValue
from crossdock.portal._facts import Fact, FactReader

ZH = FactReader(Language.ZH, ZoneInfo("Asia/Shanghai"), {"erp": "金蝶 ERP"}, "未知")
EN = FactReader(Language.EN, ZoneInfo("Asia/Shanghai"), {}, "unknown")


def row(reader: FactReader, name: str, value: JsonValue, **beside: JsonValue) -> tuple[str, str]:
    fact = reader.table({name: value, **beside})[0]
    return fact.label, fact.value


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("order_number", "0018.500", ("订单号", "0018.500")),
        ("line_number", "10", ("行号", "10")),
        ("ordered", "12345.500000", ("订购数量", "12,345.5")),
        ("days", "4", ("天数", "4")),
        ("requested_on", "2026-12-05", ("要求交期", "2026-12-05（周六）")),
        ("approved_at", "2026-11-22T01:30:00+00:00", ("审核时间", "2026年11月22日 09:30")),
        ("document_status", "approved", ("单据状态", "已审核")),
        ("document_status", "特批", ("单据状态", "特批")),
        ("source", "erp", ("数据来源", "金蝶 ERP")),
        ("stream", "orders", ("数据流", "orders")),
        ("run", "1200", ("运行", "1200")),
        ("asked_at", "2026-11-22T01:30:00+00:00", ("停下的时间", "2026年11月22日 09:30")),
        ("is_tax_included", True, ("含税", "是")),
        ("ordered_before", "5", ("原订购数量", "5")),
        ("plant_note", "2026-13-45", ("plant note", "2026-13-45")),
        ("plant_notes", ["a", "b"], ("plant notes", "a、b")),
        ("ordered", "NaN", ("订购数量", "NaN")),
    ],
)
def test_a_fact_is_worded_by_the_model(name: str, value: JsonValue, expected: tuple[str, str]) -> None:
    assert row(ZH, name, value) == expected


def test_units_and_currencies_stand_beside_their_numbers() -> None:
    assert ZH.table({"ordered": "500", "ordered_unit": "XCT", "ordered_source_unit": "箱"})[0].value == "500 箱"
    assert row(ZH, "unit_price", "1.10", unit_price_currency="CNY") == ("单价", "1.1 CNY")
    hidden: dict[str, JsonValue] = {"item_id": "x", "subject": "s", "key": "k", "problem_zh": "z", "problem_en": "e"}
    shown = ZH.table({"short": "50", "ordered": "500", "unit": "箱", **hidden})
    assert [(fact.label, fact.value) for fact in shown] == [("订购数量", "500 箱"), ("短缺数量", "50 箱")]


def test_a_former_value_stands_beside_the_present_one_where_it_differs() -> None:
    facts: dict[str, JsonValue] = {"ordered_before": "500", "ordered": "300.00", "requested_on_before": "2026-12-05"}
    facts["requested_on"] = "2026-12-05"

    assert EN.table(facts) == [
        Fact("Ordered", "300", is_known=True, before="500"),
        Fact("Requested on", "5 Dec 2026 (Sat)", is_known=True),
    ]


def test_unknown_is_neither_nothing_nor_zero() -> None:
    assert ZH.table({"received": None, "ordered": "0"}) == [
        Fact("订购数量", "0", is_known=True),
        Fact("已收数量", "未知", is_known=False),
    ]


def test_facts_stand_in_the_order_of_the_model_whatever_the_store_gives() -> None:
    names = ["item", "zebra", "requested_on", "order_number", "supplier", "line_number", "ordered"]
    labels = [fact.label for fact in ZH.table(dict.fromkeys(names, "1"))]

    assert labels == ["订单号", "行号", "供应商", "物料", "订购数量", "要求交期", "zebra"]
