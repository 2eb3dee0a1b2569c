"""Tables in .csv, .tsv and .txt files: every value stays the text that was received."""

import csv
import io
import os
import re
import tempfile
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from canonical_model.ahead import fetch_ahead
from canonical_model.language import Text
from connectors.base import ROW, RowCounts
from connectors.formats.cells import Kind, kind_of
from connectors.formats.completion import Completion
from connectors.formats.delimiter import sniff_delimiter
from connectors.formats.encoding import PlainText, open_text
from connectors.formats.grid import forms_above, holds_any, row_numbers, unguarded
from connectors.formats.labels import labels_above, said_below, two_documents, two_parts
from connectors.formats.layout import Layout, plan_layout
from connectors.formats.neighbours import heading_within, second_table, torn_row
from connectors.formats.options import FormatOptions
from connectors.formats.records import RecordCount, count_records, first_long_line
from connectors.formats.sheet import (
    LONG_ROW,
    SHORT_ROW,
    SWALLOWED_ROWS,
    SheetRead,
    Suspect,
    damaged_texts,
    empty_table,
    in_one,
    made_dates,
    refused,
)
from connectors.formats.sieve import Sieve

_HEAD_BYTES = 1 << 18
_LONG_LINE = 1 << 17
_BLOCK_BYTES = 1 << 20
_AHEAD = 6
"""Blocks that are split ahead, about a part, since a part is looked at as one."""
PART_BYTES = 8 << 20
"""About how much text one read holds; longer files come in several, so that memory does not grow with the file.

Which of two columns of one name is the filled one is told from the first part.
"""

_SINGLE = "\x1f"
"""Stands for a delimiter of several characters while a file is split (US, the unit separator)."""


@dataclass(frozen=True, slots=True)
class _Head:
    """The first records.

    Attributes:
        rows: Their values.
        lines: The line on which each begins, and at the end the line behind the last.
        starts: The byte at which each begins, and at the end the byte behind the last.
        long_line: The line on which a record begins that is too long to be looked at; 0 for none.
    """

    rows: list[list[str]]
    lines: list[int]
    starts: list[int]
    long_line: int = 0


def read_delimited(path: Path, options: FormatOptions, *, part_bytes: int = PART_BYTES) -> Iterator[SheetRead]:
    """The table of a text file, in several reads where it is large."""
    with open_delimited(path, options.encoding, options.delimiter) as opened:
        if isinstance(opened, Text):
            yield refused(opened)
            return
        text, split_at = opened
        if text.null_line:
            yield refused(_not_text(text), total=text.lines, encoding=text.encoding)
        else:
            yield from _read_text(text, split_at, options, part_bytes)


@contextmanager
def open_delimited(path: Path, encoding: str | None, delimiter: str | None) -> Iterator[tuple[PlainText, str] | Text]:
    """The file as UTF-8 and the one character between its values, or the sentence why it cannot be read as text.

    Args:
        path: The file as received.
        encoding: As for `open_text`.
        delimiter: What the stream says, of any length; None: what splits the first records best.
    """
    with open_text(path, encoding) as text:
        if isinstance(text, Text):
            yield text
            return
        delimiter = delimiter or sniff_delimiter(_start_of(text)[0])
        if len(delimiter.encode()) == 1:
            yield text, delimiter
            return
        with _single_delimiter(text, delimiter) as single:
            yield single, _SINGLE


def _start_of(text: PlainText) -> tuple[str, bool]:
    """The first part of the text, and whether it is all of it."""
    with text.path.open("rb") as file:
        file.seek(text.offset)
        start = file.read(_HEAD_BYTES)
    return start.decode("utf-8", "ignore"), len(start) < _HEAD_BYTES


def _read_text(text: PlainText, split_at: str, options: FormatOptions, part_bytes: int) -> Iterator[SheetRead]:
    content, is_whole = _start_of(text)
    head = _split_head(content, split_at, text.offset, is_whole=is_whole, count=options.head_rows)
    layout = plan_layout(head.rows, head.lines[:-1], options)
    if isinstance(layout, Text):
        problem = _long_line(head.long_line) if head.long_line else layout
        yield refused(problem, total=text.lines, encoding=text.encoding)
        return
    fitted = _fit(layout, head)
    torn = _torn_numbers(head, layout, len(fitted.names)) if split_at == "," else None
    if shifted := torn or _row_names(head, layout):
        yield refused(shifted, total=text.lines, encoding=text.encoding)
        return
    yield from _read_body(_Splitter(text, split_at, head, fitted), options, part_bytes)


