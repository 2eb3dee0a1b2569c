"""Sheets as people make them: headers of several rows, merged cells, totals, footers, and what must not be guessed."""

import pytest
from opencc import OpenCC

from connectors.base import ROW
from connectors.formats import FormatOptions, SheetRead
from connectors.formats.grid import Span, grid_of
from connectors.formats.table import read_table


@pytest.fixture(scope="module")
def traditional() -> OpenCC:
    """The converter, which takes long to make."""
    return OpenCC("s2tw")


def read(*rows: str, merges: tuple[tuple[int, int, int, int], ...] = (), **options: object) -> SheetRead:
    grid = grid_of([row.split("|") for row in rows], [Span(*merge) for merge in merges])
    one = read_table(grid, FormatOptions.model_validate(options))
    counts = one.counts
    assert counts.total == counts.above + counts.header + sum(map(len, counts.skipped.values())) + counts.read
    return one


def problem(read: SheetRead) -> str:
    assert read.problem is not None, read.columns
    assert read.table.num_rows == 0
    assert read.problem.en
    return read.problem.zh


LEVELS = ("料号|名称|数量||金额|", "||订购|已收|含税|未税", "A1|螺丝|3|2|5.5|5.0", "A2|螺母|4|1|5.5|5.0")
NAMES = ["料号", "名称", "数量 订购", "数量 已收", "金额 含税", "金额 未税"]


@pytest.mark.parametrize("merges", [(), ((0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 3), (0, 4, 0, 5))])
def test_a_header_of_two_rows_names_its_columns_together(merges: tuple[tuple[int, int, int, int], ...]) -> None:
    one = read(*LEVELS, merges=merges)
    assert list(one.columns) == NAMES
    assert (one.header_row, one.counts.header, one.counts.read) == (2, 2, 2)
    assert "第 1–2 行" in one.header_reason.zh


@pytest.mark.parametrize("parts", ["已交|订购", "应收|实收", "冻结|可用"])
def test_a_group_may_be_merged_sideways_alone(parts: str) -> None:
    one = read("采购单号|行号|料号|数量||单位", f"|||{parts}|", "P1|1|A1|200|1200|PCS", merges=((0, 3, 0, 4),))
    first, second = parts.split("|")
    assert (one.problem, one.table.column_names[3:5]) == (None, [f"数量 {first}", f"数量 {second}"])
    assert one.table.num_rows == 1


@pytest.mark.parametrize("merges", [((0, 0, 0, 3), (0, 4, 0, 5)), ()])
@pytest.mark.parametrize(
    ("upper", "lower"),
    [("订单信息||||数量|", "订单号|行号|料号|单位|订单|已发"), ("物料||||期末|", "仓库|料号|批号|单位|数量|金额")],
)
def test_groups_may_stand_over_all_columns(
    upper: str, lower: str, merges: tuple[tuple[int, int, int, int], ...]
) -> None:
    one = read(upper.replace("物料", "物料信息"), lower, "P1|1|A1|个|100|5", "P1|2|A2|个|200|6", merges=merges)
    groups = upper.replace("物料", "物料信息").split("|")
    names = [f"{groups[0 if place < 4 else 4]} {name}" for place, name in enumerate(lower.split("|"))]
    assert (one.problem, list(one.columns), one.counts.header) == (None, names, 2)


@pytest.mark.parametrize("merges", [((0, 0, 0, 3), (0, 4, 0, 5)), ()])
@pytest.mark.parametrize("upper", ["恒远轴承有限公司||||送货单|", "恒远||||采购订单|", "采购订单||||第1页|"])
def test_two_titles_over_all_columns_are_no_groups(upper: str, merges: tuple[tuple[int, int, int, int], ...]) -> None:
    lower = "订单号|行号|料号|单位|数量|交期"
    one = read(upper, lower, "P1|1|A1|个|100|2026-03-05", "P1|2|A2|个|200|2026-03-06", merges=merges)
    assert (one.problem, list(one.columns), one.counts.above) == (None, lower.split("|"), 1)


@pytest.mark.parametrize("codes", ["ima01|ima02|ima021", "FNumber|FName|FModel"])
def test_three_names_of_a_program_below_the_header_are_no_record(codes: str) -> None:
    one = read("物料编码|物料名称|规格型号", codes, "A1|螺丝|M8", "A2|螺母|M6")
    assert (one.problem, one.counts.header, one.table.num_rows) == (None, 2, 2)


def test_a_header_may_have_three_rows() -> None:
    one = read(
        "料号|2026年||||", "|上半年||下半年||备注", "|数量|金额|数量|金额|", "A1|3|2|5.5|5.0|", "A2|4|1|5.5|5.0|急"
    )
    assert list(one.columns)[1:4] == ["2026年 上半年 数量", "2026年 上半年 金额", "2026年 下半年 数量"]
    assert one.counts.header == 3


def test_a_row_of_units_belongs_to_the_header() -> None:
    assert list(read("料号|数量|重量", "|(件)|（kg）", "A1|3|2.5", "A2|4|1.5").columns) == [
        "料号",
        "数量 (件)",
        "重量 （kg）",
    ]


def test_a_row_that_says_what_must_be_filled_in_names_nothing() -> None:
    for marks in ("必填|选填|必填", "（必填）|(选填)|（必填，整数）"):
        one = read("料号|名称|数量", marks, "A1|x|3", "A2|y|4")
        assert (list(one.columns), one.header_row, one.counts.read) == (["料号", "名称", "数量"], 2, 2)


def test_rows_of_a_form_that_nobody_filled_in_are_none() -> None:
    form = ("序号|料号|数量|单位|金额|币种", "1|A1|3|个|15|CNY", "2|A2|0|个|0|CNY", "3|||个|0.00|CNY", "4|||个| - |CNY")
    one = read(*form)
    assert (one.counts.read, dict(one.counts.skipped)) == (2, {"prefilled": (4, 5)})
    assert read(*form, "5||7|个||CNY").counts.read == 3
    assert read("料号|单位|数量|备注", "A1|个|3|", "|箱||", "A2|个|4|急").counts.read == 3


