"""Tables in .xlsx, .xlsm, .xls, .xlsb and .ods files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from canonical_model.language import Text
from connectors.base import ROW, RowCounts
from connectors.formats.cells import CellValue, column_texts, lost_digits
from connectors.formats.layout import HEAD_ROWS, Layout, plan_layout
from connectors.formats.options import FormatOptions
from connectors.formats.sheet import ERROR_CELL, LOST_DIGITS, SheetRead, Suspect, empty_table, refused
from connectors.formats.sieve import Sieve
from connectors.formats.xlsx_parts import MOST_CELLS, SheetPart, XlsxParts

_ROWS_AT_ONCE = 5_000
_ZIP, _OLE = b"PK", b"\xd0\xcf\x11\xe0"


def read_workbook(path: Path, options: FormatOptions, name: Path) -> Iterator[SheetRead]:
    """One read per sheet that is not empty; hidden sheets and sheets without a table are only counted."""
    with path.open("rb") as file:
        magic = file.read(4096)
        if not magic.startswith((_ZIP, _OLE)):
            yield refused(_no_workbook(name, magic))
            return
        file.seek(0)
        try:
            workbook = _open(path, file)
        except PasswordError:
            yield refused(
                Text(
                    "工作簿有打开密码，读不了。请在 Excel 里去掉密码（文件→信息→保护工作簿）后再发。",
                    "The workbook is protected by a password. Remove it in "
                    "Excel (File → Info → Protect Workbook) and send it again.",
                )
            )
            return
        except CalamineError as error:
            yield refused(_damaged(error))
            return
        with workbook:
            yield from _read_sheets(workbook, path, options)


def _read_sheets(workbook: CalamineWorkbook, path: Path, options: FormatOptions) -> Iterator[SheetRead]:
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
    names = [sheet.name for sheet in sheets]
    if options.sheet is not None and options.sheet not in names:
        there, there_en = "、".join(names), ", ".join(f"“{name}”" for name in names)
        yield refused(
            Text(
                f"没有名为“{options.sheet}”的工作表，文件里有：{there}。请改正设置里的 sheet，或请对方恢复表名。",
                f"There is no sheet named “{options.sheet}”; the file has "
                f"{there_en}. Correct sheet in the settings or have it renamed.",
            )
        )
        return
    parts = XlsxParts(path)
    for sheet in sheets:
        part = parts.of(sheet.name)
        if part.area > MOST_CELLS:
            yield refused(_too_wide(sheet.name), sheet=sheet.name)
            continue
        try:
            content = workbook.get_sheet_by_name(sheet.name)
        except CalamineError as error:
            yield refused(_damaged(error), sheet=sheet.name)
            continue
        if content.end is None:
            continue
        wanted = sheet.name == options.sheet if options.sheet else sheet.visible is SheetVisibleEnum.Visible
        if wanted:
            yield _read_sheet(content, options, part=part, is_alone=len(names) == 1)
        else:
            yield _left_out(content, "hidden_sheet" if options.sheet is None else "other_sheet")


def _left_out(content: CalamineSheet, reason: str) -> SheetRead:
    total = _total(content)
    return SheetRead(
        empty_table(), RowCounts(total=total, skipped={reason: tuple(range(1, total + 1))}), sheet=content.name
    )


def _total(content: CalamineSheet) -> int:
    """Rows down to the last cell with content, as the workbook's own cell positions say."""
    return content.end[0] + 1 if content.end else 0


@dataclass(slots=True)
class _Grid:
    """The whole sheet as text columns by position, then `_row`."""

    rows: pa.Table
    suspects: list[tuple[int, int, str]] = field(default_factory=list)

    def head(self, count: int) -> list[list[str]]:
        columns = [column.slice(0, count).to_pylist() for column in self.rows.columns[:-1]]
        return [list(row) for row in zip(*columns, strict=True)]


def _load(content: CalamineSheet, errors: Mapping[tuple[int, int], str]) -> _Grid:
    """The grid of a sheet, a few thousand rows at a time."""
    left, width = (content.start[1], content.end[1] + 1) if content.start and content.end else (0, 0)
    schema = pa.schema([*(pa.field(str(i), pa.string()) for i in range(width)), pa.field(ROW, pa.int64())])
    rows, number, chunks = content.iter_rows(), 0, []
    grid = _Grid(schema.empty_table())
    while chunk := list(islice(rows, _ROWS_AT_ONCE)):
        columns: list[tuple[CellValue, ...]] = [("",) * len(chunk)] * left  # calamine begins at the first filled column
        columns += zip(*chunk, strict=True)
        arrays = []
        for position, values in enumerate(columns):
            texts = column_texts(values)
            grid.suspects += [(number + at + 1, position, LOST_DIGITS) for at in lost_digits(values)]
            arrays.append(texts)
        for (row, position), text in errors.items():
            if number < row <= number + len(chunk) and position < width and not arrays[position][row - number - 1]:
                arrays[position][row - number - 1] = text
                grid.suspects.append((row, position, ERROR_CELL))
        numbers = pa.array(range(number + 1, number + len(chunk) + 1), pa.int64())
        chunks.append(pa.table([*(pa.array(texts, pa.string()) for texts in arrays), numbers], schema=schema))
        number += len(chunk)
    grid.rows = pa.concat_tables(chunks) if chunks else grid.rows
    return grid


