"""Tables in HTML and SpreadsheetML 2003: what many systems write and name .xls."""

import codecs
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from email import message_from_bytes
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path

from canonical_model.language import Text
from connectors.formats.encoding import open_text
from connectors.formats.grid import Grid, Span, grid_of
from connectors.formats.number_format import FIRST_DAY, show_of
from connectors.formats.options import FormatOptions
from connectors.formats.sheet import SheetRead, refused
from connectors.formats.table import read_table

MOST_BYTES = 64 << 20
_MOST_COLUMNS, _MOST_ROWS = 2_000, 1_048_576
_CHARSET = re.compile(rb"""charset\s*=\s*["']?([\w-]+)|encoding\s*=\s*["']([\w-]+)""", re.IGNORECASE)
_EASTERN = frozenset({"big5", "big5hkscs", "cp950", "euc_kr", "cp949", "shift_jis", "cp932", "euc_jp", "iso2022_jp"})
_TABLE = re.compile(rb"<\x00?t\x00?a\x00?b\x00?l\x00?e", re.IGNORECASE)
"""The tag in UTF-16 too."""
_BOUNDARIES, _MOST_BOUNDARIES = re.compile(rb"^--(?!>)", re.MULTILINE), 1_000
"""Lines that may part a web archive."""
_NESTED, _DEEPEST = re.compile(rb"content-type:\s*(?:multipart|message)/", re.IGNORECASE), 5
_NUMBER = re.compile(r"-?[0-9]{1,25}(?:\.[0-9]{0,25})?(?:[eE][-+]?[0-9]{1,2})?")
_PERCENT = {"Percent": "0.00%"}
"""Of the formats that have a name, the one that shows more than the number."""
_BLOCKS = frozenset({"br", "p", "div", "li"})


@dataclass(slots=True)
class _Cell:
    text: list[str] = field(default_factory=list)
    columns: int = 1
    rows: int = 1
    number: str = ""
    form: str = ""


