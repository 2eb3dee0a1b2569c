"""What stands below the last record of a table: signatures, notes, terms, the tax below a total."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby

import pyarrow as pa

from canonical_model.text import simplified
from connectors.base import ROW
from connectors.formats.cells import Kind, kind_of, shape_of
from connectors.formats.grid import texts_of
from connectors.formats.labels import calls_line_off
from connectors.formats.layout import Layout
from connectors.formats.words import is_header_word

_SIGNATURE = re.compile(r"^\s*[^\d:：]{1,12}[:：].*$|^.{0,12}(?:盖章|签字|签章|签名|公章)\s*[）)]?$", re.DOTALL)
_NOTE = re.compile(
    r"^\s*(?:注|备注|说明|附注|注意|图例|制表|制单|审核|复核|批准|经办|签字|签章|盖章|打印|填表|导出)(?:人|员|日期|时间|事项|者)?\s*(?:[:：]|$|\s|.{6,})"
    r"|^\s*(?:以上|以下空白|以下无|本表|本单|此表|[（(【]|[*※])"
    r"|^\s*(?i:notes?|remarks?|prepared|approved|checked|printed|signature|end of|e\s?&\s?o|generated|exported)\b",
)
_LABEL = re.compile(
    r"^\s*(?:\d{1,2}\s*[)）、.．])?\s*(?:联系电话|电话|手机|传真|联系人|联系方式|地址|邮箱|网址|开户银?行|账号|帐号|税号|税率|(?:总)?条数|(?:总)?记录数|总行数"
    r"|打印[人员]|(?:导出|操作|制作|填表|统计|创建)(?:人|时间|日期)|打印(?:日期|时间)|制[表单]人?|编制人?|审核人?|复核人?|批准人?|经办人?|仓管员?|保管员?|盘点人|监盘人|验收人|收货人|送货人|签收人?|采购员|业务员"
    r"|说明|备注|付款方式|付款条件|结算方式|交货地点|交货方式|送货地址|收货地址|质量要求|包装要求|运输方式|验收标准|违约责任)\s*[:：]?\s*$"
)
_ROLE = re.compile(
    r"(?:制[表单]|审核|复核|批准|经办|图例)人?|.*[:：]|(?i:(?:prepared|approved|checked|created|verified|reviewed|issued|received|authori[sz]ed)(?: by)?)"
)
"""制单 | 张三 | 审核 | 李四, and Prepared by: | Li | Checked by: |."""
_FOOT = re.compile(
    r"(?:(?:[供需甲乙买卖]方|客户|供应商|班[组长]长?|主管|经理|领导)(?:代表)?(?:签字|签名|签章|盖章|确认)人?|(?:签字|签名|签收|签章|盖章|确认|审批|审核|经手|填表)人?|检验[员人]|质检[员人]?|班[组长]长?"
    r"|主管|日期|联系人|联系电话|开户银?行|账号|帐号|税号|(?i:signature|signed(?: by)?|date))\s*[:：]?"
)
"""What begins a row below a list whose records begin with codes or numbers: 签字 | 王五 | | 日期 | 2026-03-01."""
_HAN = re.compile(r"[\u3400-\u9fff]+")
_LONG_NUMBER = re.compile(r"[\d\s-]{7,}")
_NUMBERED = re.compile(r"^\s*[（(]?\d{1,2}[）)、.．]\s*(?:\D{4}|[\u3400-\u9fff]{2})")
_SIGNER = re.compile(
    r"^\s*\D{2,40}(?:公司|集团|工厂|厂|部|中心|商行|(?i:co\.?,? ?ltd\.?|ltd\.?|inc\.?|gmbh|llc))\s*(?:[（(].{0,8}[)）])?\s*$"
)
"""宁波诚信铸造有限公司 above the date below a list."""
_HEADED = re.compile(
    r"^\s*(?:备注|说明|注意事项?|附注|技术要求|质量要求|包装要求|交货要求|其[他它](?:要求|说明|事项)?|要求|条款|(?i:notes?|remarks?|terms))\s*[:：]\s*$"
)
"""What heads the notes below a list, one of them in each row."""
_TERM = re.compile(r"^\s*\d{1,2}\s*[)）、]\s*[\u3400-\u9fff]{2,}")
_SENTENCE = re.compile(r"[。！；]|.{8,}，|[!.]$")
_RATE = re.compile(r"\d+(?:\.\d+)?\s*[%％]")
_CHARGE = re.compile(
    r"^\s*(?:运费|运杂费|快递费|税[额金款]|增值税|折扣|优惠|折让|[定订]金|预付款?|已付款?|余款|尾款|手续费|包装费|装卸费|其他费用|杂费|附加费"
    r"|(?i:freight|shipping|delivery fee|tax|vat|gst|discount|deposit|balance(?: due)?|handling))(?:\s*\d+(?:\.\d+)?\s*[%％])?\s*(?:[(（].*[)）])?\s*[:：]?\s*$"
)
_DATED = re.compile(r"^[^\d]{0,10}(?:日期|时间|(?i:date|as of))\s*[:：]?\s*$")
_CODE = re.compile(r"(?=.*[0-9])[!-~]+")
_LONG_WORDS = 12
_MOSTLY = 0.6
_ALIKE = 2
"""Letters or digits with which codes of one kind begin."""
_PAGES = re.compile(r"[0-9]{1,3}/[0-9]{1,3}")
_PAIR = 2
_SIGNATURES = 5
_TABLE_ROWS, _TABLE_CELLS = 4, 3
_LOOKED_AT = 200
"""Rows that show what the columns hold, and the most rows that stand below the records."""


def end_of_records(rows: pa.Table, layout: Layout, totals: Collection[int]) -> int:
    """How many of `rows` lie above what is no record any more.

    Args:
        rows: The rows below the header (text columns by position, then `_row`) without totals and blank ones.
        layout: The header.
        totals: Numbers of the rows that were totals: below one, or below a note, less is needed.
    """
    first = max(0, int(rows.num_rows) - _LOOKED_AT)
    numbers = [0, *rows[ROW].slice(first).to_pylist()]
    texts = [[simplified(cell) for cell in row] for row in texts_of(rows.slice(first))]
    most = max(len(layout.named), _PAIR) // 2
    figures = _figure_columns([*texts_of(rows.slice(0, _LOOKED_AT)), *texts], most)
    keep = _above_notes(texts) if len(layout.named) >= _TABLE_CELLS else len(texts)
    for end in range(keep, 0, -1):
        row, above = texts[end - 1], texts[: end - 1]
        is_remark = _is_remark(row, figures, most) or _is_foot(row, above, figures) or _is_alone(row, above)
        if not is_remark and not _is_aside(texts[end - 1], figures, most):
            break
        if is_remark or any(numbers[end - 1] < total < numbers[end] for total in totals):
            keep = end - 1
    # rows that all read like notes are what the table holds, and rows that all fill the same columns are a table
    is_table = not first + keep or _fills_alike(texts[keep:])
    return first + (len(texts) if is_table else keep)


def _above_notes(rows: Sequence[Sequence[str]]) -> int:
    """How many rows lie above a label alone (备注：) over rows of one cell each, and above a company over a date; all without these."""
    alone = [cells[0] if len(cells := [cell for cell in row if cell.strip()]) == 1 else "" for row in rows]
    end = len(rows)
    if end > _PAIR and _SIGNER.match(alone[-2]) and kind_of(alone[-1]) is Kind.DATE:
        end -= _PAIR
    headed = (place for place in range(1, end) if _HEADED.match(alone[place]) and all(alone[place:end]))
    return next(headed, end)


def _fills_alike(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows one below another fill the same columns, as notes and signatures do not."""
    columns = [[column for column, cell in enumerate(row) if cell.strip()] for row in rows]
    return any(
        len(run) >= _TABLE_ROWS and len(run[0]) >= _TABLE_CELLS for run in (list(run) for _, run in groupby(columns))
    )