def _read_sheet(content: CalamineSheet, options: FormatOptions, *, part: SheetPart, is_alone: bool) -> SheetRead:
    grid, total = _load(content, part.errors), _total(content)
    head = grid.head(max(HEAD_ROWS, options.header if isinstance(options.header, int) else 0))
    merged = _merged_titles(content)
    layout = plan_layout(head, range(1, len(head) + 1), options, merged_rows=merged)
    if isinstance(layout, Text):
        if not is_alone and options.sheet is None and not _has_table(head):
            return _left_out(content, "no_table")
        return refused(layout, total=total, sheet=content.name)
    sieve = Sieve(layout)
    rows = sieve.trim_end(sieve.sift(grid.rows.slice(layout.index + 1)))
    table, places = layout.name(rows)
    has_header = layout.index >= 0
    return SheetRead(
        table=table,
        counts=RowCounts(
            total=total,
            above=max(layout.index, 0),
            header=int(has_header),
            skipped=sieve.take_skipped(),
            read=table.num_rows,
        ),
        sheet=content.name,
        columns=places,
        header_row=layout.index + 1,
        header_reason=layout.reason,
        suspects=_suspects(grid, layout, table),
    )


def _suspects(grid: _Grid, layout: Layout, table: pa.Table) -> tuple[Suspect, ...]:
    if not grid.suspects:
        return ()
    kept = set(table[ROW].to_pylist())
    return tuple((row, layout.names[position], code) for row, position, code in sorted(grid.suspects) if row in kept)


def _merged_titles(content: CalamineSheet) -> frozenset[int]:
    """Rows that are one cell merged over more than half of the sheet: titles and instructions."""
    width = content.end[1] + 1 if content.end else 0
    return frozenset(
        row
        for (top, left), (bottom, right) in content.merged_cell_ranges or []
        if right - left + 1 > max(2, width // 2)
        for row in range(top, min(bottom, HEAD_ROWS) + 1)
    )


def _has_table(head: list[list[str]]) -> bool:
    """Whether two rows hold two cells or more: what could be a table."""
    return sum(sum(bool(cell.strip()) for cell in row) >= 2 for row in head) >= 2


def _open(path: Path, file: BinaryIO) -> CalamineWorkbook:
    """The workbook, also where an .xlsx is named .xls or the reverse."""
    try:
        return CalamineWorkbook.from_path(path)
    except PasswordError:
        raise
    except CalamineError as error:
        try:
            return CalamineWorkbook.from_filelike(file)
        except CalamineError:
            raise error from None


def _no_workbook(name: Path, magic: bytes) -> Text:
    """What a file is that calls itself a workbook and is none."""
    start = magic.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    extension = name.suffix.lower()
    if start.startswith((b"<html", b"<!doctype html", b"<table", b"<meta")) or b"<table" in magic.lower():
        what, what_en = "网页（HTML）", "a web page (HTML)"
    elif start.startswith(b"<"):
        what, what_en = "XML 文本", "XML text"
    elif start.startswith(b"%pdf"):
        what, what_en = "PDF", "a PDF"
    elif b"\x00" not in magic or magic.startswith((b"\xff\xfe", b"\xfe\xff")):
        what, what_en = "文本（CSV）", "plain text (CSV)"
    else:
        what, what_en = "别的格式", "of another format"
    return Text(
        f"文件名后缀是 {extension}，内容却是{what}，不是 Excel 工作簿。"
        "请用 Excel 打开，另存为“Excel 工作簿 (*.xlsx)”后再发。",
        f"The file is named {extension} but is {what_en}, not a workbook. "
        "Open it in Excel, save it as “Excel Workbook (*.xlsx)” and send that.",
    )


def _damaged(error: CalamineError) -> Text:
    return Text(
        f"工作簿不完整或已损坏，读不了（{error}）。可能没有传完：请重新导出或重新发送。",
        f"The workbook is cut off or damaged ({error}). The transfer may have stopped early: export or send it again.",
    )


def _too_wide(sheet: str) -> Text:
    return Text(
        f"工作表“{sheet}”的内容一直延伸到很远的行列，读它会占尽内存。请删除数据右边和下面多余的行列后再发。",
        f"Sheet “{sheet}” reaches so far that reading it would take all memory. "
        "Delete the stray rows and columns beyond the data and send it again.",
    )
