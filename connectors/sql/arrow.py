"""Database values as Arrow columns: decimals exact, floats as their exact text, never a float."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pyarrow as pa

Value = None | bool | int | float | str | bytes | Decimal | date | datetime | time | timedelta | UUID | list["Value"]
"""What a database driver gives for one value."""

_WIDEST = 38


def to_table(names: Sequence[str], rows: Sequence[Sequence[Value]], known: Mapping[str, pa.DataType]) -> pa.Table:
    """The rows as a table.

    Args:
        names: Column names.
        rows: The rows.
        known: Types found in earlier batches, kept where the values allow, so that batches fit together.
    """
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table({name: _column(values, known.get(name)) for name, values in zip(names, columns, strict=True)})


def _column(values: Sequence[Value], known: pa.DataType | None) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pa.nulls(len(values), known or pa.string())
    if kinds <= {Decimal, int} and Decimal in kinds:
        return _decimals([None if value is None else Decimal(value) for value in values], known)  # type: ignore[arg-type]  # kinds
    if kinds == {datetime}:
        return _moments(values)
    for kind, arrow in (
        (bool, pa.bool_()),
        (int, pa.int64()),
        (str, pa.string()),
        (date, pa.date32()),
        (bytes, pa.binary()),
    ):
        if kinds == {kind}:
            try:
                return pa.array(values, arrow)
            except OverflowError:
                break
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _decimals(values: Sequence[Decimal | None], known: pa.DataType | None) -> pa.Array:
    finite = [value for value in values if value is not None]
    if not all(value.is_finite() for value in finite):
        return pa.array([None if value is None else _text(value) for value in values], pa.string())
    exponents = [value.as_tuple().exponent for value in finite]
    scale = max([0, *(-exponent for exponent in exponents if isinstance(exponent, int))])
    whole = max(value.adjusted() + 1 for value in finite)
    if known is not None and pa.types.is_decimal(known):
        scale = max(scale, known.scale)
    if max(whole, 1) + scale > _WIDEST:
        return pa.array([None if value is None else _text(value) for value in values], pa.string())
    return pa.array(values, pa.decimal128(_WIDEST, scale))


def _moments(values: Sequence[Value]) -> pa.Array:
    moments = [value for value in values if isinstance(value, datetime)]
    aware = [moment for moment in moments if moment.tzinfo is not None]
    if aware and len(aware) < len(moments):
        return pa.array([None if value is None else _text(value) for value in values], pa.string())
    if aware:
        moved = [value.astimezone(UTC) if isinstance(value, datetime) else None for value in values]
        return pa.array(moved, pa.timestamp("us", "UTC"))
    return pa.array(values, pa.timestamp("us"))


def _text(value: Value) -> str:
    """The exact text of a value without a column type of its own."""
    if isinstance(value, float):
        exact = Decimal(repr(value))  # the shortest text that gives the same float back
        return format(exact, "f").removesuffix(".0") if exact.is_finite() else str(value)
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, default=_text)
    return str(value)
