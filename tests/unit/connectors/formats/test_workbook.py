"""Workbooks: what a person sees in the cells, and what cannot be trusted any more."""

import re
import struct
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900
from openpyxl.worksheet.worksheet import Worksheet

from connectors.base import ROW
from connectors.formats import FormatOptions, SheetRead, read_file
from connectors.formats.archive import OversizeError
from connectors.formats.number_format import FIRST_DAY, show_of
from connectors.formats.ods_parts import read_ods
from connectors.formats.xlsb_parts import read_xlsb
from connectors.formats.xlsx_parts import _INLINE, MOST_CELLS, XlsxParts

Fill = Callable[[Worksheet], None]


def make(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book["Sheet"])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    book.close()
    return path


def read(path: Path, **options: object) -> list[SheetRead]:
    reads = list(read_file(path, options=FormatOptions.model_validate(options)))
    for one in reads:
        counts = one.counts
        assert counts.total == counts.above + counts.header + sum(map(len, counts.skipped.values())) + counts.read
        assert counts.read == one.table.num_rows
    assert [one.is_last for one in reads] == [False] * (len(reads) - 1) + [True]
    return reads


HEADER: list[object] = ["料号", "名称", "数量", "交期"]


def test_cells_become_the_text_that_a_person_sees(tmp_path: Path) -> None:
    values = [
        (2001, "2001"),
        (0.1 + 0.2, "0.3"),
        (-0.0, "0"),
        (1e-7, "0.0000001"),
        (123456789012345, "123456789012345"),
        (1234.5, "1234.5"),
        (True, "TRUE"),
        (date(2026, 3, 5), "2026-03-05"),
        (datetime(2026, 3, 5, 10), "2026-03-05 10:00:00"),  # noqa: DTZ001  # a cell has no zone
        (time(9, 30), "09:30:00"),
        (timedelta(hours=27, minutes=5), "27:05:00"),
        ("000123", "000123"),
        (" x ", " x "),
    ]
    path = make(tmp_path / "a.xlsx", 单=[["料号", "数量"], *([f"A-{i}", value] for i, (value, _) in enumerate(values))])
    (only,) = read(path)
    assert only.table["数量"].to_pylist() == [text for _, text in values]
    assert only.suspects == ()


