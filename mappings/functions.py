"""Functions that read spellings, as DuckDB macros: NULL for what they cannot read, never an error.

Each macro tries the plain form with a regular expression and a cast; only other spellings take the slow way, where
the cleaned value is bound once by a lambda. Bare TRY_CAST is no validator: it takes 1e5, 1_000 and 0x1F, rounds
12.7 to an integer and drops +08. Measurements: docs/adr/0004.
"""

import hashlib
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import duckdb
import platformdirs

from canonical_model.declaration import SCALE
from canonical_model.text import UNSEEN

_FULL = (
    "０１２３４５６７８９．，－＋％（）／：￥＄　"
    "ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ"
)
_HALF = "0123456789.,-+%()/:¥$ ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HALF_TO_FULL = {half: full for full, half in zip(_FULL, _HALF, strict=True) if half != " "}
"""Plain letter, digit or sign -> its full-width form."""

# blanks, and signs that nobody sees: zero-width ones come with what is copied from web pages
_UNSEEN = (9, 10, 13, 32, 0xA0, 0x2009, 0x200B, 0x200E, 0x202F, 0x2060, 0x3000, 0xFEFF)
_BLANK = "[" + "".join(rf"\x{{{code:X}}}" for code in _UNSEEN) + "]"
NOT_BLANK = f"[^{_BLANK[1:]}"
"""Regular expression of a sign that is no blank."""

_SPACES = "'" + "".join(map(chr, _UNSEEN)) + "'"

DECIMAL = f"DECIMAL(24,{SCALE})"

# What a number is before it is rounded: digits behind the point beyond SCALE are rounded half away from zero.
_WIDE = "DECIMAL(38,18)"

POWERS = {"千": 10**3, "万": 10**4, "亿": 10**8}
"""What stands behind a number for so many times it."""
POWER = f"[{''.join(POWERS)}]"

# Grouped thousands, both ways round; "1.250,00" is clear because the comma comes last, "0,250" is not a group.
_GROUPED_POINT = r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?"
_GROUPED_COMMA = r"[+-]?[1-9][0-9]{0,2}((\.[0-9]{3})+,[0-9]+|(\.[0-9]{3}){2,})"
_GROUP = r"[ '’\x{A0}\x{2009}\x{202F}]"
_GROUPED_BLANK = rf"[+-]?\(?[1-9][0-9]{{0,2}}({_GROUP}[0-9]{{3}})+([.,][0-9]+)?(?:{POWER}|[-)])?"
_COMMA = r"[0-9]{1,3}([.][0-9]{3})+(,[0-9]*)?|[0-9]*,[0-9]+"
_PLAIN = r"[+-]?([0-9]{1,24}(\.[0-9]*)?|\.[0-9]+)"

# What may stand around a number: a currency before it, 元 behind it, blanks.
_CURRENCIES = {
    "CNY": r"CNY|RMB|CNH|CN¥|人民币",
    "USD": r"USD|US\$|美[元金]",
    "EUR": r"EUR|€|欧元",
    "HKD": r"HKD|HK\$|港[元币]",
    "TWD": r"TWD|NTD|NT\$|新?台币",
    "JPY": r"JPY|日[元圆]|日?本?円",
    "GBP": r"GBP|£|英镑",
    "CHF": r"CHF|瑞郎",
    "SGD": r"SGD",
    "AUD": r"AUD",
    "CAD": r"CAD",
    "KRW": r"KRW|₩|韩[元圆]",
    "INR": r"INR|₹",
    "THB": r"THB|฿",
    "VND": r"VND|₫",
    "RUB": r"RUB|₽",
    "MYR": r"MYR|RM",
    "IDR": r"IDR|Rp",
    "PHP": r"PHP|₱",
    "BRL": r"BRL|R\$",
    **{
        code: code
        for code in ["NZD", "MOP", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "TRY", "MXN", "ZAR", "AED", "SAR"]
    },
}
_NAMED = "|".join(_CURRENCIES.values())
SIGNS = {
    "¥": ("CNY", "JPY"),
    "$": ("USD", "HKD", "TWD", "SGD", "AUD", "CAD", "NZD", "MXN", "MOP"),
    "元": ("CNY", "HKD", "TWD", "MOP"),
}
"""What a bare sign may mean, first what it means where nobody says."""
_TOKEN = rf"(?i){_NAMED}|[¥元]"
_CURRENCY = rf"(?i)^([+-]?)\s*(?:{_NAMED}|[¥$])\s*"
_YUAN = rf"(?i)\s*(?:{_NAMED}|元|({POWER})元?)$"

