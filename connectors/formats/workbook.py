"""Tables in .xlsx, .xlsm, .xls, .et, .xlsb and .ods files."""

import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime
from itertools import islice
from pathlib import Path

import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from canonical_model.language import Text
from canonical_model.text import simplified
from connectors.base import ROW
from connectors.formats.archive import OversizeError, is_archive, refuse_archive, too_large
from connectors.formats.biff import DamagedError, read_biff
from connectors.formats.cells import CellValue, Kind, column_texts, kind_of
from connectors.formats.grid import Grid, Span, row_numbers
from connectors.formats.ods_parts import read_ods
from connectors.formats.options import FormatOptions
from connectors.formats.probe import survives
from connectors.formats.sheet import (
    ERROR_CELL,
    LOST_DIGITS,
    MADE_DATE,
    MAY_BE_MADE,
    STRUCK,
    SWAPPED_DATE,
    UNKNOWN_RESULT,
    SheetRead,
    refused,
)
from connectors.formats.table import left_out, read_table
from connectors.formats.xlsb_parts import read_xlsb
from connectors.formats.xlsx_parts import MOST_CELLS, SheetPart, XlsxParts

_ROWS_AT_ONCE = 4_000
_LOOKED_AT = 400
"""Rows that show what a column holds."""
_FEW = 4
"""One cell in so many, or fewer."""
_MONTHS = 12
_SPAN = re.compile(r"\d{1,2}-\d{1,2}")
_TYPED_DAY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}\b")
_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384
_NAMED = {
    "template": re.compile(r"(?:空白|导入|填报|填写)?(?:模板|样表)|(?i:templates?|blank form)"),
    "summary": re.compile(
        r"(?:数据|按月|分类)?(?:汇总|合计|总计|统计)[表页]?|(?:数据)?看板|数据透视表?|(?i:summary|totals?|pivot|dashboard)"
    ),
    "void": re.compile(
        r".*(?:作废|勿用|不用了?|停用|废弃)(?:订单|数据|行|表)?[)）]?|已?取消(?:订单|数据|行|表)?|旧(?:数据|版|表)?|历史(?:数据|记录|订单)?|测试(?:数据|表)?|备份|草稿|.*副本"
        r"|(?i:void(?:ed)?|cancel(?:l?ed)?|obsolete|old|archived?|history|backup|drafts?|test|copy of .*)"
    ),
    "guide": re.compile(
        r"(?:(?:使用|填写|填表|填报|操作|导入|字段|模板|编制|表格)(?:说明|须知|指南|规范|要求)[书页]?|(?:说明|须知|指南|规范|要求)页?|封面|目录|(?:填写)?(?:样例|示例|范例|例子)|(?:修订|更新|版本|变更)记录"
        r"|(?i:read ?me|instructions?|guide(?:lines?)?|cover(?: page| sheet)?|index|contents|change ?log|how ?to|samples?|examples?))"
    ),
}
"""What sheets of such names hold, from what may well be the records to what is read by people alone."""
_DEFAULT = re.compile(r"(?i:sheet|工作表|表格?)\s*\d+")
"""Names that a new workbook gives its sheets, of which some stay empty."""


def read_workbook(path: Path, options: FormatOptions) -> Iterator[SheetRead]:
    """One read per sheet that is not empty; hidden sheets and sheets without a table are only counted."""
    opened = open_workbook(path)
    if isinstance(opened, Text):
        yield refused(opened)
        return
    workbook, parts = opened
    with workbook:
        yield from _read_sheets(workbook, parts, options)


def open_workbook(path: Path) -> tuple[CalamineWorkbook, XlsxParts] | Text:
    """The workbook and what its parts say, once nothing in it can do harm; or the sentence why not."""
    try:
        problem = refuse_archive(path) if is_archive(path) else None
        if problem is not None:
            return problem
        known, biff = read_ods(path), read_biff(path)
        far = next((name for name, part in known.items() if part.area > MOST_CELLS), None)
        if far is not None:
            return _too_wide(far)
        parts = XlsxParts(path, known or biff or read_xlsb(path))
        if not known and not parts.is_xlsx and not survives(path):  # .xls and .xlsb do not say how far they reach
            return _damaged("BIFF")
        return _open(path), parts
    except PasswordError:
        return Text(
            "工作簿有打开密码，读不了。请在 Excel 里去掉密码（文件→信息→保护工作簿）后再发。",
            "The workbook is protected by a password. Remove it in "
            "Excel (File → Info → Protect Workbook) and send it again.",
        )
    except OversizeError:
        return too_large(path.stat().st_size)
    except (CalamineError, DamagedError, zipfile.BadZipFile) as error:
        return _damaged(error)