@pytest.mark.parametrize("guarded", ["'000123", '="000123"', "`000123"])
def test_the_guard_that_keeps_a_code_a_text_is_taken_off(tmp_path: Path, guarded: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (HEADER, [guarded, "螺母 '75", 5, "2026-03-05"]):
        sheet.append(row)
    sheet["A2"].data_type = "s"
    book.save(tmp_path / "a.xlsx")
    (one,) = read(tmp_path / "a.xlsx")
    assert [one.table[name][0].as_py() for name in ("料号", "名称")] == ["000123", "螺母 '75"]


def test_a_long_number_is_shown_but_suspect(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[["条码", "数量"], [6932169358293014567, 1], ["6932169358293014567", 2]])
    (only,) = read(path)
    assert only.table["条码"].to_pylist() == ["6932169358293010000", "6932169358293014567"]
    assert only.suspects == ((2, "条码", "XD-CEL-001"),)


def test_an_error_cell_is_shown_and_suspect(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[["料号", "数量"], ["A-1", 3], ["A-2", 4]])
    book = openpyxl.load_workbook(path)
    cell = book["单"]["B3"]
    cell.value, cell.data_type = "#N/A", "e"
    book.save(path)
    book.close()
    (only,) = read(path)
    assert only.table["数量"].to_pylist() == ["3", "#N/A"]
    assert only.suspects == ((3, "数量", "XD-CEL-002"),)


def test_the_header_is_found_under_title_maker_and_blank_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    make(
        path,
        单=[
            ["采购订单", None, None, None],
            ["制表人：张三", None, "日期", date(2026, 3, 1)],
            [],
            HEADER,
            ["A-1", "螺丝", 3, date(2026, 3, 5)],
            ["A-2", "螺母", 4, date(2026, 3, 6)],
            ["合计", None, 7, None],
        ],
    )
    book = openpyxl.load_workbook(path)
    book["单"].merge_cells("A1:D1")
    book.save(path)
    book.close()
    (only,) = read(path)
    assert only.header_row == 4
    assert (only.counts.above, only.counts.header, only.counts.read) == (3, 1, 2)
    assert only.counts.skipped == {"total": (7,)}
    assert only.columns == {"料号": "A", "名称": "B", "数量": "C", "交期": "D"}
    assert "上面 2 行" in only.header_reason.zh
    assert only.table[ROW].to_pylist() == [5, 6]


def test_rows_and_letters_count_from_the_edge_of_the_sheet(tmp_path: Path) -> None:
    rows: list[list[object]] = [[], [], [None, None, *HEADER], [None, None, "A-1", "螺丝", 3, date(2026, 3, 5)]]
    (only,) = read(make(tmp_path / "a.xlsx", 单=rows))
    assert only.columns["料号"] == "C"
    assert (only.header_row, only.table[ROW].to_pylist()) == (3, [4])


def test_line_breaks_in_a_header_become_a_blank(tmp_path: Path) -> None:
    (only,) = read(make(tmp_path / "a.xlsx", 单=[[" 料号\n(必填) ", "数量"], ["A-1", 3]]))
    assert only.table.column_names[:2] == ["料号 (必填)", "数量"]


def test_every_visible_sheet_with_a_table_is_read_and_the_others_are_counted(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.xlsx",
        封面=[["恒远五金", "2026", "第一季度"], ["谢谢"]],
        填写说明=[["列", "含义"], ["料号", "物料编码"]],
        二月=[["本月没有订单"], ["谢谢"]],
        三月=[HEADER, ["A-1", "螺丝", 3, date(2026, 3, 5)]],
        空=[],
        四月=[HEADER, ["A-2", "螺母", 4, date(2026, 4, 5)]],
        参数=[["键", "值"], ["a", 1]],
    )
    book = openpyxl.load_workbook(path)
    book["参数"].sheet_state = "hidden"
    book.save(path)
    book.close()
    reads = {one.sheet: one for one in read(path)}
    assert [name for name, one in reads.items() if one.table.num_rows] == ["三月", "四月"]
    assert reads["封面"].counts.skipped == {"guide": (1, 2)}
    assert reads["填写说明"].counts.skipped == {"guide": (1, 2)}

    assert reads["二月"].counts.skipped == {"no_table": (1, 2)}
    assert reads["参数"].counts.skipped == {"hidden_sheet": (1, 2)}
    assert "空" not in reads
    assert all(one.problem is None for one in reads.values())


def test_a_sheet_that_sums_up_the_others_is_passed_over_unless_it_is_the_only_one(tmp_path: Path) -> None:
    rows: list[list[object]] = [HEADER, ["A-1", "螺丝", 3, "2026-03-05"]]
    reads = {one.sheet: one for one in read(make(tmp_path / "a.xlsx", 明细=rows, 汇总=rows))}
    assert (reads["明细"].counts.read, reads["汇总"].counts.skipped) == (1, {"summary": (1, 2)})
    reads = {one.sheet: one for one in read(make(tmp_path / "b.xlsx", 说明=[["请勿修改表头"]], 汇总=rows))}
    assert {name: one.counts.read for name, one in reads.items()} == {"说明": 0, "汇总": 1}
    reads = {one.sheet: one for one in read(make(tmp_path / "c.xlsx", 汇总=rows, Sheet2=[], 工作表3=[]))}
    assert {name: one.counts.read for name, one in reads.items()} == {"汇总": 1}


@pytest.mark.parametrize(
    "name",
    [
        "作废",
        "已取消",
        "作廢訂單",
        "旧数据",
        "备份2",
        "Old",
        "Cancelled",
        "上月作废",
        "旧数据勿用",
        "2025年订单(已作废)",
        "历史",
        "测试",
        "archive",
        "订单 - 副本",
        "Copy of 订单",
    ],
)
def test_a_sheet_that_its_sender_has_put_aside_is_passed_over_and_said(tmp_path: Path, name: str) -> None:
    rows: list[list[object]] = [HEADER, ["A-1", "螺丝", 3, "2026-03-05"]]
    reads = {one.sheet: one for one in read(make(tmp_path / "a.xlsx", **{"订单": rows, name: rows}))}
    assert (reads["订单"].counts.read, reads[name].counts.skipped) == (1, {"void": (1, 2)})


def test_a_template_that_was_filled_in_is_read_where_no_other_sheet_holds_records(tmp_path: Path) -> None:
    rows: list[list[object]] = [HEADER, ["A-1", "螺丝", 3, "2026-03-05"]]
    reads = {one.sheet: one for one in read(make(tmp_path / "a.xlsx", 填写说明=[["列", "含义"]], 模板=rows))}
    assert {name: one.counts.read for name, one in reads.items()} == {"填写说明": 0, "模板": 1}
    reads = {one.sheet: one for one in read(make(tmp_path / "b.xlsx", 三月=rows, 模板=rows))}
    assert (reads["三月"].counts.read, reads["模板"].counts.skipped) == (1, {"template": (1, 2)})


def test_one_sheet_may_be_named_and_a_wrong_name_lists_those_there_are(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 三月=[HEADER, ["A-1", "x", 3, None]], 四月=[HEADER, ["A-2", "y", 4, None]])
    assert [one.sheet for one in read(path, sheet="四月") if one.table.num_rows] == ["四月"]
    for name in ("五月", "²"):
        (wrong,) = read(path, sheet=name)
        assert wrong.problem is not None
        assert "三月、四月" in wrong.problem.zh


def test_a_workbook_that_is_something_else_is_named_for_what_it_is(tmp_path: Path) -> None:
    cases = {
        b"<html><p>1</p></html>": "no table",
        b"<?xml version='1.0'?><order/>": "XML",
        b"%PDF-1.7 \x00": "PDF",
        b"PK\x03\x04 cut off": "damaged",
        b"": "0 bytes",
    }
    for content, word in cases.items():
        path = tmp_path / "a.xls"
        path.write_bytes(content)
        (only,) = read(path)
        assert only.problem is not None
        assert word in only.problem.en
        assert only.table.num_rows == 0


def test_a_truncated_workbook_is_a_problem(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[HEADER, ["A-1", "x", 3, None]])
    content = path.read_bytes()
    for length in range(1, len(content), len(content) // 20):
        path.write_bytes(content[:length])
        (only,) = read(path)
        assert only.problem is not None


def test_a_stray_cell_at_the_far_corner_is_a_problem_and_not_the_end_of_the_process(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[HEADER, ["A-1", "x", 3, None]])
    book = openpyxl.load_workbook(path)
    book["单"]["XFD1048576"] = "x"
    book.save(path)
    book.close()
    (only,) = read(path)
    assert only.problem is not None
    assert "删除" in only.problem.zh


def test_more_columns_than_excel_allows_are_named_as_the_cause(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[HEADER, ["A1", "螺丝", 3, "2026-03-01"]])
    book = openpyxl.load_workbook(path)
    book["单"].cell(1, 18_000, "备注")
    book.save(path)
    book.close()
    (only,) = read(path)
    assert only.problem is not None
    assert "18,000 列" in only.problem.zh
    assert "16,384" in only.problem.en


def test_an_xlsx_named_xls_is_read_all_the_same(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[HEADER, ["A-1", "x", 3, None]])
    (only,) = read(path.rename(tmp_path / "a.xls"))
    assert only.table["料号"].to_pylist() == ["A-1"]


def test_an_old_workbook_is_read(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("单")
    for place, name in enumerate(("料号", "数量")):
        sheet.write(0, place, name)
    sheet.write(1, 0, "000123")
    sheet.write(1, 1, 2001)
    book.save(str(tmp_path / "a.xls"))
    (only,) = read(tmp_path / "a.xls")
    assert only.table.to_pylist() == [{"料号": "000123", "数量": "2001", ROW: 2}]


def test_an_unknown_extension_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"PK")
    (only,) = read(tmp_path / "a.docx")
    assert only.problem is not None
    assert ".xlsx" in only.problem.zh


def test_the_display_name_gives_the_extension(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[HEADER, ["A-1", "x", 3, None]])
    (only,) = read_file(path.rename(tmp_path / "original"), options=FormatOptions(), display_name="三月.xlsx")
    assert only.counts.read == 1


def test_numbers_keep_what_their_format_shows_besides(tmp_path: Path) -> None:
    formats = {
        "00000": "00012",
        '"PO-"0000': "PO-0012",
        '"PO-"0': "PO-12",
        "000-0000": "000-0012",
        "#-#": "1-2",
        "#-###": "12",
        "# ?/?": "12",
        "0": "12",
        "#,##0": "12",
        "00.00": "12",
        "0.0%": "1200%",
        '0"箱"': "12箱",
        '#,##0.00" kg"': "12 kg",
        '"SKU "0': "SKU 12",
        "[$US$-409]#,##0.00": "US$12",
        '_ "¥"* #,##0.00_ ;_ "¥"* -#,##0.00_ ': "¥12",
        'General"箱"': "12箱",
        '0"级"': "12级",
        '0"万"': "12万",
        '0.0"万个"': "12万个",
        '0.00"元/吨"': "12元/吨",
        '0.00"元/千个"': "12元/千个",
        '0.00"元/打"': "12元/打",
        '0.00"USD/KPCS"': "12USD/KPCS",
        '"约"0': "约12",
        "[$¥-411]#,##0": "JPY12",
        '"-"0': "-12",
        '0"+"': "12+",
        "0.00_);(0.00)": "12",
        "0.00\\ ;[Red]\\-0.00\\ ": "12",
        '#,##0,"个"': "0.012千个",
        '0.0,"K"': "0.012千",
        '0!.0,"万"': "0.012千",
        '0!.0000"万元"': "0.012千元",
        '"¥"#,##0.0,': "¥0.012千",
        "00!.00": "12",
        '0000"."00"."00': "12",
        '[>100]0"箱";0"个"': "12",
        "[$-804]General": "12",
    }
    path = make(tmp_path / "a.xlsx", 单=[["料号", "编码"], *([f"A-{place}", 12] for place in range(len(formats)))])
    book = openpyxl.load_workbook(path)
    for place, code in enumerate(formats):
        book["单"].cell(place + 2, 2).number_format = code
    book.save(path)
    book.close()
    (only,) = read(path)
    assert only.table["编码"].to_pylist() == list(formats.values())


def test_a_percentage_and_a_price_of_an_ods_are_read_as_shown(tmp_path: Path) -> None:
    book = OpenDocumentSpreadsheet()
    table = Table(name="单")
    rows: list[list[dict[str, object]]] = [
        [{"valuetype": "string"} for _ in range(3)],
        [{"valuetype": "float", "value": 5}, {"valuetype": "percentage", "value": 0.13}, {"valuetype": "currency", "value": 9.5, "currency": "USD"}],
        [{"valuetype": "float", "value": 6}, {"valuetype": "percentage", "value": 0.065}, {"valuetype": "currency", "value": 10, "currency": "CNY"}],
    ]  # fmt: skip
    names = iter(("料号", "税率", "单价"))
    for cells in rows:
        row = TableRow()
        for cell in cells:
            one = TableCell(**cell)
            one.addElement(P(text=next(names) if cell["valuetype"] == "string" else str(cell["value"])))
            row.addElement(one)
        table.addElement(row)
    book.spreadsheet.addElement(table)
    book.save(str(tmp_path / "a.ods"))
    (only,) = read(tmp_path / "a.ods")
    assert only.table["税率"].to_pylist() == ["13%", "6.5%"]
    assert only.table["单价"].to_pylist() == ["USD 9.5", "CNY 10"]


def test_a_code_of_an_ods_keeps_the_zeros_that_its_cell_shows(tmp_path: Path) -> None:
    def cell(value: str, shown: str, repeated: str = "") -> str:
        given = f'office:value-type="float" office:value="{value}"{repeated}'
        return f"<table:table-cell {given}><text:p>{shown}</text:p></table:table-cell>"

    twice = ' table:number-columns-repeated="2"'
    row = cell("120", "00120", twice) + cell("7", "0008") + cell("5", "5") + cell("3", "0003")
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f'<office:spreadsheet><table:table table:name="单"><table:table-row>{row}</table:table-row></table:table>'
            "</office:spreadsheet>",
        )
    assert read_ods(tmp_path / "a.ods")["单"].shown == {(1, 0): "00120", (1, 1): "00120", (1, 4): "0003"}


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ('office:value-type="string" office:string-value=""', {(1, 1): "#N/A"}),
        ('office:value-type="string" office:string-value="" calcext:value-type="error"', {(1, 1): "#N/A"}),
        ('office:value-type="string"', {}),
    ],
)
def test_a_cell_of_an_ods_that_shows_an_error_is_one(tmp_path: Path, given: str, errors: dict[object, str]) -> None:
    cells = f"<table:table-cell/><table:table-cell {given}><text:p>#N/A</text:p></table:table-cell>"
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f'<office:spreadsheet><table:table table:name="单"><table:table-row>{cells}</table:table-row></table:table>'
            "</office:spreadsheet>",
        )
    assert read_ods(tmp_path / "a.ods")["单"].errors == errors