_WITH_UNIT = r"^([+-]?[0-9][0-9,. '’]*?\s?[万亿]?)\s*([^0-9\s,.+\-(万亿][^0-9]*[23]?)$"

_IN_BRACKETS = r"\(\s*([^()0-9]+?)\s*\)$"
_PRICED = r"^(.*[0-9][^/]*?)\s*/\s*([^0-9/()\s][^0-9/()]*)$"
_NO_UNIT = r"(?i)[0-9]\s*(?:e[-+]?[0-9]+|[wk]|/.*)$"
"""1e3, 1/2, and 10w, which is 10万 to some and watts to others."""

_YEAR = "(?:19|20|21)[0-9]{2}"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    "(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t|tember)?|Oct(?:ober)?"
    "|Nov(?:ember)?|Dec(?:ember)?)"
)
_TWO = "([0-9]{1,2})"
_YMD = rf"^({_YEAR})\s*[-/.年]\s*{_TWO}\s*[-/.月]\s*{_TWO}\s*[日号]?$"
_COMPACT = rf"^({_YEAR})([0-9]{{2}})([0-9]{{2}})$"
_SPACED = rf"^({_YEAR}) ([0-9]{{2}}) ([0-9]{{2}})$"
_COMPACT_MOMENT = rf"^({_YEAR})([0-9]{{2}})([0-9]{{2}})([0-9]{{2}})([0-9]{{2}})([0-9]{{2}})$"
_STAMP = rf"{_YEAR}-[0-9]{{2}}-[0-9]{{2}}[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{{1,6}})?)?"
_SECONDS = r":[0-5][0-9](?:\.[0-9]{1,6})?"
_ZONED = (
    rf"{_YEAR}[-/][0-9]{{2}}[-/][0-9]{{2}}[ T](?:[01][0-9]|2[0-3]):[0-5][0-9]"
    rf"(?:{_SECONDS} ?(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)| ?(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9]))"
)
"""A time with its offset, or a span such as 10:30-11:00."""
USUAL_NUMBER = rf"-?[0-9]{{1,18}}(\.[0-9]{{1,{SCALE}}})?"
USUAL_DAY = rf"{_YEAR}-[0-9]{{2}}-[0-9]{{2}}( 00:00:00(\.0+)?)?"
USUAL_MOMENT = _STAMP
"""How most systems write them; macros named so read nothing else."""
_SERIAL = r"[2-7][0-9]{4}(\.[0-9]{1,12})?"
_DMY = rf"^{_TWO}[-/.]{_TWO}[-/.]({_YEAR})$"
_DMY_SHORT = rf"^{_TWO}[-/.]{_TWO}[-/.]([0-9]{{2}})$"
_YMD_SHORT = rf"^([0-9]{{2}})[-/.年]{_TWO}[-/.月]{_TWO}日?$"
_Y_MON = rf"(?i)^({_YEAR})[-. ]{_MONTH}[-. ]{_TWO}$"
_D_MON = rf"(?i)^{_TWO}[-. ]?{_MONTH}\.?[-. ,]*((?:{_YEAR})|[0-9]{{2}})$"
_MON_D = rf"(?i)^{_MONTH}\.?[- ]?{_TWO}(?:st|nd|rd|th)?[- ,]+({_YEAR})$"
_CLOCK = (
    rf"(上午|下午|[AaPp][Mm])?\s*{_TWO}(?:[时点]|[:时点]{_TWO}分?(?::?{_TWO}秒?(?:[.,]([0-9]{{1,6}})[0-9]*)?)?)"
    r"\s*([AaPp][Mm])?\s*(Z|[+-](?:0[0-9]|1[0-4]):?(?:[0-5][0-9])?)?"
)
_MOMENT = rf"^(.+?)(?:\s*[日号]\s*|\s*T\s*|\s+){_CLOCK}$"
_WEEKDAY = r"(?i)\s*[(]?(?:(?:星期|周|礼拜)[一二三四五六日天]|,?\s*\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?)[)]?$"
_HALF_DAY = r"(?i)([0-9日号)一二三四五六天])\s*(?:上午|下午|早上|中午|晚上|全天|[ap]m)$"
_WEEKDAY_BEFORE = r"(?i)^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+"
_HAS_CLOCK = "[:时点]"
_NO_YEAR = (
    rf"(?i)^(?:{_TWO}[-/.]{_TWO}(?:[-/.][0-9]{{1,2}})?|(?:[0-9]{{2}}年)?{_TWO}月{_TWO}[日号]?"
    rf"|{_TWO}[- ]{_MONTH}(?:[- ][0-9]{{2}})?)$"
)
_NO_DAY = rf"(?i)^(?:{_YEAR}(?:[-/.年]{_TWO}月?|年)?|{_YEAR}(?:0[1-9]|1[0-2])|{_MONTH}[- ]{_YEAR})$"


