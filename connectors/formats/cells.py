"""The text of cells as a person reads them in Excel, a column at a time, and what kind of thing a text looks like."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

CellValue = int | float | str | bool | time | date | datetime | timedelta
"""What calamine gives for a cell."""

DIGITS_KEPT = 10**15
"""Excel keeps 15 significant digits: https://support.microsoft.com/office/1672db73-8c91-41cb-8063-3e4c99ce80b3"""


class Kind(StrEnum):
    """What a text looks like."""

    BLANK = "blank"
    NUMBER = "number"
    DATE = "date"
    CODE = "code"
    TEXT = "text"


_NUMBER = re.compile(
    r"[-+]?(?:(?:US|HK)?[¥￥$€£]|USD|CNY|RMB|EUR)?\s?(\d{1,3}(,\d{3})+|\d+)?([.．]\d*)?\s?[%万亿元]?|[-+]?\d+([.]\d+)?[eE][-+]?\d+|\([\d,.]+\)"
    r"|[-+]?\d{1,3}([. ]\d{3})*,\d+|\d[\d.,]*-"
)
_DATE = re.compile(
    r"\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?[日号]?([ T]\d{1,2}:\d{2}(:\d{2}([.]\d+)?)?.{0,6})?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"
    r"|\d{1,2}:\d{2}(:\d{2})?|\d{1,2}月\d{1,2}日"
)
_CODE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9_\-./#]*")
_WIDE = str.maketrans("０１２３４５６７８９．，－＋／：", "0123456789.,-+/:")


@lru_cache(maxsize=4_096)
def kind_of(text: str) -> Kind:
    """What `text` looks like: 1,200, 1.200,50 and 500- are numbers, 2026/3/1 a date, PO-18 a code, 数量 a text."""
    text = text.strip().translate(_WIDE)
    if not text:
        return Kind.BLANK
    if any(letter.isdigit() for letter in text):
        if _NUMBER.fullmatch(text):
            return Kind.NUMBER
        if _DATE.fullmatch(text):
            return Kind.DATE
        if _CODE.fullmatch(text):
            return Kind.CODE
    return Kind.TEXT


_HAN = re.compile(r"[\u3400-\u9fff]+")


def shape_of(text: str) -> str:
    """What a text is made of: A-9 of PO-18, A9汉 of A2已停用."""
    return _HAN.sub("汉", re.sub(r"\d+", "9", re.sub(r"[A-Za-z]+", "A", text.strip())))


def letters_of(position: int) -> str:
    """The letters that Excel shows over a column: 0 -> A, 26 -> AA."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def position_of(letters: str) -> int:
    """The position of a column by its letters: A -> 0, AA -> 26."""
    position = 0
    for letter in letters.upper():
        position = position * 26 + ord(letter) - 64
    return position - 1


def number_text(value: float) -> str:
    """The number with at most 15 significant digits as Excel shows it: "2001", "0.3", never an exponent."""
    text = format(value, ".15g")
    if "e" not in text:
        return "0" if text == "-0" else text
    text = format(Decimal(text), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals(texts: list[str]) -> list[Decimal]:
    """The numbers of a column, a blank being 0; none where one of them is no plain number."""
    try:
        return [Decimal(text.replace(",", "").strip() or 0) for text in texts]
    except InvalidOperation:
        return []


def column_texts(values: Sequence[CellValue]) -> tuple[pa.Array, list[int]]:
    """The texts of a column, and the positions of numbers of more than 15 digits: their last digits are lost.

    ISO dates, TRUE and FALSE, numbers in plain decimal form, text as it is. Values of one type are converted together.
    """
    if type(values[0]) is str:
        try:
            return pa.array(values, pa.string()), []
        except pa.ArrowTypeError:
            pass  # of several types
    types = set(map(type, values))
    lost: list[int] = []
    parts: list[pa.Array] = []
    for one in types:
        own = values if len(types) == 1 else [value if type(value) is one else None for value in values]
        if one is str:
            parts.append(pa.array(own, pa.string()))
        elif one is float or one is int:
            numbers = pa.array(own, pa.float64() if one is float else pa.int64())
            lost += _lost_digits(numbers)
            parts.append(_float_texts(numbers) if one is float else numbers.cast(pa.string()))
        elif one is date:
            parts.append(pa.array(own, pa.date32()).cast(pa.string()))
        elif one is datetime:
            parts.append(_moment_texts(pa.array(own, pa.timestamp("us"))))
        else:
            parts.append(pa.array([None if value is None else _text(value) for value in own], pa.string()))
    return pc.coalesce(*parts), sorted(lost)


def _lost_digits(numbers: pa.Array) -> list[int]:
    extremes = pc.min_max(numbers)
    low, high = extremes["min"].as_py(), extremes["max"].as_py()
    if low > -DIGITS_KEPT and high < DIGITS_KEPT:
        return []
    beyond = pc.or_(pc.greater_equal(numbers, DIGITS_KEPT), pc.less_equal(numbers, -DIGITS_KEPT))
    found: list[int] = pc.indices_nonzero(pc.fill_null(beyond, fill_value=False)).to_pylist()
    return found


def _float_texts(numbers: pa.Array) -> pa.Array:
    """Whole numbers by way of integers; others in their shortest form, the few with more than 15 digits one by one."""
    small = pc.and_(pc.less(numbers, DIGITS_KEPT), pc.greater(numbers, -DIGITS_KEPT))
    is_whole = pc.and_(small, pc.equal(pc.trunc(numbers), numbers))
    texts = pc.if_else(is_whole, numbers, None).cast(pa.int64()).cast(pa.string())
    if texts.null_count == numbers.null_count:
        return texts
    shortest = numbers.cast(pa.string())
    texts = pc.if_else(is_whole, texts, shortest)
    is_long = pc.or_(pc.greater(pc.binary_length(shortest), 16), pc.match_substring(shortest, "e"))
    is_long = pc.fill_null(pc.and_not(is_long, is_whole), fill_value=False)
    long = [number_text(value) for value in numbers.filter(is_long).to_pylist()]
    return pc.replace_with_mask(texts, is_long, pa.array(long, pa.string())) if long else texts


def _moment_texts(moments: pa.Array) -> pa.Array:
    """To the millisecond, since a serial number is a double: 10:00 may arrive as 09:59:59.999999."""
    rounded = pc.add(moments, pa.scalar(500, pa.duration("us"))).cast(pa.timestamp("ms"), safe=False)
    return pc.replace_substring_regex(pc.strftime(rounded, "%Y-%m-%d %H:%M:%S"), r"\.000$", "")


def _text(value: CellValue) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return value.isoformat(timespec="seconds") if isinstance(value, time) else str(value)
