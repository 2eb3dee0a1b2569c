"""Rows below a header that are no records: blank rows, totals, repeated headers, page marks, signatures at the end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import ROW
from connectors.formats.grid import texts_of
from connectors.formats.layout import Layout, Row, header_name

_SUM = r"(?:合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|总\s*和|汇\s*总)"
_TOTAL = re.compile(
    rf"^\s*(?:本页|本单|本月|全部|应付|应收|数量|金额|以上|大写)*{_SUM}(?:数量|金额|件数|重量|大写)*\s*(?:[:：(（].*)?$"
    r"|^\s*总(?:数量|金额|件数|重量|额|数)\s*(?:[:：(（].*)?$"
    r"|^\s*(?i:grand\s+|sub[- ]?|page\s+|order\s+)?(?i:totals?|sum)(?i:\s+(?:amount|qty|quantity|price|value|cost))?\s*(?:[:(].*)?$"
)
_GROUP_TOTAL = re.compile(rf"^.*\S\s*{_SUM}\s*[:：]?\s*$|^.*\S\s+(?i:sub[- ]?totals?|totals?)\s*:?\s*$")
_PAGE = re.compile(r"^[\s\-—]*(?:第\s*\d+\s*页.*|共\s*\d+\s*页.*|(?i:page)\s*[:.]?\s*\d+.*)$")
_SIGNATURE = re.compile(r"^\s*[^\d:：]{1,12}[:：].*$", re.DOTALL)
_NOTE = re.compile(
    r"^\s*(?:注|备注|说明|附注|注意|以上|以下空白|以下无|本表|本单|此表|制表|制单|审核|复核|批准|经办|签字|签章|盖章|打印|填表|导出|[（(【]|[*※])"
    r"|^\s*(?i:notes?|remarks?|prepared|approved|checked|printed|signature|end of|e\s?&\s?o|generated|exported)\b",
)
_NUMBERED = re.compile(r"^\s*[（(]?\d{1,2}[）)、.．]\s*\D{4}")
_FIGURE = re.compile(r"^\s*[-+(]?[¥￥$€£]?\s*[\d０-９][\d０-９,，.．\s]*[)%]?\s*\D{0,3}$")


@dataclass(slots=True)
class Sieve:
    """Takes what is no record out of the rows below a header and remembers which rows and why.

    Attributes:
        layout: The columns.
        rows: Numbers of the rows to read; None for all.
        skipped: Row numbers by reason, since `take_skipped` was last called.
    """

    layout: Layout
    rows: range | None = None
    skipped: dict[str, list[int]] = field(default_factory=dict)

    def sift(self, rows: pa.Table) -> pa.Table:
        """The records among `rows` (text columns by position, then `_row`)."""
        if self.rows is not None:
            inside = pc.and_(pc.greater_equal(rows[ROW], self.rows.start), pc.less(rows[ROW], self.rows.stop))
            rows = self._leave_out(rows, pc.invert(inside), "outside_area")
        if not rows.num_rows:
            return rows
        rows = self._leave_out(rows, pc.invert(_is_filled(rows)), "blank")
        return self._leave_out_by_reason(rows, self._reasons(rows) | self._repeated(rows))

    def trim_end(self, rows: pa.Table) -> pa.Table:
        """`rows` without signatures and notes (制表人：… 审核：… 注：…) below the last record."""
        keep = rows.num_rows
        while keep and _is_remark(*texts_of(rows.slice(keep - 1, 1))):
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
        """Which of `rows` are totals or page marks; only those with such a word are looked at."""
        candidates = _maybe_marked(rows, self.layout.named)
        if candidates is None:
            return {}
        marked = rows.filter(candidates)
        named = len(self.layout.named)
        return {row: why for row, cells in _rows(marked) if (why := _reason(cells, named))}

    def _repeated(self, rows: pa.Table) -> dict[int, str]:
        """Which of `rows` say the header again, and the titles above it, as lists printed page by page do."""
        found: dict[int, str] = {}
        for header in self.layout.header:
            found |= self._equal(rows, header)
        for title in self.layout.above if found else ():
            found |= self._equal(rows, title)
        return found

    def _equal(self, rows: pa.Table, wanted: Row) -> dict[int, str]:
        first = next((place for place, cell in enumerate(wanted) if cell.strip()), None)
        if first is None or first >= rows.num_columns - 1:
            return {}
        marked = rows.filter(pc.starts_with(pc.utf8_ltrim_whitespace(rows.column(first)), wanted[first][:1]))
        return {row: "repeated_header" for row, cells in _rows(marked) if _filled(cells) == _filled(wanted)}

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


_WORD = "计|总|汇|页|otal|OTAL|um|UM|age|AGE"
"""A row with none of these is neither a total nor a page mark."""


def _maybe_marked(rows: pa.Table, named: list[int]) -> pa.ChunkedArray | None:
    """Rows with such a word in the first column, or behind a running number, or anywhere where the first is blank."""
    if not named:
        return None
    first = rows.column(named[0])
    marked = pc.match_substring_regex(first, _WORD)
    for column in named[1:2]:
        marked = pc.or_(marked, pc.match_substring_regex(rows.column(column), _WORD))
    return pc.or_(marked, pc.equal(first, "")) if pc.any(pc.equal(first, "")).as_py() else marked


def _is_filled(rows: pa.Table) -> pa.ChunkedArray:
    """Which rows hold something other than blanks; later columns are looked at only for rows without anything so far."""
    filled = pc.not_equal(pc.utf8_trim_whitespace(rows.column(0)), "")
    for column in rows.columns[1:-1]:
        if pc.all(filled).as_py():
            break
        filled = pc.or_(filled, pc.not_equal(pc.utf8_trim_whitespace(column), ""))
    return filled


def _filled(cells: Row | list[str]) -> dict[int, str]:
    return {place: header_name(cell) for place, cell in enumerate(cells) if cell.strip()}


def _rows(rows: pa.Table) -> list[tuple[int, list[str]]]:
    return list(zip(rows[ROW].to_pylist(), texts_of(rows), strict=True))


def _reason(cells: list[str], named: int) -> str | None:
    """What a row is that is no record: a total, or the number of a page alone in its row.

    A total says so in its first filled cell, and the others are figures, but for one word such as a unit. A row
    without gaps is one only where all its others are figures; one of a group (上海仓 小计) has more gaps than values.
    """
    filled = [cell for cell in cells if cell.strip()]
    if len(filled) == 1 and _PAGE.match(filled[0]):
        return "page_mark"
    words = [cell for cell in filled[1:] if not _FIGURE.match(cell)]
    allowed = 1 if len(cells) >= 4 and len(filled) < named else 0
    if _TOTAL.match(filled[0]) and len(words) <= allowed and named > 1:
        return "total"
    if (
        len(filled) > 1
        and len(filled) < named
        and _FIGURE.match(filled[0])
        and _TOTAL.match(filled[1])
        and len(words) == 1
    ):
        return "total"  # behind a running number
    is_group = _GROUP_TOTAL.match(filled[0]) and not words and 2 * len(filled) <= named and len(filled) > 1
    return "total" if is_group else None


def _is_remark(cells: list[str]) -> bool:
    """Whether a row below the records is a signature or a note: it fills few cells, with labels or notes."""
    filled = [cell for cell in cells if cell.strip()]
    if 2 * len(filled) > max(len(cells), 2):
        return False
    if len(filled) == 1 and _NUMBERED.match(filled[0]):
        return True
    return all(_SIGNATURE.match(cell) for cell in filled) or (len(filled) <= 2 and bool(_NOTE.match(filled[0])))
