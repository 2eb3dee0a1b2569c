"""Runs a plan over landed rows in a locked DuckDB: typed records, held rows and issues, all set-wise.

Rows whose hash the store already knows are set aside unread. The rest takes two passes. The first makes the typed
columns and one bit per field that is wrong; reason and value are worked out in a second pass over the rows that have
a bit. A mapping can reach nothing but the landed files that it was given.
"""

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from canonical_model.issues import CATALOGUE, Effect, Issue
from canonical_model.text import clip
from mappings.checks import check_digits
from mappings.compiled import Atom, Lookup, Spelling, quote_name, quote_text
from mappings.database import connect, lock, make_code_tables, make_table, memory_for, translate_error
from mappings.dates import AskedColumn, DateOrder, decide_commas, decide_orders, find_commas, find_points
from mappings.folding import fold
from mappings.functions import USUAL_NUMBER
from mappings.known import PLACE, compare
from mappings.landed import HeldRow, LandedRows, PlacedIssue
from mappings.odd import Writing
from mappings.parts import Parts, conditions
from mappings.plan import EntityPlan, Plan
from mappings.query import ROW_CODES, EntityQuery
from mappings.source import make_source, time_of
from mappings.spec import StoreLookup

_ARROW_ROWS = 16_384
"""Rows of one Arrow batch that leaves the engine."""

_SPARSE = 8
"""One row in so many is worth putting in order first."""
_FIRST_ROWS = 65_536
"""Rows of which the keys are compared, before it is taken that none comes again."""
STREAMED_ROWS = 16_384
"""From how many rows on a first load is mapped while it is read; DuckDB plans a stream twice, which costs more below."""
_SORTED_ROWS = 200_000
"""Rows that are put in order at once: DuckDB cannot sort any number in the memory that it has."""
THREADS = 2


Lookups = Callable[[StoreLookup, pa.Table], pa.Table]


def nothing_found(asked: StoreLookup, wanted: pa.Table) -> pa.Table:
    """An empty answer, where there is no store to ask."""
    return pa.table({name: pa.array([], pa.string()) for name in (*asked.match, "value")})


KnownHashes = Mapping[str, Iterable[pa.RecordBatch]]
"""Entity name -> the `source_hash` (arrow.uuid) of each stored row, in parts; all rows of other entities are mapped."""


