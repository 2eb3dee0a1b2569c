"""Values of databases become exact Arrow columns and exact cursors."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical_model.errors import ConfigError
from connectors.sql import SqlStream
from connectors.sql.values import freeze, latest_today, step_back, thaw, to_table

CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("values", "kind", "out"),
    [
        ([Decimal("1.50"), Decimal("2.00"), None], pa.decimal128(38, 2), [Decimal("1.50"), Decimal("2.00"), None]),
        ([Decimal("10.5"), Decimal("10"), None], pa.string(), ["10.5", "10", None]),
        ([Decimal("10.0"), Decimal("0.25")], pa.string(), ["10.0", "0.25"]),
        ([Decimal("1E+2")], pa.decimal128(38, 0), [Decimal(100)]),
        ([Decimal("9" * 38)], pa.decimal128(38, 0), [Decimal("9" * 38)]),
        ([Decimal(10) ** 40], pa.string(), ["1" + "0" * 40]),
        ([Decimal("1" * 30), Decimal("0." + "1" * 20)], pa.string(), ["1" * 30, "0." + "1" * 20]),
        ([Decimal("NaN"), Decimal("1.5")], pa.string(), ["NaN", "1.5"]),
        ([0.1, 1e20, None], pa.string(), ["0.1", "100000000000000000000", None]),
        ([float("nan"), float("-inf")], pa.string(), ["NaN", "-Infinity"]),
        ([5, 5.5], pa.string(), ["5", "5.5"]),
        ([1, 2], pa.int64(), [1, 2]),
        ([2**70], pa.string(), [str(2**70)]),
        ([True, None], pa.bool_(), [True, None]),
        ([True, 2], pa.string(), ["True", "2"]),
        ([1, "a"], pa.string(), ["1", "a"]),
        (["000123", None], pa.string(), ["000123", None]),
        ([b"\0\xff"], pa.binary(), [b"\0\xff"]),
        ([memoryview(b"\0\xff")], pa.string(), ["00ff"]),
        ([date(2026, 3, 1)], pa.date32(), [date(2026, 3, 1)]),
        ([date(2026, 3, 1), datetime(2026, 3, 1, 9)], pa.string(), ["2026-03-01", "2026-03-01 09:00:00"]),  # noqa: DTZ001  # as a database gives it
        ([datetime(2026, 3, 1, 8, 30)], pa.timestamp("us"), [datetime(2026, 3, 1, 8, 30)]),  # noqa: DTZ001  # as above
        ([datetime(2026, 3, 1, 8, tzinfo=CHINA)], pa.timestamp("us", "UTC"), [datetime(2026, 3, 1, tzinfo=UTC)]),
        ([time(8, 30)], pa.string(), ["08:30:00"]),
        ([UUID(int=1)], pa.string(), [str(UUID(int=1))]),
        ([[Decimal("1.10"), None]], pa.string(), ['["1.10", null]']),
        ([{"数量": "1.10"}], pa.string(), ['{"数量": "1.10"}']),
        ([None], pa.string(), [None]),
    ],
)
def test_values_become_exact_columns(values: list[object], kind: pa.DataType, out: list[object]) -> None:
    column = to_table(["x"], [[value] for value in values])["x"]
    assert column.type == kind
    assert column.to_pylist() == out


def test_no_rows_are_a_table_with_the_columns() -> None:
    assert to_table(["a", "b"], []).column_names == ["a", "b"]


@given(
    st.one_of(
        st.integers(),
        st.text(st.characters(exclude_categories=["Cs"])),
        st.binary(),
        st.decimals(allow_nan=False, allow_infinity=False),
        st.dates(),
        st.datetimes(),
        st.datetimes(timezones=st.just(CHINA)),
        st.uuids(),
    )
)
def test_what_orders_rows_comes_out_of_a_cursor_as_it_went_in(value: object) -> None:
    again = thaw(freeze(value))
    assert (type(again), again) == (type(value), value)


@pytest.mark.parametrize("value", [1.5, True, None, time(8), [1]])
def test_what_does_not_order_rows_exactly_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="XD-CFG-031"):
        freeze(value)


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 9, 50, tzinfo=UTC)),
        (date(2026, 3, 2), date(2026, 3, 1)),
        (5000, 4000),
        (Decimal("5000.5"), Decimal("4000.5")),
        ((5000).to_bytes(8), (4000).to_bytes(8)),
        ((5).to_bytes(8), (0).to_bytes(8)),
        ("2026-03-01 10:00:00", "2026-03-01 09:50:00"),
        ("2026-03-01T10:00:00.123456", "2026-03-01T09:50:00"),
        ("2026-03-01T10:00:00+08:00", "2026-03-01T09:50:00"),
        ("2026-03-01 10:00", "2026-03-01 09:50"),
        ("2026-03-01T100000", "2026-03-01T095000"),
        ("20260301 100000", "20260301 095000"),
        ("2026-03-01", "2026-02-28"),
        ("20260301", "20260228"),
    ],
)
def test_a_watermark_is_stepped_back_by_the_overlap(value: object, back: object) -> None:
    assert step_back(value, SqlStream(table="t", key=["k"])) == back


@given(st.datetimes(min_value=datetime(1900, 1, 1)), st.integers(0, 100_000), st.sampled_from("T "))  # noqa: DTZ001  # as a database gives it
def test_a_time_kept_as_text_is_never_stepped_back_too_little(moment: datetime, seconds: int, between: str) -> None:
    """Every text from (moment - overlap) on sorts behind what the next read begins with."""
    stream = SqlStream(table="t", key=["k"], overlap_seconds=seconds)
    late = (moment - timedelta(seconds=seconds)).isoformat(between)
    assert str(step_back(moment.isoformat(between), stream)) <= late


@pytest.mark.parametrize("value", ["A-17", "", 1.5, True, UUID(int=1)])
def test_a_watermark_that_no_overlap_can_be_taken_from_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="XD-CFG-031"):
        step_back(value, SqlStream(table="t", key=["k"]))


@pytest.mark.parametrize(
    ("value", "latest"),
    [
        (datetime(2099, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)),
        (datetime(2099, 3, 1), datetime(2026, 3, 2, 10)),  # noqa: DTZ001  # as a database gives it
        (datetime(2026, 3, 2, 9, tzinfo=UTC), None),
        (date(2026, 3, 3), date(2026, 3, 2)),
        (date(2026, 3, 2), None),
        ("2099-12-31 00:00:00.5", "2026-03-02 10:00:00"),
        ("20991231", "20260302"),
        ("2026-03-01 10:00", None),
        (5000, None),
        (None, None),
    ],
)
def test_a_time_beyond_tomorrow_does_not_count(value: object, latest: object) -> None:
    assert latest_today(value, datetime(2026, 3, 1, 10, tzinfo=UTC)) == latest
