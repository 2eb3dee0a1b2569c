"""Units and currencies from the cell beside, from the number's own cell and from the header; never guessed."""

from dataclasses import replace
from decimal import Decimal

import duckdb
import pytest

from mappings.dates import DateOrder, decide_commas, find_commas
from mappings.functions import MACROS
from mappings.headers import HeaderReader, Measure, says_tax_included
from mappings.inspection import unpriced
from mappings.plan import MappingDoesNotFitError, make_plan
from mappings.spec import parse_mapping
from tests.unit.mappings.conftest import Landed, Map, Outcome, Row, one_field

HEADERS = HeaderReader(parse_mapping("codes: {unit: {大箱: XCT}}\n" + one_field("remark", "a"), "t"))


@pytest.mark.parametrize(
    ("header", "measure"),
    [
        ("重量(kg)", Measure("重量", unit="kg")),
        ("数量（箱）", Measure("数量", unit="箱")),
        ("数量 [ PCS ]*", Measure("数量", unit="pcs")),
        ("数量(单位：千克)", Measure("数量", unit="千克")),
        ("数量(千个)", Measure("数量", unit="个", factor=1000)),
        ("数量(万件)", Measure("数量", unit="件", factor=10000)),
        ("数量(大箱)", Measure("数量", unit="大箱")),
        ("单价(元/kg)", Measure("单价", currency="元", each="kg")),
        ("单价(元/中箱)", Measure("单价", currency="元")),
        ("单价(USD)", Measure("单价", currency="usd")),
        ("金额(万元)", Measure("金额", currency="元", factor=10000)),
        ("金额(百万美元)", Measure("金额", currency="美元", factor=1000000)),
        ("金额(万)", Measure("金额", factor=10000)),
        ("重量(g) 毛重", Measure("重量毛重", unit="g")),
        ("数量(千) 订购", Measure("数量订购", factor=1000)),
        ("金额(万元) 未税", Measure("金额未税", currency="元", factor=10000)),
        ("单价(元/吨) 未税", Measure("单价未税", currency="元", each="吨")),
        ("重量(新) 毛重", None),
        ("交期（供方填写）", Measure("交期")),
        ("税率(%)", Measure("税率", unit="%")),
        ("料号(新)", None),
        ("数量(中箱)", None),
        ("采购单号(必填)", Measure("采购单号")),
        ("数量", None),
        ("(kg)", None),
        ("数量(kg)合计", None),
        ("采购数量(百件)", Measure("采购数量", unit="件", factor=100)),
        ("数量/个", Measure("数量", unit="个")),
        ("数量/kg", Measure("数量", unit="kg")),
        ("数量/箱", None),
        ("单价:元/KG", Measure("单价", currency="元", each="kg")),
        ("未税单价RMB", Measure("未税单价", currency="rmb")),
        ("交期（格式：2026-01-01）", Measure("交期")),
        ("入库数量/件", None),
        ("单价/箱", Measure("单价", unit="箱")),
        ("单价 元/个", Measure("单价", currency="元", each="个")),
        ("单价(元/千克)", Measure("单价", currency="元", each="千克")),
        ("单价(元/百升)", Measure("单价", currency="元", each="百升")),
        ("单位(如：个)", Measure("单位")),
        ("数量(例如 100)", Measure("数量")),
        ("数量-箱", Measure("数量", unit="箱")),
        ("数量 个", Measure("数量", unit="个")),
        ("单价￥", Measure("单价", currency="¥")),
        ("单价/元", Measure("单价", currency="元")),
        ("单价(圆)", Measure("单价", currency="圆")),
        ("单价(不含税,元)", Measure("单价", currency="元")),
        ("单价（RMB，含税）", Measure("单价", currency="rmb")),
        ("单价(元/千个)", None),
        ("单价（元/100个）", None),
        ("单价(分)", None),
        ("数量（台/套）", None),
        ("数量(估)", None),
        ("单位 Unit", None),
        ("订单号/PO", None),
        ("数量/金额", None),
    ],
)  # fmt: skip
def test_what_a_header_says_in_brackets(header: str, measure: Measure | None) -> None:
    found = HEADERS.read(header)
    if header == "数量(千个)":  # the list has 千个 as a unit of its own
        measure = Measure("数量", unit="千个")
    assert found == measure


def one(
    run_mapping: Map, field: str, expression: str, row: dict[str, str | None], **settings: str
) -> tuple[Outcome, dict[str, object]]:
    outcome = run_mapping(one_field(field, expression), [{"单号": "A", "行号": "1", **row}], **settings)
    assert outcome.accounts_hold()
    return outcome, (outcome.good["purchase_order_line"] or [{}])[0]


