"""Runs a plan over landed rows in a locked DuckDB: typed records, held rows and issues, all set-wise.

Rows whose hash the store already knows are set aside unread. The rest takes two passes. The first makes the typed
columns and one bit per field that is wrong; reason and value are worked out in a second pass over the rows that have
a bit. A mapping can reach nothing but the landed files that it was given.
"""

import errno
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from canonical_model.declaration import FieldSpec
from canonical_model.disk import disk_error
from canonical_model.errors import CrossdockError, MappingError
from canonical_model.issues import CATALOGUE, Effect, Issue
from canonical_model.language import Text
from canonical_model.text import clip
from mappings.checks import check_digits, create_lists, violations
from mappings.columns import filled_cells, source_column, turned_rows
from mappings.dates import DateOrder, decide_orders
from mappings.expressions import Atom, Lookup, Problem, quote_name, quote_text
from mappings.functions import ODD, macros_for
from mappings.plan import EntityPlan, Plan
from mappings.spec import StoreLookup
from mappings.unknown import unknown_merged

_CELL_CODES = ("XD-CEL-001", "XD-CEL-002", "XD-CEL-006", "XD-CEL-007", "XD-CEL-008")
"""What can be wrong with one cell before it is read."""
_ROW_CODES = ("XD-CEL-003", "XD-CEL-004", "XD-CEL-005")
"""What can be wrong with a whole row before it is read."""

_LISTED = ("XD-COD-001", "XD-UNT-001")
"""Codes come out of their list, so what the list lacks is a problem of reading already."""

_ARROW_ROWS = 16_384
"""Rows of one Arrow batch that leaves the engine."""

MEMORY_LIMIT = "256MB"
THREADS = 2


Lookups = Callable[[StoreLookup, pa.Table], pa.Table]


def nothing_found(asked: StoreLookup, wanted: pa.Table) -> pa.Table:
    """An empty answer, where there is no store to ask."""
    return pa.table({name: pa.array([], pa.string()) for name in (*asked.match, "value")})


@dataclass(frozen=True, slots=True)
class LandedRows:
    """One landed batch as the engine needs it.

    Attributes:
        batch: Its number in the store; later landings have higher numbers.
        parquet: Local path of the landed rows.
        rows: Rows in that file.
        file: Name of the source file or table, for places.
        sheet: Sheet name, empty where there is none.
        places: Source column -> letter.
        modified_at: When the source says it was last changed.
        suspects: Damaged cells: (row, column, issue code).
        only: Rows to which the batch is confined; None for all. `rows` counts these.
        is_file: Whether it is a file, which can be a complete statement by itself.
    """

    batch: int
    parquet: Path
    rows: int
    file: str
    sheet: str
    places: Mapping[str, str]
    modified_at: datetime | None
    suspects: tuple[tuple[int, str, str], ...] = ()
    only: tuple[int, ...] | None = None
    is_file: bool = True

    def place(self, row: int, column: str) -> str:
        """Where a person finds the cell: "采购单.xlsx [Sheet1] C7"."""
        sheet = f" [{self.sheet}]" if self.sheet else ""
        cell = f"{self.places[column]}{row}" if column in self.places else f"#{row}"
        return f"{self.file}{sheet} {cell}"


KnownHashes = Mapping[str, Callable[[], pa.Table]]
"""Entity name -> what gives the `source_hash` (arrow.uuid) of each stored row; all rows of other entities are mapped."""


