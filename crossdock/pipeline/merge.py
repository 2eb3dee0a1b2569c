"""The merge of one entity: staged records against what the store holds, compared field by field.

All statements run on the caller's connection, inside its transaction. The counts come from what the database says
that it wrote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import RawIOBase

import pyarrow as pa
import pyarrow.csv as pacsv
from sqlalchemy import Connection, Table, text

from canonical_model.declaration import EntitySpec, Kind
from crossdock.store.database import AnyRow
from crossdock.store.tables import canonical

_ENVELOPE = {
    "key": 'text COLLATE "C" NOT NULL',
    "source_hash": "uuid",
    "version": "numeric(24,6)",
    "batch_id": "bigint NOT NULL",
    "row_number": "bigint NOT NULL",
    "unknown": "jsonb",
}


@dataclass(frozen=True, slots=True)
class Merged:
    """What one merge wrote.

    Attributes:
        tied: (key, batch, row) of statements that replaced another one of the same version.
    """

    created: int
    updated: int
    unchanged: int
    stale: int
    tied: Sequence[tuple[str, int, int]] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """The staged records of one entity, in a temporary table that ends with the transaction.

    Attributes:
        entity: Its declaration.
        columns: Physical columns that the mapping states.
        source: Source id.
        stream: Stream name.
        is_versioned: Whether the mapping says which statement is newer; else the file's time does.
        has_partner: Whether every key begins with the partner.
    """

    entity: EntitySpec
    columns: tuple[str, ...]
    source: str
    stream: str
    is_versioned: bool = False
    has_partner: bool = False

    @property
    def name(self) -> str:
        """Name of the temporary table."""
        return f"stage_{self.entity.name}"

    @property
    def target(self) -> Table:
        """The canonical table."""
        return canonical[self.entity.name]

    @property
    def unknown(self) -> str:
        """SQL of what is unknown of `t` once `s` was merged: entries of fields that the mapping does not state stay."""
        fields = ", ".join(f"'{name}'" for name in self.entity.fields if name in self.columns)
        kept = f"(coalesce(t.unknown, '{{}}') - ARRAY[{fields}])"
        return (
            "CASE WHEN t.unknown IS NOT NULL OR s.unknown IS NOT NULL "
            f"THEN nullif({kept} || coalesce(s.unknown, '{{}}'), '{{}}') END"
        )


class _CopySink(RawIOBase):
    """A writable file that hands its bytes to psycopg's COPY."""

    def __init__(self, copy: object) -> None:
        self._write = copy.write  # type: ignore[attr-defined]  # psycopg.Copy

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]  # pyarrow hands a buffer
        self._write(view)
        return view.nbytes


def copy_rows(connection: Connection, table: str, columns: Sequence[str], batches: pa.RecordBatchReader) -> int:
    """Copies Arrow rows into a table as CSV made by Arrow; gives the number of rows that PostgreSQL took."""
    listed = ", ".join(f'"{name}"' for name in columns)
    driver = connection.connection.driver_connection
    with driver.cursor() as cursor:  # type: ignore[union-attr]  # psycopg's connection
        with cursor.copy(f"COPY {table} ({listed}) FROM STDIN (FORMAT csv)") as copy:
            options = pacsv.WriteOptions(include_header=False)
            with pacsv.CSVWriter(
                pa.PythonFile(_CopySink(copy), mode="w"), batches.schema, write_options=options
            ) as out:
                for rows in batches:
                    out.write_batch(rows)
        return int(cursor.rowcount)


def stage(connection: Connection, where: Stage, records: pa.RecordBatchReader) -> int:
    """Fills the stage with `records` (key, source_hash, version, batch, row, unknown, then the stated columns)."""
    types = {c.name: c.type.compile(dialect=connection.dialect) for c in where.target.columns}
    columns = ", ".join(
        [
            *(f"{name} {kind}" for name, kind in _ENVELOPE.items()),
            *(f'"{name}" {types[name]}' for name in where.columns),
        ]
    )
    connection.execute(text(f"DROP TABLE IF EXISTS {where.name}, {where.name}_decided"))
    connection.execute(text(f"CREATE TEMP TABLE {where.name} ({columns}) ON COMMIT DROP"))
    count = copy_rows(connection, where.name, [*_ENVELOPE, *where.columns], records)
    connection.execute(text(f"ANALYZE {where.name}"))
    return count


def _difference(where: Stage) -> str:
    """Condition that the stage `s` says something else than the table `t`."""
    values = "".join(f'OR t."{c}" IS DISTINCT FROM s."{c}" ' for c in where.columns)
    return f"t.unknown IS DISTINCT FROM {where.unknown} {values}"