@pytest.mark.parametrize(
    ("expression", "row", "gives", "codes"),
    [
        # the header serves where the sheet has no unit column, or its cell is empty
        ("quantity(数量)", {"数量(kg)": "5"}, (5, "KGM", "kg"), []),
        ("quantity(数量, 单位)", {"数量（箱）": "5"}, (5, "XCT", "箱"), []),
        ("quantity(数量, 单位)", {"数量(箱)": "5", "单位": None}, (5, "XCT", "箱"), []),
        ("数量", {"数量(箱)": "5"}, (5, "XCT", "箱"), []),
        ("quantity(number(数量))", {"数量(箱)": "5"}, (5, "XCT", "箱"), []),
        ("quantity(数量)", {"数量(斤)": "5"}, (Decimal("2.5"), "KGM", "斤"), []),
        ("quantity(数量)", {"数量(万件)": "1.5"}, (15000, "H87", "件"), []),
        # the cell beats it
        ("quantity(数量, 单位)", {"数量(箱)": "5", "单位": "CTN"}, (5, "XCT", "CTN"), []),
        ("quantity(数量, 单位)", {"数量(箱)": "5", "单位": "个"}, (5, "H87", "个"), ["XD-UNT-004"]),
        ("quantity(数量)", {"数量(箱)": "5个"}, (5, "H87", "个"), ["XD-UNT-004"]),
        # the number's own cell
        ("quantity(数量)", {"数量": "500箱"}, (500, "XCT", "箱"), []),
        ("quantity(数量)", {"数量": "1,200 kg"}, (1200, "KGM", "kg"), []),
        ("quantity(数量)", {"数量": "１２ ＰＣＳ"}, (12, "H87", "PCS"), []),
        ("quantity(数量)", {"数量": "1.5万个"}, (15000, "H87", "个"), []),
        ("quantity(数量)", {"数量": "5千克"}, (5, "KGM", "千克"), []),
        ("quantity(数量)", {"数量": "2.5m3"}, (Decimal("2.5"), "MTQ", "m3"), []),
        ("quantity(数量, 单位)", {"数量": "5箱", "单位": None}, (5, "XCT", "箱"), []),
        ("quantity(数量, 单位)", {"数量": "5箱", "单位": "CTN"}, (5, "XCT", "CTN"), []),
        ("quantity(数量, 单位)", {"数量": "5箱", "单位": "个"}, None, ["XD-UNT-003"]),
        ("quantity(数量, 单位)", {"数量": "5大箱", "单位": "个"}, None, ["XD-UNT-001"]),
        ("quantity(数量)", {"数量": "5大箱"}, None, ["XD-UNT-001"]),
        ("quantity(数量)", {"数量": "10W"}, None, ["XD-NUM-001"]),
        ("quantity(数量)", {"数量": "5k"}, None, ["XD-NUM-001"]),
        ("quantity(数量)", {"数量": "1e3"}, None, ["XD-NUM-001"]),
        ("quantity(数量)", {"数量": "1/2"}, None, ["XD-NUM-001"]),
        ("quantity(数量)", {"数量": "5m2"}, (5, "MTK", "m2"), []),
        ("quantity(数量, '个')", {"数量": "12,5"}, None, ["XD-NUM-005"]),
        ("quantity(数量, '个')", {"数量": "1.250,75"}, (Decimal("1250.75"), "H87", "个"), []),
        ("quantity(数量)", {"数量": "500左右"}, None, ["XD-UNT-001"]),
        ("quantity(数量)", {"数量": "约500"}, None, ["XD-NUM-001"]),
        ("quantity(数量)", {"数量": "5箱10个"}, None, ["XD-NUM-001"]),
        ("quantity(数量)", {"数量": "5"}, None, ["XD-UNT-002"]),
        ("quantity(数量)", {"数量": "20（箱）"}, (20, "XCT", "箱"), []),
        ("quantity(数量)", {"数量": "1.5萬個"}, (15000, "H87", "個"), []),
        ("quantity(数量)", {"数量": "20(3)"}, None, ["XD-NUM-001"]),
        ("quantity(数量, 单位)", {"数量": "5元", "单位": "个"}, None, ["XD-UNT-006"]),
        ("quantity(数量, 单位)", {"数量": "¥5", "单位": "个"}, None, ["XD-UNT-006"]),
        ("quantity(数量, 单位)", {"数量": "(5)", "单位": "个"}, None, ["XD-NUM-003"]),
        ("quantity(数量, 单位)", {"数量": "0.0000004", "单位": "个"}, None, ["XD-NUM-006"]),
        ("quantity(数量, 单位)", {"数量": "0.0000000", "单位": "个"}, (0, "H87", "个"), []),
        ("quantity(数量, 单位)", {"数量": "0.0000005", "单位": "个"}, (Decimal("0.000001"), "H87", "个"), []),
        # a sheet without a column of units
        ("quantity(数量, 单位)", {"数量": "5"}, None, ["XD-UNT-008"]),
        ("quantity(数量, 单位)", {"数量": "5箱"}, (5, "XCT", "箱"), []),
        ("quantity(数量, 单位)", {"数量": None}, (None, None, None), []),
        ("quantity(数量)", {"数量(万件)": "1.5万"}, None, ["XD-UNT-003"]),
        # what has said its own unit is not multiplied by the header's
        ("quantity(数量)", {"数量(千个)": "8000个"}, None, ["XD-UNT-003"]),
        ("quantity(数量)", {"数量(KPCS)": "8000 PCS"}, None, ["XD-UNT-003"]),
        ("quantity(数量)", {"数量(打)": "24个"}, None, ["XD-UNT-003"]),
        ("quantity(数量)", {"数量(打)": "2打"}, (2, "DZN", "打"), []),
        ("quantity(数量, 单位)", {"数量(千个)": "8000", "单位": "个"}, (8000000, "H87", "个"), []),
        ("quantity(数量)", {"数量": "待定"}, (None, None, None), []),
        ("quantity(数量)", {"数量": None}, (None, None, None), []),
    ],
)  # fmt: skip
def test_a_quantity_takes_its_unit_from_where_it_stands(
    run_mapping: Map, expression: str, row: dict[str, str | None], gives: tuple[object, ...] | None, codes: list[str]
) -> None:
    outcome, record = one(run_mapping, "ordered", expression, row)
    assert outcome.codes() == codes
    found = tuple(record.get(name) for name in ("ordered", "ordered_unit", "ordered_source_unit"))
    assert found == (gives or (None, None, None))
    assert bool(record) == (gives is not None)