ODD = rf"[\x{{FF01}}-\x{{FF5E}}\x{{3000}}\x{{FFE5}}\x{{A0}}\x00{UNSEEN}]|(^|\x1f){_BLANK}|{_BLANK}(\x1f|$)"
"""What makes a row need cleaning, its columns joined by the unit separator; most rows have none of it."""


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _day(year: str, month: str, day: str) -> str:
    return f"TRY_CAST(concat_ws('-', {year}, {month}, {day}) AS DATE)"


def _rewritten(pattern: str, groups: str, century: str = "") -> str:
    """The date of `x`, whose groups in the order of `groups` are year, month and day."""
    order = "-".join(rf"\{group}" for group in groups.split("-"))
    return f"TRY_CAST(regexp_replace(x, {_quote(pattern)}, '{century}{order}') AS DATE)"


def _month(word: str) -> str:
    listed = ", ".join(map(_quote, _MONTHS))
    return f"CAST(list_position([{listed}], lower(left({word}, 3))) AS VARCHAR)"


def _parts(pattern: str, names: str) -> str:
    listed = ", ".join(f"'{name}'" for name in names.split())
    return f"regexp_extract(x, {_quote(pattern)}, [{listed}])"


_YES = "'是', 'y', 'yes', 'true', 't', '1', '√', '✓', '✔', '有', '含税', '启用', '需要', '管理', '☑'"
_NO = "'否', 'n', 'no', 'false', 'f', '0', '×', '✗', '✘', '无', '不含税', '未税', '没有', '不启用', '不需要', '不管理', '☐', '□'"