@dataclass(frozen=True, slots=True)
class PlacedIssue:
    """An issue and the landed row that it belongs to."""

    batch: int
    row: int
    issue: Issue


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row that was not let in.

    Attributes:
        entity: Entity it would have become.
        batch: Batch number.
        row: Row number in the source.
        element: Position in the nested list, 0 where there is none.
        key: Its key, as far as it could be read.
        outcome: "rejected" or "parked".
        is_known: Whether the key could be read, so that one knows which record it is.
    """

    entity: str
    batch: int
    row: int
    element: int
    key: str
    outcome: str
    is_known: bool


class MappingRun:
    """One plan over some landed batches; a context manager that owns its DuckDB.

    Args:
        plan: The compiled mapping.
        batches: Landed batches with the plan's header, in landing order.
        known: Hashes of rows that need no mapping; asked for once the landed rows are hashed.
        lookups: Gives what the store has for the mapping's `lookups:`: called with one and the values wanted (a column
            for each of its `match`), it gives those found, each once, with a further column `value`.
        fresh: Entities of which the store holds nothing. Those that `is_streamed` says are mapped while `stream` is
            read, and can be asked about afterwards.

    Attributes:
        date_orders: How dates such as 03/04/2026 were read, and why; nothing where there were none.
    """

    date_orders: tuple[DateOrder, ...] = ()

    def __init__(
        self,
        plan: Plan,
        batches: Sequence[LandedRows],
        known: KnownHashes | None = None,
        *,
        lookups: Lookups = nothing_found,
        fresh: Collection[str] = (),
    ) -> None:
        self._plan, self._lookups = plan, lookups
        self._streamed = set(fresh) - {entity.entity.parent for entity in plan.entities}
        self._known = known or {}
        self._skipped: dict[str, int] = {}
        self._repeated: dict[str, int] = {}
        self._stored: dict[str, pa.Table] = {}
        self._batches = {batch.batch: batch for batch in batches}
        # DuckDB may read and write where it spills, so that is an empty folder of its own
        self._scratch = tempfile.TemporaryDirectory(prefix="crossdock-duckdb-")
        self._db = duckdb.connect(
            config={
                "memory_limit": MEMORY_LIMIT,
                "threads": THREADS,
                "temp_directory": self._scratch.name,
            }
        )

    def __enter__(self) -> Self:
        try:
            self._run()
        except duckdb.Error as error:
            self._close()
            raise translate_error(error, self._plan.spec.mapping) from error
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._db.close()
        self._scratch.cleanup()

    def _run(self) -> None:
        self._lock()
        self._make_source()
        self._decide_orders()
        self._look_up()
        kept = [entity for entity in self._plan.entities if not self.is_streamed(entity)]
        for entity in kept:
            self._map(entity)
            self._explain(entity)
            self._fold(entity)
        for entity in kept:
            self._find_waiting(entity)
            self._hold_lines(entity)

    # results

    def is_streamed(self, entity: EntityPlan) -> bool:
        """Whether the entity is mapped while it is read; headers are not, since their lines wait for them."""
        return entity.entity.name in self._streamed

    def read_count(self, entity: EntityPlan) -> int:
        """Records that the landed files hold for the entity, counted from the files and not from what was mapped."""
        if entity.turned:
            return self._one(filled_cells(entity.turned))
        if entity.each is None:
            return sum(batch.rows for batch in self._batches.values())
        return self._one(
            f"SELECT coalesce(sum(json_array_length({source_column('json')}, {_pointer(entity.each)})), 0) FROM source"
        )

    def good(self, entity: EntityPlan, constants: Mapping[str, str] | None = None) -> pa.RecordBatchReader:
        """Records to merge: key, source_hash, version, batch, row, unknown, `constants`, then the stated columns.

        In the order of keys where stored rows have to be looked up, else as the file has them. A row with issues has
        no hash, so that it is judged again whenever it comes.

        Args:
            entity: The entity.
            constants: Column name -> SQL of a value that is the same in all rows.
        """
        return self._db.sql(
            f"SELECT {_record(entity, constants or {})} FROM rows_{entity.entity.name} r WHERE outcome IS NULL "
            f"{'ORDER BY key' if constants is None else ''}"
        ).to_arrow_reader(_ARROW_ROWS)

    def stream(self, entity: EntityPlan, constants: Mapping[str, str]) -> pa.RecordBatchReader:
        """What `good` gives, of an entity that is streamed: while it is mapped, and only once.

        Most rows stand for themselves and are kept nowhere. The others come last: those with issues, those of a key
        that is stated twice, and lines of a header that was held.
        """
        self._find_waiting(entity)
        name = entity.entity.name
        others = (
            f"mask <> 0 OR outcome IS NOT NULL OR hash(key) IN (FROM repeated_{name}) OR {self._is_waiting(entity)}"
        )
        self._db.execute(
            f"CREATE TEMP TABLE repeated_{name} AS SELECT hash(key) AS key FROM "
            f"(SELECT {_joined(entity.key)} AS key FROM {self._from(entity, columns=entity.naming_sql)}) GROUP BY ALL HAVING count(*) > 1"
        )
        rows = self._db.sql(
            f"SELECT {_record(entity, constants)}, element, coalesce({others}, FALSE) AS _is_other "
            f"FROM ({self._mapped(entity)}) r"
        ).to_arrow_reader(_ARROW_ROWS)
        schema = pa.schema([field for field in rows.schema if field.name not in ("element", "_is_other")])
        return pa.RecordBatchReader.from_batches(schema, self._stream(entity, constants, rows, schema.names))

    def _stream(
        self, entity: EntityPlan, constants: Mapping[str, str], rows: pa.RecordBatchReader, names: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        name = entity.entity.name
        places = pa.schema([(column, rows.schema.field(column).type) for column in ("batch", "row", "element")])
        others = []
        try:
            for batch in rows:
                is_other = batch.column("_is_other")
                others.append(batch.filter(is_other).select(places.names))
                yield (batch.filter(pc.invert(is_other)) if is_other.true_count else batch).select(names)
            self._db.register("_others", pa.Table.from_batches(others, places))
            self._db.execute(f"CREATE TEMP TABLE rows_{name} AS {self._mapped(entity, only='FROM _others')}")
            self._db.unregister("_others")
            self._explain(entity)
            self._fold(entity)
            self._hold_lines(entity)
            yield from self.good(entity, constants)
        except duckdb.Error as error:
            raise translate_error(error, self._plan.spec.mapping) from error

    def skipped_count(self, entity: EntityPlan) -> int:
        """Stored records whose raw values came again and were not mapped."""
        return self._skipped.get(entity.entity.name, 0)

    def folded_count(self, entity: EntityPlan) -> int:
        """Records of a key that the same batches state again: by a newer statement, or by the very same values."""
        name = entity.entity.name
        folded = self._one(f"SELECT count(*) FROM rows_{name} WHERE outcome = 'folded'")
        return folded + self._repeated.get(name, 0)

    def held(self, entity: EntityPlan) -> Iterator[HeldRow]:
        """Rows that were rejected or parked."""
        name = entity.entity.name
        found = self._db.execute(
            f"SELECT batch, row, element, coalesce(key, ''), outcome, is_known FROM rows_{name} "
            "WHERE outcome IN ('rejected', 'parked') ORDER BY ALL"
        )
        for values in found.fetchall():
            yield HeldRow(name, *values)

    def issues(self) -> Iterator[PlacedIssue]:
        """All issues in the order of their rows."""
        found = self._db.execute("SELECT * FROM issues ORDER BY batch, row, element, entity, position")
        plans = {plan.entity.name: plan for plan in self._plan.entities}
        for batch, row, element, entity, _, field, named, code, value, detail in found.fetchall():
            column = plans[entity].source_column(named, element)
            place = self._batches[batch].place(row, column)
            yield PlacedIssue(batch, row, Issue(code, entity, field, column, place, clip(value or ""), detail))

    # questions that deletions ask

    @property
    def plan(self) -> Plan:
        """The mapping that ran."""
        return self._plan

    @property
    def has_files(self) -> bool:
        """Whether what was landed are files."""
        return all(batch.is_file for batch in self._batches.values())

    def place(self, batch: int, row: int) -> str:
        """Where a person finds the row."""
        return self._batches[batch].place(row, "")

    def unseen(self, entity: EntityPlan) -> pa.RecordBatchReader | None:
        """Stored hashes that no record of the batches has, as sixteen bytes; None where the store was not asked."""
        name = entity.entity.name
        if name not in self._stored:
            return None
        self._db.register("_known", self._stored[name])
        self._db.execute(
            f"CREATE OR REPLACE TEMP TABLE unseen AS SELECT CAST(source_hash AS BLOB) AS source_hash FROM _known "
            f"ANTI JOIN hashed_{name} USING (source_hash)"
        )
        self._db.unregister("_known")
        return self._db.sql("FROM unseen").to_arrow_reader(_ARROW_ROWS)

    def values(self, entity: EntityPlan, field: str) -> list[str]:
        """The different values of a field in all records of the batches, as text."""
        value = f"CAST({entity.fields[field].sql} AS VARCHAR)"
        found = self._db.execute(f"SELECT DISTINCT {value} FROM {self._from(entity)} WHERE {value} IS NOT NULL")
        return [str(value) for (value,) in found.fetchall()]

    def documents(self, entity: EntityPlan) -> pa.RecordBatchReader:
        """The documents to which the lines belong: fields that name the parent, version, and the partner as `key`."""
        names = [
            f"CAST({entity.fields[name].sql} AS VARCHAR) AS {quote_name(name)}" for name in entity.entity.parent_key
        ]
        partner = f"xd_key({entity.parent[0]})" if len(entity.parent) > len(names) else "''"
        version = self._plan.version.sql if self._plan.version else "_modified"
        return self._db.sql(
            f"SELECT {', '.join(names)}, max(CAST({version} AS DECIMAL(24,6))) AS version, {partner} AS key "
            f"FROM {self._from(entity)} GROUP BY ALL"
        ).to_arrow_reader(_ARROW_ROWS)

    def key_part(self, value: str) -> str:
        """`value` as it stands in a key."""
        ((part,),) = self._db.execute("SELECT xd_key(?)", [value]).fetchall()
        return str(part)

    # set-up

    def _one(self, sql: str) -> int:
        # all of them: a result with rows left would keep the connection busy
        ((number,),) = self._db.execute(sql).fetchall()
        return int(number)

    def _lock(self) -> None:
        for macro in macros_for(repr(self._plan)):
            self._db.execute(macro)
        create_lists(self._db, (entity.entity.fields[name] for entity in self._plan.entities for name in entity.fields))
        for entity in self._plan.entities:
            for lookup in self._steps(entity):
                if isinstance(lookup, Atom) or lookup.asked:
                    continue
                words, codes, factors = zip(*lookup.rows, strict=True) if lookup.rows else ((), (), ())
                text = {"word": words, "code": codes, "factor": factors}
                self._db.register("_listed", pa.table({name: pa.array(v, pa.string()) for name, v in text.items()}))
                self._db.execute(
                    f"CREATE TEMP TABLE {entity.entity.name}{lookup.name} AS "
                    "SELECT word, code, CAST(factor AS DECIMAL(18,6)) AS factor FROM _listed"
                )
                self._db.unregister("_listed")
        # an allowed path is also a right to write it where it does not exist
        for batch in self._batches.values():
            batch.parquet.open("rb").close()
        paths = ", ".join(quote_text(str(batch.parquet)) for batch in self._batches.values())
        self._db.execute("SET TimeZone = 'UTC'")
        self._db.execute(f"SET allowed_paths = [{paths}]")
        self._db.execute("SET enable_external_access = false")
        self._db.execute("SET lock_configuration = true")

    def _make_source(self) -> None:
        suspects = [
            (b.batch, row, f"{code}:{column}") for b in self._batches.values() for row, column, code in b.suspects
        ]
        batches, rows, cells = zip(*suspects, strict=True) if suspects else ((), (), ())
        columns = {
            "batch": pa.array(batches, pa.int64()),
            "row": pa.array(rows, pa.int64()),
            "cell": pa.array(cells, pa.string()),
        }
        self._db.register("_suspects", pa.table(columns))
        self._db.execute("CREATE TEMP TABLE suspects AS FROM _suspects")
        self._db.unregister("_suspects")
        self._db.execute(
            "CREATE TEMP TABLE issues (batch BIGINT, row BIGINT, element BIGINT, entity VARCHAR, position INTEGER, "
            'field VARCHAR, "column" VARCHAR, code VARCHAR, value VARCHAR, detail VARCHAR)'
        )
        selects = []
        for batch in self._batches.values():
            parquet = f"read_parquet({quote_text(str(batch.parquet))}, hive_partitioning = false)"
            described = self._db.execute(f"DESCRIBE SELECT * FROM {parquet}").fetchall()
            landed = pq.read_schema(batch.parquet).names
            # DuckDB renames columns that differ in capitals only; their order stays
            texts = "".join(
                f", CAST({quote_name(row[0])} AS VARCHAR) AS {source_column(name)}"
                for name, row in zip(landed, described, strict=True)
                if name != "_row"
            )
            version = f"{batch.modified_at.timestamp():.6f}" if batch.modified_at else "NULL"
            selects.append(
                f"SELECT CAST({batch.batch} AS BIGINT) AS _batch, CAST(_row AS BIGINT) AS _row, "
                f"CAST({version} AS DECIMAL(24,6)) AS _modified{texts} FROM {parquet}"
                + (f" WHERE _row IN ({', '.join(map(str, batch.only))})" if batch.only is not None else "")
            )
        if not self._plan.is_json:  # a list of keys does not carry all columns
            raw = {sql for entity in self._plan.entities for sql in self._raw_columns(entity)}
            named = sorted(sql for sql in raw if sql.startswith('"'))
            selects.append(f"SELECT {', '.join(f'CAST(NULL AS VARCHAR) AS {sql}' for sql in named)} WHERE FALSE")
        union = " UNION ALL BY NAME ".join(selects)
        self._db.execute(
            "CREATE TEMP VIEW source AS SELECT s.*, d.cells AS _suspects FROM "
            f"({union}) s LEFT JOIN (SELECT batch, row, list(cell) AS cells FROM suspects GROUP BY ALL) d "
            "ON s._batch = d.batch AND s._row = d.row"
            if suspects
            else f"CREATE TEMP VIEW source AS SELECT *, CAST(NULL AS VARCHAR[]) AS _suspects FROM ({union})"
        )

    def _decide_orders(self) -> None:
        """Asks each column of dates for its order; `date_orders` tells what came of it."""
        asked = [(self._records(entity), entity.dates) for entity in self._plan.entities]
        orders = [
            order
            for rows, dates in (*asked, ("source", self._plan.version_dates))
            for order in decide_orders(self._db, rows, dates, self._plan.date_order)
        ]
        self.date_orders = tuple(dict.fromkeys(orders))

    def _look_up(self) -> None:
        """Asks the store for what the mapping looks up there, with the values of these rows."""
        for entity in self._plan.entities:
            for step in entity.steps:
                if not isinstance(step, Lookup) or step.asked is None:
                    continue
                fields = list(step.asked.match)
                keys = ", ".join(f"{key} AS {quote_name(field)}" for field, key in zip(fields, step.keys, strict=True))
                filled = " AND ".join(f"{quote_name(field)} IS NOT NULL" for field in fields)
                wanted = f"SELECT DISTINCT * FROM (SELECT {keys} FROM {self._records(entity)}) WHERE {filled}"
                found = self._lookups(step.asked, self._db.sql(wanted).to_arrow_table())
                self._db.register("_found", found)
                word = " || '|' || ".join(f"xd_key({quote_name(field)})" for field in fields)
                self._db.execute(
                    f"CREATE TEMP TABLE {entity.entity.name}{step.name} AS "
                    f"SELECT {word} AS word, value AS code, CAST(1 AS DECIMAL(18,6)) AS factor FROM _found"
                )
                self._db.unregister("_found")

    # first pass

    def _steps(self, entity: EntityPlan) -> tuple[Atom | Lookup, ...]:
        return (*entity.steps, *self._plan.version_steps)

    @staticmethod
    def _records(entity: EntityPlan) -> str:
        """The source's rows, elements or cells, with their place `_at` in the row."""
        if entity.turned:
            return turned_rows(entity.turned)
        if entity.each is None:
            return "(SELECT *, 0 AS _at FROM source)"
        listed = f"json_extract({source_column('json')}, {_pointer(entity.each)}::VARCHAR || '[*]')"
        return f"(SELECT *, generate_subscripts({listed}, 1) AS _at, unnest({listed}) AS _element FROM source)"

    def _raw_columns(self, entity: EntityPlan) -> tuple[str, ...]:
        """SQL of all columns that the entity reads, as received."""
        return (*entity.column_sql, *self._plan.version_columns)

    def _raw(self, entity: EntityPlan) -> tuple[str, ...]:
        """SQL of all that the source says about one record."""
        return (*entity.hashed, *self._plan.version_columns)

    def _hash(self, entity: EntityPlan) -> str:
        """SQL of 128 bits that stand for the record's raw values under this very mapping."""
        raw, digest = ", ".join(self._raw(entity)) or "''", quote_text(self._plan.fingerprint)
        return (
            f"CAST(CAST(hash({digest}, {raw}) AS UHUGEINT) * 18446744073709551616 + hash({raw}, {digest}, 1) AS UUID)"
        )

    def _from(self, entity: EntityPlan, *, only: str = "", columns: Sequence[str] = ()) -> str:
        """The source's rows or elements with every shared value, worked out level by level.

        Args:
            entity: The entity.
            only: Query of (batch, row, element) to which the rows are confined; empty for all.
            columns: SQL of the columns that are asked for, since a row needs cleaning only where one of them does;
                empty for all.
        """
        joined = ", ".join(columns or self._raw_columns(entity)) or "''"
        odd = "TRUE" if self._plan.is_json else f"regexp_matches(concat_ws(chr(31), {joined}), {quote_text(ODD)})"
        rows = self._records(entity)
        if only:
            rows = f"(SELECT * FROM {rows} WHERE (_batch, _row, _at) IN ({only}))"
        rows = f"(SELECT *, {odd} AS _odd FROM {rows})"
        steps = self._steps(entity)
        for level in range(1, max((step.level for step in steps), default=0) + 1):
            values, joins = "", ""
            for step in steps:
                if step.level != level:
                    continue
                if isinstance(step, Atom):
                    values += f", {step.sql} AS {step.name}"
                else:
                    values += f", {step.name}.code AS {step.name}_code, {step.name}.factor AS {step.name}_factor"
                    joins += f" LEFT JOIN {entity.entity.name}{step.name} {step.name} ON {step.name}.word = {step.word}"
            rows = f"(SELECT s.*{values} FROM {rows} s{joins})"
        return f"{rows} s"

    def _reading_problems(self, entity: EntityPlan, field: str) -> list[Problem]:
        """What can be wrong with reading one field from the source, most telling first."""
        compiled = entity.fields[field]
        damaged = [
            Problem(f"list_contains(_suspects, '{code}:' || {cell})", code, shown, column)
            for column, (cell, shown) in self._cells(entity, compiled.columns)
            if not self._plan.is_json and any(b.suspects for b in self._batches.values())
            for code in _CELL_CODES
        ]
        if field != next(iter(entity.fields)):
            return [*damaged, *compiled.problems]
        version = self._plan.version.problems if self._plan.version else ()
        keys = [Problem(f"({part.sql} IS NULL)", "XD-REQ-001", "''", part.column) for part in entity.own_key]
        return [*damaged, *compiled.problems, *version, *keys]

    @staticmethod
    def _cells(entity: EntityPlan, columns: Sequence[str]) -> list[tuple[str, tuple[str, str]]]:
        """Column -> SQL of its name in the sheet and of its content."""
        found = {c: (quote_text(c), source_column(c)) for c in sorted(columns)}
        if entity.turned:
            name, value = entity.turned_names
            found.pop(name, None)  # the header is never damaged
            if value in found:
                found[value] = "_turned.name", "_turned.value"
        return list(found.items())

    @staticmethod
    def _value_problems(entity: EntityPlan, field: str) -> list[Problem]:
        """What can be wrong with the value that was read."""
        spec = entity.entity.fields[field]
        compiled = entity.fields[field]
        column = compiled.main or next(iter(sorted(compiled.columns)), "")
        names = tuple(quote_name(c.name) for c in spec.columns if c.is_mapped)
        is_plain = column in entity.columns and (compiled.main or len(compiled.columns) == 1)
        shown = entity.column_sql[entity.columns.index(column)] if is_plain else f"CAST({names[0]} AS VARCHAR)"
        return [
            Problem(
                f"(CASE WHEN _odd THEN {condition} ELSE FALSE END)" if code == "XD-TXT-002" else condition,
                code,
                shown,
                column,
            )
            for code, condition in violations(spec, names)
            if code not in _LISTED
        ]

    def _broken_row(self) -> str:
        """Condition that the whole row is unfit, to stand behind another."""
        codes = [code for code in _ROW_CODES if CATALOGUE[code].effect is Effect.REJECT]
        cells = {f"{code}:{column}" for b in self._batches.values() for _, column, code in b.suspects if code in codes}
        listed = ", ".join(quote_text(cell) for cell in sorted(cells))
        return f" OR coalesce(list_has_any(_suspects, [{listed}]), FALSE)" if cells else ""

    def _map(self, entity: EntityPlan) -> None:
        """Makes `rows_<entity>`: all records, or those that the store does not know yet and what belongs to them."""
        name = entity.entity.name
        if name not in self._known:
            self._db.execute(f"CREATE TEMP TABLE rows_{name} AS {self._mapped(entity)}")
            return
        self._db.execute(
            f"CREATE TEMP TABLE hashed_{name} AS SELECT _batch AS batch, _row AS row, _at AS element, "
            f"CASE WHEN _suspects IS NULL THEN {self._hash(entity)} END AS source_hash FROM {self._records(entity)}"
        )
        self._stored[name] = self._known[name]()
        self._db.register("_known", self._stored[name])
        self._db.execute(
            f"CREATE TEMP TABLE todo_{name} AS SELECT batch, row, element FROM hashed_{name} "
            "ANTI JOIN _known USING (source_hash)"
        )
        self._db.unregister("_known")
        self._db.execute(f"CREATE TEMP TABLE rows_{name} AS {self._mapped(entity, only=f'FROM todo_{name}')}")
        self._map_relatives(entity)
        ((rows, values),) = self._db.execute(
            f"SELECT count(*), count(DISTINCT source_hash) FROM hashed_{name} ANTI JOIN rows_{name} "
            "USING (batch, row, element)"
        ).fetchall()
        self._skipped[name], self._repeated[name] = values, rows - values

    def _map_relatives(self, entity: EntityPlan) -> None:
        """Maps known records that a mapped one touches: of the same key, since the version decides, or of its document."""
        name = entity.entity.name
        conditions = [f"key IN (SELECT key FROM rows_{name})"]
        if self._has_parent(entity):
            conditions.append(f"parent IN (SELECT _name FROM rows_{entity.entity.parent})")
        elif not self._one(f"SELECT count(*) FROM rows_{name}"):
            return
        named = (
            f"SELECT _batch AS batch, _row AS row, _at AS element, {_joined(entity.key)} AS key, "
            f"{_joined(entity.parent)} AS parent FROM {self._from(entity, columns=entity.naming_sql)}"
        )
        self._db.execute(
            f"CREATE TEMP TABLE relatives_{name} AS SELECT batch, row, element FROM ({named}) "
            f"WHERE {' OR '.join(conditions)} EXCEPT SELECT batch, row, element FROM rows_{name}"
        )
        if self._one(f"SELECT count(*) FROM relatives_{name}"):
            self._db.execute(f"INSERT INTO rows_{name} {self._mapped(entity, only=f'FROM relatives_{name}')}")

    def _mapped(self, entity: EntityPlan, *, only: str = "") -> str:
        """Query of records with typed columns, one bit per field that is wrong, and what becomes of them."""
        for field, compiled in entity.fields.items():
            if entity.entity.fields[field].scheme:
                values = f"SELECT DISTINCT {compiled.sql} FROM {self._from(entity, only=only)}"
                check_digits(self._db, entity.entity.fields[field], values)
        typed = [
            f"{sql} AS {quote_name(column.name)}"
            for field, compiled in entity.fields.items()
            for column, sql in zip(
                (c for c in entity.entity.fields[field].columns if c.is_mapped), compiled.parts, strict=True
            )
        ]
        reading = {field: self._reading_problems(entity, field) for field in entity.fields}
        value = {field: self._value_problems(entity, field) for field in entity.fields}
        flags = [f"({_any(problems)}) AS _bad{i}" for i, problems in enumerate(reading.values())]
        bits = " | ".join(
            f"(CASE WHEN _bad{i} OR {_any(problems)} THEN {1 << i} ELSE 0 END)"
            for i, problems in enumerate(value.values())
        )
        named = [part.sql for part in entity.own_key] or [
            entity.fields[name].sql for name in entity.entity.key if entity.entity.fields[name].is_required
        ]
        known = " AND ".join(f"{part} IS NOT NULL" for part in named) or "TRUE"
        version = self._plan.version.sql if self._plan.version else "_modified"
        inner = (
            f"SELECT _batch AS batch, _row AS row, _at AS element, _odd, {_joined(entity.key)} AS key, "
            f"{_joined(entity.natural)} AS _name, {_joined(entity.parent)} AS parent, "
            f"CAST({version} AS DECIMAL(24,6)) AS version, "
            f"CASE WHEN _suspects IS NULL THEN {self._hash(entity)} END AS source_hash, {entity.unknown} AS unknown, "
            f"{', '.join(typed)}, {', '.join(flags)}, "
            f"({_any(_with(Effect.REJECT, reading))}{self._broken_row()}) AS _reject, "
            f"({_any(_with(Effect.PARK, reading))}) AS _park, _suspects IS NULL AND {known} AS is_known "
            f"FROM {self._from(entity, only=only)}"
        )
        stated = ", ".join(quote_name(column) for column in entity.stated)
        return (
            f"SELECT batch, row, element, key, _name, parent, version, source_hash, unknown, is_known, {stated}, "
            f"CASE WHEN mask = 0 AND NOT _reject THEN NULL "
            f"WHEN _reject OR {_any(_with(Effect.REJECT, value))} THEN 'rejected' "
            f"WHEN _park OR {_any(_with(Effect.PARK, value))} THEN 'parked' END AS outcome, mask "
            f"FROM (SELECT *, {bits} AS mask FROM ({inner}))"
        )

    # second pass

    def _explain(self, entity: EntityPlan) -> None:
        name = entity.entity.name
        listed = ", ".join(quote_text(code) for code in _ROW_CODES)
        self._db.execute(
            f"INSERT INTO issues SELECT batch, row, 0, '{name}', -1, '', cell[12:], left(cell, 10), '', '' "
            f"FROM suspects WHERE left(cell, 10) IN ({listed})"
        )
        wrong = self._one(f"SELECT coalesce(bit_or(mask), 0) FROM rows_{name}")
        if not wrong:
            return
        bad = f"SELECT batch, row, element FROM rows_{name} WHERE mask <> 0"
        for position, field in enumerate(entity.fields):
            if not wrong & 1 << position:
                continue
            problems = [*self._reading_problems(entity, field), *self._value_problems(entity, field)]

            def case(pick: str, problems: list[Problem] = problems) -> str:
                whens = " ".join(
                    f"WHEN coalesce({p.condition}, FALSE) THEN "
                    f"{p.value if pick == 'value' else quote_text(getattr(p, pick))}"
                    for p in problems
                )
                return f"CASE {whens} END"

            self._db.execute(
                f"INSERT INTO issues SELECT batch, row, element, '{name}', {position}, '{field}', "
                f"{case('column')}, {case('code')}, {case('value')}, '' FROM {self._from(entity, only=bad)} "
                f"JOIN rows_{name} r ON r.batch = s._batch AND r.row = s._row AND r.element = s._at "
                f"WHERE mask & {1 << position} <> 0"
            )

    # folding

    def _fold(self, entity: EntityPlan) -> None:
        """Leaves one record of each key: the newest statement, unless one file contradicts itself.

        A header stands on each of its lines, and often only the first is filled in: there, empty is no contradiction,
        and what one line says holds for all. How a value was spelt never is one.
        """
        name = entity.entity.name
        self._db.execute(
            f"CREATE TEMP TABLE twice_{name} AS SELECT key FROM rows_{name} WHERE outcome IS NULL "
            "GROUP BY key HAVING count(*) > 1"
        )
        if not self._one(f"SELECT count(*) FROM twice_{name}"):
            return
        is_header = any(other.entity.parent == name for other in self._plan.entities)
        columns = {c: field for field in entity.fields for c in _value_columns(entity.entity.fields[field])}
        differing = ", ".join(
            f"CASE WHEN {_differs(quote_name(c), is_header=is_header)} "
            f"THEN {quote_text(entity.fields[field].column or field)} END"
            for c, field in columns.items()
        )
        least = ", ".join(f"min({quote_name(c)}) AS {quote_name(c)}" for c in entity.stated)
        self._db.execute(
            f"CREATE TEMP TABLE same_{name} AS SELECT key, batch, version, min(row) AS first_row, max(row) AS last_row, "
            f"concat_ws(', ', {differing}) AS differing, "
            f"count(source_hash) < count(*) OR count(DISTINCT source_hash) > 1 AS is_filled, {least}, "
            "list(unknown ORDER BY row) FILTER (unknown IS NOT NULL) AS unknowns "
            f"FROM rows_{name} SEMI JOIN twice_{name} USING (key) WHERE outcome IS NULL GROUP BY key, batch, version"
        )
        self._db.execute(
            f"CREATE TEMP TABLE ranked_{name} AS SELECT r.batch, r.row, r.element, r.key, s.first_row, s.last_row, "
            "s.differing, row_number() OVER (PARTITION BY r.key, s.differing <> '' "
            "ORDER BY r.version DESC NULLS LAST, r.batch DESC, r.row DESC, r.element DESC) AS place "
            f"FROM rows_{name} r JOIN same_{name} s ON r.key = s.key AND r.batch = s.batch "
            "AND r.version IS NOT DISTINCT FROM s.version WHERE r.outcome IS NULL"
        )
        self._db.execute(
            f"INSERT INTO issues SELECT batch, row, element, '{name}', -1, '', '', 'XD-KEY-001', key, '#' || "
            "CASE WHEN row = first_row THEN last_row ELSE first_row END || ', ' || differing "
            f"FROM ranked_{name} WHERE differing <> ''"
        )
        self._db.execute(
            f"UPDATE rows_{name} r SET outcome = CASE WHEN k.differing <> '' THEN 'rejected' ELSE 'folded' END "
            f"FROM ranked_{name} k WHERE r.batch = k.batch AND r.row = k.row AND r.element = k.element "
            "AND (k.differing <> '' OR k.place > 1)"
        )
        if is_header:
            filled = {c: f"coalesce(r.{quote_name(c)}, s.{quote_name(c)})" for c in entity.stated}
            fill = ", ".join(f"{quote_name(c)} = {value}" for c, value in filled.items())
            unknown = unknown_merged({field: filled[field] for field in entity.fields}, rows="s.unknowns")
            self._db.execute(
                f"UPDATE rows_{name} r SET source_hash = NULL, unknown = {unknown}, {fill} "
                f"FROM same_{name} s WHERE r.outcome IS NULL "
                "AND s.is_filled AND r.key = s.key AND r.batch = s.batch AND r.version IS NOT DISTINCT FROM s.version"
            )

    def _find_waiting(self, entity: EntityPlan) -> None:
        """Makes `waiting_<entity>`: headers that were held and are not stated well elsewhere in the same batches."""
        if not self._has_parent(entity):
            return
        parent = entity.entity.parent
        self._db.execute(
            f"CREATE TEMP TABLE waiting_{entity.entity.name} AS SELECT DISTINCT _name AS parent FROM rows_{parent} "
            f"WHERE outcome IN ('rejected', 'parked') EXCEPT SELECT _name FROM rows_{parent} WHERE outcome IS NULL"
        )

    def _is_waiting(self, entity: EntityPlan) -> str:
        """Condition that a line's header was held."""
        return f"parent IN (FROM waiting_{entity.entity.name})" if self._has_parent(entity) else "FALSE"

    def _has_parent(self, entity: EntityPlan) -> bool:
        return entity.entity.parent in {other.entity.name for other in self._plan.entities}

    def _hold_lines(self, entity: EntityPlan) -> None:
        """Parks lines whose header was held."""
        if not self._has_parent(entity):
            return
        name = entity.entity.name
        lines = f"(outcome IS NULL OR outcome = 'folded') AND {self._is_waiting(entity)}"
        self._db.execute(
            f"INSERT INTO issues SELECT batch, row, element, '{name}', -1, '', '', 'XD-PAR-001', parent, '' "
            f"FROM rows_{name} WHERE {lines}"
        )
        self._db.execute(f"UPDATE rows_{name} SET outcome = 'parked' WHERE {lines}")