@pytest.mark.parametrize(
    ("expression", "row", "gives", "codes"),
    [
        ("money(单价)", {"单价(元/kg)": "5"}, (5, "CNY"), []),
        ("单价", {"单价(USD)": "5"}, (5, "USD"), []),
        ("money(单价, 币种)", {"单价(万元)": "1.5"}, (15000, "CNY"), []),
        ("money(单价, 币种)", {"单价(万元)": "15000元"}, None, ["XD-UNT-003"]),
        ("money(单价, 币种)", {"单价(万元)": "15000 CNY"}, None, ["XD-UNT-003"]),
        ("money(单价, 币种)", {"单价(万元)": "¥1.5"}, (15000, "CNY"), []),
        ("money(单价, 币种)", {"单价(元)": "5", "币种": "USD"}, (5, "USD"), ["XD-UNT-004"]),
        ("money(单价, 币种)", {"单价($)": "5", "币种": "HKD"}, (5, "HKD"), []),
        ("money(单价, 'JPY')", {"单价(¥)": "5"}, (5, "JPY"), []),
        ("money(单价, 币种)", {"单价": "5"}, None, ["XD-CUR-001"]),
        ("money(单价, 币种)", {"单价": "￥5", "币种": None}, (5, "CNY"), []),
        ("money(单价, 币种)", {"单价": "5美元", "币种": None}, (5, "USD"), []),
        ("money(单价, 币种)", {"单价": "$5", "币种": None}, None, ["XD-CUR-001"]),
        ("money(单价, 币种)", {"单价": None}, (None, None), []),
        ("money(单价, 'CNY')", {"单价": "¥5"}, (5, "CNY"), []),
        ("money(单价, 'JPY')", {"单价": "¥5"}, (5, "JPY"), []),
        ("money(单价, 'CNY')", {"单价": "5元"}, (5, "CNY"), []),
        ("money(单价, 'CNY')", {"单价": "$5"}, None, ["XD-CUR-002"]),
        ("money(单价, 'USD')", {"单价": "5元"}, None, ["XD-CUR-002"]),
        ("money(单价, 'CNY')", {"单价": "USD 5"}, None, ["XD-CUR-002"]),
        ("money(单价)", {"单价": "US$12"}, (12, "USD"), []),
        ("money(单价)", {"单价": "100美元"}, (100, "USD"), []),
        ("money(单价)", {"单价": "100円"}, (100, "JPY"), []),
        ("money(单价)", {"单价": "12.5元"}, (Decimal("12.5"), "CNY"), []),
        ("money(单价)", {"单价": "CHF 3"}, (3, "CHF"), []),
        ("money(单价)", {"单价": "5"}, None, ["XD-CUR-001"]),
        ("money(单价)", {"单价": "$5"}, None, ["XD-CUR-001"]),
        ("money(单价, 'MYR')", {"单价": "MYR 5"}, (5, "MYR"), []),
        ("money(单价)", {"单价(元)": "US$5"}, (5, "USD"), ["XD-UNT-004"]),
        ("money(单价, 币种)", {"单价": "€3"}, (3, "EUR"), []),
        ("money(单价, 'CNY')", {"单价": "5 USD"}, None, ["XD-CUR-002"]),
        ("money(单价, 'CNY')", {"单价": "5.5 RMB"}, (Decimal("5.5"), "CNY"), []),
        ("money(单价, 'USD')", {"单价": "US$12"}, (12, "USD"), []),
        ("money(单价, 'USD')", {"单价": "100美元"}, (100, "USD"), []),
        ("money(单价, 'USD')", {"单价": "HK$5"}, None, ["XD-CUR-002"]),
    ],
)  # fmt: skip
def test_an_amount_takes_its_currency_from_beside_or_from_the_header(
    run_mapping: Map, expression: str, row: dict[str, str | None], gives: tuple[object, ...] | None, codes: list[str]
) -> None:
    outcome, record = one(run_mapping, "unit_price", expression, row)
    assert outcome.codes() == codes
    assert (record.get("unit_price"), record.get("unit_price_currency")) == (gives or (None, None))


@pytest.mark.parametrize(
    "header", ["单价(元/千个)", "单价(元/千个) 未税", "单价(元/100个)", "单价 元/KPCS", "单价(USD/1000PCS)"]
)
def test_a_price_for_many_pieces_that_is_named_whole_is_no_price_of_one(run_mapping: Map, header: str) -> None:
    outcome, record = one(run_mapping, "unit_price", f'money("{header}")', {header: "42"}, currency="CNY")
    assert "unit_price" not in record
    assert unpriced(outcome.plan, ["单号", "行号", header]) == [header]
    text = one_field("unit_price", f'money("{header}")') + "      price_base: 1000\n"
    (record,) = run_mapping(text, [{"单号": "A", "行号": "1", header: "42"}], currency="CNY").good[
        "purchase_order_line"
    ]
    assert (record["unit_price"], record["price_base"]) == (42, 1000)
    outcome, record = one(
        run_mapping, "unit_price", f'money(number("{header}") / 1000)', {header: "42"}, currency="CNY"
    )
    assert (outcome.codes(), record["unit_price"]) == ([], Decimal("0.042"))


@pytest.mark.parametrize(
    ("stated", "row", "currency"),
    [
        ("HKD", {"单价($)": "5"}, "HKD"),
        ("HKD", {"单价(元)": "5"}, "HKD"),
        ("HKD", {"单价(USD)": "5"}, "USD"),
        ("HKD", {"单价": "5元"}, "HKD"),
        ("HKD", {"单价": "US$5"}, "USD"),
        ("JPY", {"单价": "¥5"}, "JPY"),
        ("JPY", {"单价(¥)": "5"}, "JPY"),
        ("CNY", {"单价($)": "5"}, "USD"),
        ("", {"单价($)": "5"}, "USD"),
    ],
)
def test_a_bare_sign_is_the_currency_of_the_stream_where_it_may_be(
    run_mapping: Map, stated: str, row: dict[str, str | None], currency: str
) -> None:
    outcome, record = one(run_mapping, "unit_price", "money(单价)", row, currency=stated)
    assert (outcome.codes(), record["unit_price"], record["unit_price_currency"]) == ([], 5, currency)


def test_two_columns_that_differ_in_their_unit_alone_are_neither_and_the_file_parks(run_mapping: Map) -> None:
    with pytest.raises(MappingDoesNotFitError, match="数量\\(箱\\)”, “数量\\(个\\)” in the header is not understood"):
        one(run_mapping, "ordered", "quantity(数量)", {"数量(箱)": "5", "数量(个)": "60"})
    _, record = one(run_mapping, "ordered", 'quantity("数量(箱)")', {"数量(箱)": "5", "数量(个)": "60"})
    assert (record["ordered"], record["ordered_unit"]) == (5, "XCT")


