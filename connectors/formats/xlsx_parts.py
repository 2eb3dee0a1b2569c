"""What the XML of an .xlsx file says that calamine does not: error cells, and how far a sheet reaches.

Calamine gives a cell that shows #N/A as empty, and takes memory for every cell up to the last: a stray one in
XFD1048576 would end the process.
"""

import posixpath
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d+)"[^>]*?>.*?<(?:\w+:)?v>([^<]*)</(?:\w+:)?v>', re.DOTALL)
_ERROR_CELL = re.compile(rb'<(?:\w+:)?c\s(?=[^>]*\bt="e")[^>]*>.*?</(?:\w+:)?c>', re.DOTALL)
_PLACE = re.compile(rb' r="([A-Z]{1,3})[0-9]')
_ROW_NUMBER = re.compile(rb'<row [^>]*?r="([0-9]+)"')
_SLICE = 16 << 20
_MOST_BYTES = 1 << 30
MOST_CELLS = 60_000_000
"""Beyond this a sheet is refused: about 2 GB while it is read."""

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True, slots=True)
class SheetPart:
    """What the XML of one sheet says.

    Attributes:
        errors: (Row number, column position) -> shown text of every error cell.
        area: Cells of the rectangle from A1 to the last cell, filled or not: what reading it takes.
    """

    errors: Mapping[tuple[int, int], str] = field(default_factory=dict)
    area: int = 0


class XlsxParts:
    """The sheets of a workbook as they stand in its archive; nothing for formats other than .xlsx.

    Args:
        path: The workbook.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parts = sheet_parts(path) if zipfile.is_zipfile(path) else {}

    def of(self, sheet: str) -> SheetPart:
        """What the XML of `sheet` says."""
        part = self._parts.get(sheet)
        if part is None:
            return SheetPart()
        with zipfile.ZipFile(self._path) as archive:
            if archive.getinfo(part).file_size > _MOST_BYTES:
                return SheetPart(area=MOST_CELLS + 1)
            xml = archive.read(part)
        errors = {}
        for cell in _ERROR_CELL.finditer(xml) if b't="e"' in xml else ():
            if match := _CELL.match(cell[0]):
                errors[int(match[2]), _position(match[1].decode())] = match[3].decode()
        return SheetPart(errors, _area(xml))


def _area(xml: bytes) -> int:
    """Last row times last column; 0 where cells carry no places."""
    letters: set[bytes] = set()
    for begin in range(0, len(xml), _SLICE):
        letters.update(_PLACE.findall(xml, max(0, begin - 16), begin + _SLICE))
    rows = _ROW_NUMBER.findall(xml, max(0, xml.rfind(b"<row ")))
    width = max((_position(one.decode()) + 1 for one in letters), default=0)
    return int(rows[0]) * width if rows else 0


def _position(letters: str) -> int:
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - 64
    return position - 1


def sheet_parts(path: Path) -> dict[str, str]:
    """Sheet name -> path of its XML in the archive; empty when the archive is no .xlsx."""
    try:
        with zipfile.ZipFile(path) as archive:
            present = set(archive.namelist())
            if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= present:
                return {}
            book = fromstring(archive.read("xl/workbook.xml"))
            relations = fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except (zipfile.BadZipFile, ParseError, DefusedXmlException):  # calamine says what it thinks of the file
        return {}
    targets = {one.get("Id"): posixpath.join("/xl", one.get("Target", "")).lstrip("/") for one in relations}
    sheets = {
        one.get("name", ""): targets.get(one.get(_RELATION), "") for one in book.iter() if one.tag.endswith("}sheet")
    }
    return {name: part for name, part in sheets.items() if part in present}
