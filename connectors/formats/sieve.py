"""Rows below a header that are no records: blank rows, totals, repeated headers, page marks, signatures at the end."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce

import pyarrow as pa
import pyarrow.compute as pc

from canonical_model.text import simplified
from connectors.base import ROW
from connectors.formats.cells import Kind, decimals, kind_of
from connectors.formats.grid import has_empty, holds_match, is_ascii, matches, texts_of
from connectors.formats.layout import Layout, Row, header_name
from connectors.formats.tail import end_of_records
from connectors.formats.totals import (
    BLANKS,
    COUNTS,
    LATIN_SIGNS,
    SIGNS,
    SUBTOTALS_BEFORE,
    TOTALS,
    TOTALS_BEFORE,
    TOTALS_BEHIND,
    WEAK_TOTALS,
    is_sum,
)
from connectors.formats.words import is_measure, says_everywhere

_SUM = r"(?:[合总総小共累]\s*计|[总総]\s*和|汇\s*[总総])"
_TOTAL = re.compile(
    r"^\s*(?:本页|本单|本[日月年期]|当[日月年页]|全部|所有|应付|应收|数量|金额|库存|在库|以上|大写|不?含税|未税|价税|总)*"
    rf"(?:{_SUM}|总[额量])(?:数量|金额|件数|重量|人民币|大写|数)*[行栏]?\s*(?:\d+\s*[项種种件条款个笔])?\s*(?:[:：(（].*)?$"
    r"|^\s*总(?:数量|金额|件数|重量|额|数|量|库存)?\s*(?:[:：(（].*)?$|^\s*计\s*[:：]?\s*$"
    r"|^\s*(?:平均|均价)(?:值|数|价|单价)?\s*[:：]?\s*$|^\s*(?:过次页|转下页|转次页|承前页|接上页)\s*$"
    r"|^\s*(?:[上本][月期页]|期[初末])(?:结存|结转|余额|库存)\s*[:：]?\s*$|^\s*差异\s*[:：]?\s*$"
    r"|^\s*[*∑Σ]{1,3}\s*$|^\s*最[大小高低]值\s*[:：]?\s*$"
    r"|^\s*共\s*\d+\s*(?:箱|件|条|项|行|笔|单|种|个|托|板|卷|批|页|张|PCS|pcs)(?:记录|数据|货物|产品)?\s*[。.]?\s*$"
    r"|^\s*(?i:grand\s+|sub[- ]?|page\s+|order\s+)?(?i:totals?|sum|ttl)(?i:\s+(?:amount|qty|quantity|price|value|cost|order|invoice|weight|lines|items|due|stock|inventory|on hand))?\s*(?:[:(].*)?$"
    rf"|^\s*(?i:{TOTALS})\s*(?:[:：(（].*)?$"
)
_GROUP_TOTAL = re.compile(
    rf"^(?P<group>.*\S)\s*{_SUM}\s*[:：]?\s*$|^(?P<name>.*\S)\s+(?i:sub[- ]?totals?|totals?)\s*:?\s*$"
    rf"|^(?P<named>.*\S)\s+(?i:{TOTALS_BEHIND})\s*:?\s*$|^\s*(?i:{SUBTOTALS_BEFORE})\s+(?P<of>\S.*?)\s*:?\s*$"
    r"|^(?P<counted>.*\S)\s*[(（]\s*共?\s*\d+\s*(?:项|种|条|行|个品种|款)\s*[)）]\s*$"
)
_TOTAL_OF = re.compile(rf"^\s*(?i:{TOTALS_BEFORE})\s+(?P<group>\S.*?)\s*:?\s*$")
"""Total W1, which may be the name of a thing as well."""
_BLANK = re.compile(rf"^\s*(?i:{BLANKS})\s*$")
_COUNTED = re.compile(rf"^\s*(?i:{COUNTS})\s*(?:[:：].*)?$")
_PART = re.compile(r"^\s*(?:其中\s*[:：]|[└├┗┣])")
"""What begins a row that says again a part of the row above it."""
_TYPE = re.compile(
    r"\s*(?:文本|字符串?|字符型|数字|数值|整数|小数|日期|布尔|(?i:string|text|varchar|char|number|numeric|integer|int|decimal|date|boolean))\s*(?:[(（][\d,，\s]+[)）])?\s*"
)
"""What a template writes below its header to say how each column is filled in."""
_PAGE = re.compile(
    r"^[\s\-—]*(?:第\s*\d+\s*页.*|共\s*\d+\s*页.*|(?i:page)\s*[:.]?\s*\d+.*|\d{1,3}\s*/\s*\d{1,3})[\s\-—]*$"
    r"|^\s*(?:打印|列印|导出|汇出)(?:时间|日期|人)\s*[:：].*$|^\s*(?i:printed|exported)(?:\s+(?:on|at|by))?\s*:.*$"
)
_PAGE_WORD = re.compile(r"页|(?i:page|printed|exported)|打印|列印|导出|汇出")
_PRINTED = re.compile(
    r"^\s*(?:(?i:(?:printed|exported|generated)(?:\s+(?:on|at|by))?)|(?:打印|列印|导出|汇出)(?:时间|日期|人))\s*[:：]"
)
_RULE = re.compile(r"\s*[-=_*─━—+|][-=_*─━—+|\s]{2,}")
"""What draws a line across a printed list."""
_ROLE = (
    r"(?:制[表单]|编制|填[表报]|审[核批]|复核|批准|核准|经办|主管|负责|仓管|保管|库管|会计|采购|业务|收货|送货|验收|签收|盘点|监盘)(?:人员?|员)?(?:签字|签名|签章)?"
    r"|(?i:(?:prepared|approved|checked|verified|reviewed|issued|received)(?: by)?)"
)
_SIGNED = re.compile(rf"\s*(?:(?:{_ROLE})\s*[:：]\D*|(?:日期|(?i:date))\s*[:：].*)", re.DOTALL)
"""制表：王 | 审核：李 | 日期：2026-03-05"""
_SIGNED_BY = re.compile(rf"\s*(?:(?:{_ROLE})(?:(?<=[人员字名章])|\s*[:：])|(?:日期|(?i:date))\s*[:：]?)\s*[:：]?\s*")
"""保管员 | 王芳 | | , Prepared by: | Wang"""
_LABELLED = re.compile(r"\s*[^\s:：\d][^:：\d]{0,14}[:：]")
_ROLE_ALONE = re.compile(
    rf"\s*(?:{_ROLE}|制单|审批|采购员|业务员|司机|车号|电话|传真|地址|联系人)(?:流程|意见|记录|人)?\s*"
)
"""What a row between two printed pages begins with, and no record."""
_LONGEST_BREAK = 8
"""Rows between the last record of a page and the header of the next."""
_STROKES = r"^(?:[/\\|]{1,3}|[-_]{1,3}|[—–]{1,2})?$"
_LONGEST_STROKES = 6
"""Bytes of the longest: ——."""
_FEWEST_SUMMED, _PAIR = 2, 2
_LOOKED_BELOW = 20
_LOOKED_AT = 200
"""Rows above a total in which its group stands, and of which it may be the sum."""
_WHOLE = re.compile(r"^\s*(?:全仓|全部|所有)\s*$")
_NOTE = re.compile(r"^\s*(?:备注|说明|附注|注|(?i:notes?|remarks?))\s*(?:[:：].*)?$", re.DOTALL)
_WEAK = re.compile(rf"^\s*(?:[*∑Σ]{{1,3}}|(?i:sum|ttl|{WEAK_TOTALS}))\s*$")
"""What says total, and is a mark or code as well."""
_COUNT = re.compile(r"^(?P<group>.*\S)\s+计\s*$")
"""B 计 below rows of B; 压力 计 is a gauge."""
_SAY_TOTAL = (_TOTAL, _GROUP_TOTAL, _TOTAL_OF)
_NO_WORD = {"", "-", "--", "—", "/"}
_LABEL_COLUMNS = 3
"""A total behind the names of its groups says so in one of the first columns."""
_RUNNING_NUMBER = re.compile(r"\W*(?:(?:序|行|项)\s*[号次]?(?![\u3400-\u9fff])|(?i:no\.?|line|#)$)")
_NOTHING = r"^\s*(?:[¥￥$]?\s*0+(?:[.]0+)?|[¥￥$]?\s*-|[-—]*请(?:选择|填写)[-—]*)?\s*$"
"""What a formula gives in a row of a form that nobody has filled in."""
_PREFILLED_COLUMNS, _PREFILLED_BLANKS = 4, 2
_FIGURE = re.compile(r"^\s*[-+(]?[¥￥$€£]?\s*[\d０-９][\d０-９,，.．\s]*[)%]?\s*\D{0,3}$")


@dataclass(slots=True)
class Sieve:
    """Takes what is no record out of the rows below a header and remembers which rows and why.

    Attributes:
        layout: The columns.
        rows: Numbers of the rows to read; None for all.
        skipped: Row numbers by reason, since `take_skipped` was last called.
        before: The last rows that an earlier call looked at; None at first.
        feet: What stood at the feet of pages; it may stand below the last record too.
        below: What notes say between the records, and what stands below the last one, as `trim_end` found it.
    """

    layout: Layout
    rows: range | None = None
    skipped: dict[str, list[int]] = field(default_factory=dict)
    before: pa.Table | None = None
    feet: set[tuple[str, ...]] = field(default_factory=set)
    below: list[str] = field(default_factory=list)

    def sift(self, rows: pa.Table) -> pa.Table:
        """The records among `rows` (text columns by position, then `_row`)."""
        if self.rows is not None:
            inside = pc.and_(pc.greater_equal(rows[ROW], self.rows.start), pc.less(rows[ROW], self.rows.stop))
            rows = self._leave_out(rows, pc.invert(inside), "outside_area")
        if not rows.num_rows:
            return rows
        rows = self._leave_out(rows, pc.invert(self._is_filled(rows)), "blank")
        for unused in (self._prefilled, self._crossed_out):
            if (mask := unused(rows)) is not None:
                rows = self._leave_out(rows, mask, "prefilled")
        reasons = self._reasons(rows)
        if repeated := self._repeated(rows):
            reasons |= repeated | self._between_pages(rows, set(reasons), repeated)
        self.before = rows.slice(max(0, rows.num_rows - _LOOKED_AT))
        return self._leave_out_by_reason(rows, reasons)

    def trim_end(self, rows: pa.Table) -> pa.Table:
        """`rows` without what stands below the last record: signatures, notes (制表人：… 注：…), the tax below a total."""
        rows = self._without_sum(rows)
        keep = end_of_records(rows, self.layout, self.skipped.get("total", ()))
        while keep and self.feet and tuple(texts_of(rows.slice(keep - 1, 1))[0]) in self.feet:
            keep -= 1
        numbers = rows[ROW].slice(keep).to_pylist()
        if not numbers:
            return rows
        self.skipped.setdefault("after_end", []).extend(numbers)
        self.below += [cell for row in texts_of(rows.slice(keep)) for cell in row if cell.strip()]
        return self._without_sum(rows.slice(0, keep))

    def _without_sum(self, rows: pa.Table) -> pa.Table:
        """`rows` without a last one that holds the sums of all above it, whatever it is called."""
        return self._leave_out(rows, pc.equal(rows[ROW], rows[ROW][-1]), "total") if self._sums_up(rows) else rows

    def _sums_up(self, rows: pa.Table) -> bool:
        """Whether the last row holds the sums of all rows above it and nothing else, as lists of SAP end, or one word with them."""
        named = self.layout.named
        if not named or rows.num_rows <= _FEWEST_SUMMED:
            return False
        last, above = texts_of(rows.slice(rows.num_rows - 1))[0], rows.slice(0, rows.num_rows - 1)
        filled = [column for column, cell in enumerate(last) if cell.strip()]
        figures = [column for column in filled if not is_measure(last[column])]
        label = next((column for column in figures if kind_of(last[column]) is Kind.TEXT), None)
        if label is None and (last[named[0]].strip() or 2 * len(filled) > len(named)):
            return False
        if label is not None:
            figures = figures[1:] if label == figures[0] else []
            if not self._may_label_sums(label, [last[column] for column in figures], above, set(named) - set(filled)):
                return False
        return is_sum([above.column(column).to_pylist() for column in figures], [last[column] for column in figures])

    def _may_label_sums(self, label: int, figures: list[str], above: pa.Table, gaps: Collection[int]) -> bool:
        """Whether a word in column `label` may say total: a gap is never one above, and no names stand over a single figure."""
        named = self.layout.named
        if label not in named[:_LABEL_COLUMNS] or 2 * (1 + len(figures)) > len(named) or not any(decimals(figures)):
            return False
        if not any(pc.all(pc.not_equal(above.column(column), "")).as_py() for column in gaps):
            return False
        return label != named[0] or len(figures) >= _FEWEST_SUMMED or not _holds_words(above, label)

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
        places = pc.indices_nonzero(candidates).to_pylist()
        marked = [(row, [simplified(cell) for cell in cells]) for row, cells in _rows(rows.filter(candidates))]
        named = len(self.layout.named)
        found = {row: why for row, cells in marked if (why := _reason(cells, named)) and not self._is_coded(cells)}
        for place, (row, cells) in zip(places, marked, strict=True):
            if row not in found and self._is_note(cells, rows.slice(place + 1, _LOOKED_BELOW)):
                found[row] = "note"
                self.below += [cell for cell in cells if cell.strip()]
            if row not in found and (
                _sums_group(cells, partial(self._above, rows, place, found))
                or self._sums_above(cells, rows.slice(0, place), found)
            ):
                found[row] = "total"
        return found

    def _sums_above(self, cells: list[str], above: pa.Table, found: Mapping[int, str]) -> bool:
        """Whether a row such as Total W1 holds the sums of the rows above it: of all of them, or of those below the last total."""
        filled = [column for column, cell in enumerate(cells) if cell.strip() and not is_measure(cell)]
        figures = filled[1:]
        if not figures or not any(one.match(cells[filled[0]]) for one in (_TOTAL, _TOTAL_OF)):
            return False
        near = above.slice(max(0, above.num_rows - _LOOKED_AT))
        records: list[tuple[str, ...]] = []
        group: list[tuple[str, ...]] = []
        texts = zip(*(near.column(column).to_pylist() for column in figures), strict=True)
        for number, row in zip(near[ROW].to_pylist(), texts, strict=True):
            if number not in found:
                records.append(row)
                group.append(row)
            elif found[number] == "total":
                group = []
        groups = [group, *([records] if near.num_rows == above.num_rows else [])]
        sums = [cells[column] for column in figures]
        return any(one and is_sum(list(zip(*one, strict=True)), sums) for one in groups)

    def _is_note(self, cells: list[str], below: pa.Table) -> bool:
        """Whether a row says something of a row above it (PO-1 | 备注 | 急): such a label, and no figures behind it.

        Where it begins with the label, records have to follow: what stands below the last one is told by `trim_end`.
        """
        named = self.layout.named
        at = next((column for column in named[:_LABEL_COLUMNS] if _NOTE.match(cells[column])), None)
        if at is None or all(cell.strip() for cell in cells) or any(map(_FIGURE.match, cells[at + 1 :])):
            return False
        filled = (sum(bool(cell.strip()) for cell in row) for row in texts_of(below))
        return any(cell.strip() for cell in cells[:at]) or any(2 * count > len(named) for count in filled)

    def _is_coded(self, cells: list[str]) -> bool:
        """Whether a mark such as * or a code such as SUM stands before the next column's value, where a total has a gap."""
        first, *others = self.layout.named
        return len(others) > 1 and bool(_WEAK.match(cells[first]) and cells[others[0]].strip())

    def _above(self, rows: pa.Table, place: int, totals: Mapping[int, str], column: int) -> str:
        """The last text above a place in a column, other than in a total."""
        begin = max(0, place - _LOOKED_AT)
        above = rows.slice(begin, place - begin)
        texts, numbers = above.column(column).to_pylist(), above[ROW].to_pylist()
        if self.before is not None and column < self.before.num_columns - 1:
            texts, numbers = self.before.column(column).to_pylist() + texts, self.before[ROW].to_pylist() + numbers
        there = zip(reversed(texts), reversed(numbers), strict=True)
        return next((simplified(text.strip()) for text, number in there if text.strip() and number not in totals), "")

    def _is_filled(self, rows: pa.Table) -> pa.ChunkedArray:
        """Which rows hold more than a running number and a printed line."""
        named = self.layout.named
        filled = _is_filled(rows)
        if len(named) > 1 and _RUNNING_NUMBER.match(self.layout.names[named[0]].strip()):
            others = _is_filled(rows.remove_column(named[0]))
            filled = pc.and_(filled, pc.or_(others, pc.invert(matches(rows.column(named[0]), r"^\s*\d+\s*$"))))
        return filled

    def _prefilled(self, rows: pa.Table) -> pa.ChunkedArray | None:
        """Which rows of a form were never filled in: they hold a running number, the unit or date of every row, and zeros."""
        named = self.layout.named
        blanks = sum(has_empty(rows.column(column)) for column in named)
        if blanks < _PREFILLED_BLANKS or len(named) < _PREFILLED_COLUMNS:
            return None
        is_numbered = bool(_RUNNING_NUMBER.match(self.layout.names[named[0]].strip()))
        found: pa.ChunkedArray | None = None
        for column in named[is_numbered:]:
            same = pc.unique(rows.column(column))
            if len(same) == 1 and (is_measure(same[0].as_py()) or kind_of(same[0].as_py()) is Kind.DATE):
                continue
            empty = matches(rows.column(column), _NOTHING)
            found = empty if found is None else pc.and_(found, empty)
            if not pc.any(found).as_py():
                return None
        return self._counted(rows, found) if is_numbered else found

    def _counted(self, rows: pa.Table, found: pa.ChunkedArray | None) -> pa.ChunkedArray | None:
        """Those of the rows that have nothing but a number before the first name: 仓库：上海仓 there heads the rows below it."""
        is_number = matches(rows.column(self.layout.named[0]), r"^[^\pL\d]*\d*[^\pL\d]*$")
        return is_number if found is None else pc.and_(found, is_number)

    def _crossed_out(self, rows: pa.Table) -> pa.ChunkedArray | None:
        """Which rows of a form have strokes in all that is filled, behind a running number."""
        named = self.layout.named
        is_numbered = bool(_RUNNING_NUMBER.match(self.layout.names[named[0]].strip())) if named else False
        found: pa.ChunkedArray | None = None
        for column in named[is_numbered:]:
            short = pc.less_equal(pc.binary_length(rows.column(column)), _LONGEST_STROKES)
            found = short if found is None else pc.and_(found, short)
            if not pc.any(found).as_py():
                return None
            found = pc.and_(found, matches(rows.column(column), _STROKES))
        return self._counted(rows, found) if is_numbered else found

    def _repeated(self, rows: pa.Table) -> dict[int, str]:
        """Which of `rows` say the header again, and the titles above it, as lists printed page by page do."""
        found: dict[int, str] = {}
        for header in self.layout.header:
            found |= self._equal(rows, header)
        for title in self.layout.above if found else ():
            found |= self._equal(rows, title)
        return found

    def _between_pages(self, rows: pa.Table, left_out: Collection[int], repeated: Collection[int]) -> dict[int, str]:
        """Which of `rows` sign a page or head the next one, right above a repeated header: 送货人：| |收货人：, 制单|张三|审核|李四."""
        numbers = rows[ROW].to_pylist() if repeated else []
        found: dict[int, str] = {}
        for place, number in enumerate(numbers):
            if number not in repeated:
                continue
            begin = max(0, place - _LONGEST_BREAK)
            above = zip(
                reversed(numbers[begin:place]), reversed(texts_of(rows.slice(begin, place - begin))), strict=True
            )
            for row, cells in above:
                if row not in left_out and row not in repeated:
                    if not _is_form([simplified(cell.strip()) for cell in cells if cell.strip()]):
                        break
                    found[row] = "after_end"
                    self.feet.add(tuple(cells))
        return found

    def _equal(self, rows: pa.Table, wanted: Row) -> dict[int, str]:
        first = next((place for place, cell in enumerate(wanted) if cell.strip()), None)
        if first is None or first >= rows.num_columns - 1:
            return {}
        marked = rows.filter(pc.starts_with(pc.utf8_ltrim_whitespace(rows.column(first)), wanted[first][:1]))
        return {row: "repeated_header" for row, cells in _rows(marked) if _filled(cells) == _filled(wanted)}

    def _leave_out_by_reason(self, rows: pa.Table, reasons: Mapping[int, str]) -> pa.Table:
        for reason in sorted(set(reasons.values()), key=lambda one: (one == "after_end", one)):
            numbers = pa.array([row for row, why in reasons.items() if why == reason], pa.int64())
            rows = self._leave_out(rows, pc.is_in(rows[ROW], value_set=numbers), reason)
        return rows

    def _leave_out(self, rows: pa.Table, mask: pa.ChunkedArray, reason: str) -> pa.Table:
        numbers = rows[ROW].filter(mask).to_pylist()
        if not numbers:
            return rows
        self.skipped.setdefault(reason, []).extend(numbers)
        return rows.filter(pc.invert(mask))