@pytest.mark.parametrize("header", ["数量(K)", "数量（台/套）", "数量(估)", "采购数量【?】"])
def test_a_quantity_whose_header_is_not_understood_is_not_left_out_unsaid(run_mapping: Map, header: str) -> None:
    with pytest.raises(MappingDoesNotFitError, match="not understood"):
        one(run_mapping, "ordered", "quantity(ordered, 单位)", {header: "5", "单位": "个"})
    _, record = one(run_mapping, "ordered", f'quantity("{header}", 单位)', {header: "5", "单位": "个"})
    assert record["ordered"] == 5


def test_a_header_in_two_rows_is_found_the_other_way_round_too(run_mapping: Map) -> None:
    _, record = one(
        run_mapping, "ordered", "quantity(ordered, 单位)", {"数量 订购": "5", "数量 已收": "3", "单位": "个"}
    )
    assert record["ordered"] == 5


@pytest.mark.parametrize("name", ["数量", "ordered", "Qty", "数量 Qty(PCS)"])
def test_a_column_in_two_languages_is_found_by_either(run_mapping: Map, name: str) -> None:
    header: dict[str, str | None] = {"料号/Part No.": "A1", "数量 Qty(PCS)": "5", "Due Date (交期)": "2026-03-01"}
    _, record = one(run_mapping, "ordered", f'quantity("{name}")', header)
    assert (record["ordered"], record["ordered_unit"]) == (5, "H87")


def test_a_second_word_is_no_translation_where_it_is_a_currency_or_stands_alone(run_mapping: Map) -> None:
    two: dict[str, str | None] = {"料号 Item": "A1", "数量 Qty": "3", "交期 Due": "2026-03-01", "单价 USD": "5"}
    _, record = one(run_mapping, "unit_price", "单价", two)
    assert (record["unit_price"], record["unit_price_currency"]) == (5, "USD")
    alone: dict[str, str | None] = {"料号": "A1", "数量": "3", "单价 Net": "5"}
    with pytest.raises(MappingDoesNotFitError, match="“单价 Net” in the header is not understood"):
        one(run_mapping, "unit_price", "money(单价, 'CNY')", alone)


def test_a_number_field_refuses_the_unit_that_is_not_its_own(run_mapping: Map) -> None:
    text = "mapping: t/t\nentities:\n  item:\n    fields: {item_number: a, gross_weight_kg: gross_weight_kg, shelf_life_days: 保质期}\n"
    (record,) = run_mapping(text, [{"a": "1", "毛重（kg）": "5", "保质期(天)": "180"}]).good["item"]
    assert (record["gross_weight_kg"], record["shelf_life_days"]) == (5, 180)
    outcome = run_mapping(text, [{"a": "1", "毛重(磅)": "5", "保质期(月)": "6"}])
    assert outcome.plan.entities[0].absent == ("gross_weight_kg", "shelf_life_days")


@pytest.mark.parametrize(
    ("field", "header", "cell", "value"),
    [
        ("gross_weight_kg", "毛重(g)", "500", Decimal("0.5")),
        ("gross_weight_kg", "毛重（吨）", "1.2", 1200),
        ("gross_weight_kg", "毛重(斤)", "3", Decimal("1.5")),
        ("gross_weight_kg", "毛重(g)", "2kg", 2),
        ("length_mm", "长(cm)", "50", 500),
        ("length_mm", "长（米）", "1.2", 1200),
        ("length_mm", "长 cm", "1,250.5", Decimal("12505")),
        ("length_mm", "长(英寸)", "2", Decimal("50.8")),
        ("length_mm", "长(cm)", "50mm", 50),
        ("length_mm", "长(mm)", "50", 50),
        ("length_mm", "长", "50", 50),
        ("shelf_life_days", "长(周)", "2", 14),
        ("storage_minimum_celsius", "长(℃)", "-18", -18),
        ("storage_minimum_celsius", "长", "2℃", 2),
        ("storage_minimum_celsius", "长(℉)", "36", None),
        ("storage_minimum_celsius", "长(K)", "300", None),
    ],
)
def test_a_number_field_is_in_its_own_unit_whatever_the_header_counts_in(
    run_mapping: Map, field: str, header: str, cell: str, value: object
) -> None:
    word = header[:2] if header.startswith("毛") else "长"
    entity, keys = (
        ("package", "shipment_number: a, package_number: a") if "_mm" in field else ("item", "item_number: a")
    )
    text = f"mapping: t/t\nentities:\n  {entity}:\n    fields: {{{keys}, {field}: {word}}}\n"
    outcome = run_mapping(text, [{"a": "1", header: cell}])
    assert outcome.codes() == []
    assert outcome.good[entity][0].get(field) == value
    assert outcome.plan.entities[0].absent == (() if value is not None else (field,))


@pytest.mark.parametrize(
    ("field", "cell", "value", "codes"),
    [
        ("gross_weight_kg", "12.5kg", Decimal("12.5"), []),
        ("gross_weight_kg", "1,200 千克", 1200, []),
        ("gross_weight_kg", "500g", Decimal("0.5"), []),
        ("gross_weight_kg", "1斤", Decimal("0.5"), []),
        ("gross_weight_kg", "1.2吨", 1200, []),
        ("gross_weight_kg", "3磅", None, ["XD-UNT-003"]),
        ("gross_weight_kg", "3箱", None, ["XD-UNT-003"]),
        ("gross_weight_kg", "99999999999999吨", None, ["XD-EXP-001"]),
        ("gross_weight_kg", "3大箱", None, ["XD-UNT-001"]),
        ("gross_weight_kg", "约3", None, ["XD-NUM-001"]),
        ("gross_weight_kg", "0.13", Decimal("0.13"), []),
        ("shelf_life_days", "30天", 30, []),
        ("shelf_life_days", "6个月", None, ["XD-UNT-003"]),
        ("shelf_life_days", "1.5", None, ["XD-NUM-004"]),
    ],
)
def test_a_number_field_takes_its_own_unit_from_the_cell(
    run_mapping: Map, field: str, cell: str, value: object, codes: list[str]
) -> None:
    for written in ("a", "number(a)" if field.endswith("kg") else "integer(a)"):
        text = f"mapping: t/t\nentities:\n  item:\n    fields: {{item_number: n, {field}: {written}}}\n"
        outcome = run_mapping(text, [{"n": "1", "a": cell}])
        assert outcome.codes() == codes
        assert [record[field] for record in outcome.good["item"]] == ([value] if value else [])


