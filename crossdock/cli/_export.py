"""Streaming records out of the store: which columns, which rows, and the writers of each kind of file."""

import csv
import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from sqlalchemy import ColumnElement, Engine, Select, cast, func, select, text
from sqlalchemy import Text as SqlText

from canonical_model.declaration import ColumnType, EntitySpec
from canonical_model.errors import ConfigError
from canonical_model.language import Language, Text
from crossdock.store.database import translate_errors
from crossdock.store.tables import canonical

Row = Sequence[Any]

_CHUNK = 5_000
_SHEET_ROWS = 1_048_575
_CELL_LETTERS = 32_767
_DOUBLE_DIGITS = 15  # more, and Excel rounds
# Source: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_CONDITION = re.compile(r"\s*(.+?)\s*(!=|>=|<=|=|>|<|~)\s*(.*?)\s*", re.DOTALL)

_SUFFIXES = {
    "": Text("", ""),
    "_unit": Text("单位", "unit"),
    "_source_unit": Text("原单位", "unit as received"),
    "_currency": Text("币种", "currency"),
    "_source": Text("原值", "as received"),
    "_offset": Text("时差（分钟）", "offset in minutes"),
    "_tz_assumed": Text("时区为推定", "zone assumed"),
    "_id": Text("统一编号", "golden identity"),
}
_ENVELOPE = {
    "source": (Text("数据源", "source"), ColumnType.TEXT),
    "key": (Text("主键", "key"), ColumnType.TEXT),
    "unknown": (Text("尚未知道", "unknown"), ColumnType.TEXT),
    "created_at": (Text("首次入库", "first stored"), ColumnType.TIMESTAMP),
    "changed_at": (Text("最近变更", "last changed"), ColumnType.TIMESTAMP),
    "deleted_at": (Text("删除时间", "deleted"), ColumnType.TIMESTAMP),
}
_ARROW: Mapping[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.DECIMAL: pa.decimal128(24, 6),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us", "UTC"),
    ColumnType.SMALLINT: pa.int16(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.UUID: pa.string(),
}


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One column of an export."""

    name: str
    type: ColumnType
    label: Text


def all_columns(spec: EntitySpec) -> dict[str, ExportColumn]:
    """Every column of the entity that can be exported or asked about."""
    found = {}
    for name in ("source", "key"):
        found[name] = ExportColumn(name, _ENVELOPE[name][1], _ENVELOPE[name][0])
    for one in spec.fields.values():
        for column in one.columns:
            suffix = _SUFFIXES[column.name.removeprefix(one.name)]
            zh = f"{one.label.zh}（{suffix.zh}）" if suffix.zh else one.label.zh
            en = f"{one.label.en} ({suffix.en})" if suffix.en else one.label.en
            found[column.name] = ExportColumn(column.name, column.type, Text(zh, en))
    for name in ("unknown", "created_at", "changed_at", "deleted_at"):
        found[name] = ExportColumn(name, _ENVELOPE[name][1], _ENVELOPE[name][0])
    return found


def choose_columns(spec: EntitySpec, wanted: Sequence[str] | None, *, with_deleted: bool) -> list[ExportColumn]:
    """The columns to write: those asked for by name or label, else all.

    Raises:
        ConfigError (XD-CFG-125): There is no such column.
    """
    if wanted is None:
        return [one for one in all_columns(spec).values() if with_deleted or one.name != "deleted_at"]
    return [_column(spec, name.strip()) for name in wanted]


def _column(spec: EntitySpec, name: str) -> ExportColumn:
    columns = all_columns(spec)
    for one in columns.values():
        aliases = spec.fields[one.name].aliases if one.name in spec.fields else ()
        if name in {one.name, *one.label, *aliases}:
            return one
    known = [word for one in columns.values() for word in (one.name, one.label.zh)]
    near = [word for word in known if name in word] or difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    near = near[:6]
    zh, en = (f"是不是 {'、'.join(near)}？", f"Did you mean {', '.join(near)}?") if near else ("", "")
    listed = ", ".join(columns)
    raise ConfigError(
        Text(f"{spec.name} 没有列“{name}”。", f"{spec.name} has no column “{name}”."),
        hint=Text(zh or f"有这些：{listed}。", en or f"There are: {listed}."),
        code="XD-CFG-125",
    )


def condition(spec: EntitySpec, written: str, zone: ZoneInfo) -> ColumnElement[bool]:
    """What `--where` says, as a condition; "field=" means that it is empty.

    Args:
        spec: The entity.
        written: The condition as a person wrote it.
        zone: The zone of moments without an offset.

    Raises:
        ConfigError: XD-CFG-125 there is no such field; -126 it cannot be understood.
    """
    found = _CONDITION.fullmatch(written)
    if not found:
        raise _bad_condition(written, Text("没有比较符号", "it has no comparison"))
    name, sign, value = found.groups()
    one = _column(spec, name)
    column = _stored(spec, one)
    if not value:
        if sign not in {"=", "!="}:
            raise _bad_condition(written, Text("缺少值", "the value is missing"))
        return column.is_(None) if sign == "=" else column.is_not(None)
    if sign == "~":
        if one.type is not ColumnType.TEXT:
            raise _bad_condition(written, Text("~ 只能用于文字", "~ is for text only"))
        return column.icontains(value, autoescape=True)
    try:
        operand = _PARSERS[one.type](value)
        if isinstance(operand, datetime) and operand.tzinfo is None:
            operand = operand.replace(tzinfo=zone)
    except (ValueError, InvalidOperation):
        raise _bad_condition(
            written, Text(f"“{value}”不是{_SAMPLES[one.type].zh}", f"“{value}” is no {_SAMPLES[one.type].en}")
        ) from None
    compare: dict[str, Callable[[], ColumnElement[bool]]] = {
        "=": lambda: column == operand,
        "!=": lambda: column.is_distinct_from(operand),
        ">": lambda: column > operand,
        ">=": lambda: column >= operand,
        "<": lambda: column < operand,
        "<=": lambda: column <= operand,
    }
    return compare[sign]()


def _flag(value: str) -> bool:
    known = {"true": True, "false": False, "是": True, "否": False, "1": True, "0": False}
    if value.lower() not in known:
        raise ValueError(value)
    return known[value.lower()]


def _decimal(value: str) -> Decimal:
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(value)
    return number


_PARSERS: Mapping[ColumnType, Callable[[str], object]] = {
    ColumnType.TEXT: str,
    ColumnType.UUID: lambda value: str(UUID(value)),
    ColumnType.DECIMAL: _decimal,
    ColumnType.DATE: date.fromisoformat,
    ColumnType.TIMESTAMP: datetime.fromisoformat,
    ColumnType.SMALLINT: int,
    ColumnType.INTEGER: int,
    ColumnType.BOOLEAN: _flag,
}
_SAMPLES = {
    ColumnType.UUID: Text("编号", "id"),
    ColumnType.DECIMAL: Text("数字，写成 1200.5", "number such as 1200.5"),
    ColumnType.DATE: Text("日期，写成 2026-03-05", "date such as 2026-03-05"),
    ColumnType.TIMESTAMP: Text("时间，写成 2026-03-05T08:00+08:00", "moment such as 2026-03-05T08:00+08:00"),
    ColumnType.SMALLINT: Text("整数", "whole number"),
    ColumnType.INTEGER: Text("整数", "whole number"),
    ColumnType.BOOLEAN: Text("是或否", "true or false"),
}


def _bad_condition(written: str, why: Text) -> ConfigError:
    return ConfigError(
        Text(f"条件“{written}”看不懂：{why.zh}。", f"The condition “{written}” cannot be understood: {why.en}."),
        hint=Text(
            '写成 --where "字段=值"，也可用 != > >= < <= ~；“字段=”表示为空。',
            'Write --where "FIELD=VALUE", or != > >= < <= ~; "FIELD=" means that it is empty.',
        ),
        code="XD-CFG-126",
    )


def statement(
    spec: EntitySpec,
    columns: Sequence[ExportColumn],
    source: str | None,
    conditions: Sequence[ColumnElement[bool]],
    *,
    with_deleted: bool,
) -> "Select[Any]":
    """The query for these columns and conditions, ordered by source and key."""
    table = canonical[spec.name]
    wanted: list[ColumnElement[bool]] = [*conditions]
    if source:
        wanted.append(table.c.source == source)
    if not with_deleted:
        wanted.append(table.c.deleted_at.is_(None))
    return select(*(_stored(spec, one) for one in columns)).where(*wanted).order_by(table.c.source, table.c.key)


def _stored(spec: EntitySpec, one: ExportColumn) -> ColumnElement[Any]:
    column = canonical[spec.name].c[one.name]
    return column if one.name != "unknown" else cast(column, SqlText).label(one.name)


def write(
    engine: Engine,
    query: Select[Any],
    columns: Sequence[ExportColumn],
    names: Language | None,
    path: Path,
    zone: ZoneInfo,
) -> int:
    """Streams the rows into a file of the kind that its name says; gives how many.

    Args:
        engine: The store.
        query: What is wanted.
        columns: Its columns.
        names: Language of the column names; None for the technical ones.
        path: The file.
        zone: The zone in which moments are written.

    Raises:
        TransientError, StoreError: The store is gone or refused.
        OSError: The file cannot be written.
    """
    headers = [one.label.get(names) if names else one.name for one in columns]
    with translate_errors(), engine.connect() as connection:
        connection.execute(
            select(func.set_config("timezone", zone.key, text("true")))
        )  # the driver gives moments in it
        result = connection.execution_options(yield_per=_CHUNK).execute(query)
        return WRITERS[path.suffix.lower()](path, columns, headers, (list(rows) for rows in result.partitions()))


def _write_csv(path: Path, columns: Sequence[ExportColumn], headers: list[str], chunks: Iterator[list[Row]]) -> int:
    """UTF-8 with a byte order mark, without which Excel takes it for GBK."""
    written = 0
    is_text = [one.type is ColumnType.TEXT for one in columns]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headers)
        for rows in chunks:
            for row in rows:
                shown = zip(map(_text, row), is_text, strict=True)
                writer.writerow([f"'{text}" if guard and _FORMULA.match(text) else text for text, guard in shown])
            written += len(rows)
    return written


def _write_jsonl(path: Path, _columns: Sequence[ExportColumn], headers: list[str], chunks: Iterator[list[Row]]) -> int:
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for rows in chunks:
            for row in rows:
                record = dict(zip(headers, map(_plain, row), strict=True))
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
            written += len(rows)
    return written


def _write_parquet(path: Path, columns: Sequence[ExportColumn], headers: list[str], chunks: Iterator[list[Row]]) -> int:
    schema = pa.schema([(header, _ARROW[one.type]) for header, one in zip(headers, columns, strict=True)])
    written = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in chunks:
            values = zip(*rows, strict=True)
            texts = [
                [None if value is None else str(value) for value in column] if one.type is ColumnType.UUID else column
                for one, column in zip(columns, values, strict=True)
            ]
            arrays = [pa.array(column, one.type) for column, one in zip(texts, schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            written += len(rows)
    return written


def _write_xlsx(path: Path, _columns: Sequence[ExportColumn], headers: list[str], chunks: Iterator[list[Row]]) -> int:
    book = openpyxl.Workbook(write_only=True)
    sheet: Any = None
    left = written = 0
    for rows in chunks:
        for row in rows:
            if not left:
                sheet, left = _new_sheet(book, headers), _SHEET_ROWS
            sheet.append([_cell(sheet, value) for value in row])
            left -= 1
        written += len(rows)
    if sheet is None:
        _new_sheet(book, headers)
    book.save(path)
    return written


def _new_sheet(book: openpyxl.Workbook, headers: list[str]) -> Any:  # openpyxl's classes are made at run time
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    sheet.append(headers)
    return sheet


def _cell(sheet: Any, value: object) -> object:
    """Numbers that Excel can hold and days as such; all else is text and stays text, however it begins."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, Decimal | int):
        text = _text(value)
        if len(text.lstrip("-0.").replace(".", "")) <= _DOUBLE_DIGITS:
            return Decimal(text)
    text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", _text(value))[:_CELL_LETTERS]
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    cell.number_format = "@"
    if _FORMULA.match(text):
        cell.quotePrefix = True  # so that it stays text when somebody edits it
    return cell


def _text(value: object) -> str:
    """The exact text of a value: decimals without idle zeros, moments with their offset."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            text = format(value, "f")
            return text.rstrip("0").rstrip(".") if "." in text else text
        case datetime():
            return value.isoformat(timespec="seconds")
        case _:
            return str(value)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int) else _text(value)


WRITERS: Mapping[str, Callable[[Path, Sequence[ExportColumn], list[str], Iterator[list[Row]]], int]] = {
    ".xlsx": _write_xlsx,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".jsonl": _write_jsonl,
}
"""Kinds of files that can be written."""
