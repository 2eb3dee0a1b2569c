"""A landed file as rows of cells, so that it can be written anew: from the original, else from the landed rows."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile

import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from canonical_model.language import Text
from connectors.base import ROW
from connectors.formats import DELIMITED
from connectors.formats.cells import CellValue, number_text
from connectors.formats.delimiter import sniff_delimiter
from connectors.formats.encoding import open_text
from connectors.formats.xlsx_parts import MOST_CELLS, XlsxParts
from crossdock.returned.files import ProblemFile
from crossdock.returned.marks import position_of

Rows = Iterator[tuple[int, Sequence[CellValue | None]]]
_SEPARATOR = "\x1f"
_HEAD_LETTERS = 1 << 16


class NotReadableError(Exception):
    """The file cannot be taken apart into rows."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet of a file.

    Attributes:
        sheet: Its name in the store; empty for text.
        title: What it is called in the workbook that is written.
        rows: Gives (row number as a person counts, values from the first column on); row 0 is a header of ours.
        is_hidden: Whether it was hidden.
        has_gaps: Whether rows are missing whose places are to stay empty.
    """

    sheet: str
    title: str
    rows: Callable[[], Rows]
    is_hidden: bool = False
    has_gaps: bool = False


def read_original(path: Path, file: ProblemFile, delimiter: str | None, stack: ExitStack) -> list[Grid]:
    """The sheets of the original, a workbook or delimited text.

    Args:
        path: Its bytes.
        file: What the store knows of it.
        delimiter: What the stream says.
        stack: Closes what was opened.

    Raises:
        NotReadableError: It is of another form, protected or damaged.
    """
    if PurePosixPath(file.path).suffix.lower() in DELIMITED:
        return [_read_text(path, file, delimiter, stack)]
    try:
        workbook = stack.enter_context(CalamineWorkbook.from_filelike(stack.enter_context(path.open("rb"))))
    except CalamineError as error:
        raise NotReadableError from error
    try:
        parts = XlsxParts(path, {})
        is_too_large = any(parts.of(name).area > MOST_CELLS for name in workbook.sheet_names)
    except BadZipFile as error:
        raise NotReadableError from error
    if is_too_large:
        raise NotReadableError

    def grid(name: str, *, is_hidden: bool) -> Grid:
        return Grid(name, name, lambda: _cells(workbook.get_sheet_by_name(name), parts.of(name).errors), is_hidden)

    return [
        grid(one.name, is_hidden=one.visible is not SheetVisibleEnum.Visible)
        for one in workbook.sheets_metadata
        if one.typ is SheetTypeEnum.WorkSheet
    ]


def _cells(content: CalamineSheet, errors: Mapping[tuple[int, int], str]) -> Rows:
    left = content.start[1] if content.start else 0  # calamine begins at the first filled column
    for number, values in enumerate(content.iter_rows(), 1):
        row: list[CellValue | None] = [None] * left
        row += values
        for position, value in enumerate(row):
            if value == "":
                row[position] = errors.get((number, position))
        yield number, row


def _read_text(path: Path, file: ProblemFile, delimiter: str | None, stack: ExitStack) -> Grid:
    text = stack.enter_context(open_text(path, file.batches[0].encoding or None))
    if isinstance(text, Text):
        raise NotReadableError
    opened = stack.enter_context(text.path.open(encoding="utf-8", newline=""))
    opened.seek(text.offset)
    split_at = delimiter or sniff_delimiter(opened.read(_HEAD_LETTERS))

    def rows() -> Rows:
        opened.seek(text.offset)
        lines: Iterator[str] = opened
        if len(split_at.encode()) > 1:
            lines = (line.replace(split_at, _SEPARATOR) for line in opened)
        reader = csv.reader(lines, delimiter=split_at if len(split_at.encode()) == 1 else _SEPARATOR)
        number = 1
        try:
            for values in reader:
                yield number, values
                number = reader.line_num + 1
        except csv.Error as error:
            raise NotReadableError from error

    return Grid("", PurePosixPath(file.path).stem, rows)


def read_landed(parquets: Mapping[str, Sequence[Path]], file: ProblemFile) -> list[Grid]:
    """The sheets as they were landed: the table alone, each row and column in its place where it had one.

    Args:
        parquets: Name of a sheet -> local paths of its landed parts.
        file: What the store knows of it.
    """
    by_sheet = {str(one.sheet): one for one in reversed(file.batches)}

    def grid(sheet: str, paths: Sequence[Path]) -> Grid:
        one = by_sheet[sheet]
        positions = {name: position_of(letters) for name, letters in one.places.items()} or {
            name: position for position, name in enumerate(name for name in one.columns if name not in one.parts)
        }
        return Grid(
            sheet,
            sheet or PurePosixPath(file.path).stem,
            lambda: _landed(paths, positions, one.header_row),
            has_gaps=True,
        )

    return [grid(sheet, paths) for sheet, paths in parquets.items()]


def _landed(paths: Sequence[Path], positions: Mapping[str, int], header_row: int) -> Rows:
    width = max(positions.values(), default=-1) + 1
    names: list[CellValue | None] = [None] * width
    for name, position in positions.items():
        names[position] = name
    yield header_row, names
    for path in paths:
        with pq.ParquetFile(path) as parquet:
            wanted = [name for name in parquet.schema_arrow.names if name in positions]
            for rows in parquet.iter_batches(batch_size=5_000, columns=[*wanted, ROW]):
                columns = [rows.column(name).to_pylist() for name in (ROW, *wanted)]
                for number, *values in zip(*columns, strict=True):
                    row: list[CellValue | None] = [None] * width
                    for name, value in zip(wanted, values, strict=True):
                        row[positions[name]] = None if value is None else _plain(value)
                    yield number, row


def _plain(value: object) -> str:
    return number_text(value) if isinstance(value, float) else str(value)
