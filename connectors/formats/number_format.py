"""Number formats that show more than the number: zeros and text of codes, percent, a currency or a unit."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from connectors.formats.cells import number_text

Show = Callable[[str], str | None]
"""The digits of a number -> the text that a person reads; None where the format adds nothing to it."""

BUILT_IN = {"9": "0%", "10": "0.00%", "17": "mmm-yy", "57": 'yyyy"年"m"月"'}
"""Formats that every workbook has without saying so, of those that show more or less. ECMA-376, 18.8.30, 57 in Chinese."""

FIRST_DAY, FIRST_DAY_1904 = date(1899, 12, 30), date(1904, 1, 1)
"""The day whose serial number is 0; that of 1900 holds from March 1900 on, since Excel counts a 29 February before."""
_FIRST_OF_MARCH, _BEYOND = 61, 2_950_000

_FIRST = re.compile(r'(?:"[^"]*"|[\\!].|\[[^\]]*\]|[^;"\\!\[])*')
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|[\\!](?P<escaped>.)|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]|\[(?P<condition>[<>=])?[^\]]*\]|[_*].'
    r"|(?P<place>[0#?])|(?P<plain>[-/ ()+$¥￥€£])|(?P<mark>[.,])|(?P<percent>[%％])|(?P<other>.)"
)
_PREFIXED = re.compile(r"[A-Za-z][A-Za-z0-9]*[-_/]\0")
_WORD = re.compile(r"[^\W_]|[¥￥$€£₽₩₹฿₫+()~<>*-]")
_YEN = re.compile(r"\[\$[¥￥]-(?:[0-9A-Fa-f]*?0?411|ja(?:-JP)?)\]")
_PARTED = re.compile("\0+(?:-\0+)+")
_DIGITS_OF_DATE = re.compile(r"(?:\[[^\]]*\])?yyyymmdd(?:;@)?", re.IGNORECASE)
_MONTH = re.compile(r'(?:\[[^\]]*\])?(?=.*y)(?=.*m)(?:y|m|[-/. ,]|\\.|"[^"]*")+(?:;@)?', re.IGNORECASE)
_SCALED = re.compile("\0,+(?:[.]|$)|^\0\1\0+,*$")
_THOUSANDS = re.compile(r"^(?:[万千亿]|百万|[KkMm](?![A-Za-z]))?")
_MEASURED = re.compile(r"(?P<before>[^\0]*)\0[\0.,]*(?<!,)(?P<after>[^\0.,]*)")


def show_of(code: str, first_day: date) -> Show | None:
    """How numbers of a format are shown, None where that is the number itself.

    A format that pads with zeros, puts letters and a dash in front or dashes between digits makes codes of whole
    numbers: 12 in 00000 is 00012, 1101 in #-### is 1-101. A percentage is shown as one, and so are the words around the number: 5 in 0"箱" is 5箱, in 0"万" 5万.
    Dates shown as eight digits are those digits, since a lot may be written so. What is shown divided by a thousand or
    more is written in 千, so that a header with 万 above it does not count twice: 12000 in 0.0,"K" is 12千.

    Args:
        code: As in the workbook: 00000, "PO-"0000, 000-0000, 0.00%, [$US$-409]#,##0.00, 0"箱", yyyymmdd.
        first_day: The day whose serial number is 0.
    """
    if _DIGITS_OF_DATE.fullmatch(code):
        return lambda digits: f"{day:%Y%m%d}" if (day := _day(digits, first_day)) else None
    code = _YEN.sub('"JPY"', code.replace("General", "#"))
    first = _FIRST.match(code)
    pattern: list[str] = []
    marks = ""
    zeros = 0
    is_percent = False
    for token in _TOKEN.finditer(first[0] if first else ""):
        if token["other"] is not None or token["condition"] is not None:
            return None
        if token["place"]:
            zeros += token["place"] == "0"
            pattern.append("\0")
            marks += "\0"
        elif token["percent"]:
            is_percent = True
        else:
            pattern.append(next(filter(None, token.group("quoted", "escaped", "currency", "plain", "mark")), ""))
            marks += token["mark"] or ("\1" if pattern[-1] == "." and marks else "")
    shown = "".join(pattern)
    if is_percent:
        return percent
    if _SCALED.search(marks):
        return _in_thousands(shown.partition("\0")[0].lstrip(), shown.rpartition("\0")[2].lstrip(".,").strip())
    if (
        "." not in shown
        and "," not in shown
        and zeros == shown.count("\0")
        and (zeros > 1 or _PREFIXED.fullmatch(shown))
    ):
        return lambda digits: _code(digits, shown)
    if _PARTED.fullmatch(shown) and "?" not in code:
        return lambda digits: _code(digits, shown) if len(digits) >= shown.count("\0") else None
    return _measure(shown, has_negative=first is not None and first.end() < len(code))


def _in_thousands(before: str, after: str) -> Show:
    after = _THOUSANDS.sub("", after)

    def show(digits: str) -> str:
        value = Decimal(number_text(float(digits))) / 1000
        return f"{'-' if value < 0 else ''}{before}{abs(value):f}千{after}"

    return show


def month_of(code: str, first_day: date) -> Show | None:
    """How dates of a format without a day are shown, where they are the first of a month: 2026-03; None for other formats."""

    def show(digits: str) -> str | None:
        day = _day(digits, first_day)
        return f"{day:%Y-%m}" if day and day.day == 1 else None

    return show if _MONTH.fullmatch(code) else None


def percent(digits: str) -> str:
    """0.065 is 6.5%."""
    return f"{Decimal(number_text(float(digits))).scaleb(2).normalize():f}%"


def _day(digits: str, first_day: date) -> date | None:
    """The day with the serial number 46086; None for what no calendar of this time has."""
    days = int(float(digits))
    return first_day + timedelta(days) if _FIRST_OF_MARCH <= days < _BEYOND else None


def _measure(shown: str, *, has_negative: bool) -> Show | None:
    """The number between the words of its format; where that has other words for negative numbers, these are left as numbers."""
    found = _MEASURED.fullmatch(shown)
    if not found:
        return None
    before, after = found["before"].lstrip(), found["after"].rstrip()
    if not _WORD.search(before + after):
        return None

    def show(digits: str) -> str | None:
        text = number_text(float(digits))
        if has_negative and text[0] == "-":
            return None
        return f"{'-' if text[0] == '-' else ''}{before}{text.removeprefix('-')}{after}"

    return show


def _code(digits: str, pattern: str) -> str | None:
    """`digits` as the pattern shows them; what is too long runs over in front."""
    value = float(digits)
    if value < 0 or not value.is_integer():
        return None
    places = pattern.count("\0")
    digits = number_text(value).zfill(places)
    cut = len(digits) - places + 1
    parts = iter((digits[:cut], *digits[cut:]))
    return "".join(next(parts) if letter == "\0" else letter for letter in pattern)