@pytest.mark.parametrize(
    ("header", "expression", "cell", "value", "codes"),
    [
        ("税率", "税率", "13%", 13, []),
        ("税率", "number(税率)", "6％", 6, []),
        ("税率", "税率", "13", 13, []),
        ("税率", "税率", "0", 0, []),
        ("税率", "税率", "0.5%", Decimal("0.5"), []),
        ("税率(%)", "税率", "0.5", Decimal("0.5"), []),
        ("税率", "税率", "0.13", None, ["XD-UNT-005"]),
        ("税率", "number(税率) * 100", "0.13", 13, []),
        ("税率", "税率", "免税", None, []),
        ("税率", "number(税率) * 100", "13%", 13, []),
        ("税率", "number(税率) * 100", "约13%", None, ["XD-NUM-001"]),
    ],
)  # fmt: skip
def test_a_percentage_is_one_only_where_somebody_says_so(
    run_mapping: Map, header: str, expression: str, cell: str, value: object, codes: list[str]
) -> None:
    outcome, record = one(run_mapping, "tax_rate", expression, {header: cell})
    assert (outcome.codes(), record.get("tax_rate")) == (codes, value)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("含税单价", True),
        ("单价（含13%税）", True),
        ("Price incl. VAT", True),
        ("未税单价", False),
        ("不含税单价(元)", False),
        ("单价(不含13%增值税)", False),
        ("price excl. tax", False),
        ("单价", None),
        ("Gross Price", None),
        ("含税/未税单价", None),
        ("不含税单价（含运费）", False),
        ("Complex tax code", None),
    ],
)
def test_the_header_of_a_price_says_whether_tax_is_in_it(run_mapping: Map, header: str, said: bool | None) -> None:
    assert says_tax_included(header) is said
    for cell in ("5", None):
        outcome, record = one(run_mapping, "unit_price", f'money("{header}", 币种)', {header: cell, "币种": "CNY"})
        assert record.get("is_tax_included") is (said if cell else None)
        assert ("is_tax_included" in outcome.plan.entities[0].fields) is (said is not None)
    text = one_field("unit_price", f'money("{header}", 币种)').rstrip() + "\n      is_tax_included: 含税\n"
    (record,) = run_mapping(text, [{"单号": "A", "行号": "1", header: "5", "币种": "CNY", "含税": "否"}]).good[
        "purchase_order_line"
    ]
    assert record["is_tax_included"] is False, "what the mapping states holds"


def test_a_computed_price_says_nothing_of_tax(run_mapping: Map) -> None:
    for expression in ("money(number(含税单价) / 1.13, 'CNY')", "money(coalesce(含税单价, 未税单价), 'CNY')"):
        outcome, record = one(run_mapping, "unit_price", expression, {"含税单价": "113", "未税单价": "100"})
        assert (outcome.codes(), record.get("is_tax_included")) == ([], None)


def test_the_one_column_that_is_there_of_several_keeps_the_unit_in_its_header(run_mapping: Map) -> None:
    cells: dict[str, str | None] = {"确认数量(千个)": "1.5"}
    outcome, record = one(run_mapping, "ordered", "quantity(coalesce(调整后数量, 确认数量))", cells)
    assert (outcome.codes(), record["ordered"], record["ordered_unit"]) == ([], Decimal("1.5"), "MIL")
    with pytest.raises(MappingDoesNotFitError, match="数量"):
        one(run_mapping, "ordered", "quantity(coalesce(调整后数量, 确认数量))", {**cells, "调整后数量(千)": "2"})


def test_equal_cells_below_a_header_with_another_unit_are_mapped_anew() -> None:
    spec = parse_mapping(one_field("ordered", "quantity(数量)"), "t")
    plans = [
        make_plan(spec, header=["单号", "行号", header], is_json=False, timezone="UTC")
        for header in ("数量(箱)", "数量(个)", "数量(箱)")
    ]
    assert plans[0].fingerprint == plans[2].fingerprint != plans[1].fingerprint


def numbered(*texts: str) -> list[Row]:
    return [{"单号": "A", "行号": str(i), "数量": text} for i, text in enumerate(texts)]


def test_one_decimal_comma_makes_the_others_of_its_column_doubtful(run_mapping: Map) -> None:
    mapping = one_field("ordered", "quantity(数量, '个')")
    files = [
        Landed(numbered("12,50", "1,250", "2.500", "3.5", "1.250,75", "1,234,567")),
        Landed(numbered("1,250", "2.500")),
    ]
    outcome = run_mapping(
        mapping, [replace(one, rows=[{**row, "单号": str(n)} for row in one.rows]) for n, one in enumerate(files)]
    )
    assert [(issue.code, issue.value) for issue in outcome.issues] == [
        ("XD-NUM-005", "12,50"), ("XD-NUM-005", "1,250"), ("XD-NUM-005", "2.500")
    ]  # fmt: skip
    good = {record["key"]: record["ordered"] for record in outcome.good["purchase_order_line"]}
    assert good == {
        "0|3": Decimal("3.5"),
        "0|4": Decimal("1250.75"),
        "0|5": 1234567,
        "1|0": 1250,
        "1|1": Decimal("2.5"),
    }
    assert outcome.date_orders == (DateOrder(1, "数量", ",", "column"), DateOrder(1, "数量", ".", "column"))