def _figure_columns(rows: Sequence[Sequence[str]], most: int) -> frozenset[int]:
    """Columns of which most values are numbers, dates or codes, by the rows that fill more than `most` cells."""
    kinds = [Counter[bool]() for _ in max(rows, key=len, default=())]
    for row in rows:
        filled = [column for column, cell in enumerate(row) if cell.strip()]
        for column in filled if len(filled) > most else ():
            kinds[column][kind_of(row[column]) is Kind.TEXT] += 1
    return frozenset(column for column, count in enumerate(kinds) if count[False] >= max(1, _MOSTLY * count.total()))


def _is_remark(cells: list[str], figures: AbstractSet[int], most: int) -> bool:
    """Whether a row below the records is a signature, a note or a form.

    It fills few cells (`most`), with labels, notes or words where the records have figures; or reads as label, value,
    label, value with all labels where the records have figures.
    """
    filled = {column: cell.strip() for column, cell in enumerate(cells) if cell.strip()}
    texts = list(filled.values())
    misplaced = [cell for column, cell in filled.items() if column in figures and _is_wording(cell)]
    has_figures = len(misplaced) < len(figures & set(filled))
    if all(map(_SIGNATURE.match, texts)) and len(texts) <= max(most, _SIGNATURES):
        return True
    label, *values = texts
    if values and (label == "图例" or (len(texts[::2]) >= _PAIR and all(map(_ROLE.fullmatch, texts[::2])))):
        return True
    if len(values) == 1 and _LABEL.match(label) and len(filled) <= max(most, len(cells) - 1):
        return True
    if len(values) == 1 and _DATED.match(label) and kind_of(values[0]) is Kind.DATE:
        return True
    if len(values) == 1 and _CHARGE.match(label) and kind_of(values[0]) is Kind.NUMBER:
        return 0 in figures and (not cells[0].strip() or label in misplaced)
    if len(filled) > most:
        labels = texts[::2]
        return len(labels) >= _PAIR and all(label in misplaced and is_header_word(label) for label in labels)
    if _TERM.match(label) and len(filled) <= most and not _has_number(filled, figures):
        return True
    if len(texts) == 1 and (_NUMBERED.match(texts[0]) or _SENTENCE.search(texts[0]) or calls_line_off(texts[0])):
        return True
    if len(texts) <= _PAIR and _NOTE.match(texts[0]) and not _has_number(filled, figures):
        return True
    # 1 | 请按期交货 and 付款方式 | 月结30天 under columns of codes and figures
    last = max(filled)
    if len(texts) == _PAIR <= most and last in figures and kind_of(filled[last]) is Kind.TEXT:
        return True
    return bool(misplaced) and not has_figures


