"""Positions as they stand in a cursor: exact, JSON, never a float; and a watermark stepped back by an overlap."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from canonical_model.text import JsonValue, clip
from connectors.sql.arrow import Value
from connectors.sql.config import SqlStream


def freeze(value: Value) -> JsonValue:
    """A watermark or key value for the cursor: its kind and its exact text.

    Raises:
        ConfigError (XD-CFG-031): Values of this kind cannot order rows exactly.
    """
    if isinstance(value, datetime):
        return {"kind": "time", "at": value.isoformat()}
    if isinstance(value, date):
        return {"kind": "date", "at": value.isoformat()}
    if isinstance(value, Decimal | UUID):
        return {"kind": type(value).__name__.lower(), "at": str(value)}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"kind": "integer", "at": str(value)}
    if isinstance(value, str):
        return {"kind": "text", "at": value}
    kind, shown = type(value).__name__, clip(repr(value), 40)
    raise ConfigError(
        Text(
            f"{kind} 类型的列不能作 key 或 watermark（取值 {shown}）。",
            f"A column of type {kind} cannot be a key or watermark (value {shown}).",
        ),
        hint=Text(
            "请选编号、修改时间或自增号这样的列。", "Choose a column such as a number, a time of change or a counter."
        ),
        code="XD-CFG-031",
    )


def thaw(frozen: JsonValue) -> Value:
    """The value that was frozen; None for anything else."""
    if not isinstance(frozen, dict):
        return None
    at = str(frozen["at"])
    match frozen["kind"]:
        case "time":
            return datetime.fromisoformat(at)
        case "date":
            return date.fromisoformat(at)
        case "decimal":
            return Decimal(at)
        case "uuid":
            return UUID(at)
        case "integer":
            return int(at)
        case _:
            return at


def step_back(watermark: Value, settings: SqlStream) -> Value:
    """Where the next read begins: the watermark less the overlap, in which rows may have been committed late."""
    overlap = timedelta(seconds=settings.overlap_seconds)
    if isinstance(watermark, datetime):
        return watermark - overlap
    if isinstance(watermark, date):
        return watermark - timedelta(days=-(-settings.overlap_seconds // 86_400))
    if isinstance(watermark, int | Decimal):
        return watermark - settings.overlap_count
    if isinstance(watermark, str):
        return _step_text_back(watermark, overlap)
    return watermark


def _step_text_back(text: str, overlap: timedelta) -> str:
    """A time that the database keeps as text, earlier by `overlap` in the same spelling; other text as it is."""
    try:
        moment = datetime.fromisoformat(text) - overlap
    except (ValueError, OverflowError):
        return text
    if len(text) <= len("2026-03-05"):
        return moment.date().isoformat() if "-" in text else moment.strftime("%Y%m%d")
    fraction = len(text.partition(".")[2].partition("+")[0].rstrip("Z"))
    spelled = moment.isoformat(text[10], "microseconds" if fraction > 3 else "milliseconds" if fraction else "seconds")
    return spelled.removesuffix("+00:00") + "Z" if text.endswith("Z") else spelled