MACROS: tuple[str, ...] = (
    # trim and translate are dear, a regular expression that says they have nothing to do is cheap
    rf"""CREATE MACRO xd_clean(s) AS nullif(list_transform(
        [CASE WHEN regexp_matches(s, '[{UNSEEN}]') THEN regexp_replace(s, '[{UNSEEN}]', '', 'g') ELSE s END],
        lambda x: CASE WHEN regexp_matches(x, '^{_BLANK}|{_BLANK}$') THEN trim(x, {_SPACES}) ELSE x END)[1], '')""",
    # `odd` says whether any column of the row holds something to clean or escape (mappings.engine)
    "CREATE MACRO xd_tidy(s, odd) AS CASE WHEN odd THEN xd_clean(s) ELSE nullif(s, '') END",
    rf"""CREATE MACRO xd_half(s) AS CASE
        WHEN strlen(s) = length(s) OR NOT regexp_matches(s, '[\x{{FF01}}-\x{{FF5E}}\x{{3000}}\x{{FFE5}}]') THEN s
        ELSE translate(s, '{_FULL}', '{_HALF}') END""",
    # a code in full-width letters is that code; a name in Chinese keeps its signs
    r"""CREATE MACRO xd_code(s) AS CASE WHEN strlen(s) = length(s) THEN s
        WHEN regexp_full_match(s, '[\x{21}-\x{7E}\x{FF01}-\x{FF5E}]+') THEN xd_half(s) ELSE s END""",
    # 6 901028 075763, as it is printed below the bars
    r"""CREATE MACRO xd_barcode(s) AS list_transform([xd_code(s)], lambda x:
        CASE WHEN regexp_full_match(x, '''?[0-9]+( [0-9]+)*') THEN translate(x, ' ''', '') ELSE x END)[1]""",
    "CREATE MACRO xd_neat(s) AS list_transform([xd_clean(s)], lambda x: xd_half(x))[1]",
    # the number behind currency signs, blanks between thousands, trailing minus, brackets, 千, 万 and 亿
    rf"""CREATE MACRO xd_bare(s) AS list_transform([regexp_replace(regexp_replace(
            translate(xd_neat(s), '−–萬億', '--万亿'), {_quote(_CURRENCY)}, '\1'), {_quote(_YUAN)}, '\1')],
        lambda x: CASE WHEN regexp_full_match(x, {_quote(_GROUPED_BLANK)})
            THEN regexp_replace(x, {_quote(_GROUP)}, '', 'g') ELSE x END)[1]""",
    f"""CREATE MACRO xd_plain(x) AS CASE
        WHEN regexp_full_match(x, '{_PLAIN}') THEN TRY_CAST(x AS {_WIDE})
        WHEN regexp_full_match(x, '{_GROUPED_POINT}') THEN TRY_CAST(replace(x, ',', '') AS {_WIDE})
        WHEN regexp_full_match(x, '{_GROUPED_COMMA}')
            THEN TRY_CAST(replace(replace(x, '.', ''), ',', '.') AS {_WIDE}) END""",
    rf"""CREATE MACRO xd_scaled(x) AS list_transform([CASE
            WHEN right(x, 1) IN ({", ".join(map(_quote, POWERS))}) OR regexp_full_match(x, '[0-9][0-9.,]*-') THEN left(x, -1)
            WHEN regexp_full_match(x, '\([0-9][0-9.,]*\)') THEN x[2:-2]
            ELSE x END],
        lambda y: TRY(xd_plain(y) * CASE right(x, 1)
            {" ".join(f"WHEN '{word}' THEN {factor}" for word, factor in POWERS.items())}
            WHEN '-' THEN -1 WHEN ')' THEN -1 ELSE 1 END))[1]""",
    f"CREATE MACRO xd_usual_number(s) AS TRY_CAST(s AS {DECIMAL})",
    "CREATE MACRO xd_usual_date(s) AS TRY_CAST(left(s, 10) AS DATE)",
    "CREATE MACRO xd_usual_local(s) AS TRY_CAST(s AS TIMESTAMP)",
    rf"""CREATE MACRO xd_number(s) AS CASE
        WHEN regexp_full_match(s, '{USUAL_NUMBER}') THEN xd_usual_number(s)
        WHEN regexp_full_match(s, '-?[1-9][0-9]{{0,17}}\.[0-9]{{7,10}}') THEN TRY_CAST(s AS {DECIMAL})
        ELSE list_transform([xd_bare(s)], lambda b: list_transform([xd_scaled(b)], lambda x: CASE
            WHEN x = 0 OR TRY_CAST(x AS {DECIMAL}) <> 0 THEN TRY_CAST(x AS {DECIMAL}) END)[1])[1] END""",
    # what would be rounded to zero is something all the same
    "CREATE MACRO xd_is_tiny(s) AS list_transform([xd_bare(s)], lambda b: coalesce(abs(xd_scaled(b)) < 1, FALSE))[1]",
    # a number that was not read because it does not fit is too large rather than no number
    rf"""CREATE MACRO xd_is_number(s) AS regexp_full_match(xd_bare(s),
        '[+-]?([0-9]+|[1-9][0-9]{{0,2}}(,[0-9]{{3}})+)(\.[0-9]*)?{POWER}?')""",
    r"""CREATE MACRO xd_is_either(s) AS regexp_full_match(xd_bare(s),
        '[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}-?|\([1-9][0-9]{0,2}[.,][0-9]{3}\)')""",
    # a text with decimal commas, with points instead
    rf"""CREATE MACRO xd_from_comma(s) AS list_transform([xd_bare(s)], lambda x: CASE
        WHEN regexp_full_match(x, '[+-]?(?:{_COMMA})(?:{POWER}|-)?|\((?:{_COMMA})\)')
        THEN replace(replace(x, '.', ''), ',', '.') ELSE x END)[1]""",
    # one way of writing throughout: neither 2026年3-5 nor 3/4-2026
    """CREATE MACRO xd_is_uniform(x) AS contains(x, '年') = contains(x, '月')
        AND contains(x, '/')::INT + contains(x, '-')::INT + contains(x, '.')::INT + contains(x, '年')::INT <= 1""",
    # the day of a text without a time; years of two digits are read only where a setting says in which order
    f"""CREATE MACRO xd_day(s, date_order, short) AS list_transform([s], lambda x: CASE
        WHEN NOT xd_is_uniform(x) THEN NULL
        WHEN regexp_matches(x, {_quote(_YMD)}) THEN {_rewritten(_YMD, "1-2-3")}
        WHEN regexp_matches(x, {_quote(_COMPACT)}) THEN {_rewritten(_COMPACT, "1-2-3")}
        WHEN regexp_matches(x, {_quote(_SPACED)}) THEN {_rewritten(_SPACED, "1-2-3")}
        WHEN regexp_full_match(x, '{_SERIAL}') THEN DATE '1899-12-30' + TRY_CAST(left(x, 5) AS INTEGER)
        WHEN regexp_matches(x, {_quote(_DMY)}) THEN list_transform([{_parts(_DMY, "a b y")}], lambda p: CASE
            WHEN date_order = 'dmy' OR (date_order = '' AND TRY_CAST(p.a AS INTEGER) > 12) THEN {_day("p.y", "p.b", "p.a")}
            WHEN date_order = 'mdy' OR (date_order = '' AND TRY_CAST(p.b AS INTEGER) > 12) THEN {_day("p.y", "p.a", "p.b")}
            WHEN TRY_CAST(p.a AS INTEGER) = TRY_CAST(p.b AS INTEGER) THEN {_day("p.y", "p.a", "p.b")} END)[1]
        WHEN short = 'ymd' AND regexp_matches(x, {_quote(_YMD_SHORT)}) THEN {_rewritten(_YMD_SHORT, "1-2-3", "20")}
        WHEN short = 'dmy' AND regexp_matches(x, {_quote(_DMY_SHORT)}) THEN {_rewritten(_DMY_SHORT, "3-2-1", "20")}
        WHEN short = 'mdy' AND regexp_matches(x, {_quote(_DMY_SHORT)}) THEN {_rewritten(_DMY_SHORT, "3-1-2", "20")}
        WHEN regexp_matches(x, {_quote(_D_MON)}) THEN list_transform([{_parts(_D_MON, "d m y")}], lambda p: CASE
            WHEN length(p.y) = 4 THEN {_day("p.y", _month("p.m"), "p.d")}
            WHEN short IN ('dmy', 'mdy') THEN {_day("('20' || p.y)", _month("p.m"), "p.d")} END)[1]
        WHEN regexp_matches(x, {_quote(_Y_MON)}) THEN list_transform([{_parts(_Y_MON, "y m d")}],
            lambda p: {_day("p.y", _month("p.m"), "p.d")})[1]
        WHEN regexp_matches(x, {_quote(_MON_D)}) THEN list_transform([{_parts(_MON_D, "m d y")}],
            lambda p: {_day("p.y", _month("p.m"), "p.d")})[1] END)[1]""",
    # 2026年3月5日 星期四 上午: the day of the week says nothing more, the half of a day nothing of the day
    rf"""CREATE MACRO xd_dated(s) AS regexp_replace(regexp_replace(
        regexp_replace(xd_neat(s), {_quote(_HALF_DAY)}, '\1'), {_quote(_WEEKDAY)}, ''), {_quote(_WEEKDAY_BEFORE)}, '')""",
    f"""CREATE MACRO xd_date(s, date_order, short) AS CASE
        WHEN regexp_full_match(s, {_quote(USUAL_DAY)}) THEN xd_usual_date(s)
        ELSE list_transform([xd_dated(s)], lambda x: xd_day(CASE
            WHEN regexp_matches(x, '{_HAS_CLOCK}') THEN CASE WHEN TRY_CAST(regexp_extract(x, {_quote(_MOMENT)}, 3) AS INTEGER) <= 24
                THEN nullif(regexp_extract(x, {_quote(_MOMENT)}, 1), '') END
            WHEN regexp_matches(x, '{_COMPACT_MOMENT}') THEN left(x, 8)
            ELSE x END, date_order, short))[1] END""",
    # the day where the source is, of a time with its offset; midnight with one is how some write a day
    f"""CREATE MACRO xd_day_there(s, zone) AS CASE
        WHEN strlen(s) > 16 AND regexp_full_match(s, {_quote(_ZONED)}) AND NOT regexp_matches(s, '[T ]00:00(?::00(?:\\.0+)?)? ?(?:Z|[+-])')
            AND NOT (regexp_full_match(s, '.{{10}} ..:..-..:..') AND s[12:16] < s[18:22])
        THEN CAST(timezone(zone, TRY_CAST(regexp_replace(translate(s, '/', '-'), ' ([Z+-])', '\\1') AS TIMESTAMPTZ)) AS DATE) END""",
    f"""CREATE MACRO xd_day_part(s) AS list_transform([xd_dated(s)], lambda x:
        CASE WHEN regexp_matches(x, '{_HAS_CLOCK}') THEN regexp_extract(x, {_quote(_MOMENT)}, 1) ELSE x END)[1]""",
    # d: the first number must be the day, m: the second must be; ?: either could; NULL for other ways of writing
    f"""CREATE MACRO xd_order(s) AS list_transform([xd_day_part(s)], lambda x: CASE
        WHEN regexp_matches(x, {_quote(_DMY)}) AND xd_is_uniform(x)
        THEN list_transform([{_parts(_DMY, "a b y")}], lambda p: CASE
            WHEN TRY_CAST(p.a AS INTEGER) BETWEEN 13 AND 31 AND TRY_CAST(p.b AS INTEGER) BETWEEN 1 AND 12 THEN 'd'
            WHEN TRY_CAST(p.b AS INTEGER) BETWEEN 13 AND 31 AND TRY_CAST(p.a AS INTEGER) BETWEEN 1 AND 12 THEN 'm'
            WHEN TRY_CAST(p.a AS INTEGER) BETWEEN 1 AND 12 AND TRY_CAST(p.b AS INTEGER) BETWEEN 1 AND 12 AND TRY_CAST(p.a AS INTEGER) <> TRY_CAST(p.b AS INTEGER)
                THEN '?' END)[1] END)[1]""",
    "CREATE MACRO xd_is_ambiguous_date(s, date_order) AS date_order = '' AND coalesce(xd_order(s) = '?', FALSE)",
    f"CREATE MACRO xd_lacks_year(s) AS regexp_matches(xd_day_part(s), {_quote(_NO_YEAR)})",
    f"CREATE MACRO xd_lacks_day(s) AS regexp_matches(xd_day_part(s), {_quote(_NO_DAY)})",
    # local time; 10:30-11:00 is a span and no offset; twelve-hour clocks as they are meant: 下午3:00 is 15:00, 上午12:30 is 00:30
    """CREATE MACRO xd_hour(h, half) AS CASE
        WHEN half IN ('下午', 'PM') THEN CASE WHEN h BETWEEN 1 AND 11 THEN h + 12 WHEN h BETWEEN 12 AND 23 THEN h END
        WHEN half IN ('上午', 'AM') THEN CASE WHEN h = 12 THEN 0 WHEN h < 12 THEN h END
        ELSE h END""",
    f"""CREATE MACRO xd_local(s, date_order, short) AS CASE
        WHEN regexp_full_match(s, {_quote(USUAL_MOMENT)}) THEN xd_usual_local(s)
        ELSE list_transform([regexp_replace(xd_neat(s), {_quote(_COMPACT_MOMENT)}, '\\1-\\2-\\3 \\4:\\5:\\6')], lambda x:
            list_transform([{_parts(_MOMENT, "d u h i s f v z")}], lambda p:
            list_transform([xd_day(CASE WHEN regexp_matches(x, '{_HAS_CLOCK}') THEN p.d ELSE x END, date_order, short)],
            lambda d: CASE
                WHEN p.d <> '' THEN CASE WHEN (p.u = '' OR p.v = '')
                    AND NOT (left(p.z, 1) = '-' AND p.s = '' AND NOT contains(x, 'T')) THEN TRY_CAST(concat(
                    CAST(d AS VARCHAR), ' ', xd_hour(TRY_CAST(p.h AS INTEGER), upper(p.u || p.v)),
                    ':', coalesce(nullif(p.i, ''), '0'), ':', coalesce(nullif(p.s, ''), '0'),
                    '.', rpad(p.f, 6, '0')) AS TIMESTAMP) END
                WHEN regexp_full_match(x, '{_SERIAL}') THEN CAST(d AS TIMESTAMP)
                    + to_seconds(CAST(round(TRY_CAST('0' || x[6:] AS DECIMAL(30,12)) * 86400) AS BIGINT))
                ELSE CAST(d AS TIMESTAMP) END)[1])[1])[1] END""",
    # the beginning of time in Excel, Unix (08:00 in China) and .NET stands where a system has no date
    """CREATE MACRO xd_told(moment) AS CASE WHEN moment NOT IN (TIMESTAMP '1900-01-01 00:00:00',
        TIMESTAMP '1970-01-01 00:00:00', TIMESTAMP '1970-01-01 08:00:00', TIMESTAMP '0001-01-01 00:00:00') THEN moment END""",
    # what was written as its offset in minutes, NULL where none was
    f"""CREATE MACRO xd_offset(s) AS CASE WHEN NOT regexp_full_match(s, {_quote(USUAL_MOMENT)}) THEN
        list_transform([regexp_extract(xd_neat(s), {_quote(_MOMENT)}, 8)], lambda z: CASE
            WHEN z = 'Z' THEN 0
            WHEN z <> '' THEN (CASE WHEN left(z, 1) = '-' THEN -1 ELSE 1 END)
                * (TRY_CAST(z[2:3] AS INTEGER) * 60 + coalesce(TRY_CAST(right(replace(z, ':', ''), -3) AS INTEGER), 0))
            END)[1] END""",
    """CREATE MACRO xd_instant(local, minutes, zone) AS CASE
        WHEN minutes IS NULL THEN timezone(zone, local) ELSE timezone('UTC', local - to_minutes(minutes)) END""",
    """CREATE MACRO xd_instant_offset(local, minutes, moment) AS
        coalesce(minutes, datediff('minute', timezone('UTC', moment), local))""",
    f"""CREATE MACRO xd_flag(s) AS CASE
        WHEN lower(xd_neat(s)) IN ({_YES}) THEN TRUE
        WHEN lower(xd_neat(s)) IN ({_NO}) THEN FALSE END""",
    # products stay exact below 10^13 a side; beyond that the result is NULL and so an issue
    f"CREATE MACRO xd_times(a, b) AS TRY(CAST(CAST(a AS DECIMAL(19,6)) * CAST(b AS DECIMAL(19,6)) AS {DECIMAL}))",
    f"""CREATE MACRO xd_over(a, b) AS CASE WHEN b <> 0 THEN TRY(CAST(
        CAST((CAST(CAST(a AS DECIMAL(24,6)) * 1000000 AS HUGEINT) * 10000000
            // CAST(CAST(b AS DECIMAL(24,6)) * 1000000 AS HUGEINT)
            + CASE WHEN (a < 0) = (b < 0) THEN 5 ELSE -5 END) // 10 AS DECIMAL(31,0)) * 0.000001::DECIMAL(7,6)
        AS {DECIMAL})) END""",
    # 500箱, 1,200 kg, 1.5万个, 20(箱): the number and the unit of one cell
    f"""CREATE MACRO xd_cell(s) AS CASE WHEN s IS NOT NULL
        THEN regexp_replace(translate(xd_half(s), '萬億', '万亿'), {_quote(_IN_BRACKETS)}, '\\1') END""",
    *(
        f"CREATE MACRO xd_cell_{part}(x) AS CASE WHEN NOT regexp_matches(x, {_quote(_NO_UNIT)}) "
        f"THEN nullif(regexp_extract(x, {_quote(_WITH_UNIT)}, {group}), '') END"
        for group, part in enumerate(("number", "unit"), start=1)
    ),
    # 3.2元/个, ¥12.50/kg: the amount of one cell, and what one of costs so much
    "CREATE MACRO xd_price(s) AS CASE WHEN s IS NOT NULL THEN xd_half(s) END",
    *(
        f"CREATE MACRO xd_price_{part}(x) AS nullif(regexp_extract(x, {_quote(_PRICED)}, {group}), '')"
        for group, part in enumerate(("number", "unit"), start=1)
    ),
    "CREATE MACRO xd_digits(s) AS "
    "list_transform([s], lambda x: coalesce(xd_price_number(xd_price(x)), xd_cell_number(xd_cell(x)), x))[1]",
    r"""CREATE MACRO xd_has_comma(s) AS list_transform([xd_digits(s)],
        lambda x: xd_is_either(x) OR regexp_full_match(xd_bare(x), '[+-]?[0-9.]*,[0-9]+-?|\([0-9.]*,[0-9]+\)'))[1]""",
    # 12,50, 0,250 and 1.250.000: a comma that groups no thousands, or points that do, so that 1,250 and 1.250 could be either
    r"""CREATE MACRO xd_shows_comma(s) AS list_transform([xd_digits(s)], lambda x: x SIMILAR TO '.*(,|[.].*[.]).*' AND
        regexp_full_match(xd_bare(x), '([+-]?(COMMA)-?)|(\((COMMA)\))'))[1]""".replace(
        "COMMA",
        "[0-9]+,([0-9]{1,2}|[0-9]{4,})|0+,[0-9]+|[0-9]{1,3}([.][0-9]{3})+,[0-9]+|[1-9][0-9]{0,2}([.][0-9]{3}){2,}",
    ),
    # US$12, 100美元: the currency of an amount's own cell
    f"CREATE MACRO xd_cell_currency(x) AS nullif(regexp_extract(x, {_quote(_TOKEN)}), '')",
    # whether the currency that stands with an amount may be the one stated beside it
    f"""CREATE MACRO xd_currency_fits(x, code) AS CASE
        {" ".join(f"WHEN regexp_matches(x, '(?i){words}') THEN code = '{code}'" for code, words in _CURRENCIES.items())}
        {" ".join(f"WHEN contains(x, '{sign}') THEN code IN {codes}" for sign, codes in SIGNS.items())}
        ELSE TRUE END""",
    # the text where it says that it is unknown
    "CREATE MACRO xd_unknown(s, words) AS CASE WHEN regexp_full_match(s, words) THEN s END",
    f"CREATE MACRO xd_plus(a, b) AS TRY(CAST(a + b AS {DECIMAL}))",
    f"CREATE MACRO xd_minus(a, b) AS TRY(CAST(a - b AS {DECIMAL}))",
    # 13% in a calculation is 0.13
    "CREATE MACRO xd_share(s) AS list_transform([xd_neat(s)], lambda x: CASE WHEN right(x, 1) = '%' "
    "THEN xd_over(xd_number(left(x, -1)), 100) END)[1]",
    # PostgreSQL keeps no NUL, and a held row is stored with its key
    r"""CREATE MACRO xd_key(s) AS CASE
        WHEN contains(s, '|') OR contains(s, '\') OR contains(s, chr(0))
            THEN replace(replace(replace(s, chr(0), ''), '\', '\\'), '|', '\|')
        ELSE coalesce(s, '') END""",
)
"""Statements that define the macros, in order."""


