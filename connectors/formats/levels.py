"""Headers of several rows: 数量 over 订购 and 已收 are the columns 数量 订购 and 数量 已收."""

import re
from collections.abc import Sequence

from connectors.formats.cells import Kind, kind_of
from connectors.formats.grid import Span
from connectors.formats.words import is_header_word, is_period

MOST_LEVELS = 3
_UNIT = re.compile(r"[（(\[【].{1,12}[)）\]】]")
_MARK = re.compile(
    r"[（(\[【]?\s*(?:必填|选填|可选|必须|必输|非必填|不填|(?i:required|optional|mandatory))[^A-Za-z]*"
    r"|(?:周|星期|礼拜)[一二三四五六日天]|(?i:mon|tues?|wed|thu(?:rs)?|fri|sat|sun)(?i:day|nesday|urday)?"
    r"|[（(]\d{1,2}[）)]|[①-⑳]"
)
"""What is no part of a column's name: how to fill it in, the weekday below a date, the column's number."""
_GROUP = re.compile(
    r"期[初末]|[本上][期月年]|累计|.*(?:信息|资料|情况|明细|数据|部分|内容|回复|反馈)|.*(?:合格|良|次)品"
)
"""What stands over several columns and names none: 订单信息, 供应商回复."""
_TITLE = re.compile(r".+(?:单据?|表|公司|厂)")
_CODED_FIELD = re.compile(r"([a-z]{2,4})\d{2,4}")
_CJK = re.compile(r"[\u3400-\u9fff]")
_NUMBERED = 4
_LONGEST_GROUP = 20
_PAIR = 2


def join_levels(rows: Sequence[Sequence[str]], first: int, last: int, merges: Sequence[Span]) -> list[str]:
    """The column names that the rows `first` to `last` give together, each text once, from the top down."""
    width = max((len(row) for row in rows), default=0)
    levels = [[_at(rows[row], column) for column in range(width)] for row in range(first, last + 1)]
    levels = [level for depth, level in enumerate(levels) if not depth or not _is_numbering(level)]
    for depth in range(len(levels) - 2, -1, -1):
        below = [any(levels[lower][column] for lower in range(depth + 1, len(levels))) for column in range(width)]
        levels[depth] = _spread(levels[depth], below, _spans_of(merges, first + depth))
    names = []
    for column in range(width):
        parts = [
            text
            for level in levels
            if (text := level[column]) and not (level is not levels[0] and _MARK.fullmatch(text))
        ]
        names.append(" ".join(dict.fromkeys(parts)))
    return names


def levels_from(rows: Sequence[Sequence[str]], first: int, merges: Sequence[Span], *, most: int = MOST_LEVELS) -> int:
    """The last row of the header that begins in row `first`: itself where it has one level."""
    if first + 1 >= len(rows) or most == 1:
        return first
    last = levels_from(rows, first + 1, merges, most=most - 1)
    lower = join_levels(rows, first + 1, last, merges)
    if _is_numbering(lower) and any(_at(row, 0) == "2" for row in rows[last + 1 : last + 2]):
        return first  # records that count themselves
    return (
        last
        if _divides(rows[first], lower, [span for span in merges if span.top <= first <= span.bottom], first)
        else first
    )


def _divides(upper: Sequence[str], lower: list[str], spans: Sequence[Span], row: int) -> bool:
    """Whether the header below, `lower`, divides the columns that the row `upper` names."""
    above = [_at(upper, column) for column in range(len(lower))]
    if _is_numbering(lower):
        return _filled(lower) <= _filled(above) and all(_is_word(text, {Kind.TEXT}) for text in above if text)
    if not _may_be_levels(above, lower):
        return False
    tops, lows = _filled(above), _filled(lower)
    if lows <= tops and all(_UNIT.fullmatch(lower[column]) or _MARK.fullmatch(lower[column]) for column in lows):
        return True
    if any(
        span.bottom > row and span.left == span.right and above[span.left] for span in spans if span.left < len(above)
    ):
        return True  # 料号 reaches down into the row below
    groups = {column for span in spans if span.right > span.left for column in range(span.left, span.right + 1)}
    if len(lows & groups) > 1 and lows <= groups and len({lower[column] for column in lows}) < len(lows):
        return True  # every column is in a group, and their parts have the same names
    if len(lows) > 1 and lows <= groups and tops - groups and all(_is_word(lower[c], {Kind.TEXT}) for c in lows):
        return True  # 已交 | 订购 under 数量, and nothing under the columns beside it
    if lows <= groups or not groups:
        over = _over(above, lower, groups)
        if len(over) > 1 and min(over) == min(lows) and (all if not groups else any)(map(_heads_group, over.values())):
            return True  # 订单信息 over 订单号 | 行号, 数量 over 订购 | 已发
    return not groups and (_is_complement(above, lower) or _is_translation(above, lower))


