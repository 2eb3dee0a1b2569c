"""Marking a copy of an .xlsx: the marks are there, and nothing else is new."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from canonical_model.issues import Issue
from canonical_model.language import Language
from connectors.formats import FormatOptions, read_file
from crossdock.returned.marks import MOST_COMMENTS, RED, YELLOW, SheetMarks, mark_rows
from crossdock.returned.package import NotPatchableError
from crossdock.returned.patch import patch
from crossdock.returned.rebuild import Plan

PLAN = Plan(Language.ZH, only_bad=False)
PLACES = {"单号": "A", "数量": "B", "金额": "C"}
Change = Callable[[Workbook], None]


def issue(column: str = "数量", value: str = "abc", code: str = "XD-NUM-001") -> Issue:
    return Issue(code, "purchase_order_line", "ordered", column, "", value)


def marks(*found: tuple[int, Issue], places: dict[str, str] = PLACES, header_row: int = 2) -> SheetMarks:
    return SheetMarks(header_row, places, "", mark_rows(found, places, Language.ZH))


def sheet_of(book: Workbook) -> Worksheet:
    return book.worksheets[0]


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A title, a header and three lines: codes as text, a formula with the value that Excel worked out."""
    book = openpyxl.Workbook()
    sheet = sheet_of(book)
    sheet.title = "订单"
    for row in (["采购订单"], ["单号", "数量", "金额"], ["000123", "abc", "=1+2"], ["000124", 5, "=2*B4"], ["000125"]):
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    for cell in sheet[2]:
        cell.font = Font(bold=True)
    sheet["B3"].number_format = "0.00"
    sheet["A3"].comment = Comment("对方自己的批注", "采购")
    sheet.column_dimensions["A"].width = 33
    choice = DataValidation(type="list", formula1='"1,2"')
    choice.add("B3:B99")
    sheet.add_data_validation(choice)
    book.create_sheet("说明").append(["请勿改列名"])
    memory = io.BytesIO()
    book.save(memory)
    path = tmp_path / "订单.xlsx"
    rewrite(memory.getvalue(), path, lambda name, xml: xml.replace(b"<f>1+2</f><v />", b"<f>1+2</f><v>3</v>"))
    return path