class PresentKeys(MappingRun):
    """Keys of the records that a source lists as present; the batches hold key columns alone."""

    def _run(self) -> None:
        self._lock()
        self._make_source()

    @staticmethod
    def can_tell(entity: EntityPlan, columns: Sequence[str]) -> bool:
        """Whether the listed columns make the entity's key."""
        parts = entity.own_key or [entity.fields[name] for name in entity.entity.key if name in entity.fields]
        return not entity.each and {column for part in parts for column in part.columns} <= set(columns)

    def keys(self, entity: EntityPlan) -> pa.RecordBatchReader:
        """The different keys, in one column `key`."""
        query = f"SELECT DISTINCT {_joined(entity.key)} AS key FROM {self._from(entity)}"
        return self._db.sql(query).to_arrow_reader(_ARROW_ROWS)


def _value_columns(spec: FieldSpec) -> list[str]:
    """The columns of a field that say what it is, not how its source spelt it."""
    spelling = {f"{spec.name}_source", f"{spec.name}_source_unit", f"{spec.name}_offset", f"{spec.name}_tz_assumed"}
    return [column.name for column in spec.columns if column.is_mapped and column.name not in spelling]


def _differs(column: str, *, is_header: bool) -> str:
    values = f"min({column}) <> max({column})"
    return f"({values})" if is_header else f"({values} OR (count({column}) > 0 AND count({column}) < count(*)))"


