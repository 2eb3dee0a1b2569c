"""Values of a database: as Arrow columns without floats, and as JSON in a cursor."""

import json
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
_THAW: dict[str, Callable[[str], object]] = {
    "int": int,
    "str": str,
    "bytes": bytes.fromhex,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "Decimal": Decimal,
    "UUID": UUID,
}


def to_table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> pa.Table:
    """The rows in Arrow types: decimals as decimal128, moments in UTC, and as text what has no exact type there."""
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.table(list(map(_column, columns)), names=list(names))


def _column(values: Sequence[object]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    with suppress(pa.ArrowException, OverflowError):  # NaN, more than 38 digits or 64 bits: exact as text
        if len(kinds) == 1 and kinds <= _NATIVE:
            array = pa.array(values)
            if pa.types.is_decimal(array.type):
                return array.cast(pa.decimal128(38, array.type.scale))
            is_zoned = pa.types.is_timestamp(array.type) and array.type.tz
            return array.cast(pa.timestamp("us", "UTC")) if is_zoned else array
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: object) -> str:
    if isinstance(value, float):
        value = Decimal(repr(value))  # the shortest digits that give the same float back
    if isinstance(value, Decimal):
        return format(value, "f").removesuffix(".0") if value.is_finite() else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return json.dumps(value, ensure_ascii=False, default=_text) if isinstance(value, list | dict) else str(value)


def freeze(value: object) -> JsonValue:
    """A key or watermark as it stands in a cursor: its kind and its exact text.

    Raises:
        ConfigError (XD-CFG-031): Values of this kind do not order rows exactly.
    """
    kind = type(value).__name__
    if kind not in _THAW:
        raise _unordered(value)
    return [kind, value.hex() if isinstance(value, bytes) else str(value)]


def thaw(frozen: JsonValue) -> object:
    """The value that was frozen; None for null."""
    return _THAW[str(frozen[0])](str(frozen[1])) if isinstance(frozen, list) else None


def step_back(watermark: object, stream: SqlStream) -> object:
    """The watermark less the overlap, in which rows may have been committed late.

    Raises:
        ConfigError (XD-CFG-031): It is neither a time nor a counter.
    """
    seconds, count = timedelta(seconds=stream.overlap_seconds), stream.overlap_count
    if isinstance(watermark, datetime):
        return watermark - seconds
    if isinstance(watermark, date):
        return watermark - timedelta(days=-(-stream.overlap_seconds // 86_400))
    if isinstance(watermark, int | Decimal) and not isinstance(watermark, bool):
        return watermark - count
    if isinstance(watermark, bytes):  # SQL Server's rowversion
        return max(int.from_bytes(watermark) - count, 0).to_bytes(len(watermark))
    if isinstance(watermark, str):  # a time kept as text, spelled alike down to the second: it sorts before any longer
        with suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(watermark) - seconds
            day, at = ("%Y-%m-%d", 10) if watermark[4] == "-" else ("%Y%m%d", 8)
            spelling = day + watermark[at : at + 1] + ("%H:%M:%S" if ":" in watermark else "%H%M%S")
            return moment.strftime(spelling)[: len(watermark)]
    raise _unordered(watermark)


def _unordered(value: object) -> ConfigError:
    kind, shown = type(value).__name__, clip(repr(value), 40)
    return ConfigError(
        Text(
            f"{kind} 类型的列不能作 key 或 watermark（取值 {shown}）。",
            f"A column of type {kind} cannot be a key or watermark (value {shown}).",
        ),
        hint=Text(
            "key 请选编号，watermark 请选修改时间或自增号。",
            "Choose a number for the key, a time of change or a counter for the watermark.",
        ),
        code="XD-CFG-031",
    )
