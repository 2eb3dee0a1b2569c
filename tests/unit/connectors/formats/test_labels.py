"""What stands above a table as label and value becomes columns where the settings ask for it, and is never guessed."""

from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from connectors.base import ROW
from connectors.formats import FormatOptions, SheetRead, read_file
from connectors.formats.grid import grid_of
from connectors.formats.labels import labels_above, said_below
from connectors.formats.table import read_table

TABLE = ("行号|料号|数量|单位", "1|A1|5|台", "2|A2|6|个")


def read(*above: str, labels: Sequence[str | list[str]]) -> SheetRead:
    rows = [row.split("|") for row in (*above, *TABLE)]
    return read_table(grid_of(rows), FormatOptions.model_validate({"labels": labels}))


def read_as(path: Path, lines: str, *, labels: list[str]) -> SheetRead:
    """What is read of a file of these lines, as text or as a workbook."""
    if path.suffix == ".csv":
        path.write_text(lines, encoding="utf-8")
    else:
        book = openpyxl.Workbook()
        for line in lines.splitlines():
            book.worksheets[0].append([cell or None for cell in line.split(",")])
        book.save(path)
    (only,) = read_file(path, options=FormatOptions.model_validate({"labels": labels}), display_name=path.name)
    return only


@pytest.mark.parametrize(
    ("row", "labels"),
    [
        ("订单号：|PO-18||供应商：|恒远 五金", {"订单号": "PO-18", "供应商": "恒远 五金"}),
        ("订单号：PO-18||电话: 0574-8888 9999|", {"订单号": "PO-18", "电话": "0574-8888 9999"}),
        ("订单号: PO-18   供应商: 恒远 日期：2026-03-01", {"订单号": "PO-18", "供应商": "恒远", "日期": "2026-03-01"}),
        ("送货单号|SH1||送货日期|2026-03-05", {"送货单号": "SH1", "送货日期": "2026-03-05"}),
        ("供应商|某某物料公司|仓库|原料仓", {"供应商": "某某物料公司", "仓库": "原料仓"}),
        ("PO No.: 18  Ship to: Ningbo|", {"PO No.": "18", "Ship to": "Ningbo"}),
        ("时间：10:30|网址：http://a.cn/x", {"时间": "10:30", "网址": "http://a.cn/x"}),
        ("审核：|日期：2026-03-01", {"审核": "", "日期": "2026-03-01"}),
        ("日  期：2026-03-01   仓   库：上海仓", {"日期": "2026-03-01", "仓库": "上海仓"}),
        ("供应商：恒远  日 期: 3月1日", {"供应商": "恒远", "日期": "3月1日"}),
        ("采购订单||", {}),
        ("采购订单明细（币种：美元）", {"币种": "美元"}),
        ("送货明细 [单位：千件]||", {"单位": "千件"}),
        ("订单号：PO-1；供应商：恒远", {"订单号": "PO-1", "供应商": "恒远"}),
        ("All prices in USD||", {"币种": "USD"}),
        ("以下单价均为美元||", {"币种": "美元"}),
        ("本单已作废，以PO-2为准||", {"本单已作废，以PO-2为准": ""}),
    ],
)
def test_labels_and_values_are_told_apart(row: str, labels: dict[str, str]) -> None:
    assert labels_above([row.split("|")]) == {label: (value,) for label, value in labels.items()}


def test_labels_of_one_cell_may_have_a_stroke_between_them() -> None:
    found = labels_above([["订单号：PO-1 | 供应商：恒远｜日期：2026-03-01 |"]])
    assert found == {"订单号": ("PO-1",), "供应商": ("恒远",), "日期": ("2026-03-01",)}


def test_a_label_becomes_a_column_of_every_row() -> None:
    one = read("采购订单|||", "订 单 号：|PO-18|供应商：恒远|", labels=["订单号", "供应商"])
    assert one.table.column_names == ["行号", "料号", "数量", "单位", "订单号", "供应商", ROW]
    assert one.table["订单号"].to_pylist() == ["PO-18", "PO-18"]
    assert "订单号" not in one.columns
    assert read("订单号：PO-18|||", labels=[]).table.column_names == ["行号", "料号", "数量", "单位", ROW]


