"""Text files: every value as it stands, every record in its place, none lost unnoticed."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.base import ROW
from connectors.formats import FormatOptions, SheetRead, completion, read_file
from connectors.formats.delimited import read_delimited
from connectors.formats.sheet import LONG_ROW, settle

Read = Callable[..., SheetRead]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def one(content: str | bytes, *, name: str = "a.csv", **options: object) -> SheetRead:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        (only,) = read_file(path, options=FormatOptions.model_validate(options))
        balanced(only)
        return only

    return one


def balanced(read: SheetRead) -> None:
    counts = read.counts
    assert counts.total == counts.above + counts.header + sum(map(len, counts.skipped.values())) + counts.read
    assert counts.read == read.table.num_rows


def rows(read: SheetRead) -> list[dict[str, object]]:
    assert read.problem is None, read.problem
    return [{name: value for name, value in row.items() if name != ROW} for row in read.table.to_pylist()]


def test_values_stay_exactly_what_was_received(read: Read) -> None:
    only = read("料号,数量,备注\n000123,1.50,\n 7 ,1e5,NULL\n")
    assert rows(only) == [
        {"料号": "000123", "数量": "1.50", "备注": ""},
        {"料号": " 7 ", "数量": "1e5", "备注": "NULL"},
    ]
    assert only.columns == {"料号": "A", "数量": "B", "备注": "C"}


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16-le"),
    ],
)
def test_the_encoding_is_found(read: Read, encoding: str, expected: str) -> None:
    only = read("料号,数量\n螺丝,3\n".encode(encoding))
    assert rows(only) == [{"料号": "螺丝", "数量": "3"}]
    assert only.encoding == expected


@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("named", [None, "utf-16", "UTF-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["Äpfel", "café", "Łódź", "螺丝 é", "😀"])
def test_utf_16_with_a_mark_is_read_whatever_letters_it_holds(
    read: Read, order: str, named: str | None, name: str
) -> None:
    content = f"\ufeffItem\tName\tQty\r\nA1\t{name}\t3\r\n".encode(f"utf-16-{order}")
    only = read(content, name="a.txt", encoding=named)
    assert rows(only) == [{"Item": "A1", "Name": name, "Qty": "3"}]
    assert only.encoding == f"utf-16-{order}"


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_that_the_settings_name_needs_no_mark(read: Read, order: str) -> None:
    only = read("Item,Name,Qty\nA1,é,3\n".encode(f"utf-16-{order}"), encoding="utf-16")
    assert rows(only) == [{"Item": "A1", "Name": "é", "Qty": "3"}]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("{long},名称,数量\nA1,x,3\n", 1),
        ("{long}", 1),
        ("料号,名称,数量\nA1,x,3\nA2,{long}{long}{long}{long},4\n", 3),
        ('料号,名称,数量\nA1,"{long}{long}{long}{long}",3\nA2,x,4\n', 2),
    ],
)
def test_a_line_of_a_million_letters_is_named(read: Read, content: str, line: int) -> None:
    problem = read(content.replace("{long}", "A" * 1_000_000)).problem
    assert problem is not None
    assert f"第 {line} 行" in problem.zh
    assert f"Line {line}" in problem.en
    assert "太长" in problem.zh


def test_long_lines_of_which_none_is_too_long_are_not_named_as_the_cause(read: Read) -> None:
    problem = read("\n".join(",".join(["A1"] * 2_000) for _ in range(60))).problem
    assert problem is not None
    assert "太长" not in problem.zh


@pytest.mark.parametrize("cell", ["{long}", '"{long}"'])
def test_a_record_with_a_very_long_text_is_one_all_the_same(read: Read, cell: str) -> None:
    long = "A" * 1_000_000
    only = read(f"料号,名称,数量\nA1,{cell.replace('{long}', long)},3\nA2,x,4\n")
    assert [row["料号"] for row in rows(only)] == ["A1", "A2"]
    assert rows(only)[0]["名称"] == long


def test_a_named_encoding_is_used(read: Read) -> None:
    assert rows(read("料號,數量\n螺絲,3\n".encode("big5"), encoding="big5")) == [{"料號": "螺絲", "數量": "3"}]


def test_text_is_decoded_before_it_is_split(read: Read) -> None:
    assert "倈".encode("gb18030")[1:] == b"|"
    assert rows(read("名称|数量\n倈|3\n螺|4\n".encode("gb18030"))) == [
        {"名称": "倈", "数量": "3"},
        {"名称": "螺", "数量": "4"},
    ]


def test_undecodable_text_is_a_problem_with_a_remedy(read: Read) -> None:
    problem = read(b"a,b\n\xff\xff\xff,1\n").problem
    assert problem is not None
    assert "CSV UTF-8" in problem.zh
    assert "CSV UTF-8" in problem.en


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(read: Read, delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (["料号", "单价", "交期"], ["A-1", "1.5", "2026-03-01"]))
    assert rows(read(text)) == [{"料号": "A-1", "单价": "1.5", "交期": "2026-03-01"}]


def test_decimal_commas_do_not_pass_for_delimiters(read: Read) -> None:
    assert rows(read("item;price;qty\nA-1;1,5;2,5\nA-2;3,5;4,5\n"))[0] == {"item": "A-1", "price": "1,5", "qty": "2,5"}


def test_a_delimiter_of_several_characters_may_be_given(read: Read) -> None:
    only = read('编号+|名称\n1+|"a+b"\n2+|c,d\n', delimiter="+|")
    assert rows(only) == [{"编号": "1", "名称": "a+b"}, {"编号": "2", "名称": "c,d"}]


def test_the_line_on_which_a_record_begins_is_kept_over_inner_line_ends(read: Read) -> None:
    only = read('单号,备注\nA1,"x\ny"\nA2,z\r\n\nA3,"p\r\nq"\nA4,\n')
    assert only.table[ROW].to_pylist() == [2, 4, 6, 8]
    assert only.counts.total == 6
    assert only.counts.skipped == {"blank": (5,)}


def test_a_long_row_keeps_all_its_values_and_is_suspect(read: Read) -> None:
    only = read("单号,数量\nA1,3\nA2,4,多出\nA3,5\n")
    assert rows(only)[1] == {"单号": "A2", "数量": "4", "列C": "多出"}
    assert only.suspects == ((3, "列C", "XD-CEL-003"),)


def test_a_short_row_is_suspect_and_nothing_shifts(read: Read) -> None:
    only = read("单号,名称,数量\nA1,螺丝,3\nA2,4\nA3,螺母,5\n")
    assert rows(only)[1] == {"单号": "A2", "名称": "4", "数量": ""}
    assert only.suspects == ((3, "数量", "XD-CEL-004"),)
    assert only.table[ROW].to_pylist() == [2, 3, 4]


def test_a_delimiter_at_every_line_end_makes_no_column(read: Read) -> None:
    only = read("单号,数量,\nA1,3,\nA2,4,\n")
    assert only.table.column_names == ["单号", "数量", ROW]
    assert only.suspects == ()


def test_values_below_a_blank_header_get_the_letter_as_name(read: Read) -> None:
    assert rows(read("单号,,数量\nA1,x,3\n")) == [{"单号": "A1", "列B": "x", "数量": "3"}]


def test_an_unclosed_quote_is_a_problem_that_names_its_line(read: Read) -> None:
    problem = read('单号,数量\nA1,3\nA2,"4\nA3,5\n').problem
    assert problem is not None
    assert "第 3 行" in problem.zh
    assert "line 3" in problem.en


def test_an_inch_mark_inside_a_value_is_no_quote(read: Read) -> None:
    assert rows(read('单号,规格\nA1,5 7/8" bowl\nA2,"a ""b"""\n'))[0]["规格"] == '5 7/8" bowl'