def _split_head(content: str, delimiter: str, offset: int, *, is_whole: bool, count: int) -> _Head:
    source = io.StringIO(content, newline="")
    lengths = [0]
    reader = csv.reader(_measured(source, lengths), delimiter=delimiter)
    head = _Head([], [1], [offset])
    try:
        for row in islice(reader, count):
            head.rows.append(row)
            head.lines.append(reader.line_num + 1)
            head.starts.append(offset + sum(lengths))
            lengths[:] = [sum(lengths)]
    except csv.Error:  # a value beyond 128 KB cannot be part of a header
        return replace(head, long_line=head.lines[-1])
    if not is_whole and source.tell() == len(content) and head.rows:
        head.rows.pop()  # the end of the block may lie inside the last record
        head.lines.pop()
        length = head.starts.pop() - head.starts[-1]
        return replace(head, long_line=head.lines[-1] if length > _LONG_LINE else 0)
    return head


def _measured(lines: Iterable[str], lengths: list[int]) -> Iterator[str]:
    for line in lines:
        lengths.append(len(line.encode()))
        yield line


def _read_body(splitter: "_Splitter", options: FormatOptions, part_bytes: int) -> Iterator[SheetRead]:
    """The table in parts of about `part_bytes`; the accounts of the parts add up to the file's."""
    layout, text = splitter.layout, splitter.text
    sieve, kept = Sieve(layout, options.rows), layout.kept_twins
    above, header = max(layout.index, 0), len(layout.header)
    head = options.crop_head(splitter.head.rows, splitter.head.lines[:-1])[:above]
    forms = dict.fromkeys(map(tuple, head))
    labels = labels_above(list(forms))
    completion, accounted = Completion(options, labels), 0
    try:
        for tables, is_last in _parts(splitter.tables(), part_bytes):
            total = above + header + sum(table.num_rows for table in tables)
            if is_last:
                counted = splitter.count_again()
                if counted.open_quote_line or counted.records != accounted + total:
                    yield _uncountable(text, counted)
                    return
                total = counted.records - accounted
            rows = sieve.sift(splitter.join([options.crop_columns(table) for table in tables]))
            torn = torn_row(rows, splitter.layout)
            rows = sieve.trim_end(rows) if is_last else rows
            present = splitter.layout
            problem = torn or second_table(rows, present) or heading_within(rows, present)
            if again := sieve.skipped.get("repeated_header"):
                forms |= forms_above(options.crop_columns(splitter.join(tables)), again)
                completion.labels = labels_above(list(forms))
                problem = problem or two_documents(completion.labels, min(again))
            settled = problem or present.settle_twins(rows, before=kept)
            if isinstance(settled, Text):
                yield refused(settled, total=text.lines - accounted, encoding=text.encoding)
                return
            kept = settled.kept_twins
            named, places = settled.name(rows)
            table = completion.complete(named)
            if isinstance(table, pa.Table) and again:
                table = two_parts(labels, labels_above(sorted(sieve.feet)), min(again), table.column_names) or table
            if isinstance(table, Text):
                yield refused(table, total=text.lines - accounted, encoding=text.encoding)
                return
            suspects = splitter.take_suspects(table, tables[-1][ROW][-1].as_py() if tables else 0)
            if is_last and (cut := _cut_off(text, table, suspects)):
                yield refused(cut, total=text.lines - accounted, encoding=text.encoding)
                return
            yield SheetRead(
                table=table,
                counts=RowCounts(total, above, header, sieve.take_skipped(), table.num_rows),
                columns=places,
                header_row=splitter.head.lines[layout.last] if header else 0,
                header_reason=in_one([layout.reason, *completion.notes]),
                labels=said_below(sieve.below) | labels,
                encoding=text.encoding,
                suspects=(
                    *suspects,
                    *(damaged_texts(table) if text.has_marks else ()),
                    *made_dates(table),
                ),
            )
            accounted, above, header = accounted + total, 0, 0
    except pa.ArrowInvalid:
        yield _uncountable(text, splitter.count_again())