_FULL_DISK = (os.strerror(errno.ENOSPC), "max_temp_directory_size")
"""What DuckDB says when it has no room to spill."""


def translate_error(error: duckdb.Error, mapping: str) -> CrossdockError:
    """What DuckDB says about a mapping that it could not run, as an error of ours."""
    if any(said in str(error) for said in _FULL_DISK):
        return disk_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), tempfile.gettempdir()))
    if isinstance(error, duckdb.OutOfMemoryException):
        return MappingError(
            Text("映射需要的内存超过上限。", "The mapping needs more memory than it may have."),
            where=f"mappings/{mapping}.yaml",
            hint=Text("请减少字段或简化表达式。", "Use fewer fields or simpler expressions."),
            code="XD-MAP-008",
        )
    said = clip(str(error).splitlines()[0] if str(error) else type(error).__name__, 300)
    return MappingError(
        Text(f"映射无法运行：{said}", f"The mapping cannot be run: {said}"),
        where=f"mappings/{mapping}.yaml",
        hint=Text("请检查映射里的表达式。", "Check the expressions of the mapping."),
        code="XD-MAP-009",
    )


def _record(entity: EntityPlan, constants: Mapping[str, str]) -> str:
    """SQL of the columns of a record that go to the store."""
    fixed = "".join(f", {sql} AS {quote_name(name)}" for name, sql in constants.items())
    stated = "".join(f", r.{quote_name(name)}" for name in entity.stated)
    return (
        "key, CASE WHEN mask = 0 THEN CAST(source_hash AS BLOB) END AS source_hash, version, batch, row, unknown"
        f"{fixed}{stated}"
    )


def _joined(parts: Sequence[str]) -> str:
    """SQL of the parts of a key as one text."""
    return " || '|' || ".join(f"xd_key({part})" for part in parts) or "NULL"


def _with(effect: Effect, problems: Mapping[str, list[Problem]]) -> list[Problem]:
    return [problem for listed in problems.values() for problem in listed if CATALOGUE[problem.code].effect is effect]


def _any(problems: Sequence[Problem]) -> str:
    return " OR ".join(f"coalesce({p.condition}, FALSE)" for p in problems if not p.is_detail) or "FALSE"


def _pointer(path: str) -> str:
    return quote_text("$" + "".join(f'."{piece}"' for piece in path.split(".")))