def test_lines_within_values_are_told_apart_behind_thousands_of_inch_marks(read: Read) -> None:
    inches = 'A1,5" pipe\n' * 2_500
    only = read(f'单号,规格\n{inches}A2,"a\nb"\n{inches}')
    assert only.table.num_rows == 5_001
    assert only.table["规格"][2_500].as_py() == "a\nb"


def test_rows_swallowed_by_a_quote_that_another_closes_are_suspect(read: Read) -> None:
    only = read('a1,b1,c1,d1\nx,"1,2,3\ny,4,5,6\nz,"7",8,9\n', header=1)
    assert [code for _, _, code in only.suspects if code == "XD-CEL-005"] or only.problem


def test_totals_and_repeated_headers_and_signatures_are_left_out_with_their_rows(read: Read) -> None:
    only = read(
        "采购订单,,,\n制表人：张三,,日期：2026-03-01,\n\n料号,名称,数量,金额\nA1,螺丝,3,30\n小计,,3,30\n料号,名称,数量,金额\n"
        "A2,合计机械,4,40\n合计：,,7,70元\n,,,\n制表：李四,,审核：王五,\n"
    )
    assert [row["料号"] for row in rows(only)] == ["A1", "A2"]
    assert only.header_row == 4
    assert (only.counts.total, only.counts.above, only.counts.header) == (11, 3, 1)
    assert only.counts.skipped == {"total": (6, 9), "repeated_header": (7,), "blank": (10,), "after_end": (11,)}


