"""A sheet before it is understood: texts by row and column, merged areas, and what is known to be damaged."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from canonical_model.language import Text
from connectors.base import ROW

_FORM_ROWS = 8
"""Rows in which a form says above its table what it is about."""


class Span(NamedTuple):
    """A merged area by position, from 0, all ends included."""

    top: int
    left: int
    bottom: int
    right: int

    def moved_up(self, rows: int) -> "Span":
        """The same area where so many rows above it are gone."""
        return self._replace(top=self.top - rows, bottom=self.bottom - rows)


@dataclass(slots=True)
class Grid:
    """One whole sheet.

    Attributes:
        rows: Text columns by position, then `_row`.
        merges: Its merged areas.
        suspects: Damaged cells: (row number, column position, issue code).
        notes: What was met on the way and did no harm, such as macros.
    """

    rows: pa.Table
    merges: Sequence[Span] = ()
    suspects: list[tuple[int, int, str]] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Columns, with and without content."""
        return int(self.rows.num_columns) - 1

    def head(self, count: int) -> list[list[str]]:
        """The first rows as texts."""
        return texts_of(self.rows.slice(0, count))


def texts_of(rows: pa.Table) -> list[list[str]]:
    """The rows of a grid as lists of texts, without their numbers."""
    if rows.num_columns == 1:
        return [[] for _ in range(rows.num_rows)]
    return [list(row) for row in zip(*(column.to_pylist() for column in rows.columns[:-1]), strict=True)]


def rows_above(rows: pa.Table, headers: Sequence[int]) -> Iterator[list[str]]:
    """The rows right above headers that come again, by their numbers: another form of the same kind may begin there."""
    places = {number: place for place, number in enumerate(rows[ROW].to_pylist())} if headers else {}
    for number in headers:
        first = max(0, places[number] - _FORM_ROWS)
        yield from texts_of(rows.slice(first, places[number] - first))


def forms_above(rows: pa.Table, headers: Sequence[int]) -> dict[tuple[str, ...], None]:
    """The different rows right above headers that come again in a text, up to the next record.

    A record fills most columns, and most of its cells hold no label with a colon.
    """
    places = {number: place for place, number in enumerate(rows[ROW].to_pylist())}
    active, found = [places[number] for number in headers], dict[tuple[str, ...], None]()
    for distance in range(1, _FORM_ROWS + 1):
        active = [place for place in active if place >= distance]
        above = texts_of(rows.take(pa.array([place - distance for place in active], pa.int64())))
        forms = [not _is_record(row) for row in above]
        found |= dict.fromkeys(tuple(row) for row, is_form in zip(above, forms, strict=True) if is_form)
        active = [place for place, is_form in zip(active, forms, strict=True) if is_form]
    return found


def _is_record(row: Sequence[str]) -> bool:
    filled = [cell for cell in row if cell.strip()]
    labelled = sum(":" in cell or "：" in cell for cell in filled)
    return 2 * len(filled) > len(row) and 2 * labelled < len(filled)


def row_numbers(first: int, count: int) -> pa.Array:
    """`count` numbers from `first` on."""
    return pa.arange(first, first + count)


def holds_any(column: pa.ChunkedArray, texts: Iterable[str]) -> bool:
    """Whether one of `texts` stands anywhere in the memory of `column`: a quick look before each value is looked at."""
    for chunk in column.chunks:
        values = chunk.buffers()[2]
        content = b"" if values is None else values.to_pybytes()
        if any(text.encode() in content for text in texts):
            return True
    return False


def has_empty(column: pa.ChunkedArray) -> bool:
    """Whether any value of `column` is the empty text; told from the lengths alone, without a look at the texts."""
    return bool(pc.min(pc.binary_length(column)).as_py() == 0)


def least_byte(column: pa.ChunkedArray) -> int:
    """The least byte in the memory of `column`; 255 where there is none."""
    buffers = (chunk.buffers()[2] for chunk in column.chunks)
    least = (pc.min(pa.Array.from_buffers(pa.uint8(), one.size, [None, one])).as_py() for one in buffers if one)
    return min((one for one in least if one is not None), default=255)


def is_ascii(column: pa.ChunkedArray) -> bool:
    """Whether all of the memory of `column` is ASCII."""
    values = (chunk.buffers()[2] for chunk in column.chunks)
    return all(one is None or one.to_pybytes().isascii() for one in values)


def holds_match(column: pa.ChunkedArray, pattern: str) -> bool:
    """Whether the memory of `column` holds a match of the regular expression (RE2), perhaps across values: a quick look.

    The pattern has no anchors, since the values stand there without a gap.
    """
    for chunk in column.chunks:
        values = chunk.buffers()[2]
        if values is None:
            continue
        ends = pa.py_buffer(struct.pack("=qq", 0, values.size))
        content = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, values])
        if pc.match_substring_regex(content, pattern)[0].as_py():
            return True
    return False


_GUARDED = r'^="((?s:.*))"$|^\'(\d[\w-]*|\w[\w./-]*\d[\w./-]*)$|^`([^`]*)$'


def unguarded(rows: pa.Table) -> pa.Table:
    """`rows` in which ="000123", '000123, 'PO-1 and `000123, ways to keep a code a text in Excel, are 000123 and PO-1."""
    for position, column in enumerate(rows.columns):
        if pa.types.is_string(column.type) and holds_any(column, ["=", "'", "`"]):
            bare = pc.replace_substring_regex(column, _GUARDED, r"\1\2\3")
            rows = rows.set_column(position, rows.schema.field(position), bare)
    return rows


def matches(column: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    """Which values hold a match of the regular expression (RE2); each different one of a block is looked at once."""
    looked_up = (chunk.dictionary_encode() for chunk in column.chunks)
    found = [pc.take(pc.match_substring_regex(one.dictionary, pattern), one.indices) for one in looked_up]
    return pa.chunked_array(found, pa.bool_())


def grid_of(rows: Sequence[Sequence[str]], merges: Sequence[Span] = ()) -> Grid:
    """A grid of rows of texts, all made as wide as the widest."""
    width = max((len(row) for row in rows), default=0)
    columns = [[row[place] if place < len(row) else "" for row in rows] for place in range(width)]
    names = [*map(str, range(width)), ROW]
    numbers = row_numbers(1, len(rows))
    return Grid(pa.table([*(pa.array(column, pa.string()) for column in columns), numbers], names=names), merges)
