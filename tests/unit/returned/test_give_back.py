"""The own file back, whatever its form: same sheets, columns and order, codes as they were, and the problems beside."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from canonical_model.language import Language
from crossdock.returned import ProblemFile, Returned, find_file, find_files, give_back, given_name, name_of
from crossdock.returned.marks import RED
from tests.integration.hub import HEADER, Hub, StoreServer, order_row, refused

pytestmark = pytest.mark.store
GOOD = order_row("PO-1", "10")
BAD = order_row("PO-1", "20", quantity="五百左右", item="=HYPERLINK(1)")
LAST = order_row("PO-2", "10", item="@x", supplier="-S1")
TITLED: list[list[object]] = [["采购订单"], [*HEADER], GOOD, BAD, LAST]
MARKS = ["问题", "怎么改"]


def given(hub: Hub, file: ProblemFile, **options: Any) -> tuple[Returned, openpyxl.Workbook]:
    target = hub.path / "given.xlsx"
    done = give_back(hub.home, file, target, **options)
    return done, openpyxl.load_workbook(target)


def values(book: openpyxl.Workbook, sheet: str | int = 0) -> list[list[object]]:
    chosen = book[sheet] if isinstance(sheet, str) else book.worksheets[sheet]
    return [[cell.value for cell in row] for row in chosen.iter_rows()]


def xls(rows: list[list[object]]) -> bytes:
    book = xlwt.Workbook()
    sheets: dict[str, list[list[object]]] = {"订单": rows, "说明": [["请勿改列名"]]}
    for name, lines in sheets.items():
        sheet = book.add_sheet(name)
        for number, row in enumerate(lines):
            for position, value in enumerate(row):
                sheet.write(number, position, value)
    memory = io.BytesIO()
    book.save(memory)
    return memory.getvalue()


def ods(rows: list[list[object]]) -> bytes:
    book = OpenDocumentSpreadsheet()
    table = Table(name="订单")
    for row in rows:
        line = TableRow()
        for value in row:
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    book.spreadsheet.addElement(table)
    memory = io.BytesIO()
    book.save(memory)
    return memory.getvalue()


def text(rows: list[list[object]], delimiter: str) -> str:
    return "".join(delimiter.join(map(str, row)) + "\r\n" for row in rows)


def old_workbook() -> bytes:
    """Numbers and dates in an .xls."""
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    book = xlwt.Workbook()
    sheet = book.add_sheet("订单")
    for position, name in enumerate(HEADER):
        sheet.write(0, position, name)
    for position, value in enumerate(order_row("PO-1", 10, quantity="abc", due=date(2026, 12, 1))):
        sheet.write(1, position, value, *([day] if isinstance(value, date) else []))
    memory = io.BytesIO()
    book.save(memory)
    return memory.getvalue()


FORMS = {
    "订单.xls": xls(TITLED),
    "订单.ods": ods(TITLED),
    "订单.csv": text(TITLED, ",").encode("gb18030"),
    "订单.tsv": text(TITLED, "\t").encode("utf-8-sig"),
    "订单.txt": text(TITLED, ";").encode("utf-16"),
}


def hidden_only() -> bytes:
    book = openpyxl.Workbook()
    hidden = book.create_sheet("数据")
    hidden.append([*HEADER])
    hidden.sheet_state = "hidden"
    memory = io.BytesIO()
    book.save(memory)
    return memory.getvalue()


OTHERS = {
    "藏.xlsx": hidden_only(),
    "旧.xls": old_workbook(),
    "提醒.csv": (text([[*HEADER], GOOD], ",") + "PO-9,10,2026-11-21,S001,张三,000123,5,个\r\n").encode(),
    "断.xlsx": b"PK\x03\x04 cut off",
    "好.csv": text([[*HEADER], GOOD], ",").encode(),
    "记录.json": b'[{"order_number": "PO-1", "line_number": "10", "item": "000123", "ordered": "x"}]',
    "多行.csv": (text([[*HEADER], order_row("PO-8", "10", buyer='"张\n三"'), BAD], ",")).encode(),
}


@pytest.fixture(scope="module")
def hub_of_files(tmp_path_factory: pytest.TempPathFactory, store_server: StoreServer) -> Iterator[Hub]:
    """A deployment into which one run has brought files of every form."""
    with store_server.fresh() as engine:
        hub = Hub(tmp_path_factory.mktemp("returned") / "home", engine)
        hub.put("表.xlsx", [GOOD, BAD])
        hub.put("缺列.xlsx", [["x", "1"], ["y", "2"]], header=("甲", "乙"))
        for name, content in (FORMS | OTHERS).items():
            hub.put_bytes(name, content)
        hub.sync()
        yield hub


@pytest.fixture
def files(hub_of_files: Hub) -> dict[str, ProblemFile]:
    """Name -> the file with its problems."""
    return {file.path: file for file in find_files(hub_of_files.engine, 1)}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_comes_back_as_a_workbook_with_the_same_columns_and_order(
    hub_of_files: Hub, files: dict[str, ProblemFile], name: str
) -> None:
    done, book = given(hub_of_files, files[name])

    rows = values(book)
    assert rows[0][0] == "采购订单"
    assert rows[1] == [*HEADER, *MARKS]
    assert [row[: len(HEADER)] for row in rows[2:]] == [GOOD, BAD, LAST]
    assert [row[len(HEADER)] for row in rows[2:]] == [None, "“数量”的值“五百左右”不是数字。", None]
    sheet = book.worksheets[0]
    assert [sheet["G4"].fill.fgColor.rgb, sheet["G3"].fill.fill_type] == [RED, None]
    assert "请改成数字" in sheet["G4"].comment.text
    for place in ("F3", "F4", "F5", "D5"):  # 000123, =HYPERLINK(1), @x, -S1
        assert (sheet[place].data_type, sheet[place].number_format) == ("s", "@")
    assert [bool(sheet[place].quotePrefix) for place in ("F3", "F4", "F5", "D5")] == [False, True, True, True]
    assert done.rows == 1
    assert done.notes


def test_numbers_and_dates_of_an_old_workbook_come_back_as_they_were_read(
    hub_of_files: Hub, files: dict[str, ProblemFile]
) -> None:
    _, back = given(hub_of_files, files["旧.xls"])

    assert (values(back)[1][1], values(back)[1][8]) == ("10", "2026-12-01")


def test_a_value_over_several_lines_moves_no_row(hub_of_files: Hub, files: dict[str, ProblemFile]) -> None:
    rows = values(given(hub_of_files, files["多行.csv"])[1])

    assert len(rows) == 3
    assert rows[1][4] == "张\n三"
    assert rows[2][-2] == "“数量”的值“五百左右”不是数字。"


def test_an_xlsx_is_a_copy_with_marks_and_says_nothing_of_losses(
    hub_of_files: Hub, files: dict[str, ProblemFile]
) -> None:
    done, book = given(hub_of_files, files["表.xlsx"])

    assert done.notes == ()
    assert values(book)[0] == [*HEADER, *MARKS]
    assert values(book)[2][:9] == BAD
    assert [cell.data_type for cell in book.worksheets[0][2]][5] == "s"


def test_only_bad_rows_with_the_header_and_their_number_in_the_original(
    hub_of_files: Hub, files: dict[str, ProblemFile]
) -> None:
    done, book = given(hub_of_files, files["订单.csv"], only_bad=True)

    rows = values(book)
    assert len(rows) == 3
    assert rows[1] == [*HEADER, *MARKS]
    assert rows[2][: len(HEADER)] == BAD
    assert rows[2][len(HEADER)] == "原第 4 行：“数量”的值“五百左右”不是数字。"
    assert done.rows == 1


def test_a_row_that_went_in_with_a_warning_is_no_failing_row(hub_of_files: Hub, files: dict[str, ProblemFile]) -> None:
    file = files["提醒.csv"]

    assert {issue.code for _, _, issue in file.issues} == {"XD-CEL-004"}
    rows = values(given(hub_of_files, file)[1])
    assert [row[-2] is not None for row in rows] == [True, False, True]
    assert str(rows[2][-2]).count("这一行的值比表头少") == 1  # both entities of the row say it
    assert given(hub_of_files, file, only_bad=True)[0].rows == 0


def test_the_words_come_in_the_language_that_is_asked_for(hub_of_files: Hub, files: dict[str, ProblemFile]) -> None:
    _, book = given(hub_of_files, files["表.xlsx"], language=Language.EN)

    assert values(book)[0][-2:] == ["Problem", "How to mend it"]
    said = str(values(book)[2][-2])
    assert "“五百左右” in “数量” is not a number." in said
    assert "a formula that was never calculated" in said


def test_files_of_one_run_do_not_mix_and_a_good_one_is_not_among_them(
    hub_of_files: Hub, files: dict[str, ProblemFile]
) -> None:
    assert set(files) == {"表.xlsx", "缺列.xlsx", *FORMS, *OTHERS} - {"好.csv"}
    assert {issue.value for _, _, issue in files["表.xlsx"].issues} == {"五百左右", ""}  # and a formula
    assert find_file(hub_of_files.engine, files["表.xlsx"].batches[0].id) == files["表.xlsx"]
    assert find_file(hub_of_files.engine, 999) is None


def test_a_file_without_a_usable_header_comes_back_with_the_sentence_beside_it(
    hub_of_files: Hub, files: dict[str, ProblemFile]
) -> None:
    for only_bad in (False, True):  # of a file that waits whole, every row is a failing one
        rows = values(given(hub_of_files, files["缺列.xlsx"], only_bad=only_bad)[1])
        assert [row[:2] for row in rows] == [["甲", "乙"], ["x", "1"], ["y", "2"]]
        assert "缺少必需的列" in str(rows[0][2])


def test_what_is_said_of_the_whole_file_stands_on_its_first_sheet(
    hub_of_files: Hub, files: dict[str, ProblemFile]
) -> None:
    _, book = given(hub_of_files, files["藏.xlsx"])

    assert "没有数据行" in str(values(book)[0][0])
    assert book["数据"].sheet_state == "hidden"


def test_a_file_that_cannot_be_opened_comes_back_as_a_sentence(
    hub_of_files: Hub, files: dict[str, ProblemFile]
) -> None:
    done, book = given(hub_of_files, files["断.xlsx"])

    assert values(book)[0] == ["位置", "问题", "怎么改"]
    assert values(book)[1][0] == "断.xlsx"
    assert "不完整或已损坏" in str(values(book)[1][1])
    assert [note.zh for note in done.notes] == ["原文件打不开，所以只列出问题。"]


def test_rows_without_a_sheet_come_back_as_a_table(hub_of_files: Hub, files: dict[str, ProblemFile]) -> None:
    file = files["记录.json"]

    done, book = given(hub_of_files, file)

    assert values(book)[0][0] == "json"
    assert '"000123"' in str(values(book)[1][0])
    assert file.batches[0].status == "parked" or "不是数字" in str(values(book)[1][-2])
    assert "由入库前保存的数据行做成" in done.notes[0].zh


def test_an_original_that_has_gone_is_made_from_its_rows_each_in_its_place(
    hub_of_files: Hub, files: dict[str, ProblemFile], tmp_path: Path
) -> None:
    gone = replace(files["订单.csv"], original_url=str(tmp_path / "gone"))

    _, book = given(hub_of_files, gone)

    rows = values(book)
    assert rows[1] == [*HEADER, *MARKS]
    assert rows[3][: len(HEADER)] == BAD
    assert book.worksheets[0]["G4"].fill.fgColor.rgb == RED


def test_when_nothing_is_left_the_sentence_says_what_to_do(hub: Hub) -> None:
    hub.load(GOOD, BAD, name="订单.csv")
    (file,) = find_files(hub.engine, 1)
    Path(file.original_url).unlink()
    Path(file.batches[0].data_url).unlink()

    error = refused(lambda: give_back(hub.home, file, hub.path / "back.xlsx"))

    assert error.problem_code == "XD-CFG-161"
    assert "订单.csv" in error.what.zh
    assert "再发一次" in error.hint.zh


def test_what_is_mended_and_sent_again_goes_in_once_and_sending_it_twice_does_no_harm(hub: Hub) -> None:
    hub.put("订单.xlsx", [GOOD, BAD])
    hub.sync()
    (file,) = find_files(hub.engine, 1)
    target = hub.path / "back.xlsx"
    give_back(hub.home, file, target)

    hub.put_bytes("订单.xlsx", target.read_bytes())  # still wrong
    hub.sync()
    (again,) = find_files(hub.engine, 2)
    for only_bad in (False, True):
        _, book = given(hub, again, only_bad=only_bad)
        assert values(book)[0] == [*HEADER, *MARKS]  # one pair of added columns
    book.worksheets[0]["F2"], book.worksheets[0]["G2"] = "000123", "500"  # a formula without a result, and no number
    memory = io.BytesIO()
    book.save(memory)  # the failing row alone, mended
    hub.put_bytes(given_name(name_of(file, Language.ZH, only_bad=True)), memory.getvalue())
    first = hub.sync()
    hub.put_bytes("订单.xlsx", memory.getvalue())
    second = hub.sync()

    assert (first.issue_count, second.issue_count) == (0, 0)
    lines = [{one.entity: one for one in run.entities}["purchase_order_line"] for run in (first, second)]
    assert [(one.created, one.unchanged) for one in lines] == [(1, 0), (0, 1)]
    assert hub.column("SELECT line_number FROM canonical.purchase_order_line ORDER BY 1") == ["10", "20"]


@pytest.mark.parametrize(
    ("name", "only_bad", "back"),
    [
        ("收件/订单.xlsx", False, "订单-已标注.xlsx"),
        ("订单.XLSM", False, "订单-已标注.xlsm"),
        ("订单.xlsm", True, "订单-只含问题行.xlsx"),
        ("订单.csv", False, "订单-已标注.xlsx"),
    ],
)
def test_the_returned_file_is_called_after_the_original(name: str, only_bad: bool, back: str) -> None:
    file = ProblemFile("a", "b", name, "", (), ())

    assert name_of(file, Language.ZH, only_bad=only_bad) == back
    assert given_name(back) == f"订单{Path(back).suffix}"
    assert given_name("-已标注.xlsx") == "-已标注.xlsx"
