"""Files that are something else than their name says, and files made to do harm."""

import base64
import errno
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P

from canonical_model.errors import StoreError
from canonical_model.language import Text
from connectors import formats
from connectors.base import ROW
from connectors.formats import FormatOptions, SheetRead, read_file
from connectors.formats.probe import survives
from connectors.formats.sheet import refused

Make = Callable[[str, str | bytes], Path]

HTML = """<html><head><meta charset="{charset}"><style>td {{ mso-number-format:"\\@" }}</style></head><body>
<table><tr><td colspan=3>采购订单</td></tr>
<tr><th>订单号</th><th>料号</th><th>数&#37327;</th></tr>
<tr><td rowspan="2">PO1</td><td>000123</td><td>3</td></tr><tr><td>000124<br>旧</td><td>4</td></tr>
<tr><td>PO2</td><td>000125</td><td>&nbsp;5</td></tr></table></body></html>"""

XML = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="单"><Table><Row><Cell ss:MergeAcross="1"><Data ss:Type="String">入库</Data></Cell></Row>
<Row ss:Index="3"><Cell><Data ss:Type="String">料号</Data></Cell><Cell><Data ss:Type="String">数量</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">000123</Data></Cell><Cell><Data ss:Type="Number">3</Data></Cell></Row>
<Row><Cell ss:Index="2"><Data ss:Type="Number">4</Data></Cell></Row></Table></Worksheet></Workbook>"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def one(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return one


def read(path: Path, **options: object) -> SheetRead:
    *_, last = read_file(path, options=FormatOptions.model_validate(options))
    return last


@pytest.mark.parametrize("charset", ["utf-8", "gb2312"])
def test_a_web_page_named_xls_is_read(make: Make, charset: str) -> None:
    page = HTML.format(charset=charset).encode("utf-8" if charset == "utf-8" else "gb18030")
    one = read(make("a.xls", page))
    assert one.problem is None
    assert one.table.to_pylist() == [
        {"订单号": "PO1", "料号": "000123", "数量": "3", ROW: 3},
        {"订单号": "PO1", "料号": "000124\n旧", "数量": "4", ROW: 4},
        {"订单号": "PO2", "料号": "000125", "数量": "5", ROW: 5},
    ]
    assert "HTML" in one.header_reason.zh


def archive(*pages: str) -> bytes:
    """A web archive as SAP writes it, of these pages."""
    parts = (
        f"--x\r\nContent-Location: file:///{n}.htm\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Type: text/html; charset="utf-8"\r\n\r\n{base64.encodebytes(page.encode()).decode()}\r\n'
        for n, page in enumerate(pages)
    )
    head = 'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n'
    return f"{head}{''.join(parts)}--x--\r\n".encode()


def test_a_web_archive_named_xls_is_read(make: Make) -> None:
    one = read(make("a.xls", archive("<html><frameset></frameset></html>", HTML.format(charset="utf-8"))))
    assert one.problem is None
    assert one.table["料号"].to_pylist() == ["000123", "000124\n旧", "000125"]


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("euc-kr", "나사"),
        ("big5", "螺絲釘"),
        ("shift_jis", "ネジ"),
        ("windows-1251", "Болты"),
        ("utf-16", "螺丝"),
        ("gb2312", "螺丝"),
    ],
)
@pytest.mark.parametrize("is_archive", [True, False])
def test_a_page_is_read_by_the_charset_that_it_names(make: Make, charset: str, name: str, *, is_archive: bool) -> None:
    rows = "".join(
        f"<tr><td>{item}</td><td>{said}</td></tr>" for item, said in (("Item", "Name"), ("A1", name), ("A2", name))
    )
    named = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">'
    page = f"<html>{'' if is_archive else named}<table>{rows}</table></html>".encode(charset)
    head = f'MIME-Version: 1.0\r\nContent-Type: text/html; charset="{charset}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    one = read(make("a.xls", head.encode() + base64.encodebytes(page) if is_archive else page))
    assert one.problem is None
    assert one.table["Name"].to_pylist() == [name, name]


@pytest.mark.parametrize(
    "parts",
    [
        "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(300)),
        "Content-Type: message/rfc822\r\n\r\n" * 2000,
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + "--b\r\n\r\n" * 100_000,
    ],
)
def test_a_web_archive_of_very_many_parts_is_refused_at_once(make: Make, parts: str) -> None:
    page = "Content-Type: text/html\r\n\r\n" + HTML.format(charset="utf-8")
    one = read(make("a.xls", f"MIME-Version: 1.0\r\n{parts}{page}".encode()))
    assert one.problem is not None
    assert "部分太多" in one.problem.zh