def test_a_row_that_counts_the_columns_belongs_to_the_header() -> None:
    for above in (("料号|名称|仓库|数量", "1|2|3|4"), ("序号|料号|名称|数量|单位", "1|2|3|4|5")):
        row = "A1|螺丝|上海仓|5" if len(above[0].split("|")) == 4 else "1|A1|螺丝|5|个"
        one = read(*above, row)
        assert (list(one.columns), one.header_row, one.counts.read) == (above[0].split("|"), 2, 1)
    assert read("序号|数量|单价", "1|2|3", "2|5|7").counts.read == 2
    assert read("料号|上海仓|广州仓|成都仓", "1|2|3|4", "2|5|6|7").counts.read == 2, "records that count themselves"


@pytest.mark.parametrize("codes", ["FBillNo|FDate|FMaterialId|FQty", "order_number|ordered_on|item_code|order_qty"])
def test_names_of_a_program_beside_the_header_belong_to_it(codes: str) -> None:
    words = "单据编号|日期|物料编码|数量"
    for rows in ((codes, words), (words, codes)):
        one = read(*rows, "PO-1|2026-03-01|A1|5", "PO-2|2026-03-02|A2|6")
        assert (one.problem, one.header_row, one.counts.read) == (None, 2, 2)
        assert all(word in name for word, name in zip(words.split("|"), one.columns, strict=True))


@pytest.mark.parametrize(
    "sample", ["示例：PO20260101|螺丝|上海仓|5|个", "例：A0|螺丝|上海仓|5|个", "Example: A0|bolt|SH|5|PCS"]
)
def test_a_sample_row_is_no_record(sample: str) -> None:
    one = read(STOCK[0], sample, *STOCK[1:])
    assert (one.counts.read, dict(one.counts.skipped)) == (3, {"sample": (2,)})


@pytest.mark.parametrize(
    "rows",
    [
        ("行号|订单号|确认数量|单价|备注|原因", "1|PO1|0|||", "2|PO1|5|||", "3|PO1|7|||"),
        ("料号|仓库|数量|批号|备注", "A1|上海|0||", "A1|上海|5||"),
        ("料号|规格|尺寸|数量", "A1|1/2|3/4|5", "|3/8|1/4|"),
        ("品牌|型号|数量|单位|单价", "Total|9000|3|桶|5.5", "Shell|10|4|桶|6"),
        ("名称|规格|数量|单位", "示例电路板|M6|3|个", "样例盒|M7|5|个", "螺丝|M8|6|个"),
        ("料号|名称|仓库|数量", "A1|螺丝|上海|3", "A1|螺丝|全仓|9", "A2|螺母|全仓|7"),
        ("名称|规格|数量|单位|单价|金额", "1、螺丝|M6|3|个|5|15", "2、螺母||4|个||"),
        ("料号|名称|规格|数量|单价|金额|备注", "A1|螺丝|M6|3|5|15|", "|运费||1||100|"),
        ("名称|数量|金额", "螺丝|3|5", "包装费||100"),
        ("品名|规格|数量|备注", "轴承|6204|3|急", "签字笔 0.5mm 黑色||20|"),
        ("品名|规格|数量|备注", "轴承|6204|3|急", "打印机硒鼓HP 12A||3|"),
        ("品名|规格|数量|备注", "轴承|6204|3|急", "(进口)轴承||20|"),
        ("Item|Spec|Qty|Remark", "bearing|6204|3|urgent", "Printed circuit board||20|"),
        ("客户|料号|名称|单价|备注", "恒远|4100001|螺丝|3|急", "全部|4100002|螺母|3.5|", "全部|4100003|垫片|3|"),
        ("标记|料号|数量", "|4100001|5", "*|4100002|6", "*|4100003|7"),
        ("标记|料号|名称|数量|备注", "|4100001|螺丝|5|急", "*|4100002|螺母|6|", "*|4100003|垫片|7|"),
        ("料号|仓库|数量", "A1|上海|5", "SUM|上海|6", "TTL|上海|7"),
    ],
)
def test_what_only_looks_like_no_record_is_one(rows: tuple[str, ...]) -> None:
    one = read(*rows)
    assert (one.problem, one.counts.read) == (None, len(rows) - 1)


def test_what_is_wrong_with_a_cell_is_wrong_with_those_that_say_ditto_below_it() -> None:
    grid = grid_of(
        [
            row.split("|")
            for row in ("料号|名称|数量", "A1|螺丝|5", "A2|螺母|同上", "A3|垫片|6", "#N/A|弹垫|7", "同上|销|8")
        ]
    )
    grid.suspects = [(2, 2, "XD-CEL-001")]
    one = read_table(grid, FormatOptions())
    assert one.suspects == (
        (2, "数量", "XD-CEL-001"),
        (3, "数量", "XD-CEL-001"),
        (5, "料号", "XD-CEL-002"),
        (6, "料号", "XD-CEL-002"),
    )


def test_days_may_stand_over_columns() -> None:
    one = read("料号|2026-03-01||2026-03-08|", "|数量|金额|数量|金额", "A1|3|2|5.5|5.0", "A2|4|1|5.5|5.0")
    assert list(one.columns)[1:3] == ["2026-03-01 数量", "2026-03-01 金额"]


def test_a_title_over_a_header_is_no_level_of_it() -> None:
    one = read(
        "供应商：恒远||日期：2026-03-01|", "料号|名称|数量|金额", "A1|x|3|5", merges=((0, 0, 0, 1), (0, 2, 0, 3))
    )
    assert list(one.columns) == ["料号", "名称", "数量", "金额"]


def test_a_header_of_two_rows_that_comes_again_is_left_out_whole() -> None:
    one = read(*LEVELS, *LEVELS)
    assert one.counts.skipped == {"repeated_header": (5, 6)}
    assert one.counts.read == 4


def test_a_row_above_that_names_a_column_too_is_asked_about() -> None:
    sentence = problem(
        read(
            "仓库名称（请填写仓库全称，不要用简称或代码）|汇总区|||",
            "|数量|金额|单价|单位",
            "W1|3|5|2|件",
            "W2|4|6|2|件",
        )
    )
    assert "header: 1-2" in sentence


def test_labels_and_their_values_above_are_no_header() -> None:
    form = ("采购订单|||", "订单号|PO-1|供应商|恒远", "日期|2026-03-01|币种|CNY", "联系人|张三|电话|021-1234567")
    one = read(*form, "行号|料号|数量|单价", "1|A1|3|2.5", "2|A2|4|2.5")
    assert one.header_row == 5
    assert one.counts.read == 2


