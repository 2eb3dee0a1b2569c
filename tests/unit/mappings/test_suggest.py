"""Suggestions: right at the first place for most columns, never wrong where they are taken, and usable as they are written."""

from collections.abc import Mapping, Sequence

import pytest
import yaml

from canonical_model.entities import SPECS
from mappings.columns import normalise_header
from mappings.plan import TAX_INCLUDED, make_plan
from mappings.spec import parse_mapping
from mappings.suggest import ColumnSuggestion, document_of, missing_fields, suggest, write_mapping
from tests.unit.mappings.renamed import CHINESE, ENGLISH, ERP, Column, Sheet, export, known, sheets

SHEETS = 4
RENAMED: Mapping[str, tuple[str, Sequence[Column]]] = {
    **{name: (name, columns) for name, columns in CHINESE.items() if name in SPECS},
    "English": ("purchase_order", ENGLISH),
}


def judge(made: Sequence[Sheet]) -> tuple[int, int, list[str]]:
    """(right at the first place, columns with a field, columns taken for a wrong one)."""
    right = total = 0
    wrong = []
    for sheet in made:
        for one in suggest(sheet.entity, sheet.columns):
            field = sheet.truth[one.column]
            total += field is not None
            right += field is not None and one.first is not None and one.first.target.name == field
            if one.accepted and one.accepted.target.name != field:
                wrong.append(f"{one.column} → {one.accepted.target.name}, not {field}")
    return right, total, wrong


