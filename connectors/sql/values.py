"""Values of a database: as Arrow columns without floats, and as JSON in a cursor."""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pyarrow as pa

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from canonical_model.text import JsonValue, clip
from connectors.sql.config import SqlStream

_NATIVE = {bool, int, str, bytes, date, datetime, Decimal}
_MOMENT = re.compile(r"\d{4}(-?)\d\d\1\d\d([ T]\d\d(:?)\d\d(\3\d\d)?)?")
_AHEAD = timedelta(days=1)
"""A clock shows at most so much more than UTC."""
_THAW: dict[str, Callable[[str], object]] = {kind.__name__: kind for kind in (int, str, Decimal, UUID)} | {
    "bytes": bytes.fromhex, "date": date.fromisoformat, "datetime": datetime.fromisoformat
}  # fmt: skip


def to_table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> pa.Table:
    """The rows in Arrow types: decimals as decimal128, moments in UTC, and as text what has no exact type there."""
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.table(list(map(_column, columns)), names=list(names))


def _column(values: Sequence[object]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    # a column without a scale of its own has 10 and 10.5: one scale for both would make 10.0 of 10, another code
    scales = {value.as_tuple().exponent for value in values if isinstance(value, Decimal)}
    with suppress(pa.ArrowException, OverflowError):  # NaN, more than 38 digits or 64 bits: exact as text
        if len(kinds) == 1 and kinds <= _NATIVE and len(scales) <= 1:
            array = pa.array(values)
            if pa.types.is_decimal(array.type):
                return array.cast(pa.decimal128(38, array.type.scale))
            return array.cast(pa.timestamp("us", "UTC")) if getattr(array.type, "tz", None) else array
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: object) -> str:
    if isinstance(value, float):
        return _text(Decimal(repr(value))).removesuffix(".0")  # the shortest digits that give the same float back
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return json.dumps(value, ensure_ascii=False, default=_text) if isinstance(value, list | dict) else str(value)


def freeze(value: object) -> JsonValue:
    """A key or watermark as it stands in a cursor: its kind and exact text; XD-CFG-031 where it orders nothing."""
    if (kind := type(value).__name__) not in _THAW:
        raise _unordered(value)
    return [kind, value.hex() if isinstance(value, bytes) else str(value)]


def thaw(frozen: JsonValue) -> object:
    """The value that was frozen; None for null."""
    return _THAW[str(frozen[0])](str(frozen[1])) if isinstance(frozen, list) else None


def step_back(watermark: object, stream: SqlStream) -> object:
    """The watermark less the overlap, in which rows may come late; XD-CFG-031 where it is no time and no counter."""
    seconds = timedelta(seconds=stream.overlap_seconds)
    if isinstance(watermark, datetime):
        return watermark - seconds
    if isinstance(watermark, date):
        return watermark - timedelta(days=-(-stream.overlap_seconds // 86_400))
    if isinstance(watermark, int | Decimal) and not isinstance(watermark, bool):
        return watermark - stream.overlap_count
    if isinstance(watermark, bytes):  # SQL Server's rowversion
        return max(int.from_bytes(watermark) - stream.overlap_count, 0).to_bytes(len(watermark))
    if isinstance(watermark, str) and (found := _MOMENT.match(watermark)):  # the same spelling, without a fraction
        with suppress(ValueError, OverflowError):
            return _respelled(found[0], datetime.fromisoformat(found[0]) - seconds)
    raise _unordered(watermark)


def latest_today(watermark: object, now: datetime) -> object:
    """The last moment, as a value like the watermark, that is today anywhere on earth; None where the watermark is none later."""
    end = now + _AHEAD
    if isinstance(watermark, datetime):
        latest = end if watermark.tzinfo else end.replace(tzinfo=None)
        return latest if watermark > latest else None
    if isinstance(watermark, date):
        return end.date() if watermark > end.date() else None
    if isinstance(watermark, str) and (found := _MOMENT.match(watermark)):
        shown = _respelled(found[0], end)
        return shown if found[0] > shown else None
    return None


def _respelled(spelling: str, moment: datetime) -> str:
    """The moment in the spelling of another one, without a fraction."""
    digits = iter(f"{moment:%Y%m%d%H%M%S}")
    return re.sub(r"\d", lambda _: next(digits), spelling)


def _unordered(value: object) -> ConfigError:
    shown = f"{type(value).__name__} {clip(repr(value), 40)}"
    return ConfigError(
        Text(f"{shown} 这种值不能作 key 或 watermark。", f"A value like {shown} cannot be a key or watermark."),
        hint=Text("key 请选编号，watermark 请选修改时间或自增号。", "Take a number, or a time of change or a counter."),
        code="XD-CFG-031",
    )