def _record(kind: int, content: bytes = b"") -> bytes:
    """One record of an .xlsb file."""
    kinds = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length = len(content)
    lengths = bytes([length]) if length < 0x80 else bytes([length & 0x7F | 0x80, length >> 7])
    return kinds + lengths + content


def _xlsb(path: Path, rows: list[list[object]]) -> None:
    """A workbook of one sheet with texts, numbers and, written as (number,) or (number, formula), errors."""

    def text(value: str) -> bytes:
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    sheet = _record(129) + _record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, 8)) + _record(145)
    for row, values in enumerate(rows):
        sheet += _record(0, struct.pack("<II", row, 0) + bytes(17))
        for column, value in enumerate(values):
            place = struct.pack("<II", column, 0)
            match value:
                case str():
                    sheet += _record(6, place + text(value))
                case int():
                    sheet += _record(5, place + struct.pack("<d", value))
                case (int() as error, bytes() as formula):
                    sheet += _record(11, place + bytes([error, 0, 0]) + struct.pack("<I", len(formula)) + formula)
                case (int() as error,):
                    sheet += _record(3, place + bytes([error]))
    sheet += _record(146) + _record(130)
    bundle = _record(156, struct.pack("<II", 0, 1) + text("rId1") + text("订单"))
    book = _record(131) + _record(143) + bundle + _record(144) + _record(132)
    to = "http://schemas.openxmlformats.org"
    relations = f'<Relationships xmlns="{to}/package/2006/relationships"><Relationship Id="rId1" Type="{to}%s" Target="%s"/></Relationships>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{to}/package/2006/content-types"/>')
        archive.writestr(
            "_rels/.rels", relations % ("/officeDocument/2006/relationships/officeDocument", "xl/workbook.bin")
        )
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            relations % ("/officeDocument/2006/relationships/worksheet", "worksheets/sheet1.bin"),
        )
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)