_SAMPLE = re.compile(
    r"^\s*[(（【]?(?:(?:填写)?(?:示例|样例|范例)|例如?)\s*[)）】:：]|^\s*[(（【]?(?i:example)\s*[)）】:：]"
)
_LATIN_WORDS = (
    r"[Nn]ote|NOTE|[Rr]emark|REMARK|[Ee]xample|EXAMPLE|[Gg]esamt|GESAMT|[Ss]umme|SUMME|rinted|xported|RINTED|XPORTED|otal|OTAL|um|UM|age|AGE"
    r"|[Pp]repared|PREPARED|pproved|PPROVED|hecked|HECKED|erified|VERIFIED|eviewed|EVIEWED|ssued|SSUED|eceived|ECEIVED"
    rf"|{LATIN_SIGNS}|enerated|ENERATED"
    r"|--|==|__|(?i:string|text|varchar|integer|decimal|boolean)"
)
_WORDS = (
    rf"{_LATIN_WORDS}|{SIGNS}|制[表单單]|编制|編制|填[表报報]|审[核批]|審[核批]|[复復複覆]核|批准|核准|经办|經辦|主管|负责|負責|仓管|倉管|保管|库管|庫管|会计|會計"
    r"|签[收字]|簽[收字]|监盘|監盤|盘点|盤點|备注|備註|说明|說明|附注|附註|示例|样例|范例|[计計总總総汇匯彙页頁差]|结存|結存|结转|結轉|余额|餘額|期[初末]"
    r"|全仓|全倉|全部|所有|打印|列印|导出|匯出|平均|均价|均價|共|──|━━|最[大小高低]值|其中|[└├┗┣]"
    r"|文本|字符|数[字值]|數[字值]|整数|整數|小数|小數|日期|布尔|布爾|[(（]\s*共?\s*\d+\s*[项種种條条行款項個个]"
)
_BOUND = {
    r"^\s*[注註]\s*(?:[:：]|$)": "[注註]",
    r"^\s*例": "例",
    r"\b(?:[Aa]ll|ALL|ttl|TTL)\b": "[Aa]ll|ALL|ttl|TTL",
    r"^\s*[*∑Σ]+\s*$": "[*∑Σ]",
    r"^\s*(?:[Cc]ount|COUNT)\b": "[Cc]ount|COUNT",
}
"""What counts only in its place in a cell -> the same without the place."""
_WORD = "|".join([_WORDS, *_BOUND])
"""A row with none of these is neither a total nor a page mark nor a printed line."""
_WORD_ANYWHERE = "|".join([_WORDS, *_BOUND.values()])
_LATIN_ANYWHERE = rf"{_LATIN_WORDS}|[Aa]ll|ALL|ttl|TTL|[Cc]ount|COUNT|\*"
_SAYS_SOMETHING = (
    rf"{_WORD_ANYWHERE}|[:：]|采购|採購|业务|業務|[送收][货貨]|[验驗]收|(?i:{_LATIN_WORDS}|char|num|int|date)"
    r"|^\s*[-=_*─━—+|][-=_*─━—+|\s]{2,}$"
)
"""The same where a row without its first cell says it in any of the others: with a colon, by a role, or as a line."""