@pytest.mark.parametrize("name", RENAMED)
def test_of_renamed_and_shuffled_headers_four_in_five_are_right_and_none_is_taken_wrongly(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    entity, columns = RENAMED[name]

    right, total, wrong = judge(sheets(entity, columns, SHEETS))

    with capsys.disabled():
        print(f"\n{name}: {right} of {total} columns right, {len(wrong)} taken wrongly")  # noqa: T201
    assert wrong == []
    assert right >= 0.8 * total > 0


def test_of_the_exports_of_real_systems_four_in_five_are_right_and_none_is_taken_wrongly(
    capsys: pytest.CaptureFixture[str],
) -> None:
    right, total, wrong = judge([export(name) for name in ERP if ERP[name][0] in SPECS])

    with capsys.disabled():
        print(f"\nexports: {right} of {total} columns right, {len(wrong)} taken wrongly")  # noqa: T201
    assert wrong == []
    assert right >= 0.8 * total > 0


@pytest.mark.parametrize("name", RENAMED)
def test_the_sheets_are_full_and_none_of_their_headers_is_known_to_the_model(name: str) -> None:
    entity, columns = RENAMED[name]

    for sheet in sheets(entity, columns, SHEETS):
        assert not {normalise_header(header) for header in sheet.columns} & known(entity)
        assert len(sheet.columns) >= 0.9 * len(columns)
        assert None in sheet.truth.values()


@pytest.mark.parametrize("name", ERP)
def test_what_is_written_parses_compiles_and_gives_no_field_to_two_columns(name: str) -> None:
    sheet = export(name)
    if sheet.entity not in SPECS:
        pytest.skip(f"the model has no {sheet.entity}")
    found = suggest(sheet.entity, sheet.columns)
    taken = [one.accepted.target.name for one in found if one.accepted]

    text = write_mapping("own/it", sheet.entity, found, title=name, constants={"currency": "CNY", "unit": "EA"})
    spec = parse_mapping(text, "it")

    assert len(taken) == len(set(taken))
    assert all(f"# ? {one.column} → " in text for one in found if one.accepted is None)
    if not missing_fields(sheet.entity, found):
        plan = make_plan(spec, header=list(sheet.columns), is_json=False, timezone="UTC")
        stated = {field for entity in plan.entities for field in entity.fields}
        said_by_header = {TAX_INCLUDED} & stated
        assert stated == (set(taken) | said_by_header) - {"unit", *({"currency"} - stated)}
        assert not any(entity.absent for entity in plan.entities)


# what must never be taken for another


def taken(entity: str, sheet: Mapping[str, Sequence[str]]) -> dict[str, str | None]:
    return {one.column: one.accepted.target.name if one.accepted else None for one in suggest(entity, sheet)}


NUMBERS, DAYS = ["1", "20", "3.5", "17"], ["2026-03-01", "2026/3/2", "2026年3月5日"]


@pytest.mark.parametrize(
    ("entity", "headers", "values", "expected"),
    [
        ("purchase_order", ["未税金额", "含税金额"], NUMBERS, ["net_amount", "gross_amount"]),
        ("purchase_order", ["要求到货日", "承诺到货日", "首次承诺到货日"], DAYS, ["requested_on", "promised_on", "first_promised_on"]),
        ("purchase_order", ["订货数量", "已收数量", "未收数量"], NUMBERS, ["ordered", "received", "outstanding"]),
        ("goods_receipt", ["应收数量", "实收数", "不合格数", "合格数"], NUMBERS, [None, "received", "rejected", "accepted"]),
        ("inventory_balance", ["库存上限", "库存下限"], NUMBERS, [None, "minimum"]),
        ("item", ["毛重(克)", "净重(千克)"], NUMBERS, [None, "net_weight_kg"]),
        ("purchase_order", ["合同起", "合同止"], DAYS, [None, None]),
        ("purchase_order", ["客户订单号", "客户图号"], ["A1", "A2", "A3"], [None, None]),
        ("party", ["禁用状态"], ["是", "否"], [None]),
    ],
)  # fmt: skip
def test_a_word_that_decides_is_never_overlooked(
    entity: str, headers: list[str], values: list[str], expected: list[str | None]
) -> None:
    assert list(taken(entity, dict.fromkeys(headers, values)).values()) == expected


def test_a_header_within_another_is_no_name() -> None:
    """A column called 1001, or a name that merely contains an alias, is nobody's field."""
    sheet = {"1001": ["A", "B"], "PO附件": ["x", "y"], "订单日期格式": ["x", "y"], "物": ["x", "y"]}

    assert set(taken("purchase_order", sheet).values()) == {None}


def test_values_that_cannot_be_the_field_s_hold_a_good_name_back() -> None:
    sheet = {"订单日期": ["甲", "乙", "丙"], "订购数量": ["待定", "很多", "少"], "商品条码": ["123", "456", "789"]}

    assert taken("purchase_order", {name: sheet[name] for name in ("订单日期", "订购数量")}) == {
        "订单日期": None,
        "订购数量": None,
    }
    (gtin,) = suggest("item", {"商品条码": sheet["商品条码"]})
    assert gtin.accepted is None
    assert "校验位不对" in {one.target.name: one.reason.zh for one in gtin.candidates}["gtin"]


def test_digits_of_a_script_without_zero_count_nothing() -> None:
    assert taken("purchase_order", {"其一": ["፩", "፪", "፫"]}) == {"其一": None}


def test_values_alone_tell_check_digits_units_and_currencies() -> None:
    sheet = {
        "其一": ["6901234567892", "4006381333931", "5901234123457"],
        "其二": ["个", "箱", "kg"],
    }

    assert taken("item", sheet) == {"其一": "gtin", "其二": "base_unit"}
    assert taken("purchase_order", {"其三": ["人民币", "CNY", "美元"]}) == {"其三": "currency"}


def test_of_two_columns_equally_good_neither_is_taken_and_each_names_the_other() -> None:
    found = suggest("item", {"规格": ["M8"], "型号": ["X1"]})

    assert [one.accepted for one in found] == [None, None]
    assert "“型号”也一样像" in found[0].candidates[0].reason.zh


def test_of_a_code_and_a_name_the_code_is_the_reference() -> None:
    sheet = {"供应商": ["苏州恒远有限公司", "宁波华新厂"], "供应商编码": ["V1", "V2"]}

    found = {one.column: one for one in suggest("purchase_order", sheet)}

    assert taken("purchase_order", sheet) == {"供应商": None, "供应商编码": "supplier"}
    assert "已给“供应商编码”" in found["供应商"].candidates[0].reason.zh


def test_a_code_with_many_more_values_than_the_name_beside_it_is_not_its_code() -> None:
    sheet = {"Vendor": ["North Supply", "East Devices"] * 10, "Vendor code": [f"10{number:04}" for number in range(20)]}

    found = {one.column: one for one in suggest("purchase_order", sheet)}

    assert taken("purchase_order", sheet) == {"Vendor": "supplier", "Vendor code": None}
    assert "supplier" not in {one.target.name for one in found["Vendor code"].candidates if one.confidence > 0.7}


def test_a_header_that_systems_use_for_two_things_is_left_to_you() -> None:
    assert taken("item", {"Item Name/Number": ["Bolt", "Nut"]}) == {"Item Name/Number": None}
    assert taken("order_response", {"Confirmed Date": DAYS}) == {"Confirmed Date": None}


def test_a_spelling_mistake_is_seen() -> None:
    assert taken("purchase_order", {"Spesification": ["M8", "M9"]}) == {"Spesification": "specification"}
    assert taken("purchase_order", {"Speculation": ["M8", "M9"]}) == {"Speculation": None}


# what is written


def written(entity: str, sheet: Mapping[str, Sequence[str]], **constants: str) -> tuple[str, list[ColumnSuggestion]]:
    found = suggest(entity, sheet)
    return write_mapping("own/x", entity, found, title="a\nb.xlsx", constants=constants), found


def test_a_quantity_without_a_unit_waits_as_a_comment_and_takes_the_one_that_is_given() -> None:
    sheet = {"物料编码": ["A"], "仓库": ["W"], "现存量": ["1"]}

    waiting, _ = written("inventory_balance", sheet)
    given, _ = written("inventory_balance", sheet, unit="个")

    assert "# ! on_hand: quantity(现存量, '个')  # 表里没有单位列" in waiting
    assert "on_hand" not in parse_mapping(waiting, "x").entities["inventory_balance"].fields
    assert parse_mapping(given, "x").entities["inventory_balance"].fields["on_hand"] == "quantity(现存量, '个')"


def test_a_unit_in_the_header_is_that_of_the_column() -> None:
    text, _ = written("inventory_balance", {"物料编码": ["A"], "结存数量(吨)": ["1"], "单位": ["个"]})

    assert (
        parse_mapping(text, "x").entities["inventory_balance"].fields["on_hand"] == "quantity(\"结存数量(吨)\", '吨')"
    )


def test_a_missing_required_field_is_marked_and_told() -> None:
    text, found = written("purchase_order", {"采购单号": ["P1"], "数量": ["1"], "单位": ["个"]})

    assert missing_fields("purchase_order", found) == ["purchase_order_line.line_number"]
    assert "line_number: 行号  # ! 必填，没有找到这一列" in text
    assert parse_mapping(text, "x").mapping == "own/x"


@pytest.mark.parametrize(
    "header",
    [
        "数量: 箱",
        "a # b",
        "- x",
        "'单'\"双\"",
        "{x}",
        "\x07铃",
        "a\u2028b",
        "null",
        "1e3",
        "  ",
        "备注\n第二行",
        "@x",
        "%y",
        "💡",
    ],
)
def test_any_header_can_be_written(header: str) -> None:
    sheet = {header: ["甲", "乙"], "物料编码": ["A", "B"], f"仓库{header}": ["A", "B"]}
    text, _ = written("inventory_balance", sheet)

    assert parse_mapping(text, "x").entities["inventory_balance"].fields["item"] == "物料编码"
    found = suggest("item", {"物料编码": ["A"], "品名": ["x"]})
    renamed = [ColumnSuggestion(header if one.column == "品名" else one.column, one.accepted, ()) for one in found]
    fields = yaml.safe_load(write_mapping("own/x", "item", renamed))["entities"]["item"]["fields"]
    assert fields["name"] == header


def test_lines_are_suggested_with_their_document() -> None:
    assert document_of("purchase_order_line") == document_of("purchase_order_schedule") == "purchase_order"
    assert document_of("item") == "item"


def test_an_empty_sheet_gives_nothing() -> None:
    assert suggest("item", {}) == []
    assert taken("item", {"物料编码": [], "颜色": []}) == {"物料编码": "item_number", "颜色": None}