def _over(above: list[str], lower: list[str], groups: set[int]) -> dict[int, str]:
    """Place -> text of the cells above that stand over two filled columns or more each; nothing where one does not."""
    tops = sorted(_filled(above))
    ends = [*tops[1:], len(lower)]
    if any(sum(map(bool, lower[top:end])) < _PAIR for top, end in zip(tops, ends, strict=True)):
        return {}
    return {top: above[top] for top in tops if not groups or top in groups}


def _heads_group(text: str) -> bool:
    return bool(_GROUP.fullmatch(text)) or (is_header_word(text) and not _TITLE.fullmatch(text))


def _is_translation(above: list[str], below: list[str]) -> bool:
    """Whether two full rows say the same in Chinese and in a language of Latin letters: 数量 over Qty."""
    columns = _filled(above)
    if columns != _filled(below) or len(columns) < 2:
        return False
    rows = sorted(((above, below)), key=lambda row: sum(bool(_CJK.search(text)) for text in row))
    latin, chinese = ([row[column] for column in columns] for row in rows)
    is_apart = not any(map(_CJK.search, latin)) and sum(map(bool, map(_CJK.search, chinese))) * 2 > len(columns)
    is_known = 2 * sum(map(is_header_word, latin)) > len(latin) or _is_technical(latin)
    return is_apart and is_known and 2 * sum(map(is_header_word, chinese)) > len(chinese)


def _is_technical(texts: Sequence[str]) -> bool:
    """Whether all are names of fields in a program, FBillNo and unit_price, or ima01 and ima021, which no values look like."""
    numbered = {found[1] if (found := _CODED_FIELD.fullmatch(text)) else "" for text in texts}
    is_coded = len(texts) > _PAIR and len(numbered) == 1 and numbered != {""}
    return len(texts) >= _PAIR and (all(map(_is_field, texts)) or is_coded) and len(set(texts)) == len(texts)


def _is_field(text: str) -> bool:
    letters = text.replace("_", "")
    is_mixed = "_" in text or (any(map(str.isupper, text[1:])) and not text.isupper())
    return letters.isascii() and letters.isalpha() and is_mixed


def _is_numbering(texts: Sequence[str]) -> bool:
    """Whether they count the columns: 1, 2, 3, 4."""
    filled = [text for text in texts if text]
    return len(filled) >= _NUMBERED and filled == [str(number) for number in range(1, len(filled) + 1)]


def _may_be_levels(above: list[str], below: list[str]) -> bool:
    """Whether both could be texts of a header: short words, no figures, no "label: value"; days may stand above."""
    return (
        len(_filled(above)) > 1
        and bool(_filled(below))
        and any(kind_of(text) is Kind.TEXT for text in above)
        and all(_is_word(text, {Kind.TEXT, Kind.DATE, Kind.CODE}) or is_period(text) for text in above if text)
        and all(
            _is_word(text, {Kind.TEXT}) or _MARK.fullmatch(text) or _CODED_FIELD.fullmatch(text)
            for text in below
            if text
        )
    )


def _is_word(text: str, kinds: set[Kind]) -> bool:
    return len(text) <= _LONGEST_GROUP and kind_of(text) in kinds and not re.search(r"[:：]", text)


def _is_complement(above: list[str], below: list[str]) -> bool:
    """Without merged areas: each gap above is filled below, a group has two parts, some columns have one level."""
    tops, lows = _filled(above), _filled(below)
    used = tops | lows
    if not used or len(lows) < 2 or not tops - lows or used != set(range(min(used), max(used) + 1)):
        return False
    gaps = lows - tops
    if not gaps:
        return False
    starts = [max((top for top in tops if top < gap), default=-1) for gap in gaps]
    return all(start in lows for start in starts) and lows == gaps | set(starts)


def _spread(level: list[str], below: list[bool], spans: Sequence[Span]) -> list[str]:
    """The level with each group's text over all its columns."""
    spread = list(level)
    for span in spans:
        for column in range(span.left, min(span.right + 1, len(level))):
            spread[column] = level[span.left]
    merged = {column for span in spans for column in range(span.left, span.right + 1)}
    for column in range(1, len(level)):
        is_gap = not spread[column] and below[column] and below[column - 1] and column - 1 not in merged
        if is_gap and column not in merged:
            spread[column] = spread[column - 1]
    return spread


def _spans_of(merges: Sequence[Span], row: int) -> list[Span]:
    return [span for span in merges if span.top <= row <= span.bottom and span.right > span.left]


def _at(row: Sequence[str], column: int) -> str:
    return " ".join(row[column].split()) if column < len(row) else ""


def _filled(texts: Sequence[str]) -> set[int]:
    return {column for column, text in enumerate(texts) if text}
