"""A workbook given back and sent again as it is says the same to the letter, and what was in doubt in it still is."""

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
import xlwt
from hypothesis import example, given
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P
from openpyxl.styles import Font
from python_calamine import CalamineWorkbook

from canonical_model.language import Language
from connectors.base import ROW
from connectors.formats import FormatOptions, read_file
from crossdock.returned import ProblemFile, find_files, give_back
from crossdock.returned.grids import Grid
from crossdock.returned.marks import PROBLEM
from crossdock.returned.rebuild import Plan, rebuild
from tests.integration.hub import HEADER, Hub, StoreServer

OPTIONS: dict[str, Any] = {"same_as_above": ["采购单号", "采购员"], "labels": ["客户编号"]}
COLUMNS = [*HEADER, "税率", "箱数"]
DAY, BAD = date(2026, 12, 1), "五百左右"
BLANK: list[object] = []
RECORDS: list[list[object]] = [
    ["PO-1", 10, DAY, "S001", "张三", 15, 100, "个", DAY, 0.13, 5],
    ["", 20, DAY, "同上", "", 16, BAD, "个", "2026/12/2", 0.065, 7],
    ["PO-2", 10, DAY, "S002", "李四", 17, 100, "个", DAY, 0.13, 5],
    BLANK,
    ["PO-3", 10, DAY, "S003", "王五", 18, 100, "个", DAY, 0.13, 5],  # merged with the next
    [None, 20, DAY, "〃", "", 19, BAD, "个", DAY, 0.09, 6],
    ["PO-4", 10, DAY, "〃", "王五", "=1+2", BAD, "-个", DAY, 0.06, 6],
]
ABOVE: list[list[object]] = [["采购订单"], ["客户编号：", 777], [*COLUMNS]]
TOP = 4
"""Row of the sheet at which the records begin, from 1: below a title, a label and the header."""
MERGED = TOP + 4
FORMATS = {"物料编码": "00000", "税率": "0.0%", "箱数": '0"箱"'}
READ = [
    ["PO-1", "20", "2026-12-01", "S001", "张三", "00016", BAD, "个", "2026/12/2", "6.5%", "7箱", "00777"],
    ["PO-3", "20", "2026-12-01", "S003", "", "00019", BAD, "个", "2026-12-01", "9%", "6箱", "00777"],
    ["PO-4", "10", "2026-12-01", "S003", "王五", "=1+2", BAD, "-个", "2026-12-01", "6%", "6箱", "00777"],
]
"""The rows that are kept out, as they are read."""


def format_of(name: str, value: object) -> str:
    return "yyyy-mm-dd" if isinstance(value, date) else FORMATS[name] if isinstance(value, int | float) else "General"


def xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    total: list[object] = ["合计", *[None] * 5, 300]
    for row in (*ABOVE, *RECORDS, total):
        sheet.append(row)
    sheet["B2"].number_format = "00000"
    for line in sheet.iter_rows(min_row=TOP):
        for name, cell in zip(COLUMNS, line, strict=True):
            if cell.value == "=1+2":
                cell.data_type = "s"
            elif name in FORMATS or isinstance(cell.value, date):
                cell.number_format = format_of(name, cell.value)
    sheet.merge_cells("A1:K1")
    sheet.merge_cells(f"A{MERGED}:A{MERGED + 1}")
    return saved(book)


def xls() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("订单")
    sheet.write(0, 0, "采购订单")
    sheet.write(1, 0, "客户编号：")
    sheet.write(1, 1, 777, xlwt.easyxf(num_format_str="00000"))
    styles = {one: xlwt.easyxf(num_format_str=one) for one in ("General", "yyyy-mm-dd", *FORMATS.values())}
    for number, row in enumerate([*ABOVE[2:], *RECORDS], TOP - 2):
        for place, (name, value) in enumerate(zip(COLUMNS, row, strict=False)):
            kept = FORMATS | dict.fromkeys(set(COLUMNS) - set(FORMATS), "General")
            form = "yyyy-mm-dd" if isinstance(value, date) else kept[name]
            if value is not None and (number, place) != (MERGED - 1, 0):
                sheet.write(number, place, value, styles[form])
    sheet.write_merge(MERGED - 1, MERGED, 0, 0, "PO-3")
    return saved(book)


