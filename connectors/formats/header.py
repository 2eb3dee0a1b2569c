"""Finding the header row under titles, notes and blank rows, by what rows look like; unsure is said, never guessed."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from canonical_model.language import Text
from connectors.formats.cells import Kind, kind_of

_SURE = 0.6
_LOOK_BELOW = 20
_LONGEST_NAME = 40
_HEADER_WORDS = re.compile(
    r"编号|编码|代码|号码?$|单号|订单|名称|品名|型号|规格|数量|单位|单价|金额|价格|税率|日期|时间|交期|备注|说明|状态|仓库|库存|库位|批号|批次|条码|供应商"
    r"|客户|物料|商品|产品|品牌|类别|类型|地址|电话|手机|联系人|邮箱|币种|序号|重量|体积|箱|件数|收货|发货|到货|采购|销售|账号|开户行"
    r"|(?i:\b(?:code|no|number|name|qty|quantity|date|price|cost|amount|total|unit|uom|id|sku|item|product|material|description|status|type"
    r"|category|vendor|supplier|customer|warehouse|location|address|city|zip|country|phone|email|currency|order|line|lot|batch|notes?|remarks?"
    r"|first|last|key|value?|weight|volume|size|time)\b)"
)


@dataclass(frozen=True, slots=True)
class Header:
    """The row taken as the header.

    Attributes:
        index: Its position among the rows looked at.
        confidence: From 0 to 1.
        reason: Why, in words.
    """

    index: int
    confidence: float
    reason: Text


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What speaks for one row; each a share from 0 to 1.

    Attributes:
        covered: Columns with data below that have a text in this row.
        wordy: Filled cells that are no numbers or dates.
        distinct: Filled cells that differ from all others.
        unlike: Columns whose values below are of another kind than the cell here.
        alike: Columns whose values below are of the very kind of the (not plain text) cell here.
        known: Filled cells with a word usual in headers.
    """

    index: int
    covered: float
    wordy: float
    distinct: float
    unlike: float
    alike: float
    known: float

    @property
    def score(self) -> float:
        if self.covered < 0.5 or self.wordy < 0.5 or self.distinct < 0.5:
            return 0.0
        evidence = max(min(1.0, 2.5 * self.unlike), min(1.0, 1.6 * self.known))
        shape = (self.covered + self.wordy + self.distinct) / 3
        return max(0.0, shape * (0.25 + 0.75 * evidence) - self.alike)


def find_header(rows: Sequence[Sequence[str]], *, merged_rows: frozenset[int] = frozenset()) -> Header | Text:
    """The header among `rows`, or the sentence that says why none was taken.

    A header is filled where the columns below hold data, its texts are short and differ, and the data below looks
    different (numbers, dates, codes) or the texts are words usual in headers.

    Args:
        rows: The first rows of the sheet as texts.
        merged_rows: Positions of rows that are one cell merged over most of the width: titles, never headers.
    """
    kinds = [[kind_of(cell) for cell in row] for row in rows]
    filled = [sum(kind is not Kind.BLANK for kind in row) for row in kinds]
    candidates = [
        _judge(rows, kinds, index) for index in range(len(rows)) if filled[index] and index not in merged_rows
    ]
    best = max(candidates, key=lambda one: (one.score, -one.index), default=None)
    if best is None or best.score < _SURE:
        return _unsure(rows, filled)
    above = sum(1 for index in range(best.index) if filled[index])
    return Header(best.index, round(best.score, 2), _reason(best, above))


def _judge(rows: Sequence[Sequence[str]], kinds: Sequence[Sequence[Kind]], index: int) -> _Candidate:
    own = {column: kind for column, kind in enumerate(kinds[index]) if kind is not Kind.BLANK}
    texts = [rows[index][column].strip() for column in own]
    below = _kinds_below(kinds, index)
    used = set(below) or set(own)
    differing = [
        column
        for column, kind in own.items()
        if kind is not Kind.CODE and _may_name(kind, below.get(column)) and below.get(column, kind) is not kind
    ]
    same = [c for c, kind in own.items() if kind is not Kind.TEXT and below.get(c) is kind]
    names = [text for text in texts if len(text) <= _LONGEST_NAME]
    return _Candidate(
        index=index,
        covered=len(used & set(own)) / len(used),
        wordy=sum(_may_name(kind, below.get(column)) for column, kind in own.items()) / len(own),
        distinct=len(set(names)) / len(own),
        unlike=len(differing) / len(own),
        alike=len(same) / len(own),
        known=sum(bool(_HEADER_WORDS.search(text)) for text in names) / len(own),
    )


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


def _reason(best: _Candidate, above: int) -> Text:
    zh, en = [], []
    if above:
        zh.append(f"上面 {above} 行是标题或说明")
        en.append(f"the {above} filled rows above are titles or notes")
    zh.append("各列文字简短且互不相同")
    en.append("its texts are short and all different")
    if best.unlike:
        zh.append("下面的数据与它不同类（数字、日期或编码）")
        en.append("the values below are of another kind (numbers, dates or codes)")
    if best.known:
        zh.append("含有常见的表头用词")
        en.append("it has words usual in headers")
    return Text("，".join(zh), ", ".join(en))


def _unsure(rows: Sequence[Sequence[str]], filled: Sequence[int]) -> Text:
    first = next((index for index, count in enumerate(filled) if count), None)
    shown = "" if first is None else " | ".join(cell.strip() for cell in rows[first] if cell.strip())[:60]
    return Text(
        f"找不到表头（第一行有内容的是“{shown}”）。请在数据上方加一行列名；"
        "若确实没有表头，请在设置里写 header: none 并用 names 列出列名；若表头就在某一行，请写 header: 行号。",
        f"No header row was found (the first row with content is “{shown}”). Put a row of column names above the data; "
        "where there is none on purpose, set header: none and list the columns in names; "
        "where it stands in a certain row, set header to that row number.",
    )