def _maybe_marked(rows: pa.Table, named: list[int]) -> pa.ChunkedArray | None:
    """Rows with such a word in the first columns, or anywhere where the first is blank; None where there are none."""
    found: pa.ChunkedArray | None = None
    for column in named[:_LABEL_COLUMNS]:
        texts = rows.column(column)
        if holds_match(texts, _LATIN_ANYWHERE if is_ascii(texts) else _WORD_ANYWHERE):
            marked = matches(texts, _WORD)
            found = marked if found is None else pc.or_(found, marked)
    if not named or not has_empty(rows.column(named[0])):
        return found
    blank = _says_something(rows, pc.equal(rows.column(named[0]), ""))
    return blank if found is None else pc.or_(found, blank)


def _says_something(rows: pa.Table, among: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which of some rows have such a word in any cell, or fill only one."""
    some = rows.filter(among)
    filled = [pc.not_equal(pc.utf8_trim_whitespace(column), "").cast(pa.int32()) for column in some.columns[:-1]]
    says = pc.less_equal(reduce(pc.add, filled), 1)
    for column in some.columns[:-1]:
        says = pc.or_(says, matches(column, _SAYS_SOMETHING))
    return pc.is_in(rows[ROW], value_set=some[ROW].filter(says))


def _is_filled(rows: pa.Table) -> pa.ChunkedArray:
    """Which rows hold something other than blanks; later columns are looked at only for rows without anything so far."""
    first = rows.column(0)
    filled = pc.and_(pc.greater_equal(first, "!"), pc.less(first, "\x7f"))  # most begin with a visible sign of ASCII
    if pc.all(filled).as_py():
        return filled
    filled = pc.not_equal(pc.utf8_trim_whitespace(first), "")
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
    full = [cell for cell in cells if cell.strip()]
    filled = [cell for cell in full if not is_measure(cell)] or full
    has_gaps = len(full) < named
    if len(filled) > 1 and (_SAMPLE.match(filled[0]) or all(map(_TYPE.fullmatch, filled))):
        return "sample"
    if _is_signed(full, named):
        return "after_end"
    if _PRINTED.match(filled[0]) and has_gaps and not any(map(_FIGURE.match, filled[1:])):
        return "page_mark"
    if all(map(_PAGE.match, filled)) and (len(filled) == 1 or any(map(_PAGE_WORD.search, filled))):
        return "page_mark"
    if all(map(_RULE.fullmatch, filled)):
        return "blank"
    if len(filled) > 1 and _TOTAL.match(filled[0].strip() + filled[1].strip()) and len(filled[1].strip()) == 1:
        filled = ["".join(filled[:2]), *filled[2:]]  # 合 | 计
    words = [cell for cell in (filled if has_gaps else full)[1:] if not _FIGURE.match(cell)]
    allowed = 1 if len(cells) >= 4 and has_gaps else 0
    is_whole = has_gaps and not words and _WHOLE.match(filled[0])
    is_alone = len(filled) == _PAIR or (has_gaps and len(filled) > 1)
    is_blank = is_alone and _BLANK.match(filled[0]) and all(map(_FIGURE.match, filled[1:]))
    is_counted = has_gaps and _COUNTED.match(filled[0])
    if is_blank or ((is_whole or is_counted or _TOTAL.match(filled[0])) and len(words) <= allowed and named > 1):
        return "total"
    if len(filled) > 1 and has_gaps and _FIGURE.match(filled[0]) and _TOTAL.match(filled[1]) and len(words) == 1:
        return "total"  # behind a running number
    is_group = _GROUP_TOTAL.match(filled[0]) and not words and 2 * len(filled) <= named and len(filled) > 1
    return "total" if is_group or _PART.match(filled[0]) else None


def _is_form(filled: list[str]) -> bool:
    """Whether a row of a page's head or foot says something with a label: 车号：苏E1 | 司机：王, 审批流程 | 张三."""
    is_role = _ROLE_ALONE.fullmatch(filled[0]) and not _FIGURE.match(filled[-1])
    return bool(_LABELLED.match(filled[0]) or is_role)


def _is_signed(filled: list[str], named: int) -> bool:
    """Whether a row is signed by those who made and checked the list, as each printed page is; 会计 | 李四 may be a record."""
    if any(map(_SIGNED.fullmatch, filled)) and all(
        one.endswith((":", "：")) or _SIGNED.fullmatch(one) for one in filled
    ):
        return True
    labels, names = filled[::2], filled[1::2]
    return (
        len(labels) == len(names)
        and len(filled) < named
        and all(map(_SIGNED_BY.fullmatch, labels))
        and all(kind_of(name) in {Kind.TEXT, Kind.DATE} for name in names)
    )


def _sums_group(cells: list[str], above: Callable[[int], str]) -> bool:
    """Whether a row is the total of the group above it: 恒远 | 小计 | 30, or 上海 汇总 | | 30, under rows of 恒远 or 上海.

    Args:
        cells: The row.
        above: The last text above it in a column.
    """
    filled = [column for column, cell in enumerate(cells) if cell.strip() not in _NO_WORD and not is_measure(cell)]
    at = next((column for column in filled if any(one.match(cells[column]) for one in _SAY_TOTAL)), None)
    if at is None:
        at = next((column for column in filled[1:] if says_everywhere(cells[column])), None)
    if at is None:
        at = next(
            (column for column in filled if (one := _COUNT.match(cells[column])) and one[1] == above(column)), None
        )
    if at is None or at == filled[-1] or not all(_FIGURE.match(cells[column]) for column in filled if column > at):
        return False
    groups = [column for column in filled if column < at]
    has_gaps = not all(cell.strip() for cell in cells)
    named = (
        _GROUP_TOTAL.match(cells[at]) or _COUNT.match(cells[at]) or (has_gaps and _TOTAL_OF.match(cells[at])) or None
    )
    beside = (above(column) for column in range(min(_LABEL_COLUMNS, len(cells))) if not _FIGURE.match(above(column)))
    own = {above(at), *beside, *(cells[column].strip() for column in groups)}
    is_own = named is not None and bool(own & set(named.groups()))
    same = [column for column in groups if cells[column].strip() == above(column)]
    others = [column for column in groups if column not in same]  # PO-1 | 3 | 合计 below line 2 of PO-1
    is_within = not others or (bool(same) and all(_follows(cells[column], above(column)) for column in others))
    return (is_own or bool(groups and not named)) and is_within


def _holds_words(rows: pa.Table, column: int) -> bool:
    """Whether most values of a column are words, as names are and codes are not."""
    values = [text for text in rows.column(column).slice(0, _LOOKED_AT).to_pylist() if text.strip()]
    return 2 * sum(kind_of(text) is Kind.TEXT for text in values) >= len(values)


def _follows(number: str, before: str) -> bool:
    """Whether a line number is the next one."""
    return number.strip().isdecimal() and before.isdecimal() and int(number) - int(before) in (1, 10)