def rewrite(book: bytes, target: Path, change: Callable[[str, bytes], bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(target, "w") as written:
        for name in source.namelist():
            written.writestr(name, change(name, source.read(name)))


def test_a_bad_cell_is_filled_and_commented_and_reason_and_remedy_stand_at_the_right(
    original: Path, tmp_path: Path
) -> None:
    target = tmp_path / "marked.xlsx"

    assert patch(original, {"订单": marks((3, issue()), (5, issue(value="", code="XD-REQ-001")))}, target, PLAN) == 2

    sheet = openpyxl.load_workbook(target)["订单"]
    assert [cell.value for cell in sheet[2]] == ["单号", "数量", "金额", "问题", "怎么改"]
    assert sheet["D3"].value == "“数量”的值“abc”不是数字。"
    assert sheet["E3"].value == "请改成数字，例如 1200 或 1,200.50。"
    assert (sheet["B3"].fill.fgColor.rgb, sheet["B3"].number_format) == (RED, "0.00")
    assert "不是数字" in sheet["B3"].comment.text
    assert sheet["B5"].fill.fgColor.rgb == RED  # an empty cell that was not in the file
    assert sheet["A3"].fill.fill_type is None
    assert [sheet["D4"].value, sheet["E4"].value] == [None, None]
    assert (sheet["D3"].number_format, sheet["D3"].quotePrefix, sheet["D3"].data_type) == ("@", True, "s")


def test_everything_else_of_the_workbook_stays(original: Path, tmp_path: Path) -> None:
    target = tmp_path / "marked.xlsx"
    patch(original, {"订单": marks((3, issue()))}, target, PLAN)

    book = openpyxl.load_workbook(target)
    sheet = book["订单"]
    assert book.sheetnames == ["订单", "说明"]
    assert [sheet["A3"].value, sheet["A3"].data_type, sheet["C3"].value] == ["000123", "s", "=1+2"]
    assert sheet["A2"].font.bold
    assert sheet["D2"].font.bold  # the added header looks like the last of the partner's
    assert sheet["A3"].comment.text == "对方自己的批注"
    assert sheet.column_dimensions["A"].width == 33
    assert str(sheet.merged_cells) == "A1:C1"
    assert [str(one.sqref) for one in sheet.data_validations.dataValidation] == ["B3:B99"]
    before, after = (zipfile.ZipFile(path) for path in (original, target))
    untouched = set(before.namelist()) - {"[Content_Types].xml", "xl/styles.xml", "xl/worksheets/sheet1.xml"}
    comments = {name for name in untouched if "omment" in name or "vml" in name or name.endswith(".rels")}
    assert {name for name in untouched - comments if before.read(name) != after.read(name)} == set()


def test_the_worked_out_value_of_a_formula_is_still_read(original: Path, tmp_path: Path) -> None:
    target = tmp_path / "marked.xlsx"
    patch(original, {"订单": marks((3, issue()))}, target, PLAN)

    (read, _) = read_file(target, options=FormatOptions())

    assert read.table.column_names == ["单号", "数量", "金额", "问题", "怎么改", "_row"]
    assert read.table["金额"].to_pylist()[0] == "3"
    assert read.table["单号"].to_pylist() == ["000123", "000124", "000125"]


def test_every_part_of_a_marked_workbook_is_well_formed(original: Path, tmp_path: Path) -> None:
    target = tmp_path / "marked.xlsx"
    said = marks((3, issue(value="</t><script>&\x07")), (4, issue("单号", value="=cmd|'/C calc'!A0")))
    patch(original, {"订单": said}, target, PLAN)

    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names))
        parts = [name for name in names if name.endswith((".xml", ".rels", ".vml"))]
        assert len(parts) > 8
        for name in parts:
            ElementTree.fromstring(archive.read(name))
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert sheet.count("<f>") == 2  # those of the partner
    for name, element in (("cellXfs", "xf"), ("fills", "fill")):
        count, content = re.search(rf'<{name} count="(\d+)">(.*?)</{name}>', styles, re.DOTALL).groups()  # type: ignore[union-attr]  # it is there
        assert int(count) == len(re.findall(rf"<{element}\b", content))


def test_a_warning_is_yellow_and_a_cell_of_both_kinds_red(original: Path, tmp_path: Path) -> None:
    target = tmp_path / "marked.xlsx"
    warning = issue("单号", value="某码", code="XD-COD-002")
    patch(original, {"订单": marks((3, warning), (4, warning), (4, issue("单号")))}, target, PLAN)

    sheet = openpyxl.load_workbook(target)["订单"]
    assert [sheet["A3"].fill.fgColor.rgb, sheet["A4"].fill.fgColor.rgb] == [YELLOW, RED]
    assert sheet["D4"].value.count("\n") == 1


