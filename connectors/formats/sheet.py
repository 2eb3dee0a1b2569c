"""What reading a file gives, whatever its format: one `SheetRead` per table."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from canonical_model.language import Text
from canonical_model.text import simplified
from connectors.base import ROW, RowCounts, holds_json
from connectors.formats.grid import holds_any, holds_match, matches

Suspect = tuple[int, str, str]
"""(row number, column name, issue code)."""

LOST_DIGITS = "XD-CEL-001"
ERROR_CELL = "XD-CEL-002"
LONG_ROW = "XD-CEL-003"
SHORT_ROW = "XD-CEL-004"
SWALLOWED_ROWS = "XD-CEL-005"
UNKNOWN_RESULT = "XD-CEL-006"
SHARED_NUMBER = "XD-CEL-007"
SHORTENED = "XD-CEL-008"
STRUCK = "XD-CEL-009"
MADE_DATE = "XD-CEL-010"
SWAPPED_DATE = "XD-CEL-011"
MAY_BE_MADE = "may be made"
"""No code of an issue yet: a date among words, which is one only where the column is named like codes or sizes."""


@dataclass(frozen=True, slots=True)
class SheetRead:
    """One table of a file: its rows as text, where every row of the sheet went, and what is wrong with it.

    Attributes:
        table: The columns in the order of the sheet, all text, and `_row`. Empty with `problem` set.
        counts: Where every row went.
        sheet: Name of the sheet; empty for text and JSON.
        columns: Column name -> letters of its place ("C"); empty for JSON.
        header_row: Row number of the header as shown; 0 where there is none.
        header_reason: Why that row.
        labels: What stands above the header as label and value: 订单号 -> PO-18.
        encoding: Text encoding that was used; empty for workbooks.
        problem: Why nothing of it could be read, with the remedy.
        suspects: Cells and rows that were damaged before we got them.
        is_last: Nothing of the file follows.
    """

    table: pa.Table
    counts: RowCounts
    sheet: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    header_row: int = 0
    header_reason: Text = Text("", "")
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    encoding: str = ""
    problem: Text | None = None
    suspects: tuple[Suspect, ...] = ()
    is_last: bool = False

    @property
    def is_json(self) -> bool:
        """Whether the rows are JSON records."""
        return holds_json(self.table, self.columns)


_NO_DATE = re.compile(
    r"规格|型号|尺寸|版本|图号|牌号|货位|库位|仓位|储位|批号|批次|[料货]号|编[码号]|代码|(?i:spec|model|size|version|bin|lot|batch|sku|part n)"
)
"""Names of columns that hold no dates."""
_MADE = r"\d{1,2}月\d{1,2}日|\d{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{2}"
"""What Excel writes into a text file for 3-5."""
_SHORTENED = r"^[1-9]\.\d{1,9}E\+(?:1\d|2\d)$"
_SHORTENED_CODE = r"^[1-9](?:[.,]\d{1,9})?[Ee]\+[0-2]?\d$"
_ERROR_TEXTS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")


def damaged_texts(table: pa.Table) -> list[Suspect]:
    """Cells that hold the text of a formula error, or a long code as Excel shows it in a narrow cell: 6.93217E+12."""
    found: list[Suspect] = []
    for name in table.column_names[:-1]:
        column = table[name]
        if holds_any(column, ["#"]):
            mask = pc.is_in(column, value_set=pa.array(_ERROR_TEXTS))
            found += [(row, name, ERROR_CELL) for row in table[ROW].filter(mask).to_pylist()]
        if holds_any(column, ["E+", "e+"]):
            mask = pc.match_substring_regex(column, _SHORTENED_CODE if holds_no_dates(name) else _SHORTENED)
            found += [(row, name, SHORTENED) for row in table[ROW].filter(mask).to_pylist()]
    return found


def holds_no_dates(name: str) -> bool:
    """Whether a column of that name holds codes or sizes."""
    return _NO_DATE.search(simplified(name)) is not None


def made_dates(table: pa.Table) -> list[Suspect]:
    """Cells of codes and sizes in a text file that Excel took for dates when it was open there: 3月5日 and 5-Mar for 3-5."""
    found: list[Suspect] = []
    for name in table.column_names[:-1]:
        if holds_no_dates(name) and holds_match(table[name], _MADE):
            mask = matches(table[name], rf"^(?:{_MADE})$")
            found += [(row, name, MADE_DATE) for row in table[ROW].filter(mask).to_pylist()]
    return found


def in_one(said: Iterable[Text]) -> Text:
    """Several sentences as one."""
    said = list(said)
    return Text("；".join(one.zh for one in said), "; ".join(one.en for one in said))


def empty_table(names: Iterable[str] = ()) -> pa.Table:
    """A table of no rows with text columns `names` and `_row`."""
    fields = [pa.field(name, pa.string()) for name in names]
    return pa.schema([*fields, pa.field(ROW, pa.int64())]).empty_table()


def refused(problem: Text, *, total: int = 0, sheet: str = "", encoding: str = "") -> SheetRead:
    """A file or sheet of which nothing can be read: all its rows are counted as skipped for that reason."""
    return SheetRead(
        table=empty_table(),
        counts=RowCounts(total=total, skipped={"problem": tuple(range(1, total + 1))} if total else {}),
        sheet=sheet,
        encoding=encoding,
        problem=problem,
    )


def settle(reads: Iterable[SheetRead]) -> Iterator[SheetRead]:
    """The reads of one file, those without rows behind the others, the last one marked.

    A sheet without rows is no problem beside others that have some; a file without any row is.
    """
    held: SheetRead | None = None
    rowless: list[SheetRead] = []
    for read in reads:
        if not read.table.num_rows and read.problem is None:
            rowless.append(read)
            continue
        if held is not None:
            yield held
        held = read
    if held is None:
        held, rowless = _without_rows(rowless), []
    for read in rowless:
        yield held
        held = read
    yield replace(held, is_last=True)


def _without_rows(rowless: list[SheetRead]) -> SheetRead:
    problem = Text(
        "文件里没有数据行。请检查是否发错了文件，或数据在隐藏的工作表里。",
        "The file holds no data rows. Check that it is the right file and that the data is not on a hidden sheet.",
    )
    with_header = [read for read in rowless if read.header_row]
    if not with_header:
        return refused(problem, total=sum(read.counts.total for read in rowless))
    read = with_header[0]
    place = f"“{read.sheet}”" if read.sheet else ""
    return replace(
        read,
        problem=Text(
            f"{place}第 {read.header_row} 行是表头，下面没有数据行。请填好数据后再发。",
            f"Row {read.header_row} {place and f'of {place} '}is the header "
            "and no data rows follow. Fill in the data and send it again.",
        ),
        table=empty_table(),
    )