def test_a_code_merged_over_rows_is_filled_down_and_a_quantity_is_not() -> None:
    rows = ("订单号|料号|数量|总数", "PO1|A1|3|7", "|A2|4|", "PO2|B1|5|5")
    one = read(*rows, merges=((1, 0, 2, 0), (1, 3, 2, 3)))
    assert one.table["订单号"].to_pylist() == ["PO1", "PO1", "PO2"]
    assert one.table["总数"].to_pylist() == ["7", "", "5"]
    assert one.suspects == ((2, "总数", "XD-CEL-007"), (3, "总数", "XD-CEL-007"))
    assert "A2:A3" in one.header_reason.zh
    assert "A2:A3" in one.header_reason.en


@pytest.mark.parametrize(
    ("amount", "is_shared"), [("5个", True), ("1,200 PCS", True), ("￥12.5", True), ("5号", False)]
)
def test_an_amount_with_its_unit_that_is_merged_over_rows_is_not_filled_down(amount: str, is_shared: bool) -> None:
    one = read("订单号|料号|数量", f"PO1|A1|{amount}", "PO1|A4|", "PO2|B1|5", merges=((1, 2, 2, 2),))
    assert one.table["数量"].to_pylist() == [amount, "" if is_shared else amount, "5"]
    assert one.suspects == (((2, "数量", "XD-CEL-007"), (3, "数量", "XD-CEL-007")) if is_shared else ())


@pytest.mark.parametrize("size", ["316L", "500ml", "25kg", "10m", "220V", "365天"])
def test_a_size_that_is_merged_over_rows_belongs_to_each(size: str) -> None:
    one = read("订单号|规格|数量", f"PO1|{size}|1", "PO1||2", merges=((1, 1, 2, 1),))
    assert (one.table["规格"].to_pylist(), one.suspects) == ([size, size], ())


def test_a_total_within_a_merged_area_is_a_total_still() -> None:
    one = read("订单号|料号|数量|金额", "PO1|A1|3|5", "|A2|4|6", "|小计|7|11", "PO2|B1|5|5", merges=((1, 0, 3, 0),))
    assert one.table["订单号"].to_pylist() == ["PO1", "PO1", "PO2"]
    assert one.counts.skipped == {"total": (4,)}


def test_a_blank_that_is_not_merged_stays_blank() -> None:
    assert read("订单号|料号|数量", "PO1|A1|3", "|A2|4").table["订单号"].to_pylist() == ["PO1", ""]


def test_an_order_number_in_figures_is_filled_down() -> None:
    one = read("订单号|料号|数量", "450001|A1|3", "|A2|4", merges=((1, 0, 2, 0),))
    assert one.table["订单号"].to_pylist() == ["450001", "450001"]
    one = read("采购凭证|料号|合同金额", "4500012345|A1|45000123", "|A2|", merges=((1, 0, 2, 0), (1, 2, 2, 2)))
    assert one.table["采购凭证"].to_pylist() == ["4500012345", "4500012345"]
    assert one.table["合同金额"].to_pylist() == ["45000123", ""]