def test_an_item_whose_name_is_total_is_no_total_row(read: Read) -> None:
    only = read("料号,名称,数量,备注\n合计,螺丝,3,急\nA2,螺母,4,\n")
    assert only.counts.read == 2


def test_a_repeated_column_is_a_problem_that_names_both_places(read: Read) -> None:
    problem = read("单号,数量,数量\nA1,3,4\n").problem
    assert problem is not None
    assert "B1、C1" in problem.zh
    assert "B1 and C1" in problem.en


def test_a_file_without_a_header_says_so(read: Read) -> None:
    problem = read("BOX,Boxes,2019-04-30\nBTL,Bottle,2019-04-30\n").problem
    assert problem is not None
    assert "header: none" in problem.zh


def test_names_may_be_given_where_there_is_no_header(read: Read) -> None:
    only = read("BOX\tBoxes\t1\nBTL\tBottle\t2\n", header="none", names=["code", "name"])
    assert rows(only)[1] == {"code": "BTL", "name": "Bottle", "列C": "2"}
    assert (only.counts.total, only.counts.header, only.header_row) == (2, 0, 0)


def test_the_header_row_may_be_given(read: Read) -> None:
    assert rows(read("x,y\n甲,乙\nm,n\n", header=2)) == [{"甲": "m", "乙": "n"}]
    problem = read("x,y\n", header=9).problem
    assert problem is not None
    assert "第 9 行" in problem.zh


def test_a_header_without_rows_is_a_problem(read: Read) -> None:
    problem = read("单号,数量,交期\n").problem
    assert problem is not None
    assert "没有数据行" in problem.zh


def test_parts_of_a_large_file_add_up_to_it(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    lines = [f'A{i},"名称{i}",{i}' if i % 7_000 else f'A{i},"两\n行",{i},多' for i in range(120_000)]
    path.write_text("\n".join(["单号,名称,数量", *lines, "合计,,9"]), encoding="utf-8")
    whole = list(settle(read_delimited(path, FormatOptions())))
    parts = list(settle(read_delimited(path, FormatOptions(), part_bytes=1)))
    assert len(whole) == 1
    assert len(parts) > 1
    assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]
    for part in parts:
        balanced(part)
    assert sum(part.counts.total for part in parts) == whole[0].counts.total == 120_002
    assert [row for part in parts for row in part.table[ROW].to_pylist()] == whole[0].table[ROW].to_pylist()
    assert sorted(one for part in parts for one in part.suspects) == sorted(whole[0].suspects)
    assert len(whole[0].suspects) == 18


@pytest.mark.parametrize(
    "lines",
    [
        ["F1,甲,1,950.00", "F2,乙,12,200.00", "F3,丙,880.00", "F4,丁,3,060.50"],
        ["F1,甲,1,950.00,急", "F2,乙,-12,200.00,"],
        ["F1,甲,1,950,000.00"],
        ["F1,1,950.00,200.00", "F2,880.00,3,060.50", "F3,1,200.00,5.00"],
        ["F1,甲,1,950元", "F2,乙,￥2,100"],
    ],
)
def test_amounts_that_commas_between_thousands_tear_apart_park_the_file(read: Read, lines: list[str]) -> None:
    header = "发票号码,供应商,价税合计" + ",备注" * (lines[0].endswith("急"))
    (only,) = [read("\n".join([header, *lines]))]
    assert only.problem is not None
    assert "第 2 行的“1,950" in only.problem.zh
    assert not only.table.num_rows