def _cut_off(text: PlainText, table: pa.Table, suspects: Sequence[Suspect]) -> Text | None:
    """The sentence that the text ends within its last record, which alone has too few values and no line end."""
    short = [line for line, _, code in suspects if code == SHORT_ROW]
    if len(short) != 1 or short[0] != table[ROW][-1].as_py() or table.num_rows <= _FEW_RECORDS:
        return None
    with text.path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read() in (b"\n", b"\r"):
            return None
    return Text(
        f"最后一行（第 {short[0]} 行）的值比表头少，后面也没有换行，文件像是没有传完。请重新导出，整个文件再发一次；"
        "确实传完了的话，把这一行补全，末尾加一个换行。",
        f"The last row (line {short[0]}) has fewer values than the header and no line end behind it, so the file seems to be cut "
        "off. Export it anew and send the whole file; if it is whole, fill that row and end it with a line break.",
    )


def _parts(tables: Iterable[pa.Table], part_bytes: int) -> Iterator[tuple[list[pa.Table], bool]]:
    part: list[pa.Table] = []
    size = 0
    for table in tables:
        if size >= part_bytes:
            yield part, False
            part, size = [], 0
        part.append(table)
        size += table.nbytes
    yield part, True


@dataclass(slots=True)
class _Splitter:
    """Splits the records below the header into text columns by position and numbers them by line.

    Attributes:
        width: Values of a regular record.
        record: Number of the next record.
        line: The line on which it begins.
        split_at: The one character that stands between values.
        ragged: Records with another number of values than the header, not yet placed: (record number, text).
        suspects: Of the records since `take_suspects` was last called.
        has_inner_lines: Whether any record so far runs over several lines.
    """

    text: PlainText
    split_at: str
    head: _Head
    layout: Layout
    ragged: deque[tuple[int, str]] = field(default_factory=deque)
    suspects: list[Suspect] = field(default_factory=list)
    has_inner_lines: bool = False
    record: int = 1
    line: int = 1
    width: int = field(init=False)

    def __post_init__(self) -> None:
        self.width = len(self.layout.names)

    def tables(self) -> Iterator[pa.Table]:
        """The records in blocks, as tables of columns by position and the line on which each begins."""
        begin = self.layout.last + 1
        self.line, self.record = self.head.lines[begin], 1
        self.has_inner_lines = self.line != begin + 1
        with ThreadPoolExecutor(1) as beside:  # the next blocks are split while these are looked at
            for batch in fetch_ahead(beside, self._batches(self.head.starts[begin]), _AHEAD):
                rows, odd = self._place_ragged(pa.table(batch))
                yield self._number(unguarded(rows) if self.text.has_guards else rows, odd)
        if self.ragged:
            yield self._number(*self._place_ragged(_empty(len(self.layout.names)).drop_columns(ROW), is_end=True))

    def count_again(self) -> RecordCount:
        """The records of the whole file, counted from its lines and, where records have several, its quotes."""
        return count_records(self.text, self.split_at) if self.has_inner_lines else RecordCount(self.text.lines)

    def join(self, tables: list[pa.Table]) -> pa.Table:
        """The tables as one, all as wide as the widest."""
        width = len(self.layout.names)
        return pa.concat_tables([_widen(table, width) for table in tables]) if tables else _empty(width)

    def take_suspects(self, kept: pa.Table, last_line: int) -> tuple[Suspect, ...]:
        """The suspects among the rows of `kept`; those up to `last_line` are done with."""
        if not self.suspects:
            return ()
        lines = set(kept[ROW].to_pylist())
        taken = tuple(one for one in self.suspects if one[0] in lines)
        self.suspects = [one for one in self.suspects if one[0] > last_line]
        return taken

    def _batches(self, start: int) -> Iterator[pa.RecordBatch]:
        if start >= self.text.path.stat().st_size:
            return
        names = [str(position) for position in range(len(self.layout.names))]
        with pa.OSFile(str(self.text.path)) as file:
            file.seek(start)
            yield from pyarrow.csv.open_csv(
                file,
                read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False, block_size=_BLOCK_BYTES),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=self.split_at,
                    newlines_in_values=self.text.has_quotes,
                    ignore_empty_lines=False,
                    invalid_row_handler=self._keep_ragged,
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[],
                    strings_can_be_null=False,
                    check_utf8=False,
                ),
            )

    def _keep_ragged(self, row: pyarrow.csv.InvalidRow) -> str:
        self.ragged.append((row.number, row.text))
        return "skip"

    def _place_ragged(self, rows: pa.Table, *, is_end: bool = False) -> tuple[pa.Table, dict[int, int]]:
        """`rows` with the ragged records back in their places; position -> number of values of each of these."""
        first, left = self.record, rows.num_rows
        if not self.ragged:
            self.record += left
            return rows, {}
        order: list[int] = []
        odd: dict[int, list[str]] = {}
        while True:
            take = min(self.ragged[0][0] - self.record, left) if self.ragged else left
            order.extend(range(self.record, self.record + take))
            self.record, left = self.record + take, left - take
            if not self.ragged or self.ragged[0][0] != self.record or not (left or is_end):
                break
            odd[self.record] = self._cells(self.ragged.popleft()[1])
            self.record += 1
        if not odd:
            return rows, {}
        width = len(self.layout.names)
        padded = [cells + [""] * (width - len(cells)) for cells in odd.values()]
        added = pa.table([pa.array(column, pa.string()) for column in zip(*padded, strict=True)], _names(width))
        merged = pa.concat_tables([_widen(rows, width), added])
        placed = merged.take(pc.sort_indices(pa.array([*order, *odd], pa.int64())))
        return placed, {number - first: len(cells) for number, cells in odd.items()}

    def _cells(self, record: str) -> list[str]:
        """The values of a ragged record without blank ones beyond the header; the layout grows with the others."""
        cells = next(csv.reader(io.StringIO(record, newline=""), delimiter=self.split_at), [])
        while len(cells) > len(self.layout.names) and not cells[-1].strip():
            cells.pop()
        if len(cells) > len(self.layout.names):
            self.layout = self.layout.resize(len(cells))
        return cells

    def _number(self, rows: pa.Table, odd: dict[int, int]) -> pa.Table:
        """`rows` with the line on which each begins; notes the ragged ones as suspects."""
        count = rows.num_rows
        inner = _inner_lines(rows) if self.text.has_quotes else None
        if inner is None:
            lines = row_numbers(self.line, count)
            self.line += count
        else:
            self.has_inner_lines = True
            ends = pc.cumulative_sum(pc.add(inner, 1), start=self.line)
            lines = pc.subtract(ends, pc.add(inner, 1))
            self.line = ends[-1].as_py()
            self._note_swallowed(rows, lines)
        for position, values in odd.items():
            self._note_ragged(lines[position].as_py(), values)
        return rows.append_column(pa.field(ROW, pa.int64()), lines)

    def _note_ragged(self, line: int, values: int) -> None:
        if values > self.width:
            self.suspects.append((line, self.layout.names[self.width], LONG_ROW))
            return
        missing = [place for place in range(values, self.width) if place not in self.layout.unnamed]
        if missing:
            self.suspects.append((line, self.layout.names[missing[0]], SHORT_ROW))

    def _note_swallowed(self, rows: pa.Table, lines: pa.Array) -> None:
        """Notes cells that hold whole further records: a quote in front of them was never closed."""
        if self.width < 4:
            return
        delimiter = re.escape(self.split_at)
        pattern = rf"\n(?:[^\n{delimiter}]*{delimiter}){{{self.width - 1}}}[^\n{delimiter}]*"
        for position, column in enumerate(rows.columns):
            for line in lines.filter(pc.match_substring_regex(column, pattern).combine_chunks()).to_pylist():
                self.suspects.append((line, self.layout.names[position], SWALLOWED_ROWS))


