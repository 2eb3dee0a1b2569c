"""The text of one cell as a person reads it in Excel, and what kind of thing a text looks like."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

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
    r"[-+]?[¥￥$€£]?\s?(\d{1,3}(,\d{3})+|\d+)?([.．]\d*)?\s?[%万亿元]?|[-+]?\d+([.]\d+)?[eE][-+]?\d+|\([\d,.]+\)"
)
_DATE = re.compile(
    r"\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?[日号]?([ T]\d{1,2}:\d{2}(:\d{2}([.]\d+)?)?.{0,6})?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"
    r"|\d{1,2}:\d{2}(:\d{2})?|\d{1,2}月\d{1,2}日"
)
_CODE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9_\-./#]*")
_WIDE = str.maketrans("０１２３４５６７８９．，－＋／：", "0123456789.,-+/:")


def kind_of(text: str) -> Kind:
    """What `text` looks like: 1,200 is a number, 2026/3/1 a date, PO-18 a code, 数量 a text."""
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


def letters_of(position: int) -> str:
    """The letters that Excel shows over a column: 0 -> A, 26 -> AA."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def number_text(value: float) -> str:
    """The number with at most 15 significant digits as Excel shows it: "2001", "0.3", never an exponent."""
    if value == int(value) and -DIGITS_KEPT < value < DIGITS_KEPT:
        return str(int(value))
    text = format(Decimal(format(value, ".15g")), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment_text(value: datetime) -> str:
    rounded = value + timedelta(microseconds=500)  # a serial number is a double: 10:00 may arrive as 09:59:59.999999
    milliseconds = rounded.microsecond // 1000
    text = rounded.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{milliseconds:03d}" if milliseconds else text


def cell_text(value: CellValue) -> str:
    """The text of a cell: ISO dates, TRUE/FALSE, numbers in plain decimal form, text as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, datetime):
        return _moment_text(value)
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return value.isoformat(timespec="seconds") if isinstance(value, time) else value.isoformat()


def column_texts(values: Sequence[CellValue]) -> list[str]:
    """`cell_text` of a whole column; a column of one type goes the short way."""
    types = set(map(type, values))
    if types <= {str}:
        return list(values)  # type: ignore[arg-type]  # the set of types was just looked at
    return [value if type(value) is str else cell_text(value) for value in values]


def lost_digits(values: Sequence[CellValue]) -> list[int]:
    """Positions of numbers of more than 15 digits: the workbook has already lost the rest."""
    return [
        position
        for position, value in enumerate(values)
        if type(value) in {float, int} and not -DIGITS_KEPT < value < DIGITS_KEPT  # type: ignore[operator]
    ]