def test_error_cells_of_an_xlsb_are_shown_and_named(tmp_path: Path) -> None:
    _xlsb(
        tmp_path / "a.xlsb",
        [["订单号", "料号", "数量"], ["PO-1", "A1", 5], ["PO-2", (0x2A,), (0x07, b"\x1e\x01\x00")], ["PO-3", "A3", 7]],
    )
    (only,) = read(tmp_path / "a.xlsb")
    assert only.table["料号"].to_pylist() == ["A1", "#N/A", "A3"]
    assert only.table["数量"].to_pylist() == ["5", "#DIV/0!", "7"]
    assert set(only.suspects) == {(3, "料号", "XD-CEL-002"), (3, "数量", "XD-CEL-002")}


@pytest.mark.parametrize("content", [b"", b"\x9c", b"\x9c\x01\x20", b"\xff\xff\xff\xff\xff", bytes(40)])
def test_a_damaged_book_of_an_xlsb_is_left_to_calamine(tmp_path: Path, content: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsb", "w") as archive:
        archive.writestr("xl/_rels/workbook.bin.rels", "<Relationships/>")
        archive.writestr("xl/workbook.bin", content)
    assert read_xlsb(tmp_path / "a.xlsb") == {}


def test_empty_cells_and_rows_of_an_ods_move_no_percentage(tmp_path: Path) -> None:
    rows = (
        "<table:table-row><table:table-cell/><table:table-cell/></table:table-row><table:table-row/>"
        '<table:table-row><table:table-cell/><table:table-cell office:value-type="percentage" office:value="0.13"/>'
        "</table:table-row>"
    )
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml", f'<office:spreadsheet><table:table table:name="单">{rows}</table:table></office:spreadsheet>'
        )
    assert read_ods(tmp_path / "a.ods")["单"].shown == {(3, 1): "13%"}


