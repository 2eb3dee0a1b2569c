"""Runs a plan over landed rows in a locked DuckDB: typed records, held rows and issues, all set-wise.

Two passes. The first makes the typed columns and one bit per field that is wrong; reason and value are worked out in
a second pass over the rows that have a bit. A mapping can reach nothing but the landed files that it was given.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from canonical_model.declaration import FieldSpec
from canonical_model.errors import MappingError
from canonical_model.issues import CATALOGUE, Effect, Issue
from canonical_model.language import Text
from canonical_model.text import clip
from mappings.checks import check_digits, create_lists, violations
from mappings.columns import filled_cells, source_column, turned_rows
from mappings.dates import DateOrder, decide_orders
from mappings.expressions import Atom, Lookup, Problem, quote_name, quote_text
from mappings.functions import MACROS
from mappings.plan import EntityPlan, Plan
from mappings.spec import StoreLookup
from mappings.unknown import unknown_merged

_CELL_CODES = ("XD-CEL-001", "XD-CEL-002")
"""What can be wrong with one cell before it is read."""
_ROW_CODES = ("XD-CEL-003", "XD-CEL-004", "XD-CEL-005")
"""What can be wrong with a whole row before it is read."""

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
    """

    batch: int
    parquet: Path
    rows: int
    file: str
    sheet: str
    places: Mapping[str, str]
    modified_at: datetime | None
    suspects: tuple[tuple[int, str, str], ...] = ()

    def place(self, row: int, column: str) -> str:
        """Where a person finds the cell: "采购单.xlsx [Sheet1] C7"."""
        sheet = f" [{self.sheet}]" if self.sheet else ""
        cell = f"{self.places[column]}{row}" if column in self.places else f"#{row}"
        return f"{self.file}{sheet} {cell}"


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
    """

    entity: str
    batch: int
    row: int
    element: int
    key: str
    outcome: str


class MappingRun:
    """One plan over some landed batches; a context manager that owns its DuckDB.

    Args:
        plan: The compiled mapping.
        batches: Landed batches with the plan's header, in landing order.
        lookups: Gives what the store has for the mapping's `lookups:`: called with one and the values wanted (a column
            for each of its `match`), it gives those found, each once, with a further column `value`.

    Attributes:
        date_orders: How dates such as 03/04/2026 were read, and why; nothing where there were none.
    """

    date_orders: tuple[DateOrder, ...] = ()

    def __init__(self, plan: Plan, batches: Sequence[LandedRows], *, lookups: Lookups = nothing_found) -> None:
        self._plan, self._lookups = plan, lookups
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

    def __enter__(self) -> "MappingRun":
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
        for entity in self._plan.entities:
            self._map(entity)
            self._explain(entity)
            self._fold(entity)
        for entity in self._plan.entities:
            self._hold_lines(entity)

    # results

    def read_count(self, entity: EntityPlan) -> int:
        """Records that the landed files hold for the entity, counted from the files and not from what was mapped."""
        if entity.turned:
            return self._one(filled_cells(entity.turned))
        if entity.each is None:
            return sum(batch.rows for batch in self._batches.values())
        return self._one(
            f"SELECT coalesce(sum(json_array_length({source_column('json')}, {_pointer(entity.each)})), 0) FROM source"
        )

    def good(self, entity: EntityPlan) -> pa.RecordBatchReader:
        """Records to merge: key, parent, source_hash, version, batch, row, unknown, then the stated columns; in key order."""
        stated = ", ".join(f"r.{quote_name(name)}" for name in entity.stated)
        return self._db.sql(
            f"SELECT key, source_hash::VARCHAR AS source_hash, version, batch, row, unknown, {stated} "
            f"FROM rows_{entity.entity.name} r WHERE outcome IS NULL ORDER BY key"
        ).to_arrow_reader()

    def folded_count(self, entity: EntityPlan) -> int:
        """Records that a later statement of the same key in the same batches replaced."""
        return self._one(f"SELECT count(*) FROM rows_{entity.entity.name} WHERE outcome = 'folded'")

    def held(self, entity: EntityPlan) -> Iterator[HeldRow]:
        """Rows that were rejected or parked."""
        name = entity.entity.name
        found = self._db.execute(
            f"SELECT batch, row, element, coalesce(key, ''), outcome FROM rows_{name} "
            "WHERE outcome IN ('rejected', 'parked') ORDER BY ALL"
        )
        for batch, row, element, key, outcome in found.fetchall():
            yield HeldRow(name, batch, row, element, key, outcome)

    def issues(self) -> Iterator[PlacedIssue]:
        """All issues in the order of their rows."""
        found = self._db.execute("SELECT * FROM issues ORDER BY batch, row, element, entity, position")
        plans = {plan.entity.name: plan for plan in self._plan.entities}
        for batch, row, element, entity, _, field, named, code, value, detail in found.fetchall():
            column = plans[entity].source_column(named, element)
            place = self._batches[batch].place(row, column)
            yield PlacedIssue(batch, row, Issue(code, entity, field, column, place, clip(value or ""), detail))

    # set-up

    def _one(self, sql: str) -> int:
        # all of them: a result with rows left would keep the connection busy
        ((number,),) = self._db.execute(sql).fetchall()
        return int(number)

    def _lock(self) -> None:
        for macro in MACROS:
            self._db.execute(macro)
        create_lists(self._db, (entity.entity.fields[name] for entity in self._plan.entities for name in entity.fields))
        for entity in self._plan.entities:
            for lookup in self._steps(entity):
                if isinstance(lookup, Atom) or lookup.asked:
                    continue
                rows = ", ".join(f"({quote_text(w)}, {quote_text(c)}, {f})" for w, c, f in lookup.rows)
                self._db.execute(
                    f"CREATE TEMP TABLE {entity.entity.name}{lookup.name} AS SELECT word, code, "
                    f"CAST(factor AS DECIMAL(18,6)) AS factor FROM (VALUES {rows}) t(word, code, factor)"
                )
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
            )
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

    def _from(self, entity: EntityPlan, *, only: str = "") -> str:
        """The source's rows or elements with every shared value, worked out level by level.

        Args:
            entity: The entity.
            only: Query of (batch, row, element) to which the rows are confined; empty for all.
        """
        rows = self._records(entity)
        if only:
            rows = f"(SELECT * FROM {rows} WHERE (_batch, _row, _at) IN ({only}))"
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
        return [Problem(condition, code, shown, column) for code, condition in violations(spec, names)]

    def _broken_row(self) -> str:
        """Condition that the whole row is unfit, to stand behind another."""
        codes = [code for code in _ROW_CODES if CATALOGUE[code].effect is Effect.REJECT]
        cells = {f"{code}:{column}" for b in self._batches.values() for _, column, code in b.suspects if code in codes}
        listed = ", ".join(quote_text(cell) for cell in sorted(cells))
        return f" OR coalesce(list_has_any(_suspects, [{listed}]), FALSE)" if cells else ""

    def _map(self, entity: EntityPlan) -> None:
        name = entity.entity.name
        for field, compiled in entity.fields.items():
            if entity.entity.fields[field].scheme:
                values = f"SELECT DISTINCT {compiled.sql} FROM {self._from(entity)}"
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
        version = self._plan.version.sql if self._plan.version else "_modified"
        raw = ", ".join(entity.hashed) or "''"
        digest = quote_text(self._plan.fingerprint)
        key, natural, parent = (
            " || '|' || ".join(f"xd_key({part})" for part in parts) or "NULL"
            for parts in (entity.key, entity.natural, entity.parent)
        )
        stated = ", ".join(quote_name(column) for column in entity.stated)
        inner = (
            f"SELECT _batch AS batch, _row AS row, _at AS element, {key} AS key, {natural} AS _name, {parent} AS parent, "
            f"CAST({version} AS DECIMAL(24,6)) AS version, "
            f"CAST(CAST(hash({digest}, {raw}) AS UHUGEINT) * 18446744073709551616 + hash({raw}, {digest}, 1) AS UUID) "
            f"AS source_hash, {entity.unknown} AS unknown, {', '.join(typed)}, {', '.join(flags)}, "
            f"({_any(_with(Effect.REJECT, reading))}{self._broken_row()}) AS _reject, "
            f"({_any(_with(Effect.PARK, reading))}) AS _park "
            f"FROM {self._from(entity)}"
        )
        self._db.execute(
            f"CREATE TEMP TABLE rows_{name} AS SELECT "
            f"batch, row, element, key, _name, parent, version, source_hash, unknown, {stated}, "
            f"CASE WHEN _reject OR {_any(_with(Effect.REJECT, value))} THEN 'rejected' "
            f"WHEN _park OR {_any(_with(Effect.PARK, value))} THEN 'parked' END AS outcome, {bits} AS mask "
            f"FROM ({inner})"
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
            f"concat_ws(', ', {differing}) AS differing, {least}, "
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
                f"UPDATE rows_{name} r SET source_hash = NULL, unknown = {unknown}, {fill} FROM same_{name} s WHERE r.outcome IS NULL "
                "AND r.key = s.key AND r.batch = s.batch AND r.version IS NOT DISTINCT FROM s.version"
            )

    def _hold_lines(self, entity: EntityPlan) -> None:
        """Parks lines whose header was held and is not stated well elsewhere in the same batches."""
        name, parent = entity.entity.name, entity.entity.parent
        if parent not in {other.entity.name for other in self._plan.entities}:
            return
        self._db.execute(
            f"CREATE TEMP TABLE waiting_{name} AS SELECT DISTINCT _name AS parent FROM rows_{parent} "
            f"WHERE outcome IN ('rejected', 'parked') EXCEPT SELECT _name FROM rows_{parent} WHERE outcome IS NULL"
        )
        self._db.execute(
            f"INSERT INTO issues SELECT batch, row, element, '{name}', -1, '', '', 'XD-PAR-001', r.parent, '' "
            f"FROM rows_{name} r SEMI JOIN waiting_{name} USING (parent) WHERE outcome IS NULL OR outcome = 'folded'"
        )
        self._db.execute(
            f"UPDATE rows_{name} SET outcome = 'parked' WHERE (outcome IS NULL OR outcome = 'folded') "
            f"AND parent IN (SELECT parent FROM waiting_{name})"
        )


def _value_columns(spec: FieldSpec) -> list[str]:
    """The columns of a field that say what it is, not how its source spelt it."""
    spelling = {f"{spec.name}_source", f"{spec.name}_source_unit", f"{spec.name}_offset", f"{spec.name}_tz_assumed"}
    return [column.name for column in spec.columns if column.is_mapped and column.name not in spelling]


def _differs(column: str, *, is_header: bool) -> str:
    values = f"min({column}) <> max({column})"
    return f"({values})" if is_header else f"({values} OR (count({column}) > 0 AND count({column}) < count(*)))"


def translate_error(error: duckdb.Error, mapping: str) -> MappingError:
    """What DuckDB says about a mapping that it could not run, as an error of ours."""
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


def _with(effect: Effect, problems: Mapping[str, list[Problem]]) -> list[Problem]:
    return [problem for listed in problems.values() for problem in listed if CATALOGUE[problem.code].effect is effect]


def _any(problems: Sequence[Problem]) -> str:
    return " OR ".join(f"coalesce({p.condition}, FALSE)" for p in problems if not p.is_detail) or "FALSE"


def _pointer(path: str) -> str:
    return quote_text("$" + "".join(f'."{piece}"' for piece in path.split(".")))