def test_where_half_of_the_records_are_torn_these_are_told_and_the_others_read(read: Read) -> None:
    only = read("单号,数量,单位\nA,1,200,个\nB,300,个\n")
    assert only.problem is None
    assert only.suspects == ((2, "列D", LONG_ROW),)


@pytest.mark.parametrize(
    "lines",
    [
        ["单号,数量", "A,5,好", "B,6,120", "C,7,"],
        ["序号,工位,料号,数量", "1,101,A,5,急", "2,102,B,6,缓", "3,103,C,7,x"],
        ["料号,箱数,每箱", "A,12,100,好", "B,6,120,好", "C,7,144,坏"],
        ["料号,数量", "A,5,120", "B,6,350", "C,7,"],
    ],
)
def test_a_last_column_without_a_name_is_no_torn_number(read: Read, lines: list[str]) -> None:
    only = read("\n".join(lines))
    assert only.problem is None
    assert only.table.num_rows == 3


@pytest.mark.parametrize(
    ("lines", "parks"),
    [
        (["item,qty", "51,995097,24", "100,995096,25", "113,894959,47"], True),
        (["item,qty", "0,A-1,24", "1,A-2,25"], True),
        (["序号,料号,数量", "1,A,5,3", "2,B,6,4"], False),
        (["item,qty", "51,24,急", "52,25,缓"], False),
        (["item,qty", "51,24,", "52,25,"], False),
        (["item,qty", "51,24,1", "51,25,2"], False),
        (["料号,数量,单价", "10001,5,2.5,12.5", "10002,6,2.5,15"], False),
        (["订单号,行号,数量", "10,88001,1,5", "20,88001,2,6", "30,88002,1,7"], True),
        (["item,qty,price", "101,51001,24,2.5", "102,51002,25,3", "105,51003,26,4"], True),
    ],
)
def test_row_numbers_without_a_name_before_the_first_column_park_the_file(
    read: Read, lines: list[str], *, parks: bool
) -> None:
    problem = read("\n".join(lines)).problem
    assert (problem is not None and "没有列名的行号" in problem.zh) is parks


@pytest.mark.parametrize(
    ("end", "parks"),
    [
        ("A3,W", True),
        ("A3,W\n", False),
        ("A3,W,7,个", False),
        ("合计,,18", False),
        ("制表：王", False),
        ("A3,W,,", False),
    ],
)
def test_a_text_that_ends_within_its_last_record_is_cut_off(read: Read, end: str, *, parks: bool) -> None:
    problem = read(f"料号,仓库,数量,单位\nA1,W,5,个\nA2,W,6,个\n{end}").problem
    assert (problem is not None and "没有传完" in problem.zh) is parks


@pytest.mark.parametrize(
    ("first", "parks"), [("# 2026-03-05 库存", True), ("Stock list 2026-03-05", True), ("X-1", False), ("X-1,9", False)]
)
def test_a_title_above_a_table_without_a_header_is_no_record(read: Read, first: str, *, parks: bool) -> None:
    names = ["item", "qty"]
    only = read(f"{first}\nA-1,5\nA-2,6\n", header="none", names=names)
    assert (only.problem is not None) is parks
    if only.problem is not None:
        assert "area: 2:，" in only.problem.zh
        below = read(f"{first}\nA-1,5\nA-2,6\n", header="none", names=names, area="2:1048576")
        assert below.table["item"].to_pylist() == ["A-1", "A-2"]


@pytest.mark.parametrize("delimiter", ["||", "~|~", "@@", "|#|"])
def test_a_delimiter_of_several_characters_is_found(read: Read, delimiter: str) -> None:
    lines = (["编号", "名称", "数量"], ["1", "", "3"], ["2", "c,d", ""])
    assert rows(read("\n".join(delimiter.join(line) for line in lines)))[1] == {"编号": "2", "名称": "c,d", "数量": ""}


