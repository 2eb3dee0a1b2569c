"""How a file would be understood, and what is wrong in it, before anything of it is kept."""

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from canonical_model.issues import Issue
from canonical_model.language import Text
from connectors.base import ROW
from connectors.formats import FormatOptions, SheetRead, read_file
from crossdock.home import Home
from crossdock.pipeline.choose import HeaderFacts, MappingChooser
from crossdock.pipeline.questions import Table, question_about
from crossdock.pipeline.scratch import landed_columns, scratch_rows
from mappings.engine import Lookups, MappingRun, nothing_found
from mappings.landed import LandedRows
from mappings.plan import Plan

_FIRST_ROWS = 5
_SAME_NAME = Text(
    "表头不能叫“{name}”，系统用它记下文件是谁发的。请给这一列换个名字。",
    "No column may be called “{name}”, which says who sent the file. Rename the column.",
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it was understood.

    Attributes:
        letters: Its place, "G"; empty where it has none.
        name: Its header.
        meanings: Labels of the fields that are read from it; empty where it is not used.
        examples: The first few different values.
    """

    letters: str
    name: str
    meanings: tuple[Text, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One sheet or text.

    Attributes:
        sheet: Its name; empty for text.
        header_row: Row of the header; 0 where there is none.
        rows: Data rows.
        left_out: Row numbers below the header that are no data: blank, totals, signatures.
        problem: Why it would wait as a whole, for itself or for somebody's answer.
        columns: Its columns.
        issues: What is wrong, once for each cell.
        held: Rows that would not go in.
        first: The first rows: (row number, values).
    """

    sheet: str
    header_row: int
    rows: int
    left_out: tuple[int, ...]
    problem: Text | None
    columns: tuple[Column, ...] = ()
    issues: tuple[Issue, ...] = ()
    held: int = 0
    first: tuple[tuple[int, tuple[str, ...]], ...] = ()


def look(
    home: Home,
    source: str,
    stream: str,
    path: Path,
    *,
    name: str,
    parts: Mapping[str, str],
    options: FormatOptions,
    lookups: Lookups = nothing_found,
) -> list[Look]:
    """Reads and maps a file as the stream would, and writes nothing.

    Args:
        home: The deployment.
        source: Source id.
        stream: The stream whose mappings would take it.
        path: The file.
        name: What it is called.
        parts: Values of the parts of its path.
        options: What the stream says about its form.
        lookups: Gives what the store has for the mapping's `lookups:`.

    Raises:
        MappingError: A mapping of the stream is wrong.
    """
    reads = list(read_file(path, options=options, display_name=name))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    broken = any(read.problem for read in reads)
    chooser = MappingChooser(home, source, stream)
    plans: list[Plan | Text | None] = []
    for read in reads:
        columns = [one for one in read.table.column_names if one != ROW]
        if both := sorted(set(parts) & set(columns)):
            plans.append(_SAME_NAME.format(name=both[0]))
        elif broken or not read.table.num_rows:
            plans.append(None)
        else:
            plans.append(chooser.choose(HeaderFacts(landed_columns(read, parts), tuple(parts), read.is_json)))
    accepted = home.stream(source, stream).accepted
    issues: dict[int, list[Issue]] = defaultdict(list)
    held: dict[int, set[int]] = defaultdict(set)
    questions: dict[int, Text | None] = {}
    with tempfile.TemporaryDirectory(prefix="crossdock-") as folder:
        for plan in {id(one): one for one in plans if isinstance(one, Plan)}.values():
            batches = [
                scratch_rows(read, Path(folder), batch=number, name=name, parts=parts, sha256=digest)
                for number, read in enumerate(reads)
                if plans[number] is plan
            ]
            for _, of_sheet in groupby(batches, key=lambda one: (one.sheet, reads[one.batch].table.column_names)):
                landed = list(of_sheet)
                asked = question_about(_table([reads[one.batch] for one in landed], reads, landed), plan, accepted)
                questions |= dict.fromkeys((one.batch for one in landed), asked.fact if asked else None)
            with MappingRun(plan, batches, lookups=lookups) as mapped:
                for placed in mapped.issues():
                    issues[placed.batch].append(placed.issue)
                for entity in plan.entities:
                    for row in mapped.held(entity):
                        held[row.batch].add(row.row)
    return [
        _look(read, plans[number], questions.get(number), issues[number], len(held[number]))
        for number, read in enumerate(reads)
        if read.counts.read or read.problem
    ]


def _table(parts: Sequence[SheetRead], reads: Sequence[SheetRead], batches: Sequence[LandedRows]) -> Table:
    """A table that was read, in one part or several, as it is asked about."""
    read = parts[0]
    columns = [name for name in read.table.column_names if name != ROW]
    return Table(
        read.sheet,
        [one.sheet for one in reads if one.table.num_rows],
        columns,
        {label: values for part in parts for label, values in part.labels.items()},
        read.columns,
        read.is_json,
        lambda: [one.parquet for one in batches],
    )


def _look(read: SheetRead, plan: Plan | Text | None, question: Text | None, issues: Sequence[Issue], held: int) -> Look:
    meanings: dict[str, dict[Text, None]] = defaultdict(dict)
    for entity in plan.entities if isinstance(plan, Plan) else ():
        for field, compiled in entity.fields.items():
            for column in compiled.columns:
                meanings[column][entity.entity.fields[field].label] = None
    names = [name for name in read.table.column_names if name != ROW]
    first = read.table.slice(0, _FIRST_ROWS)
    told = {(one.place, one.code, one.value): one for one in issues}  # a cell that several entities read is told once
    return Look(
        sheet=read.sheet,
        header_row=read.header_row,
        rows=read.table.num_rows,
        left_out=tuple(sorted(row for rows in read.counts.skipped.values() for row in rows)),
        problem=read.problem or (plan if isinstance(plan, Text) else question),
        columns=tuple(
            Column(read.columns.get(name, ""), name, tuple(meanings[name]), _examples(read.table, name))
            for name in names
        ),
        issues=tuple(told.values()),
        held=held,
        first=tuple((row.pop(ROW), tuple(value or "" for value in row.values())) for row in first.to_pylist()),
    )


def _examples(table: pa.Table, name: str) -> tuple[str, ...]:
    values = (str(value) for value in table[name].slice(0, 50).to_pylist() if value)
    return tuple(dict.fromkeys(values))[:3]