@pytest.mark.parametrize(("pages", "said"), [((HTML, HTML), "好几张表"), (("<html></html>",), ""), ((), "")])
def test_a_web_archive_without_one_table_is_refused(make: Make, pages: tuple[str, ...], said: str) -> None:
    one = read(make("a.xls", archive(*(page.replace("{charset}", "utf-8") for page in pages))))
    assert one.problem is not None
    assert said in one.problem.zh


def test_a_record_alone_in_a_table_of_its_own_is_one_of_them(make: Make) -> None:
    def table(*rows: str) -> str:
        cells = ("".join(f"<td>{cell}</td>" for cell in row.split("|")) for row in rows)
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"

    pages = [table("采购订单"), table("订单号|料号|数量", "PO1|A1|3", "PO2|A2|4"), table("PO9|A3|5"), "<table></table>"]
    one = read(make("a.xls", f"<html>{''.join(pages)}</html>"))
    assert one.table["订单号"].to_pylist() == ["PO1", "PO2", "PO9"]
    assert one.counts.total == one.counts.above + one.counts.header + one.counts.read + sum(
        map(len, one.counts.skipped.values())
    )
    odd = read(
        make(
            "b.xls",
            '<html><table><tr><td colspan="²">订单号</td><td>数量</td></tr><tr><td>PO1</td><td>3</td></tr></table></html>',
        )
    )
    assert odd.table.num_rows == 1


@pytest.mark.parametrize(
    ("number", "shown", "read_as"),
    [
        ("1234.5678", "1,234.57", "1234.5678"),
        ("0.13", "13%", "13%"),
        ("1.2E-3", "0.00", "0.0012"),
        ("123", "000123", "000123"),
        ("46086", "2026-03-05", "2026-03-05"),
        ("", "5", "5"),
        ("12.5", "12.5", "12.5"),
    ],
)
def test_a_number_that_a_web_page_shows_rounded_is_read_whole(
    make: Make, number: str, shown: str, read_as: str
) -> None:
    cell = f'<td x:num="{number}">{shown}</td>'
    one = read(make("a.xls", f"<table><tr><td>料号</td><td>数量</td></tr><tr><td>A1</td>{cell}</tr></table>".encode()))
    assert one.table["数量"].to_pylist() == [read_as]


def test_xml_of_excel_2003_is_read(make: Make) -> None:
    one = read(make("a.xls", XML))
    assert (one.sheet, one.header_row) == ("单", 3)
    assert one.table.to_pylist() == [{"料号": "000123", "数量": "3", ROW: 4}, {"料号": "", "数量": "4", ROW: 5}]


def test_xml_of_excel_2003_shows_its_numbers_as_excel_does(make: Make) -> None:
    styles = '<Style ss:ID="z"><NumberFormat ss:Format="00000"/></Style><Style ss:ID="p"><NumberFormat ss:Format="Percent"/></Style>'
    page = XML.replace("<Worksheet", f'<Styles>{styles}<Style ss:ID="n"/></Styles><Worksheet')
    page = page.replace('<Cell><Data ss:Type="String">000123', '<Cell ss:StyleID="z"><Data ss:Type="Number">123')
    page = page.replace(
        '<Cell ss:Index="2">', '<Cell ss:StyleID="z"><Data ss:Type="String">7</Data></Cell><Cell ss:StyleID="p">'
    )
    page = page.replace('<Cell><Data ss:Type="Number">3<', '<Cell ss:StyleID="n"><Data ss:Type="Number">3<')
    assert read(make("a.xls", page)).table.to_pylist() == [
        {"料号": "00123", "数量": "3", ROW: 4},
        {"料号": "7", "数量": "400%", ROW: 5},
    ]


def test_entities_that_multiply_are_not_expanded(make: Make) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    one = read(make("a.xls", XML.replace("<Workbook", bomb + "<Workbook").replace("000123", "&b;")))
    assert one.table["料号"][0].as_py() == "&b;"


