"""Finding the header under titles, notes and blank rows, by what rows look like; unsure is said, never guessed."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from canonical_model.language import Text
from canonical_model.text import clip
from connectors.formats.cells import Kind, kind_of
from connectors.formats.grid import Span
from connectors.formats.levels import join_levels, levels_from
from connectors.formats.words import is_header_word, series_of

SURE = 0.6
_CLOSE = 0.12
_LOOK_BELOW = 20
_LONGEST_NAME = 40
_TABLE_CELLS = 3
_PAIR = 2
_LONG_VALUE = 8
_WORDY = 0.75
_WIDEST = 1_000
"""Columns beyond which the width of a table is why its header cannot be told."""
_TERM = re.compile(r"\s*\d{1,2}\s*[)）、]")
_LABEL = re.compile(r"(?!\s*(?:求和|计数|平均值|最大值|最小值)项[：:]).*[：:]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Header:
    """The rows taken as the header.

    Attributes:
        index: Position of the first of them among the rows looked at.
        last: Position of the last; the same where the header has one level.
        names: The text over each column.
        confidence: From 0 to 1.
        reason: Why, in words.
    """

    index: int
    last: int
    names: tuple[str, ...]
    confidence: float
    reason: Text


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What speaks for one row, or a few nested ones; each a share from 0 to 1.

    Attributes:
        covered: Columns with data below that have a text here.
        wordy: Filled cells that are no numbers, dates or "label: value".
        distinct: Filled cells that differ from all others.
        unlike: Columns whose values below are of another kind than the cell here.
        alike: Columns whose values below are of the very kind of the (not plain text) cell here.
        known: Filled cells with a word usual in headers.
        recurring: Filled cells whose text stands below in the same column again, as values do.
    """

    index: int
    last: int
    names: tuple[str, ...]
    covered: float
    wordy: float
    distinct: float
    unlike: float
    alike: float
    known: float
    recurring: float

    @property
    def score(self) -> float:
        if self.covered < 0.5 or self.wordy < 0.5 or self.distinct < 0.5:
            return 0.0
        evidence = max(min(1.0, 2.5 * self.unlike), min(1.0, 1.6 * self.known))
        if len([name for name in self.names if name]) == 1 and not self.unlike:
            return 0.0  # a word over words in one column is as well a note
        shape = (self.covered + self.wordy + self.distinct) / 3
        return max(0.0, shape * (0.25 + 0.75 * evidence) - self.alike - self.recurring)


def find_header(
    rows: Sequence[Sequence[str]], *, merges: Sequence[Span] = (), numbers: Sequence[int] = ()
) -> Header | Text:
    """The header among `rows`, or the sentence that says why none was taken.

    A header is filled where the columns below hold data, its texts are short and differ, and the data below looks
    different (numbers, dates, codes) or the texts are words usual in headers. Two rows that could both be it are none.

    Args:
        rows: The first rows of the sheet as texts.
        merges: Merged areas of the sheet; a row that is one of them over most of the width is a title.
        numbers: The number of each row as a person counts; left out: from 1.
    """
    numbers = numbers or range(1, len(rows) + 1)
    kinds = [[kind_of(cell) for cell in row] for row in rows]
    filled = [sum(kind is not Kind.BLANK for kind in row) for row in kinds]
    titles = _titles(rows, filled, merges)
    candidates: list[_Candidate] = []
    for index in range(len(rows)):
        if filled[index] and index not in titles and not (candidates and candidates[-1].last >= index):
            candidates.append(_judge(rows, kinds, index, levels_from(rows, index, merges), merges))
    forms = _forms(rows)
    if any(one.score >= SURE and one.index not in forms for one in candidates):
        candidates = [one for one in candidates if one.index not in forms]
    best = max(candidates, key=lambda one: (one.score, -one.index), default=None)
    if best is None or best.score < SURE or _is_list_of_labels(kinds):
        return _unsure(rows, filled)
    best = next(one for one in candidates if one.names == best.names)
    if _is_transposed(rows, kinds, best):
        return _sideways(rows, numbers)
    rivals = [
        one
        for one in candidates
        if one.score >= max(SURE, best.score - _CLOSE)
        and one.names != best.names
        and not _is_wordless_above(one, best)
        and not _is_line_below(one, best)
        and (any(filled[one.last + 1 :]) or not any(filled[best.last + 1 :]))
        and not _TERM.match(next(filter(None, one.names)))
    ]
    rivals.sort(key=lambda one: -one.score)
    rivals = rivals or [
        one for one in candidates if one.last < best.index and _heads_table(one, rows[: best.index], filled)
    ]
    if rivals:
        return _torn(best, rivals[0], numbers)
    if (orphan := _orphan(best, rows, kinds)) is not None:
        return _unsure_above(orphan, best, numbers)
    above = sum(1 for index in range(best.index) if filled[index])
    return Header(best.index, best.last, best.names, round(best.score, 2), _reason(best, above, numbers))


