"""Finding the header: sure where a person is, unsure where a person would ask."""

import pytest

from canonical_model.language import Text
from connectors.formats.grid import Span
from connectors.formats.header import Header, find_header


def index_of(*rows: str) -> int | None:
    found = find_header([row.split("|") for row in rows])
    return found.index if isinstance(found, Header) else None


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (("料号|名称|数量", "A-1|螺丝|3", "A-2|螺母|4"), 0),
        (("送货单||", "料号|名称|数量", "A-1|螺丝|3"), 1),
        (("供应商|上海某某|日期|2026-03-01", "|||", "料号|名称|数量|交期", "A-1|螺丝|3|2026-03-05"), 2),
        (
            (
                "客户：甲公司|||",
                "电话：021-1234567|地址：上海||",
                "序号|品名|规格|数量",
                "1|螺丝|M3|100",
                "2|螺母|M3|100",
            ),
            2,
        ),
        (("1、带星号必填\n2、勿改表头|||", "仓库*|条码*|名称|数量*", "仓库1|2001|可乐|1"), 1),
        (("name|city|country", "Acme|Berlin|Germany", "Beta|Paris|France"), 0),
        (("item|2026-03-01|2026-03-08|2026-03-15|unit", "A-1|3|4|5|pc", "A-2|3|4|5|pc"), 0),
        (("Report of stock||", "as of 2026-03-01||", "||", "SKU|Qty|Location", "A-1|3|B2", "A-2|4|B3"), 3),
        (("BOX|Boxes|2019-04-30", "BTL|Bottle|2019-04-30"), None),
        (("1|2|3", "4|5|6"), None),
        (("A-1|螺丝|3", "A-2|螺母|4"), None),
        (("红|大|棉", "蓝|小|麻"), None),
        (("", ""), None),
    ],
)
def test_the_header_is_where_a_person_sees_it(rows: tuple[str, ...], expected: int | None) -> None:
    assert index_of(*rows) == expected


@pytest.mark.parametrize("more", [10, 20, 200])
@pytest.mark.parametrize("name", ["Attribut {}", "ZZ{:03d}", "Reserve {}"])
def test_columns_that_hold_nothing_say_nothing_of_the_header(more: int, name: str) -> None:
    names = ["PO Number", "Line", "Item No", "Qty", "UOM", *(name.format(place) for place in range(more))]
    records = [["P1", str(line), "A1", "3", "PCS", *[""] * more] for line in range(1, 4)]
    found = find_header([names, *records])
    assert isinstance(found, Header)
    assert found.index == 0


def test_a_wide_row_of_words_over_words_is_no_header_for_its_gaps() -> None:
    words = ["红", "大", "棉", *(f"甲{place}乙" for place in range(20))]
    assert not isinstance(find_header([words, ["蓝", "小", "麻", *[""] * 20]]), Header)


def test_a_merged_title_is_never_the_header() -> None:
    rows = [["订单号 数量 日期", "", ""], ["料号", "名称", "数量"], ["A-1", "螺丝", "3"]]
    found = find_header(rows, merges=[Span(0, 0, 0, 2)])
    assert isinstance(found, Header)
    assert found.index == 1
    assert found.reason.zh
    assert found.reason.en


def test_unsure_says_what_was_seen_and_what_to_do() -> None:
    found = find_header([["1", "2"]])
    assert isinstance(found, Text)
    assert "1 | 2" in found.zh
    assert "header: none" in found.en


@pytest.mark.parametrize(("width", "is_named"), [(300, False), (16_384, True)])
def test_a_width_that_hides_the_header_is_named_as_the_cause(width: int, is_named: bool) -> None:
    names = ["PO Number", "Line", *(f"c{place}" for place in range(2, width))]
    found = find_header([names, [str(place) for place in range(width)]])
    assert isinstance(found, Text)
    assert (f"{width:,} 格" in found.zh, f"{width:,} cells" in found.en) == (is_named, is_named)
    assert "header: " in found.zh