def _read_sheets(workbook: CalamineWorkbook, parts: XlsxParts, options: FormatOptions) -> Iterator[SheetRead]:
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
    chosen = _chosen(sheets, options.sheet)
    if isinstance(chosen, Text):
        yield refused(chosen)
        return
    best = _best(workbook, sheets)
    for sheet in sheets:
        reason = _passed_over(sheet, best, parts) if chosen is None else "other_sheet" if sheet is not chosen else None
        try:
            part = parts.of(sheet.name) if reason is None else SheetPart()
            if part.area > MOST_CELLS:
                yield refused(_too_wide(sheet.name), sheet=sheet.name)
                continue
            with _panics():
                content = workbook.get_sheet_by_name(sheet.name)
        except (CalamineError, zipfile.BadZipFile) as error:
            yield refused(_damaged(error), sheet=sheet.name)
            continue
        except OversizeError:
            yield refused(_too_wide(sheet.name), sheet=sheet.name)
            continue
        if content.end is None:
            continue
        rows, columns = content.end
        if columns >= _MOST_COLUMNS:
            yield refused(_too_many_columns(sheet.name, columns + 1), sheet=sheet.name)
            continue
        if rows >= _MOST_ROWS or rows * columns > MOST_CELLS:
            yield refused(_too_wide(sheet.name), sheet=sheet.name)
            continue
        if reason:
            yield left_out(content.end[0] + 1, reason, sheet.name)
            continue
        grid = load_grid(content, part)
        if parts.has_macros:
            grid.notes.append(Text("文件带有宏，没有运行", "the file has macros, which were not run"))
        yield read_table(grid, options, sheet=sheet.name, is_alone=len(sheets) == 1)


def _chosen(sheets: list[SheetMetadata], wanted: str | int | None) -> SheetMetadata | Text | None:
    """The one sheet that the settings ask for, by name or position; None where they ask for none."""
    if wanted is None:
        return None
    found = [sheet for sheet in sheets if sheet.name == str(wanted)]
    if not found and str(wanted).isdecimal() and 0 < int(wanted) <= len(sheets):
        found = [sheets[int(wanted) - 1]]
    if found:
        return found[0]
    there = "、".join(sheet.name for sheet in sheets)
    there_en = ", ".join(f"“{sheet.name}”" for sheet in sheets)
    return Text(
        f"没有名为“{wanted}”的工作表，文件里有：{there}。请改正设置里的 sheet，或请对方恢复表名。",
        f"There is no sheet named “{wanted}”; the file has "
        f"{there_en}. Correct sheet in the settings or have it renamed.",
    )


def _best(workbook: CalamineWorkbook, sheets: list[SheetMetadata]) -> str | None:
    """What the visible sheets that are most likely to hold the records are named like; None for no such name."""
    found = {
        _by_name(one.name)
        for one in sheets
        if one.visible is SheetVisibleEnum.Visible and not (_DEFAULT.fullmatch(one.name) and _is_empty(workbook, one))
    }
    return next((one for one in (None, *_NAMED) if one in found), None)


def _is_empty(workbook: CalamineWorkbook, sheet: SheetMetadata) -> bool:
    with suppress(CalamineError, zipfile.BadZipFile), _panics():
        return workbook.get_sheet_by_name(sheet.name).end is None
    return False


def _passed_over(sheet: SheetMetadata, best: str | None, parts: XlsxParts) -> str | None:
    """Why a sheet is not read; one whose name says that it holds no records is, where there is no `best` one."""
    if sheet.visible is not SheetVisibleEnum.Visible:
        return "hidden_sheet"
    if parts.is_pivot(sheet.name):
        return "pivot"
    reason = _by_name(sheet.name)
    return None if reason == best else reason


def _by_name(name: str) -> str | None:
    """What the name says that a sheet holds instead of records; None where it says no such thing."""
    plain = simplified(name).strip().rstrip("0123456789").rstrip()
    return next((reason for reason, pattern in _NAMED.items() if pattern.fullmatch(plain)), None)


