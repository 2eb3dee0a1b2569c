"""A landed file as rows of texts, so that it can be written anew: from the original and the landed rows, else from these alone."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import SheetTypeEnum, SheetVisibleEnum

from canonical_model.language import Text
from connectors.base import ROW
from connectors.formats import DELIMITED
from connectors.formats.cells import number_text, position_of
from connectors.formats.delimited import open_delimited
from connectors.formats.disguise import Content, content_of
from connectors.formats.grid import Span
from connectors.formats.sheet import SHARED_NUMBER
from connectors.formats.workbook import load_grid, open_workbook
from connectors.formats.xlsx_parts import MOST_CELLS
from crossdock.returned.files import ProblemFile
from crossdock.store.database import AnyRow

Rows = Iterator[tuple[int, Sequence[str | None]]]
"""Row number as a person counts, and its texts from the first column on."""
Suspects = Mapping[tuple[int, int], AbstractSet[str]]
_ROWS_AT_ONCE = 5_000


class NotReadableError(Exception):
    """The file cannot be taken apart into rows."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet of a file.

    Attributes:
        sheet: Its name in the store; empty for text.
        title: What it is called in the workbook that is written.
        read: Gives its rows, and the merged areas without which they would be read otherwise; row 0 is a header of ours.
        is_hidden: Whether it was hidden.
        has_gaps: Whether rows are missing whose places are to stay empty.
        suspects: (row number, column position) -> codes of what is known to be damaged there.
    """

    sheet: str
    title: str
    read: Callable[[], tuple[Rows, Sequence[Span]]]
    is_hidden: bool = False
    has_gaps: bool = False
    suspects: Suspects = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Landed:
    """What the store knows of one sheet.

    Attributes:
        parts: Its landed batches; none where it was not read.
        paths: Local copies of their rows.
    """

    parts: Sequence[AnyRow] = ()
    paths: Sequence[Path] = ()

    @property
    def header_row(self) -> int:
        """Row number of its header; 0 where none is known."""
        return self.parts[0].header_row if self.parts else 0

    @property
    def positions(self) -> Mapping[str, int]:
        """Column name -> position; for rows without a sheet in the order of the columns."""
        placed = {name: position_of(letters) for part in self.parts for name, letters in part.places.items()}
        first = self.parts[0] if self.parts else None
        own = [name for name in first.columns if name not in first.parts] if first else []
        return placed or {name: position for position, name in enumerate(own)}

    @property
    def suspects(self) -> Suspects:
        """What is known to be damaged, by place."""
        positions, found = self.positions, defaultdict[tuple[int, int], set[str]](set)
        for row, name, code in (suspect for part in self.parts for suspect in part.suspects):
            if name in positions:
                found[int(row), positions[name]].add(code)
        return found

    def rows(self) -> Rows:
        """The records in the order of the file, each value in its place; None where nothing was landed."""
        positions = self.positions
        width = max(positions.values(), default=-1) + 1
        for path in self.paths:
            with pq.ParquetFile(path) as parquet:
                wanted = [name for name in parquet.schema_arrow.names if name in positions]
                for rows in parquet.iter_batches(batch_size=_ROWS_AT_ONCE, columns=[*wanted, ROW]):
                    columns = [rows.column(name).to_pylist() for name in (ROW, *wanted)]
                    for number, *values in zip(*columns, strict=True):
                        row: list[str | None] = [None] * width
                        for name, value in zip(wanted, values, strict=True):
                            row[positions[name]] = None if value is None else _plain(value)
                        yield number, row

    def complete(self, rows: Rows) -> Rows:
        """`rows` of the sheet, the records among them as they were landed: with what was taken from other rows."""
        records = self.rows()
        record = next(records, None)
        for number, values in rows:
            if record is None or record[0] != number:
                yield number, values
                continue
            yield number, [one if landed is None else landed for one, landed in zip_longest(values, record[1])]
            record = next(records, None)


def read_original(
    path: Path, file: ProblemFile, parquets: Mapping[str, Sequence[Path]], delimiter: str | None, stack: ExitStack
) -> list[Grid]:
    """The sheets of the original, a workbook or delimited text: records as they were landed, all else as it shows.

    Args:
        path: Its bytes.
        file: What the store knows of it.
        parquets: Name of a sheet -> local paths of its landed parts.
        delimiter: What the stream says.
        stack: Closes what was opened.

    Raises:
        NotReadableError: It is of another form, protected or damaged.
    """
    known = _known(file, parquets)
    if content_of(path) is Content.WORKBOOK:
        return _read_workbook(path, known, stack)
    if PurePosixPath(file.path).suffix.lower() not in DELIMITED:
        raise NotReadableError
    landed = known.get("", _Landed())
    rows = _read_text(path, file, delimiter, stack)
    return [Grid("", PurePosixPath(file.path).stem, lambda: (landed.complete(rows()), ()), suspects=landed.suspects)]


def _read_workbook(path: Path, known: Mapping[str, _Landed], stack: ExitStack) -> list[Grid]:
    opened = open_workbook(path)
    if isinstance(opened, Text):
        raise NotReadableError
    workbook, parts = stack.enter_context(opened[0]), opened[1]

    def grid(name: str, *, is_hidden: bool) -> Grid:
        landed = known.get(name, _Landed())
        suspects = landed.suspects

        def read() -> tuple[Rows, Sequence[Span]]:
            part = parts.of(name)
            if part.area > MOST_CELLS:
                raise NotReadableError
            loaded = load_grid(workbook.get_sheet_by_name(name), part)
            kept = [one for one in loaded.merges if not landed.paths or _tells(one, landed.header_row, suspects)]
            return landed.complete(_texts(loaded.rows)), kept

        return Grid(name, name, read, is_hidden, suspects=suspects)

    return [
        grid(one.name, is_hidden=one.visible is not SheetVisibleEnum.Visible)
        for one in workbook.sheets_metadata
        if one.typ is SheetTypeEnum.WorkSheet
    ]


def _tells(merged: Span, header_row: int, suspects: Suspects) -> bool:
    """Whether a merged area says more than its cells do: over columns, or over rows which a number may be the sum of."""
    rows = range(merged.top + 1, merged.bottom + 2)
    return merged.bottom < header_row or any(SHARED_NUMBER in suspects.get((row, merged.left), ()) for row in rows)


def _texts(table: pa.Table) -> Rows:
    for rows in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
        *columns, numbers = (column.to_pylist() for column in rows.columns)
        yield from zip(numbers, zip(*columns, strict=True), strict=True)


def _read_text(path: Path, file: ProblemFile, delimiter: str | None, stack: ExitStack) -> Callable[[], Rows]:
    opened = stack.enter_context(open_delimited(path, file.batches[0].encoding or None, delimiter))
    if isinstance(opened, Text):
        raise NotReadableError
    text, split_at = opened
    lines = stack.enter_context(text.path.open(encoding="utf-8", newline=""))

    def rows() -> Rows:
        lines.seek(text.offset)
        reader = csv.reader(lines, delimiter=split_at)
        number = 1
        try:
            for values in reader:
                yield number, values
                number = reader.line_num + 1
        except csv.Error as error:
            raise NotReadableError from error

    return rows


def read_landed(parquets: Mapping[str, Sequence[Path]], file: ProblemFile) -> list[Grid]:
    """The sheets as they were landed: the table alone, each row and column in its place where it had one.

    Args:
        parquets: Name of a sheet -> local paths of its landed parts.
        file: What the store knows of it.
    """
    known = _known(file, parquets)

    def grid(sheet: str, landed: _Landed) -> Grid:
        return Grid(
            sheet,
            sheet or PurePosixPath(file.path).stem,
            lambda: (chain(_header(landed), landed.rows()), ()),
            has_gaps=True,
            suspects=landed.suspects,
        )

    return [grid(sheet, landed) for sheet, landed in known.items() if landed.paths]


def _known(file: ProblemFile, parquets: Mapping[str, Sequence[Path]]) -> Mapping[str, _Landed]:
    by_sheet: dict[str, list[AnyRow]] = defaultdict(list)
    for one in file.batches:
        by_sheet[str(one.sheet)].append(one)
    return {sheet: _Landed(parts, parquets.get(sheet, ())) for sheet, parts in by_sheet.items()}


def _header(landed: _Landed) -> Rows:
    """The names of the columns; nothing for a sheet that had none."""
    if landed.header_row or not landed.parts[0].places:
        names = {position: name for name, position in landed.positions.items()}
        yield landed.header_row, [names.get(position) for position in range(max(names, default=-1) + 1)]


def _plain(value: object) -> str:
    return number_text(value) if isinstance(value, float) else str(value)