def test_dates_are_iso_in_every_date_format_and_a_serial_stays_a_number(tmp_path: Path) -> None:
    formats = ['yyyy"年"m"月"d"日"', "[$-804]yyyy/m/d;@", 'm"月"d"日"', "General", "h:mm"]
    path = make(tmp_path / "a.xlsx", 单=[["料号", "交期"], *([f"A-{place}", 46000] for place in range(len(formats)))])
    book = openpyxl.load_workbook(path)
    for place, code in enumerate(formats):
        book["单"].cell(place + 2, 2).number_format = code
    book.save(path)
    book.close()
    (only,) = read(path)
    assert only.table["交期"].to_pylist()[:4] == ["2025-12-09", "2025-12-09", "2025-12-09", "46000"]


def test_a_date_among_codes_is_one_that_excel_made(tmp_path: Path) -> None:
    day = date(2026, 3, 5)
    codes = ["10-12", "A-7", "4-9", "B2-1", "7-21", "C-3"]
    rows: list[list[object]] = [[code, day, "急" if place else day, place] for place, code in enumerate(codes)]
    path = make(tmp_path / "a.xlsx", 单=[["料号", "交期", "备注", "数量"], *rows, [day, day, "", 9]])
    (only,) = read(path)
    assert only.suspects == ((8, "料号", "XD-CEL-010"),)
    assert only.table["料号"].to_pylist()[-1] == "2026-03-05"
    many = make(tmp_path / "b.xlsx", 单=[["批号", "数量"], *([day, 1] for _ in range(5)), ["A-7", 2], ["待定", 3]])
    (only,) = read(many)
    assert only.suspects == ()


def test_text_that_is_struck_through_is_suspect(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[["料号", "数量", "备注"], *([f"A-{row}", row, "急"] for row in range(2, 6))])
    book = openpyxl.load_workbook(path)
    sheet = book["单"]
    sheet["A3"].font = Font(strike=True)
    sheet["C4"] = CellRichText(TextBlock(InlineFont(strike=True), "5"), TextBlock(InlineFont(strike=False), "8"))
    sheet["C5"] = CellRichText(TextBlock(InlineFont(b=True), "5"), "8")
    book.save(path)
    book.close()
    (only,) = read(path)
    assert only.suspects == ((3, "料号", "XD-CEL-009"), (4, "备注", "XD-CEL-009"))


def test_a_shared_text_that_is_struck_in_part_is_suspect_where_it_stands(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[["料号", "数量"], ["A-1", "text1"], ["A-2", "text2"], ["A-3", "text0"]])
    _replace(
        path, "xl/worksheets/sheet1.xml", rb'inlineStr"><is><t>text.</t></is>', [b's"><v>%d</v>' % n for n in (1, 2, 0)]
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", (
            '<sst><si><r><rPr><b/><strike val="0"/></rPr><t>5</t></r></si><si><t>7</t></si>'
            "<si><r><rPr><strike/></rPr><t>5</t></r><r><t>8</t></r></si></sst>"
        ))  # fmt: skip
    assert XlsxParts(path, {}).of("单").struck == [(3, 1)]


@pytest.mark.parametrize("epoch", [CALENDAR_WINDOWS_1900, CALENDAR_MAC_1904])
def test_a_date_shown_as_eight_digits_is_those_digits_as_a_lot_is_written(tmp_path: Path, epoch: datetime) -> None:
    book = openpyxl.Workbook()
    book.epoch = epoch
    sheet = book.worksheets[0]
    sheet.append(["料号", "批号", "生产日期"])
    for number, code in enumerate(("yyyymmdd", "[$-804]YYYYMMDD;@", "yyyy/m/d"), 1):
        sheet.append([f"A-{number}", date(2026, 3, 5), date(2026, 3, number)])
        sheet.cell(number + 1, 2).number_format = code
    book.save(tmp_path / "a.xlsx")
    (only,) = read(tmp_path / "a.xlsx")
    assert only.table["批号"].to_pylist() == ["20260305", "20260305", "2026-03-05"]
    assert only.table["生产日期"].to_pylist() == ["2026-03-01", "2026-03-02", "2026-03-03"]


@pytest.mark.parametrize("is_1904", [False, True])
def test_the_same_of_an_xls(tmp_path: Path, *, is_1904: bool) -> None:
    book = xlwt.Workbook()
    book.dates_1904 = is_1904
    sheet = book.add_sheet("单")
    for column, value in enumerate(["料号", "批号", "数量"]):
        sheet.write(0, column, value)
    sheet.write(1, 0, "A-1")
    sheet.write(1, 1, date(2026, 3, 5), xlwt.easyxf(num_format_str="yyyymmdd"))
    sheet.write(1, 2, 3)
    book.save(str(tmp_path / "a.xls"))
    (only,) = read(tmp_path / "a.xls")
    assert only.table["批号"].to_pylist() == ["20260305"]


