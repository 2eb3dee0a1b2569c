"""What the XML of an .xlsx file says that calamine does not.

Calamine gives a cell that shows #N/A and a formula without a result as empty, drops what a number format shows
besides the number, and takes memory for every cell up to the last: a stray one in XFD1048576 would end the process.
"""

import posixpath
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connectors.formats.archive import cut_anew, inflate, is_archive, parts_of, unpack
from connectors.formats.cells import position_of
from connectors.formats.grid import Span
from connectors.formats.number_format import BUILT_IN, FIRST_DAY, FIRST_DAY_1904, Show, month_of, show_of

Place = tuple[int, int]
"""(Row number, column position)."""

_NS = rb"(?:\w+:)?"
_CELL = rb'<%sc\s(?=[^>]*\br="([A-Z]{1,3})(\d{1,7})")' % _NS
_FORMULA = rb"<%sf(?:\s[^>]*)?(?:/>|>[^<]*</%sf>)" % (_NS, _NS)
_ERROR = re.compile(_CELL + rb'(?=[^>]*\bt="e")[^>]*>(?:%s)?<%sv>([^<]*)</' % (_FORMULA, _NS))
_UNKNOWN = re.compile(
    _CELL + rb'(?![^>]*\bt="str")[^>/]*>\s*%s\s*(?:<%sv\s*/>|<%sv>\s*</%sv>)?\s*</%sc>' % (_FORMULA, _NS, _NS, _NS, _NS)
)
_RESULT = re.compile(_CELL + rb"[^>]*>\s*%s\s*<%sv>([^<]+)</" % (_FORMULA, _NS))
_WIDE_PLACE = re.compile(rb' r="([A-Z]{2,3})[0-9]+"[^>/]*>')
_ROW_NUMBER = re.compile(rb'row [^>]*?r="([0-9]+)"')
_TEXT_END = re.compile(rb"</%ssi>|<%ssi\s*/>" % (_NS, _NS))
_STRIKE = re.compile(rb'<%sstrike(?:\s*/?>|\s+val="(?:1|true)")' % _NS)
_INLINE = re.compile(_CELL + rb'(?=[^>]*\bt="inlineStr")[^>/]*>((?:(?!</?%sc[\s>]).)*)' % _NS, re.DOTALL)
_SHARED = re.compile(_CELL + rb'(?=[^>]*\bt="s")[^>/]*>\s*<%sv>(\d+)</' % _NS)
_IS_1904 = re.compile(rb'<%sworkbookPr\s[^>]*\bdate1904="(?:1|true)"' % _NS)
_LETTERS = 26
MOST_CELLS = 25_000_000
"""Beyond this a sheet is refused: about 800 MB while it is read."""


@dataclass(slots=True)
class SheetPart:
    """What the XML of one sheet says.

    Attributes:
        errors: Shown text of every error cell.
        unknown: Cells with a formula that was never calculated.
        struck: Cells with text that is struck through.
        shown: Text of numbers of which their format shows more: zeros in front, percent, a currency, a unit.
        months: Text of dates of which it shows the month alone.
        merges: Merged areas, where calamine gives none.
        area: Cells of the rectangle from A1 to the last filled cell: what reading it takes.
    """

    errors: dict[Place, str] = field(default_factory=dict)
    unknown: list[Place] = field(default_factory=list)
    struck: list[Place] = field(default_factory=list)
    shown: dict[Place, str] = field(default_factory=dict)
    months: dict[Place, str] = field(default_factory=dict)
    merges: list[Span] = field(default_factory=list)
    area: int = 0


@dataclass(frozen=True, slots=True)
class _Book:
    """The parts of an archive: sheet name -> path of its XML, and number formats that show more, by style number.

    `struck` and `struck_texts` are the numbers of styles, and of shared texts, that strike text through.
    `is_uncalculated`: it asks to be calculated when opened; libraries that write so give each formula the result 0.
    """

    sheets: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, Show] = field(default_factory=dict)
    months: Mapping[str, Show] = field(default_factory=dict)
    pivots: frozenset[str] = frozenset()
    has_macros: bool = False
    is_uncalculated: bool = False
    struck: frozenset[str] = frozenset()
    struck_texts: frozenset[str] = frozenset()