def test_marking_a_marked_workbook_again_uses_the_same_columns(original: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.xlsx", tmp_path / "2.xlsx"
    patch(original, {"订单": marks((3, issue()))}, first, PLAN)
    again = marks((4, issue()), places={**PLACES, "问题": "D", "怎么改": "E"})

    patch(first, {"订单": again}, second, PLAN)

    sheet = openpyxl.load_workbook(second)["订单"]
    assert [cell.value for cell in sheet[2]] == ["单号", "数量", "金额", "问题", "怎么改"]
    assert [bool(sheet[f"D{row}"].value) for row in (3, 4, 5)] == [False, True, False]
    assert [bool(sheet[f"B{row}"].comment) for row in (3, 4, 5)] == [False, True, False]
    assert [sheet[f"B{row}"].fill.fill_type for row in (3, 4, 5)] == [None, "solid", None]
    assert sheet["B3"].number_format == "0.00"
    assert sheet["A3"].comment.text == "对方自己的批注"
    with zipfile.ZipFile(second) as archive:
        (shapes,) = [archive.read(name).decode() for name in archive.namelist() if "vml" in name]
        assert shapes.count("ClientData ObjectType") == 2


def test_a_sheet_that_waits_whole_says_so_beside_its_header(original: Path, tmp_path: Path) -> None:
    target = tmp_path / "marked.xlsx"
    patch(original, {"说明": SheetMarks(0, {}, "没有找到表头。")}, target, PLAN)

    assert [cell.value for cell in openpyxl.load_workbook(target)["说明"][1]] == ["请勿改列名", "没有找到表头。"]


def test_comments_end_where_excel_would_grow_slow_and_the_columns_go_on(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet_of(book).append(list(PLACES))
    for number in range(MOST_COMMENTS + 5):
        sheet_of(book).append([f"{number:06d}", "abc"])
    original, target = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book.save(original)

    patch(
        original, {"Sheet": marks(*((row, issue()) for row in range(2, MOST_COMMENTS + 7)), header_row=1)}, target, PLAN
    )

    sheet = openpyxl.load_workbook(target)["Sheet"]
    assert sum(bool(row[1].comment) for row in sheet.iter_rows()) == MOST_COMMENTS
    assert all(sheet.cell(row, 4).value for row in range(2, MOST_COMMENTS + 7))


@pytest.mark.parametrize(
    "unusual",
    [
        lambda name, xml: xml.replace(b"<sheetData>", b"<!-- x --><sheetData>"),
        lambda name, xml: re.sub(rb'<row r="3"', b"<row", xml),
        lambda name, xml: xml.replace(b'<c r="B3"', b"<c"),
        lambda name, xml: xml.replace(b"cellXfs", b"cellXgs"),
        lambda name, xml: xml.replace(b"<sheetData>", b"<sheetData>" + b'<row r="9">' * 200_000),
        lambda name, xml: xml.replace(b"</sheetData>", b"</sheetData>" + b'<row r="9">' * 200_000),
    ],
    ids=["comment", "row without number", "cell without place", "no styles", "rows without end", "rows behind the end"],
)
def test_an_unusual_workbook_is_refused_rather_than_spoilt(
    original: Path, tmp_path: Path, unusual: Callable[[str, bytes], bytes]
) -> None:
    odd = tmp_path / "odd.xlsx"
    rewrite(original.read_bytes(), odd, unusual)

    with pytest.raises(NotPatchableError):
        patch(odd, {"订单": marks((3, issue()))}, tmp_path / "marked.xlsx", PLAN)


@pytest.mark.parametrize("name", ["any_sheets.xlsx", "date_1904.xlsx", "merged_range.xlsx"])
def test_workbooks_of_strangers_keep_every_value(samples: Path, tmp_path: Path, name: str) -> None:
    original, target = samples / "excel" / "calamine" / name, tmp_path / name
    wanted = {}
    for read in read_file(original, options=FormatOptions(header="none")):
        if read.table.num_rows:
            places = dict(read.columns)
            row, column = read.table["_row"][0].as_py(), read.table.column_names[0]
            wanted[read.sheet] = marks((row, issue(column)), places=places, header_row=0)
    assert wanted

    patch(original, wanted, target, PLAN)

    openpyxl.load_workbook(target).close()
    before, after = (CalamineWorkbook.from_path(path) for path in (original, target))
    assert before.sheet_names == after.sheet_names
    for sheet, said in wanted.items():
        added = said.added_columns()
        assert added is not None
        new = cells(after, sheet).items() - cells(before, sheet).items()
        assert {column for (_, column), _ in new} <= {added[0], added[0] + 1}
        assert cells(before, sheet).items() <= cells(after, sheet).items()


def cells(book: CalamineWorkbook, sheet: str) -> dict[tuple[int, int], str]:
    content = book.get_sheet_by_name(sheet)
    left = content.start[1] if content.start else 0
    return {
        (row, column): str(value)
        for row, values in enumerate(content.iter_rows())
        for column, value in enumerate(values, left)
        if value != ""
    }
