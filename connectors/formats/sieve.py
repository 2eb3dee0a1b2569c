"""Rows below a header that are no records: blank rows, totals, repeated headers, signatures at the end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import ROW
from connectors.formats.layout import Layout, header_name

_TOTAL = re.compile(
    r"^\s*(?:本页|本单|全部|应付|应收)?(?:合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|总\s*和)(?:数量|金额|件数|重量)?\s*(?:[:：(（].*)?$"
    r"|^\s*(?i:grand\s+|sub[- ]?|page\s+|order\s+)?(?i:totals?)\s*(?:[:(].*)?$"
)
_SIGNATURE = re.compile(r"^\s*[^\d:：]{1,12}[:：].*$", re.DOTALL)
_FIGURE = re.compile(r"^\s*[-+(]?[¥￥$€£]?\s*[\d０-９][\d０-９,，.．\s]*[)%]?\s*\D{0,3}$")


@dataclass(slots=True)
class Sieve:
    """Takes what is no record out of the rows below a header and remembers which rows and why.

    Attributes:
        layout: The columns.
        skipped: Row numbers by reason, since `take_skipped` was last called.
    """

    layout: Layout
    skipped: dict[str, list[int]] = field(default_factory=dict)

    def sift(self, rows: pa.Table) -> pa.Table:
        """The records among `rows` (text columns by position, then `_row`)."""
        if not rows.num_rows:
            return rows
        filled = _filled_cells(rows)
        blank = pc.equal(filled, 0)
        rows, filled = self._leave_out(rows, blank, "blank"), filled.filter(pc.invert(blank))
        named = len(self.layout.names) - len(self.layout.unnamed)
        reasons = self._reasons(rows.filter(pc.less(filled, named))) | self._repeated(rows)
        return self._leave_out_by_reason(rows, reasons)

    def trim_end(self, rows: pa.Table) -> pa.Table:
        """`rows` without signature lines (制表人：… 审核：…) below the last record."""
        keep = rows.num_rows
        while keep and _is_signature(_cells(rows, keep - 1)):
            keep -= 1
        numbers = rows[ROW].slice(keep).to_pylist()
        if numbers:
            self.skipped.setdefault("after_end", []).extend(numbers)
        return rows.slice(0, keep)

    def take_skipped(self) -> Mapping[str, tuple[int, ...]]:
        """What was left out since the last call."""
        taken = {reason: tuple(sorted(numbers)) for reason, numbers in self.skipped.items()}
        self.skipped = {}
        return taken

    def _reasons(self, rows: pa.Table) -> dict[int, str]:
        """Why which of `rows` (with gaps: a total row has some) are totals; only those with the word are looked at."""
        candidates: pa.ChunkedArray | None = None
        for column in rows.columns[:-1]:
            hit = pc.match_substring_regex(column, _TOTAL.pattern)
            candidates = hit if candidates is None else pc.or_(candidates, hit)
        marked = rows if candidates is None else rows.filter(candidates)
        return {row: "total" for row, cells in _rows(marked) if _is_total(cells)}

    def _repeated(self, rows: pa.Table) -> dict[int, str]:
        """Which of `rows` say the header again, as lists printed page by page do."""
        named = [position for position in range(len(self.layout.names)) if position not in self.layout.unnamed]
        if self.layout.index < 0 or not named:
            return {}
        first = named[0]
        trimmed = pc.utf8_trim_whitespace(rows.column(first))
        marked = rows.filter(pc.equal(trimmed, self.layout.names[first]))
        header = [self.layout.names[position] for position in named]
        return {
            row: "repeated_header"
            for row, cells in _rows(marked)
            if [header_name(cells[position]) for position in named] == header
        }

    def _leave_out_by_reason(self, rows: pa.Table, reasons: Mapping[int, str]) -> pa.Table:
        for reason in sorted(set(reasons.values())):
            numbers = pa.array([row for row, why in reasons.items() if why == reason], pa.int64())
            rows = self._leave_out(rows, pc.is_in(rows[ROW], value_set=numbers), reason)
        return rows

    def _leave_out(self, rows: pa.Table, mask: pa.ChunkedArray, reason: str) -> pa.Table:
        numbers = rows[ROW].filter(mask).to_pylist()
        if not numbers:
            return rows
        self.skipped.setdefault(reason, []).extend(numbers)
        return rows.filter(pc.invert(mask))


def _filled_cells(rows: pa.Table) -> pa.ChunkedArray:
    """How many cells of each row hold something other than blanks."""
    count: pa.ChunkedArray | None = None
    for column in rows.columns[:-1]:
        filled = pc.greater(pc.binary_length(pc.utf8_trim_whitespace(column)), 0).cast(pa.int16())
        count = filled if count is None else pc.add(count, filled)
    return count


def _cells(rows: pa.Table, position: int) -> list[str]:
    return [column[position].as_py() for column in rows.columns[:-1]]


def _rows(rows: pa.Table) -> list[tuple[int, list[str]]]:
    return [(rows[ROW][position].as_py(), _cells(rows, position)) for position in range(rows.num_rows)]


def _is_total(cells: list[str]) -> bool:
    """Whether the first filled cell says total and the others are figures, but for one word such as a unit."""
    filled = [cell for cell in cells if cell.strip()]
    words = [cell for cell in filled[1:] if not _FIGURE.match(cell)]
    return bool(_TOTAL.match(filled[0])) and len(words) <= (1 if len(cells) >= 4 else 0)


def _is_signature(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return 2 * len(filled) <= len(cells) and all(_SIGNATURE.match(cell) for cell in filled)