def _inner_lines(rows: pa.Table) -> pa.Array | None:
    """How many line ends lie inside each record; None when inside none."""
    found: pa.Array | None = None
    for column in rows.columns:
        for pattern in ("\n", "\r"):
            if not holds_any(column, [pattern]):
                continue
            ends = pc.count_substring(column, pattern)
            if pattern == "\r":
                ends = pc.subtract(ends, pc.count_substring(column, "\r\n"))
            ends = ends.cast(pa.int64()).combine_chunks()
            found = ends if found is None else pc.add(found, ends)
    return found


def _names(width: int) -> list[str]:
    return [str(position) for position in range(width)]


def _empty(width: int) -> pa.Table:
    return empty_table(_names(width))


def _widen(rows: pa.Table, width: int) -> pa.Table:
    """`rows` with empty columns up to `width`; `_row`, where it is there, stays behind them."""
    has_row = rows.column_names[-1:] == [ROW]
    blank = pa.repeat("", rows.num_rows)
    for position in range(rows.num_columns - has_row, width):
        rows = rows.add_column(position, pa.field(str(position), pa.string()), blank)
    return rows


def _fit(layout: Layout, head: _Head) -> Layout:
    """The layout as wide as the header or, where they are wider, most of the records below it."""
    below = Counter(len(row) for row in head.rows[layout.last + 1 :] if any(cell.strip() for cell in row))
    width = layout.last_named + 1
    usual = max(below, key=lambda one: (below[one], one == width), default=0)
    return layout.resize(max(width, usual))


