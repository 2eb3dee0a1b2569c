"""How numbers, dates, times and flags are read, with the spellings that a bare cast gets wrong.

Rule for numbers: at most 18 digits before the point; further than six behind it are rounded half away from zero, in
reading as well as in * and /.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical_model.text import half_width
from mappings.functions import _FULL, _HALF, MACROS

STEP = Decimal("0.000001")
LIMIT = Decimal(10) ** 18
fast = settings(max_examples=10, derandomize=True, database=None)


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for macro in MACROS:
            connection.execute(macro)
        yield connection


def apply(db: duckdb.DuckDBPyConnection, call: str, *columns: list[str] | list[Decimal]) -> list[object]:
    """The values of `call` over columns a and b, all in one statement."""
    names = "ab"
    types = [pa.string() if isinstance(column[0], str) else pa.decimal128(24, 6) for column in columns]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    table = pa.table(dict(zip(names, arrays, strict=False)))
    db.register("given", table.append_column("n", pa.array(range(len(columns[0])))))
    found = db.sql(
        f"SELECT {call} AS value FROM given ORDER BY n"
    ).to_arrow_table()  # fetchall() wants pytz for instants
    return list(found["value"].to_pylist())


NUMBERS: dict[str, str | None] = {
    "0": "0", "1200": "1200", "-5": "-5", "+5": "5", "007": "7", "1.10": "1.1", ".5": "0.5", "5.": "5",
    "1,200": "1200", "1,200.50": "1200.5", "12,345,678.9": "12345678.9", "1.250,00": "1250", "1.234.567,8": "1234567.8",
    "1.250": "1.25", "１２３": "123", "１，２００．５０": "1200.5", "－３": "-3", "　12　": "12", "1 200": "1200",
    "￥1,200": "1200", "¥12.5": "12.5", "$3": "3", "€3": "3", "RMB 12": "12", "CNY12": "12", "12元": "12", "12 元": "12",
    "1.5万": "15000", "２万": "20000", "3亿": "300000000", "0.00001亿": "1000", "(12.5)": "-12.5", "12-": "-12",
    "（12）": "-12", "12345678901234.123456": "12345678901234.123456", "0.1234564": "0.123456",
    "0.1234565": "0.123457", "-0.1234565": "-0.123457", "0.12345649999999": "0.123456",
    "999999999999999999.999999": "999999999999999999.999999", "999999999999999999": "999999999999999999",
    "1 200 300.5": "1200300.5", "1\u00a0200": "1200", "1\u202f200": "1200", "1'200": "1200", "1 200-": "-1200", "(1 200.5)": "-1200.5", "1’200.5": "1200.5", "-¥1,200": "-1200", "¥-5": "-5", "- 5": None,
    "rmb 5": "5", "1.5 万": "15000", "1.5万元": "15000", "5千": "5000", "−5": "-5", "–5": "-5", "\u200b12\ufeff": "12", "EUR 1.250,00": "1250",
    # what a cast would take, or guess
    "0,250": None, "0.250,00": None, "000,123": None, "1,2000": None, "12 34": None, "1 2000": None, "1.5w": None, "USD 5": "5", "5 USD": "5", "HK$5": "5", "5日元": "5", "20円": "20", "1.2万美元": "12000", "5k": None,
    "约500": None, "500左右": None, "500+": None, ">500": None, "5~6": None, "5-6": None, "1/2": None, "3亿5千万": None, "12.5%": None,
    "1E+05": None, "12。5": None, "1'20": None, "1'2000": None, "5元5": None, "元": None, "万": None, "¥": None, "(-5)": None, "ABC 5": None,
    "1e5": None, "1E5": None, "1_000": None, "0x1F": None, "infinity": None, "-inf": None, "nan": None, "NaN": None,
    "1,2": None, "1,20": None, "12,34,567": None, "1.2.3": None, "1,200,": None, "--5": None, "+-5": None, "5-3": None,
    "12abc": None, "N/A": None, "-": None, ".": None, "%": None, "5%": None, "一百": None, "12个": None, "true": None,
    "2026-03-05": None, "1000000000000000000": None, "999999999999999999.9999995": None, "999999999999999万": None,
    "99999999999999999999999999999999999999999": None, "": None, "   ": None, "\x00": None, "1\x002": None,
    "1\n2": None, "1 2": None, "5 10": None, "=1+1": None, "'5": None, "٣": None, "½": None, "²": None,
}  # fmt: skip


ZONED = {
    "2026-03-05T20:00:00Z": "2026-03-06", "2026-03-05 20:00:00.123+0000": "2026-03-06", "2026-03-05T15:59:59Z": "2026-03-05",
    "2026-03-05T20:00:00+08:00": "2026-03-05", "2026-03-05T20:00-05:00": "2026-03-06", "2026-03-05T02:00:00+09:00": "2026-03-05",
    "2026-03-05T00:00:00Z": None, "2026-03-05T00:00-05:00": None, "2026-03-05 00:00:00.000+0900": None,
    "2026-05-10 14:18:22 -0700": "2026-05-11", "2026-05-10 14:18:22 -07:00": "2026-05-11", "2026-05-10 21:18:22+00": "2026-05-11",
    "2026-05-10 21:18:22.123456+00": "2026-05-11", "2026/05/10 21:18:22 +00:00": "2026-05-11", "2026-05-10 21:18:22 Z": "2026-05-11",
    "2026-03-05 20:00-05:00": "2026-03-06", "2026-05-10 00:00:00 +02:00": None, "2026-03-05 10:30-11:00": None, "2026-03-05 10:30-11": None,
    "2026-03-05T20:00:00": None, "2026-03-05": None, "2026/3/5 20:00 Z": None, "2026-02-30T20:00:00Z": None,
}  # fmt: skip


def test_a_time_with_its_offset_is_on_the_day_of_the_source(db: duckdb.DuckDBPyConnection) -> None:
    found = apply(db, "xd_day_there(a, 'Asia/Shanghai')", list(ZONED))
    assert dict(zip(ZONED, found, strict=True)) == {t: d and date.fromisoformat(d) for t, d in ZONED.items()}


def test_spellings_of_numbers(db: duckdb.DuckDBPyConnection) -> None:
    found = apply(db, "xd_number(a)", list(NUMBERS))
    assert dict(zip(NUMBERS, found, strict=True)) == {
        text: None if value is None else Decimal(value) for text, value in NUMBERS.items()
    }


def test_what_does_not_fit_is_a_number_and_what_is_none_is_not(db: duckdb.DuckDBPyConnection) -> None:
    texts = ["1000000000000000000", "9" * 41, "-9,999,999,999,999,999,999,999", "999999999999999万", "￥1" + "0" * 20]
    assert apply(db, "xd_is_number(a)", texts) == [True] * len(texts)
    others = ["1e5", "1,2", "N/A", "12abc", "1,2000", "一"]
    assert apply(db, "xd_is_number(a)", others) == [False] * len(others)


@fast
@given(st.lists(st.decimals(min_value=-LIMIT, max_value=LIMIT, allow_nan=False, places=12), min_size=30, max_size=60))
def test_plain_numbers_are_read_as_decimal_does(db: duckdb.DuckDBPyConnection, numbers: list[Decimal]) -> None:
    found = apply(db, "xd_number(a)", [f"{number:f}" for number in numbers])
    grouped = apply(db, "xd_number(a)", [f"{number:,f}" for number in numbers])
    rounded = [number.quantize(STEP, ROUND_HALF_UP) for number in numbers]
    lost = [abs(there) >= LIMIT or (not there and number) for there, number in zip(rounded, numbers, strict=True)]
    assert found == grouped == [None if gone else there for there, gone in zip(rounded, lost, strict=True)]


_LOCAL = st.integers(-6 * 10**14, 4 * 10**15).map(
    lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
_FACTORS = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=6)
_SMALL = st.decimals(min_value=-100, max_value=100, allow_nan=False, places=3)


@fast
@given(st.lists(st.tuples(_FACTORS | _SMALL, _FACTORS | _SMALL), min_size=30, max_size=60))
def test_products_and_quotients_round_half_away_from_zero_at_six_places(
    db: duckdb.DuckDBPyConnection, pairs: list[tuple[Decimal, Decimal]]
) -> None:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    products = apply(db, "xd_times(a, b)", left, right)
    quotients = apply(db, "xd_over(a, b)", left, right)
    for a, b, product, quotient in zip(left, right, products, quotients, strict=True):
        exact = int(a * 10**6) * int(b * 10**6)  # in units of 10^-12
        rounded = (abs(exact) + 500_000) // 10**6 * (1 if exact >= 0 else -1)
        whole = Decimal(rounded).scaleb(-6)
        assert product == (whole if abs(whole) < LIMIT else None), (a, b)
        if b == 0:
            assert quotient is None
            continue
        top, bottom = abs(int(a * 10**6)) * 10**6, abs(int(b * 10**6))
        nearest = (2 * top + bottom) // (2 * bottom)
        expected = Decimal(nearest if (a < 0) == (b < 0) else -nearest).scaleb(-6)
        assert quotient == (expected if abs(expected) < LIMIT else None), (a, b)


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("xd_times(xd_number('20000'), xd_number('1000'))", "20000000"),
        ("xd_over(xd_number('10'), xd_number('3'))", "3.333333"),
        ("xd_over(xd_number('-10'), xd_number('3'))", "-3.333333"),
        ("xd_over(xd_number('2'), xd_number('3'))", "0.666667"),
        ("xd_over(xd_number('1'), xd_number('0'))", None),
        ("xd_over(xd_number('999999999999999999'), xd_number('0.000001'))", None),
        ("xd_times(xd_number('999999999999999999'), xd_number('999999999999999999'))", None),
        ("xd_plus(xd_number('999999999999999999'), xd_number('1'))", None),
        ("xd_minus(xd_number('-999999999999999999'), xd_number('1'))", None),
        ("xd_plus(xd_number('0.1'), xd_number('0.2'))", "0.3"),
    ],
)
def test_arithmetic_ends_as_a_value_or_as_null(db: duckdb.DuckDBPyConnection, call: str, value: str | None) -> None:
    assert db.execute(f"SELECT {call}").fetchall() == [(None if value is None else Decimal(value),)]


DATES: dict[str, str | None] = {
    "2026-03-05": "2026-03-05", "2026-3-5": "2026-03-05", "2026/3/5": "2026-03-05", "2026.03.05": "2026-03-05",
    "2026年3月5日": "2026-03-05", "2026年3月5号": "2026-03-05", "2026 年 3 月 5 日": "2026-03-05", "２０２６年３月５日": "2026-03-05",
    "20260305": "2026-03-05", "2026-03-05 00:00:00": "2026-03-05", "2026-03-05 10:30": "2026-03-05",
    "2026-03-05T10:30:00+08:00": "2026-03-05", "2026年3月5日10时30分": "2026-03-05", "2026-03-05 00:00:00.000": "2026-03-05",
    "46086": "2026-03-05", "46086.0": "2026-03-05", "13/04/2026": "2026-04-13", "04/13/2026": "2026-04-13",
    "5-Mar-2026": "2026-03-05", "05 March 2026": "2026-03-05", "2024-02-29": "2024-02-29", " 2026-03-05 ": "2026-03-05",
    "04/04/2026": "2026-04-04", "4/04/2026": "2026-04-04", "46086.5": "2026-03-05", "20260305103000": "2026-03-05",
    "Thu, 5 Mar 2026": "2026-03-05", "2026-Mar-05": "2026-03-05", "5.Mar.2026": "2026-03-05", "2026/3/5 25:00": None,
    "2026年3月5日 星期四": "2026-03-05", "2026-03-05(周四)": "2026-03-05", "2026/3/5 礼拜四": "2026-03-05", "2026-03-05 Thu": "2026-03-05",
    "2026 03 05": "2026-03-05", "2026-03-05 上午": "2026-03-05", "2026年3月5日下午": "2026-03-05", "2026/3/5 PM": "2026-03-05",
    "2026-03-05(周四)上午": "2026-03-05", "2026年3月5日 星期四 上午": "2026-03-05", "2026-03-05 周四下午": "2026-03-05", "2026 13 05": None, "2026 0305": None, "上午": None, "2026-03 上午": None,
    "Mar 5, 2026": "2026-03-05", "March 5th 2026": "2026-03-05", "5 sept 2026": "2026-09-05", "05-MAR-2026": "2026-03-05",
    "2026/3/5 下午3:00": "2026-03-05", "25/03/2026 10:30": "2026-03-25", "3/25/2026 1:02:03 PM": "2026-03-25",
    "2026-03-05T10:00:00+08:00": "2026-03-05", "1904-01-01": "1904-01-01", "1900-01-01": "1900-01-01", "\u200b2026-03-05": "2026-03-05",
    # what a cast would take, or guess
    "03/04/2026": None, "12-3-4": None, "infinity": None, "-infinity": None, "epoch": None, "today": None, "now": None,
    "2026-02-30": None, "2025-02-29": None, "2026-13-01": None, "2026-00-10": None, "20261301": None, "1899-01-01": None,
    "2026-3": None, "2026": None, "3月5日": None, "26/3/5": None, "5": None, "1": None, "99999": None, "460861": None,
    "2026年3-5": None, "2026-3/5": None, "3/4-2026": None, "2026-03-05至2026-03-08": None, "2026-03-05 10:30 - 11:00": None,
    "2026-03-05 或 03-08": None, "5-Marvel-2026": None, "5-Mar-26": None, "03/04/26": None, "12月底": None, "2026-3-5前": None,
    "2026 3 5": None, "2026.3": None, "202603": None, "1899-12-30": None, "2026-06-31": None, "46086.": None, "4.6086": None,
    "0000-00-00": None, "2026-03-05x": None, "2026-03-051": None, "2026-03-05 (BC)": None, "TBD": None,
    "2026-03-0510:30": None, "": None, "\x00": None, "31/02/2026": None,
}  # fmt: skip


def test_spellings_of_dates(db: duckdb.DuckDBPyConnection) -> None:
    found = apply(db, "xd_date(a, '', '')", list(DATES))
    assert dict(zip(DATES, found, strict=True)) == {
        text: None if value is None else date.fromisoformat(value) for text, value in DATES.items()
    }


def test_the_order_of_day_and_month_is_a_setting_and_never_a_guess(db: duckdb.DuckDBPyConnection) -> None:
    texts = ["03/04/2026", "3.4.2026", "03-04-2026"]
    assert apply(db, "xd_date(a, 'dmy', '')", texts) == [date(2026, 4, 3)] * 3
    assert apply(db, "xd_date(a, 'mdy', '')", texts) == [date(2026, 3, 4)] * 3
    assert apply(db, "xd_is_ambiguous_date(a, '')", texts) == [True] * 3
    assert apply(db, "xd_is_ambiguous_date(a, 'dmy')", texts) == [False] * 3
    assert apply(db, "xd_date(a, 'dmy', '')", ["04/13/2026"]) == [None]
    assert apply(db, "xd_is_ambiguous_date(a, '')", ["31/02/2026", "04/13/2026", "13/13/2026"]) == [False] * 3


def test_a_year_of_two_digits_is_read_where_the_order_is_set(db: duckdb.DuckDBPyConnection) -> None:
    texts = ["26/3/1", "5-Mar-26", "01.03.26", "31/12/26", "99/99/99", "3/1"]
    read: dict[str, list[date | None]] = {
        "": [None, None, None, None, None, None],
        "ymd": [date(2026, 3, 1), None, date(2001, 3, 26), date(2031, 12, 26), None, None],
        "dmy": [None, date(2026, 3, 5), date(2026, 3, 1), date(2026, 12, 31), None, None],
        "mdy": [None, date(2026, 3, 5), date(2026, 1, 3), None, None, None],
    }
    for short, days in read.items():
        assert apply(db, f"xd_date(a, '', '{short}')", texts) == days


def test_what_a_date_lacks_is_told_apart(db: duckdb.DuckDBPyConnection) -> None:
    no_year = ["3月5日", "26/3/1", "3/5", "26年3月5日", "5-Mar", "5-Mar-26", "03-05-26 10:30"]
    no_day = ["2026-3", "2026年3月", "2026", "2026年", "202603", "Mar 2026", "2026/03"]
    for texts, is_lacking in (
        (no_year, [True, False]),
        (no_day, [False, True]),
        (["下周一", "2026-02-30", "x"], [False, False]),
    ):
        assert apply(db, "xd_lacks_year(a)", texts) == [is_lacking[0]] * len(texts)
        assert apply(db, "xd_lacks_day(a)", texts) == [is_lacking[1]] * len(texts)


@fast
@given(st.lists(st.dates(date(1900, 1, 1), date(2199, 12, 31)), min_size=20, max_size=40))
def test_dates_are_read_in_every_usual_form(db: duckdb.DuckDBPyConnection, days: list[date]) -> None:
    forms = [
        "{0:%Y-%m-%d}",
        "{0.year}/{0.month}/{0.day}",
        "{0:%Y%m%d}",
        "{0.year}年{0.month}月{0.day}日",
        "{0:%Y-%m-%d} 23:59",
    ]
    for form in forms:
        assert apply(db, "xd_date(a, '', '')", [form.format(day) for day in days]) == days
    serials = [day for day in days if 20000 <= (day - date(1899, 12, 30)).days < 80000] or [date(2026, 3, 5)]
    texts = [str((day - date(1899, 12, 30)).days) for day in serials]
    assert apply(db, "xd_date(a, '', '')", texts) == serials


INSTANTS: dict[str, str | None] = {
    "2026-03-05 10:30": "2026-03-05T02:30:00", "2026-03-05T10:30:15": "2026-03-05T02:30:15",
    "2026-03-05 10:30:00+08": "2026-03-05T02:30:00", "2026-03-05 10:30:00+0800": "2026-03-05T02:30:00",
    "2026-03-05T10:30:00+08:00": "2026-03-05T02:30:00", "2026-03-05T10:30:00Z": "2026-03-05T10:30:00",
    "2026-03-05 10:30:00-05:30": "2026-03-05T16:00:00", "2026-03-05 10:30:00.123456": "2026-03-05T02:30:00.123456",
    "2026/3/5 1:02": "2026-03-04T17:02:00", "2026年3月5日 10时30分": "2026-03-05T02:30:00",
    "2026年3月5日10:30": "2026-03-05T02:30:00", "2026-03-05": "2026-03-04T16:00:00", "20260305": "2026-03-04T16:00:00",
    "46086": "2026-03-04T16:00:00", "２０２６－０３－０５　１０：３０": "2026-03-05T02:30:00",
    "2026/3/5 下午3:00": "2026-03-05T07:00:00", "2026年3月5日 上午12:30": "2026-03-04T16:30:00", "3/25/2026 3:05 PM": "2026-03-25T07:05:00",
    "2026-03-05 12:00 AM": "2026-03-04T16:00:00", "2026-03-05 下午15:00": "2026-03-05T07:00:00", "20260305103000": "2026-03-05T02:30:00",
    "46086.4375": "2026-03-05T02:30:00", "46086.430555555556": "2026-03-05T02:20:00", "2026年3月5日10时": "2026-03-05T02:00:00",
    "2026-03-05 上午13:00": None, "2026-03-05 下午0:30": None, "2026-03-05 晚上8:00": None, "2026-03-05 上午10:00 PM": None,
    "20260305253000": None, "2026-03-05 24:00": "2026-03-05T16:00:00", "2026-03-05T10:30-05:00": "2026-03-05T15:30:00",
    "26-03-05 10:30": None, "2026-03-05 10:30-11:30": None,
    "2026-03-05 25:00": None, "2026-03-05 10:61": None, "2026-02-30 10:00": None, "infinity": None, "epoch": None,
    "2026-03-05 10:30:15.123456": "2026-03-05T02:30:15.123456", "2026-03-05 10:30:15.1234567": "2026-03-05T02:30:15.123456",
    "10:30": None, "2026-03-05 10:30+99:00": None, "2026-03-05 10:30 Asia/Tokyo": None, "03/04/2026 10:30": None, "": None,
}  # fmt: skip


_INSTANT = "xd_instant(xd_local(a, '', ''), xd_offset(a), 'Asia/Shanghai')"


def test_spellings_of_instants(db: duckdb.DuckDBPyConnection) -> None:
    found = apply(db, _INSTANT, list(INSTANTS))
    assert [isinstance(at, datetime) and at.tzinfo is not None for at in found] == [
        v is not None for v in INSTANTS.values()
    ]
    assert dict(zip(INSTANTS, found, strict=True)) == {
        text: None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)
        for text, value in INSTANTS.items()
    }


def test_an_offset_is_kept_and_a_missing_one_is_the_zones(db: duckdb.DuckDBPyConnection) -> None:
    texts = ["2026-03-05 10:30:00-05:30", "2026-03-05 10:30Z", "2026-03-05 10:30", "2026-07-05 10:30"]
    local, minutes = "xd_local(a, '', '')", "xd_offset(a)"
    moment = f"xd_instant({local}, {minutes}, 'Europe/Berlin')"
    assert apply(db, f"xd_instant_offset({local}, {minutes}, {moment})", texts) == [-330, 0, 60, 120]
    assert apply(db, "xd_offset(a)", texts) == [-330, 0, None, None]


@fast
@given(
    st.lists(
        st.tuples(_LOCAL, st.integers(-840, 840)),
        min_size=20,
        max_size=40,
    )
)  # local times
def test_instants_with_an_offset_are_read_as_datetime_does(
    db: duckdb.DuckDBPyConnection, moments: list[tuple[datetime, int]]
) -> None:
    texts = [
        f"{at:%Y-%m-%dT%H:%M:%S.%f}{'-' if m < 0 else '+'}{abs(m) // 60:02d}:{abs(m) % 60:02d}" for at, m in moments
    ]
    found = apply(db, _INSTANT, texts)
    assert found == [at - timedelta(minutes=m) for at, m in moments]


FLAGS: dict[str, bool | None] = {
    "是": True, "Y": True, "yes": True, "TRUE": True, "1": True, "√": True, "有": True, " 是 ": True, "Ｙ": True,
    "否": False, "N": False, "no": False, "False": False, "0": False, "×": False, "无": False,
    "✓": True, "✔": True, "含税": True, "未税": False, "不含税": False, "✗": False, "true ": True,
    "含": None, "x": None, "○": None, "是否": None, "1.0": None, "是的": None,
    "也许": None, "2": None, "": None, "yess": None, "-1": None, "on": None, "01": None,
}  # fmt: skip


def test_spellings_of_flags(db: duckdb.DuckDBPyConnection) -> None:
    assert dict(zip(FLAGS, apply(db, "xd_flag(a)", list(FLAGS)), strict=True)) == FLAGS


def test_full_width_signs_are_halved_as_unicode_says(db: duckdb.DuckDBPyConnection) -> None:
    assert len(_FULL) == len(_HALF)
    for full, half in zip(_FULL, _HALF, strict=True):
        assert (half_width(full) or " ") == half.replace("¥", half_width("￥"))
    assert apply(db, "xd_half(a)", [_FULL]) == [_HALF]


def test_key_parts_are_told_apart(db: duckdb.DuckDBPyConnection) -> None:
    keys = apply(db, "xd_key(a) || '|' || xd_key(b)", ["a|", "a", "a\\", "a\\|", "x\0"], ["b", "|b", "|b", "b", "y"])
    assert len(set(keys)) == len(keys)
    assert all("\0" not in str(key) for key in keys)
