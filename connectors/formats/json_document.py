"""JSON files: one document with a list of records, one record, or one record per line."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from canonical_model.language import Text
from canonical_model.text import JsonValue, RepeatedKeyError, clip, parse_json
from connectors.base import JSON, ROW, RowCounts
from connectors.formats.delimited import PART_BYTES
from connectors.formats.encoding import PlainText, open_text
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


def read_json(path: Path, options: FormatOptions, *, part_bytes: int = PART_BYTES) -> Iterator[SheetRead]:
    """The records, in several reads where a file of lines is large; `_row` is the position of the record (or its line) from 1."""
    with open_text(path, options.encoding) as text:
        if isinstance(text, Text):
            yield refused(text)
            return
        try:
            yield from _read(path, text, options.records, part_bytes)
        except RecursionError:
            yield refused(_TOO_DEEP, encoding=text.encoding)


def _read(path: Path, text: PlainText, place: str | None, part_bytes: int) -> Iterator[SheetRead]:
    if _is_lines(text):
        yield from _read_lines(text, part_bytes)
        return
    content = text.path.read_bytes()[text.offset :].decode()
    try:
        document = parse_json(content, unique=True)
    except RepeatedKeyError as error:
        yield refused(_twice(error), encoding=text.encoding)
    except json.JSONDecodeError as error:
        if path.suffix.lower() == ".json":
            yield refused(_broken(error), encoding=text.encoding)
        else:
            yield from _read_lines(text, part_bytes)
    else:
        yield _read_document(document, place, text.encoding)


def _lines(text: PlainText) -> Iterator[str]:
    """The lines without their ends. Other signs that end lines for Python, such as U+2028, may stand in a text."""
    with text.path.open(encoding="utf-8", newline="\n") as file:
        file.seek(text.offset)
        for line in file:
            yield line.removesuffix("\n")


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
    return _as_read(list(map(_dump, records)), rows, RowCounts(total=len(records), read=len(rows)), encoding)


def _read_lines(text: PlainText, part_bytes: int) -> Iterator[SheetRead]:
    """A record per line. What is wrong with one is said in a last read, which leaves nothing of the file to go in."""
    records: list[str] = []
    rows: list[int] = []
    blank: list[int] = []
    size = 0

    def take() -> SheetRead:
        skipped = {"blank": tuple(blank)} if blank else {}
        counts = RowCounts(total=len(rows) + len(blank), skipped=skipped, read=len(rows))
        read = _as_read(records, rows, counts, text.encoding)
        for part in (records, rows, blank):
            part.clear()
        return read

    for number, line in enumerate(_lines(text), 1):
        if size >= part_bytes:
            yield take()
            size = 0
        if not line.strip():
            blank.append(number)
            continue
        try:
            record = parse_json(line, unique=True)
        except RepeatedKeyError as error:
            problem = _twice(error, line=number)
        except json.JSONDecodeError as error:
            problem = _broken(error, line=number)
        else:
            if isinstance(record, dict):
                records.append(_dump(record))
                rows.append(number)
                size += len(line)
                continue
            problem = _no_list(record, line=number)
        yield refused(problem, total=text.lines - number + 1 + len(rows) + len(blank), encoding=text.encoding)
        return
    yield take()


def _as_read(texts: list[str], rows: list[int], counts: RowCounts, encoding: str) -> SheetRead:
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


def _is_lines(text: PlainText) -> bool:
    """Whether the first line is a record by itself, and others follow."""
    filled = (line for line in _lines(text) if line.strip())
    first = next(filled, "")
    try:
        return next(filled, None) is not None and isinstance(parse_json(first), dict)
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