_TORN = re.compile(r"\s*(?P<sign>[-+]?[¥￥$€]|[A-Z]{3})?\s*[-+]?\d{1,3}(?:,\d{3})*,\d{3}(?P<rest>\.\d+|\s*元)?\s*")
"""1,950.00 and ¥1,950 of which the parts are cells; 5,120 may as well be two."""


_FEW_RECORDS = 2
_MOST_PIECES = 4
"""Of 999,999,999,999.00."""


def _torn_numbers(head: _Head, layout: Layout, usual: int) -> Text | None:
    """The sentence that most records, of the `usual` width, are longer than the header, since commas between thousands split their numbers."""
    width = layout.last_named + 1
    below = range(layout.last + 1, len(head.rows))
    long = [place for place in below if any(cell.strip() for cell in head.rows[place][width:])]
    if usual <= width or not long:
        return None
    torn = [_first_torn(head.rows[place]) for place in long]
    if not all(torn):
        return None
    line, shown = head.lines[long[0]], torn[0]
    return Text(
        f"第 {line} 行的“{shown}”没有加双引号，千分位的逗号把它拆成了几格，这样的行比表头的 {width} 列多。"
        "请导出为不带千分位的数字，或给这些数字加上双引号，或改用制表符、分号分隔。",
        f"“{shown}” on line {line} stands without quotes, so the commas between its thousands split it, and such rows are "
        f"longer than the {width} columns of the header. Export numbers without such commas, put them in double quotes, or "
        "separate the values by tabs or semicolons.",
    )


_CODE_DIGITS = 5
_COUNTS = re.compile(r"序号?|行号|编号|项次|(?i:#|no\.?|id|row|line|seq|index)(?![a-z]).*")
"""Names of columns that count the rows."""


def _row_names(head: _Head, layout: Layout) -> Text | None:
    """The sentence that a column of row numbers without a name stands before the others, so that all names are one off."""
    if not layout.header:
        return None
    names = head.rows[layout.last]
    below = [row for row in head.rows[layout.last + 1 :] if any(cell.strip() for cell in row)]
    numbers, last = [row[0].strip() for row in below], {kind_of(row[-1]) for row in below}
    is_longer = len(below) >= _FEW_RECORDS and all(len(row) == len(names) + 1 for row in below)
    if not is_longer or not all(map(str.isdecimal, numbers)) or len(set(numbers)) < len(numbers):
        return None
    if {*map(len, numbers)} == {len(numbers[0])} and len(numbers[0]) >= _CODE_DIGITS:  # 10001 and 10002 are codes
        return None
    if last <= {Kind.TEXT, Kind.BLANK} or _COUNTS.fullmatch(names[0].strip()):
        return None
    line, width = head.lines[layout.last], len(names)
    return Text(
        f"表头（第 {line} 行）有 {width} 列，下面每一行都有 {width + 1} 个值，第一个像是没有列名的行号，各列会错开一格。"
        "请补上缺的列名，或去掉行号那一列再导出。",
        f"The header (line {line}) has {width} columns and every record below {width + 1} values, of which the first looks like "
        "a row number without a name, so that all columns would be one off. Add the missing name, or export the file "
        "without the row numbers.",
    )