@pytest.mark.parametrize(
    "above",
    [
        ("订单编号 PO No.|PO-18|日期 Date|2026-03-01",),
        ("订单编号/PO No.:|PO-18|日期/Date:|2026-03-01",),
        ("PO No. 订单编号: PO-18||Date 日期: 2026-03-01|",),
        ("订单编号\nPO No.|PO-18||", "日期\nDate|2026-03-01||", "传真|021-1||"),
        ("订单编号（PO No.）：PO-18||日期（Date）：2026-03-01|",),
    ],
)
def test_labels_in_two_languages_are_found_by_the_chinese_one(above: tuple[str, ...]) -> None:
    one = read(*above, labels=["订单编号", "日期 Date"])
    assert one.problem is None
    assert one.table["订单编号"].to_pylist() == ["PO-18", "PO-18"]
    assert one.table["日期 Date"].to_pylist() == ["2026-03-01", "2026-03-01"]


def test_a_label_in_two_languages_among_plain_ones_is_one_label() -> None:
    assert labels_above([["客户：恒远", "客户 PO：18"]]) == {"客户": ("恒远",), "客户 PO": ("18",)}
    assert labels_above([["客户 Customer：恒远", "客户 PO：18"]]) == {"客户 Customer": ("恒远",), "客户 PO": ("18",)}


def test_a_label_may_go_by_several_names() -> None:
    names: list[str | list[str]] = [["订单号", "合同编号", "PO No."]]
    for label in ("订单号", "合同编号", "PO NO."):
        one = read(f"{label}：PO-18|||", labels=names)
        assert one.table["订单号"].to_pylist() == ["PO-18", "PO-18"]
    torn = read("订单号：PO-18||合同编号：HT-1|", labels=names).problem
    assert torn is not None
    assert "“HT-1”、“PO-18”" in torn.zh


def test_a_further_name_in_two_languages_is_found_as_the_sheet_shows_it() -> None:
    one = read("订单编号 PO No.：PO-18|||", labels=[["订单号", "订单编号 PO No."]])
    assert one.table["订单号"].to_pylist() == ["PO-18", "PO-18"]


def test_a_column_of_the_table_wins() -> None:
    assert read("单位：箱|||", labels=["单位"]).table["单位"].to_pylist() == ["台", "个"]


def test_a_label_that_is_missing_or_says_two_things_parks() -> None:
    missing = read("供应商：恒远|||", labels=["订单号"]).problem
    assert missing is not None
    assert "“订单号”" in missing.zh
    assert "上方有：供应商" in missing.zh
    torn = read("电话：021-1||电话：0574-2|", labels=["电话"]).problem
    assert torn is not None
    assert "“021-1”、“0574-2”" in torn.zh
    assert torn.en


@pytest.mark.parametrize(
    ("label", "second", "labels", "parks"),
    [
        ("订单号", "PO-19", ["订单号"], True),
        ("订单号", "PO-19", [], True),
        ("订单号", "PO-18", ["订单号"], False),
        ("供应商", "PO-19", ["供应商"], True),
        ("打印时间", "PO-19", [], False),
    ],
)
def test_another_form_below_parks_and_the_next_page_of_the_same_does_not(
    label: str, second: str, labels: list[str], *, parks: bool
) -> None:
    rows = (f"{label}：PO-18|||", *TABLE, f"{label}：{second}|||", *TABLE)
    one = read_table(grid_of([row.split("|") for row in rows]), FormatOptions(labels=labels))
    assert (one.problem is not None) is parks


def test_a_text_file_has_labels_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(("订单号：PO-18,,,", *(row.replace("|", ",") for row in TABLE))), encoding="utf-8")
    (one,) = read_file(path, options=FormatOptions(labels=["订单号"]))
    assert one.table["订单号"].to_pylist() == ["PO-18", "PO-18"]
    (one,) = read_file(path, options=FormatOptions(labels=["供应商"]))
    assert one.problem is not None


@pytest.mark.parametrize(
    ("above", "label"),
    [
        ("采购订单明细  单位：万元|||", "单位"),
        ("金额单位：|千元||", "金额单位"),
        ("数量单位: 千件|||", "数量单位"),
        ("单位：人民币万元|||", "单位"),
        ("（单位万元）|||", "单位万元"),
        ("金额以千元计|||", "以千元计"),
        ("採購明細（單位萬元）|||", "单位万元"),
        ("Amounts in thousands|||", "in thousands"),
        ("Price list (in USD millions)|||", "in USD millions"),
        ("||Values in '000|", "in '000"),
        ("In thousand RMB|||", "In thousand RMB"),
    ],
)
def test_a_power_of_ten_that_is_said_above_the_table_alone_parks(above: str, label: str) -> None:
    said = read(above, labels=[]).problem
    assert said is not None
    assert f"labels: [{label}]" in said.zh
    assert read(above, labels=[label]).counts.read == 2


