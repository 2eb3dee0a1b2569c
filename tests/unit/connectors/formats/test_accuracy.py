"""How often the right header, columns and records are found on sheets that were made with known answers."""

import csv
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from connectors.base import ROW
from connectors.formats import FormatOptions, SheetRead, read_file
from connectors.formats.grid import grid_of
from connectors.formats.table import read_table
from tests.unit.connectors.formats.sheet_maker import MadeSheet, make_riddle, make_sheet

SHEETS, RIDDLES = 320, 60


def judge(made: MadeSheet, read: SheetRead) -> str:
    """Right, parked or wrong."""
    if read.problem is not None:
        return "parked" if made.header else "right"
    if not made.header:
        return "wrong"
    records = [(row.pop(ROW), list(row.values())) for row in read.table.to_pylist()]
    is_right = read.header_row == made.header and list(read.columns) == made.names and records == made.records
    return "right" if is_right else "wrong"


def test_nearly_every_sheet_is_read_right_and_none_is_read_wrong() -> None:
    draw = random.Random(20260301)  # no secret, the same sheets each time
    outcomes: Counter[str] = Counter()
    failures = []
    for number in range(SHEETS + RIDDLES):
        made = make_sheet(draw) if number < SHEETS else make_riddle(draw)
        read = read_table(grid_of(made.rows, made.merges), FormatOptions())
        outcome = judge(made, read)
        outcomes[outcome] += 1
        if outcome != "right":
            failures.append((number, made.kind, outcome, str(read.problem)))
    assert outcomes["wrong"] == 0, failures
    assert outcomes["right"] >= 0.98 * outcomes.total(), failures


_PLAIN_NUMBER = re.compile(r"0|[1-9]\d{0,11}|(?:0|[1-9]\d{0,8})\.\d{0,3}[1-9]")


def _typed(text: str) -> str | float | None:
    """As a person would have typed it: numbers as numbers, codes as texts."""
    return (float(text) if _PLAIN_NUMBER.fullmatch(text) else text) or None


def _write_xlsx(made: MadeSheet, path: Path) -> None:
    book = openpyxl.Workbook()
    cover, sheet = book["Sheet"], book.create_sheet("数据")
    cover.append(["上海恒远五金有限公司"])
    for row in made.rows:
        sheet.append([_typed(cell) for cell in row])
    for span in made.merges:
        sheet.merge_cells(None, span.top + 1, span.left + 1, span.bottom + 1, span.right + 1)
    book.save(path)
    book.close()


def _write_xls(made: MadeSheet, path: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet("空")
    sheet = book.add_sheet("数据", cell_overwrite_ok=True)
    for number, row in enumerate(made.rows):
        for place, cell in enumerate(row):
            if cell:
                sheet.write(number, place, _typed(cell))
    for span in made.merges:
        sheet.merge(span.top, span.bottom, span.left, span.right)
    book.save(str(path))


def _write_ods(made: MadeSheet, path: Path) -> None:
    document = OpenDocumentSpreadsheet()
    table = Table(name="数据")
    for row in made.rows:
        line = TableRow()
        for cell in row:
            value = _typed(cell)
            one = (
                TableCell(valuetype="float", value=value) if isinstance(value, float) else TableCell(valuetype="string")
            )
            if cell:
                one.addElement(P(text=cell))
            line.addElement(one if cell else TableCell())
        table.addElement(line)
    document.spreadsheet.addElement(table)
    document.save(str(path))


def _write_csv(made: MadeSheet, path: Path) -> None:
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([cell.replace("\n", " ") for cell in row] for row in made.rows)


def _write_html(made: MadeSheet, path: Path) -> None:
    rows = ("".join(f"<td>{cell}</td>" for cell in row) for row in made.rows)
    path.write_text(f"<html><meta charset=utf-8><table><tr>{'</tr><tr>'.join(rows)}</tr></table>", encoding="utf-8")


@pytest.mark.parametrize(
    ("extension", "write"),
    [("xlsx", _write_xlsx), ("xls", _write_xls), ("ods", _write_ods), ("csv", _write_csv), ("XLS", _write_html)],
)
def test_files_of_every_format_are_read_as_their_grids_are(
    tmp_path: Path, extension: str, write: Callable[[MadeSheet, Path], None]
) -> None:
    draw = random.Random(extension)
    outcomes = []
    for number in range(10):
        made = make_sheet(draw)
        path = tmp_path / f"{number}.{extension}"
        write(made, path)
        (read, *_) = read_file(path, options=FormatOptions())
        made.records = [(row, [_as_read(cell, extension) for cell in cells]) for row, cells in made.records]
        outcomes.append((judge(made, read), made.kind, str(read.problem)))
    assert [outcome for outcome, *_ in outcomes] == ["right"] * 10, outcomes


def _as_read(cell: str, extension: str) -> str:
    """In a web page a line break is a blank."""
    return " ".join(cell.split()) if extension == "XLS" else cell


EXPECTED = {
    "jsherp/goods_template.xls": {"商品信息": (2, 32, 2)},
    "jsherp/vendor_template.xls": {"信息": (2, 15, 2)},
    "jsherp/order_item_template.xls": {"商品信息": (2, 6, 2)},
    "jsherp/buy_sale_item_template.xls": {"商品信息": (2, 7, 2)},
    "openboxes/purchaseOrders.xls": {"Sheet1": (1, 20, 136)},
    "openboxes/inventoryLevelImportData.xls": {"Sheet1": (1, 22, 1497)},
    "calamine/header-row.xlsx": {"Sheet1": (9, 4, 1)},
    "calamine/any_sheets.xlsx": None,
    "calamine/date_1904.xlsx": None,
    "calamine/merged_range.xlsx": None,
    "calamine/pass_protected.xlsx": None,
}
"""Sheet -> header row, columns, records; None where a person could not tell either."""


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_sheets_of_others_are_read_as_a_person_would(samples: Path, name: str) -> None:
    reads = list(read_file(samples / "excel" / name, options=FormatOptions()))
    expected = EXPECTED[name]
    if expected is None:
        assert any(one.problem for one in reads)
        assert not any(one.table.num_rows for one in reads)
        return
    found = {one.sheet: (one.header_row, len(one.columns), one.counts.read) for one in reads if one.table.num_rows}
    assert found == expected


def test_every_sample_has_an_expectation(samples: Path) -> None:
    folder = samples / "excel"
    assert {path.relative_to(folder).as_posix() for path in folder.glob("*/*.xls*")} == set(EXPECTED)