def _first_torn(cells: Sequence[str]) -> str:
    """The first amount of a record that stands in several cells; empty for none."""
    for first in range(len(cells) - 1):
        for end in range(min(len(cells), first + _MOST_PIECES), first + 1, -1):
            found = _TORN.fullmatch(",".join(cells[first:end]))
            if found and (found["sign"] or found["rest"]):
                return found[0].strip()
    return ""


@contextmanager
def _single_delimiter(text: PlainText, delimiter: str) -> Iterator[PlainText]:
    """A copy of the text in which one character stands for a delimiter of several, but for those inside quotes."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as copy, text.path.open("rb") as source:
        source.seek(text.offset)
        several, single = delimiter.encode(), _SINGLE.encode()
        if text.has_quotes:
            copy.writelines(_split_anew(source, several, single))
        else:
            copy.writelines(line.replace(several, single) for line in source)
        copy.flush()
        yield replace(text, path=Path(copy.name), offset=0)


_CARRIAGE = re.compile(rb"(?<=\r)(?!\n)")
"""Where a line ends without a line feed."""
_REST_OF_QUOTED = re.compile(rb'[^"]*+(?:""[^"]*+)*+("?)')


def _split_anew(lines: Iterable[bytes], several: bytes, single: bytes) -> Iterator[bytes]:
    """The lines with `single` between their values; a quote counts where it begins a value, and may close on a later line."""
    is_inside = False
    for line in (one for several_ends in lines for one in _CARRIAGE.split(several_ends)):
        made, at = [], 0
        if not is_inside and line.startswith(b'"'):
            is_inside, at = True, 1
            made.append(b'"')
        while True:
            if is_inside and (rest := _REST_OF_QUOTED.match(line, at)):
                made.append(rest[0])
                at, is_inside = rest.end(), not rest[1]
            end = line.find(several, at)
            if is_inside or end < 0:
                made.append(line[at:])
                break
            made += [line[at:end], single]
            at = end + len(several)
            if line.startswith(b'"', at):
                is_inside, at = True, at + 1
                made.append(b'"')
        yield b"".join(made)


def _uncountable(text: PlainText, counted: RecordCount) -> SheetRead:
    if line := counted.open_quote_line:
        problem = Text(
            f"第 {line} 行有一个双引号没有成对，后面的行都会被并进这一格。请补上或删掉这个引号后再发。",
            f"A double quote that begins on line {line} is never closed, so all lines below run into one cell. "
            "Close or remove it and send the file again.",
        )
    elif long_line := first_long_line(text, _BLOCK_BYTES):
        problem = _long_line(long_line)
    else:
        problem = Text(
            "文件的行拆不开：按引号数出的行数与读到的行数不同。请在 Excel 里重新导出为“CSV UTF-8”。",
            "The rows of the file cannot be told apart: counting quotes gives another number than reading. "
            "Export it again as “CSV UTF-8”.",
        )
    return refused(problem, total=text.lines, encoding=text.encoding)


def _long_line(line: int) -> Text:
    return Text(
        f"第 {line} 行（或它的某一格）太长，有几十万个字符，不像表格里的一行：可能换行丢了，或整段文字贴进了一格。"
        "请检查这一行，改好后重新导出再发。",
        f"Line {line}, or a cell in it, is too long for a row of a table, with hundreds of thousands of characters: perhaps "
        "its line ends were lost, or a whole text was pasted into a cell. Check that line, export the file again and send it.",
    )


def _not_text(text: PlainText) -> Text:
    return Text(
        f"第 {text.null_line} 行有空字节，这不是文本文件，或已损坏。请重新导出为 CSV，或把文件名的后缀改成它真正的格式。",
        f"There is a null byte on line {text.null_line}: this is no text file, or it is damaged. Export it again as "
        "CSV, or give the file the extension of its real format.",
    )