def test_a_date_shown_as_a_month_is_that_month_but_for_a_column_named_by_it(tmp_path: Path) -> None:
    days = [date(2026, 3, 1), date(2027, 4, 1), date(2027, 4, 15)]
    path = make(tmp_path / "a.xlsx", 单=[["料号", "有效期", date(2026, 5, 1)], *(["A-1", day, 5] for day in days)])
    book = openpyxl.load_workbook(path)
    book["单"]["C1"].number_format = "mmm-yy"
    for number, code in enumerate(("mmm-yy", 'yyyy"年"m"月"', "yyyy/m"), 2):
        book["单"].cell(number, 2).number_format = code
    book.save(path)
    (only,) = read(path)
    assert only.table["有效期"].to_pylist() == ["2026-03", "2027-04", "2027-04-15"]
    assert list(only.columns)[2] == "2026-05-01"


@pytest.mark.parametrize(
    ("cells", "suspect"),
    [
        ([date(2026, 5, 3), "25/03/2026", date(2026, 7, 3), "28/03/2026"], [2, 4]),
        ([date(2026, 5, 3), "03/25/2026", "28.03.2026"], []),  # both orders: the texts prove nothing
        ([date(2026, 5, 3), "03/25/2026"], [2]),
        ([date(2026, 5, 3), date(2026, 5, 25), "25/03/2026"], []),  # a day beyond 12 was typed as it is
        ([date(2026, 5, 3), "2026-03-25", "待定"], []),
        ([date(2026, 5, 3), "05/06/2026"], []),
    ],
)
def test_a_date_beside_texts_that_show_another_order_may_be_swapped(
    tmp_path: Path, cells: list[object], suspect: list[int]
) -> None:
    path = make(tmp_path / "a.xlsx", 单=[["料号", "交期", "数量"], *(["A-1", cell, 5] for cell in cells)])
    assert read(path)[0].suspects == tuple((row, "交期", "XD-CEL-011") for row in suspect)


def test_a_date_among_sizes_and_words_is_suspect_where_the_column_is_no_date(tmp_path: Path) -> None:
    cells = ["24瓶/箱", "不锈钢304", "20", "M8*20", "红色", date(2026, 3, 5)]
    for name, suspect in (("规格", ((7, "规格", "XD-CEL-010"),)), ("備註", ()), ("交期说明", ())):
        path = make(tmp_path / "a.xlsx", 单=[["料号", name, "数量"], *(["A-1", cell, 5] for cell in cells)])
        assert read(path)[0].suspects == suspect


def test_a_sheet_without_names_is_read_to_its_last_row(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[[None, 1], [None, 2], [None, 3]])
    (only,) = read(path, header="none")
    assert (only.problem, only.counts.read) == (None, 3)


def test_bins_of_which_excel_made_half_dates_are_suspect(tmp_path: Path) -> None:
    bins = [*(date(2026, month, 1) for month in range(1, 13)), *(f"{number}-1" for number in range(13, 25))]
    path = make(tmp_path / "a.xlsx", 单=[["料号", "库位", "数量"], *(["A-1", one, 5] for one in bins)])
    assert read(path)[0].suspects == tuple((row, "库位", "XD-CEL-010") for row in range(2, 14))


def test_a_span_of_cartons_that_excel_made_a_date_is_suspect_among_numbers_too(tmp_path: Path) -> None:
    rows = [["A-1", "1-2", 5], ["A-2", "3-4", 5], ["A-3", 5, 5], ["A-4", date(2026, 9, 10), 5]]
    path = make(tmp_path / "a.xlsx", 单=[["料号", "箱号", "数量"], *rows])
    assert read(path)[0].suspects == ((5, "箱号", "XD-CEL-010"),)
    plain = make(tmp_path / "b.xlsx", 单=[["料号", "箱号", "数量"], *rows[2:]])
    assert read(plain)[0].suspects == ()


def test_a_lot_shown_as_a_date_among_lots_of_digits_is_no_code_that_was_made_a_date(tmp_path: Path) -> None:
    rows = [[f"A-{number}", f"L202603{number:02}", 1] for number in range(1, 9)]
    path = make(tmp_path / "a.xlsx", 单=[["料号", "批号", "数量"], *rows, ["A-9", date(2026, 3, 9), 1]])
    assert read(path)[0].suspects == ((10, "批号", "XD-CEL-010"),)
    book = openpyxl.load_workbook(path)
    book["单"]["B10"].number_format = "yyyymmdd"
    book.save(path)
    (only,) = read(path)
    assert (only.table["批号"].to_pylist()[-1], only.suspects) == ("20260309", ())