def ods() -> bytes:
    """Codes and boxes as text: of number formats an .ods is read for percentages and currencies alone."""
    book = OpenDocumentSpreadsheet()
    table = Table(name="订单")
    shown = [[text_of(name, value) for name, value in zip(COLUMNS, row, strict=False)] for row in RECORDS]
    rows: list[list[object]] = [["采购订单"], ["客户编号：", "00777"], *ABOVE[2:], *shown]
    for number, row in enumerate(rows, 1):
        line = TableRow()
        for place, value in enumerate(row):
            cell = TableCell(valuetype="string", **({"numberrowsspanned": 2} if (number, place) == (MERGED, 0) else {}))
            if isinstance(value, date):
                cell = TableCell(valuetype="date", datevalue=value.isoformat())
            elif isinstance(value, float):
                cell = TableCell(valuetype="percentage", value=value)
            elif (number, place) == (MERGED + 1, 0):
                cell = CoveredTableCell()
            else:
                cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    book.spreadsheet.addElement(table)
    return saved(book)


def text_of(name: str, value: object) -> object:
    shown = {"物料编码": "{:05d}", "箱数": "{}箱"}
    return shown[name].format(value) if name in shown and isinstance(value, int) else value


def csv() -> bytes:
    """Dates and percentages written out, codes guarded as Excel asks for it."""
    lines = ["采购订单", "客户编号：,00777", ",".join(COLUMNS)]
    for row in RECORDS:
        cells = [text_of(name, value) for name, value in zip(COLUMNS, row, strict=False)]
        cells = [f"{one * 100:.3g}%" if isinstance(one, float) else one for one in cells]
        cells[5:6] = [f'="{cells[5]}"' if str(cells[5]).isdecimal() else cells[5]] if cells else []
        lines.append(",".join("PO-3" if one is None else str(one) for one in cells))
    return "\r\n".join(lines).encode()


def saved(book: Any) -> bytes:
    memory = io.BytesIO()
    book.save(memory)
    return memory.getvalue()


FORMS = {"订单.xlsx": xlsx, "订单.xls": xls, "订单.ods": ods, "订单.csv": csv}


def landed(file: ProblemFile) -> list[list[str]]:
    rows: list[list[str]] = []
    for part in file.batches:
        if part.rows_read:
            table = pq.read_table(part.data_url).drop_columns(ROW)
            rows += map(list, zip(*(column.to_pylist() for column in table.columns), strict=True))
    return rows


def read_again(path: Path) -> list[list[str]]:
    """The records of a workbook that was given back, without the added columns."""
    rows: list[list[str]] = []
    for one in read_file(path, options=FormatOptions(**OPTIONS)):
        if one.table.num_rows or one.problem:
            assert one.problem is None, one.problem
            own = [name for name in one.table.column_names if name not in {*PROBLEM, "怎么改", ROW}]
            rows += map(list, zip(*(one.table[name].to_pylist() for name in own), strict=True))
    return rows


@pytest.fixture(scope="module")
def hub_of_files(tmp_path_factory: pytest.TempPathFactory, store_server: StoreServer) -> Iterator[Hub]:
    with store_server.fresh() as engine:
        hub = Hub(tmp_path_factory.mktemp("again") / "home", engine)
        source: dict[str, Any] = {"source": "erp", "connector": "folder", "config": {"path": "inbox"}}
        config = {"files": "*.*", "minimum_age_seconds": 0, **OPTIONS}
        hub.write("sources/erp.yaml", source | {"streams": {"orders": {"config": config, "mapping": ["own/orders"]}}})
        for name, form in FORMS.items():
            hub.put_bytes(name, form())
        hub.sync()
        yield hub


@pytest.mark.store
@pytest.mark.parametrize("only_bad", [False, True])
@pytest.mark.parametrize("name", FORMS)
def test_what_is_given_back_is_read_as_the_original_was(
    hub_of_files: Hub, tmp_path: Path, name: str, *, only_bad: bool
) -> None:
    (file,) = (one for one in find_files(hub_of_files.engine, 1) if one.path == name)
    assert [row for row in landed(file) if row[6] == BAD] == READ
    target = tmp_path / "back.xlsx"

    give_back(hub_of_files.home, file, target, only_bad=only_bad)

    assert read_again(target) == (READ if only_bad else landed(file))
    marked = openpyxl.load_workbook(target).worksheets[0]
    filled = [cell.coordinate for row in marked.iter_rows() for cell in row if cell.fill.fill_type]
    assert filled == ([f"G{row}" for row in (4, 5, 6)] if only_bad else ["G5", "G9", "G10"])
    assert marked.cell(2, 1).value == "客户编号："


