"""Marks cells in a copy of an .xlsx file by changing only the XML of those cells.

Everything else stays byte for byte: formulas with the values that Excel last worked out, number formats, pictures,
charts, macros, pick-lists. A library that reads a workbook and writes it anew loses the worked-out values, so that a
phone shows blanks where formulas stand and the file sent back would be read as empty there.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from connectors.formats.cells import letters_of, position_of
from connectors.formats.xlsx_parts import sheet_parts
from crossdock.returned.marks import (
    FIX,
    MOST_COMMENTS,
    PROBLEM,
    RED,
    YELLOW,
    RowMarks,
    SheetMarks,
    on_sheets,
)
from crossdock.returned.package import RELATIONS, NotPatchableError, Package, section, with_attributes
from crossdock.returned.rebuild import AUTHOR, Plan, legal

_ROW = re.compile(rb"<((?:\w+:)?)row\b([^>]*?)(?:/>|>(.*?)</\1row>)", re.DOTALL)
_CELL = re.compile(rb"<((?:\w+:)?)c\b([^>]*?)(?:/>|>.*?</\1c>)", re.DOTALL)
_PLACE = re.compile(rb'\sr="([A-Z]{1,3})([0-9]+)"')
_NUMBER = re.compile(rb'\sr="([0-9]+)"')
_STYLE = re.compile(rb'\ss="([0-9]+)"')
_BEHIND_NOTES = re.compile(
    rb"<(?:\w+:)?(?:legacyDrawingHF|drawingHF|picture|oleObjects|controls|webPublishItems|tableParts|extLst|"
    rb"AlternateContent)\b|</(?:\w+:)?worksheet>"
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_NO_COMMENTS = f'<comments xmlns="{_MAIN}"><authors></authors><commentList></commentList></comments>'.encode()
_VML = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_NO_SHAPES = (
    f'<xml {_VML}><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/></o:shapelayout>'
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype></xml>'
).encode()
_WIDTH, _LAST_PLACE = 48, 16_382


def patch(original: Path, sheets: Mapping[str, SheetMarks], target: Path, plan: Plan) -> int:
    """Writes a marked copy of the workbook and gives the number of rows marked.

    Raises:
        NotPatchableError: It is no .xlsx, or an unusual one.
    """
    try:
        parts = sheet_parts(original)
        if not parts:
            raise NotPatchableError
        return _patch(original, parts, sheets, target, plan)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise NotPatchableError from error


def _patch(original: Path, parts: Mapping[str, str], sheets: Mapping[str, SheetMarks], target: Path, plan: Plan) -> int:
    with zipfile.ZipFile(original) as source:
        book = Package(source)
        wanted = {name: one for name, one in on_sheets(sheets, list(parts)).items() if one.rows or one.problem}
        for name, marks in wanted.items():
            _mark_sheet(book, parts[name], marks, plan)
        book.save(target)
    return sum(len(marks.rows) for marks in wanted.values())


def _mark_sheet(book: Package, part: str, marks: SheetMarks, plan: Plan) -> None:
    xml = book.read(part)
    begin = re.search(rb"<((?:\w+:)?)sheetData\b[^/>]*>", xml)
    if begin is None:
        raise NotPatchableError
    prefix = begin[1].decode()
    at, is_again = marks.added_columns() or (_width(xml), False)
    if at > _LAST_PLACE:
        raise NotPatchableError
    head = marks.header_row or 1
    writer = _RowWriter(book, prefix, at, marks, plan, is_again)
    wanted = set(marks.rows) | {head}
    view, end = memoryview(xml), begin.start()
    pieces: list[bytes | memoryview] = [_widened(_columned(xml[:end], prefix, at), at)]
    closing = xml.index(b"</" + begin[1] + b"sheetData>")
    for found in _ROW.finditer(xml, end, closing):
        number = _NUMBER.search(found[2])
        if number is None:
            raise NotPatchableError
        row = int(number[1])
        if row in wanted or (is_again and row > head):
            wanted.discard(row)
            pieces += [view[end : found.start()], writer.row(row, found, is_head=row == head)]
            end = found.end()
    if wanted:
        raise NotPatchableError
    pieces += [view[end:closing], _with_notes(book, part, xml[closing:], prefix, writer.notes)]
    book.changed[part] = b"".join(pieces)


@dataclass
class _RowWriter:
    """Writes the marked rows of one sheet anew."""

    book: Package
    prefix: str
    at: int
    marks: SheetMarks
    plan: Plan
    is_again: bool
    notes: dict[str, str] = field(default_factory=dict)

    def row(self, number: int, found: re.Match[bytes], *, is_head: bool) -> bytes:
        cells = dict(_split(found[3] or b""))
        marks = self.marks.rows.get(number)
        for position in (self.at, self.at + 1):
            cells.pop(position, None)
        if self.is_again and not is_head:
            for position, cell in cells.items():
                style = _STYLE.search(_opening(cell))
                plain = self.book.unmarked(int(style[1])) if style else None
                if plain is not None:
                    cells[position] = with_attributes(cell.decode("utf-8"), s=str(plain)).encode()
        if marks:
            for letters in marks.cells:
                self._fill(cells, letters, number, marks)
            why = ("\n".join(marks.problems), "\n".join(marks.fixes))
            for place, text in enumerate(why):
                cells[self.at + place] = self._text(self.at + place, number, text, self.book.style(0, "text"))
        elif is_head:
            words = (
                [self.marks.problem] if self.marks.problem else [one.get(self.plan.language) for one in (PROBLEM, FIX)]
            )
            style = _STYLE.search(_opening(cells[max(cells)])) if cells else None
            kind = "text" if self.marks.problem else "head"
            number_of = self.book.style(int(style[1]) if style and kind == "head" else 0, kind)
            for place, text in enumerate(words):
                cells[self.at + place] = self._text(self.at + place, number, text, number_of)
        attributes = re.sub(rb'\sspans="[^"]*"', b"", found[2])
        content = b"".join(cells[position] for position in sorted(cells))
        name = found[1] + b"row"
        return b"<" + name + attributes.rstrip() + b">" + content + b"</" + name + b">"

    def _fill(self, cells: dict[int, bytes], letters: str, number: int, marks: RowMarks) -> None:
        position, place = position_of(letters), f"{letters}{number}"
        cell = cells.get(position, f'<{self.prefix}c r="{place}"/>'.encode())
        found = _STYLE.search(_opening(cell))
        style = self.book.style(int(found[1]) if found else 0, RED if letters in marks.red else YELLOW)
        cells[position] = with_attributes(cell.decode("utf-8"), s=str(style)).encode()
        if len(self.notes) < MOST_COMMENTS:
            self.notes[place] = "\n".join(marks.cells[letters])

    def _text(self, position: int, row: int, text: str, style: int) -> bytes:
        p, place = self.prefix, f"{letters_of(position)}{row}"
        said = escape(legal(text))
        return f'<{p}c r="{place}" s="{style}" t="inlineStr"><{p}is><{p}t xml:space="preserve">{said}</{p}t></{p}is></{p}c>'.encode()


def _split(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The cells of a row by position."""
    end = 0
    for found in _CELL.finditer(content):
        place = _PLACE.search(found[2])
        if place is None or content[end : found.start()].strip():
            raise NotPatchableError
        yield position_of(place[1].decode()), found[0]
        end = found.end()
    if content[end:].strip():
        raise NotPatchableError