def test_a_negative_number_is_left_as_it_is_where_its_format_has_words_of_its_own() -> None:
    assert (yen := show_of("[$¥-411]#,##0", FIRST_DAY)) is not None
    assert yen("-5") == "-JPY5"
    for code in ("+0;-0;0", '"入库"0;"出库"0', '"US$"0;[Red]"US$"0'):
        show = show_of(code, FIRST_DAY)
        assert show is not None
        assert (show("-5"), show("5") != "5") == (None, True)


def test_a_cell_that_closes_itself_takes_no_line_from_the_next() -> None:
    block = b'<c r="A1" t="inlineStr"/><c r="B1" t="inlineStr"><is><r><rPr><strike/></rPr><t>5</t></r></is></c>'
    assert [cell[1] for cell in _INLINE.finditer(block) if b"strike" in cell[3]] == [b"B"]


def test_a_sheet_of_too_many_repeated_percentages_is_refused(tmp_path: Path) -> None:
    many = 'table:number-rows-repeated="1001"><table:table-cell table:number-columns-repeated="1000"'
    cell = f'<table:table-row {many} office:value-type="percentage" office:value="0.13"/></table:table-row>'
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", f'<x><table:table table:name="单">{cell}</table:table></x>')
    assert read_ods(tmp_path / "a.ods")["单"].area > MOST_CELLS