def test_text_named_xls_is_read_as_text(make: Make) -> None:
    one = read(make("a.xls", "料号\t数量\n000123\t3\n".encode("gb18030")))
    assert one.table.to_pylist() == [{"料号": "000123", "数量": "3", ROW: 2}]
    assert one.encoding == "gb18030"


def test_a_workbook_named_csv_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["料号", "数量"])  # type: ignore[union-attr]  # a new book has a sheet
    book.active.append(["000123", 3])  # type: ignore[union-attr]
    book.save(tmp_path / "a.csv")
    assert read(tmp_path / "a.csv").table.to_pylist() == [{"料号": "000123", "数量": "3", ROW: 2}]


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"%PDF-1.7 \x00", "PDF"), (b"<?xml version='1.0'?><order/>", "XML"), (b"\x07\x00\x09ab", "另存为")],
)
def test_what_cannot_be_read_is_named_for_what_it_is(make: Make, content: bytes, word: str) -> None:
    sentence = read(make("a.xls", content)).problem
    assert sentence is not None
    assert word in sentence.zh


def workbook(path: Path, sheet: bytes) -> Path:
    """A workbook whose only sheet is the XML `sheet`."""
    book = openpyxl.Workbook()
    book.save(path.with_suffix(".base"))
    with zipfile.ZipFile(path.with_suffix(".base")) as base, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for part in base.namelist():
            made.writestr(part, sheet if part == "xl/worksheets/sheet1.xml" else base.read(part))
    return path


def sheet_xml(rows: bytes, dimension: bytes = b"A1:B2") -> bytes:
    names = (b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>%s</t></is></c><c r="B%d"%s</c></row>') % (
        *(1, 1, "料号".encode(), 1),
        b' t="inlineStr"><is><t>%s</t></is>' % "数量".encode(),
    )
    record = b'<row r="2"><c r="A2" t="inlineStr"><is><t>000123</t></is></c><c r="B2"><v>3</v></c></row>'
    main = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="%s"/>'
        % dimension
    )
    return main + b"<sheetData>" + names + record + rows + b"</sheetData></worksheet>"


def test_a_dimension_that_claims_the_whole_sheet_costs_nothing(tmp_path: Path) -> None:
    one = read(workbook(tmp_path / "a.xlsx", sheet_xml(b"", b"A1:XFD1048576")))
    assert one.table.to_pylist() == [{"料号": "000123", "数量": "3", ROW: 2}]


def test_a_part_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", sheet_xml(b" " * 300_000))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    place = content.rindex(size.to_bytes(4, "little"))
    content[place : place + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    problem = read(path).problem
    assert problem is not None
    assert "内存" in problem.zh or "损坏" in problem.zh


def test_an_archive_that_unpacks_to_gigabytes_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made,
        made.open("xl/sharedStrings.xml", "w") as part,
    ):
        for _ in range(13):
            part.write(bytes(8 << 20))
    problem = read(path).problem
    assert problem is not None
    assert "解压" in problem.zh


def test_a_million_formatted_empty_rows_take_no_memory(tmp_path: Path) -> None:
    rows = b"".join(
        b'<row r="%d"><c r="A%d" s="0"/><c r="XFD%d" s="0"/></row>' % (row, row, row) for row in range(3, 60_000)
    )
    path = workbook(tmp_path / "a.xlsx", sheet_xml(rows + b'<row r="1048576"><c r="A1048576" s="0"/></row>'))
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from connectors.formats import FormatOptions, read_file\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "(one,) = read_file(Path(sys.argv[1]), options=FormatOptions())\n"
        "print(one.counts.read, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    read_rows, grown = map(int, done.stdout.split())
    assert read_rows == 1
    assert grown < 80, f"{grown} MB more"