_WARNINGS = ", ".join(quote_text(code) for code, kind in CATALOGUE.items() if kind.effect is Effect.KEEP)


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
        self._landed_count = sum(batch.rows for batch in batches)
        is_large = self._landed_count >= STREAMED_ROWS
        self._streamed = set(fresh) - {entity.entity.parent for entity in plan.entities} if is_large else set()
        self._is_small = not is_large and not plan.is_json  # a document may have any number of lines
        self._known = known or {}
        self._skipped: dict[str, int] = {}
        self._repeated: dict[str, int] = {}
        self._batches = {batch.batch: batch for batch in batches}
        damage = frozenset((code, column) for batch in batches for _, column, code in batch.suspects)
        self._queries = {one.entity.name: EntityQuery(plan, one, damage) for one in plan.entities}
        self._writing = Writing([batch.parquet for batch in batches])
        self._usual: frozenset[Spelling] = frozenset()
        self._threads = 1 if self._is_small else THREADS  # a second one costs more than it saves
        self._scratch = tempfile.TemporaryDirectory(prefix="crossdock-duckdb-")
        self._db = connect(Path(self._scratch.name), self._threads)
        self._parts = Parts(self._db, most=1) if self._is_small else Parts(self._db)

    def __enter__(self) -> Self:
        try:
            with self._translated():
                self._run()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            raise translate_error(error, self._plan.spec.mapping) from error

    def _close(self) -> None:
        self._db.close()
        self._scratch.cleanup()

    def _run(self) -> None:
        self._open()
        self._make_source()
        self._decide_orders()
        self._look_up()
        kept = [query for query in self._queries.values() if not self.is_streamed(query.entity)]
        for query in kept:
            self._map(query)
            self._explain(query)
            self._fold(query)
        for query in kept:
            self._find_waiting(query)
            self._hold_lines(query)

    # results

    def is_streamed(self, entity: EntityPlan) -> bool:
        """Whether the entity is mapped while it is read: in a large load, headers apart, since lines wait for them."""
        return entity.entity.name in self._streamed

    def read_count(self, entity: EntityPlan) -> int:
        """Records that the landed files hold for the entity, counted from the files and not from what was mapped."""
        count = self._queries[entity.entity.name].count
        return self._one(count) if count else self._landed_count

    def good(self, entity: EntityPlan, constants: Mapping[str, str] | None = None) -> pa.RecordBatchReader:
        """Records to merge: key, source_hash, version, batch, row, unknown, `constants`, then the stated columns.

        In the order of keys where stored rows have to be looked up (very many in several such runs), else as the file has them. A row with issues has
        no hash, so that it is judged again whenever it comes.

        Args:
            entity: The entity.
            constants: Column name -> SQL of a value that is the same in all rows.
        """
        name = entity.entity.name
        query = f"SELECT {self._queries[name].stored(constants or {})} FROM rows_{name} WHERE outcome IS NULL"
        if constants is not None:
            return self._db.sql(query).to_arrow_reader(_ARROW_ROWS)
        parts = (
            self._db.sql(f"{query} AND {part} ORDER BY key").to_arrow_reader(_ARROW_ROWS)
            for part in self._sortable(f"rows_{name}", "key")
        )
        first = next(parts)
        return pa.RecordBatchReader.from_batches(first.schema, chain(first, chain.from_iterable(parts)))

    def seems_unique(self, entity: EntityPlan) -> bool:
        """Whether no key seems to be stated twice: all comes from one file, and none comes again among its first rows."""
        if len({(batch.file, batch.sha256) for batch in self._batches.values()}) > 1 or not self.has_files:
            return False
        names = self._names(self._queries[entity.entity.name])
        with self._translated():
            first = f"SELECT hash(key) AS key FROM ({names}) LIMIT {_FIRST_ROWS}"
            return not self._one(f"SELECT count(*) - count(DISTINCT key) FROM ({first})")

    def stream(
        self, entity: EntityPlan, constants: Mapping[str, str], *, is_unique: bool = False
    ) -> pa.RecordBatchReader:
        """What `good` gives, of an entity that is streamed: while it is mapped.

        Most rows stand for themselves and are kept nowhere. The others come last: those with issues, those of a key
        that is stated twice, and lines of a header that was held.

        Args:
            entity: The entity.
            constants: As for `good`.
            is_unique: No key is stated twice, so that nobody has to look. Where the store finds that one is, all is
                read once more without this.
        """
        query = self._queries[entity.entity.name]
        with self._translated():
            self._db.execute(f"DELETE FROM issues WHERE entity = '{query.name}'")
            self._find_waiting(query)
            self._find_repeated(query, is_unique=is_unique)
            others = " OR ".join(
                ("mask <> 0", "outcome IS NOT NULL", f"hash(key) IN (FROM repeated_{query.name})", _is_waiting(query))
            )
            rows = self._db.sql(
                f"SELECT {query.stored(constants)}, element, coalesce({others}, FALSE) AS _is_other "
                f"FROM ({self._mapped(query)})"
            ).to_arrow_reader(_ARROW_ROWS)
        schema = pa.schema([field for field in rows.schema if field.name not in ("element", "_is_other")])
        return pa.RecordBatchReader.from_batches(schema, self._stream(query, constants, rows, schema.names))

    def _stream(
        self, query: EntityQuery, constants: Mapping[str, str], rows: pa.RecordBatchReader, names: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        places = pa.schema([(column, rows.schema.field(column).type) for column in PLACE])
        others = []
        with self._translated():
            for batch in rows:
                is_other = batch.column("_is_other")
                others.append(batch.select(places.names).filter(is_other))
                yield (batch.filter(pc.invert(is_other)) if is_other.true_count else batch).select(names)
            self._db.execute(f"CREATE OR REPLACE TEMP TABLE rows_{query.name} ({query.columns})")
            kept = pa.Table.from_batches(others, places)
            self._db.register("_others", kept)
            self._map_some(query, "_others", kept.num_rows)
            self._db.unregister("_others")
            self._explain(query)
            self._fold(query)
            self._hold_lines(query)
            yield from self.good(query.entity, constants)

    def skipped_count(self, entity: EntityPlan) -> int:
        """Stored records whose raw values came again and were not mapped."""
        return self._skipped.get(entity.entity.name, 0)

    def folded_count(self, entity: EntityPlan) -> int:
        """Records of a key that the same batches state again: by a newer statement, or by the very same values."""
        name = entity.entity.name
        folded = self._one(f"SELECT count(*) FROM rows_{name} WHERE outcome = 'folded'")
        return folded + self._repeated.get(name, 0)

    def may_reuse_numbers(self) -> bool:
        """Whether two batches state a document of one number with different dates (the entity's `reuse_guard`)."""
        for name, query in self._queries.items():
            guard = query.entity.entity.reuse_guard
            is_read = name not in self._streamed and guard in query.entity.fields
            lines = [one for one in self._plan.entities if one.entity.parent == name and "item" in one.fields]
            if (
                is_read
                and lines
                and self._one(
                    f"SELECT count(*) FROM (SELECT key FROM rows_{name} WHERE outcome IS NULL OR outcome = 'folded' "
                    f"GROUP BY key HAVING count(DISTINCT batch) > 1 AND count(DISTINCT {quote_name(str(guard))}) > 1 LIMIT 1)"
                )
            ):
                return True
        return False

    def held(self, entity: EntityPlan) -> Iterator[HeldRow]:
        """Rows that were rejected or parked."""
        name = entity.entity.name
        for part in self._sortable(f"rows_{name}", "row"):
            for values in self._each(
                f"SELECT batch, row, element, coalesce(key, ''), outcome, is_known FROM rows_{name} "
                f"WHERE outcome IN ('rejected', 'parked') AND {part} ORDER BY ALL"
            ):
                yield HeldRow(name, *values)

    def issues(self) -> Iterator[PlacedIssue]:
        """All issues; what is odd about a cell that several fields read is told once.

        In the order of their rows, very many of them in several such runs.
        """
        plans = {plan.entity.name: plan for plan in self._plan.entities}
        for part in self._sortable("issues", "row"):
            for batch, row, element, entity, _, field, named, code, value, detail in self._each(
                f"SELECT * FROM issues WHERE {part} QUALIFY code NOT IN ({_WARNINGS}) OR row_number() OVER "
                '(PARTITION BY batch, row, element, "column", code, value ORDER BY entity, position) = 1 '
                "ORDER BY batch, row, element, entity, position"
            ):
                column = plans[entity].source_column(named, element)
                place = self._batches[batch].place(row, column)
                longest = f"{field} ≤ {plans[entity].entity.fields[field].max_length}" if code == "XD-TXT-001" else ""
                said = Issue(code, entity, field, column, place, clip(value or ""), detail or longest)
                yield PlacedIssue(batch, row, said)

    def _sortable(self, table: str, column: str) -> list[str]:
        """Conditions that take the rows of a table in parts that can be sorted."""
        return conditions(column, self._one(f"SELECT count(*) FROM {table}"), _SORTED_ROWS)

    def _each(self, query: str) -> Iterator[tuple[Any, ...]]:
        """The rows of the answer, few at a time; nothing else may be asked meanwhile."""
        with self._translated():
            found = self._db.execute(query)
            while rows := found.fetchmany(_ARROW_ROWS):
                yield from rows

    # questions that deletions ask

    @property
    def plan(self) -> Plan:
        """The mapping that ran."""
        return self._plan

    @property
    def has_files(self) -> bool:
        """Whether what was landed are files."""
        return all(batch.sha256 for batch in self._batches.values())

    def place(self, batch: int, row: int) -> str:
        """Where a person finds the row."""
        return self._batches[batch].place(row, "")

    def unseen(self, entity: EntityPlan) -> pa.RecordBatchReader | None:
        """Stored hashes that no record of the batches has, each once, as sixteen bytes; None where the store was not asked."""
        name = entity.entity.name
        if name not in self._known:
            return None
        self._db.execute(
            f"CREATE OR REPLACE TEMP TABLE unseen AS SELECT CAST(source_hash AS BLOB) AS source_hash FROM compared_{name} "
            "WHERE batch IS NULL AND source_hash IS NOT NULL"
        )
        return self._db.sql("FROM unseen").to_arrow_reader(_ARROW_ROWS)

    def values(self, entity: EntityPlan, field: str) -> list[str]:
        """The different values of a field in all records of the batches, as text."""
        value = f"CAST({entity.fields[field].sql} AS VARCHAR)"
        found = self._db.execute(
            f"SELECT DISTINCT {value} FROM {self._queries[entity.entity.name].values()} WHERE {value} IS NOT NULL"
        )
        return [str(value) for (value,) in found.fetchall()]

    def documents(self, entity: EntityPlan) -> pa.RecordBatchReader:
        """The documents that the lines belong to, those without any among them: what names the parent, version, partner as `key`."""
        stated = {
            name: entity.fields[name].sql if name in entity.fields else "NULL" for name in entity.entity.parent_key
        }
        names = [f"CAST({value} AS VARCHAR) AS {quote_name(name)}" for name, value in stated.items()]
        partner = f"xd_key({entity.parent[0]})" if len(entity.parent) > len(names) else "''"
        query = self._queries[entity.entity.name]
        # a document that was held says nothing
        well = f"WHERE NOT coalesce({query.parent} IN (FROM waiting_{query.name}), FALSE)" if query.has_parent else ""
        return self._db.sql(
            f"SELECT {', '.join(names)}, max({query.version}) AS version, {partner} AS key "
            f"FROM {query.values(with_empty=True)} {well} GROUP BY ALL"
        ).to_arrow_reader(_ARROW_ROWS)

    @property
    def constants(self) -> Mapping[str, str]:
        """Columns of `good`, with their SQL, that are the same in all records since these come from one file."""
        if len(self._batches) > 1:
            return {}
        (batch,) = self._batches.values()
        version = {} if self._plan.version else {"version": f"CAST({time_of(batch)} AS DECIMAL(24,6))"}
        return {"batch": f"CAST({batch.batch} AS BIGINT)", **version}

    def key_part(self, value: str) -> str:
        """`value` as it stands in a key."""
        ((part,),) = self._db.execute("SELECT xd_key(?)", [value]).fetchall()
        return str(part)

    # set-up

    def _one(self, sql: str) -> int:
        # all of them: a result with rows left would keep the connection busy
        ((number,),) = self._db.execute(sql).fetchall()
        return int(number)

    def _open(self) -> None:
        """Looks at how the landed files are written, and shuts DuckDB up with them."""
        files = [batch.parquet for batch in self._batches.values()]
        if not self._plan.is_json:  # a document is one column
            steps = (step for query in self._queries.values() for step in query.steps if isinstance(step, Atom))
            all_of = (query.raw_columns for query in self._queries.values() if self.is_streamed(query.entity))
            spellings = (step.spelling for step in steps if step.spelling)
            self._set_usual(self._writing.usual(spellings, soon=chain.from_iterable(all_of)))
        memory_mb = memory_for(self._queries.values(), threads=self._threads, is_json=self._plan.is_json)
        lock(self._db, Path(self._scratch.name), files, memory_mb)
        if self._is_small:
            self._db.begin()  # one transaction is quicker than one for each statement, but keeps in memory what it undoes
        for query in self._queries.values():
            make_code_tables(self._db, query)

    def _make_source(self) -> None:
        raw = () if self._plan.is_json else {sql for query in self._queries.values() for sql in query.raw_columns}
        make_source(self._db, self._batches.values(), [sql for sql in raw if sql.startswith('"')])
        self._db.execute(
            "CREATE TEMP TABLE issues (batch BIGINT, row BIGINT, element BIGINT, entity VARCHAR, position INTEGER, "
            'field VARCHAR, "column" VARCHAR, code VARCHAR, value VARCHAR, detail VARCHAR)'
        )

    def _decide_orders(self) -> None:
        """Asks each column of dates for its order, and of numbers for its commas; `date_orders` tells what came of it."""
        shown = [one for batch in self._batches.values() for one in batch.date_orders]
        asked = [(query.records, query.entity.dates, query.entity.commas) for query in self._queries.values()]
        orders: list[DateOrder] = []
        first: dict[tuple[str, str, str], int] = {}
        parts = {
            one.batch: first.setdefault((one.file, one.sha256, one.sheet), one.batch)
            for one in self._batches.values()
            if one.sha256
        }
        asked.append(("source", self._plan.version_dates, self._plan.version_commas))
        for rows, dates, _ in asked:
            orders += decide_orders(self._db, rows, dates, self._usual, self._plan.date_order, shown, parts)
        found = [find_commas(self._db, rows, numbers, self._usual, shown, parts) for rows, _, numbers in asked]
        points: list[dict[AskedColumn, set[int]]] = [{} for _ in asked]
        if not self._plan.is_json:  # the numbers of a document that are no texts have no commas
            points = [
                find_points(self._db, rows, commas, shown, parts)
                for (rows, _, _), commas in zip(asked, found, strict=True)
            ]
        pairs = (
            (commas[column], of_it[column]) for commas, of_it in zip(found, points, strict=True) for column in of_it
        )
        doubtful = {batch for batches, pointed in pairs for batch in batches - pointed}
        if doubtful:
            self._set_usual(one for one in self._usual if one.pattern != USUAL_NUMBER)
        for (rows, _, numbers), commas, of_it in zip(asked, found, points, strict=True):
            orders += decide_commas(self._db, rows, numbers, commas, of_it, doubtful, shown, parts)
        self.date_orders = tuple(dict.fromkeys(orders))

    def _set_usual(self, spellings: Iterable[Spelling]) -> None:
        """Has the queries read columns that are written so throughout in that one way."""
        self._usual = frozenset(spellings)
        self._queries = {name: replace(query, usual=self._usual) for name, query in self._queries.items()}

    def _look_up(self) -> None:
        """Asks the store for what the mapping looks up there, with the values of these rows."""
        for query in self._queries.values():
            for step in query.entity.steps:
                if not isinstance(step, Lookup) or step.asked is None:
                    continue
                fields = list(step.asked.match)
                keys = ", ".join(f"{key} AS {quote_name(field)}" for field, key in zip(fields, step.keys, strict=True))
                filled = " AND ".join(f"{quote_name(field)} IS NOT NULL" for field in fields)
                wanted = f"SELECT DISTINCT * FROM (SELECT {keys} FROM {query.records}) WHERE {filled}"
                found = self._lookups(step.asked, self._db.sql(wanted).to_arrow_table())
                word = " || '|' || ".join(f"xd_key({quote_name(field)})" for field in fields)
                select = f"{word} AS word, value AS code, CAST(1 AS DECIMAL(18,6)) AS factor"
                make_table(self._db, f"{query.name}{step.name}", found, select)

    # first pass

    def _map(self, query: EntityQuery) -> None:
        """Makes `rows_<entity>`: all records, or those that the store does not know yet and what belongs to them."""
        name = query.name
        self._db.execute(f"CREATE TEMP TABLE rows_{name} ({query.columns})")
        if name not in self._known:
            self._db.execute(f"INSERT INTO rows_{name} {self._mapped(query)}")
            return
        self._db.execute(f"CREATE TEMP TABLE hashed_{name} AS {query.hashes()}")
        compare(self._parts, name, self._landed_count, self._known[name])
        self._db.execute(
            f"CREATE TEMP TABLE todo_{name} AS SELECT batch, row, element FROM compared_{name} WHERE batch IS NOT NULL"
        )
        if query.entity.entity.adds_up:  # equal rows are judged, also where one of them is known
            self._db.execute(
                f"INSERT INTO todo_{name} SELECT batch, row, element FROM hashed_{name} "
                f"SEMI JOIN doubled_{name} USING (source_hash) EXCEPT SELECT * FROM todo_{name}"
            )
        all_rows, new_rows = (self._one(f"SELECT count(*) FROM {some}_{name}") for some in ("hashed", "todo"))
        if new_rows == all_rows:
            self._db.execute(f"INSERT INTO rows_{name} {self._mapped(query)}")
        else:
            self._map_some(query, f"todo_{name}", new_rows)
            self._map_relatives(query)
        known = all_rows - self._one(f"SELECT count(*) FROM rows_{name}")
        self._repeated[name] = self._one(
            f"SELECT count(*) - count(DISTINCT source_hash) FROM hashed_{name} "
            f"SEMI JOIN doubled_{name} USING (source_hash) ANTI JOIN rows_{name} USING (batch, row, element)"
        )
        self._skipped[name] = known - self._repeated[name]

    def _map_relatives(self, query: EntityQuery) -> None:
        """Maps known records that a mapped one touches: of the same key, since the version decides, or of its document."""
        name = query.name
        of_parent = f" OR parent IN (SELECT _name FROM rows_{query.entity.entity.parent})" if query.has_parent else ""
        if not of_parent and not self._one(f"SELECT count(*) FROM rows_{name}"):
            return
        self._db.execute(f"CREATE TEMP TABLE relatives_{name} (batch BIGINT, row BIGINT, element BIGINT)")
        names = self._names(query)
        self._in_parts(
            "key",
            lambda part: (
                f"INSERT INTO relatives_{name} SELECT batch, row, element FROM ({names}) WHERE {part} AND "
                f"(key IN (SELECT key FROM rows_{name} WHERE {part}){of_parent}) "
                f"EXCEPT SELECT batch, row, element FROM rows_{name} WHERE {part}"
            ),
        )
        self._map_some(query, f"relatives_{name}", self._one(f"SELECT count(*) FROM relatives_{name}"))

    def _map_some(self, query: EntityQuery, places: str, count: int) -> None:
        """Adds to `rows_<entity>` the `count` records whose places (batch, row, element) a table gives."""
        if not count:
            return
        is_sparse = self._is_sparse(count)
        self._parts.execute(
            "row",
            count,
            lambda part: (
                f"INSERT INTO rows_{query.name} "
                f"{self._mapped(query, only=f'SELECT * FROM {places} WHERE {part}', is_sparse=is_sparse)}"
            ),
        )

    def _mapped(self, query: EntityQuery, *, only: str = "", is_sparse: bool = False) -> str:
        """Query of the records, or of those whose places `only` gives, with their check digits checked."""
        odd = None if only else self._odd(query.raw_columns)
        for field, compiled in query.entity.fields.items():
            spec = query.entity.entity.fields[field]
            if spec.scheme:
                values = query.values(only=only, is_sparse=is_sparse, odd=odd)
                check_digits(self._db, spec, f"SELECT DISTINCT {compiled.sql} FROM {values}")
        return query.mapped(only=only, is_sparse=is_sparse, odd=odd)

    def _is_sparse(self, count: int) -> bool:
        """Whether so many records are few of those landed."""
        return count * _SPARSE <= self._landed_count

    def _names(self, query: EntityQuery) -> str:
        """Query of each record's place, key and parent."""
        return query.names(self._odd(query.entity.naming_sql))

    def _odd(self, asked: Sequence[str]) -> Sequence[str]:
        """Those of the columns that may hold something to clean; of a JSON document that is not known."""
        return asked if self._plan.is_json else self._writing.odd(asked)

    # second pass

    def _explain(self, query: EntityQuery) -> None:
        name = query.name
        listed = ", ".join(quote_text(code) for code in ROW_CODES)
        self._db.execute(
            f"INSERT INTO issues SELECT batch, row, 0, '{name}', -1, '', cell[12:], left(cell, 10), '', '' "
            f"FROM suspects WHERE left(cell, 10) IN ({listed})"
        )
        asked = f"SELECT coalesce(bit_or(mask), 0), count_if(mask <> 0) FROM rows_{name}"
        ((wrong, count),) = self._db.execute(asked).fetchall()
        for position, field in enumerate(query.entity.fields):
            if wrong & 1 << position:
                self._parts.execute("row", count, partial(self._explained, query, position, field, count))

    def _explained(self, query: EntityQuery, position: int, field: str, count: int, part: str) -> str:
        told = query.explained(position, field, is_sparse=self._is_sparse(count), part=part)
        return f"INSERT INTO issues {told}"

    def _fold(self, query: EntityQuery) -> None:
        lines = [other for other in self._plan.entities if other.entity.parent == query.name]
        stated = {name for line in lines for name in self._plan.stated_alike(query.entity, line)}
        fold(self._parts, query.entity, self._batches.values(), is_header=bool(lines), left_open=stated)

    def _find_repeated(self, query: EntityQuery, *, is_unique: bool) -> None:
        """Makes `repeated_<entity>`: hashes of the keys that the files state more than once."""
        self._db.execute(f"CREATE OR REPLACE TEMP TABLE repeated_{query.name} (key UBIGINT)")
        if is_unique:
            return
        self._db.execute(f"CREATE TEMP TABLE keys AS SELECT hash(key) AS key FROM ({self._names(query)})")
        self._in_parts(
            "key",
            lambda part: f"INSERT INTO repeated_{query.name} FROM keys WHERE {part} GROUP BY key HAVING count(*) > 1",
        )
        self._db.execute("DROP TABLE keys")

    def _in_parts(self, column: str, statement: Callable[[str], str]) -> None:
        """Executes a statement for all landed rows, those with equal values of the column at once."""
        self._parts.execute(column, self._landed_count, statement)

    def _find_waiting(self, query: EntityQuery) -> None:
        """Makes `waiting_<entity>`: headers that were held and are not stated well elsewhere in the same batches."""
        if not query.has_parent:
            return
        parent = query.entity.entity.parent
        self._db.execute(
            f"CREATE OR REPLACE TEMP TABLE waiting_{query.name} AS SELECT DISTINCT _name AS parent FROM rows_{parent} "
            f"WHERE outcome IN ('rejected', 'parked') EXCEPT SELECT _name FROM rows_{parent} WHERE outcome IS NULL"
        )

    def _hold_lines(self, query: EntityQuery) -> None:
        """Parks lines whose header was held."""
        if not query.has_parent:
            return
        lines = f"(outcome IS NULL OR outcome = 'folded') AND {_is_waiting(query)}"
        self._db.execute(
            f"INSERT INTO issues SELECT batch, row, element, '{query.name}', -1, '', '', 'XD-PAR-001', parent, '' "
            f"FROM rows_{query.name} WHERE {lines}"
        )
        self._db.execute(f"UPDATE rows_{query.name} SET outcome = 'parked' WHERE {lines}")


class PresentKeys(MappingRun):
    """Keys of the records that a source lists as present; the batches hold key columns alone."""

    def _run(self) -> None:
        self._open()
        self._make_source()
        self._decide_orders()
        self._look_up()

    @staticmethod
    def can_tell(entity: EntityPlan, columns: Sequence[str]) -> bool:
        """Whether the listed columns make the entity's key."""
        parts = entity.own_key or [entity.fields[name] for name in entity.entity.key if name in entity.fields]
        return not entity.each and {column for part in parts for column in part.columns} <= set(columns)

    def keys(self, entity: EntityPlan) -> pa.RecordBatchReader:
        """The different keys, in one column `key`."""
        query = self._queries[entity.entity.name]
        return self._db.sql(f"SELECT DISTINCT key FROM ({self._names(query)})").to_arrow_reader(_ARROW_ROWS)


def _is_waiting(query: EntityQuery) -> str:
    """Condition that a line's header was held."""
    return f"parent IN (FROM waiting_{query.name})" if query.has_parent else "FALSE"
