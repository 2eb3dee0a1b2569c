"""Error cells of an .xlsb file, which calamine gives as empty.

Records and their layout: [MS-XLSB], https://learn.microsoft.com/openspecs/office_file_formats/ms-xlsb
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connectors.formats.archive import is_archive, parts_of, unpack
from connectors.formats.biff import ERRORS
from connectors.formats.xlsx_parts import SheetPart

_BOOK, _RELATIONS = "xl/workbook.bin", "xl/_rels/workbook.bin.rels"
_ROW, _CELL_ERROR, _FORMULA_ERROR, _SHEET = 0, 3, 11, 156
_MAY_BE = re.compile(rb"[\x03\x0b].{1,2}..\x00\x00...[\x00\x01][\x00\x07\x0f\x17\x1d\x24\x2a\x2b]", re.DOTALL)
"""What a cell with an error looks like: kind, length, column, style and the error's number."""


def read_xlsb(path: Path) -> dict[str, SheetPart]:
    """Sheet name -> its error cells; empty for other formats.

    Raises:
        BadZipFile: The archive is damaged.
        OversizeError: A part is longer than the archive says.
    """
    parts = parts_of(path) if is_archive(path) else {}
    if not {_BOOK, _RELATIONS} <= set(parts):
        return {}
    try:
        relations = fromstring(unpack(path, parts[_RELATIONS]))
        names = dict(_sheets(unpack(path, parts[_BOOK])))
        places = {one.get("Id", ""): f"xl/{one.get('Target', '')}" for one in relations}
        return {
            name: _read_sheet(unpack(path, parts[places[relation]]))
            for name, relation in names.items()
            if places.get(relation) in parts
        }
    except (ParseError, DefusedXmlException, struct.error, IndexError, UnicodeDecodeError):
        return {}  # calamine says what is wrong with it


def _sheets(content: bytes) -> Iterator[tuple[str, str]]:
    """Name and relation of each sheet."""
    for kind, at in _records(content):
        if kind == _SHEET:
            relation, end = _text(content, at + 8)
            yield _text(content, end)[0], relation


def _read_sheet(content: bytes) -> SheetPart:
    part, row = SheetPart(), 0
    if not _MAY_BE.search(content):
        return part
    for kind, at in _records(content):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", content, at)
        elif kind in {_CELL_ERROR, _FORMULA_ERROR}:
            (column,) = struct.unpack_from("<I", content, at)
            part.errors[row + 1, column] = ERRORS.get(content[at + 8], "#N/A")
    return part


def _records(content: bytes) -> Iterator[tuple[int, int]]:
    """Kind and position of each record."""
    at = 0
    while at < len(content):
        kind, at = content[at], at + 1
        if kind & 0x80:
            kind, at = (kind & 0x7F) | (content[at] & 0x7F) << 7, at + 1
        length = shift = 0
        while True:
            byte, at = content[at], at + 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift > 21:
                break
        yield kind, at
        at += length


def _text(content: bytes, at: int) -> tuple[str, int]:
    """A string whose length stands at `at`, and where it ends."""
    (letters,) = struct.unpack_from("<I", content, at)
    end = at + 4 + 2 * letters
    return content[at + 4 : end].decode("utf-16-le"), end