def test_points_between_thousands_make_the_others_doubtful_too(run_mapping: Map) -> None:
    outcome = run_mapping(
        one_field("ordered", "quantity(数量, '个')"), [Landed(numbered("1.200.000", "950.000", "15", "3.5"))]
    )
    assert [(issue.code, issue.value) for issue in outcome.issues] == [("XD-NUM-005", "950.000")]
    assert [row["ordered"] for row in outcome.good["purchase_order_line"]] == [1200000, 15, Decimal("3.5")]


def test_a_part_of_a_column_is_read_as_the_whole_was(run_mapping: Map) -> None:
    plan = make_plan(parse_mapping(one_field("ordered", "quantity(数量, '个')"), "t"), header=["单号", "行号", "数量"], is_json=False, timezone="UTC")  # fmt: skip
    (asked,) = plan.entities[0].commas
    assert f"{asked.name}(_batch)" in plan.entities[0].hashed
    with duckdb.connect() as db:
        for macro in MACROS:
            db.execute(macro)
        rows = "(SELECT 7 AS _batch, '1,250' AS \"c:数量\")"
        shown = [DateOrder(7, "数量", ",", "column")]
        assert find_commas(db, rows, [asked], ()) == {}
        assert find_commas(db, rows, [asked], (), shown) == {asked: {7}}
        assert decide_commas(db, "source", [asked], {asked: {7}}, {}) == shown


@pytest.mark.parametrize(
    ("price", "prices", "codes"),
    [
        ("money(单价, 'EUR')", ("3,50", "4"), ["XD-NUM-005", "XD-NUM-005"]),
        ("money(number(单价, ','), 'EUR')", ("3,50", "4"), ["XD-NUM-005"]),
        ("money(number(单价, ','), 'EUR')", ("3", "4"), []),
        ("money(单价, 'EUR')", ("3,50", "4.5"), ["XD-NUM-005"]),  # a slip among points
        ("money(单价, 'EUR')", ("3,500", "4"), []),
    ],
)
def test_decimal_commas_in_one_column_make_what_could_be_either_doubtful_in_all(
    run_mapping: Map, price: str, prices: tuple[str, str], codes: list[str]
) -> None:
    mapping = one_field("ordered", "quantity(数量, '个')").replace(
        "      ordered:", f"      unit_price: {price}\n      ordered:"
    )
    rows = [
        {"单号": "A", "行号": "1", "数量": "1.250", "单价": prices[0]},
        {"单号": "A", "行号": "2", "数量": "2", "单价": prices[1]},
    ]
    outcome = run_mapping(mapping, [Landed(rows)])
    assert [issue.code for issue in outcome.issues] == codes


def test_a_column_that_shows_a_decimal_point_is_not_doubtful_for_the_commas_of_another(run_mapping: Map) -> None:
    mapping = one_field("ordered", "quantity(数量, '个')").replace(
        "      ordered:", "      unit_price: money(number(单价, ','), 'EUR')\n      ordered:"
    )
    rows = [
        {"单号": "A", "行号": "1", "数量": "1.250", "单价": "3,50"},
        {"单号": "A", "行号": "2", "数量": "12.75", "单价": "4"},
    ]
    outcome = run_mapping(mapping, [Landed(rows)])
    assert [issue.code for issue in outcome.issues] == []
    assert [row["ordered"] for row in outcome.good["purchase_order_line"]] == [Decimal("1.25"), Decimal("12.75")]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("12,50", Decimal("12.5")), ("1.250", 1250), ("1.250,75", Decimal("1250.75")), ("12.5", Decimal("12.5")), ("1.250.000", 1250000), ("€ 3,20", Decimal("3.2")), ("1 250,50", Decimal("1250.5")), ("1'250,5", Decimal("1250.5")), ("1,5万", 15000)],
)  # fmt: skip
def test_a_mapping_may_say_that_the_comma_is_the_decimal_mark(run_mapping: Map, cell: str, value: object) -> None:
    outcome, record = one(run_mapping, "price_base", "number(a, ',')", {"a": cell})
    assert (outcome.codes(), record["price_base"]) == ([], value)


def test_the_power_of_ten_in_the_header_counts_with_decimal_commas_too(run_mapping: Map) -> None:
    _, record = one(run_mapping, "unit_price", "money(number(单价, ','), 'CNY')", {"单价(万元)": "1,5"})
    assert record["unit_price"] == 15000


@pytest.mark.parametrize(
    ("header", "unit", "codes"),
    [
        ("单价(元/箱)", "个", ["XD-UNT-007"]),
        ("单价(元/吨)", "kg", ["XD-UNT-007"]),
        ("单价(不含税,元/箱)", "件", ["XD-UNT-007"]),
        ("单价/箱", "个", ["XD-UNT-007"]),
        ("单价(元/箱)", "箱", []),
        ("单价(元/个)", "EA", []),
        ("单价(元/PCS)", "件", []),
        ("单价(元/单位)", "箱", []),
        ("单价(元/中箱)", "箱", []),
        ("单价(元)", "箱", []),
    ],
)
def test_a_price_of_another_unit_than_the_quantity_is_no_price_of_one(
    run_mapping: Map, header: str, unit: str, codes: list[str]
) -> None:
    text = one_field("unit_price", "money(单价, 'CNY')").rstrip() + "\n      ordered: quantity(数量, 单位)\n"
    outcome = run_mapping(text, [{"单号": "P1", "行号": "1", "数量": "24", "单位": unit, header: "120"}])
    assert outcome.codes() == codes
    assert outcome.accounts_hold()