class _Tables(HTMLParser):
    """Collects the outermost tables; one inside a cell is text of that cell."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[_Cell]]] = []
        self._depth = 0
        self._cell: _Cell | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append([])
        elif tag == "tr" and self._depth == 1:
            self.tables[-1].append([])
            self._cell = None
        elif tag in {"td", "th"} and self._depth == 1:
            if not self.tables[-1]:
                self.tables[-1].append([])
            given = dict(attrs)
            self._cell = _Cell(
                columns=_count(given.get("colspan"), _MOST_COLUMNS),
                rows=_count(given.get("rowspan"), _MOST_ROWS),
                number=given.get("x:num") or "",
            )
            self.tables[-1][-1].append(self._cell)
        elif tag in {"style", "script"}:
            self._silent += 1
        elif tag in _BLOCKS and self._cell is not None and self._cell.text:
            self._cell.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._depth = max(0, self._depth - 1)
        elif tag in {"td", "th", "tr"} and self._depth == 1:
            self._cell = None
        elif tag in {"style", "script"}:
            self._silent = max(0, self._silent - 1)

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._silent:
            self._cell.text.append(data)


class _SpreadsheetXml(HTMLParser):
    """Collects the worksheets of SpreadsheetML 2003; nothing is expanded, so entities of its own do no harm."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sheets: dict[str, dict[int, dict[int, _Cell]]] = {}
        self._name, self._row, self._column = "", 0, 0
        self._style, self._forms = "", {"": ""}
        self._cell: _Cell | None = None
        self._is_data = False

    def set_cdata_mode(self, *_: object, **__: object) -> None:
        """Nothing: a Style holds elements here, and no CSS."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given, tag = dict(attrs), tag.removeprefix("ss:")
        if tag == "style":
            self._style = given.get("ss:id") or ""
        elif tag == "numberformat":
            form = given.get("ss:format") or ""
            self._forms[self._style] = _PERCENT.get(form, form)
        elif tag == "worksheet":
            self._name = given.get("ss:name") or str(len(self.sheets) + 1)
            self.sheets[self._name], self._row = {}, 0
        elif tag == "row":
            self._row = _count(given.get("ss:index"), _MOST_ROWS, self._row + 1)
            self._column = 0
        elif tag == "cell" and self._name:
            self._column = _count(given.get("ss:index"), _MOST_COLUMNS, self._column + 1)
            across, down = (
                _count(given.get("ss:mergeacross"), _MOST_COLUMNS, 0),
                _count(given.get("ss:mergedown"), _MOST_ROWS, 0),
            )
            self._cell = _Cell(columns=across + 1, rows=down + 1)
            self._style = given.get("ss:styleid") or ""
            self.sheets[self._name].setdefault(self._row, {})[self._column] = self._cell
            self._column += across
        elif tag == "data":
            self._is_data = True
            if self._cell is not None and given.get("ss:type") == "Number":
                self._cell.form = self._forms.get(self._style, "")

    def handle_endtag(self, tag: str) -> None:
        if tag.removeprefix("ss:") == "data":
            self._is_data = False

    def handle_data(self, data: str) -> None:
        if self._cell is not None and self._is_data:
            self._cell.text.append(data)


def read_html(path: Path, options: FormatOptions) -> Iterator[SheetRead]:
    """The tables of an HTML file as one, as a browser shows them; where `sheet` is set, that of those of two rows or more."""
    yield from _read_page(path, options, "")


def _read_page(path: Path, options: FormatOptions, charset: str) -> Iterator[SheetRead]:
    text = _text_of(path, options, charset)
    if isinstance(text, Text):
        yield refused(text)
        return
    parser = _Tables()
    parser.feed(text)
    parser.close()
    grids = [grid for table in parser.tables if (grid := _laid_out(table)).rows.num_rows]
    kept = [grid for grid in grids if grid.rows.num_rows > 1] or grids[:1]
    if not kept:
        yield refused(
            Text(
                "网页里没有表格。请导出为 xlsx 后再发。",
                "The web page holds no table. Export it as xlsx and send that.",
            )
        )
    if len(grids) > 1 and options.sheet is None:
        kept = [_joined(grids)]
    for number, grid in enumerate(kept, 1):
        if options.sheet is None or str(options.sheet) == str(number):
            grid.notes.append(Text("内容是网页表格（HTML）", "the content is an HTML table"))
            yield read_table(grid, options)


def read_web_archive(path: Path, options: FormatOptions) -> Iterator[SheetRead]:
    """The tables of the one web page with any in a web archive (MHTML, RFC 2557), as SAP names .xls."""
    if path.stat().st_size > MOST_BYTES:
        yield refused(_too_large(path))
        return
    content = path.read_bytes()
    if _has_more(_BOUNDARIES, content, _MOST_BOUNDARIES) or _has_more(_NESTED, content, _DEEPEST):
        yield refused(
            Text(
                "网页归档（MHTML）里的部分太多或套得太深。请用 Excel 打开，另存为“Excel 工作簿 (*.xlsx)”后再发。",
                "The web archive (MHTML) has too many parts, or parts within parts. Open it in Excel, save it as “Excel "
                "Workbook (*.xlsx)” and send that.",
            )
        )
        return
    pages = [part for part in message_from_bytes(content).walk() if part.get_content_type() == "text/html"]
    read = ((page.get_content_charset(""), page.get_payload(decode=True)) for page in pages)
    tables = [(charset, page) for charset, page in read if isinstance(page, bytes) and _TABLE.search(page)]
    if len(tables) > 1:  # of a workbook with several sheets
        yield refused(
            Text(
                "文件是网页归档（MHTML），里面有好几张表。请用 Excel 打开，另存为“Excel 工作簿 (*.xlsx)”后再发。",
                "The file is a web archive (MHTML) of several sheets. Open it in Excel, save it as “Excel Workbook (*.xlsx)” and "
                "send that.",
            )
        )
        return
    with tempfile.TemporaryDirectory(prefix="crossdock-") as folder:
        charset, content = tables[0] if tables else ("", b"")
        page = Path(folder) / "page.html"
        page.write_bytes(content)
        yield from _read_page(page, options, charset)


def _has_more(pattern: re.Pattern[bytes], content: bytes, most: int) -> bool:
    return next(islice(pattern.finditer(content), most, None), None) is not None


def _joined(grids: list[Grid]) -> Grid:
    """Tables one under the other, as a browser shows them: a title or form is often a table by itself."""
    rows: list[list[str]] = []
    merges: list[Span] = []
    for grid in grids:
        merges += [span.moved_up(-len(rows)) for span in grid.merges]
        rows += [*grid.head(grid.rows.num_rows), []]
    return grid_of(rows[:-1], merges)


def read_spreadsheet_xml(path: Path, options: FormatOptions) -> Iterator[SheetRead]:
    """The worksheets of a SpreadsheetML 2003 file that hold something."""
    text = _text_of(path, options)
    if isinstance(text, Text):
        yield refused(text)
        return
    parser = _SpreadsheetXml()
    parser.feed(text)
    parser.close()
    names = list(parser.sheets)
    for number, (name, cells) in enumerate(parser.sheets.items(), 1):
        if not cells or (options.sheet is not None and str(options.sheet) not in {name, str(number)}):
            continue
        last = max(cells)
        if last > _MOST_ROWS or last > 1000 + 100 * len(cells):
            yield refused(
                Text(
                    f"工作表“{name}”的行号跳得太远，请另存为 xlsx 后再发。",
                    f"Rows of sheet “{name}” lie too far apart. Save it as xlsx and send that.",
                ),
                sheet=name,
            )
            continue
        yield read_table(_placed(cells), options, sheet=name, is_alone=len(names) == 1)


def _text_of(path: Path, options: FormatOptions, charset: str = "") -> str | Text:
    """The text of a page, by what the stream says of its encoding, else by its content and by the `charset` that it names or goes with.

    Korean and Japanese text, and that of Big5, may pass for GB18030, so there the name comes first.
    """
    if path.stat().st_size > MOST_BYTES:
        return _too_large(path)
    with path.open("rb") as file:
        named = _CHARSET.search(file.read(4096))
    name = charset or ((named[1] or named[2]).decode().lower() if named else "")
    said = ["gb18030" if name in {"gb2312", "gbk"} else name] if name else []
    ways = [None, *said]
    if _is_eastern(name):
        ways = ["utf-8", *said, None]
    for one in (options.encoding, *ways) if options.encoding else ways:
        with open_text(path, one) as text:
            if not isinstance(text, Text):
                return text.path.read_bytes()[text.offset :].decode()
            problem = text
    return problem


def _is_eastern(name: str) -> bool:
    try:
        return codecs.lookup(name).name in _EASTERN
    except LookupError:
        return False


def _too_large(path: Path) -> Text:
    return Text(
        f"文件有 {path.stat().st_size >> 20} MB，作为网页或 XML 表格太大。请另存为 xlsx 后再发。",
        f"With {path.stat().st_size >> 20} MB the file is too large for a table in HTML or XML. Save it as xlsx and send that.",
    )


def _laid_out(table: list[list[_Cell]]) -> Grid:
    """Cells in their places, those that span several kept as merged areas."""
    rows: list[dict[int, str]] = []
    merges: list[Span] = []
    reserved: dict[int, int] = {}
    for number, cells in enumerate(table):
        column, row = 0, {}
        for cell in cells:
            while reserved.get(column, -1) >= number:
                column += 1
            if column >= _MOST_COLUMNS:
                break
            row[column] = _plain(cell)
            if cell.columns > 1 or cell.rows > 1:
                merges.append(Span(number, column, min(number + cell.rows, len(table)) - 1, column + cell.columns - 1))
            for place in range(column, column + cell.columns):
                reserved[place] = number + cell.rows - 1
            column += cell.columns
        rows.append(row)
    width = 1 + max((max(row, default=0) for row in rows), default=0)
    return grid_of([[row.get(place, "") for place in range(width)] for row in rows], merges)


def _placed(cells: dict[int, dict[int, _Cell]]) -> Grid:
    width = max(max(row, default=0) for row in cells.values())
    rows = [
        [_plain(row[place]) if place in row else "" for place in range(1, width + 1)]
        for row in (cells.get(number, {}) for number in range(1, max(cells) + 1))
    ]
    merges = [
        Span(number - 1, place - 1, number + cell.rows - 2, place + cell.columns - 2)
        for number, row in cells.items()
        for place, cell in row.items()
        if cell.columns > 1 or cell.rows > 1
    ]
    return grid_of(rows, merges)


def _plain(cell: _Cell) -> str:
    lines = (" ".join(line.split()) for line in "".join(cell.text).replace("\xa0", " ").split("\n"))
    text = "\n".join(line for line in lines if line)
    show = show_of(cell.form, FIRST_DAY) if cell.form and _NUMBER.fullmatch(text) else None
    if show is not None:
        return show(text) or text
    return format(Decimal(cell.number), "f") if cell.number and _is_rounded(cell.number, text) else text


def _is_rounded(number: str, text: str) -> bool:
    """Whether `text` shows the number of its cell (Excel's x:num) with fewer digits: 1234.5678 as 1,234.57."""
    try:
        exact, shown = Decimal(number), Decimal(text.replace(",", ""))
        return exact != shown and exact.quantize(shown, ROUND_HALF_UP) == shown
    except InvalidOperation:
        return False


def _count(text: str | None, most: int, default: int = 1) -> int:
    number = int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else 0
    return min(number, most) if number or (text and not default) else default