NO_RECORDS = [
    (("A1|x|3|5", "合计||3|5"), {"total": (3,)}),
    (("A1|x|3|5", "总计：|||5"), {"total": (3,)}),
    (("A1|x|3|5", "|合 计|3|"), {"total": (3,)}),
    (("A1|x|3|5", "上海仓 小计||3|"), {"total": (3,)}),
    (("A1|x|3|5", "Grand total||3|5"), {"total": (3,)}),
    (("A1|x|3|5", "1|合计||5"), {"total": (3,)}),
    (("A1|x|3|5", "合计（大写）：伍元整|||"), {"total": (3,)}),
    (("A1|x|3|5", "第 1 页 共 2 页|||", "A2|y|4|6"), {"page_mark": (3,)}),
    (("A1|x|3|5", "|||", "制表人：张三||审核：李四|"), {"blank": (3,), "after_end": (4,)}),
    (("A1|x|3|5", "注：红色为紧急|||"), {"after_end": (3,)}),
    (("A1|x|3|5", "1、以上价格含税；|||", "2、货到付款；|||"), {"after_end": (3, 4)}),
    (("上海|x|3|5", "上海 汇总||3|5", "广州|y|4|6", "广州|小计|4|6", "总合计||7|11"), {"total": (3, 5, 6)}),
    (("A1|x|3|5", "签字|王五|日期|2026-03-01"), {"after_end": (3,)}),
    (("A1|x|3|5", "审批|赵总||2026-03-01"), {"after_end": (3,)}),
    (("A1|x|3|5", "联系人|李经理|13800001111|"), {"after_end": (3,)}),
    (("A1|x|3|5", "供方签章|王五||2026-03-01", "Signature:|Tom||2026-03-01"), {"after_end": (3, 4)}),
    (("A1|x|3|5", "签字笔|黑|3|5"), {}),
    (("A1|x|3|5", "联系人|卡片|3|5"), {}),
    (("A1|x|3|5", "手机|手机壳|3|2026-03-01"), {}),
    (("A1|x|3|5", "|||", "第2行数量改为60|||"), {"blank": (3,), "after_end": (4,)}),
    (("A1|x|3|5", "A2|y|4|6", "过次页||7|11", "承前页||7|11", "A3|z|1|1", "本年累计||8|12"), {"total": (4, 5, 7)}),
    (("A1|x|3|5", "平均||3|5", "共 1 条记录|||"), {"total": (3, 4)}),
    (("A1|x|3|5", "合计||3|5", "||税额(13%)|0.65", "||价税合计|5.65"), {"total": (3, 5), "after_end": (4,)}),
    (("A1|x|3|5", "A2|y|4|6", "|||", "制表人|李伟|日期|2026-03-01"), {"blank": (4,), "after_end": (5,)}),
    (
        ("A1|x|3|5", "合计||3|5", "甲方（盖章）||乙方（盖章）|", "年   月   日|||"),
        {"total": (3,), "after_end": (4, 5)},
    ),
    (("A1|x|3|5", "制单：|审核：|批准：|"), {"after_end": (3,)}),
    (("01.DZ.0011|x|3|5", "01.DZ.0012|||"), {}),
    (("A1|x|3|5", "备注：|||", "1. 请于2日内签回|||", "2. 送货请附送货单|||"), {"after_end": (3, 4, 5)}),
    (("A1|x|3|5", "|||", "技术要求：|||", "按图加工|||", "去毛刺|||"), {"blank": (3,), "after_end": (4, 5, 6)}),
    (("A1|x|3|5", "宁波诚信铸造有限公司|||", "2026年11月9日|||"), {"after_end": (3, 4)}),
    (("A1|x|3|5", "备注：|||", "按时交货|||", "|||ABC Co., Ltd.", "|||2026-11-09"), {"after_end": (3, 4, 5, 6)}),
    (("A1|x|3|5", "|||", "1|||货到请当场点清", "2|||逾期不补"), {"blank": (3,), "after_end": (4, 5)}),
    (("A1|x|3|5", "备注|||请按期交货", "付款方式|||月结30天", "联系人|||李伟"), {"after_end": (3, 4, 5)}),
    (("A1|x|3|5", "打印时间：2026-03-01 10:00|||", "A2|y|4|6"), {"page_mark": (3,)}),
    (("A1|x|3|5", "|甲方（盖章）||乙方（盖章）"), {"after_end": (3,)}),
    (("A1|x|3|5", "备注：含税|||", "有效期至2026年12月31日|||"), {"after_end": (3, 4)}),
    (("A1|x|3|5", "请于收到后24小时内确认回传|||"), {"after_end": (3,)}),
    (("A1|x|3|5", "*||3|5", "A2|y*2|1|1", "**||4|6"), {"total": (3, 5)}),
    (("A1|x|3|5", "A1|备注：轻放||", "A2|y|4|6", "备注|分两批送||", "A3|z|4|6"), {"note": (3, 5)}),
    (("A1|x|3|5", "A2|备注||急"), {"note": (3,)}),
    (("A1|x|3|5", "备注|分两批送||", "制表人：李伟|||"), {"after_end": (3, 4)}),
    (("A1|x|3|5", "A2|备注|4|6", "备注|y|4|", "A3|备注本|4|"), {}),
    (("A1|x|3|5", "----|----|----|----", "A2|y|4|6"), {"blank": (3,)}),
    (("A1|x|3|5", "|1/2||", "A2|y|4|6"), {"page_mark": (3,)}),
    (("A1|x|3|5", "制表：王||审核：李|", "A2|y|4|6"), {"after_end": (3,)}),
    (("A1|x|3|5", "仓管员：王||主管：|", "A2|y|4|6", "仓管员：王||主管：|"), {"after_end": (3, 5)}),
    (("A1|x|3|5", "Prepared by: Wang||Approved by: Li|", "A2|y|4|6"), {"after_end": (3,)}),
    (("A1|x|3|5", "保管员|王芳||", "A2|y|4|6"), {"after_end": (3,)}),
    (("A1|x|3|5", "A2|y|4|6", "||7|"), {"total": (4,)}),
    (("A1|x|3|5", "A2|y|1,004|6", "||1,007|"), {"total": (4,)}),
    (("A1|x|3|5", "A2|y|4|6", "||8|"), {}),
    (("A1|x|3|5", "A2|y|4|6", "A2|y||10"), {}),
    (("A1|x|3|5", "会计|李四||", "A2|y|4|6"), {"problem": (1, 2, 3, 4)}),
    (("A1|x|3|5", "复核人：|王芳||", "A2|y|4|6"), {"after_end": (3,)}),
    (("A1|x|3|5", "/|/|/|/", "—|—|—|", "A2|y|4|6"), {"prefilled": (3, 4)}),
    (("A1|x|3|5", "A2|/|/|/"), {}),
    (("A1|x|3|5", "其中：不良||1|", "└批次L1||2|"), {"total": (3, 4)}),
    (("A1|x|3|5", "其中：不良|x|1|1"), {"total": (3,)}),
    (("PO-1|1|3|5", "PO-1|2|3|5", "PO-2|1|3|5"), {}),
    (("A1|x|3|5", "最大值||3|", "Total général||3|5"), {"total": (3, 4)}),
    (("A1|x|3|5", "电子料（2项）||3|", "A2|y|4|6"), {"total": (3,)}),
    (("文本|文本|文本|文本", "A1|x|3|5"), {"sample": (2,)}),
    (("A1|x|3|5", "PREPARED BY:|LI|CHECKED BY:|"), {"after_end": (3,)}),
    (("A1|x|3|5", "Approved|Zhang|Verified|"), {"after_end": (3,)}),
    (("A1|x|3|5", "图例|红=缺料|黄=预警|"), {"after_end": (3,)}),
    (("A1|x|3|5", "其中间轴|y|4|6", "文本|y|4|6", "螺母（2项）|y|4|6"), {}),
    (("上海|x|3|5", "上海|小计器|4|6", "广州|小计|4|6", "深圳 汇总|x|4|6"), {}),
    (("A1|x|3|5", "A2（停用）|||"), {}),
    (("A1|x|3|5", "A2|y|4|6", "共计2项||7|11"), {"total": (4,)}),
    (("A1|x|3|5", "汇总行||3|5", "A2|y|4|6"), {"total": (3,)}),
    (("A1|x|3|5", "A2|y|4|6", "A2已停用|||"), {"after_end": (4,)}),
    (("A1|x|3|5", "A2|y|4|6", "2026年3月更新|||"), {"after_end": (4,)}),
    (("A1|x|3|5", "A2|y|4|6", "A3|z|4|6", "QR-RD-003|||"), {"after_end": (5,)}),
    (("A1|x|3|5", "A2|y|4|6", "A3|z|4|6", "A4|||"), {}),
    (("A1|x|3|5", "A2|y|4|6", "A3|z|4|6", "A3-B|||"), {}),
    (("A001|x|3|5", "A002|y|4|6", "A003|z|4|6", "A/0|||"), {"after_end": (5,)}),
    (("10001|x|3|5", "10002|y|4|6", "10003|z|4|6", "1/2|||"), {"after_end": (5,)}),
    (("10001|x|3|5", "10002|y|4|6", "10003|z|4|6", "10/12|||"), {"after_end": (5,)}),
    (("A1|x|3|5", "|y|4|6", "|送货人：王|收货人：李|", "|y|4|6"), {"after_end": (4,)}),
    (("A1|x|3|5", "|y|4|6", "|———|———|———", "|y|4|6"), {"blank": (4,)}),
    (("A1|x|3|5", "A2||4|", "A2已停用|||"), {}),
    (("A1|x|3|5", "A2|合计机械手|4|6"), {}),
    (("A1|x|3|5", "A2|合计|4|6"), {}),
    (("A1|x|3|5", "总成-1|小计器|4|6"), {}),
    (("A1|x|3|5", "A2|y||"), {}),
]


