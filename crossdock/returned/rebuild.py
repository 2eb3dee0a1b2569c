"""Writes a workbook anew, row by row, so that memory does not grow with the file: same sheets, columns and order."""

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from copy import copy
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from canonical_model.language import Language, Text
from connectors.formats.cells import letters_of, position_of
from connectors.formats.grid import Span
from connectors.formats.sheet import LOST_DIGITS, MADE_DATE, STRUCK, SWALLOWED_ROWS, UNKNOWN_RESULT
from crossdock.returned.grids import Grid, Suspects
from crossdock.returned.marks import (
    FIX,
    MOST_COMMENTS,
    ORIGINAL_ROW,
    PROBLEM,
    RED,
    YELLOW,
    RowMarks,
    SheetMarks,
)

_MOST_ROWS, _MOST_COLUMNS, _MOST_LETTERS = 1_048_576, 16_384, 32_767
_FORBIDDEN_IN_TITLES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_NO_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)|\A\s(?=\s*\Z)")
"""Letters that XML cannot hold, that readers of it change, or that begin what reads like such a letter written out."""
_TEXT = "@"
_RISKY = frozenset("=+-@\t\r")
"""What a spreadsheet takes for the beginning of a formula."""
_DOUBTFUL = frozenset({LOST_DIGITS, STRUCK, SWALLOWED_ROWS, MADE_DATE})
"""Damage of a text that is told again by striking it through."""
_LONG_NUMBER = re.compile(r"-?[1-9][0-9]{15,}")
_NO_RESULT = "=NA()"
"""A formula of ours in the place of one that was never calculated: without a result it is read as such again."""
_SAMPLE = 50
AUTHOR = "Crossdock"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a workbook is written.

    Attributes:
        language: Of the added words.
        only_bad: Only the header and the rows that were kept out.
        kept: What the new workbook could not keep; stands as a comment on the first added header.
    """

    language: Language
    only_bad: bool
    kept: str = ""


def rebuild(grids: Iterable[Grid], sheets: Mapping[str, SheetMarks], target: Path, plan: Plan) -> int:
    """Writes the workbook and gives the number of rows marked.

    Args:
        grids: The sheets.
        sheets: Name of a sheet -> what to mark.
        target: Where the workbook goes.
        plan: How.
    """
    book = Workbook(write_only=True)
    marked, titles, texts = 0, set[str](), _Texts()
    for grid in grids:
        marks = sheets.get(grid.sheet) or SheetMarks(0, {})
        if plan.only_bad and not marks.failing and not marks.problem:
            continue
        sheet = _Sheet(book, _title(grid.title, titles), marks, plan, texts)
        sheet.write(grid)
        marked += sheet.marked
    if not titles:
        book.create_sheet(PROBLEM.get(plan.language))
    book.save(target)
    return marked


def write_list(rows: Sequence[tuple[str, str, str]], target: Path, language: Language) -> None:
    """Where a file cannot be taken apart: a workbook of (place, problem, remedy)."""
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(PROBLEM.get(language))
    for letters, width in zip("ABC", (40, 60, 40), strict=True):
        sheet.column_dimensions[letters].width = width
    texts, heads = _Texts(), (Text("位置", "Place"), PROBLEM, FIX)
    sheet.append([texts.added(sheet, head.get(language), is_head=True) for head in heads])
    for row in rows:
        sheet.append([texts.added(sheet, text) for text in row])
    book.save(target)


class _Sheet:
    """One sheet being written."""

    def __init__(self, book: Workbook, title: str, marks: SheetMarks, plan: Plan, texts: "_Texts") -> None:
        self._sheet: Any = book.create_sheet(title)
        self._marks, self._plan, self._texts = marks, plan, texts
        self._comments = self.marked = 0
        self._is_again = False

    def write(self, grid: Grid) -> None:
        rows, merges = grid.read()
        first = list(islice(rows, _SAMPLE))
        if not first and not self._marks.problem:
            return
        if grid.is_hidden:
            self._sheet.sheet_state = "hidden"
        widest = max((len(values) for _, values in first), default=0)
        at, self._is_again = self._marks.added_columns() or (widest, False)
        at = min(at, _MOST_COLUMNS - 2)
        self._widen(first, at)
        head = self._marks.header_row or (first[0][0] if first else 1)
        if not first:
            first = [(head, [])]
        written, places = 0, dict.fromkeys((row for one in merges for row in range(one.top + 1, one.bottom + 2)), 0)
        for number, values in chain(first, rows):
            if grid.has_gaps and (number <= head or not self._plan.only_bad):
                for _ in range(written + 1, min(number, _MOST_ROWS)):
                    self._sheet.append([])
                    written += 1
            marks = self._marks.rows.get(number)
            if self._plan.only_bad and not self._marks.problem and number > head and not (marks and marks.is_failing):
                continue
            if written >= _MOST_ROWS:
                break
            cells = self._cells(number, values, grid.suspects)
            self._sheet.append(self._row(number, cells, marks, at, is_head=number == head))
            written += 1
            self.marked += marks is not None
            if number in places:
                places[number] = written
        for one in merges:
            self._merge(one, [place for row in range(one.top + 1, one.bottom + 2) if (place := places[row])])

    def _row(self, number: int, cells: list[object], marks: RowMarks | None, at: int, *, is_head: bool) -> list[object]:
        added: list[object] = [None, None] if self._is_again and number >= self._marks.header_row else []
        if marks:
            for letters, said in marks.cells.items():
                self._mark(cells, letters, said, is_red=letters in marks.red)
            added = self._why(number, marks)
        elif is_head and (self._marks.rows or self._marks.problem):
            added = self._heads()
        cells += [None] * (at - len(cells) if added else 0)
        cells[at : at + len(added)] = added
        return cells

    def _cells(self, number: int, values: Sequence[str | None], suspects: Suspects) -> list[object]:
        row = enumerate(values[:_MOST_COLUMNS])
        return [self._cell(value or "", suspects.get((number, position), frozenset())) for position, value in row]

    def _cell(self, text: str, damage: AbstractSet[str]) -> object:
        """A cell that is read as `text` again, and is in doubt again: what nobody mends must not pass as mended."""
        if not text and UNKNOWN_RESULT not in damage:
            return None
        cell: Any = WriteOnlyCell(self._sheet)
        is_number = LOST_DIGITS in damage and _LONG_NUMBER.fullmatch(text) is not None
        self._texts.set(cell, text, is_struck=not (is_number or _DOUBTFUL.isdisjoint(damage)))
        if is_number:
            cell.value = int(text)
        elif not text:
            cell.value = _NO_RESULT
        return cell

    def _merge(self, span: Span, places: Sequence[int]) -> None:
        if places and (len(places) > 1 or span.right > span.left):
            left, right = letters_of(span.left), letters_of(span.right)
            self._sheet.merged_cells.add(f"{left}{places[0]}:{right}{places[-1]}")

    def _mark(self, cells: list[object], letters: str, said: Sequence[str], *, is_red: bool) -> None:
        position = position_of(letters)
        if position >= len(cells):
            return
        cell: Any = cells[position] or WriteOnlyCell(self._sheet)
        cell._style = copy(cell._style)  # shared with the other texts
        cell.fill = PatternFill("solid", fgColor=RED if is_red else YELLOW)
        if self._comments < MOST_COMMENTS:
            cell.comment = Comment(legal("\n".join(said)), AUTHOR, width=320, height=120)
            self._comments += 1
        cells[position] = cell

    def _why(self, number: int, marks: RowMarks) -> list[object]:
        place = f"{ORIGINAL_ROW.get(self._plan.language).format(row=number)}：" if self._plan.only_bad else ""
        return [
            self._texts.added(self._sheet, place + "\n".join(marks.problems)),
            self._texts.added(self._sheet, "\n".join(marks.fixes)),
        ]

    def _heads(self) -> list[object]:
        language = self._plan.language
        if self._marks.problem:
            return [self._texts.added(self._sheet, self._marks.problem)]
        heads = [self._texts.added(self._sheet, word.get(language), is_head=True) for word in (PROBLEM, FIX)]
        if self._plan.kept:
            heads[0].comment = Comment(self._plan.kept, AUTHOR, width=320, height=120)
        return list(heads)

    def _widen(self, rows: Sequence[tuple[int, Sequence[str | None]]], at: int) -> None:
        lengths: dict[int, int] = {}
        for _, values in rows:
            for position, value in enumerate(values[:at]):
                size = sum(1 + (letter > "\u2e80") for letter in value or "")
                lengths[position] = max(lengths.get(position, 0), min(size, 40))
        for position, size in lengths.items():
            self._sheet.column_dimensions[get_column_letter(position + 1)].width = max(8, size + 2)
        if self._marks.rows or self._marks.problem:
            for position in (at, at + 1):
                self._sheet.column_dimensions[get_column_letter(position + 1)].width = 48


class _Texts:
    """Writes text that stays text: never a formula, never a number, whatever it begins with.

    The styles of one workbook are made once: a style set cell by cell takes longer than all the rest.
    """

    def __init__(self) -> None:
        self._styles: dict[tuple[bool, bool | None, bool], Any] = {}

    def set(self, cell: Any, text: str, *, is_head: bool | None = None, is_struck: bool = False) -> None:
        cell.value = legal(text[:_MOST_LETTERS])
        cell.data_type = "s"
        kind = (text[:1] in _RISKY, is_head, is_struck)
        if (style := self._styles.get(kind)) is None:
            cell.number_format, cell.quotePrefix = _TEXT, kind[0]
            if is_struck:
                cell.font = Font(strike=True)
            if is_head is not None:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
                cell.font = Font(bold=is_head)
            style = self._styles[kind] = copy(cell._style)
        cell._style = style

    def added(self, sheet: Any, text: str, *, is_head: bool = False) -> Any:
        """A cell with words of ours."""
        cell: Any = WriteOnlyCell(sheet)
        self.set(cell, text, is_head=is_head)
        return cell


def legal(text: str) -> str:
    """`text` so that it is read again to the letter: what XML cannot hold is written as Excel itself writes it."""
    return _NO_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _title(wanted: str, taken: set[str]) -> str:
    plain = _FORBIDDEN_IN_TITLES.sub("_", wanted).strip("'")[:31] or "Sheet1"
    title, number = plain, 2
    while title.lower() in taken:
        title, number = f"{plain[:27]}-{number}", number + 1
    taken.add(title.lower())
    return title