class XlsxParts:
    """The sheets of a workbook as they stand in its archive; for formats other than .xlsx what is `known` otherwise.

    Args:
        path: The workbook.
        known: What another reader knows of its sheets.

    Raises:
        BadZipFile: The archive is damaged.
        OversizeError: A part is longer than the archive says, or one text of it than any is.
    """

    def __init__(self, path: Path, known: Mapping[str, SheetPart]) -> None:
        self._path, self._known = path, known
        self._book = _read_book(path) if is_archive(path) else _Book()

    @property
    def is_xlsx(self) -> bool:
        """Whether the sheets were found in XML."""
        return bool(self._book.sheets)

    @property
    def has_macros(self) -> bool:
        """Whether the workbook carries macros; nothing here can run them."""
        return self._book.has_macros

    def is_pivot(self, sheet: str) -> bool:
        """Whether a pivot table stands on `sheet`."""
        return sheet in self._book.pivots

    def of(self, sheet: str) -> SheetPart:
        """What the XML of `sheet` says."""
        part = SheetPart()
        if not self.is_xlsx:
            return self._known.get(sheet, part)
        if sheet not in self._book.sheets:  # how far it reaches is not known, and reading it could take all memory
            raise zipfile.BadZipFile(sheet)
        info = parts_of(self._path)[self._book.sheets[sheet]]
        styled, dated = _styled(self._book.formats), _styled(self._book.months)
        struck = _struck(self._book)
        widest, last = _LETTERS, 0
        zeros: list[Place] | None = [] if self._book.is_uncalculated else None
        for block in cut_anew(inflate(self._path, info), _rows_end):
            _look(block, part)
            _show(block, part.shown, styled, self._book.formats)
            _show(block, part.months, dated, self._book.months)
            part.struck += [_place(cell) for cell in struck.finditer(block)] if struck else []
            if self._book.struck_texts:
                shared = _SHARED.finditer(block)
                part.struck += [_place(cell) for cell in shared if cell[3].decode() in self._book.struck_texts]
            if b"strike" in block:
                part.struck += [_place(cell) for cell in _INLINE.finditer(block) if _STRIKE.search(cell[3])]
            widest = max([widest, *(position_of(one.decode()) + 1 for one in set(_WIDE_PLACE.findall(block)))])
            last = _last_filled_row(block) or last
            zeros = None if zeros is None else _zero_results(block, zeros)
        part.unknown += zeros or []
        part.area = widest * last
        return part


def _zero_results(block: bytes, before: list[Place]) -> list[Place] | None:
    """Formulas whose result is 0; None once one has another result: then all were calculated."""
    if b"<f" not in block:
        return before
    results = list(_RESULT.finditer(block))
    if any(cell[3] != b"0" for cell in results):
        return None
    return [*before, *map(_place, results)]


def _last_filled_row(block: bytes) -> int:
    """Number of the last row with a cell that holds something; rows that are only formatted count nothing."""
    end = max(block.rfind(b"</c>"), block.rfind(b":c>") if b"<x:" in block[:4096] else -1)
    begin = block.rfind(b"row ", 0, end)
    found = _ROW_NUMBER.match(block, begin) if 0 <= begin < end else None
    return int(found[1]) if found else 0


def _look(block: bytes, part: SheetPart) -> None:
    if b't="e"' in block:
        part.errors |= {_place(cell): cell[3].decode() for cell in _ERROR.finditer(block)}
    if b"<f" in block or (b"<x:" in block[:4096] and b":f" in block):
        part.unknown += [_place(cell) for cell in _UNKNOWN.finditer(block)]


def _show(block: bytes, shown: dict[Place, str], styled: re.Pattern[bytes] | None, formats: Mapping[str, Show]) -> None:
    for cell in styled.finditer(block) if styled else ():
        if text := formats[cell[3].decode()](cell[4].decode()):
            shown[_place(cell)] = text


def _place(cell: re.Match[bytes]) -> Place:
    return int(cell[2]), position_of(cell[1].decode())


def _styled(formats: Mapping[str, Show]) -> re.Pattern[bytes] | None:
    """Cells with a number in one of the styles."""
    if not formats:
        return None
    styles = "|".join(formats).encode()
    return re.compile(
        _CELL
        + rb'(?=[^>]*\bs="(%s)")(?![^>]*\bt="[^n])[^>]*>(?:%s)?<%sv>(-?[0-9]{1,25}(?:\.[0-9]{0,25})?(?:[eE][-+]?[0-9]{1,2})?)</'
        % (styles, _FORMULA, _NS)
    )


def _struck(book: _Book) -> re.Pattern[bytes] | None:
    """Cells with a value in a style that strikes it through."""
    if not book.struck:
        return None
    styles = "|".join(book.struck).encode()
    return re.compile(_CELL + rb'(?=[^>]*\bs="(?:%s)")[^>/]*>(?:%s)?<%s(?:v|is)>' % (styles, _FORMULA, _NS))