@pytest.mark.parametrize("quoted", ["请||尽快", "||", "两行||\n里||也", '引""号||"" '])
def test_a_delimiter_of_several_characters_inside_quotes_is_part_of_the_value(read: Read, quoted: str) -> None:
    text = f'编号||名称||备注\n1||"{quoted}"||好\n"2"||B||"{quoted}"\n"3||"||C||6"\n'
    value = quoted.replace('""', '"')
    assert [list(row.values()) for row in rows(read(text))] == [
        ["1", value, "好"], ["2", "B", value], ["3||", "C", '6"']
    ]  # fmt: skip


def test_a_quoted_value_begins_a_line_that_ends_in_a_carriage_return(read: Read) -> None:
    only = read('编号||名称||数量\r"1||x"||ab||3\r"2||y"||c||4\r')
    assert only.table["编号"].to_pylist() == ["1||x", "2||y"]


def test_a_bar_in_a_value_does_not_hide_a_delimiter_of_two_bars(read: Read) -> None:
    assert rows(read("编号||名称||数量\n1||A|1||3\n2||B||4\n"))[0] == {"编号": "1", "名称": "A|1", "数量": "3"}


def test_empty_values_between_bars_are_no_delimiter_of_two_bars(read: Read) -> None:
    assert rows(read("编号|名称|数量\n1||3\n2||4\n"))[0] == {"编号": "1", "名称": "", "数量": "3"}


def test_the_hint_of_excel_names_the_delimiter(read: Read) -> None:
    only = read("sep=;\r\n料号;数量\r\nA,1;3\r\n")
    assert rows(only) == [{"料号": "A,1", "数量": "3"}]
    assert only.header_row == 2


def test_the_guard_that_keeps_a_code_a_text_is_taken_off(read: Read) -> None:
    assert rows(read('料号,条码,备注\n="000123","=""0001""",a="b"\n')) == [
        {"料号": "000123", "条码": "0001", "备注": 'a="b"'}
    ]
    # as the statements of WeChat Pay are written
    assert rows(read("单号,金额,备注\n`000123,`0.50,a`b\n`000124,`1,`\n")) == [
        {"单号": "000123", "金额": "0.50", "备注": "a`b"},
        {"单号": "000124", "金额": "1", "备注": ""},
    ]


@pytest.mark.parametrize("delimiter", ["~", "^", "，", "；"])
def test_a_rare_delimiter_is_found_where_no_usual_one_splits(read: Read, delimiter: str) -> None:
    lines = (["编号", "名称", "数量"], ["1", "螺丝", "3"], ["2", "螺母", "4"])
    assert rows(read("\n".join(delimiter.join(line) for line in lines)))[1] == {
        "编号": "2",
        "名称": "螺母",
        "数量": "4",
    }


def test_a_long_code_in_scientific_notation_is_suspect(read: Read) -> None:
    only = read("条码,数量\n6.93217E+12,3\n6932169358293,1.5E+3\n")
    assert only.suspects == ((2, "条码", "XD-CEL-008"),)


@pytest.mark.parametrize("code", ["1E+05", "1e+12", "1,23E+11", "6.9E+3"])
def test_a_code_in_scientific_notation_is_suspect_however_short(read: Read, code: str) -> None:
    only = read(f"料号;数量\n{code};3\nA1;1E+05\n1E5;2\n")
    assert only.suspects == ((2, "料号", "XD-CEL-008"),)


def test_a_masked_name_is_no_delimiter(read: Read) -> None:
    assert rows(read("订单,买家,数量\nA1,王**,3\nA2,李**,4\n"))[0] == {"订单": "A1", "买家": "王**", "数量": "3"}


def test_an_apostrophe_in_front_of_a_code_keeps_it_a_text_and_is_no_part_of_it(read: Read) -> None:
    found = rows(read("料号,备注\n'000123,'90s\n'6901234567892,it's\n'PO-1/2,'tis so\n"))
    assert [list(row.values()) for row in found] == [
        ["000123", "90s"],
        ["6901234567892", "it's"],
        ["PO-1/2", "'tis so"],
    ]


@pytest.mark.parametrize(
    ("text", "encoding"), [("PO;Kunde\n1;Müller\n", "cp1252"), ("品番,品名\nA1,ポンプ\n", "shift_jis")]
)
def test_letters_of_other_languages_are_not_taken_for_chinese(read: Read, text: str, encoding: str) -> None:
    problem = read(text.encode(encoding)).problem
    assert problem
    assert "cp1252" in problem.zh
    assert problem.en
    assert read(text.encode(encoding), encoding=encoding).problem is None