def _opening(cell: bytes) -> bytes:
    return cell[: cell.index(b">") + 1]


def _width(xml: bytes) -> int:
    """Columns of a sheet up to its last cell."""
    return max((position_of(letters.decode()) + 1 for letters in {one[0] for one in _PLACE.findall(xml)}), default=0)


def _columned(xml: bytes, prefix: str, at: int) -> bytes:
    """What stands before the rows, the two added columns wide enough to read; spans of `cols` may not overlap."""
    p = prefix.encode()
    added = b'<%scol min="%d" max="%d" width="%d" customWidth="1"/>' % (p, at + 1, at + 2, _WIDTH)
    found = re.search(rb"<" + p + rb"cols>(.*?)</" + p + rb"cols>", xml, re.DOTALL)
    if found is None:
        return xml + b"<" + p + b"cols>" + added + b"</" + p + b"cols>"
    kept = []
    for one in re.findall(rb"<" + p + rb"col\b[^>]*?/>", found[1]):
        span = {name: int(value) for name, value in re.findall(rb'\s(min|max)="(\d+)"', one)}
        for first, last in ((span[b"min"], min(span[b"max"], at)), (max(span[b"min"], at + 3), span[b"max"])):
            if first <= last:
                kept.append((first, _spanned(one, first, last)))
    kept.append((at + 1, added))
    return xml[: found.start(1)] + b"".join(one for _, one in sorted(kept)) + xml[found.end(1) :]


def _spanned(column: bytes, first: int, last: int) -> bytes:
    return with_attributes(column.decode(), min=str(first), max=str(last)).encode()


def _widened(xml: bytes, at: int) -> bytes:
    """The sheet with the added columns inside the range that it says to fill."""

    def widen(found: re.Match[bytes]) -> bytes:
        last = max(position_of(found[3].decode()), at + 1)
        return found[1] + found[2] + b":" + letters_of(last).encode() + found[4] + b'"'

    return re.sub(rb'(<(?:\w+:)?dimension\b[^>]*\sref=")([A-Z]+\d+):([A-Z]+)(\d+)"', widen, xml, count=1)


