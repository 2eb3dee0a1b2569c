"""What the XML of an .ods file says that calamine does not: merged areas, errors, percent, and how far repeated cells reach.

A cell or row of OpenDocument may say that it stands many times: a few bytes can fill all memory.
"""

import re
from html import unescape
from pathlib import Path

from connectors.formats.archive import cut_anew, inflate, is_archive, parts_of
from connectors.formats.cells import number_text
from connectors.formats.grid import Span
from connectors.formats.number_format import percent
from connectors.formats.xlsx_parts import MOST_CELLS, SheetPart

_TAG = re.compile(
    rb"<table:(table|table-row|table-cell|covered-table-cell)(\s[^>]*?)?/?>|<text:p(?:\s[^>]*)?>(0[0-9]{1,30}|#(?:N/A|NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!))(?=<|\Z)"
)
"""A tag of the table, or the text of a cell that begins with a zero or is an error's."""
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(?:\.[0-9]{0,30})?(?:[eE][-+]?[0-9]{1,2})?")
_MOST_SHOWN = 1_000_000
"""Cells of a sheet of which the text is kept: some 200 MB."""
_COUNT = re.compile(r"\+?0*([0-9]{1,20})")
"""As calamine reads one; longer ones it refuses."""
_ATTRIBUTE = re.compile(rb'([\w-]+:[\w-]+)="([^"]*)"')


def read_ods(path: Path) -> dict[str, SheetPart]:
    """Sheet name -> what its XML says; empty for other formats.

    Raises:
        BadZipFile: The archive is damaged.
        OversizeError: A part is longer than the archive says, or one text of it than any is.
    """
    parts = parts_of(path) if is_archive(path) else {}
    if "content.xml" not in parts or "mimetype" not in parts:
        return {}
    sheets = _Sheets()
    for block in cut_anew(inflate(path, parts["content.xml"]), lambda block: max(block.rfind(b"<"), 0)):
        for tag in _TAG.finditer(block):
            if tag[1]:
                sheets.take(tag[1], tag[2] or b"")
            else:
                sheets.read(tag[3].decode())
    return sheets.parts


class _Sheets:
    """Walks through rows and cells in the order of the document."""

    def __init__(self) -> None:
        self.parts: dict[str, SheetPart] = {}
        self._part = SheetPart()
        self._row, self._next_row, self._column, self._widest = 0, 0, 0, 0
        self._number, self._repeated, self._is_blank = "", 0, False

    def read(self, text: str) -> None:
        """The text of the cell that was taken last: where it is its number, it shows a code with its zeros."""
        if text.startswith("#"):
            if self._is_blank:
                self._part.errors[self._row + 1, self._column - self._repeated] = text
            return
        if self._number and int(text) == int(self._number):
            self._column -= self._repeated
            self._show(text, self._repeated)
            self._column += self._repeated
        self._number = ""

    def take(self, tag: bytes, text: bytes) -> None:
        """One opening tag."""
        given = {name.decode(): value.decode("utf-8", "replace") for name, value in _ATTRIBUTE.findall(text)}
        if tag == b"table":
            self._part = self.parts[unescape(given.get("table:name", ""))] = SheetPart()
            self._row = self._next_row = self._widest = 0
        elif tag == b"table-row":
            self._row, self._column = self._next_row, 0
            self._next_row += _count(given.get("table:number-rows-repeated"))
        else:
            repeated = self._repeated = _count(given.get("table:number-columns-repeated"))
            is_number = given.get("office:value-type") == "float" and given.get("office:value", "").isdecimal()
            self._number = given["office:value"] if is_number else ""
            self._is_blank = given.get("office:string-value") == ""
            if tag == b"table-cell" and len(given) > 0:
                self._cell(given, repeated)
            self._column += repeated

    def _cell(self, given: dict[str, str], repeated: int) -> None:
        rows, columns = (_count(given.get(f"table:number-{one}-spanned")) for one in ("rows", "columns"))
        if rows > 1 or columns > 1:
            self._part.merges.append(Span(self._row, self._column, self._row + rows - 1, self._column + columns - 1))
        if given.get("calcext:value-type") == "error":
            self._part.errors[self._row + 1, self._column] = "#N/A"
        elif "table:formula" in given and "office:value-type" not in given:
            self._part.unknown.append((self._row + 1, self._column))
        if text := _shown(given):
            self._show(text, repeated)
        if "office:value-type" in given:
            self._widest = max(self._widest, self._column + repeated)
            self._part.area = max(self._part.area, self._next_row * self._widest)

    def _show(self, text: str, repeated: int) -> None:
        """Notes the text of a cell that stands as often as it and its row say; a sheet of too many is refused."""
        if len(self._part.shown) + repeated * (self._next_row - self._row) > _MOST_SHOWN:
            self._part.area = MOST_CELLS + 1
            return
        for row in range(self._row, self._next_row):
            self._part.shown |= {(row + 1, column): text for column in range(self._column, self._column + repeated)}


def _shown(given: dict[str, str]) -> str | None:
    """The text of a percentage or an amount with its currency; None for other cells."""
    value, currency = given.get("office:value", ""), given.get("office:currency", "")
    if not _NUMBER.fullmatch(value):
        return None
    match given.get("office:value-type"):
        case "percentage":
            return percent(value)
        case "currency" if currency:
            return f"{currency} {number_text(float(value))}"
        case _:
            return None


def _count(text: str | None) -> int:
    found = _COUNT.fullmatch(text or "")
    return int(found[1]) if found else 1