@pytest.mark.parametrize(
    "above", ["单位千克|||", "以万向轴承为主|||", "In thousand islands|||", "Sold in 2026|||", "单位千米|||"]
)
def test_a_title_that_only_looks_like_one_is_no_reason_to_park(above: str) -> None:
    assert read(above, labels=[]).problem is None


def test_a_unit_that_is_said_above_the_table_is_no_reason_to_park() -> None:
    assert read("单位：元|||", labels=[]).problem is None
    for unit in ("宁波千里马公司", "千克", "KG", "kg", "万科物业", "亿纬锂能", "千米"):
        assert read(f"单位：{unit}|||", labels=[]).problem is None


@pytest.mark.parametrize("blank", ["", "\n", "\n,,"])
@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_a_second_block_is_not_read_under_what_stands_above_the_first(tmp_path: Path, name: str, blank: str) -> None:
    lines = f"仓库：上海仓,,\n料号,数量,单位\nA,1,个\nB,2,个{blank}\n仓库：广州仓,,\n料号,数量,单位\nC,3,个\nD,4,个\n"
    only = read_as(tmp_path / name, lines, labels=["仓库"])
    assert only.problem is not None
    assert "“上海仓”、“广州仓”" in only.problem.zh


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
@pytest.mark.parametrize(
    ("first", "second", "parks"),
    [
        ("仓库：上海仓,,", "仓库：广州仓,,", True),
        ("库存表,,", "仓库：广州仓,,", True),
        ("库存表,,", "仓库：,广州仓,", True),
        ("单号：D1,,", "送货单号：D2,,", True),
        ("仓库：上海仓,,", "仓库：上海仓,,", False),
        ("库存表,,", "打印日期：2026-03-01,,", False),
    ],
)
def test_what_stands_above_a_repeated_header_may_begin_another_list(
    tmp_path: Path, name: str, first: str, second: str, *, parks: bool
) -> None:
    lines = f"{first}\n料号,数量,单位\nA,1,个\nB,2,个\n{second}\n料号,数量,单位\nC,3,个\nD,4,个\n"
    only = read_as(tmp_path / name, lines, labels=[])
    assert (only.problem is not None) == parks
    assert only.problem is None or "分不清每一行属于哪" in only.problem.zh


def test_a_second_order_in_a_text_file_parks_it(tmp_path: Path) -> None:
    block = "订单号：PO-{}\n料号,数量,单位\nA,1,个\nB,2,个\n"
    only = read_as(tmp_path / "a.csv", block.format(1) + block.format(2), labels=["订单号"])
    assert only.problem is not None
    assert "PO-1、PO-2" in only.problem.zh


def test_pages_of_one_list_are_one_list(tmp_path: Path) -> None:
    block = "仓库：上海仓\n料号,数量,单位\nA,1,个\nB,2,个\n"
    only = read_as(tmp_path / "a.csv", block * 2, labels=["仓库"])
    assert only.problem is None
    assert only.table["仓库"].to_pylist() == ["上海仓"] * 4


@pytest.mark.parametrize(
    ("lines", "labels"),
    [
        ("料号,数量,备注\nA,1,合同号：HT-1\nB,2,合同号：HT-2\n料号,数量,备注\nC,3,合同号：HT-3\nD,4,x\n", []),
        ("仓库：上海仓\n料号,数量,备注\nA,1,仓库：广州\nB,2,x\n料号,数量,备注\nC,3,x\nD,4,x\n", ["仓库"]),
    ],
)
def test_a_record_above_a_header_that_comes_again_is_no_form(tmp_path: Path, lines: str, labels: list[str]) -> None:
    only = read_as(tmp_path / "a.csv", lines, labels=labels)
    assert only.problem is None
    assert only.table.num_rows == 4


@pytest.mark.parametrize(
    ("note", "bears"),
    [
        ("注：以上单价为每千只含税价。", True),
        ("备注：价格单位：元/千只", True),
        ("注：单价为元/千只", True),
        ("以上单价为人民币/千个", True),
        ("价格单位为元/百件", True),
        ("注：价格以千个为单位", True),
        ("单价不含运费，每100个一箱", False),
        ("说明：单价按每百件计", True),
        ("第2行取消", True),
        ("注：以下为退货", True),
        ("以下各行取消", True),
        ("备注：上一行作废", True),
        ("注：下面为预测，不下单", True),
        ("以上订单不可取消", False),
        ("以上库存不含在途", False),
        ("以上价格含税含运费", False),
        ("请准时交货", False),
    ],
)
def test_a_note_below_that_bears_on_the_lines_is_told(note: str, *, bears: bool) -> None:
    assert (note in said_below([note])) is bears