@pytest.mark.parametrize(("rows", "skipped"), NO_RECORDS)
def test_what_is_no_record_is_left_out_and_said(rows: tuple[str, ...], skipped: dict[str, tuple[int, ...]]) -> None:
    assert read("料号|名称|数量|金额", *rows).counts.skipped == skipped


@pytest.mark.parametrize(("rows", "skipped"), NO_RECORDS)
def test_what_is_no_record_is_none_in_traditional_characters(
    rows: tuple[str, ...], skipped: dict[str, tuple[int, ...]], traditional: OpenCC
) -> None:
    header, *written = (traditional.convert(row) for row in ("料号|名称|数量|金额", *rows))
    assert header == "料號|名稱|數量|金額"
    assert read(header, *written).counts.skipped == skipped


def test_a_total_that_goes_on_counting_lines_is_one_of_its_order() -> None:
    header, lines = "订单号|行号|料号|数量|单位", ("PO-1|1|A1|500|个", "PO-1|2|A2|5|个")
    assert read(header, *lines, "PO-1|3|合计|505|个").counts.skipped == {"total": (4,)}
    assert read(header, *lines, "PO-1|3|小计|505|个", "PO-2|1|A1|5|个").counts.skipped == {"total": (4,)}
    assert read(header, *lines, "PO-2|1|合计|505|个").counts.skipped == {}


def test_rows_of_a_form_that_hold_the_date_of_every_row_alone_are_not_filled_in() -> None:
    one = read("行号|料号|数量|交期", "1|A1|5|2026-03-05", "2|||2026-03-05", "3|请选择||2026-03-05")
    assert one.counts.skipped == {"prefilled": (3, 4)}


@pytest.mark.parametrize("heading", ["仓库：|上海仓||", "仓库:|上海仓||"])
def test_a_label_and_its_value_between_the_rows_are_a_heading(heading: str) -> None:
    said = problem(read("料号|名称|数量|金额", heading, "A1|x|3|5", "A2|y|4|6"))
    assert "第 2 行（仓库" in said
    assert read("料号|名称|数量|金额", "A1:|x|3|5", "A2:|y|4|6").counts.read == 2


def test_a_running_number_alone_is_a_blank_row() -> None:
    one = read("序号|料号|数量", "1|A1|3", "2||", "3||", "合计||3")
    assert (one.counts.skipped, one.counts.read) == ({"blank": (3, 4), "total": (5,)}, 1)


def test_records_that_read_like_notes_are_the_records_of_their_table() -> None:
    one = read("序列号|备注", "SN:001|", "SN:002|", "SN:003|")
    assert (one.counts.read, one.counts.skipped) == (3, {})


def test_a_small_table_of_words_below_is_neither_notes_nor_records() -> None:
    orders = ("序号|料号|名称|规格|单位|数量|单价|金额", "1|A1|泵|x|台|3|2|6", "2|A2|阀|y|个|4|2|8", "合计|||||7||14")
    faults = ("批次|缺陷|判定|责任人||||", *(f"L{number}|划伤|退货|李伟||||" for number in range(5)))
    assert "第 5 行" in problem(read(*orders, *faults))


def test_a_total_of_a_table_of_two_columns_has_no_gap_and_is_one_all_the_same() -> None:
    assert read("料号|数量", "A1|3", "A2|4", "合计|7").counts.skipped == {"total": (4,)}


def test_titles_come_again_with_a_header_on_each_page() -> None:
    one = read("入库明细|||", "料号|名称|数量|金额", "A1|x|3|5", "入库明细|||", "料号|名称|数量|金额", "A2|y|4|6")
    assert one.counts.skipped == {"repeated_header": (4, 5)}


ONE = ("料号|名称|数量|单价", "A1|x|3|1.5", "A2|y|4|2.5")
OTHER = ("退货单号|原因|日期|件数", "R1|破损|2026-03-01|3", "R2|短少|2026-03-02|4")


@pytest.mark.parametrize("gap", [(), ("|||",), ("|||", "退货明细|||")])
def test_two_tables_under_each_other_are_not_guessed(gap: tuple[str, ...]) -> None:
    sentence = problem(read(*ONE, *gap, *OTHER))
    assert f"第 {4 + len(gap)} 行" in sentence
    assert "area: 1:" in sentence


def test_another_header_far_below_is_found_too() -> None:
    body = [f"A{number}|x|{number}|1.5" for number in range(100)]
    assert "第 102 行" in problem(read(ONE[0], *body, *OTHER))


def test_words_where_figures_are_expected_are_values_and_no_header() -> None:
    one = read(
        "料号|名称|数量|单价|交期", "A1|螺丝|3|1.5|2026-03-01", "A2|螺母|待定|面议|待确认", "A3|垫片|5|2.5|2026-03-02"
    )
    assert one.counts.read == 3


@pytest.mark.parametrize(
    "heading", ["仓库：上海仓|||", "客户:小福|||", "一、原材料|||", "（二）成品|||", "A区|||", "|原材料类||"]
)
def test_a_heading_between_records_is_neither_dropped_nor_a_record(heading: str) -> None:
    said = problem(read("料号|名称|数量|金额", "A1|x|3|5", heading, "A2|y|4|6"))
    assert "第 3 行只有一格" in said
    assert heading.strip("|") in said


def test_a_note_between_records_that_bears_on_them_is_told() -> None:
    one = read("料号|名称|数量|金额", "A1|x|3|5", "注：以下为退货|||", "A2|y|4|6", "备注：轻放|||", "A3|z|4|6")
    assert one.counts.skipped == {"note": (3, 5)}
    assert list(one.labels) == ["注：以下为退货"]


@pytest.mark.parametrize("name", ["序号", "No.", "项次"])
@pytest.mark.parametrize("heading", ["仓库：上海仓", "不良品区", "已取消"])
def test_a_heading_in_the_column_of_running_numbers_is_none_that_nobody_filled_in(name: str, heading: str) -> None:
    said = problem(read(f"{name}|料号|数量|单位", "1|A|5|个", f"{heading}|||", "2|B|6|个", "3|||个", "/|/|/|/"))
    assert heading in said


@pytest.mark.parametrize("heading", ["类别|标准件||", "一车间|白班||", "仓库|上海仓||"])
def test_a_heading_of_two_cells_is_neither_dropped_nor_a_record(heading: str) -> None:
    said = problem(read("料号|名称|规格|数量", "A1|x|M6|5", heading, "A2|y|M8|6"))
    assert "第 3 行" in said
    assert "像是下面各行的标题" in said