@pytest.mark.parametrize("part", ["content.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_a_part_that_goes_on_and_on_without_a_tag_is_refused_before_it_fills_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr("connectors.formats.archive._MOST_UNCUT", 1 << 20)
    path = make(tmp_path / "a.xlsx", 单=[["料号", "数量"], ["A-1", 3]])
    with zipfile.ZipFile(path) as archive:
        parts = {"mimetype": b""} | {name: archive.read(name) for name in archive.namelist()}
    parts[part] = parts.get(part, b"<x>") + b" " * (6 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(OversizeError):
        read_ods(path) if part == "content.xml" else XlsxParts(path, {}).of("单")
    assert read(path)[0].problem is not None


@pytest.mark.parametrize("digits", ["²", "９" * 3, "9" * 5000, "+999999999", "0" * 40 + "999999999"])
def test_a_count_of_strange_digits_in_an_ods_is_no_error(tmp_path: Path, digits: str) -> None:
    cell = f'<table:table-cell table:number-columns-repeated="{digits}" office:value-type="string"/>'
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f'<x><table:table table:name="单"><table:table-row>{cell}</table:table-row></table:table></x>',
        )
    is_read = digits.endswith("9" * 9) and len(digits) < 100  # by calamine, which refuses the others
    assert (read_ods(tmp_path / "a.ods")["单"].area > MOST_CELLS) is is_read
    assert read(tmp_path / "a.ods")[0].problem is not None


def test_a_formula_that_was_never_calculated_is_suspect(tmp_path: Path) -> None:
    (only,) = read(make(tmp_path / "a.xlsx", 单=[["料号", "数量", "金额"], ["A-1", 3, "=B2*2"], ["A-2", 4, 8]]))
    assert only.table["金额"].to_pylist() == ["", "8"]
    assert only.suspects == ((2, "金额", "XD-CEL-006"),)


def test_results_that_are_all_zero_in_a_file_to_be_calculated_are_none(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[["料号", "数量", "金额"], ["A-1", 3, "=B2*2"], ["A-2", 4, "=B3*2"]])
    for results, suspects in (((b"0", b"0"), {2, 3}), ((b"6", b"0"), set())):
        _replace(path, "xl/worksheets/sheet1.xml", rb"</f><v ?/>", [b"</f><v>%s</v>" % one for one in results])
        (only,) = read(path)
        assert {row for row, _, code in only.suspects if code == "XD-CEL-006"} == suspects
        _replace(path, "xl/worksheets/sheet1.xml", rb"</f><v>.</v>", [b"</f><v/>"] * 2)


def _replace(path: Path, part: str, pattern: bytes, texts: list[bytes]) -> None:
    """The archive with each match of the pattern in one of its parts replaced by the next text."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    coming = iter(texts)
    parts[part] = re.sub(pattern, lambda _: next(coming), parts[part])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("extension", ["xls", "et"])
def test_an_old_workbook_tells_its_errors_formats_and_formulas(tmp_path: Path, extension: str) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("单")
    for place, name in enumerate(("料号", "数量", "金额", "交期", "税率", "单价")):
        sheet.write(0, place, name)
    padded, day = xlwt.easyxf(num_format_str="000000"), xlwt.easyxf(num_format_str='yyyy"年"m"月"d"日"')
    percent, priced = xlwt.easyxf(num_format_str="0%"), xlwt.easyxf(num_format_str='"US$"#,##0.00')
    for row in (1, 2):
        sheet.write(row, 0, 123 * row, padded)
        sheet.write(row, 3, 46000, day)
        sheet.write(row, 4, 0.13, percent)
        sheet.write(row, 5, 9.5, priced)
    sheet.row(1).set_cell_error(1, 0x2A)
    sheet.write(1, 2, 1.5)
    sheet.write(2, 1, 7)
    sheet.write(2, 2, xlwt.Formula("1+2"))
    path = tmp_path / f"a.{extension}"
    book.save(str(path))
    (only,) = read(path)
    assert only.table["料号"].to_pylist() == ["000123", "000246"]
    assert only.table["数量"].to_pylist() == ["#N/A", "7"]
    assert only.table["交期"].to_pylist() == ["2025-12-09"] * 2
    assert only.table["税率"].to_pylist() == ["13%"] * 2
    assert only.table["单价"].to_pylist() == ["US$9.5"] * 2
    assert only.suspects == ((2, "数量", "XD-CEL-002"), (3, "金额", "XD-CEL-006"))


def test_a_sheet_may_be_named_by_position_or_be_hidden(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 三月=[HEADER, ["A-1", "x", 3, None]], 四月=[HEADER, ["A-2", "y", 4, None]])
    book = openpyxl.load_workbook(path)
    book["四月"].sheet_state = "hidden"
    book.save(path)
    book.close()
    for wanted in (2, "2", "四月"):
        reads = [one for one in read(path, sheet=wanted) if one.table.num_rows]
        assert [one.sheet for one in reads] == ["四月"]
    assert {one.sheet: list(one.counts.skipped) for one in read(path)} == {"三月": [], "四月": ["hidden_sheet"]}


def test_a_pivot_table_is_passed_over_and_said(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 明细=[HEADER, ["A-1", "x", 3, None]], 汇总=[["行标签", "求和项:数量"], ["A-1", 3]])
    relation = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/pivotTable" Target="../pivotTables/pivotTable1.xml"/></Relationships>'
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/worksheets/_rels/sheet2.xml.rels", relation)
    reads = {one.sheet: one.counts for one in read(path)}
    assert reads["明细"].read == 1
    assert reads["汇总"].skipped == {"pivot": (1, 2)}


def test_macros_are_not_run_and_that_is_said(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xlsx", 单=[HEADER, ["A-1", "x", 3, None]]).rename(tmp_path / "a.xlsm")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    (only,) = read(path)
    assert only.counts.read == 1
    assert "宏" in only.header_reason.zh
    assert "macros" in only.header_reason.en


def test_a_cover_with_a_form_is_passed_over_and_a_table_without_header_is_not(tmp_path: Path) -> None:
    form: list[list[object]] = [["供应商", "恒远"], ["版本", "V1.2"], ["日期", date(2026, 3, 1)]]
    table: list[list[object]] = [["BOX", 3], ["BTL", 4], ["CAN", 5]]
    orders: list[list[object]] = [HEADER, ["A-1", "x", 3, None]]
    reads = {one.sheet: one for one in read(make(tmp_path / "a.xlsx", 首页=form, 单=orders))}
    assert reads["首页"].counts.skipped == {"no_table": (1, 2, 3)}
    (_, parked) = read(make(tmp_path / "b.xlsx", 甲=table, 单=orders))
    assert {one.sheet for one in read(tmp_path / "b.xlsx") if one.problem} == {"甲"}
    assert parked.is_last


@pytest.mark.parametrize(
    ("name", "first", "rows", "column", "value"),
    [
        ("goods_template.xls", "名称*", 2, "基本条码*", "2001"),
        ("vendor_template.xls", "名称*", 2, "手机号码", "13000000000"),
        ("order_item_template.xls", "条码*", 2, "数量*", "1"),
        ("buy_sale_item_template.xls", "仓库*", 2, "税率（%）", ""),
    ],
)
def test_jsherp_sheets_have_their_header_on_row_two(
    samples: Path, name: str, first: str, rows: int, column: str, value: str
) -> None:
    (only,) = read(samples / "excel" / "jsherp" / name)
    assert (only.problem, only.header_row, only.counts.above, only.counts.read) == (None, 2, 1, rows)
    assert only.table.column_names[0] == first
    assert only.table[column][0].as_py() == value


def test_a_hospitals_orders_are_read_as_their_reader_would(samples: Path) -> None:
    (only,) = read(samples / "excel" / "openboxes" / "purchaseOrders.xls")
    assert (only.header_row, only.counts.read) == (1, 136)
    assert only.table["Vendor code"][0].as_py() == "202808"
    assert only.table["Manufacturer code"][1].as_py() == "2C7554"
    assert only.table["Total cost"][2].as_py() == "$77.13"
    assert only.table["Product code"][135].as_py() == "new"
    (stock,) = read(samples / "excel" / "openboxes" / "inventoryLevelImportData.xls")
    assert stock.header_row == 1
    assert stock.table["Product code"][0].as_py() == "NM89"
    assert stock.counts.skipped["blank"] == tuple(range(1497, 1502))


def test_calamine_samples_are_judged_as_a_person_would(samples: Path) -> None:
    folder = samples / "excel" / "calamine"
    (noted,) = read(folder / "header-row.xlsx")
    assert (noted.header_row, noted.table["Column A"].to_pylist()) == (9, ["1"])
    for name in ("any_sheets.xlsx", "date_1904.xlsx", "merged_range.xlsx"):
        assert any(one.problem for one in read(folder / name)), name
    (locked,) = read(folder / "pass_protected.xlsx")
    assert locked.problem is not None
    assert "密码" in locked.problem.zh
    (dates,) = read(folder / "date_1904.xlsx", header="none", names=["day", "amount"])
    assert dates.table["day"].to_pylist()[0] == "2021-01-01"