@pytest.mark.parametrize(
    ("header", "unit", "price", "stored"),
    [
        ("单价", "斤", "3.5", 7),
        ("单价", "kg", "3.5", Decimal("3.5")),
        ("单价(元/斤)", "斤", "3.5", 7),
        ("单价(元/斤)", "公斤", "3.5", 7),
        ("单价(元/两)", "斤", "30", 600),
        ("单价(元/kg)", "斤", "7", 7),
        ("单价", "箱", "3.5", Decimal("3.5")),
    ],
)
def test_a_price_is_that_of_one_of_the_stored_unit(
    run_mapping: Map, header: str, unit: str, price: str, stored: object
) -> None:
    text = one_field("unit_price", "money(单价, 'CNY')").rstrip() + "\n      ordered: quantity(数量, 单位)\n"
    outcome = run_mapping(text, [{"单号": "P1", "行号": "1", "数量": "100", "单位": unit, header: price}])
    assert outcome.codes() == []
    assert outcome.good["purchase_order_line"][0]["unit_price"] == stored


@pytest.mark.parametrize(
    ("header", "price", "unit", "stored", "codes"),
    [
        ("单价", "3.2元/个", "个", Decimal("3.2"), []),
        ("单价", "¥1,250.50 / PCS", "件", Decimal("1250.5"), []),
        ("单价", "3.5元/斤", "kg", 7, []),
        ("单价", "7元/kg", "斤", 7, []),
        ("单价(元/斤)", "7元/公斤", "斤", 7, []),
        ("单价(元/箱)", "3.2元/个", "个", Decimal("3.2"), []),
        ("单价", "32/箱", "箱", 32, []),
        ("单价", "32元/箱", "个", None, ["XD-UNT-007"]),
        ("单价", "32元/千个", "个", None, ["XD-UNT-007"]),
        ("单价", "32元/件套", "个", None, ["XD-UNT-007"]),
        ("单价", "US$32/个", "个", None, ["XD-CUR-002"]),
        ("单价", "1/2", "个", None, ["XD-NUM-001"]),
        ("单价", "32元/100个", "个", None, ["XD-NUM-001"]),
        ("单价(万元)", "3.2元/个", "个", None, ["XD-NUM-001"]),
    ],
)
def test_a_price_says_in_its_own_cell_of_what_it_is_the_price(
    run_mapping: Map, header: str, price: str, unit: str, stored: object, codes: list[str]
) -> None:
    text = one_field("unit_price", "money(单价, 'CNY')").rstrip() + "\n      ordered: quantity(数量, 单位)\n"
    rows = [
        {"单号": "P1", "行号": line, "数量": "100", "单位": unit, header: cell}
        for line, cell in (("1", price), ("2", ""))
    ]
    outcome = run_mapping(text, rows)
    assert outcome.codes() == codes
    assert outcome.accounts_hold()
    if not codes:
        assert outcome.good["purchase_order_line"][0]["unit_price"] == stored


def test_a_confirmed_price_is_that_of_one_as_well(run_mapping: Map) -> None:
    text = (
        one_field("price", "money(单价, 'CNY')", "order_response_line").rstrip()
        + "\n      confirmed: quantity(数量, 单位)\n"
    )
    row = {"单号": "P1", "行号": "1", "数量": "100"}
    assert run_mapping(text, [row | {"单位": "个", "单价": "32元/箱"}]).codes() == ["XD-UNT-007"]
    good = run_mapping(text, [row | {"单位": "斤", "单价": "3.5"}]).good["order_response_line"]
    assert good[0]["price"] == 7


def test_an_amount_is_for_no_unit(run_mapping: Map) -> None:
    outcome, _ = one(run_mapping, "gross_amount", "money(金额, 'CNY')", {"金额": "32元/个"})
    assert outcome.codes() == ["XD-NUM-001"]


def test_a_price_by_the_kilogram_shows_the_comma_of_its_column(run_mapping: Map) -> None:
    text = one_field("unit_price", "money(单价, 'EUR')").rstrip() + "\n      ordered: quantity(数量, 单位)\n"
    rows = [
        {"单号": "P1", "行号": line, "数量": "5", "单位": "kg", "单价": price}
        for line, price in (("1", "12,50 €/kg"), ("2", "1,250 €/kg"))
    ]
    assert run_mapping(text, rows).codes() == ["XD-NUM-005"] * 2


def test_a_trailing_minus_and_brackets_stand_with_a_decimal_comma_too(run_mapping: Map) -> None:
    for cell in ("3,5-", "(3,5)"):
        outcome, record = one(run_mapping, "price_base", "number(a, ',') * -1", {"a": cell})
        assert (outcome.codes(), record["price_base"]) == ([], Decimal("3.5"))


@pytest.mark.parametrize("either", ["12,000-", "(1,250)", "1.250-", "-1,250"])
def test_a_trailing_minus_or_brackets_do_not_tell_what_a_comma_is(run_mapping: Map, either: str) -> None:
    rows = [{"单号": "P1", "行号": line, "a": cell} for line, cell in (("1", "12,50-"), ("2", either))]
    assert run_mapping(one_field("net_amount", "money(a, 'EUR')"), rows).codes() == ["XD-NUM-005"] * 2


@pytest.mark.parametrize("header", ["数量（万）", "数量(千)"])
def test_a_power_of_ten_in_a_header_is_no_unit(run_mapping: Map, header: str) -> None:
    outcome, _ = one(run_mapping, "ordered", "quantity(数量)", {header: "5"})
    assert outcome.codes() == ["XD-UNT-002"]


def test_a_bracket_that_is_never_closed_tells_nothing_of_the_commas_beside(run_mapping: Map) -> None:
    rows = [{"单号": "P1", "行号": line, "a": cell} for line, cell in (("1", "(12,50"), ("2", "1,250"))]
    assert run_mapping(one_field("net_amount", "money(a, 'EUR')"), rows).codes() == ["XD-NUM-001"]