_DIGEST_BYTES = hashlib.sha256().digest_size


@cache
def library() -> bytes:
    """A database file that holds the macros: attaching it takes a millisecond, making them a tenth of a second.

    It is kept in the user's cache folder for later processes, and made anew where it is not there, not whole, or of other
    macros or another DuckDB.
    """
    of = hashlib.sha256("\0".join((duckdb.__version__, *MACROS)).encode()).hexdigest()[:16]
    kept = platformdirs.user_cache_path("crossdock") / f"functions-{of}.duckdb"
    with suppress(OSError):
        whole = kept.read_bytes()
        content = whole[:-_DIGEST_BYTES]
        if whole[-_DIGEST_BYTES:] == hashlib.sha256(content).digest():
            return content
    content = _make()
    if kept.is_absolute():  # nobody's home is none
        with suppress(OSError):  # a cache that cannot be written is none
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = kept.with_suffix(f".{os.getpid()}")
            part.write_bytes(content + hashlib.sha256(content).digest())
            part.replace(kept)
    return content


@cache
def value_of(sql: str) -> object:
    """What our macros make of constants: the value of SQL that reads no table."""
    with tempfile.TemporaryDirectory(prefix="crossdock-functions-") as folder, duckdb.connect() as db:
        path = Path(folder) / "functions.duckdb"
        path.write_bytes(library())
        db.execute(f"ATTACH {_quote(str(path))} AS functions (READ_ONLY)")
        db.execute("SET search_path = 'memory,functions'")
        db.execute("SET TimeZone = 'UTC'")
        db.execute("SET enable_external_access = false")
        ((value,),) = db.execute(f"SELECT {sql}").fetchall()
        return value


def _make() -> bytes:
    with tempfile.TemporaryDirectory(prefix="crossdock-functions-") as folder:
        path = Path(folder) / "functions.duckdb"
        with duckdb.connect(path) as db:
            db.begin()  # a commit for each of them would double the time
            for macro in MACROS:
                db.execute(macro)
            db.commit()
        return path.read_bytes()
