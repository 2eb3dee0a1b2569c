"""The tables of a file as `preview` looks at them, and the mappings that would take them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from canonical_model.errors import CrossdockError
from canonical_model.issues import Issue
from canonical_model.language import Text
from canonical_model.text import clip, parse_json
from connectors.base import JSON, ROW
from connectors.formats import SheetRead
from connectors.formats.profile import ColumnProfile, looks_like
from crossdock.cli._words import RowAccount, merge_places
from mappings.columns import SheetColumns
from mappings.lineage import lineage_without_header
from mappings.plan import MappingDoesNotFitError, make_plan
from mappings.spec import MappingFile, find_mapping, mappings_in, shipped_mappings

_LOOKED_AT = 1_000
_NEARLY = 0.8
_FEW = 2
_HALF = 0.5
_ANY_ZONE = "Asia/Shanghai"  # which zone a time takes does not decide whether a header fits


@dataclass
class SeenTable:
    """One sheet or text, with the accounts of all parts in which a large file is read.

    Attributes:
        read: Its first part.
        rows: Rows of the first part; the fields of JSON records as columns.
        account: Where all its rows went.
        skipped: Rows left out, by reason.
        suspects: Damaged cells: (row, column, issue code).
    """

    read: SheetRead
    rows: pa.Table
    account: RowAccount
    skipped: dict[str, list[int]]
    suspects: list[tuple[int, str, str]]

    @property
    def is_json(self) -> bool:
        """Whether its columns are fields of JSON records."""
        return self.read.is_json

    @property
    def columns(self) -> list[str]:
        """Its column names."""
        return [name for name in self.rows.column_names if name != ROW]

    def profiles(self) -> list[ColumnProfile]:
        """What its columns look like."""
        return looks_like(self.rows)

    def cell(self, row: int, column: str) -> str:
        """Where a person finds a cell: "C7", or "#7" where columns have no letters."""
        letters = self.read.columns.get(column)
        return f"{letters}{row}" if letters else f"#{row}"

    def issues(self, file: Path, most: int) -> list[Issue]:
        """The first damaged cells, with their values."""
        sheet = f" [{self.read.sheet}]" if self.read.sheet else ""
        values = {number: place for place, number in enumerate(self.rows[ROW].to_pylist())} if self.suspects else {}
        return [
            Issue(
                code=code,
                entity="",
                field="",
                column=column,
                place=f"{file.name}{sheet} {self.cell(row, column)}",
                value=str(self.rows[column][values[row]]) if row in values and column in self.columns else "",
            )
            for row, column, code in self.suspects[:most]
        ]


@dataclass(frozen=True, slots=True)
class Fit:
    """A mapping beside a header.

    Attributes:
        mapping: Its name.
        fields: Canonical fields that it would fill, with the label of people.
        unused: Columns of the file that it does not read.
        lacks: Which required columns the file lacks, in words; None where it fits.
    """

    mapping: str
    fields: tuple[str, ...]
    unused: tuple[str, ...]
    lacks: Text | None = None


def join_parts(reads: Iterable[SheetRead]) -> list[SeenTable]:
    """One table per sheet; the parts of a large text file as one."""
    tables: list[SeenTable] = []
    for read in reads:
        left_out = {reason: list(rows) for reason, rows in read.counts.skipped.items()}
        counts = read.counts
        account = RowAccount(counts.total, counts.above, counts.header, sum(map(len, left_out.values())), counts.read)
        is_part = bool(tables) and not read.sheet and not tables[-1].read.sheet
        if is_part:
            last = tables[-1]
            last.account += account
            last.skipped = merge_places([last.skipped, left_out])
            last.suspects += read.suspects
            continue
        rows = _fields_of(read.table) if read.is_json else read.table
        tables.append(SeenTable(read, rows, account, left_out, list(read.suspects)))
    return tables


def _fields_of(table: pa.Table) -> pa.Table:
    """The first level of JSON records as text columns."""
    records = [parse_json(text) for text in table[JSON].slice(0, _LOOKED_AT).to_pylist()]
    dicts: list[Mapping[str, object]] = [record for record in records if isinstance(record, dict)]
    names = list(dict.fromkeys(name for record in dicts for name in record if name != ROW))
    columns = {name: pa.array([_shown(record.get(name)) for record in dicts], pa.string()) for name in names}
    return pa.table(columns | {ROW: table[ROW].slice(0, len(dicts)).combine_chunks()})


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else clip(json.dumps(value, ensure_ascii=False), 200)


def find_fits(table: SeenTable, folder: Path | None) -> list[Fit]:
    """The mappings that would take the table; nothing for JSON: a record does not say what it lacks, so all would."""
    return [] if table.is_json else find_mappings(table.columns, folder)


def find_mappings(columns: Sequence[str], folder: Path | None) -> list[Fit]:
    """The mappings that would take a table with these columns, the one that reads most of it first.

    Those that leave much more of it unread than the first are left out. Where they leave most of it unread, and some
    other lacks only a column or two, those of such are given that know most of its columns.
    """
    fits, near = [], []
    for name in dict.fromkeys((*mappings_in(folder), *shipped_mappings())):
        try:
            spec = find_mapping(name, folder)
            plan = make_plan(spec, header=columns, is_json=False, timezone=_ANY_ZONE)
        except MappingDoesNotFitError as error:
            if len(error.missing) <= _FEW:
                near.append((_known(spec, columns), Fit(name, (), (), error.what)))
            continue
        except CrossdockError:
            continue  # a mapping for another kind of file, or a wrong one: `sync` says so to whoever uses it
        fields = dict.fromkeys(field for entity in plan.entities for field in entity.fields)
        read = {column for entity in plan.entities for column in (*entity.columns, *entity.turned)}
        fits.append(Fit(name, tuple(fields), tuple(column for column in columns if column not in read)))
    fits.sort(key=lambda fit: (len(fit.unused), -len(fit.fields)))
    most = len(columns) - len(fits[0].unused) if fits else 0
    best = max((known for known, _ in near), default=0)
    if most < len(columns) * _HALF and best > most:
        return [fit for known, fit in near if known == best]
    return [fit for fit in fits if len(columns) - len(fit.unused) >= _NEARLY * most]


def _known(spec: MappingFile, header: Sequence[str]) -> int:
    """How many columns of the header a mapping that does not fit would read."""
    by_entity = {name: SheetColumns(header, spec.columns, name) for name in spec.entities}
    wanted = ((by_entity[one.entity], column) for one in lineage_without_header(spec) for column in one.columns)
    return len({found[1] for columns, column in wanted if (found := columns.whole(column))})