@pytest.mark.parametrize(
    "rows",
    [
        ("A1|x|M6|5", "A2|螺母||", "A3|y|M8|6"),
        ("螺母|大||", "螺丝|小||", "垫片|x|M8|6"),
        ("A1|x|M6|5", "类别3|标准件||", "A2|y|M8|6"),
        ("轴承|x|M6|5", "类别|标准件||", "A2|y|M8|6"),
        ("A1|x|M6|5", "待定|支架||", "A2|y|M8|6"),
        ("A1|x|M6|5", "A2|y|M8|6", "新料|支架|M8|"),
    ],
)
def test_words_in_the_first_two_cells_may_be_a_record(rows: tuple[str, ...]) -> None:
    assert read("料号|名称|规格|数量", *rows).problem is None


@pytest.mark.parametrize("row", ["规格：M6|y|4|6", "A-1|||", "||30|", "|螺母|4|"])
def test_a_row_that_may_be_a_record_is_no_heading(row: str) -> None:
    assert read("料号|名称|数量|金额", "A1|x|3|5", row, "A2|y|4|6").problem is None


def test_names_alone_in_a_list_of_names_are_records() -> None:
    one = read("名称|规格|数量", "螺丝|M6|3", "螺母||", "垫片||5", "弹垫|M8|")
    assert (one.problem, one.counts.read) == (None, 4)
    assert read("名称|规格|数量", "螺丝||", "螺母||", "垫片|M6|5", "弹垫||").counts.read == 4


@pytest.mark.parametrize("end", ["运费|100||", "|运费||100", "更新日期|2026-03-05||", "Freight|||20"])
def test_a_charge_or_date_below_the_records_is_none(end: str) -> None:
    one = read("料号|名称|数量|金额", "A1|x|3|5", "A2|y|4|6", end)
    assert (one.counts.read, dict(one.counts.skipped)) == (2, {"after_end": (4,)})


def test_a_date_below_a_table_of_three_columns_is_no_record() -> None:
    one = read("料号|数量|单位", "A1|3|个", "A2|4|个", "更新日期|2026-03-05|")
    assert (one.counts.read, dict(one.counts.skipped)) == (2, {"after_end": (4,)})


STOCK = ("料号|名称|仓库|数量|单位", "A1|螺丝|上海仓|10|个", "A1|螺丝|广州仓|20|个", "B2|螺母|上海仓|5|个")


@pytest.mark.parametrize(
    "total",
    [
        *("B2|螺母|上海仓小计|5|个", "库存合计|||30|个", "全部|||35|个", "Total stock|||35|PCS", "差异|||0|个", "本月结存|||35|个", "库存总量|||35|个", "計|||35|個"),
        *("総計|||35|", "Summe|||35|ST", "TTL|||35|pcs", "合|计||35|个", "总|||35|个", "B2小计|||5|个", "B2 汇总|||5|个", "B2 计|||5|个"),
        *("B2|螺母|小计|5|个", "B2||合计|5|个", "B2|螺母|所有仓库|5|个", "B2||ALL|5|", "B2|-|合计|5|个", "B2|B2小计||5|个"),
        *("第1页||||共1页", "合計金額|||35|", "期末结存|||35|个"),
    ],
)  # fmt: skip
def test_a_total_is_one_whatever_its_words_and_with_its_unit(total: str) -> None:
    one = read(*STOCK, total, "C3|垫片|上海仓|7|个")
    assert (one.problem, one.counts.read) == (None, 4)
    assert set(one.counts.skipped) <= {"total", "page_mark"}


@pytest.mark.parametrize(
    "row",
    [
        *("C3|合计器|上海仓|5|个", "C3|压力 计|上海仓|5|个", "C3|总成|上海仓|5|个", "C3|汇总表|上海仓|5|本", "C3|全部件|上海仓|5|套"),
        *("C3|温度计|全仓|5|个", "总线-1|线缆|上海仓|5|米", "C3||所有|5|个"),
    ],
)  # fmt: skip
def test_a_row_with_such_a_word_in_it_is_a_record(row: str) -> None:
    one = read(*STOCK, row, "D4|垫片|上海仓|7|个")
    assert (one.problem, one.counts.read) == (None, 5)


GOODS = ("料号|名称|数量|单位", "A1|螺丝|3|个", "A2|螺母|5|个")


@pytest.mark.parametrize("below", [(), ("Z9|垫片|11|个",)])
@pytest.mark.parametrize(
    "total",
    [
        *("Gesamtergebnis||8|", "Endsumme||8|", "Insgesamt||8|", "A2 Ergebnis||5|", "Ergebnis||8|", "Zwischensumme A||8|"),
        *("Totale complessivo||8|", "Totale||8|", "Subtotale||8|", "Total general||8|", "Suma total||8|", "Total geral||8|"),
        *("Eindtotaal||8|", "Subtotaal||8|", "Sous-total||8|", "Sous-total B||3|", "SOUS TOTAL||8|", "Total TTC||8|"),
        *("총합계||8|", "소계||8|", "누계||8|", "합 계||8|", "서울 소계||8|", "Tổng cộng||8|", "Cộng||8|", "総合計||8|", "東京 集計||8|"),
        *("Итого||8|", "Всего||8|", "Общий итог||8|", "Genel Toplam||8|", "Celkem||8|", "Razem||8|", "Jumlah||8|", "รวมทั้งสิ้น||8|"),
        *("Total A||8|", "Total A2||5|", "Total for W1||1|", "Subtotal for A2||5|", "Summe A2||5|", "合计 A2||5|", "Total 螺母||5|"),
        *("Count: 2|||", "Count||2|", "Average||4|", "Number of items:||2|", "Total number of lines: 2|||", "평균||4|"),
        *("Carried forward||10|", "Brought forward||10|", "Balance carried down||10|", "(blank)||7|", "(leer)||7|", "（空白）||7|"),
        *("Printed by: J. Smith|28-Nov-2026||", "Exported on:|||2026-11-28", "打印人：王|2026-11-28||"),
    ],
)  # fmt: skip
def test_totals_and_marks_of_other_languages_are_no_records(total: str, below: tuple[str, ...]) -> None:
    one = read(*GOODS, total, *below)
    assert (one.problem, one.counts.read) == (None, 2 + len(below))
    assert dict(one.counts.skipped) in ({"total": (4,)}, {"page_mark": (4,)})