def test_a_workbook_with_any_byte_changed_is_read_or_refused_and_never_ends_the_process(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("单")
    for row, cells in enumerate([("料号", "数量"), ("A1", 3), ("A2", 4)]):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    book.save(str(tmp_path / "whole.xls"))
    whole, path, draw = (tmp_path / "whole.xls").read_bytes(), tmp_path / "a.xls", random.Random(7)
    refusals = 0
    for _ in range(20):
        content = bytearray(whole)
        for _ in range(draw.choice([1, 4, 30])):
            content[draw.randrange(len(content))] = draw.randrange(256)
        path.write_bytes(content if draw.random() < 0.8 else content[: draw.randrange(8, len(content))])
        refusals += read(path).problem is not None
    assert refusals


def test_a_workbook_that_would_take_all_memory_is_refused_by_trying_it_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = xlwt.Workbook()
    book.add_sheet("单").write(3, 1, "x")
    book.save(str(tmp_path / "a.xls"))
    assert survives(tmp_path / "a.xls")
    monkeypatch.setattr("connectors.formats.probe._CODE", "import os; os.abort()")
    problem = read(tmp_path / "a.xls").problem
    assert problem is not None
    assert "损坏" in problem.zh


def test_a_password_of_an_old_workbook_is_said(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet("单").write(3, 1, "x")
    book.save(str(tmp_path / "a.xls"))
    content = (tmp_path / "a.xls").read_bytes()
    (tmp_path / "a.xls").write_bytes(content.replace(bytes.fromhex("42000200"), bytes.fromhex("2f000200"), 1))
    problem = read(tmp_path / "a.xls").problem
    assert problem is not None
    assert "密码" in problem.zh


def test_records_that_claim_more_than_a_sheet_can_hold_are_refused(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet("单").write(3, 1, "x")
    book.save(str(tmp_path / "a.xls"))
    content = (tmp_path / "a.xls").read_bytes()
    place = content.index(bytes.fromhex("00020e00"))  # DIMENSIONS, 14 bytes
    (tmp_path / "a.xls").write_bytes(content[: place + 8] + (1 << 31).to_bytes(4, "little") + content[place + 12 :])
    problem = read(tmp_path / "a.xls").problem
    assert problem is not None
    assert "DIMENSIONS" in problem.zh


def test_merged_cells_and_open_formulas_of_an_ods_are_known(tmp_path: Path) -> None:
    document, table = OpenDocumentSpreadsheet(), Table(name="单")
    number = {"valuetype": "float", "value": 3}
    lines = [
        [_ods_text("订单号"), _ods_text("料号"), _ods_text("数量")],
        [_ods_text("PO1", numberrowsspanned="2", numbercolumnsspanned="1"), _ods_text("000123"), TableCell(**number)],
        [CoveredTableCell(), _ods_text("000124"), TableCell(**number)],
        [_ods_text("PO2"), _ods_text("000125"), TableCell(formula="of:=1+2")],
        [TableCell(numbercolumnsrepeated="16384")],
    ]
    for cells in lines:
        line = TableRow(numberrowsrepeated="1048000") if len(cells) == 1 else TableRow()
        for cell in cells:
            line.addElement(cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    document.save(str(tmp_path / "a.ods"))
    one = read(tmp_path / "a.ods")
    assert one.table["订单号"].to_pylist() == ["PO1", "PO1", "PO2"]
    assert one.suspects == ((4, "数量", "XD-CEL-006"),)


def test_cells_of_an_ods_that_stand_a_million_times_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    document, table = OpenDocumentSpreadsheet(), Table(name="单")
    line = TableRow(numberrowsrepeated="1000000")
    line.addElement(TableCell(valuetype="float", value=1, numbercolumnsrepeated="90"))
    table.addElement(line)
    document.spreadsheet.addElement(table)
    document.save(str(tmp_path / "a.ods"))
    problem = read(tmp_path / "a.ods").problem
    assert problem is not None
    assert "删除" in problem.zh


def _ods_text(text: str, **given: str) -> TableCell:
    cell = TableCell(valuetype="string", **given)
    cell.addElement(P(text=text))
    return cell


def _one_read_then(error: Exception) -> Callable[..., Iterator[SheetRead]]:
    def reader(*_: object) -> Iterator[SheetRead]:
        yield refused(Text("甲", "A"))
        raise error

    return reader


def test_a_fault_of_a_reader_refuses_the_file_and_shows_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "read_delimited", _one_read_then(KeyError("13800138000")))
    (tmp_path / "a.csv").write_text("x")
    first, last = read_file(tmp_path / "a.csv", options=FormatOptions())
    assert (first.is_last, last.is_last) == (False, True)
    assert last.problem is not None
    for words in last.problem:
        assert "KeyError" in words
        assert "test_disguise:" in words
        assert "138" not in words


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), OSError(errno.EMFILE, "too many"), StoreError(Text("", ""))]
)
def test_what_is_not_the_file_s_fault_does_not_refuse_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(formats, "read_delimited", _one_read_then(error))
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(type(error)):
        list(read_file(tmp_path / "a.csv", options=FormatOptions()))