def foreign_streams(connection: Connection, where: Stage) -> list[str]:
    """Other streams that made or stated rows which this stage states too."""
    found = connection.execute(
        text(
            f"SELECT t.stream FROM {where.name} s JOIN canonical.{where.entity.name} t "
            "ON t.source = :source AND t.key = s.key WHERE t.stream <> :stream "
            f"UNION SELECT o.stream FROM {where.name} s JOIN crossdock.statement o "
            "ON o.entity = :entity AND o.source = :source AND o.key = s.key WHERE o.stream <> :stream"
        ),
        {"source": where.source, "stream": where.stream, "entity": where.entity.name},
    )
    return sorted(found.scalars())


def merge(connection: Connection, where: Stage, run_id: int, at: datetime) -> Merged:
    """Brings the stage into the canonical table and records every field that really differs.

    A row whose hash is known is unchanged. An older version is stale. Of two statements with one version the one
    landed later holds. A row that another stream made is owned by it; ours is noted in `crossdock.statement`.
    """
    name, table = where.entity.name, f"canonical.{where.entity.name}"
    values = {"source": where.source, "stream": where.stream, "run": run_id, "at": at, "entity": name}

    def execute(sql: str) -> int:
        return connection.execute(text(sql), values).rowcount

    execute(
        f"""CREATE TEMP TABLE {where.name}_decided ON COMMIT DROP AS
        SELECT s.key, t.key IS NOT NULL AND t.stream = :stream AS is_own,
            t.deleted_at IS NULL AND coalesce(o.version, own.version) = s.version AS is_tied, CASE
            WHEN t.key IS NULL THEN 'created'
            WHEN t.deleted_at IS NULL AND s.source_hash = coalesce(o.source_hash, own.source_hash) THEN 'unchanged'
            WHEN coalesce(o.version, own.version) > s.version THEN 'stale'
            WHEN t.deleted_at IS NOT NULL OR {_difference(where)} THEN 'updated'
            ELSE 'unchanged' END AS outcome
        FROM {where.name} s
        LEFT JOIN {table} t ON t.source = :source AND t.key = s.key
        LEFT JOIN crossdock.statement o
            ON o.entity = :entity AND o.source = :source AND o.key = s.key AND o.stream = :stream
        LEFT JOIN LATERAL (SELECT t.source_hash, t.version WHERE t.stream = :stream) own ON TRUE"""
    )
    execute(
        f"""INSERT INTO crossdock.change (at, run_id, entity, source, key, fields, batch_id, row_number)
        SELECT :at, :run, :entity, :source, s.key,
            CASE WHEN t.deleted_at IS NOT NULL THEN jsonb_build_object('deleted_at', jsonb_build_array(t.deleted_at, NULL))
                ELSE '{{}}'::jsonb END || {_differences(where)}, s.batch_id, s.row_number
        FROM {where.name}_decided d JOIN {where.name} s USING (key)
        JOIN {table} t ON t.source = :source AND t.key = s.key WHERE d.outcome = 'updated'"""
    )
    assigned = "".join(f', "{c}" = s."{c}"' for c in where.columns) + "".join(
        f', "{r}_id" = CASE WHEN t."{r}" IS DISTINCT FROM s."{r}" THEN NULL ELSE t."{r}_id" END'
        for r, spec in where.entity.fields.items()
        if spec.kind is Kind.REF and r in where.columns
    )
    updated = execute(
        f"""UPDATE {table} t SET changed_run = :run, changed_at = :at, deleted_at = NULL, deleted_evidence = NULL,
            batch_id = s.batch_id, row_number = s.row_number, unknown = {where.unknown},
            source_hash = CASE WHEN d.is_own THEN s.source_hash ELSE t.source_hash END,
            version = CASE WHEN d.is_own THEN s.version ELSE t.version END{assigned}
        FROM {where.name}_decided d JOIN {where.name} s USING (key)
        WHERE t.source = :source AND t.key = d.key AND d.outcome = 'updated'"""
    )
    # Same values from another spelling or mapping: only the hash is refreshed. A newer version is noted where the
    # mapping tells versions; by a file's time every row would be written anew each time.
    execute(
        f"""UPDATE {table} t SET source_hash = s.source_hash, version = greatest(t.version, s.version)
        FROM {where.name}_decided d JOIN {where.name} s USING (key)
        WHERE t.source = :source AND t.key = d.key AND d.outcome = 'unchanged' AND d.is_own
            AND (t.source_hash IS DISTINCT FROM s.source_hash OR ({where.is_versioned} AND s.version > t.version))"""
    )
    execute(
        f"""INSERT INTO crossdock.statement (entity, source, key, stream, source_hash, version, batch_id)
        SELECT :entity, :source, s.key, :stream, s.source_hash, s.version, s.batch_id
        FROM {where.name}_decided d JOIN {where.name} s USING (key)
        WHERE NOT d.is_own AND d.outcome IN ('updated', 'unchanged')
        ON CONFLICT (entity, source, key, stream) DO UPDATE SET source_hash = excluded.source_hash,
            version = excluded.version, batch_id = excluded.batch_id"""
    )
    listed = "".join(f', "{c}"' for c in where.columns)
    created = execute(
        f"""INSERT INTO {table} (source, key, stream, source_hash, version, batch_id, row_number, unknown,
            created_run, changed_run, created_at, changed_at{listed})
        SELECT :source, s.key, :stream, s.source_hash, s.version, s.batch_id, s.row_number, s.unknown, :run, :run, :at, :at{listed}
        FROM {where.name}_decided d JOIN {where.name} s USING (key) WHERE d.outcome = 'created' ORDER BY s.key"""
    )
    counted: dict[str, int] = dict(
        connection.execute(text(f"SELECT outcome, count(*) FROM {where.name}_decided GROUP BY outcome")).all()
    )
    tied = connection.execute(
        text(
            f"SELECT s.key, s.batch_id, s.row_number FROM {where.name}_decided d JOIN {where.name} s USING (key) "
            "WHERE d.is_tied AND d.outcome = 'updated' ORDER BY s.batch_id, s.row_number"
        )
    )
    return Merged(
        created,
        updated,
        int(counted.get("unchanged", 0)),
        int(counted.get("stale", 0)),
        [(key, batch, row) for key, batch, row in tied],
    )