@pytest.mark.parametrize(
    ("header", "total", "is_one"),
    [
        *(("料号|数量|单位", total, True) for total in ("Total|8|PCS", "合计|8|个", "Total W1|8|", "(blank)|2|PCS", "Tổng cộng|8|")),
        *(("料号|数量", total, True) for total in ("Gesamtergebnis|8", "Total A|8", "(blank)|2")),
        *(("料号|数量|单位", row, False) for row in ("Total W1|7|PCS", "Count|2|PCS", "合计器|8|个", "(blank)|A9|PCS")),
        *(("料号|数量", row, False) for row in ("Total Quartz|7", "Kokku|8")),
    ],
)  # fmt: skip
def test_a_total_of_a_narrow_table_is_told_by_its_sum(header: str, total: str, is_one: bool) -> None:
    width = header.count("|") + 1
    rows = ("|".join(row.split("|")[:width]) for row in ("A1|3|个", "A2|5|个", total, "Z9|11|个"))
    one = read(header, *rows)
    assert (one.problem, one.counts.read) == (None, 3 if is_one else 4)


@pytest.mark.parametrize("below", [(), ("Z9|垫片|11|个",)])
@pytest.mark.parametrize(
    "row",
    [
        *("Total Quartz 9000||5|桶", "Total Station||6|", "Totale Brand|灯|8|个", "Ergebnisbericht||6|本", "A3|Ergebnis|8|个"),
        *("Count Dracula||6|", "Counter||6|", "COUNT|计数器|8|个", "Soma|咖啡|8|", "Average Joe|杯|8|个", "A3|Average|8|个"),
        *("(blank)|A9|7|个", "(blank)|A9|7|", "Blank CD||6|", "A3|(blank)|7|个", "소계기||6|", "합계표|표|8|본", "Sous-vide||6|"),
        *("Forward||6|", "Printed book||6|", "Printed circuit: 2 layers|板|6|个", "Итоговый||6|", "Toplama||6|", "A3|总集计器|8|个"),
        *("Number 5||6|", "Suma-1|x|8|个", "Totaal-1||6|", "Subtotaler||6|", "Average|1002|8|个", "Gemiddelde|桶|8|个"),
        *("(blank)|100023|50|个", "Brought forward|桶|8|个", "Printed: label|5|3|个"),
    ],
)  # fmt: skip
def test_a_name_that_holds_a_word_for_total_is_a_record(row: str, below: tuple[str, ...]) -> None:
    one = read(*GOODS, row, *below)
    assert (one.problem, one.counts.read, dict(one.counts.skipped)) == (None, 3 + len(below), {})


@pytest.mark.parametrize("last", ["Kokku||8|", "|Kokku|8|", "Yhteensä||8|个", "סך הכל||8|"])
@pytest.mark.parametrize("below", [(), ("制表人：张三|||",)])
def test_a_word_with_the_sums_of_all_rows_below_them_is_a_total_in_any_language(
    last: str, below: tuple[str, ...]
) -> None:
    one = read(*GOODS, last, *below)
    assert (one.problem, one.counts.read, one.counts.skipped["total"]) == (None, 2, (4,))


@pytest.mark.parametrize(
    "rows",
    [
        *((*GOODS, last) for last in ("Kokku||9|", "Kokku|x|8|", "A3||8|", "Kokku||8|B2", "Kokku||8|个|")),
        ("名称|规格|数量|单位", "螺丝|M6|3|个", "螺母|M8|5|个", "垫片||8|"),
        ("料号|名称|数量|单位", "A1|螺丝|0|个", "A2|螺母|0|个", "胶水||0|"),
        ("料号|名称|数量|单位", "A1||3|", "A2|螺母|5|个", "胶水||8|个"),
        ("料号|名称|数量|单位", "A1|螺丝|8|个", "胶水||8|"),
    ],
)
def test_a_word_beside_a_figure_that_is_no_sum_or_may_be_a_name_is_a_record(rows: tuple[str, ...]) -> None:
    if rows[-1] == "Kokku||8|个|":
        rows = (*(f"{row}|x" for row in rows[:-1]), "Kokku|x|8|个|x")
    one = read(*rows)
    assert (one.problem, one.counts.read, dict(one.counts.skipped)) == (None, len(rows) - 1, {})


@pytest.mark.parametrize(
    "footer",
    [
        ("联系电话|13800138000|||",),
        ("税率|13%|||",),
        ("制单人|李伟|||", "联系电话|13800138000|||", "备注|急|||"),
        ("1、质量要求|按GB执行|||",),
        ("1、质量要求|按GB执行|||", "2、交货|100|||"),
        ("导出人|admin|||",),
        ("备注|以上为账面数|||",),
        ("总条数|3|||",),
        ("编制|李伟|||", "审核|王芳|||"),
        ("税额13%||||4.5",),
    ],
)
def test_a_label_and_its_value_below_the_records_are_none(footer: tuple[str, ...]) -> None:
    one = read(*STOCK, *footer)
    assert (one.problem, one.counts.read, set(one.counts.skipped)) == (None, 3, {"after_end"})


@pytest.mark.parametrize("last", ["备注贴", "签字笔", "打印纸", "说明书", "注射器", "审核章"])
def test_a_name_that_begins_like_a_note_is_a_record(last: str) -> None:
    assert read("名称|规格|备注", "螺丝|M6|", "螺母||", f"{last}||").counts.read == 3


def test_a_charge_that_is_ordered_like_the_others_is_a_record() -> None:
    assert read("名称|数量|单价|金额", "螺丝|3|5|15", "运费|1|100|100").counts.read == 2


def test_two_tables_side_by_side_are_not_guessed() -> None:
    rows = (
        "料号|名称|数量||仓库|地址",
        "A1|x|3||上海|宝山",
        "A2|y|4||宁波|北仑",
        "A3|z|5|||",
        "A4|z|5|||",
        "A5|z|5|||",
    )
    sentence = problem(read(*rows))
    assert "A:C" in sentence
    assert "E:F" in sentence
    assert list(read(*rows, area="A:C").columns) == ["料号", "名称", "数量"]
    assert read(*rows, area="E:F").counts.read == 2


def test_an_empty_column_within_a_table_is_no_border() -> None:
    assert list(read("料号|名称||数量|单位", "A1|x||3|件", "A2|y||4|件").columns) == ["料号", "名称", "数量", "单位"]