def _has_number(filled: Mapping[int, str], figures: AbstractSet[int]) -> bool:
    return any(column in figures and kind_of(cell) is Kind.NUMBER for column, cell in filled.items())


def _is_foot(cells: list[str], above: Sequence[Sequence[str]], figures: AbstractSet[int]) -> bool:
    """Whether a row begins with the label of a form, where the rows above it have codes or numbers, and has no figure of a record.

    A day, another label or a long number stands with it: 签字 | 王五 | | 日期 | 2026-03-01.
    """
    filled = {column: cell.strip() for column, cell in enumerate(cells) if cell.strip()}
    label, *others = filled.values() or [""]
    if len(others) < _PAIR or not _FOOT.fullmatch(label):
        return False
    long = [cell for cell in others if _LONG_NUMBER.fullmatch(cell)]
    if _has_number({column: cell for column, cell in filled.items() if cell not in long}, figures):
        return False
    begins = [row[min(filled)] for row in above if row[min(filled)].strip()]
    is_coded = bool(begins) and 2 * sum(kind_of(text) is Kind.TEXT for text in begins) <= len(begins)
    return is_coded and bool(long or any(kind_of(cell) is Kind.DATE or _FOOT.fullmatch(cell) for cell in others))


def _is_alone(cells: list[str], above: Sequence[Sequence[str]]) -> bool:
    """Whether a row is one cell of words, unlike all above it in its column, where every record fills several: A2已停用 below A1, A2, A3.

    A code that begins as those above it, as A3-B there, may be a record of which the rest is not known; QR-RD-003 is none.
    """
    filled = [column for column, cell in enumerate(cells) if cell.strip()]
    if len(filled) != 1 or not above or min(sum(map(bool, map(str.strip, row))) for row in above) < _TABLE_CELLS:
        return False
    cell, column = cells[filled[0]], [row[filled[0]] for row in above]
    begins = {text.strip()[:_ALIKE] for text in column if len(text.strip()) >= _ALIKE}
    if _CODE.fullmatch(cell.strip()) and cell.strip()[:_ALIKE] in begins and not _PAGES.fullmatch(cell.strip()):
        return False
    enough = _PAIR if _HAN.search(cell) else _TABLE_CELLS
    return len(above) >= enough and shape_of(cell) not in set(map(shape_of, column))


def _is_aside(cells: list[str], figures: AbstractSet[int], most: int) -> bool:
    """Whether a row below a total or note is none of the records: few words, or a label beside its sum (税额 | 2.6)."""
    filled = [column for column, cell in enumerate(cells) if cell.strip()]
    words = [column for column in filled if _is_wording(cells[column])]
    if len(filled) > most or not words:
        return False
    return not figures & set(filled) - set(words) or (words == filled[:1] and filled[0] > 0)


def _is_wording(text: str) -> bool:
    """Whether `text` is words rather than a code with a word at it; a tax rate may stand among them."""
    has_digit = any(letter.isdigit() for letter in _RATE.sub("", text))
    return kind_of(text) is Kind.TEXT and (not has_digit or len(text) >= _LONG_WORDS)