def test_blanks_between_thousands_and_a_comma_behind_show_a_decimal_comma(run_mapping: Map) -> None:
    text = one_field("ordered", "quantity(数量, '个')")
    rows = [{"单号": "P1", "行号": line, "数量": amount} for line, amount in (("1", "1\u202f250,50"), ("2", "3,500"))]
    assert run_mapping(text, rows).codes() == ["XD-NUM-005"] * 2


def test_a_quantity_with_its_unit_shows_the_comma_of_its_column(run_mapping: Map) -> None:
    text = one_field("ordered", "quantity(数量, 单位)")
    rows = [{"单号": "P1", "行号": line, "数量": amount} for line, amount in (("1", "12,5 kg"), ("2", "1,250 kg"))]
    assert run_mapping(text, rows).codes() == ["XD-NUM-005"] * 2


@pytest.mark.parametrize(
    ("header", "unit", "stored", "codes"),
    [
        ("数量(千个)", "个", 5000, []),
        ("数量(千只)", "件", 5000, []),
        ("数量(KPCS)", "PCS", 5000, []),
        ("数量(百个)", "个", 500, []),
        ("数量(打)", "个", 60, []),
        ("数量(千个)", "千个", 5, []),
        ("数量(千个)", "箱", 5, ["XD-UNT-004"]),
        ("数量(千个)", "", 5, []),
    ],
)
def test_a_header_that_counts_in_thousands_counts_pieces_so(
    run_mapping: Map, header: str, unit: str, stored: int, codes: list[str]
) -> None:
    outcome, record = one(run_mapping, "ordered", "quantity(数量, 单位)", {header: "5", "单位": unit})
    assert (outcome.codes(), record["ordered"]) == (codes, stored)


def test_a_thousand_in_the_header_and_in_the_unit_is_said_twice(run_mapping: Map) -> None:
    for unit, codes in (("千个", ["XD-UNT-003"]), ("KPCS", ["XD-UNT-003"]), ("个", [])):
        outcome, _ = one(run_mapping, "ordered", "quantity(数量, 单位)", {"数量(千)": "5", "单位": unit})
        assert outcome.codes() == codes


@pytest.mark.parametrize(
    ("priced_by", "unit", "codes"),
    [
        ("千个", "个", ["XD-UNT-007"]),
        ("箱", "个", ["XD-UNT-007"]),
        ("大包", "个", ["XD-UNT-007"]),
        ("PCS", "件", []),
        ("箱", "CTN", []),
        (None, "箱", []),
    ],
)
def test_a_column_says_what_a_price_is_for(
    run_mapping: Map, priced_by: str | None, unit: str, codes: list[str]
) -> None:
    text = one_field("unit_price", "money(单价, 'CNY')").rstrip() + "\n      ordered: quantity(数量, 单位)\n"
    row: Row = {"单号": "P1", "行号": "1", "数量": "24", "单位": unit, "单价": "35", "计价单位": priced_by}
    outcome = run_mapping(text, [row])
    assert outcome.codes() == codes
    assert "计价单位" in outcome.plan.entities[0].columns


def test_the_price_of_a_unit_that_a_column_names_is_that_of_one_of_the_stored_unit(run_mapping: Map) -> None:
    text = one_field("unit_price", "money(单价, 'CNY')").rstrip() + "\n      ordered: quantity(数量, 单位)\n"
    for priced_by, unit, stored in (
        ("斤", "公斤", 7),
        ("公斤", "斤", Decimal("3.5")),
        (None, "斤", 7),
        ("箱", "CTN", Decimal("3.5")),
    ):
        row: Row = {"单号": "P1", "行号": "1", "数量": "24", "单位": unit, "单价": "3.5", "计价单位": priced_by}
        outcome = run_mapping(text, [row])
        assert outcome.codes() == []
        assert outcome.good["purchase_order_line"][0]["unit_price"] == stored


@pytest.mark.parametrize(
    ("field", "expression", "header"),
    [
        ("gross_weight_kg", "trim(毛重)", "毛重(g)"),
        ("gross_weight_kg", "number(毛重) + 0.02", "毛重(g)"),
        ("gross_weight_kg", "CASE WHEN 毛重 IS NULL THEN 0 ELSE number(毛重) END", "毛重(g)"),
        ("length_mm", "split(尺寸, '*', 1)", "尺寸(cm)"),
        ("ordered", "quantity(trim(数量), '个')", "数量(千)"),
        ("net_amount", "money(replace(金额, '约', ''), 'CNY')", "金额(万元)"),
        ("unit_price", "money(trim(单价), 'CNY')", "单价(元/吨)"),
    ],
)
def test_a_unit_in_the_header_is_not_lost_in_a_calculation(
    run_mapping: Map, field: str, expression: str, header: str
) -> None:
    """Such a column must be named whole; then the author has seen its unit."""
    entity, keys = ("purchase_order_line", "order_number: n, line_number: n")
    if field.endswith(("_kg", "_mm")):
        entity, keys = ("item_pack", "item_number: n, level: n") if field == "length_mm" else ("item", "item_number: n")
    text = f"mapping: t/t\nentities:\n  {entity}:\n    fields: {{{keys}, {field}: {expression!r}}}\n"
    with pytest.raises(MappingDoesNotFitError) as caught:
        run_mapping(text, [{"n": "1", header: "500"}])
    assert f"“{header}”拿不准" in caught.value.what.zh
    named = expression.replace(header.partition("(")[0], f'"{header}"')
    quoted = "'" + named.replace("'", "''") + "'"
    assert (
        run_mapping(text.replace(repr(expression), quoted), [{"n": "1", header: "500"}]).plan.entities[0].absent == ()
    )


def test_a_calculation_with_a_column_in_the_fields_own_unit_loses_nothing(run_mapping: Map) -> None:
    text = "mapping: t/t\nentities:\n  item:\n    fields: {item_number: n, gross_weight_kg: number(毛重) + 0.5}\n"
    assert run_mapping(text, [{"n": "1", "毛重(kg)": "2"}]).good["item"][0]["gross_weight_kg"] == Decimal("2.5")
