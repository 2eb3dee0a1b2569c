"""What the records of an .xls file (BIFF8) say that calamine does not: error cells, and what number formats show.

Records and their layout: [MS-XLS], https://learn.microsoft.com/openspecs/office_file_formats/ms-xls
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import olefile
from python_calamine import PasswordError

from connectors.formats.number_format import BUILT_IN, FIRST_DAY, FIRST_DAY_1904, Show, month_of, show_of
from connectors.formats.xlsx_parts import SheetPart

_FORMULA, _EOF, _DATEMODE, _BOUNDSHEET, _MULRK, _XF = 0x06, 0x0A, 0x22, 0x85, 0xBD, 0xE0
_FILEPASS, _SST, _DIMENSIONS = 0x2F, 0xFC, 0x200
_NUMBER, _BOOLERR, _RK, _FORMAT = 0x203, 0x205, 0x27E, 0x41E
_MOST_ROWS, _MOST_COLUMNS = 65_536, 256
_CELLS = frozenset({_FORMULA, _MULRK, _NUMBER, _BOOLERR, _RK})
ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_STREAMS = ("Workbook", "Book")


class DamagedError(Exception):
    """The records do not follow each other, or claim what no sheet can hold: reading on could take all memory."""


def _is_ole(path: Path) -> bool:
    """Whether the file begins as an OLE container does, as .xls, .et and encrypted workbooks do."""
    with path.open("rb") as file:
        return file.read(4) == b"\xd0\xcf\x11\xe0"


def read_biff(path: Path) -> dict[str, SheetPart]:
    """Sheet name -> what its records say; empty for files that are no .xls.

    Raises:
        DamagedError: The file is cut off or damaged.
        PasswordError: It needs a password.
    """
    if not _is_ole(path):
        return {}
    try:
        with olefile.OleFileIO(path) as file:
            name = next((one for one in _STREAMS if file.exists(one)), None)
            content = file.openstream(name).read() if name else b""
        return _read_book(content)
    except (OSError, struct.error, IndexError, ValueError, TypeError, AttributeError) as error:
        raise DamagedError(str(error)) from error


def _read_book(content: bytes) -> dict[str, SheetPart]:
    sheets: dict[str, int] = {}
    codes = {int(number): code for number, code in BUILT_IN.items()}
    styles: list[int] = []
    first_day = FIRST_DAY
    for kind, at, length in _records(content, 0):
        if kind == _FILEPASS:
            raise PasswordError
        if kind == _BOUNDSHEET:
            (start,) = struct.unpack_from("<I", content, at)
            sheets[_text(content, at + 6, content[at + 6], 1)] = start
        elif kind == _FORMAT and length > 5:
            number, letters = struct.unpack_from("<HH", content, at)
            codes[number] = _text(content, at + 2, letters, 2)
        elif kind == _DATEMODE and content[at]:
            first_day = FIRST_DAY_1904
        elif kind == _XF:
            styles.append(struct.unpack_from("<H", content, at + 2)[0])
        elif kind == _SST and struct.unpack_from("<I", content, at + 4)[0] > len(content):
            raise DamagedError("SST")
    formats: dict[int, tuple[Show, bool]] = {}
    for place, one in enumerate(styles):
        month = month_of(codes.get(one, ""), first_day)
        if show := month or show_of(codes.get(one, ""), first_day):
            formats[place] = show, month is not None
    return {name: _read_sheet(content, start, formats) for name, start in sheets.items()}


def _records(content: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Kind, position and length of each record of one substream."""
    while at + 4 <= len(content):
        kind, length = struct.unpack_from("<HH", content, at)
        if at + 4 + length > len(content):
            raise DamagedError(f"record {kind:#x}")
        yield kind, at + 4, length
        if kind == _EOF:
            return
        at += 4 + length


def _text(content: bytes, at: int, letters: int, length_bytes: int) -> str:
    """A string whose length stands at `at`: one byte or two per letter, as its flags say."""
    begin = at + length_bytes + 1
    if content[begin - 1] & 1:
        return content[begin : begin + 2 * letters].decode("utf-16-le")
    return content[begin : begin + letters].decode("latin-1")


def _read_sheet(content: bytes, start: int, formats: Mapping[int, tuple[Show, bool]]) -> SheetPart:
    part = SheetPart()
    results = 0
    for kind, at, length in _records(content, start):
        if kind == _DIMENSIONS and length >= 14:
            first, rows, left, columns = struct.unpack_from("<IIHH", content, at)
            if not (first <= rows <= _MOST_ROWS and left <= columns <= _MOST_COLUMNS):
                raise DamagedError("DIMENSIONS")
        if kind not in _CELLS:
            continue
        row, column, style = struct.unpack_from("<HHH", content, at)
        if column >= _MOST_COLUMNS:
            raise DamagedError("column")
        if kind == _FORMULA:
            is_blank = content[at + 12 : at + 14] == b"\xff\xff" and content[at + 6] == 3
            part.unknown += [(row + 1, column)] if is_blank else []
            results += not is_blank
        if kind == _BOOLERR and content[at + 7]:
            part.errors[row + 1, column] = ERRORS.get(content[at + 6], "#N/A")
        elif kind == _FORMULA and content[at + 12 : at + 14] == b"\xff\xff" and content[at + 6] == 2:
            part.errors[row + 1, column] = ERRORS.get(content[at + 8], "#N/A")
        elif kind == _MULRK and formats:
            for place in range((length - 6) // 6):
                style, packed = struct.unpack_from("<HI", content, at + 4 + 6 * place)
                _note(part, formats.get(style), (row + 1, column + place), _unpacked(packed))
        elif style in formats and kind == _RK:
            _note(part, formats[style], (row + 1, column), _unpacked(struct.unpack_from("<I", content, at + 6)[0]))
        elif style in formats and kind in {_NUMBER, _FORMULA}:
            _note(part, formats[style], (row + 1, column), struct.unpack_from("<d", content, at + 6)[0])
    if results:  # where some formulas have results, the others were calculated too and give an empty text
        part.unknown = []
    return part


def _note(part: SheetPart, found: tuple[Show, bool] | None, place: tuple[int, int], value: float) -> None:
    show, is_month = found or (None, False)
    if show and (text := show(repr(value))):
        (part.months if is_month else part.shown)[place] = text


def _unpacked(packed: int) -> float:
    """The number in an RK value: 30 bits of an integer or of a double, perhaps times 100."""
    if packed & 2:
        value = float((packed >> 2) - (1 << 30 if packed & 0x80000000 else 0))
    else:
        value = struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
    return value / 100 if packed & 1 else value