def test_an_area_says_which_of_two_tables_to_read() -> None:
    first, second = read(*ONE, "|||", *OTHER, area="1:4"), read(*ONE, "|||", *OTHER, area="5:")
    assert first.table["料号"].to_pylist() == ["A1", "A2"]
    assert first.counts.skipped == {"blank": (4,), "outside_area": (5, 6, 7)}
    assert second.table["退货单号"].to_pylist() == ["R1", "R2"]
    assert (second.header_row, second.table[ROW].to_pylist()) == (5, [6, 7])


def test_two_rows_that_could_be_the_header_are_named_with_the_setting_to_write() -> None:
    rows = ("料号|名称|数量", "物料编码|品名|订购数量", "A1|x|3", "A2|y|4")
    sentence = problem(read(*rows))
    assert "第 1 行（料号 | 名称 | 数量）" in sentence
    assert "第 2 行（物料编码 | 品名 | 订购数量）" in sentence
    assert "header: 1-2" in sentence
    assert list(read(*rows, header="1-2").columns) == ["料号 物料编码", "名称 品名", "数量 订购数量"]
    assert list(read(*rows, header=2).columns) == ["物料编码", "品名", "订购数量"]


@pytest.mark.parametrize("rows", [("料号|名称|数量", "Item|Name|Qty"), ("PO No.|Item|Due Date", "订单号|物料|交期")])
def test_a_header_and_its_translation_name_the_columns_together(rows: tuple[str, str]) -> None:
    one = read(*rows, "A1|x|3", "A2|y|4")
    assert list(one.columns) == [" ".join(pair) for pair in zip(*(row.split("|") for row in rows), strict=True)]
    assert (one.header_row, one.counts.read) == (2, 2)
    records = read("名称|品牌|颜色", "Pump|Acme|red", "Valve|Beta|blue")
    assert (list(records.columns), records.counts.read) == (["名称", "品牌", "颜色"], 2)


@pytest.mark.parametrize("marks", ["||周一|周二", "(1)|(2)|(3)|(4)"])
def test_weekdays_and_the_numbers_of_columns_name_nothing(marks: str) -> None:
    one = read("料号|名称|2026-03-02|2026-03-03", marks, "A1|x|3|4", "A2|y|4|5")
    assert (list(one.columns), one.counts.header) == (["料号", "名称", "2026-03-02", "2026-03-03"], 2)


@pytest.mark.parametrize(
    "header",
    ["物料|202603|202604|202605", "款号|36|37|38", "料号|2026-11|2026-12|2027-01", "客户|2025|2026|2027", "料号|1|2|3"],
)
def test_months_years_sizes_and_days_may_name_columns(header: str) -> None:
    one = read("2026 年计划|||", header, "000111|10|20|30", "000112|0|5|7", "合计|10|25|37")
    assert (list(one.columns), one.counts.read) == (header.split("|"), 2)
    assert read("仓库|料号|A|B|C", "上海|A1|1|2|3", "上海|A2|4|6|7").header_row == 1


def test_a_form_with_words_above_a_header_is_none() -> None:
    one = read("仓库|原料仓|供应商|恒远", "料号|名称|数量|单位", "A1|泵|5|台", "A2|阀|6|个")
    assert (one.header_row, one.counts.above, one.counts.read) == (2, 1, 2)
    one = read(
        "电话|021-5555-8888|手机|13800138000",
        "地址|上海嘉定|司机|老王",
        "|||",
        "Item|Descr|Jan-26|Feb-26",
        "A1|x|1|5",
    )
    assert one.header_row == 4
    one = read("# exported 2026-03-01|by wms|", "PO|SKU|Qty", "P1|A1|5", "P2|A2|6")
    assert one.header_row == 2


def test_a_table_on_its_side_is_said_and_not_read() -> None:
    rows = ("料号|A1|A2|A3", "名称|泵|阀|轴", "数量|5|6|7", "交期|2026-03-01|2026-03-02|2026-03-03")
    sentence = problem(read(*rows))
    assert "转置" in sentence
    assert "“料号”" in sentence
    assert read("项目|1月|2月|3月", "数量|5|9|7", "金额|10|12|14").header_row == 1


def test_a_header_twice_is_a_problem_only_where_the_values_differ() -> None:
    assert "B1、C1" in problem(read("料号|数量|数量", "A1|3|4"))
    assert read("料号|备注|备注", "A1||急", "A2||").table.to_pylist()[0] == {"料号": "A1", "备注": "急", ROW: 2}
    assert list(read("料号|数量|料号", "A1|3|A1", "A2|4|A2").columns)[:2] == ["料号", "数量"]


def test_a_blank_header_over_values_gets_the_letter_as_name() -> None:
    assert list(read("料号||数量", "A1|x|3", "A2|y|4").columns) == ["料号", "列B", "数量"]


def test_the_text_of_a_formula_error_is_suspect() -> None:
    assert read("料号|数量|#", "A1|#REF!|1", "A2|4|2").suspects == ((2, "数量", "XD-CEL-002"),)


@pytest.mark.parametrize(
    "setting", [{"header": "3-1"}, {"header": "0-1"}, {"header": "1-9"}, {"area": "A3"}, {"area": "1-2"}]
)
def test_settings_that_mean_nothing_are_refused(setting: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"header|area"):
        FormatOptions.model_validate(setting)


@pytest.mark.parametrize(
    "foot",
    [
        "送货人：||收货人：|",
        "制单|张三|审核|李四",
        "审批流程|张三→李四|已完成|",
        "地址：|苏州路1号|邮编：|215000",
        "采购员|张三|审批|李四",
    ],
)
def test_what_signs_a_page_and_heads_the_next_is_no_record(foot: str) -> None:
    header, first = "单号|行号|料号|数量", ["P1|1|A1|3", "P1|2|A2|4"]
    page = ["送货单号：|SH-88||", header]
    one = read("送货单号：|SH-88||", header, *first, foot, *page, "P1|3|A3|5", "P1|4|A4|6", foot)
    assert one.table["行号"].to_pylist() == ["1", "2", "3", "4"]
    assert one.counts.skipped == {"after_end": (5, 10), "repeated_header": (6, 7)}


def test_a_record_right_above_a_repeated_header_stays() -> None:
    one = read("项目|行号|料号|数量", "审核|1|A1|3", "采购|2|A2|4", "项目|行号|料号|数量", "验收|3|A3|5")
    assert one.table["项目"].to_pylist() == ["审核", "采购", "验收"]