def test_big5_is_not_taken_for_gb18030(read: Read) -> None:
    problem = read("料號,數量\n螺絲,3\n".encode("big5")).problem
    assert problem is not None
    assert "big5" in problem.zh


def test_two_encodings_in_one_file_are_named_by_line(read: Read) -> None:
    utf8, gbk = "料号,名称\nA1,六角螺丝\n".encode(), "A2,不锈钢螺母\n".encode("gbk")
    problem = read(utf8 + gbk).problem
    assert problem is not None
    assert "第 1 行是 UTF-8，第 3 行不是" in problem.zh
    assert rows(read("料号,名称\nA1,六角螺丝\n".encode("gbk") + gbk))[1]["名称"] == "不锈钢螺母"


def test_text_cut_off_within_a_character_is_not_read_as_another_encoding(read: Read) -> None:
    content = "料号,名称\nA1,螺丝\nA2,螺母".encode()
    assert read(content[:-1]).problem is not None
    assert read(content[:-2]).problem is not None
    assert read(content).problem is None


def test_null_bytes_are_named_by_line_wherever_they_stand(read: Read) -> None:
    problem = read("料号,数量\nA1,3\nA2,\x004\n").problem
    assert problem is not None
    assert "第 3 行" in problem.zh
    far = read("料号,数量\n" + "A1,3\n" * 200_000 + "A2,\x004\n").problem
    assert far is not None
    assert "第 200002 行" in far.zh


def test_utf_16_without_a_mark_is_told_what_to_set(read: Read) -> None:
    content = "item,qty\nA1,3\n".encode("utf-16-le")
    problem = read(content).problem
    assert problem is not None
    assert "encoding: utf-16-le" in problem.zh
    assert rows(read(content, encoding="utf-16-le")) == [{"item": "A1", "qty": "3"}]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_of_chinese_without_a_mark_is_told_too(read: Read, codec: str) -> None:
    problem = read("料号,名称,数量\nA1,一级螺丝,5\nA2,一级螺母,6\n".encode(codec)).problem
    assert problem is not None
    assert f"encoding: {codec}" in problem.zh


def test_a_second_table_and_an_area_work_in_text_too(read: Read) -> None:
    content = "料号,名称,数量\nA1,x,3\n,,\n单号,原因,日期\nR1,破损,2026-03-01\n"
    problem = read(content).problem
    assert problem is not None
    assert "area" in problem.zh
    assert rows(read(content, area="4:")) == [{"单号": "R1", "原因": "破损", "日期": "2026-03-01"}]
    assert list(read(content, area="B1:C2").columns) == ["名称", "数量"]


def test_codes_of_which_excel_made_dates_before_it_wrote_the_file_are_suspect(read: Read) -> None:
    only = read("料号,库位,规格,交期\nA1,3月5日,M8*20,3月5日\nA2,5-Mar,Mar-26,5-Mar\nA3,5-6,12-Max,\n")
    assert only.suspects == ((2, "库位", "XD-CEL-010"), (3, "库位", "XD-CEL-010"), (3, "规格", "XD-CEL-010"))


def test_a_header_of_two_lines_names_its_columns_together(read: Read) -> None:
    only = read("料号,数量,,备注\n,订购,已收,\nA1,3,2,急\nA2,4,4,\n")
    assert list(only.columns) == ["料号", "数量 订购", "数量 已收", "备注"]
    assert (only.header_row, only.counts.header) == (2, 2)


def test_columns_of_one_name_that_differ_only_later_are_found_in_a_later_part(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [f"A{number},3,3" for number in range(120_000)]
    path.write_text("\n".join(["料号,数量,数量", *lines, "B1,3,4"]), encoding="utf-8")
    *_, last = settle(read_delimited(path, FormatOptions(), part_bytes=1))
    assert last.problem is not None
    assert "数量" in last.problem.zh


_TAKEN_OUT = "`'=" + "".join(map(chr, [*range(9), *range(14, 32), 127]))
_CELLS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters=_TAKEN_OUT), max_size=6)