def _is_wordless_above(one: _Candidate, best: _Candidate) -> bool:
    """Whether a row right above the best has no word usual in headers, which nearly all cells of the best are."""
    return one.index < best.index and not one.known and best.known >= _WORDY


def _is_line_below(one: _Candidate, best: _Candidate) -> bool:
    """Whether a text alone in its row below a whole table is no header, as the company that signs a list is none."""
    return one.index > best.last and sum(map(bool, one.names)) == 1 and sum(map(bool, best.names)) >= _TABLE_CELLS


def _is_transposed(rows: Sequence[Sequence[str]], kinds: Sequence[Sequence[Kind]], best: _Candidate) -> bool:
    """Whether every row is a field and every column a record: 料号 | A1 | A2 over 数量 | 5 | 6 over 交期 | 3/1 | 3/2."""
    fields = [
        ([row[column] for column in filled], {kinds[index][column] for column in filled[1:]})
        for index, row in enumerate(rows)
        if (filled := [column for column, kind in enumerate(kinds[index]) if kind is not Kind.BLANK])
    ]
    if sum(map(bool, best.names)) < _TABLE_CELLS or sum(map(is_header_word, best.names)) != 1:
        return False
    labels = [cells[0] for cells, _ in fields if len(cells) >= _TABLE_CELLS]
    values = {next(iter(found)) for cells, found in fields if len(cells) >= _TABLE_CELLS and len(found) == 1}
    return (
        len(set(labels)) == len(labels) >= _TABLE_CELLS
        and all(map(_is_label, labels))
        and len(values) >= _TABLE_CELLS
        and not any(series_of(best.names))
    )