@pytest.mark.store
def test_what_was_in_doubt_and_was_not_mended_is_refused_again(hub: Hub) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    names = ["采购单号", "行号", "订单日期", "物料编码", "计划", None, "单位", "交期"]
    sheet.append(names)
    sheet.append([None, None, None, None, "数量", "备注", None, None])
    for span in ("A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:F1", "G1:G2", "H1:H2"):
        sheet.merge_cells(span)
    for number in range(1, 9):
        sheet.append([f"PO-{number}", 10, "2026-11-21", f"M{number}", 30, "急", "个", "2026-12-01"])
    sheet["D4"] = 693217000012345678
    sheet["D5"] = 693217000012345678
    sheet["D5"].number_format = "0" * 20
    sheet["D6"].font = Font(strike=True)
    sheet["E7"] = "=10+20"
    sheet["E8"] = "#N/A"
    sheet.merge_cells("E9:E10")
    hub.mapping("own/orders", LEANER, columns={"ordered": ["计划 数量"], "unit": ["单位"]})
    hub.put_bytes("订单.xlsx", saved(book))
    hub.sync()
    (file,) = find_files(hub.engine, 1)
    target = hub.path / "back.xlsx"

    give_back(hub.home, file, target, only_bad=True)
    hub.put_bytes("订单.xlsx", target.read_bytes())
    hub.sync()

    (again,) = find_files(hub.engine, 2)
    said = [[(one.code, one.field, one.value) for _, _, one in each.issues] for each in (file, again)]
    assert {code for code, _, _ in said[0]} == {f"XD-CEL-00{number}" for number in (1, 2, 6, 7, 9)}
    assert [row[:-2] for row in landed(again)] == landed(file)[1:]
    doubts = [[(int(row), column) for row, column, _ in each.batches[0].suspects] for each in (file, again)]
    assert doubts[1] == [(row - 1, column) for row, column in doubts[0]]
    assert len(said[1]) == len(said[0])
    assert hub.column("SELECT order_number FROM canonical.purchase_order_line") == ["PO-1"]


LEANER = {
    "purchase_order": {"fields": {"order_number": "order_number"}},
    "purchase_order_line": {
        "fields": {
            "order_number": "order_number",
            "line_number": "line_number",
            "item": "item",
            "ordered": "quantity(ordered, unit)",
        }
    },
}


@given(st.text(min_size=1))
@example("=1+1")
@example("+86 21")
@example("@x")
@example("-0")
@example("\t=1")
@example("a\r\nb\rc")
@example("_x000D_")
@example("_x005F_")
@example("  ")
@example("\x07")
def test_every_text_is_read_again_to_the_letter_and_is_no_formula(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    target = tmp_path_factory.mktemp("text") / "back.xlsx"
    grid = Grid("", "表", lambda: (iter([(1, ["甲", "乙"]), (2, [text, "x"])]), ()))

    rebuild([grid], {}, target, Plan(Language.ZH, only_bad=False))

    assert CalamineWorkbook.from_path(target).get_sheet_by_index(0).to_python()[1] == [text, "x"]
    assert openpyxl.load_workbook(target).worksheets[0]["A2"].data_type == "s"


def test_rows_that_a_text_file_swallowed_are_in_doubt_in_the_workbook_too(tmp_path: Path) -> None:
    rows = [["单号", "备注"], ["PO-1", "急\nPO-2,缓"], ["PO-3", "无"]]
    grid = Grid("", "表", lambda: (iter(enumerate(rows, 1)), ()), suspects={(2, 1): {"XD-CEL-005"}})

    rebuild([grid], {}, tmp_path / "back.xlsx", Plan(Language.ZH, only_bad=False))

    (read,) = read_file(tmp_path / "back.xlsx", options=FormatOptions(header=1))
    assert read.table["备注"].to_pylist() == ["急\nPO-2,缓", "无"]
    assert read.suspects == ((2, "备注", "XD-CEL-009"),)
