"""Whether 03/04/2026 is the 3rd of April, and 1,250 a thousand: asked of the whole column of a sheet."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from mappings.compiled import Spelling

_CLEANED, _AS_RECEIVED = re.compile(r"xd_tidy\((.+?), TRUE\)"), r"\1"

_SHOWN: Mapping[str, set[str]] = {
    "dmy": {"d"}, "mdy": {"m"}, "contradiction": {"d", "m"}, "setting": {"d", "m"}, "unclear": set()
}  # fmt: skip
"""What a whole column showed; where a setting had to decide, no part of it may decide otherwise."""

COMMA, POINT = ",", "."
_POINT = r"^[^.]*\.([0-9]{1,2}|[0-9]{4,})$"
"""12.5 and 1,250.75: the point is the decimal mark."""
_ALONE: Mapping[int, int] = {}


@dataclass(frozen=True, slots=True)
class AskedColumn:
    """A text read as a date, or as a number, of which the order of day and month or the use of the comma is asked.

    Attributes:
        name: Macro that gives the answer for a batch: `<name>(_batch)`.
        sql: The text, over the source's columns.
        column: Source column, for people.
        spelling: How the column is usually written; a column that is written so throughout need not be asked.
        is_told: The mapping says that its comma is the decimal mark, which tells something of the other columns.
    """

    name: str
    sql: str
    column: str
    spelling: Spelling | None = None
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class DateOrder:
    """How the dates of one column of one batch were read that could be either, or that its commas can be.

    Attributes:
        batch: Number of the batch.
        column: Source column.
        order: "dmy", "mdy", or empty where nothing tells: each such date is then an issue. "," for a column of numbers
            that shows a decimal comma: 1,250 and 1.250 are then issues; "." where a point shows beside such commas
            that it is the decimal mark.
        reason: "column" (a number above 12 proves it), "setting", "contradiction" (the column proves both) or "unclear".
    """

    batch: int
    column: str
    order: str
    reason: str


def decide_orders(
    db: duckdb.DuckDBPyConnection,
    rows: str,
    columns: Sequence[AskedColumn],
    usual: Collection[Spelling],
    setting: str,
    shown: Iterable[DateOrder] = (),
    parts: Mapping[int, int] = _ALONE,
) -> list[DateOrder]:
    """Asks the columns of `rows` for their order of day and month, and defines the macros that give it.

    A number above 12 in the first place proves day-month, in the second month-day. Where a column proves neither, or
    both, the setting holds. ISO dates are passed over by a comparison of their first letters.

    Args:
        db: A connection with our macros.
        rows: SQL of the rows, with their `_batch`.
        columns: The columns.
        usual: Spellings in which whole columns are written: of these nothing needs to be asked.
        setting: `date_order` of the stream or mapping; empty where there is none.
        shown: What came of whole columns, for batches of which `rows` are only a part.
        parts: Batch -> the first one of its sheet, of which a large one is landed in several; none are alone.
    """
    columns = _doubtful(db, columns, usual, answer="''")
    if not columns:
        return []
    odd = [f"NOT ({c.sql} >= '202' AND {c.sql} < '203')" for c in columns]
    found: list[tuple[Any, ...]] = []
    # a cheap question first, of the texts as received: where all begin like an ISO date nothing needs to be asked
    received = " OR ".join(_CLEANED.sub(_AS_RECEIVED, condition) for condition in odd)
    ((count,),) = db.execute(f"SELECT count(*) FROM {rows} WHERE {received}").fetchall()
    if count:
        seen = ", ".join(f"CASE WHEN {odd[i]} THEN xd_order({c.sql}) END AS v{i}" for i, c in enumerate(columns))
        any_seen = " OR ".join(f"v{i} IS NOT NULL" for i in range(len(columns)))
        found = db.execute(f"SELECT DISTINCT * FROM (SELECT _batch, {seen} FROM {rows}) WHERE {any_seen}").fetchall()
    known = {
        (one.batch, one.column): _SHOWN[one.order if one.reason == "column" else one.reason]
        for one in shown
        if one.order not in (COMMA, POINT)
    }
    orders = []
    for i, column in enumerate(columns):
        marks: dict[int, set[str]] = {}
        for batch, *values in found:
            if values[i] is not None:
                marks.setdefault(batch, set()).add(values[i])
        of_sheet: dict[int, set[str]] = {}
        for batch, of_batch in marks.items():
            sheet = of_sheet.setdefault(parts.get(batch, batch), set())
            sheet |= of_batch | known.get((batch, column.column), set())
        decided = [
            DateOrder(batch, column.column, *_decide(of_sheet[parts.get(batch, batch)], setting))
            for batch in sorted(marks)
        ]
        decided = [one for one in decided if one.reason]
        whens = "".join(f" WHEN {one.batch} THEN '{one.order}'" for one in decided if one.order)
        body = f"CASE batch{whens} ELSE '' END" if whens else "''"
        db.execute(f"CREATE OR REPLACE MACRO {column.name}(batch) AS {body}")
        orders += decided
    return orders


def find_commas(
    db: duckdb.DuckDBPyConnection,
    rows: str,
    columns: Iterable[AskedColumn],
    usual: Collection[Spelling],
    shown: Iterable[DateOrder] = (),
    parts: Mapping[int, int] = _ALONE,
) -> dict[AskedColumn, set[int]]:
    """The columns of numbers in which some value has a decimal comma (12,50), each with the batches in which it has.

    Args:
        db: A connection with our macros.
        rows: SQL of the rows, with their `_batch`.
        columns: The columns.
        usual: Spellings in which whole columns are written: of these nothing needs to be asked.
        shown: What came of whole columns, for batches of which `rows` are only a part.
        parts: As for `decide_orders`.
    """
    columns = [column for column in columns if column.spelling not in usual]
    found: list[tuple[Any, ...]] = []
    # most files have no comma in a number, and none has two points
    texts = [_CLEANED.sub(_AS_RECEIVED, column.sql) for column in columns]
    received = " OR ".join(f"contains({text}, ',') OR {text} LIKE '%.%.%'" for text in texts)
    known = {(one.batch, one.column) for one in shown if one.order == COMMA}
    if columns and db.execute(f"SELECT 1 FROM {rows} WHERE {received} LIMIT 1").fetchall():
        asked = ", ".join(f"bool_or(xd_shows_comma({_digits(column)}))" for column in columns)
        found = db.execute(f"SELECT _batch, {asked} FROM {rows} WHERE {received} GROUP BY _batch").fetchall()
    commas = {}
    for i, column in enumerate(columns):
        sheets = {parts.get(batch, batch) for batch, *values in found if values[i]}
        seen = sheets | {batch for batch, first in parts.items() if first in sheets}
        commas[column] = seen | {batch for batch, name in known if name == column.column}
    return {column: batches for column, batches in commas.items() if batches}


def find_points(
    db: duckdb.DuckDBPyConnection,
    rows: str,
    commas: Mapping[AskedColumn, set[int]],
    shown: Iterable[DateOrder] = (),
    parts: Mapping[int, int] = _ALONE,
) -> dict[AskedColumn, set[int]]:
    """Of the columns with decimal commas, the batches in which they show a decimal point too; without, other columns are doubtful too.

    Args:
        db: A connection with our macros.
        rows: SQL of the rows, with their `_batch`.
        commas: What `find_commas` found in them.
        shown: What came of whole columns, for batches of which `rows` are only a part.
        parts: As for `decide_orders`.
    """
    return {column: _pointed(db, rows, column, batches, shown, parts) for column, batches in commas.items()}


def _pointed(
    db: duckdb.DuckDBPyConnection,
    rows: str,
    column: AskedColumn,
    batches: Collection[int],
    shown: Iterable[DateOrder],
    parts: Mapping[int, int],
) -> set[int]:
    """Those of the batches of which the sheet shows in the column a point that can be but a decimal one: 12.75."""
    if not batches:
        return set()
    where = f"_batch IN ({', '.join(map(str, sorted(batches)))}) AND regexp_matches({_digits(column)}, '{_POINT}')"
    found = db.execute(f"SELECT DISTINCT _batch FROM {rows} WHERE {where}").fetchall()
    told = {one.batch for one in shown if one.order == POINT and one.column == column.column}
    sheets = {parts.get(batch, batch) for batch in (*told, *(batch for (batch,) in found))}
    return {batch for batch in batches if parts.get(batch, batch) in sheets}


def decide_commas(
    db: duckdb.DuckDBPyConnection,
    rows: str,
    columns: Iterable[AskedColumn],
    commas: Mapping[AskedColumn, set[int]],
    points: Mapping[AskedColumn, set[int]],
    doubtful: Collection[int] = (),
    shown: Iterable[DateOrder] = (),
    parts: Mapping[int, int] = _ALONE,
) -> list[DateOrder]:
    """Defines the macros that say in which batches 1,250 and 1.250 can be either; gives what the columns themselves showed.

    Args:
        db: A connection with our macros.
        rows: SQL of the rows, with their `_batch`.
        columns: The columns.
        commas: What `find_commas` found.
        points: What `find_points` found.
        doubtful: Batches of which all columns are doubtful but those that show a decimal point.
        shown: What came of whole columns, for batches of which `rows` are only a part.
        parts: As for `decide_orders`.
    """
    found = []
    for column in columns:
        own = commas.get(column, set())
        others = set(doubtful) - own
        pointed = _pointed(db, rows, column, others, shown, parts)
        batches = sorted(own | others - pointed)
        body = f"batch IN ({', '.join(map(str, batches))})" if batches else "FALSE"
        db.execute(f"CREATE OR REPLACE MACRO {column.name}(batch) AS {body}")
        found += [DateOrder(batch, column.column, COMMA, "column") for batch in sorted(own) if not column.is_told]
        found += [
            DateOrder(batch, column.column, POINT, "column") for batch in sorted(pointed | points.get(column, set()))
        ]
    return found


def _digits(column: AskedColumn) -> str:
    """SQL of the number in a text: of 12,50 kg the 12,50."""
    return f"coalesce(xd_cell_number(xd_cell({column.sql})), {column.sql})"


def _doubtful(
    db: duckdb.DuckDBPyConnection, columns: Iterable[AskedColumn], usual: Collection[Spelling], *, answer: str
) -> list[AskedColumn]:
    """The columns that have to be asked; defines the macros of the others to give `answer`."""
    for column in columns:
        if column.spelling in usual:
            db.execute(f"CREATE OR REPLACE MACRO {column.name}(batch) AS {answer}")
    return [column for column in columns if column.spelling not in usual]


def _decide(marks: set[str], setting: str) -> tuple[str, str]:
    """(order, reason) of a column; both empty where every date is clear by itself."""
    day_first, month_first = "d" in marks, "m" in marks
    given = setting if setting in ("dmy", "mdy") else ""
    if day_first and month_first:
        return given, "setting" if given else "contradiction" if "?" in marks else ""
    if "?" not in marks:
        return "", ""
    if day_first or month_first:
        return "dmy" if day_first else "mdy", "column"
    return given, "setting" if given else "unclear"