def resembles_header(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether `row`, with `below` under it, would be taken as a header where it stood alone."""
    rows = [row, *below]
    return _judge(rows, [[kind_of(cell) for cell in one] for one in rows], 0, 0, ()).score >= SURE


def _is_list_of_labels(kinds: Sequence[Sequence[Kind]]) -> bool:
    """Whether all rows are a word and a value of its own kind, as on a cover: 版本 | V1.2, 日期 | 2026-03-01."""
    pairs = [pair for row in kinds if (pair := [kind for kind in row if kind is not Kind.BLANK])]
    values = Counter(pair[1] for pair in pairs if len(pair) == _PAIR)
    if len(pairs) < _TABLE_CELLS or any(len(pair) != _PAIR or pair[0] is not Kind.TEXT for pair in pairs):
        return False
    return len(values) > _PAIR and 2 * values.most_common(1)[0][1] <= len(pairs)


def _heads_table(one: _Candidate, rows: Sequence[Sequence[str]], filled: Sequence[int]) -> bool:
    """Whether a row above the best is the header of a table of its own, which ends before the best begins."""
    under = [count for count in filled[one.last + 1 : len(rows)] if count]
    is_wide = filled[one.index] >= _TABLE_CELLS and any(count >= _TABLE_CELLS for count in under)
    return is_wide and resembles_header(one.names, rows[one.last + 1 :])


def _orphan(best: _Candidate, rows: Sequence[Sequence[str]], kinds: Sequence[Sequence[Kind]]) -> str | None:
    """A text in the row above that stands over data without a header: that row may belong to the header."""
    above = rows[best.index - 1] if best.index else []
    if sum(bool(cell.strip()) for cell in above) < 2:
        return None
    data = _kinds_below(kinds, best.last)
    nameless = [column for column, name in enumerate(best.names) if not name and column in data and column < len(above)]
    return next((above[column] for column in nameless if _may_head(above[column])), None)


def _may_head(text: str) -> bool:
    return kind_of(text) is Kind.TEXT and not _LABEL.match(text)


def _titles(rows: Sequence[Sequence[str]], filled: Sequence[int], merges: Sequence[Span]) -> frozenset[int]:
    width = max((len(row) for row in rows), default=0)
    wide = [span for span in merges if span.right - span.left + 1 > max(2, width // 2)]
    return frozenset(
        row
        for span in wide
        for row in range(span.top, min(span.bottom + 1, len(rows)))
        if filled[span.top] <= 1 and filled[row] <= 1
    )


def _judge(
    rows: Sequence[Sequence[str]], kinds: Sequence[Sequence[Kind]], index: int, last: int, merges: Sequence[Span]
) -> _Candidate:
    names = tuple(join_levels(rows, index, last, merges))
    own = {
        column: kinds[index][column] if index == last else kind_of(name) for column, name in enumerate(names) if name
    }
    periods, counted = series_of(names)
    own |= dict.fromkeys(periods, Kind.DATE)
    below = _kinds_below(kinds, last)
    used = set(below) or set(own)
    filled = own.keys() & used if len(own.keys() & used) >= _TABLE_CELLS else own.keys()
    telling = {column: kind for column, kind in own.items() if column not in counted and column in filled} or own
    differing = [
        column
        for column, kind in telling.items()
        if kind is not Kind.CODE and _may_name(kind, below.get(column)) and below.get(column, kind) is not kind
    ]
    same = [column for column, kind in telling.items() if kind is not Kind.TEXT and below.get(column) is kind]
    words = [column for column, kind in own.items() if column in counted or _may_name(kind, below.get(column))]
    labels = sum(bool(_LABEL.match(names[column])) for column in words)
    short = [names[column] for column in own if len(names[column]) <= _LONGEST_NAME]
    return _Candidate(
        index=index,
        last=last,
        names=names,
        covered=len(used & set(own)) / len(used),
        wordy=(len(words) - labels) / len(own),
        distinct=len(set(short)) / len(own),
        unlike=len(differing) / len(telling),
        alike=len(same) / len(telling),
        known=sum(len(names[column]) <= _LONGEST_NAME and is_header_word(names[column]) for column in telling)
        / len(telling),
        recurring=_recurring(rows, last, names) / len(own),
    )


def _forms(rows: Sequence[Sequence[str]]) -> set[int]:
    """Rows that read label, value, label, value: 订单号 | PO-1 | 供应商 | 恒远.

    Where the values are words as well, a header may read so by chance: then only beside another such row or over a row
    that is a header by its words.
    """
    sure, maybe = set(), set()
    for index, row in enumerate(rows):
        texts = [cell.strip() for cell in row if cell.strip()]
        labels, values = texts[::2], texts[1::2]
        if not values or len(labels) != len(values) or not all(_is_label(label) for label in labels):
            continue
        kinds = [kind_of(value) for value in values]
        if any(kind is not Kind.TEXT for kind in kinds) or any(_LABEL.match(label) for label in labels):
            sure.add(index)
        elif all(not is_header_word(value) or len(value) >= _LONG_VALUE for value in values):
            maybe.add(index)
    filled = [index for index, row in enumerate(rows) if any(cell.strip() for cell in row)]
    below, above = dict(pairwise(filled)), dict(pairwise(reversed(filled)))
    return sure | {
        index
        for index in maybe
        if below.get(index) in sure | maybe or above.get(index) in sure or _is_wordy(rows, below.get(index))
    }


def _is_wordy(rows: Sequence[Sequence[str]], index: int | None) -> bool:
    """Whether nearly all cells of a row are words usual in headers."""
    texts = [] if index is None else [cell for cell in rows[index] if cell.strip()]
    return len(texts) >= _TABLE_CELLS and sum(map(is_header_word, texts)) >= _WORDY * len(texts)


def _is_label(text: str) -> bool:
    return kind_of(text) is Kind.TEXT and bool(is_header_word(text) or _LABEL.match(text))


def _may_name(kind: Kind, below: Kind | None) -> bool:
    """Whether a cell of this kind may be a column's name: a text, or the day over a column of numbers."""
    return kind in {Kind.TEXT, Kind.CODE} or (kind is Kind.DATE and below is Kind.NUMBER)


def _kinds_below(kinds: Sequence[Sequence[Kind]], index: int) -> dict[int, Kind]:
    """Per column with data in the next rows: the kind that most of its values have."""
    found: dict[int, Counter[Kind]] = {}
    for row in kinds[index + 1 : index + 1 + _LOOK_BELOW]:
        for column, kind in enumerate(row):
            if kind is not Kind.BLANK:
                found.setdefault(column, Counter())[kind] += 1
    return {column: counter.most_common(1)[0][0] for column, counter in found.items()}


def _recurring(rows: Sequence[Sequence[str]], last: int, names: Sequence[str]) -> int:
    """How many of `names` stand below in their own column, other than in a repeated header."""
    count = 0
    for row in rows[last + 1 : last + 1 + _LOOK_BELOW]:
        again = {
            column for column, name in enumerate(names) if name and column < len(row) and row[column].strip() == name
        }
        if len(again) < sum(map(bool, names)):
            count = max(count, len(again))
    return count


def _reason(best: _Candidate, above: int, numbers: Sequence[int]) -> Text:
    zh, en = [], []
    if above:
        zh.append(f"上面 {above} 行是标题或说明")
        en.append(f"the {above} filled rows above are titles or notes")
    if best.last > best.index:
        first, last = numbers[best.index], numbers[best.last]
        zh.append(f"第 {first}–{last} 行合成各列的名称")
        en.append(f"rows {first}–{last} together name the columns")
    zh.append("各列文字简短且互不相同")
    en.append("its texts are short and all different")
    if best.unlike:
        zh.append("下面的数据与它不同类（数字、日期或编码）")
        en.append("the values below are of another kind (numbers, dates or codes)")
    if best.known:
        zh.append("含有常见的表头用词")
        en.append("it has words usual in headers")
    return Text("，".join(zh), ", ".join(en))


def _torn(best: _Candidate, rival: _Candidate, numbers: Sequence[int]) -> Text:
    first, second = sorted((best, rival), key=lambda one: one.index)
    one, other = numbers[first.index], numbers[second.index]
    shown, shown_other = (" | ".join(name for name in each.names if name)[:40] for each in (first, second))
    if second.index == first.last + 1:
        more = f"；几行一起才是表头就写 header: {one}-{numbers[second.last]}。"
        more_en = f", or header: {one}-{numbers[second.last]} where all of them are the header."
    else:
        more = f"；若是两张表放在一起，请用 area 写明只读哪一块，如 area: {one}:{other - 1}。"
        more_en = f"; where two tables stand together, name the part to read in area, such as area: {one}:{other - 1}."
    return Text(
        f"第 {one} 行（{shown}）和第 {other} 行（{shown_other}）都像表头，不敢替您选。"
        f"请在设置里写 header: {one} 或 header: {other}{more}",
        f"Row {one} ({shown}) and row {other} ({shown_other}) both look like the header. "
        f"Set header: {one} or header: {other}{more_en}",
    )


def _sideways(rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> Text:
    found = [place for place, row in enumerate(rows) if sum(bool(cell.strip()) for cell in row) >= _TABLE_CELLS]
    first, second = (next(cell.strip() for cell in rows[place] if cell.strip()) for place in found[:2])
    at, below = (numbers[place] for place in found[:2])
    return Text(
        f"表是横着的：第 {at} 行是“{clip(first)}”、第 {below} 行是“{clip(second)}”，一列才是一条记录。"
        "请在 Excel 里复制整张表，用“选择性粘贴→转置”粘贴到新工作表后再发；若并非如此，请在设置里写 header: 行号。",
        f"The table lies on its side: row {at} is “{clip(first)}”, row {below} is “{clip(second)}”, and each column is a "
        "record. Copy it in Excel and paste it with Paste Special → Transpose on a new sheet; where that is not so, "
        "set header to the row number.",
    )


def _unsure_above(orphan: str, best: _Candidate, numbers: Sequence[int]) -> Text:
    above, first, last = numbers[best.index - 1], numbers[best.index], numbers[best.last]
    both = f"{first}-{last}" if last > first else f"{first}"
    return Text(
        f"第 {both} 行像表头，但上面一行的“{orphan}”下面也有数据，不敢断定它算不算表头。"
        f"请在设置里写 header: {above}-{last}（算）或 header: {both}（不算）。",
        f"Row {both} looks like the header, but “{orphan}” in the row above has data under it too. "
        f"Set header: {above}-{last} where it belongs to the header, or header: {both} where it does not.",
    )


def _unsure(rows: Sequence[Sequence[str]], filled: Sequence[int]) -> Text:
    first = next((index for index, count in enumerate(filled) if count), None)
    if first is None:
        return Text(
            "表里没有内容。请检查是否发错了文件，或内容在别的工作表里。",
            "There is no content. Check that it is the right file, or that the content is not on another sheet.",
        )
    shown = " | ".join(cell.strip() for cell in rows[first] if cell.strip())[:60]
    if (width := max(filled)) > _WIDEST:
        return Text(
            f"找不到表头：有一行多达 {width:,} 格，不像一张表（Excel 最多 16,384 列），列名和数据分不清（第一行有内容的是“{shown}”）。"
            "请删掉多余的列后再发；若确实这么宽，请在设置里写 header: 行号，或用 area 写明只读哪些列，如 area: A:Z。",
            f"No header row was found: a row has as many as {width:,} cells (Excel allows 16,384 columns), too many to tell "
            f"names from values (the first row with content is “{shown}”). Delete the columns that are not needed and send it "
            "again; where it is as wide as that, set header to the row number, or name the columns to read in area: A:Z.",
        )
    return Text(
        f"找不到表头（第一行有内容的是“{shown}”）。请在数据上方加一行列名；"
        "若确实没有表头，请在设置里写 header: none 并用 names 列出列名；若表头就在某一行，请写 header: 行号。",
        f"No header row was found (the first row with content is “{shown}”). Put a row of column names above the data; "
        "where there is none on purpose, set header: none and list the columns in names; "
        "where it stands in a certain row, set header to that row number.",
    )