def load_grid(content: CalamineSheet, part: SheetPart) -> Grid:
    """The grid of a sheet: every cell as the text that it shows, a few thousand rows at a time."""
    left, width = (content.start[1], content.end[1] + 1) if content.start and content.end else (0, 0)
    schema = pa.schema([*(pa.field(str(i), pa.string()) for i in range(width)), pa.field(ROW, pa.int64())])
    rows, number, chunks = content.iter_rows(), 0, []
    merges = [Span(*first, *last) for first, last in content.merged_cell_ranges or []]
    grid = Grid(schema.empty_table(), [*merges, *part.merges])
    patches = _patches(part, grid, width)
    dates: defaultdict[int, dict[int, date]] = defaultdict(dict)
    while chunk := list(islice(rows, _ROWS_AT_ONCE)):
        columns: list[tuple[CellValue, ...]] = [("",) * len(chunk)] * left  # calamine begins at the first filled column
        columns += zip(*chunk, strict=True)
        arrays = []
        for position, values in enumerate(columns):
            texts, lost = column_texts(values)
            shown = patches.get((number // _ROWS_AT_ONCE, position), {})
            grid.suspects += [(number + at + 1, position, LOST_DIGITS) for at in lost]
            if not {date, datetime}.isdisjoint(map(type, values)):
                found = {at: value for at, value in enumerate(values) if isinstance(value, date) and at not in shown}
                dates[position] |= {number + at + 1: value for at, value in found.items()}
            arrays.append(_patched(texts, shown))
        numbers = row_numbers(number + 1, len(chunk))
        chunks.append(pa.table([*arrays, numbers], schema=schema))
        number += len(chunk)
    grid.rows = pa.concat_tables(chunks) if chunks else grid.rows
    for column, days in dates.items():
        if code := _doubt(grid.rows.column(column), days):
            grid.suspects += [(row, column, code) for row in days]
    return grid


def _doubt(texts: pa.ChunkedArray, dates: Mapping[int, date]) -> str | None:
    """What Excel may have done to the cells of a column that are dates; None where nothing speaks for it.

    It makes a date of a code such as 3-5, as most others there are or one among plain numbers, or perhaps of a size among other words; and of 05/03 typed for 5 March the third of May where
    it is set to the American order, but leaves 25/03 as text. Rows are counted from 1.
    """
    if not dates:
        return None
    texts = texts.slice(0, _LOOKED_AT).to_pylist()
    others = [text.strip() for row, text in enumerate(texts, 1) if text.strip() and row not in dates]
    kinds = Counter(map(kind_of, others))
    seen = sum(row <= _LOOKED_AT for row in dates)
    are_codes = kinds[Kind.CODE] * 2 > len(others) or (
        kinds[Kind.CODE] + kinds[Kind.NUMBER] >= kinds[Kind.TEXT] and any(map(_SPAN.fullmatch, others))
    )
    if seen <= len(others) and are_codes and not kinds[Kind.DATE]:
        return MADE_DATE
    if seen * _FEW <= len(others) and kinds[Kind.NUMBER] * 2 <= len(others) and not kinds[Kind.DATE]:
        return MAY_BE_MADE
    typed = [(int(found[1]), int(found[2])) for text in others if (found := _TYPED_DAY.match(text))]
    is_ordered = any(first > _MONTHS for first, _ in typed) != any(second > _MONTHS for _, second in typed)
    if is_ordered and all(day.day <= _MONTHS for day in dates.values()):
        return SWAPPED_DATE
    return None


def _patches(part: SheetPart, grid: Grid, width: int) -> Mapping[tuple[int, int], dict[int, str]]:
    """What stands in cells that calamine gives otherwise: (chunk, column) -> place in the chunk -> text."""
    patches: defaultdict[tuple[int, int], dict[int, str]] = defaultdict(dict)
    of_column = Counter(position for _, position in part.months)
    months = {place: text for place, text in part.months.items() if of_column[place[1]] > 1}  # one alone names a column
    for (row, position), text in (part.errors | part.shown | months).items():
        if position < width:
            chunk, place = divmod(row - 1, _ROWS_AT_ONCE)
            patches[chunk, position][place] = text
    grid.suspects += [(row, position, ERROR_CELL) for row, position in part.errors if position < width]
    grid.suspects += [(row, position, UNKNOWN_RESULT) for row, position in part.unknown if position < width]
    grid.suspects += [(row, position, STRUCK) for row, position in part.struck if position < width]
    return patches


def _patched(texts: pa.Array, patch: Mapping[int, str]) -> pa.Array:
    if not patch:
        return texts
    changed = texts.to_pylist()
    for place, text in patch.items():
        if place < len(changed):
            changed[place] = text
    return pa.array(changed, pa.string())


def _open(path: Path) -> CalamineWorkbook:
    """The workbook, also where an .xlsx is named .xls or the reverse."""
    try:
        with _panics():
            return CalamineWorkbook.from_path(path)
    except PasswordError:
        raise
    except CalamineError as error:
        try:
            with path.open("rb") as file, _panics():
                return CalamineWorkbook.from_filelike(file)
        except PasswordError:
            raise
        except CalamineError:
            raise error from None


@contextmanager
def _panics() -> Iterator[None]:
    """Turns a panic of the Rust library, which is no Exception, into its ordinary error."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise CalamineError(str(error)) from error
        raise


def _damaged(error: object) -> Text:
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


def _too_many_columns(sheet: str, columns: int) -> Text:
    return Text(
        f"工作表“{sheet}”有 {columns:,} 列，超过 Excel 允许的 {_MOST_COLUMNS:,} 列，Excel 自己也打不开。请删掉多余的列，或改存为 CSV 后再发。",
        f"Sheet “{sheet}” has {columns:,} columns, more than the {_MOST_COLUMNS:,} that Excel allows: Excel itself cannot open "
        "it. Delete the columns that are not needed, or save it as CSV, and send it again.",
    )
