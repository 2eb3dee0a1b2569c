"""JSON files: one document with a list of records, one record, or one record per line."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from canonical_model.language import Text
from canonical_model.text import JsonValue, RepeatedKeyError, clip, parse_json
from connectors.base import JSON, ROW, RowCounts
from connectors.formats.encoding import open_text
from connectors.formats.options import FormatOptions
from connectors.formats.sheet import SheetRead, refused

_DEEPEST = 100
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
"""A text, whose brackets are none, or a bracket."""
_HALF = re.compile("[\ud800-\udfff]")
_TOO_DEEP = Text(
    f"文件里的列表和对象一层套一层，超过 {_DEEPEST} 层，读不了。请检查导出是否出错，或改为层次少的格式。",
    f"Lists and objects in the file lie more than {_DEEPEST} deep in each other. Check the export, or export it flatter.",
)


def read_json(path: Path, options: FormatOptions) -> Iterator[SheetRead]:
    """One read: a row per record, its `_row` the position of the record (or its line) from 1."""
    with open_text(path, options.encoding) as text:
        if isinstance(text, Text):
            yield refused(text)
            return
        content = text.path.read_bytes()[text.offset :].decode()
        try:
            read = _read(path, content, options.records, text.encoding)
        except RecursionError:
            read = refused(_TOO_DEEP, encoding=text.encoding)
        yield read


def _read(path: Path, content: str, place: str | None, encoding: str) -> SheetRead:
    try:
        document = parse_json(content, unique=True)
    except RepeatedKeyError as error:
        return refused(_twice(error), encoding=encoding)
    except json.JSONDecodeError as error:
        if path.suffix.lower() == ".json" and not _is_lines(content):
            return refused(_broken(error), encoding=encoding)
        return _read_lines(content, encoding)
    return _read_document(document, place, encoding)


def _read_document(document: JsonValue, place: str | None, encoding: str) -> SheetRead:
    records = document
    for step in (place or "").split(".") if place else ():
        records = records.get(step) if isinstance(records, dict) else None
        if records is None:
            return refused(_no_records(document, place or "", step), encoding=encoding)
    if isinstance(records, dict):
        records = [records]
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return refused(_no_list(records), encoding=encoding)
    rows = list(range(1, len(records) + 1))
    return _as_read(records, rows, RowCounts(total=len(records), read=len(rows)), encoding)


def _read_lines(content: str, encoding: str) -> SheetRead:
    lines = content.removesuffix("\n").split(
        "\n"
    )  # splitlines() also cuts at U+2028 and others, which may stand in a text
    records: list[JsonValue] = []
    rows = []
    blank = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            blank.append(number)
            continue
        try:
            record = parse_json(line, unique=True)
        except RepeatedKeyError as error:
            return refused(_twice(error, line=number), total=len(lines), encoding=encoding)
        except json.JSONDecodeError as error:
            return refused(_broken(error, line=number), total=len(lines), encoding=encoding)
        if not isinstance(record, dict):
            return refused(_no_list(record, line=number), total=len(lines), encoding=encoding)
        records.append(record)
        rows.append(number)
    skipped = {"blank": tuple(blank)} if blank else {}
    return _as_read(records, rows, RowCounts(total=len(lines), skipped=skipped, read=len(rows)), encoding)


def _as_read(records: list[JsonValue], rows: list[int], counts: RowCounts, encoding: str) -> SheetRead:
    texts = list(map(_dump, records))
    if any(map(_is_deep, texts)):
        return refused(_TOO_DEEP, total=counts.total, encoding=encoding)
    return SheetRead(
        pa.table({JSON: pa.array(texts, pa.string()), ROW: pa.array(rows, pa.int64())}), counts, encoding=encoding
    )


def _dump(value: JsonValue) -> str:
    """Compact JSON. Half of a character (a lone surrogate), where an export has cut one, is U+FFFD, as browsers and Go have it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def _is_deep(text: str) -> bool:
    """Whether lists and objects lie in each other so deep that what reads them further on may fail."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    depth = deepest = 0
    for sign in _BRACKETS.findall(text):
        depth += 1 if sign in "[{" else -1 if sign in "]}" else 0
        deepest = max(deepest, depth)
    return deepest > _DEEPEST


def _is_lines(content: str) -> bool:
    """Whether the first line is a record by itself, as in JSON lines that are named .json."""
    first = content.lstrip().split("\n", 1)[0]
    try:
        return isinstance(parse_json(first), dict)
    except json.JSONDecodeError:
        return False


def _broken(error: json.JSONDecodeError, *, line: int | None = None) -> Text:
    row, column = (error.lineno if line is None else line), error.colno
    return Text(
        f"第 {row} 行第 {column} 个字符起不是合法的 JSON，文件可能没有传完。请重新导出或重新发送。",
        f"From line {row}, character {column} on this is not valid JSON; "
        "the transfer may have stopped early. Export or send it again.",
    )


def _twice(error: RepeatedKeyError, *, line: int | None = None) -> Text:
    key = clip(_HALF.sub("\ufffd", error.key), 40)
    at, at_en = (f"第 {line} 行", f" on line {line}") if line else ("", "")
    return Text(
        f"{at}同一个对象里“{key}”写了两遍，不知道该用哪个值。请让导出的系统改正后重新发送。",
        f"“{key}” stands twice in one object{at_en}, and which value counts is not known. "
        "Have the system that exports it corrected and send it again.",
    )


def _no_records(document: JsonValue, place: str, step: str) -> Text:
    there = _HALF.sub("\ufffd", ", ".join(document)) if isinstance(document, dict) else ""
    return Text(
        f"文件里没有“{place}”（找不到“{step}”；最外层有：{clip(there)}）。请改正设置里的 records。",
        f"The document has no “{place}” (“{step}” is missing; at the "
        f"top there are: {clip(there)}). Correct records in the settings.",
    )


def _no_list(found: JsonValue, *, line: int | None = None) -> Text:
    shown = clip(_dump(found), 40)
    at, at_en = (f"第 {line} 行", f" on line {line}") if line else ("", "")
    return Text(
        f"{at}应是记录（对象）或记录的列表，实际是 {shown}。若记录在里层，请用 records 写出位置，如 d.results。",
        f"Expected a record (object) or a list of records{at_en}, found "
        f"{shown}. If they lie deeper, name the place in records, e.g. d.results.",
    )