def contradicted(connection: Connection, where: Stage) -> list[AnyRow]:
    """Rows (key, batch_id, row_number) that changed a record without a newer version; to be asked before the merge."""
    return list(
        connection.execute(
            text(
                f"""SELECT s.key, s.batch_id, s.row_number FROM {where.name} s
                JOIN canonical.{where.entity.name} t ON t.source = :source AND t.key = s.key AND t.stream = :stream
                WHERE t.version = s.version AND t.deleted_at IS NULL AND ({_difference(where)})"""
            ),
            {"source": where.source, "stream": where.stream},
        ).all()
    )


def _shown(where: Stage, alias: str, column: str) -> str:
    """A column in a change: numbers as plain text, since JSON readers make floats of them."""
    value = f'{alias}."{column}"'
    return f"trim_scale({value})::text" if "NUMERIC" in str(where.target.c[column].type) else value


def _differences(where: Stage, size: int = 40) -> str:
    """{column: [before, after]} of the columns that differ."""
    pieces = [
        f"""CASE WHEN t.unknown IS DISTINCT FROM {where.unknown}
            THEN jsonb_build_object('unknown', jsonb_build_array(t.unknown, {where.unknown})) ELSE '{{}}' END"""
    ]
    # jsonb_build_object takes at most 100 arguments
    for start in range(0, len(where.columns), size):
        pairs = ", ".join(
            f"""'{c}', CASE WHEN t."{c}" IS DISTINCT FROM s."{c}"
                THEN jsonb_build_array({_shown(where, "t", c)}, {_shown(where, "s", c)}) END"""
            for c in where.columns[start : start + size]
        )
        pieces.append(f"jsonb_strip_nulls(jsonb_build_object({pairs}))")
    return " || ".join(pieces)


def resolve_references(connection: Connection, entity: EntitySpec, source: str, *, run_id: int | None = None) -> int:
    """Fills the golden identities of references whose code has been confirmed; gives the number of rows touched.

    Args:
        connection: In the transaction of a merge.
        entity: Entity whose references are resolved.
        source: Source whose codes they are.
        run_id: Only rows that this run wrote; None for all.
    """
    touched = 0
    for spec in entity.fields.values():
        if spec.refers_to not in ("party", "item", "location"):
            continue
        only = " AND t.changed_run = :run" if run_id is not None else ""
        touched += connection.execute(
            text(
                f"""UPDATE canonical.{entity.name} t SET "{spec.name}_id" = x.golden_id::uuid
                FROM canonical.code_xref x
                WHERE t.source = :source{only} AND x.deleted_at IS NULL AND x.state = 'confirmed'
                    AND x.entity_type = :kind AND x.system = t.source AND x.raw_code = t."{spec.name}"
                    AND t."{spec.name}_id" IS DISTINCT FROM x.golden_id::uuid"""
            ),
            {"source": source, "kind": spec.refers_to, "run": run_id},
        ).rowcount
    return touched