def _rows_end(block: bytes) -> int:
    """Where the last row ends or begins, so that no cell is in two blocks."""
    end, begin = block.rfind(b"row>"), block.rfind(b"<row ")
    return max(end + len(b"row>") if end >= 0 else 0, begin, 0)


def _texts_end(block: bytes) -> int:
    """Where the last shared text ends."""
    end = block.rfind(b"si>")
    return end + len(b"si>") if end >= 0 else 0


def sheet_parts(path: Path) -> Mapping[str, str]:
    """Sheet name -> the part of the archive that holds it; nothing where the file is no .xlsx.

    Raises:
        BadZipFile: The archive is damaged.
    """
    return _read_book(path).sheets if is_archive(path) else {}


def _read_book(path: Path) -> _Book:
    parts = parts_of(path)
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= set(parts):
        return _Book()
    texts = _struck_texts(path, parts["xl/sharedStrings.xml"]) if "xl/sharedStrings.xml" in parts else frozenset()
    try:
        sheets = _sheets(path, parts)
        styles = fromstring(unpack(path, parts["xl/styles.xml"])) if "xl/styles.xml" in parts else None
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise zipfile.BadZipFile(str(error)) from error
    formats: dict[str, Show] = {}
    months: dict[str, Show] = {}
    struck: set[str] = set()
    if styles is not None:
        fonts = [_is_struck(font) for font in styles.findall("{*}fonts/{*}font")]
        own = {one.get("numFmtId"): one.get("formatCode", "") for one in styles.findall("{*}numFmts/{*}numFmt")}
        codes = BUILT_IN | own
        first_day = FIRST_DAY_1904 if _IS_1904.search(unpack(path, parts["xl/workbook.xml"])) else FIRST_DAY
        for number, style in enumerate(styles.findall("{*}cellXfs/{*}xf")):
            code = codes.get(style.get("numFmtId"), "")
            if month := month_of(code, first_day):
                months[str(number)] = month
            elif show := show_of(code, first_day):
                formats[str(number)] = show
            font = style.get("fontId", "")
            if font.isascii() and font.isdecimal() and int(font) < len(fonts) and fonts[int(font)]:
                struck.add(str(number))
    pivots = frozenset(name for name, part in sheets.items() if _has_pivot(path, part, parts))
    is_uncalculated = b'fullCalcOnLoad="1"' in unpack(path, parts["xl/workbook.xml"])
    has_macros = "xl/vbaProject.bin" in parts
    return _Book(sheets, formats, months, pivots, has_macros, is_uncalculated, frozenset(struck), texts)


def _is_struck(font: Element) -> bool:
    line = font.find("{*}strike")
    return line is not None and line.get("val", "1") not in {"0", "false"}


def _struck_texts(path: Path, info: zipfile.ZipInfo) -> frozenset[str]:
    """Numbers of the shared texts of which a part is struck through; reads them all, to know that they are as long as said."""
    found: set[str] = set()
    number = 0
    for whole in cut_anew(inflate(path, info), _texts_end):
        if b"strike" in whole or b":si>" in whole:
            texts = _TEXT_END.split(whole)[:-1]
            found |= {str(number + at) for at, text in enumerate(texts) if _STRIKE.search(text)}
            number += len(texts)
        else:
            number += whole.count(b"</si>") + whole.count(b"<si/>")
    return frozenset(found)


def _sheets(path: Path, parts: Mapping[str, zipfile.ZipInfo]) -> dict[str, str]:
    book = fromstring(unpack(path, parts["xl/workbook.xml"]))
    relations = fromstring(unpack(path, parts["xl/_rels/workbook.xml.rels"]))
    targets = {one.get("Id"): posixpath.join("/xl", one.get("Target", "")).lstrip("/") for one in relations}
    sheets = {
        one.get("name", ""): targets.get(next((value for name, value in one.items() if name.endswith("}id")), None), "")
        for one in book.findall("{*}sheets/{*}sheet")
    }
    return {name: part for name, part in sheets.items() if part in parts}


def _has_pivot(path: Path, part: str, parts: Mapping[str, zipfile.ZipInfo]) -> bool:
    folder, name = posixpath.split(part)
    relations = parts.get(f"{folder}/_rels/{name}.rels")
    return relations is not None and b"pivotTable" in unpack(path, relations)