def _with_notes(book: Package, part: str, end: bytes, prefix: str, notes: Mapping[str, str]) -> bytes:
    """What stands behind the rows of a sheet, its comments added to; those of an earlier mark-up go, others stay."""
    _, relations = book.relations_of(part)
    comments = next((meant for kind, meant in relations.values() if kind == "comments"), "")
    legacy = re.search(rb"<(?:\w+:)?legacyDrawing\b[^>]*?\b\w+:id=\"([^\"]+)\"", end)
    drawing = relations.get(legacy[1].decode(), ("", ""))[1] if legacy else ""
    if not (notes or comments) or bool(comments) != bool(drawing):
        return end  # drawings without comments, such as buttons: the colour and the added columns say it all the same
    if not comments:
        comments, drawing = (f"xl/crossdock_{posixpath.basename(part)}.{kind}" for kind in ("comments.xml", "vml"))
        book.changed |= {comments: _NO_COMMENTS, drawing: _NO_SHAPES}
        book.declare(comments, _COMMENTS_TYPE)
        book.declare(drawing, _VML_TYPE)
        book.relate(part, "comments", comments)
        number = book.relate(part, "vmlDrawing", drawing)
        behind = _BEHIND_NOTES.search(end)
        if behind is None:
            raise NotPatchableError
        element = f'<{prefix}legacyDrawing xmlns:r="{RELATIONS}" r:id="{number}"/>'.encode()
        end = end[: behind.start()] + element + end[behind.start() :]
    text = book.read(comments).decode("utf-8")
    try:
        shapes = book.read(drawing).decode("utf-8")
    except NotPatchableError:
        return end  # Excel writes HTML into it that is no XML
    text, shapes = _without_ours(text, shapes)
    taken = set(re.findall(r'<(?:\w+:)?comment\b[^>]*?\sref="([A-Z]+\d+)"', text))
    fresh = {place: said for place, said in notes.items() if place not in taken}
    book.changed[comments] = _with_comments(text, fresh).encode()
    book.changed[drawing] = _before(shapes.encode(), b"</xml>", "".join(map(_shape, fresh)).encode())
    return end


def _without_ours(text: str, shapes: str) -> tuple[str, str]:
    """Comments and their shapes without those of an earlier mark-up."""
    p, start, end = section(text, "authors")
    authors = re.findall(rf"<{p}author\b[^>]*?(?:/>|>(.*?)</{p}author>)", text[start:end], re.DOTALL)
    ours = {str(number) for number, name in enumerate(authors) if name == AUTHOR}
    gone: set[tuple[str, str]] = set()

    def comment(found: re.Match[str]) -> str:
        said = dict(re.findall(r'\s(ref|authorId)="([^"]*)"', found[1]))
        if said.get("authorId") not in ours:
            return found[0]
        letters = said.get("ref", "").rstrip("0123456789")
        gone.add((str(int(said["ref"][len(letters) :]) - 1), str(position_of(letters))))
        return ""

    def shape(found: re.Match[str]) -> str:
        place = dict(re.findall(r"<(?:\w+:)?(Row|Column)>\s*(\d+)", found[0]))
        return "" if (place.get("Row"), place.get("Column")) in gone else found[0]

    text = re.sub(rf"<{p}comment\b([^>]*)>.*?</{p}comment>", comment, text, flags=re.DOTALL)
    return text, re.sub(r"<((?:\w+:)?)shape\b[^>]*>.*?</\1shape>", shape, shapes, flags=re.DOTALL)


def _with_comments(text: str, notes: Mapping[str, str]) -> str:
    p, start, end = section(text, "authors")
    author = len(re.findall(rf"<{p}author\b", text[start:end]))
    text = text[:end] + f"<{p}author>{AUTHOR}</{p}author>" + text[end:]
    _, _, end = section(text, "commentList")
    added = "".join(
        f'<{p}comment ref={quoteattr(place)} authorId="{author}"><{p}text><{p}t xml:space="preserve">'
        f"{escape(legal(said))}</{p}t></{p}text></{p}comment>"
        for place, said in notes.items()
    )
    return text[:end] + added + text[end:]


def _shape(place: str) -> str:
    letters = place.rstrip("0123456789")
    column, row = position_of(letters), int(place[len(letters) :]) - 1
    return (
        f'<v:shape {_VML} id="_x0000_s9{column:03d}{row:07d}" type="#_x0000_t202" '
        'style="position:absolute;margin-left:60pt;margin-top:2pt;width:240pt;height:80pt;z-index:1;visibility:hidden" '
        'fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow color="black" obscured="t"/>'
        '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"/><x:ClientData ObjectType="Note">'
        f"<x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{column + 1}, 15, {row}, 2, {column + 5}, 20, {row + 5}, 4"
        f"</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column>"
        "</x:ClientData></v:shape>"
    )


def _before(content: bytes, closing: bytes, added: bytes) -> bytes:
    place = content.rfind(closing)
    if place < 0:
        raise NotPatchableError
    return content[:place] + added + content[place:]