@settings(max_examples=60)
@given(
    table=st.lists(
        st.tuples(*[_CELLS.filter(lambda cell: cell not in completion._DITTO)] * 3),  # test_completion.py
        min_size=1,
        max_size=6,
    )
)
@example(table=[("", "", "0"), ("", ":", "NO"), ("", "", "0")]).via("looks like the header of a second table")
@example(table=[("", "", "\n")]).via("no data, in a row of two lines")
def test_what_a_csv_writer_wrote_is_read_back(table: list[tuple[str, str, str]], tmp_path_factory: object) -> None:
    assert isinstance(tmp_path_factory, pytest.TempPathFactory)
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    body = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in table)
    path.write_bytes(("单号,名称,备注\n" + body).encode())
    (only,) = read_file(path, options=FormatOptions(header=1, encoding="utf-8", delimiter=","))
    balanced(only)
    skipped = sum(map(len, only.counts.skipped.values()))
    if only.problem is not None:
        lines = len(re.findall("\r\n|\r|\n", body))
        refused_whole = "problem" in only.counts.skipped
        assert skipped + only.counts.header == (lines if refused_whole else len(table)) + 1, (
            "a row may take several lines"
        )
        return
    kept = [tuple(row.values())[:3] for row in only.table.to_pylist()]
    blank = [row for row in table if not any(cell.strip() for cell in row)]
    assert len(kept) + skipped == len(table)
    assert skipped >= len(blank)
    assert set(kept) <= set(table)


@pytest.mark.parametrize(
    "name",
    [
        "comma_in_quotes",
        "empty",
        "empty_crlf",
        "escaped_quotes",
        "json",
        "newlines",
        "quotes_and_newlines",
        "simple",
        "simple_crlf",
        "utf8",
    ],
)
def test_csv_spectrum_is_read_as_its_answers_say(samples: Path, name: str) -> None:
    expected = json.loads((samples / "csv-spectrum" / "json" / f"{name}.json").read_text("utf-8"))  # noqa: TID251  # text only
    (only,) = read_file(samples / "csv-spectrum" / "csvs" / f"{name}.csv", options=FormatOptions())
    assert rows(only) == expected


def test_adventureworks_is_read_without_header_by_tabs(samples: Path) -> None:
    names = (
        "PurchaseOrderID Line DueDate OrderQty ProductID UnitPrice LineTotal ReceivedQty RejectedQty StockedQty Changed"
    )
    options = FormatOptions(header="none", names=names.split(), delimiter="\t")
    (only,) = read_file(samples / "adventureworks" / "PurchaseOrderDetail.csv", options=options)
    assert only.counts.read == 8_845
    assert rows(only)[4]["ReceivedQty"] == "2.00"
    assert rows(only)[1]["UnitPrice"] == "45.1200"
    options = FormatOptions(header="none", names=["id", "account", "name"])
    (vendors,) = read_file(samples / "adventureworks" / "Vendor.csv", options=options)
    assert vendors.counts.read == 104
    assert rows(vendors)[3]["name"] == "Trikes, Inc."


@pytest.mark.parametrize(
    "line",
    ['"M-3,上海,7,个"', "M-3;上海;7;个", "M-3\t上海\t7\t个", "M-3  上海 7 个", "M-3，上海，7，个", "M-3|上海|7|个"],
)
@pytest.mark.parametrize("below", ["", "M-4,上海,8,个\n"], ids=["last", "within"])
def test_a_record_whose_separators_were_lost_is_no_note(read: Read, line: str, below: str) -> None:
    problem = read(f"料号,仓库,数量,单位\nM-1,上海,5,个\nM-2,上海,6,个\n{line}\n{below}").problem
    assert problem is not None
    assert "第 4 行整行都在一格里（M-3" in problem.zh


@pytest.mark.parametrize(
    "note",
    [
        "Remarks: please confirm within 24h",
        "备注：请于 3 日内确认",
        "Exported 2026-03-05 by 12",
        "ERP_V3 打印 2026-03-05 1",
    ],
)
def test_a_note_of_as_many_words_as_there_are_columns_is_no_record(read: Read, note: str) -> None:
    one = read(f"料号,仓库,数量,单位\nM-1,上海,5,个\nM-2,上海,6,个\n{note}\n")
    assert (one.problem, one.counts.read, dict(one.counts.skipped)) == (None, 2, {"after_end": (4,)})
